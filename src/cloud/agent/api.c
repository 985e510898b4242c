#include "cloud/agent/api.h"

#include "cloud/openstack/json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/** Servers that are asked for at once; Nova gives as many or fewer. */
#define PAGE 1000
/** Pages of one question: more are a service that goes in a circle. */
#define PAGES 1000

/** A UUID as libvirt and Nova write it. */
static bool is_uuid(const char *text)
{
    return strlen(text) == WEISS_AGENT_UUID - 1 && strspn(text, "0123456789abcdef-") == WEISS_AGENT_UUID - 1;
}

/** Copies a text of the API. @return false: it is too long */
static bool keep(const char *text, char *out, size_t size)
{
    return (size_t)snprintf(out, size, "%s", text) < size;
}

/** Number of MiB in an extra spec, in bytes; < 0: it is none. */
static int64_t bytes_of(const char *text)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && n > 0 && n <= (INT64_MAX >> 20) ? n << 20 : -1;
}

/** metadata weiss:release */
static bool is_release(json_object *metadata)
{
    const char *text = weiss_json_text(metadata, "weiss:release");
    return text[0] != '\0' && strcmp(text, "no") != 0 && strcmp(text, "false") != 0 && strcmp(text, "0") != 0;
}

/** Takes one server. One that Nova does not describe as it should is left out: nothing is known of it then. */
static int take_server(json_object *server, weiss_facts_table *table, weiss_fault *fault)
{
    json_object *metadata = weiss_json_get(server, "metadata"),
                *specs = weiss_json_get(weiss_json_get(server, "flavor"), "extra_specs");
    weiss_facts facts = {0};
    const char *uuid = weiss_json_text(server, "id");
    if (!is_uuid(uuid) || !keep(weiss_json_text(server, "tenant_id"), facts.project, sizeof facts.project) ||
        facts.project[0] == '\0' ||
        !keep(weiss_json_text(metadata, "weiss:group"), facts.group, sizeof facts.group))
        return 0;
    memcpy(facts.uuid, uuid, sizeof facts.uuid);
    facts.release = is_release(metadata);
    if (weiss_json_get(specs, "weiss:shmem_mib") != NULL)
        facts.bytes = bytes_of(weiss_json_text(specs, "weiss:shmem_mib"));
    return weiss_facts_add(table, &facts, fault);
}

/** Servers of the host, page after page: the next begins after the last of this one. */
static int take_servers(weiss_cloud *cloud, const char *host, weiss_facts_table *table, weiss_fault *fault)
{
    char path[1400], quoted[1024], marker[WEISS_AGENT_UUID + 8] = "";
    weiss_cloud_quote(host, quoted, sizeof quoted);
    for (int page = 0; page < PAGES; page++) {
        json_object *answer = NULL;
        snprintf(path, sizeof path, "/servers/detail?host=%s&all_tenants=1&limit=%d%s", quoted, PAGE, marker);
        WEISS_FAULT_TRY(weiss_cloud_ask(cloud, "compute", "GET", path, NULL, &answer, fault));
        json_object *servers = weiss_json_list(answer, "servers");
        size_t n = weiss_json_length(servers);
        int code = servers != NULL
                       ? 0
                       : weiss_fault_set(fault, WEISS_ERR_PEER,
                                         "Nova's answer to GET /servers/detail has no list of servers");
        for (size_t i = 0; code == 0 && i < n; i++)
            code = take_server(json_object_array_get_idx(servers, i), table, fault);
        const char *last = n > 0 ? weiss_json_text(json_object_array_get_idx(servers, n - 1), "id") : "";
        bool more = weiss_json_length(weiss_json_list(answer, "servers_links")) > 0 && is_uuid(last);
        snprintf(marker, sizeof marker, "&marker=%.36s", last);
        json_object_put(answer);
        if (code != 0 || !more)
            return code;
    }
    return weiss_fault_set(fault, WEISS_ERR_PEER, "Nova's list of servers does not end after %d pages",
                           PAGES);
}

/** Writes the group into the facts of its members. The table is sorted. */
static void take_group(json_object *group, weiss_facts_table *table)
{
    json_object *members = weiss_json_list(group, "members");
    const char *id = weiss_json_text(group, "id");
    for (size_t i = 0; is_uuid(id) && i < weiss_json_length(members); i++) {
        const weiss_facts *found = weiss_facts_find(table, weiss_json_text_at(members, i));
        if (found != NULL)
            memcpy(table->facts[found - table->facts].server_group, id, WEISS_AGENT_UUID);
    }
}

/** Server groups of all projects. They have no links between pages, and a page may be shorter than was asked for: the list ends
 *  with a page that brings nothing. */
static int take_groups(weiss_cloud *cloud, weiss_facts_table *table, weiss_fault *fault)
{
    size_t offset = 0;
    for (int page = 0; page < PAGES; page++) {
        char path[200];
        json_object *answer = NULL;
        snprintf(path, sizeof path, "/os-server-groups?all_projects=1&limit=%d&offset=%zu", PAGE, offset);
        WEISS_FAULT_TRY(weiss_cloud_ask(cloud, "compute", "GET", path, NULL, &answer, fault));
        json_object *groups = weiss_json_list(answer, "server_groups");
        bool right = groups != NULL;
        size_t n = weiss_json_length(groups);
        for (size_t i = 0; i < n; i++)
            take_group(json_object_array_get_idx(groups, i), table);
        json_object_put(answer);
        if (!right)
            return weiss_fault_set(fault, WEISS_ERR_PEER,
                                   "Nova's answer to GET /os-server-groups has no list of groups");
        if (n == 0)
            return 0;
        offset += n;
    }
    return weiss_fault_set(fault, WEISS_ERR_PEER, "Nova's list of server groups does not end after %d pages",
                           PAGES);
}

int weiss_api_facts(weiss_cloud *cloud, const char *host, weiss_facts_table *table, weiss_fault *fault)
{
    *table = (weiss_facts_table){0};
    int code = take_servers(cloud, host, table, fault);
    if (code == 0)
        weiss_facts_sort(table);
    if (code == 0 && table->n > 0)
        code = take_groups(cloud, table, fault);
    if (code == 0)
        table->taken = (int64_t)time(NULL);
    else
        weiss_facts_clear(table);
    return code;
}
