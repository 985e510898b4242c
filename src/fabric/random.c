#include "fabric/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int weiss_random(void *out, size_t bytes, weiss_fault *fault)
{
    if (getrandom(out, bytes, 0) != (ssize_t)bytes)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the system gives no random bytes: %s",
                               strerror(errno));
    return 0;
}
