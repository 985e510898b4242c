/* Step: shared memory may have huge pages without a reservation. */
#include "cloud/tuning/steps.h"

#define ENABLED "/sys/kernel/mm/transparent_hugepage/shmem_enabled"

static bool is_on(const char *word)
{
    return strcmp(word, "advise") == 0 || strcmp(word, "within_size") == 0 || strcmp(word, "always") == 0;
}

/** The setting for memfd and anonymous memory, and that of /dev/shm. @return false when the kernel has none */
static bool look(const weiss_tuning_machine *machine, char *memfd, char *shm, size_t size)
{
    char options[WEISS_TUNING_TEXT];
    if (!weiss_tuning_read(machine, memfd, size, ENABLED))
        return false;
    weiss_tuning_chosen(memfd);
    weiss_tuning_mount(machine, "/dev/shm", options, sizeof options);
    if (!weiss_tuning_word(options, ',', "huge", shm, size))
        snprintf(shm, size, "never");
    return true;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char memfd[128], shm[128];
    if (!look(machine, memfd, shm, sizeof shm))
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, ENABLED,
                         "this kernel has no huge pages for shared memory");
    else if (strcmp(memfd, "deny") == 0)
        weiss_tuning_say(finding, WEISS_TUNING_BAD, ENABLED, "shared memory is denied huge pages");
    else
        weiss_tuning_say(finding,
                         strcmp(memfd, "force") == 0 || (is_on(memfd) && is_on(shm)) ? WEISS_TUNING_GOOD
                                                                                     : WEISS_TUNING_BAD,
                         ENABLED, "guests' memory (memfd): %s; /dev/shm: huge=%s", memfd, shm);
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    char memfd[128], shm[128], old[160];
    (void)argument;
    if (!look(machine, memfd, shm, sizeof shm))
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "this kernel has no huge pages for shared memory");
    snprintf(old, sizeof old, "huge=%s", shm);
    if (!is_on(memfd) && strcmp(memfd, "force") != 0)
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, "advise", "", ENABLED);
    if (!is_on(shm))
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_REMOUNT, "huge=within_size", old, "/dev/shm");
    return 0;
}

const weiss_tuning_step weiss_tuning_shmem = {
    .name = "shmem",
    .title = "shared memory may have huge pages without a reservation",
    .why = "Region and guest memory are shared memory, which gets pages of 4 KiB unless that is allowed.",
    .side = WEISS_TUNING_HOST,
    .weight = 60,
    .find = find,
    .plan = plan,
};
