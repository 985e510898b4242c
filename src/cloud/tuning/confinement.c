/* Step: AppArmor or SELinux let QEMU open the regions. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

#include <fnmatch.h>

#define ABSTRACTION "/etc/apparmor.d/abstractions/libvirt-qemu"
#define LOCAL "/etc/apparmor.d/local/abstractions/libvirt-qemu"
#define REGION "/dev/shm/weiss-agent-0123456789abcdef"

/** What the rules of a file say of a region. */
typedef struct rules {
    bool allowed, denied;
} rules;

/** The first path of a rule, with {dev,run} as dev. @return false: it has none */
static bool path_of(const char *rule, char *out, size_t size)
{
    const char *path = strchr(rule, '/'), *choice = path != NULL ? strstr(path, "{dev,run}") : NULL;
    if (path == NULL)
        return false;
    int before = choice != NULL ? (int)(choice - path) : 0;
    snprintf(out, size, "%.*s%s%s", before, path, choice != NULL ? "dev" : "",
             choice != NULL ? choice + strlen("{dev,run}") : path);
    out[strcspn(out, " \t,\n\"")] = '\0';
    return true;
}

/** A rule such as "  /dev/shm/weiss-agent-* rw,". QEMU's user owns no region, so "owner" gives nothing. */
static void judge(const char *line, rules *found)
{
    char path[WEISS_TUNING_TEXT];
    line += strspn(line, " \t");
    if (*line == '#' || strncmp(line, "owner ", 6) == 0 || !path_of(line, path, sizeof path) ||
        fnmatch(path, REGION, 0) != 0)
        return;
    const char *rights = strrchr(line, ' ');
    if (strncmp(line, "deny ", 5) == 0)
        found->denied = true;
    else if (rights != NULL && strchr(rights, 'r') != NULL && strchr(rights, 'w') != NULL)
        found->allowed = true;
}

static void read_rules(const weiss_tuning_machine *machine, const char *pattern, rules *found)
{
    glob_t files;
    weiss_tuning_glob(machine, pattern, &files);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        FILE *file = fopen(files.gl_pathv[i], "re");
        char *line = NULL;
        size_t room = 0;
        while (file != NULL && getline(&line, &room, file) > 0) {
            line[strcspn(line, "\n")] = '\0';
            judge(line, found);
        }
        free(line);
        if (file != NULL)
            fclose(file);
    }
    globfree(&files);
}

static void find_apparmor(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    rules found = {0};
    read_rules(machine, ABSTRACTION, &found);
    read_rules(machine, ABSTRACTION ".d/*", &found);
    read_rules(machine, LOCAL, &found);
    bool right = found.allowed && !found.denied;
    weiss_tuning_say(finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, right ? ABSTRACTION : LOCAL,
                     "AppArmor confines QEMU, and its rules %s /dev/shm/weiss-agent-*",
                     found.denied ? "forbid"
                     : right      ? "allow"
                                  : "do not allow");
    if (found.denied)
        weiss_tuning_advise(finding,
                            "take the rule away that begins with deny and matches /dev/shm/weiss-agent-*");
    else if (!right) {
        weiss_tuning_advise(finding, "mkdir -p /etc/apparmor.d/local/abstractions");
        weiss_tuning_advise(finding, "echo '/dev/shm/weiss-agent-* rw,' >> " LOCAL);
        weiss_tuning_advise(finding,
                            "instances that run: stop and start them, for the rule is read at their start");
    }
}

static bool is_enforcing(const weiss_tuning_machine *machine)
{
    return weiss_tuning_number(machine, 0, "/sys/fs/selinux/enforce") == 1;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char driver[WEISS_TUNING_TEXT], enabled[16];
    bool set =
        weiss_tuning_setting(machine, WEISS_TUNING_QEMU_CONF, "", "security_driver", driver, sizeof driver);
    weiss_tuning_read(machine, enabled, sizeof enabled, "/sys/module/apparmor/parameters/enabled");
    if (set && strstr(driver, "none") != NULL)
        weiss_tuning_say(finding, WEISS_TUNING_INFO, WEISS_TUNING_QEMU_CONF,
                         "security_driver = %s: nothing confines QEMU, and nothing forbids it the regions",
                         driver);
    else if (enabled[0] == 'Y' && (!set || strstr(driver, "apparmor") != NULL))
        find_apparmor(machine, finding);
    else if (is_enforcing(machine) && (!set || strstr(driver, "selinux") != NULL)) {
        weiss_tuning_say(finding, WEISS_TUNING_UNKNOWN, "/sys/fs/selinux/enforce",
                         "SELinux is enforced, which the agent is not tested with");
        weiss_tuning_advise(finding, "when an attachment fails: ausearch -m avc -c qemu-kvm, audit2allow");
    } else
        weiss_tuning_say(finding, WEISS_TUNING_GOOD, "/sys/module/apparmor/parameters/enabled",
                         "neither AppArmor nor SELinux is at work");
}

const weiss_tuning_step weiss_tuning_confinement = {
    .name = "confinement",
    .title = "AppArmor or SELinux let QEMU open the regions",
    .why = "libvirt writes rules for shared memory when an instance starts, not when it is attached later: "
           "without one "
           "of its own QEMU is refused.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 95,
    .find = find,
};
