/* The commented defaults: a problem file with every key, which is the reference documentation too.
 *
 * A setting that is in force stands as it is. One that is not has a `#` before it, in the column where its key would
 * start, and all that belongs to it is indented after that mark; help has "# " before it. */
#include "problem/check.h"

#include <stdlib.h>
#include <string.h>

#define LINE_WIDTH 100
#define SEEN_MAX 256
#define PREFIX_SIZE 160

/* A table of members that has been printed, and the key it was printed under. */
typedef struct seen {
    const weiss_key *members;
    const char *name;
} seen;

typedef struct printer {
    FILE *to;
    seen seen[SEEN_MAX];
    int nseen;
} printer;

/* What stands before a line. */
typedef struct prefix {
    char text[PREFIX_SIZE];
} prefix;

static prefix deeper(const prefix *outer, const char *by)
{
    prefix inner;
    snprintf(inner.text, sizeof inner.text, "%.100s%.20s", outer->text, by);
    return inner;
}

/* Length of the first line of @p text that fits in @p room; broken at a blank, but not inside a `quotation`. */
static size_t line_length(const char *text, size_t room)
{
    size_t best = 0;
    bool quoted = false;
    for (size_t i = 0; text[i] != '\0' && (i <= room || best == 0); i++) {
        quoted = quoted != (text[i] == '`');
        if (text[i] == ' ' && !quoted)
            best = i;
    }
    return strlen(text) <= room || best == 0 ? strlen(text) : best;
}

static void print_wrapped(printer *p, const prefix *at, const char *text)
{
    size_t room = LINE_WIDTH - strlen(at->text) - 2;
    while (*text != '\0') {
        size_t length = line_length(text, room);
        fprintf(p->to, "%s# %.*s\n", at->text, (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
}

static void add_fact(char *facts, size_t size, const char *fact)
{
    size_t used = strlen(facts);
    if (fact[0] != '\0')
        snprintf(facts + used, size - used, "%s%s", used > 0 ? "; " : "", fact);
}

/* "[A/m; greater than 0; required]" without the brackets. */
static void gather_facts(const weiss_key *key, char *facts, size_t size)
{
    char text[WEISS_EXPECTED_SIZE], names[WEISS_EXPECTED_SIZE];
    static const char *const kind_words[] = {
        [WEISS_KIND_INTEGER] = "a whole number",
        [WEISS_KIND_FLAG] = "on or off",
        [WEISS_KIND_VECTOR] = "three values",
        [WEISS_KIND_DIRECTION] = "a direction of any length but zero",
        [WEISS_KIND_NUMBERS] = "a list",
        [WEISS_KIND_NAMED] = NULL,
    };
    facts[0] = '\0';
    if (kind_words[key->kind] != NULL)
        add_fact(facts, size, kind_words[key->kind]);
    if (key->kind == WEISS_KIND_CHOICE)
        add_fact(facts, size, weiss_key_expected(key, text));
    if (key->kind == WEISS_KIND_NUMBER || key->kind == WEISS_KIND_VECTOR || key->kind == WEISS_KIND_NUMBERS)
        add_fact(facts, size, weiss_quantity_unit(key->quantity));
    if (key->kind <= WEISS_KIND_INTEGER || key->kind == WEISS_KIND_VECTOR || key->kind == WEISS_KIND_NUMBERS)
        add_fact(facts, size, weiss_key_range(key, text));
    if (key->kind == WEISS_KIND_MAP && weiss_key_alternatives(key, names)[0] != '\0') {
        snprintf(text, sizeof text, "one of %.480s", names);
        add_fact(facts, size, text);
    }
    if (key->required)
        add_fact(facts, size, "required");
}

static void print_help(printer *p, const prefix *at, const weiss_key *key)
{
    char facts[2 * WEISS_EXPECTED_SIZE], *text = NULL;
    size_t length = 0;
    gather_facts(key, facts, sizeof facts);
    FILE *line = open_memstream(&text, &length);
    if (line == NULL)
        return;
    fprintf(line, "%s%s%s%s", key->help != NULL ? key->help : "", facts[0] != '\0' ? " [" : "", facts,
            facts[0] != '\0' ? "]" : "");
    if (key->kind == WEISS_KIND_MAP && key->bare != NULL)
        fprintf(line, ". `%s: X` is short for `%s: {%s: X}`", key->name, key->name, key->bare);
    if (key->kind > WEISS_KIND_MAP && key->example != NULL)
        fprintf(line, ". For example `%s: %s`", key->name, key->example);
    fclose(line);
    if (text != NULL)
        print_wrapped(p, at, text);
    free(text);
}

/* A value that the schema accepts, for a key without fallback and example. */
static const char *sample(const weiss_key *key, char *out, size_t size)
{
    const char *example = weiss_quantity_example(key->quantity);
    switch (key->kind) {
    case WEISS_KIND_NUMBER:
        snprintf(out, size, "%s", example);
        if (key->min > 0)
            weiss_format_quantity(key->min, key->quantity, 6, out, size);
        break;
    case WEISS_KIND_INTEGER:
        snprintf(out, size, "%lld", key->min > 1 ? (long long)key->min : 1LL);
        break;
    case WEISS_KIND_FLAG:
        snprintf(out, size, "on");
        break;
    case WEISS_KIND_CHOICE:
        snprintf(out, size, "%.*s", (int)strcspn(key->choices, " "), key->choices);
        break;
    case WEISS_KIND_VECTOR:
        snprintf(out, size, "[%s, %s, %s]", example, example, example);
        break;
    case WEISS_KIND_DIRECTION:
        snprintf(out, size, "[0, 0, 1]");
        break;
    case WEISS_KIND_NUMBERS:
        snprintf(out, size, "[%s]", example);
        break;
    default:
        snprintf(out, size, "%s",
                 key->kind == WEISS_KIND_TEXT   ? "text"
                 : key->kind == WEISS_KIND_LIST ? "[]"
                                                : "{}");
        break;
    }
    return out;
}

static const char *value_text(const weiss_key *key, char *out, size_t size)
{
    if (key->kind == WEISS_KIND_MAP && key->bare != NULL && key->fallback == NULL && key->example == NULL)
        key = weiss_key_find(key->members, key->bare);
    return key->fallback != NULL  ? key->fallback
           : key->example != NULL ? key->example
                                  : sample(key, out, size);
}

static const weiss_key *shown_alternative(const weiss_key *table)
{
    const weiss_key *first = NULL;
    for (; table != NULL && table->name != NULL; table++) {
        if (table->alternative && table->fallback != NULL)
            return table;
        if (table->alternative && first == NULL)
            first = table;
    }
    return first;
}

/* Table of a map, or of the maps in a list; NULL for other kinds. */
static const weiss_key *table_of(const weiss_key *key)
{
    if (key->kind == WEISS_KIND_LIST)
        key = &key->members[0];
    return key->kind == WEISS_KIND_MAP ? key->members : NULL;
}

static const seen *find_seen(const printer *p, const weiss_key *key)
{
    const weiss_key *members = table_of(key);
    for (int i = 0; members != NULL && i < p->nseen; i++)
        if (p->seen[i].members == members)
            return &p->seen[i];
    return NULL;
}

static void print_key(printer *p, const prefix *at, const weiss_key *key, const char *lead, bool active);

static void print_members(printer *p, const prefix *at, const weiss_key *table)
{
    const weiss_key *shown = shown_alternative(table);
    for (const weiss_key *key = table; key != NULL && key->name != NULL; key++)
        print_key(p, at, key, "", key->alternative ? key == shown : key->required || key->shown || key->fallback != NULL);
}

static void print_elements(printer *p, const prefix *at, const weiss_key *key)
{
    const weiss_key *element = &key->members[0];
    const weiss_key *shown = element->kind == WEISS_KIND_MAP ? shown_alternative(element->members) : NULL;
    prefix inner = deeper(at, "  ");
    char text[256];
    if (key->kind == WEISS_KIND_NAMED) {
        print_key(p, at, element, "", true);
    } else if (shown != NULL) {
        for (const weiss_key *one = element->members; one->name != NULL; one++)
            print_key(p, at, one, one->alternative ? "- " : "  ", one == shown);
    } else if (element->kind == WEISS_KIND_MAP) {
        fprintf(p->to, "%s-\n", at->text);
        print_members(p, &inner, element->members);
    } else {
        fprintf(p->to, "%s- %s\n", at->text, value_text(element, text, sizeof text));
    }
}

/* The mapping or list of a key, one line after the other. @p inner is where its members start. */
static void print_block(printer *p, const prefix *at, const prefix *inner, const weiss_key *key,
                        const char *lead)
{
    fprintf(p->to, "%s%s%s:\n", at->text, lead, key->name);
    if (p->nseen < SEEN_MAX && table_of(key) != NULL)
        p->seen[p->nseen++] = (seen){table_of(key), key->name};
    if (key->kind == WEISS_KIND_MAP)
        print_members(p, inner, key->members);
    else
        print_elements(p, inner, key);
}

/* True for a value that needs no block: a leaf, or a list of leaves. */
static bool is_one_line(const weiss_key *key)
{
    return key->kind < WEISS_KIND_MAP ||
           (key->kind == WEISS_KIND_LIST && key->members[0].kind < WEISS_KIND_MAP &&
            (key->fallback != NULL || key->example != NULL));
}

/* @p lead: "- " when the key starts an element of a list. */
static void print_key(printer *p, const prefix *at, const weiss_key *key, const char *lead, bool active)
{
    char text[512];
    const seen *before = find_seen(p, key);
    prefix off = deeper(at, "#"), here = active ? *at : off;
    prefix inner = deeper(&here, *lead != '\0' ? "    " : "  ");
    if (at->text[0] == '\0')
        fputc('\n', p->to);
    print_help(p, at, key);
    if (is_one_line(key) || (before != NULL && !active)) {
        if (before != NULL)
            fprintf(p->to, "%s# Its keys are those of `%s` above\n", at->text, before->name);
        fprintf(p->to, "%s%s%s: %s\n", here.text, lead, key->name, value_text(key, text, sizeof text));
        return;
    }
    bool written_short =
        key->kind == WEISS_KIND_MAP && key->fallback != NULL && strcmp(key->fallback, "{}") != 0;
    if (active && written_short) {
        fprintf(p->to, "%s%s%s: %s\n", here.text, lead, key->name, key->fallback);
        print_wrapped(p, at, "Or, in place of that:");
        inner = deeper(&off, *lead != '\0' ? "    " : "  ");
        here = off;
    }
    print_block(p, &here, &inner, key, lead);
}

int weiss_schema_print(weiss_context *ctx, const weiss_key *schema, FILE *to)
{
    static const char introduction[] = "A problem file with every key that there is. What stands without a "
                                       "mark is in force: the default, or an example "
                                       "where a value must be given. A line that starts with # and goes on "
                                       "without a blank is a setting that is not in "
                                       "force: delete the mark to use it. Quantities are numbers in SI units "
                                       "or carry a unit, as in 30 nm, 800 kA/m, "
                                       "10 mT, 13 pJ/m; the unit in brackets is that of a bare number";
    printer *p;
    prefix top = {.text = ""};
    WEISS_TRY(WEISS_NEW(ctx, p, 1));
    p->to = to;
    print_wrapped(p, &top, introduction);
    print_members(p, &top, schema);
    free(p);
    if (fflush(to) != 0 || ferror(to))
        return weiss_fail(ctx, WEISS_ERR_FILE, "the default problem file could not be written");
    return 0;
}
