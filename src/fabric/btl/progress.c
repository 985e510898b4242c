/* Progress: what Open MPI calls over and over while it waits. */
#include "fabric/btl/btl.h"
#include "fabric/btl/rdma.h"
#include "fabric/btl/send.h"
#include "fabric/clock.h"

#include <sched.h>
#include <stdio.h>

/** Polls between two looks at the clock. */
#define CLOCK_EVERY 32

static void deliver(void *self, const weiss_message *message)
{
    weiss_btl *btl = self;
    btl->received++;
    btl->received_bytes += message->head_bytes + message->body_bytes;
    if (message->tag == WEISS_BTL_TAG) {
        weiss_rdma_receive(btl, message);
        return;
    }
    mca_btl_base_segment_t segments[2];
    segments[0].seg_addr.pval = (void *)(uintptr_t)message->head;
    segments[0].seg_len = message->head_bytes;
    segments[1].seg_addr.pval = (void *)(uintptr_t)message->body;
    segments[1].seg_len = message->body_bytes;
    WEISS_RECEIVE(&btl->super, NULL, message->tag, segments, message->body_bytes > 0 ? 2 : 1);
}

static int advance_all(weiss_btl *btl)
{
    weiss_endpoint *endpoint;
    int count = 0;
    OPAL_LIST_FOREACH(endpoint, &btl->endpoints, weiss_endpoint)
    {
        if (endpoint->stalled)
            count += weiss_endpoint_advance(btl, endpoint);
    }
    if (count == 0 && btl->waiter.mode != WEISS_WAIT_SPIN)
        sched_yield(); /* nobody wakes a sender whose ring has room again */
    return count;
}

static void report_dead(weiss_btl *btl, weiss_endpoint *endpoint)
{
    weiss_fault fault = {0};
    if (endpoint->proc == NULL) /* it has left since */
        return;
    weiss_fault_set(&fault, WEISS_ERR_PEER,
                    "rank %u on %s has given no sign of life for %d s; its process, or the machine that it "
                    "runs on, is dead or "
                    "stopped, and the job ends (MCA parameter btl_ivshmem_peer_timeout)",
                    (unsigned)endpoint->name.vpid, opal_get_proc_hostname(endpoint->proc),
                    mca_btl_ivshmem_component.parameter.peer_timeout);
    weiss_btl_fail(btl, endpoint, &fault);
}

/** What is done ten times a second: repeats what may have got lost, and looks for damage and death. */
static int tick(weiss_btl *btl, uint64_t now, weiss_fault *fault)
{
    weiss_endpoint *endpoint, *dead = atomic_load(&btl->dead);
    btl->next_tick = now + btl->tick_ticks;
    OPAL_LIST_FOREACH(endpoint, &btl->endpoints, weiss_endpoint)
    {
        if (endpoint->open)
            weiss_outlet_tick(&endpoint->outlet);
    }
    if (dead != NULL)
        report_dead(btl, dead);
    if (!weiss_peer_present(&btl->region, btl->member.slot, btl->member.generation))
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "this process has lost its place in the region %s: it was stopped for so long that "
            "another one took the place, or another program or machine has written into it",
            weiss_device_name(btl->device));
    uint64_t rejections = btl->mailbox.rejections;
    int got = weiss_mailbox_tick(&btl->mailbox, deliver, btl, fault);
    if (rejections == 0 && btl->mailbox.rejections > 0)
        fprintf(stderr, "weiss: warning: ivshmem: %s; it is ignored\n", btl->mailbox.rejected.text);
    return got;
}

int weiss_btl_progress(void)
{
    weiss_btl *btl = &weiss_btl_module;
    weiss_fault fault;
    weiss_fault_clear(&fault);
    int got = weiss_mailbox_poll(&btl->mailbox, deliver, btl, &fault);
    if (++btl->polls >= CLOCK_EVERY && got >= 0) {
        uint64_t now = weiss_ticks();
        btl->polls = 0;
        if (now >= btl->next_tick) {
            int more = tick(btl, now, &fault);
            got = more < 0 ? more : got + more;
        }
    }
    if (got < 0) {
        weiss_btl_fail(btl, NULL, &fault);
        return 0;
    }
    if (atomic_load_explicit(&btl->stalled, memory_order_relaxed) > 0)
        got += advance_all(btl);
    else if (got == 0)
        weiss_waiter_idle(&btl->waiter, &btl->mailbox);
    if (got > 0)
        weiss_waiter_busy(&btl->waiter);
    return got;
}
