/* Processes that are no children: told apart from others that got their number later. */
#ifndef WEISS_CLOUD_CLUSTER_PROCESS_H
#define WEISS_CLOUD_CLUSTER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** When a process started, in the kernel's ticks since the boot; 0: there is none of that number, or it has ended. */
unsigned long long weiss_cluster_start_of(pid_t pid);
/** Names this boot of the machine. */
void weiss_cluster_boot(char *text, size_t size);
/** Has a process end: SIGTERM, and SIGKILL when it takes its time. Does nothing to a process that started at another time.
 *  @return false when it does not end, or may not be ended */
bool weiss_cluster_end(pid_t pid, unsigned long long start);

#endif
