/* Mappings: no key twice, and merge keys. */
#include "base/text.h"
#include "problem/yaml.h"

#include <stdlib.h>
#include <string.h>

/* An entry and its rank: where two have the same key, the lower rank counts. */
typedef struct ranked {
    weiss_yaml_entry entry;
    size_t rank;
    bool dropped;
} ranked;

typedef struct settling {
    weiss_context *ctx;
    const char *file, *place;
    ranked *list;
    size_t count, capacity;
    int64_t *nodes;
} settling;

static int fail(const settling *s, int line, const char *text)
{
    return weiss_fail(s->ctx, WEISS_ERR_SYNTAX, "%s:%d: %s%s%s", s->file, line, s->place,
                      s->place[0] != '\0' ? ": " : "", text);
}

static bool is_merge(const weiss_yaml_entry *entry)
{
    return !entry->merged && strcmp(entry->key, "<<") == 0;
}

static int add(settling *s, weiss_yaml_entry entry)
{
    WEISS_TRY(weiss_grow(s->ctx, &s->list, &s->capacity, s->count + 1, sizeof *s->list));
    s->list[s->count] = (ranked){entry, s->count, false};
    s->count++;
    return 0;
}

static int add_merged(settling *s, int line, const weiss_yaml_node *from)
{
    if (from->kind != WEISS_YAML_MAPPING)
        return fail(s, line, "the merge key << expects a mapping, or a list of mappings");
    for (size_t i = 0; i < from->count; i++) {
        weiss_yaml_entry entry = from->entries[i];
        entry.merged = true;
        *s->nodes += 1 + entry.value->weight;
        if (*s->nodes > WEISS_YAML_MAX_NODES)
            return weiss_fail(s->ctx, WEISS_ERR_SYNTAX,
                              "%s:%d: more than %d values, counting what aliases and merge keys stand for",
                              s->file, line, WEISS_YAML_MAX_NODES);
        WEISS_TRY(add(s, entry));
    }
    return 0;
}

static int gather(settling *s, const weiss_yaml_node *mapping)
{
    for (size_t i = 0; i < mapping->count; i++)
        if (!is_merge(&mapping->entries[i]))
            WEISS_TRY(add(s, mapping->entries[i]));
    for (size_t i = 0; i < mapping->count; i++) {
        const weiss_yaml_entry *entry = &mapping->entries[i];
        if (!is_merge(entry))
            continue;
        if (entry->value->kind != WEISS_YAML_SEQUENCE) {
            WEISS_TRY(add_merged(s, entry->line, entry->value));
            continue;
        }
        for (size_t j = 0; j < entry->value->count; j++)
            WEISS_TRY(add_merged(s, entry->line, entry->value->items[j]));
    }
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    int order = strcmp(x->entry.key, y->entry.key);
    return order != 0 ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

static int by_rank(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static int drop_repeated(settling *s)
{
    const ranked *duplicate = NULL;
    int first_line = 0;
    if (s->count == 0)
        return 0;
    qsort(s->list, s->count, sizeof *s->list, by_key);
    for (size_t i = 1; i < s->count; i++) {
        ranked *one = &s->list[i];
        if (strcmp(one->entry.key, s->list[i - 1].entry.key) != 0)
            continue;
        one->dropped = true;
        if (!one->entry.merged && (duplicate == NULL || one->rank < duplicate->rank)) {
            duplicate = one;
            first_line = s->list[i - 1].entry.line;
        }
    }
    if (duplicate != NULL) {
        char shown[WEISS_TEXT_SHOWN];
        return weiss_fail(s->ctx, WEISS_ERR_SYNTAX, "%s:%d: %s%s%s: the key is given twice, first in line %d",
                          s->file, duplicate->entry.line, s->place, s->place[0] != '\0' ? "." : "",
                          weiss_text_show(duplicate->entry.key, shown), first_line);
    }
    qsort(s->list, s->count, sizeof *s->list, by_rank);
    return 0;
}

static int replace_entries(settling *s, weiss_yaml_node *mapping)
{
    WEISS_TRY(weiss_grow(s->ctx, &mapping->entries, &mapping->capacity, s->count, sizeof *mapping->entries));
    mapping->count = 0;
    mapping->weight = 1;
    mapping->depth = 1;
    for (size_t i = 0; i < s->count; i++) {
        const weiss_yaml_entry *entry = &s->list[i].entry;
        if (s->list[i].dropped)
            continue;
        mapping->entries[mapping->count++] = *entry;
        mapping->weight += 1 + entry->value->weight;
        if (mapping->depth < entry->value->depth + 1)
            mapping->depth = entry->value->depth + 1;
    }
    return 0;
}

int weiss_yaml_settle_mapping(weiss_context *ctx, const char *file, const char *place,
                              weiss_yaml_node *mapping, int64_t *nodes)
{
    settling s = {.ctx = ctx, .file = file, .place = place, .nodes = nodes};
    int code = 0, merges = 0;
    if (mapping->count == 0)
        return 0;
    for (size_t i = 0; i < mapping->count; i++)
        if (is_merge(&mapping->entries[i]) && ++merges > 1) {
            code = fail(&s, mapping->entries[i].line, "the merge key << is given twice, use one with a list");
            goto out;
        }
    WEISS_TRY_OUT(code, gather(&s, mapping));
    WEISS_TRY_OUT(code, drop_repeated(&s));
    WEISS_TRY_OUT(code, replace_entries(&s, mapping));
out:
    free(s.list);
    return code;
}
