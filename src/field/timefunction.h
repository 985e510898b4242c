/* Functions of time that an applied field is multiplied with: a factor without unit, usually between -1 and 1. */
#ifndef WEISS_FIELD_TIMEFUNCTION_H
#define WEISS_FIELD_TIMEFUNCTION_H

#include "problem/problem.h"

/** Members of a `time:` key, which is a MAP. Each is an alternative: one form of function. */
extern const weiss_key weiss_timefunction_keys[];

typedef struct weiss_timefunction_form weiss_timefunction_form;

typedef struct weiss_timefunction {
    const weiss_timefunction_form *form; /**< static */
    double parameter[4];                 /**< in the order of the form's keys, SI */
    size_t count;                        /**< points of a table, else 0 */
    double *time;                        /**< count, s, ascending; owned */
    double *factor;                      /**< count; owned */
} weiss_timefunction;

/** Reads a function from the value of a `time:` key, and its file if it names one (rank 0 reads).
 *  @param value  NULL: constant, 1
 *  Collective. @return 0, WEISS_ERR_FILE, WEISS_ERR_SYNTAX, WEISS_ERR_VALUE; destroy @p out in all cases */
int weiss_timefunction_create(const weiss_problem *problem, const weiss_value *value, weiss_timefunction *out);
void weiss_timefunction_destroy(weiss_timefunction *function);

/** The factor at time @p t (s). Local. */
double weiss_timefunction_value(const weiss_timefunction *function, double t);

/** The longest step (s) from time @p t that cannot overlook a pulse or a period; INFINITY when any will do. A change that
 *  stays (a ramp) is never overlooked. Local. */
double weiss_timefunction_longest_step(const weiss_timefunction *function, double t);

/** Reads lines "time (s), factor" with ascending times into time, factor and count. Blank lines and lines that start
 *  with # are skipped, and so is a first line of titles. Collective. See weiss_timefunction_create for errors.
 *  @param value  where the file is named, for messages */
int weiss_timetable_read(const weiss_problem *problem, const weiss_value *value, const char *file,
                         weiss_timefunction *out);
/** Linear between the points, and constant before the first and after the last. Local. */
double weiss_timetable_value(const weiss_timefunction *function, double t);
/** To the second point that comes, but at least a thousandth of the table. Local. */
double weiss_timetable_longest_step(const weiss_timefunction *function, double t);

#endif
