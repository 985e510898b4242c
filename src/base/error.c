#include "base/error.h"

const char *weiss_code_text(int code)
{
    switch (code) {
    case 0:
        return "success";
#define X(name, value, text)                                                                                          \
    case name:                                                                                                        \
        return text;
        WEISS_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}
