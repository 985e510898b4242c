/* Error codes: 0 is success, negative is fatal, positive is recoverable (try a shorter step, fewer iterations). */
#ifndef WEISS_ERROR_H
#define WEISS_ERROR_H

/** X(name, value, short text) of every code. */
#define WEISS_ERRORS(X)                                                                                      \
    X(WEISS_ERR_MEMORY, -1, "out of memory")                                                                 \
    X(WEISS_ERR_MPI, -2, "MPI failed")                                                                       \
    X(WEISS_ERR_FILE, -3, "a file could not be read or written")                                             \
    X(WEISS_ERR_SYNTAX, -4, "a file is malformed")                                                           \
    X(WEISS_ERR_VALUE, -5, "a value is wrong or missing")                                                    \
    X(WEISS_ERR_MESH, -6, "the mesh cannot be used")                                                         \
    X(WEISS_ERR_DIMENSION, -7, "array lengths disagree")                                                     \
    X(WEISS_ERR_LIBRARY, -8, "a library call failed")                                                        \
    X(WEISS_ERR_CONVERGENCE, -9, "an iteration did not converge")                                            \
    X(WEISS_ERR_USAGE, -10, "the command was called wrongly")                                                \
    X(WEISS_ERR_INTERNAL, -11, "internal error")                                                             \
    X(WEISS_ERR_REGION, -12, "a shared region cannot be used")                                               \
    X(WEISS_ERR_PEER, -13, "a peer failed")                                                                  \
    X(WEISS_ERR_SYSTEM, -14, "the system refused a request")                                                 \
    X(WEISS_STOPPED, 1, "stopped on request, state saved")                                                   \
    X(WEISS_RETRY, 2, "recoverable failure: try a shorter step, or again")                                   \
    X(WEISS_OWNER_DIED, 3, "a lock was taken over from a process that died")

#ifndef WEISS_API
/** What the shared libraries show. */
#define WEISS_API __attribute__((visibility("default")))
#endif

enum weiss_error_code {
#define X(name, value, text) name = value,
    WEISS_ERRORS(X)
#undef X
};

#endif
