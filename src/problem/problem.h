/* The problem: the checked file as a tree, and the parts that all rooms share (materials and regions). */
#ifndef WEISS_PROBLEM_PROBLEM_H
#define WEISS_PROBLEM_PROBLEM_H

#include "problem/schema.h"

/** One material. */
typedef struct weiss_material {
    const char *name;          /**< borrowed from values */
    double Ms;                 /**< saturation magnetisation, A/m, > 0 */
    double alpha;              /**< Gilbert damping, >= 0 */
    double gamma;              /**< gyromagnetic ratio times mu0, m/(A s) */
    const weiss_value *values; /**< MAP with all keys of the material, those of the terms included; borrowed */
} weiss_material;

/** A line of `regions:`. */
typedef struct weiss_region_rule {
    const char *region; /**< physical name, or number as text, or "default" (all that is not named); borrowed */
    int material;       /**< index into materials; -1: not magnetic, elements are left out */
    const weiss_value *value; /**< borrowed, for messages */
} weiss_region_rule;

typedef struct weiss_problem {
    weiss_context *ctx;    /**< borrowed */
    char *path;            /**< as given */
    char *directory;       /**< directory of the file, "." when none: relative paths inside the file start here */
    char *name;            /**< file name without directory and suffix: NAME in NAME.out */
    char *text;            /**< the file as it was read, NUL at its end: for run.json and restarts; owned */
    size_t length;         /**< bytes of text without that NUL */
    weiss_value *root;     /**< the whole tree, owned */
    const char *title;
    const char *mesh_file; /**< the mesh, in metres, in place of what `mesh:` asks for; NULL: none; borrowed */
    weiss_material *materials; /**< owned */
    int nmaterials;
    weiss_region_rule *regions; /**< owned */
    int nregions;
} weiss_problem;

/** What the other rooms add to the schema of a problem file. All borrowed; tables end with a NULL name. */
typedef struct weiss_schema_parts {
    const weiss_key *mesh;      /**< members of `mesh:` */
    const weiss_key *material;  /**< members of each material, besides Ms, alpha and gamma */
    const weiss_key *sections;  /**< further top-level keys (one per term that has options, `output`, ...) */
    const weiss_key *initial;   /**< members of `initial:` */
    const weiss_key *stages;    /**< alternatives in each element of `stages:` */
} weiss_schema_parts;

/** Reads and checks a problem file. Collective. See weiss_schema_read_text and weiss_schema_parse for errors. */
int weiss_problem_read(weiss_context *ctx, const char *path, const weiss_schema_parts *parts, weiss_problem **out);
/** The same from memory. */
int weiss_problem_parse(weiss_context *ctx, const char *path, const char *text, size_t length,
                        const weiss_schema_parts *parts, weiss_problem **out);
/** Writes the commented file with every key. Local. */
int weiss_problem_print_defaults(weiss_context *ctx, const weiss_schema_parts *parts, FILE *to);
void weiss_problem_destroy(weiss_problem *problem);

/** Path of a file that is named in the problem: relative ones start at the problem's directory. Free with free(). */
int weiss_problem_path(const weiss_problem *problem, const char *file, char **out);

/** Index of the material of region number @p tag with physical name @p name ("" when it has none). A rule for the name
 *  goes before one for the number, and that before "default". When there are no rules and only one material, that one.
 *  @param[out] material  index, or -1 for a region that is not magnetic
 *  @return 0, WEISS_ERR_VALUE when no rule fits (message lists the rules and the region) */
int weiss_problem_region_material(const weiss_problem *problem, int tag, const char *name, int *material);

#endif
