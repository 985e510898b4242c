/* weiss tune: applies steps of tuning, and undoes them. */
#include "base/text.h"
#include "weiss/command.h"
#include "weiss/tuning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const weiss_option options[] = {
    {"--dry-run", 0, NULL, "Print the commands; change nothing"},
    {"--undo", 0, NULL, "Restore what was before: of the steps named, or of all"},
    {"--list", 0, NULL, "Print the steps"},
    {0},
};

static int failed(const char *step, const weiss_fault *fault)
{
    fprintf(stderr, "weiss: %s: %s\n", step, fault->text);
    return WEISS_EXIT_ERROR;
}

/** Finds the step of "NAME" or "NAME=VALUE". @param[out] value  behind the '='; NULL: none @return NULL after a message */
static const weiss_tuning_step *parse(const char *word, const char **value)
{
    char name[WEISS_TEXT_SHOWN];
    size_t length = strcspn(word, "=");
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), word);
    const weiss_tuning_step *step = weiss_tuning_step_find(name);
    *value = word[length] == '=' ? word + length + 1 : NULL;
    if (step != NULL && step->side == WEISS_TUNING_HOST)
        return step;
    char shown[WEISS_TEXT_SHOWN];
    weiss_text_show(name, shown);
    if (step != NULL) {
        weiss_usage("weiss tune",
                    "%s is a step of guests, which `weiss doctor --guest` explains; weiss tune changes hosts",
                    shown);
        return NULL;
    }
    weiss_nearest nearest = weiss_nearest_start(name);
    for (int i = 0; weiss_tuning_steps[i] != NULL; i++)
        if (weiss_tuning_steps[i]->side == WEISS_TUNING_HOST)
            weiss_nearest_consider(&nearest, weiss_tuning_steps[i]->name);
    if (nearest.best != NULL)
        weiss_usage("weiss tune", "there is no step \"%s\"; did you mean %s?", shown, nearest.best);
    else
        weiss_usage("weiss tune", "there is no step \"%s\"; weiss tune --list has them", shown);
    return NULL;
}

static void print_change(const weiss_tuning_change *change, const char *from, const char *to)
{
    switch (change->kind) {
    case WEISS_TUNING_DIRECTORY:
    case WEISS_TUNING_MODULE:
        printf("  %s\n", change->path);
        break;
    default:
        printf("  %s: %s -> %s\n", change->path, from[0] != '\0' ? from : "(nothing)",
               to[0] != '\0' ? to : "(nothing)");
    }
}

/** Applies one step, or prints its commands. */
static int apply(const weiss_tuning_machine *machine, const weiss_tuning_step *step, const char *value,
                 bool dry)
{
    weiss_tuning_changes changes = {0};
    weiss_fault fault;
    char line[WEISS_TUNING_TEXT];
    weiss_fault_clear(&fault);
    int code = weiss_tuning_plan(machine, step, value, &changes, &fault);
    if (code == 0 && !dry)
        code = weiss_tuning_apply(machine, step->name, &changes, &fault);
    if (code == 0 && !dry)
        printf("%s: %s\n", step->name, changes.count > 0 ? "applied" : "is so already");
    else if (code == 0)
        printf("# %s: %s\n", step->name, changes.count > 0 ? step->title : "nothing to do");
    for (int i = 0; code == 0 && i < changes.count; i++) {
        if (dry)
            printf("%s\n", weiss_tuning_command(changes.list + i, line, sizeof line));
        else
            print_change(changes.list + i, changes.list[i].old, changes.list[i].value);
    }
    weiss_tuning_changes_clear(&changes);
    return code == 0 ? WEISS_EXIT_DONE : failed(step->name, &fault);
}

/** Applies every step of a host that is bad, and that a program can change. Steps that cannot be taken are named. */
static int apply_all(const weiss_tuning_machine *machine, bool dry)
{
    weiss_tuning_finding finding;
    int exit_code = WEISS_EXIT_DONE, count = 0;
    for (int i = 0; weiss_tuning_steps[i] != NULL; i++) {
        const weiss_tuning_step *step = weiss_tuning_steps[i];
        if (step->side != WEISS_TUNING_HOST || step->plan == NULL)
            continue;
        weiss_tuning_find(machine, step, &finding);
        if (finding.verdict != WEISS_TUNING_BAD)
            continue;
        count++;
        if (apply(machine, step, NULL, dry) != WEISS_EXIT_DONE)
            exit_code = WEISS_EXIT_ERROR;
    }
    if (count == 0)
        printf("There is nothing to do that a program can do; weiss doctor tells more.\n");
    return exit_code;
}

static void say_undone(void *data, const char *step, const weiss_tuning_change *change)
{
    (void)data;
    printf("%s: undone\n", step);
    print_change(change, change->value, change->old);
}

static int undo(const weiss_tuning_machine *machine, const char *step)
{
    weiss_fault fault;
    weiss_fault_clear(&fault);
    if (!weiss_tuning_applied(machine, step))
        printf("%s%sthere is nothing to undo\n", step != NULL ? step : "", step != NULL ? ": " : "");
    else if (weiss_tuning_undo(machine, step, say_undone, NULL, &fault) != 0)
        return failed(step != NULL ? step : "undo", &fault);
    return WEISS_EXIT_DONE;
}

static int list(void)
{
    for (int i = 0; weiss_tuning_steps[i] != NULL; i++) {
        const weiss_tuning_step *step = weiss_tuning_steps[i];
        char name[64];
        if (step->side != WEISS_TUNING_HOST)
            continue;
        snprintf(name, sizeof name, "%s%s%s%s", step->name, step->argument != NULL ? "[=" : "",
                 step->argument != NULL ? step->argument : "", step->argument != NULL ? "]" : "");
        printf("%-20s %s%s\n", name, step->title, step->plan == NULL ? " (by hand)" : "");
    }
    return WEISS_EXIT_DONE;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_tuning_machine machine = weiss_tuning_this_machine();
    bool dry = weiss_arguments_get(command, arguments, "--dry-run") != NULL;
    bool undoing = weiss_arguments_get(command, arguments, "--undo") != NULL;
    const weiss_tuning_step *steps[WEISS_OPERANDS_MAX];
    const char *values[WEISS_OPERANDS_MAX];
    int code = WEISS_EXIT_DONE;
    if (weiss_arguments_get(command, arguments, "--list") != NULL)
        return list();
    if (dry && undoing)
        return weiss_usage("weiss tune", "--dry-run and --undo do not go together");
    for (int i = 0; i < arguments->noperands; i++)
        if ((steps[i] = parse(arguments->operand[i], values + i)) == NULL)
            return WEISS_EXIT_USAGE;
    if (!dry && machine.root[0] == '\0' && geteuid() != 0) {
        fprintf(stderr, "weiss: only root can change this machine; try `sudo weiss tune`, or `weiss tune "
                        "--dry-run` to see "
                        "the commands\n");
        return WEISS_EXIT_ERROR;
    }
    if (arguments->noperands == 0)
        return undoing ? undo(&machine, NULL) : apply_all(&machine, dry);
    for (int i = 0; i < arguments->noperands && code == WEISS_EXIT_DONE; i++)
        code = undoing ? undo(&machine, steps[i]->name) : apply(&machine, steps[i], values[i], dry);
    return code;
}

const weiss_command weiss_command_tune = {
    .name = "tune",
    .summary = "Tune a host of virtual machines, and undo that",
    .operands = "[STEP[=VALUE]...]",
    .max_operands = WEISS_OPERANDS_MAX,
    .options = options,
    .text = "Applies the steps named, or without a name those that `weiss doctor --host` finds to do and a "
            "program can "
            "do.\n"
            "Before anything changes, the old values are written to /run/weiss/tuning, from which --undo "
            "restores them.\n"
            "A boot undoes everything too. Root only, except for --dry-run and --list.\n"
            "\n"
            "Examples:\n"
            "  weiss tune --dry-run               the commands\n"
            "  weiss tune pinning hugepages=512   vCPUs on processors of their own; 512 huge pages\n"
            "  weiss tune --undo                  all as it was\n",
    .run = run,
};
