/* Stop conditions: `stop_when: mx < 0`, `stop_when: max_torque < 10 A/m`. Grammar: NAME OP QUANTITY, with
 * NAME one of mx, my, mz (components of <m>) and max_torque, and OP one of < <= > >=. */
#ifndef WEISS_EVOLVE_CONDITION_H
#define WEISS_EVOLVE_CONDITION_H

#include "evolve/state.h"

typedef struct weiss_condition {
    int component; /**< 0, 1, 2: of <m>; 3: max_torque; -1: no condition, never true */
    bool less; /**< true for < and <= */
    bool or_equal;
    double limit; /**< SI */
    const char *text; /**< as written; borrowed */
} weiss_condition;

/** Reads the condition under @p key of a stage; none when the key is absent. Local, the same on all ranks.
 *  @return 0, WEISS_ERR_VALUE (text: place, column, what was found and expected) */
int weiss_condition_read(weiss_context *ctx, const weiss_value *config, const char *key,
                         weiss_condition *out);

/** True when the condition needs <m> / the largest torque. */
bool weiss_condition_wants_mean(const weiss_condition *condition);
bool weiss_condition_wants_torque(const weiss_condition *condition);

/** Whether it holds. Never for a quantity that is not a number. */
bool weiss_condition_holds(const weiss_condition *condition, const double mean[3], double max_torque);

#endif
