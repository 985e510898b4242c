/* Programs that use a lab: one in a machine, one on this machine. */
#include "cloud/lab/private.h"
#include "cloud/remote.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Seconds that a program gets to end after SIGTERM. */
#define GRACE 3

/** Milliseconds between two looks at the machines. */
#define LOOK 200

int weiss_lab_run(weiss_lab *lab, int vm, char *const *words, const weiss_process_reader *reader, int *code,
                  weiss_fault *fault)
{
    char name[16];
    snprintf(name, sizeof name, "vm%d", vm);
    return weiss_remote_run(lab->directory, name, words, reader, lab->options.watch.stop, code, fault);
}

/** Gives the terminal to a process group. Whoever does that in the background gets SIGTTOU. */
static void hand_terminal(pid_t group)
{
    sigset_t output, mask;
    sigemptyset(&output);
    sigaddset(&output, SIGTTOU);
    sigprocmask(SIG_BLOCK, &output, &mask);
    tcsetpgrp(STDIN_FILENO, group);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    kill(-group, SIGCONT); /* it may have read too early and been stopped for that */
}

/** Waits for the program. @return as weiss_lab_attend */
static int watch(weiss_lab *lab, pid_t pid, bool stay, int *status, weiss_fault *fault)
{
    for (;;) {
        int code = weiss_process_wait(pid, LOOK, lab->options.watch.stop, status);
        if (code != WEISS_RETRY)
            return code;
        weiss_fault seen = {0};
        if (weiss_lab_check(lab, &seen) == 0)
            continue;
        if (!stay)
            return weiss_fault_set(fault, seen.code, "%s", seen.text);
        weiss_lab_say(&lab->options.watch, "%s", seen.text);
    }
}

int weiss_lab_attend(weiss_lab *lab, char *const *words, bool stay, int *code, weiss_fault *fault)
{
    weiss_words settings = {0};
    pid_t pid;
    int status = 0;
    weiss_lab_describe(lab, &settings);
    const weiss_process_options options = {.words = words,
                                           .settings = settings.word,
                                           .in = STDIN_FILENO,
                                           .out = STDOUT_FILENO,
                                           .err = STDERR_FILENO,
                                           .group = true,
                                           .death_signal = SIGTERM};
    int result = settings.full ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory")
                               : weiss_process_start(&options, &pid, fault);
    weiss_words_clear(&settings);
    if (result != 0)
        return result;
    weiss_keeper_add(&lab->keeper, pid);
    bool terminal = tcgetpgrp(STDIN_FILENO) == getpgrp();
    if (terminal)
        hand_terminal(pid);
    result = watch(lab, pid, stay, &status, fault);
    if (result != 0) {
        kill(-pid, SIGTERM);
        if (weiss_process_wait(pid, GRACE * 1000, NULL, &status) != 0)
            weiss_process_end(pid);
    }
    kill(-pid, SIGKILL); /* what it left running */
    weiss_keeper_forget(&lab->keeper, pid);
    if (terminal)
        hand_terminal(getpgrp());
    *code = weiss_process_code(status);
    return result;
}
