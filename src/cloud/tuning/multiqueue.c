/* Step: taps have more than one queue. */
#include "cloud/tuning/guests.h"
#include "cloud/tuning/network.h"
#include "cloud/tuning/steps.h"

/** Of the flags of a tap: it may have several queues (linux/if_tun.h). */
#define MULTI_QUEUE 0x100

static int most_vcpus(const weiss_tuning_machine *machine)
{
    weiss_tuning_guest *guests;
    int count = weiss_tuning_guests(machine, &guests), most = 0;
    for (int g = 0; g < count; g++)
        most = guests[g].vcpus > most ? guests[g].vcpus : most;
    weiss_tuning_guests_free(guests, count);
    return most;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    glob_t interfaces;
    char flags[32], file[WEISS_TUNING_PATH];
    int taps = weiss_tuning_taps(machine, &interfaces), vcpus = most_vcpus(machine);
    weiss_tuning_say(finding, taps > 0 && vcpus > 0 ? WEISS_TUNING_GOOD : WEISS_TUNING_ABSENT,
                     WEISS_TUNING_NET, "%d taps; the largest virtual machine has %d vCPUs", taps, vcpus);
    for (size_t i = 0; vcpus > 1 && i < interfaces.gl_pathc && finding->verdict != WEISS_TUNING_BAD; i++) {
        const char *interface = weiss_tuning_bare(machine, interfaces.gl_pathv[i]);
        snprintf(file, sizeof file, "%s/tun_flags", interface);
        if (!weiss_tuning_read(machine, flags, sizeof flags, "%s", file) ||
            (strtol(flags, NULL, 0) & MULTI_QUEUE) != 0)
            continue;
        weiss_tuning_say(finding, WEISS_TUNING_BAD, file,
                         "%s has one queue; the largest virtual machine has %d vCPUs",
                         strrchr(interface, '/') + 1, vcpus);
        weiss_tuning_advise(finding,
                            "libvirt: <driver name='vhost' queues='%d'/> in <interface>; QEMU: -netdev "
                            "tap,vhost=on,queues=%d and -device virtio-net-pci,mq=on",
                            vcpus, vcpus);
    }
    globfree(&interfaces);
}

const weiss_tuning_step weiss_tuning_multiqueue = {
    .name = "multiqueue",
    .title = "taps have a queue for each vCPU",
    .why = "With one queue all packets of a guest go through one thread.",
    .side = WEISS_TUNING_HOST,
    .weight = 28,
    .find = find,
};
