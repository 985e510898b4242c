/* weiss agent: asks the daemon of this host, weiss-agentd. */
#include "cloud/agent/ask.h"

#include "base/text.h"
#include "cloud/process.h"
#include "weiss/command.h"
#include "weiss/stop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *text(json_object *object, const char *key)
{
    const char *value = json_object_get_string(json_object_object_get(object, key));
    return value != NULL ? value : "";
}

static int64_t number(json_object *object, const char *key)
{
    return json_object_get_int64(json_object_object_get(object, key));
}

static bool flag(json_object *object, const char *key)
{
    return json_object_get_boolean(json_object_object_get(object, key));
}

/** A text of any length as it may be seen: pieces of what weiss_text_show takes. */
static void print_long(const char *before, const char *words)
{
    char piece[64], shown[WEISS_TEXT_SHOWN];
    fputs(before, stdout);
    while (*words != '\0') {
        size_t length = strlen(words) < 48 ? strlen(words) : 48;
        /* Not in the middle of a character: its other bytes would each be shown as a number. */
        while (length > 40 && ((unsigned char)words[length] & 0xc0) == 0x80)
            length--;
        memcpy(piece, words, length);
        piece[length] = '\0';
        fputs(weiss_text_show(piece, shown), stdout);
        words += length;
    }
    putchar('\n');
}

/** Asks, and says on standard error what went wrong. @return NULL on failure, with the exit code */
static json_object *ask(const weiss_command *command, const weiss_arguments *arguments, int *exit_code)
{
    const char *socket = weiss_arguments_get(command, arguments, "--socket");
    const char *instance = arguments->noperands > 0 ? arguments->operand[0] : NULL;
    const volatile sig_atomic_t *stop = weiss_stop_watch();
    weiss_fault fault = {0};
    json_object *answer;
    int code = weiss_agent_ask(socket != NULL ? socket : WEISS_AGENT_SOCKET, command->name, instance, stop,
                               &answer, &fault);
    *exit_code = code == 0               ? WEISS_EXIT_DONE
                 : code == WEISS_STOPPED ? WEISS_EXIT_SIGNAL + (int)*stop
                                         : WEISS_EXIT_ERROR;
    if (code < 0) {
        fputs("weiss: ", stderr);
        fflush(stdout);
        for (const char *c = fault.text; *c != '\0';
             c++) /* words of the agent may have words of a tenant in them */
            fputc((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c, stderr);
        fputc('\n', stderr);
    }
    return answer;
}

static int print_json(json_object *answer)
{
    puts(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(answer);
    return WEISS_EXIT_DONE;
}

static void print_agent(json_object *agent)
{
    printf("weiss-agentd %s, since %s%s\n", text(agent, "version"), text(agent, "since"),
           flag(agent, "dry_run") ? ", dry run: nothing is attached" : "");
    printf("libvirt: %s, %s\n", text(agent, "uri"), flag(agent, "connected") ? "connected" : "not connected");
    if (text(agent, "libvirt_trouble")[0] != '\0')
        print_long("  ", text(agent, "libvirt_trouble"));
    if (text(agent, "api")[0] != '\0')
        printf("OpenStack: %s, %s%s\n", text(agent, "api"),
               text(agent, "api_reached")[0] != '\0' ? "reached " : "not reached yet",
               text(agent, "api_reached"));
    if (text(agent, "api_trouble")[0] != '\0')
        print_long("  ", text(agent, "api_trouble"));
    printf("regions: %" PRId64 " of %" PRId64 " MiB\n", number(agent, "bytes_used") >> 20,
           number(agent, "bytes_total") >> 20);
}

static void print_instances(json_object *list)
{
    char domain[WEISS_TEXT_SHOWN], name[WEISS_TEXT_SHOWN], group[WEISS_TEXT_SHOWN];
    if (json_object_array_length(list) == 0) {
        puts("No instance runs.");
        return;
    }
    printf("%-20s %-16s %-9s %6s  %-29s %s\n", "DOMAIN", "NAME", "STATE", "MiB", "REGION", "GROUP");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        printf("%-20s %-16s %-9s %6" PRId64 "  %-29s %s\n", weiss_text_show(text(one, "domain"), domain),
               weiss_text_show(text(one, "name"), name), text(one, "state"), number(one, "bytes") >> 20,
               text(one, "region"), weiss_text_show(text(one, "group"), group));
        if (text(one, "trouble")[0] != '\0')
            print_long("  ", text(one, "trouble"));
    }
}

static int show_status(const weiss_command *command, const weiss_arguments *arguments)
{
    int code;
    json_object *answer = ask(command, arguments, &code), *regions;
    if (answer == NULL)
        return code;
    if (weiss_arguments_get(command, arguments, "--json") != NULL)
        return print_json(answer);
    print_agent(json_object_object_get(answer, "agent"));
    print_instances(json_object_object_get(answer, "instances"));
    regions = json_object_object_get(answer, "regions");
    for (size_t i = 0; i < json_object_array_length(regions); i++) {
        json_object *one = json_object_array_get_idx(regions, i);
        char before[WEISS_TEXT_SHOWN + 32], group[WEISS_TEXT_SHOWN];
        snprintf(before, sizeof before, "region for %s: ", weiss_text_show(text(one, "group"), group));
        if (text(one, "trouble")[0] != '\0')
            print_long(before, text(one, "trouble"));
    }
    json_object_put(answer);
    return WEISS_EXIT_DONE;
}

static int why(const weiss_command *command, const weiss_arguments *arguments)
{
    int code;
    char shown[WEISS_TEXT_SHOWN], name[WEISS_TEXT_SHOWN], project[WEISS_TEXT_SHOWN], flavor[WEISS_TEXT_SHOWN];
    json_object *answer = ask(command, arguments, &code);
    if (answer == NULL)
        return code;
    if (weiss_arguments_get(command, arguments, "--json") != NULL)
        return print_json(answer);
    json_object *one = json_object_object_get(answer, "instance"),
                *others = json_object_object_get(answer, "shares_with");
    printf("%s (%s, %s): %s%s%s\n", weiss_text_show(text(one, "domain"), shown),
           weiss_text_show(text(one, "name"), name), text(one, "uuid"), text(one, "state"),
           text(one, "region")[0] != '\0' ? ", has " : "", text(one, "region"));
    if (flag(one, "nova"))
        printf("project %s, flavor %s, machine type %s\n", weiss_text_show(text(one, "project"), project),
               weiss_text_show(text(one, "flavor"), flavor), text(one, "machine"));
    print_long("group: ", text(one, "group")[0] != '\0' ? text(one, "group") : "none");
    print_long("", text(one, "why"));
    if (text(one, "trouble")[0] != '\0')
        print_long("trouble: ", text(one, "trouble"));
    for (size_t i = 0; i < json_object_array_length(others); i++)
        printf("shares with %s\n",
               weiss_text_show(json_object_get_string(json_object_array_get_idx(others, i)), shown));
    json_object_put(answer);
    return WEISS_EXIT_DONE;
}

/** release, share, resync: nothing to print but that it failed. */
static int order(const weiss_command *command, const weiss_arguments *arguments)
{
    int code;
    json_object_put(ask(command, arguments, &code));
    return code;
}

/** Finds weiss-agentd: beside this program, where it is installed with it, or in PATH. */
static bool find_daemon(char *path, size_t size)
{
    static const char *const places[] = {"", "/../sbin"};
    char own[4096];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(own, '/');
    if (slash != NULL)
        *slash = '\0';
    for (int i = 0; i < 2; i++)
        if (snprintf(path, size, "%s%s/weiss-agentd", own, places[i]) < (int)size && access(path, X_OK) == 0)
            return true;
    return weiss_process_find("weiss-agentd", path, size);
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    const char *config = weiss_arguments_get(command, arguments, "--config");
    char path[4200];
    char *words[5] = {path};
    int n = 1;
    if (!find_daemon(path, sizeof path)) {
        fputs("weiss: weiss-agentd is neither beside this program nor in PATH; install the package "
              "weiss-agent\n",
              stderr);
        return WEISS_EXIT_ERROR;
    }
    if (config != NULL) {
        words[n++] = (char *)"--config";
        words[n++] = (char *)config;
    }
    if (weiss_arguments_get(command, arguments, "--dry-run") != NULL)
        words[n++] = (char *)"--dry-run";
    execv(path, words);
    fprintf(stderr, "weiss: %s cannot be started: %s\n", path, strerror(errno));
    return WEISS_EXIT_ERROR;
}

#define SOCKET                                                                                               \
    {                                                                                                        \
        "--socket", 0, "PATH", "Control socket of the agent; default " WEISS_AGENT_SOCKET                    \
    }

static const weiss_option run_options[] = {
    {"--config", 0, "FILE", "Settings; default /etc/weiss/agent.conf"},
    {"--dry-run", 0, NULL, "Decide and tell, but make and attach nothing"},
    {0},
};
static const weiss_option show_options[] = {{"--json", 'j', NULL, "Print JSON"}, SOCKET, {0}};
static const weiss_option order_options[] = {SOCKET, {0}};

static const weiss_command command_run = {
    .name = "run",
    .summary = "Run the agent, in the foreground",
    .operands = "",
    .options = run_options,
    .text =
        "Becomes weiss-agentd, which systemd starts on a host where the package weiss-agent is installed.\n",
    .run = run,
};
static const weiss_command command_status = {
    .name = "status",
    .summary = "Show the instances of this host and what they share",
    .operands = "",
    .options = show_options,
    .text = "States: attached; waits (for its region, or for another attempt); leaves (its guest was asked "
            "to give the device\n"
            "up); released; apart (shares nothing); asks (waits for the API).\n",
    .run = show_status,
};
static const weiss_command command_why = {
    .name = "why",
    .summary = "Explain why an instance shares memory, or why not",
    .operands = "INSTANCE",
    .min_operands = 1,
    .max_operands = 1,
    .options = show_options,
    .text = "INSTANCE is a UUID, libvirt's name of the domain, or the name that its owner gave it.\n",
    .run = why,
};
static const weiss_command command_release = {
    .name = "release",
    .summary = "Detach the shared memory, before a suspend or a live migration",
    .operands = "INSTANCE",
    .min_operands = 1,
    .max_operands = 1,
    .options = order_options,
    .text = "Waits until the guest has given the device up, half a minute at most. It is attached again by "
            "`weiss agent share`, "
            "or when\n"
            "the instance is started the next time. A job that uses the memory fails: end it first.\n"
            "\n"
            "Example:\n"
            "  weiss agent release instance-00000002 && virsh save instance-00000002 /var/tmp/saved\n",
    .run = order,
};
static const weiss_command command_share = {
    .name = "share",
    .summary = "End a release: attach the shared memory again",
    .operands = "INSTANCE",
    .min_operands = 1,
    .max_operands = 1,
    .options = order_options,
    .text = "INSTANCE is a UUID, libvirt's name of the domain, or the name that its owner gave it.\n",
    .run = order,
};
static const weiss_command command_resync = {
    .name = "resync",
    .summary = "Look at all domains anew",
    .operands = "",
    .options = order_options,
    .text = "The agent does so by itself at its start and whenever libvirtd comes back.\n",
    .run = order,
};

static const weiss_command *const children[] = {
    &command_run, &command_status, &command_why, &command_release, &command_share, &command_resync, NULL};

const weiss_command weiss_command_agent = {
    .name = "agent",
    .summary = "Shared memory for the virtual machines that run on this host",
    .operands = "",
    .children = children,
    .text = "The agent gives groups of running virtual machines, of OpenStack or of plain libvirt, a region "
            "of shared memory, and\n"
            "keeps it there through restarts. It is a daemon, weiss-agentd; these commands ask it.\n",
};
