/* Tuning: what makes MPI in virtual machines slow on a host or in a guest, how to see it, and how to change it and change it
 * back. A step is a file here and a line in steps.c.
 *
 * Everything is read below the root of a machine, so that a tree of files can stand for another machine. Whatever a step
 * changes is a list of changes that can be shown as commands; before any of them happens, the old values are in a journal.
 * Nothing here is collective, and nothing is kept in global variables. */
#ifndef WEISS_CLOUD_TUNING_H
#define WEISS_CLOUD_TUNING_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WEISS_TUNING_TEXT 1024
#define WEISS_TUNING_PATH 320

typedef struct weiss_tuning_machine {
    const char
        *root; /**< "" is this machine; else a directory with proc, sys, dev and etc of another; borrowed */
    const char
        *journal; /**< file with the old values, below the root; NULL: WEISS_TUNING_JOURNAL; borrowed */
} weiss_tuning_machine;

/** Gone after a boot, as the changes are. */
#define WEISS_TUNING_JOURNAL "/run/weiss/tuning"

/** Where a step belongs. */
typedef enum weiss_tuning_side {
    WEISS_TUNING_HOST = 1,
    WEISS_TUNING_GUEST = 2,
    WEISS_TUNING_COMPUTE = 4 /**< a host on which Nova and the agent run; nothing is guessed to be one */
} weiss_tuning_side;

/** What is said of a step, in the order in which a reader wants it. */
typedef enum weiss_tuning_verdict {
    WEISS_TUNING_BAD, /**< something to do */
    WEISS_TUNING_UNKNOWN, /**< cannot tell: the text says why */
    WEISS_TUNING_INFO, /**< worth to know; neither good nor bad */
    WEISS_TUNING_GOOD,
    WEISS_TUNING_ABSENT /**< does not apply to this machine */
} weiss_tuning_verdict;

typedef struct weiss_tuning_finding {
    weiss_tuning_verdict verdict;
    char value[WEISS_TUNING_TEXT]; /**< what was seen */
    char file[WEISS_TUNING_PATH]; /**< where; without the root */
    char advice[WEISS_TUNING_TEXT]; /**< what to do where no change does it: lines; "" for none */
} weiss_tuning_finding;

typedef enum weiss_tuning_kind {
    WEISS_TUNING_WRITE, /**< value into the file path */
    WEISS_TUNING_DIRECTORY, /**< make the directory path */
    WEISS_TUNING_AFFINITY, /**< thread path, "PID/TID/START", on the processors of value */
    WEISS_TUNING_MOVE, /**< process path, "PID/START", into the control group value */
    WEISS_TUNING_REMOUNT, /**< file system path with the option value */
    WEISS_TUNING_MODULE /**< load the kernel module path */
} weiss_tuning_kind;

typedef struct weiss_tuning_change {
    weiss_tuning_kind kind;
    char path[WEISS_TUNING_PATH];
    char value[WEISS_TUNING_PATH];
    char old[WEISS_TUNING_PATH]; /**< what undo restores; "" when there was nothing */
} weiss_tuning_change;

/** A growing list. Start with {0}. */
typedef struct weiss_tuning_changes {
    weiss_tuning_change *list; /**< owned */
    int count, room;
    bool failed; /**< memory ran out: the list is not complete */
} weiss_tuning_changes;

typedef struct weiss_tuning_step {
    const char *name; /**< one word */
    const char *title; /**< what is there when it is good */
    const char *why; /**< why it matters for MPI in virtual machines; one sentence */
    const char *argument; /**< what may be given, "MTU"; NULL: nothing */
    weiss_tuning_side side;
    int weight; /**< how much it matters, 0 to 100 */
    /** Looks. Changes nothing. */
    void (*find)(const weiss_tuning_machine *machine, weiss_tuning_finding *finding);
    /** Lists what would make it good; nothing when it is so already. NULL: that is for a person to do, see the advice.
     *  @param argument  as the user gave it; NULL: none
     *  @return 0, WEISS_ERR_VALUE (wrong argument, or this machine cannot have it) */
    int (*plan)(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault);
} weiss_tuning_step;

/** All steps, by side and weight; ends with NULL. */
extern const weiss_tuning_step *const weiss_tuning_steps[];
/** The step of a name; NULL when there is none. */
const weiss_tuning_step *weiss_tuning_step_find(const char *name);

/** Runs the step's find, starting from an empty finding. */
void weiss_tuning_find(const weiss_tuning_machine *machine, const weiss_tuning_step *step,
                       weiss_tuning_finding *finding);
/** Runs the step's plan. @return its code, WEISS_ERR_MEMORY, or WEISS_ERR_VALUE when the step has none */
int weiss_tuning_plan(const weiss_tuning_machine *machine, const weiss_tuning_step *step,
                      const char *argument, weiss_tuning_changes *changes, weiss_fault *fault);
void weiss_tuning_changes_clear(weiss_tuning_changes *changes);
/** The line that a user would type for a change. @return @p out */
const char *weiss_tuning_command(const weiss_tuning_change *change, char *out, size_t size);

/** Makes changes, after their old values are in the journal under the step's name. When one fails, those before it are undone.
 *  A step that is applied again keeps the values from before the first time.
 *  @return 0, WEISS_ERR_SYSTEM (a change was refused: the text names it), WEISS_ERR_FILE (the journal), WEISS_ERR_MEMORY */
int weiss_tuning_apply(const weiss_tuning_machine *machine, const char *step,
                       const weiss_tuning_changes *changes, weiss_fault *fault);

/** Undoes what the journal has under the step's name (NULL: all of it), last change first. What cannot be undone stays in the
 *  journal. A thread or process that has ended needs no undoing.
 *  @param undone  hears of each change that was undone; may be NULL
 *  @return 0 (also when there was nothing), WEISS_ERR_SYSTEM, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_tuning_undo(const weiss_tuning_machine *machine, const char *step,
                      void (*undone)(void *data, const char *step, const weiss_tuning_change *change),
                      void *data, weiss_fault *fault);
/** True when the journal has changes of the step; NULL: of any. */
bool weiss_tuning_applied(const weiss_tuning_machine *machine, const char *step);

/** Pins vCPU i of a QEMU process to processor cpu[i], and its other threads to @p emulator, a list such as "0,4-5". Undo with
 *  weiss_tuning_undo and the step "pinning"; a journal of the caller's own keeps its changes apart from a user's.
 *  @return 0, WEISS_ERR_VALUE (no such process; it has not that many vCPUs; its threads have no names), or a code of
 *          weiss_tuning_apply */
int weiss_tuning_pin_process(const weiss_tuning_machine *machine, pid_t pid, const int *cpu, int vcpus,
                             const char *emulator, weiss_fault *fault);
/** Takes processors away from everybody else: makes an isolated partition of @p cpus (control groups, version 2) and moves the
 *  processes into it. Undo with weiss_tuning_undo and the step "isolation".
 *  @return 0, WEISS_ERR_VALUE (no cpuset controller; a process is libvirt's, whose groups are not ours to change), or a code of
 *          weiss_tuning_apply */
int weiss_tuning_isolate(const weiss_tuning_machine *machine, const char *cpus, const pid_t *pid, int npids,
                         weiss_fault *fault);

#endif
