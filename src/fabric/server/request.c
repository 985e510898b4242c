#include "fabric/server/request.h"

#include "base/text.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 4

static const struct {
    const char *name;
    bool group, force; /**< which keys it has */
} commands[] = {
    [WEISS_REQUEST_STATUS] = {"status", false, false},
    [WEISS_REQUEST_ADD] = {"add", true, false},
    [WEISS_REQUEST_REMOVE] = {"remove", true, true},
    [WEISS_REQUEST_STOP] = {"stop", false, false},
};

#define NCOMMANDS (sizeof commands / sizeof *commands)

static int read_json(const char *line, size_t length, json_object **out, weiss_fault *fault)
{
    json_tokener *tokener = json_tokener_new_ex(DEPTH);
    *out = NULL;
    if (tokener == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    *out = json_tokener_parse_ex(tokener, line, (int)length);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    bool whole = error == json_tokener_success && json_tokener_get_parse_end(tokener) == length;
    json_tokener_free(tokener);
    if (whole && json_object_is_type(*out, json_type_object))
        return 0;
    json_object_put(*out);
    *out = NULL;
    return weiss_fault_set(
        fault, WEISS_ERR_SYNTAX,
        "the request is not one object of JSON (%s); expected such as {\"command\": \"status\"}",
        error == json_tokener_continue  ? "it ends too early"
        : error != json_tokener_success ? json_tokener_error_desc(error)
        : whole                         ? "it is of another type"
                                        : "something follows it");
}

static int unknown_command(const char *typed, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    return weiss_fault_set(fault, WEISS_ERR_VALUE,
                           "there is no command \"%s\"; expected status, add, remove or stop",
                           weiss_text_show(typed, shown));
}

static int read_command(json_object *object, weiss_request *request, weiss_fault *fault)
{
    json_object *value = json_object_object_get(object, "command");
    if (!json_object_is_type(value, json_type_string))
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "\"command\" is missing or no string");
    for (size_t i = 0; i < NCOMMANDS; i++)
        if (strcmp(json_object_get_string(value), commands[i].name) == 0) {
            request->kind = (weiss_request_kind)i;
            return 0;
        }
    return unknown_command(json_object_get_string(value), fault);
}

static int read_group(json_object *value, weiss_request *request, weiss_fault *fault)
{
    if (!json_object_is_type(value, json_type_string))
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "\"group\" is missing or no string");
    const char *text = json_object_get_string(value);
    size_t length = (size_t)json_object_get_string_len(value);
    if (strlen(text) != length || length >= sizeof request->group)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "\"group\" is too long or contains a NUL");
    memcpy(request->group, text, length + 1);
    return 0;
}

/** Refuses keys that the command does not have. */
static int check_keys(json_object *object, const weiss_request *request, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    json_object_object_foreach(object, key, value)
    {
        (void)value;
        if (strcmp(key, "command") == 0 || (strcmp(key, "group") == 0 && commands[request->kind].group) ||
            (strcmp(key, "force") == 0 && commands[request->kind].force))
            continue;
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "there is no key \"%s\" of %s",
                               weiss_text_show(key, shown), commands[request->kind].name);
    }
    return 0;
}

static int read_request(json_object *object, weiss_request *request, weiss_fault *fault)
{
    json_object *force = json_object_object_get(object, "force");
    int code = read_command(object, request, fault);
    if (code == 0)
        code = check_keys(object, request, fault);
    if (code == 0 && commands[request->kind].group)
        code = read_group(json_object_object_get(object, "group"), request, fault);
    if (code == 0 && force != NULL && !json_object_is_type(force, json_type_boolean))
        code = weiss_fault_set(fault, WEISS_ERR_VALUE, "\"force\" is neither true nor false");
    request->force = code == 0 && force != NULL && json_object_get_boolean(force);
    return code;
}

int weiss_request_parse(const char *line, size_t length, weiss_request *request, weiss_fault *fault)
{
    json_object *object;
    *request = (weiss_request){0};
    int code = read_json(line, length, &object, fault);
    if (code != 0)
        return code;
    code = read_request(object, request, fault);
    json_object_put(object);
    return code;
}

char *weiss_request_write(const weiss_request *request)
{
    char *line = NULL;
    json_object *object = json_object_new_object();
    json_object_object_add(object, "command", json_object_new_string(commands[request->kind].name));
    if (commands[request->kind].group)
        json_object_object_add(object, "group", json_object_new_string(request->group));
    if (request->force)
        json_object_object_add(object, "force", json_object_new_boolean(true));
    const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
    if (text != NULL && asprintf(&line, "%s\n", text) < 0)
        line = NULL;
    json_object_put(object);
    return line;
}
