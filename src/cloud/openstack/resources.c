#include "cloud/openstack/resources.h"

#include "base/text.h"
#include "cloud/openstack/json.h"

#include <string.h>

/** Pages of one list: more are a service that goes in a circle. */
#define PAGES 1000

const weiss_cloud_kind weiss_kind_server = {"server", "servers", "compute", "/servers", "/detail?", true};
const weiss_cloud_kind weiss_kind_flavor = {"flavor", "flavors", "compute", "/flavors", "/detail?", true};
const weiss_cloud_kind weiss_kind_group = {
    "server_group", "server_groups", "compute", "/os-server-groups", "?", true};
const weiss_cloud_kind weiss_kind_keypair = {"keypair", "keypairs", "compute", "/os-keypairs", "?", true};
const weiss_cloud_kind weiss_kind_image = {"image", "images", "image", "/v2/images", "?", false};
const weiss_cloud_kind weiss_kind_network = {"network", "networks", "network", "/v2.0/networks", "?", true};
const weiss_cloud_kind weiss_kind_subnet = {"subnet", "subnets", "network", "/v2.0/subnets", "?", true};
const weiss_cloud_kind weiss_kind_port = {"port", "ports", "network", "/v2.0/ports", "?", true};
const weiss_cloud_kind weiss_kind_security = {
    "security_group", "security_groups", "network", "/v2.0/security-groups", "?", true};
const weiss_cloud_kind weiss_kind_floating = {"floatingip",        "floatingips", "network",
                                              "/v2.0/floatingips", "?",           true};

/** A page of a list. @param[out] last  id of its last; "" when no other page follows */
static int page(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *path,
                int (*found)(void *data, json_object *one), void *data, char last[WEISS_CLOUD_ID],
                weiss_fault *fault)
{
    json_object *answer = NULL;
    char links[64];
    WEISS_FAULT_TRY(weiss_cloud_ask(cloud, kind->service, "GET", path, NULL, &answer, fault));
    json_object *list = weiss_json_list(answer, kind->list);
    size_t n = weiss_json_length(list);
    int code = list != NULL
                   ? 0
                   : weiss_fault_set(fault, WEISS_ERR_PEER, "the service \"%s\" answers with no list \"%s\"",
                                     kind->service, kind->list);
    snprintf(links, sizeof links, "%s_links", kind->list);
    bool more =
        weiss_json_length(weiss_json_list(answer, links)) > 0 || weiss_json_text(answer, "next")[0] != '\0';
    for (size_t i = 0; code == 0 && i < n; i++) {
        json_object *one = json_object_array_get_idx(list, i);
        if (kind == &weiss_kind_keypair) /* the only list whose members are wrapped */
            one = weiss_json_get(one, kind->what);
        snprintf(last, WEISS_CLOUD_ID, "%s", more ? weiss_json_text(one, "id") : "");
        code = found(data, one);
    }
    if (n == 0)
        last[0] = '\0';
    json_object_put(answer);
    return code;
}

int weiss_cloud_each(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *filter,
                     int (*found)(void *data, json_object *one), void *data, weiss_fault *fault)
{
    char path[2048], last[WEISS_CLOUD_ID] = "", quoted[3 * WEISS_CLOUD_ID];
    if (weiss_cloud_is_dry(cloud))
        return 0;
    for (int i = 0; i < PAGES; i++) {
        weiss_cloud_quote(last, quoted, sizeof quoted);
        snprintf(path, sizeof path, "%s%s%s%s%s%s", kind->path, kind->details, filter,
                 last[0] != '\0' && filter[0] != '\0' ? "&" : "", last[0] != '\0' ? "marker=" : "", quoted);
        last[0] = '\0';
        WEISS_FAULT_TRY(page(cloud, kind, path, found, data, last, fault));
        if (last[0] == '\0')
            return 0;
    }
    return weiss_fault_set(fault, WEISS_ERR_PEER, "the service \"%s\": the list of %s does not end",
                           kind->service, kind->list);
}

/** What is looked for. */
typedef struct search {
    const char *name;
    json_object *one; /**< owned */
    int count;
    char have[400]; /**< names of all */
} search;

static int compare(void *data, json_object *one)
{
    search *s = data;
    const char *name = weiss_json_text(one, "name");
    char shown[WEISS_TEXT_SHOWN];
    size_t used = strlen(s->have);
    weiss_text_show(name, shown);
    if (used + strlen(shown) + 3 < sizeof s->have)
        snprintf(s->have + used, sizeof s->have - used, "%s%s", used > 0 ? ", " : "", shown);
    bool by_id = strcmp(weiss_json_text(one, "id"), s->name) == 0;
    if (!by_id && strcmp(name, s->name) != 0)
        return 0;
    if (by_id || s->one == NULL) {
        json_object_put(s->one);
        s->one = json_object_get(one);
    }
    s->count = by_id ? 1 : s->count + 1;
    return 0;
}

static int look(weiss_cloud *cloud, const weiss_cloud_kind *kind, search *s, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    int code = weiss_cloud_each(cloud, kind, "", compare, s, fault);
    if (code == 0 && s->count > 1)
        code = weiss_fault_set(fault, WEISS_ERR_VALUE, "%d of the cloud's %s are called \"%s\": give the id",
                               s->count, kind->list, weiss_text_show(s->name, shown));
    if (code != 0) {
        json_object_put(s->one);
        s->one = NULL;
    }
    return code;
}

int weiss_cloud_find(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *name, json_object **one,
                     weiss_fault *fault)
{
    search s = {.name = name};
    int code = look(cloud, kind, &s, fault);
    *one = s.one;
    return code;
}

int weiss_cloud_need(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *name,
                     char id[WEISS_CLOUD_ID], json_object **one, weiss_fault *fault)
{
    search s = {.name = name};
    char shown[WEISS_TEXT_SHOWN];
    if (one != NULL)
        *one = NULL;
    if (weiss_cloud_is_dry(cloud)) {
        snprintf(id, WEISS_CLOUD_ID, "<id of %s %.80s>", kind->what, name);
        return 0;
    }
    WEISS_FAULT_TRY(look(cloud, kind, &s, fault));
    if (s.one == NULL)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "the cloud has no %s \"%s\"; it has %s", kind->what,
                               weiss_text_show(name, shown), s.have[0] != '\0' ? s.have : "none");
    snprintf(id, WEISS_CLOUD_ID, "%s", weiss_json_text(s.one, "id"));
    if (one != NULL)
        *one = s.one;
    else
        json_object_put(s.one);
    return 0;
}

int weiss_cloud_make(weiss_cloud *cloud, const weiss_cloud_kind *kind, json_object *about,
                     char id[WEISS_CLOUD_ID], json_object **one, weiss_fault *fault)
{
    json_object *answer = NULL, *body = kind->wrapped ? weiss_json_wrap(kind->what, about) : about;
    int code = weiss_cloud_ask(cloud, kind->service, "POST", kind->path, body, &answer, fault);
    json_object *made = kind->wrapped ? weiss_json_get(answer, kind->what) : answer;
    /* A key pair has no id but its name. */
    const char *key = kind == &weiss_kind_keypair ? "name" : "id";
    if (weiss_cloud_is_dry(cloud))
        snprintf(id, WEISS_CLOUD_ID, "<id of the new %s>", kind->what);
    else if (code == 0 && strlen(weiss_json_text(made, key)) - 1 < WEISS_CLOUD_ID - 1)
        snprintf(id, WEISS_CLOUD_ID, "%s", weiss_json_text(made, key));
    else if (code == 0)
        code = weiss_fault_set(fault, WEISS_ERR_PEER, "the service \"%s\" made a %s but does not name it",
                               kind->service, kind->what);
    if (one != NULL)
        *one = code == 0 ? json_object_get(made) : NULL;
    json_object_put(answer);
    json_object_put(body);
    return code;
}

int weiss_cloud_remove(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *id, weiss_fault *fault)
{
    char path[1024], quoted[3 * WEISS_CLOUD_ID];
    weiss_fault own;
    weiss_fault_clear(&own);
    weiss_cloud_quote(id, quoted, sizeof quoted);
    if (weiss_cloud_is_dry(cloud))
        snprintf(quoted, sizeof quoted, "%s", id);
    snprintf(path, sizeof path, "%s/%s", kind->path, quoted);
    int code = weiss_cloud_ask(cloud, kind->service, "DELETE", path, NULL, NULL, &own);
    if (code == WEISS_ERR_FILE || code == 0)
        return 0;
    return weiss_fault_set(fault, code, "%s", own.text);
}
