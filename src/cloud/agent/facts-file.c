/* The file that carries a table over a restart of the agent:
 *
 *     {"version": 1, "taken": 1790000000, "instances": [{"uuid": "...", "project": "...", "group": "",
 *      "server_group": "", "release": false, "bytes": 0}, ...]}
 *
 * Only root writes it; it is checked all the same, since one that is cut off or changed must not decide anything. */
#include "cloud/agent/facts.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1
#define LARGEST ((size_t)32 << 20) /* bytes; an instance takes some hundreds */
#define DEPTH 8

static bool put(json_object *object, const char *key, json_object *value)
{
    return value != NULL && json_object_object_add(object, key, value) == 0;
}

/** @return NULL: no memory */
static json_object *to_json(const weiss_facts *facts)
{
    json_object *object = json_object_new_object();
    if (object != NULL && put(object, "uuid", json_object_new_string(facts->uuid)) &&
        put(object, "project", json_object_new_string(facts->project)) &&
        put(object, "group", json_object_new_string(facts->group)) &&
        put(object, "server_group", json_object_new_string(facts->server_group)) &&
        put(object, "release", json_object_new_boolean(facts->release)) &&
        put(object, "bytes", json_object_new_int64(facts->bytes)))
        return object;
    json_object_put(object);
    return NULL;
}

static json_object *table_to_json(const weiss_facts_table *table)
{
    json_object *root = json_object_new_object(), *list = json_object_new_array();
    bool right = root != NULL && list != NULL;
    for (size_t i = 0; right && i < table->n; i++) {
        json_object *item = to_json(&table->facts[i]);
        right = item != NULL && json_object_array_add(list, item) == 0;
        if (!right)
            json_object_put(item);
    }
    right = right && put(root, "version", json_object_new_int(VERSION)) &&
            put(root, "taken", json_object_new_int64(table->taken));
    if (!right || !put(root, "instances", list)) {
        json_object_put(list);
        json_object_put(root);
        return NULL;
    }
    return root;
}

/** Writes a text to a new file that only its owner can read. @return 0, else errno */
static int write_file(const char *path, const char *text, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : 0;
    while (error == 0 && length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        error = n < 0 ? errno : 0;
        text += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    if (error == 0 && fsync(fd) != 0)
        error = errno;
    if (fd >= 0)
        close(fd);
    return error;
}

int weiss_facts_save(const weiss_facts_table *table, const char *path, weiss_fault *fault)
{
    char temporary[4096];
    size_t length;
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "the path of the facts is too long");
    json_object *root = table_to_json(table);
    const char *text =
        root != NULL ? json_object_to_json_string_length(root, JSON_C_TO_STRING_PLAIN, &length) : NULL;
    if (text == NULL) {
        json_object_put(root);
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    }
    unlink(temporary); /* of an agent that was killed */
    int error = write_file(temporary, text, length);
    json_object_put(root);
    if (error == 0 && rename(temporary, path) != 0)
        error = errno;
    if (error == 0)
        return 0;
    unlink(temporary);
    return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be written: %s", path, strerror(error));
}

/** A text that must be there, and fit. */
static bool get_text(json_object *object, const char *key, char *out, size_t room)
{
    json_object *value;
    if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
        return false;
    size_t length = (size_t)json_object_get_string_len(value);
    const char *text = json_object_get_string(value);
    if (length >= room || strlen(text) != length)
        return false;
    memcpy(out, text, length + 1);
    return true;
}

static bool get_number(json_object *object, const char *key, int64_t *out)
{
    json_object *value;
    if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_int))
        return false;
    *out = json_object_get_int64(value);
    return true;
}

static bool from_json(json_object *object, weiss_facts *facts)
{
    json_object *release;
    *facts = (weiss_facts){.bytes = 0};
    if (!json_object_is_type(object, json_type_object) ||
        !get_text(object, "uuid", facts->uuid, sizeof facts->uuid) || facts->uuid[0] == '\0' ||
        !get_text(object, "project", facts->project, sizeof facts->project) ||
        !get_text(object, "group", facts->group, sizeof facts->group) ||
        !get_text(object, "server_group", facts->server_group, sizeof facts->server_group) ||
        !get_number(object, "bytes", &facts->bytes) ||
        !json_object_object_get_ex(object, "release", &release) ||
        !json_object_is_type(release, json_type_boolean))
        return false;
    facts->release = json_object_get_boolean(release);
    return true;
}

static int table_from_json(json_object *root, weiss_facts_table *table, weiss_fault *fault)
{
    json_object *list;
    int64_t version;
    if (!json_object_is_type(root, json_type_object) || !get_number(root, "version", &version))
        return weiss_fault_set(fault, WEISS_ERR_FILE, "expected an object with a version");
    if (version != VERSION)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "expected version %d, found %lld", VERSION,
                               (long long)version);
    if (!get_number(root, "taken", &table->taken) || table->taken < 0 ||
        !json_object_object_get_ex(root, "instances", &list) || !json_object_is_type(list, json_type_array))
        return weiss_fault_set(fault, WEISS_ERR_FILE, "expected \"taken\" and a list of \"instances\"");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        weiss_facts facts;
        if (!from_json(json_object_array_get_idx(list, i), &facts))
            return weiss_fault_set(fault, WEISS_ERR_FILE, "instance %zu of the list is not as it was written",
                                   i);
        WEISS_FAULT_TRY(weiss_facts_add(table, &facts, fault));
    }
    weiss_facts_sort(table);
    for (size_t i = 1; i < table->n; i++)
        if (strcmp(table->facts[i - 1].uuid, table->facts[i].uuid) == 0)
            return weiss_fault_set(fault, WEISS_ERR_FILE, "an instance is in the list twice");
    return 0;
}

/** The whole of a file. @p *text is freed by the caller; NULL: it is not there */
static int read_file(const char *path, char **text, size_t *length, weiss_fault *fault)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    *text = NULL;
    *length = 0;
    if (fd < 0)
        return errno == ENOENT ? 0 : weiss_fault_set(fault, WEISS_ERR_FILE, "%s", strerror(errno));
    int code = 0;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || (size_t)status.st_size > LARGEST)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "it is no file of %zu bytes at most", LARGEST);
    else if ((*text = malloc((size_t)status.st_size + 1)) == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    while (code == 0 && *length < (size_t)status.st_size) {
        ssize_t n = read(fd, *text + *length, (size_t)status.st_size - *length);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s", strerror(errno));
        *length += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return code;
}

static int parse(const char *text, size_t length, weiss_facts_table *table, weiss_fault *fault)
{
    json_tokener *tokener = json_tokener_new_ex(DEPTH);
    if (tokener == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json_object *root = json_tokener_parse_ex(tokener, text, (int)length);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    json_tokener_free(tokener);
    int code = error != json_tokener_success
                   ? weiss_fault_set(fault, WEISS_ERR_FILE, "it is no JSON: %s",
                                     error == json_tokener_continue ? "it ends too early"
                                                                    : json_tokener_error_desc(error))
                   : table_from_json(root, table, fault);
    json_object_put(root);
    return code;
}

int weiss_facts_load(weiss_facts_table *table, const char *path, weiss_fault *fault)
{
    char *text;
    size_t length;
    weiss_fault own;
    weiss_fault_clear(&own);
    *table = (weiss_facts_table){.taken = 0};
    int code = read_file(path, &text, &length, &own);
    if (code == 0 && text != NULL)
        code = parse(text, length, table, &own);
    free(text);
    if (code == 0)
        return 0;
    weiss_facts_clear(table);
    return weiss_fault_set(fault, code, "the facts in %s cannot be used, and are asked for anew: %s", path,
                           own.text);
}
