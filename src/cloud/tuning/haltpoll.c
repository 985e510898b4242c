/* Step: the guest polls a moment before it gives its processor back. */
#include "cloud/tuning/steps.h"

#define FILE_NAME "/sys/devices/system/cpu/cpuidle/current_governor"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char governor[64], driver[64], clocks[256];
    weiss_tuning_read(machine, clocks, sizeof clocks,
                      "/sys/devices/system/clocksource/clocksource0/available_clocksource");
    weiss_tuning_read(machine, driver, sizeof driver, "/sys/devices/system/cpu/cpuidle/current_driver");
    if (strstr(clocks, "kvm-clock") == NULL ||
        !weiss_tuning_read(machine, governor, sizeof governor, FILE_NAME)) {
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, FILE_NAME, "this machine is no guest of KVM");
        return;
    }
    bool right = strcmp(driver, "haltpoll") == 0;
    weiss_tuning_say(finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, FILE_NAME,
                     "the driver is %s, the governor %s", driver, governor);
    if (!right) {
        weiss_tuning_advise(finding, "modprobe cpuidle-haltpoll force=1");
        weiss_tuning_advise(finding, "echo haltpoll > " FILE_NAME);
    }
}

const weiss_tuning_step weiss_tuning_haltpoll = {
    .name = "haltpoll",
    .title = "the guest polls a moment before it gives its processor back",
    .why = "Giving the processor back is an exit, and the message may come in the next microsecond.",
    .side = WEISS_TUNING_GUEST,
    .weight = 40,
    .find = find,
};
