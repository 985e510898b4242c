/* The model of who shares what: examples of each rule, and random histories against a world that keeps account in the plainest
 * way. The world knows what is attached to what; the model is only told. */
#include "cloud/agent/groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A counter; names of one test never come again. */
static void count_name(void *data, char *out)
{
    snprintf(out, WEISS_REGION_NAME, "weiss-agent-%08x", ++*(unsigned *)data);
}

static weiss_decision decide(const char *group, int64_t bytes)
{
    weiss_decision decision = {.shares = group[0] != '\0', .bytes = bytes};
    snprintf(decision.group, sizeof decision.group, "%s", group);
    return decision;
}

static void tell(weiss_groups *groups, const char *uuid, uint64_t run, const char *group,
                 const char *attached)
{
    weiss_fault fault = {0};
    weiss_decision decision = decide(group, 65536);
    if (weiss_groups_runs(groups, uuid, run, &decision, attached, &fault) != 0)
        fail_msg("%s", fault.text);
}

static weiss_action expect(weiss_groups *groups, weiss_action_kind kind, const char *uuid, int64_t now)
{
    weiss_action action;
    assert_true(weiss_groups_next(groups, now, &action));
    assert_int_equal(action.kind, kind);
    assert_string_equal(action.uuid, uuid);
    return action;
}

/** What must be next, and is done. */
static weiss_action does(weiss_groups *groups, weiss_action_kind kind, const char *uuid)
{
    weiss_action action = expect(groups, kind, uuid, 0);
    weiss_groups_done(groups, &action, NULL, 0);
    return action;
}

static void expect_nothing(weiss_groups *groups, int64_t now)
{
    weiss_action action;
    assert_false(weiss_groups_next(groups, now, &action));
}

static void test_first_and_last(void **state)
{
    unsigned names = 0;
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    (void)state;
    expect_nothing(groups, 0);
    assert_int_equal(weiss_groups_due(groups, 0), -1);
    tell(groups, "a", 1, "p/flavor", "");
    assert_int_equal(weiss_groups_find(groups, "a")->state, WEISS_MEMBER_WAITS);
    weiss_action made = does(groups, WEISS_ACTION_MAKE, "");
    assert_int_equal(made.bytes, 65536);
    assert_string_equal(made.group, "p/flavor");
    weiss_action attached = does(groups, WEISS_ACTION_ATTACH, "a");
    assert_string_equal(attached.region, made.region);
    assert_int_equal(attached.run, 1);
    assert_int_equal(weiss_groups_find(groups, "a")->state, WEISS_MEMBER_ATTACHED);
    tell(groups, "b", 2, "p/flavor", "");
    assert_string_equal(does(groups, WEISS_ACTION_ATTACH, "b").region, made.region);
    assert_int_equal(weiss_groups_regions(groups), 1);
    assert_int_equal(weiss_groups_region(groups, 0)->members, 2);
    weiss_groups_ends(groups, "a");
    expect_nothing(groups, 0);
    weiss_groups_ends(groups, "b");
    assert_string_equal(does(groups, WEISS_ACTION_REMOVE, "").region, made.region);
    assert_int_equal(weiss_groups_regions(groups), 0);
    assert_int_equal(weiss_groups_members(groups), 0);
    expect_nothing(groups, 0);
    weiss_groups_free(groups);
}

static void test_restart_gets_another_region(void **state)
{
    unsigned names = 0;
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    (void)state;
    tell(groups, "a", 1, "p/flavor", "");
    weiss_action first = does(groups, WEISS_ACTION_MAKE, "");
    does(groups, WEISS_ACTION_ATTACH, "a");
    weiss_groups_ends(groups, "a");
    tell(groups, "a", 2, "p/flavor", "");
    /* Nobody else was in it between: the old one may stay, as its only user comes back before it was removed. */
    assert_string_equal(does(groups, WEISS_ACTION_ATTACH, "a").region, first.region);
    weiss_groups_ends(groups, "a");
    weiss_action removal = expect(groups, WEISS_ACTION_REMOVE, "", 0);
    tell(groups, "a", 3, "p/flavor", "");
    weiss_action second = does(groups, WEISS_ACTION_MAKE, "");
    assert_string_not_equal(second.region, first.region);
    weiss_groups_done(groups, &removal, "busy", 0);
    assert_string_equal(does(groups, WEISS_ACTION_ATTACH, "a").region, second.region);
    assert_int_equal(weiss_groups_due(groups, 0), 1000);
    removal = expect(groups, WEISS_ACTION_REMOVE, "", 1000);
    assert_string_equal(removal.region, first.region);
    weiss_groups_done(groups, &removal, NULL, 1000);
    assert_int_equal(weiss_groups_regions(groups), 1);
    weiss_groups_free(groups);
}

static void test_decision_changes(void **state)
{
    unsigned names = 0;
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    (void)state;
    tell(groups, "a", 1, "p/flavor", "");
    does(groups, WEISS_ACTION_MAKE, "");
    does(groups, WEISS_ACTION_ATTACH, "a");
    tell(groups, "a", 1, "p/named/x", NULL);
    assert_int_equal(weiss_groups_find(groups, "a")->state, WEISS_MEMBER_LEAVES);
    does(groups, WEISS_ACTION_DETACH, "a");
    does(groups, WEISS_ACTION_REMOVE, "");
    does(groups, WEISS_ACTION_MAKE, "");
    does(groups, WEISS_ACTION_ATTACH, "a");
    tell(groups, "a", 1, "", NULL);
    does(groups, WEISS_ACTION_DETACH, "a");
    assert_int_equal(weiss_groups_find(groups, "a")->state, WEISS_MEMBER_APART);
    does(groups, WEISS_ACTION_REMOVE, "");
    expect_nothing(groups, 0);
    weiss_groups_free(groups);
}

static void test_release(void **state)
{
    unsigned names = 0;
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    (void)state;
    assert_false(weiss_groups_release(groups, "a", true));
    tell(groups, "a", 1, "p/flavor", "");
    does(groups, WEISS_ACTION_MAKE, "");
    does(groups, WEISS_ACTION_ATTACH, "a");
    assert_true(weiss_groups_release(groups, "a", true));
    does(groups, WEISS_ACTION_DETACH, "a");
    assert_int_equal(weiss_groups_find(groups, "a")->state, WEISS_MEMBER_RELEASED);
    does(groups, WEISS_ACTION_REMOVE, "");
    tell(groups, "a", 1, "p/flavor", "");
    expect_nothing(groups, 0);
    assert_true(weiss_groups_release(groups, "a", false));
    does(groups, WEISS_ACTION_MAKE, "");
    does(groups, WEISS_ACTION_ATTACH, "a");
    weiss_groups_release(groups, "a", true);
    does(groups, WEISS_ACTION_DETACH, "a");
    tell(groups, "a", 2, "p/flavor", "");
    does(groups, WEISS_ACTION_ATTACH, "a");
    weiss_groups_free(groups);
}

static void test_failures_are_tried_again_later_and_later(void **state)
{
    static const int64_t waits[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    unsigned names = 0;
    int64_t now = 5000;
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    (void)state;
    tell(groups, "a", 1, "p/flavor", "");
    char last[WEISS_REGION_NAME] = "";
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        weiss_action make = expect(groups, WEISS_ACTION_MAKE, "", now);
        assert_string_not_equal(make.region, last);
        memcpy(last, make.region, sizeof last);
        weiss_groups_done(groups, &make, "no room", now);
        assert_string_equal(weiss_groups_region(groups, 0)->trouble, "no room");
        assert_int_equal(weiss_groups_due(groups, now), 1000 * waits[i]);
        expect_nothing(groups, now + 1000 * waits[i] - 1);
        now += 1000 * waits[i];
    }
    weiss_action make = expect(groups, WEISS_ACTION_MAKE, "", now);
    weiss_groups_done(groups, &make, NULL, now);
    assert_string_equal(weiss_groups_region(groups, 0)->trouble, "");
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        weiss_action attach = expect(groups, WEISS_ACTION_ATTACH, "a", now);
        weiss_groups_done(groups, &attach, "no slot", now);
        assert_string_equal(weiss_groups_find(groups, "a")->trouble, "no slot");
        assert_int_equal(weiss_groups_find(groups, "a")->attempts, (int)i + 1);
        assert_int_equal(weiss_groups_due(groups, now), 1000 * waits[i]);
        expect_nothing(groups, now + 1000 * waits[i] - 1);
        now += 1000 * waits[i];
    }
    /* Told the same again, it goes on waiting; told something else, it does not. */
    now -= 60000;
    tell(groups, "a", 1, "p/flavor", "");
    expect_nothing(groups, now + 59999);
    tell(groups, "a", 1, "", "");
    expect(groups, WEISS_ACTION_REMOVE, "", now);
    weiss_groups_free(groups);
}

static void test_region_lost(void **state)
{
    unsigned names = 0;
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    (void)state;
    tell(groups, "a", 1, "p/flavor", "");
    tell(groups, "b", 2, "p/flavor", "");
    weiss_action first = does(groups, WEISS_ACTION_MAKE, "");
    does(groups, WEISS_ACTION_ATTACH, "a");
    does(groups, WEISS_ACTION_ATTACH, "b");
    weiss_groups_lose(groups, "weiss-agent-unknown");
    expect_nothing(groups, 0);
    weiss_groups_lose(groups, first.region);
    does(groups, WEISS_ACTION_DETACH, "a");
    does(groups, WEISS_ACTION_DETACH, "b");
    does(groups, WEISS_ACTION_REMOVE, "");
    weiss_action second = does(groups, WEISS_ACTION_MAKE, "");
    assert_string_not_equal(first.region, second.region);
    assert_string_equal(does(groups, WEISS_ACTION_ATTACH, "a").region, second.region);
    assert_string_equal(does(groups, WEISS_ACTION_ATTACH, "b").region, second.region);
    weiss_groups_free(groups);
}

static void test_agent_restarted(void **state)
{
    unsigned names = 100;
    weiss_fault fault = {0};
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    (void)state;
    assert_int_equal(weiss_groups_adopt(groups, "weiss-agent-r", "p/flavor", 4096, &fault), 0);
    assert_int_equal(weiss_groups_adopt(groups, "weiss-agent-s", "p/flavor", 4096, &fault), 0);
    assert_int_equal(weiss_groups_adopt(groups, "weiss-agent-t", "q/flavor", 4096, &fault), 0);
    assert_int_equal(weiss_groups_adopt(groups, "weiss-agent-r", "p/other", 4096, &fault), WEISS_ERR_VALUE);
    assert_string_equal(fault.text, "the region weiss-agent-r is noted twice");
    tell(groups, "a", 1, "p/flavor", "weiss-agent-r");
    tell(groups, "b", 2, "p/flavor", "weiss-agent-s");
    tell(groups, "c", 3, "p/flavor", "weiss-agent-nobody-knows");
    does(groups, WEISS_ACTION_DETACH, "b");
    does(groups, WEISS_ACTION_DETACH, "c");
    assert_string_equal(does(groups, WEISS_ACTION_REMOVE, "").region, "weiss-agent-nobody-knows");
    assert_string_equal(does(groups, WEISS_ACTION_REMOVE, "").region, "weiss-agent-s");
    assert_string_equal(does(groups, WEISS_ACTION_REMOVE, "").region, "weiss-agent-t");
    assert_string_equal(does(groups, WEISS_ACTION_ATTACH, "b").region, "weiss-agent-r");
    assert_string_equal(does(groups, WEISS_ACTION_ATTACH, "c").region, "weiss-agent-r");
    expect_nothing(groups, 0);
    weiss_groups_free(groups);
}

static void test_stranger_keeps_others_out(void **state)
{
    unsigned names = 100;
    weiss_fault fault = {0};
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    (void)state;
    weiss_groups_adopt(groups, "weiss-agent-r", "p/flavor", 4096, &fault);
    tell(groups, "x", 1, "q/flavor", "weiss-agent-r");
    tell(groups, "a", 2, "p/flavor", "");
    weiss_action detach = expect(groups, WEISS_ACTION_DETACH, "x", 0);
    expect_nothing(groups, 0);
    weiss_groups_done(groups, &detach, "the guest does not answer", 0);
    expect_nothing(groups, 0);
    detach = expect(groups, WEISS_ACTION_DETACH, "x", 1000);
    weiss_groups_done(groups, &detach, NULL, 1000);
    assert_string_equal(does(groups, WEISS_ACTION_ATTACH, "a").region, "weiss-agent-r");
    weiss_groups_free(groups);
}

static void test_late_end_of_an_action(void **state)
{
    unsigned names = 0;
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    (void)state;
    tell(groups, "a", 1, "p/flavor", "");
    does(groups, WEISS_ACTION_MAKE, "");
    weiss_action late = expect(groups, WEISS_ACTION_ATTACH, "a", 0);
    weiss_groups_ends(groups, "a");
    expect_nothing(groups, 0); /* the region is still being attached */
    tell(groups, "a", 2, "p/flavor", "");
    expect_nothing(groups, 0);
    weiss_groups_done(groups, &late, NULL, 0);
    assert_int_equal(weiss_groups_find(groups, "a")->state, WEISS_MEMBER_WAITS);
    weiss_action again = expect(groups, WEISS_ACTION_ATTACH, "a", 0);
    assert_int_equal(again.run, 2);
    weiss_groups_done(groups, &late, "told twice", 0);
    assert_string_equal(weiss_groups_find(groups, "a")->trouble, "");
    weiss_groups_done(groups, &again, NULL, 0);
    assert_int_equal(weiss_groups_find(groups, "a")->state, WEISS_MEMBER_ATTACHED);
    weiss_groups_free(groups);
}

static void test_first_says_how_large(void **state)
{
    unsigned names = 0;
    weiss_fault fault = {0};
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    weiss_decision small = decide("p/flavor", 4096), large = decide("p/flavor", 1 << 30);
    (void)state;
    weiss_groups_runs(groups, "z", 1, &large, "", &fault);
    weiss_groups_runs(groups, "a", 2, &small, "", &fault);
    weiss_action make = expect(groups, WEISS_ACTION_MAKE, "", 0);
    assert_int_equal(make.bytes, 1 << 30);
    weiss_groups_done(groups, &make, "no room", 0);
    weiss_groups_ends(groups, "z");
    make = expect(groups, WEISS_ACTION_MAKE, "", 1000);
    assert_int_equal(make.bytes, 4096);
    weiss_groups_free(groups);
}

static void test_words_that_do_not_fit(void **state)
{
    unsigned names = 0;
    weiss_fault fault = {0};
    weiss_groups *groups = weiss_groups_new(count_name, &names);
    weiss_decision decision = decide("p/flavor", 4096);
    (void)state;
    assert_int_equal(
        weiss_groups_runs(groups, "a", 1, &decision, "weiss-agent-0123456789abcdef0123456789abcdef", &fault),
        WEISS_ERR_VALUE);
    assert_int_equal(weiss_groups_members(groups), 0);
    assert_int_equal(weiss_groups_regions(groups), 0);
    weiss_groups_free(groups);
}

/* ---- Random histories ---- */

#define INSTANCES 14
#define REGIONS 400
#define FLIGHTS 64
#define PROJECTS 3
#define EVENTS 250000

typedef struct world_instance {
    char uuid[WEISS_AGENT_UUID];
    bool runs, released;
    uint64_t run;
    int project; /* on honest histories that of the instance for ever */
    int told; /* project of the last group that the model was told in this run; -1: none */
    char group[WEISS_GROUP_KEY]; /* "": shares nothing */
    char attached[WEISS_REGION_NAME];
} world_instance;

typedef struct world_region {
    char name[WEISS_REGION_NAME], group[WEISS_GROUP_KEY];
} world_region;

typedef struct world_flight {
    weiss_action action;
    bool acted; /* what it does has happened, and was not told yet */
    const char *trouble; /* how that ended */
} world_flight;

typedef struct world {
    weiss_groups *groups;
    uint64_t random, runs;
    unsigned names;
    bool honest;
    int64_t now;
    world_instance instance[INSTANCES];
    world_region region[REGIONS];
    int nregions;
    world_flight flight[FLIGHTS];
    int nflights;
    int failing; /* of 100 */
    size_t actions, kinds[4], converged;
} world;

static unsigned dice(world *w, unsigned n)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (unsigned)(w->random >> 33) % n;
}

static world_region *world_find(world *w, const char *name)
{
    for (int i = 0; i < w->nregions; i++)
        if (strcmp(w->region[i].name, name) == 0)
            return &w->region[i];
    return NULL;
}

static world_instance *world_instance_of(world *w, const char *uuid)
{
    for (int i = 0; i < INSTANCES; i++)
        if (strcmp(w->instance[i].uuid, uuid) == 0)
            return &w->instance[i];
    return NULL;
}

static int project_of(const char *group)
{
    return group[0] == 'p' ? group[1] - '0' : -1;
}

static void choose_group(world *w, world_instance *instance)
{
    static const char *const form[] = {"p%d/flavor", "p%d/server-group/1", "p%d/named/flavor", ""};
    if (!w->honest && dice(w, 20) == 0)
        instance->project = (int)dice(w, PROJECTS);
    snprintf(instance->group, sizeof instance->group, "%s", "");
    unsigned which = dice(w, 4);
    if (which < 3) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(instance->group, sizeof instance->group, form[which], instance->project);
#pragma GCC diagnostic pop
    }
}

static void world_tell(world *w, world_instance *instance, const char *attached)
{
    weiss_fault fault = {0};
    if (instance->group[0] != '\0')
        instance->told = project_of(instance->group);
    weiss_decision decision = decide(instance->group, 65536 << dice(w, 4));
    if (weiss_groups_runs(w->groups, instance->uuid, instance->run, &decision, attached, &fault) != 0)
        fail_msg("%s", fault.text);
}

static bool in_flight(const world *w, const world_instance *instance)
{
    for (int i = 0; i < w->nflights; i++)
        if (strcmp(w->flight[i].action.uuid, instance->uuid) == 0)
            return true;
    return false;
}

/** What must hold of an action at the moment it is handed out. */
static void check_handed(world *w, const weiss_action *action)
{
    const world_region *region = world_find(w, action->region);
    for (int i = 0; i < w->nflights; i++) {
        const weiss_action *other = &w->flight[i].action;
        if (action->uuid[0] != '\0')
            assert_string_not_equal(other->uuid, action->uuid);
        if (action->uuid[0] == '\0' || other->uuid[0] == '\0')
            assert_string_not_equal(other->region, action->region);
    }
    if (action->kind == WEISS_ACTION_MAKE) {
        assert_null(region);
        return;
    }
    if (action->kind == WEISS_ACTION_REMOVE) {
        for (int i = 0; i < INSTANCES; i++)
            assert_string_not_equal(w->instance[i].attached, action->region);
        return;
    }
    const world_instance *instance = world_instance_of(w, action->uuid);
    assert_true(instance->runs);
    assert_int_equal(instance->run, action->run);
    if (action->kind == WEISS_ACTION_DETACH) {
        assert_string_equal(instance->attached, action->region);
        return;
    }
    assert_string_equal(instance->attached, "");
    assert_string_equal(instance->group, action->group);
    assert_false(instance->released);
    /* Without the file when the world has lost it and the model was not told yet: the attachment fails. */
    if (region != NULL)
        assert_string_equal(region->group, action->group);
    for (int i = 0; i < INSTANCES; i++)
        if (w->instance[i].runs && strcmp(w->instance[i].attached, action->region) == 0)
            assert_int_equal(w->instance[i].told, project_of(action->group));
}

/** Takes actions until there is none, or @p most. */
static void world_take(world *w, int most)
{
    weiss_action action;
    while (most-- > 0 && w->nflights < FLIGHTS && weiss_groups_next(w->groups, w->now, &action)) {
        check_handed(w, &action);
        w->flight[w->nflights++] = (world_flight){.action = action};
        w->actions++;
        w->kinds[action.kind]++;
    }
}

/** What an action does to the world. @return why it fails; NULL: it is done */
static const char *world_act(world *w, const weiss_action *action)
{
    world_region *region = world_find(w, action->region);
    if (action->kind == WEISS_ACTION_MAKE) {
        assert_null(region);
        assert_true(w->nregions < REGIONS);
        region = &w->region[w->nregions++];
        memcpy(region->name, action->region, sizeof region->name);
        memcpy(region->group, action->group, sizeof region->group);
        return NULL;
    }
    if (action->kind == WEISS_ACTION_REMOVE) {
        for (int i = 0; i < INSTANCES; i++)
            assert_string_not_equal(w->instance[i].attached, action->region);
        if (region != NULL)
            *region = w->region[--w->nregions];
        return NULL;
    }
    world_instance *instance = world_instance_of(w, action->uuid);
    if (!instance->runs || instance->run != action->run)
        return "it runs no more";
    if (action->kind == WEISS_ACTION_DETACH) {
        assert_string_equal(instance->attached, action->region);
        instance->attached[0] = '\0';
        return NULL;
    }
    if (region == NULL)
        return "there is no such file";
    assert_string_equal(instance->attached, "");
    memcpy(instance->attached, action->region, sizeof instance->attached);
    return NULL;
}

/** An action happens, without the model being told of it. */
static void world_perform(world *w, int place)
{
    world_flight *flight = &w->flight[place];
    if (!flight->acted)
        flight->trouble = (int)dice(w, 100) < w->failing ? "bad luck" : world_act(w, &flight->action);
    flight->acted = true;
}

static void world_finish(world *w, int place)
{
    world_perform(w, place);
    const world_flight flight = w->flight[place];
    w->flight[place] = w->flight[--w->nflights];
    weiss_groups_done(w->groups, &flight.action, flight.trouble, w->now);
    if (dice(w, 50) == 0)
        weiss_groups_done(w->groups, &flight.action, NULL, w->now); /* told twice: the second is nothing */
}

static void world_start(world *w, world_instance *instance)
{
    instance->runs = true;
    instance->released = false;
    instance->run = ++w->runs;
    instance->told = -1;
    instance->attached[0] = '\0';
    if (dice(w, 3) == 0)
        choose_group(w, instance);
    if (!w->honest && dice(w, 25) == 0)
        snprintf(instance->attached, sizeof instance->attached, "weiss-agent-s-%06x", ++w->names);
    if (!w->honest && w->nregions > 0 && dice(w, 25) == 0)
        memcpy(instance->attached, w->region[dice(w, (unsigned)w->nregions)].name, sizeof instance->attached);
    /* A region that is being removed cannot be in use. */
    for (int i = 0; i < w->nflights; i++)
        if (w->flight[i].action.uuid[0] == '\0' &&
            strcmp(w->flight[i].action.region, instance->attached) == 0)
            instance->attached[0] = '\0';
    world_tell(w, instance, instance->attached);
}

static void world_stop(world *w, world_instance *instance)
{
    instance->runs = false;
    instance->attached[0] = '\0';
    weiss_groups_ends(w->groups, instance->uuid);
}

/** A new agent; actions of the old one are done or not. */
static void world_restart_agent(world *w)
{
    weiss_fault fault = {0};
    while (w->nflights > 0) {
        if (dice(w, 2) == 0)
            world_perform(w, w->nflights - 1);
        w->nflights--;
    }
    weiss_groups_free(w->groups);
    w->groups = weiss_groups_new(count_name, &w->names);
    for (int i = 0; i < w->nregions; i++)
        assert_int_equal(weiss_groups_adopt(w->groups, w->region[i].name, w->region[i].group, 65536, &fault),
                         0);
    for (int i = 0; i < INSTANCES; i++) {
        w->instance[i].released = false;
        w->instance[i].told = -1;
        if (w->instance[i].runs)
            world_tell(w, &w->instance[i], w->instance[i].attached);
    }
}

static void world_lose(world *w)
{
    if (w->nregions == 0)
        return;
    world_region *region = &w->region[dice(w, (unsigned)w->nregions)];
    weiss_groups_lose(w->groups, region->name);
    if (dice(w, 2) == 0) /* another file stands there: it is removed in the end */
        *region = w->region[--w->nregions];
}

static void world_event(world *w)
{
    world_instance *instance = &w->instance[dice(w, INSTANCES)];
    switch (dice(w, 17)) {
    case 0:
    case 1:
    case 2:
        if (instance->runs)
            world_stop(w, instance);
        else
            world_start(w, instance);
        break;
    case 3: /* restarted; that it ended is not always seen */
        if (instance->runs && dice(w, 2) == 0)
            world_stop(w, instance);
        world_start(w, instance);
        break;
    case 4:
        choose_group(w, instance);
        if (instance->runs)
            world_tell(w, instance, dice(w, 2) == 0 ? NULL : instance->attached);
        break;
    case 5:
        if (instance->runs) {
            instance->released = dice(w, 2) == 0;
            assert_true(weiss_groups_release(w->groups, instance->uuid, instance->released));
        }
        break;
    case 6:
        if (dice(w, 8) == 0)
            world_lose(w);
        break;
    case 7:
        if (dice(w, 40) == 0)
            world_restart_agent(w);
        break;
    case 8: /* taken away by hand, and seen */
        if (instance->runs && !in_flight(w, instance) && dice(w, 4) == 0) {
            instance->attached[0] = '\0';
            world_tell(w, instance, "");
        }
        break;
    case 9:
        w->now += dice(w, 4) == 0 ? dice(w, 90000) : dice(w, 1000);
        break;
    case 10:
    case 11:
    case 12:
        if (w->nflights > 0)
            world_finish(w, (int)dice(w, (unsigned)w->nflights));
        break;
    case 13: /* what it did can be seen in the domain before its end is told */
        if (w->nflights == 0)
            break;
        world_perform(w, (int)dice(w, (unsigned)w->nflights));
        if (instance->runs && dice(w, 2) == 0)
            world_tell(w, instance, instance->attached);
        break;
    default:
        world_take(w, 1 + (int)dice(w, 4));
    }
}

/** Region that the model says an instance has: the world's, when nothing is under way. */
static const char *seen_region(const world *w, int i)
{
    return weiss_groups_find(w->groups, w->instance[i].uuid)->region;
}

/** What must hold after each step. */
static void check_world(world *w)
{
    size_t running = 0;
    for (int i = 0; i < INSTANCES; i++) {
        const world_instance *instance = &w->instance[i];
        const weiss_member *member = weiss_groups_find(w->groups, instance->uuid);
        running += instance->runs;
        assert_int_equal(member != NULL, instance->runs);
        if (member == NULL)
            continue;
        if (!in_flight(w, instance))
            assert_string_equal(member->region, instance->attached);
        assert_int_equal(member->run, instance->run);
        assert_int_equal(member->released, instance->released);
        if (w->honest)
            for (int j = 0; j < i; j++)
                if (instance->attached[0] != '\0' && strcmp(instance->attached, w->instance[j].attached) == 0)
                    assert_int_equal(instance->project, w->instance[j].project);
    }
    assert_int_equal(weiss_groups_members(w->groups), running);
    for (size_t i = 0; i < weiss_groups_regions(w->groups); i++) {
        const weiss_group_region *region = weiss_groups_region(w->groups, i);
        int members = 0;
        for (int j = 0; j < INSTANCES; j++)
            members += w->instance[j].runs && strcmp(seen_region(w, j), region->name) == 0;
        assert_int_equal(region->members, members);
        assert_true(region->made || members == 0);
        if (i > 0)
            assert_true(strcmp(weiss_groups_region(w->groups, i - 1)->name, region->name) < 0);
    }
}

/** When nothing can be done, the time that the model says is exact. */
static void check_due(world *w)
{
    weiss_action action;
    if (w->nflights == FLIGHTS || weiss_groups_due(w->groups, w->now) == 0)
        return;
    assert_false(weiss_groups_next(w->groups, w->now, &action));
    int64_t due = weiss_groups_due(w->groups, w->now);
    assert_true(due == -1 || (due > 0 && due <= 60000));
    assert_false(weiss_groups_next(w->groups, due < 0 ? w->now + 1000000 : w->now + due - 1, &action));
    if (due > 0 && dice(w, 8) == 0) {
        w->now += due;
        size_t before = w->actions;
        world_take(w, 1);
        assert_int_equal(w->actions, before + 1);
    }
}

/** Number of different groups that are wanted. */
static int world_groups(const world *w)
{
    int n = 0;
    for (int i = 0; i < INSTANCES; i++) {
        const world_instance *a = &w->instance[i];
        bool counts = a->runs && !a->released && a->group[0] != '\0';
        for (int j = 0; counts && j < i; j++) {
            const world_instance *b = &w->instance[j];
            counts = !b->runs || b->released || strcmp(a->group, b->group) != 0;
        }
        n += counts;
    }
    return n;
}

/** From any state, when all succeeds, what was decided is so after a bounded number of actions. */
static void check_converges(world *w)
{
    int failing = w->failing;
    w->failing = 0;
    while (w->nflights > 0)
        world_finish(w, 0);
    w->now += 61000;
    size_t bound = w->actions + 2 * INSTANCES + (size_t)w->nregions + weiss_groups_regions(w->groups) +
                   2 * (size_t)world_groups(w);
    for (;;) {
        size_t before = w->actions;
        world_take(w, FLIGHTS);
        if (w->actions == before && w->nflights == 0)
            break;
        while (w->nflights > 0)
            world_finish(w, (int)dice(w, (unsigned)w->nflights));
        check_world(w);
    }
    assert_true(w->actions <= bound);
    assert_int_equal(weiss_groups_due(w->groups, w->now), -1);
    for (int i = 0; i < INSTANCES; i++) {
        const world_instance *instance = &w->instance[i];
        bool shares = instance->runs && !instance->released && instance->group[0] != '\0';
        if (instance->runs)
            assert_int_equal(weiss_groups_find(w->groups, instance->uuid)->state,
                             shares                                             ? WEISS_MEMBER_ATTACHED
                             : instance->released && instance->group[0] != '\0' ? WEISS_MEMBER_RELEASED
                                                                                : WEISS_MEMBER_APART);
        if (!shares) {
            assert_string_equal(instance->attached, "");
            continue;
        }
        const world_region *region = world_find(w, instance->attached);
        assert_non_null(region);
        assert_string_equal(region->group, instance->group);
    }
    /* One region for each group: none without a member, none doubled. */
    assert_int_equal(w->nregions, world_groups(w));
    assert_int_equal(weiss_groups_regions(w->groups), world_groups(w));
    w->failing = failing;
    w->converged++;
}

static void run_history(bool honest, uint64_t seed)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->random = seed;
    w->honest = honest;
    w->groups = weiss_groups_new(count_name, &w->names);
    for (int i = 0; i < INSTANCES; i++) {
        snprintf(w->instance[i].uuid, sizeof w->instance[i].uuid, "%08x", (unsigned)i * 2654435761u);
        w->instance[i].project = i % PROJECTS;
        choose_group(w, &w->instance[i]);
    }
    for (int i = 0; i < EVENTS; i++) {
        if (i % 5000 == 0)
            w->failing = (int)dice(w, 3) * 30;
        world_event(w);
        check_world(w);
        check_due(w);
        if (dice(w, 300) == 0)
            check_converges(w);
    }
    check_converges(w);
    print_message(
        "%s: %d events, %zu actions (make %zu, attach %zu, detach %zu, remove %zu), converged %zu times\n",
        honest ? "honest" : "hostile", EVENTS, w->actions, w->kinds[0], w->kinds[1], w->kinds[2], w->kinds[3],
        w->converged);
    for (int i = 0; i < 4; i++)
        assert_true(w->kinds[i] > EVENTS / 100);
    weiss_groups_free(w->groups);
    free(w);
}

static void test_honest_histories(void **state)
{
    (void)state;
    run_history(true, 20260711);
}

static void test_hostile_histories(void **state)
{
    (void)state;
    run_history(false, 314159265);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_and_last),
        cmocka_unit_test(test_restart_gets_another_region),
        cmocka_unit_test(test_decision_changes),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_failures_are_tried_again_later_and_later),
        cmocka_unit_test(test_region_lost),
        cmocka_unit_test(test_agent_restarted),
        cmocka_unit_test(test_stranger_keeps_others_out),
        cmocka_unit_test(test_late_end_of_an_action),
        cmocka_unit_test(test_first_says_how_large),
        cmocka_unit_test(test_words_that_do_not_fit),
        cmocka_unit_test(test_honest_histories),
        cmocka_unit_test(test_hostile_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
