/* weiss openstack image */
#include "cloud/openstack/image.h"
#include "weiss/openstack/openstack.h"
#include "weiss/stop.h"

#include <stdlib.h>
#include <string.h>

#define PATH "weiss openstack image"

/** What was said of an upload. */
typedef struct said {
    bool quiet;
    int tenths;
} said;

static void progress(void *data, const char *name, int64_t sent, int64_t bytes)
{
    said *s = data;
    int tenths = (int)(sent * 10 / bytes);
    if (s->quiet || tenths == s->tenths || bytes < 1 << 24)
        return;
    s->tenths = tenths;
    fprintf(stderr, "weiss: %s: %d %% of %lld MiB\n", name, 10 * tenths, (long long)(bytes >> 20));
}

static int send(weiss_cloud *cloud, const weiss_cloud_image *image, weiss_fault *fault)
{
    char id[WEISS_CLOUD_ID], same[256];
    WEISS_FAULT_TRY(weiss_cloud_image_send(cloud, image, id, same, fault));
    if (weiss_cloud_is_dry(cloud))
        return 0;
    if (same[0] != '\0')
        printf("The cloud has this image already, as \"%s\" (%s).\n", same, id);
    else
        printf("The image \"%s\" is in the cloud (%s).\n", image->name, id);
    return 0;
}

static int remove_image(weiss_cloud *cloud, const char *name, weiss_fault *fault)
{
    bool there = false;
    WEISS_FAULT_TRY(weiss_cloud_image_remove(cloud, name, &there, fault));
    if (!weiss_cloud_is_dry(cloud))
        printf("The image \"%s\" %s.\n", name, there ? "is removed" : "is not there");
    return 0;
}

/** Name of an image when none is given: that of the file, without .qcow2 and the like. */
static void name_of(const char *file, char name[200])
{
    const char *slash = strrchr(file, '/'), *base = slash != NULL ? slash + 1 : file;
    const char *dot = strrchr(base, '.');
    snprintf(name, 200, "%.*s", dot != NULL && dot != base ? (int)(dot - base) : (int)strlen(base), base);
}

static int run(const weiss_command *c, const weiss_arguments *a)
{
    const volatile sig_atomic_t *stop = weiss_stop_watch();
    const char *name = weiss_arguments_get(c, a, "--name"), *machine = weiss_arguments_get(c, a, "--machine"),
               *file = a->noperands > 0 ? a->operand[0] : NULL;
    bool removes = weiss_arguments_get(c, a, "--remove") != NULL;
    said s = {.quiet = weiss_arguments_get(c, a, "--quiet") != NULL, .tenths = -1};
    char own[200] = "";
    weiss_fault fault = {0};
    weiss_cloud *cloud = NULL;
    if (file == NULL && (name == NULL || !removes))
        return weiss_usage(PATH, "expected " PATH " FILE, or --remove --name NAME");
    if (machine == NULL)
        machine = "pc";
    if (strcmp(machine, "pc") != 0 && strcmp(machine, "q35") != 0 && strcmp(machine, "any") != 0)
        return weiss_usage(PATH, "--machine is pc, q35 or any, not \"%s\"", machine);
    if (name == NULL)
        name_of(file, own);
    const weiss_cloud_image image = {.name = name != NULL ? name : own,
                                     .file = file,
                                     .kernel = weiss_arguments_get(c, a, "--kernel"),
                                     .ramdisk = weiss_arguments_get(c, a, "--ramdisk"),
                                     .machine = strcmp(machine, "any") == 0 ? NULL : machine,
                                     .everybody = weiss_arguments_get(c, a, "--public") != NULL,
                                     .progress = progress,
                                     .data = &s,
                                     .stop = stop};
    int code = weiss_openstack_open(c, a, stop, &cloud, &fault);
    if (code == 0)
        code = removes ? remove_image(cloud, image.name, &fault) : send(cloud, &image, &fault);
    weiss_cloud_close(cloud);
    return weiss_openstack_conclude(code, stop, &fault);
}

static const weiss_option options[] = {
    {"--cloud", 0, "NAME", "Cloud of clouds.yaml (default: OS_CLOUD, else OS_*)"},
    {"--name", 0, "NAME", "Name of the image (default: that of the file)"},
    {"--kernel", 0, "FILE", "Instances start with this kernel, not with that on the disk"},
    {"--ramdisk", 0, "FILE", "With --kernel: and with this ramdisk"},
    {"--machine", 0, "TYPE", "Machine type: pc (default), q35, any: the cloud's own choice"},
    {"--public", 0, NULL, "All projects see it (needs an administrator)"},
    {"--remove", 0, NULL, "Remove the image"},
    {"--dry-run", 0, NULL, "Print the requests only; no cloud is asked"},
    {"--quiet", 'q', NULL, "Print warnings and errors only"},
    {0},
};

const weiss_command weiss_command_openstack_image = {
    .name = "image",
    .summary = "Send an image to Glance",
    .operands = "[FILE]",
    .max_operands = 1,
    .options = options,
    .text =
        "Sends a disk (qcow2 or raw), such as weiss image build makes, and checks that it arrived as it is "
        "here.\n"
        "One that the cloud has already, under whatever name, is not sent again. After a failure and Ctrl-C "
        "nothing\n"
        "is left in the cloud.\n"
        "\n"
        "The machine type is pc, where a region is attached to a running instance without preparation; with "
        "q35\n"
        "Nova must keep ports free (num_pcie_ports). Settings come to instances on a disk (config drive).\n"
        "\n"
        "Example:\n"
        "  weiss openstack image weiss.qcow2\n"
        "  weiss openstack image --remove --name weiss\n",
    .run = run,
};
