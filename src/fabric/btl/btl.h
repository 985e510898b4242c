/* The BTL "ivshmem": Open MPI's messages through a shared region. Only what Open MPI asks of a transport is here; regions,
 * rings and waiting are the fabric's. */
#ifndef WEISS_BTL_H
#define WEISS_BTL_H

#include "fabric/btl/compat.h"
#include "fabric/wait.h"

#include <semaphore.h>

/** Bytes of a message's head that go into a record beside the place of a chunk. */
#define WEISS_BTL_HEAD_MAX (WEISS_SEALED - 16)
/** Tag of the component's own messages (emulated puts, gets and atomics). */
#define WEISS_BTL_TAG (MCA_BTL_TAG_BTL + 7)

typedef struct mca_btl_base_endpoint_t weiss_endpoint;

/** What a process publishes about itself. */
typedef struct weiss_modex {
    uint32_t version; /**< of this structure */
    weiss_address address;
} weiss_modex;
#define WEISS_MODEX_VERSION 1

/** A descriptor and its buffer. */
typedef struct weiss_frag {
    mca_btl_base_descriptor_t base;
    mca_btl_base_segment_t segments[2];
    weiss_endpoint *endpoint;
    size_t capacity; /**< of the buffer at base.super.ptr, or of @p large */
    void *large; /**< owned; a buffer for more than a record, NULL: none */
    uint64_t chunk, chunk_bytes; /**< body in the region; 0 bytes: none */
    uint64_t end; /**< deferred: done when the receiver's tail is here */
    mca_btl_base_tag_t tag;
} weiss_frag;
OBJ_CLASS_DECLARATION(weiss_frag);

/** Counters of a peer. */
typedef struct weiss_peer_counts {
    uint64_t messages, bytes; /**< sent */
    uint64_t puts, put_bytes, gets, get_bytes; /**< directly in the region */
} weiss_peer_counts;

struct mca_btl_base_endpoint_t {
    opal_list_item_t super;
    opal_mutex_t lock; /**< of all below */
    weiss_outlet outlet;
    bool open; /**< the outlet is there */
    bool stalled; /**< listed in the module's stalled endpoints */
    opal_list_t pending; /**< frags that found no room, in order */
    opal_list_t deferred; /**< frags that wait for their chunk */
    opal_list_t operations; /**< emulated operations that are not sent yet */
    opal_proc_t *proc; /**< borrowed; NULL once Open MPI has parted from the peer */
    opal_process_name_t name;
    weiss_address address;
    uint64_t pulse; /**< as last seen, and */
    uint64_t pulse_ns; /**< when it last changed */
    bool left; /**< it has given its slot back, as at the end of MPI */
    weiss_peer_counts counts;
};
OBJ_CLASS_DECLARATION(weiss_endpoint);

typedef struct weiss_btl_parameters {
    char *region;
    unsigned long long region_bytes;
    int region_slots;
    int wait; /**< weiss_wait_mode */
    int spin_us;
    int ring_bytes;
    int chunk_bytes;
    int chunks;
    int peer_timeout;
    char *statistics;
} weiss_btl_parameters;

typedef struct weiss_btl_component {
    mca_btl_base_component_t super;
    weiss_btl_parameters parameter;
} weiss_btl_component;

typedef struct weiss_btl {
    mca_btl_base_module_t super;
    weiss_device *device;
    weiss_region region;
    weiss_member member;
    weiss_mailbox mailbox;
    weiss_waiter waiter;
    weiss_pool pool;
    opal_mutex_t lock; /**< of the pool and the lists below */
    opal_list_t endpoints; /**< all */
    _Atomic int stalled; /**< endpoints that have something pending or deferred */
    _Atomic int ndeferred;
    opal_free_list_t frags;
    uint64_t ring_block;
    uint64_t tick_ticks, next_tick; /**< in ticks of the clock */
    uint32_t polls; /**< since the last look at the clock */
    bool ready, failed;
    mca_btl_base_module_error_cb_fn_t error_cb;
    pthread_t pulse_thread;
    sem_t pulse_stop;
    bool pulse_runs;
    _Atomic(weiss_endpoint *) dead; /**< found dead by the pulse thread */
    pthread_mutex_t peers_lock; /**< the list of endpoints against the pulse thread */
    struct weiss_rdma *rdma; /**< owned; emulated one-sided operations */
    uint64_t received, received_bytes;
    char *statistics; /**< owned; a copy, because Open MPI takes its parameters back before the end */
} weiss_btl;

extern weiss_btl_component mca_btl_ivshmem_component;
extern weiss_btl weiss_btl_module;

/* module.c */
int weiss_btl_start(weiss_btl *btl, const weiss_btl_parameters *parameter, bool threads, weiss_fault *fault);
void weiss_btl_stop(weiss_btl *btl);
int weiss_btl_add_procs(mca_btl_base_module_t *module, size_t count, opal_proc_t **procs,
                        weiss_endpoint **peers, opal_bitmap_t *reachable);
int weiss_btl_del_procs(mca_btl_base_module_t *module, size_t count, opal_proc_t **procs,
                        weiss_endpoint **peers);
int weiss_btl_finalize(mca_btl_base_module_t *module);
int weiss_btl_register_error(mca_btl_base_module_t *module, mca_btl_base_module_error_cb_fn_t callback);
/** Ends the job because of @p fault: says so and tells Open MPI. Returns only when nobody listens. */
void weiss_btl_fail(weiss_btl *btl, weiss_endpoint *endpoint, const weiss_fault *fault);

/* send.c */
mca_btl_base_descriptor_t *weiss_btl_alloc(mca_btl_base_module_t *module, weiss_endpoint *endpoint,
                                           uint8_t order, size_t size, uint32_t flags);
int weiss_btl_free(mca_btl_base_module_t *module, mca_btl_base_descriptor_t *descriptor);
mca_btl_base_descriptor_t *weiss_btl_prepare_src(mca_btl_base_module_t *module, weiss_endpoint *endpoint,
                                                 opal_convertor_t *convertor, uint8_t order, size_t reserve,
                                                 size_t *size, uint32_t flags);
int weiss_btl_send(mca_btl_base_module_t *module, weiss_endpoint *endpoint,
                   mca_btl_base_descriptor_t *descriptor, mca_btl_base_tag_t tag);
int weiss_btl_sendi(mca_btl_base_module_t *module, weiss_endpoint *endpoint, opal_convertor_t *convertor,
                    void *header, size_t header_size, size_t payload_size, uint8_t order, uint32_t flags,
                    mca_btl_base_tag_t tag, mca_btl_base_descriptor_t **descriptor);

/* progress.c */
int weiss_btl_progress(void);

/* pulse.c: a thread that shows that this process lives, and watches the others. */
int weiss_btl_pulse_start(weiss_btl *btl, weiss_fault *fault);
void weiss_btl_pulse_stop(weiss_btl *btl);

/* statistics.c */
/** Tells what was sent to whom, where btl->statistics says. */
void weiss_btl_statistics_write(const weiss_btl *btl);

#endif
