/* Step: the region is mapped with the processor's caches. */
#include "cloud/tuning/pci.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char file[WEISS_TUNING_PATH], address[64], driver[64];
    if (!weiss_tuning_ivshmem_device(machine, file, sizeof file, address, sizeof address)) {
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, "/sys/bus/pci/devices", "there is no ivshmem device");
        return;
    }
    weiss_tuning_link(machine, driver, sizeof driver, "%s/driver", file);
    bool module = strcmp(driver, "weiss_ivshmem") == 0, vfio = strcmp(driver, "vfio-pci") == 0;
    weiss_tuning_say(finding, module ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, file, "device %s: %s", address,
                     module ? "the module weiss_ivshmem maps it cached"
                     : vfio ? "vfio-pci maps it uncached"
                            : "no driver: sysfs maps it uncached");
    if (vfio)
        weiss_tuning_advise(finding, "echo %s > %s/driver/unbind", address, file);
    if (!module && weiss_tuning_there(machine, "/sys/module/weiss_ivshmem"))
        weiss_tuning_advise(finding, "echo %s > /sys/bus/pci/drivers/weiss_ivshmem/bind", address);
    else if (!module)
        weiss_tuning_advise(finding, "apt install weiss-ivshmem-dkms && modprobe weiss_ivshmem");
}

const weiss_tuning_step weiss_tuning_mapping = {
    .name = "mapping",
    .title = "the region is mapped with the processor's caches",
    .why = "Through an uncached mapping the region is ten to a hundred times slower than memory.",
    .side = WEISS_TUNING_GUEST,
    .weight = 95,
    .find = find,
};
