#!/bin/sh
# Makes what the disk of an image for users' machines is put together from: the file system, the two parts of GRUB that lie in
# front of it, and a list of the packages in it.
# usage: make-disk.sh OUT SUITE SOURCES DEBS PACKAGE...
#   SOURCES: a file of apt's sources; DEBS: directory with packages to be installed, PACKAGE: names of further ones
# Standard output has a line for each stage. Hooks work as in make-image.sh.
set -eu
out=$1 suite=$2 sources=$3 debs=$4
shift 4
PATH=$PATH:/usr/sbin:/sbin
exec 3>&1 1>&2

# Packages that are no part of Debian, and the headers of the kernel where DKMS needs them. Each hook has the tree as $1.
WEISS_DEBS_HOOK=$(cat <<'HOOK'
set -eu
cd "$1/weiss-debs"
[ -n "$(ls)" ] || exit 0
headers=
for deb in *.deb; do
    dpkg-deb -f "$deb" Depends | grep -qw dkms && headers=linux-headers-cloud-amd64
done
# The machine's own certificates, for sources that are reached by https.
certificates=/etc/ssl/certs/ca-certificates.crt
if [ -f $certificates ]; then
    cp "$1$certificates" "$1/weiss-out/certificates" 2>/dev/null || true
    mkdir -p "$1/etc/ssl/certs"
    cp $certificates "$1$certificates"
fi
chroot "$1" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 sh -c 'apt-get -qq -y -o Dpkg::Use-Pty=0 \
    --no-install-recommends install '"$headers"' /weiss-debs/*.deb' </dev/null
rm -f "$1$certificates"
[ ! -f "$1/weiss-out/certificates" ] || mv "$1/weiss-out/certificates" "$1$certificates"
HOOK
)
# cloud-init's settings, and GRUB: its core finds the file system in the first partition of the disk that it was loaded from.
WEISS_BOOT_HOOK=$(cat <<'HOOK'
set -eu
cat >"$1/etc/cloud/cloud.cfg.d/90-weiss.cfg" <<END
# Where the machine's settings come from: a disk (NoCloud, OpenStack's ConfigDrive), or OpenStack's or EC2's service of metadata.
datasource_list: [NoCloud, ConfigDrive, OpenStack, Ec2, None]
# A key of RSA takes a slow machine seconds to find, and nobody needs one.
ssh_genkeytypes: [ed25519, ecdsa]
# GRUB is not the package's: there is nothing to set up.
grub_dpkg: {enabled: false}
# There are no others than C and C.UTF-8.
locale: false
manage_etc_hosts: localhost
system_info:
  default_user:
    groups: [adm, sudo, weiss]
END
# Here and not by cloud-init, which would start sshd again for it; what the user's data say (ssh_pwauth) comes first.
echo "PasswordAuthentication no" >"$1/etc/ssh/sshd_config.d/60-weiss.conf"
# It looks for volumes of LVM.
chroot "$1" systemctl -q disable e2scrub_reap.service
echo LANG=C.UTF-8 >"$1/etc/default/locale"
cat >"$1/etc/fstab" <<END
LABEL=weiss-root / ext4 errors=remount-ro 0 1
END
# On a busy host the kernel's check of the timer fails for want of time.
line="console=tty0 console=ttyS0 no_timer_check"
echo "GRUB_CMDLINE_LINUX=\"$line\"" >"$1/etc/default/grub"
mkdir -p "$1/boot/grub"
cat >"$1/boot/grub/grub.cfg" <<END
# The links /vmlinuz and /initrd.img lead to the newest kernel.
set timeout=0
linux /vmlinuz root=LABEL=weiss-root ro $line
initrd /initrd.img
boot
END
[ -e "$1/vmlinuz" ] && [ -e "$1/initrd.img" ] || { echo "the kernel has no links in the root directory" >&2; exit 1; }
chroot "$1" grub-mkimage -O i386-pc -o /weiss-out/core.img -p '(,msdos1)/boot/grub' \
    biosdisk part_msdos ext2 normal linux test echo
cp "$1/usr/lib/grub/i386-pc/boot.img" "$1/weiss-out/boot.img"
chroot "$1" dpkg-query -W -f '${Package} ${Version}\n' >"$1/weiss-out/contents"
HOOK
)
# The copy leaves out what is mounted in the tree, and devices, which only root proper can make; a machine has its own.
# What must differ between machines is made when they first start. Half a GiB is free: the file system grows with the disk.
WEISS_ROOT_HOOK=$(cat <<'HOOK'
set -eu
copy=$(mktemp -d)
trap 'cd / && rm -rf "$copy"' EXIT
tar -C "$1" --one-file-system --exclude='./dev/*' --exclude=./weiss-out --exclude=./weiss-debs -cf - . | tar -C "$copy" -xpf -
cd "$copy"
rm -f etc/ssh/ssh_host_* etc/apt/apt.conf.d/99mmdebstrap etc/resolv.conf etc/hostname var/lib/dbus/machine-id
: >etc/machine-id
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >etc/hosts
rm -rf var/cache/apt/* var/lib/apt/lists/* var/log/* tmp/* run/*
mke2fs -q -F -t ext4 -O ^metadata_csum_seed,^orphan_file -L weiss-root -d . "$1/weiss-out/root.img" \
    "$(($(du -sk . | cut -f1) * 11 / 10 + 524288))k"
HOOK
)
export WEISS_DEBS_HOOK WEISS_BOOT_HOOK WEISS_ROOT_HOOK

# mmdebstrap removes its tree when all of its processes are told to end; they are in the group that this script leads.
worker=
end() {
    trap '' HUP INT TERM
    kill -s TERM 0
    [ -z "$worker" ] || wait "$worker" || true
    exit 1
}
# A name without blanks for the words of hooks.
link=$(mktemp -d)
trap 'rm -rf "$link"' EXIT
trap end HUP INT TERM
ln -s "$out" "$link/out"
ln -s "$debs" "$link/debs"
set -- "--include=$(echo "$@" | tr ' ' ,)" '--customize-hook=mkdir $1/weiss-out $1/weiss-debs'
for deb in "$debs"/*.deb; do
    [ ! -e "$deb" ] || set -- "$@" "--customize-hook=upload $link/debs/${deb##*/} /weiss-debs/${deb##*/}"
done
set -- "$@" '--customize-hook=echo "packages of your own" >&3; sh -c "$WEISS_DEBS_HOOK" sh "$1"' \
    '--customize-hook=echo "boot loader" >&3; sh -c "$WEISS_BOOT_HOOK" sh "$1"' \
    '--customize-hook=echo "file system" >&3; sh -c "$WEISS_ROOT_HOOK" sh "$1"'
for file in boot.img contents core.img root.img; do
    set -- "$@" "--customize-hook=download /weiss-out/$file $link/out/$file"
done
# What the machine's own apt needs to reach its sources.
apt-config dump | grep -iE '^Acquire::[^ ]*(proxy|cainfo|verify)[^ ]* ".+"' >"$link/apt.conf" || true
while read -r line; do
    set -- "$@" "--aptopt=$line"
done <"$link/apt.conf"

echo "packages of Debian" >&3
mmdebstrap --format=null --variant=minbase --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$@" "$suite" - "$sources" &
worker=$!
wait "$worker"
