/* What is to be done next, and what becomes of it. */
#include "cloud/agent/groups-private.h"

#include <stdio.h>
#include <string.h>

#define SECOND 1000 /* ms */
#define LONGEST 60 /* s between two attempts */
#define NAMES 16 /* that are tried for a new region */

const weiss_action *weiss_groups_instance_flight(const weiss_groups *groups, const char *uuid)
{
    for (size_t i = 0; i < groups->nflights; i++) {
        const weiss_action *flight = &groups->flights[i];
        if (flight->uuid[0] != '\0' && strcmp(flight->uuid, uuid) == 0)
            return flight;
    }
    return NULL;
}

bool weiss_groups_region_busy(const weiss_groups *groups, const char *name)
{
    for (size_t i = 0; i < groups->nflights; i++) {
        const weiss_action *flight = &groups->flights[i];
        if (flight->uuid[0] == '\0' && strcmp(flight->region, name) == 0)
            return true;
    }
    return false;
}

/** Whether somebody is attached to a region, is being attached or is being detached. */
static bool region_used(const weiss_groups *groups, const weiss_region_record *region)
{
    for (size_t i = 0; i < groups->nflights; i++)
        if (strcmp(groups->flights[i].region, region->seen.name) == 0)
            return true;
    return region->seen.members > 0;
}

static bool group_wanted(const weiss_groups *groups, const char *group)
{
    for (size_t i = 0; i < groups->ninstances; i++)
        if (strcmp(weiss_groups_wanted(&groups->instances[i]), group) == 0)
            return true;
    return false;
}

/** Whether an instance of another project is in a region, or on its way. This agent puts none there; one may have been there
 *  before it came. */
static bool has_stranger(const weiss_groups *groups, const weiss_region_record *region)
{
    char project[WEISS_GROUP_KEY];
    weiss_groups_project(region->seen.group, project);
    for (size_t i = 0; i < groups->ninstances; i++) {
        const weiss_instance_record *instance = &groups->instances[i];
        const weiss_action *flight = weiss_groups_instance_flight(groups, instance->seen.uuid);
        bool inside = strcmp(instance->seen.region, region->seen.name) == 0 ||
                      (flight != NULL && flight->run == instance->seen.run &&
                       strcmp(flight->region, region->seen.name) == 0);
        if (inside && strcmp(instance->project, project) != 0)
            return true;
    }
    return false;
}

/** Something to do for an instance or a region. */
typedef struct need {
    weiss_action_kind kind;
    weiss_region_record *region; /**< NULL: MAKE of a group that has none */
    int64_t when; /**< not before */
} need;

/** What an instance needs next; nothing while something is under way for it. */
static bool instance_needs(const weiss_groups *groups, const weiss_instance_record *instance, need *out)
{
    const char *wanted = weiss_groups_wanted(instance);
    if (weiss_groups_instance_flight(groups, instance->seen.uuid) != NULL)
        return false;
    *out = (need){.when = instance->not_before};
    if (instance->seen.region[0] != '\0') {
        out->kind = WEISS_ACTION_DETACH;
        out->region = weiss_groups_find_region(groups, instance->seen.region);
        return instance->seen.state == WEISS_MEMBER_LEAVES;
    }
    if (wanted[0] == '\0')
        return false;
    out->region = weiss_groups_current(groups, wanted);
    if (out->region != NULL && out->region->seen.made) {
        out->kind = WEISS_ACTION_ATTACH;
        return !has_stranger(groups, out->region);
    }
    out->kind = WEISS_ACTION_MAKE;
    out->when = out->region != NULL ? out->region->not_before : INT64_MIN;
    return out->region == NULL || !weiss_groups_region_busy(groups, out->region->seen.name);
}

static bool region_needs(const weiss_groups *groups, weiss_region_record *region, need *out)
{
    *out = (need){.kind = WEISS_ACTION_REMOVE, .region = region, .when = region->not_before};
    return region->seen.made && !region_used(groups, region) &&
           (region->condemned || !group_wanted(groups, region->seen.group));
}

/** Forgets regions that were never made and that nobody wants any more. */
static void forget_unmade(weiss_groups *groups)
{
    for (size_t i = groups->nregions; i-- > 0;) {
        weiss_region_record *region = &groups->regions[i];
        if (!region->seen.made && !weiss_groups_region_busy(groups, region->seen.name) &&
            (region->condemned || !group_wanted(groups, region->seen.group)))
            weiss_groups_drop_region(groups, region);
    }
}

/** Bytes that the first of those who want a group asks for. */
static int64_t bytes_wanted(const weiss_groups *groups, const char *group)
{
    const weiss_instance_record *first = NULL;
    for (size_t i = 0; i < groups->ninstances; i++) {
        const weiss_instance_record *instance = &groups->instances[i];
        if (strcmp(weiss_groups_wanted(instance), group) == 0 &&
            (first == NULL || instance->since < first->since))
            first = instance;
    }
    return first != NULL ? first->seen.decision.bytes : 0;
}

/** Record of a region that is to be made, with a new name: an earlier attempt may have failed because of its name.
 *  @return NULL: no memory, or no name that is new */
static weiss_region_record *begin_region(weiss_groups *groups, const char *group, weiss_region_record *before)
{
    char name[WEISS_REGION_NAME] = "";
    weiss_region_record kept = before != NULL ? *before : (weiss_region_record){.not_before = INT64_MIN};
    int tried = 0;
    do
        groups->name(groups->data, name);
    while (weiss_groups_find_region(groups, name) != NULL && ++tried < NAMES);
    if (tried == NAMES)
        return NULL;
    if (before != NULL)
        weiss_groups_drop_region(groups, before);
    weiss_region_record *region = weiss_groups_add_region(groups, name, group, bytes_wanted(groups, group));
    if (region == NULL)
        return NULL;
    region->attempts = kept.attempts;
    region->not_before = kept.not_before;
    memcpy(region->seen.trouble, kept.seen.trouble, sizeof kept.seen.trouble);
    return region;
}

/** Hands out what is needed. */
static bool hand_out(weiss_groups *groups, const need *what, const weiss_instance_record *instance,
                     weiss_action *action)
{
    weiss_region_record *region = what->region;
    if (!weiss_groups_grow((void **)&groups->flights, &groups->flights_room, groups->nflights,
                           sizeof *groups->flights)) {
        groups->starved = true;
        return false;
    }
    if (what->kind == WEISS_ACTION_MAKE)
        region = begin_region(groups, weiss_groups_wanted(instance), region);
    groups->starved = region == NULL;
    if (region == NULL)
        return false;
    *action = (weiss_action){.kind = what->kind, .bytes = region->seen.bytes};
    memcpy(action->region, region->seen.name, sizeof action->region);
    memcpy(action->group, region->seen.group, sizeof action->group);
    if (what->kind == WEISS_ACTION_ATTACH || what->kind == WEISS_ACTION_DETACH) {
        memcpy(action->uuid, instance->seen.uuid, sizeof action->uuid);
        action->run = instance->seen.run;
    }
    /* Whether it can be removed or not: who comes to the group from now on gets another. */
    if (what->kind == WEISS_ACTION_REMOVE)
        region->condemned = true;
    groups->flights[groups->nflights++] = *action;
    weiss_groups_refresh(groups);
    return true;
}

/** The first instance that needs one of two kinds of action now. */
static const weiss_instance_record *ready(const weiss_groups *groups, weiss_action_kind a,
                                          weiss_action_kind b, int64_t now, need *what)
{
    for (size_t i = 0; i < groups->ninstances; i++) {
        const weiss_instance_record *instance = &groups->instances[i];
        if (instance_needs(groups, instance, what) && (what->kind == a || what->kind == b) &&
            what->when <= now)
            return instance;
    }
    return NULL;
}

bool weiss_groups_next(weiss_groups *groups, int64_t now, weiss_action *action)
{
    need what;
    forget_unmade(groups);
    /* Who leaves, then what is empty, so that there is room for what comes. */
    const weiss_instance_record *instance =
        ready(groups, WEISS_ACTION_DETACH, WEISS_ACTION_DETACH, now, &what);
    if (instance != NULL)
        return hand_out(groups, &what, instance, action);
    for (size_t i = 0; i < groups->nregions; i++)
        if (region_needs(groups, &groups->regions[i], &what) && what.when <= now)
            return hand_out(groups, &what, NULL, action);
    instance = ready(groups, WEISS_ACTION_ATTACH, WEISS_ACTION_MAKE, now, &what);
    return instance != NULL && hand_out(groups, &what, instance, action);
}

int64_t weiss_groups_due(const weiss_groups *groups, int64_t now)
{
    int64_t first = groups->starved ? SECOND : -1;
    need what;
    for (size_t i = 0; i < groups->ninstances + groups->nregions; i++) {
        bool needs = i < groups->ninstances
                         ? instance_needs(groups, &groups->instances[i], &what)
                         : region_needs(groups, &groups->regions[i - groups->ninstances], &what);
        if (!needs)
            continue;
        int64_t wait = what.when > now ? what.when - now : groups->starved ? SECOND : 0;
        if (first < 0 || wait < first)
            first = wait;
    }
    return first;
}

/** Time of the next attempt after @p attempts that failed. */
static int64_t later(int64_t now, int attempts)
{
    int64_t wait = attempts < 7 ? INT64_C(1) << (attempts - 1) : LONGEST;
    return now + SECOND * (wait < LONGEST ? wait : LONGEST);
}

/** Whether an instance is still to be attached to a region, now that an attempt has failed. */
static bool still_wanted(const weiss_groups *groups, const weiss_instance_record *instance,
                         const weiss_action *action)
{
    const weiss_region_record *region = weiss_groups_current(groups, weiss_groups_wanted(instance));
    return action->kind != WEISS_ACTION_ATTACH ||
           (region != NULL && strcmp(region->seen.name, action->region) == 0);
}

static void instance_done(weiss_groups *groups, const weiss_action *action, const char *trouble, int64_t now)
{
    for (size_t i = 0; i < groups->ninstances; i++) {
        weiss_instance_record *instance = &groups->instances[i];
        weiss_member *member = &instance->seen;
        if (strcmp(member->uuid, action->uuid) != 0 || member->run != action->run)
            continue;
        if (trouble == NULL)
            snprintf(member->region, sizeof member->region, "%s",
                     action->kind == WEISS_ACTION_ATTACH ? action->region : "");
        if (trouble == NULL || !still_wanted(groups, instance, action)) {
            member->attempts = 0;
            member->trouble[0] = '\0';
            instance->not_before = INT64_MIN;
            return;
        }
        snprintf(member->trouble, sizeof member->trouble, "%s", trouble);
        member->attempts++;
        instance->not_before = later(now, member->attempts);
    }
}

static void region_done(weiss_groups *groups, const weiss_action *action, const char *trouble, int64_t now)
{
    weiss_region_record *region = weiss_groups_find_region(groups, action->region);
    if (region == NULL)
        return;
    if (trouble != NULL) {
        snprintf(region->seen.trouble, sizeof region->seen.trouble, "%s", trouble);
        region->attempts++;
        region->not_before = later(now, region->attempts);
        return;
    }
    if (action->kind == WEISS_ACTION_REMOVE) {
        weiss_groups_drop_region(groups, region);
        return;
    }
    region->seen.made = true;
    region->seen.trouble[0] = '\0';
    region->attempts = 0;
    region->not_before = INT64_MIN;
}

static bool same_action(const weiss_action *a, const weiss_action *b)
{
    return a->kind == b->kind && a->run == b->run && strcmp(a->region, b->region) == 0 &&
           strcmp(a->uuid, b->uuid) == 0;
}

void weiss_groups_done(weiss_groups *groups, const weiss_action *action, const char *trouble, int64_t now)
{
    const weiss_action done = *action;
    size_t i = 0;
    while (i < groups->nflights && !same_action(&groups->flights[i], &done))
        i++;
    if (i == groups->nflights)
        return;
    groups->flights[i] = groups->flights[--groups->nflights];
    if (done.uuid[0] != '\0')
        instance_done(groups, &done, trouble, now);
    else
        region_done(groups, &done, trouble, now);
    forget_unmade(groups);
    weiss_groups_refresh(groups);
}
