/* The envelope of a checkpoint: its first 512 bytes, a line of text that says what the file is, how long, and the
 * checksum of the rest:
 *
 *     weiss checkpoint 1 bytes 1234567 checksum 0123456789abcdef
 *
 * It is tested before the rest is parsed, so that damaged files never reach a parser. */
#ifndef WEISS_OUTPUT_ENVELOPE_H
#define WEISS_OUTPUT_ENVELOPE_H

#include "base/context.h"

#define WEISS_ENVELOPE_SIZE 512

/** Writes the envelope of a file that is otherwise complete and leaves its first 512 bytes free. Local.
 *  @return 0, WEISS_ERR_FILE */
int weiss_envelope_seal(weiss_context *ctx, const char *path);

/** Tests a file against its envelope. Local.
 *  @return 0, WEISS_ERR_FILE (missing, unreadable), WEISS_ERR_SYNTAX (not a checkpoint, another version, cut short,
 *          damaged) */
int weiss_envelope_check(weiss_context *ctx, const char *path);

#endif
