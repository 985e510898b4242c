/* Step: isolation from the start of the kernel. Only told. */
#include "cloud/tuning/guests.h"
#include "cloud/tuning/steps.h"

#define FILE_NAME "/proc/cmdline"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char line[4096], wanted[256] = "", isolated[256] = "", list[256] = "";
    weiss_tuning_read(machine, line, sizeof line, FILE_NAME);
    weiss_tuning_read(machine, isolated, sizeof isolated, "/sys/devices/system/cpu/isolated");
    if (weiss_tuning_word(line, ' ', "isolcpus", wanted, sizeof wanted)) {
        /* isolcpus=domain,managed_irq,2-3: flags come first. */
        const char *cpus = wanted + strcspn(wanted, "0123456789");
        hwloc_bitmap_t a = weiss_tuning_cpus(cpus), b = weiss_tuning_cpus(isolated);
        bool same = a != NULL && b != NULL && hwloc_bitmap_isequal(a, b);
        hwloc_bitmap_free(a);
        hwloc_bitmap_free(b);
        weiss_tuning_say(finding, same ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, FILE_NAME,
                         "isolcpus=%s was asked for; processors \"%s\" are isolated", wanted, isolated);
        if (!same)
            weiss_tuning_advise(finding,
                                "write processors that exist into GRUB_CMDLINE_LINUX of /etc/default/grub; "
                                "update-grub; boot again");
        return;
    }
    hwloc_bitmap_t kept = weiss_tuning_kept_cpus(machine);
    weiss_tuning_say(finding, WEISS_TUNING_INFO, FILE_NAME, "the kernel was not asked to isolate processors");
    if (!hwloc_bitmap_iszero(kept))
        weiss_tuning_cpu_list(kept, list, sizeof list);
    hwloc_bitmap_free(kept);
    weiss_tuning_advise(
        finding, "add to GRUB_CMDLINE_LINUX in /etc/default/grub: isolcpus=%s nohz_full=%s rcu_nocbs=%s",
        list[0] != '\0' ? list : "CPUS", list[0] != '\0' ? list : "CPUS", list[0] != '\0' ? list : "CPUS");
    weiss_tuning_advise(finding, "update-grub; boot again; weiss doctor checks it");
}

const weiss_tuning_step weiss_tuning_kernel_line = {
    .name = "kernel-line",
    .title = "isolation from the start of the kernel, as its command line asks",
    .why = "Processors that are isolated from the start take no timer ticks and no callbacks of the kernel "
           "either.",
    .side = WEISS_TUNING_HOST,
    .weight = 25,
    .find = find,
};
