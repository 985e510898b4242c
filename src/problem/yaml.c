#include "problem/yaml.h"

#include "base/text.h"
#include "problem/place.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_ANCHORS 1000

/* A collection whose end has not been read. */
typedef struct frame {
    weiss_yaml_node *node;
    const char *key; /* key that waits for its value; NULL: the next node is a key */
    int key_line;
} frame;

typedef struct anchor {
    char *name;
    weiss_yaml_node *node;
} anchor;

typedef struct reader {
    weiss_context *ctx;
    const char *file, *text;
    size_t length;
    yaml_parser_t parser;
    weiss_yaml_document *document;
    frame stack[WEISS_YAML_MAX_DEPTH];
    int depth;
    anchor *anchors;
    size_t nanchors, anchor_capacity;
    int64_t nodes;
    bool finished;
} reader;

static weiss_place place_of(const reader *r)
{
    weiss_place place = weiss_place_root();
    for (int i = 0; i < r->depth; i++) {
        if (r->stack[i].node->kind == WEISS_YAML_SEQUENCE)
            weiss_place_index(&place, r->stack[i].node->count);
        else if (r->stack[i].key != NULL)
            weiss_place_key(&place, r->stack[i].key);
    }
    return place;
}

static int fail(const reader *r, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(const reader *r, int line, const char *format, ...)
{
    char text[512];
    weiss_place place = place_of(r);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return weiss_fail(r->ctx, WEISS_ERR_SYNTAX, "%s:%d: %s%s%s", r->file, line, place.text,
                      place.used > 0 ? ": " : "", text);
}

static int line_of_byte(const reader *r, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset && i < r->length; i++)
        line += r->text[i] == '\n';
    return line;
}

/* True when the indentation of a line has a tab in it. */
static bool line_starts_with_tab(const reader *r, size_t line)
{
    const char *s = r->text;
    for (; line > 0; line--) {
        s = strchr(s, '\n');
        if (s == NULL)
            return false;
        s++;
    }
    return s[strspn(s, " ")] == '\t';
}

/* Turns libyaml's own words into our message. */
static int fail_yaml(const reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem != NULL ? p->problem : "unknown problem";
    if (p->error == YAML_MEMORY_ERROR)
        return weiss_fail(r->ctx, WEISS_ERR_MEMORY, "%s: out of memory while reading YAML", r->file);
    if (p->error == YAML_READER_ERROR)
        return weiss_fail(r->ctx, WEISS_ERR_SYNTAX,
                          "%s:%d: expected text in UTF-8, found byte 0x%02x at offset %zu (%s)", r->file,
                          line_of_byte(r, p->problem_offset),
                          p->problem_offset < r->length ? (unsigned char)r->text[p->problem_offset] : 0u,
                          p->problem_offset, problem);
    if (line_starts_with_tab(r, p->problem_mark.line))
        return weiss_fail(r->ctx, WEISS_ERR_SYNTAX,
                          "%s:%zu: not valid YAML: a line may not start with a tab, use blanks", r->file,
                          p->problem_mark.line + 1);
    if (p->context == NULL)
        return weiss_fail(r->ctx, WEISS_ERR_SYNTAX, "%s:%zu: not valid YAML: %s", r->file,
                          p->problem_mark.line + 1, problem);
    return weiss_fail(r->ctx, WEISS_ERR_SYNTAX, "%s:%zu: not valid YAML: %s %s that starts in line %zu",
                      r->file, p->problem_mark.line + 1, problem, p->context, p->context_mark.line + 1);
}

/* Says no place: it would be a long row of brackets. */
static int fail_depth(const reader *r, int line)
{
    return weiss_fail(r->ctx, WEISS_ERR_SYNTAX, "%s:%d: nested more than %d levels deep", r->file, line,
                      WEISS_YAML_MAX_DEPTH);
}

static int count_nodes(reader *r, int line, int64_t more)
{
    r->nodes += more;
    if (r->nodes > WEISS_YAML_MAX_NODES)
        return weiss_fail(r->ctx, WEISS_ERR_SYNTAX,
                          "%s:%d: more than %d values, counting what aliases and merge keys stand for",
                          r->file, line, WEISS_YAML_MAX_NODES);
    return 0;
}

static int new_node(reader *r, weiss_yaml_kind kind, int line, weiss_yaml_node **out)
{
    WEISS_TRY(count_nodes(r, line, 1));
    return weiss_yaml_add_node(r->ctx, r->document, kind, line, out);
}

static int remember_anchor(reader *r, const yaml_char_t *name, weiss_yaml_node *node)
{
    if (name == NULL)
        return 0;
    if (r->nanchors == MAX_ANCHORS)
        return fail(r, node->line, "more than %d anchors", MAX_ANCHORS);
    WEISS_TRY(weiss_grow(r->ctx, &r->anchors, &r->anchor_capacity, r->nanchors + 1, sizeof *r->anchors));
    char *copy = strdup((const char *)name);
    if (copy == NULL)
        return weiss_fail(r->ctx, WEISS_ERR_MEMORY, "out of memory");
    r->anchors[r->nanchors++] = (anchor){copy, node};
    return 0;
}

static int refuse_tag(const reader *r, const yaml_char_t *tag, int line)
{
    char shown[WEISS_TEXT_SHOWN];
    if (tag == NULL)
        return 0;
    return fail(r, line, "tags have no meaning in a problem file, found \"%s\"",
                weiss_text_show((const char *)tag, shown));
}

/* Takes a scalar as the next key of the mapping on top. */
static int take_key(reader *r, frame *top, const weiss_yaml_node *node)
{
    if (node->kind != WEISS_YAML_SCALAR || node->text[0] == '\0')
        return fail(r, node->line, "expected a key that is a word, found %s",
                    node->kind == WEISS_YAML_SCALAR     ? "nothing before the colon"
                    : node->kind == WEISS_YAML_SEQUENCE ? "a list"
                                                        : "a mapping");
    top->key = node->text;
    top->key_line = node->line;
    return 0;
}

/* Gives a node (fresh, or the target of an alias) to the collection on top, or makes it the root. */
static int attach(reader *r, weiss_yaml_node *node)
{
    if (r->depth == 0) {
        r->document->root = node;
        return 0;
    }
    frame *top = &r->stack[r->depth - 1];
    weiss_yaml_node *parent = top->node;
    if (parent->kind == WEISS_YAML_MAPPING) {
        if (top->key == NULL)
            return take_key(r, top, node);
        WEISS_TRY(weiss_grow(r->ctx, &parent->entries, &parent->capacity, parent->count + 1,
                             sizeof *parent->entries));
        parent->entries[parent->count++] = (weiss_yaml_entry){top->key, top->key_line, node, false};
        top->key = NULL;
    } else {
        WEISS_TRY(
            weiss_grow(r->ctx, &parent->items, &parent->capacity, parent->count + 1, sizeof *parent->items));
        parent->items[parent->count++] = node;
    }
    return 0;
}

/* Adds a complete child's size to the collection that it has been attached to. */
static void account(reader *r, const weiss_yaml_node *child)
{
    if (r->depth == 0)
        return;
    weiss_yaml_node *parent = r->stack[r->depth - 1].node;
    parent->weight += child->weight;
    if (parent->depth < child->depth + 1)
        parent->depth = child->depth + 1;
}

static int on_scalar(reader *r, const yaml_event_t *event)
{
    int line = (int)event->start_mark.line + 1;
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    weiss_yaml_node *node;
    WEISS_TRY(refuse_tag(r, event->data.scalar.tag, line));
    if (strlen(value) != length)
        return fail(r, line, "a text may not hold the character NUL");
    WEISS_TRY(new_node(r, WEISS_YAML_SCALAR, line, &node));
    WEISS_TRY(weiss_alloc(r->ctx, &node->text, length + 1, 1));
    memcpy(node->text, value, length);
    node->is_null = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                    (length == 0 || strcmp(value, "~") == 0 || strcmp(value, "null") == 0);
    node->complete = true;
    WEISS_TRY(remember_anchor(r, event->data.scalar.anchor, node));
    WEISS_TRY(attach(r, node));
    account(r, node);
    return 0;
}

static int on_alias(reader *r, const yaml_event_t *event)
{
    int line = (int)event->start_mark.line + 1;
    const char *name = (const char *)event->data.alias.anchor;
    char shown[WEISS_TEXT_SHOWN];
    size_t i = r->nanchors;
    while (i > 0 && strcmp(r->anchors[i - 1].name, name) != 0)
        i--;
    if (i == 0)
        return fail(r, line, "no anchor &%s stands before the alias *%s", weiss_text_show(name, shown),
                    shown);
    weiss_yaml_node *node = r->anchors[i - 1].node;
    if (!node->complete)
        return fail(r, line, "the alias *%s stands inside what it refers to", weiss_text_show(name, shown));
    if (r->depth + node->depth > WEISS_YAML_MAX_DEPTH)
        return fail_depth(r, line);
    WEISS_TRY(count_nodes(r, line, node->weight));
    WEISS_TRY(attach(r, node));
    account(r, node);
    return 0;
}

static int on_start(reader *r, weiss_yaml_kind kind, const yaml_event_t *event, const yaml_char_t *tag,
                    const yaml_char_t *name)
{
    int line = (int)event->start_mark.line + 1;
    weiss_yaml_node *node;
    WEISS_TRY(refuse_tag(r, tag, line));
    if (r->depth == WEISS_YAML_MAX_DEPTH)
        return fail_depth(r, line);
    WEISS_TRY(new_node(r, kind, line, &node));
    WEISS_TRY(remember_anchor(r, name, node));
    /* A sequence must not count itself while its place is built, so it is attached at its end. */
    r->stack[r->depth++] = (frame){node, NULL, 0};
    return 0;
}

static int on_end(reader *r)
{
    weiss_yaml_node *node = r->stack[r->depth - 1].node;
    if (node->kind == WEISS_YAML_MAPPING) {
        weiss_place place = place_of(r);
        WEISS_TRY(weiss_yaml_settle_mapping(r->ctx, r->file, place.text, node, &r->nodes));
    }
    node->complete = true;
    r->depth--;
    WEISS_TRY(attach(r, node));
    account(r, node);
    return 0;
}

static int on_document(reader *r, const yaml_event_t *event)
{
    if (r->document->root == NULL)
        return 0;
    return weiss_fail(r->ctx, WEISS_ERR_SYNTAX,
                      "%s:%zu: expected one document, found the start of a second one", r->file,
                      event->start_mark.line + 1);
}

static int on_event(reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(r, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(r, event);
    case YAML_ALIAS_EVENT:
        return on_alias(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(r, WEISS_YAML_SEQUENCE, event, event->data.sequence_start.tag,
                        event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return on_start(r, WEISS_YAML_MAPPING, event, event->data.mapping_start.tag,
                        event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(r);
    case YAML_STREAM_END_EVENT:
        r->finished = true;
        return 0;
    default:
        return 0;
    }
}

static int read_events(reader *r)
{
    while (!r->finished) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event))
            return fail_yaml(r);
        int code = on_event(r, &event);
        yaml_event_delete(&event);
        if (code != 0)
            return code;
    }
    if (r->document->root == NULL)
        return weiss_fail(r->ctx, WEISS_ERR_SYNTAX, "%s:1: the file is empty, expected a mapping of keys",
                          r->file);
    return 0;
}

int weiss_yaml_read(weiss_context *ctx, const char *file, const char *text, size_t length,
                    weiss_yaml_document *document)
{
    *document = (weiss_yaml_document){0};
    if (length > WEISS_YAML_MAX_BYTES)
        return weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s: is larger than %zu bytes, the limit for such a file",
                          file, WEISS_YAML_MAX_BYTES);
    reader *r;
    WEISS_TRY(WEISS_NEW(ctx, r, 1));
    *r = (reader){.ctx = ctx, .file = file, .text = text, .length = length, .document = document};
    int code = 0;
    if (yaml_parser_initialize(&r->parser)) {
        yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, length);
        code = read_events(r);
        yaml_parser_delete(&r->parser);
    } else {
        code = weiss_fail(ctx, WEISS_ERR_MEMORY, "%s: out of memory while reading YAML", file);
    }
    for (size_t i = 0; i < r->nanchors; i++)
        free(r->anchors[i].name);
    free(r->anchors);
    free(r);
    if (code != 0)
        weiss_yaml_free(document);
    return code;
}
