#include "cloud/tuning/network.h"

bool weiss_tuning_is_tap(const weiss_tuning_machine *machine, const char *directory)
{
    return weiss_tuning_there(machine, "%s/tun_flags", directory);
}

int weiss_tuning_taps(const weiss_tuning_machine *machine, glob_t *interfaces)
{
    int taps = 0;
    weiss_tuning_glob(machine, WEISS_TUNING_NET "/*", interfaces);
    for (size_t i = 0; i < interfaces->gl_pathc; i++)
        taps += weiss_tuning_is_tap(machine, weiss_tuning_bare(machine, interfaces->gl_pathv[i]));
    return taps;
}
