/* Leaks, found in every build; sanitizer builds find them by their own means. */
#ifndef WEISS_TESTS_LEAKS_H
#define WEISS_TESTS_LEAKS_H

#include <malloc.h>
#include <stddef.h>

/** Bytes in use; always 0 under the address sanitizer. Exact only when the C library keeps no freed blocks at hand: with
 *  GLIBC_TUNABLES=glibc.malloc.tcache_count=0 in the environment. */
static inline size_t bytes_in_use(void)
{
    mallopt(M_MXFAST, 0);
    malloc_trim(0);
    return mallinfo2().uordblks;
}

#endif
