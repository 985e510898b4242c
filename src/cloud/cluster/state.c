#include "cloud/cluster/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** First line of a state; the number changes when its form does. */
#define FORM "weiss-cluster 1"
/** Room for a state. */
#define STATE (WEISS_PATH + WEISS_CLUSTER_SETTINGS + 2048 + WEISS_CLOUD_VMS * 96)

int weiss_cluster_home(char path[WEISS_PATH], weiss_fault *fault)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length;
    if (state != NULL && state[0] == '/')
        length = snprintf(path, WEISS_PATH, "%s/weiss/clusters", state);
    else if (home != NULL && home[0] == '/')
        length = snprintf(path, WEISS_PATH, "%s/.local/state/weiss/clusters", home);
    else
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "no place for the state of clusters: neither XDG_STATE_HOME nor HOME is set");
    if (length >= WEISS_PATH)
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "no place for the state of clusters: XDG_STATE_HOME or HOME is too long");
    return 0;
}

int weiss_cluster_place(const char *name, char path[WEISS_PATH], weiss_fault *fault)
{
    char home[WEISS_PATH];
    WEISS_FAULT_TRY(weiss_cluster_home(home, fault));
    int length = snprintf(path, WEISS_PATH, "%s/%s", home, name);
    if (length > WEISS_LAB_BASE)
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "%.200s is too long for the names of sockets in it: at most %d characters; set "
            "XDG_STATE_HOME to a shorter directory",
            path, WEISS_LAB_BASE);
    if (strpbrk(path, ",\"%\\ \t\n") != NULL)
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "%s has a blank or one of , \" %% \\ in it, which QEMU and ssh do not take; set "
            "XDG_STATE_HOME to another directory",
            path);
    return 0;
}

/** Makes the directory of a cluster and opens the file of its lock. @return 0; WEISS_RETRY: it is being removed */
static int open_lock(const char *place, const char *path, int *fd, weiss_fault *fault)
{
    char home[WEISS_PATH];
    snprintf(home, sizeof home, "%s", place);
    *strrchr(home, '/') = '\0';
    WEISS_FAULT_TRY(weiss_make_directories(home, fault));
    if (mkdir(place, 0700) != 0 && errno != EEXIST)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: the directory cannot be made: %s", place,
                               strerror(errno));
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0 && errno != ENOENT)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be opened: %s", path, strerror(errno));
    return *fd < 0 ? WEISS_RETRY : 0;
}

/** True when @p path still is the file that @p fd has open. */
static bool is_same(int fd, const char *path)
{
    struct stat held, there;
    return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino &&
           held.st_dev == there.st_dev;
}

int weiss_cluster_lock(const char *place, const weiss_lab_watch *watch, int *lock, weiss_fault *fault)
{
    char path[WEISS_PATH + 8];
    bool told = false;
    snprintf(path, sizeof path, "%s/lock", place);
    for (;;) {
        int code = open_lock(place, path, lock, fault);
        if (code < 0 || (code == 0 && flock(*lock, LOCK_EX | LOCK_NB) == 0 && is_same(*lock, path)))
            return code;
        if (code == 0)
            close(*lock);
        if (!told)
            weiss_lab_say(watch, "waiting: another command works on the cluster");
        told = true;
        if (watch->stop != NULL && *watch->stop != 0)
            return WEISS_STOPPED;
        usleep(50000);
    }
}

bool weiss_cluster_is_up(const char *place)
{
    char path[WEISS_PATH + 8];
    snprintf(path, sizeof path, "%s/state", place);
    return access(path, F_OK) == 0;
}

/** Lines about libvirt. @return how many characters they have */
static int print_domains(const weiss_domains *d, char *text, size_t size)
{
    if (d->uri[0] == '\0')
        return 0;
    int used = snprintf(text, size, "libvirt %s\n", d->uri);
    if (d->network[0] != '\0')
        used += snprintf(text + used, size - (size_t)used, "network %s %d\n", d->network, d->subnet);
    for (int i = 0; i < d->vms; i++)
        used += snprintf(text + used, size - (size_t)used, "domain %s\n", d->domain[i]);
    return used;
}

/** Lines about a cloud. @return how many characters they have */
static int print_cloud(const weiss_cloud_machines *m, char *text, size_t size)
{
    if (!m->used)
        return 0;
    int used = snprintf(text, size, "openstack %d %s %s %s\n", m->pending, m->prefix,
                        m->subnet[0] != '\0' ? m->subnet : "-", m->cloud[0] != '\0' ? m->cloud : "-");
    for (int i = 0; i < m->vms && !m->pending; i++)
        used += snprintf(text + used, size - (size_t)used, "instance %s %s %s %d\n", m->machine[i].server,
                         m->machine[i].address, m->machine[i].inner, m->machine[i].host);
    return used;
}

int weiss_cluster_write(const char *place, const weiss_cluster *cluster, weiss_fault *fault)
{
    char path[WEISS_PATH + 8], text[STATE];
    int used =
        snprintf(text, sizeof text,
                 FORM "\nserver %s\ndirectory %s\nsettings %s\nboot %s\nvcpus %d\nvms %d\nemulated %d\n",
                 cluster->server, cluster->directory, cluster->settings, cluster->boot, cluster->vcpus,
                 cluster->vms, cluster->emulated);
    for (int i = 0; i < cluster->nprocesses; i++) {
        const weiss_cluster_process *p = &cluster->process[i];
        used += snprintf(text + used, sizeof text - (size_t)used, "process %s %d %llu %d\n", p->name,
                         (int)p->pid, p->start, p->port);
    }
    used += print_domains(&cluster->domains, text + used, sizeof text - (size_t)used);
    used += print_cloud(&cluster->cloud, text + used, sizeof text - (size_t)used);
    snprintf(path, sizeof path, "%s/state", place);
    return used < (int)sizeof text
               ? weiss_write_text(path, text, fault)
               : weiss_fault_set(fault, WEISS_ERR_FILE, "%s: the state of the cluster is too long", path);
}

/** Takes a line about libvirt. @return false when it is none */
static bool take_domain_line(weiss_domains *d, const char *line)
{
    if (sscanf(line, "libvirt %255s", d->uri) == 1 ||
        sscanf(line, "network %36[0-9a-f-] %d", d->network, &d->subnet) == 2)
        return true;
    return d->vms < WEISS_LIBVIRT_VMS && sscanf(line, "domain %36[0-9a-f-]", d->domain[d->vms]) == 1 &&
           ++d->vms > 0;
}

/** Takes a line about a cloud. @return false when it is none */
static bool take_cloud_line(weiss_cluster *c, const char *line)
{
    weiss_cloud_machines *m = &c->cloud;
    weiss_cloud_machine one = {0};
    int pending;
    if (sscanf(line, "openstack %d %47s %19s %64s", &pending, m->prefix, m->subnet, m->cloud) == 4) {
        m->used = true;
        m->pending = pending != 0;
        if (strcmp(m->cloud, "-") == 0)
            m->cloud[0] = '\0';
        return strncmp(m->prefix, "weiss-", 6) == 0;
    }
    if (m->vms == WEISS_CLOUD_VMS || sscanf(line, "instance %36[0-9a-f-] %15[0-9.] %15[0-9.] %d", one.server,
                                            one.address, one.inner, &one.host) != 4)
        return false;
    c->process[c->nprocesses] = (weiss_cluster_process){.port = 22};
    snprintf(c->process[c->nprocesses++].name, sizeof c->process->name, "vm%d", m->vms + 1);
    m->machine[m->vms++] = one;
    return true;
}

/** Takes one line of a state. @return false when it is none */
static bool take_line(weiss_cluster *c, const char *line)
{
    int emulated;
    weiss_cluster_process p = {0};
    if (sscanf(line, "server %20s", c->server) == 1 || sscanf(line, "directory %4095s", c->directory) == 1 ||
        sscanf(line, "settings %3071[^\n]", c->settings) == 1 || sscanf(line, "boot %63s", c->boot) == 1 ||
        sscanf(line, "vcpus %d", &c->vcpus) == 1 || sscanf(line, "vms %d", &c->vms) == 1 ||
        take_domain_line(&c->domains, line) || take_cloud_line(c, line))
        return true;
    if (sscanf(line, "emulated %d", &emulated) == 1) {
        c->emulated = emulated != 0;
        return true;
    }
    if (c->nprocesses == WEISS_CLUSTER_PROCESSES_MAX || c->cloud.used ||
        sscanf(line, "process %15s %d %llu %d", p.name, &p.pid, &p.start, &p.port) != 4 || p.pid <= 1)
        return false;
    c->process[c->nprocesses++] = p;
    return true;
}

/** Each machine has a domain, or none has. */
static bool has_domains(const weiss_cluster *c)
{
    return c->domains.vms == (c->domains.uri[0] != '\0' ? c->vms : 0) && c->domains.subnet >= 0 &&
           c->domains.subnet < 255;
}

/** Each machine has a process or an instance; a cluster that was not brought up has none. */
static bool has_machines(const weiss_cluster *c)
{
    if (c->cloud.used)
        return c->cloud.vms == (c->cloud.pending ? 0 : c->vms) && c->vms <= WEISS_CLOUD_VMS;
    return c->vms <= c->nprocesses;
}

int weiss_cluster_read(const char *place, const char *name, weiss_cluster *cluster, weiss_fault *fault)
{
    char path[WEISS_PATH + 8], text[STATE];
    size_t length = strlen(place);
    bool right = true;
    *cluster = (weiss_cluster){0};
    snprintf(cluster->name, sizeof cluster->name, "%s", name);
    snprintf(cluster->domains.cluster, sizeof cluster->domains.cluster, "%s", name);
    snprintf(path, sizeof path, "%s/state", place);
    if (weiss_read_text(path, text, sizeof text) < 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be read: %s", path, strerror(errno));
    char *rest = text, *line = strsep(&rest, "\n");
    right = strcmp(line, FORM) == 0;
    while (right && (line = strsep(&rest, "\n")) != NULL && rest != NULL)
        right = take_line(cluster, line);
    /* What is removed later must be in this directory. */
    if (!right || cluster->vms < 1 || !has_domains(cluster) || !has_machines(cluster) ||
        strncmp(cluster->directory, place, length) != 0 ||
        strncmp(cluster->directory + length, "/weiss-lab-", 11) != 0 ||
        strchr(cluster->directory + length + 1, '/') != NULL)
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "%s is not the state of a cluster as this version of weiss writes it: end its "
                               "machines by hand and remove %s",
                               path, place);
    return 0;
}
