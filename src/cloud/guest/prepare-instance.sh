#!/bin/sh
# Makes an instance of a cloud a machine of a cluster. Runs in it as root, from the directory that was copied there.
# usage: prepare-instance.sh SUBNET
# The directory has: hosts, hostfile, id, id.pub, known_hosts; opt/ with programs for an image that lacks them.
# Prints what the command wants to know: "region yes" or "region no", "emulated yes" or "emulated no".
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=$(dirname "$0") subnet=$1
fail() {
    echo "failed $*"
    exit 1
}
# Puts standard input into a file between two marks, in place of what was there.
put() {
    sed -i '/^# weiss cluster: begin$/,/^# weiss cluster: end$/d' "$1"
    { echo '# weiss cluster: begin' && cat && echo '# weiss cluster: end'; } >>"$1"
}

if command -v cloud-init >/dev/null; then
    cloud-init status --wait >/dev/null 2>&1 || true
fi
command -v mpirun >/dev/null || fail "there is no mpirun in it: use an image of weiss image build, or write packages: [openmpi-bin] into the cluster file"

put /etc/hosts <"$here/hosts"
cp "$here/hostfile" /etc/weiss-hostfile
mkdir -p -m 700 /root/.ssh
(umask 077 && cp "$here/id" /root/.ssh/id_ed25519 && cp "$here/known_hosts" /root/.ssh/known_hosts)
touch /root/.ssh/authorized_keys
grep -qxF "$(cat "$here/id.pub")" /root/.ssh/authorized_keys || cat "$here/id.pub" >>/root/.ssh/authorized_keys

# Open MPI knows only the network between the machines.
touch /etc/openmpi/openmpi-mca-params.conf
printf 'btl_tcp_if_include = %s\noob_tcp_if_include = %s\n' "$subnet" "$subnet" | put /etc/openmpi/openmpi-mca-params.conf

# What weiss run --cluster starts is at /opt/lab: what packages installed, else what was brought along.
mkdir -p /opt/lab
for file in "$here"/opt/*; do
    [ -e "$file" ] && cp "$file" /opt/lab/
done
for file in /usr/bin/weiss /usr/lib/*/weiss/libweiss-trace.so; do
    [ -e "$file" ] && ln -sf "$file" /opt/lab/
done
if [ -e /usr/bin/weiss ]; then
    rm -f /opt/lab/mca_btl_ivshmem.so
fi
# On a processor without SSSE3, such as QEMU's own qemu64, OpenBLAS takes one for another and dies of illegal instructions.
if [ -e /usr/bin/weiss ] && ! grep -qw ssse3 /proc/cpuinfo; then
    rm -f /opt/lab/weiss
    printf '#!/bin/sh\nexport OPENBLAS_CORETYPE=Prescott\nexec /usr/bin/weiss "$@"\n' >/opt/lab/weiss
    chmod 755 /opt/lab/weiss
fi
program=/opt/lab/weiss
[ ! -e /usr/bin/weiss ] || program=/usr/bin/weiss
missing=$(ldd $program 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found$/\1/p' | tr '\n' ' ')
[ -e $program ] && [ -z "$missing" ] ||
    fail "weiss does not run in it (it lacks ${missing:-the program}): use an image with the package weiss"

# Root may start MPI programs here. Counts from the next login.
if [ -d /etc/ssh/sshd_config.d ]; then
    echo 'SetEnv OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1' >/etc/ssh/sshd_config.d/weiss.conf
    systemctl reload ssh >/dev/null 2>&1 || true
fi

region=no
for device in /sys/bus/pci/devices/*; do
    [ "$(cat "$device/vendor" "$device/device" 2>/dev/null | tr '\n' ' ')" = '0x1af4 0x1110 ' ] && region=yes
done
echo "region $region"
# Under emulation there is a hypervisor, but not KVM.
if [ "$(systemd-detect-virt 2>/dev/null || true)" = qemu ]; then echo "emulated yes"; else echo "emulated no"; fi
