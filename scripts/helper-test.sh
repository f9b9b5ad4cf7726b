#!/bin/sh
# Builds and tests the helper, and lets the Go client drive it, on any system with a
# Swift toolchain (see helper-build.sh). Without one it says so and ends well, unless
# --need is given or CI=true: then the toolchain is installed.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
[ "${1:-}" != --need ] || NEED=true
export NEED=${NEED:-}

say() { printf '\n== %s\n' "$*"; }

say "helper: build and test"
code=0
program=$(sh scripts/helper-build.sh debug test) || code=$?
case $code in
0) program=$(printf '%s\n' "$program" | tail -n 1) ;;
3) [ "$NEED" != true ] && [ "${CI:-}" != true ] || exit 1
   echo "helper: not tested" >&2
   exit 0 ;;
*) exit "$code" ;;
esac

[ "$(uname -s)" = Linux ] || exit 0 # on macOS the helper would ask the real Photos

say "helper: driven by the Go client"
PHOTOGO_STUB_HELPER=$program $GO test -count=1 -v -run TestStub ${HELPER_TEST_FLAGS:-} ./photokit
PHOTOGO_STUB_HELPER=$program $GO test -count=1 -v -run 'TestTwoThousandFromICloud|TestBadDays|TestDownloadsLeave|TestADiskThatDownloads' ${HELPER_TEST_FLAGS:-} ./export
