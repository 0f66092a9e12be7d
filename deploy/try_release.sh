#!/usr/bin/env bash
# Runs ./dev (by default: ./dev test) on the last commit in a fresh Debian, made with debootstrap. As root.
#   deploy/try_release.sh RELEASE [FOLDER [./dev's arguments]]     e.g. deploy/try_release.sh trixie /var/tmp/trixie test
# FOLDER is kept for the next time; without it a temporary one is used and removed. A root takes some 3 GB.
set -euo pipefail

release=${1:?"which Debian? e.g. bookworm or trixie"}
root=${2:-}
[[ $EUID -eq 0 ]] || { echo "only root can make a root file system" >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -y --no-install-recommends debootstrap
project=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")

leave() {
  for mounted in dev/pts dev/shm dev proc; do
    mountpoint --quiet "$root/$mounted" && umount "$root/$mounted"
  done
  [[ -z "$temporary" ]] || rm -r --one-file-system "$temporary"
}
temporary=
if [[ -z "$root" ]]; then
  temporary=$(mktemp -d /var/tmp/mailboat-root.XXXXXX)
  root=$temporary/root
fi
trap leave EXIT

[[ -x "$root/bin/sh" ]] || debootstrap --variant=minbase "$release" "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
mount --bind /dev/pts "$root/dev/pts"

mkdir -p "$root/src/mailboat"
find "$root/src/mailboat" -mindepth 1 -maxdepth 1 ! -name build -exec rm -r --one-file-system {} +
git -C "$project" archive HEAD | tar -x -C "$root/src/mailboat"
arguments=("${@:3}")
[[ ${#arguments[@]} -gt 0 ]] || arguments=(test)
chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  sh -c 'cd /src/mailboat && exec ./dev "$@"' sh "${arguments[@]}"
