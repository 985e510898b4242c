#include "cloud/openstack/machines.h"

#include "base/text.h"
#include "cloud/openstack/json.h"
#include "cloud/openstack/user-data.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/** Seconds that Nova gets to build all instances: an image may have to come to the host first. */
#define BUILD 1800
/** Seconds that a service of the cloud may be away meanwhile. */
#define AWAY 60

static const weiss_cloud_kind kind_rule = {
    "security_group_rule", "security_group_rules", "network", "/v2.0/security-group-rules", "?", true};

/** What is being made. */
typedef struct work {
    weiss_cloud *cloud;
    const weiss_cloud_plan *plan;
    const weiss_lab_watch *watch;
    weiss_cloud_machines *machines;
    char image[WEISS_CLOUD_ID], flavor[WEISS_CLOUD_ID], network[WEISS_CLOUD_ID], floating[WEISS_CLOUD_ID],
        security[WEISS_CLOUD_ID], group[WEISS_CLOUD_ID];
    char hosts[WEISS_CLOUD_VMS][64]; /**< Nova's ids of the hosts that were seen */
} work;

int weiss_cloud_machines_open(const char *name, const volatile sig_atomic_t *stop, weiss_cloud **cloud,
                              weiss_fault *fault)
{
    weiss_cloud_login login;
    weiss_cloud_words *words = malloc(sizeof *words);
    *cloud = NULL;
    if (words == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    int code = weiss_cloud_login_read(name, &login, words, fault);
    if (code == 0)
        code = weiss_cloud_open(&login, stop, cloud, fault);
    if (code == 0)
        weiss_cloud_wait(*cloud, AWAY);
    weiss_cloud_forget(words);
    free(words);
    return code;
}

/** Finds what has to be there. */
static int find_parts(work *w, weiss_fault *fault)
{
    const weiss_cloud_plan *p = w->plan;
    json_object *flavor = NULL;
    WEISS_FAULT_TRY(weiss_cloud_need(w->cloud, &weiss_kind_image, p->image, w->image, NULL, fault));
    WEISS_FAULT_TRY(weiss_cloud_need(w->cloud, &weiss_kind_flavor, p->flavor, w->flavor, &flavor, fault));
    int vcpus = json_object_get_int(weiss_json_get(flavor, "vcpus"));
    json_object_put(flavor);
    w->machines->vcpus = vcpus > 0 ? vcpus : 1;
    WEISS_FAULT_TRY(weiss_cloud_need(w->cloud, &weiss_kind_network, p->network, w->network, NULL, fault));
    if (p->floating[0] != '\0')
        WEISS_FAULT_TRY(
            weiss_cloud_need(w->cloud, &weiss_kind_network, p->floating, w->floating, NULL, fault));
    if (p->security[0] != '\0')
        WEISS_FAULT_TRY(
            weiss_cloud_need(w->cloud, &weiss_kind_security, p->security, w->security, NULL, fault));
    return 0;
}

static json_object *named(const char *name)
{
    json_object *o = json_object_new_object();
    weiss_json_add(o, "name", name);
    return o;
}

static int make_key(work *w, const char *key, weiss_fault *fault)
{
    char id[WEISS_CLOUD_ID];
    json_object *o = named(w->machines->prefix);
    weiss_json_add(o, "public_key", key);
    return weiss_cloud_make(w->cloud, &weiss_kind_keypair, o, id, NULL, fault);
}

static int make_group(work *w, weiss_fault *fault)
{
    if (w->plan->group[0] == '\0')
        return 0;
    json_object *o = named(w->machines->prefix);
    weiss_json_add(o, "policy", w->plan->group);
    return weiss_cloud_make(w->cloud, &weiss_kind_group, o, w->group, NULL, fault);
}

/** Lets something in. @param port  0: all, from members of the group itself */
static int allow(work *w, int port, weiss_fault *fault)
{
    char id[WEISS_CLOUD_ID];
    json_object *o = json_object_new_object();
    weiss_json_add(o, "security_group_id", w->security);
    weiss_json_add(o, "direction", "ingress");
    weiss_json_add(o, "ethertype", "IPv4");
    if (port > 0) {
        weiss_json_add(o, "protocol", "tcp");
        json_object_object_add(o, "port_range_min", json_object_new_int(port));
        json_object_object_add(o, "port_range_max", json_object_new_int(port));
    } else {
        weiss_json_add(o, "remote_group_id", w->security);
    }
    return weiss_cloud_make(w->cloud, &kind_rule, o, id, NULL, fault);
}

/** A security group of the cluster's own: ssh from everywhere, all between its machines. */
static int make_security(work *w, weiss_fault *fault)
{
    if (w->plan->security[0] != '\0')
        return 0;
    WEISS_FAULT_TRY(weiss_cloud_make(w->cloud, &weiss_kind_security, named(w->machines->prefix), w->security,
                                     NULL, fault));
    WEISS_FAULT_TRY(allow(w, 22, fault));
    return allow(w, 0, fault);
}

/** Takes an IPv4 address. @return false: it is none */
static bool take_address(const char *text, char address[16])
{
    return text[0] != '\0' && strspn(text, "0123456789.") == strlen(text) &&
           snprintf(address, 16, "%s", text) < 16;
}

/** Range of addresses of the network between the machines. */
static int find_subnet(work *w, const char *subnet, weiss_fault *fault)
{
    json_object *one = NULL;
    char id[WEISS_CLOUD_ID];
    WEISS_FAULT_TRY(weiss_cloud_need(w->cloud, &weiss_kind_subnet, subnet, id, &one, fault));
    const char *range = weiss_json_text(one, "cidr");
    bool right = range[0] != '\0' && strspn(range, "0123456789./") == strlen(range) &&
                 snprintf(w->machines->subnet, sizeof w->machines->subnet, "%s", range) <
                     (int)sizeof w->machines->subnet;
    json_object_put(one);
    return right ? 0
                 : weiss_fault_set(fault, WEISS_ERR_VALUE, "the network \"%s\" has no subnet of IPv4",
                                   w->plan->network);
}

/** Makes the port of a machine; its address is known from then on. */
static int make_port(work *w, int index, char port[WEISS_CLOUD_ID], weiss_fault *fault)
{
    weiss_cloud_machine *m = &w->machines->machine[index];
    char name[WEISS_CLOUD_PREFIX + 16];
    json_object *one = NULL;
    snprintf(name, sizeof name, "%s-vm%d", w->machines->prefix, index + 1);
    json_object *o = named(name), *security = json_object_new_array();
    weiss_json_add(o, "network_id", w->network);
    json_object_array_add(security, json_object_new_string(w->security));
    json_object_object_add(o, "security_groups", security);
    WEISS_FAULT_TRY(weiss_cloud_make(w->cloud, &weiss_kind_port, o, port, &one, fault));
    if (weiss_cloud_is_dry(w->cloud)) {
        strcpy(m->inner, "0.0.0.0");
        return 0;
    }
    int code = 0;
    json_object *addresses = weiss_json_list(one, "fixed_ips");
    for (size_t i = 0; code == 0 && m->inner[0] == '\0' && i < weiss_json_length(addresses); i++) {
        json_object *a = json_object_array_get_idx(addresses, i);
        if (take_address(weiss_json_text(a, "ip_address"), m->inner) && w->machines->subnet[0] == '\0')
            code = find_subnet(w, weiss_json_text(a, "subnet_id"), fault);
    }
    json_object_put(one);
    if (code == 0 && m->inner[0] == '\0')
        code = weiss_fault_set(fault, WEISS_ERR_VALUE, "the network \"%s\" gives no address of IPv4",
                               w->plan->network);
    return code;
}

/** What an instance is to be. */
static json_object *describe(const work *w, int index, const char *port)
{
    char name[WEISS_CLOUD_PREFIX + 16], data[4096];
    snprintf(name, sizeof name, "%s-vm%d", w->machines->prefix, index + 1);
    json_object *o = named(name), *networks = json_object_new_array(), *metadata = json_object_new_object();
    weiss_json_add(o, "imageRef", w->image);
    weiss_json_add(o, "flavorRef", w->flavor);
    weiss_json_add(o, "key_name", w->machines->prefix);
    weiss_json_add(o, "availability_zone", w->plan->zone);
    json_object_array_add(networks, weiss_json_wrap("port", json_object_new_string(port)));
    json_object_object_add(o, "networks", networks);
    json_object_object_add(o, "config_drive", json_object_new_boolean(true));
    weiss_json_add(o, "user_data", weiss_cloud_user_data(w->plan->packages, data, sizeof data));
    /* Without a server group this is what keeps the cluster's memory from other instances of the project. */
    weiss_json_add(metadata, "weiss:group", w->plan->group[0] == '\0' ? w->machines->prefix : "");
    weiss_json_add(metadata, "weiss:cluster", w->machines->prefix);
    json_object_object_add(o, "metadata", metadata);
    return weiss_json_wrap("server", o);
}

static int make_server(work *w, int index, const char *port, weiss_fault *fault)
{
    weiss_cloud_machine *m = &w->machines->machine[index];
    json_object *body = describe(w, index, port), *answer = NULL;
    if (w->group[0] != '\0')
        json_object_object_add(body, "os:scheduler_hints",
                               weiss_json_wrap("group", json_object_new_string(w->group)));
    int code = weiss_cloud_ask(w->cloud, "compute", "POST", "/servers", body, &answer, fault);
    const char *id = weiss_json_text(weiss_json_get(answer, "server"), "id");
    if (code == 0 && !weiss_cloud_is_dry(w->cloud) && strlen(id) != sizeof m->server - 1)
        code = weiss_fault_set(fault, WEISS_ERR_PEER, "Nova makes an instance but does not give its UUID");
    snprintf(m->server, sizeof m->server, "%s", id);
    json_object_put(body);
    json_object_put(answer);
    return code;
}

/** Gives a machine an address of the outer network. */
static int make_floating(work *w, int index, const char *port, weiss_fault *fault)
{
    weiss_cloud_machine *m = &w->machines->machine[index];
    char id[WEISS_CLOUD_ID];
    json_object *o = json_object_new_object(), *one = NULL;
    if (w->plan->floating[0] == '\0') {
        json_object_put(o);
        strcpy(m->address, m->inner);
        return 0;
    }
    weiss_json_add(o, "floating_network_id", w->floating);
    weiss_json_add(o, "port_id", port);
    weiss_json_add(o, "description", w->machines->prefix);
    WEISS_FAULT_TRY(weiss_cloud_make(w->cloud, &weiss_kind_floating, o, id, &one, fault));
    bool right =
        weiss_cloud_is_dry(w->cloud) || take_address(weiss_json_text(one, "floating_ip_address"), m->address);
    json_object_put(one);
    return right ? 0
                 : weiss_fault_set(fault, WEISS_ERR_PEER,
                                   "the network \"%s\" gives no floating address of IPv4", w->plan->floating);
}

/** Number of a host that Nova names. */
static int number_of(work *w, const char *host)
{
    int i = 0;
    while (i < WEISS_CLOUD_VMS - 1 && w->hosts[i][0] != '\0' && strcmp(w->hosts[i], host) != 0)
        i++;
    snprintf(w->hosts[i], sizeof w->hosts[i], "%s", host);
    return i;
}

/** Looks at an instance. @param[out] active  it is up */
static int look(work *w, int index, bool *active, weiss_fault *fault)
{
    char path[64], why[400], state[32];
    weiss_cloud_machine *m = &w->machines->machine[index];
    json_object *answer = NULL;
    snprintf(path, sizeof path, "/servers/%s", m->server);
    WEISS_FAULT_TRY(weiss_cloud_ask(w->cloud, "compute", "GET", path, NULL, &answer, fault));
    json_object *server = weiss_json_get(answer, "server");
    snprintf(state, sizeof state, "%s", weiss_json_text(server, "status"));
    weiss_json_show(weiss_json_text(weiss_json_get(server, "fault"), "message"), why, sizeof why);
    *active = strcmp(state, "ACTIVE") == 0;
    if (*active)
        m->host = number_of(w, weiss_json_text(server, "hostId"));
    json_object_put(answer);
    if (strcmp(state, "ERROR") != 0)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_PEER, "Nova cannot start vm%d (instance %s): %s", index + 1,
                           m->server, why[0] != '\0' ? why : "it gives no reason");
}

static int wait_until_active(work *w, weiss_fault *fault)
{
    time_t end = time(NULL) + BUILD;
    for (int i = 0; i < w->machines->vms;) {
        bool active = false;
        WEISS_FAULT_TRY(look(w, i, &active, fault));
        if (active) {
            weiss_lab_say(w->watch, "vm%d is instance %s", i + 1, w->machines->machine[i].server);
            i++;
        } else if (time(NULL) > end) {
            return weiss_fault_set(fault, WEISS_ERR_PEER, "vm%d (instance %s) is not ACTIVE after %d s",
                                   i + 1, w->machines->machine[i].server, BUILD);
        } else {
            usleep(1000000);
        }
        if (w->watch->stop != NULL && *w->watch->stop != 0)
            return WEISS_STOPPED;
    }
    return 0;
}

int weiss_cloud_machines_make(weiss_cloud *cloud, const weiss_cloud_plan *plan, const char *key,
                              const weiss_lab_watch *watch, weiss_cloud_machines *machines,
                              weiss_fault *fault)
{
    work *w = calloc(1, sizeof *w);
    char port[WEISS_CLOUD_ID];
    if (w == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    *w = (work){.cloud = cloud, .plan = plan, .watch = watch, .machines = machines};
    int code = find_parts(w, fault);
    code = code != 0 ? code : make_key(w, key, fault);
    code = code != 0 ? code : make_group(w, fault);
    code = code != 0 ? code : make_security(w, fault);
    for (int i = 0; code == 0 && i < machines->vms; i++) {
        code = make_port(w, i, port, fault);
        code = code != 0 ? code : make_server(w, i, port, fault);
        code = code != 0 ? code : make_floating(w, i, port, fault);
    }
    if (code == 0 && !weiss_cloud_is_dry(cloud))
        code = wait_until_active(w, fault);
    free(w);
    return code;
}

int weiss_cloud_console(weiss_cloud *cloud, const char *server, int lines, char **text, weiss_fault *fault)
{
    char path[64];
    json_object *answer = NULL, *what = json_object_new_object(),
                *body = weiss_json_wrap("os-getConsoleOutput", what);
    if (lines > 0)
        json_object_object_add(what, "length", json_object_new_int(lines));
    snprintf(path, sizeof path, "/servers/%s/action", server);
    int code = weiss_cloud_ask(cloud, "compute", "POST", path, body, &answer, fault);
    *text = code == 0 ? strdup(weiss_json_text(answer, "output")) : NULL;
    if (code == 0 && *text == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    json_object_put(body);
    json_object_put(answer);
    return code;
}

char *weiss_cloud_machine_console(weiss_cloud *cloud, const char *server, char *out, size_t size)
{
    char *text = NULL;
    weiss_cloud_console(cloud, server, 6, &text, NULL);
    weiss_json_show(text != NULL ? text : "", out, size);
    free(text);
    return out;
}

int weiss_cloud_machine_state(weiss_cloud *cloud, const char *server, char state[32], weiss_fault *fault)
{
    char path[64];
    json_object *answer = NULL;
    snprintf(path, sizeof path, "/servers/%s", server);
    WEISS_FAULT_TRY(weiss_cloud_ask(cloud, "compute", "GET", path, NULL, &answer, fault));
    weiss_json_show(weiss_json_text(weiss_json_get(answer, "server"), "status"), state, 32);
    json_object_put(answer);
    return 0;
}
