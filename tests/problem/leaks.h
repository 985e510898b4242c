/* Leaks, found while the program runs: MPI leaves memory of its own at the end, which must not hide ours. */
#ifndef WEISS_TESTS_LEAKS_H
#define WEISS_TESTS_LEAKS_H

#include <malloc.h>
#include <stddef.h>

/* Of the sanitizers' run time; not there in other builds. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));
const char *__asan_default_options(void);

/* No check at the end: what is left there is MPI's. */
const char *__asan_default_options(void)
{
    return "leak_check_at_exit=0";
}

/** Bytes in use; always 0 under the address sanitizer, which finds leaks itself. Exact only when the C library keeps no
 *  freed blocks at hand: with GLIBC_TUNABLES=glibc.malloc.tcache_count=0 in the environment. */
static inline size_t bytes_in_use(void)
{
    mallopt(M_MXFAST, 0);
    malloc_trim(0);
    return mallinfo2().uordblks;
}

/** True when the sanitizer, if there is one, has found a leak. */
static inline int sanitizer_finds_leaks(void)
{
    return __lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0;
}

#endif
