/* The command: a tree of subcommands. One file per subcommand, one line in its parent's table. The texts here are
 * `--help` and the usage messages. */
#ifndef WEISS_COMMAND_H
#define WEISS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/** Exit codes. A run that saved its state because of signal S ends with WEISS_EXIT_SIGNAL + S. */
enum weiss_exit {
    WEISS_EXIT_DONE = 0,
    WEISS_EXIT_ERROR = 1,
    WEISS_EXIT_USAGE = 2,
    WEISS_EXIT_NOT_CONVERGED = 3,
    WEISS_EXIT_TO_DO = 3, /**< of weiss doctor: something is not as it should be */
    WEISS_EXIT_SIGNAL = 128
};

/** An option of a subcommand. A table ends with a NULL name. */
typedef struct weiss_option {
    const char *name; /**< "--out" */
    char letter; /**< 'n' for -n; 0: none */
    const char *value; /**< what it takes, "DIR"; NULL: a flag */
    const char *help;
} weiss_option;

#define WEISS_OPTIONS_MAX 24
#define WEISS_OPERANDS_MAX 8
#define WEISS_GIVEN_MAX 128

/** What the user typed, sorted. */
typedef struct weiss_arguments {
    const char *value
        [WEISS_OPTIONS_MAX]; /**< per option, in the order of its table: NULL when not given, "" for a flag */
    const char *operand[WEISS_OPERANDS_MAX];
    int noperands;
    struct {
        int option; /**< its place in the table */
        const char *value;
    } given[WEISS_GIVEN_MAX]; /**< options as typed, also those given several times */
    int ngiven;
    char **command; /**< words after "--" when the subcommand takes a command; NULL-terminated; NULL: none */
    int argc; /**< all of them, as typed after the subcommand */
    char **argv;
} weiss_arguments;

typedef struct weiss_command weiss_command;
struct weiss_command {
    const char *name;
    const char *summary; /**< one line, no final stop */
    const char *operands; /**< "FILE", "[FILE]"; "" for none */
    int min_operands, max_operands;
    bool takes_command; /**< what follows "--" is a command of the user's, not operands */
    const weiss_option *options; /**< NULL: none but --help */
    const weiss_command *const *children; /**< NULL-terminated; NULL: this one runs itself */
    bool verbatim; /**< its words are another program's: not sorted, and --help counts only as the first */
    const char *text; /**< more about it, examples included */
    int (*run)(const weiss_command *command, const weiss_arguments *arguments); /**< returns an exit code */
};

extern const weiss_command weiss_command_lab;
extern const weiss_command weiss_command_cluster;
extern const weiss_command weiss_command_cluster_up;
extern const weiss_command weiss_command_cluster_down;
extern const weiss_command weiss_command_cluster_status;
extern const weiss_command weiss_command_image;
extern const weiss_command weiss_command_openstack;
extern const weiss_command weiss_command_agent;
extern const weiss_command weiss_command_overlay;
extern const weiss_command weiss_command_scale;
extern const weiss_command weiss_command_run;
extern const weiss_command weiss_command_mesh;
extern const weiss_command weiss_command_bench;
extern const weiss_command weiss_command_fabric;
extern const weiss_command weiss_command_mpirun;
extern const weiss_command weiss_command_plan;
extern const weiss_command weiss_command_trace;
extern const weiss_command weiss_command_doctor;
extern const weiss_command weiss_command_tune;

/** Finds the subcommand that @p argv names below @p command, parses its arguments and runs it.
 *  @param path  words so far, "weiss"
 *  @return an exit code */
int weiss_command_dispatch(const weiss_command *command, const char *path, int argc, char **argv);

/** Sorts arguments into options and operands. Says on standard error what is wrong with them.
 *  @return true when they are right */
bool weiss_arguments_parse(const weiss_command *command, const char *path, int argc, char **argv,
                           weiss_arguments *out);
/** Value of the option @p name; NULL when it was not given. */
const char *weiss_arguments_get(const weiss_command *command, const weiss_arguments *arguments,
                                const char *name);

/** Next value of an option that may be given several times. @p place is 0 at first. @return NULL after the last */
const char *weiss_arguments_next(const weiss_command *command, const weiss_arguments *arguments,
                                 const char *name, int *place);

/** Prints the help of a command on standard output. */
void weiss_command_help(const weiss_command *command, const char *path);

/** Says on standard error, once for all ranks, how @p path was called wrongly. @return WEISS_EXIT_USAGE */
int weiss_usage(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
