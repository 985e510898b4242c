/* The files of a plan. */
#include "weiss/plan/plan.h"

#include "base/replace.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static void write_hostfile(FILE *to, const void *plan)
{
    weiss_plan_hostfile(to, plan);
}

static void write_rankfile(FILE *to, const void *plan)
{
    weiss_plan_rankfile(to, plan);
}

static void write_hydra(FILE *to, const void *plan)
{
    weiss_plan_hydra(to, plan);
}

static void write_table(FILE *to, const void *plan)
{
    weiss_plan_table(to, plan);
}

static void write_picture(FILE *to, const void *plan)
{
    weiss_plan_picture(to, plan);
}

static void write_traffic(FILE *to, const void *plan)
{
    weiss_traffic_write(to, ((const weiss_plan *)plan)->traffic);
}

static const struct {
    const char *name;
    void (*write)(FILE *to, const void *plan);
} files[] = {
    {"hostfile", write_hostfile}, {"rankfile", write_rankfile}, {"hydra-hosts", write_hydra},
    {"plan.csv", write_table},    {"plan.svg", write_picture},  {"traffic.csv", write_traffic},
};

int weiss_plan_write(const char *directory, const weiss_plan *plan, weiss_fault *fault)
{
    char path[PATH_MAX], shown[WEISS_TEXT_SHOWN];
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: the directory cannot be made: %s",
                               weiss_text_show(directory, shown), strerror(errno));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (snprintf(path, sizeof path, "%s/%s", directory, files[i].name) >= PATH_MAX)
            return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: the name is too long",
                                   weiss_text_show(directory, shown));
        WEISS_FAULT_TRY(weiss_replace_file(path, files[i].write, plan, fault));
    }
    return 0;
}
