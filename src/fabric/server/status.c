#include "fabric/server/status.h"

#include "fabric/server/group.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void add_number(json_object *object, const char *key, int64_t number)
{
    json_object_object_add(object, key, json_object_new_int64(number));
}

static void add_text(json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

static void add_time(json_object *object, const char *key, time_t when)
{
    char text[32] = "";
    struct tm utc;
    if (gmtime_r(&when, &utc) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    add_text(object, key, text);
}

static json_object *describe_peer(const weiss_peer *peer)
{
    json_object *object = json_object_new_object();
    add_number(object, "id", peer->id);
    add_number(object, "pid", peer->pid);
    add_number(object, "uid", peer->uid);
    add_time(object, "since", peer->since);
    add_number(object, "messages", (int64_t)peer->messages);
    add_number(object, "waiting", (int64_t)peer->outbox.count);
    return object;
}

static json_object *describe_group(const weiss_group *group)
{
    json_object *object = json_object_new_object(), *peers = json_object_new_array();
    add_text(object, "name", group->spec.name);
    add_text(object, "state", weiss_group_state_name(group->state));
    add_number(object, "bytes", (int64_t)group->spec.bytes);
    add_text(object, "memory", weiss_memory_kind_name(group->spec.memory));
    add_text(object, "file", group->spec.file);
    add_text(object, "socket", group->spec.socket);
    add_number(object, "vectors", group->spec.vectors);
    add_number(object, "max_peers", group->spec.peers);
    add_number(object, "joined", (int64_t)group->joined);
    for (const weiss_peer *peer = group->peers; peer != NULL; peer = peer->next)
        json_object_array_add(peers, describe_peer(peer));
    json_object_object_add(object, "peers", peers);
    return object;
}

json_object *weiss_status_json(const weiss_server *server)
{
    json_object *answer = json_object_new_object(), *self = json_object_new_object();
    json_object *groups = json_object_new_array();
    json_object_object_add(answer, "ok", json_object_new_boolean(true));
    add_number(self, "pid", getpid());
    add_text(self, "version", WEISS_VERSION);
    add_time(self, "since", server->since);
    json_object_object_add(answer, "server", self);
    for (const weiss_group *group = server->groups; group != NULL; group = group->next)
        json_object_array_add(groups, describe_group(group));
    json_object_object_add(answer, "groups", groups);
    return answer;
}

static const char *text_of(json_object *object, const char *key)
{
    json_object *value = json_object_object_get(object, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static int64_t number_of(json_object *object, const char *key)
{
    return json_object_get_int64(json_object_object_get(object, key));
}

static size_t count_of(json_object *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

/** "64M"; the number as it is when no unit divides it. */
static const char *short_bytes(int64_t bytes, char out[32])
{
    static const char units[] = " KMGT";
    int unit = 0;
    while (bytes > 0 && bytes % 1024 == 0 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    snprintf(out, 32, "%" PRId64 "%.*s", bytes, unit > 0 ? 1 : 0, &units[unit]);
    return out;
}

static void print_peers(json_object *peers)
{
    for (size_t i = 0; i < count_of(peers); i++) {
        json_object *peer = json_object_array_get_idx(peers, i);
        printf("  peer %-6" PRId64 " pid %-8" PRId64 " uid %-6" PRId64 " since %s  %" PRId64
               " messages, %" PRId64 " notices waiting\n",
               number_of(peer, "id"), number_of(peer, "pid"), number_of(peer, "uid"), text_of(peer, "since"),
               number_of(peer, "messages"), number_of(peer, "waiting"));
    }
}

void weiss_status_print(json_object *answer)
{
    json_object *self = json_object_object_get(answer, "server"),
                *groups = json_object_object_get(answer, "groups");
    printf("weiss-ivshmemd %s, process %" PRId64 ", since %s, %zu group%s\n", text_of(self, "version"),
           number_of(self, "pid"), text_of(self, "since"), count_of(groups),
           count_of(groups) == 1 ? "" : "s");
    for (size_t i = 0; i < count_of(groups); i++) {
        char bytes[32];
        json_object *group = json_object_array_get_idx(groups, i),
                    *peers = json_object_object_get(group, "peers");
        const char *file = text_of(group, "file");
        printf("group %s: %s, %s of %s%s%s, %" PRId64 " vectors, %zu of %" PRId64 " peers, socket %s\n",
               text_of(group, "name"), text_of(group, "state"), short_bytes(number_of(group, "bytes"), bytes),
               text_of(group, "memory"), file[0] != '\0' ? " in " : "", file, number_of(group, "vectors"),
               count_of(peers), number_of(group, "max_peers"), text_of(group, "socket"));
        print_peers(peers);
    }
}
