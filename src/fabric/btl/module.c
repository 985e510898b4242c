/* The module: start and end, and the endpoints of the peers that share the region. */
#include "fabric/btl/btl.h"
#include "fabric/btl/rdma.h"
#include "fabric/clock.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/** How long the end waits for peers that have not yet read everything. */
#define DRAIN_MS 2000
/** How long a start watches for dead processes when the region is full, at least. */
#define TAKE_OVER_MS 3000
#define TICK_MS 100

static void endpoint_construct(weiss_endpoint *endpoint)
{
    OBJ_CONSTRUCT(&endpoint->lock, opal_mutex_t);
    OBJ_CONSTRUCT(&endpoint->pending, opal_list_t);
    OBJ_CONSTRUCT(&endpoint->deferred, opal_list_t);
    OBJ_CONSTRUCT(&endpoint->operations, opal_list_t);
    memset(&endpoint->outlet, 0, sizeof endpoint->outlet);
    memset(&endpoint->address, 0, sizeof endpoint->address);
    memset(&endpoint->counts, 0, sizeof endpoint->counts);
    endpoint->open = endpoint->stalled = endpoint->left = false;
    endpoint->proc = NULL;
    endpoint->pulse = endpoint->pulse_ns = 0;
}

static void endpoint_destruct(weiss_endpoint *endpoint)
{
    OBJ_DESTRUCT(&endpoint->operations);
    OBJ_DESTRUCT(&endpoint->deferred);
    OBJ_DESTRUCT(&endpoint->pending);
    OBJ_DESTRUCT(&endpoint->lock);
}

OBJ_CLASS_INSTANCE(weiss_endpoint, opal_list_item_t, endpoint_construct, endpoint_destruct);

/** Processes of this job, as the launcher says; 2 when it does not. */
static unsigned job_size(void)
{
    const char *text = getenv("OMPI_COMM_WORLD_SIZE");
    int size = text != NULL ? atoi(text) : 0;
    return size > 2 ? (unsigned)size : 2;
}

/** Cores that this process may use. */
static int cores(void)
{
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

/** Processes of this job that can be in the region. */
static uint32_t members_at_most(const weiss_btl *btl)
{
    return job_size() < btl->region.slots ? job_size() : btl->region.slots;
}

/** Rings so large that each pair of the job has one in half of the heap; chunks so many that all have theirs in the rest. */
static int choose_sizes(weiss_btl *btl, const weiss_btl_parameters *parameter, weiss_fault *fault)
{
    uint64_t heap = btl->region.bytes - btl->region.heap, size = members_at_most(btl);
    uint64_t most = (uint64_t)parameter->ring_bytes, share = heap / 2 / (size * size);
    btl->ring_block = WEISS_RING_BLOCK_MIN;
    while (btl->ring_block * 2 <= most && btl->ring_block * 2 <= share &&
           btl->ring_block < WEISS_RING_BLOCK_MAX)
        btl->ring_block *= 2;
    size_t longest = weiss_ring_longest(btl->ring_block);
    if (btl->super.btl_eager_limit > longest)
        btl->super.btl_eager_limit = longest;
    uint64_t chunk = parameter->chunk_bytes < 8192 ? 8192 : (uint64_t)parameter->chunk_bytes;
    uint64_t chunks = heap / 4 / size / chunk;
    chunks = chunks > (uint64_t)parameter->chunks ? (uint64_t)parameter->chunks : chunks;
    if (btl->super.btl_max_send_size > chunk)
        btl->super.btl_max_send_size = chunk;
    if (btl->super.btl_rndv_eager_limit > chunk)
        btl->super.btl_rndv_eager_limit = chunk;
    return weiss_pool_make(&btl->member, chunk, chunks < 8 ? 8 : (uint32_t)chunks, &btl->pool, fault);
}

/** Claims the memory of all rings that the job can need here. A process for which there is not enough must not offer itself
 *  to the others: Open MPI cannot use a transport that goes one way only. */
static int reserve_rings(weiss_btl *btl, weiss_fault *fault)
{
    uint32_t count = members_at_most(btl) - 1, made = 0;
    uint64_t *offset = calloc(count, sizeof *offset);
    int code = offset != NULL ? 0 : weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for rings");
    while (code == 0 && made < count) {
        code = weiss_member_allocate(&btl->member, btl->ring_block, &offset[made], fault);
        made += code == 0;
    }
    while (made > 0)
        weiss_member_free(&btl->member, offset[--made], btl->ring_block);
    free(offset);
    return code != 0 ? weiss_fault_prefix(fault, "rings to %" PRIu32 " other ranks", count) : 0;
}

/** As long as a job waits before it takes a silent process for dead: one that is only paused keeps its place. */
static int take_over_ms(const weiss_btl_parameters *parameter)
{
    int seconds = parameter->peer_timeout;
    seconds = seconds <= 0 ? 10 : seconds > 60 ? 60 : seconds;
    return seconds * 1000 > TAKE_OVER_MS ? seconds * 1000 : TAKE_OVER_MS;
}

static int join(weiss_btl *btl, const weiss_btl_parameters *parameter, weiss_fault *fault)
{
    char label[WEISS_LABEL_BYTES];
    opal_process_name_t name = OPAL_PROC_MY_NAME;
    weiss_identity who = {.job = name.jobid, .rank = name.vpid, .label = label};
    snprintf(label, sizeof label, "rank %u on %s", (unsigned)name.vpid, opal_process_info.nodename);
    return weiss_member_join(&btl->region, btl->device, &who, take_over_ms(parameter), &btl->member, fault);
}

static int attach(weiss_btl *btl, const weiss_btl_parameters *parameter, weiss_fault *fault)
{
    weiss_region_shape shape = {.slots = (uint32_t)parameter->region_slots};
    WEISS_FAULT_TRY(weiss_device_open(parameter->region, parameter->region_bytes, &btl->device, fault));
    size_t bytes = weiss_device_bytes(btl->device), by_size = bytes >> 20;
    if (shape.slots == 0 && by_size < 2 * job_size()) /* the job and what it may spawn */
        shape.slots = 2 * job_size() < 16                ? 16
                      : 2 * job_size() > WEISS_SLOTS_MAX ? WEISS_SLOTS_MAX
                                                         : 2 * job_size();
    if (weiss_region_attach(weiss_device_memory(btl->device), bytes, &shape, &btl->region, fault) != 0)
        return weiss_fault_prefix(fault, "%s", weiss_device_name(btl->device));
    return 0;
}

/** Warns once a machine when the mapping is so slow that the fabric loses its point. */
static void judge_speed(weiss_btl *btl)
{
    uint64_t scratch;
    weiss_device_speed speed;
    char text[512];
    if (weiss_device_how(btl->device) == WEISS_DEVICE_FILE || opal_process_info.my_local_rank != 0)
        return;
    if (weiss_member_allocate(&btl->member, btl->pool.chunk_bytes, &scratch, NULL) != 0)
        return;
    if (weiss_device_measure(btl->device, scratch, btl->pool.chunk_bytes, &speed, NULL) == 0 &&
        weiss_device_slow(btl->device, &speed, text, sizeof text))
        fprintf(stderr, "weiss: warning: %s\n", text);
    weiss_member_free(&btl->member, scratch, btl->pool.chunk_bytes);
}

int weiss_btl_start(weiss_btl *btl, const weiss_btl_parameters *parameter, bool threads, weiss_fault *fault)
{
    int code, here = 1 + (int)opal_process_info.num_local_peers;
    OBJ_CONSTRUCT(&btl->lock, opal_mutex_t);
    OBJ_CONSTRUCT(&btl->endpoints, opal_list_t);
    OBJ_CONSTRUCT(&btl->frags, opal_free_list_t);
    pthread_mutex_init(&btl->peers_lock, NULL);
    btl->statistics = strdup(parameter->statistics);
    btl->ready = true;
    code = attach(btl, parameter, fault);
    code = code != 0 ? code : join(btl, parameter, fault);
    code = code != 0 ? code : choose_sizes(btl, parameter, fault);
    code = code != 0 ? code : reserve_rings(btl, fault);
    code = code != 0 ? code : weiss_mailbox_make(&btl->member, threads, &btl->mailbox, fault);
    code = code != 0 ? code : weiss_rdma_make(btl, fault);
    if (code == 0 && opal_free_list_init(&btl->frags, sizeof(weiss_frag), WEISS_LINE, OBJ_CLASS(weiss_frag),
                                         weiss_ring_longest(btl->ring_block), WEISS_LINE, 16, -1, 64, NULL, 0,
                                         NULL, NULL, NULL) != OPAL_SUCCESS)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for message buffers");
    code = code != 0 ? code : weiss_btl_pulse_start(btl, fault);
    if (code != 0) {
        weiss_btl_stop(btl);
        return code;
    }
    weiss_waiter_make((weiss_wait_mode)parameter->wait, here > cores(), parameter->spin_us, &btl->member,
                      &btl->waiter);
    btl->tick_ticks = (uint64_t)(TICK_MS * 1000 * btl->waiter.ticks_per_us);
    judge_speed(btl);
    return 0;
}

/** Lets the peers read what was sent to them. */
static void drain(weiss_btl *btl)
{
    weiss_endpoint *endpoint;
    uint64_t until = weiss_clock_ns() + DRAIN_MS * UINT64_C(1000000);
    OPAL_LIST_FOREACH(endpoint, &btl->endpoints, weiss_endpoint)
    {
        while (!btl->failed && endpoint->open && !weiss_outlet_drained(&endpoint->outlet) &&
               weiss_clock_ns() < until &&
               weiss_peer_present(&btl->region, endpoint->address.slot, endpoint->address.generation)) {
            weiss_outlet_tick(&endpoint->outlet);
            sched_yield();
        }
    }
}

void weiss_btl_stop(weiss_btl *btl)
{
    opal_list_item_t *item;
    if (!btl->ready)
        return;
    btl->ready = false;
    if (btl->member.shared != NULL)
        drain(btl);
    weiss_btl_pulse_stop(btl);
    while ((item = opal_list_remove_first(&btl->endpoints)) != NULL) {
        weiss_endpoint *endpoint = (weiss_endpoint *)item;
        weiss_outlet_close(&endpoint->outlet);
        OBJ_RELEASE(endpoint);
    }
    weiss_rdma_clear(btl);
    weiss_mailbox_clear(&btl->mailbox);
    weiss_pool_clear(&btl->pool);
    weiss_member_leave(&btl->member);
    weiss_device_close(btl->device);
    btl->device = NULL;
    free(btl->statistics);
    btl->statistics = NULL;
    OBJ_DESTRUCT(&btl->frags);
    OBJ_DESTRUCT(&btl->endpoints);
    OBJ_DESTRUCT(&btl->lock);
    pthread_mutex_destroy(&btl->peers_lock);
}

int weiss_btl_finalize(mca_btl_base_module_t *module)
{
    weiss_btl *btl = (weiss_btl *)module;
    if (btl->ready)
        weiss_btl_statistics_write(btl);
    weiss_btl_stop(btl);
    return OPAL_SUCCESS;
}

/** What @p proc has published; false when it has no region or another one. */
static bool same_region(weiss_btl *btl, opal_proc_t *proc, weiss_address *address)
{
    weiss_modex *modex = NULL;
    size_t size = 0;
    int rc;
    OPAL_MODEX_RECV(rc, &mca_btl_ivshmem_component.super.btl_version, &proc->proc_name, (void **)&modex,
                    &size);
    bool same = rc == OPAL_SUCCESS && modex != NULL && size == sizeof *modex &&
                modex->version == WEISS_MODEX_VERSION &&
                memcmp(modex->address.group, btl->region.group, sizeof modex->address.group) == 0;
    if (same)
        *address = modex->address;
    free(modex);
    return same;
}

static weiss_endpoint *connect_to(weiss_btl *btl, opal_proc_t *proc, const weiss_address *address,
                                  weiss_fault *fault)
{
    weiss_endpoint *endpoint = OBJ_NEW(weiss_endpoint);
    if (endpoint == NULL)
        return NULL;
    if (weiss_outlet_open(&btl->member, address, btl->ring_block, &endpoint->outlet, fault) != 0) {
        OBJ_RELEASE(endpoint);
        return NULL;
    }
    endpoint->proc = proc;
    endpoint->name = proc->proc_name;
    endpoint->address = *address;
    endpoint->open = true;
    pthread_mutex_lock(&btl->peers_lock);
    opal_list_append(&btl->endpoints, &endpoint->super);
    pthread_mutex_unlock(&btl->peers_lock);
    return endpoint;
}

/** The endpoint of the peer at @p address; NULL: none yet. A peer must not get a second ring: its mailbox reads one. */
static weiss_endpoint *known_endpoint(weiss_btl *btl, const weiss_address *address)
{
    weiss_endpoint *endpoint;
    OPAL_LIST_FOREACH(endpoint, &btl->endpoints, weiss_endpoint)
    {
        if (endpoint->open && endpoint->address.slot == address->slot &&
            endpoint->address.generation == address->generation)
            return endpoint;
    }
    return NULL;
}

int weiss_btl_add_procs(mca_btl_base_module_t *module, size_t count, opal_proc_t **procs,
                        weiss_endpoint **peers, opal_bitmap_t *reachable)
{
    weiss_btl *btl = (weiss_btl *)module;
    for (size_t i = 0; i < count; i++) {
        weiss_address address;
        weiss_fault fault = {0};
        peers[i] = NULL;
        if (!same_region(btl, procs[i], &address))
            continue;
        peers[i] = known_endpoint(btl, &address);
        if (peers[i] != NULL)
            peers[i]->proc = procs[i];
        else
            peers[i] = connect_to(btl, procs[i], &address, &fault);
        if (peers[i] == NULL)
            fprintf(stderr, "weiss: warning: ivshmem is not used to rank %u: %s\n",
                    (unsigned)procs[i]->proc_name.vpid, fault.text);
        else if (reachable != NULL)
            opal_bitmap_set_bit(reachable, (int)i);
    }
    return OPAL_SUCCESS;
}

weiss_endpoint *weiss_btl_endpoint_of(weiss_btl *btl, uint32_t slot, opal_process_name_t name)
{
    weiss_endpoint *endpoint;
    weiss_address address;
    OPAL_LIST_FOREACH(endpoint, &btl->endpoints, weiss_endpoint)
    {
        if (endpoint->open && endpoint->address.slot == slot &&
            weiss_peer_present(&btl->region, slot, endpoint->address.generation))
            return endpoint;
    }
    opal_proc_t *proc = opal_proc_for_name(name);
    if (proc == NULL || !same_region(btl, proc, &address) || address.slot != slot)
        return NULL;
    return connect_to(btl, proc, &address, NULL);
}

/** Parts from a peer. What was sent to it stays until the end: it may not have read it all. So does the endpoint: Open MPI keeps
 *  several pointers to it, and parts by each of them. */
static void part(weiss_btl *btl, weiss_endpoint *endpoint)
{
    weiss_endpoint *dead = endpoint;
    endpoint->proc = NULL;
    atomic_compare_exchange_strong(&btl->dead, &dead, NULL);
    if (endpoint->outlet.head > 0)
        return;
    endpoint->open = false;
    weiss_outlet_close(&endpoint->outlet);
}

int weiss_btl_del_procs(mca_btl_base_module_t *module, size_t count, opal_proc_t **procs,
                        weiss_endpoint **peers)
{
    weiss_btl *btl = (weiss_btl *)module;
    (void)procs;
    pthread_mutex_lock(&btl->peers_lock);
    for (size_t i = 0; i < count; i++) {
        if (peers[i] != NULL)
            part(btl, peers[i]);
        peers[i] = NULL;
    }
    pthread_mutex_unlock(&btl->peers_lock);
    return OPAL_SUCCESS;
}

int weiss_btl_register_error(mca_btl_base_module_t *module, mca_btl_base_module_error_cb_fn_t callback)
{
    ((weiss_btl *)module)->error_cb = callback;
    return OPAL_SUCCESS;
}

void weiss_btl_fail(weiss_btl *btl, weiss_endpoint *endpoint, const weiss_fault *fault)
{
    opal_process_name_t name = OPAL_PROC_MY_NAME;
    if (btl->failed)
        return;
    btl->failed = true;
    fprintf(stderr, "weiss: ivshmem: rank %u on %s: %s\n", (unsigned)name.vpid, opal_process_info.nodename,
            fault->text);
    if (btl->error_cb != NULL)
        btl->error_cb(&btl->super, MCA_BTL_ERROR_FLAGS_FATAL, endpoint != NULL ? endpoint->proc : NULL, NULL);
    else
        _exit(1);
}
