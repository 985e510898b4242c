/* Step: bridges that lead nowhere but to guests carry large packets. */
#include "cloud/tuning/network.h"
#include "cloud/tuning/steps.h"

#define WANTED 9000

/** Ports of a bridge. @param[out] physical  one of them is a card of this machine, whose network decides @return how many */
static int ports(const weiss_tuning_machine *machine, const char *bridge, glob_t *found, bool *physical)
{
    char pattern[WEISS_TUNING_PATH + 16];
    snprintf(pattern, sizeof pattern, "%s/brif/*", bridge);
    weiss_tuning_glob(machine, pattern, found);
    *physical = false;
    for (size_t i = 0; i < found->gl_pathc; i++)
        *physical = *physical || weiss_tuning_there(machine, WEISS_TUNING_NET "/%s/device",
                                                    strrchr(found->gl_pathv[i], '/') + 1);
    return (int)found->gl_pathc;
}

static void judge(const weiss_tuning_machine *machine, const char *bridge, weiss_tuning_finding *finding)
{
    glob_t found;
    bool physical;
    long long mtu = weiss_tuning_number(machine, 0, "%s/mtu", bridge);
    int count = ports(machine, bridge, &found, &physical);
    const char *name = strrchr(bridge, '/') + 1;
    char file[WEISS_TUNING_PATH + 16];
    snprintf(file, sizeof file, "%s/mtu", bridge);
    if (finding->verdict == WEISS_TUNING_ABSENT && count > 0)
        weiss_tuning_say(finding, WEISS_TUNING_GOOD, file, "%s: MTU %lld%s", name, mtu,
                         physical ? ", as its network has it" : "");
    if (!physical && count > 0 && mtu < WANTED)
        weiss_tuning_say(finding, WEISS_TUNING_BAD, file, "%s, a bridge between %d guests only: MTU %lld",
                         name, count, mtu);
    for (size_t i = 0; i < found.gl_pathc && finding->verdict != WEISS_TUNING_BAD; i++) {
        const char *port = strrchr(found.gl_pathv[i], '/') + 1;
        long long own = weiss_tuning_number(machine, mtu, WEISS_TUNING_NET "/%s/mtu", port);
        if (own != mtu)
            weiss_tuning_say(finding, WEISS_TUNING_BAD, file, "%s: MTU %lld, but its port %s: MTU %lld", name,
                             mtu, port, own);
    }
    globfree(&found);
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    glob_t bridges;
    weiss_tuning_glob(machine, WEISS_TUNING_NET "/*/bridge", &bridges);
    weiss_tuning_say(finding, WEISS_TUNING_ABSENT, WEISS_TUNING_NET, "there is no bridge with guests");
    for (size_t i = 0; i < bridges.gl_pathc && finding->verdict != WEISS_TUNING_BAD; i++) {
        char bridge[WEISS_TUNING_PATH];
        snprintf(bridge, sizeof bridge, "%s", weiss_tuning_bare(machine, bridges.gl_pathv[i]));
        *strrchr(bridge, '/') = '\0';
        judge(machine, bridge, finding);
    }
    globfree(&bridges);
}

/** Sets the ports of a bridge first: the bridge cannot be above the smallest of them. */
static void plan_bridge(const weiss_tuning_machine *machine, const char *bridge, const char *given,
                        weiss_tuning_changes *changes)
{
    glob_t found;
    bool physical;
    char value[32], own[32];
    int count = ports(machine, bridge, &found, &physical);
    weiss_tuning_read(machine, own, sizeof own, "%s/mtu", bridge);
    snprintf(value, sizeof value, "%d", WANTED);
    /* A network beyond this machine has its own MTU: there the ports only follow the bridge. */
    const char *wanted = given != NULL ? given : physical ? own : value;
    for (int i = 0; i < count; i++)
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, wanted, "", WEISS_TUNING_NET "/%s/mtu",
                                strrchr(found.gl_pathv[i], '/') + 1);
    if (count > 0)
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, wanted, "", "%s/mtu", bridge);
    globfree(&found);
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    glob_t bridges;
    if (argument != NULL && (strspn(argument, "0123456789") != strlen(argument) || atol(argument) < 1280 ||
                             atol(argument) > 65520))
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "\"%.64s\" is no MTU, 1280 to 65520", argument);
    weiss_tuning_glob(machine, WEISS_TUNING_NET "/*/bridge", &bridges);
    for (size_t i = 0; i < bridges.gl_pathc; i++) {
        char bridge[WEISS_TUNING_PATH];
        snprintf(bridge, sizeof bridge, "%s", weiss_tuning_bare(machine, bridges.gl_pathv[i]));
        *strrchr(bridge, '/') = '\0';
        plan_bridge(machine, bridge, argument, changes);
    }
    globfree(&bridges);
    return 0;
}

const weiss_tuning_step weiss_tuning_mtu = {
    .name = "mtu",
    .title = "bridges between guests carry large packets",
    .why = "Large messages by TCP need a sixth of the packets; the guests' cards need the same MTU.",
    .argument = "MTU",
    .side = WEISS_TUNING_HOST,
    .weight = 26,
    .find = find,
    .plan = plan,
};
