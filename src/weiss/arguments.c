/* Options and operands of a subcommand. */
#include "base/text.h"
#include "weiss/command.h"
#include "weiss/run/ranks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int weiss_usage(const char *path, const char *format, ...)
{
    if (weiss_speaks()) {
        va_list args;
        fprintf(stderr, "weiss: ");
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fprintf(stderr, "\nTry `%s --help`.\n", path);
    }
    return WEISS_EXIT_USAGE;
}

static int find_option(const weiss_command *command, const char *name, size_t length)
{
    for (int i = 0; command->options != NULL && command->options[i].name != NULL; i++)
        if (strlen(command->options[i].name) == length &&
            strncmp(command->options[i].name, name, length) == 0)
            return i;
    return -1;
}

static int find_letter(const weiss_command *command, char letter)
{
    for (int i = 0; command->options != NULL && command->options[i].name != NULL; i++)
        if (command->options[i].letter == letter)
            return i;
    return -1;
}

static bool unknown_option(const weiss_command *command, const char *path, const char *typed)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_nearest nearest = weiss_nearest_start(typed);
    weiss_text_show(typed, shown);
    weiss_nearest_consider(&nearest, "--help");
    for (int i = 0; command->options != NULL && command->options[i].name != NULL; i++)
        weiss_nearest_consider(&nearest, command->options[i].name);
    if (nearest.best != NULL)
        weiss_usage(path, "there is no option %s; did you mean %s?", shown, nearest.best);
    else
        weiss_usage(path, "there is no option %s", shown);
    return false;
}

/** Takes one option that starts at argv[*i]; *i ends at its last word. */
static bool take_option(const weiss_command *command, const char *path, int argc, char **argv, int *i,
                        weiss_arguments *out)
{
    const char *typed = argv[*i], *value = NULL;
    bool is_long = typed[1] == '-';
    const char *equals = is_long ? strchr(typed, '=') : NULL;
    int which = is_long
                    ? find_option(command, typed, equals != NULL ? (size_t)(equals - typed) : strlen(typed))
                    : find_letter(command, typed[1]);
    if (which < 0 || (!is_long && command->options[which].value == NULL && typed[2] != '\0'))
        return unknown_option(command, path, typed);
    const weiss_option *option = &command->options[which];
    if (equals != NULL)
        value = equals + 1;
    else if (!is_long && typed[2] != '\0')
        value = typed + 2;
    if (option->value == NULL && value != NULL) {
        weiss_usage(path, "option %s takes no value", option->name);
        return false;
    }
    if (option->value != NULL && value == NULL) {
        if (*i + 1 >= argc) {
            weiss_usage(path, "option %s needs a value: %s %s", option->name, option->name, option->value);
            return false;
        }
        value = argv[++*i];
    }
    if (out->ngiven == WEISS_GIVEN_MAX) {
        weiss_usage(path, "more than %d options", WEISS_GIVEN_MAX);
        return false;
    }
    out->value[which] = value != NULL ? value : "";
    out->given[out->ngiven].option = which;
    out->given[out->ngiven++].value = out->value[which];
    return true;
}

bool weiss_arguments_parse(const weiss_command *command, const char *path, int argc, char **argv,
                           weiss_arguments *out)
{
    bool only_operands = false;
    *out = (weiss_arguments){.argc = argc, .argv = argv};
    for (int i = 0; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
            if (!command->takes_command)
                continue;
            out->command = i + 1 < argc ? argv + i + 1 : NULL;
            return true;
        } else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_option(command, path, argc, argv, &i, out))
                return false;
        } else if (out->noperands == command->max_operands) {
            char shown[WEISS_TEXT_SHOWN];
            weiss_usage(path, "\"%s\" is one argument too many; expected %s %s",
                        weiss_text_show(argv[i], shown), path, command->operands);
            return false;
        } else {
            out->operand[out->noperands++] = argv[i];
        }
    }
    return true;
}

const char *weiss_arguments_get(const weiss_command *command, const weiss_arguments *arguments,
                                const char *name)
{
    int i = find_option(command, name, strlen(name));
    return i < 0 ? NULL : arguments->value[i];
}

const char *weiss_arguments_next(const weiss_command *command, const weiss_arguments *arguments,
                                 const char *name, int *place)
{
    int option = find_option(command, name, strlen(name));
    while (*place < arguments->ngiven) {
        int i = (*place)++;
        if (arguments->given[i].option == option)
            return arguments->given[i].value;
    }
    return NULL;
}
