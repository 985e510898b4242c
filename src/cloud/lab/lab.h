/* The lab: one to four throwaway virtual machines on this machine, with a network between them and memory that they share.
 * They boot the distribution's kernel from an image made of packages (cloud/image.h), ready in seconds, as the calling user.
 *
 * With options.servers = 2 they are on two servers, each with a region of its own; that needs root.
 *
 * A lab never outlives the process that started it, unless it is left on purpose (weiss_lab_leave): when that ends, in
 * whatever way, a keeper (cloud/keeper.h) kills the
 * machines and removes all files. The calling process should have one thread when it starts a lab: the machines die with the
 * thread that started them. Nothing here is collective. */
#ifndef WEISS_CLOUD_LAB_H
#define WEISS_CLOUD_LAB_H

#include "base/fault.h"
#include "cloud/image.h"
#include "cloud/process.h"
#include "cloud/wishes.h"
#include "cloud/words.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define WEISS_LAB_VMS_MAX 4
#define WEISS_LAB_SHIPS_MAX 64
#define WEISS_LAB_BASE 65
/** Machines, the hub of their network, the server of regions, the delay of a wire. */
#define WEISS_LAB_PROCESSES_MAX (WEISS_LAB_VMS_MAX + 3)

/** How the machines see the shared region. */
typedef enum weiss_lab_ivshmem {
    WEISS_LAB_NONE, /**< no region */
    WEISS_LAB_PLAIN, /**< ivshmem-plain: BAR2 is a file in /dev/shm, no interrupts */
    WEISS_LAB_DOORBELL /**< ivshmem-doorbell: weiss-ivshmemd hands out the memory and the interrupts */
} weiss_lab_ivshmem;

typedef enum weiss_lab_accel {
    WEISS_LAB_AUTO, /**< KVM when a guest comes up under it, else TCG */
    WEISS_LAB_KVM,
    WEISS_LAB_TCG
} weiss_lab_accel;

typedef struct weiss_lab_options {
    int vms; /**< 1 to WEISS_LAB_VMS_MAX */
    int vcpus; /**< of each */
    int memory; /**< of each, MiB */
    weiss_lab_accel accel;
    weiss_lab_ivshmem ivshmem;
    int64_t region; /**< bytes of each region, a power of two */
    int vectors; /**< interrupts of each machine with a doorbell */
    const char *groups; /**< which machines share a region: "1,2:3,4"; NULL: all of a server share one */
    weiss_wishes wishes; /**< what they have of this machine */
    const char *
        uri; /**< libvirt that runs them (cloud/libvirt/domains.h); NULL: QEMU as the calling user. Needs a base;
                          borrowed */
    const char *name; /**< with libvirt: part of the names of its domains; borrowed */
    bool iommu; /**< an emulated one, for vfio */
    int servers; /**< 1; 2: the first half of the machines is on one, the rest on another (cloud/overlay/servers.h) */
    const char *link; /**< between two servers: "1Gb/s,50us"; NULL: as fast as it goes */
    const char *append; /**< further arguments of the kernel; NULL: none */
    const char *ship
        [WEISS_LAB_SHIPS_MAX]; /**< "PATH" or "PATH:NAME", put at /opt/lab; NULL after the last; borrowed */
    const char *
        module[WEISS_LAB_SHIPS_MAX]; /**< kernel modules loaded at boot, in this order; NULL after the last */
    const char
        *base; /**< existing directory, removed with all that is in it, for machines that may be left running
                           (weiss_lab_leave); NULL: none. At most WEISS_LAB_BASE characters; borrowed */
    int hold; /**< with a base: descriptor of a lock, kept until all is cleaned up */
    int boot_seconds; /**< time to come up */
    weiss_lab_watch watch; /**< hears of progress; ends a start early */
} weiss_lab_options;

typedef struct weiss_lab weiss_lab;

/** Two machines of one vCPU and 512 MiB with a plain region of 64 MiB. */
weiss_lab_options weiss_lab_defaults(void);

/** Checks options, and that the programs are there that a lab needs. Makes nothing.
 *  @return 0, WEISS_ERR_USAGE (an option is out of its range), WEISS_ERR_SYSTEM (a program is missing), WEISS_ERR_MEMORY */
int weiss_lab_examine(const weiss_lab_options *options, weiss_fault *fault);

/** Boots the machines and waits until each accepts ssh. Nothing is left after a failure.
 *  @param[out] lab  NULL on failure; end it with weiss_lab_stop
 *  @return 0; WEISS_STOPPED; WEISS_ERR_USAGE (an option is out of its range); WEISS_ERR_REGION (no room in /dev/shm);
 *          WEISS_ERR_SYSTEM (a program is missing, a machine does not come up: its last words are in the text);
 *          WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_lab_start(const weiss_lab_options *options, weiss_lab **lab, weiss_fault *fault);
/** Kills the machines and removes every file. Accepts NULL. */
void weiss_lab_stop(weiss_lab *lab);

/** A process of a lab and the port of its ssh on 127.0.0.1 (0: no machine). */
typedef struct weiss_lab_process {
    char name[16]; /**< vm1, vm2, ..., hub, server, relay */
    pid_t pid;
    int port;
} weiss_lab_process;

/** All processes of a lab, machines first. @return how many */
int weiss_lab_processes(const weiss_lab *lab, weiss_lab_process process[WEISS_LAB_PROCESSES_MAX]);
/** What the lab has in libvirt; its uri is "" when it is not run by libvirt. Borrowed. */
const struct weiss_domains *weiss_lab_domains(const weiss_lab *lab);
/** Frees @p lab, which was started with options.base; its machines run on and its files stay. */
void weiss_lab_leave(weiss_lab *lab);
/** Prints what weiss_lab_start would make in /dev/shm and start, a command a line, as a shell would take it. Starts
 *  nothing. The port 0 stands for a free one.
 *  @return 0, or a code of weiss_lab_start */
int weiss_lab_show(const weiss_lab_options *options, FILE *to, weiss_fault *fault);

/** Runs a program in machine @p vm (1 is the first) as root, from /root, to its end. Its standard error is the caller's.
 *  @param words   program and arguments, NULL-terminated; passed on unchanged
 *  @param reader  hears its standard output; NULL: that is the caller's too
 *  @param[out] code  its exit code; 255: ssh failed
 *  @return 0, WEISS_STOPPED, or a code of weiss_process_run */
int weiss_lab_run(weiss_lab *lab, int vm, char *const *words, const weiss_process_reader *reader, int *code,
                  weiss_fault *fault);

/** Kills machine @p vm, as a power cut would. */
void weiss_lab_kill_vm(weiss_lab *lab, int vm);
/** @return 0 as long as every machine runs that weiss_lab_kill_vm did not kill; else WEISS_ERR_PEER, told once for each
 *  machine: the text says which ended and how, and has the last lines of its console */
int weiss_lab_check(weiss_lab *lab, weiss_fault *fault);

int weiss_lab_vms(const weiss_lab *lab);
bool weiss_lab_emulated(const weiss_lab *lab); /**< true: TCG, times mean nothing but ratios */
const char *
weiss_lab_directory(const weiss_lab *lab); /**< with ssh-config, vms, vmN.log; gone after the stop */

/** Appends what tells a program about the lab, as "NAME=VALUE":
 *    WEISS_LAB_DIR         the directory
 *    WEISS_LAB_VMS         number of machines
 *    WEISS_LAB_SSH_CONFIG  `ssh -F $WEISS_LAB_SSH_CONFIG vm1` works
 *    WEISS_LAB_ACCEL       kvm or tcg
 *    WEISS_LAB_KERNEL      release of the guests' kernel
 *    WEISS_LAB_REGIONS     files of the regions, separated by blanks; empty unless they are plain
 *    WEISS_LAB_SERVERS     network namespaces of two servers, for `nsenter --net=FILE`, separated by a blank; else empty */
void weiss_lab_describe(const weiss_lab *lab, weiss_words *settings);

/** Runs a program on this machine, with the lab described in its environment, to its end. It is in the foreground of the
 *  terminal when the caller is. It is ended, and so is what it left running in its process group, when it is to stop
 *  (options.watch.stop) or a machine ends.
 *  @param stay  go on when a machine ends; it is only said
 *  @param[out] code  exit code, see weiss_process_code
 *  @return 0, WEISS_STOPPED, WEISS_ERR_PEER (a machine ended), WEISS_ERR_SYSTEM */
int weiss_lab_attend(weiss_lab *lab, char *const *words, bool stay, int *code, weiss_fault *fault);

#endif
