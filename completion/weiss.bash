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
    --transports) _weiss_words "vader vader-cma ucx tcp ivshmem ivshmem-blocking ivshmem-adaptive raw" ;;
    --sizes) _weiss_words "4-4M 4,4K,1M" ;;
    --rounds | -n | --ranks) _weiss_words "2 3 5 10" ;;
    --csv) _weiss_files '!*.csv' ;;
    --svg) _weiss_files '' ;;
    *) _weiss_words "--quick --tests --sizes --transports --rounds --ranks --csv --svg --help" ;;
    esac
}

_weiss() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    if [ "$COMP_CWORD" -eq 1 ]; then
        _weiss_words "run mesh bench mpirun lab help --help --version"
        return
    fi
    case ${COMP_WORDS[1]}:$word in
    run:-*) _weiss_words "--ranks --restart --changed --out --check --print-defaults --quiet --help" ;;
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
            _weiss_words "fabric"
        else
            _weiss_bench "$before"
        fi
        ;;
    mpirun:-*) _weiss_words "--region --help" ;;
    mpirun:*) _weiss_files '' ;;
    lab:-*)
        _weiss_words "--vms --vcpus --memory --accel --ivshmem --region --vectors --groups --iommu --append --ship --module
            --boot-time --stay --image --quiet --help" ;;
    lab:*)
        case $before in
        --vms) _weiss_words "1 2 3 4" ;;
        --accel) _weiss_words "auto kvm tcg" ;;
        --ivshmem) _weiss_words "plain doorbell none" ;;
        *) _weiss_files '' ;;
        esac
        ;;
    help:*) _weiss_words "run mesh bench mpirun lab help" ;;
    esac
}

complete -o filenames -o bashdefault -F _weiss weiss
