/* What the model is told, and what it shows. groups-next.c decides what is to be done. */
#include "cloud/agent/groups-private.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(weiss_fault *fault)
{
    return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
}

static void copy(char *out, size_t room, const char *text)
{
    snprintf(out, room, "%s", text);
}

weiss_groups *weiss_groups_new(void (*name)(void *data, char *out), void *data)
{
    weiss_groups *groups = calloc(1, sizeof *groups);
    if (groups != NULL) {
        groups->name = name;
        groups->data = data;
    }
    return groups;
}

void weiss_groups_free(weiss_groups *groups)
{
    if (groups == NULL)
        return;
    free(groups->instances);
    free(groups->regions);
    free(groups->flights);
    free(groups);
}

bool weiss_groups_grow(void **array, size_t *room, size_t used, size_t size)
{
    if (used < *room)
        return true;
    size_t more = *room == 0 ? 16 : 2 * *room;
    void *moved = reallocarray(*array, more, size);
    if (moved == NULL)
        return false;
    *array = moved;
    *room = more;
    return true;
}

/** Place of an instance in the array, or where it would be. */
static size_t instance_place(const weiss_groups *groups, const char *uuid, bool *there)
{
    size_t low = 0, high = groups->ninstances;
    *there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(groups->instances[middle].seen.uuid, uuid);
        if (order == 0)
            *there = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static weiss_instance_record *find_instance(const weiss_groups *groups, const char *uuid)
{
    bool there;
    size_t place = instance_place(groups, uuid, &there);
    return there ? &groups->instances[place] : NULL;
}

weiss_region_record *weiss_groups_find_region(const weiss_groups *groups, const char *name)
{
    for (size_t i = 0; i < groups->nregions; i++)
        if (strcmp(groups->regions[i].seen.name, name) == 0)
            return &groups->regions[i];
    return NULL;
}

weiss_region_record *weiss_groups_current(const weiss_groups *groups, const char *group)
{
    for (size_t i = 0; i < groups->nregions; i++)
        if (!groups->regions[i].condemned && strcmp(groups->regions[i].seen.group, group) == 0)
            return &groups->regions[i];
    return NULL;
}

weiss_region_record *weiss_groups_add_region(weiss_groups *groups, const char *name, const char *group,
                                             int64_t bytes)
{
    size_t place = 0;
    if (!weiss_groups_grow((void **)&groups->regions, &groups->regions_room, groups->nregions,
                           sizeof *groups->regions))
        return NULL;
    while (place < groups->nregions && strcmp(groups->regions[place].seen.name, name) < 0)
        place++;
    weiss_region_record *region = &groups->regions[place];
    memmove(region + 1, region, (groups->nregions - place) * sizeof *region);
    groups->nregions++;
    *region = (weiss_region_record){.seen.bytes = bytes, .not_before = INT64_MIN};
    copy(region->seen.name, sizeof region->seen.name, name);
    copy(region->seen.group, sizeof region->seen.group, group);
    return region;
}

void weiss_groups_drop_region(weiss_groups *groups, weiss_region_record *region)
{
    size_t after = groups->nregions - (size_t)(region - groups->regions) - 1;
    memmove(region, region + 1, after * sizeof *region);
    groups->nregions--;
}

const char *weiss_groups_wanted(const weiss_instance_record *instance)
{
    return instance->seen.decision.shares && !instance->seen.released ? instance->seen.decision.group : "";
}

void weiss_groups_project(const char *group, char *out)
{
    copy(out, WEISS_GROUP_KEY, group);
    out[strcspn(out, "/")] = '\0';
}

static weiss_member_state state_of(const weiss_groups *groups, const weiss_instance_record *instance)
{
    const weiss_action *flight = weiss_groups_instance_flight(groups, instance->seen.uuid);
    const char *wanted = weiss_groups_wanted(instance);
    if (instance->seen.region[0] != '\0') {
        const weiss_region_record *region = weiss_groups_find_region(groups, instance->seen.region);
        bool stays = region != NULL && !region->condemned && strcmp(region->seen.group, wanted) == 0;
        bool leaving =
            flight != NULL && flight->kind == WEISS_ACTION_DETACH && flight->run == instance->seen.run;
        return stays && !leaving ? WEISS_MEMBER_ATTACHED : WEISS_MEMBER_LEAVES;
    }
    if (wanted[0] != '\0')
        return WEISS_MEMBER_WAITS;
    return instance->seen.decision.shares && instance->seen.released ? WEISS_MEMBER_RELEASED
                                                                     : WEISS_MEMBER_APART;
}

void weiss_groups_refresh(weiss_groups *groups)
{
    for (size_t i = 0; i < groups->nregions; i++)
        groups->regions[i].seen.members = 0;
    for (size_t i = 0; i < groups->ninstances; i++) {
        weiss_instance_record *instance = &groups->instances[i];
        weiss_region_record *region = weiss_groups_find_region(groups, instance->seen.region);
        if (region != NULL)
            region->seen.members++;
        instance->seen.state = state_of(groups, instance);
    }
}

int weiss_groups_adopt(weiss_groups *groups, const char *region, const char *group, int64_t bytes,
                       weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    if (strlen(region) >= WEISS_REGION_NAME || strlen(group) >= WEISS_GROUP_KEY)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "the region %s is not one of this agent's: the name of it or of its group is "
                               "too long",
                               weiss_text_show(region, shown));
    if (weiss_groups_find_region(groups, region) != NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "the region %s is noted twice",
                               weiss_text_show(region, shown));
    /* One region for a group: members of a second one are moved to the first. */
    bool condemned = group[0] == '\0' || weiss_groups_current(groups, group) != NULL;
    weiss_region_record *record = weiss_groups_add_region(groups, region, group, bytes);
    if (record == NULL)
        return no_memory(fault);
    record->seen.made = true;
    record->condemned = condemned;
    return 0;
}

/** What is to be done with it is another thing now: earlier failures say nothing of it. */
static void try_afresh(weiss_instance_record *instance)
{
    instance->seen.attempts = 0;
    instance->seen.trouble[0] = '\0';
    instance->not_before = INT64_MIN;
}

void weiss_groups_lose(weiss_groups *groups, const char *region)
{
    weiss_region_record *record = weiss_groups_find_region(groups, region);
    if (record == NULL || (!record->seen.made && !weiss_groups_region_busy(groups, region)))
        return;
    if (!record->condemned)
        for (size_t i = 0; i < groups->ninstances; i++)
            if (strcmp(groups->instances[i].seen.region, region) == 0)
                try_afresh(&groups->instances[i]);
    record->condemned = true;
    weiss_groups_refresh(groups);
}

/** A region that an instance has and nobody knows: detached and removed, never given to anybody. */
static int know_region(weiss_groups *groups, const char *name, weiss_fault *fault)
{
    if (name == NULL || name[0] == '\0' || weiss_groups_find_region(groups, name) != NULL)
        return 0;
    weiss_region_record *region = weiss_groups_add_region(groups, name, "", 0);
    if (region == NULL)
        return no_memory(fault);
    region->seen.made = region->condemned = true;
    return 0;
}

/** The record of an instance, made when it is not there; of another run it is as if made. */
static weiss_instance_record *record_of_run(weiss_groups *groups, const char *uuid, uint64_t run)
{
    bool there;
    size_t place = instance_place(groups, uuid, &there);
    if (!there && !weiss_groups_grow((void **)&groups->instances, &groups->instances_room, groups->ninstances,
                                     sizeof *groups->instances))
        return NULL;
    weiss_instance_record *instance = &groups->instances[place];
    bool fresh = !there || instance->seen.run != run;
    if (!there) {
        memmove(instance + 1, instance, (groups->ninstances - place) * sizeof *instance);
        groups->ninstances++;
    }
    if (fresh) {
        *instance = (weiss_instance_record){.seen.run = run, .not_before = INT64_MIN};
        copy(instance->seen.uuid, sizeof instance->seen.uuid, uuid);
    }
    return instance;
}

/** Takes over a decision. One that changes the group puts the instance last in the order of the new one. */
static void decide(weiss_groups *groups, weiss_instance_record *instance, const weiss_decision *decision)
{
    const weiss_decision *before = &instance->seen.decision;
    bool same = before->shares == decision->shares && strcmp(before->group, decision->group) == 0;
    if (!same || instance->since == 0) {
        instance->since = ++groups->order;
        try_afresh(instance);
    }
    instance->seen.decision = *decision;
    if (decision->shares && decision->group[0] != '\0')
        weiss_groups_project(decision->group, instance->project);
}

int weiss_groups_runs(weiss_groups *groups, const char *uuid, uint64_t run, const weiss_decision *decision,
                      const char *attached, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    if (strlen(uuid) >= WEISS_AGENT_UUID || (attached != NULL && strlen(attached) >= WEISS_REGION_NAME))
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "the instance %s has %s, which is no region of ours",
                               uuid, weiss_text_show(attached != NULL ? attached : "nothing", shown));
    WEISS_FAULT_TRY(know_region(groups, attached, fault));
    weiss_instance_record *instance = record_of_run(groups, uuid, run);
    if (instance == NULL)
        return no_memory(fault);
    /* The end of an action that is under way has the last word. */
    if (attached != NULL && strcmp(instance->seen.region, attached) != 0) {
        copy(instance->seen.region, sizeof instance->seen.region, attached);
        try_afresh(instance);
    }
    decide(groups, instance, decision);
    weiss_groups_refresh(groups);
    return 0;
}

void weiss_groups_ends(weiss_groups *groups, const char *uuid)
{
    bool there;
    size_t place = instance_place(groups, uuid, &there);
    if (!there)
        return;
    weiss_instance_record *instance = &groups->instances[place];
    memmove(instance, instance + 1, (groups->ninstances - place - 1) * sizeof *instance);
    groups->ninstances--;
    weiss_groups_refresh(groups);
}

bool weiss_groups_release(weiss_groups *groups, const char *uuid, bool release)
{
    weiss_instance_record *instance = find_instance(groups, uuid);
    if (instance == NULL)
        return false;
    if (instance->seen.released != release)
        try_afresh(instance);
    instance->seen.released = release;
    weiss_groups_refresh(groups);
    return true;
}

size_t weiss_groups_members(const weiss_groups *groups)
{
    return groups->ninstances;
}

const weiss_member *weiss_groups_member(const weiss_groups *groups, size_t place)
{
    return place < groups->ninstances ? &groups->instances[place].seen : NULL;
}

const weiss_member *weiss_groups_find(const weiss_groups *groups, const char *uuid)
{
    const weiss_instance_record *instance = find_instance(groups, uuid);
    return instance != NULL ? &instance->seen : NULL;
}

size_t weiss_groups_regions(const weiss_groups *groups)
{
    return groups->nregions;
}

const weiss_group_region *weiss_groups_region(const weiss_groups *groups, size_t place)
{
    return place < groups->nregions ? &groups->regions[place].seen : NULL;
}
