/* Step: Nova has huge pages for instances. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char reserved[WEISS_TUNING_TEXT], memory[8192], where[WEISS_TUNING_PATH];
    if (!weiss_tuning_nova_there(machine, finding))
        return;
    weiss_tuning_nova(machine, "DEFAULT", "reserved_huge_pages", reserved, sizeof reserved, where);
    weiss_tuning_read(machine, memory, sizeof memory, "/proc/meminfo");
    long long pages = weiss_tuning_field(memory, "HugePages_Total", 0);
    weiss_tuning_say(finding, pages > 0 ? WEISS_TUNING_GOOD : WEISS_TUNING_INFO, "/proc/meminfo",
                     "%lld huge pages of %lld KiB; reserved_huge_pages (kept from instances) is %s", pages,
                     weiss_tuning_field(memory, "Hugepagesize", 0),
                     reserved[0] != '\0' ? reserved : "not set");
    if (pages == 0)
        weiss_tuning_advise(finding, "weiss tune hugepages, restart nova-compute, and flavors with "
                                     "hw:mem_page_size=large");
}

const weiss_tuning_step weiss_tuning_instance_pages = {
    .name = "instance-pages",
    .title = "Nova has huge pages for instances",
    .why =
        "In small pages each access that misses is looked up in two page tables, the guest's and the host's.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 55,
    .find = find,
};
