/* Values without children: numbers, words, vectors. */
#include "base/text.h"
#include "problem/check.h"
#include "problem/place.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is being read: the value, or one of its elements. */
typedef struct target {
    const weiss_checker *c;
    const weiss_key *key;
    const weiss_value *value;
    const weiss_yaml_node *node; /* of the value or the element */
    size_t index; /* of the element */
    bool is_element;
} target;

static int fail(const target *t, const char *text)
{
    if (!t->is_element)
        return weiss_fail_at(t->c->ctx, t->value, "%s", text);
    weiss_place place = weiss_place_of(t->value);
    weiss_place_index(&place, t->index);
    return weiss_fail(t->c->ctx, WEISS_ERR_VALUE, "%s:%d: %s: %s", t->value->file, t->node->line, place.text,
                      text);
}

static int check_range(const target *t, double number)
{
    const weiss_key *key = t->key;
    bool any = key->min == 0 && key->max == 0, has_upper = key->max >= key->min;
    bool right = any || (number >= key->min && (!has_upper || number <= key->max));
    char range[WEISS_EXPECTED_SIZE], shown[WEISS_TEXT_SHOWN], text[WEISS_EXPECTED_SIZE + 256];
    if (right && (!key->positive || number > 0))
        return 0;
    weiss_key_range(key, range);
    snprintf(text, sizeof text, "expected %s %s%s, found \"%s\"",
             key->kind == WEISS_KIND_INTEGER ? "a whole number" : weiss_quantity_words(key->quantity),
             strncmp(range, "at ", 3) == 0 ? "of " : "", range, weiss_text_show(t->node->text, shown));
    return fail(t, text);
}

static int read_number(const target *t, double *number)
{
    char why[512];
    if (t->node->kind != WEISS_YAML_SCALAR || t->node->is_null) {
        char text[256];
        snprintf(text, sizeof text, "expected %s such as \"%s\", found %s",
                 weiss_quantity_words(t->key->quantity), weiss_quantity_example(t->key->quantity),
                 t->node->kind == WEISS_YAML_SEQUENCE  ? "a list"
                 : t->node->kind == WEISS_YAML_MAPPING ? "a mapping"
                                                       : "nothing");
        return fail(t, text);
    }
    if (!weiss_parse_quantity(t->node->text, t->key->quantity, number, why, sizeof why))
        return fail(t, why);
    return check_range(t, *number);
}

static int check_integer(const target *t, weiss_value *value)
{
    double number;
    char ignored[512];
    if (t->node->kind != WEISS_YAML_SCALAR ||
        !weiss_parse_quantity(t->node->text, WEISS_PURE, &number, ignored, sizeof ignored) ||
        number != floor(number) || fabs(number) > 9007199254740992.0)
        return weiss_check_fail_kind(t->c, t->node, t->key, value);
    value->integer = (int64_t)number;
    return check_range(t, number);
}

static int check_flag(const target *t, weiss_value *value)
{
    static const char *const on[] = {"on", "true", "yes"}, *const off[] = {"off", "false", "no"};
    for (int i = 0; i < 3 && t->node->kind == WEISS_YAML_SCALAR; i++) {
        if (strcasecmp(t->node->text, on[i]) == 0) {
            value->flag = true;
            return 0;
        }
        if (strcasecmp(t->node->text, off[i]) == 0)
            return 0;
    }
    return weiss_check_fail_kind(t->c, t->node, t->key, value);
}

int weiss_check_copy(const weiss_checker *c, const char *text, char **out)
{
    *out = strdup(text);
    return *out != NULL ? 0 : weiss_fail(c->ctx, WEISS_ERR_MEMORY, "out of memory while reading %s", c->file);
}

static int copy_text(const target *t, weiss_value *value)
{
    char *copy;
    if (t->node->kind != WEISS_YAML_SCALAR || t->node->is_null)
        return weiss_check_fail_kind(t->c, t->node, t->key, value);
    WEISS_TRY(weiss_check_copy(t->c, t->node->text, &copy));
    value->text = copy;
    return 0;
}

static int check_choice(const target *t, weiss_value *value)
{
    char word[WEISS_CHOICE_SIZE], best[WEISS_CHOICE_SIZE] = "", shown[WEISS_TEXT_SHOWN],
                                  expected[WEISS_EXPECTED_SIZE];
    int distance = INT_MAX;
    WEISS_TRY(copy_text(t, value));
    for (const char *s = t->key->choices; (s = weiss_key_choice(s, word)) != NULL;) {
        if (strcmp(word, value->text) == 0)
            return 0;
        weiss_nearest nearest = weiss_nearest_start(value->text);
        weiss_nearest_consider(&nearest, word);
        if (nearest.best != NULL && nearest.distance < distance) {
            distance = nearest.distance;
            memcpy(best, word, sizeof best);
        }
    }
    return weiss_fail_at(t->c->ctx, value, "expected %s, found \"%s\"%s%s%s",
                         weiss_key_expected(t->key, expected), weiss_text_show(value->text, shown),
                         best[0] != '\0' ? ", did you mean \"" : "", best, best[0] != '\0' ? "\"?" : "");
}

/* [10, 0, 5 mT] would mean 10 A/m in the first place: most likely a mistake. */
static int refuse_mixed_units(const target *list, const weiss_yaml_node *node)
{
    bool some = false;
    for (size_t i = 0; i < node->count; i++)
        some = some || weiss_quantity_has_unit(node->items[i]->text);
    for (size_t i = 0; some && i < node->count; i++) {
        target t = *list;
        t.node = node->items[i];
        t.index = i;
        t.is_element = true;
        if (list->value->numbers[i] != 0 && !weiss_quantity_has_unit(t.node->text)) {
            char text[256], shown[WEISS_TEXT_SHOWN];
            snprintf(text, sizeof text, "expected a unit as the other values have one, found \"%s\"",
                     weiss_text_show(t.node->text, shown));
            return fail(&t, text);
        }
    }
    return 0;
}

static int check_numbers(const target *t, weiss_value *value)
{
    const weiss_yaml_node *node = t->node;
    weiss_yaml_node *single = (weiss_yaml_node *)node;
    weiss_yaml_node list = {.kind = WEISS_YAML_SEQUENCE, .line = node->line, .items = &single, .count = 1};
    if (t->key->kind == WEISS_KIND_NUMBERS && node->kind == WEISS_YAML_SCALAR && !node->is_null)
        node = &list;
    bool right = node->kind == WEISS_YAML_SEQUENCE && node->count > 0 &&
                 (t->key->kind == WEISS_KIND_NUMBERS || node->count == 3);
    if (!right)
        return weiss_check_fail_kind(t->c, t->node, t->key, value);
    WEISS_TRY(WEISS_NEW(t->c->ctx, value->numbers, node->count));
    for (size_t i = 0; i < node->count; i++) {
        target element = *t;
        element.node = node->items[i];
        element.index = i;
        element.is_element = node != &list;
        WEISS_TRY(read_number(&element, &value->numbers[i]));
    }
    value->count = node->count;
    return refuse_mixed_units(t, node);
}

/* Divides by the greatest component first, so that squares neither overflow nor vanish. */
static int normalise(const target *t, double *v)
{
    double greatest = fmax(fabs(v[0]), fmax(fabs(v[1]), fabs(v[2])));
    if (greatest == 0)
        return fail(t, "expected a direction such as [0, 0, 1], found a vector of length zero");
    for (int i = 0; i < 3; i++)
        v[i] /= greatest;
    double length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    for (int i = 0; i < 3; i++)
        v[i] /= length;
    return 0;
}

int weiss_check_leaf(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                     weiss_value *value)
{
    target t = {.c = c, .key = key, .value = value, .node = node};
    switch (key->kind) {
    case WEISS_KIND_NUMBER:
        return read_number(&t, &value->number);
    case WEISS_KIND_INTEGER:
        return check_integer(&t, value);
    case WEISS_KIND_FLAG:
        return check_flag(&t, value);
    case WEISS_KIND_TEXT:
        return copy_text(&t, value);
    case WEISS_KIND_CHOICE:
        return check_choice(&t, value);
    case WEISS_KIND_DIRECTION:
        WEISS_TRY(check_numbers(&t, value));
        return normalise(&t, value->numbers);
    default:
        return check_numbers(&t, value);
    }
}
