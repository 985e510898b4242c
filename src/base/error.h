/* Error codes: those of the public interface, and their texts. */
#ifndef WEISS_BASE_ERROR_H
#define WEISS_BASE_ERROR_H

#include "weiss/error.h"

/** Short text of a code; "success" for 0, "unknown error" for a code that is none of ours. */
const char *weiss_code_text(int code);

#endif
