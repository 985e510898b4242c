/* The traffic file. */
#include "plan/traffic.h"

#include "base/text.h"
#include "plan/file.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((size_t)1 << 30)
#define HEADER "from,to,messages,bytes"
#define COUNT_MAX 1e18

typedef struct reader {
    const char *file;
    int line;
    int ranks; /**< of `# ranks N`; 0: not said */
    int highest; /**< rank named so far; -1: none */
    bool header;
    weiss_traffic *traffic;
    weiss_fault *fault;
} reader;

static int fail(const reader *r, int code, const char *key, const char *expected, const char *found)
{
    char shown[WEISS_TEXT_SHOWN];
    return weiss_fault_set(r->fault, code, "%s:%d: %s%sexpected %s, found \"%s\"", r->file, r->line, key,
                           key[0] != '\0' ? ": " : "", expected, weiss_text_show(found, shown));
}

static int parse_rank(const reader *r, const char *key, const char *text, int *out)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || n >= WEISS_PLAN_RANKS_MAX)
        return fail(r, WEISS_ERR_VALUE, key, "a rank from 0 to 19999", text);
    if (r->ranks > 0 && n >= r->ranks)
        return fail(r, WEISS_ERR_VALUE, key, "a rank below the number in \"# ranks\"", text);
    *out = (int)n;
    return 0;
}

static int parse_count(const reader *r, const char *key, const char *text, double *out)
{
    char *end;
    if (strspn(text, "0123456789.") == 0)
        return fail(r, WEISS_ERR_VALUE, key, "a number that is not negative", text);
    *out = strtod(text, &end);
    if (*end != '\0' || !(*out <= COUNT_MAX))
        return fail(r, WEISS_ERR_VALUE, key, "a number that is not negative", text);
    return 0;
}

static int read_comment(reader *r, const char *text)
{
    int n;
    char end;
    text += strspn(text, "# ");
    if (strncmp(text, "ranks ", 6) != 0)
        return 0;
    if (sscanf(text + 6, "%d%c", &n, &end) != 1 || n < 1 || n > WEISS_PLAN_RANKS_MAX)
        return fail(r, WEISS_ERR_VALUE, "", "\"# ranks N\" with N from 1 to 20000", text + 6);
    if (n <= r->highest)
        return fail(r, WEISS_ERR_VALUE, "", "\"# ranks N\" with N above every rank", text + 6);
    r->ranks = n;
    return 0;
}

static int read_flow(reader *r, char *line)
{
    char *field[4], copy[WEISS_TEXT_SHOWN];
    weiss_flow f = {0};
    snprintf(copy, sizeof copy, "%.90s", line);
    for (int i = 0; i < 4; i++) {
        field[i] = line;
        line = line != NULL ? strchr(line, ',') : NULL;
        if ((line == NULL) != (i == 3))
            return fail(r, WEISS_ERR_SYNTAX, "", "four fields, " HEADER, copy);
        if (line != NULL)
            *line++ = '\0';
    }
    WEISS_FAULT_TRY(parse_rank(r, "from", field[0], &f.from));
    WEISS_FAULT_TRY(parse_rank(r, "to", field[1], &f.to));
    WEISS_FAULT_TRY(parse_count(r, "messages", field[2], &f.messages));
    WEISS_FAULT_TRY(parse_count(r, "bytes", field[3], &f.bytes));
    r->highest = f.from > r->highest ? f.from : r->highest;
    r->highest = f.to > r->highest ? f.to : r->highest;
    return weiss_traffic_add(r->traffic, f.from, f.to, f.messages, f.bytes, r->fault);
}

static int read_line(reader *r, char *line)
{
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] == '\r')
        line[length - 1] = '\0';
    if (line[0] == '\0')
        return 0;
    if (line[0] == '#')
        return read_comment(r, line);
    if (r->header)
        return read_flow(r, line);
    r->header = true;
    return strcmp(line, HEADER) == 0 ? 0 : fail(r, WEISS_ERR_SYNTAX, "", "the header \"" HEADER "\"", line);
}

static int read_lines(reader *r, char *text)
{
    for (char *line = text; line != NULL;) {
        char *next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        r->line++;
        WEISS_FAULT_TRY(read_line(r, line));
        line = next;
    }
    if (!r->header)
        return weiss_fault_set(r->fault, WEISS_ERR_SYNTAX,
                               "%s:1: the file has no lines, expected the header \"" HEADER "\"", r->file);
    if (r->ranks == 0 && r->highest < 0)
        return weiss_fault_set(r->fault, WEISS_ERR_VALUE,
                               "%s:%d: the file names no rank, expected \"# ranks N\" or lines of traffic",
                               r->file, r->line);
    return weiss_traffic_settle(r->traffic, r->ranks > 0 ? r->ranks : r->highest + 1, r->fault);
}

int weiss_traffic_parse(const char *file, const char *text, weiss_traffic *traffic, weiss_fault *fault)
{
    reader r = {.file = file, .highest = -1, .traffic = traffic, .fault = fault};
    char *copy = strdup(text);
    *traffic = (weiss_traffic){0};
    if (copy == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "%s: out of memory", file);
    int code = read_lines(&r, copy);
    free(copy);
    if (code != 0)
        weiss_traffic_free(traffic);
    return code;
}

int weiss_traffic_read(const char *path, weiss_traffic *traffic, weiss_fault *fault)
{
    char *text;
    size_t length;
    *traffic = (weiss_traffic){0};
    WEISS_FAULT_TRY(weiss_plan_read_file(path, BYTES_MAX, &text, &length, fault));
    int code = weiss_traffic_parse(path, text, traffic, fault);
    free(text);
    return code;
}
