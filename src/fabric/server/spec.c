#include "fabric/server/spec.h"

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BYTES (UINT64_C(64) << 20)
#define DEFAULT_VECTORS 8
#define DEFAULT_PEERS 32

static const char *const kinds[] = {"memfd", "shm", "hugetlb"};

const char *weiss_memory_kind_name(weiss_memory_kind kind)
{
    return kinds[kind];
}

/** Reads a number with an optional K, M, G or T. False when it is none, or has more than 63 bits. */
static bool read_bytes(const char *text, uint64_t *out)
{
    static const char units[] = "KMGT";
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    const char *unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
    unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
    if (errno != 0 || end[unit != NULL] != '\0' || number > (UINT64_MAX >> 1) >> shift)
        return false;
    *out = (uint64_t)number << shift;
    return true;
}

static int set_bytes(weiss_group_spec *spec, const char *value, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    if (read_bytes(value, &spec->bytes) && spec->bytes >= WEISS_GROUP_BYTES_MIN &&
        spec->bytes <= WEISS_GROUP_BYTES_MAX && (spec->bytes & (spec->bytes - 1)) == 0)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_VALUE,
                           "bytes=%s: expected a power of two from 4K to 1T, such as 64M",
                           weiss_text_show(value, shown));
}

static int set_count(const char *key, const char *value, unsigned largest, unsigned *out, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    uint64_t number;
    if (strspn(value, "0123456789") != strlen(value) || !read_bytes(value, &number) || number < 1 ||
        number > largest)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s=%s: expected a number from 1 to %u", key,
                               weiss_text_show(value, shown), largest);
    *out = (unsigned)number;
    return 0;
}

static int set_vectors(weiss_group_spec *spec, const char *value, weiss_fault *fault)
{
    return set_count("vectors", value, WEISS_GROUP_VECTORS_MAX, &spec->vectors, fault);
}

static int set_peers(weiss_group_spec *spec, const char *value, weiss_fault *fault)
{
    return set_count("peers", value, WEISS_GROUP_PEERS_MAX, &spec->peers, fault);
}

static int set_memory(weiss_group_spec *spec, const char *value, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(value, kinds[i]) == 0) {
            spec->memory = (weiss_memory_kind)i;
            return 0;
        }
    return weiss_fault_set(fault, WEISS_ERR_VALUE, "memory=%s: expected memfd, shm or hugetlb",
                           weiss_text_show(value, shown));
}

static int set_path(const char *key, const char *value, char *out, size_t room, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_text_show(value, shown);
    if (value[0] != '/' || value[strlen(value) - 1] == '/')
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s=%s: expected an absolute path of a file", key,
                               shown);
    for (const char *c = value; *c != '\0'; c++)
        if (iscntrl((unsigned char)*c))
            return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s=%s: a path must not have control characters",
                                   key, shown);
    if (strlen(value) >= room)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s=%s: a path of %zu bytes; at most %zu are possible",
                               key, shown, strlen(value), room - 1);
    memcpy(out, value, strlen(value) + 1);
    return 0;
}

static int set_socket(weiss_group_spec *spec, const char *value, weiss_fault *fault)
{
    return set_path("socket", value, spec->socket, sizeof spec->socket, fault);
}

static int set_file(weiss_group_spec *spec, const char *value, weiss_fault *fault)
{
    return set_path("file", value, spec->file, sizeof spec->file, fault);
}

static const struct {
    const char *key;
    int (*set)(weiss_group_spec *spec, const char *value, weiss_fault *fault);
} keys[] = {
    {"bytes", set_bytes},   {"vectors", set_vectors}, {"peers", set_peers},
    {"memory", set_memory}, {"socket", set_socket},   {"file", set_file},
};

#define NKEYS (sizeof keys / sizeof *keys)

static int unknown_key(const char *typed, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_nearest nearest = weiss_nearest_start(typed);
    for (size_t i = 0; i < NKEYS; i++)
        weiss_nearest_consider(&nearest, keys[i].key);
    weiss_text_show(typed, shown);
    if (nearest.best != NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "there is no key \"%s\" of a group; did you mean %s?",
                               shown, nearest.best);
    return weiss_fault_set(
        fault, WEISS_ERR_VALUE,
        "there is no key \"%s\" of a group; expected bytes, vectors, peers, memory, socket "
        "or file",
        shown);
}

/** Takes one `KEY=VALUE`, which it takes apart. @p given has a bit for each key that was seen. */
static int take_pair(char *pair, unsigned *given, weiss_group_spec *spec, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    char *equals = strchr(pair, '=');
    if (equals == NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "\"%s\": expected KEY=VALUE, such as bytes=64M",
                               weiss_text_show(pair, shown));
    *equals = '\0';
    if (equals[1] == '\0')
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s= has no value", weiss_text_show(pair, shown));
    for (size_t i = 0; i < NKEYS; i++) {
        if (strcmp(pair, keys[i].key) != 0)
            continue;
        if (*given & (1u << i))
            return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s is given twice", keys[i].key);
        *given |= 1u << i;
        return keys[i].set(spec, equals + 1, fault);
    }
    return unknown_key(pair, fault);
}

int weiss_group_name_valid(const char *name)
{
    size_t length = strlen(name);
    if (length < 1 || length > WEISS_GROUP_NAME || !isalnum((unsigned char)name[0]))
        return 0;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && strchr("._-", name[i]) == NULL)
            return 0;
    return 1;
}

static int take_name(const char *name, weiss_group_spec *spec, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    if (!weiss_group_name_valid(name))
        return weiss_fault_set(
            fault, WEISS_ERR_VALUE,
            "\"%s\" cannot be the name of a group: expected up to %d letters, digits, '.', "
            "'_' and '-', the first a letter or digit",
            weiss_text_show(name, shown), WEISS_GROUP_NAME);
    memcpy(spec->name, name, strlen(name) + 1);
    return 0;
}

/** Values of what was not given, and what does not go together. */
static int complete(const char *run_directory, weiss_group_spec *spec, weiss_fault *fault)
{
    char path[4096];
    if (spec->socket[0] == '\0') {
        snprintf(path, sizeof path, "%s/%s.sock", run_directory, spec->name);
        int code = set_path("socket", path, spec->socket, sizeof spec->socket, fault);
        if (code != 0)
            return code;
    }
    if (spec->memory == WEISS_MEMORY_MEMFD && spec->file[0] != '\0')
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "memory=memfd has no file; expected memory=shm or hugetlb");
    if (spec->memory == WEISS_MEMORY_SHM && spec->file[0] == '\0')
        snprintf(spec->file, sizeof spec->file, "/dev/shm/weiss-%s", spec->name);
    return 0;
}

int weiss_group_spec_parse(const char *text, const char *run_directory, weiss_group_spec *spec,
                           weiss_fault *fault)
{
    unsigned given = 0;
    char *copy = strdup(text), *rest = copy;
    *spec = (weiss_group_spec){.bytes = DEFAULT_BYTES, .vectors = DEFAULT_VECTORS, .peers = DEFAULT_PEERS};
    if (copy == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    int code = take_name(strsep(&rest, ","), spec, fault);
    while (code == 0 && rest != NULL)
        code = take_pair(strsep(&rest, ","), &given, spec, fault);
    if (code == 0)
        code = complete(run_directory, spec, fault);
    if (code != 0 && spec->name[0] != '\0' && fault != NULL)
        weiss_fault_prefix(fault, "group %s", spec->name);
    free(copy);
    return code;
}

unsigned long weiss_group_spec_fds(const weiss_group_spec *spec)
{
    /* A peer: its connection and eventfds. The group: socket, its lock, memory, that of before, its lock. */
    return (unsigned long)spec->peers * (spec->vectors + 1ul) + 5;
}
