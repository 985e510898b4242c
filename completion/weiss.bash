# Completion of weiss for bash.
_weiss_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_weiss_files() {
    mapfile -t COMPREPLY < <(compgen -f -X "$1" -- "${COMP_WORDS[COMP_CWORD]}"; compgen -d -- "${COMP_WORDS[COMP_CWORD]}")
}

# Options of weiss bench fabric, after the word $1.
_weiss_bench() {
    case $1 in
    --tests) _weiss_words "latency bandwidth bibandwidth rate put get barrier allreduce wait" ;;
    --transports) _weiss_words "vader vader-cma ucx tcp ivshmem ivshmem-blocking ivshmem-adaptive raw tcp-virtio" ;;
    --sizes) _weiss_words "4-4M 4,4K,1M" ;;
    --rounds | -n | --ranks) _weiss_words "2 3 5 10" ;;
    --vms) _weiss_words "2 3 4" ;;
    --module) _weiss_files '!*.ko' ;;
    --csv) _weiss_files '!*.csv' ;;
    --svg) _weiss_files '' ;;
    *) _weiss_words "--quick --tests --sizes --transports --rounds --ranks --vms --module --csv --svg --help" ;;
    esac
}

_weiss() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    if [ "$COMP_CWORD" -eq 1 ]; then
        _weiss_words "run mesh bench fabric lab cluster image openstack agent mpirun overlay plan trace scale doctor tune help --help --version"
        return
    fi
    case ${COMP_WORDS[1]}:$word in
    run:-*) _weiss_words "--ranks --cluster --restart --changed --out --mesh --check --print-defaults --sbatch --quiet --help" ;;
    run:*)
        case $before in
        -n | --ranks) _weiss_words "1 2 4 8 16" ;;
        *) _weiss_files '!*.y?(a)ml' ;;
        esac
        ;;
    mesh:-*) _weiss_words "--format --unit --help" ;;
    mesh:*)
        if [ "$COMP_CWORD" -eq 2 ]; then
            _weiss_words "make info convert"
        else
            _weiss_files ''
        fi
        ;;
    bench:*)
        if [ "$COMP_CWORD" -eq 2 ]; then
            _weiss_words "fabric tuning"
        elif [ "${COMP_WORDS[2]}" = tuning ]; then
            case $before in
            --steps) _weiss_words "pinning hugepages shmem" ;;
            --rounds) _weiss_words "5 9 15" ;;
            *) _weiss_words "--rounds --steps --help" ;;
            esac
        else
            _weiss_bench "$before"
        fi
        ;;
    mpirun:-*) _weiss_words "--region --help" ;;
    mpirun:*) _weiss_files '' ;;
    fabric:-*) _weiss_words "--json --force --help" ;;
    fabric:*)
        if [ "$COMP_CWORD" -eq 2 ]; then
            _weiss_words "status clear"
        else
            _weiss_files ''
        fi
        ;;
    lab:-*)
        _weiss_words "--vms --vcpus --memory --accel --ivshmem --region --vectors --groups --servers --link --iommu --append --ship --module
            --boot-time --stay --image --quiet --help" ;;
    lab:*)
        case $before in
        --vms) _weiss_words "1 2 3 4" ;;
        --servers) _weiss_words "1 2" ;;
        --link) _weiss_words "1Gb/s,50us 10Gb/s,20us,2044" ;;
        --accel) _weiss_words "auto kvm tcg" ;;
        --ivshmem) _weiss_words "plain doorbell none" ;;
        *) _weiss_files '' ;;
        esac
        ;;
    cluster:*)
        case $COMP_CWORD:${COMP_WORDS[2]}:$word in
        2:*) _weiss_words "up down status ssh exec console hostfile --help" ;;
        *:up:-*) _weiss_words "--dry-run --help" ;;
        *:status:-*) _weiss_words "--json --help" ;;
        *:console:-*) _weiss_words "--follow --help" ;;
        *:ssh:* | *:console:*) _weiss_words "vm1 vm2 vm3 vm4 --help" ;;
        *) _weiss_files '!*.y?(a)ml' ;;
        esac
        ;;
    image:*)
        case $COMP_CWORD:${COMP_WORDS[2]}:$before:$word in
        2:*) _weiss_words "build export list remove --help" ;;
        *:build:--deb:*) _weiss_files '!*.deb' ;;
        *:build:--package:*) ;;
        *:build:--out:*) _weiss_files '' ;;
        *:build:*) _weiss_words "--deb --package --out --quiet --help" ;;
        *:export:*:-*) _weiss_words "--quiet --help" ;;
        *:export:*) _weiss_files '' ;;
        *:remove:*) _weiss_words "$(weiss image list 2>/dev/null | sed -n 's/^\([0-9a-f]\{16\}\) .*/\1/p')" ;;
        esac
        ;;
    openstack:*)
        case $COMP_CWORD:${COMP_WORDS[2]}:$before:$word in
        2:*) _weiss_words "flavors image cluster --help" ;;
        *:image:--machine:*) _weiss_words "pc q35 any" ;;
        *:image:--kernel:* | *:image:--ramdisk:*) _weiss_files '' ;;
        *:flavors:--memory:* | *:flavors:--disk:*) _weiss_words "2GiB 8GiB 16GiB 64GiB" ;;
        *:flavors:--region:*) _weiss_words "64MiB 256MiB 1GiB none" ;;
        *:flavors:*:*) _weiss_words "--cloud --name --vcpus --memory --disk --region --dedicated --numa --hugepages --remove --dry-run
            --help" ;;
        *:image:*:-*) _weiss_words "--cloud --name --kernel --ramdisk --machine --public --remove --dry-run --quiet --help" ;;
        *:image:*) _weiss_files '!*.@(qcow2|raw|img)' ;;
        3:cluster:*) _weiss_words "up down status" ;;
        *:cluster:*:-*) _weiss_words "--dry-run --json --help" ;;
        *:cluster:*) _weiss_files '!*.y?(a)ml' ;;
        esac
        ;;
    agent:*)
        case $COMP_CWORD:${COMP_WORDS[2]}:$before:$word in
        2:*) _weiss_words "run status why release share resync --help" ;;
        *:--socket:* | *:--config:*) _weiss_files '' ;;
        *:run:*) _weiss_words "--config --dry-run --help" ;;
        *:status:*) _weiss_words "--json --socket --help" ;;
        *:why:*:-*) _weiss_words "--json --socket --help" ;;
        *:resync:* | *:*:*:-*) _weiss_words "--socket --help" ;;
        *) _weiss_words "$(weiss agent status --json 2>/dev/null | sed -n 's/^ *"domain":"\([A-Za-z0-9._-]*\)".*/\1/p')" ;;
        esac
        ;;
    overlay:-*)
        case ${COMP_WORDS[2]} in
        up) _weiss_words "--local --peer --vni --mtu --taps --owner --multiqueue --address --help" ;;
        status) _weiss_words "--json --help" ;;
        *) _weiss_words "--help" ;;
        esac
        ;;
    overlay:*)
        case $COMP_CWORD:$before in
        2:*) _weiss_words "up down status" ;;
        *:--owner) mapfile -t COMPREPLY < <(compgen -u -- "$word") ;;
        esac
        ;;
    plan:-*) _weiss_words "--topology --matrix --mesh --ranks --steps --out --try --laps --measure --hostfile --help" ;;
    plan:*)
        case $before in
        -t | --topology) _weiss_files '!*.y?(a)ml' ;;
        -m | --matrix) _weiss_files '!*.csv' ;;
        -n | --ranks) _weiss_words "2 4 8 16 32 64" ;;
        --steps) ;;
        *) _weiss_files '' ;;
        esac
        ;;
    trace:-*) _weiss_words "--out --times --help --" ;;
    trace:*) _weiss_files '' ;;
    scale:-*) _weiss_words "--ranks --rounds --transports --cluster --weak --simulate --network --mesh --csv --svg --help" ;;
    scale:*) _weiss_files '!*.y?(a)ml' ;;
    doctor:*) _weiss_words "--host --guest --json --help" ;;
    tune:-*) _weiss_words "--dry-run --undo --list --help" ;;
    tune:*) _weiss_words "$(weiss tune --list 2>/dev/null | sed '/(by hand)$/d; s/[ [].*//')" ;;
    help:*) _weiss_words "run mesh bench fabric lab cluster image openstack agent mpirun overlay plan trace scale doctor tune help" ;;
    esac
}

complete -o filenames -o bashdefault -F _weiss weiss
