/* Schema: tables of keys that say what a problem file may hold. Each term, mesh source, stage and output describes its
 * own keys in its own file; this room turns YAML into a checked weiss_value tree and prints the commented defaults. */
#ifndef WEISS_PROBLEM_SCHEMA_H
#define WEISS_PROBLEM_SCHEMA_H

#include "base/context.h"
#include "problem/value.h"

typedef struct weiss_key weiss_key;
struct weiss_key {
    const char *name; /**< NULL ends a table */
    weiss_kind kind;
    weiss_quantity quantity; /**< of NUMBER, VECTOR, NUMBERS */
    const char *fallback;    /**< default, as it would stand in the file ("1e-5", "[0, 0, 1]"); NULL: none */
    bool required;           /**< must be given when the enclosing map is */
    bool alternative;        /**< exactly one of the alternatives of a map must be given */
    double min, max;         /**< inclusive range of NUMBER, NUMBERS, INTEGER; both 0: any */
    bool positive;           /**< NUMBER, VECTOR, NUMBERS, INTEGER: every value must be > 0 */
    const char *choices;     /**< CHOICE: words separated by blanks */
    const weiss_key *members; /**< MAP: table of keys; LIST, NAMED: the element */
    const char *bare; /**< MAP: key that takes the value when it is not a mapping (`demag: off`, `applied: [0,0,1]`) */
    const char *help; /**< one line, for --print-defaults and the manual; starts with a capital, no final stop */
    const char *example; /**< what --print-defaults shows, commented out, for keys without a fallback */
};

/** Reads @p path and checks it against @p schema (a table of top-level keys). Rank 0 reads; the text is broadcast and
 *  parsed on every rank, so that all get the same tree. Collective.
 *  Errors name file, line, key, what was found and what was expected; an unknown key is answered with the nearest known.
 *  @param[out] out  a MAP, owned by the caller
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_SYNTAX, WEISS_ERR_VALUE */
int weiss_schema_read(weiss_context *ctx, const char *path, const weiss_key *schema, weiss_value **out);

/** The same from memory; @p name stands for the file in messages. Local: every rank calls it with the same text. */
int weiss_schema_parse(weiss_context *ctx, const char *name, const char *text, size_t length,
                       const weiss_key *schema, weiss_value **out);

/** Writes a commented problem file with every key of @p schema, its default or an example, its unit and its help.
 *  What it writes is itself a valid problem file. Local. */
int weiss_schema_print(weiss_context *ctx, const weiss_key *schema, FILE *to);

/** Fails with a message that starts with the place of @p value ("bar.yaml:12: materials.permalloy.Ms: ..."). */
int weiss_fail_at(weiss_context *ctx, const weiss_value *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
