#!/bin/sh
# Puts the disk of an image together: a table with one partition, GRUB in the gap before it, the file system in it.
# usage: export-disk.sh IMAGE OUT RAW
#   IMAGE: directory that make-disk.sh filled; OUT: the disk as qcow2; RAW: name for the disk before it is compressed, removed
set -eu
image=$1 out=$2 raw=$3
PATH=$PATH:/usr/sbin:/sbin
trap 'rm -f "$raw"' EXIT
trap 'exit 1' HUP INT TERM
megabyte=1048576 sector=512
exec 3>&1 1>&2

echo "disk" >&3
[ "$(stat -c %s "$image/core.img")" -le $((megabyte - sector)) ] || {
    echo "GRUB's core does not fit in front of the partition" >&2
    exit 1
}
truncate -s $(($(stat -c %s "$image/root.img") + megabyte)) "$raw"
echo "label: dos
start=$((megabyte / sector)), type=83, bootable" | sfdisk -q "$raw"
# The table follows the first 440 bytes. GRUB's first sector loads the core from the one after it.
dd if="$image/boot.img" of="$raw" bs=440 count=1 conv=notrunc status=none
dd if="$image/core.img" of="$raw" bs=$sector seek=1 conv=notrunc status=none
dd if="$image/root.img" of="$raw" bs=$megabyte seek=1 conv=notrunc,sparse status=none
echo "compressing" >&3
qemu-img convert -c -f raw -O qcow2 "$raw" "$out"
