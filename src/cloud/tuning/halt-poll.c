/* Step: KVM polls for a while before it takes an idle vCPU off its processor. */
#include "cloud/tuning/steps.h"

/** What KVM itself starts with. */
#define WANTED_NS 200000

#define FILE_NAME "/sys/module/kvm/parameters/halt_poll_ns"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    long long ns = weiss_tuning_number(machine, -1, FILE_NAME);
    if (ns < 0)
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, FILE_NAME, "KVM is not loaded");
    else
        weiss_tuning_say(finding, ns >= WANTED_NS ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, FILE_NAME,
                         "KVM polls for at most %lld ns", ns);
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    char value[32];
    char *end;
    long long wanted = WANTED_NS;
    if (argument != NULL) {
        wanted = strtoll(argument, &end, 10);
        if (argument[0] < '0' || argument[0] > '9' || *end != '\0' || wanted > 10000000)
            return weiss_fault_set(fault, WEISS_ERR_VALUE,
                                   "\"%.64s\" is no time of polling in nanoseconds, 0 to 10000000", argument);
    }
    snprintf(value, sizeof value, "%lld", wanted);
    if (weiss_tuning_there(machine, FILE_NAME))
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, value, "", FILE_NAME);
    return 0;
}

const weiss_tuning_step weiss_tuning_halt_poll = {
    .name = "halt-poll",
    .title = "KVM waits a moment before it puts an idle vCPU to sleep",
    .why = "A rank that sleeps for a short message is awake again in some microseconds instead of some tens.",
    .argument = "NS",
    .side = WEISS_TUNING_HOST,
    .weight = 45,
    .find = find,
    .plan = plan,
};
