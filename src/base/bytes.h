/* Sizes of memory as text: "64 MiB". */
#ifndef WEISS_BASE_BYTES_H
#define WEISS_BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

/** Room that weiss_bytes_show never exceeds, NUL included. */
#define WEISS_BYTES_SHOWN 32

/** Reads a whole number and its unit (B, KiB, MiB, GiB or TiB), such as "64 MiB". @return false when it is not that, or 0,
 *  or too large; @p bytes is then as before */
bool weiss_bytes_parse(const char *text, int64_t *bytes);
/** Writes a size in the largest unit in which it is a whole number. @p out has room for WEISS_BYTES_SHOWN. Returns @p out. */
char *weiss_bytes_show(int64_t bytes, char *out);

#endif
