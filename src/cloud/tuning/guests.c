#include "cloud/tuning/guests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long long weiss_tuning_started(const weiss_tuning_machine *machine, pid_t pid, pid_t tid)
{
    char text[WEISS_TUNING_TEXT];
    if (!weiss_tuning_read(machine, text, sizeof text, "/proc/%d/task/%d/stat", (int)pid, (int)tid))
        return 0;
    /* The name, in parentheses, may hold anything; the time of start is the 20th word behind it. */
    const char *word = strrchr(text, ')');
    for (int i = 0; i < 20 && word != NULL; i++)
        word = strchr(word + 1, ' ');
    return word != NULL ? strtoll(word, NULL, 10) : 0;
}

/** Reads one thread into its place. */
static void read_thread(const weiss_tuning_machine *machine, weiss_tuning_guest *guest, pid_t tid)
{
    char name[64], status[4096], rest;
    int number;
    if (!weiss_tuning_read(machine, status, sizeof status, "/proc/%d/task/%d/status", (int)guest->pid,
                           (int)tid))
        return;
    weiss_tuning_read(machine, name, sizeof name, "/proc/%d/task/%d/comm", (int)guest->pid, (int)tid);
    bool is_vcpu = sscanf(name, "CPU %d/%c", &number, &rest) == 2;
    if (is_vcpu ? number < 0 || number >= WEISS_TUNING_VCPUS_MAX : guest->others == WEISS_TUNING_THREADS_MAX)
        return;
    weiss_tuning_thread *thread = is_vcpu ? &guest->vcpu[number] : &guest->other[guest->others++];
    const char *list = strstr(status, "Cpus_allowed_list:");
    thread->tid = tid;
    if (list != NULL)
        sscanf(list, "Cpus_allowed_list: %319s", thread->cpus);
    if (is_vcpu && number >= guest->vcpus)
        guest->vcpus = number + 1;
}

/** Name from the command line, whose words are separated by NULs. @return false when it is no virtual machine */
static bool read_words(const weiss_tuning_machine *machine, weiss_tuning_guest *guest)
{
    char path[WEISS_TUNING_PATH], word[1024];
    size_t used = 0;
    bool is_name = false, is_machine = false, right = true;
    int c = 0;
    snprintf(path, sizeof path, "%s/proc/%d/cmdline", machine->root, (int)guest->pid);
    FILE *file = fopen(path, "re");
    snprintf(guest->name, sizeof guest->name, "QEMU");
    while (file != NULL && (c = getc(file)) != EOF) {
        if (c != '\0') {
            if (used < sizeof word - 1)
                word[used++] = (char)(c >= ' ' && c <= '~' ? c : '?');
            continue;
        }
        word[used] = '\0';
        used = 0;
        if (is_name && !weiss_tuning_word(word, ',', "guest", guest->name, sizeof guest->name))
            snprintf(guest->name, sizeof guest->name, "%.*s", (int)strcspn(word, ","), word);
        if (is_machine && strncmp(word, "none", 4) == 0)
            right = false;
        is_name = strcmp(word, "-name") == 0;
        is_machine = strcmp(word, "-machine") == 0 || strcmp(word, "-M") == 0;
    }
    if (file != NULL)
        fclose(file);
    return right;
}

static bool read_guest(const weiss_tuning_machine *machine, pid_t pid, weiss_tuning_guest *guest)
{
    char pattern[64];
    glob_t tasks;
    *guest = (weiss_tuning_guest){.pid = pid};
    if (!read_words(machine, guest))
        return false;
    guest->vcpu = calloc(WEISS_TUNING_VCPUS_MAX, sizeof *guest->vcpu);
    guest->other = calloc(WEISS_TUNING_THREADS_MAX, sizeof *guest->other);
    snprintf(pattern, sizeof pattern, "/proc/%d/task/[0-9]*", (int)pid);
    weiss_tuning_glob(machine, pattern, &tasks);
    for (size_t i = 0; guest->vcpu != NULL && guest->other != NULL && i < tasks.gl_pathc; i++)
        read_thread(machine, guest, (pid_t)atoi(strrchr(tasks.gl_pathv[i], '/') + 1));
    globfree(&tasks);
    return true;
}

static int compare(const void *a, const void *b)
{
    return (int)(((const weiss_tuning_guest *)a)->pid - ((const weiss_tuning_guest *)b)->pid);
}

int weiss_tuning_guests(const weiss_tuning_machine *machine, weiss_tuning_guest **guests)
{
    glob_t found;
    int count = 0;
    weiss_tuning_glob(machine, "/proc/[0-9]*", &found);
    *guests = calloc(found.gl_pathc + 1, sizeof **guests);
    for (size_t i = 0; *guests != NULL && i < found.gl_pathc; i++) {
        char name[64];
        const char *process = weiss_tuning_bare(machine, found.gl_pathv[i]);
        if (weiss_tuning_read(machine, name, sizeof name, "%s/comm", process) &&
            strncmp(name, "qemu-system", 11) == 0)
            count += read_guest(machine, (pid_t)atoi(strrchr(process, '/') + 1), *guests + count);
    }
    globfree(&found);
    if (*guests != NULL)
        qsort(*guests, (size_t)count, sizeof **guests, compare);
    return count;
}

void weiss_tuning_guests_free(weiss_tuning_guest *guests, int count)
{
    for (int i = 0; i < count; i++) {
        free(guests[i].vcpu);
        free(guests[i].other);
    }
    free(guests);
}

void weiss_tuning_no_guests(weiss_tuning_finding *finding)
{
    weiss_tuning_say(finding, WEISS_TUNING_ABSENT, "/proc", "no virtual machine runs");
}

hwloc_bitmap_t weiss_tuning_kept_cpus(const weiss_tuning_machine *machine)
{
    weiss_tuning_guest *guests;
    hwloc_bitmap_t kept = weiss_tuning_cpus_of(machine, "/sys/devices/system/cpu/isolated");
    int count = weiss_tuning_guests(machine, &guests);
    if (kept == NULL)
        kept = hwloc_bitmap_alloc();
    for (int i = 0; i < count; i++) {
        for (int v = 0; v < guests[i].vcpus; v++) {
            hwloc_bitmap_t cpus = weiss_tuning_cpus(guests[i].vcpu[v].cpus);
            if (cpus != NULL && hwloc_bitmap_weight(cpus) == 1)
                hwloc_bitmap_or(kept, kept, cpus);
            hwloc_bitmap_free(cpus);
        }
    }
    weiss_tuning_guests_free(guests, count);
    return kept;
}
