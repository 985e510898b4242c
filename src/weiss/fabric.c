/* weiss fabric: looks at a region, and clears one. */
#include "base/text.h"
#include "fabric/device/device.h"
#include "fabric/status.h"
#include "weiss/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** How long members are watched: a pulse comes five times a second. */
#define WATCH_MS 700

static const weiss_option status_options[] = {
    {"--json", 'j', NULL, "Print JSON"},
    {0},
};
static const weiss_option clear_options[] = {
    {"--force", 'f', NULL, "Even when living processes use it (their job fails)"},
    {0},
};

/** Opens the device that the user named. */
static weiss_device *open_device(const weiss_arguments *arguments, weiss_fault *fault)
{
    weiss_device *device;
    const char *name = arguments->noperands > 0 ? arguments->operand[0] : "auto";
    return weiss_device_open(name, 0, &device, fault) == 0 ? device : NULL;
}

static int failed(const weiss_fault *fault)
{
    fprintf(stderr, "weiss: %s\n", fault->text);
    return WEISS_EXIT_ERROR;
}

static void print_json_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
            printf("\\u%04x", (unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static const char *wake_name(uint32_t wake)
{
    return wake == WEISS_WAKE_FUTEX ? "futex" : wake == WEISS_WAKE_DOORBELL ? "doorbell" : "none";
}

static void print_json(const char *name, const weiss_region *region, const weiss_status *status)
{
    printf("{\"region\": ");
    print_json_text(name);
    printf(", \"bytes\": %" PRIu64 ", \"slots\": %" PRIu32 ", \"piece_bytes\": %" PRIu64
           ", \"pieces\": %" PRIu32 ", \"free_pieces\": %" PRIu32 ", \"members\": [",
           region->bytes, region->slots, region->granule_bytes, region->granules, status->free_granules);
    for (uint32_t i = 0; i < status->members; i++) {
        const weiss_status_member *member = status->member + i;
        printf("%s{\"slot\": %" PRIu32 ", \"label\": ", i > 0 ? ", " : "", member->slot);
        print_json_text(member->label);
        printf(", \"job\": %" PRIu64 ", \"rank\": %" PRIu32
               ", \"alive\": %s, \"asleep\": %s, \"wake\": \"%s\", \"pieces\": %" PRIu32
               ", \"windows\": %" PRIu32 "}",
               member->job, member->rank, member->alive ? "true" : "false", member->asleep ? "true" : "false",
               wake_name(member->wake), member->granules, member->windows);
    }
    printf("]}\n");
}

static void print_table(const char *name, const weiss_region *region, const weiss_status *status)
{
    char shown[WEISS_TEXT_SHOWN];
    printf("%s: %" PRIu64 " MiB, room for %" PRIu32 " processes; %" PRIu32 " there, %" PRIu32
           " alive; %" PRIu32 " of %" PRIu32 " pieces of %" PRIu64 " KiB free\n",
           name, region->bytes >> 20, region->slots, status->members, status->living, status->free_granules,
           region->granules, region->granule_bytes >> 10);
    if (status->members > 0)
        printf("%4s  %-28s %-6s %-8s %7s %7s\n", "slot", "who", "state", "woken by", "pieces", "windows");
    for (uint32_t i = 0; i < status->members; i++) {
        const weiss_status_member *member = status->member + i;
        printf("%4" PRIu32 "  %-28s %-6s %-8s %7" PRIu32 " %7" PRIu32 "\n", member->slot,
               weiss_text_show(member->label, shown),
               !member->alive   ? "dead"
               : member->asleep ? "asleep"
                                : "awake",
               wake_name(member->wake), member->granules, member->windows);
    }
}

/** Looks at the region in @p device. @return 0; WEISS_RETRY: it is empty */
static int look(weiss_device *device, weiss_region *region, weiss_status *status, weiss_fault *fault)
{
    int code = weiss_region_look(weiss_device_memory(device), weiss_device_bytes(device), region, fault);
    if (code != 0)
        return code;
    return weiss_status_take(region, WATCH_MS, status);
}

static int show_status(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_fault fault = {0};
    weiss_region region;
    weiss_status *status = calloc(1, sizeof *status);
    weiss_device *device = open_device(arguments, &fault);
    int code = device != NULL && status != NULL ? look(device, &region, status, &fault) : WEISS_ERR_REGION;
    if (code == WEISS_RETRY)
        printf("%s: %zu MiB, nobody has used it yet\n", weiss_device_name(device),
               weiss_device_bytes(device) >> 20);
    else if (code == 0 && weiss_arguments_get(command, arguments, "--json") != NULL)
        print_json(weiss_device_name(device), &region, status);
    else if (code == 0)
        print_table(weiss_device_name(device), &region, status);
    weiss_device_close(device);
    free(status);
    return code < 0 ? failed(&fault) : WEISS_EXIT_DONE;
}

static int clear(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_fault fault = {0};
    weiss_region region;
    weiss_status *status = calloc(1, sizeof *status);
    weiss_device *device = open_device(arguments, &fault);
    bool forced = weiss_arguments_get(command, arguments, "--force") != NULL;
    if (device != NULL && status != NULL && !forced && look(device, &region, status, NULL) == 0 &&
        status->living > 0)
        weiss_fault_set(&fault, WEISS_ERR_REGION,
                        "%s is used by %" PRIu32
                        " living processes (`weiss fabric status` shows them); end their job first, "
                        "or say --force",
                        weiss_device_name(device), status->living);
    else if (device != NULL)
        weiss_status_clear(weiss_device_memory(device), weiss_device_bytes(device));
    weiss_device_close(device);
    free(status);
    return fault.code != 0 ? failed(&fault) : WEISS_EXIT_DONE;
}

static const weiss_command command_status = {
    .name = "status",
    .summary = "Show who uses a region",
    .operands = "[REGION]",
    .max_operands = 1,
    .options = status_options,
    .text = "REGION is a file, a PCI address, or auto (the ivshmem device of this machine; the default).\n"
            "\n"
            "Examples:\n"
            "  weiss fabric status\n"
            "  weiss fabric status /dev/shm/my-region --json\n",
    .run = show_status,
};

static const weiss_command command_clear = {
    .name = "clear",
    .summary = "Zero a region, so that the next job formats it anew",
    .operands = "[REGION]",
    .max_operands = 1,
    .options = clear_options,
    .text = "Needed only for memory that held something else, or another version's region: a job cleans up "
            "after\n"
            "itself, and the next one takes the places of processes that died.\n",
    .run = clear,
};

static const weiss_command *const commands[] = {
    &command_status,
    &command_clear,
    NULL,
};

const weiss_command weiss_command_fabric = {
    .name = "fabric",
    .summary = "Look at shared regions",
    .operands = "",
    .children = commands,
    .text = "A region is memory that processes of several virtual machines share; see weiss-fabric(7).\n",
};
