/* Step: network cards have a queue for each vCPU. */
#include "cloud/tuning/steps.h"

#define FILE_NAME "/sys/class/net"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    glob_t cards;
    char driver[64];
    hwloc_bitmap_t online = weiss_tuning_cpus_of(machine, "/sys/devices/system/cpu/online");
    int cpus = online != NULL ? hwloc_bitmap_weight(online) : 1;
    hwloc_bitmap_free(online);
    weiss_tuning_say(finding, WEISS_TUNING_ABSENT, FILE_NAME, "there is no virtio network card");
    weiss_tuning_glob(machine, FILE_NAME "/*", &cards);
    for (size_t i = 0; i < cards.gl_pathc && finding->verdict != WEISS_TUNING_BAD; i++) {
        const char *card = weiss_tuning_bare(machine, cards.gl_pathv[i]), *name = strrchr(card, '/') + 1;
        weiss_tuning_link(machine, driver, sizeof driver, "%s/device/driver", card);
        if (strcmp(driver, "virtio_net") != 0)
            continue;
        int queues = weiss_tuning_count(machine, "%s/queues/rx-*", card);
        weiss_tuning_say(finding, queues >= cpus ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, card,
                         "%s has %d queues for %d vCPUs", name, queues, cpus);
        if (queues < cpus) {
            weiss_tuning_advise(finding, "ethtool -L %s combined %d", name, cpus);
            weiss_tuning_advise(finding,
                                "if that is refused, on the host: queues=%d for the card (libvirt: <driver "
                                "name='vhost' queues='%d'/>)",
                                cpus, cpus);
        }
    }
    globfree(&cards);
}

const weiss_tuning_step weiss_tuning_queues = {
    .name = "queues",
    .title = "each network card has a queue for each vCPU",
    .why = "With one queue all packets are handled on one vCPU, which one rank then shares.",
    .side = WEISS_TUNING_GUEST,
    .weight = 35,
    .find = find,
};
