/* Open MPI's hostfile as a topology. */
#include "plan/topology.h"

#include "base/text.h"
#include "plan/file.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((size_t)1 << 20)
#define BLANKS " \t\r"

typedef struct reader {
    const char *path;
    int line;
    weiss_topology *topology;
    weiss_fault *fault;
} reader;

static int fail(const reader *r, const char *expected, const char *found)
{
    char shown[WEISS_TEXT_SHOWN];
    return weiss_fault_set(r->fault, WEISS_ERR_SYNTAX, "%s:%d: expected %s, found \"%s\"", r->path, r->line,
                           expected, weiss_text_show(found, shown));
}

static int locate(const reader *r, int code)
{
    if (code != 0 && r->fault != NULL)
        weiss_fault_prefix(r->fault, "%s:%d", r->path, r->line);
    return code;
}

/** `# server NAME`; other comments say nothing. */
static int read_comment(const reader *r, char *words)
{
    char *rest, *word = strtok_r(words, BLANKS, &rest);
    if (word == NULL || strcmp(word, "server") != 0)
        return 0;
    char *name = strtok_r(NULL, BLANKS, &rest);
    if (name == NULL || strtok_r(NULL, BLANKS, &rest) != NULL)
        return 0;
    return locate(r, weiss_topology_add_server(r->topology, name, r->fault));
}

static int read_host(const reader *r, char *name, char **rest)
{
    long slots = 1;
    for (char *word; (word = strtok_r(NULL, BLANKS, rest)) != NULL;) {
        char *end;
        if (strncmp(word, "max_slots=", 10) == 0 || strncmp(word, "max-slots=", 10) == 0)
            continue;
        if (strncmp(word, "slots=", 6) != 0)
            return fail(r, "slots=N after the host's name", word);
        slots = strtol(word + 6, &end, 10);
        if (word[6] < '0' || word[6] > '9' || *end != '\0' || slots < 1 || slots > WEISS_PLAN_VCPUS_MAX)
            return fail(r, "slots=N with N from 1 to 4096", word);
    }
    if (r->topology->nservers == 0)
        WEISS_FAULT_TRY(locate(r, weiss_topology_add_server(r->topology, "server1", r->fault)));
    return locate(r, weiss_topology_add_vm(r->topology, name, (int)slots, r->fault));
}

static int read_lines(reader *r, char *text)
{
    for (char *line = text; line != NULL;) {
        char *next = strchr(line, '\n'), *comment, *rest;
        if (next != NULL)
            *next++ = '\0';
        r->line++;
        if ((comment = strchr(line, '#')) != NULL)
            *comment++ = '\0';
        char *name = strtok_r(line, BLANKS, &rest);
        if (name != NULL)
            WEISS_FAULT_TRY(read_host(r, name, &rest));
        else if (comment != NULL)
            WEISS_FAULT_TRY(read_comment(r, comment));
        line = next;
    }
    if (r->topology->nvms == 0)
        return weiss_fault_set(r->fault, WEISS_ERR_SYNTAX,
                               "%s: the file names no host, expected lines such as \"vm1 slots=4\"", r->path);
    return 0;
}

int weiss_topology_read_hostfile(const char *path, weiss_topology *topology, weiss_fault *fault)
{
    char *text;
    size_t length;
    reader r = {path, 0, topology, fault};
    *topology = weiss_topology_start();
    WEISS_FAULT_TRY(weiss_plan_read_file(path, BYTES_MAX, &text, &length, fault));
    int code = read_lines(&r, text);
    free(text);
    if (code != 0)
        weiss_topology_free(topology);
    return code;
}
