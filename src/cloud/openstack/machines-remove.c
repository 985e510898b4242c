#include "cloud/openstack/json.h"
#include "cloud/openstack/machines.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/** Seconds that instances get to be gone. */
#define GONE 300
#define MOST 256

/** Those of a kind that are the cluster's. */
typedef struct own {
    const char *prefix;
    const char *key; /**< where the name is */
    int n;
    char id[MOST][WEISS_CLOUD_ID];
} own;

static int collect(void *data, json_object *one)
{
    own *o = data;
    size_t length = strlen(o->prefix);
    const char *name = weiss_json_text(one, o->key);
    if (o->n < MOST && strncmp(name, o->prefix, length) == 0 && (name[length] == '\0' || name[length] == '-'))
        snprintf(o->id[o->n++], WEISS_CLOUD_ID, "%s", weiss_json_text(one, "id"));
    return 0;
}

/** Removes all of a kind. @param[out] found  how many there were; may be NULL */
static int remove_kind(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *key, const char *prefix,
                       int *found, weiss_fault *fault)
{
    own o = {.prefix = prefix, .key = key};
    WEISS_FAULT_TRY(weiss_cloud_each(cloud, kind, "", collect, &o, fault));
    for (int i = 0; i < o.n; i++)
        WEISS_FAULT_TRY(weiss_cloud_remove(cloud, kind, o.id[i], fault));
    if (found != NULL)
        *found = o.n;
    return 0;
}

static int remove_servers(weiss_cloud *cloud, const char *prefix, const weiss_lab_watch *watch,
                          weiss_fault *fault)
{
    time_t end = time(NULL) + GONE;
    int found = 0, told = 0;
    for (;;) {
        WEISS_FAULT_TRY(remove_kind(cloud, &weiss_kind_server, "name", prefix, &found, fault));
        if (found == 0)
            return 0;
        if (!told++)
            weiss_lab_say(watch, "removing %d instance%s", found, found > 1 ? "s" : "");
        if (time(NULL) > end)
            return weiss_fault_set(
                fault, WEISS_ERR_PEER,
                "of the instances %s-... %d are not gone after %d s: look into the log of nova-compute",
                prefix, found, GONE);
        usleep(1000000);
    }
}

/** Neutron without the extension for routers has no floating addresses, and says 404. */
static int remove_floating(weiss_cloud *cloud, const char *prefix, weiss_fault *fault)
{
    weiss_fault failure;
    weiss_fault_clear(&failure);
    int code = remove_kind(cloud, &weiss_kind_floating, "description", prefix, NULL, &failure);
    return code == 0 || code == WEISS_ERR_FILE ? 0
           : failure.code != 0                 ? weiss_fault_set(fault, failure.code, "%s", failure.text)
                                               : code;
}

int weiss_cloud_machines_remove(weiss_cloud *cloud, const weiss_cloud_machines *machines,
                                const weiss_lab_watch *watch, weiss_fault *fault)
{
    const char *prefix = machines->prefix;
    WEISS_FAULT_TRY(remove_servers(cloud, prefix, watch, fault));
    WEISS_FAULT_TRY(remove_floating(cloud, prefix, fault));
    WEISS_FAULT_TRY(remove_kind(cloud, &weiss_kind_port, "name", prefix, NULL, fault));
    WEISS_FAULT_TRY(remove_kind(cloud, &weiss_kind_security, "name", prefix, NULL, fault));
    WEISS_FAULT_TRY(remove_kind(cloud, &weiss_kind_group, "name", prefix, NULL, fault));
    return weiss_cloud_remove(cloud, &weiss_kind_keypair, prefix, fault);
}
