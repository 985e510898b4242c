/* Step: the guest has an ivshmem device. */
#include "cloud/tuning/pci.h"
#include "cloud/tuning/steps.h"

#define FILE_NAME "/sys/bus/pci/devices"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char file[WEISS_TUNING_PATH], address[64];
    if (weiss_tuning_ivshmem_device(machine, file, sizeof file, address, sizeof address)) {
        long long size = weiss_tuning_ivshmem_bytes(machine, file);
        weiss_tuning_say(finding, WEISS_TUNING_GOOD, file, "device %s has a region of %lld MiB", address,
                         size >> 20);
        return;
    }
    weiss_tuning_say(finding, WEISS_TUNING_BAD, FILE_NAME, "there is no ivshmem device (PCI 1af4:1110)");
    weiss_tuning_advise(
        finding, "on the host: give the machine one (libvirt: <shmem>; docs/region-server.md for QEMU)");
}

const weiss_tuning_step weiss_tuning_ivshmem = {
    .name = "ivshmem",
    .title = "the machine has a region that it shares with others",
    .why = "Without one, messages between virtual machines go through the network.",
    .side = WEISS_TUNING_GUEST,
    .weight = 100,
    .find = find,
};
