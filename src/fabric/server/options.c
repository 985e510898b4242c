#include "fabric/server/options.h"

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 30

#define IN(mode) (1u << WEISS_MODE_##mode)
#define ANY (IN(SERVE) | IN(STATUS) | IN(ADD) | IN(REMOVE) | IN(STOP) | IN(HELP) | IN(VERSION))

enum {
    GROUP,
    RUN_DIRECTORY,
    USER,
    TIMEOUT,
    PIDFILE,
    STATUS,
    JSON,
    ADD,
    REMOVE,
    FORCE,
    STOP,
    HELP,
    VERSION,
    NOPTIONS
};

static const struct {
    const char *name, *value, *help; /**< value NULL: a flag */
    unsigned modes; /**< with which it goes */
    weiss_mode mode; /**< that it chooses; SERVE: it does not */
} table[NOPTIONS] = {
    [GROUP] = {"--group", "GROUP", "Serve this group; may be given several times", IN(SERVE)},
    [RUN_DIRECTORY] = {"--run-directory", "DIR",
                       "Where sockets are; default /run/weiss, $XDG_RUNTIME_DIR/weiss", ANY},
    [USER] = {"--user", "USER", "The hypervisor's user; sockets and files are given to it", IN(SERVE)},
    [TIMEOUT] = {"--timeout", "SECONDS", "Drop a peer that takes no message for so long; default 30",
                 IN(SERVE)},
    [PIDFILE] = {"--pidfile", "FILE", "Write the number of the process to FILE", IN(SERVE)},
    [STATUS] = {"--status", NULL, "Show groups and peers of the running server", IN(STATUS),
                WEISS_MODE_STATUS},
    [JSON] = {"--json", NULL, "Show them as JSON", IN(STATUS)},
    [ADD] = {"--add", "GROUP", "Add a group to the running server", IN(ADD), WEISS_MODE_ADD},
    [REMOVE] = {"--remove", "NAME", "Remove a group from it", IN(REMOVE), WEISS_MODE_REMOVE},
    [FORCE] = {"--force", NULL, "Remove the group even when it has peers", IN(REMOVE)},
    [STOP] = {"--stop", NULL, "Stop the running server", IN(STOP), WEISS_MODE_STOP},
    [HELP] = {"--help", NULL, "Print this text", ANY, WEISS_MODE_HELP},
    [VERSION] = {"--version", NULL, "Print the version", ANY, WEISS_MODE_VERSION},
};

/** What was typed, sorted. */
typedef struct typed {
    const char *value[NOPTIONS]; /**< NULL: not given, "": a flag; of --group the last */
    const char **groups; /**< owned */
    int ngroups;
} typed;

void weiss_server_help(void)
{
    printf(
        "weiss-ivshmemd: shared memory and doorbells for the virtual machines of a host\n\n"
        "Usage: weiss-ivshmemd [--group GROUP]... [OPTIONS]\n"
        "       weiss-ivshmemd --status|--add GROUP|--remove NAME|--stop [--run-directory DIR]\n\n"
        "Serves QEMU's device ivshmem-doorbell. A group is a region of memory and the socket where virtual\n"
        "machines ask for it. GROUP is NAME[,KEY=VALUE]...:\n"
        "  bytes=64M                   size, a power of two\n"
        "  vectors=8                   interrupts of each peer, up to %d\n"
        "  peers=32                    most at a time, up to %d\n"
        "  memory=memfd|shm|hugetlb    sealed memory; a file of a tmpfs; huge pages\n"
        "  socket=PATH                 default DIR/NAME.sock\n"
        "  file=PATH                   of shm, default /dev/shm/weiss-NAME; of hugetlb, default none\n\n"
        "  weiss-ivshmemd --group blue,bytes=64M --user libvirt-qemu\n"
        "  qemu-system-x86_64 ... -chardev socket,path=/run/weiss/blue.sock,id=blue \\\n"
        "      -device ivshmem-doorbell,chardev=blue,vectors=8\n\n"
        "Options:\n",
        WEISS_GROUP_VECTORS_MAX, WEISS_GROUP_PEERS_MAX);
    for (int i = 0; i < NOPTIONS; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", table[i].name, table[i].value != NULL ? " " : "",
                 table[i].value != NULL ? table[i].value : "");
        printf("  %-22s %s\n", left, table[i].help);
    }
}

static int unknown_option(const char *word, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_nearest nearest = weiss_nearest_start(word);
    for (int i = 0; i < NOPTIONS; i++)
        weiss_nearest_consider(&nearest, table[i].name);
    weiss_text_show(word, shown);
    if (word[0] != '-')
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "\"%s\" is one argument too many; a group is --group GROUP", shown);
    if (nearest.best != NULL)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "there is no option %s; did you mean %s?", shown,
                               nearest.best);
    return weiss_fault_set(fault, WEISS_ERR_USAGE, "there is no option %s", shown);
}

static int find(const char *word, size_t length)
{
    for (int i = 0; i < NOPTIONS; i++)
        if (strlen(table[i].name) == length && strncmp(table[i].name, word, length) == 0)
            return i;
    return NOPTIONS;
}

/** Takes the option at argv[*i]; *i ends at its last word. */
static int take(int argc, char **argv, int *i, typed *out, weiss_fault *fault)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    int which = find(word, equals != NULL ? (size_t)(equals - word) : strlen(word));
    if (which == NOPTIONS)
        return unknown_option(word, fault);
    const char *name = table[which].name, *value = equals != NULL ? equals + 1 : NULL;
    if (table[which].value == NULL && value != NULL)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "option %s takes no value", name);
    if (table[which].value != NULL && value == NULL) {
        if (*i + 1 >= argc)
            return weiss_fault_set(fault, WEISS_ERR_USAGE, "option %s needs a value: %s %s", name, name,
                                   table[which].value);
        value = argv[++*i];
    }
    if (which != GROUP && out->value[which] != NULL)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "option %s is given twice", name);
    out->value[which] = value != NULL ? value : "";
    if (which == GROUP)
        out->groups[out->ngroups++] = value;
    return 0;
}

/** The mode, and whether everything goes with it. */
static int choose_mode(const typed *in, weiss_mode *mode, weiss_fault *fault)
{
    *mode = WEISS_MODE_SERVE;
    if (in->value[HELP] != NULL || in->value[VERSION] != NULL) {
        *mode = in->value[HELP] != NULL ? WEISS_MODE_HELP : WEISS_MODE_VERSION;
        return 0;
    }
    for (int i = 0; i < NOPTIONS && *mode == WEISS_MODE_SERVE; i++)
        if (in->value[i] != NULL)
            *mode = table[i].mode;
    const char *chosen = "serving";
    for (int i = 0; i < NOPTIONS; i++)
        if (table[i].mode == *mode && *mode != WEISS_MODE_SERVE)
            chosen = table[i].name;
    for (int i = 0; i < NOPTIONS; i++)
        if (in->value[i] != NULL && !(table[i].modes & (1u << *mode)))
            return weiss_fault_set(fault, WEISS_ERR_USAGE, "option %s does not go with %s", table[i].name,
                                   chosen);
    return 0;
}

static int set_run_directory(const char *value, weiss_server_options *options, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    options->settings.run_directory = options->run_directory;
    if (value != NULL && value[0] != '/')
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--run-directory %s: expected an absolute path",
                               weiss_text_show(value, shown));
    if (value == NULL && geteuid() != 0 && (runtime == NULL || runtime[0] != '/'))
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "XDG_RUNTIME_DIR is not set; say with --run-directory DIR where sockets are");
    size_t room = sizeof options->run_directory;
    int length = value != NULL    ? snprintf(options->run_directory, room, "%s", value)
                 : geteuid() == 0 ? snprintf(options->run_directory, room, "/run/weiss")
                                  : snprintf(options->run_directory, room, "%s/weiss", runtime);
    if (length + (int)sizeof "/control" > (int)room)
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "the path of the run directory has %d bytes; at most %d are possible", length,
                               (int)(room - sizeof "/control"));
    return 0;
}

static int set_user(const char *value, weiss_server_options *options, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], *end = NULL;
    options->settings.user = geteuid();
    if (value == NULL)
        return 0;
    const struct passwd *entry = getpwnam(value);
    weiss_text_show(value, shown);
    errno = 0;
    unsigned long uid = entry != NULL ? entry->pw_uid : strtoul(value, &end, 10);
    if (entry == NULL &&
        (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || uid >= UINT32_MAX))
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--user %s: there is no such user", shown);
    if (geteuid() != 0 && uid != geteuid())
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--user %s: only root can give files to another user",
                               shown);
    options->settings.user = (uid_t)uid;
    return 0;
}

static int set_timeout(const char *value, weiss_server_options *options, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], *end;
    options->settings.timeout = DEFAULT_TIMEOUT;
    if (value == NULL)
        return 0;
    unsigned long seconds = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || seconds < 1 || seconds > 3600)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--timeout %s: expected seconds, from 1 to 3600",
                               weiss_text_show(value, shown));
    options->settings.timeout = (unsigned)seconds;
    return 0;
}

static int set_groups(const typed *in, weiss_server_options *options, weiss_fault *fault)
{
    weiss_fault wrong = {0};
    options->specs = calloc((size_t)in->ngroups + 1, sizeof *options->specs);
    if (options->specs == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (int i = 0; i < in->ngroups; i++) {
        weiss_group_spec *spec = &options->specs[i];
        if (weiss_group_spec_parse(in->groups[i], options->run_directory, spec, &wrong) != 0)
            return weiss_fault_set(fault, WEISS_ERR_USAGE, "--group: %s", wrong.text);
        for (int j = 0; j < i; j++)
            if (strcmp(spec->name, options->specs[j].name) == 0)
                return weiss_fault_set(fault, WEISS_ERR_USAGE, "--group: %s is given twice", spec->name);
        options->nspecs = i + 1;
    }
    return 0;
}

static int evaluate(const typed *in, weiss_server_options *options, weiss_fault *fault)
{
    int code = choose_mode(in, &options->mode, fault);
    if (code != 0 || options->mode == WEISS_MODE_HELP || options->mode == WEISS_MODE_VERSION)
        return code;
    options->settings.pidfile = in->value[PIDFILE];
    options->operand = in->value[ADD] != NULL ? in->value[ADD] : in->value[REMOVE];
    options->json = in->value[JSON] != NULL;
    options->force = in->value[FORCE] != NULL;
    code = set_run_directory(in->value[RUN_DIRECTORY], options, fault);
    if (code == 0)
        code = set_user(in->value[USER], options, fault);
    if (code == 0)
        code = set_timeout(in->value[TIMEOUT], options, fault);
    if (code == 0)
        code = set_groups(in, options, fault);
    return code;
}

int weiss_server_options_read(int argc, char **argv, weiss_server_options *options, weiss_fault *fault)
{
    typed in = {.groups = calloc((size_t)argc + 1, sizeof *in.groups)};
    int code = 0;
    *options = (weiss_server_options){0};
    if (in.groups == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (int i = 1; i < argc && code == 0; i++)
        code = take(argc, argv, &i, &in, fault);
    if (code == 0)
        code = evaluate(&in, options, fault);
    free(in.groups);
    return code;
}

void weiss_server_options_free(weiss_server_options *options)
{
    free(options->specs);
    options->specs = NULL;
}
