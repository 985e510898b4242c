/* One relaxation to a small torque, as the stages `relax` and `hysteresis` do it. */
#ifndef WEISS_EVOLVE_RELAXATION_H
#define WEISS_EVOLVE_RELAXATION_H

#include "evolve/condition.h"
#include "evolve/minimiser.h"
#include "evolve/reporting.h"

typedef struct weiss_relaxation {
    double torque; /**< A/m, done when max |m x H| is below */
    int64_t max_iterations;
    weiss_condition condition; /**< done too when this holds */
    weiss_outcome outcome; /**< out: COMPLETE, CONDITION, NOT_CONVERGED or STOPPED */
    int64_t iterations; /**< out */
    char reason[192]; /**< out: one clause with numbers */
} weiss_relaxation;

/** Keys that the two stages share, to be listed in their tables. */
#define WEISS_RELAXATION_KEYS                                                                                \
    {.name = "torque",                                                                                       \
     .kind = WEISS_KIND_NUMBER,                                                                              \
     .quantity = WEISS_FIELD,                                                                                \
     .fallback = "10 A/m",                                                                                   \
     .positive = true,                                                                                       \
     .help = "Done when the largest |m x H| is below this"},                                                 \
        {.name = "max_iterations",                                                                           \
         .kind = WEISS_KIND_INTEGER,                                                                         \
         .fallback = "20000",                                                                                \
         .positive = true,                                                                                   \
         .help = "Give up, and say so, after this many iterations"},                                         \
        {.name = "max_rotation",                                                                             \
         .kind = WEISS_KIND_NUMBER,                                                                          \
         .quantity = WEISS_ANGLE,                                                                            \
         .fallback = "15 deg",                                                                               \
         .positive = true,                                                                                   \
         .max = 1.6,                                                                                         \
         .help = "No moment turns further in one iteration: smaller steps stay closer to the path of "       \
                 "steepest descent"},                                                                        \
    {                                                                                                        \
        .name = "seed", .kind = WEISS_KIND_INTEGER, .fallback = "1", .min = 0, .max = 1e15,                  \
        .help = "Of the perturbation"                                                                        \
    }

/** Reads torque, max_iterations and stop_when. Local, the same on all ranks. */
int weiss_relaxation_read(weiss_context *ctx, const weiss_value *config, weiss_relaxation *out);

/** Relaxes the state of @p minimiser. Tells the observer of each iteration; run->resume must be set before.
 *  Collective. @return 0 whatever the outcome, WEISS_STOPPED when the observer asks to stop, or an error */
int weiss_relaxation_run(weiss_minimiser *minimiser, weiss_relaxation *relaxation, weiss_reporting *reporting,
                         double fraction);

#endif
