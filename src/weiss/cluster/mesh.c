#include "weiss/cluster/mesh.h"

#include "base/text.h"
#include "cloud/process.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PREFIX "weiss: "

/** The last line that the process said, without the name of the program: its message. */
static int tell(int said, const char *problem, weiss_fault *fault)
{
    char text[WEISS_FAULT_TEXT] = "", *line = text;
    ssize_t length = pread(said, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    for (char *end; (end = strchr(line, '\n')) != NULL && end[1] != '\0';)
        line = end + 1;
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, PREFIX, sizeof PREFIX - 1) == 0)
        line += sizeof PREFIX - 1;
    return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s%s", line[0] != '\0' ? line : problem,
                           line[0] != '\0' ? "" : ": its mesh cannot be made");
}

int weiss_cluster_make_mesh(const char *problem, const char *out, const volatile sig_atomic_t *stop,
                            weiss_fault *fault)
{
    char self[PATH_MAX];
    int exit_code = 0;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    int said = length > 0 ? memfd_create("said", MFD_CLOEXEC) : -1;
    if (said < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the mesh cannot be made: %s", strerror(errno));
    self[length] = '\0';
    const char *const words[] = {self,    "mesh", "make", "--unit", "m", "--format", "gmsh-4.1-binary",
                                 problem, out,    NULL};
    const weiss_process_options options = {
        .words = (char *const *)words, .in = -1, .out = -1, .err = said, .death_signal = SIGTERM};
    int code = weiss_process_run(&options, &(weiss_process_reader){.stop = stop}, &exit_code, fault);
    if (code == 0 && exit_code != 0)
        code = tell(said, problem, fault);
    else if (code == WEISS_STOPPED)
        weiss_fault_set(fault, code, "stopped before the ranks started");
    close(said);
    return code;
}
