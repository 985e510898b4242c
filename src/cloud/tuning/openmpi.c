/* Step: the settings of Open MPI let the transport ivshmem be chosen. */
#include "cloud/tuning/steps.h"

#define FILE_NAME "/etc/openmpi/openmpi-mca-params.conf"

/** Value of a setting; the last line counts. @return false when it is not set */
static bool setting(const char *text, const char *name, char *out, size_t size)
{
    bool found = false;
    size_t length = strlen(name);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *equals =
            line + length + strspn(line + (strncmp(line, name, length) == 0 ? length : 0), " \t");
        if (strncmp(line, name, length) != 0 || *equals != '=')
            continue;
        const char *value = equals + 1 + strspn(equals + 1, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(value, "\n# \t"), value);
        found = true;
    }
    return found;
}

/** True when a list, "a,b" or "^a,b", allows the component. */
static bool allows(const char *list, const char *component)
{
    bool excludes = *list == '^', listed = false;
    size_t length = strlen(component);
    for (const char *word = list + excludes; *word != '\0'; word += strcspn(word, ","), word += *word == ',')
        listed = listed || (strncmp(word, component, length) == 0 && strcspn(word, ",") == length);
    return listed != excludes;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char text[16384], btl[256] = "", pml[256] = "";
    if (!weiss_tuning_read(machine, text, sizeof text, FILE_NAME)) {
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, FILE_NAME,
                         "there are no settings for all of this machine");
        return;
    }
    bool btl_right = !setting(text, "btl", btl, sizeof btl) || allows(btl, "ivshmem");
    bool pml_right = !setting(text, "pml", pml, sizeof pml) || allows(pml, "ob1");
    weiss_tuning_say(finding, btl_right && pml_right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, FILE_NAME,
                     "btl = %s, pml = %s", btl[0] != '\0' ? btl : "(all)", pml[0] != '\0' ? pml : "(all)");
    if (!btl_right)
        weiss_tuning_advise(finding,
                            btl[0] == '^' ? "take ivshmem out of \"btl = %s\" in " FILE_NAME
                                          : "write btl = %s,ivshmem into " FILE_NAME,
                            btl);
    if (!pml_right)
        weiss_tuning_advise(finding, "write pml = ob1 into " FILE_NAME);
}

const weiss_tuning_step weiss_tuning_openmpi = {
    .name = "openmpi",
    .title = "the settings of Open MPI let the transport ivshmem be chosen",
    .why = "A list of transports without ivshmem, or another pml than ob1, keeps it out silently.",
    .side = WEISS_TUNING_GUEST,
    .weight = 85,
    .find = find,
};
