/* weiss doctor: what makes MPI in virtual machines slow on this machine, and what to do. */
#include "cloud/tuning/tuning.h"
#include "weiss/command.h"
#include "weiss/tuning.h"

#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX 64
#define WIDTH 78

static const weiss_option options[] = {
    {"--host", 0, NULL, "Look at this machine as a host of virtual machines"},
    {"--guest", 0, NULL, "Look at this machine as a guest"},
    {"--openstack", 0, NULL, "Look at it as a compute host of OpenStack, for what stands in the agent's way"},
    {"--json", 'j', NULL, "Print JSON"},
    {0},
};

typedef struct report {
    const weiss_tuning_step *step;
    weiss_tuning_finding finding;
    weiss_tuning_changes changes; /**< what `weiss tune` would do */
    weiss_fault fault; /**< why it could not */
} report;

static const char *const verdict_names[] = {"to do", "cannot tell", "to know", "good", "does not apply"};
static const struct {
    weiss_tuning_side side;
    const char *word, *name; /**< name: for persons */
} sides_known[] = {
    {WEISS_TUNING_HOST, "host", "a host"},
    {WEISS_TUNING_GUEST, "guest", "a guest"},
    {WEISS_TUNING_COMPUTE, "openstack", "a compute host of OpenStack"},
};
#define SIDES ((int)(sizeof sides_known / sizeof *sides_known))

static const char *const verdict_words[] = {"bad", "unknown", "info", "good", "absent"};
static const char *const colours[] = {"\033[31m", "\033[33m", "\033[36m", "\033[32m", "\033[2m"};

/** First what is to do, by weight. */
static int compare(const void *a, const void *b)
{
    const report *left = a, *right = b;
    if (left->finding.verdict != right->finding.verdict)
        return (int)left->finding.verdict - (int)right->finding.verdict;
    return left->step->weight != right->step->weight ? right->step->weight - left->step->weight
                                                     : strcmp(left->step->name, right->step->name);
}

static const char *side_word(weiss_tuning_side side)
{
    int i = 0;
    while (i < SIDES - 1 && sides_known[i].side != side)
        i++;
    return sides_known[i].word;
}

/** "a host and a guest". @return @p out */
static const char *side_names(int sides, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < SIDES; i++)
        if ((sides_known[i].side & sides) != 0 && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " and " : "",
                                     sides_known[i].name);
    return out;
}

/** Looks at all steps of the sides. @return how many */
static int look(const weiss_tuning_machine *machine, int sides, report *reports)
{
    int count = 0;
    for (int i = 0; weiss_tuning_steps[i] != NULL && count < STEPS_MAX; i++) {
        report *r = reports + count;
        if ((weiss_tuning_steps[i]->side & sides) == 0)
            continue;
        memset(r, 0, sizeof *r);
        r->step = weiss_tuning_steps[i];
        weiss_tuning_find(machine, r->step, &r->finding);
        if (r->finding.verdict == WEISS_TUNING_BAD && r->step->plan != NULL)
            weiss_tuning_plan(machine, r->step, NULL, &r->changes, &r->fault);
        count++;
    }
    qsort(reports, (size_t)count, sizeof *reports, compare);
    return count;
}

/** Prints @p text behind a label, broken between words. */
static void print_part(const char *label, const char *text)
{
    int column = 0;
    printf("    %-6s", label);
    for (const char *word = text; *word != '\0'; word += strspn(word, " ")) {
        int length = (int)strcspn(word, " ");
        if (column > 0 && column + 1 + length > WIDTH) {
            printf("\n          ");
            column = 0;
        }
        column += printf("%s%.*s", column > 0 ? " " : "", length, word);
        word += length;
    }
    printf("\n");
}

/** Prints what to do: commands are not broken. */
static void print_advice(const report *r)
{
    char line[WEISS_TUNING_TEXT];
    const char *label = "do";
    if (r->changes.count > 0) {
        printf("    %-6sweiss tune %s\n", label, r->step->name);
        label = "or";
    }
    for (int i = 0; i < r->changes.count && i < 8; i++, label = "")
        printf("    %-6s%s\n", label, weiss_tuning_command(r->changes.list + i, line, sizeof line));
    if (r->changes.count > 8)
        printf("          and %d more, see weiss tune --dry-run %s\n", r->changes.count - 8, r->step->name);
    if (r->fault.code != 0)
        print_part(label, r->fault.text);
    for (const char *at = r->finding.advice; *at != '\0'; label = "") {
        int length = (int)strcspn(at, "\n");
        printf("    %-6s%.*s\n", label, length, at);
        at += length + (at[length] == '\n');
    }
}

static void print_one(const report *r, bool coloured)
{
    weiss_tuning_verdict verdict = r->finding.verdict;
    printf("%s%s%s  %s: %s\n", coloured ? colours[verdict] : "", verdict_names[verdict],
           coloured ? "\033[0m" : "", r->step->name, r->step->title);
    print_part("seen", r->finding.value);
    printf("    in    %s\n", r->finding.file);
    if (verdict == WEISS_TUNING_BAD || verdict == WEISS_TUNING_UNKNOWN || verdict == WEISS_TUNING_INFO) {
        print_part("why", r->step->why);
        print_advice(r);
    }
}

static void print_text(const report *reports, int count, int sides)
{
    bool coloured = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    char names[128];
    int of[5] = {0};
    for (int i = 0; i < count; i++)
        of[reports[i].finding.verdict]++;
    printf("This machine as %s: %d to do, %d good, %d cannot be told, %d to know, %d do not apply\n",
           side_names(sides, names, sizeof names), of[WEISS_TUNING_BAD], of[WEISS_TUNING_GOOD],
           of[WEISS_TUNING_UNKNOWN], of[WEISS_TUNING_INFO], of[WEISS_TUNING_ABSENT]);
    for (int i = 0; i < count; i++) {
        printf("\n");
        print_one(reports + i, coloured);
    }
}

static void add_text(json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, json_object_new_string(text));
}

static json_object *json_of(const report *r)
{
    json_object *object = json_object_new_object(), *commands = json_object_new_array();
    char line[WEISS_TUNING_TEXT];
    add_text(object, "step", r->step->name);
    add_text(object, "side", side_word(r->step->side));
    add_text(object, "verdict", verdict_words[r->finding.verdict]);
    json_object_object_add(object, "weight", json_object_new_int(r->step->weight));
    add_text(object, "title", r->step->title);
    add_text(object, "why", r->step->why);
    add_text(object, "seen", r->finding.value);
    add_text(object, "file", r->finding.file);
    add_text(object, "advice", r->finding.advice);
    for (int i = 0; i < r->changes.count; i++)
        json_object_array_add(
            commands, json_object_new_string(weiss_tuning_command(r->changes.list + i, line, sizeof line)));
    json_object_object_add(object, "commands", commands);
    if (r->fault.code != 0)
        add_text(object, "refused", r->fault.text);
    return object;
}

static void print_json(const report *reports, int count)
{
    json_object *all = json_object_new_array();
    for (int i = 0; i < count; i++)
        json_object_array_add(all, json_of(reports + i));
    printf("%s\n",
           json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(all);
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_tuning_machine machine = weiss_tuning_this_machine();
    int sides = 0, code = WEISS_EXIT_DONE;
    if (weiss_arguments_get(command, arguments, "--host") != NULL)
        sides |= WEISS_TUNING_HOST;
    if (weiss_arguments_get(command, arguments, "--guest") != NULL)
        sides |= WEISS_TUNING_GUEST;
    if (weiss_arguments_get(command, arguments, "--openstack") != NULL)
        sides |= WEISS_TUNING_COMPUTE;
    if (sides == 0)
        sides = weiss_tuning_guess(&machine);
    report *reports = calloc(STEPS_MAX, sizeof *reports);
    if (reports == NULL) {
        fprintf(stderr, "weiss: out of memory\n");
        return WEISS_EXIT_ERROR;
    }
    int count = look(&machine, sides, reports);
    if (weiss_arguments_get(command, arguments, "--json") != NULL)
        print_json(reports, count);
    else
        print_text(reports, count, sides);
    for (int i = 0; i < count; i++) {
        if (reports[i].finding.verdict == WEISS_TUNING_BAD)
            code = WEISS_EXIT_TO_DO;
        weiss_tuning_changes_clear(&reports[i].changes);
    }
    free(reports);
    return code;
}

const weiss_command weiss_command_doctor = {
    .name = "doctor",
    .summary = "Say what makes MPI in virtual machines slow here, and what to do",
    .operands = "",
    .options = options,
    .text =
        "Looks at this machine as a host of virtual machines, as a guest, or as both; it finds out which "
        "unless told.\n"
        "As a compute host of OpenStack only when told.\n"
        "For each step of tuning: what was seen and where, why it matters, and the command that changes it. "
        "It\n"
        "changes nothing itself: `weiss tune` does. What is to do comes first, what matters most before "
        "the rest.\n"
        "\n"
        "Exit code: 0 nothing to do, 3 something to do, 1 error.\n"
        "\n"
        "Examples:\n"
        "  weiss doctor                 what is good, what is not\n"
        "  weiss doctor --guest --json  for a program\n"
        "  sudo weiss doctor --openstack  what stands in the way of the agent and of fast instances\n",
    .run = run,
};
