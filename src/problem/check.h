/* Checking YAML against a schema: internal to this room. schema.h has what other rooms call. */
#ifndef WEISS_PROBLEM_CHECK_H
#define WEISS_PROBLEM_CHECK_H

#include "problem/schema.h"
#include "problem/yaml.h"

typedef struct weiss_checker {
    weiss_context *ctx;
    const char *file; /**< name for the values' `file` */
    bool defaults; /**< the YAML is a fallback of the schema, not the user's */
} weiss_checker;

/** Checks @p node against @p key and fills @p value, which is in the tree already. Local, as all below. */
int weiss_check_value(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                      weiss_value *value);

/** The kinds without children: NUMBER, INTEGER, FLAG, TEXT, CHOICE, VECTOR, DIRECTION, NUMBERS. */
int weiss_check_leaf(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                     weiss_value *value);

/** Fails with what @p key expects and what @p node is: `expected a length such as "5 nm", found a list`. */
int weiss_check_fail_kind(const weiss_checker *c, const weiss_yaml_node *node, const weiss_key *key,
                          const weiss_value *value);

/** Copies a text for the tree. Free with free(). */
int weiss_check_copy(const weiss_checker *c, const char *text, char **out);

#define WEISS_EXPECTED_SIZE 512
/** Words for what @p key expects: `a magnetisation such as "800 kA/m"`, `one of dense, hierarchical`. Returns @p out,
 *  which has room for WEISS_EXPECTED_SIZE bytes. */
char *weiss_key_expected(const weiss_key *key, char *out);
/** Words for what a key's range allows: "greater than 0", "from 0 to 1"; "" when it allows all. The same room. */
char *weiss_key_range(const weiss_key *key, char *out);
/** Names of the keys in a table, with commas between them. The same room. */
char *weiss_key_names(const weiss_key *table, char *out);
/** What may stand in a map with alternatives: their names, and in place of the bare key its choices; "" without
 *  alternatives. The same room. */
char *weiss_key_alternatives(const weiss_key *map, char *out);
#define WEISS_CHOICE_SIZE 64
/** Copies the next word of a list of choices to @p word, which has room for WEISS_CHOICE_SIZE bytes. Returns where the
 *  list goes on, NULL when there is no further word. */
const char *weiss_key_choice(const char *choices, char *word);
const weiss_key *weiss_key_find(const weiss_key *table, const char *name);

#endif
