/* The table of keys, from which defaults, reading and the printed file come. */
#include "cloud/agent/settings-keys.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST ((int64_t)1 << 20) /* that libvirt takes for a region */
#define AT(field) offsetof(weiss_agent_settings, field)
#define TEXT(field) AT(field), sizeof((weiss_agent_settings *)0)->field

const weiss_agent_key weiss_agent_keys[WEISS_AGENT_KEYS] = {
    {"agent", "uri", KEY_TEXT, TEXT(uri), .fallback = "qemu:///system",
     .help = "libvirt's address of this host."},
    {"agent", "run", KEY_PATH, TEXT(run), .fallback = "/run/weiss-agent",
     .help = "Directory of the control socket and of what is kept over a restart of the agent."},
    {"agent", "dry_run", KEY_BOOL, AT(dry_run), 0, .fallback = "no",
     .help = "yes: decide and tell, attach nothing."},
    {"share", "flavors", KEY_TEXT, TEXT(flavors), .fallback = "",
     .help = "Patterns of flavor names, by commas, such as: hpc.*, mpi-?\n"
             "Instances of such a flavor share memory with those of their own project on this host.\n"
             "Empty: no flavor shares by its name; extra specs weiss:shmem_mib and groups need [openstack]."},
    {"share", "size", KEY_POWER, AT(bytes), 0, .fallback = "64 MiB",
     .help = "Size of a region when neither a flavor nor a domain says it: a power of two of MiB."},
    {"share", "size_max", KEY_BYTES, AT(bytes_max), 0, .fallback = "4 GiB", .help = "No region is larger."},
    {"share", "total", KEY_BYTES, AT(total), 0, .fallback = "4 GiB",
     .help = "All regions of this host together. They are memory of the host that Nova does not count:\n"
             "set reserved_host_memory_mb of nova.conf so much higher."},
    {"share", "device", KEY_BOOL, AT(doorbell), 0, .fallback = "plain",
     .help = "plain: memory only. doorbell: memory and interrupts, by weiss-ivshmemd.",
     .choice = {"plain", "doorbell"}},
    {"share", "vectors", KEY_COUNT, AT(vectors), 0, .fallback = "8",
     .help = "Interrupts of a doorbell device.", .min = 1, .max = 64},
    {"share", "directory", KEY_PATH, TEXT(directory), .fallback = "/dev/shm",
     .help = "Where regions are. libvirt takes plain devices from /dev/shm only."},
    {"share", "user", KEY_TEXT, TEXT(user), .fallback = "root",
     .help = "Who owns the files of regions: a user,"},
    {"share", "group", KEY_TEXT, TEXT(group), .fallback = "kvm",
     .help = "and a group that QEMU's user is in, and nobody who is not to see all regions."},
    {"share", "others", KEY_BOOL, AT(others), 0, .fallback = "no",
     .help = "yes: domains that Nova did not make may share too, by an element of their metadata."},
    {"openstack", "auth_url", KEY_TEXT, TEXT(auth_url), .fallback = "",
     .help =
         "Keystone, such as http://controller:5000/v3. Empty: no API is asked, flavor names decide alone."},
    {"openstack", "credential_id", KEY_TEXT, TEXT(credential_id), .fallback = "",
     .help = "Application credential of a user who may list the servers of all projects:"},
    {"openstack", "credential_secret_file", KEY_PATH, TEXT(credential_secret_file),
     .fallback = "/etc/weiss/agent.secret",
     .help = "its secret stands in this file, which only root can read."},
    {"openstack", "cacert", KEY_TEXT, TEXT(cacert), .fallback = "",
     .help = "File of certificates. Empty: the system's."},
    {"openstack", "region", KEY_TEXT, TEXT(region), .fallback = "",
     .help = "OpenStack's region. Empty: the first."},
    {"openstack", "interface", KEY_CHOICE, TEXT(interface), .fallback = "internal",
     .help = "Which addresses of the services: public, internal or admin.",
     .choice = {"public", "internal", "admin"}},
    {"openstack", "host", KEY_TEXT, TEXT(host), .fallback = "",
     .help =
         "Nova's name of this host, as `openstack compute service list` prints it. Empty: this machine's."},
    {"openstack", "poll", KEY_COUNT, AT(poll), 0, .fallback = "30", .help = "Seconds between two questions.",
     .min = 1, .max = 86400},
    {"openstack", "timeout", KEY_COUNT, AT(timeout), 0, .fallback = "10", .help = "Seconds for one answer.",
     .min = 1, .max = 3600},
};

static const char *choice(const weiss_agent_key *key, int which)
{
    if (key->kind == KEY_BOOL && key->choice[0] == NULL)
        return which == 0 ? "no" : "yes";
    return key->choice[which];
}

/** Place of a word among the choices of a key; -1: it is none of them. */
static int find_choice(const weiss_agent_key *key, const char *value)
{
    static const char *const no[] = {"no", "false", "off", "0"}, *const yes[] = {"yes", "true", "on", "1"};
    if (key->kind == KEY_BOOL && key->choice[0] == NULL) {
        for (int i = 0; i < 4; i++)
            if (strcasecmp(value, no[i]) == 0 || strcasecmp(value, yes[i]) == 0)
                return strcasecmp(value, yes[i]) == 0;
        return -1;
    }
    for (int i = 0; key->choice[i] != NULL; i++)
        if (strcmp(value, key->choice[i]) == 0)
            return i;
    return -1;
}

static bool set_text(const weiss_agent_key *key, const char *value, char *at)
{
    size_t length = strlen(value);
    for (const char *c = value; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    if (length >= key->room || (key->kind == KEY_PATH && value[0] != '/') ||
        (key->kind == KEY_CHOICE && find_choice(key, value) < 0))
        return false;
    memcpy(at, value, length + 1);
    return true;
}

static bool set_count(const weiss_agent_key *key, const char *value, int *at)
{
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno != 0 || *value < '0' || *value > '9' || *end != '\0' || number < key->min || number > key->max)
        return false;
    *at = (int)number;
    return true;
}

bool weiss_agent_key_set(const weiss_agent_key *key, const char *value, weiss_agent_settings *settings)
{
    void *at = (char *)settings + key->offset;
    int64_t bytes;
    int which;
    switch (key->kind) {
    case KEY_BYTES:
    case KEY_POWER:
        if (!weiss_bytes_parse(value, &bytes) || bytes < SMALLEST ||
            (key->kind == KEY_POWER && (bytes & (bytes - 1)) != 0))
            return false;
        *(int64_t *)at = bytes;
        return true;
    case KEY_BOOL:
        which = find_choice(key, value);
        if (which >= 0)
            *(bool *)at = which == 1;
        return which >= 0;
    case KEY_COUNT:
        return set_count(key, value, at);
    default:
        return set_text(key, value, at);
    }
}

const char *weiss_agent_key_expects(const weiss_agent_key *key, char *out, size_t room)
{
    switch (key->kind) {
    case KEY_PATH:
        snprintf(out, room, "a path that begins with /, of %zu bytes at most", key->room - 1);
        break;
    case KEY_BYTES:
        return "1 MiB or more, with its unit (B, KiB, MiB, GiB or TiB) such as 64 MiB";
    case KEY_POWER:
        return "a power of two of at least 1 MiB, with its unit (B, KiB, MiB, GiB or TiB) such as 64 MiB";
    case KEY_COUNT:
        snprintf(out, room, "a whole number from %d to %d", key->min, key->max);
        break;
    case KEY_BOOL:
        snprintf(out, room, "%s or %s", choice(key, 0), choice(key, 1));
        break;
    case KEY_CHOICE:
        snprintf(out, room, "%s, %s or %s", key->choice[0], key->choice[1], key->choice[2]);
        break;
    default:
        snprintf(out, room, "printable text of %zu bytes at most", key->room - 1);
    }
    return out;
}

void weiss_agent_settings_default(weiss_agent_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < WEISS_AGENT_KEYS; i++)
        weiss_agent_key_set(&weiss_agent_keys[i], weiss_agent_keys[i].fallback, settings);
}

void weiss_agent_settings_print(FILE *to)
{
    fputs("# Settings of weiss-agentd, which gives instances of this host shared memory. What stands behind "
          "# is the\n"
          "# default. The agent reads this file when it starts, and anew at SIGHUP.\n",
          to);
    for (size_t i = 0; i < WEISS_AGENT_KEYS; i++) {
        if (i == 0 || strcmp(weiss_agent_keys[i].section, weiss_agent_keys[i - 1].section) != 0)
            fprintf(to, "\n[%s]\n", weiss_agent_keys[i].section);
        for (const char *line = weiss_agent_keys[i].help; *line != '\0';
             line += line[strcspn(line, "\n")] == '\n') {
            int length = (int)strcspn(line, "\n");
            fprintf(to, "# %.*s\n", length, line);
            line += length;
        }
        fprintf(to, "#%s =%s%s\n", weiss_agent_keys[i].name,
                weiss_agent_keys[i].fallback[0] != '\0' ? " " : "", weiss_agent_keys[i].fallback);
    }
}
