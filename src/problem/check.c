/* Values with children: maps with their alternatives and defaults, lists, named elements. */
#include "problem/check.h"

#include "base/text.h"
#include "problem/place.h"

#include <stdlib.h>
#include <string.h>

/* Makes a value under @p parent, which has room for it. */
static int add_child(const weiss_checker *c, weiss_value *parent, const char *name, int line, weiss_kind kind,
                     weiss_value **out)
{
    char *copy;
    weiss_value *child;
    WEISS_TRY(weiss_check_copy(c, name, &copy));
    int code = WEISS_NEW(c->ctx, child, 1);
    if (code != 0) {
        free(copy);
        return code;
    }
    *child = (weiss_value){.kind = kind,
                           .name = copy,
                           .parent = parent,
                           .file = c->defaults ? "defaults" : c->file,
                           .line = c->defaults ? 0 : line,
                           .is_default = c->defaults};
    parent->items[parent->count++] = child;
    *out = child;
    return 0;
}

/* A collection is found where its key stands, a scalar where it stands itself. */
static int line_of(const weiss_yaml_entry *entry)
{
    return entry->value->kind == WEISS_YAML_SCALAR ? entry->value->line : entry->line;
}

static size_t table_length(const weiss_key *table)
{
    size_t n = 0;
    while (table != NULL && table[n].name != NULL)
        n++;
    return n;
}

static int refuse_unknown(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                          const weiss_value *value)
{
    for (size_t i = 0; i < node->count; i++) {
        const weiss_yaml_entry *entry = &node->entries[i];
        if (weiss_key_find(key->members, entry->key) != NULL)
            continue;
        weiss_nearest nearest = weiss_nearest_start(entry->key);
        for (const weiss_key *known = key->members; known != NULL && known->name != NULL; known++)
            weiss_nearest_consider(&nearest, known->name);
        weiss_place place = weiss_place_of(value);
        weiss_place_key(&place, entry->key);
        char names[WEISS_EXPECTED_SIZE];
        if (nearest.best != NULL)
            return weiss_fail(c->ctx, WEISS_ERR_VALUE, "%s:%d: %s: unknown key, did you mean \"%s\"?",
                              c->file, entry->line, place.text, nearest.best);
        return weiss_fail(c->ctx, WEISS_ERR_VALUE, "%s:%d: %s: unknown key, expected one of %s", c->file,
                          entry->line, place.text, weiss_key_names(key->members, names));
    }
    return 0;
}

/* Finds the alternative that is given, or else the one with a fallback; NULL when the map has no alternatives. */
static int choose(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                  const weiss_value *value, const weiss_key **chosen)
{
    const weiss_yaml_entry *first = NULL;
    const weiss_key *by_default = NULL;
    bool any = false;
    char names[WEISS_EXPECTED_SIZE];
    *chosen = NULL;
    for (const weiss_key *one = key->members; one != NULL && one->name != NULL; one++) {
        if (!one->alternative)
            continue;
        any = true;
        if (one->fallback != NULL)
            by_default = one;
        const weiss_yaml_entry *entry = weiss_yaml_find(node, one->name);
        if (entry == NULL)
            continue;
        if (first != NULL)
            return weiss_fail_at(
                c->ctx, value, "expected only one of %s, found %s (line %d) and %s (line %d)",
                weiss_key_alternatives(key, names), first->key, first->line, entry->key, entry->line);
        first = entry;
        *chosen = one;
    }
    if (*chosen == NULL)
        *chosen = by_default;
    if (any && *chosen == NULL)
        return weiss_fail_at(c->ctx, value, "expected one of %s, found none of them",
                             weiss_key_alternatives(key, names));
    return 0;
}

/* Fills @p value with the fallback of @p key. Most fallbacks are plain words and need no YAML parser. */
static int check_fallback(const weiss_checker *c, const weiss_key *key, weiss_value *value)
{
    weiss_yaml_document document = {0};
    int code = 0;
    if (key->fallback[0] != '\0' && strpbrk(key->fallback, "[]{}\"'#:&*!|>%@`,~") == NULL) {
        weiss_yaml_node word = {.kind = WEISS_YAML_SCALAR, .line = 1, .text = (char *)key->fallback};
        return weiss_check_value(c, &word, key, value);
    }
    WEISS_TRY_OUT(code, weiss_yaml_read(c->ctx, "defaults", key->fallback, strlen(key->fallback), &document));
    code = weiss_check_value(c, document.root, key, value);
out:
    weiss_yaml_free(&document);
    return code;
}

static int fail_missing(const weiss_checker *c, const weiss_key *key, const weiss_value *value)
{
    char expected[WEISS_EXPECTED_SIZE];
    return weiss_fail_at(c->ctx, value, "the key \"%s\" is missing, expected %s", key->name,
                         weiss_key_expected(key, expected));
}

static int check_members(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                         weiss_value *value)
{
    const weiss_key *chosen;
    weiss_value *child;
    weiss_checker filler = {.ctx = c->ctx, .file = c->file, .defaults = true};
    WEISS_TRY(refuse_unknown(c, node, key, value));
    WEISS_TRY(choose(c, node, key, value, &chosen));
    WEISS_TRY(WEISS_NEW(c->ctx, value->items, table_length(key->members)));
    for (const weiss_key *one = key->members; one != NULL && one->name != NULL; one++) {
        const weiss_yaml_entry *entry = weiss_yaml_find(node, one->name);
        if (entry != NULL) {
            WEISS_TRY(add_child(c, value, one->name, line_of(entry), one->kind, &child));
            child->alternative = one == chosen;
            WEISS_TRY(weiss_check_value(c, entry->value, one, child));
        } else if (one->fallback != NULL && (!one->alternative || one == chosen)) {
            WEISS_TRY(add_child(&filler, value, one->name, 0, one->kind, &child));
            child->alternative = one == chosen;
            WEISS_TRY(check_fallback(&filler, one, child));
        } else if (one->required && !one->alternative) {
            return fail_missing(c, one, value);
        }
    }
    return 0;
}

/* A word that is no mapping: says what it could have been. */
static int fail_word(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                     const weiss_value *value)
{
    char names[WEISS_EXPECTED_SIZE], shown[WEISS_TEXT_SHOWN];
    if (node->kind != WEISS_YAML_SCALAR || weiss_key_alternatives(key, names)[0] == '\0')
        return weiss_check_fail_kind(c, node, key, value);
    const weiss_key *named = weiss_key_find(key->members, node->text);
    if (named != NULL)
        return weiss_fail_at(c->ctx, value, "the key \"%s\" needs a value, expected %s", named->name,
                             weiss_key_expected(named, names));
    weiss_nearest nearest = weiss_nearest_start(node->text);
    for (const weiss_key *one = key->members; one != NULL && one->name != NULL; one++)
        if (one->alternative)
            weiss_nearest_consider(&nearest, one->name);
    if (nearest.best == NULL)
        return weiss_fail_at(c->ctx, value, "expected one of %s, found \"%s\"", names,
                             weiss_text_show(node->text, shown));
    return weiss_fail_at(c->ctx, value, "expected one of %s, found \"%s\", did you mean \"%s\"?", names,
                         weiss_text_show(node->text, shown), nearest.best);
}

/* A bare key that is a choice among the alternatives takes its own words only. */
static bool takes_bare(const weiss_key *key, const weiss_yaml_node *node)
{
    char word[WEISS_CHOICE_SIZE];
    const weiss_key *bare = key->bare != NULL ? weiss_key_find(key->members, key->bare) : NULL;
    if (bare == NULL || !bare->alternative || bare->kind != WEISS_KIND_CHOICE ||
        node->kind != WEISS_YAML_SCALAR)
        return bare != NULL;
    for (const char *s = bare->choices; (s = weiss_key_choice(s, word)) != NULL;)
        if (strcmp(word, node->text) == 0)
            return true;
    return false;
}

/* A map may be written without braces: nothing, the word of an alternative, or the value of its bare key. */
static int check_map(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                     weiss_value *value)
{
    char nothing_text[] = "";
    weiss_yaml_node nothing = {
        .kind = WEISS_YAML_SCALAR, .line = node->line, .text = nothing_text, .is_null = true};
    weiss_yaml_entry entry = {.line = node->line};
    weiss_yaml_node map = {.kind = WEISS_YAML_MAPPING, .line = node->line, .entries = &entry, .count = 1};
    if (node->kind == WEISS_YAML_MAPPING)
        return check_members(c, node, key, value);
    if (node->kind == WEISS_YAML_SCALAR && node->is_null) {
        map.count = 0;
        return check_members(c, &map, key, value);
    }
    const weiss_key *named =
        node->kind == WEISS_YAML_SCALAR ? weiss_key_find(key->members, node->text) : NULL;
    if (named != NULL && named->alternative && named->kind == WEISS_KIND_MAP) {
        entry.key = named->name;
        entry.value = &nothing;
        return check_members(c, &map, key, value);
    }
    if (!takes_bare(key, node))
        return fail_word(c, node, key, value);
    entry.key = key->bare;
    entry.value = (weiss_yaml_node *)node;
    return check_members(c, &map, key, value);
}

/* True when a value of @p key is written as a list of plain values: a vector, or a map whose bare key is one. */
static bool is_written_as_list(const weiss_key *key)
{
    if (key->kind == WEISS_KIND_MAP && key->bare != NULL)
        key = weiss_key_find(key->members, key->bare);
    return key->kind == WEISS_KIND_VECTOR || key->kind == WEISS_KIND_DIRECTION ||
           key->kind == WEISS_KIND_NUMBERS;
}

static bool holds_plain_values(const weiss_yaml_node *node)
{
    bool plain = node->count > 0;
    for (size_t i = 0; i < node->count; i++)
        plain = plain && node->items[i]->kind == WEISS_YAML_SCALAR;
    return plain;
}

/* One element may stand for a list of one, also when it is itself written as a list (`applied: [0, 0, 10 mT]`). */
static int check_list(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                      weiss_value *value)
{
    const weiss_key *element = &key->members[0];
    weiss_value *child;
    if (node->kind == WEISS_YAML_SCALAR && node->is_null)
        return weiss_check_fail_kind(c, node, key, value);
    bool one = node->kind != WEISS_YAML_SEQUENCE || (is_written_as_list(element) && holds_plain_values(node));
    size_t count = one ? 1 : node->count;
    WEISS_TRY(WEISS_NEW(c->ctx, value->items, count));
    for (size_t i = 0; i < count; i++) {
        const weiss_yaml_node *item = one ? node : node->items[i];
        WEISS_TRY(add_child(c, value, "", item->line, element->kind, &child));
        WEISS_TRY(weiss_check_value(c, item, element, child));
    }
    return 0;
}

static int check_named(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                       weiss_value *value)
{
    const weiss_key *element = &key->members[0];
    weiss_value *child;
    if (node->kind != WEISS_YAML_MAPPING)
        return weiss_check_fail_kind(c, node, key, value);
    WEISS_TRY(WEISS_NEW(c->ctx, value->items, node->count));
    for (size_t i = 0; i < node->count; i++) {
        const weiss_yaml_entry *entry = &node->entries[i];
        WEISS_TRY(add_child(c, value, entry->key, line_of(entry), element->kind, &child));
        WEISS_TRY(weiss_check_value(c, entry->value, element, child));
    }
    return 0;
}

int weiss_check_value(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                      weiss_value *value)
{
    switch (key->kind) {
    case WEISS_KIND_MAP:
        return check_map(c, node, key, value);
    case WEISS_KIND_LIST:
        return check_list(c, node, key, value);
    case WEISS_KIND_NAMED:
        return check_named(c, node, key, value);
    default:
        return weiss_check_leaf(c, node, key, value);
    }
}
