#!/bin/sh
# Second program of a lab's machine, on its root image: names, network, modules, sshd. sshd stays as the first process.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
lab=/opt/lab/.lab
number=$(sed -n 's/.*weiss\.vm=\([0-9]*\).*/\1/p' /proc/cmdline)
fail() {
    echo "weiss-lab: failed: $*"
    busybox poweroff -f
}
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts || fail "/dev/pts"
mount -t tmpfs -o mode=1777 shm /dev/shm || fail "/dev/shm"
mount -t tmpfs -o mode=755 run /run || fail "/run"
ln -sf /proc/self/fd /dev/fd
echo "vm$number" >/proc/sys/kernel/hostname
echo "vm$number" >/etc/hostname
cp "$lab/hosts" /etc/hosts
cp "$lab/hostfile" /etc/weiss-hostfile

ip link set lo up
read -r subnet card <"$lab/network"
if [ "$card" != eth0 ]; then
    ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up || fail "the network to the host"
fi
if [ -e "/sys/class/net/$card" ]; then
    ip addr add "$subnet.$number/24" dev "$card" && ip link set "$card" up || fail "the network between the machines"
fi
# Open MPI knows only the network between the machines; the distribution's own settings stay.
cat >>/etc/openmpi/openmpi-mca-params.conf <<END

btl_tcp_if_include = $subnet.0/24
oob_tcp_if_include = $subnet.0/24
END

for module in "$lab"/modules/*; do
    [ -e "$module" ] || continue
    name=${module##*/[0-9][0-9]-}
    for needed in $(modinfo -F depends "$module" | tr , ' '); do
        modprobe "$needed" || fail "module $needed, which $name needs"
    done
    insmod "$module" || fail "module $name"
done

mkdir -p -m 700 /root/.ssh
mkdir -p /run/sshd
(umask 077 && cp "$lab/id" /root/.ssh/id_ed25519 && cp "$lab/id.pub" /root/.ssh/authorized_keys &&
    cp "$lab/host_key" /etc/ssh/lab_host_key && cp "$lab/known_hosts" /root/.ssh/known_hosts) || fail "keys"
cat >/etc/ssh/sshd_config <<END
HostKey /etc/ssh/lab_host_key
PidFile /run/sshd.pid
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 100
MaxSessions 100
AcceptEnv LANG TERM
SetEnv LD_LIBRARY_PATH=/opt/lab/lib OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
Subsystem sftp /usr/lib/openssh/sftp-server
END
(
    tries=0
    until [ -e /run/sshd.pid ]; do
        tries=$((tries + 1))
        [ $tries -lt 1800 ] || fail "sshd does not listen"
        sleep 0.05
    done
    echo "weiss-lab: ready"
) &
exec /usr/sbin/sshd -D -e
