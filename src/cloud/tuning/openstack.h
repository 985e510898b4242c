/* What the steps of a compute host of OpenStack read with: files of settings, groups, sockets, /dev/shm. */
#ifndef WEISS_CLOUD_TUNING_OPENSTACK_H
#define WEISS_CLOUD_TUNING_OPENSTACK_H

#include "cloud/tuning/reading.h"

#define WEISS_TUNING_NOVA "/etc/nova/nova.conf"
#define WEISS_TUNING_QEMU_CONF "/etc/libvirt/qemu.conf"
#define WEISS_TUNING_AGENT_CONF "/etc/weiss/agent.conf"

/** Value of a key in a file of settings ([section], key = value), without quotes; the last line counts. Lists of several lines
 *  are not read further than the first.
 *  @param section  "": before any section
 *  @return false when it is not set (@p out is then "") */
bool weiss_tuning_setting(const weiss_tuning_machine *machine, const char *file, const char *section,
                          const char *key, char *out, size_t size);
/** The same from Nova's files, in the order in which nova-compute reads them.
 *  @param[out] where  the file that has it, or the first of them; WEISS_TUNING_PATH */
bool weiss_tuning_nova(const weiss_tuning_machine *machine, const char *section, const char *key, char *out,
                       size_t size, char *where);
/** Whether Nova's settings can be read; when not, the finding says so. */
bool weiss_tuning_nova_there(const weiss_tuning_machine *machine, weiss_tuning_finding *finding);
/** Whether the agent's settings can be read, or there are none; when not, the finding says so. */
bool weiss_tuning_agent_readable(const weiss_tuning_machine *machine, weiss_tuning_finding *finding);
/** A setting of the agent; @p without when its file does not set it. @return @p out */
const char *weiss_tuning_agent(const weiss_tuning_machine *machine, const char *section, const char *key,
                               const char *without, char *out, size_t size);
/** Whether somebody takes connections at a socket; of another machine, whether the file is there. */
bool weiss_tuning_answers(const weiss_tuning_machine *machine, const char *path);
/** Id of a group by its name, and whether a user is in it. @return -1: there is no such group */
long weiss_tuning_group(const weiss_tuning_machine *machine, const char *group, const char *user,
                        bool *member);
/** Whether there is a user of that name. @p group gets the id of its own group. */
bool weiss_tuning_user(const weiss_tuning_machine *machine, const char *user, long *group);
/** The user and group that QEMU's processes of the system's libvirt have; the user "" when it is not known. */
void weiss_tuning_qemu_user(const weiss_tuning_machine *machine, char *user, char *group, size_t size);
/** KiB of /dev/shm. @return -1 when it is not mounted */
long long weiss_tuning_shm_kib(const weiss_tuning_machine *machine);

#endif
