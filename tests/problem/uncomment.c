#include "uncomment.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LINES 4000

typedef struct trial {
    weiss_context *ctx;
    const weiss_schema_parts *parts;
    int settings, failures;
} trial;

/* Column of the mark of a setting that is commented out; -1 when the line has none. Help has a blank after its mark. */
static int mark_column(const char *line)
{
    const char *s = line + strspn(line, " ");
    return s[0] == '#' && s[1] != ' ' && s[1] != '\n' && s[1] != '\0' ? (int)(s - line) : -1;
}

/* True for a line that belongs to the commented setting with its mark in @p column: it is indented after the mark. */
static bool belongs(const char *line, int column)
{
    return (int)strspn(line, " ") == column && strncmp(line + column, "#  ", 3) == 0;
}

static size_t split(char *text, char **line)
{
    size_t n = 0;
    for (char *s = strtok(text, "\n"); s != NULL && n < MAX_LINES; s = strtok(NULL, "\n"))
        line[n++] = s;
    return n;
}

static void judge(trial *t, const char *text, const char *what)
{
    weiss_problem *problem;
    int code = weiss_problem_parse(t->ctx, "defaults.yaml", text, strlen(text), t->parts, &problem);
    const char *why = weiss_error_text(t->ctx);
    if (code != 0 && strstr(why, "expected only one of") == NULL &&
        strstr(why, "the key is given twice") == NULL) {
        fprintf(stderr, "with \"%s\": %s\n", what, why);
        t->failures++;
    }
    weiss_clear_error(t->ctx);
    weiss_problem_destroy(problem);
}

/* Tries the settings in lines first to last - 1, and in each of them the settings inside. */
static void try_settings(trial *t, char **line, size_t n, size_t first, size_t last, int depth)
{
    for (size_t i = first; i < last && depth < 8; i++) {
        char *text = NULL, *copy[MAX_LINES], *inner;
        size_t length, end = i + 1;
        int column = mark_column(line[i]);
        if (column < 0)
            continue;
        while (end < n && belongs(line[end], column))
            end++;
        FILE *to = open_memstream(&text, &length);
        if (to == NULL)
            abort();
        for (size_t k = 0; k < n; k++) {
            bool marked = k >= i && k < end;
            fprintf(to, "%.*s%s\n", marked ? column : 0, line[k], line[k] + (marked ? column + 1 : 0));
        }
        fclose(to);
        t->settings++;
        judge(t, text, line[i]);
        inner = strdup(text);
        if (inner == NULL || split(inner, copy) != n)
            abort();
        try_settings(t, copy, n, i + 1, end, depth + 1);
        free(inner);
        free(text);
        i = end - 1;
    }
}

int uncomment_each(weiss_context *ctx, const weiss_schema_parts *parts, int *settings)
{
    trial t = {.ctx = ctx, .parts = parts};
    char *text = NULL, *line[MAX_LINES];
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (to == NULL)
        abort();
    if (weiss_problem_print_defaults(ctx, parts, to) != 0) {
        fprintf(stderr, "%s\n", weiss_error_text(ctx));
        t.failures++;
    }
    fclose(to);
    judge(&t, text, "nothing changed");
    size_t n = split(text, line);
    try_settings(&t, line, n, 0, n, 0);
    free(text);
    *settings = t.settings;
    return t.failures;
}
