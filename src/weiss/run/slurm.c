#include "weiss/run/slurm.h"

#include "weiss/command.h"
#include "weiss/run/ranks.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Seconds before the end of its time at which a job is told to save its state. */
#define SAVE_SECONDS 120

static int number_of(const char *variable)
{
    const char *text = getenv(variable);
    return text != NULL ? atoi(text) : -1;
}

int weiss_slurm_tasks(void)
{
    int tasks = number_of("SLURM_NTASKS");
    return getenv("SLURM_JOB_ID") == NULL || weiss_under_mpi() || tasks < 1 ? 0 : tasks;
}

bool weiss_slurm_bare_task(void)
{
    return !weiss_under_mpi() && getenv("SLURM_STEP_ID") != NULL && number_of("SLURM_STEP_NUM_TASKS") > 1 &&
           number_of("SLURM_PROCID") >= 0;
}

int weiss_slurm_start_again(int argc, char **argv)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    const char **words = calloc((size_t)argc + 8, sizeof *words);
    int n = 0;
    if (number_of("SLURM_PROCID") > 0) {
        free(words);
        return WEISS_EXIT_DONE;
    }
    if (words == NULL || length < 0) {
        free(words);
        fprintf(stderr, "weiss: out of memory\n");
        return WEISS_EXIT_ERROR;
    }
    self[length] = '\0';
    words[n++] = "srun";
    words[n++] = "--overlap"; /* on the processors of this step */
    words[n++] = "--mpi=pmix";
    words[n++] = "--ntasks";
    words[n++] = getenv("SLURM_STEP_NUM_TASKS");
    words[n++] = self;
    words[n++] = "run";
    memcpy(words + n, argv, (size_t)argc * sizeof *words);
    execvp(words[0], (char *const *)words);
    fprintf(stderr, "weiss: srun cannot be started: %s. Start the ranks by srun --mpi=pmix.\n",
            strerror(errno));
    free(words);
    return WEISS_EXIT_ERROR;
}

/** Prints @p text as one word of the shell. */
static void print_word(const char *text, FILE *to)
{
    fputc('\'', to);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else
            fputc(*text, to);
    }
    fputc('\'', to);
}

/** Name of a file without directory and ending; @return its length */
static int stem_of(const char *file, const char **stem)
{
    const char *slash = strrchr(file, '/');
    *stem = slash != NULL ? slash + 1 : file;
    const char *dot = strrchr(*stem, '.');
    return dot != NULL && dot != *stem ? (int)(dot - *stem) : (int)strlen(*stem);
}

/** A name for the job, of letters that Slurm takes. */
static void print_name(const char *stem, int length, FILE *to)
{
    for (int i = 0; i < length; i++) {
        char c = stem[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '.';
        fputc(plain ? c : '_', to);
    }
}

void weiss_slurm_script(const char *file, int nranks, const char *out, FILE *to)
{
    const char *stem;
    int length = stem_of(file, &stem);
    char directory[PATH_MAX];
    snprintf(directory, sizeof directory, "%.*s.out", length, stem);
    fputs("#!/bin/sh\n#SBATCH --job-name=", to);
    print_name(stem, length, to);
    if (nranks > 0)
        fprintf(to, "\n#SBATCH --ntasks=%d", nranks);
    fputs("\n#SBATCH --output=%x-%j.log\n# How long it may take, for example:\n##SBATCH --time=12:00:00\n",
          to);
    fprintf(to, "# The state is saved %d s before that; the job, submitted again, goes on from there.\n",
            SAVE_SECONDS);
    fprintf(to, "#SBATCH --signal=B:USR1@%d\n\nproblem=", SAVE_SECONDS);
    print_word(file, to);
    fputs("\nresults=", to);
    print_word(out != NULL ? out : directory, to);
    fputs("\nrestart=\n"
          "if [ -e \"$results/checkpoint.h5\" ]; then restart=--restart; fi\n"
          "weiss run $restart --out \"$results\" \"$problem\" &\n"
          "run=$!\n"
          "trap 'kill -USR1 $run' USR1 TERM\n"
          "wait $run\n"
          "code=$?\n"
          "# A signal ends the first wait; then the end of the run is waited for.\n"
          "while kill -0 $run 2>/dev/null; do wait $run; code=$?; done\n"
          "exit $code\n",
          to);
}
