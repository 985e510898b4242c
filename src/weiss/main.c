/* weiss: the command and its table of subcommands. */
#include "base/text.h"
#include "weiss/command.h"
#include "weiss/run/ranks.h"
#include "weiss/weiss.h"

#include <stdio.h>
#include <string.h>

static int show_help(const weiss_command *command, const weiss_arguments *arguments);

static const weiss_command command_help = {
    .name = "help",
    .summary = "Explain a subcommand",
    .operands = "[SUBCOMMAND...]",
    .max_operands = 2,
    .text = "Prints the same as `weiss SUBCOMMAND --help`.\n",
    .run = show_help,
};

static const weiss_command *const commands[] = {
    &weiss_command_run,     &weiss_command_mesh,    &weiss_command_bench,
    &weiss_command_fabric,  &weiss_command_mpirun,  &weiss_command_lab,
    &weiss_command_cluster, &weiss_command_image,   &weiss_command_openstack,
    &weiss_command_agent,   &weiss_command_overlay, &weiss_command_plan,
    &weiss_command_trace,   &weiss_command_scale,   &weiss_command_doctor,
    &weiss_command_tune,    &command_help,          NULL,
};

static const weiss_option options[] = {
    {"--version", 'V', NULL, "Print the version"},
    {0},
};

static const weiss_command command_weiss = {
    .name = "weiss",
    .summary = "Finite-element micromagnetics",
    .operands = "",
    .options = options,
    .children = commands,
    .text = "Weiss solves the Landau-Lifshitz-Gilbert equation on tetrahedral meshes, on one core or many.\n"
            "A problem is a short file in YAML; results go to NAME.out/ in the current directory.\n"
            "\n"
            "First steps:\n"
            "  weiss run --print-defaults > bar.yaml    a commented problem file with every key\n"
            "  weiss run bar.yaml                       run it; watch <m>, energy and torque\n"
            "  weiss run -n 4 bar.yaml                  the same on four cores\n"
            "  weiss run --restart bar.yaml             go on after Ctrl-C, SIGTERM or a power cut\n",
};

static const weiss_command *child(const weiss_command *command, const char *name)
{
    for (int i = 0; command->children != NULL && command->children[i] != NULL; i++)
        if (strcmp(command->children[i]->name, name) == 0)
            return command->children[i];
    return NULL;
}

static int unknown_subcommand(const weiss_command *command, const char *path, const char *typed)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_nearest nearest = weiss_nearest_start(typed);
    for (int i = 0; command->children[i] != NULL; i++)
        weiss_nearest_consider(&nearest, command->children[i]->name);
    weiss_text_show(typed, shown);
    if (nearest.best != NULL)
        return weiss_usage(path, "there is no subcommand \"%s\" of %s; did you mean %s?", shown, path,
                           nearest.best);
    return weiss_usage(path, "there is no subcommand \"%s\" of %s", shown, path);
}

static int missing_subcommand(const weiss_command *command, const char *path)
{
    char names[256] = "";
    for (int i = 0; command->children[i] != NULL; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", command->children[i]->name);
    }
    return weiss_usage(path, "%s needs a subcommand, one of %s", path, names);
}

static int show_help(const weiss_command *command, const weiss_arguments *arguments)
{
    char path[128] = "weiss";
    (void)command;
    command = &command_weiss;
    for (int i = 0; i < arguments->noperands; i++) {
        const weiss_command *next = child(command, arguments->operand[i]);
        if (next == NULL)
            return command->children != NULL ? unknown_subcommand(command, path, arguments->operand[i])
                                             : weiss_usage(path, "%s has no subcommands", path);
        size_t used = strlen(path);
        snprintf(path + used, sizeof path - used, " %s", next->name);
        command = next;
    }
    weiss_command_help(command, path);
    return WEISS_EXIT_DONE;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int weiss_command_dispatch(const weiss_command *command, const char *path, int argc, char **argv)
{
    char longer[128];
    weiss_arguments arguments;
    const weiss_command *next = argc > 0 ? child(command, argv[0]) : NULL;
    if (next != NULL) {
        snprintf(longer, sizeof longer, "%s %s", path, next->name);
        return weiss_command_dispatch(next, longer, argc - 1, argv + 1);
    }
    if (asks_for_help(command->verbatim && argc > 1 ? 1 : argc, argv)) {
        if (weiss_speaks())
            weiss_command_help(command, path);
        return WEISS_EXIT_DONE;
    }
    if (command->children != NULL && argc > 0 && argv[0][0] != '-')
        return unknown_subcommand(command, path, argv[0]);
    if (command->verbatim)
        return command->run(command, &(weiss_arguments){.argc = argc, .argv = argv});
    if (!weiss_arguments_parse(command, path, argc, argv, &arguments))
        return WEISS_EXIT_USAGE;
    if (command->children != NULL)
        return missing_subcommand(command, path);
    if (arguments.noperands < command->min_operands)
        return weiss_usage(path, "expected %s %s", path, command->operands);
    return command->run(command, &arguments);
}

int main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        if (weiss_speaks())
            printf("weiss %s\n", weiss_version());
        return WEISS_EXIT_DONE;
    }
    return weiss_command_dispatch(&command_weiss, "weiss", argc - 1, argv + 1);
}
