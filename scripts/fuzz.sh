#!/bin/sh
# Runs each fuzz target for FUZZTIME (30s unless told), one after the other, and
# fails at the end if one of them found something. What is interesting is made smaller
# for a second at most: of a large seed that takes the whole time otherwise.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}

# The workers are killed at the end, and leave their folders behind.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

# one runs one target; its result is that of go test. Up to Go 1.26 the end of the time
# can be told as a failure that says no more than "context deadline exceeded"
# (go.dev/issue/75804). What was found is always told with its input, or as a panic: only
# where there is nothing but that line the target is run again.
one() {
    for try in 1 2 3; do
        { $GO test -run '^$' -fuzz "^$2\$" -fuzztime "${FUZZTIME:-30s}" -fuzzminimizetime 1s "$1" 2>&1 &&
            echo ok >"$TMPDIR/result" || echo failed >"$TMPDIR/result"; } | tee "$TMPDIR/told"
        [ "$(cat "$TMPDIR/result")" = failed ] || return 0
        # Between the line that tells the failure and FAIL stands what was found.
        found=$(sed -n '/^--- FAIL: /,/^FAIL$/p' "$TMPDIR/told" | sed '1d;$d')
        [ "$found" = "    context deadline exceeded" ] || return 1
        echo "fuzz: the time was over, and nothing was found; once more"
    done
    return 1
}

packages=$($GO list ./...)
failed=
for package in $packages; do
    # Not in a pipe, which would hide that the tests do not compile.
    listed=$($GO test -list '^Fuzz' "$package") || { printf '%s\n' "$listed" >&2; exit 1; }
    for target in $(printf '%s\n' "$listed" | grep '^Fuzz' || true); do
        printf '\n== %s %s\n' "$package" "$target"
        one "$package" "$target" || failed="$failed $package:$target"
    done
done
[ -z "$failed" ] || { echo "fuzz: failed:$failed" >&2; exit 1; }
