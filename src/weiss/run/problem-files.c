#include "weiss/run/problem-files.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

void weiss_problem_files_path(const char *problem, const char *name, char *path, size_t size)
{
    const char *slash = strrchr(problem, '/');
    size_t directory = slash != NULL && name[0] != '/' ? (size_t)(slash - problem) + 1 : 0;
    path[0] = '\0';
    if (directory + strlen(name) >= size)
        return;
    memcpy(path, problem, directory);
    strcpy(path + directory, name);
}

static bool is_known(const weiss_problem_files *files, const char *name)
{
    for (int i = 0; i < files->n; i++)
        if (strcmp(files->name[i], name) == 0)
            return true;
    return false;
}

/** Notes a word of the problem when it is the name of a file. */
static int consider(const char *problem, const char *word, weiss_problem_files *files, weiss_fault *fault)
{
    char path[PATH_MAX];
    struct stat status;
    if (word[0] == '\0' || strlen(problem) + strlen(word) >= sizeof path || is_known(files, word))
        return 0;
    weiss_problem_files_path(problem, word, path, sizeof path);
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return 0;
    if (files->n == WEISS_PROBLEM_FILES_MAX)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: names more than %d files", problem,
                               WEISS_PROBLEM_FILES_MAX);
    files->name[files->n] = strdup(word);
    return files->name[files->n++] != NULL ? 0 : weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
}

static int scan(yaml_parser_t *parser, const char *problem, weiss_problem_files *files, weiss_fault *fault)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        int code = 0;
        if (!yaml_parser_parse(parser, &event))
            return weiss_fault_set(fault, WEISS_ERR_SYNTAX, "%s:%zu: %s", problem,
                                   parser->problem_mark.line + 1,
                                   parser->problem != NULL ? parser->problem : "no YAML");
        if (event.type == YAML_SCALAR_EVENT)
            code = consider(problem, (const char *)event.data.scalar.value, files, fault);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (code != 0)
            return code;
    }
    return 0;
}

int weiss_problem_files_find(const char *problem, weiss_problem_files *files, weiss_fault *fault)
{
    yaml_parser_t parser;
    *files = (weiss_problem_files){0};
    FILE *from = fopen(problem, "re");
    if (from == NULL)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: cannot be read: %s", problem, strerror(errno));
    if (!yaml_parser_initialize(&parser)) {
        fclose(from);
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    }
    yaml_parser_set_input_file(&parser, from);
    int code = scan(&parser, problem, files, fault);
    yaml_parser_delete(&parser);
    fclose(from);
    if (code != 0)
        weiss_problem_files_clear(files);
    return code;
}

void weiss_problem_files_clear(weiss_problem_files *files)
{
    for (int i = 0; i < files->n; i++)
        free(files->name[i]);
    files->n = 0;
}
