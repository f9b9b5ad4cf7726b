#!/bin/sh
# Measures photogo beside osxphotos, which is installed aside, in a virtual
# environment of its own below .bench. OSXPHOTOS names one that is there already.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
env=$PWD/.bench/peers

if [ -z "${OSXPHOTOS:-}" ]; then
    OSXPHOTOS=$env/bin/osxphotos
    if [ ! -x "$OSXPHOTOS" ]; then
        { python3 -m venv "$env" && "$env/bin/pip" --quiet install osxphotos; } || {
            rm -rf "$env"
            echo "bench-peers: osxphotos cannot be had here: it needs python3 with venv, and a package index" >&2
            exit 1
        }
    fi
fi
exec $GO run ./internal/bench -photogo "$1" -assets 5000 -peer "$OSXPHOTOS"
