/* What the files of the lab share: its state. */
#ifndef WEISS_CLOUD_LAB_PRIVATE_H
#define WEISS_CLOUD_LAB_PRIVATE_H

#include "cloud/keeper.h"
#include "cloud/lab/lab.h"
#include "cloud/libvirt/domains.h"
#include "cloud/overlay/servers.h"

typedef struct weiss_lab_vm {
    pid_t pid; /**< of QEMU, which leads a group when it is ours; 0: not running */
    int port; /**< of its ssh on this machine */
    int held; /**< socket that keeps the port from others until QEMU listens; -1 without */
    int group; /**< of its region, from 0; -1: none */
    weiss_place place; /**< where its threads run */
} weiss_lab_vm;

struct weiss_lab {
    weiss_lab_options options; /**< its strings are borrowed and used by weiss_lab_start only */
    weiss_lab_vm vm[WEISS_LAB_VMS_MAX];
    int ngroups;
    bool kvm;
    pid_t hub, server; /**< network of more than two machines; weiss-ivshmemd; 0 without */
    weiss_servers *servers; /**< NULL unless there are two */
    weiss_domains domains; /**< without libvirt its uri is "" */
    weiss_keeper keeper;
    char image[WEISS_PATH];
    char release[128];
    FILE *show; /**< commands are printed here and nothing is started; NULL: they are started */
    char directory[WEISS_LAB_BASE + 18]; /**< short: it is part of names of sockets */
};

/** Room for the name of a region's file. */
#define WEISS_LAB_REGION_PATH 64

/** Makes the directory and starts the keeper that will remove it. @return 0, WEISS_ERR_FILE */
int weiss_lab_make_directory(weiss_lab *lab, weiss_fault *fault);
/** Finds a free port for each machine. It stays taken, but not listened on, so that only QEMU gets it.
 *  @return 0, WEISS_ERR_SYSTEM */
int weiss_lab_hold_ports(weiss_lab *lab, weiss_fault *fault);
/** Gives them up once QEMU listens, or nobody will. */
void weiss_lab_release_ports(weiss_lab *lab);
/** `vms`: a line for each machine with its name, the pid of QEMU, the port of ssh, the socket of QMP. @return 0, WEISS_ERR_FILE */
int weiss_lab_write_list(const weiss_lab *lab, weiss_fault *fault);

/** Says before anything is made what cannot be shipped. @return 0, WEISS_ERR_USAGE, WEISS_ERR_MEMORY */
int weiss_lab_check_payload(const weiss_lab_options *options, weiss_fault *fault);
/** Makes keys, settings of ssh, and the disk with what is shipped. @return 0, WEISS_ERR_FILE, WEISS_STOPPED */
int weiss_lab_prepare(weiss_lab *lab, weiss_fault *fault);

/** Name of the file of region @p group. */
void weiss_lab_region_path(const weiss_lab *lab, int group, char path[WEISS_LAB_REGION_PATH]);
/** True when the region is in huge pages: those of weiss-ivshmemd can be. */
bool weiss_lab_region_is_huge(const weiss_lab_options *options);
/** Server of machine @p index, from 0. */
int weiss_lab_server(const weiss_lab *lab, int index);
/** Sorts the machines into groups. @return 0, WEISS_ERR_USAGE */
int weiss_lab_sort_groups(weiss_lab *lab, weiss_fault *fault);
/** Makes the files of plain regions with all their pages. @return 0, WEISS_ERR_REGION */
int weiss_lab_make_regions(weiss_lab *lab, weiss_fault *fault);
/** Starts weiss-ivshmemd and waits until it listens. @return 0, WEISS_ERR_SYSTEM, WEISS_STOPPED */
int weiss_lab_start_server(weiss_lab *lab, weiss_fault *fault);

/** Starts the network between the machines when it needs a process, else does nothing. */
int weiss_lab_start_hub(weiss_lab *lab, weiss_fault *fault);
/** Words of QEMU for the network cards of machine @p index. @param tap  descriptor of a TAP; -1 without */
void weiss_lab_add_network(const weiss_lab *lab, int index, int tap, weiss_words *words);
/** The kernel's arguments of machine @p index; at most WEISS_PATH bytes. */
void weiss_lab_append(const weiss_lab *lab, int index, char text[WEISS_PATH]);
/** Starts QEMU for machine @p index (from 0). */
int weiss_lab_start_machine(weiss_lab *lab, int index, weiss_fault *fault);
/** Waits until the first @p count machines say that they are ready. */
int weiss_lab_await(weiss_lab *lab, int count, weiss_fault *fault);

/** Starts a process of the lab: in a group, known to the keeper, dying with us, printing to the file @p log of the lab. */
int weiss_lab_spawn(weiss_lab *lab, const weiss_words *words, const char *log, pid_t *pid,
                    weiss_fault *fault);
/** Waits at most some seconds until the process @p pid, which prints to @p log, listens on a socket in the lab's directory.
 *  @param text  what it prints then; NULL: the system is asked */
int weiss_lab_await_helper(weiss_lab *lab, pid_t pid, const char *log, const char *socket_name,
                           const char *text, weiss_fault *fault);

#endif
