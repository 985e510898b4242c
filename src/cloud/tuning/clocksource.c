/* Step: reading the clock needs no exit from the guest. */
#include "cloud/tuning/steps.h"

#define FILE_NAME "/sys/devices/system/clocksource/clocksource0/current_clocksource"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char clock[64], all[256];
    bool known = weiss_tuning_read(machine, clock, sizeof clock, FILE_NAME);
    weiss_tuning_read(machine, all, sizeof all,
                      "/sys/devices/system/clocksource/clocksource0/available_clocksource");
    bool right = strcmp(clock, "kvm-clock") == 0 || strcmp(clock, "tsc") == 0;
    if (!known) {
        weiss_tuning_say(finding, WEISS_TUNING_UNKNOWN, FILE_NAME, "the file cannot be read");
        return;
    }
    weiss_tuning_say(finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, FILE_NAME, "the clock is %s",
                     clock);
    const char *better = strstr(all, "kvm-clock") != NULL ? "kvm-clock"
                         : strstr(all, "tsc") != NULL     ? "tsc"
                                                          : NULL;
    if (!right && better != NULL)
        weiss_tuning_advise(finding, "echo %s > " FILE_NAME, better);
    else if (!right)
        weiss_tuning_advise(finding, "on the host: start this machine with -accel kvm -cpu host");
}

const weiss_tuning_step weiss_tuning_clocksource = {
    .name = "clocksource",
    .title = "reading the clock needs no exit from the guest",
    .why = "MPI reads the clock while it waits; a clock that is emulated costs an exit each time.",
    .side = WEISS_TUNING_GUEST,
    .weight = 50,
    .find = find,
};
