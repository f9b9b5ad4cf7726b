#!/bin/sh
# Runs each fuzz target for FUZZTIME (30s unless told), one after the other, and
# fails at the end if one of them found something. What is interesting is made smaller
# for a second at most: of a large seed that takes the whole time otherwise.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}

packages=$($GO list ./...)
failed=
for package in $packages; do
    # Not in a pipe, which would hide that the tests do not compile.
    listed=$($GO test -list '^Fuzz' "$package") || { printf '%s\n' "$listed" >&2; exit 1; }
    for target in $(printf '%s\n' "$listed" | grep '^Fuzz' || true); do
        printf '\n== %s %s\n' "$package" "$target"
        $GO test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" -fuzzminimizetime 1s "$package" || failed="$failed $package:$target"
    done
done
[ -z "$failed" ] || { echo "fuzz: failed:$failed" >&2; exit 1; }
