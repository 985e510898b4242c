/* Step: the kernel carries guests' network packets, not QEMU. */
#include "cloud/tuning/steps.h"

#define FILE_NAME "/dev/vhost-net"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    if (weiss_tuning_there(machine, FILE_NAME) || weiss_tuning_there(machine, "/sys/module/vhost_net"))
        weiss_tuning_say(finding, WEISS_TUNING_GOOD, FILE_NAME, "vhost_net is there");
    else
        weiss_tuning_say(finding, WEISS_TUNING_BAD, FILE_NAME, "the module vhost_net is not loaded");
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    (void)argument, (void)fault;
    if (!weiss_tuning_there(machine, FILE_NAME) && !weiss_tuning_there(machine, "/sys/module/vhost_net"))
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_MODULE, "on", "", "vhost_net");
    return 0;
}

const weiss_tuning_step weiss_tuning_vhost = {
    .name = "vhost",
    .title = "the kernel carries guests' network packets",
    .why = "Without vhost_net each packet goes through the QEMU process, which costs two more changes of "
           "context.",
    .side = WEISS_TUNING_HOST,
    .weight = 40,
    .find = find,
    .plan = plan,
};
