/* Step: no time is stolen from the guest. */
#include "cloud/tuning/steps.h"

/** What the host itself needs now and then. */
#define STOLEN_PERCENT 1.0

#define FILE_NAME "/proc/stat"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char text[512];
    double t[8] = {0}, all = 0;
    weiss_tuning_read(machine, text, sizeof text, FILE_NAME);
    if (sscanf(text, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", t, t + 1, t + 2, t + 3, t + 4, t + 5, t + 6,
               t + 7) != 8) {
        weiss_tuning_say(finding, WEISS_TUNING_UNKNOWN, FILE_NAME, "the file has no times");
        return;
    }
    for (int i = 0; i < 8; i++)
        all += i == 3 || i == 4 ? 0 : t[i]; /* but idle and waiting */
    double part = all > 0 ? 100 * t[7] / all : 0;
    weiss_tuning_say(finding, part > STOLEN_PERCENT ? WEISS_TUNING_BAD : WEISS_TUNING_GOOD, FILE_NAME,
                     "%.1f %% of the time that this machine wanted since its start was stolen", part);
    if (part > STOLEN_PERCENT)
        weiss_tuning_advise(finding,
                            "on the host: weiss tune pinning isolation; no more vCPUs than processors");
}

const weiss_tuning_step weiss_tuning_steal = {
    .name = "steal",
    .title = "the host gives this guest all the time that it asks for",
    .why = "Time that is stolen from one rank is waited for by all others.",
    .side = WEISS_TUNING_GUEST,
    .weight = 80,
    .find = find,
};
