#include "cloud/tuning/openstack.h"

#include "cloud/files.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** Cuts blanks off both ends, and quotes. @return where the text begins */
static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    if (length >= 2 && (*text == '"' || *text == '\'') && text[length - 1] == *text) {
        text[length - 1] = '\0';
        text++;
    }
    return text;
}

bool weiss_tuning_setting(const weiss_tuning_machine *machine, const char *file, const char *section,
                          const char *key, char *out, size_t size)
{
    char path[WEISS_PATH], *line = NULL, *text;
    size_t room = 0, length = strlen(section);
    bool inside = length == 0, found = false;
    snprintf(path, sizeof path, "%s%s", machine->root, file);
    FILE *stream = fopen(path, "re");
    out[0] = '\0';
    while (stream != NULL && getline(&line, &room, stream) > 0) {
        text = trim(line);
        if (*text == '[' && strchr(text, '=') == NULL) {
            inside = length > 0 && strncmp(text + 1, section, length) == 0 && text[length + 1] == ']';
            continue;
        }
        size_t name = strcspn(text, "=: \t");
        char *value = text + name + strspn(text + name, " \t");
        if (!inside || name != strlen(key) || strncmp(text, key, name) != 0 ||
            (*value != '=' && *value != ':'))
            continue;
        snprintf(out, size, "%s", trim(value + 1));
        found = true;
    }
    if (stream != NULL)
        fclose(stream);
    free(line);
    return found;
}

bool weiss_tuning_nova(const weiss_tuning_machine *machine, const char *section, const char *key, char *out,
                       size_t size, char *where)
{
    static const char *const files[] = {WEISS_TUNING_NOVA, "/etc/nova/nova.conf.d/*.conf",
                                        "/etc/nova/nova-compute.conf", "/etc/kolla/nova-compute/nova.conf"};
    char value[WEISS_TUNING_TEXT];
    bool found = false;
    out[0] = '\0';
    snprintf(where, WEISS_TUNING_PATH, "%s", WEISS_TUNING_NOVA);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        glob_t paths;
        weiss_tuning_glob(machine, files[i], &paths);
        for (size_t j = 0; j < paths.gl_pathc; j++) {
            const char *path = weiss_tuning_bare(machine, paths.gl_pathv[j]);
            if (!weiss_tuning_setting(machine, path, section, key, value, sizeof value))
                continue;
            snprintf(out, size, "%s", value);
            snprintf(where, WEISS_TUNING_PATH, "%s", path);
            found = true;
        }
        globfree(&paths);
    }
    return found;
}

/** Whether a file is there, or may be in a directory that is closed, and cannot be read. */
static bool is_closed(const weiss_tuning_machine *machine, const char *directory, const char *file)
{
    char path[WEISS_PATH], place[WEISS_PATH];
    snprintf(place, sizeof place, "%s%s", machine->root, directory);
    snprintf(path, sizeof path, "%s%s", machine->root, file);
    return (access(path, F_OK) == 0 && access(path, R_OK) != 0) ||
           (access(place, F_OK) == 0 && access(place, X_OK) != 0);
}

static bool not_readable(weiss_tuning_finding *finding, const char *whose, const char *file)
{
    weiss_tuning_say(finding, WEISS_TUNING_UNKNOWN, file, "%s settings cannot be read", whose);
    weiss_tuning_advise(finding, "sudo weiss doctor --openstack");
    return false;
}

bool weiss_tuning_nova_there(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    static const struct {
        const char *directory, *file;
    } place[] = {{"/etc/nova", WEISS_TUNING_NOVA},
                 {"/etc/kolla/nova-compute", "/etc/kolla/nova-compute/nova.conf"}};
    for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
        if (is_closed(machine, place[i].directory, place[i].file))
            return not_readable(finding, "Nova's", place[i].file);
        if (weiss_tuning_there(machine, "%s", place[i].file))
            return true;
    }
    weiss_tuning_say(finding, WEISS_TUNING_ABSENT, WEISS_TUNING_NOVA, "there is no Nova on this machine");
    return false;
}

bool weiss_tuning_agent_readable(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    return !is_closed(machine, "/etc/weiss", WEISS_TUNING_AGENT_CONF) ||
           not_readable(finding, "the agent's", WEISS_TUNING_AGENT_CONF);
}

const char *weiss_tuning_agent(const weiss_tuning_machine *machine, const char *section, const char *key,
                               const char *without, char *out, size_t size)
{
    if (!weiss_tuning_setting(machine, WEISS_TUNING_AGENT_CONF, section, key, out, size))
        snprintf(out, size, "%s", without);
    return out;
}

bool weiss_tuning_answers(const weiss_tuning_machine *machine, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (machine->root[0] != '\0' || strlen(path) >= sizeof address.sun_path)
        return weiss_tuning_there(machine, "%s", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return answers;
}

/** The line of a name in a file like /etc/passwd, without the name. @return false: there is none */
static bool find_account(const weiss_tuning_machine *machine, const char *file, const char *name, char *out,
                         size_t size)
{
    char path[WEISS_PATH], *line = NULL;
    size_t room = 0, length = strlen(name);
    bool found = false;
    snprintf(path, sizeof path, "%s%s", machine->root, file);
    FILE *stream = fopen(path, "re");
    out[0] = '\0';
    while (!found && stream != NULL && getline(&line, &room, stream) > 0) {
        found = length > 0 && strncmp(line, name, length) == 0 && line[length] == ':';
        if (found)
            snprintf(out, size, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
    }
    if (stream != NULL)
        fclose(stream);
    free(line);
    return found;
}

/** A field of such a line, from 0. */
static const char *field(const char *line, int number)
{
    for (; number > 0 && line != NULL; number--) {
        line = strchr(line, ':');
        line += line != NULL;
    }
    return line != NULL ? line : "";
}

long weiss_tuning_group(const weiss_tuning_machine *machine, const char *group, const char *user,
                        bool *member)
{
    char line[WEISS_TUNING_TEXT * 4];
    size_t length = strlen(user);
    *member = false;
    if (!find_account(machine, "/etc/group", group, line, sizeof line))
        return -1;
    for (const char *word = field(line, 2); *word != '\0'; word += *word == ',') {
        size_t size = strcspn(word, ",");
        *member = *member || (size == length && strncmp(word, user, size) == 0);
        word += size;
    }
    return strtol(field(line, 1), NULL, 10);
}

bool weiss_tuning_user(const weiss_tuning_machine *machine, const char *user, long *group)
{
    char line[WEISS_TUNING_TEXT];
    bool found = find_account(machine, "/etc/passwd", user, line, sizeof line);
    *group = found ? strtol(field(line, 2), NULL, 10) : -1;
    return found;
}

void weiss_tuning_qemu_user(const weiss_tuning_machine *machine, char *user, char *group, size_t size)
{
    static const char *const usual[] = {"libvirt-qemu", "qemu"};
    long ignored;
    weiss_tuning_setting(machine, WEISS_TUNING_QEMU_CONF, "", "group", group, size);
    if (weiss_tuning_setting(machine, WEISS_TUNING_QEMU_CONF, "", "user", user, size))
        return;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (weiss_tuning_user(machine, usual[i], &ignored)) {
            snprintf(user, size, "%s", usual[i]);
            return;
        }
}
