/* Machines of a cluster that are instances of an OpenStack cloud. All that is made for a cluster has a name that begins with
 * "weiss-CLUSTER-TAG", where the tag is chosen anew each time: by that name it is found again and removed, also when the
 * command was killed between two requests. */
#ifndef WEISS_CLOUD_OPENSTACK_MACHINES_H
#define WEISS_CLOUD_OPENSTACK_MACHINES_H

#include "cloud/lab.h"
#include "cloud/openstack/resources.h"

#define WEISS_CLOUD_VMS 64
#define WEISS_CLOUD_NAME 129
#define WEISS_CLOUD_PREFIX 48

/** Whether the machines must see memory that they share. */
typedef enum weiss_cloud_shared {
    WEISS_SHARED_REQUIRED, /**< a machine that has none is an error */
    WEISS_SHARED_WANTED, /**< it is said */
    WEISS_SHARED_OFF /**< nobody looks */
} weiss_cloud_shared;

/** What a cluster file asks of a cloud. */
typedef struct weiss_cloud_plan {
    char cloud[65]; /**< of clouds.yaml; "": OS_CLOUD, else OS_* */
    char image[WEISS_CLOUD_NAME]; /**< name or id, as those below; "": the cluster is on no cloud */
    char flavor[WEISS_CLOUD_NAME];
    char network[WEISS_CLOUD_NAME];
    char floating
        [WEISS_CLOUD_NAME]; /**< external network of floating addresses; "": none, the network is reached from here */
    char security[WEISS_CLOUD_NAME]; /**< security group; "": one of the cluster's own */
    char zone[65]; /**< availability zone; "": any */
    char group[24]; /**< policy of a server group; "": no group */
    char packages[512]; /**< of Debian, installed at the first start; separated by blanks */
    weiss_cloud_shared shared;
} weiss_cloud_plan;

typedef struct weiss_cloud_machine {
    char server[37]; /**< UUID */
    char address[16]; /**< at which it is reached from here */
    char inner[16]; /**< in its network */
    int host; /**< number of the host that it is on, from 0: equal for those of one */
} weiss_cloud_machine;

/** What a cluster has in a cloud. */
typedef struct weiss_cloud_machines {
    bool used;
    bool pending; /**< it was not brought up to its end */
    char cloud[65]; /**< as in the plan */
    char prefix[WEISS_CLOUD_PREFIX]; /**< of all names */
    char subnet[20]; /**< of the network between the machines, 10.0.0.0/24 */
    int vms;
    int vcpus; /**< of each */
    weiss_cloud_machine machine[WEISS_CLOUD_VMS];
} weiss_cloud_machines;

/** Opens the cloud of a plan or of machines. @return as weiss_cloud_login_read and weiss_cloud_open */
int weiss_cloud_machines_open(const char *name, const volatile sig_atomic_t *stop, weiss_cloud **cloud,
                              weiss_fault *fault);
/** Makes all that the machines need, and waits until each is ACTIVE. On a dry cloud prints the requests. What was made before a
 *  failure stays, for weiss_cloud_machines_remove.
 *  @param key  public part of the key that they are reached with
 *  @param[in,out] machines  prefix and vms are given, the rest is filled in
 *  @return 0; WEISS_ERR_FILE (image, flavor, network are not there); WEISS_ERR_PEER (an instance is in ERROR: what Nova says);
 *          WEISS_STOPPED; as weiss_cloud_ask */
int weiss_cloud_machines_make(weiss_cloud *cloud, const weiss_cloud_plan *plan, const char *key,
                              const weiss_lab_watch *watch, weiss_cloud_machines *machines,
                              weiss_fault *fault);
/** Removes all that has the prefix, instances first, and waits until they are gone. Nothing that is not there is missed.
 *  @return 0, or as weiss_cloud_ask */
int weiss_cloud_machines_remove(weiss_cloud *cloud, const weiss_cloud_machines *machines,
                                const weiss_lab_watch *watch, weiss_fault *fault);
/** What an instance printed on its console, as far as Nova keeps it. @param lines  at most; 0: all
 *  @param[out] text  freed by the caller @return as weiss_cloud_ask */
int weiss_cloud_console(weiss_cloud *cloud, const char *server, int lines, char **text, weiss_fault *fault);
/** Last lines of the console of a machine, in one line. @return @p out, "" when Nova gives none */
char *weiss_cloud_machine_console(weiss_cloud *cloud, const char *server, char *out, size_t size);
/** State of an instance as Nova calls it, such as ACTIVE. @return 0, WEISS_ERR_FILE (it is gone), as weiss_cloud_ask */
int weiss_cloud_machine_state(weiss_cloud *cloud, const char *server, char state[32], weiss_fault *fault);

#endif
