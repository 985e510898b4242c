/* weiss trace: runs an MPI program with the tracer preloaded. */
#include "base/text.h"
#include "cloud/process.h"
#include "cloud/words.h"
#include "weiss/command.h"
#include "weiss/stop.h"
#include "weiss/tracer.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const weiss_option options[] = {
    {"--out", 'o', "FILE", "Where the traffic is written (default traffic.csv)"},
    {"--times", 0, "FILE", "Also write how long each rank computed, transferred and waited"},
    {0},
};

/** What is asked for. */
typedef struct request {
    const char *file; /**< for the traffic */
    const char *times; /**< for the times; NULL: none */
} request;

/** True for the names that Open MPI's launcher has. */
static bool is_mpirun(const char *word)
{
    static const char *const names[] = {"mpirun",         "mpiexec",         "orterun",
                                        "mpirun.openmpi", "mpiexec.openmpi", NULL};
    const char *name = strrchr(word, '/');
    name = name != NULL ? name + 1 : word;
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/** Place after the words `mpirun` or `weiss mpirun [--region PATH]`, where its options may stand; 0 when the command is
 *  another. */
static int launcher(char *const *words)
{
    const char *name = strrchr(words[0], '/');
    name = name != NULL ? name + 1 : words[0];
    if (is_mpirun(words[0]))
        return 1;
    if (strcmp(name, "weiss") != 0 || words[1] == NULL || strcmp(words[1], "mpirun") != 0)
        return 0;
    if (words[2] != NULL && strncmp(words[2], "--region=", 9) == 0)
        return 3;
    return words[2] != NULL && strcmp(words[2], "--region") == 0 && words[3] != NULL ? 4 : 2;
}

/** Appends "NAME=FILE" with an absolute name of the file. @return false when it is too long */
static bool add_file(const char *name, const char *file, weiss_words *settings)
{
    char directory[PATH_MAX], text[3 * PATH_MAX];
    bool absolute = file[0] == '/';
    if (!absolute && getcwd(directory, sizeof directory) == NULL)
        return false;
    snprintf(text, sizeof text, "%s=%s%s%s", name, absolute ? "" : directory, absolute ? "" : "/", file);
    weiss_words_list(settings, text, NULL);
    return strlen(text) < PATH_MAX;
}

/** The settings that the ranks need, "NAME=VALUE". @return false when a name is too long */
static bool make_settings(const char *library, const request *r, weiss_words *settings)
{
    const char *before = getenv("LD_PRELOAD");
    weiss_words_add(settings, "LD_PRELOAD=%s%s%s", library, before != NULL && *before != '\0' ? ":" : "",
                    before != NULL ? before : "");
    return add_file(WEISS_TRACER_FILE, r->file, settings) &&
           (r->times == NULL || add_file(WEISS_TRACER_TIMES, r->times, settings));
}

/** The command with `-x NAME=VALUE` after mpirun; only the ranks get the tracer then. */
static void make_command(char *const *words, int place, const weiss_words *settings, weiss_words *command)
{
    for (int i = 0; words[i] != NULL; i++) {
        for (int k = 0; i == place && place > 0 && k < settings->count; k++)
            weiss_words_list(command, "-x", settings->word[k], NULL);
        weiss_words_list(command, words[i], NULL);
    }
}

static int attend(const weiss_process_options *process, weiss_fault *fault, int *exit_code)
{
    const volatile sig_atomic_t *stop = weiss_stop_watch();
    int status = 0;
    pid_t pid;
    WEISS_FAULT_TRY(weiss_process_start(process, &pid, fault));
    if (weiss_process_wait(pid, -1, stop, &status) == WEISS_STOPPED) {
        kill(pid, (int)*stop);
        weiss_process_wait(pid, -1, NULL, &status);
    }
    *exit_code = weiss_process_code(status);
    return 0;
}

/** What a file is: two that differ are not the same writing. */
static bool changed(const char *file, const struct stat *before, bool was)
{
    struct stat now;
    return stat(file, &now) == 0 &&
           (!was || now.st_ino != before->st_ino || now.st_mtim.tv_nsec != before->st_mtim.tv_nsec ||
            now.st_mtim.tv_sec != before->st_mtim.tv_sec);
}

static int conclude(const char *file, bool written, int exit_code)
{
    char shown[WEISS_TEXT_SHOWN];
    if (written) {
        fprintf(stderr, "weiss: the traffic is in %s\n", weiss_text_show(file, shown));
        return exit_code;
    }
    fprintf(
        stderr,
        "weiss: no traffic was written: the program did not call MPI_Finalize from C, or its MPI is not Open "
        "MPI's shared library\n");
    return exit_code != 0 ? exit_code : WEISS_EXIT_ERROR;
}

/** Runs the command in @p words with the tracer's settings. */
static int run_traced(const request *r, char *const *words, const weiss_words *settings, int place,
                      weiss_fault *fault, int *exit_code)
{
    struct stat before;
    bool was = stat(r->file, &before) == 0;
    const weiss_process_options process = {.words = words,
                                           .settings = place > 0 ? NULL : settings->word,
                                           .in = STDIN_FILENO,
                                           .out = STDOUT_FILENO,
                                           .err = STDERR_FILENO,
                                           .death_signal = SIGTERM};
    WEISS_FAULT_TRY(attend(&process, fault, exit_code));
    *exit_code = conclude(r->file, changed(r->file, &before, was), *exit_code);
    return 0;
}

static int trace(const request *r, char *const *words, weiss_fault *fault, int *exit_code)
{
    char library[PATH_MAX], shown[WEISS_TEXT_SHOWN];
    weiss_words settings = {0}, command = {0};
    int code, place = launcher(words);
    if (!weiss_tracer_find(library))
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "the tracer " WEISS_TRACER_LIBRARY " is neither beside this program nor at %s",
                               library);
    if (make_settings(library, r, &settings)) {
        make_command(words, place, &settings, &command);
        code = settings.full || command.full
                   ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "the command has more than %d words",
                                     WEISS_WORDS_MAX - 6)
                   : run_traced(r, command.word, &settings, place, fault, exit_code);
    } else {
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s: the name is too long",
                               weiss_text_show(settings.count <= 2 ? r->file : r->times, shown));
    }
    weiss_words_clear(&settings);
    weiss_words_clear(&command);
    return code;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    const char *file = weiss_arguments_get(command, arguments, "--out");
    const request r = {file != NULL ? file : "traffic.csv",
                       weiss_arguments_get(command, arguments, "--times")};
    weiss_fault fault = {0};
    int exit_code = WEISS_EXIT_ERROR;
    if (arguments->command == NULL || arguments->command[0] == NULL)
        return weiss_usage("weiss trace", "expected -- and a command, such as -- mpirun -n 4 ./program");
    if (trace(&r, arguments->command, &fault, &exit_code) != 0)
        fprintf(stderr, "weiss: %s\n", fault.text);
    return exit_code;
}

const weiss_command weiss_command_trace = {
    .name = "trace",
    .summary = "Count the messages between the ranks of an MPI program",
    .operands = "-- COMMAND...",
    .takes_command = true,
    .options = options,
    .text =
        "Runs COMMAND with a library preloaded that counts messages and bytes between each pair of ranks, "
        "and\n"
        "writes them when the program calls MPI_Finalize. The program is not rebuilt; its MPI is Open MPI's "
        "shared\n"
        "library. Collective operations count as the messages of a model. `weiss plan` reads the file.\n"
        "\n"
        "Examples:\n"
        "  weiss trace -- mpirun -n 8 ./program\n"
        "  weiss trace --out bar.csv -- weiss run -n 4 bar.yaml\n"
        "  weiss plan --topology cloud.yaml --matrix bar.csv\n",
    .run = run,
};
