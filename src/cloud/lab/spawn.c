#include "cloud/lab/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/** Seconds until a helper process listens. */
#define HELPER 15

/** Prints a command as a shell would take it. */
static void show_words(const weiss_words *words, FILE *to)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%";
    for (int i = 0; i < words->count; i++) {
        const char *word = words->word[i];
        if (i > 0)
            fputc(' ', to);
        if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
            fputs(word, to);
            continue;
        }
        fputc('\'', to);
        for (; *word != '\0'; word++)
            fputs(*word == '\'' ? "'\\''" : (const char[]){*word, '\0'}, to);
        fputc('\'', to);
    }
    fputc('\n', to);
}

int weiss_lab_spawn(weiss_lab *lab, const weiss_words *words, const char *log, pid_t *pid, weiss_fault *fault)
{
    char path[WEISS_PATH];
    if (words->full)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    if (lab->show != NULL) {
        show_words(words, lab->show);
        return 0;
    }
    snprintf(path, sizeof path, "%s/%s", lab->directory, log);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const weiss_process_options options = {.words = words->word,
                                           .in = -1,
                                           .out = fd,
                                           .err = fd,
                                           .group = true,
                                           .death_signal = lab->options.base != NULL ? 0 : SIGKILL};
    int code = weiss_process_start(&options, pid, fault);
    if (fd >= 0)
        close(fd);
    if (code == 0)
        weiss_keeper_add(&lab->keeper, *pid);
    else
        *pid = 0;
    return code;
}

/** True when a socket of that name listens. A trial connection would count as the one that QEMU waits for. */
static bool listens(const char *path)
{
    char *line = NULL, name[256];
    size_t size = 0;
    unsigned flags;
    bool found = false;
    FILE *file = fopen("/proc/net/unix", "re");
    while (file != NULL && !found && getline(&line, &size, file) > 0)
        found = sscanf(line, "%*s %*s %*s %x %*s %*s %*s %255s", &flags, name) == 2 &&
                (flags & 0x10000) != 0 && strcmp(name, path) == 0;
    free(line);
    if (file != NULL)
        fclose(file);
    return found;
}

/** True when a process of the lab has printed @p text. */
static bool printed(const char *path, const char *text)
{
    char log[8192];
    weiss_read_text(path, log, sizeof log);
    return strstr(log, text) != NULL;
}

int weiss_lab_await_helper(weiss_lab *lab, pid_t pid, const char *log, const char *socket_name,
                           const char *text, weiss_fault *fault)
{
    char path[128], log_path[WEISS_PATH], last[512];
    const volatile sig_atomic_t *stop = lab->options.watch.stop;
    if (lab->show != NULL)
        return 0;
    snprintf(path, sizeof path, "%s/%s", lab->directory, socket_name);
    snprintf(log_path, sizeof log_path, "%s/%s", lab->directory, log);
    for (int i = 0; i < HELPER * 100; i++) {
        siginfo_t info = {0};
        if (text != NULL ? printed(log_path, text) : listens(path))
            return 0;
        if (stop != NULL && *stop != 0)
            return WEISS_STOPPED;
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
            break;
        usleep(10000);
    }
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "nobody listens on %s; last words of who should: %s",
                           path, weiss_last_lines(log_path, last, sizeof last));
}
