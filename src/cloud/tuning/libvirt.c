/* Step: libvirt answers, and is not older than what was tried. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

#include "cloud/process.h"

#define TRIED 9 /* the agent is tested with libvirt 9.0 */

static const char *const sockets[] = {"/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"};

/** The version among words such as "libvirtd (libvirt) 9.0.0". */
static void hear(void *data, const char *line)
{
    const char *word = strrchr(line, ' ');
    char *version = data;
    if (version[0] == '\0' && word != NULL && word[1] >= '0' && word[1] <= '9')
        snprintf(version, 32, "%.31s", word + 1);
}

static void ask_program(char version[32])
{
    static const char *const programs[] = {"virtqemud", "libvirtd"};
    char program[WEISS_TUNING_PATH];
    for (size_t i = 0; i < 2 && version[0] == '\0'; i++) {
        int code = 0;
        if (!weiss_process_find(programs[i], program, sizeof program))
            continue;
        const weiss_process_options options = {
            .words = (char *const *)(const char *const[]){program, "--version", NULL}, .in = -1, .err = -1};
        const weiss_process_reader reader = {.line = hear, .data = version, .seconds = 10};
        weiss_process_run(&options, &reader, &code, NULL);
    }
}

static void hear_version(void *data, const char *line)
{
    snprintf(data, 32, "%.*s", (int)strcspn(line, "-+") % 31, line);
}

/** The version of the package. */
static void ask_packages(const weiss_tuning_machine *machine, char version[32])
{
    char root[4096];
    int code = 0;
    const char *const words[] = {"dpkg-query", root, "-W", "-f", "${Version}\n", "libvirt-daemon", NULL};
    snprintf(root, sizeof root, "--root=%s/", machine->root);
    const weiss_process_options options = {.words = (char *const *)words, .in = -1, .err = -1};
    const weiss_process_reader reader = {.line = hear_version, .data = version, .seconds = 10};
    weiss_process_run(&options, &reader, &code,
                      NULL); /* where packages are others' the version is not known */
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    const char *socket = NULL;
    char version[32] = "";
    for (size_t i = 0; i < 2 && socket == NULL; i++)
        if (weiss_tuning_answers(machine, sockets[i]))
            socket = sockets[i];
    if (socket == NULL) {
        bool there =
            weiss_tuning_there(machine, "%s", sockets[0]) || weiss_tuning_there(machine, "%s", sockets[1]);
        weiss_tuning_say(finding, WEISS_TUNING_BAD, sockets[0],
                         there ? "libvirt does not answer, or not to this user" : "libvirt does not run");
        weiss_tuning_advise(finding, there ? "sudo weiss doctor --openstack; systemctl restart libvirtd"
                                           : "apt install libvirt-daemon-system; systemctl start libvirtd");
        return;
    }
    if (machine->root[0] == '\0')
        ask_program(version);
    if (version[0] == '\0')
        ask_packages(machine, version);
    bool old = version[0] != '\0' && strtol(version, NULL, 10) < TRIED;
    weiss_tuning_say(finding, version[0] == '\0' || old ? WEISS_TUNING_INFO : WEISS_TUNING_GOOD, socket,
                     "libvirt answers; its version is %s%s", version[0] != '\0' ? version : "not known",
                     old ? ", older than 9.0, which the agent is tested with" : "");
}

const weiss_tuning_step weiss_tuning_libvirt = {
    .name = "libvirt",
    .title = "libvirt answers, and is of a version that was tried",
    .why = "The agent hears from libvirt which instances start, and attaches their regions by it.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 100,
    .find = find,
};
