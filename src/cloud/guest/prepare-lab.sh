#!/bin/sh
# Makes the files of one lab: keys, settings of ssh, and the disk that every machine mounts at /opt/lab.
# usage: prepare-lab.sh DIR LIBRARIES VCPUS INIT SUBNET CARD [ADDRESS PORT]... -- [PATH NAME]... -- [MODULE]...
#   LIBRARIES: names that the root image has; INIT: text of the second program; SUBNET: first three numbers of the network
#   between the machines; CARD: what leads to it in them; ADDRESS, PORT: ssh of each machine
# DIR/disk is the tree of the disk. Programs in it bring along the shared libraries that the root image lacks.
set -eu
dir=$1 libraries=$2 vcpus=$3 init=$4 subnet=$5 card=$6
shift 6
PATH=$PATH:/usr/sbin:/sbin
umask 077
disk=$dir/disk
lab=$disk/.lab
mkdir -p "$lab/modules" "$disk/lib"

# Written by cat, whose message says why when a disk is full; that of the shell's own commands does not.
cat >"$lab/init" <<END
$init
END
cat >"$lab/network" <<END
$subnet $card
END
ssh-keygen -q -t ed25519 -N '' -C lab -f "$dir/id"
ssh-keygen -q -t ed25519 -N '' -C lab -f "$lab/host_key"
cp "$dir/id" "$dir/id.pub" "$lab/"
echo '127.0.0.1 localhost' >"$lab/hosts"
n=0 names=
: >"$lab/hostfile"
: >"$dir/ssh-config"
while [ "$1" != -- ]; do
    n=$((n + 1))
    names=$names${names:+,}vm$n
    echo "$subnet.$n vm$n" >>"$lab/hosts"
    echo "vm$n slots=$vcpus" >>"$lab/hostfile"
    cat >>"$dir/ssh-config" <<END
Host vm$n
    HostName $1
    Port $2
    HostKeyAlias vm$n
END
    shift 2
done
shift
cat >>"$dir/ssh-config" <<END
Host *
    User root
    IdentityFile "$dir/id"
    IdentitiesOnly yes
    BatchMode yes
    StrictHostKeyChecking yes
    UserKnownHostsFile "$dir/known_hosts"
    GlobalKnownHostsFile /dev/null
    ControlMaster auto
    ControlPath "$dir/ssh-%n"
    ControlPersist yes
    ServerAliveInterval 15
    ServerAliveCountMax 8
    LogLevel ERROR
END
echo "$names $(cut -d ' ' -f 1,2 "$lab/host_key.pub")" >"$dir/known_hosts"
cp "$dir/known_hosts" "$lab/"

while [ "$1" != -- ]; do
    cp -aH -- "$1" "$disk/$2"
    shift 2
done
shift
n=10
for module in "$@"; do
    cp -L -- "$module" "$lab/modules/$n-${module##*/}"
    n=$((n + 1))
done

find "$disk" -path "$lab" -prune -o -type f \( -perm -100 -o -name '*.so*' \) -exec sh -c '
    for file in "$@"; do
        [ "$(head -c 4 "$file" | tr -d "\177\0")" = ELF ] && ldd "$file" 2>/dev/null
    done
    true' sh {} + | awk -v have="$libraries" -v lib="$disk/lib" '
    BEGIN { while ((getline name <have) > 0) known[name] = 1 }
    $2 != "=>" || known[$1]++ { next }
    $3 == "not" { missing = missing " " $1; next }
    { print $3 }
    END { if (missing != "") print "missing" missing }' >"$dir/closure"
while read -r library rest; do
    if [ "$library" != missing ]; then
        cp -L -- "$library" "$disk/lib/"
        continue
    fi
    for name in $rest; do
        [ -n "$(find "$disk" -name "$name")" ] || { echo "a shipped program needs $name, which is not found" >&2; exit 1; }
    done
done <"$dir/closure"

chmod -R a+rX "$disk"
mke2fs -q -F -t ext4 -O ^has_journal -m 0 -L weiss-lab -N "$(($(find "$disk" | wc -l) + 64))" -E root_owner=0:0 -d "$disk" \
    "$dir/disk.img" "$(($(du -sk "$disk" | cut -f1) * 11 / 10 + 2048))k"
rm -rf "$disk" "$dir/closure"
