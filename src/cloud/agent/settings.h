/* Settings of the agent: /etc/weiss/agent.conf, in the form of OpenStack's own files ([section], key = value). Pure but for
 * reading the file. Errors name file, line and key. */
#ifndef WEISS_CLOUD_AGENT_SETTINGS_H
#define WEISS_CLOUD_AGENT_SETTINGS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define WEISS_AGENT_TEXT 256
#define WEISS_AGENT_FILE "/etc/weiss/agent.conf"

typedef struct weiss_agent_settings {
    /* [agent] */
    char uri[WEISS_AGENT_TEXT]; /**< libvirt; qemu:///system */
    char run
        [WEISS_AGENT_TEXT]; /**< directory of the control socket and of what is kept over a restart; /run/weiss-agent */
    bool dry_run; /**< decide and tell, attach nothing */
    /* [share] */
    char flavors
        [WEISS_AGENT_TEXT]; /**< patterns (fnmatch) of flavor names, by commas, whose instances share with those of
                                         their project; "": none does by its flavor's name */
    int64_t bytes; /**< of a region when nobody says; a power of two */
    int64_t bytes_max; /**< of any region */
    int64_t total; /**< of all regions of this host together */
    bool doorbell; /**< device: plain or doorbell */
    int vectors; /**< of a doorbell device */
    char directory
        [WEISS_AGENT_TEXT]; /**< where regions are: /dev/shm (libvirt takes no other for plain devices) */
    char user[64], group[64]; /**< who owns region files: root, kvm */
    bool others; /**< domains that Nova did not make may ask by their element of metadata */
    /* [openstack] */
    char auth_url[WEISS_AGENT_TEXT]; /**< Keystone, such as http://controller:5000/v3; "": no API is asked */
    char credential_id[WEISS_AGENT_TEXT]; /**< application credential */
    char credential_secret_file[WEISS_AGENT_TEXT]; /**< a file that only root can read */
    char cacert[WEISS_AGENT_TEXT]; /**< "": the system's */
    char region[WEISS_AGENT_TEXT]; /**< "": any */
    char interface[16]; /**< public, internal or admin */
    char host[WEISS_AGENT_TEXT]; /**< Nova's name of this host; "": this machine's */
    int poll; /**< seconds between two questions */
    int timeout; /**< seconds for one answer */
} weiss_agent_settings;

void weiss_agent_settings_default(weiss_agent_settings *settings);
/** Reads a file over what is there. Unknown sections and keys are errors, with the nearest name.
 *  @return 0, WEISS_ERR_FILE (it cannot be read), WEISS_ERR_VALUE */
int weiss_agent_settings_read(weiss_agent_settings *settings, const char *path, weiss_fault *fault);
/** The same from a text; @p name stands for the file in messages. */
int weiss_agent_settings_parse(weiss_agent_settings *settings, const char *text, const char *name,
                               weiss_fault *fault);
/** Prints a file with every key, commented, with its default: what the package installs. */
void weiss_agent_settings_print(FILE *to);

#endif
