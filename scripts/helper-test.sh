#!/bin/sh
# Builds and tests the helper, and lets the Go client drive it, on any system with
# a Swift toolchain: `swift` itself, or on Debian the one that swift-chroot.sh of
# the folder PHOTOGO_SHARED (../shared) unpacks. Without one it says so and ends
# well, unless --need is given or CI=true: then the toolchain is installed.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
root=$PWD
chroot=${PHOTOGO_SHARED:-../shared}/tools/swift-chroot.sh
[ "${CI:-}" != true ] || set -- --need

say() { printf '\n== %s\n' "$*"; }

if command -v swift >/dev/null 2>&1; then
    swift() { (cd helper && command swift "$@"); }
    tree=
elif [ -f "$chroot" ] && { sh "$chroot" where >/dev/null || [ "${1:-}" = --need ]; }; then
    sh "$chroot" install
    chroot=$(cd "$(dirname "$chroot")" && pwd)/swift-chroot.sh
    swift() { (cd helper && sh "$chroot" run -w "$root" swift "$@"); }
    tree=$(sh "$chroot" where | sed -n 's/^root\t//p')
else
    echo "helper: not tested, as there is no Swift toolchain here" >&2
    [ "${1:-}" != --need ] || exit 1
    exit 0
fi

say "helper: build and test"
swift build
swift test

[ "$(uname -s)" = Linux ] || exit 0 # on macOS the helper would ask the real Photos

program=$root/helper/.build/debug/photogo-helper
if [ -n "$tree" ]; then
    # The program needs the C library of its toolchain, and then runs outside of
    # the chroot, where it sees all folders.
    case $(uname -m) in
    x86_64) loader=lib64/ld-linux-x86-64.so.2 libs=x86_64-linux-gnu ;;
    aarch64) loader=lib/ld-linux-aarch64.so.1 libs=aarch64-linux-gnu ;;
    *) echo "helper: no loader is known for $(uname -m)" >&2; exit 1 ;;
    esac
    program=$root/helper/.build/run-helper
    cat >"$program" <<RUN
#!/bin/sh
exec "$tree/$loader" --library-path "$tree/usr/lib/$libs:$tree/usr/libexec/swift/lib/swift/linux" "$root/helper/.build/debug/photogo-helper"
RUN
    chmod +x "$program"
fi

say "helper: driven by the Go client"
PHOTOGO_STUB_HELPER=$program $GO test -count=1 -v -run TestStub ${HELPER_TEST_FLAGS:-} ./photokit
PHOTOGO_STUB_HELPER=$program $GO test -count=1 -v -run 'TestTwoThousandFromICloud|TestBadDays|TestDownloadsLeave|TestADiskThatDownloads' ${HELPER_TEST_FLAGS:-} ./export
