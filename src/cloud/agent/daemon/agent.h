/* The agent: what its files share. One thread has the loop, the model and everything in here; the threads of the pool get
 * copies of what they need, and what they found comes back as tasks that are done in the loop.
 *
 *   libvirt's event -> look (pool: the XML) -> decide (facts, policy) -> model -> act (pool: make, attach, detach, remove)
 *
 * Every event only says that an instance is to be looked at; what counts is the XML that libvirt gives then. So events that
 * come twice, late or not at all (a resync looks at all domains) do no harm. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_AGENT_H
#define WEISS_CLOUD_AGENT_DAEMON_AGENT_H

#include "cloud/agent/daemon/asker.h"
#include "cloud/agent/daemon/domain.h"
#include "cloud/agent/daemon/pool.h"
#include "cloud/agent/groups.h"

#include <stdbool.h>
#include <time.h>

/** ms that the API has to say something of a new instance, and a guest to give a device up. */
#define WEISS_AGENT_FACTS_WAIT 3000
#define WEISS_AGENT_DETACH_WAIT 20000
/** ms that all domains have to be described at the start. */
#define WEISS_AGENT_SYNC_WAIT 30000

/** Kinds of events that are listened to. */
#define WEISS_AGENT_CALLBACKS 4

/** What is known of a domain. */
typedef struct weiss_known {
    char uuid[WEISS_AGENT_UUID];
    bool runs; /**< the model was told of it, or is when the API has answered */
    bool read; /**< view is filled */
    weiss_domain_view view; /**< as it was looked at last */
    bool looking; /**< a task is on its way */
    bool again; /**< look once more when that is back */
    unsigned
        ends; /**< ends of runs that were heard of; a look that began before the last one does not count */
    int64_t heard; /**< ms of libvirt's last event of its life; 0: none */
    int64_t look_at; /**< ms; look again then; 0: no need */
    int64_t started; /**< ms of libvirt's event, for the log; 0: none, or it was attached since */
    int64_t facts_by; /**< ms; waits for the API until then; 0: does not wait */
    bool asked; /**< the API was asked for this run */
    bool ordered; /**< an administrator wants it released */
    int acting; /**< actions for it that are with the pool */
    bool detaching; /**< the guest was asked to give a device up */
    weiss_action detach; /**< that action */
    int64_t detach_by; /**< ms */
} weiss_known;

typedef struct weiss_desk weiss_desk;

typedef struct weiss_agent {
    const char *config; /**< borrowed; NULL: WEISS_AGENT_FILE, which may be missing */
    bool dry_run; /**< of the command line */
    weiss_agent_settings settings;
    weiss_groups *groups; /**< owned */
    weiss_pool *pool; /**< owned */
    weiss_desk *desk; /**< owned; the control socket */
    weiss_asker *asker; /**< owned; NULL: no API is asked */
    weiss_facts_table facts; /**< owned */
    struct json_object *orders; /**< owned; of before the start; NULL: none */
    char api_trouble[WEISS_FAULT_TEXT]; /**< of the last question; "": none */

    virConnectPtr connection; /**< owned; NULL: none */
    int callback[WEISS_AGENT_CALLBACKS]; /**< libvirt's numbers of those of the connection */
    bool connecting;
    bool lost; /**< it has ended, and is to be closed */
    int failures; /**< to connect, in a row */
    int64_t connect_at; /**< ms; 0: no need */
    int64_t resync_at; /**< ms; of the next look at all domains while there is a connection */
    char link_trouble[WEISS_FAULT_TEXT];

    weiss_known **known; /**< owned, n of them */
    size_t n;
    int tasks; /**< on their way */
    int64_t making; /**< bytes of regions that are being made */
    int64_t ahead; /**< ms by which the model's clock is ahead, see act.c */
    bool sweep; /**< look for files that nobody knows, once all domains are known */
    bool sweeping;
    int64_t listed; /**< ms; when the domains were listed for the first time; 0: not yet */
    bool synced; /**< all of them were looked at: only now it is known which regions nobody has */
    time_t since;
    int timer, asker_watch; /**< of libvirt's loop */
    int signals; /**< signalfd */
    bool stop, reload;
} weiss_agent;

/** Time of the model. */
int64_t weiss_agent_time(const weiss_agent *agent);

/* link.c: the connection to libvirt. */
/** Connects if it is time to. */
void weiss_link_check(weiss_agent *agent, int64_t now);
void weiss_link_close(weiss_agent *agent);
/** Asks for the list of domains, and looks at each. @param told  with a line in the log */
void weiss_link_resync(weiss_agent *agent, bool told);

/* look.c: what is known of the domains. */
weiss_known *weiss_known_find(const weiss_agent *agent, const char *uuid);
/** Finds or adds. @return NULL: no memory */
weiss_known *weiss_known_get(weiss_agent *agent, const char *uuid);
/** Looks at a domain, now or when the look that is on its way is back. */
void weiss_look(weiss_agent *agent, weiss_known *known);
/** A run of it has ended, says libvirt. */
void weiss_look_ended(weiss_agent *agent, weiss_known *known);
/** Looks again where it is time to. */
void weiss_look_check(weiss_agent *agent, int64_t now);
/** True when no look is on its way or due. */
bool weiss_look_idle(const weiss_agent *agent);
void weiss_known_free(weiss_agent *agent);

/* decide.c */
/** Decides on an instance that was looked at, and tells the model. */
void weiss_decide(weiss_agent *agent, weiss_known *known);
/** Decides on all anew: facts or settings have changed. */
void weiss_decide_all(weiss_agent *agent);
/** Decides on those that have waited long enough for the API. */
void weiss_decide_check(weiss_agent *agent, int64_t now);
/** Decides on those that wait: the API does not answer. */
void weiss_decide_waiting(weiss_agent *agent);

/* act.c: what the model wants done. */
void weiss_act(weiss_agent *agent);
/** The domain was looked at: ends a detachment that was waited for. */
void weiss_act_seen(weiss_agent *agent, weiss_known *known);
/** libvirt says that the guest, or QEMU, refuses to give a device up. */
void weiss_act_kept(weiss_agent *agent, weiss_known *known);
/** Its run has ended: nobody waits for a device any more. */
void weiss_act_ended(weiss_agent *agent, weiss_known *known);
void weiss_act_check(weiss_agent *agent, int64_t now);
/** All that failed is tried again at once: room has come. */
void weiss_act_hurry(weiss_agent *agent);

/* notes.c: what is kept over a restart. */
/** Reads the notes and gives the model what still is there. */
int weiss_notes_read(weiss_agent *agent, weiss_fault *fault);
/** Writes the regions of the model. */
void weiss_notes_write(weiss_agent *agent);
/** Removes files of ours that neither the model nor a domain knows, when it is time to. */
void weiss_notes_sweep(weiss_agent *agent);
/** Name of a file in the run directory. @return @p path */
const char *weiss_notes_path(const weiss_agent_settings *settings, const char *name,
                             char path[WEISS_AGENT_TEXT + 32]);

/* orders.c: what an administrator took away. */
/** Reads what was ordered before the agent was started. */
void weiss_orders_read(weiss_agent *agent);
/** True when the memory was taken from this run of an instance before the agent was started. */
bool weiss_orders_have(const weiss_agent *agent, const char *uuid, uint64_t run);
/** Notes that an instance, which was looked at, is to be without memory, or not any more. */
void weiss_orders_change(weiss_agent *agent, weiss_known *known, bool released);

/** Hands a task to the pool and counts it. @param key  what it must not run beside */
void weiss_agent_hand(weiss_agent *agent, weiss_task *task, const char *key);

/** Everything that may be due. Called after each turn of the loop. */
void weiss_agent_turn(weiss_agent *agent);

#endif
