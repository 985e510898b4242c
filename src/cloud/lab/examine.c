#include "cloud/lab/lab.h"

#include "cloud/accel.h"
#include "cloud/lab/private.h"
#include "cloud/libvirt/machines.h"

#include <stdio.h>
#include <unistd.h>

/** One number and its limits. */
static int check_range(const char *what, int64_t value, int64_t least, int64_t most, weiss_fault *fault)
{
    if (value >= least && value <= most)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_USAGE, "%s must be from %lld to %lld; found %lld", what,
                           (long long)least, (long long)most, (long long)value);
}

static int check_options(const weiss_lab_options *o, weiss_fault *fault)
{
    int code = check_range("--vms", o->vms, 1, WEISS_LAB_VMS_MAX, fault);
    if (code == 0)
        code = check_range("--vcpus", o->vcpus, 1, 64, fault);
    if (code == 0)
        code = check_range("--memory (MiB)", o->memory, 256, 1 << 20, fault);
    if (code == 0)
        code = check_range("--vectors", o->vectors, 1, 64, fault);
    if (code == 0)
        code = check_range("--boot-time", o->boot_seconds, 1, 100000, fault);
    if (code == 0 && (o->region < 4096 || (o->region & (o->region - 1)) != 0))
        code =
            weiss_fault_set(fault, WEISS_ERR_USAGE,
                            "--region must be a power of two of at least 4096 bytes, such as 64M; found %lld",
                            (long long)o->region);
    return code;
}

/** Two servers need as many machines on each, and root. */
static int check_servers(const weiss_lab_options *o, weiss_fault *fault)
{
    weiss_wire wire;
    WEISS_FAULT_TRY(check_range("--servers", o->servers, 1, WEISS_SERVERS, fault));
    if (o->servers == 1 && o->link != NULL)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--link is between servers: it needs --servers 2");
    if (o->servers == 1)
        return 0;
    if (o->vms % o->servers != 0)
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "--servers 2 needs the same number of machines on each: --vms 2 or 4; found %d", o->vms);
    WEISS_FAULT_TRY(weiss_wire_parse(o->link, &wire, fault));
    if (geteuid() == 0)
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_SYSTEM,
        "--servers 2 needs root: it makes network namespaces; a lab of one server does not");
}

static int check_programs(weiss_fault *fault)
{
    static const struct {
        const char *program, *package;
    } needed[] = {{WEISS_QEMU, "qemu-system-x86"},
                  {"mke2fs", "e2fsprogs"},
                  {"ssh", "openssh-client"},
                  {"ssh-keygen", "openssh-client"}};
    char path[WEISS_PATH];
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!weiss_process_find(needed[i].program, path, sizeof path))
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                                   "%s, which a lab needs, is not installed: install the package %s",
                                   needed[i].program, needed[i].package);
    return 0;
}

/** Libvirt answers, and the names are free. */
static int check_domains(const weiss_lab_options *o, weiss_fault *fault)
{
    weiss_domains domains;
    if (o->uri == NULL)
        return 0;
    WEISS_FAULT_TRY(weiss_domains_choose(o->uri, o->name, o->vms, &domains, fault));
    return weiss_domains_examine(&domains, fault);
}

int weiss_lab_examine(const weiss_lab_options *options, weiss_fault *fault)
{
    weiss_lab lab = {.options = *options};
    int code = check_options(options, fault);
    if (code == 0)
        code = check_servers(options, fault);
    if (code == 0)
        code = weiss_lab_sort_groups(&lab, fault);
    if (code == 0)
        code = weiss_lab_check_payload(options, fault);
    if (code == 0)
        code = weiss_wishes_check(&options->wishes, options->vms, options->vcpus, options->memory,
                                  weiss_lab_region_is_huge(options) ? options->region : 0, fault);
    if (code == 0)
        code = check_programs(fault);
    return code == 0 ? check_domains(options, fault) : code;
}
