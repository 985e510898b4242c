/* Values as read from a problem file: a tree checked against a schema (schema.h), every default filled in, every
 * quantity in SI, each value with the place it came from. Rooms read their own part of the tree with the getters. */
#ifndef WEISS_PROBLEM_VALUE_H
#define WEISS_PROBLEM_VALUE_H

#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum weiss_kind {
    WEISS_KIND_NUMBER,    /**< one real number, with a unit if its quantity has one */
    WEISS_KIND_INTEGER,   /**< a whole number */
    WEISS_KIND_FLAG,      /**< true/false, yes/no, on/off */
    WEISS_KIND_TEXT,      /**< any text */
    WEISS_KIND_CHOICE,    /**< one of the words in weiss_key.choices */
    WEISS_KIND_VECTOR,    /**< three numbers */
    WEISS_KIND_DIRECTION, /**< three numbers, not all zero; normalised on reading */
    WEISS_KIND_NUMBERS,   /**< a list of numbers of any length >= 1 */
    WEISS_KIND_MAP,       /**< a mapping with the keys in weiss_key.members */
    WEISS_KIND_LIST,      /**< a list whose elements are as weiss_key.members[0] says; one bare element is a list of one,
                               also one that is itself written as a list of plain values, like a vector */
    WEISS_KIND_NAMED      /**< a mapping of names that the user chooses to elements as weiss_key.members[0] says */
} weiss_kind;

typedef struct weiss_value weiss_value;
struct weiss_value {
    weiss_kind kind;
    const char *name;    /**< key or chosen name; "" for list elements; owned by the tree */
    const weiss_value *parent; /**< NULL: the root, which owns the name of the file */
    const char *file;    /**< problem file (owned by the root), or "defaults" */
    int line;            /**< 1-based; 0 when the value is a default */
    bool is_default;     /**< filled in from the schema, not written in the file */
    bool alternative;    /**< the one that was chosen among the alternatives of its map */
    double number;       /**< NUMBER, SI */
    int64_t integer;     /**< INTEGER */
    bool flag;           /**< FLAG */
    const char *text;    /**< TEXT, CHOICE; owned by the tree */
    double *numbers;     /**< VECTOR, DIRECTION, NUMBERS; owned by the tree */
    weiss_value **items; /**< MAP, LIST, NAMED: children; owned by the tree */
    size_t count;        /**< length of numbers or items */
};

/** Child @p key of a map or named map; NULL when absent (or when @p map is NULL). Borrowed. */
const weiss_value *weiss_value_get(const weiss_value *map, const char *key);
/** True when @p key is there and not a mere default. */
bool weiss_value_given(const weiss_value *map, const char *key);
/** The one alternative (weiss_key.alternative) that is present in @p map; NULL when none. Borrowed. */
const weiss_value *weiss_value_alternative(const weiss_value *map);

/** Getters for keys that the schema makes sure are there (required, or with a fallback). An absent key or another kind
 *  is a programming error: they abort with a message. For optional keys ask weiss_value_get first. */
double weiss_value_number(const weiss_value *map, const char *key);
int64_t weiss_value_integer(const weiss_value *map, const char *key);
bool weiss_value_flag(const weiss_value *map, const char *key);
const char *weiss_value_text(const weiss_value *map, const char *key);
/** Three numbers, borrowed. */
const double *weiss_value_vector(const weiss_value *map, const char *key);

/** Destroys a whole tree, from its root. Accepts NULL. */
void weiss_value_destroy(weiss_value *value);

#endif
