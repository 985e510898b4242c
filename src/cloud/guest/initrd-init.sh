#!/bin/busybox sh
# First program of a lab's machine: finds the disks, lays memory over the shared read-only root, hands over.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
fail() {
    echo "weiss-lab: failed: $*"
    poweroff -f
}
grep -qw weiss.probe /proc/cmdline && {
    echo "weiss-lab: ready"
    poweroff -f
}
while read -r module; do
    insmod "/lib/modules/$module" || fail "module $module"
done </lib/modules/order
for disk in vda vdb; do
    tries=0
    while [ ! -b /dev/$disk ]; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "disk $disk does not appear"
        sleep 0.1
    done
done
mkdir /lower /upper
mount -t ext4 -o ro /dev/vda /lower || fail "root image"
mount -t tmpfs -o mode=755 tmpfs /upper
mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /root || fail "overlay"
mkdir -p /root/opt/lab
mount -t ext4 -o ro /dev/vdb /root/opt/lab || fail "disk of the lab"
for mounted in proc sys dev; do
    mount --move /$mounted /root/$mounted
done
exec switch_root /root /bin/sh /opt/lab/.lab/init
