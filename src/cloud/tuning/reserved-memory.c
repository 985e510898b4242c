/* Step: Nova leaves the memory of the regions to the host. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

#include "base/bytes.h"

#define USUAL 512 /* MiB that Nova leaves when nothing is set */

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char text[64], total_text[64], where[WEISS_TUNING_PATH];
    int64_t total = INT64_C(4) << 30;
    if (!weiss_tuning_nova_there(machine, finding) || !weiss_tuning_agent_readable(machine, finding))
        return;
    bool set = weiss_tuning_nova(machine, "DEFAULT", "reserved_host_memory_mb", text, sizeof text, where);
    weiss_tuning_agent(machine, "share", "total", "4 GiB", total_text, sizeof total_text);
    weiss_bytes_parse(total_text, &total);
    long long reserved = set ? strtoll(text, NULL, 10) : USUAL, wanted = USUAL + (total >> 20);
    weiss_tuning_say(finding, reserved >= wanted ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, where,
                     "reserved_host_memory_mb is %lld%s; [share] total is %s", reserved,
                     set ? "" : " (not set)", total_text);
    if (reserved < wanted)
        weiss_tuning_advise(finding,
                            "reserved_host_memory_mb = %lld in [DEFAULT] of " WEISS_TUNING_NOVA
                            ", then restart nova-compute",
                            wanted);
}

const weiss_tuning_step weiss_tuning_reserved_memory = {
    .name = "reserved-memory",
    .title = "Nova leaves the memory of the regions to the host",
    .why = "Nova does not see regions: it fills their memory with instances until the kernel kills one.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 70,
    .find = find,
};
