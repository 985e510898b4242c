#include "weiss/cluster/file.h"

#include "base/bytes.h"
#include "base/text.h"
#include "weiss/cluster/file-private.h"
#include "weiss/command.h"
#include "weiss/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const weiss_key server_keys[] = {
    {.name = "name", .kind = WEISS_KIND_TEXT, .fallback = "here", .help = "Small letters, digits and -"},
    {.name = "uri",
     .kind = WEISS_KIND_TEXT,
     .required = true,
     .example = "qemu",
     .help = "qemu: QEMU as the calling user; qemu:///system, qemu:///session: libvirt; on this machine"},
    {.name = "vms",
     .kind = WEISS_KIND_INTEGER,
     .fallback = "2",
     .min = 1,
     .max = WEISS_LAB_VMS_MAX,
     .help = "Number of machines; they are called vm1, vm2, ..."},
    {0},
};

static const weiss_key server_element[] = {{.name = "", .kind = WEISS_KIND_MAP, .members = server_keys}, {0}};

static const weiss_key pin_element[] = {{.name = "", .kind = WEISS_KIND_TEXT}, {0}};

static const weiss_key cluster_keys[] = {
    {.name = "name",
     .kind = WEISS_KIND_TEXT,
     .required = true,
     .example = "laptop",
     .help = "Name of the cluster: a small letter, then small letters, digits and -, 20 at most"},
    {.name = "servers",
     .kind = WEISS_KIND_LIST,
     .members = server_element,
     .alternative = true,
     .help = "Where the machines run: one server, or two for trials of what runs between servers"},
    {.name = "openstack",
     .kind = WEISS_KIND_MAP,
     .members = weiss_cluster_cloud_keys,
     .alternative = true,
     .help = "The machines are instances of an OpenStack cloud; their flavor says what they have"},
    {.name = "link",
     .kind = WEISS_KIND_TEXT,
     .fallback = "fast",
     .help = "Wire between two servers, such as 1Gb/s,50us: rate, delay, MTU; fast: as fast as it goes"},
    {.name = "vcpus",
     .kind = WEISS_KIND_INTEGER,
     .fallback = "1",
     .min = 1,
     .max = 64,
     .help = "Processors of each machine"},
    {.name = "memory", .kind = WEISS_KIND_TEXT, .fallback = "512 MiB", .help = "Memory of each machine"},
    {.name = "ivshmem",
     .kind = WEISS_KIND_CHOICE,
     .choices = "none plain doorbell",
     .fallback = "plain",
     .help = "How the machines see the memory that they share"},
    {.name = "region",
     .kind = WEISS_KIND_TEXT,
     .fallback = "64 MiB",
     .help = "Size of the memory that they share, a power of two"},
    {.name = "accel",
     .kind = WEISS_KIND_CHOICE,
     .choices = "auto kvm tcg",
     .fallback = "auto",
     .help = "auto: KVM when a guest comes up under it, else emulation (tcg)"},
    {.name = "pin",
     .kind = WEISS_KIND_LIST,
     .members = pin_element,
     .fallback = "off",
     .help =
         "Processors for the vCPUs of vm1, vm2, ...; what is left over is for QEMU's other threads. auto: "
         "free ones; off"},
    {.name = "numa",
     .kind = WEISS_KIND_TEXT,
     .fallback = "off",
     .help = "NUMA node of memory and processors"},
    {.name = "hugepages",
     .kind = WEISS_KIND_TEXT,
     .fallback = "off",
     .help = "Size of the huge pages that the memory is made of, such as 2 MiB"},
    {0},
};

int weiss_cluster_file_choice(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (int i = 0;; i++) {
        size_t next = strcspn(words, " ");
        if (next == length && strncmp(words, word, length) == 0)
            return i;
        if (words[next] == '\0')
            return -1;
        words += next + 1;
    }
}

static int take_bytes(weiss_context *ctx, const weiss_value *root, const char *key, int64_t *bytes)
{
    char shown[WEISS_TEXT_SHOWN];
    const weiss_value *value = weiss_value_get(root, key);
    if (weiss_bytes_parse(value->text, bytes))
        return 0;
    return weiss_fail_at(ctx, value,
                         "expected a size with its unit (B, KiB, MiB, GiB or TiB) such as \"64 MiB\", "
                         "found \"%s\"",
                         weiss_text_show(value->text, shown));
}

static int take_name(weiss_context *ctx, const weiss_value *map, char name[WEISS_CLUSTER_NAME + 1])
{
    char shown[WEISS_TEXT_SHOWN];
    const weiss_value *value = weiss_value_get(map, "name");
    if (!weiss_cluster_name_is_valid(value->text))
        return weiss_fail_at(
            ctx, value, "expected a small letter, then small letters, digits and -, %d at most, found \"%s\"",
            WEISS_CLUSTER_NAME, weiss_text_show(value->text, shown));
    snprintf(name, WEISS_CLUSTER_NAME + 1, "%.20s", value->text);
    return 0;
}

/** QEMU as the calling user, or one of libvirt's. */
static int take_uri(weiss_context *ctx, const weiss_value *uri, weiss_cluster_plan *plan)
{
    weiss_fault fault = {0};
    if (strcmp(uri->text, "qemu") == 0)
        return 0;
    if (weiss_domains_check_uri(uri->text, &fault) != 0)
        return weiss_fail_at(ctx, uri, "%s", fault.text);
    snprintf(plan->uri, sizeof plan->uri, "%s", uri->text);
    return 0;
}

/** Reads a whole number that is not negative. */
static bool parse_number(const char *text, int most, int *number)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || n > most)
        return false;
    *number = (int)n;
    return true;
}

static int take_pins(weiss_context *ctx, const weiss_value *pins, weiss_wishes *wishes)
{
    char shown[WEISS_TEXT_SHOWN];
    const char *first = pins->count == 1 ? pins->items[0]->text : "";
    wishes->pin = strcmp(first, "off") == 0    ? WEISS_PIN_OFF
                  : strcmp(first, "auto") == 0 ? WEISS_PIN_AUTO
                                               : WEISS_PIN_LIST;
    if (wishes->pin != WEISS_PIN_LIST)
        return 0;
    if (pins->count > WEISS_PINS_MAX)
        return weiss_fail_at(ctx, pins, "expected at most %d processors, found %zu", WEISS_PINS_MAX,
                             pins->count);
    for (size_t i = 0; i < pins->count; i++)
        if (!parse_number(pins->items[i]->text, 65535, &wishes->cpu[wishes->cpus++]))
            return weiss_fail_at(ctx, pins->items[i],
                                 "expected off, auto, or a list of processors such as [2, 3], found \"%s\"",
                                 weiss_text_show(pins->items[i]->text, shown));
    return 0;
}

/** What the machines are to have of this one. */
static int take_wishes(weiss_context *ctx, const weiss_value *root, weiss_wishes *wishes)
{
    char shown[WEISS_TEXT_SHOWN];
    const weiss_value *node = weiss_value_get(root, "numa"), *pages = weiss_value_get(root, "hugepages");
    *wishes = weiss_wishes_none();
    WEISS_TRY(take_pins(ctx, weiss_value_get(root, "pin"), wishes));
    if (strcmp(node->text, "off") != 0 && !parse_number(node->text, 1023, &wishes->node))
        return weiss_fail_at(ctx, node, "expected off or the number of a NUMA node, found \"%s\"",
                             weiss_text_show(node->text, shown));
    return strcmp(pages->text, "off") == 0 ? 0 : take_bytes(ctx, root, "hugepages", &wishes->page);
}

/** Two servers are two network namespaces of this machine. */
static int check_servers(weiss_context *ctx, const weiss_value *servers, const weiss_cluster_plan *plan)
{
    const weiss_value *const *server = (const weiss_value *const *)servers->items;
    if (plan->uri[0] != '\0')
        return weiss_fail_at(ctx, servers, "two servers are for trials on this machine: both need uri: qemu");
    if (strcmp(plan->server[0], plan->server[1]) == 0)
        return weiss_fail_at(ctx, weiss_value_get(server[1], "name"),
                             "expected another name than that of the first server, found \"%s\"",
                             plan->server[1]);
    if (weiss_value_integer(server[0], "vms") != weiss_value_integer(server[1], "vms") ||
        plan->vms > WEISS_LAB_VMS_MAX)
        return weiss_fail_at(ctx, servers, "two servers need the same number of machines, %d at most on each",
                             WEISS_LAB_VMS_MAX / WEISS_SERVERS);
    return 0;
}

/** The wire between two servers. */
static int take_link(weiss_context *ctx, const weiss_value *link, weiss_cluster_plan *plan)
{
    weiss_fault fault = {0};
    weiss_wire wire;
    if (strcmp(link->text, "fast") == 0)
        return 0;
    if (plan->servers == 1)
        return weiss_fail_at(ctx, link, "a link is between servers, and there is one");
    if (strlen(link->text) >= sizeof plan->link || weiss_wire_parse(link->text, &wire, &fault) != 0)
        return weiss_fail_at(ctx, link, "%s", fault.code != 0 ? fault.text : "it is too long");
    snprintf(plan->link, sizeof plan->link, "%s", link->text);
    return 0;
}

static int take_servers(weiss_context *ctx, const weiss_value *servers, weiss_cluster_plan *plan)
{
    if (servers->count < 1 || servers->count > WEISS_SERVERS)
        return weiss_fail_at(ctx, servers, "expected one server or two, found %zu", servers->count);
    for (size_t i = 0; i < servers->count; i++) {
        const weiss_value *server = servers->items[i], *uri = weiss_value_get(server, "uri");
        WEISS_TRY(take_name(ctx, server, plan->server[i]));
        WEISS_TRY(take_uri(ctx, uri, plan));
        plan->vms += (int)weiss_value_integer(server, "vms");
    }
    plan->servers = (int)servers->count;
    return plan->servers == 1 ? 0 : check_servers(ctx, servers, plan);
}

static int take(weiss_context *ctx, const weiss_value *root, weiss_cluster_plan *plan)
{
    int64_t memory;
    const weiss_value *cloud = weiss_value_get(root, "openstack");
    WEISS_TRY(take_name(ctx, root, plan->name));
    if (cloud != NULL)
        return weiss_cluster_file_take_cloud(ctx, root, cloud, plan);
    WEISS_TRY(take_servers(ctx, weiss_value_get(root, "servers"), plan));
    WEISS_TRY(take_link(ctx, weiss_value_get(root, "link"), plan));
    WEISS_TRY(take_bytes(ctx, root, "memory", &memory));
    WEISS_TRY(take_bytes(ctx, root, "region", &plan->region));
    if (memory < INT64_C(256) << 20 || memory > INT64_C(1) << 40 || memory % (1 << 20) != 0)
        return weiss_fail_at(ctx, weiss_value_get(root, "memory"),
                             "expected whole MiB, from 256 MiB to 1 TiB, found \"%s\"",
                             weiss_value_text(root, "memory"));
    if (plan->region < 4096 || (plan->region & (plan->region - 1)) != 0)
        return weiss_fail_at(ctx, weiss_value_get(root, "region"),
                             "expected a power of two of at least 4 KiB such as \"64 MiB\", found \"%s\"",
                             weiss_value_text(root, "region"));
    WEISS_TRY(take_wishes(ctx, root, &plan->wishes));
    plan->memory = (int)(memory >> 20);
    plan->vcpus = (int)weiss_value_integer(root, "vcpus");
    plan->ivshmem = (weiss_lab_ivshmem)weiss_cluster_file_choice("none plain doorbell",
                                                                 weiss_value_text(root, "ivshmem"));
    plan->accel = (weiss_lab_accel)weiss_cluster_file_choice("auto kvm tcg", weiss_value_text(root, "accel"));
    return 0;
}

int weiss_cluster_file_read(const char *path, weiss_cluster_plan *plan)
{
    weiss_session *session;
    weiss_value *root = NULL;
    char *text = NULL;
    size_t length;
    *plan = (weiss_cluster_plan){0};
    if (!weiss_start(&session))
        return WEISS_EXIT_ERROR;
    int code = weiss_schema_read_text(session->ctx, path, &text, &length);
    if (code == 0)
        code = weiss_schema_parse(session->ctx, path, text, length, cluster_keys, &root);
    if (code == 0)
        code = take(session->ctx, root, plan);
    weiss_value_destroy(root);
    free(text);
    return weiss_end(session, code);
}
