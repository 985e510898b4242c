/* Sizes with units, as a user writes them. */
#ifndef WEISS_COMMAND_BYTES_H
#define WEISS_COMMAND_BYTES_H

#include <stdbool.h>
#include <stdint.h>

/** Reads "512 MiB" or "512MiB". @return false when it is no whole number of B, KiB, MiB, GiB or TiB, or none at all */
bool weiss_bytes_parse(const char *text, int64_t *bytes);

#endif
