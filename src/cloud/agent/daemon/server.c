#include "cloud/agent/daemon/server.h"

#include "cloud/agent/region-file.h"
#include "cloud/process.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** Seconds for one question: a large region takes its time. */
#define PATIENCE 120
/** ms until a server that was started must answer. */
#define START 5000
/** The user that QEMU has when libvirt of Debian starts it. */
#define HYPERVISOR "libvirt-qemu"

typedef struct answer {
    char *text;
    size_t used;
} answer;

static void directory_of(const weiss_agent_settings *settings, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", settings->run, WEISS_DOORBELL_DIRECTORY);
}

/** Finds weiss-ivshmemd: beside this program, or in PATH. */
static int find(char *path, size_t size, weiss_fault *fault)
{
    char own[4096];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(own, '/');
    if (slash != NULL)
        *slash = '\0';
    if (snprintf(path, size, "%s/weiss-ivshmemd", own) < (int)size && access(path, X_OK) == 0)
        return 0;
    if (weiss_process_find("weiss-ivshmemd", path, size))
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_SYSTEM,
        "[share] device = doorbell needs weiss-ivshmemd, which is neither beside this program nor "
        "in PATH; install the package weiss-ivshmemd, or write device = plain");
}

static void keep_line(void *data, const char *line)
{
    answer *a = data;
    size_t length = strlen(line);
    char *longer = realloc(a->text, a->used + length + 2);
    if (longer == NULL)
        return;
    a->text = longer;
    memcpy(longer + a->used, line, length);
    a->used += length;
    longer[a->used++] = '\n';
    longer[a->used] = '\0';
}

/** Asks the server. @param operand  NULL: none @param[out] out  its answer, freed by the caller; NULL: not wanted */
static int ask(const weiss_agent_settings *settings, const char *what, const char *operand, answer *out,
               weiss_fault *fault)
{
    char path[4096], directory[WEISS_AGENT_TEXT + 32];
    char *words[] = {path, (char *)"--run-directory", directory, (char *)what, (char *)operand, NULL};
    int code;
    WEISS_FAULT_TRY(find(path, sizeof path, fault));
    directory_of(settings, directory, sizeof directory);
    const weiss_process_options options = {.words = words, .in = -1, .err = -1, .death_signal = SIGKILL};
    const weiss_process_reader reader = {
        .line = out != NULL ? keep_line : NULL, .data = out, .seconds = PATIENCE};
    WEISS_FAULT_TRY(weiss_process_run(&options, &reader, &code, fault));
    if (code == 0)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                           "weiss-ivshmemd in %s refuses %s %s (exit code %d); the same by hand says why",
                           directory, what, operand != NULL ? operand : "", code);
}

/** The groups of the server. @param[out] root  put by the caller; NULL on failure @return NULL: the server does not run */
static json_object *groups_of(const weiss_agent_settings *settings, json_object **root)
{
    answer a = {0};
    char control[WEISS_AGENT_TEXT + 48];
    json_object *groups = NULL;
    *root = NULL;
    snprintf(control, sizeof control, "%s/%s/control", settings->run, WEISS_DOORBELL_DIRECTORY);
    if (access(control, F_OK) == 0 && ask(settings, "--status", "--json", &a, NULL) == 0 && a.text != NULL)
        *root = json_tokener_parse(a.text);
    free(a.text);
    if (*root != NULL)
        groups = json_object_object_get(*root, "groups");
    return json_object_is_type(groups, json_type_array) ? groups : NULL;
}

/** Starts the server in a session of its own, so that it is nobody's child. */
static int start(const weiss_agent_settings *settings, weiss_fault *fault)
{
    char path[4096], directory[WEISS_AGENT_TEXT + 32];
    char *words[] = {
        (char *)"setsid", (char *)"--fork", path, (char *)"--run-directory", directory, NULL, NULL, NULL};
    pid_t pid;
    int status;
    WEISS_FAULT_TRY(find(path, sizeof path, fault));
    directory_of(settings, directory, sizeof directory);
    if (geteuid() == 0 && getpwnam(HYPERVISOR) != NULL) {
        words[5] = (char *)"--user";
        words[6] = (char *)HYPERVISOR;
    }
    const weiss_process_options options = {.words = words, .in = -1, .out = -1, .err = STDERR_FILENO};
    WEISS_FAULT_TRY(weiss_process_start(&options, &pid, fault));
    if (weiss_process_wait(pid, START, NULL, &status) != 0)
        kill(pid, SIGKILL), weiss_process_wait(pid, -1, NULL, &status);
    for (int waited = 0; waited < START; waited += 20) {
        json_object *root, *groups = groups_of(settings, &root);
        json_object_put(root);
        if (groups != NULL)
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "weiss-ivshmemd was started in %s and does not answer",
                           directory);
}

static const char *name_of(json_object *group)
{
    const char *name = json_object_get_string(json_object_object_get(group, "name"));
    return name != NULL ? name : "";
}

/** Looks for a group. @return 0: it is there; WEISS_RETRY: the server has none of that name; WEISS_STOPPED: no server runs */
static int look_for(const weiss_agent_settings *settings, const char *name, int64_t *bytes)
{
    json_object *root, *groups = groups_of(settings, &root);
    int code = groups != NULL ? WEISS_RETRY : WEISS_STOPPED;
    for (size_t i = 0; groups != NULL && i < json_object_array_length(groups); i++) {
        json_object *group = json_object_array_get_idx(groups, i);
        if (strcmp(name_of(group), name) == 0) {
            *bytes = json_object_get_int64(json_object_object_get(group, "bytes"));
            code = 0;
        }
    }
    json_object_put(root);
    return code;
}

int weiss_doorbell_make(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                        weiss_fault *fault)
{
    char group[256];
    int64_t there;
    if (look_for(settings, name, &there) == WEISS_STOPPED)
        WEISS_FAULT_TRY(start(settings, fault));
    snprintf(group, sizeof group, "%s,bytes=%" PRId64 ",vectors=%d", name, bytes, settings->vectors);
    return ask(settings, "--add", group, NULL, fault);
}

int weiss_doorbell_check(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                         weiss_fault *fault)
{
    int64_t there = 0;
    int code = look_for(settings, name, &there);
    if (code == 0 && there == bytes)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_FILE, "weiss-ivshmemd %s the region %s any more",
                           code == WEISS_STOPPED ? "does not run and has not" : "has not", name);
}

int weiss_doorbell_remove(const weiss_agent_settings *settings, const char *name, weiss_fault *fault)
{
    int64_t bytes;
    if (look_for(settings, name, &bytes) != 0)
        return 0;
    return ask(settings, "--remove", name, NULL, fault);
}

int weiss_doorbell_list(const weiss_agent_settings *settings, void (*found)(void *data, const char *name),
                        void *data, weiss_fault *fault)
{
    json_object *root, *groups = groups_of(settings, &root);
    (void)fault;
    for (size_t i = 0; groups != NULL && i < json_object_array_length(groups); i++) {
        const char *name = name_of(json_object_array_get_idx(groups, i));
        if (strncmp(name, WEISS_REGION_PREFIX, strlen(WEISS_REGION_PREFIX)) == 0)
            found(data, name);
    }
    json_object_put(root);
    return 0;
}

void weiss_doorbell_rest(const weiss_agent_settings *settings)
{
    json_object *root, *groups = groups_of(settings, &root);
    bool empty = groups != NULL && json_object_array_length(groups) == 0;
    json_object_put(root);
    if (empty)
        ask(settings, "--stop", NULL, NULL, NULL);
}
