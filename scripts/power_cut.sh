#!/usr/bin/env bash
# Power cuts, a disk that fails, a full disk and a read-only disk under the real server, on an ext4 of its own.
#
# SIGKILL cannot show a missing fsync, because the page cache survives it. Here the file system is shut
# down under the running server without writing its journal (EXT4_IOC_SHUTDOWN, NOLOGFLUSH), unmounted
# and mounted again: what was only in memory is gone, as after a power cut. It does not model a disk
# that lies about its own cache.
#
#   scripts/power_cut.sh [ROUNDS]        default 10; needs root and loop devices
#
# Exit code 0 all well, 1 something was lost, 77 it cannot run here (the reason is printed).
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { printf 'SKIPPED: power cuts (%s)\n' "$1" >&2; exit 77; }
[ "$(uname -s)" = Linux ] || skip "not Linux"
[ "$(id -u)" = 0 ] || skip "not root"
for tool in mkfs.ext4 mount umount python3 openssl; do
    command -v "$tool" >/dev/null 2>&1 || skip "no $tool"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/menshen-power-XXXXXX")
cleanup() {
    umount "$work/disk" 2>/dev/null || umount -l "$work/disk" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/disk"
truncate -s 256M "$work/image"
mkfs.ext4 -q -F "$work/image"
mount -o loop "$work/image" "$work/disk" 2>"$work/error" || skip "no loop device: $(cat "$work/error")"

python3 scripts/disk_faults.py --disk "$work/disk" --image "$work/image" --rounds "${1:-10}"
