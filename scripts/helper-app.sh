#!/bin/sh
# Builds PhotogoHelper.app into a folder, on macOS. CODESIGN_ID names the identity
# that signs it; without one the signature is ad hoc, and macOS asks for the
# permission again after each build.
set -eu
[ $# -eq 1 ] || { echo "usage: scripts/helper-app.sh FOLDER" >&2; exit 2; }
[ "$(uname -s)" = Darwin ] || { echo "helper: PhotogoHelper.app can only be built on macOS; make helper-test tests it anywhere" >&2; exit 1; }
command -v swift >/dev/null 2>&1 || { echo "helper: swift is missing; xcode-select --install brings it" >&2; exit 1; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/../helper"

swift build -c release --product photogo-helper
built=$(swift build -c release --show-bin-path)

app=$out/PhotogoHelper.app
rm -rf "$app.new"
mkdir -p "$app.new/Contents/MacOS"
cp "$built/photogo-helper" "$app.new/Contents/MacOS/"
cp App/Info.plist "$app.new/Contents/"
plutil -lint -s "$app.new/Contents/Info.plist"
codesign --force --options runtime --entitlements App/helper.entitlements --sign "${CODESIGN_ID:--}" "$app.new"
codesign --verify --strict "$app.new"
rm -rf "$app"
mv "$app.new" "$app"
echo "$app"
