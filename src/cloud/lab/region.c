/* Regions of a lab: which machines share one, and the memory behind it. */
#include "cloud/lab/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void weiss_lab_region_path(const weiss_lab *lab, int group, char path[WEISS_LAB_REGION_PATH])
{
    snprintf(path, WEISS_LAB_REGION_PATH, "/dev/shm/%.40s-%d", strrchr(lab->directory, '/') + 1, group + 1);
}

bool weiss_lab_region_is_huge(const weiss_lab_options *o)
{
    return o->ivshmem == WEISS_LAB_DOORBELL && weiss_wishes_default_page(&o->wishes, o->region);
}

static int wrong_groups(const weiss_lab *lab, weiss_fault *fault)
{
    return weiss_fault_set(
        fault, WEISS_ERR_USAGE,
        "--groups needs numbers of machines from 1 to %d, each at most once, such as 1,2:3,4; found "
        "\"%.80s\"",
        lab->options.vms, lab->options.groups);
}

int weiss_lab_server(const weiss_lab *lab, int index)
{
    return index * lab->options.servers / lab->options.vms;
}

/** Machines of different servers cannot share memory. */
static int check_groups(const weiss_lab *lab, weiss_fault *fault)
{
    for (int i = 0; i < lab->options.vms; i++)
        for (int j = 0; j < i; j++)
            if (lab->vm[i].group >= 0 && lab->vm[i].group == lab->vm[j].group &&
                weiss_lab_server(lab, i) != weiss_lab_server(lab, j))
                return weiss_fault_set(
                    fault, WEISS_ERR_USAGE,
                    "--groups \"%.80s\": vm%d and vm%d are on different servers and cannot "
                    "share memory",
                    lab->options.groups, j + 1, i + 1);
    return 0;
}

int weiss_lab_sort_groups(weiss_lab *lab, weiss_fault *fault)
{
    const char *text = lab->options.groups;
    bool none = lab->options.ivshmem == WEISS_LAB_NONE;
    for (int i = 0; i < lab->options.vms; i++)
        lab->vm[i].group = none || text != NULL ? -1 : weiss_lab_server(lab, i);
    lab->ngroups = none ? 0 : text != NULL ? 1 : lab->options.servers;
    if (text == NULL)
        return 0;
    for (;;) {
        char *end;
        long vm = strtol(text, &end, 10);
        if (end == text || *text < '0' || *text > '9' || vm < 1 || vm > lab->options.vms ||
            lab->vm[vm - 1].group >= 0 || (*end != '\0' && *end != ',' && *end != ':'))
            return wrong_groups(lab, fault);
        lab->vm[vm - 1].group = none ? -1 : lab->ngroups - 1;
        if (*end == '\0')
            return check_groups(lab, fault);
        if (*end == ':' && !none)
            lab->ngroups++;
        text = end + 1;
    }
}

int weiss_lab_make_regions(weiss_lab *lab, weiss_fault *fault)
{
    char path[WEISS_LAB_REGION_PATH];
    WEISS_FAULT_TRY(weiss_wishes_bind(&lab->options.wishes, true, fault));
    for (int i = 0; lab->options.ivshmem == WEISS_LAB_PLAIN && i < lab->ngroups; i++) {
        weiss_lab_region_path(lab, i, path);
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int error = fd < 0 ? errno : posix_fallocate(fd, 0, lab->options.region);
        if (fd >= 0)
            close(fd);
        if (error != 0)
            return weiss_fault_set(fault, WEISS_ERR_REGION,
                                   "no room for a region of %lld MiB in /dev/shm: %s; free some of it, or "
                                   "make the region smaller "
                                   "(--region)",
                                   (long long)(lab->options.region >> 20), strerror(error));
    }
    return weiss_wishes_bind(&lab->options.wishes, false, fault);
}

/** Finds weiss-ivshmemd: beside this program, where it is installed together with it, or in PATH. */
static int find_server(char *path, size_t size, weiss_fault *fault)
{
    static const char *const places[] = {"", "/../sbin"};
    char own[WEISS_PATH];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(own, '/');
    if (slash != NULL)
        *slash = '\0';
    for (int i = 0; i < 2; i++)
        if (snprintf(path, size, "%s%s/weiss-ivshmemd", own, places[i]) < (int)size &&
            access(path, X_OK) == 0)
            return 0;
    if (weiss_process_find("weiss-ivshmemd", path, size))
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                           "weiss-ivshmemd, which serves regions with a doorbell, is neither beside this "
                           "program (%s) nor in PATH",
                           own);
}

int weiss_lab_start_server(weiss_lab *lab, weiss_fault *fault)
{
    char path[WEISS_PATH + 32], name[32], ready[32];
    weiss_words words = {0};
    if (lab->options.ivshmem != WEISS_LAB_DOORBELL)
        return 0;
    int code = find_server(path, sizeof path, fault);
    if (code != 0)
        return code;
    weiss_words_list(&words, path, "--run-directory", lab->directory, NULL);
    for (int i = 1; i <= lab->ngroups; i++) {
        weiss_words_add(&words, "--group");
        weiss_words_add(&words, "region%d,bytes=%lld,vectors=%d,socket=%s/region%d,memory=%s", i,
                        (long long)lab->options.region, lab->options.vectors, lab->directory, i,
                        weiss_lab_region_is_huge(&lab->options) ? "hugetlb" : "memfd");
    }
    code = weiss_wishes_bind(&lab->options.wishes, true, fault);
    if (code == 0)
        code = weiss_lab_spawn(lab, &words, "server.log", &lab->server, fault);
    if (code == 0)
        code = weiss_wishes_bind(&lab->options.wishes, false, fault);
    weiss_words_clear(&words);
    for (int i = 1; code == 0 && i <= lab->ngroups; i++) {
        snprintf(name, sizeof name, "region%d", i);
        snprintf(ready, sizeof ready, "ready region%d ", i);
        code = weiss_lab_await_helper(lab, lab->server, "server.log", name, ready, fault);
    }
    return code;
}
