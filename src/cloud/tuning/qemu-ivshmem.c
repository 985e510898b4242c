/* Step: QEMU has the devices ivshmem-plain and ivshmem-doorbell. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

#include "cloud/process.h"

#include <unistd.h>

#define CAPABILITIES "/var/cache/libvirt/qemu/capabilities"

typedef struct devices {
    bool heard, plain, doorbell;
} devices;

static void hear(void *data, const char *line)
{
    devices *seen = data;
    seen->heard = seen->heard || strncmp(line, "name \"", 6) == 0;
    seen->plain = seen->plain || strstr(line, "\"ivshmem-plain\"") != NULL;
    seen->doorbell = seen->doorbell || strstr(line, "\"ivshmem-doorbell\"") != NULL;
}

/** Asks a QEMU of this machine. @return false when there is none */
static bool ask_program(devices *seen, char program[WEISS_TUNING_PATH])
{
    int code = 0;
    if (!weiss_process_find("qemu-system-x86_64", program, WEISS_TUNING_PATH)) {
        if (access("/usr/libexec/qemu-kvm", X_OK) != 0)
            return false;
        snprintf(program, WEISS_TUNING_PATH, "/usr/libexec/qemu-kvm");
    }
    const weiss_process_options options = {
        .words = (char *const *)(const char *const[]){program, "-device", "help", NULL}, .in = -1, .err = -1};
    const weiss_process_reader reader = {.line = hear, .data = seen, .seconds = 30};
    return weiss_process_run(&options, &reader, &code, NULL) == 0 && seen->heard;
}

/** What libvirt has noted of the QEMUs of a machine. @return false: nothing that this user can read */
static bool ask_notes(const weiss_tuning_machine *machine, devices *seen)
{
    glob_t files;
    weiss_tuning_glob(machine, CAPABILITIES "/*.xml", &files);
    char *text = malloc(1 << 20);
    for (size_t i = 0; text != NULL && i < files.gl_pathc; i++) {
        const char *path = weiss_tuning_bare(machine, files.gl_pathv[i]);
        if (!weiss_tuning_read(machine, text, 1 << 20, "%s", path) ||
            strstr(text, "<arch>x86_64</arch>") == NULL)
            continue;
        seen->heard = true;
        seen->plain = seen->plain || strstr(text, "<flag name='ivshmem-plain'/>") != NULL;
        seen->doorbell = seen->doorbell || strstr(text, "<flag name='ivshmem-doorbell'/>") != NULL;
    }
    free(text);
    globfree(&files);
    return seen->heard;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    devices seen = {0};
    char program[WEISS_TUNING_PATH] = CAPABILITIES;
    if (!(machine->root[0] == '\0' && ask_program(&seen, program)) && !ask_notes(machine, &seen)) {
        weiss_tuning_say(finding, WEISS_TUNING_UNKNOWN, CAPABILITIES,
                         "neither a QEMU nor what libvirt has noted of one can be read");
        weiss_tuning_advise(finding, "qemu-system-x86_64 -device help | grep ivshmem");
        return;
    }
    weiss_tuning_say(finding, seen.plain ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, program, "QEMU has %s",
                     seen.plain && seen.doorbell ? "ivshmem-plain and ivshmem-doorbell"
                     : seen.plain                ? "ivshmem-plain, but not ivshmem-doorbell"
                                                 : "no device ivshmem-plain");
    if (!seen.plain)
        weiss_tuning_advise(finding,
                            "install a QEMU that has it: Debian's and Ubuntu's do, that of RHEL does not");
}

const weiss_tuning_step weiss_tuning_qemu_ivshmem = {
    .name = "qemu-ivshmem",
    .title = "QEMU has the devices for shared memory",
    .why = "Some distributions build QEMU without them; nothing can be attached then.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 98,
    .find = find,
};
