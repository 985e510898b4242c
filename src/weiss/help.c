/* `--help`: the text of a command, made from its tables. */
#include "weiss/command.h"

#include <stdio.h>

static void print_option(const weiss_option *option)
{
    char left[64], letter[8] = "    ";
    if (option->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(left, sizeof left, "%s%s%s%s", letter, option->name, option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    printf("  %-24s %s\n", left, option->help);
}

void weiss_command_help(const weiss_command *command, const char *path)
{
    static const weiss_option help = {"--help", 'h', NULL, "Print this text"};
    printf("%s: %s\n\nUsage: %s", path, command->summary, path);
    if (command->children != NULL)
        printf(" SUBCOMMAND ...\n");
    else
        printf(" [OPTIONS]%s%s\n", command->operands[0] != '\0' ? " " : "", command->operands);
    printf("\n%s", command->text);
    if (command->children != NULL) {
        printf("\nSubcommands:\n");
        for (int i = 0; command->children[i] != NULL; i++)
            printf("  %-10s %s\n", command->children[i]->name, command->children[i]->summary);
        printf("\n`%s SUBCOMMAND --help` tells more about each.\n", path);
    }
    printf("\nOptions:\n");
    for (int i = 0; command->options != NULL && command->options[i].name != NULL; i++)
        print_option(&command->options[i]);
    print_option(&help);
}
