#!/bin/sh
# Makes what the machines of a lab boot from: kernel, initrd, root image, and the names of the libraries in it.
# usage: make-image.sh OUT SUITE SOURCES INITRD-INIT PACKAGE...
#   SOURCES: a file of apt's sources; INITRD-INIT: text of the first program
# Standard output has a line for each stage. The work inside the tree is done by hooks, which are handed over in the
# environment: unprivileged, mmdebstrap is root only for itself and can read no file of the caller's.
set -eu
out=$1 suite=$2 sources=$3
export WEISS_INITRD_INIT="$4"
shift 4
PATH=$PATH:/usr/sbin:/sbin
exec 3>&1 1>&2

# Each hook has the tree as $1. What it leaves in /weiss-out is taken out at the end.
WEISS_KERNEL_HOOK=$(cat <<'HOOK'
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
mkdir "$1/weiss-out" "$1/weiss-tmp"
package=$(apt-cache show --no-all-versions linux-image-cloud-amd64 | sed -n 's/^Depends: \([^ ,]*\).*/\1/p')
cd "$1/weiss-tmp"
apt-get download -qq -o APT::Sandbox::User=root "$package"
dpkg-deb --fsys-tarfile ./*.deb | tar -x ./boot ./lib/modules
mv boot/vmlinuz-* "$1/weiss-out/kernel"
release=$(ls lib/modules)
echo "$release" >"$1/weiss-out/release"
mkdir -p "$1/lib/modules"
mv "lib/modules/$release" "$1/lib/modules/"
rm -rf "$1/weiss-tmp"
chroot "$1" depmod "$release"
HOOK
)
# Each module stands after those that it needs.
WEISS_INITRD_HOOK=$(cat <<'HOOK'
set -eu
release=$(cat "$1/weiss-out/release")
ramdisk=$1/weiss-ramdisk
mkdir -p "$ramdisk/bin" "$ramdisk/lib/modules" "$ramdisk/proc" "$ramdisk/sys" "$ramdisk/dev" "$ramdisk/root"
cp "$1/bin/busybox" "$ramdisk/bin/"
printf '%s\n' "$WEISS_INITRD_INIT" >"$ramdisk/init"
chmod 755 "$ramdisk/init"
for module in virtio_pci virtio_blk virtio_net ext4 overlay; do
    chroot "$1" modprobe --set-version "$release" --show-depends --ignore-install "$module"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$1/weiss-modules"
while read -r module; do
    cp "$1$module" "$ramdisk/lib/modules/"
    basename "$module"
done <"$1/weiss-modules" >"$ramdisk/lib/modules/order"
chroot "$1" sh -c 'cd /weiss-ramdisk && find . | busybox cpio -o -H newc 2>/dev/null' | gzip -1 >"$1/weiss-out/initrd"
rm -rf "$ramdisk" "$1/weiss-modules"
HOOK
)
# The copy leaves out what is mounted in the tree, and devices, which only root proper can make; guests have their own.
WEISS_ROOT_HOOK=$(cat <<'HOOK'
set -eu
copy=$(mktemp -d)
trap 'cd / && rm -rf "$copy"' EXIT
tar -C "$1" --one-file-system --exclude='./dev/*' --exclude=./weiss-out -cf - . | tar -C "$copy" -xpf -
cd "$copy"
find lib lib64 usr/lib -name '*.so*' ! -path '*/openmpi/*' -printf '%f\n' | sort -u >"$1/weiss-out/libraries"
rm -f etc/ssh/ssh_host_* etc/apt/apt.conf.d/99mmdebstrap etc/machine-id
rm -rf boot/* var/cache/* var/lib/apt/lists/* var/log/*
mke2fs -q -F -t ext4 -O ^has_journal -m 0 -L weiss-root -d . "$1/weiss-out/root.img" \
    "$(($(du -sk . | cut -f1) * 11 / 10 + 16384))k"
HOOK
)
export WEISS_KERNEL_HOOK WEISS_INITRD_HOOK WEISS_ROOT_HOOK

# A name without blanks for the words of hooks.
link=$(mktemp -d)
trap 'rm -rf "$link"' EXIT
ln -s "$out" "$link/out"
set -- "--include=$(echo "$@" | tr ' ' ,)"
for file in kernel initrd libraries release root.img; do
    set -- "$@" "--customize-hook=download /weiss-out/$file $link/out/$file"
done
# What the machine's own apt needs to reach its sources.
apt-config dump | grep -iE '^Acquire::[^ ]*(proxy|cainfo|verify)[^ ]* ".+"' >"$link/apt.conf" || true
while read -r line; do
    set -- "$@" "--aptopt=$line"
done <"$link/apt.conf"

echo "packages" >&3
mmdebstrap --format=null --variant=essential --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='echo kernel >&3; sh -c "$WEISS_KERNEL_HOOK" sh "$1"' \
    --customize-hook='sh -c "$WEISS_INITRD_HOOK" sh "$1"' \
    --customize-hook='echo "root image" >&3; sh -c "$WEISS_ROOT_HOOK" sh "$1"' \
    "$@" "$suite" - "$sources"
