#!/bin/sh
# helper-build.sh debug|release [test]: builds the helper on the stub of PhotoKit, with
# test also runs its own tests, and prints on the last line the program to run. It needs
# a Swift toolchain: `swift` itself, or on Debian the one that swift-chroot.sh of the
# folder PHOTOGO_SHARED (../shared) unpacks. Without one it says so and ends with 3,
# unless CI=true or NEED=true: then the toolchain is installed.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
chroot=${PHOTOGO_SHARED:-../shared}/tools/swift-chroot.sh
[ "${CI:-}" != true ] || NEED=true

if command -v swift >/dev/null 2>&1; then
    swift() { (cd helper && command swift "$@"); }
    tree=
elif [ -f "$chroot" ] && { sh "$chroot" where >/dev/null || [ "${NEED:-}" = true ]; }; then
    sh "$chroot" install >&2
    chroot=$(cd "$(dirname "$chroot")" && pwd)/swift-chroot.sh
    swift() { (cd helper && sh "$chroot" run -w "$root" swift "$@"); }
    tree=$(sh "$chroot" where | sed -n 's/^root\t//p')
else
    echo "helper: there is no Swift toolchain here" >&2
    exit 3
fi

swift build -c "$1" >&2
[ "${2:-}" != test ] || swift test >&2

program=$root/helper/.build/$1/photogo-helper
if [ -n "$tree" ]; then
    # The program needs the C library of its toolchain, and then runs outside of
    # the chroot, where it sees all folders.
    case $(uname -m) in
    x86_64) loader=lib64/ld-linux-x86-64.so.2 libs=x86_64-linux-gnu ;;
    aarch64) loader=lib/ld-linux-aarch64.so.1 libs=aarch64-linux-gnu ;;
    *) echo "helper: no loader is known for $(uname -m)" >&2; exit 1 ;;
    esac
    runner=$root/helper/.build/run-helper-$1
    cat >"$runner" <<RUN
#!/bin/sh
exec "$tree/$loader" --library-path "$tree/usr/lib/$libs:$tree/usr/libexec/swift/lib/swift/linux" "$program" "\$@"
RUN
    chmod +x "$runner"
    program=$runner
fi
echo "$program"
