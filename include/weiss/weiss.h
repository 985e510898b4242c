/* weiss.h: micromagnetic simulations from a program of one's own. Link with `pkg-config --cflags --libs weiss`.
 *
 *     weiss_session *session;
 *     weiss_simulation *bar;
 *     weiss_session_begin(MPI_COMM_WORLD, &session);
 *     weiss_simulation_read(session, "bar.yaml", &bar);     the problem: mesh, materials, terms, initial state
 *     weiss_simulation_build(bar);                          all of that is made
 *     weiss_simulation_evolve(bar, "dynamics: {duration: 100 ps}");
 *     weiss_simulation_mean(bar, mean);
 *     weiss_simulation_destroy(bar);
 *     weiss_session_end(session);
 *
 * Functions return 0 on success and a code of weiss/error.h otherwise; weiss_session_error tells what is wrong in words.
 * "Collective" functions are called by all ranks of the session's communicator together and return the same code on all
 * of them; "local" ones by any rank alone. All quantities are in SI units. Arrays belong to the caller. Nodal arrays hold
 * the nodes that the calling rank owns, three components of a node together, in an order that stays the same as long as
 * the simulation lives. The library keeps no global state of its own, prints nothing on standard output and never exits;
 * one session at a time, one thread. */
#ifndef WEISS_WEISS_H
#define WEISS_WEISS_H

#include <weiss/error.h>

#include <mpi.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The library in use on a communicator: error text, warnings, and the libraries below it. */
typedef struct weiss_session weiss_session;
/** One problem and everything that is made from it. */
typedef struct weiss_simulation weiss_simulation;

/** Version of the library, "0.1.0". Local. */
WEISS_API const char *weiss_version(void);

/* ---- Session ---- */

/** Begins to use the library on a duplicate of @p comm. Initialises MPI and PETSc (without its signal handlers) unless
 *  the program has done so. Collective. @p *out is NULL on failure.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MPI, WEISS_ERR_LIBRARY */
WEISS_API int weiss_session_begin(MPI_Comm comm, weiss_session **out);
/** Ends it, and PETSc and MPI if they were initialised by weiss_session_begin. Collective. Accepts NULL. */
WEISS_API void weiss_session_end(weiss_session *session);
/** What the last failure was about, in one sentence; "" when there was none. Stays until the next collective call that
 *  is given the session or one of its simulations. Local; borrowed. */
WEISS_API const char *weiss_session_error(const weiss_session *session);
/** Takes warnings and remarks instead of standard error, on rank 0; NULL: silence. @p level: 0 a warning, 1 a remark,
 *  2 a detail. Local. */
WEISS_API void weiss_session_log(weiss_session *session, void (*log)(void *self, int level, const char *text),
                                 void *self);

/* ---- Problem ---- */

/** Reads a problem file; `weiss run --print-defaults` shows what may stand in it. Collective.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_SYNTAX, WEISS_ERR_VALUE; the error text names file, line and key */
WEISS_API int weiss_simulation_read(weiss_session *session, const char *path, weiss_simulation **out);
/** The same from memory: @p text is what a problem file would hold. @p name stands for the file in messages; relative
 *  paths inside @p text start at its directory. Collective, with the same text on every rank. */
WEISS_API int weiss_simulation_parse(weiss_session *session, const char *name, const char *text,
                                     weiss_simulation **out);
/** Makes the mesh, the terms of the effective field and the initial state. Once; before all that follows. Collective.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_VALUE, WEISS_ERR_MESH, WEISS_ERR_MEMORY, WEISS_ERR_LIBRARY */
WEISS_API int weiss_simulation_build(weiss_simulation *simulation);
/** Collective. Accepts NULL. */
WEISS_API void weiss_simulation_destroy(weiss_simulation *simulation);

/* ---- Mesh ---- */

/** Nodes of the whole mesh. Local. */
WEISS_API int64_t weiss_simulation_nodes(const weiss_simulation *simulation);
/** Nodes that this rank owns: nodal arrays have three times as many entries. Local. */
WEISS_API int32_t weiss_simulation_owned_nodes(const weiss_simulation *simulation);
/** Coordinates, m. @param[out] xyz  3 * owned nodes. Local. */
WEISS_API void weiss_simulation_coordinates(const weiss_simulation *simulation, double *xyz);
/** Volume that each node stands for, a quarter of every tetrahedron around it, m^3. @param[out] volume  owned nodes.
 *  Local. */
WEISS_API void weiss_simulation_volumes(const weiss_simulation *simulation, double *volume);

/* ---- State ---- */

/** Direction of the magnetisation: unit vectors. @param[out] m  3 * owned nodes. Local. */
WEISS_API void weiss_simulation_magnetisation(const weiss_simulation *simulation, double *m);
/** Sets it. @param[in] m  3 * owned nodes; of any length but zero, normalised here. Collective.
 *  @return 0, WEISS_ERR_VALUE for a vector without length */
WEISS_API int weiss_simulation_set_magnetisation(weiss_simulation *simulation, const double *m);
/** Mean direction over the whole mesh, weighted with the magnetic moment. Collective. */
WEISS_API int weiss_simulation_mean(weiss_simulation *simulation, double mean[3]);
/** Time since the state was made, s. Local. */
WEISS_API double weiss_simulation_time(const weiss_simulation *simulation);

/* ---- Fields and energies ---- */

/** Active terms of the effective field, and the name of each ("exchange"). Local. */
WEISS_API int weiss_simulation_terms(const weiss_simulation *simulation);
WEISS_API const char *weiss_simulation_term(const weiss_simulation *simulation, int term);
/** Field of the term @p name, or the whole effective field when @p name is NULL, A/m. Zero for a term that is not active.
 *  @param[out] field  3 * owned nodes. Collective. */
WEISS_API int weiss_simulation_field(weiss_simulation *simulation, const char *name, double *field);
/** Energy of each active term over the whole mesh, J, in the order of weiss_simulation_term. Their sum is the total.
 *  @param[out] energy  weiss_simulation_terms doubles. Collective. */
WEISS_API int weiss_simulation_energies(weiss_simulation *simulation, double *energy);

/* ---- Evolution ---- */

/** Runs one stage, written as it would stand in the list `stages:` of a problem file, e.g.
 *  "dynamics: {duration: 100 ps}" or "relax: 10 A/m". Nothing is written to files. Collective.
 *  @return 0, WEISS_ERR_VALUE when @p stage is wrong, WEISS_ERR_CONVERGENCE when the stage gave up (the state is as far
 *  as it came), another code < 0 on errors */
WEISS_API int weiss_simulation_evolve(weiss_simulation *simulation, const char *stage);

#ifdef __cplusplus
}
#endif

#endif
