/* Step: /dev/shm has room for all regions of the agent. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

#include "base/bytes.h"

#include <sys/stat.h>

#define SHM "/dev/shm"

/** KiB of files there that are not the agent's. */
static long long others_kib(const weiss_tuning_machine *machine)
{
    glob_t files;
    struct stat status;
    long long sum = 0;
    weiss_tuning_glob(machine, SHM "/*", &files);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *name = strrchr(files.gl_pathv[i], '/') + 1;
        if (strncmp(name, "weiss-agent-", 12) != 0 && lstat(files.gl_pathv[i], &status) == 0 &&
            S_ISREG(status.st_mode))
            sum += (long long)status.st_size >> 10;
    }
    globfree(&files);
    return sum;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char text[64];
    int64_t total = 0;
    long long size = weiss_tuning_shm_kib(machine), others = others_kib(machine);
    if (!weiss_tuning_agent_readable(machine, finding))
        return;
    weiss_tuning_agent(machine, "share", "total", "4 GiB", text, sizeof text);
    if (!weiss_bytes_parse(text, &total)) {
        weiss_tuning_say(finding, WEISS_TUNING_BAD, WEISS_TUNING_AGENT_CONF,
                         "[share] total, \"%s\", is no size", text);
        weiss_tuning_advise(finding, "set it to such as 4 GiB");
        return;
    }
    if (size < 0) {
        weiss_tuning_say(finding, WEISS_TUNING_BAD, "/proc/mounts", SHM " is not mounted");
        weiss_tuning_advise(finding, "mount -t tmpfs -o nosuid,nodev tmpfs " SHM);
        return;
    }
    bool right = size - others >= total >> 10;
    weiss_tuning_say(finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, SHM,
                     "%lld MiB, of which files of others have %lld MiB; [share] total is %s", size >> 10,
                     others >> 10, text);
    if (!right)
        weiss_tuning_advise(finding,
                            "mount -o remount,size=%lldk " SHM " (and in /etc/fstab), or lower [share] total",
                            (long long)(total >> 10) + others);
}

const weiss_tuning_step weiss_tuning_agent_room = {
    .name = "agent-room",
    .title = "/dev/shm has room for all regions of the agent",
    .why = "A region is made of memory that is reserved there; without room instances run on without one.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 80,
    .find = find,
};
