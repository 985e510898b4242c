/* A fault: code and text of an error, where no MPI context exists (the fabric and the cloud know nothing of MPI). The caller
 * owns it; a function that can fail takes a pointer to one, stores the text once, where the fact is known, and returns the
 * code. */
#ifndef WEISS_BASE_FAULT_H
#define WEISS_BASE_FAULT_H

#include "base/error.h"

#define WEISS_FAULT_TEXT 1024

typedef struct weiss_fault {
    int code; /**< 0: none */
    char text[WEISS_FAULT_TEXT]; /**< one sentence: what is wrong, where, what was expected, what to do */
} weiss_fault;

/** Stores @p code and the text, unless an earlier one is stored: the first is the cause. @p fault may be NULL.
 *  @return @p code */
int weiss_fault_set(weiss_fault *fault, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Puts what was being done before the text of a stored fault: "PREFIX: TEXT". @return its code */
int weiss_fault_prefix(weiss_fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Forgets a stored fault. Also the way to begin: `weiss_fault fault; weiss_fault_clear(&fault);` where `= {0}`, which clears
 *  all of the text too, would take longer than what is guarded. */
static inline void weiss_fault_clear(weiss_fault *fault)
{
    fault->code = 0;
    fault->text[0] = '\0';
}

/** Runs @p call; on a result other than 0 returns it from the enclosing function. */
#define WEISS_FAULT_TRY(call)                                                                                \
    do {                                                                                                     \
        int weiss_try_code_ = (call);                                                                        \
        if (weiss_try_code_ != 0)                                                                            \
            return weiss_try_code_;                                                                          \
    } while (0)

#endif
