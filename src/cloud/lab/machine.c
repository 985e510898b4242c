/* One machine of a lab: the words for QEMU, its start, and waiting until it is up. */
#include "cloud/accel.h"
#include "cloud/cluster/process.h"
#include "cloud/lab/private.h"
#include "cloud/libvirt/machines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** How often the time to come up a machine may take that still speaks, and the part of it that it may be silent then. */
#define PATIENCE 4
#define SILENCE 4

/** Doubles commas, which end a value in QEMU's options. */
static const char *quote(const char *path, char out[2 * WEISS_PATH])
{
    size_t used = 0;
    for (const char *c = path; *c != '\0' && used < 2 * WEISS_PATH - 2; c++) {
        out[used++] = *c;
        if (*c == ',')
            out[used++] = ',';
    }
    out[used] = '\0';
    return out;
}

static void add_disk(weiss_words *words, const char *path, const char *id)
{
    char quoted[2 * WEISS_PATH];
    weiss_words_add(words, "-drive");
    weiss_words_add(words, "if=none,id=%s,format=raw,readonly=on,file.locking=off,file=%s", id,
                    quote(path, quoted));
    weiss_words_add(words, "-device");
    weiss_words_add(words, "virtio-blk-pci,drive=%s", id);
}

/** Memory other than ordinary pages from anywhere. */
static void add_memory(const weiss_lab_options *o, weiss_words *words)
{
    char node[64] = "", pages[96] = "";
    if (o->wishes.node < 0 && o->wishes.page == 0)
        return;
    if (o->wishes.node >= 0)
        snprintf(node, sizeof node, ",host-nodes=%d,policy=bind", o->wishes.node);
    if (o->wishes.page > 0)
        snprintf(pages, sizeof pages, ",hugetlb=on,hugetlbsize=%lld,prealloc=on", (long long)o->wishes.page);
    weiss_words_add(words, "-object");
    weiss_words_add(words, "memory-backend-%s,id=ram,size=%dM%s%s", o->wishes.page > 0 ? "memfd" : "ram",
                    o->memory, pages, node);
    weiss_words_add(words, "-machine");
    weiss_words_add(words, "memory-backend=ram");
}

static void add_processor(const weiss_lab *lab, weiss_words *words)
{
    const weiss_lab_options *o = &lab->options;
    weiss_words_add(words, "-machine");
    weiss_words_add(words, o->iommu ? "q35,kernel-irqchip=split" : "q35");
    weiss_words_add(words, "-accel");
    weiss_words_add(words, lab->kvm ? "kvm" : "tcg,thread=multi");
    /* Emulated `rep movs` is slow, and the C library takes it for large copies where these are advertised. */
    weiss_words_add(words, "-cpu");
    weiss_words_add(words, lab->kvm ? "host" : "max,-erms,-fsrm");
    weiss_words_add(words, "-smp");
    weiss_words_add(words, "%d", o->vcpus);
    weiss_words_add(words, "-m");
    weiss_words_add(words, "%dM", o->memory);
    add_memory(o, words);
    if (o->iommu) {
        weiss_words_add(words, "-device");
        weiss_words_add(words, "intel-iommu,intremap=on");
    }
}

void weiss_lab_append(const weiss_lab *lab, int index, char text[WEISS_PATH])
{
    const weiss_lab_options *o = &lab->options;
    /* On a busy machine the kernel's check of the timer fails for want of time, and with an IOMMU that is a panic. */
    snprintf(text, WEISS_PATH, "console=ttyS0 panic=-1 no_timer_check weiss.vm=%d%s%s%s", index + 1,
             o->iommu ? " intel_iommu=on iommu=pt" : "", o->append != NULL ? " " : "",
             o->append != NULL ? o->append : "");
}

static void add_kernel(const weiss_lab *lab, int index, weiss_words *words)
{
    char path[WEISS_PATH + 32], append[WEISS_PATH];
    weiss_words_add(words, "-kernel");
    weiss_words_add(words, "%s/" WEISS_IMAGE_KERNEL, lab->image);
    weiss_words_add(words, "-initrd");
    weiss_words_add(words, "%s/" WEISS_IMAGE_INITRD, lab->image);
    weiss_lab_append(lab, index, append);
    weiss_words_add(words, "-append");
    weiss_words_add(words, "%s", append);
    snprintf(path, sizeof path, "%s/" WEISS_IMAGE_ROOT, lab->image);
    add_disk(words, path, "root");
    snprintf(path, sizeof path, "%s/disk.img", lab->directory);
    add_disk(words, path, "lab");
}

/** True when the machines have a single wire between them. */
static bool wired(const weiss_lab *lab)
{
    return lab->options.vms == 2 && lab->options.servers == 1 && lab->domains.network[0] == '\0';
}

/** Number of the TAP of machine @p index in its server, from 1. */
static int tap_number(const weiss_lab *lab, int index)
{
    return index % (lab->options.vms / lab->options.servers) + 1;
}

/** A TAP in the overlay between servers: open already, or, where only words are printed, by its name. */
static void add_tap(const weiss_lab *lab, int index, int tap, weiss_words *words)
{
    int mtu = lab->servers != NULL ? weiss_servers_mtu(lab->servers) : 0;
    if (tap >= 0)
        weiss_words_add(words, "tap,id=lab,fd=%d", tap);
    else
        weiss_words_add(words, "tap,id=lab,ifname=wt%d-" WEISS_SERVERS_OVERLAY ",script=no,downscript=no",
                        tap_number(lab, index));
    weiss_words_add(words, "-device");
    if (mtu > 0)
        weiss_words_add(words, "virtio-net-pci,netdev=lab,romfile=,mac=52:54:00:77:00:%02x,host_mtu=%d",
                        index + 1, mtu);
    else
        weiss_words_add(words, "virtio-net-pci,netdev=lab,romfile=,mac=52:54:00:77:00:%02x", index + 1);
}

/** Two machines have a wire between them; more have a hub; with several servers they have a TAP in an overlay. The first
 *  network card leads to the host only. */
void weiss_lab_add_network(const weiss_lab *lab, int index, int tap, weiss_words *words)
{
    bool server = wired(lab) && index == 0;
    /* QEMU makes these devices before those of libvirt, whose places are fixed. */
    bool placed = lab->domains.uri[0] != '\0';
    weiss_words_add(words, "-netdev");
    weiss_words_add(words, "user,id=host,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:%d-10.0.2.15:22",
                    lab->vm[index].port);
    weiss_words_add(words, "-device");
    weiss_words_add(words, "virtio-net-pci,netdev=host,romfile=,mac=52:54:00:77:01:%02x%s", index + 1,
                    placed ? ",bus=pcie.0,addr=0x10" : "");
    if (lab->options.vms == 1)
        return;
    weiss_words_add(words, "-netdev");
    if (lab->options.servers > 1) {
        add_tap(lab, index, tap, words);
        return;
    }
    weiss_words_add(words, "stream,id=lab,server=%s,addr.type=unix,addr.path=%s/wire%d",
                    server ? "on" : "off", lab->directory, wired(lab) ? 1 : index + 1);
    weiss_words_add(words, "-device");
    weiss_words_add(words, "virtio-net-pci,netdev=lab,romfile=,mac=52:54:00:77:00:%02x%s", index + 1,
                    placed ? ",bus=pcie.0,addr=0x11" : "");
}

static void add_region(const weiss_lab *lab, int index, weiss_words *words)
{
    const weiss_lab_options *o = &lab->options;
    int group = lab->vm[index].group;
    char path[WEISS_LAB_REGION_PATH];
    if (group < 0)
        return;
    if (o->ivshmem == WEISS_LAB_PLAIN) {
        weiss_lab_region_path(lab, group, path);
        weiss_words_add(words, "-object");
        weiss_words_add(words, "memory-backend-file,id=region,share=on,size=%lld,mem-path=%s",
                        (long long)o->region, path);
        weiss_words_add(words, "-device");
        weiss_words_add(words, "ivshmem-plain,memdev=region");
    } else {
        weiss_words_add(words, "-chardev");
        weiss_words_add(words, "socket,id=ivshmem,path=%s/region%d", lab->directory, group + 1);
        weiss_words_add(words, "-device");
        weiss_words_add(words, "ivshmem-doorbell,chardev=ivshmem,vectors=%d", o->vectors);
    }
}

/** Starts QEMU as a child of this process. */
static int start_child(weiss_lab *lab, int index, const char *log, weiss_fault *fault)
{
    weiss_words words = {0};
    weiss_lab_vm *vm = &lab->vm[index];
    int tap = -1;
    if (lab->servers != NULL)
        WEISS_FAULT_TRY(weiss_servers_open_tap(lab->servers, weiss_lab_server(lab, index),
                                               tap_number(lab, index), &tap, fault));
    weiss_words_add(&words, WEISS_QEMU);
    weiss_words_add(&words, "-name");
    /* Threads have names, by which `weiss doctor` tells vCPUs from others. */
    weiss_words_add(&words, "weiss-vm%d,debug-threads=on", index + 1);
    for (const char *const *word =
             (const char *const[]){"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", NULL};
         *word != NULL; word++)
        weiss_words_add(&words, "%s", *word);
    add_processor(lab, &words);
    add_kernel(lab, index, &words);
    weiss_lab_add_network(lab, index, tap, &words);
    add_region(lab, index, &words);
    weiss_words_add(&words, "-chardev");
    weiss_words_add(&words, "file,id=console,append=on,path=%s/%s", lab->directory, log);
    weiss_words_add(&words, "-serial");
    weiss_words_add(&words, "chardev:console");
    weiss_words_add(&words, "-qmp");
    weiss_words_add(&words, "unix:%s/vm%d.qmp,server=on,wait=off", lab->directory, index + 1);
    int code = weiss_lab_spawn(lab, &words, log, &vm->pid, fault);
    weiss_words_clear(&words);
    if (tap >= 0)
        close(tap);
    return code;
}

int weiss_lab_start_machine(weiss_lab *lab, int index, weiss_fault *fault)
{
    char log[32];
    weiss_lab_vm *vm = &lab->vm[index];
    snprintf(log, sizeof log, "vm%d.log", index + 1);
    int code = lab->domains.uri[0] != '\0' ? weiss_lab_start_domain(lab, index, fault)
                                           : start_child(lab, index, log, fault);
    if (code == 0 && wired(lab) && index == 0)
        code = weiss_lab_await_helper(lab, vm->pid, log, "wire1", NULL, fault);
    return code;
}

int weiss_lab_start_hub(weiss_lab *lab, weiss_fault *fault)
{
    weiss_words words = {0};
    if (lab->options.vms <= 2 || lab->options.servers > 1 || lab->domains.network[0] != '\0')
        return 0;
    for (const char *const *word =
             (const char *const[]){WEISS_QEMU, "-name", "weiss-hub", "-nodefaults", "-no-user-config",
                                   "-display", "none", "-machine", "none", NULL};
         *word != NULL; word++)
        weiss_words_add(&words, "%s", *word);
    for (int i = 1; i <= lab->options.vms; i++) {
        weiss_words_add(&words, "-netdev");
        weiss_words_add(&words, "stream,id=wire%d,server=on,addr.type=unix,addr.path=%s/wire%d", i,
                        lab->directory, i);
        weiss_words_add(&words, "-netdev");
        weiss_words_add(&words, "hubport,id=port%d,hubid=1,netdev=wire%d", i, i);
    }
    int code = weiss_lab_spawn(lab, &words, "hub.log", &lab->hub, fault);
    weiss_words_clear(&words);
    for (int i = 1; code == 0 && i <= lab->options.vms; i++) {
        char name[32];
        snprintf(name, sizeof name, "wire%d", i);
        code = weiss_lab_await_helper(lab, lab->hub, "hub.log", name, NULL, fault);
    }
    return code;
}

/** True when the QEMU of a machine has ended. A child is reaped then. */
static bool has_ended(weiss_lab *lab, int index)
{
    pid_t pid = lab->vm[index].pid;
    int status;
    if (lab->domains.uri[0] != '\0')
        return weiss_cluster_start_of(pid) == 0;
    if (waitpid(pid, &status, WNOHANG) != pid)
        return false;
    weiss_keeper_forget(&lab->keeper, pid);
    return true;
}

/** Looks at the console of a machine. @return 1: it is ready, 0: not yet, negative: it failed */
static int look(weiss_lab *lab, int index, weiss_fault *fault)
{
    static const char failed[] = "weiss-lab: failed: ";
    char path[WEISS_PATH], text[1 << 17], last[600];
    weiss_lab_vm *vm = &lab->vm[index];
    bool gone = has_ended(lab, index);
    snprintf(path, sizeof path, "%s/vm%d.log", lab->directory, index + 1);
    weiss_read_text(path, text, sizeof text);
    const char *reason = strstr(text, failed);
    if (gone)
        vm->pid = 0;
    if (reason != NULL)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "vm%d does not come up: %.*s fails; its last words: %s", index + 1,
                               (int)strcspn(reason + sizeof failed - 1, "\r\n"), reason + sizeof failed - 1,
                               weiss_last_lines(path, last, sizeof last));
    if (gone)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "vm%d ended before it was up; its last words: %s",
                               index + 1, weiss_last_lines(path, last, sizeof last));
    return strstr(text, "weiss-lab: ready") != NULL;
}

/** What was heard of the machines while they come up. */
typedef struct boot {
    time_t begin, spoke; /**< when the waiting began, and when a console last grew */
    off_t heard; /**< bytes of all consoles */
} boot;

static void listen_to_consoles(const weiss_lab *lab, int count, boot *b)
{
    char path[WEISS_PATH];
    struct stat status;
    off_t heard = 0;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/vm%d.log", lab->directory, i + 1);
        heard += stat(path, &status) == 0 ? status.st_size : 0;
    }
    if (heard != b->heard)
        b->spoke = time(NULL);
    b->heard = heard;
}

/** A busy host gives a machine little time. While a console still grows, it may take PATIENCE times as long. */
static bool too_late(const weiss_lab *lab, const boot *b)
{
    time_t limit = lab->options.boot_seconds, now = time(NULL);
    return now - b->begin > PATIENCE * limit || (now - b->begin > limit && now - b->spoke > limit / SILENCE);
}

static int fail_late(const weiss_lab *lab, int index, const boot *b, weiss_fault *fault)
{
    char path[WEISS_PATH], last[600];
    snprintf(path, sizeof path, "%s/vm%d.log", lab->directory, index + 1);
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "vm%d is not up after %lld s%s; its last words: %s",
                           index + 1, (long long)(time(NULL) - b->begin),
                           lab->options.base == NULL ? " (--boot-time gives it more)" : "",
                           weiss_last_lines(path, last, sizeof last));
}

int weiss_lab_await(weiss_lab *lab, int count, weiss_fault *fault)
{
    const volatile sig_atomic_t *stop = lab->options.watch.stop;
    boot b = {.begin = time(NULL), .spoke = time(NULL)};
    for (int i = 0; i < count;) {
        int state = look(lab, i, fault);
        if (state < 0)
            return state;
        if (state > 0) {
            i++;
            continue;
        }
        if (stop != NULL && *stop != 0)
            return WEISS_STOPPED;
        listen_to_consoles(lab, count, &b);
        if (too_late(lab, &b))
            return fail_late(lab, i, &b, fault);
        usleep(50000);
    }
    for (int i = 0; i < count && lab->domains.uri[0] == '\0'; i++)
        WEISS_FAULT_TRY(weiss_place_apply(&lab->vm[i].place, lab->vm[i].pid, lab->options.vcpus, fault));
    return 0;
}
