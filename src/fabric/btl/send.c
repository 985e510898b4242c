/* Sending. A message whose head fits into a record goes into the ring at once; a large body is packed straight into a chunk
 * of the region. What finds no room waits in the endpoint, in order. */
#include "fabric/btl/send.h"

#include "fabric/btl/rdma.h"

#include <string.h>

static void frag_construct(weiss_frag *frag)
{
    frag->base.des_segments = frag->segments;
    frag->base.des_segment_count = 1;
    frag->large = NULL;
    frag->chunk_bytes = 0;
}

static void frag_destruct(weiss_frag *frag)
{
    free(frag->large);
}

OBJ_CLASS_INSTANCE(weiss_frag, mca_btl_base_descriptor_t, frag_construct, frag_destruct);

weiss_frag *weiss_frag_get(weiss_btl *btl, weiss_endpoint *endpoint, size_t size, uint32_t flags)
{
    weiss_frag *frag = (weiss_frag *)opal_free_list_get(&btl->frags);
    if (frag == NULL)
        return NULL;
    frag->endpoint = endpoint;
    frag->chunk_bytes = 0;
    frag->base.des_segment_count = 1;
    frag->base.des_flags = flags;
    frag->base.des_cbfunc = NULL;
    frag->base.order = MCA_BTL_NO_ORDER;
    frag->segments[0].seg_addr.pval = frag->base.super.ptr;
    frag->segments[0].seg_len = size;
    if (size > weiss_ring_longest(btl->ring_block)) {
        frag->large = malloc(size);
        frag->segments[0].seg_addr.pval = frag->large;
        if (frag->large == NULL) {
            opal_free_list_return(&btl->frags, &frag->base.super);
            return NULL;
        }
    }
    return frag;
}

void weiss_frag_put_back(weiss_btl *btl, weiss_frag *frag)
{
    if (frag->chunk_bytes > 0) { /* it was never sent */
        OPAL_THREAD_LOCK(&btl->lock);
        weiss_pool_give(&btl->pool, frag->chunk);
        OPAL_THREAD_UNLOCK(&btl->lock);
        frag->chunk_bytes = 0;
    }
    free(frag->large);
    frag->large = NULL;
    opal_free_list_return(&btl->frags, &frag->base.super);
}

mca_btl_base_descriptor_t *weiss_btl_alloc(mca_btl_base_module_t *module, weiss_endpoint *endpoint,
                                           uint8_t order, size_t size, uint32_t flags)
{
    weiss_btl *btl = (weiss_btl *)module;
    (void)order;
    if (size > WEISS_BTL_HEAD_MAX + btl->pool.chunk_bytes)
        return NULL;
    return (mca_btl_base_descriptor_t *)weiss_frag_get(btl, endpoint, size, flags);
}

int weiss_btl_free(mca_btl_base_module_t *module, mca_btl_base_descriptor_t *descriptor)
{
    weiss_frag_put_back((weiss_btl *)module, (weiss_frag *)descriptor);
    return OPAL_SUCCESS;
}

/** Chunks that one endpoint may have on their way: half, so that a peer that does not read holds up only itself. */
static uint32_t flights_allowed(const weiss_btl *btl)
{
    return btl->pool.limit / 2;
}

bool weiss_chunk_take(weiss_btl *btl, weiss_endpoint *endpoint, uint64_t *chunk)
{
    weiss_fault fault;
    bool taken;
    weiss_fault_clear(&fault);
    OPAL_THREAD_LOCK(&btl->lock);
    int code = weiss_outlet_reclaim(&endpoint->outlet, &btl->pool, &fault);
    taken =
        code == 0 && endpoint->outlet.flights < flights_allowed(btl) && weiss_pool_take(&btl->pool, chunk);
    OPAL_THREAD_UNLOCK(&btl->lock);
    if (code != 0)
        weiss_btl_fail(btl, endpoint, &fault);
    return taken;
}

/** True when so few chunks are left that the upper layer must not believe that this one is done: the completion of those that
 *  wait is what makes it go on. */
static bool chunks_scarce(const weiss_btl *btl, const weiss_endpoint *endpoint)
{
    return btl->pool.free + (btl->pool.limit - btl->pool.total) < 4 ||
           endpoint->outlet.flights + 4 > flights_allowed(btl);
}

static size_t pack(opal_convertor_t *convertor, void *to, size_t bytes)
{
    struct iovec vector = {to, bytes};
    uint32_t count = 1;
    opal_convertor_pack(convertor, &vector, &count, &bytes);
    return bytes;
}

mca_btl_base_descriptor_t *weiss_btl_prepare_src(mca_btl_base_module_t *module, weiss_endpoint *endpoint,
                                                 opal_convertor_t *convertor, uint8_t order, size_t reserve,
                                                 size_t *size, uint32_t flags)
{
    weiss_btl *btl = (weiss_btl *)module;
    size_t longest = weiss_ring_longest(btl->ring_block);
    uint64_t chunk;
    (void)order;
    bool small = reserve + *size <= longest && reserve + *size <= 2048;
    OPAL_THREAD_LOCK(&endpoint->lock);
    bool taken = !small && reserve <= WEISS_BTL_HEAD_MAX && weiss_chunk_take(btl, endpoint, &chunk);
    OPAL_THREAD_UNLOCK(&endpoint->lock);
    if (!small && !taken && atomic_load(&btl->ndeferred) > 0)
        return NULL; /* a completion will come, and the upper layer tries again then */
    if (!taken && *size > longest - reserve)
        *size = longest - reserve;
    weiss_frag *frag = weiss_frag_get(btl, endpoint, taken ? reserve : reserve + *size, flags);
    if (frag == NULL) {
        if (taken) {
            OPAL_THREAD_LOCK(&btl->lock);
            weiss_pool_give(&btl->pool, chunk);
            OPAL_THREAD_UNLOCK(&btl->lock);
        }
        return NULL;
    }
    if (!taken) {
        *size = pack(convertor, (uint8_t *)frag->segments[0].seg_addr.pval + reserve, *size);
        frag->segments[0].seg_len = reserve + *size;
        return &frag->base;
    }
    uint8_t *body = btl->region.base + chunk;
    *size = pack(convertor, body, *size < btl->pool.chunk_bytes ? *size : btl->pool.chunk_bytes);
    frag->chunk = chunk;
    frag->chunk_bytes = *size;
    frag->segments[1].seg_addr.pval = body;
    frag->segments[1].seg_len = *size;
    frag->base.des_segment_count = 2;
    return &frag->base;
}

/** Puts a body that is too long for a record, and whose head is not apart, into a chunk. */
static int move_to_chunk(weiss_btl *btl, weiss_endpoint *endpoint, weiss_frag *frag)
{
    uint8_t *whole = frag->segments[0].seg_addr.pval;
    uint64_t chunk, length = frag->segments[0].seg_len - WEISS_BTL_HEAD_MAX;
    if (!weiss_chunk_take(btl, endpoint, &chunk))
        return WEISS_RETRY;
    memcpy(btl->region.base + chunk, whole + WEISS_BTL_HEAD_MAX, length);
    frag->chunk = chunk;
    frag->chunk_bytes = length;
    frag->segments[0].seg_len = WEISS_BTL_HEAD_MAX;
    return 0;
}

/** Publishes a frag. The endpoint is locked. @return 0, WEISS_RETRY, < 0 */
static int post(weiss_btl *btl, weiss_endpoint *endpoint, weiss_frag *frag, weiss_fault *fault)
{
    const mca_btl_base_segment_t *head = frag->segments;
    uint64_t bytes = head->seg_len + frag->chunk_bytes;
    if (frag->chunk_bytes == 0 && head->seg_len > weiss_ring_longest(btl->ring_block))
        WEISS_FAULT_TRY(move_to_chunk(btl, endpoint, frag));
    int code = frag->chunk_bytes > 0
                   ? weiss_outlet_send_chunk(&endpoint->outlet, frag->tag, head->seg_addr.pval, head->seg_len,
                                             frag->chunk, frag->chunk_bytes, fault)
                   : weiss_outlet_send(&endpoint->outlet, frag->tag, head->seg_addr.pval, head->seg_len, NULL,
                                       0, fault);
    if (code == 0) {
        frag->end = frag->chunk_bytes > 0 ? endpoint->outlet.head : 0;
        frag->chunk_bytes = 0; /* the outlet has it */
        endpoint->counts.messages++;
        endpoint->counts.bytes += bytes;
    }
    return code;
}

static void stall(weiss_btl *btl, weiss_endpoint *endpoint)
{
    if (!endpoint->stalled) {
        endpoint->stalled = true;
        atomic_fetch_add(&btl->stalled, 1);
    }
}

/** Tells the upper layer, if it wants to hear, that a frag is done. */
static void complete(weiss_btl *btl, weiss_frag *frag)
{
    bool owned = (frag->base.des_flags & MCA_BTL_DES_FLAGS_BTL_OWNERSHIP) != 0;
    if (frag->base.des_cbfunc != NULL && (frag->base.des_flags & MCA_BTL_DES_SEND_ALWAYS_CALLBACK) != 0)
        frag->base.des_cbfunc(&btl->super, frag->endpoint, &frag->base, OPAL_SUCCESS);
    if (owned)
        weiss_frag_put_back(btl, frag);
}

int weiss_btl_send(mca_btl_base_module_t *module, weiss_endpoint *endpoint,
                   mca_btl_base_descriptor_t *descriptor, mca_btl_base_tag_t tag)
{
    weiss_btl *btl = (weiss_btl *)module;
    weiss_frag *frag = (weiss_frag *)descriptor;
    weiss_fault fault;
    int code = WEISS_RETRY;
    weiss_fault_clear(&fault);
    frag->tag = tag;
    frag->endpoint = endpoint;
    frag->end = 0;
    OPAL_THREAD_LOCK(&endpoint->lock);
    if (opal_list_is_empty(&endpoint->pending))
        code = post(btl, endpoint, frag, &fault);
    if (code == WEISS_RETRY) {
        frag->base.des_flags |= MCA_BTL_DES_SEND_ALWAYS_CALLBACK;
        opal_list_append(&endpoint->pending, &frag->base.super.super);
        stall(btl, endpoint);
    } else if (code == 0 && frag->end > 0 && chunks_scarce(btl, endpoint)) {
        frag->base.des_flags |= MCA_BTL_DES_SEND_ALWAYS_CALLBACK;
        opal_list_append(&endpoint->deferred, &frag->base.super.super);
        atomic_fetch_add(&btl->ndeferred, 1);
        stall(btl, endpoint);
        code = WEISS_RETRY;
    }
    OPAL_THREAD_UNLOCK(&endpoint->lock);
    if (code == WEISS_RETRY)
        return OPAL_SUCCESS;
    if (code < 0) {
        weiss_btl_fail(btl, endpoint, &fault);
        return OPAL_ERROR;
    }
    complete(btl, frag);
    return 1;
}

/** Sends head and payload at once when they fit. @return 0, WEISS_RETRY, < 0 */
static int send_now(weiss_btl *btl, weiss_endpoint *endpoint, opal_convertor_t *convertor, const void *header,
                    size_t header_size, size_t payload_size, mca_btl_base_tag_t tag, weiss_fault *fault)
{
    uint8_t packed[4096];
    void *payload = packed;
    if (header_size + payload_size > weiss_ring_longest(btl->ring_block))
        return WEISS_RETRY;
    if (payload_size > 0 && !opal_convertor_need_buffers(convertor))
        opal_convertor_get_current_pointer(convertor, &payload);
    else if (payload_size > sizeof packed ||
             (payload_size > 0 && pack(convertor, packed, payload_size) != payload_size))
        return WEISS_RETRY;
    OPAL_THREAD_LOCK(&endpoint->lock);
    int code =
        opal_list_is_empty(&endpoint->pending)
            ? weiss_outlet_send(&endpoint->outlet, tag, header, header_size, payload, payload_size, fault)
            : WEISS_RETRY;
    if (code == 0) {
        endpoint->counts.messages++;
        endpoint->counts.bytes += header_size + payload_size;
    }
    OPAL_THREAD_UNLOCK(&endpoint->lock);
    return code;
}

int weiss_btl_sendi(mca_btl_base_module_t *module, weiss_endpoint *endpoint, opal_convertor_t *convertor,
                    void *header, size_t header_size, size_t payload_size, uint8_t order, uint32_t flags,
                    mca_btl_base_tag_t tag, mca_btl_base_descriptor_t **descriptor)
{
    weiss_btl *btl = (weiss_btl *)module;
    weiss_fault fault;
    weiss_fault_clear(&fault);
    int code = send_now(btl, endpoint, convertor, header, header_size, payload_size, tag, &fault);
    if (code == 0)
        return OPAL_SUCCESS;
    if (code < 0)
        weiss_btl_fail(btl, endpoint, &fault);
    if (descriptor != NULL)
        *descriptor = weiss_btl_alloc(module, endpoint, order, header_size + payload_size, flags);
    return OPAL_ERR_OUT_OF_RESOURCE;
}

/** Moves what can be done from the endpoint's lists to @p done. The endpoint is locked. */
static int advance(weiss_btl *btl, weiss_endpoint *endpoint, opal_list_t *done, weiss_fault *fault)
{
    weiss_frag *frag;
    OPAL_THREAD_LOCK(&btl->lock);
    int code = weiss_outlet_reclaim(&endpoint->outlet, &btl->pool, fault);
    OPAL_THREAD_UNLOCK(&btl->lock);
    while (code == 0 && !opal_list_is_empty(&endpoint->deferred)) {
        frag = (weiss_frag *)opal_list_get_first(&endpoint->deferred);
        if (frag->end > endpoint->outlet.tail)
            break;
        opal_list_append(done, opal_list_remove_first(&endpoint->deferred));
        atomic_fetch_sub(&btl->ndeferred, 1);
    }
    while (code == 0 && !opal_list_is_empty(&endpoint->pending)) {
        frag = (weiss_frag *)opal_list_get_first(&endpoint->pending);
        code = post(btl, endpoint, frag, fault);
        if (code == 0)
            opal_list_append(done, opal_list_remove_first(&endpoint->pending));
    }
    if (code == 0)
        code = weiss_rdma_advance(btl, endpoint, fault);
    if (code >= 0 && opal_list_is_empty(&endpoint->pending) && opal_list_is_empty(&endpoint->deferred) &&
        opal_list_is_empty(&endpoint->operations)) {
        endpoint->stalled = false;
        atomic_fetch_sub(&btl->stalled, 1);
    }
    return code;
}

int weiss_endpoint_advance(weiss_btl *btl, weiss_endpoint *endpoint)
{
    opal_list_t done;
    weiss_fault fault;
    opal_list_item_t *item;
    int count = 0;
    weiss_fault_clear(&fault);
    OBJ_CONSTRUCT(&done, opal_list_t);
    OPAL_THREAD_LOCK(&endpoint->lock);
    int code = endpoint->stalled ? advance(btl, endpoint, &done, &fault) : 0;
    OPAL_THREAD_UNLOCK(&endpoint->lock);
    while ((item = opal_list_remove_first(&done)) != NULL) {
        complete(btl, (weiss_frag *)item);
        count++;
    }
    OBJ_DESTRUCT(&done);
    if (code < 0)
        weiss_btl_fail(btl, endpoint, &fault);
    return count;
}

void weiss_endpoint_stall(weiss_btl *btl, weiss_endpoint *endpoint)
{
    stall(btl, endpoint);
}
