/* weiss lab: throwaway virtual machines for as long as a command runs. */
#include "cloud/lab/lab.h"

#include "base/text.h"
#include "weiss/command.h"
#include "weiss/stop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const weiss_option options[] = {
    {"--vms", 0, "N", "Number of machines, 1 to 4 (default 2)"},
    {"--vcpus", 0, "N", "Processors of each (default 1)"},
    {"--memory", 0, "BYTES", "Memory of each (default 512M)"},
    {"--accel", 0, "WHICH", "auto (default), kvm or tcg"},
    {"--ivshmem", 0, "KIND", "Shared memory: plain (default), doorbell or none"},
    {"--region", 0, "BYTES", "Size of the shared memory, a power of two (default 64M)"},
    {"--vectors", 0, "N", "With a doorbell: interrupts of each machine (default 8)"},
    {"--groups", 0, "LIST", "Machines that share memory, 1,2:3,4 for two pairs (default: all)"},
    {"--servers", 0, "N", "2: half of the machines on each of two servers (needs root)"},
    {"--link", 0, "RATE[,DELAY[,MTU]]", "Between two servers, such as 1Gb/s,50us (default: no limits)"},
    {"--iommu", 0, NULL, "Give each machine an IOMMU, for vfio"},
    {"--append", 0, "TEXT", "Further arguments for the kernel"},
    {"--ship", 0, "PATH[:NAME]", "Put a file or directory at /opt/lab in each machine; repeatable"},
    {"--module", 0, "FILE", "Load a kernel module at boot; repeatable"},
    {"--boot-time", 0, "SECONDS",
     "Time that machines get to come up, longer while they still speak (default 180)"},
    {"--stay", 0, NULL, "Go on when a machine ends"},
    {"--image", 0, NULL, "Only make the image that machines boot from, and print where it is"},
    {"--quiet", 'q', NULL, "Print warnings and errors only"},
    {0},
};

static int run(const weiss_command *command, const weiss_arguments *arguments);

const weiss_command weiss_command_lab = {
    .name = "lab",
    .summary = "Boot virtual machines for as long as a command runs",
    .operands = "[-- COMMAND...]",
    .takes_command = true,
    .options = options,
    .text =
        "Boots one to four machines from the distribution's kernel and a root image made of its packages "
        "(once, a\n"
        "minute or two), with a network between them, ssh, Open MPI, and memory that they share (ivshmem). "
        "Then\n"
        "COMMAND runs here; when it ends, all is taken down, and its exit code is returned. Without a "
        "COMMAND: a\n"
        "shell on vm1. Nothing has to be set up; no rights beyond those of the caller are needed.\n"
        "\n"
        "COMMAND finds in its environment: WEISS_LAB_DIR (with vms, a list, and the consoles vmN.log), "
        "WEISS_LAB_VMS,\n"
        "WEISS_LAB_SSH_CONFIG, WEISS_LAB_ACCEL (kvm or tcg), WEISS_LAB_KERNEL, WEISS_LAB_REGIONS, "
        "WEISS_LAB_SERVERS.\n"
        "\n"
        "Examples:\n"
        "  weiss lab                                                      a shell on vm1\n"
        "  weiss lab --ship ./hello -- sh -c 'ssh -F $WEISS_LAB_SSH_CONFIG vm1 \\\n"
        "      mpirun --hostfile /etc/weiss-hostfile -n 2 /opt/lab/hello'   a program on both machines\n",
    .run = run,
};

static const char *value(const weiss_arguments *arguments, const char *option)
{
    return weiss_arguments_get(&weiss_command_lab, arguments, option);
}

/** Says that an option is wrong. @return false */
static bool wrong(const char *option, const char *expected, const char *found)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_usage("weiss lab", "%s needs %s; found \"%s\"", option, expected, weiss_text_show(found, shown));
    return false;
}

static bool parse_count(const weiss_arguments *arguments, const char *option, int *out)
{
    const char *text = value(arguments, option);
    char *end;
    if (text == NULL)
        return true;
    long n = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || n > 1000000)
        return wrong(option, "a number", text);
    *out = (int)n;
    return true;
}

static bool parse_bytes(const weiss_arguments *arguments, const char *option, int64_t *out)
{
    static const char suffixes[] = "KMGT";
    const char *text = value(arguments, option), *suffix;
    char *end;
    if (text == NULL)
        return true;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    int shift = 0;
    if (*end != '\0' && (suffix = strchr(suffixes, *end)) != NULL) {
        shift = 10 * (int)(suffix - suffixes + 1);
        end++;
    }
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n > (INT64_MAX >> shift))
        return wrong(option, "a number of bytes, such as 64M", text);
    *out = n << shift;
    return true;
}

/** Place of the option's value among @p words, which are separated by blanks in @p expected. */
static bool parse_word(const weiss_arguments *arguments, const char *option, const char *const *words,
                       const char *expected, int *out)
{
    const char *text = value(arguments, option);
    if (text == NULL)
        return true;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return wrong(option, expected, text);
}

static bool parse_list(const weiss_arguments *arguments, const char *option, const char **out)
{
    int place = 0, n = 0;
    const char *text;
    while ((text = weiss_arguments_next(&weiss_command_lab, arguments, option, &place)) != NULL) {
        if (n == WEISS_LAB_SHIPS_MAX - 1) {
            weiss_usage("weiss lab", "%s is given more than %d times", option, WEISS_LAB_SHIPS_MAX - 1);
            return false;
        }
        out[n++] = text;
    }
    return true;
}

static bool parse(const weiss_arguments *arguments, weiss_lab_options *o)
{
    static const char *const kinds[] = {"none", "plain", "doorbell", NULL};
    static const char *const accels[] = {"auto", "kvm", "tcg", NULL};
    int64_t memory = (int64_t)o->memory << 20;
    int kind = (int)o->ivshmem, accel = (int)o->accel;
    if (!parse_count(arguments, "--vms", &o->vms) || !parse_count(arguments, "--vcpus", &o->vcpus) ||
        !parse_count(arguments, "--vectors", &o->vectors) ||
        !parse_count(arguments, "--boot-time", &o->boot_seconds) ||
        !parse_count(arguments, "--servers", &o->servers) || !parse_bytes(arguments, "--memory", &memory) ||
        !parse_bytes(arguments, "--region", &o->region) ||
        !parse_word(arguments, "--ivshmem", kinds, "none, plain or doorbell", &kind) ||
        !parse_word(arguments, "--accel", accels, "auto, kvm or tcg", &accel) ||
        !parse_list(arguments, "--ship", o->ship) || !parse_list(arguments, "--module", o->module))
        return false;
    o->memory = (int)(memory >> 20 < INT32_MAX ? memory >> 20 : INT32_MAX);
    o->ivshmem = (weiss_lab_ivshmem)kind;
    o->accel = (weiss_lab_accel)accel;
    o->groups = value(arguments, "--groups");
    o->append = value(arguments, "--append");
    o->link = value(arguments, "--link");
    o->iommu = value(arguments, "--iommu") != NULL;
    return true;
}

static void say(void *data, const char *line)
{
    if (!*(const bool *)data)
        fprintf(stderr, "weiss: %s\n", line);
}

/** Exit code for how it ended, and what is to be said about it. */
static int conclude(int code, int exit_code, int stop, const weiss_fault *fault)
{
    if (code == 0)
        return exit_code;
    if (code == WEISS_STOPPED)
        return WEISS_EXIT_SIGNAL + stop;
    if (code == WEISS_ERR_USAGE)
        return weiss_usage("weiss lab", "%s", fault->text);
    fprintf(stderr, "weiss: %s\n", fault->text);
    return WEISS_EXIT_ERROR;
}

/** Makes the image, unless there is one. */
static int make_image(const weiss_lab_watch *watch)
{
    char directory[WEISS_PATH];
    weiss_fault fault = {0};
    int code = weiss_image_obtain(watch, directory, &fault);
    if (code == 0)
        printf("%s\n", directory);
    return conclude(code, 0, (int)*watch->stop, &fault);
}

/** Says before anything boots that there is no such command. */
static int examine_command(char *const *words, weiss_fault *fault)
{
    char path[WEISS_PATH], shown[WEISS_TEXT_SHOWN];
    if (words == NULL || weiss_process_find(words[0], path, sizeof path))
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s cannot be started: there is no such program",
                           weiss_text_show(words[0], shown));
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_lab_options o = weiss_lab_defaults();
    bool quiet = weiss_arguments_get(command, arguments, "--quiet") != NULL;
    bool stay = weiss_arguments_get(command, arguments, "--stay") != NULL;
    weiss_words shell = {0};
    weiss_lab *lab = NULL;
    weiss_fault fault = {0};
    int exit_code = 0;
    if (!parse(arguments, &o))
        return WEISS_EXIT_USAGE;
    o.watch = (weiss_lab_watch){.say = say, .data = &quiet, .stop = weiss_stop_watch()};
    if (weiss_arguments_get(command, arguments, "--image") != NULL)
        return make_image(&o.watch);
    int code = weiss_lab_examine(&o, &fault);
    if (code == 0)
        code = examine_command(arguments->command, &fault);
    if (code == 0)
        code = weiss_lab_start(&o, &lab, &fault);
    weiss_words_list(&shell, "sh", "-c", "exec ssh -t -F \"$WEISS_LAB_SSH_CONFIG\" vm1", NULL);
    if (code == 0)
        code = weiss_lab_attend(lab, arguments->command != NULL ? arguments->command : shell.word, stay,
                                &exit_code, &fault);
    weiss_words_clear(&shell);
    weiss_lab_stop(lab);
    return conclude(code, exit_code, (int)*o.watch.stop, &fault);
}
