/* YAML as it stands in a file: a tree of nodes with line numbers, nothing interpreted yet. Aliases point to the node of
 * their anchor, merge keys are resolved, and every limit that keeps hostile files harmless is kept here. */
#ifndef WEISS_PROBLEM_YAML_H
#define WEISS_PROBLEM_YAML_H

#include "base/context.h"

#define WEISS_YAML_MAX_BYTES ((size_t)16 << 20)
/** Nodes after every alias is replaced by what it stands for. */
#define WEISS_YAML_MAX_NODES 1000000
#define WEISS_YAML_MAX_DEPTH 64

typedef enum weiss_yaml_kind { WEISS_YAML_SCALAR, WEISS_YAML_SEQUENCE, WEISS_YAML_MAPPING } weiss_yaml_kind;

typedef struct weiss_yaml_node weiss_yaml_node;

/** A key of a mapping and its value. */
typedef struct weiss_yaml_entry {
    const char *key; /**< borrowed from the key's node */
    int line; /**< of the key, 1-based */
    weiss_yaml_node *value;
    bool merged; /**< came in by a merge key `<<` */
} weiss_yaml_entry;

struct weiss_yaml_node {
    weiss_yaml_kind kind;
    int line; /**< 1-based */
    char *text; /**< SCALAR; owned */
    bool is_null; /**< SCALAR: nothing, `~` or `null`, not quoted */
    bool complete; /**< its end has been read: an alias may point here */
    int64_t weight; /**< nodes below and including this one, aliases replaced */
    int depth; /**< levels of collections below and including this one */
    weiss_yaml_node **items; /**< SEQUENCE: elements; owned array of nodes that the document owns */
    weiss_yaml_entry *entries; /**< MAPPING: owned array */
    size_t count, capacity; /**< of items or entries */
};

/** One document. */
typedef struct weiss_yaml_document {
    weiss_yaml_node *root; /**< borrowed from nodes */
    weiss_yaml_node **nodes; /**< all nodes, each once; owned */
    size_t nnodes, capacity;
} weiss_yaml_document;

/** Reads the one document in @p text (NUL-terminated after @p length bytes). Local.
 *  @param file  name for messages
 *  @return 0; WEISS_ERR_SYNTAX: not UTF-8, not YAML, empty, several documents, tags, keys that are no words, duplicate
 *  keys, unknown or recursive aliases, a limit exceeded; WEISS_ERR_MEMORY */
int weiss_yaml_read(weiss_context *ctx, const char *file, const char *text, size_t length,
                    weiss_yaml_document *document);
/** Frees everything; accepts a document that was only zeroed. */
void weiss_yaml_free(weiss_yaml_document *document);

/** Makes a node without text or children, which the document owns. */
int weiss_yaml_add_node(weiss_context *ctx, weiss_yaml_document *document, weiss_yaml_kind kind, int line,
                        weiss_yaml_node **out);

/** Refuses duplicate keys and replaces merge keys `<<` by the entries that they bring in: the mapping's own keys go
 *  before those, earlier ones before later ones. Called once, at the end of each mapping. Local.
 *  @param     file      for messages
 *  @param     place     where the mapping stands, for messages: "" or "materials.permalloy"
 *  @param[in,out] nodes count of nodes of the document, checked against WEISS_YAML_MAX_NODES */
int weiss_yaml_settle_mapping(weiss_context *ctx, const char *file, const char *place,
                              weiss_yaml_node *mapping, int64_t *nodes);

/** Value of a key, NULL when absent. */
const weiss_yaml_entry *weiss_yaml_find(const weiss_yaml_node *mapping, const char *key);

#endif
