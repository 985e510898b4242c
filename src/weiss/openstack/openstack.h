/* What the subcommands of weiss openstack share. */
#ifndef WEISS_COMMAND_OPENSTACK_H
#define WEISS_COMMAND_OPENSTACK_H

#include "cloud/openstack/cloud.h"
#include "weiss/command.h"

extern const weiss_command weiss_command_openstack_flavors;
extern const weiss_command weiss_command_openstack_image;

/** Opens the cloud that --cloud or the environment names; with --dry-run, one that is asked for nothing.
 *  @return 0, or as weiss_cloud_login_read and weiss_cloud_open */
int weiss_openstack_open(const weiss_command *command, const weiss_arguments *arguments,
                         const volatile sig_atomic_t *stop, weiss_cloud **cloud, weiss_fault *fault);
/** Exit code for how it ended; says why it failed. */
int weiss_openstack_conclude(int code, const volatile sig_atomic_t *stop, const weiss_fault *fault);

#endif
