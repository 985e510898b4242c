/* Step: what the kernel does against faults of the processor. Only told. */
#include "cloud/tuning/steps.h"

#define FILE_NAME "/sys/devices/system/cpu/vulnerabilities"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    glob_t files;
    char text[256], line[4096];
    int count = 0, open = 0;
    weiss_tuning_glob(machine, FILE_NAME "/*", &files);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        weiss_tuning_read(machine, text, sizeof text, "%s", weiss_tuning_bare(machine, files.gl_pathv[i]));
        count += strncmp(text, "Mitigation", 10) == 0;
        open += strncmp(text, "Vulnerable", 10) == 0;
    }
    globfree(&files);
    weiss_tuning_read(machine, line, sizeof line, "/proc/cmdline");
    bool off = strstr(line, "mitigations=off") != NULL;
    weiss_tuning_say(finding, WEISS_TUNING_INFO, FILE_NAME,
                     "%d mitigations are on, %d vulnerabilities are open%s", count, open,
                     off ? " (mitigations=off)" : "");
}

const weiss_tuning_step weiss_tuning_mitigations = {
    .name = "mitigations",
    .title = "what the kernel does against faults of the processor",
    .why = "Each entry into the kernel costs more with them; turning them off is a matter of security, not "
           "of tuning.",
    .side = WEISS_TUNING_HOST,
    .weight = 1,
    .find = find,
};
