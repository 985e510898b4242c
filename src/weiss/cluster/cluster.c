/* weiss cluster: virtual machines that stay up until they are taken down. */
#include "cloud/cluster/cluster.h"

#include "base/text.h"
#include "cloud/remote.h"
#include "weiss/cluster/file.h"
#include "weiss/command.h"
#include "weiss/fabric-settings.h"
#include "weiss/stop.h"
#include "weiss/tracer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(void *data, const char *line)
{
    (void)data;
    fprintf(stderr, "weiss: %s\n", line);
}

static weiss_lab_watch watch(void)
{
    return (weiss_lab_watch){.say = say, .stop = weiss_stop_watch()};
}

/** Exit code for how it ended; says why it failed. */
static int conclude(int code, const volatile sig_atomic_t *stop, const weiss_fault *fault)
{
    if (code == 0)
        return WEISS_EXIT_DONE;
    if (code == WEISS_STOPPED && stop != NULL)
        return WEISS_EXIT_SIGNAL + (int)*stop;
    fprintf(stderr, "weiss: %s\n", fault->text);
    return WEISS_EXIT_ERROR;
}

static bool is_file(const char *operand)
{
    const char *dot = strrchr(operand, '.');
    return strchr(operand, '/') != NULL ||
           (dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0));
}

/** Finds the cluster that an operand (NULL: none was given) names, by its name or its file. @return an exit code */
static int find(const char *operand, weiss_cluster *cluster)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_cluster_plan plan;
    weiss_fault fault = {0};
    if (operand != NULL && is_file(operand)) {
        int code = weiss_cluster_file_read(operand, &plan);
        if (code != WEISS_EXIT_DONE)
            return code;
        operand = plan.name;
    } else if (operand != NULL && !weiss_cluster_name_is_valid(operand)) {
        fprintf(stderr, "weiss: \"%s\" is no name of a cluster\n", weiss_text_show(operand, shown));
        return WEISS_EXIT_ERROR;
    }
    return conclude(weiss_cluster_load(operand, cluster, &fault), NULL, &fault);
}

/** Finds a machine, "VM" of the only cluster or "CLUSTER/VM". @return an exit code */
static int find_vm(const char *operand, weiss_cluster *cluster, int *vm)
{
    char name[64], shown[WEISS_TEXT_SHOWN];
    const char *slash = strchr(operand, '/');
    snprintf(name, sizeof name, "%.*s", slash != NULL ? (int)(slash - operand) : 0, operand);
    int code = find(slash != NULL ? name : NULL, cluster);
    if (code != WEISS_EXIT_DONE)
        return code;
    *vm = weiss_cluster_find_vm(cluster, slash != NULL ? slash + 1 : operand);
    if (*vm >= 0)
        return WEISS_EXIT_DONE;
    fprintf(stderr, "weiss: the cluster \"%s\" has no machine \"%s\"; it has vm1 to vm%d\n", cluster->name,
            weiss_text_show(slash != NULL ? slash + 1 : operand, shown), cluster->vms);
    return WEISS_EXIT_ERROR;
}

/** What the machines need to run the solver and to measure it: this program, the component of Open MPI, and the tracer, where
 *  they are. */
typedef struct program_files {
    char self[PATH_MAX], component[PATH_MAX + 32], tracer[PATH_MAX];
} program_files;

static void add_programs(weiss_cluster_plan *plan, program_files *files)
{
    weiss_fabric_settings settings;
    int n = 0;
    ssize_t length = readlink("/proc/self/exe", files->self, sizeof files->self - 1);
    files->self[length > 0 ? length : 0] = '\0';
    if (length > 0)
        plan->ship[n++] = files->self;
    if (weiss_tracer_find(files->tracer))
        plan->ship[n++] = files->tracer;
    if (weiss_fabric_settings_find(&settings, NULL) != 0 || settings.components[0] == '\0')
        return;
    snprintf(files->component, sizeof files->component, "%s/mca_btl_ivshmem.so", settings.components);
    plan->ship[n] = files->component;
}

static int up(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_cluster_plan plan;
    weiss_fault fault = {0};
    const weiss_lab_watch w = watch();
    bool already = false;
    program_files files;
    int code = weiss_cluster_file_read(arguments->operand[0], &plan);
    if (code != WEISS_EXIT_DONE)
        return code;
    add_programs(&plan, &files);
    if (weiss_arguments_get(command, arguments, "--dry-run") != NULL)
        return conclude(weiss_cluster_show(&plan, stdout, &fault), w.stop, &fault);
    code = conclude(weiss_cluster_up(&plan, &w, &already, &fault), w.stop, &fault);
    if (code == WEISS_EXIT_DONE)
        printf("The cluster \"%s\" is up%s: %d machine%s.\n", plan.name, already ? " already" : "", plan.vms,
               plan.vms > 1 ? "s" : "");
    return code;
}

static int down(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_cluster cluster;
    weiss_fault fault = {0};
    const weiss_lab_watch w = watch();
    (void)command;
    int code = find(arguments->noperands > 0 ? arguments->operand[0] : NULL, &cluster);
    if (code != WEISS_EXIT_DONE)
        return code;
    return conclude(weiss_cluster_down(cluster.name, &w, &fault), w.stop, &fault);
}

/** States of instances, as their cloud tells them now. */
static void show_instances(const weiss_cluster *c)
{
    weiss_fault fault = {0};
    weiss_cloud *cloud = NULL;
    char state[32];
    printf("%s: %d machine%s of %d vCPU in the cloud %s%s%s\n", c->name, c->vms, c->vms > 1 ? "s" : "",
           c->vcpus, c->cloud.cloud[0] != '\0' ? c->cloud.cloud : "of OS_*", c->emulated ? ", emulated" : "",
           c->cloud.pending ? ", not brought up to its end" : "");
    int code = weiss_cloud_machines_open(c->cloud.cloud, weiss_stop_watch(), &cloud, &fault);
    for (int i = 0; i < c->cloud.vms; i++) {
        const weiss_cloud_machine *m = &c->cloud.machine[i];
        snprintf(state, sizeof state, "unknown");
        if (code == 0 && weiss_cloud_machine_state(cloud, m->server, state, &fault) == WEISS_ERR_FILE) {
            snprintf(state, sizeof state, "gone");
            weiss_fault_clear(&fault);
        }
        printf("  %-6s %-9s instance %s, host %d, ssh at %s:22\n", c->process[i].name, state, m->server,
               m->host + 1, m->address);
    }
    weiss_cloud_close(cloud);
    if (fault.code != 0)
        fprintf(stderr, "weiss: the cloud cannot be asked for states: %s\n", fault.text);
}

static void show_status(const weiss_cluster *c)
{
    char address[16];
    if (c->cloud.used) {
        show_instances(c);
        return;
    }
    printf("%s: %d machine%s of %d vCPU on %s%s%s%s%s%s\n", c->name, c->vms, c->vms > 1 ? "s" : "", c->vcpus,
           c->server[0], c->servers > 1 ? " and " : "", c->server[1],
           c->domains.uri[0] != '\0' ? ", libvirt at " : "", c->domains.uri, c->emulated ? ", emulated" : "");
    for (int i = 0; i < c->nprocesses; i++) {
        printf("  %-6s %-7s process %d", c->process[i].name, weiss_cluster_runs(c, i) ? "runs" : "ended",
               (int)c->process[i].pid);
        if (c->process[i].port > 0)
            printf(", ssh at %s:%d", weiss_cluster_address(c, i, address), c->process[i].port);
        if (i < c->vms && c->servers > 1)
            printf(", on %s", c->server[weiss_cluster_server(c, i)]);
        printf("\n");
    }
}

/** The texts in a state need no escapes: their characters were checked when it was made. */
static void show_json(const weiss_cluster *c, bool first)
{
    char address[16];
    printf(
        "%s  {\"name\": \"%s\", \"servers\": [\"%s%s%s\"], \"uri\": \"%s\", \"vcpus\": %d, \"emulated\": %s, "
        "\"ssh_config\": \"%s/ssh-config\", \"processes\": [\n",
        first ? "" : ",\n", c->name, c->server[0], c->servers > 1 ? "\", \"" : "", c->server[1],
        c->cloud.used               ? "openstack"
        : c->domains.uri[0] != '\0' ? c->domains.uri
                                    : "qemu",
        c->vcpus, c->emulated ? "true" : "false", c->directory);
    for (int i = 0; i < c->nprocesses; i++)
        printf("    {\"name\": \"%s\", \"machine\": %s, \"server\": \"%s\", \"runs\": %s, \"pid\": %d, "
               "\"address\": \"%s\", "
               "\"port\": "
               "%d, \"instance\": \"%s\"}%s\n",
               c->process[i].name, i < c->vms ? "true" : "false",
               i < c->vms ? c->server[c->cloud.used ? 0 : weiss_cluster_server(c, i)] : "",
               weiss_cluster_runs(c, i) ? "true" : "false", (int)c->process[i].pid,
               i < c->vms ? weiss_cluster_address(c, i, address) : "", c->process[i].port,
               c->cloud.used ? c->cloud.machine[i].server : "", i + 1 < c->nprocesses ? "," : "");
    printf("  ]}");
}

static int status(const weiss_command *command, const weiss_arguments *arguments)
{
    bool json = weiss_arguments_get(command, arguments, "--json") != NULL;
    char names[WEISS_CLUSTERS_MAX][WEISS_CLUSTER_NAME + 1];
    weiss_cluster cluster;
    weiss_fault fault = {0};
    int n = arguments->noperands > 0 ? 1 : weiss_cluster_list(names, &fault), code = 0;
    if (n < 0)
        return conclude(n, NULL, &fault);
    printf("%s", json ? "[" : n == 0 ? "No cluster is up.\n" : "");
    for (int i = 0; code == WEISS_EXIT_DONE && i < n; i++) {
        code = find(arguments->noperands > 0 ? arguments->operand[0] : names[i], &cluster);
        if (code == WEISS_EXIT_DONE && json)
            show_json(&cluster, i == 0);
        else if (code == WEISS_EXIT_DONE)
            show_status(&cluster);
    }
    printf("%s", json ? "]\n" : "");
    return code;
}

/** Becomes another program. */
static int become(const char *const *words)
{
    execvp(words[0], (char *const *)words);
    fprintf(stderr, "weiss: %s cannot be started: %s\n", words[0], strerror(errno));
    return WEISS_EXIT_ERROR;
}

static int ssh(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_cluster cluster;
    weiss_fault fault = {0};
    char config[WEISS_PATH + 16];
    int vm = 0, exit_code = 0;
    (void)command;
    int code = find_vm(arguments->operand[0], &cluster, &vm);
    if (code != WEISS_EXIT_DONE)
        return code;
    snprintf(config, sizeof config, "%s/ssh-config", cluster.directory);
    if (arguments->command == NULL)
        return become((const char *const[]){"ssh", "-F", config, cluster.process[vm].name, NULL});
    const volatile sig_atomic_t *stop = weiss_stop_watch();
    code = weiss_remote_run(cluster.directory, cluster.process[vm].name, arguments->command, NULL, stop,
                            &exit_code, &fault);
    return code == 0 ? exit_code : conclude(code, stop, &fault);
}

static void print_line(void *vm, const char *line)
{
    printf("%s: %s\n", (const char *)vm, line);
}

static int exec(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_cluster cluster;
    weiss_fault fault = {0};
    int result = 0;
    (void)command;
    if (arguments->command == NULL)
        return weiss_usage("weiss cluster exec", "expected weiss cluster exec [CLUSTER] -- COMMAND...");
    int code = find(arguments->noperands > 0 ? arguments->operand[0] : NULL, &cluster);
    if (code != WEISS_EXIT_DONE)
        return code;
    const volatile sig_atomic_t *stop = weiss_stop_watch();
    for (int i = 0; i < cluster.vms; i++) {
        int exit_code = 0;
        const weiss_process_reader reader = {
            .line = print_line, .data = cluster.process[i].name, .stop = stop};
        code = weiss_remote_run(cluster.directory, cluster.process[i].name, arguments->command, &reader, stop,
                                &exit_code, &fault);
        if (code != 0)
            return conclude(code, stop, &fault);
        if (exit_code != 0)
            fprintf(stderr, "weiss: %s: exit code %d\n", cluster.process[i].name, exit_code);
        result = result != 0 ? result : exit_code;
    }
    return result;
}

/** What an instance printed, as its cloud tells it. */
static int console_of_instance(const weiss_cluster *c, int vm)
{
    weiss_fault fault = {0};
    weiss_cloud *cloud = NULL;
    char *text = NULL;
    const volatile sig_atomic_t *stop = weiss_stop_watch();
    int code = weiss_cloud_machines_open(c->cloud.cloud, stop, &cloud, &fault);
    if (code == 0)
        code = weiss_cloud_console(cloud, c->cloud.machine[vm].server, 0, &text, &fault);
    if (code == 0)
        fputs(text, stdout);
    free(text);
    weiss_cloud_close(cloud);
    return conclude(code, stop, &fault);
}

static int console(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_cluster cluster;
    char log[WEISS_PATH + 32];
    int vm = 0;
    bool follow = weiss_arguments_get(command, arguments, "--follow") != NULL;
    int code = find_vm(arguments->operand[0], &cluster, &vm);
    if (code != WEISS_EXIT_DONE)
        return code;
    if (cluster.cloud.used && follow)
        return weiss_usage("weiss cluster console",
                           "a cloud tells only what was printed until now: leave out --follow");
    if (cluster.cloud.used)
        return console_of_instance(&cluster, vm);
    snprintf(log, sizeof log, "%s/%s.log", cluster.directory, cluster.process[vm].name);
    return become((const char *const[]){"tail", "-n", "+1", follow ? "-f" : log, follow ? log : NULL, NULL});
}

static int hostfile(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_cluster cluster;
    (void)command;
    int code = find(arguments->noperands > 0 ? arguments->operand[0] : NULL, &cluster);
    for (int i = 0; code == WEISS_EXIT_DONE && i < cluster.vms; i++)
        printf("%s slots=%d\n", cluster.process[i].name, cluster.vcpus);
    return code;
}

static const weiss_option up_options[] = {
    {"--dry-run", 0, NULL, "Only print what would be started; the port 0 stands for a free one"},
    {0},
};
static const weiss_option status_options[] = {{"--json", 0, NULL, "Print JSON"}, {0}};
static const weiss_option console_options[] = {{"--follow", 'f', NULL, "Go on with what the machine prints"},
                                               {0}};

const weiss_command weiss_command_cluster_up = {
    .name = "up",
    .summary = "Start a cluster",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .options = up_options,
    .text = "Starts the machines of a cluster file and returns when each accepts ssh. A cluster that is up "
            "already\n"
            "stays as it is. When a step fails, and after Ctrl-C, nothing is left.\n",
    .run = up,
};
const weiss_command weiss_command_cluster_down = {
    .name = "down",
    .summary = "End a cluster and remove all of it",
    .operands = "[CLUSTER]",
    .max_operands = 1,
    .text = "Ends the machines and removes their files. What they wrote is lost.\n",
    .run = down,
};
const weiss_command weiss_command_cluster_status = {
    .name = "status",
    .summary = "Show clusters and their machines",
    .operands = "[CLUSTER]",
    .max_operands = 1,
    .options = status_options,
    .text = "Shows one cluster, or all that are up.\n",
    .run = status,
};
static const weiss_command command_ssh = {
    .name = "ssh",
    .summary = "Log in to a machine, or run a command in it",
    .operands = "[CLUSTER/]VM [-- COMMAND...]",
    .min_operands = 1,
    .max_operands = 1,
    .takes_command = true,
    .text = "Example:\n  weiss cluster ssh laptop/vm1\n",
    .run = ssh,
};
static const weiss_command command_exec = {
    .name = "exec",
    .summary = "Run a command in all machines, one after the other",
    .operands = "[CLUSTER] -- COMMAND...",
    .max_operands = 1,
    .takes_command = true,
    .text = "Each line that it prints follows the name of its machine. The exit code is the first that is "
            "not 0.\n",
    .run = exec,
};
static const weiss_command command_console = {
    .name = "console",
    .summary = "Show what a machine printed on its console",
    .operands = "[CLUSTER/]VM",
    .min_operands = 1,
    .max_operands = 1,
    .options = console_options,
    .text = "Shows all of it since the start.\n",
    .run = console,
};
static const weiss_command command_hostfile = {
    .name = "hostfile",
    .summary = "Print the machines for mpirun --hostfile",
    .operands = "[CLUSTER]",
    .max_operands = 1,
    .text = "The same file is /etc/weiss-hostfile in each machine.\n",
    .run = hostfile,
};

static const weiss_command *const children[] = {&weiss_command_cluster_up,
                                                &weiss_command_cluster_down,
                                                &weiss_command_cluster_status,
                                                &command_ssh,
                                                &command_exec,
                                                &command_console,
                                                &command_hostfile,
                                                NULL};

const weiss_command weiss_command_cluster = {
    .name = "cluster",
    .summary = "Virtual machines made into one machine for MPI",
    .operands = "",
    .children = children,
    .text = "CLUSTER is the name of a cluster or its file; it may be left out when only one is up.\n"
            "\n"
            "Example:\n"
            "  weiss cluster up cluster-laptop.yaml\n"
            "  weiss cluster exec -- uname -r\n"
            "  weiss cluster ssh vm1\n"
            "  weiss cluster down\n",
};
