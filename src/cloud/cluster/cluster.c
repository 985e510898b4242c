#include "cloud/cluster/cluster.h"

#include "cloud/cluster/instances.h"
#include "cloud/cluster/process.h"
#include "cloud/cluster/state.h"
#include "cloud/remote.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Seconds that machines get to come up: on a busy host, emulated ones take minutes. */
#define BOOT 600

bool weiss_cluster_name_is_valid(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t length = strlen(name);
    return length <= WEISS_CLUSTER_NAME && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, letters) == length;
}

/** All that two clusters of one name can differ in. */
static void describe(const weiss_cluster_plan *p, char text[WEISS_CLUSTER_SETTINGS])
{
    const weiss_wishes *w = &p->wishes;
    const weiss_cloud_plan *o = &p->openstack;
    if (o->image[0] != '\0') {
        snprintf(text, WEISS_CLUSTER_SETTINGS,
                 "openstack %s vms %d image %s flavor %s network %s floating %s security %s zone %s group %s "
                 "packages %s "
                 "shared %d",
                 o->cloud, p->vms, o->image, o->flavor, o->network, o->floating, o->security, o->zone,
                 o->group, o->packages, (int)o->shared);
        return;
    }
    int used =
        snprintf(text, WEISS_CLUSTER_SETTINGS,
                 "server %s vms %d vcpus %d memory %d ivshmem %d region %lld accel %d uri %s node %d page "
                 "%lld pin %d",
                 p->server, p->vms, p->vcpus, p->memory, (int)p->ivshmem, (long long)p->region, (int)p->accel,
                 p->uri[0] != '\0' ? p->uri : "qemu", w->node, (long long)w->page, (int)w->pin);
    for (int i = 0; i < w->cpus && used < WEISS_CLUSTER_SETTINGS; i++)
        used += snprintf(text + used, (size_t)(WEISS_CLUSTER_SETTINGS - used), " %d", w->cpu[i]);
}

static weiss_lab_options options_of(const weiss_cluster_plan *p, const char *place, int lock)
{
    weiss_lab_options o = weiss_lab_defaults();
    o.vms = p->vms;
    o.vcpus = p->vcpus;
    o.memory = p->memory;
    o.region = p->region;
    o.ivshmem = p->ivshmem;
    o.accel = p->accel;
    o.wishes = p->wishes;
    o.uri = p->uri[0] != '\0' ? p->uri : NULL;
    o.name = p->name;
    for (size_t i = 0; i < sizeof p->ship / sizeof *p->ship && p->ship[i] != NULL; i++)
        o.ship[i] = p->ship[i];
    o.boot_seconds = BOOT;
    o.base = place;
    o.hold = lock;
    return o;
}

int weiss_cluster_check(const weiss_cluster *c, weiss_fault *fault)
{
    if (c->cloud.pending)
        return weiss_fault_set(
            fault, WEISS_ERR_PEER,
            "the cluster \"%s\" was not brought up to its end: take it down first (weiss cluster "
            "down %s)",
            c->name, c->name);
    for (int i = 0; i < c->nprocesses; i++)
        if (!weiss_cluster_runs(c, i))
            return weiss_fault_set(
                fault, WEISS_ERR_PEER,
                "%s of the cluster \"%s\" has ended: take the cluster down (weiss cluster down "
                "%s), then up again",
                c->process[i].name, c->name, c->name);
    return 0;
}

/** Looks at a cluster of that name that is up. @return 0 when it is as wished */
static int compare(const weiss_cluster_plan *plan, const char *place, weiss_fault *fault)
{
    weiss_cluster c;
    char settings[WEISS_CLUSTER_SETTINGS];
    WEISS_FAULT_TRY(weiss_cluster_read(place, plan->name, &c, fault));
    describe(plan, settings);
    WEISS_FAULT_TRY(weiss_cluster_check(&c, fault));
    if (strcmp(settings, c.settings) != 0)
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "a cluster \"%s\" is up that was made with other settings: choose another name, or "
            "take that one down (weiss cluster down %s)",
            c.name, c.name);
    return 0;
}

/** Writes down what runs. */
static int record(const weiss_cluster_plan *plan, const weiss_lab *lab, const char *place, weiss_fault *fault)
{
    weiss_cluster c = {.vms = plan->vms,
                       .vcpus = plan->vcpus,
                       .emulated = weiss_lab_emulated(lab),
                       .domains = *weiss_lab_domains(lab)};
    weiss_lab_process process[WEISS_LAB_PROCESSES_MAX];
    snprintf(c.server, sizeof c.server, "%s", plan->server);
    snprintf(c.directory, sizeof c.directory, "%s", weiss_lab_directory(lab));
    describe(plan, c.settings);
    weiss_cluster_boot(c.boot, sizeof c.boot);
    c.nprocesses = weiss_lab_processes(lab, process);
    for (int i = 0; i < c.nprocesses; i++) {
        weiss_cluster_process *p = &c.process[i];
        *p = (weiss_cluster_process){.pid = process[i].pid, .port = process[i].port};
        memcpy(p->name, process[i].name, sizeof p->name);
        p->start = weiss_cluster_start_of(p->pid);
    }
    return weiss_cluster_write(place, &c, fault);
}

/** Starts it, with the lock held. */
static int start(const weiss_cluster_plan *plan, const char *place, int lock, const weiss_lab_watch *watch,
                 weiss_fault *fault)
{
    char settings[WEISS_CLUSTER_SETTINGS];
    weiss_lab_options o = options_of(plan, place, lock);
    weiss_lab *lab = NULL;
    if (plan->openstack.image[0] != '\0') {
        describe(plan, settings);
        return weiss_instances_start(plan, place, settings, watch, fault);
    }
    o.watch = *watch;
    int code = weiss_lab_start(&o, &lab, fault);
    if (code == 0)
        code = record(plan, lab, place, fault);
    if (code == 0)
        weiss_lab_leave(lab);
    else
        weiss_lab_stop(lab);
    if (code != 0)
        weiss_remove_tree(place);
    return code;
}

int weiss_cluster_up(const weiss_cluster_plan *plan, const weiss_lab_watch *watch, bool *already,
                     weiss_fault *fault)
{
    char place[WEISS_PATH];
    int lock;
    WEISS_FAULT_TRY(weiss_cluster_place(plan->name, place, fault));
    WEISS_FAULT_TRY(weiss_cluster_lock(place, watch, &lock, fault));
    *already = weiss_cluster_is_up(place);
    int code = *already ? compare(plan, place, fault) : start(plan, place, lock, watch, fault);
    close(lock);
    return code;
}

int weiss_cluster_show(const weiss_cluster_plan *plan, FILE *to, weiss_fault *fault)
{
    char place[WEISS_PATH];
    if (plan->openstack.image[0] != '\0')
        return weiss_instances_show(plan, to, fault);
    WEISS_FAULT_TRY(weiss_cluster_place(plan->name, place, fault));
    const weiss_lab_options o = options_of(plan, place, -1);
    return weiss_lab_show(&o, to, fault);
}

bool weiss_cluster_runs(const weiss_cluster *cluster, int index)
{
    const weiss_cluster_process *p = &cluster->process[index];
    char boot[64];
    if (cluster->cloud.used)
        return !cluster->cloud.pending;
    weiss_cluster_boot(boot, sizeof boot);
    return strcmp(boot, cluster->boot) == 0 && p->start != 0 && weiss_cluster_start_of(p->pid) == p->start;
}

/** Removes the regions, which are named after the directory. */
static void remove_regions(const weiss_cluster *c)
{
    char path[64];
    for (int i = 1; i <= WEISS_LAB_VMS_MAX; i++) {
        snprintf(path, sizeof path, "/dev/shm/%.40s-%d", strrchr(c->directory, '/') + 1, i);
        unlink(path);
    }
}

/** Ends and removes everything, with the lock held. */
static int finish(const char *place, const char *name, const weiss_lab_watch *watch, weiss_fault *fault)
{
    weiss_cluster c;
    WEISS_FAULT_TRY(weiss_cluster_read(place, name, &c, fault));
    if (c.cloud.used) {
        WEISS_FAULT_TRY(weiss_instances_end(&c, watch, fault));
        weiss_remove_tree(place);
        return 0;
    }
    if (c.domains.uri[0] != '\0')
        WEISS_FAULT_TRY(weiss_domains_remove(&c.domains, fault));
    for (int i = 0; i < c.vms && c.domains.network[0] != '\0'; i++)
        weiss_remote_close(c.directory, c.process[i].name);
    for (int i = 0; i < c.nprocesses; i++)
        if (weiss_cluster_runs(&c, i) && !weiss_cluster_end(c.process[i].pid, c.process[i].start))
            return weiss_fault_set(
                fault, WEISS_ERR_SYSTEM,
                "process %d, which is %s of the cluster \"%s\", does not end; its files are kept",
                (int)c.process[i].pid, c.process[i].name, name);
    remove_regions(&c);
    weiss_remove_tree(place);
    return 0;
}

static int not_up(const char *name, weiss_fault *fault)
{
    return weiss_fault_set(fault, WEISS_ERR_FILE,
                           "the cluster \"%s\" is not up; `weiss cluster status` shows which "
                           "are",
                           name);
}

int weiss_cluster_down(const char *name, const weiss_lab_watch *watch, weiss_fault *fault)
{
    char place[WEISS_PATH];
    int lock;
    WEISS_FAULT_TRY(weiss_cluster_place(name, place, fault));
    if (access(place, F_OK) != 0)
        return not_up(name, fault);
    WEISS_FAULT_TRY(weiss_cluster_lock(place, watch, &lock, fault));
    int code = 0;
    if (weiss_cluster_is_up(place))
        code = finish(place, name, watch, fault);
    else {
        weiss_remove_tree(place);
        code = not_up(name, fault);
    }
    close(lock);
    return code;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

int weiss_cluster_list(char names[WEISS_CLUSTERS_MAX][WEISS_CLUSTER_NAME + 1], weiss_fault *fault)
{
    char home[WEISS_PATH], place[WEISS_PATH + 300];
    struct dirent *entry;
    int n = 0;
    WEISS_FAULT_TRY(weiss_cluster_home(home, fault));
    DIR *directory = opendir(home);
    while (directory != NULL && n < WEISS_CLUSTERS_MAX && (entry = readdir(directory)) != NULL) {
        snprintf(place, sizeof place, "%s/%s", home, entry->d_name);
        if (weiss_cluster_name_is_valid(entry->d_name) && weiss_cluster_is_up(place))
            snprintf(names[n++], WEISS_CLUSTER_NAME + 1, "%.20s", entry->d_name);
    }
    if (directory != NULL)
        closedir(directory);
    qsort(names, (size_t)n, sizeof *names, by_name);
    return n;
}

/** Finds the only cluster that is up. */
static int choose(char name[WEISS_CLUSTER_NAME + 1], weiss_fault *fault)
{
    char names[WEISS_CLUSTERS_MAX][WEISS_CLUSTER_NAME + 1];
    int n = weiss_cluster_list(names, fault);
    if (n < 0)
        return n;
    if (n == 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "no cluster is up; `weiss cluster up FILE` starts one");
    if (n > 1)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%d clusters are up (%s, %s%s): say which", n, names[0],
                               names[1], n > 2 ? ", ..." : "");
    memcpy(name, names[0], sizeof names[0]);
    return 0;
}

int weiss_cluster_load(const char *name, weiss_cluster *cluster, weiss_fault *fault)
{
    char only[WEISS_CLUSTER_NAME + 1], place[WEISS_PATH];
    if (name == NULL)
        WEISS_FAULT_TRY(choose(only, fault));
    if (name == NULL)
        name = only;
    WEISS_FAULT_TRY(weiss_cluster_place(name, place, fault));
    if (!weiss_cluster_is_up(place))
        return not_up(name, fault);
    return weiss_cluster_read(place, name, cluster, fault);
}

const char *weiss_cluster_address(const weiss_cluster *cluster, int index, char address[16])
{
    if (cluster->cloud.used)
        return strcpy(address, cluster->cloud.machine[index].address);
    if (cluster->domains.uri[0] != '\0')
        return weiss_domains_address(&cluster->domains, index, address);
    return strcpy(address, "127.0.0.1");
}

int weiss_cluster_find_vm(const weiss_cluster *cluster, const char *vm)
{
    for (int i = 0; i < cluster->vms; i++)
        if (strcmp(cluster->process[i].name, vm) == 0)
            return i;
    return -1;
}
