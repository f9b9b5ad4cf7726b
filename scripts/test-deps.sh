#!/bin/sh
# Brings what the tests need besides Go: through apt as root, through Homebrew on
# macOS; otherwise names what is missing and stops.
set -eu

# program:Debian package:Homebrew formula
needs="cc:gcc:llvm borg:borgbackup:borgbackup ssh:openssh-client:openssh python3:python3:python xz:xz-utils:xz exiftool:libimage-exiftool-perl:exiftool b3sum:b3sum:b3sum sqlite3:sqlite3:sqlite"

# Mounting is tested on Linux, where everybody may bring these.
[ "$(uname)" != Linux ] || needs="$needs sshd:openssh-server: sftp-server:openssh-sftp-server: sshfs:sshfs: gocryptfs:gocryptfs: fusermount3:fuse3: mkfs.xfs:xfsprogs: mkfs.btrfs:btrfs-progs: mkfs.ext4:e2fsprogs: filefrag:e2fsprogs: losetup:mount:"
PATH=$PATH:/usr/sbin:/usr/lib/openssh:/usr/libexec/openssh # where servers are

missing() { for n in $needs; do command -v "${n%%:*}" >/dev/null 2>&1 || printf '%s\n' "$n"; done; }

lacks=$(missing)
[ -n "$lacks" ] || exit 0

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    packages=$(printf '%s\n' "$lacks" | cut -d: -f2)
    echo "installing:" $packages
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086  # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages >/dev/null
elif command -v brew >/dev/null 2>&1; then
    formulae=$(printf '%s\n' "$lacks" | cut -d: -f3)
    echo "installing:" $formulae
    # shellcheck disable=SC2086
    brew install -q $formulae
fi

lacks=$(missing | cut -d: -f1 | tr '\n' ' ')
[ -z "$lacks" ] || { echo "the tests need these programs, which are missing: $lacks" >&2; exit 1; }
