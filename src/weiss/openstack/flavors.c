/* weiss openstack flavors */
#include "base/bytes.h"
#include "cloud/openstack/flavor.h"
#include "weiss/openstack/openstack.h"
#include "weiss/stop.h"

#include <stdlib.h>
#include <string.h>

#define PATH "weiss openstack flavors"

/** What is made when no name is given. */
static const weiss_flavor usual[] = {
    {.name = "weiss.small", .vcpus = 2, .memory = 2048, .disk = 5, .region = 64},
    {.name = "weiss.medium", .vcpus = 4, .memory = 8192, .disk = 10, .region = 256},
    {.name = "weiss.large", .vcpus = 8, .memory = 16384, .disk = 20, .region = 512},
};

/** Reads a whole number. @return false: it is none; said */
static bool take_number(const char *option, const char *text, int least, int most, int *out)
{
    char *end;
    if (text == NULL)
        return true;
    long n = strtol(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && n >= least && n <= most) {
        *out = (int)n;
        return true;
    }
    weiss_usage(PATH, "%s takes a whole number from %d to %d, not \"%s\"", option, least, most, text);
    return false;
}

/** Reads a size in whole units of @p unit. */
static bool take_size(const char *option, const char *text, int64_t unit, const char *name, bool power,
                      int *out)
{
    int64_t bytes = 0;
    if (text == NULL)
        return true;
    if (weiss_bytes_parse(text, &bytes) && bytes % unit == 0 && bytes / unit <= 1 << 24 &&
        (!power || (bytes & (bytes - 1)) == 0)) {
        *out = (int)(bytes / unit);
        return true;
    }
    weiss_usage(PATH, "%s takes %s %s, such as 64%s, not \"%s\"", option,
                power ? "a power of two in" : "a whole number of", name, name, text);
    return false;
}

static bool take_options(const weiss_command *c, const weiss_arguments *a, weiss_flavor *f)
{
    const char *region = weiss_arguments_get(c, a, "--region");
    if (region != NULL && strcmp(region, "none") == 0) {
        f->region = 0;
        region = NULL;
    }
    f->dedicated = weiss_arguments_get(c, a, "--dedicated") != NULL;
    f->hugepages = weiss_arguments_get(c, a, "--hugepages") != NULL;
    return take_number("--vcpus", weiss_arguments_get(c, a, "--vcpus"), 1, 1024, &f->vcpus) &&
           take_size("--memory", weiss_arguments_get(c, a, "--memory"), INT64_C(1) << 20, "MiB", false,
                     &f->memory) &&
           take_size("--disk", weiss_arguments_get(c, a, "--disk"), INT64_C(1) << 30, "GiB", false,
                     &f->disk) &&
           take_size("--region", region, INT64_C(1) << 20, "MiB", true, &f->region) &&
           take_number("--numa", weiss_arguments_get(c, a, "--numa"), 1, 64, &f->numa);
}

/** Makes or removes one, and says so. */
static int do_one(weiss_cloud *cloud, const weiss_flavor *f, bool removes, weiss_fault *fault)
{
    bool there = false;
    int code = removes ? weiss_flavor_remove(cloud, f->name, &there, fault)
                       : weiss_flavor_make(cloud, f, &there, fault);
    if (code != 0 || weiss_cloud_is_dry(cloud))
        return code;
    if (removes)
        printf("The flavor \"%s\" %s.\n", f->name, there ? "is removed" : "is not there");
    else
        printf("The flavor \"%s\" is %s: %d vCPU, %d MiB, disk %d GiB, shared memory %d MiB%s%s.\n", f->name,
               there ? "there" : "made", f->vcpus, f->memory, f->disk, f->region,
               f->dedicated ? ", dedicated processors" : "", f->hugepages ? ", huge pages" : "");
    return 0;
}

static int run(const weiss_command *c, const weiss_arguments *a)
{
    const volatile sig_atomic_t *stop = weiss_stop_watch();
    const char *name = weiss_arguments_get(c, a, "--name");
    bool removes = weiss_arguments_get(c, a, "--remove") != NULL;
    weiss_fault fault = {0};
    weiss_cloud *cloud = NULL;
    size_t n = name != NULL ? 1 : sizeof usual / sizeof *usual;
    weiss_flavor wished[sizeof usual / sizeof *usual];
    memcpy(wished, usual, sizeof usual);
    if (name == NULL &&
        (weiss_arguments_get(c, a, "--vcpus") != NULL || weiss_arguments_get(c, a, "--disk") != NULL ||
         weiss_arguments_get(c, a, "--memory") != NULL))
        return weiss_usage(PATH, "--vcpus, --memory and --disk are of one flavor: give its --name");
    if (name != NULL)
        wished[0].name = name;
    for (size_t i = 0; i < n; i++)
        if (!take_options(c, a, &wished[i]))
            return WEISS_EXIT_USAGE;
    int code = weiss_openstack_open(c, a, stop, &cloud, &fault);
    for (size_t i = 0; code == 0 && i < n; i++)
        code = do_one(cloud, &wished[i], removes, &fault);
    weiss_cloud_close(cloud);
    return weiss_openstack_conclude(code, stop, &fault);
}

static const weiss_option options[] = {
    {"--cloud", 0, "NAME", "Cloud of clouds.yaml (default: OS_CLOUD, else OS_*)"},
    {"--name", 0, "NAME", "Make this flavor only (default: weiss.small, weiss.medium, weiss.large)"},
    {"--vcpus", 0, "N", "With --name: processors (default: 2)"},
    {"--memory", 0, "SIZE", "With --name: memory, in whole MiB (default: 2GiB)"},
    {"--disk", 0, "SIZE", "With --name: disk, in whole GiB (default: 5GiB)"},
    {"--region", 0, "SIZE",
     "Memory that a group of instances shares, a power of two, or none (default: 64MiB)"},
    {"--dedicated", 0, NULL, "A processor of the host for each vCPU (hw:cpu_policy=dedicated)"},
    {"--numa", 0, "N", "Spread over N NUMA nodes of the host, 1: all on one (hw:numa_nodes)"},
    {"--hugepages", 0, NULL, "Memory in huge pages of the host (hw:mem_page_size=large)"},
    {"--remove", 0, NULL, "Remove the flavors"},
    {"--dry-run", 0, NULL, "Print the requests only; no cloud is asked"},
    {0},
};

const weiss_command weiss_command_openstack_flavors = {
    .name = "flavors",
    .summary = "Make flavors for fast instances that share memory",
    .operands = "",
    .options = options,
    .text =
        "Makes flavors, which needs an administrator. One that is there with the same values stays; with "
        "other\n"
        "values it is an error, and stays too. Their extra spec weiss:shmem_mib tells weiss agent on the "
        "hosts\n"
        "that instances share memory, and how much.\n"
        "\n"
        "Example:\n"
        "  weiss openstack flavors --name mpi.big --vcpus 16 --memory 64GiB --disk 20GiB --region 1GiB \\\n"
        "      --dedicated --numa 1 --hugepages\n",
    .run = run,
};
