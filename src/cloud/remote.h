/* Programs run in a machine, and files copied to and from it, over ssh. */
#ifndef WEISS_CLOUD_REMOTE_H
#define WEISS_CLOUD_REMOTE_H

#include "cloud/process.h"

/** Runs a program in a machine as root, from /root, to its end. Its standard error is the caller's.
 *  @param directory  with ssh-config
 *  @param vm      name of the machine in ssh-config
 *  @param words   program and arguments, NULL-terminated; passed on unchanged
 *  @param reader  hears its standard output; NULL: that is the caller's too
 *  @param stop    without a reader: ends it when it points to something else than 0; may be NULL
 *  @param[out] code  its exit code; 255: ssh failed
 *  @return 0, WEISS_STOPPED, or a code of weiss_process_run */
int weiss_remote_run(const char *directory, const char *vm, char *const *words,
                     const weiss_process_reader *reader, const volatile sig_atomic_t *stop, int *code,
                     weiss_fault *fault);

/** Copies a file or a tree by scp. One of @p from and @p to is "VM:PATH".
 *  @param[out] code  exit code of scp
 *  @return as weiss_remote_run */
int weiss_remote_copy(const char *directory, const char *from, const char *to,
                      const volatile sig_atomic_t *stop, int *code, weiss_fault *fault);

/** Ends the connection to a machine that ssh keeps for the next program, if there is one. A machine on a bridge that ends does
 *  not end it. */
void weiss_remote_close(const char *directory, const char *vm);

#endif
