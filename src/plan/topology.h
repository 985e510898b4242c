/* The topology: servers that have virtual machines that have vCPUs, and how fast messages are on each level.
 *
 *   level                 between
 *   WEISS_PLAN_VM        vCPUs of one VM
 *   WEISS_PLAN_SERVER    VMs of one server
 *   WEISS_PLAN_NETWORK   servers
 *
 * A vCPU is a slot; slots are numbered VM by VM in the order of the file. Nothing in this room knows MPI, is collective, or
 * keeps anything in global variables. */
#ifndef WEISS_PLAN_TOPOLOGY_H
#define WEISS_PLAN_TOPOLOGY_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define WEISS_PLAN_NAME 64 /* bytes of a name, NUL included */
#define WEISS_PLAN_VCPUS_MAX 4096 /* of one VM */
#define WEISS_PLAN_SLOTS_MAX 20000

typedef enum weiss_plan_level {
    WEISS_PLAN_VM,
    WEISS_PLAN_SERVER,
    WEISS_PLAN_NETWORK,
    WEISS_PLAN_LEVELS
} weiss_plan_level;

/** A message of b bytes takes latency + b / bandwidth. */
typedef struct weiss_speed {
    double latency; /**< s, one way */
    double bandwidth; /**< bytes/s */
    bool known; /**< read or measured, not a default */
} weiss_speed;

typedef struct weiss_plan_vm {
    char name[WEISS_PLAN_NAME]; /**< letters, digits, '.', '-', '_', first a letter or digit */
    int server;
    int first; /**< its first slot */
    int vcpus;
} weiss_plan_vm;

typedef struct weiss_topology {
    int nservers, nvms, nslots;
    char (*server)[WEISS_PLAN_NAME]; /**< nservers; owned */
    weiss_plan_vm *vm; /**< nvms, those of a server together; owned */
    int *slot_vm; /**< nslots, VM of each slot; owned */
    weiss_speed speed[WEISS_PLAN_LEVELS];
} weiss_topology;

/** An empty topology with the default speeds. */
weiss_topology weiss_topology_start(void);
void weiss_topology_free(weiss_topology *topology);

/** Adds a server; VMs that follow are on it. @return 0, WEISS_ERR_VALUE (not a name, or one that is taken), WEISS_ERR_MEMORY */
int weiss_topology_add_server(weiss_topology *topology, const char *name, weiss_fault *fault);
/** Adds a VM to the last server. @return 0, WEISS_ERR_VALUE (also: too many vCPUs), WEISS_ERR_MEMORY */
int weiss_topology_add_vm(weiss_topology *topology, const char *name, int vcpus, weiss_fault *fault);

/** Reads a topology file (docs/plan.md). Errors name file, line and key.
 *  @param file  name for messages
 *  @param[out] topology  free with weiss_topology_free; empty on failure
 *  @return 0, WEISS_ERR_SYNTAX, WEISS_ERR_VALUE, WEISS_ERR_MEMORY */
int weiss_topology_parse(const char *file, const char *text, size_t length, weiss_topology *topology,
                         weiss_fault *fault);
/** The same of a file. @return WEISS_ERR_FILE too */
int weiss_topology_read(const char *path, weiss_topology *topology, weiss_fault *fault);

/** Reads Open MPI's hostfile, `NAME slots=N` a line, as a topology with default speeds. A comment `# server NAME` says on
 *  which server the hosts below it are; before the first, all are on one server "server1".
 *  @return as weiss_topology_read */
int weiss_topology_read_hostfile(const char *path, weiss_topology *topology, weiss_fault *fault);

/** Writes a topology file. Speeds that are not known are left out, and said to be defaults in a comment. */
void weiss_topology_write(FILE *to, const weiss_topology *topology);

/** Level of messages between two slots. */
weiss_plan_level weiss_topology_level(const weiss_topology *topology, int slot, int other);
/** "vm", "server", "network": the key in the file. */
const char *weiss_plan_level_name(weiss_plan_level level);

#endif
