/* weiss-ivshmemd: hands regions of shared memory and doorbells to the virtual machines of a host. */
#include "fabric/server/ask.h"
#include "fabric/server/options.h"
#include "fabric/server/server.h"
#include "fabric/server/status.h"

#include <stdio.h>
#include <sys/stat.h>

enum { DONE = 0, FAILED = 1, USAGE = 2 };

static int ask(const weiss_server_options *options, weiss_fault *fault)
{
    static const weiss_request_kind kinds[] = {[WEISS_MODE_STATUS] = WEISS_REQUEST_STATUS,
                                               [WEISS_MODE_ADD] = WEISS_REQUEST_ADD,
                                               [WEISS_MODE_REMOVE] = WEISS_REQUEST_REMOVE,
                                               [WEISS_MODE_STOP] = WEISS_REQUEST_STOP};
    weiss_request request = {.kind = kinds[options->mode], .force = options->force};
    json_object *answer;
    if (options->operand != NULL &&
        snprintf(request.group, sizeof request.group, "%s", options->operand) >= (int)sizeof request.group)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "the group's text is too long");
    int code = weiss_ask(options->settings.run_directory, &request, &answer, fault);
    if (code != 0)
        return code;
    if (options->mode == WEISS_MODE_STATUS && options->json)
        puts(
            json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    else if (options->mode == WEISS_MODE_STATUS)
        weiss_status_print(answer);
    json_object_put(answer);
    return 0;
}

static int act(const weiss_server_options *options, weiss_fault *fault)
{
    switch (options->mode) {
    case WEISS_MODE_HELP:
        weiss_server_help();
        return 0;
    case WEISS_MODE_VERSION:
        printf("weiss-ivshmemd %s\n", WEISS_VERSION);
        return 0;
    case WEISS_MODE_SERVE:
        return weiss_server_run(&options->settings, options->specs, options->nspecs, fault);
    default:
        return ask(options, fault);
    }
}

int main(int argc, char **argv)
{
    weiss_server_options options;
    weiss_fault fault = {0};
    umask(0077);
    int code = weiss_server_options_read(argc, argv, &options, &fault);
    if (code == 0)
        code = act(&options, &fault);
    weiss_server_options_free(&options);
    if (code == 0)
        return DONE;
    fprintf(stderr, "weiss-ivshmemd: %s\n", fault.text);
    if (code != WEISS_ERR_USAGE)
        return FAILED;
    fprintf(stderr, "Try `weiss-ivshmemd --help`.\n");
    return USAGE;
}
