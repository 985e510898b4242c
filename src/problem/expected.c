/* Words for messages and comments: what a key of the schema expects. */
#include "base/text.h"
#include "problem/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Appends to a text in a buffer of WEISS_EXPECTED_SIZE; too long a text ends in "...". */
static void append(char *out, const char *text)
{
    size_t used = strlen(out), room = WEISS_EXPECTED_SIZE - 4 - used;
    if (used >= 3 && strcmp(out + used - 3, "...") == 0)
        return;
    snprintf(out + used, WEISS_EXPECTED_SIZE - used, "%s", strlen(text) > room ? "..." : text);
}

const weiss_key *weiss_key_find(const weiss_key *table, const char *name)
{
    for (const weiss_key *key = table; key != NULL && key->name != NULL; key++)
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

/* Appends a word to a list with commas. */
static void append_word(char *out, const char *word)
{
    append(out, out[0] != '\0' ? ", " : "");
    append(out, word);
}

char *weiss_key_names(const weiss_key *table, char *out)
{
    out[0] = '\0';
    for (const weiss_key *key = table; key != NULL && key->name != NULL; key++)
        append_word(out, key->name);
    return out;
}

const char *weiss_key_choice(const char *choices, char *word)
{
    choices += strspn(choices, " ");
    size_t length = strcspn(choices, " ");
    snprintf(word, WEISS_CHOICE_SIZE, "%.*s", (int)length, choices);
    return length > 0 ? choices + length : NULL;
}

static void append_choices(char *out, const weiss_key *key)
{
    char word[WEISS_CHOICE_SIZE];
    for (const char *s = key->choices; (s = weiss_key_choice(s, word)) != NULL;)
        append_word(out, word);
}

char *weiss_key_alternatives(const weiss_key *map, char *out)
{
    out[0] = '\0';
    for (const weiss_key *key = map->members; key != NULL && key->name != NULL; key++) {
        if (!key->alternative)
            continue;
        if (key->kind == WEISS_KIND_CHOICE && map->bare != NULL && strcmp(key->name, map->bare) == 0)
            append_choices(out, key);
        else
            append_word(out, key->name);
    }
    return out;
}

char *weiss_key_range(const weiss_key *key, char *out)
{
    char low[64], high[64];
    bool whole = key->kind == WEISS_KIND_INTEGER, any = key->min == 0 && key->max == 0;
    weiss_quantity q = whole ? WEISS_PURE : key->quantity;
    weiss_format_quantity(key->min, q, whole ? 17 : 6, low, sizeof low);
    weiss_format_quantity(key->max, q, whole ? 17 : 6, high, sizeof high);
    bool bounded = !any && isfinite(key->max) && key->max >= key->min;
    if (any)
        snprintf(out, WEISS_EXPECTED_SIZE, "%s", key->positive ? "greater than 0" : "");
    else if (key->positive && key->min <= 0)
        snprintf(out, WEISS_EXPECTED_SIZE, "greater than 0%s%s", bounded ? " and at most " : "",
                 bounded ? high : "");
    else if (!bounded)
        snprintf(out, WEISS_EXPECTED_SIZE, "at least %s", low);
    else if (isinf(key->min))
        snprintf(out, WEISS_EXPECTED_SIZE, "at most %s", high);
    else
        snprintf(out, WEISS_EXPECTED_SIZE, "from %s to %s", low, high);
    return out;
}

char *weiss_key_expected(const weiss_key *key, char *out)
{
    char names[WEISS_EXPECTED_SIZE];
    const char *words = weiss_quantity_words(key->quantity), *example = weiss_quantity_example(key->quantity);
    switch (key->kind) {
    case WEISS_KIND_NUMBER:
        snprintf(out, WEISS_EXPECTED_SIZE, "%s such as \"%s\"", words, example);
        break;
    case WEISS_KIND_INTEGER:
        snprintf(out, WEISS_EXPECTED_SIZE, "a whole number");
        break;
    case WEISS_KIND_FLAG:
        snprintf(out, WEISS_EXPECTED_SIZE, "on or off");
        break;
    case WEISS_KIND_TEXT:
        snprintf(out, WEISS_EXPECTED_SIZE, "a text");
        break;
    case WEISS_KIND_CHOICE:
        names[0] = '\0';
        append_choices(names, key);
        snprintf(out, WEISS_EXPECTED_SIZE, "one of %.480s", names);
        break;
    case WEISS_KIND_VECTOR:
        snprintf(out, WEISS_EXPECTED_SIZE, "a list of three values, each %s such as \"%s\"", words, example);
        break;
    case WEISS_KIND_DIRECTION:
        snprintf(out, WEISS_EXPECTED_SIZE, "a direction such as [0, 0, 1]");
        break;
    case WEISS_KIND_NUMBERS:
        snprintf(out, WEISS_EXPECTED_SIZE, "a list of values, each %s such as \"%s\"", words, example);
        break;
    case WEISS_KIND_MAP:
        out[0] = '\0';
        append(out, "a mapping with the keys ");
        append(out, weiss_key_names(key->members, names));
        break;
    case WEISS_KIND_LIST:
        snprintf(out, WEISS_EXPECTED_SIZE, "a list");
        break;
    case WEISS_KIND_NAMED:
        snprintf(out, WEISS_EXPECTED_SIZE, "a mapping of names to their values");
        break;
    }
    return out;
}

int weiss_check_fail_kind(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                          const weiss_value *value)
{
    char expected[WEISS_EXPECTED_SIZE], shown[WEISS_TEXT_SHOWN], found[WEISS_TEXT_SHOWN + 16];
    if (node->kind == WEISS_YAML_SEQUENCE)
        snprintf(found, sizeof found, "a list of %zu", node->count);
    else if (node->kind == WEISS_YAML_MAPPING)
        snprintf(found, sizeof found, "a mapping");
    else if (node->is_null)
        snprintf(found, sizeof found, "nothing");
    else
        snprintf(found, sizeof found, "\"%s\"", weiss_text_show(node->text, shown));
    return weiss_fail_at(c->ctx, value, "expected %s, found %s", weiss_key_expected(key, expected), found);
}
