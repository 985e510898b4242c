#include "cloud/openstack/flavor.h"

#include "base/text.h"
#include "cloud/openstack/json.h"
#include "cloud/openstack/resources.h"

#include <string.h>

/** Extra specs that a flavor has because of its values, and no others of these names. */
#define SPECS 4
typedef struct specs {
    const char *key[SPECS];
    char value[SPECS][24]; /**< "": it is not to be there */
} specs;

static specs specs_of(const weiss_flavor *f)
{
    specs s = {.key = {"hw:cpu_policy", "hw:numa_nodes", "hw:mem_page_size", "weiss:shmem_mib"}};
    strcpy(s.value[0], f->dedicated ? "dedicated" : "");
    if (f->numa > 0)
        snprintf(s.value[1], sizeof s.value[1], "%d", f->numa);
    strcpy(s.value[2], f->hugepages ? "large" : "");
    if (f->region > 0)
        snprintf(s.value[3], sizeof s.value[3], "%d", f->region);
    return s;
}

/** Adds "KEY is A, not B". */
static void differ(char *text, size_t size, const char *key, const char *is, const char *wanted)
{
    char shown[WEISS_TEXT_SHOWN];
    size_t used = strlen(text);
    if (strcmp(is, wanted) == 0 || used + 40 > size)
        return;
    snprintf(text + used, size - used, "%s%s is %.40s, not %s", used > 0 ? "; " : "", key,
             is[0] != '\0' ? weiss_text_show(is, shown) : "not set", wanted[0] != '\0' ? wanted : "unset");
}

static void differ_number(char *text, size_t size, const char *key, json_object *flavor, int wanted)
{
    char is[24], want[24];
    snprintf(is, sizeof is, "%lld", (long long)json_object_get_int64(weiss_json_get(flavor, key)));
    snprintf(want, sizeof want, "%d", wanted);
    differ(text, size, key, is, want);
}

/** Compares a flavor that is there with what is wished. */
static int check(const weiss_flavor *wished, json_object *flavor, weiss_fault *fault)
{
    char text[500] = "", name[WEISS_TEXT_SHOWN];
    const specs s = specs_of(wished);
    differ_number(text, sizeof text, "vcpus", flavor, wished->vcpus);
    differ_number(text, sizeof text, "ram", flavor, wished->memory);
    differ_number(text, sizeof text, "disk", flavor, wished->disk);
    for (int i = 0; i < SPECS; i++)
        differ(text, sizeof text, s.key[i], weiss_json_text(weiss_json_get(flavor, "extra_specs"), s.key[i]),
               s.value[i]);
    if (text[0] == '\0')
        return 0;
    weiss_text_show(wished->name, name);
    return weiss_fault_set(
        fault, WEISS_ERR_USAGE,
        "the flavor \"%s\" is there with other values: %s; take another --name, or remove it "
        "(weiss openstack flavors --remove --name %s)",
        name, text, name);
}

static json_object *body_of(const weiss_flavor *f)
{
    json_object *o = json_object_new_object();
    weiss_json_add(o, "name", f->name);
    json_object_object_add(o, "vcpus", json_object_new_int(f->vcpus));
    json_object_object_add(o, "ram", json_object_new_int(f->memory));
    json_object_object_add(o, "disk", json_object_new_int(f->disk));
    json_object_object_add(o, "os-flavor-access:is_public", json_object_new_boolean(true));
    return o;
}

/** Gives a new flavor its extra specs; without them it is removed. */
static int add_specs(weiss_cloud *cloud, const weiss_flavor *f, const char *id, weiss_fault *fault)
{
    char path[WEISS_CLOUD_ID + 32];
    const specs s = specs_of(f);
    json_object *all = json_object_new_object();
    for (int i = 0; i < SPECS; i++)
        weiss_json_add(all, s.key[i], s.value[i]);
    snprintf(path, sizeof path, "/flavors/%s/os-extra_specs", id);
    json_object *body = weiss_json_wrap("extra_specs", all);
    int code = json_object_object_length(all) == 0
                   ? 0
                   : weiss_cloud_ask(cloud, "compute", "POST", path, body, NULL, fault);
    json_object_put(body);
    if (code != 0) {
        weiss_cloud_heed(cloud, NULL);
        weiss_cloud_remove(cloud, &weiss_kind_flavor, id, NULL);
    }
    return code;
}

int weiss_flavor_make(weiss_cloud *cloud, const weiss_flavor *flavor, bool *already, weiss_fault *fault)
{
    char id[WEISS_CLOUD_ID];
    json_object *there = NULL;
    WEISS_FAULT_TRY(weiss_cloud_find(cloud, &weiss_kind_flavor, flavor->name, &there, fault));
    *already = there != NULL;
    if (*already) {
        int code = check(flavor, there, fault);
        json_object_put(there);
        return code;
    }
    WEISS_FAULT_TRY(weiss_cloud_make(cloud, &weiss_kind_flavor, body_of(flavor), id, NULL, fault));
    return add_specs(cloud, flavor, id, fault);
}

int weiss_flavor_remove(weiss_cloud *cloud, const char *name, bool *there, weiss_fault *fault)
{
    json_object *flavor = NULL;
    if (weiss_cloud_is_dry(cloud)) {
        char id[WEISS_CLOUD_ID];
        *there = true;
        WEISS_FAULT_TRY(weiss_cloud_need(cloud, &weiss_kind_flavor, name, id, NULL, fault));
        return weiss_cloud_remove(cloud, &weiss_kind_flavor, id, fault);
    }
    WEISS_FAULT_TRY(weiss_cloud_find(cloud, &weiss_kind_flavor, name, &flavor, fault));
    *there = flavor != NULL;
    int code = flavor == NULL
                   ? 0
                   : weiss_cloud_remove(cloud, &weiss_kind_flavor, weiss_json_text(flavor, "id"), fault);
    json_object_put(flavor);
    return code;
}
