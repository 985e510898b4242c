/* weiss image: images for users' machines, made of packages, kept in a cache, written as one file. */
#include "cloud/disk.h"

#include "weiss/command.h"
#include "weiss/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GIVEN 100

static void say(void *data, const char *line)
{
    if (!*(const bool *)data)
        fprintf(stderr, "weiss: %s\n", line);
}

static weiss_lab_watch watch(const bool *quiet)
{
    return (weiss_lab_watch){.say = say, .data = (void *)quiet, .stop = weiss_stop_watch()};
}

/** Exit code for how it ended; says why it failed. */
static int conclude(int code, const char *path, const volatile sig_atomic_t *stop, const weiss_fault *fault)
{
    if (code == 0)
        return WEISS_EXIT_DONE;
    if (code == WEISS_STOPPED)
        return WEISS_EXIT_SIGNAL + (int)*stop;
    if (code == WEISS_ERR_USAGE)
        return weiss_usage(path, "%s", fault->text);
    fprintf(stderr, "weiss: %s\n", fault->text);
    return WEISS_EXIT_ERROR;
}

/** Values of an option that may be given several times. @return false when there are too many */
static bool values(const weiss_command *command, const weiss_arguments *arguments, const char *option,
                   const char *out[GIVEN + 1])
{
    int place = 0, n = 0;
    const char *text;
    while ((text = weiss_arguments_next(command, arguments, option, &place)) != NULL && n < GIVEN)
        out[n++] = text;
    out[n] = NULL;
    return text == NULL;
}

static int write_out(const weiss_disk *disk, const char *path, const weiss_lab_watch *w, weiss_fault *fault)
{
    int code = weiss_disk_export(disk, path, w, fault);
    if (code == 0)
        printf("The image %s is in %s.\n", disk->name, path);
    return code;
}

static int build(const weiss_command *command, const weiss_arguments *arguments)
{
    const char *debs[GIVEN + 1], *packages[GIVEN + 1],
        *out = weiss_arguments_get(command, arguments, "--out");
    bool quiet = weiss_arguments_get(command, arguments, "--quiet") != NULL, already = false;
    const weiss_lab_watch w = watch(&quiet);
    weiss_fault fault = {0};
    weiss_disk disk;
    if (!values(command, arguments, "--deb", debs) || !values(command, arguments, "--package", packages))
        return weiss_usage("weiss image build", "--deb and --package can be given %d times at most", GIVEN);
    const weiss_disk_options options = {.debs = debs, .packages = packages};
    int code = out != NULL ? weiss_disk_export_check(out, &fault) : 0;
    if (code == 0)
        code = weiss_disk_build(&options, &w, &disk, &already, &fault);
    if (code == 0)
        printf("The image %s has %d packages%s.\n", disk.name, disk.packages,
               already ? "; it was made before from the same" : "");
    if (code == 0 && out != NULL)
        code = write_out(&disk, out, &w, &fault);
    return conclude(code, "weiss image build", w.stop, &fault);
}

static int export(const weiss_command *command, const weiss_arguments *arguments)
{
    bool quiet = weiss_arguments_get(command, arguments, "--quiet") != NULL;
    const weiss_lab_watch w = watch(&quiet);
    const char *name = arguments->noperands > 1 ? arguments->operand[0] : NULL;
    weiss_fault fault = {0};
    weiss_disk disk;
    int code = weiss_disk_find(name, &disk, &fault);
    if (code == 0)
        code = write_out(&disk, arguments->operand[arguments->noperands - 1], &w, &fault);
    return conclude(code, "weiss image export", w.stop, &fault);
}

static int list(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_fault fault = {0};
    weiss_disk *disks = calloc(WEISS_DISKS_MAX, sizeof *disks);
    (void)command, (void)arguments;
    int n = disks != NULL ? weiss_disk_list(disks, &fault)
                          : weiss_fault_set(&fault, WEISS_ERR_MEMORY, "out of memory");
    if (n == 0)
        printf("There is no image; `weiss image build` makes one.\n");
    for (int i = 0; i < n; i++) {
        char when[32];
        struct tm local;
        strftime(when, sizeof when, "%F %R", localtime_r(&disks[i].made, &local));
        printf("%s  %s  %5.0f MB  %d packages%s%s\n", disks[i].name, when, 1e-6 * (double)disks[i].bytes,
               disks[i].packages, disks[i].debs[0] != '\0' ? ", of your own: " : "", disks[i].debs);
    }
    free(disks);
    return conclude(n < 0 ? n : 0, "weiss image list", NULL, &fault);
}

static int remove_images(const weiss_command *command, const weiss_arguments *arguments)
{
    const bool quiet = false;
    const weiss_lab_watch w = watch(&quiet);
    weiss_fault fault = {0};
    weiss_disk disk;
    int code = 0;
    (void)command;
    for (int i = 0; code == 0 && i < arguments->noperands; i++) {
        code = weiss_disk_find(arguments->operand[i], &disk, &fault);
        if (code == 0)
            code = weiss_disk_remove(&disk, &w, &fault);
    }
    return conclude(code, "weiss image remove", w.stop, &fault);
}

static const weiss_option build_options[] = {
    {"--deb", 0, "FILE", "Install this package file too; repeatable"},
    {"--package", 0, "NAME", "Install this package of Debian too; repeatable"},
    {"--out", 0, "FILE", "Write the image to this file (qcow2), as weiss image export does"},
    {"--quiet", 'q', NULL, "Print warnings and errors only"},
    {0},
};
static const weiss_option export_options[] = {{"--quiet", 'q', NULL, "Print warnings and errors only"}, {0}};

static const weiss_command command_build = {
    .name = "build",
    .summary = "Make an image from packages",
    .operands = "",
    .options = build_options,
    .text = "Makes a system that boots from a disk: Debian's kernel for clouds, Open MPI, cloud-init, "
            "openssh-server, and\n"
            "the packages that are named. An image that was made before from the same is not made again. It "
            "needs\n"
            "mmdebstrap and the network, and no root.\n"
            "\n"
            "Example, after `make deb`:\n"
            "  cd build-deb\n"
            "  weiss image build --deb weiss_0.1.0_amd64.deb --deb openmpi-btl-ivshmem_0.1.0_amd64.deb \\\n"
            "      --deb weiss-ivshmem-dkms_0.1.0_all.deb --package libgmsh4.8 --out weiss.qcow2\n",
    .run = build,
};
static const weiss_command command_export = {
    .name = "export",
    .summary = "Write an image as one file (qcow2) for OpenStack's Glance or for QEMU",
    .operands = "[IMAGE] FILE",
    .min_operands = 1,
    .max_operands = 2,
    .options = export_options,
    .text = "IMAGE is the name of an image or its beginning; without it the newest is taken. FILE appears "
            "when it is\n"
            "complete.\n",
    .run = export,
};
static const weiss_command command_list = {
    .name = "list",
    .summary = "Show the images that were made",
    .operands = "",
    .text = "Shows the name of each, when it was made, what it takes in the cache, and its packages.\n",
    .run = list,
};
static const weiss_command command_remove = {
    .name = "remove",
    .summary = "Remove images",
    .operands = "IMAGE...",
    .min_operands = 1,
    .max_operands = WEISS_OPERANDS_MAX,
    .text = "Removes them from the cache. Files that were written by `weiss image export` stay.\n",
    .run = remove_images,
};

static const weiss_command *const children[] = {&command_build, &command_export, &command_list,
                                                &command_remove, NULL};

const weiss_command weiss_command_image = {
    .name = "image",
    .summary = "Images with a whole software environment, to share",
    .operands = "",
    .children = children,
    .text =
        "An image is made of Debian packages and of your own, and is kept in the cache, in\n"
        "${XDG_CACHE_HOME:-~/.cache}/weiss/images. Written to a file it boots in OpenStack and under QEMU.\n",
};
