/* What the files of the model share: its records. */
#ifndef WEISS_CLOUD_AGENT_GROUPS_PRIVATE_H
#define WEISS_CLOUD_AGENT_GROUPS_PRIVATE_H

#include "cloud/agent/groups.h"

typedef struct weiss_instance_record {
    weiss_member seen; /**< what is shown; seen.region is where it is attached */
    char project
        [WEISS_GROUP_KEY]; /**< of the last group that it was told to be in; "": not known. A decision to share nothing leaves it */
    uint64_t since; /**< place in the order in which instances came to want their group */
    int64_t not_before; /**< time of the next attempt */
} weiss_instance_record;

typedef struct weiss_region_record {
    weiss_group_region seen;
    bool condemned; /**< nobody is attached to it any more, and it is removed once it is empty */
    int attempts; /**< to make or to remove it, that failed in a row */
    int64_t not_before;
} weiss_region_record;

struct weiss_groups {
    void (*name)(void *data, char *out);
    void *data;
    weiss_instance_record *instances; /**< sorted by uuid */
    size_t ninstances, instances_room;
    weiss_region_record *regions; /**< sorted by name */
    size_t nregions, regions_room;
    weiss_action *flights; /**< actions under way */
    size_t nflights, flights_room;
    uint64_t order; /**< last `since` */
    bool starved; /**< an action could not be handed out for want of memory */
};

/** Key of the group that an instance is to be in; "": none. */
const char *weiss_groups_wanted(const weiss_instance_record *instance);
/** Copies the part of a group's key that names the project. @p out has room for WEISS_GROUP_KEY */
void weiss_groups_project(const char *group, char *out);
/** A region by its name; NULL: unknown. */
weiss_region_record *weiss_groups_find_region(const weiss_groups *groups, const char *name);
/** The region that members of a group get; NULL: it has none. */
weiss_region_record *weiss_groups_current(const weiss_groups *groups, const char *group);
/** Adds one that is not there. The other records move. @return NULL: no memory */
weiss_region_record *weiss_groups_add_region(weiss_groups *groups, const char *name, const char *group,
                                             int64_t bytes);
void weiss_groups_drop_region(weiss_groups *groups, weiss_region_record *region);
/** The action under way for an instance; NULL: none. */
const weiss_action *weiss_groups_instance_flight(const weiss_groups *groups, const char *uuid);
/** The same for a region, of a kind that nothing else may go along with: MAKE or REMOVE. */
bool weiss_groups_region_busy(const weiss_groups *groups, const char *name);
/** Makes room for one more in an array. @return false: no memory */
bool weiss_groups_grow(void **array, size_t *room, size_t used, size_t size);
/** Brings what is shown up to date; after every change. */
void weiss_groups_refresh(weiss_groups *groups);

#endif
