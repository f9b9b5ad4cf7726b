#!/bin/sh
# Runs each fuzz target for FUZZTIME (30s unless told), one after the other.
set -eu
GO=${GO:-go}
for package in $($GO list ./...); do
    for target in $($GO test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
        printf '\n== %s %s\n' "$package" "$target"
        $GO test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" "$package"
    done
done
