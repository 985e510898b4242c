/* The component: its parameters, and whether this process has a region. */
#include "fabric/btl/btl.h"
#include "fabric/btl/rdma.h"

#include <stdio.h>
#include <string.h>

static int component_register(void);
static int component_open(void);
static int component_close(void);
static mca_btl_base_module_t **component_init(int *count, bool progress_threads, bool mpi_threads);

/* Open MPI finds the component by this name. */
__attribute__((visibility("default"))) weiss_btl_component mca_btl_ivshmem_component = {
    .super =
        {
            .btl_version = {MCA_BTL_DEFAULT_VERSION("ivshmem"), .mca_open_component = component_open,
                            .mca_close_component = component_close,
                            .mca_register_component_params = component_register},
            .btl_data = {.param_field = MCA_BASE_METADATA_PARAM_NONE},
            .btl_init = component_init,
            .btl_progress = weiss_btl_progress,
        },
};

weiss_btl weiss_btl_module = {
    .super =
        {
            .btl_component = &mca_btl_ivshmem_component.super,
            .btl_add_procs = weiss_btl_add_procs,
            .btl_del_procs = weiss_btl_del_procs,
            .btl_finalize = weiss_btl_finalize,
            .btl_alloc = weiss_btl_alloc,
            .btl_free = weiss_btl_free,
            .btl_prepare_src = weiss_btl_prepare_src,
            .btl_send = weiss_btl_send,
            .btl_sendi = weiss_btl_sendi,
            .btl_put = weiss_btl_put,
            .btl_get = weiss_btl_get,
            .btl_dump = mca_btl_base_dump,
            .btl_atomic_op = weiss_btl_atomic_op,
            .btl_atomic_fop = weiss_btl_atomic_fop,
            .btl_atomic_cswap = weiss_btl_atomic_cswap,
            .btl_register_mem = weiss_btl_register_mem,
            .btl_deregister_mem = weiss_btl_deregister_mem,
            .btl_register_error = weiss_btl_register_error,
        },
};

static void parameter_text(const char *name, const char *help, char **storage)
{
    mca_base_component_var_register(&mca_btl_ivshmem_component.super.btl_version, name, help,
                                    MCA_BASE_VAR_TYPE_STRING, NULL, 0, 0, OPAL_INFO_LVL_3,
                                    MCA_BASE_VAR_SCOPE_READONLY, storage);
}

static void parameter_int(const char *name, const char *help, int *storage)
{
    mca_base_component_var_register(&mca_btl_ivshmem_component.super.btl_version, name, help,
                                    MCA_BASE_VAR_TYPE_INT, NULL, 0, 0, OPAL_INFO_LVL_5,
                                    MCA_BASE_VAR_SCOPE_READONLY, storage);
}

static void register_region(weiss_btl_parameters *parameter)
{
    parameter->region = (char *)(uintptr_t) "auto";
    parameter_text(
        "region",
        "The shared region: \"auto\" for the first ivshmem device of this machine, a PCI address "
        "(0000:00:05.0) for "
        "that device, or the path of a file, usually in /dev/shm, which is made when it is missing",
        &parameter->region);
    parameter->region_bytes = 64ull << 20;
    mca_base_component_var_register(&mca_btl_ivshmem_component.super.btl_version, "region_bytes",
                                    "Size of a region file that is made",
                                    MCA_BASE_VAR_TYPE_UNSIGNED_LONG_LONG, NULL, 0, 0, OPAL_INFO_LVL_3,
                                    MCA_BASE_VAR_SCOPE_READONLY, &parameter->region_bytes);
    parameter->region_slots = 0;
    parameter_int("region_slots",
                  "Processes that a fresh region has room for, at most 512; 0: one a megabyte, at least 16 "
                  "and twice the job",
                  &parameter->region_slots);
}

static void register_wait(weiss_btl_parameters *parameter)
{
    static mca_base_var_enum_value_t modes[] = {{.value = WEISS_WAIT_SPIN, .string = "spin"},
                                                {.value = WEISS_WAIT_BLOCK, .string = "block"},
                                                {.value = WEISS_WAIT_ADAPTIVE, .string = "adaptive"},
                                                {.value = 0, .string = NULL}};
    mca_base_var_enum_t *names;
    mca_base_var_enum_create("btl_ivshmem_wait", modes, &names);
    parameter->wait = WEISS_WAIT_ADAPTIVE;
    mca_base_component_var_register(
        &mca_btl_ivshmem_component.super.btl_version, "wait",
        "How a process waits for messages: spin (never sleeps), block (sleeps at once), adaptive "
        "(spins for a measured while, then sleeps)",
        MCA_BASE_VAR_TYPE_INT, names, 0, 0, OPAL_INFO_LVL_3, MCA_BASE_VAR_SCOPE_READONLY, &parameter->wait);
    OBJ_RELEASE(names);
    parameter->spin_us = -1;
    parameter_int("spin_us",
                  "Microseconds that adaptive waiting spins before it sleeps; -1: measured at the start",
                  &parameter->spin_us);
}

static void register_sizes(weiss_btl_parameters *parameter)
{
    parameter->ring_bytes = WEISS_RING_BLOCK_MAX;
    parameter_int("ring_bytes",
                  "Largest ring of a pair of processes, a power of two from 4096 to 65536; smaller ones are "
                  "used when the region "
                  "has no room for so large ones between all processes of the job",
                  &parameter->ring_bytes);
    parameter->chunk_bytes = 64 << 10;
    parameter_int("chunk_bytes", "Size of the pieces in which large messages go", &parameter->chunk_bytes);
    parameter->chunks = 32;
    parameter_int("chunks", "Most such pieces that one process has on their way", &parameter->chunks);
    parameter->peer_timeout = 10;
    parameter_int("peer_timeout",
                  "Seconds without a sign of life after which a process of the job counts as dead; the job "
                  "then ends. A paused "
                  "machine gives no sign of life. 0: wait for ever",
                  &parameter->peer_timeout);
    parameter->statistics = (char *)(uintptr_t) "";
    parameter_text("statistics",
                   "Where each process tells at its end what it sent to whom, as a line of JSON: \"stderr\", "
                   "or a directory for "
                   "files ivshmem-RANK.json; empty: nowhere",
                   &parameter->statistics);
}

static int component_register(void)
{
    mca_btl_base_module_t *module = &weiss_btl_module.super;
    register_region(&mca_btl_ivshmem_component.parameter);
    register_wait(&mca_btl_ivshmem_component.parameter);
    register_sizes(&mca_btl_ivshmem_component.parameter);
    module->btl_exclusivity =
        MCA_BTL_EXCLUSIVITY_HIGH - 1; /* after self and vader, before everything that uses a network */
    module->btl_eager_limit = 4096;
    module->btl_rndv_eager_limit = 32768;
    module->btl_max_send_size = 65536;
    module->btl_rdma_pipeline_send_length = 4096;
    module->btl_rdma_pipeline_frag_size = 1 << 20;
    module->btl_min_rdma_pipeline_size = (size_t)1
                                         << 62; /* two-sided messages never register memory piece by piece */
    module->btl_bandwidth = 10000;
    module->btl_latency = 1;
    module->btl_flags =
        MCA_BTL_FLAGS_SEND | MCA_BTL_FLAGS_RDMA | MCA_BTL_FLAGS_ATOMIC_OPS | MCA_BTL_FLAGS_ATOMIC_FOPS;
    module->btl_atomic_flags = MCA_BTL_ATOMIC_SUPPORTS_ADD | MCA_BTL_ATOMIC_SUPPORTS_AND |
                               MCA_BTL_ATOMIC_SUPPORTS_OR | MCA_BTL_ATOMIC_SUPPORTS_XOR |
                               MCA_BTL_ATOMIC_SUPPORTS_SWAP | MCA_BTL_ATOMIC_SUPPORTS_MIN |
                               MCA_BTL_ATOMIC_SUPPORTS_MAX | MCA_BTL_ATOMIC_SUPPORTS_32BIT |
                               MCA_BTL_ATOMIC_SUPPORTS_CSWAP | MCA_BTL_ATOMIC_SUPPORTS_GLOB;
    module->btl_registration_handle_size = sizeof(mca_btl_base_registration_handle_t);
    module->btl_put_limit = module->btl_get_limit = SIZE_MAX;
    module->btl_put_local_registration_threshold = module->btl_get_local_registration_threshold = SIZE_MAX;
    return mca_btl_base_param_register(&mca_btl_ivshmem_component.super.btl_version, module);
}

static int component_open(void)
{
    return OPAL_SUCCESS;
}

static int component_close(void)
{
    weiss_btl_stop(&weiss_btl_module);
    return OPAL_SUCCESS;
}

/** A machine without a device is nothing to complain of, unless a region was asked for. */
static bool wanted(const char *region)
{
    return (region[0] != '\0' && strcmp(region, "auto") != 0) || weiss_device_present();
}

static mca_btl_base_module_t **component_init(int *count, bool progress_threads, bool mpi_threads)
{
    const weiss_btl_parameters *parameter = &mca_btl_ivshmem_component.parameter;
    weiss_fault fault = {0};
    weiss_modex modex = {.version = WEISS_MODEX_VERSION};
    int rc;
    (void)progress_threads;
    *count = 0;
    if (!wanted(parameter->region))
        return NULL;
    if (weiss_btl_start(&weiss_btl_module, parameter, mpi_threads, &fault) != 0) {
        fprintf(stderr, "weiss: ivshmem is not used by this process: %s\n", fault.text);
        return NULL;
    }
    modex.address = weiss_member_address(&weiss_btl_module.member);
    OPAL_MODEX_SEND(rc, WEISS_MODEX_SCOPE, &mca_btl_ivshmem_component.super.btl_version, &modex,
                    sizeof modex);
    mca_btl_base_module_t **modules = malloc(sizeof *modules);
    if (rc != OPAL_SUCCESS || modules == NULL) {
        free(modules);
        weiss_btl_stop(&weiss_btl_module);
        return NULL;
    }
    modules[0] = &weiss_btl_module.super;
    *count = 1;
    return modules;
}
