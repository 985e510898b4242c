/* What a cluster file says of instances of a cloud. */
#include "weiss/cluster/file-private.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const weiss_key package_element[] = {{.name = "", .kind = WEISS_KIND_TEXT}, {0}};

const weiss_key weiss_cluster_cloud_keys[] = {
    {.name = "cloud",
     .kind = WEISS_KIND_TEXT,
     .fallback = "environment",
     .help = "Cloud of clouds.yaml; environment: OS_CLOUD, else OS_*"},
    {.name = "image",
     .kind = WEISS_KIND_TEXT,
     .required = true,
     .example = "weiss",
     .help = "Name or id of the image"},
    {.name = "flavor",
     .kind = WEISS_KIND_TEXT,
     .required = true,
     .example = "weiss.small",
     .help = "Name or id of the flavor"},
    {.name = "network",
     .kind = WEISS_KIND_TEXT,
     .required = true,
     .example = "private",
     .help = "Name or id of the network between the machines"},
    {.name = "vms",
     .kind = WEISS_KIND_INTEGER,
     .fallback = "2",
     .min = 1,
     .max = WEISS_CLOUD_VMS,
     .help = "Number of machines; they are called vm1, vm2, ..."},
    {.name = "group",
     .kind = WEISS_KIND_CHOICE,
     .choices = "affinity soft-affinity anti-affinity soft-anti-affinity off",
     .fallback = "affinity",
     .help = "Server group: affinity puts all on one host, soft-affinity as many as it can; off: none"},
    {.name = "shared",
     .kind = WEISS_KIND_CHOICE,
     .choices = "required wanted off",
     .fallback = "wanted",
     .help =
         "Memory that the machines share: required: an error without; wanted: it is said; off: nobody looks"},
    {.name = "floating",
     .kind = WEISS_KIND_TEXT,
     .fallback = "off",
     .help = "External network of floating addresses; off: the machines are reached at their own"},
    {.name = "security",
     .kind = WEISS_KIND_TEXT,
     .fallback = "own",
     .help = "Security group; own: one that lets in ssh, and all from each other"},
    {.name = "zone", .kind = WEISS_KIND_TEXT, .fallback = "any", .help = "Availability zone"},
    {.name = "packages",
     .kind = WEISS_KIND_LIST,
     .members = package_element,
     .fallback = "[]",
     .help = "Packages of Debian that the machines install at their first start"},
    {0},
};

/** Copies a name of something in a cloud; @p none stands for none. */
static int take_word(weiss_context *ctx, const weiss_value *map, const char *key, const char *none, char *out,
                     size_t size)
{
    const weiss_value *value = weiss_value_get(map, key);
    bool empty = none != NULL && strcmp(value->text, none) == 0;
    size_t length = strlen(value->text);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)value->text[i] < ' ')
            return weiss_fail_at(ctx, value, "expected a name without control characters");
    if (length == 0 || length >= size)
        return weiss_fail_at(ctx, value, "expected a name of 1 to %zu characters, found %zu", size - 1,
                             length);
    snprintf(out, size, "%s", empty ? "" : value->text);
    return 0;
}

static int take_packages(weiss_context *ctx, const weiss_value *list, char *out, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.:";
    char shown[WEISS_TEXT_SHOWN];
    size_t used = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->items[i]->text;
        size_t length = strlen(name);
        if (length == 0 || strspn(name, letters) != length || used + length + 2 > size)
            return weiss_fail_at(ctx, list->items[i],
                                 "expected names of packages, %zu characters at most, found \"%s\"", size,
                                 weiss_text_show(name, shown));
        used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "", name);
    }
    return 0;
}

int weiss_cluster_file_take_cloud(weiss_context *ctx, const weiss_value *root, const weiss_value *map,
                                  weiss_cluster_plan *plan)
{
    static const char *const others[] = {"link",  "vcpus", "memory", "ivshmem",  "region",
                                         "accel", "pin",   "numa",   "hugepages"};
    weiss_cloud_plan *p = &plan->openstack;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (weiss_value_given(root, others[i]))
            return weiss_fail_at(
                ctx, weiss_value_get(root, others[i]),
                "belongs to servers; of instances the flavor says it (weiss openstack flavors)");
    WEISS_TRY(take_word(ctx, map, "cloud", "environment", p->cloud, sizeof p->cloud));
    WEISS_TRY(take_word(ctx, map, "image", NULL, p->image, sizeof p->image));
    WEISS_TRY(take_word(ctx, map, "flavor", NULL, p->flavor, sizeof p->flavor));
    WEISS_TRY(take_word(ctx, map, "network", NULL, p->network, sizeof p->network));
    WEISS_TRY(take_word(ctx, map, "floating", "off", p->floating, sizeof p->floating));
    WEISS_TRY(take_word(ctx, map, "security", "own", p->security, sizeof p->security));
    WEISS_TRY(take_word(ctx, map, "zone", "any", p->zone, sizeof p->zone));
    WEISS_TRY(take_word(ctx, map, "group", "off", p->group, sizeof p->group));
    WEISS_TRY(take_packages(ctx, weiss_value_get(map, "packages"), p->packages, sizeof p->packages));
    if (strpbrk(p->cloud, " \t") != NULL)
        return weiss_fail_at(ctx, weiss_value_get(map, "cloud"), "expected a name without blanks");
    p->shared =
        (weiss_cloud_shared)weiss_cluster_file_choice("required wanted off", weiss_value_text(map, "shared"));
    plan->vms = (int)weiss_value_integer(map, "vms");
    return 0;
}
