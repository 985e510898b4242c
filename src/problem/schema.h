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
    /** Of NUMBER, VECTOR, NUMBERS. */
    weiss_quantity quantity;
    /** Default, as it would stand in the file ("1e-5", "[0, 0, 1]"); NULL: none. A MAP that the file does not give is
     *  absent from the tree too, unless it has the fallback "{}" (all its members at their defaults) or one for its
     *  bare key ("off"). */
    const char *fallback;
    /** Must be given when the enclosing map is. */
    bool required;
    bool shown; /**< in force in --print-defaults (with its example) although it may be left out */
    /** Exactly one of the alternatives of a map must be given; without any, the one that has a fallback is taken. The
     *  bare name of an alternative that is a MAP stands for it with its defaults (`- relax`). */
    bool alternative;
    /** Inclusive range of NUMBER, VECTOR, NUMBERS, INTEGER. Both 0: any; max < min: at least min. Either may be
     *  infinite. */
    double min, max;
    /** NUMBER, VECTOR, NUMBERS, INTEGER: every value must be > 0. */
    bool positive;
    /** CHOICE: words separated by blanks. */
    const char *choices;
    /** MAP: table of keys. LIST, NAMED: the element; NAMED shows its name as an example. */
    const weiss_key *members;
    /** MAP: key that takes the value when it is not a mapping (`demag: off`, `applied: [0, 0, 1]`). */
    const char *bare;
    /** One line, for --print-defaults and the manual; starts with a capital, no final stop. */
    const char *help;
    /** What --print-defaults shows for a key without a fallback; commented out unless the key is required. */
    const char *example;
};

/** Reads the text of a problem file on rank 0 and broadcasts it, so that all ranks parse the same. Collective.
 *  @param[out] text  with a NUL after its end; owned by the caller, also on failure (NULL is possible)
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY, WEISS_ERR_MPI */
int weiss_schema_read_text(weiss_context *ctx, const char *path, char **text, size_t *length);

/** Parses a text and checks it against @p schema (a table of top-level keys); @p name stands for the file in messages.
 *  Errors name file, line, key, what was found and what was expected; an unknown key is answered with the nearest known.
 *  Local: every rank calls it with the same text.
 *  @param[out] out  a MAP, owned by the caller
 *  @return 0, WEISS_ERR_SYNTAX, WEISS_ERR_VALUE */
int weiss_schema_parse(weiss_context *ctx, const char *name, const char *text, size_t length,
                       const weiss_key *schema, weiss_value **out);

/** Writes a commented problem file with every key of @p schema, its default or an example, its unit and its help.
 *  What it writes is itself a valid problem file. Local. */
int weiss_schema_print(weiss_context *ctx, const weiss_key *schema, FILE *to);

/** Fails with a message that starts with the place of @p value ("bar.yaml:12: materials.permalloy.Ms: ..."). */
int weiss_fail_at(weiss_context *ctx, const weiss_value *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
