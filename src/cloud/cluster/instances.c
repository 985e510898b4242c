#include "cloud/cluster/instances.h"

#include "base/text.h"
#include "cloud/cluster/process.h"
#include "cloud/cluster/state.h"
#include "cloud/files.h"
#include "cloud/guest/texts.h"
#include "cloud/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** Seconds that an instance gets to accept ssh: emulated ones take minutes. */
#define BOOT 1800
/** Where the files for a machine are in it. */
#define THERE "/root/.weiss-cluster"

/** Runs a program here to its end. */
static int run_here(const char *const *words, const char *what, weiss_fault *fault)
{
    const weiss_process_options options = {.words = (char *const *)words, .in = -1, .out = -1, .err = 2};
    const weiss_process_reader reader = {.seconds = 60};
    int exit_code = 0;
    WEISS_FAULT_TRY(weiss_process_run(&options, &reader, &exit_code, fault));
    return exit_code == 0 ? 0
                          : weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s (%s ended with code %d)", what,
                                            words[0], exit_code);
}

/** Makes the key of the cluster, which only its user can read. @param[out] key  its public part */
static int make_key(const char *directory, char key[256], weiss_fault *fault)
{
    char path[WEISS_PATH + 16], public[WEISS_PATH + 24];
    snprintf(path, sizeof path, "%s/id", directory);
    const char *const words[] = {"ssh-keygen",    "-q", "-t", "ed25519", "-N", "", "-C",
                                 "weiss-cluster", "-f", path, NULL};
    WEISS_FAULT_TRY(run_here(words, "the key of the cluster cannot be made", fault));
    snprintf(public, sizeof public, "%s.pub", path);
    if (weiss_read_text(public, key, 256) <= 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be read: %s", public, strerror(errno));
    key[strcspn(key, "\n")] = '\0';
    return 0;
}

/** Settings of ssh. @param pinned  the keys of the machines are known */
static int write_ssh_config(const weiss_cluster *c, bool pinned, weiss_fault *fault)
{
    char path[WEISS_PATH + 16], *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (to == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (int i = 0; i < c->vms; i++)
        fprintf(to, "Host vm%d\n    HostName %s\n    HostKeyAlias vm%d\n", i + 1, c->cloud.machine[i].address,
                i + 1);
    fprintf(
        to,
        "Host *\n    User root\n    IdentityFile \"%s/id\"\n    IdentitiesOnly yes\n    BatchMode yes\n"
        "    StrictHostKeyChecking %s\n    UserKnownHostsFile \"%s/known_hosts\"\n"
        "    GlobalKnownHostsFile /dev/null\n    HashKnownHosts no\n    UpdateHostKeys no\n"
        "    ConnectTimeout 60\n%s    ServerAliveInterval 15\n    ServerAliveCountMax 8\n    LogLevel %s\n",
        c->directory, pinned ? "yes" : "accept-new", c->directory,
        pinned ? "    ControlMaster auto\n    ControlPersist yes\n" : "", pinned ? "ERROR" : "QUIET");
    if (pinned)
        fprintf(to, "    ControlPath \"%s/ssh-%%n\"\n", c->directory);
    fclose(to);
    snprintf(path, sizeof path, "%s/ssh-config", c->directory);
    int code = text != NULL ? weiss_write_text(path, text, fault)
                            : weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    free(text);
    return code;
}

static bool is_stopped(const weiss_lab_watch *watch)
{
    return watch->stop != NULL && *watch->stop != 0;
}

/** Waits until a machine accepts ssh; from then on its key is the one that counts. */
static int wait_for_ssh(const weiss_cluster *c, int index, weiss_cloud *cloud, time_t end,
                        const weiss_lab_watch *watch, weiss_fault *fault)
{
    static const char *const words[] = {"true", NULL};
    const weiss_process_reader reader = {.seconds = 120, .stop = watch->stop};
    const weiss_cloud_machine *m = &c->cloud.machine[index];
    char vm[16], state[32], console[300];
    snprintf(vm, sizeof vm, "vm%d", index + 1);
    for (;;) {
        int exit_code = 255;
        int code = weiss_remote_run(c->directory, vm, (char *const *)words, &reader, NULL, &exit_code, NULL);
        if (code == WEISS_STOPPED || is_stopped(watch))
            return WEISS_STOPPED;
        if (code == 0 && exit_code == 0) {
            weiss_lab_say(watch, "%s accepts ssh at %s", vm, m->address);
            return 0;
        }
        WEISS_FAULT_TRY(weiss_cloud_machine_state(cloud, m->server, state, fault));
        if (strcmp(state, "ACTIVE") == 0 && time(NULL) < end) {
            usleep(2000000);
            continue;
        }
        weiss_cloud_machine_console(cloud, m->server, console, sizeof console);
        return weiss_fault_set(
            fault, WEISS_ERR_PEER,
            "%s (instance %s, %s) does not let root in by ssh at %s; is that address reached from "
            "here, and does cloud-init run in the image? Its console says: %s",
            vm, m->server, state, m->address, console[0] != '\0' ? console : "nothing");
    }
}

/** Writes a list of the machines for them. @param hosts  /etc/hosts, else the hostfile */
static int write_list(const weiss_cluster *c, const char *name, bool hosts, weiss_fault *fault)
{
    char path[WEISS_PATH + 32], text[WEISS_CLOUD_VMS * 40] = "";
    size_t used = 0;
    for (int i = 0; i < c->vms; i++)
        used +=
            (size_t)(hosts ? snprintf(text + used, sizeof text - used, "%s vm%d\n", c->cloud.machine[i].inner,
                                      i + 1)
                           : snprintf(text + used, sizeof text - used, "vm%d slots=%d\n", i + 1, c->vcpus));
    snprintf(path, sizeof path, "%s/there/%s", c->directory, name);
    return weiss_write_text(path, text, fault);
}

/** Copies files into the directory for the machines. */
static int take_along(const weiss_cluster *c, const char *file, const char *name, weiss_fault *fault)
{
    char to[WEISS_PATH + 320];
    snprintf(to, sizeof to, "%s/there/%s", c->directory, name);
    const char *const words[] = {"cp", "-L", "--", file, to, NULL};
    return run_here(words, "a file for the machines cannot be copied", fault);
}

/** Makes the directory that each machine gets. */
static int furnish(const weiss_cluster_plan *plan, const weiss_cluster *c, weiss_fault *fault)
{
    static const char *const keys[] = {"id", "id.pub", "known_hosts"};
    char path[WEISS_PATH + 64], name[300];
    snprintf(path, sizeof path, "%s/there/opt", c->directory);
    WEISS_FAULT_TRY(weiss_make_directories(path, fault));
    WEISS_FAULT_TRY(write_list(c, "hosts", true, fault));
    WEISS_FAULT_TRY(write_list(c, "hostfile", false, fault));
    snprintf(path, sizeof path, "%s/there/prepare.sh", c->directory);
    WEISS_FAULT_TRY(weiss_write_text(path, weiss_text_prepare_instance, fault));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        snprintf(path, sizeof path, "%s/%s", c->directory, keys[i]);
        WEISS_FAULT_TRY(take_along(c, path, keys[i], fault));
    }
    for (size_t i = 0; i < sizeof plan->ship / sizeof *plan->ship && plan->ship[i] != NULL; i++) {
        const char *slash = strrchr(plan->ship[i], '/');
        snprintf(name, sizeof name, "opt/%.250s", slash != NULL ? slash + 1 : plan->ship[i]);
        WEISS_FAULT_TRY(take_along(c, plan->ship[i], name, fault));
    }
    return 0;
}

/** What a machine says of itself. */
typedef struct machine_words {
    bool region, emulated;
    char failed[300];
} machine_words;

static void take_word(void *data, const char *line)
{
    machine_words *w = data;
    w->region = w->region || strcmp(line, "region yes") == 0;
    w->emulated = w->emulated || strcmp(line, "emulated yes") == 0;
    if (strncmp(line, "failed ", 7) == 0)
        snprintf(w->failed, sizeof w->failed, "%s", line + 7);
}

/** Prepares one machine. */
static int prepare(weiss_cluster *c, int index, weiss_cloud_shared shared, const weiss_lab_watch *watch,
                   weiss_fault *fault)
{
    const char *const clean[] = {"rm", "-rf", THERE, NULL};
    const char *const words[] = {"sh", THERE "/prepare.sh", c->cloud.subnet, NULL};
    char vm[16], from[WEISS_PATH + 16], to[64];
    machine_words said = {0};
    const weiss_process_reader reader = {
        .line = take_word, .data = &said, .stop = watch->stop, .seconds = BOOT};
    int exit_code = 0;
    snprintf(vm, sizeof vm, "vm%d", index + 1);
    snprintf(from, sizeof from, "%s/there", c->directory);
    snprintf(to, sizeof to, "%s:" THERE, vm);
    WEISS_FAULT_TRY(
        weiss_remote_run(c->directory, vm, (char *const *)clean, &reader, NULL, &exit_code, fault));
    WEISS_FAULT_TRY(weiss_remote_copy(c->directory, from, to, watch->stop, &exit_code, fault));
    if (exit_code == 0)
        WEISS_FAULT_TRY(
            weiss_remote_run(c->directory, vm, (char *const *)words, &reader, NULL, &exit_code, fault));
    weiss_fault_clear(fault);
    weiss_remote_run(c->directory, vm, (char *const *)clean, &reader, NULL, &(int){0}, NULL);
    weiss_remote_close(c->directory, vm); /* the next login has the settings that were made */
    if (exit_code != 0)
        return weiss_fault_set(fault, WEISS_ERR_PEER, "%s cannot be made a machine of the cluster: %s", vm,
                               said.failed[0] != '\0' ? said.failed : "its preparation failed");
    c->emulated = c->emulated || said.emulated;
    if (said.region || shared == WEISS_SHARED_OFF)
        return 0;
    if (shared == WEISS_SHARED_WANTED) {
        weiss_lab_say(watch, "%s sees no shared memory; on its host `weiss agent why %s` tells the reason",
                      vm, c->cloud.machine[index].server);
        return 0;
    }
    return weiss_fault_set(
        fault, WEISS_ERR_PEER,
        "%s sees no shared memory, which the cluster file requires; on its host `weiss agent why "
        "%s` tells the reason",
        vm, c->cloud.machine[index].server);
}

/** Brings the machines to where a cluster can use them. */
static int bring_up(const weiss_cluster_plan *plan, weiss_cloud *cloud, weiss_cluster *c,
                    const weiss_lab_watch *watch, weiss_fault *fault)
{
    char key[256];
    WEISS_FAULT_TRY(make_key(c->directory, key, fault));
    WEISS_FAULT_TRY(weiss_cloud_machines_make(cloud, &plan->openstack, key, watch, &c->cloud, fault));
    c->vcpus = c->cloud.vcpus;
    WEISS_FAULT_TRY(write_ssh_config(c, false, fault));
    time_t end = time(NULL) + BOOT;
    for (int i = 0; i < c->vms; i++)
        WEISS_FAULT_TRY(wait_for_ssh(c, i, cloud, end, watch, fault));
    WEISS_FAULT_TRY(write_ssh_config(c, true, fault));
    WEISS_FAULT_TRY(furnish(plan, c, fault));
    for (int i = 0; i < c->vms; i++) {
        WEISS_FAULT_TRY(prepare(c, i, plan->openstack.shared, watch, fault));
        if (is_stopped(watch))
            return WEISS_STOPPED;
    }
    char there[WEISS_PATH + 16];
    snprintf(there, sizeof there, "%s/there", c->directory);
    weiss_remove_tree(there);
    return 0;
}

/** Fills in what is known before anything is made. */
static int begin(const weiss_cluster_plan *plan, const char *place, const char *settings, weiss_cluster *c,
                 weiss_fault *fault)
{
    *c = (weiss_cluster){.vms = plan->vms, .vcpus = 1};
    snprintf(c->name, sizeof c->name, "%s", plan->name);
    snprintf(c->server, sizeof c->server, "openstack");
    snprintf(c->settings, sizeof c->settings, "%s", settings);
    snprintf(c->directory, sizeof c->directory, "%s/weiss-lab-XXXXXX", place);
    c->cloud = (weiss_cloud_machines){.used = true, .pending = true, .vms = plan->vms};
    snprintf(c->cloud.cloud, sizeof c->cloud.cloud, "%s", plan->openstack.cloud);
    if (place[0] != '\0' && mkdtemp(c->directory) == NULL)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: a directory cannot be made in it: %s", place,
                               strerror(errno));
    snprintf(c->cloud.prefix, sizeof c->cloud.prefix, "weiss-%s-%s", plan->name,
             c->directory + strlen(c->directory) - 6);
    weiss_cluster_boot(c->boot, sizeof c->boot);
    return 0;
}

/** Ends the connections that ssh keeps. */
static void disconnect(const weiss_cluster *c)
{
    char vm[16], path[WEISS_PATH + 32];
    for (int i = 0; i < c->vms; i++) {
        snprintf(vm, sizeof vm, "vm%d", i + 1);
        snprintf(path, sizeof path, "%s/ssh-%s", c->directory, vm);
        if (access(path, F_OK) == 0)
            weiss_remote_close(c->directory, vm);
    }
}

/** Removes what was made, whatever asked for the stop. */
static void undo(weiss_cloud *cloud, const weiss_cluster *c, const char *place, const weiss_lab_watch *watch)
{
    const weiss_lab_watch heedless = {.say = watch->say, .data = watch->data};
    weiss_fault fault = {0};
    weiss_cloud_heed(cloud, NULL);
    disconnect(c);
    if (weiss_cloud_machines_remove(cloud, &c->cloud, &heedless, &fault) == 0)
        weiss_remove_tree(place);
    else
        weiss_lab_say(watch,
                      "what was made in the cloud is not removed: %s; `weiss cluster down %s` tries again",
                      fault.text, c->name);
}

int weiss_instances_start(const weiss_cluster_plan *plan, const char *place, const char *settings,
                          const weiss_lab_watch *watch, weiss_fault *fault)
{
    weiss_cloud *cloud = NULL;
    weiss_cluster *c = calloc(1, sizeof *c);
    if (c == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    const char *project;
    int code = weiss_cloud_machines_open(plan->openstack.cloud, watch->stop, &cloud, fault);
    code = code != 0 ? code : weiss_cloud_project(cloud, &project, fault);
    code = code != 0 ? code : begin(plan, place, settings, c, fault);
    code = code != 0 ? code : weiss_cluster_write(place, c, fault);
    if (code != 0) {
        weiss_remove_tree(place); /* nothing was made in the cloud */
    } else {
        code = bring_up(plan, cloud, c, watch, fault);
        if (code == 0) {
            c->cloud.pending = false;
            code = weiss_cluster_write(place, c, fault);
        }
        if (code != 0)
            undo(cloud, c, place, watch);
    }
    weiss_cloud_close(cloud);
    free(c);
    return code;
}

int weiss_instances_show(const weiss_cluster_plan *plan, FILE *to, weiss_fault *fault)
{
    const weiss_lab_watch nobody = {0};
    weiss_cloud *cloud = NULL;
    weiss_cluster *c = calloc(1, sizeof *c);
    if (c == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    int code = weiss_cloud_open_dry(to, &cloud, fault);
    if (code == 0)
        code = begin(plan, "", "", c, fault);
    if (code == 0)
        code = weiss_cloud_machines_make(cloud, &plan->openstack, "<public key of the cluster>", &nobody,
                                         &c->cloud, fault);
    weiss_cloud_close(cloud);
    free(c);
    return code;
}

int weiss_instances_end(const weiss_cluster *c, const weiss_lab_watch *watch, weiss_fault *fault)
{
    weiss_cloud *cloud = NULL;
    WEISS_FAULT_TRY(weiss_cloud_machines_open(c->cloud.cloud, watch->stop, &cloud, fault));
    disconnect(c);
    int code = weiss_cloud_machines_remove(cloud, &c->cloud, watch, fault);
    weiss_cloud_close(cloud);
    return code;
}
