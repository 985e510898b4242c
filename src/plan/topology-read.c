/* The topology file: YAML by libyaml, each value checked where it stands. */
#include "plan/topology.h"

#include "base/text.h"
#include "base/units.h"
#include "plan/file.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define BYTES_MAX ((size_t)16 << 20)

typedef struct reader {
    const char *file;
    yaml_document_t *document;
    weiss_topology *topology;
    weiss_fault *fault;
} reader;

/** A node of the document and the words that lead to it. */
typedef struct spot {
    const yaml_node_t *node;
    char path[160];
} spot;

static int fail(const reader *r, const spot *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(const reader *r, const spot *at, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return weiss_fault_set(r->fault, WEISS_ERR_VALUE, "%s:%zu: %s%s%s", r->file,
                           at->node->start_mark.line + 1, at->path, at->path[0] != '\0' ? ": " : "", text);
}

/** "the list", "\"text\"": what was found, for a message. */
static const char *found(const yaml_node_t *node, char *shown)
{
    char text[WEISS_TEXT_SHOWN];
    if (node->type == YAML_SEQUENCE_NODE)
        return "a list";
    if (node->type == YAML_MAPPING_NODE)
        return "a mapping";
    if (node->data.scalar.length == 0)
        return "nothing";
    snprintf(shown, WEISS_TEXT_SHOWN + 2, "\"%s\"",
             weiss_text_show((const char *)node->data.scalar.value, text));
    return shown;
}

static const char *scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

/** Takes the values of @p keys (NULL-terminated) out of a mapping; absent ones get a NULL node. Refuses other keys. */
static int take(const reader *r, const spot *map, const char *const *keys, spot *value)
{
    char shown[WEISS_TEXT_SHOWN + 2], name[WEISS_TEXT_SHOWN];
    if (map->node->type != YAML_MAPPING_NODE)
        return fail(r, map, "expected a mapping, found %s", found(map->node, shown));
    for (int k = 0; keys[k] != NULL; k++)
        value[k].node = NULL;
    for (const yaml_node_pair_t *pair = map->node->data.mapping.pairs.start;
         pair < map->node->data.mapping.pairs.top; pair++) {
        spot key = {.node = yaml_document_get_node(r->document, pair->key)};
        const char *word = scalar(key.node);
        int k = 0;
        memcpy(key.path, map->path, sizeof key.path);
        if (word == NULL)
            return fail(r, &key, "expected a key that is a word, found %s", found(key.node, shown));
        weiss_nearest nearest = weiss_nearest_start(word);
        for (; keys[k] != NULL && strcmp(keys[k], word) != 0; k++)
            weiss_nearest_consider(&nearest, keys[k]);
        if (keys[k] == NULL)
            return fail(r, &key, "there is no key \"%s\" here%s%s%s", weiss_text_show(word, name),
                        nearest.best != NULL ? "; did you mean " : "",
                        nearest.best != NULL ? nearest.best : "", nearest.best != NULL ? "?" : "");
        if (value[k].node != NULL)
            return fail(r, &key, "the key \"%s\" stands here twice", word);
        value[k].node = yaml_document_get_node(r->document, pair->value);
        snprintf(value[k].path, sizeof value[k].path, "%.100s%s%s", map->path,
                 map->path[0] != '\0' ? "." : "", keys[k]);
    }
    return 0;
}

static int need(const reader *r, const spot *map, const spot *value, const char *key, const char *what)
{
    return value->node != NULL ? 0 : fail(r, map, "the key %s is missing: %s", key, what);
}

static int read_name(const reader *r, const spot *at, const char **name)
{
    char shown[WEISS_TEXT_SHOWN + 2];
    *name = scalar(at->node);
    if (*name == NULL || **name == '\0')
        return fail(r, at, "expected a name, found %s", found(at->node, shown));
    return 0;
}

/** Puts file, line and key before a fault that the topology's own functions stored. */
static int locate(const reader *r, const spot *at, int code)
{
    if (code != 0 && r->fault != NULL)
        weiss_fault_prefix(r->fault, "%s:%zu: %s", r->file, at->node->start_mark.line + 1, at->path);
    return code;
}

static int read_vm(const reader *r, const spot *at)
{
    static const char *const keys[] = {"name", "vcpus", NULL};
    char shown[WEISS_TEXT_SHOWN + 2], *end;
    const char *name;
    spot value[2];
    WEISS_FAULT_TRY(take(r, at, keys, value));
    WEISS_FAULT_TRY(need(r, at, &value[0], "name", "the name under which MPI reaches the VM"));
    WEISS_FAULT_TRY(need(r, at, &value[1], "vcpus", "the number of its virtual processors"));
    WEISS_FAULT_TRY(read_name(r, &value[0], &name));
    const char *text = scalar(value[1].node);
    long n = text != NULL ? strtol(text, &end, 10) : 0;
    if (text == NULL || *text < '0' || *text > '9' || *end != '\0' || n < 1 || n > WEISS_PLAN_VCPUS_MAX)
        return fail(r, &value[1], "expected a whole number from 1 to %d, found %s", WEISS_PLAN_VCPUS_MAX,
                    found(value[1].node, shown));
    return locate(r, &value[0], weiss_topology_add_vm(r->topology, name, (int)n, r->fault));
}

/** Calls @p each for the elements of a list that is not empty. */
static int read_list(const reader *r, const spot *list, int (*each)(const reader *r, const spot *at))
{
    char shown[WEISS_TEXT_SHOWN + 2];
    if (list->node->type != YAML_SEQUENCE_NODE)
        return fail(r, list, "expected a list, found %s", found(list->node, shown));
    const yaml_node_item_t *item = list->node->data.sequence.items.start;
    if (item == list->node->data.sequence.items.top)
        return fail(r, list, "expected at least one element, found an empty list");
    for (int i = 0; item < list->node->data.sequence.items.top; i++, item++) {
        spot at = {.node = yaml_document_get_node(r->document, *item)};
        snprintf(at.path, sizeof at.path, "%.120s[%d]", list->path, i);
        WEISS_FAULT_TRY(each(r, &at));
    }
    return 0;
}

static int read_server(const reader *r, const spot *at)
{
    static const char *const keys[] = {"name", "vms", NULL};
    const char *name;
    spot value[2];
    WEISS_FAULT_TRY(take(r, at, keys, value));
    WEISS_FAULT_TRY(need(r, at, &value[0], "name", "a word for messages and pictures"));
    WEISS_FAULT_TRY(need(r, at, &value[1], "vms", "the list of the server's virtual machines"));
    WEISS_FAULT_TRY(read_name(r, &value[0], &name));
    WEISS_FAULT_TRY(locate(r, &value[0], weiss_topology_add_server(r->topology, name, r->fault)));
    return read_list(r, &value[1], read_vm);
}

/** Bytes per second of "3 GB/s", "800 MiB/s", "10 Gb/s" (bits), or a bare number. @return false when it is none */
static bool parse_bandwidth(const char *text, double *out)
{
    static const struct {
        const char *name;
        double factor;
    } units[] = {{"", 1},         {"B/s", 1},        {"kB/s", 1e3},         {"MB/s", 1e6},
                 {"GB/s", 1e9},   {"KiB/s", 1024.0}, {"MiB/s", 1048576.0},  {"GiB/s", 1073741824.0},
                 {"Mb/s", 125e3}, {"Gb/s", 125e6},   {"Mbit/s", 1e6 / 8.0}, {"Gbit/s", 1e9 / 8.0}};
    char *end;
    if (strspn(text, "0123456789.") == 0)
        return false;
    double number = strtod(text, &end);
    end += strspn(end, " ");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        *out = number * units[i].factor;
        if (strcmp(end, units[i].name) == 0)
            return isfinite(*out) && *out >= 1.0;
    }
    return false;
}

static int read_speed(const reader *r, const spot *at, weiss_speed *speed)
{
    static const char *const keys[] = {"latency", "bandwidth", NULL};
    char shown[WEISS_TEXT_SHOWN + 2], why[256];
    spot value[2];
    WEISS_FAULT_TRY(take(r, at, keys, value));
    speed->known = true;
    if (value[0].node != NULL) {
        const char *text = scalar(value[0].node);
        if (text == NULL)
            return fail(r, &value[0], "expected a time such as \"2 us\", found %s",
                        found(value[0].node, shown));
        if (!weiss_parse_quantity(text, WEISS_TIME, &speed->latency, why, sizeof why))
            return fail(r, &value[0], "%s", why);
        if (!(speed->latency > 0.0 && speed->latency <= 10.0))
            return fail(r, &value[0], "expected a time above 0 and up to 10 s, found %s",
                        found(value[0].node, shown));
    }
    if (value[1].node != NULL) {
        const char *text = scalar(value[1].node);
        if (text == NULL || !parse_bandwidth(text, &speed->bandwidth))
            return fail(r, &value[1],
                        "expected bytes or bits per second such as \"3 GB/s\" or \"10 Gb/s\", found %s",
                        found(value[1].node, shown));
    }
    return 0;
}

static int read_levels(const reader *r, const spot *at)
{
    static const char *const keys[] = {"vm", "server", "network", NULL};
    spot value[WEISS_PLAN_LEVELS];
    WEISS_FAULT_TRY(take(r, at, keys, value));
    for (int l = 0; l < WEISS_PLAN_LEVELS; l++)
        if (value[l].node != NULL)
            WEISS_FAULT_TRY(read_speed(r, &value[l], &r->topology->speed[l]));
    return 0;
}

static int read_document(const reader *r)
{
    static const char *const keys[] = {"servers", "levels", NULL};
    spot value[2], root = {.node = yaml_document_get_root_node(r->document)};
    if (root.node == NULL)
        return weiss_fault_set(r->fault, WEISS_ERR_SYNTAX,
                               "%s:1: the file is empty, expected the keys servers and levels", r->file);
    WEISS_FAULT_TRY(take(r, &root, keys, value));
    WEISS_FAULT_TRY(need(r, &root, &value[0], "servers", "the list of servers"));
    WEISS_FAULT_TRY(read_list(r, &value[0], read_server));
    return value[1].node != NULL ? read_levels(r, &value[1]) : 0;
}

static int fail_yaml(const reader *r, const yaml_parser_t *parser)
{
    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_MEMORY_ERROR)
        return weiss_fault_set(r->fault, WEISS_ERR_MEMORY, "%s: out of memory while reading YAML", r->file);
    return weiss_fault_set(r->fault, WEISS_ERR_SYNTAX, "%s:%zu: not valid YAML: %s", r->file, line,
                           parser->problem != NULL ? parser->problem : "unknown problem");
}

int weiss_topology_parse(const char *file, const char *text, size_t length, weiss_topology *topology,
                         weiss_fault *fault)
{
    yaml_parser_t parser;
    yaml_document_t document;
    reader r = {file, &document, topology, fault};
    *topology = weiss_topology_start();
    if (!yaml_parser_initialize(&parser))
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "%s: out of memory while reading YAML", file);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    int code = yaml_parser_load(&parser, &document) ? 0 : fail_yaml(&r, &parser);
    if (code == 0) {
        code = read_document(&r);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    if (code != 0)
        weiss_topology_free(topology);
    return code;
}

int weiss_topology_read(const char *path, weiss_topology *topology, weiss_fault *fault)
{
    char *text;
    size_t length;
    *topology = weiss_topology_start();
    WEISS_FAULT_TRY(weiss_plan_read_file(path, BYTES_MAX, &text, &length, fault));
    int code = weiss_topology_parse(path, text, length, topology, fault);
    free(text);
    return code;
}
