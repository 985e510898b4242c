/* Step: the guest may use the vector instructions of the processor. */
#include "cloud/tuning/steps.h"

#define FILE_NAME "/proc/cpuinfo"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char text[8192], model[128] = "";
    weiss_tuning_read(machine, text, sizeof text, FILE_NAME);
    const char *name = strstr(text, "model name");
    if (name != NULL)
        sscanf(name, "model name : %127[^\n]", model);
    bool avx2 = strstr(text, " avx2") != NULL, avx512 = strstr(text, " avx512f") != NULL;
    weiss_tuning_say(finding, avx2 ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, FILE_NAME, "%s, %s", model,
                     avx512 ? "with AVX2 and AVX-512"
                     : avx2 ? "with AVX2"
                            : "without AVX2");
    if (!avx2)
        weiss_tuning_advise(finding, "on the host: start this machine with -cpu host (libvirt: <cpu "
                                     "mode='host-passthrough'/>)");
}

const weiss_tuning_step weiss_tuning_cpu_flags = {
    .name = "cpu-flags",
    .title = "the guest may use the vector instructions of the processor",
    .why = "The solver and BLAS take the widest instructions that they see; a generic model of processor "
           "hides them.",
    .side = WEISS_TUNING_GUEST,
    .weight = 55,
    .find = find,
};
