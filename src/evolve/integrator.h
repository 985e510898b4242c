/* A time integrator for dm/dt of llg.h: one interface over CVODE (BDF and Adams) and ARKODE (explicit
 * Runge-Kutta). */
#ifndef WEISS_EVOLVE_INTEGRATOR_H
#define WEISS_EVOLVE_INTEGRATOR_H

#include "evolve/llg.h"
#include "evolve/preconditioner.h"

#include <sundials/sundials_linearsolver.h>
#include <sundials/sundials_nvector.h>

typedef struct weiss_integrator weiss_integrator;

typedef struct weiss_integrator_options {
    const char *method; /**< "bdf", "adams" or "rk" */
    double start; /**< s, stage time to start from */
    double end; /**< s, no step goes beyond */
    double rtol, atol; /**< of the components of m */
    double max_step; /**< s; 0: no limit */
    double first_step; /**< s; 0: found by the integrator */
    weiss_preconditioner_kind preconditioner;
} weiss_integrator_options;

/** What a method adds: one file per family. */
typedef struct weiss_integrator_method {
    /** Makes integrator->memory for integrator->y at options->start. Collective. */
    int (*create)(weiss_integrator *integrator, const weiss_integrator_options *options);
    void (*destroy)(weiss_integrator *integrator);
    /** Lets no step go beyond @p time until it is reached or set again. Returns a SUNDIALS flag. Local. */
    int (*stop_at)(weiss_integrator *integrator, double time);
    /** One step; updates y and time. Returns a SUNDIALS flag, < 0 for failure. Collective. */
    int (*step)(weiss_integrator *integrator);
    /** The solution at @p time inside the last step into @p out. Returns a SUNDIALS flag. Local, or
     * collective. */
    int (*interpolate)(weiss_integrator *integrator, double time, N_Vector out);
    void (*statistics)(weiss_integrator *integrator, weiss_statistic_fn fn, void *self);
    double (*last_step)(weiss_integrator *integrator);
} weiss_integrator_method;

extern const weiss_integrator_method weiss_integrator_cvode;
extern const weiss_integrator_method weiss_integrator_erk;

struct weiss_integrator {
    weiss_llg *llg; /**< borrowed */
    const weiss_integrator_method *method;
    double time; /**< s, stage time reached */
    double end; /**< s */
    int64_t steps;
    double length_error; /**< largest | |m| - 1 | that a step left on this rank and a projection removed */
    double *m; /**< 3 * nowned, solution at time (not normalised); owned */
    double *dense; /**< 3 * nowned, solution at the time asked for last; owned */
    N_Vector y, y_dense; /**< the same as SUNDIALS vectors */
    SUNContext sundials;
    void *memory; /**< of SUNDIALS */
    SUNLinearSolver linear_solver;
    weiss_preconditioner *preconditioner;
    char said[512]; /**< last message of SUNDIALS */
};

/** Starts at state->m. Collective. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_LIBRARY */
int weiss_integrator_create(weiss_llg *llg, const weiss_integrator_options *options, weiss_integrator **out);
void weiss_integrator_destroy(weiss_integrator *integrator);

/** One internal step: integrator->time and integrator->m move on. BDF keeps |m| = 1. The step is no longer than a pulse
 *  of the terms that depend on time allows. Collective.
 *  @return 0, WEISS_ERR_CONVERGENCE (text: when, which step, what to try), or the error of a term */
int weiss_integrator_step(weiss_integrator *integrator);
/** Interpolates with the order of the method to @p time (s), which must lie in the last step. Collective.
 *  @param[out] m  3 * nowned, borrowed until the next call; length 1 up to the drift */
int weiss_integrator_interpolate(weiss_integrator *integrator, double time, const double **m);
/** Counters of the integrator. Collective. */
void weiss_integrator_statistics(weiss_integrator *integrator, weiss_statistic_fn fn, void *self);

/** Right side in the form that SUNDIALS calls; the user data are the integrator. */
int weiss_integrator_rhs(realtype time, N_Vector y, N_Vector ydot, void *integrator);
/** Keeps messages of SUNDIALS for our own ones. */
void weiss_integrator_hear(int code, const char *module, const char *function, char *message,
                           void *integrator);
/** Stores what a failed set-up call means. */
int weiss_integrator_fail_setup(weiss_integrator *integrator, const char *call, int flag);

#endif
