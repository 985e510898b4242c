/* Signs of life. A thread counts the pulse of this process up, so that the others see that it lives even while it computes for
 * hours outside of MPI, and looks whether theirs go on. What it finds is acted on by the thread that is in MPI. */
#include "fabric/btl/btl.h"
#include "fabric/clock.h"

#include <signal.h>
#include <string.h>

#define BEAT_MS 200

/** A slot is taken from a process only when its pulse has stood still for seconds. One that lost its slot sooner has left. */
#define LEFT_NS UINT64_C(1500000000)

/** Notes when a peer last gave a sign of life: its pulse goes on and it holds its slot.
 *  @return false when that is too long ago, and the peer has not taken leave */
static bool alive(weiss_btl *btl, weiss_endpoint *endpoint, uint64_t now, uint64_t timeout_ns)
{
    uint64_t claim = atomic_load_explicit(&weiss_region_slot(&btl->region, endpoint->address.slot)->claim,
                                          memory_order_relaxed);
    uint64_t pulse = atomic_load_explicit(&weiss_region_slot(&btl->region, endpoint->address.slot)->pulse,
                                          memory_order_relaxed);
    bool present = claim == WEISS_CLAIM(endpoint->address.generation, WEISS_CLAIM_TAKEN);
    if (endpoint->pulse_ns == 0 || (pulse != endpoint->pulse && present)) {
        endpoint->pulse = pulse;
        endpoint->pulse_ns = now;
    }
    if (!present &&
        (claim == WEISS_CLAIM(endpoint->address.generation, 0) || now - endpoint->pulse_ns < LEFT_NS))
        endpoint->left = true;
    return endpoint->left || now - endpoint->pulse_ns < timeout_ns;
}

static void watch(weiss_btl *btl, uint64_t timeout_ns)
{
    weiss_endpoint *endpoint;
    uint64_t now = weiss_clock_ns();
    pthread_mutex_lock(&btl->peers_lock);
    OPAL_LIST_FOREACH(endpoint, &btl->endpoints, weiss_endpoint)
    {
        if (endpoint->open && endpoint->proc != NULL && !alive(btl, endpoint, now, timeout_ns))
            atomic_store(&btl->dead, endpoint);
    }
    pthread_mutex_unlock(&btl->peers_lock);
}

static void *pulse(void *self)
{
    weiss_btl *btl = self;
    uint64_t timeout_ns = (uint64_t)mca_btl_ivshmem_component.parameter.peer_timeout * 1000000000u;
    uint64_t before = weiss_clock_ns();
    for (;;) {
        struct timespec until;
        weiss_member_beat(&btl->member);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += BEAT_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (sem_clockwait(&btl->pulse_stop, CLOCK_MONOTONIC, &until) == 0)
            return NULL;
        uint64_t now = weiss_clock_ns();
        /* Whoever was paused itself has not watched the others. */
        if (timeout_ns > 0 && now - before < 5 * BEAT_MS * UINT64_C(1000000))
            watch(btl, timeout_ns);
        before = now;
    }
}

int weiss_btl_pulse_start(weiss_btl *btl, weiss_fault *fault)
{
    sigset_t all, before;
    sem_init(&btl->pulse_stop, 0, 0);
    sigfillset(&all); /* signals are the program's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&btl->pulse_thread, NULL, pulse, btl);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "cannot start a thread: %s", strerror(code));
    btl->pulse_runs = true;
    return 0;
}

void weiss_btl_pulse_stop(weiss_btl *btl)
{
    if (!btl->pulse_runs)
        return;
    sem_post(&btl->pulse_stop);
    pthread_join(btl->pulse_thread, NULL);
    sem_destroy(&btl->pulse_stop);
    btl->pulse_runs = false;
}
