/* Groups: the model of who shares what on this host. It is told what runs, what was decided and what was done; it says what is
 * to be done next. It knows nothing of libvirt and files, and keeps no clock: the caller brings the time, in milliseconds of
 * a clock that never jumps. Not for several threads at once.
 *
 * An action that was handed out is under way until weiss_groups_done, which must come once for each. Nothing else is handed
 * out for the same instance meanwhile, nor, while a region is made or removed, for that region; several instances may be
 * attached to one region at the same time. What failed is tried again after 1 s, then 2 s, 4 s, ... up to 60 s; at once when
 * what is wanted has changed.
 *
 * Order, always: MAKE before the first ATTACH of a region; REMOVE when nobody is attached and nobody is to be. An instance
 * whose decision changes is detached from the old region before it is attached to the new one. A region made anew has a new
 * name, so that no instance can see what a former group left. While an instance of another project, or of one that is not
 * known, is found attached to a region, nobody else is attached to it. */
#ifndef WEISS_CLOUD_AGENT_GROUPS_H
#define WEISS_CLOUD_AGENT_GROUPS_H

#include "cloud/agent/policy.h"

#define WEISS_REGION_NAME 40

typedef enum weiss_action_kind {
    WEISS_ACTION_MAKE,
    WEISS_ACTION_ATTACH,
    WEISS_ACTION_DETACH,
    WEISS_ACTION_REMOVE
} weiss_action_kind;

typedef struct weiss_action {
    weiss_action_kind kind;
    char region[WEISS_REGION_NAME]; /**< name of the file; MAKE: a new one */
    char group[WEISS_GROUP_KEY]; /**< "": a region that nobody knew; it is only detached and removed */
    int64_t bytes;
    char uuid[WEISS_AGENT_UUID]; /**< ATTACH, DETACH; else "" */
    uint64_t
        run; /**< ATTACH, DETACH: which run of the instance it is for; a domain that was started again is another */
} weiss_action;

typedef enum weiss_member_state {
    WEISS_MEMBER_APART, /**< shares nothing, by decision */
    WEISS_MEMBER_WAITS, /**< its region is not made, or the attachment is under way or failed */
    WEISS_MEMBER_ATTACHED,
    WEISS_MEMBER_LEAVES, /**< to be detached */
    WEISS_MEMBER_RELEASED /**< detached for as long as an administrator or the tenant wants */
} weiss_member_state;

typedef struct weiss_member {
    char uuid[WEISS_AGENT_UUID];
    uint64_t run;
    weiss_decision decision;
    weiss_member_state state;
    bool released;
    char region[WEISS_REGION_NAME]; /**< attached now; "": none */
    char trouble[WEISS_FAULT_TEXT]; /**< of the last attempt; "": none */
    int attempts; /**< that failed in a row */
} weiss_member;

typedef struct weiss_group_region {
    char name[WEISS_REGION_NAME];
    char group[WEISS_GROUP_KEY];
    int64_t bytes;
    bool made;
    int members; /**< attached to it */
    char trouble[WEISS_FAULT_TEXT];
} weiss_group_region;

typedef struct weiss_groups weiss_groups;

/** @param name  gives a new name for a region (WEISS_REGION_NAME); tests give their own
 *  @return NULL: no memory */
weiss_groups *weiss_groups_new(void (*name)(void *data, char *out), void *data);
void weiss_groups_free(weiss_groups *groups);

/** A region that exists already: read from the agent's own notes at its start. Before any instance. Of two for one group the
 *  first stays, members of the other are moved to it.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_VALUE (the name is there) */
int weiss_groups_adopt(weiss_groups *groups, const char *region, const char *group, int64_t bytes,
                       weiss_fault *fault);
/** A region's file is gone, or is not what was made: members are attached anew, to another. */
void weiss_groups_lose(weiss_groups *groups, const char *region);

/** An instance runs, or was decided upon anew. Told twice, the second decision counts.
 *  @param run       a number that is another one for each run of a domain (libvirt's id of it)
 *  @param attached  name of the region of ours that it has now; "": none; one that nobody knows is detached and removed; NULL:
 *                   it was not looked at, what the model knows stays. The end of an action that is under way has the last word.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_VALUE (that is no name of a region of ours; the instance is not taken over) */
int weiss_groups_runs(weiss_groups *groups, const char *uuid, uint64_t run, const weiss_decision *decision,
                      const char *attached, weiss_fault *fault);
/** It runs no more. */
void weiss_groups_ends(weiss_groups *groups, const char *uuid);
/** Takes the region away from an instance, or ends that. Ends by itself when the instance is started again.
 *  @return false: there is no such instance */
bool weiss_groups_release(weiss_groups *groups, const char *uuid, bool release);

/** What is to be done now. @return false: nothing */
bool weiss_groups_next(weiss_groups *groups, int64_t now, weiss_action *action);
/** It was done, or not. @param trouble  NULL: done; else why not. An ATTACH or DETACH of a run that has ended is ignored. */
void weiss_groups_done(weiss_groups *groups, const weiss_action *action, const char *trouble, int64_t now);
/** Milliseconds until something that failed is tried again; -1: nothing is. */
int64_t weiss_groups_due(const weiss_groups *groups, int64_t now);

/** Number of instances and the one at a place, sorted by uuid; of regions, sorted by name. Valid until the model is changed. */
size_t weiss_groups_members(const weiss_groups *groups);
const weiss_member *weiss_groups_member(const weiss_groups *groups, size_t place);
const weiss_member *weiss_groups_find(const weiss_groups *groups, const char *uuid);
size_t weiss_groups_regions(const weiss_groups *groups);
const weiss_group_region *weiss_groups_region(const weiss_groups *groups, size_t place);

#endif
