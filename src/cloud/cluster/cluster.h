/* The cluster: virtual machines that run on after the command that started them, until they are taken down. They are those of
 * a lab (cloud/lab.h), left running. What is known of a cluster is in ${XDG_STATE_HOME:-~/.local/state}/weiss/clusters/NAME,
 * which its user alone can read. Nothing here is collective. */
#ifndef WEISS_CLOUD_CLUSTER_H
#define WEISS_CLOUD_CLUSTER_H

#include "cloud/lab.h"
#include "cloud/libvirt/domains.h"
#include "cloud/openstack/machines.h"

#define WEISS_CLUSTER_NAME 20 /**< longest name of a cluster */
#define WEISS_CLUSTER_SETTINGS 3072
#define WEISS_CLUSTERS_MAX 64
/** Machines, and what else runs for them here. */
#define WEISS_CLUSTER_PROCESSES_MAX (WEISS_CLOUD_VMS + WEISS_LAB_PROCESSES_MAX)

/** What a cluster file asks for. */
typedef struct weiss_cluster_plan {
    char name[WEISS_CLUSTER_NAME + 1];
    char server[WEISS_CLUSTER_NAME + 1]; /**< name of the server, this machine */
    weiss_cloud_plan
        openstack; /**< with an image, the machines are instances of a cloud; vcpus, memory, region and all below
                                   are then unused */
    int vms; /**< 1 to WEISS_LAB_VMS_MAX; in a cloud, to WEISS_CLOUD_VMS */
    int vcpus; /**< of each */
    int memory; /**< of each, MiB */
    int64_t region; /**< bytes, a power of two */
    weiss_lab_ivshmem ivshmem;
    weiss_lab_accel accel;
    char uri[WEISS_LIBVIRT_URI]; /**< of libvirt, which runs the machines; "": QEMU as the calling user */
    weiss_wishes wishes; /**< what the machines have of this one */
    const char *ship[8]; /**< files that the machines have at /opt/lab, as weiss_lab_options.ship; borrowed */
} weiss_cluster_plan;

/** A process of a cluster that is up. */
typedef struct weiss_cluster_process {
    char name[16]; /**< vm1, vm2, ..., hub, server */
    pid_t pid;
    unsigned long long
        start; /**< when it started, in the kernel's ticks: with the pid it names one process */
    int port; /**< of its ssh, at weiss_cluster_address; 0: no machine */
} weiss_cluster_process;

/** A cluster that is up. */
typedef struct weiss_cluster {
    char name[WEISS_CLUSTER_NAME + 1];
    char server[WEISS_CLUSTER_NAME + 1];
    char directory[WEISS_PATH]; /**< with ssh-config and vmN.log */
    char settings[WEISS_CLUSTER_SETTINGS]; /**< of its plan, in one line */
    char boot[64]; /**< which boot of this machine it was started in */
    int vcpus; /**< of each machine */
    int vms; /**< the first ones of process */
    weiss_domains domains; /**< with the uri "": its machines are processes of the calling user */
    weiss_cloud_machines cloud; /**< used: its machines are instances, and processes of nobody here (pid 0) */
    bool emulated; /**< TCG: times mean nothing but ratios */
    int nprocesses;
    weiss_cluster_process process[WEISS_CLUSTER_PROCESSES_MAX];
} weiss_cluster;

/** @return true when @p name can be the name of a cluster: a small letter, then small letters, digits and "-", at most
 *  WEISS_CLUSTER_NAME of them */
bool weiss_cluster_name_is_valid(const char *name);

/** Starts a cluster and waits until each machine accepts ssh. Nothing is left after a failure, or when the caller is killed.
 *  Waits for another command that works on the same cluster.
 *  @param[out] already  it was up before, with the same settings; nothing was done
 *  @return 0; WEISS_STOPPED; WEISS_ERR_PEER (one of its machines has ended: take it down first); WEISS_ERR_USAGE (it is up
 *          with other settings); or a code of weiss_lab_start */
int weiss_cluster_up(const weiss_cluster_plan *plan, const weiss_lab_watch *watch, bool *already,
                     weiss_fault *fault);
/** Prints what weiss_cluster_up would start. @return as weiss_lab_show */
int weiss_cluster_show(const weiss_cluster_plan *plan, FILE *to, weiss_fault *fault);
/** Ends all processes of a cluster and removes its files. A process that is not the cluster's is never touched.
 *  @return 0; WEISS_STOPPED; WEISS_ERR_FILE (it is not up, or its state cannot be read); WEISS_ERR_SYSTEM */
int weiss_cluster_down(const char *name, const weiss_lab_watch *watch, weiss_fault *fault);

/** Names of the clusters that are up, sorted. @return how many; < 0: WEISS_ERR_FILE */
int weiss_cluster_list(char names[WEISS_CLUSTERS_MAX][WEISS_CLUSTER_NAME + 1], weiss_fault *fault);
/** Reads the state of a cluster.
 *  @param name  NULL: the only one that is up
 *  @return 0; WEISS_ERR_FILE (it is not up; none or several are up; its state cannot be read) */
int weiss_cluster_load(const char *name, weiss_cluster *cluster, weiss_fault *fault);
/** @return true while process @p index runs; an instance is taken to run (weiss_cloud_machine_state asks the cloud) */
bool weiss_cluster_runs(const weiss_cluster *cluster, int index);
/** @return 0 when all processes run, WEISS_ERR_PEER when one has ended */
int weiss_cluster_check(const weiss_cluster *cluster, weiss_fault *fault);
/** Address at which machine @p index, from 0, is reached from here. @return @p address */
const char *weiss_cluster_address(const weiss_cluster *cluster, int index, char address[16]);
/** Number of the machine @p vm, from 0; -1: there is none of that name. */
int weiss_cluster_find_vm(const weiss_cluster *cluster, const char *vm);

#endif
