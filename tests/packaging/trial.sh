#!/bin/sh
# Installs the packages in a fresh root tree, uses them and removes them. mmdebstrap runs this, outside of the tree.
#
# usage: trial.sh TREE [RELEASE]
#
# TREE/packages has the packages. RELEASE is a kernel whose headers are in the tree; without it no module is built.
set -eu
tree=$1 release=${2:-}
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

fail() {
    echo "FAILED: $*"
    exit 1
}
stage() {
    echo "== $*"
}
inside() {
    chroot "$tree" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 OMPI_ALLOW_RUN_AS_ROOT=1 \
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none \
        OMPI_MCA_plm=isolated OPENBLAS_NUM_THREADS=1 "$@"
}
apt() {
    chroot "$tree" apt-get -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@" </dev/null
}
# Name, kind, mode, owner, size and target of all in the tree but the state of the package tools and what a run leaves: lists
# of packages, caches of the linker, of man and of fonts, logs, copies of /etc/group before the last change, and settings that
# a library writes for whoever uses it as root.
inventory() {
    (cd "$tree" && find . -mindepth 1 \
        \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./packages -o -path ./root \
        -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache/apt -o -path ./var/cache/ldconfig \
        -o -path ./var/cache/man -o -path ./var/cache/fontconfig -o -path ./etc/fltk \
        -o -path ./var/log -o -path ./etc/ld.so.cache -o -path './etc/group-' \
        -o -path './etc/gshadow-' \) -prune -o ! -type d -printf '%p %y %m %U %G %s %l\n' -o -printf '%p %y %m %U %G\n' | sort)
}

# The machine's own certificates, for sources that are reached by https.
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    mkdir -p "$tree/etc/ssl/certs"
    cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"
fi
work=$(mktemp -d)
region=/dev/shm/weiss-packages-$$ # the tree may have the machine's own /dev/shm
trap 'rm -rf "$work" "$tree$region"' EXIT
ours=$(for package in "$tree"/packages/*.deb; do dpkg-deb -f "$package" Package; done)
files=$(cd "$tree" && echo packages/*.deb | sed 's,packages/,/&,g')

stage "what the packages need"
# shellcheck disable=SC2086
chroot "$tree" apt-get -qq -s -o APT::Install-Recommends=true install $files | grep -q '^Inst libgmsh' ||
    fail "Gmsh does not come along"
# shellcheck disable=SC2046,SC2086
apt install gcc libc6-dev libgmsh4.8 $(apt -s install $files | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep -vxF "$ours")
[ -z "$release" ] || inside depmod "$release"
inventory >"$work/before"

stage "install"
# shellcheck disable=SC2086
apt install $files
inside dpkg --audit

stage "command"
version=$(dpkg-deb -f "$tree"/packages/weiss_*.deb Version)
[ "$(inside weiss --version)" = "weiss $version" ] || fail "weiss --version"
inside weiss --help | grep -q '^Usage: weiss' || fail "weiss --help"
inside man -w weiss weiss-run | grep -q '/usr/share/man/man1/weiss.1.gz' || fail "man -w weiss"
inside man -w 8 weiss-ivshmemd >/dev/null || fail "man -w weiss-ivshmemd"
inside weiss-ivshmemd --version

stage "run"
mkdir "$tree/root/run"
sed -e 's/max_edge: 3 nm/max_edge: 8 nm/' -e 's/duration: 300 ps/duration: 20 ps/' \
    "$tree/usr/share/doc/weiss/examples/permalloy-bar.yaml" >"$tree/root/run/bar.yaml"
inside sh -c 'cd /root/run && weiss run --quiet -n 2 bar.yaml' || fail "weiss run"
[ "$(grep -c '^[^#]' "$tree/root/run/bar.out/table.csv")" -ge 5 ] || fail "the table of weiss run is too short"

stage "component"
inside ompi_info | grep 'MCA btl: ivshmem' || fail "Open MPI does not list the component"
# Over a region that is a file; the component itself tells what went through it. `mpirun` finds it without a setting, and
# `weiss mpirun` does not make Open MPI complain of finding it twice.
for launcher in mpirun "weiss mpirun"; do
    rm -f "$tree"/root/run/ivshmem-*.json
    # shellcheck disable=SC2086
    inside $launcher -n 2 --mca btl self,ivshmem --mca btl_ivshmem_region $region \
        --mca btl_ivshmem_statistics /root/run /usr/libexec/weiss/weiss-fabric-bench --tests latency --sizes 4K \
        >"$work/bench" 2>&1 || {
        cat "$work/bench"
        fail "$launcher with the component"
    }
    rm -f "$tree$region"
    grep -v -e '^sample latency 4096 ' -e '^done$' "$work/bench" && fail "$launcher said more than the program"
    grep -q '"messages": [1-9]' "$tree/root/run/ivshmem-0.json" || fail "$launcher: no message went through the region"
done

stage "library"
inside sh -c 'cp -r /usr/share/doc/weiss/examples/embed /root/run && cd /root/run/embed && mpicc -o embed embed.c -lweiss -lm &&
    ./embed' | grep '216 nodes' || fail "a program with the library"

if [ -n "$release" ]; then
    stage "module"
    inside modinfo -F version "/lib/modules/$release/updates/dkms/weiss_ivshmem.ko" | grep -xF "$version" ||
        fail "DKMS has not built the module"
fi
inside getent group weiss >/dev/null || fail "there is no group weiss"

stage "remove"
# shellcheck disable=SC2086
apt purge $ours
inside getent group weiss && fail "the group weiss is left"
inventory >"$work/after"
diff "$work/before" "$work/after" || fail "removal does not leave the tree as it was"
stage "done"
