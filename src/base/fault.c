#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int weiss_fault_set(weiss_fault *fault, int code, const char *format, ...)
{
    va_list args;
    if (fault == NULL || fault->code != 0)
        return code;
    fault->code = code;
    va_start(args, format);
    vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    return code;
}

int weiss_fault_prefix(weiss_fault *fault, const char *format, ...)
{
    char before[WEISS_FAULT_TEXT], after[WEISS_FAULT_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(before, sizeof before, format, args);
    va_end(args);
    memcpy(after, fault->text, sizeof after);
    size_t used = strnlen(before, sizeof before - 1);
    snprintf(fault->text, sizeof fault->text, "%s: %.*s", before, (int)(sizeof after - used - 3), after);
    return fault->code;
}
