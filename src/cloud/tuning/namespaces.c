/* Step: QEMU's processes see /dev/shm of the host. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char spaces[WEISS_TUNING_TEXT], options[WEISS_TUNING_TEXT], controllers[WEISS_TUNING_TEXT];
    bool set = weiss_tuning_setting(machine, WEISS_TUNING_QEMU_CONF, "", "namespaces", spaces, sizeof spaces);
    bool own = !set || strstr(spaces, "mount") != NULL;
    bool mounted = weiss_tuning_mount(machine, "/dev/shm", options, sizeof options);
    if (!weiss_tuning_setting(machine, WEISS_TUNING_QEMU_CONF, "", "cgroup_controllers", controllers,
                              sizeof controllers))
        snprintf(controllers, sizeof controllers, "all");
    bool right = mounted || !own;
    weiss_tuning_say(finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD,
                     right ? WEISS_TUNING_QEMU_CONF : "/proc/mounts",
                     "QEMU has %s, and /dev/shm is %s; control groups (%s) do not count files of regions",
                     own ? "a /dev of its own" : "the host's /dev",
                     mounted ? "a file system that it sees there" : "no file system of its own", controllers);
    if (!right)
        weiss_tuning_advise(finding,
                            "mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm, and start the instances anew");
}

const weiss_tuning_step weiss_tuning_namespaces = {
    .name = "namespaces",
    .title = "QEMU's processes see /dev/shm of the host",
    .why = "libvirt gives each QEMU a /dev of its own, into which only file systems mounted below /dev come "
           "along.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 90,
    .find = find,
};
