/* weiss overlay: the network of a cluster's virtual machines between servers. */
#include "cloud/overlay/overlay.h"

#include "base/text.h"
#include "weiss/command.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const weiss_option up_options[] = {
    {"--local", 0, "ADDRESS", "This server's address in the network between the servers"},
    {"--peer", 0, "ADDRESS", "Address of another server; repeatable"},
    {"--vni", 0, "N", "Number of the overlay, the same on all servers (default: made of NAME)"},
    {"--mtu", 0, "BYTES", "MTU of the guests (default: the largest that fits)"},
    {"--taps", 0, "N", "TAPs for virtual machines, 0 to 64 (default 0)"},
    {"--owner", 0, "USER", "Who may open them (default: the calling user)"},
    {"--multiqueue", 0, NULL, "Make them with several queues"},
    {"--address", 0, "ADDRESS/N", "Address of this server in the overlay (default: none)"},
    {0},
};
static const weiss_option status_options[] = {
    {"--json", 'j', NULL, "Print JSON"},
    {0},
};

static bool wrong(const char *option, const char *expected, const char *found)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_usage("weiss overlay up", "%s needs %s; found \"%s\"", option, expected,
                weiss_text_show(found, shown));
    return false;
}

static bool parse_number(const weiss_command *command, const weiss_arguments *arguments, const char *option,
                         long *out)
{
    const char *text = weiss_arguments_get(command, arguments, option);
    char *end;
    if (text == NULL)
        return true;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n < 1 || n > INT32_MAX)
        return wrong(option, "a number from 1", text);
    *out = n;
    return true;
}

/** A user's name or number. */
static bool parse_owner(const weiss_command *command, const weiss_arguments *arguments, uid_t *out)
{
    const char *text = weiss_arguments_get(command, arguments, "--owner");
    char *end;
    if (text == NULL)
        return true;
    const struct passwd *user = getpwnam(text);
    unsigned long number = user != NULL ? user->pw_uid : strtoul(text, &end, 10);
    if (user == NULL && (*text < '0' || *text > '9' || *end != '\0' || number >= UINT32_MAX))
        return wrong("--owner", "a user of this machine", text);
    *out = (uid_t)number;
    return true;
}

static bool parse_peers(const weiss_command *command, const weiss_arguments *arguments,
                        weiss_overlay_options *o)
{
    int place = 0, n = 0;
    const char *text;
    while ((text = weiss_arguments_next(command, arguments, "--peer", &place)) != NULL) {
        if (n == WEISS_OVERLAY_PEERS_MAX) {
            weiss_usage("weiss overlay up", "--peer is given more than %d times", WEISS_OVERLAY_PEERS_MAX);
            return false;
        }
        o->peer[n++] = text;
    }
    return true;
}

static int conclude(int code, const char *path, const weiss_fault *fault)
{
    if (code == 0)
        return WEISS_EXIT_DONE;
    if (code == WEISS_ERR_USAGE)
        return weiss_usage(path, "%s", fault->text);
    fprintf(stderr, "weiss: %s\n", fault->text);
    return WEISS_EXIT_ERROR;
}

static int up(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_overlay_options o = {.name = arguments->operand[0],
                               .owner = getuid(),
                               .local = weiss_arguments_get(command, arguments, "--local"),
                               .address = weiss_arguments_get(command, arguments, "--address"),
                               .multiqueue = weiss_arguments_get(command, arguments, "--multiqueue") != NULL};
    weiss_fault fault = {0};
    long vni = 0, mtu = 0, taps = 0;
    int found;
    const char *count = weiss_arguments_get(command, arguments, "--taps");
    if (!parse_number(command, arguments, "--vni", &vni) ||
        !parse_number(command, arguments, "--mtu", &mtu) ||
        ((count == NULL || strcmp(count, "0") != 0) && !parse_number(command, arguments, "--taps", &taps)) ||
        !parse_owner(command, arguments, &o.owner) || !parse_peers(command, arguments, &o))
        return WEISS_EXIT_USAGE;
    o.vni = (uint32_t)vni;
    o.mtu = (int)mtu;
    o.taps = (int)taps;
    int code = weiss_overlay_up(&o, &found, &fault);
    if (code == 0)
        printf("overlay %s is up: VNI %" PRIu32 ", MTU of the guests %d\n", o.name,
               o.vni != 0 ? o.vni : weiss_overlay_vni(o.name), found);
    return conclude(code, "weiss overlay up", &fault);
}

static int down(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_fault fault = {0};
    int removed;
    (void)command;
    int code = weiss_overlay_down(arguments->operand[0], &removed, &fault);
    if (code == 0 && removed == 0)
        printf("overlay %s was not there\n", arguments->operand[0]);
    else if (code == 0)
        printf("overlay %s is down: %d interfaces removed\n", arguments->operand[0], removed);
    return conclude(code, "weiss overlay down", &fault);
}

static void print_json(const weiss_overlay *o)
{
    printf("{\"name\": \"%s\", \"vni\": %" PRIu32 ", \"local\": \"%s\", \"peers\": [", o->name, o->vni,
           o->local);
    for (int i = 0; i < o->npeers; i++)
        printf("%s\"%s\"", i > 0 ? ", " : "", o->peer[i]);
    printf("], \"mtu\": %d, \"bridge\": \"%s\", \"vxlan\": \"%s\", \"address\": \"%s\", \"received_bytes\": "
           "%" PRIu64 ", \"sent_bytes\": %" PRIu64 ", \"taps\": [",
           o->mtu, o->bridge, o->vxlan, o->address, o->received, o->sent);
    for (int i = 0; i < o->ntaps; i++)
        printf("%s{\"name\": \"%s\", \"used\": %s}", i > 0 ? ", " : "", o->tap[i].name,
               o->tap[i].used ? "true" : "false");
    printf("]}");
}

static void print_text(const weiss_overlay *o)
{
    printf("%s: VNI %" PRIu32 ", MTU of the guests %d, bridge %s, VXLAN %s\n", o->name, o->vni, o->mtu,
           o->bridge[0] != '\0' ? o->bridge : "missing", o->vxlan[0] != '\0' ? o->vxlan : "missing");
    printf("  this server %s, in the overlay %s; others:", o->local[0] != '\0' ? o->local : "unknown",
           o->address[0] != '\0' ? o->address : "none");
    for (int i = 0; i < o->npeers; i++)
        printf(" %s", o->peer[i]);
    printf("%s\n  %" PRIu64 " bytes received from them, %" PRIu64 " sent\n", o->npeers == 0 ? " none" : "",
           o->received, o->sent);
    for (int i = 0; i < o->ntaps; i++)
        printf("  TAP %s: %s\n", o->tap[i].name, o->tap[i].used ? "in use" : "free");
}

/** Prints the overlays, or the one that is named. @return how many */
static int print_list(const weiss_overlay *list, int count, const char *name, bool json)
{
    int printed = 0;
    if (json)
        printf("[");
    for (int i = 0; i < count; i++) {
        if (name != NULL && strcmp(list[i].name, name) != 0)
            continue;
        if (json && printed > 0)
            printf(", ");
        printed++;
        if (json)
            print_json(&list[i]);
        else
            print_text(&list[i]);
    }
    if (json)
        printf("]\n");
    else if (printed == 0 && name == NULL)
        printf("no overlay\n");
    return printed;
}

static int show_status(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_fault fault = {0};
    weiss_overlay *list;
    int count;
    const char *name = arguments->noperands > 0 ? arguments->operand[0] : NULL;
    int code = name != NULL ? weiss_overlay_check_name(name, &fault) : 0;
    if (code == 0)
        code = weiss_overlay_list(&list, &count, &fault);
    if (code != 0)
        return conclude(code, "weiss overlay status", &fault);
    int printed = print_list(list, count, name, weiss_arguments_get(command, arguments, "--json") != NULL);
    free(list);
    if (printed == 0 && name != NULL)
        code = weiss_fault_set(&fault, WEISS_ERR_SYSTEM, "there is no overlay %s", name);
    return conclude(code, "weiss overlay status", &fault);
}

static const weiss_command command_up = {
    .name = "up",
    .summary = "Make this server's part of an overlay",
    .operands = "NAME",
    .min_operands = 1,
    .max_operands = 1,
    .options = up_options,
    .text =
        "Makes a bridge, a VXLAN interface that leads to the other servers, and TAPs for virtual machines. "
        "When "
        "they are\n"
        "there already, adds what is missing. A failure leaves nothing behind. Needs root or CAP_NET_ADMIN.\n"
        "\n"
        "Examples, on each of two servers:\n"
        "  weiss overlay up lab --local 192.168.5.1 --peer 192.168.5.2 --taps 2 --owner alice\n"
        "  weiss overlay up lab --local 192.168.5.2 --peer 192.168.5.1 --taps 2 --owner alice\n",
    .run = up,
};

static const weiss_command command_down = {
    .name = "down",
    .summary = "Remove this server's part of an overlay",
    .operands = "NAME",
    .min_operands = 1,
    .max_operands = 1,
    .text = "Removes all interfaces of the overlay, and nothing else. It is no error when there are none.\n",
    .run = down,
};

static const weiss_command command_status = {
    .name = "status",
    .summary = "Show the overlays of this server",
    .operands = "[NAME]",
    .max_operands = 1,
    .options = status_options,
    .text = "Reads what is there; needs no rights.\n",
    .run = show_status,
};

static const weiss_command *const commands[] = {
    &command_up,
    &command_down,
    &command_status,
    NULL,
};

const weiss_command weiss_command_overlay = {
    .name = "overlay",
    .summary = "Join virtual machines of several servers in one network",
    .operands = "",
    .children = commands,
    .text = "An overlay is one Ethernet for the virtual machines of a cluster, over any IP network between "
            "its servers\n"
            "(VXLAN, UDP port 4789). The machines reach each other and nothing else.\n",
};
