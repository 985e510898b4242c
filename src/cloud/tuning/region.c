/* Step: /dev/shm has room for the regions. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

#include <sys/stat.h>

/** Room that there should be for a region, and the part that may be taken. */
#define LEAST_KIB (256 << 10)
#define FULL_PERCENT 90

/** KiB from "24683620k", "512m", "1g" or bytes; "50%" of the memory. */
static long long kib_of(const char *text, long long memory)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    switch (*end) {
    case 'g':
        return n << 20;
    case 'm':
        return n << 10;
    case 'k':
        return n;
    case '%':
        return n * memory / 100;
    default:
        return n >> 10;
    }
}

static long long memory_kib(const weiss_tuning_machine *machine)
{
    char text[8192];
    weiss_tuning_read(machine, text, sizeof text, "/proc/meminfo");
    return weiss_tuning_field(text, "MemTotal", 0);
}

/* Half the memory when nothing else is said. */
long long weiss_tuning_shm_kib(const weiss_tuning_machine *machine)
{
    char options[WEISS_TUNING_TEXT], size[64];
    if (!weiss_tuning_mount(machine, "/dev/shm", options, sizeof options))
        return -1;
    return weiss_tuning_word(options, ',', "size", size, sizeof size) ? kib_of(size, memory_kib(machine))
                                                                      : memory_kib(machine) / 2;
}

/** KiB that the files in /dev/shm have by their size: a region may be filled to that. */
static long long promised_kib(const weiss_tuning_machine *machine)
{
    glob_t files;
    struct stat status;
    long long sum = 0;
    weiss_tuning_glob(machine, "/dev/shm/*", &files);
    for (size_t i = 0; i < files.gl_pathc; i++)
        if (lstat(files.gl_pathv[i], &status) == 0 && S_ISREG(status.st_mode))
            sum += (long long)status.st_size >> 10;
    globfree(&files);
    return sum;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    long long size = weiss_tuning_shm_kib(machine), promised = promised_kib(machine);
    if (size < 0) {
        weiss_tuning_say(finding, WEISS_TUNING_BAD, "/proc/mounts", "/dev/shm is not mounted");
        weiss_tuning_advise(finding, "mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm");
        return;
    }
    bool right = size >= LEAST_KIB && promised <= size / 100 * FULL_PERCENT;
    weiss_tuning_say(finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, "/dev/shm",
                     "%lld MiB, of which regions and other files have %lld MiB", size >> 10, promised >> 10);
}

/** Twice what is promised, between LEAST_KIB and half of the memory; or as asked. */
static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    char value[64], old[64];
    long long size = weiss_tuning_shm_kib(machine), wanted = 2 * promised_kib(machine),
              memory = memory_kib(machine);
    if (size < 0)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "/dev/shm is not mounted");
    wanted = wanted < LEAST_KIB ? LEAST_KIB : wanted;
    if (argument != NULL && (argument[strspn(argument, "0123456789")] == '\0' ||
                             strchr("kmg", argument[strlen(argument) - 1]) == NULL ||
                             strspn(argument, "0123456789") + 1 != strlen(argument)))
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "\"%.64s\" is no size, such as 512m or 4g", argument);
    wanted = argument != NULL ? kib_of(argument, memory) : wanted;
    if (wanted > memory)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "/dev/shm of %lld MiB is more than this machine's memory, %lld MiB",
                               wanted >> 10, memory >> 10);
    if (argument == NULL && wanted <= size)
        return 0;
    snprintf(value, sizeof value, "size=%lldk", wanted);
    snprintf(old, sizeof old, "size=%lldk", size);
    weiss_tuning_change_add(machine, changes, WEISS_TUNING_REMOUNT, value, old, "/dev/shm");
    return 0;
}

const weiss_tuning_step weiss_tuning_region = {
    .name = "region",
    .title = "/dev/shm has room for the regions",
    .why = "A region is a file there; a guest that touches a page for which there is no room is killed.",
    .argument = "SIZE",
    .side = WEISS_TUNING_HOST,
    .weight = 75,
    .find = find,
    .plan = plan,
};
