#include "cloud/lab/lab.h"

#include "cloud/accel.h"
#include "cloud/lab/private.h"
#include "cloud/libvirt/machines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

weiss_lab_options weiss_lab_defaults(void)
{
    return (weiss_lab_options){.vms = 2,
                               .vcpus = 1,
                               .memory = 512,
                               .ivshmem = WEISS_LAB_PLAIN,
                               .region = INT64_C(64) << 20,
                               .vectors = 8,
                               .servers = 1,
                               .wishes = weiss_wishes_none(),
                               .boot_seconds = 180};
}

/** Finds or makes what the machines boot from, and decides how they run. */
static int choose(weiss_lab *lab, weiss_fault *fault)
{
    const weiss_lab_options *o = &lab->options;
    char path[WEISS_PATH + 32];
    int code = weiss_image_obtain(&o->watch, lab->image, fault);
    if (code != 0)
        return code;
    snprintf(path, sizeof path, "%s/" WEISS_IMAGE_RELEASE, lab->image);
    weiss_read_text(path, lab->release, sizeof lab->release);
    lab->release[strcspn(lab->release, "\n")] = '\0';
    lab->kvm = o->accel == WEISS_LAB_KVM;
    if (o->accel == WEISS_LAB_AUTO)
        code = weiss_accel_kvm(&o->watch, lab->image, &lab->kvm, fault);
    if (code == 0 && !lab->kvm)
        weiss_lab_say(&o->watch, "the machines are emulated (TCG, no KVM): times mean nothing but ratios");
    return code;
}

/** Makes the servers when there are two. */
static int start_servers(weiss_lab *lab, weiss_fault *fault)
{
    const weiss_lab_options *o = &lab->options;
    weiss_wire wire;
    if (o->servers == 1)
        return 0;
    WEISS_FAULT_TRY(weiss_wire_parse(o->link, &wire, fault));
    WEISS_FAULT_TRY(weiss_servers_start(&wire, o->vms / o->servers, o->base != NULL, &lab->servers, fault));
    if (weiss_servers_relay(lab->servers) > 0)
        weiss_keeper_add(&lab->keeper, weiss_servers_relay(lab->servers));
    return 0;
}

/** Starts the machines and waits until all are up. Emulated ones come up a few at a time, one for each processor of the host:
 *  all at once would each be so slow that their own time limits, which count by the clock, run out. */
static int boot(weiss_lab *lab, weiss_fault *fault)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int code = 0, many = lab->kvm || processors < 1 ? WEISS_LAB_VMS_MAX : (int)processors;
    for (int i = 0; code == 0 && i < lab->options.vms; i++) {
        code = weiss_lab_start_machine(lab, i, fault);
        if (code == 0 && ((i + 1) % many == 0 || i + 1 == lab->options.vms))
            code = weiss_lab_await(lab, i + 1, fault);
    }
    return code;
}

/** Gives each machine its processors, and with libvirt its name there. */
static int place_machines(weiss_lab *lab, weiss_fault *fault)
{
    const weiss_lab_options *o = &lab->options;
    weiss_place place[WEISS_LAB_VMS_MAX];
    WEISS_FAULT_TRY(weiss_wishes_place(&o->wishes, o->vms, o->vcpus, place, fault));
    for (int i = 0; i < o->vms; i++)
        lab->vm[i].place = place[i];
    return o->uri == NULL ? 0 : weiss_domains_choose(o->uri, o->name, o->vms, &lab->domains, fault);
}

static int start(weiss_lab *lab, weiss_fault *fault)
{
    int code = choose(lab, fault);
    if (code == 0)
        code = place_machines(lab, fault);
    if (code == 0)
        code = weiss_lab_make_directory(lab, fault);
    if (code == 0)
        code = weiss_lab_start_domain_network(lab, fault);
    if (code == 0)
        code = start_servers(lab, fault);
    if (code == 0)
        code = weiss_lab_make_regions(lab, fault);
    if (code == 0)
        code = weiss_lab_hold_ports(lab, fault);
    if (code == 0)
        code = weiss_lab_prepare(lab, fault);
    if (code == 0)
        code = weiss_lab_start_server(lab, fault);
    if (code == 0)
        code = weiss_lab_start_hub(lab, fault);
    if (code == 0)
        code = boot(lab, fault);
    weiss_lab_release_ports(lab);
    return code == 0 ? weiss_lab_write_list(lab, fault) : code;
}

int weiss_lab_start(const weiss_lab_options *options, weiss_lab **out, weiss_fault *fault)
{
    *out = NULL;
    int code = weiss_lab_examine(options, fault);
    if (code != 0)
        return code;
    weiss_lab *lab = calloc(1, sizeof *lab);
    if (lab == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    lab->options = *options;
    for (int i = 0; i < WEISS_LAB_VMS_MAX; i++)
        lab->vm[i].held = -1;
    code = weiss_lab_sort_groups(lab, fault);
    if (code == 0)
        code = start(lab, fault);
    if (code == 0)
        *out = lab;
    else
        weiss_lab_stop(lab);
    return code;
}

/** Kills a process of the lab, if it runs. */
static void finish(weiss_lab *lab, pid_t *pid)
{
    if (*pid <= 0)
        return;
    weiss_process_end(*pid);
    weiss_keeper_forget(&lab->keeper, *pid);
    *pid = 0;
}

void weiss_lab_stop(weiss_lab *lab)
{
    if (lab == NULL)
        return;
    for (int i = 0; i < lab->options.vms && lab->domains.uri[0] == '\0'; i++)
        finish(lab, &lab->vm[i].pid); /* those of libvirt are the keeper's */
    finish(lab, &lab->hub);
    finish(lab, &lab->server);
    if (lab->servers != NULL && weiss_servers_relay(lab->servers) > 0)
        weiss_keeper_forget(&lab->keeper, weiss_servers_relay(lab->servers));
    weiss_servers_stop(lab->servers);
    weiss_keeper_finish(&lab->keeper);
    free(lab);
}

void weiss_lab_leave(weiss_lab *lab)
{
    weiss_keeper_dismiss(&lab->keeper);
    free(lab);
}

/** Prints how the two servers would be made by hand. */
static void show_servers(const weiss_lab_options *o, FILE *to)
{
    if (o->servers == 1)
        return;
    fprintf(to,
            "# The servers are network namespaces without names, with a wire between them (%s); by hand:\n"
            "ip netns add server1\nip netns add server2\n"
            "ip link add wire netns server1 type veth peer name wire netns server2\n",
            o->link != NULL ? o->link : "as fast as it goes");
    for (int i = 1; i <= o->servers; i++)
        fprintf(to,
                "ip -n server%d address add 192.0.2.%d/24 dev wire\nip -n server%d link set wire up\n"
                "ip netns exec server%d weiss overlay up " WEISS_SERVERS_OVERLAY
                " --local 192.0.2.%d --peer 192.0.2.%d --taps %d\n",
                i, i, i, i, i, 3 - i, o->vms / o->servers);
    fprintf(to, "# Each of the following is started with a TAP of its server.\n");
}

int weiss_lab_show(const weiss_lab_options *options, FILE *to, weiss_fault *fault)
{
    weiss_lab lab = {.options = *options, .show = to};
    char region[WEISS_LAB_REGION_PATH];
    int code = weiss_lab_sort_groups(&lab, fault);
    if (code == 0)
        code = weiss_image_locate(lab.image, fault);
    if (code == 0)
        code = place_machines(&lab, fault);
    if (code == 0)
        code = weiss_lab_start_domain_network(&lab, fault);
    lab.kvm = options->accel == WEISS_LAB_KVM ||
              (options->accel == WEISS_LAB_AUTO && access("/dev/kvm", R_OK | W_OK) == 0);
    snprintf(lab.directory, sizeof lab.directory, "%s/weiss-lab-XXXXXX",
             options->base != NULL ? options->base : "/tmp");
    for (int i = 0; code == 0 && options->ivshmem == WEISS_LAB_PLAIN && i < lab.ngroups; i++) {
        weiss_lab_region_path(&lab, i, region);
        fprintf(to, "fallocate -l %lld %s\n", (long long)options->region, region);
    }
    if (code == 0)
        show_servers(options, to);
    if (code == 0)
        code = weiss_lab_start_server(&lab, fault);
    if (code == 0)
        code = weiss_lab_start_hub(&lab, fault);
    for (int i = 0; code == 0 && i < options->vms; i++)
        code = weiss_lab_start_machine(&lab, i, fault);
    return code;
}

void weiss_lab_kill_vm(weiss_lab *lab, int vm)
{
    finish(lab, &lab->vm[vm - 1].pid);
}

int weiss_lab_check(weiss_lab *lab, weiss_fault *fault)
{
    for (int i = 0; i < lab->options.vms; i++) {
        weiss_lab_vm *vm = &lab->vm[i];
        char path[WEISS_PATH], last[512];
        int status;
        if (vm->pid <= 0 || waitpid(vm->pid, &status, WNOHANG) != vm->pid)
            continue;
        weiss_keeper_forget(&lab->keeper, vm->pid);
        vm->pid = 0;
        snprintf(path, sizeof path, "%s/vm%d.log", lab->directory, i + 1);
        return weiss_fault_set(fault, WEISS_ERR_PEER, "vm%d ended (%s %d); its last words: %s", i + 1,
                               WIFSIGNALED(status) ? "signal" : "code",
                               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                               weiss_last_lines(path, last, sizeof last));
    }
    return 0;
}
