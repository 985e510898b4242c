#include "weiss/tuning.h"

#include "cloud/tuning/guests.h"
#include "cloud/tuning/pci.h"

#include <stdlib.h>
#include <string.h>

weiss_tuning_machine weiss_tuning_this_machine(void)
{
    const char *root = getenv("WEISS_TUNING_ROOT");
    return (weiss_tuning_machine){.root = root != NULL ? root : ""};
}

int weiss_tuning_guess(const weiss_tuning_machine *machine)
{
    char text[8192], file[WEISS_TUNING_PATH], address[64];
    weiss_tuning_guest *guests;
    weiss_tuning_read(machine, text, sizeof text, "/proc/cpuinfo");
    bool guest = strstr(text, " hypervisor") != NULL &&
                 weiss_tuning_ivshmem_device(machine, file, sizeof file, address, sizeof address);
    int count = weiss_tuning_guests(machine, &guests);
    weiss_tuning_guests_free(guests, count);
    bool host = !guest || count > 0 || weiss_tuning_there(machine, "/dev/kvm");
    return (guest ? WEISS_TUNING_GUEST : 0) | (host ? WEISS_TUNING_HOST : 0);
}
