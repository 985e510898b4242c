#include "cloud/lab.h"

#include "cloud/accel.h"
#include "cloud/guest/texts.h"
#include "cloud/lab-private.h"
#include "cloud/libvirt/machines.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** Seconds that the files of a lab may take to be made. */
#define PREPARATION 300
/** Seconds until a helper process listens. */
#define HELPER 15

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

/** What the keeper does at an end that nobody planned. */
static void remove_domains(const void *domains)
{
    weiss_domains_remove(domains, NULL);
}

/** Makes the directory and starts the keeper that will remove it. */
static int make_directory(weiss_lab *lab, weiss_fault *fault)
{
    const char *base = lab->options.base != NULL ? lab->options.base : getenv("TMPDIR");
    char region[WEISS_LAB_VMS_MAX][WEISS_LAB_REGION_PATH];
    char *trash[WEISS_LAB_VMS_MAX + 2] = {lab->directory};
    if (lab->options.base != NULL)
        trash[0] = (char *)lab->options.base;
    if (lab->options.base == NULL && base != NULL && strlen(base) > 40)
        base = NULL;
    if (base == NULL || base[0] != '/' || strpbrk(base, ",\"%\\ \t\n") != NULL)
        base = "/tmp"; /* it becomes part of names of sockets, of QEMU's options and of ssh's settings */
    snprintf(lab->directory, sizeof lab->directory, "%s/weiss-lab-XXXXXX", base);
    if (mkdtemp(lab->directory) == NULL) {
        int error = errno;
        return weiss_fault_set(fault, WEISS_ERR_FILE, "no directory can be made in %s: %s", base,
                               strerror(error));
    }
    for (int i = 0; i < lab->ngroups; i++) {
        weiss_lab_region_path(lab, i, region[i]);
        trash[i + 1] = region[i];
    }
    const weiss_keeper_duty duty = {.run = remove_domains, .data = &lab->domains};
    int code = weiss_keeper_start(trash, lab->options.base != NULL ? lab->options.hold : -1,
                                  lab->domains.uri[0] != '\0' ? &duty : NULL, &lab->keeper, fault);
    if (code != 0)
        rmdir(lab->directory);
    return code;
}

/** Finds a free port for each machine. It stays taken, but not listened on, so that only QEMU gets it. */
static int hold_ports(weiss_lab *lab, weiss_fault *fault)
{
    for (int i = 0; i < lab->options.vms; i++) {
        lab->vm[i].port = 22;
        if (lab->domains.network[0] != '\0')
            continue;
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
        lab->vm[i].held = fd;
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
            bind(fd, (struct sockaddr *)&address, size) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) != 0)
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no port on 127.0.0.1 for the machines: %s",
                                   strerror(errno));
        lab->vm[i].port = ntohs(address.sin_port);
    }
    return 0;
}

static void release_ports(weiss_lab *lab)
{
    for (int i = 0; i < lab->options.vms; i++) {
        if (lab->vm[i].held >= 0)
            close(lab->vm[i].held);
        lab->vm[i].held = -1;
    }
}

/** Appends PATH and NAME of what is shipped, "PATH" or "PATH:NAME". */
static int add_ship(weiss_words *words, const char *ship, weiss_fault *fault)
{
    char path[WEISS_PATH];
    snprintf(path, sizeof path, "%s", ship);
    char *colon = strrchr(path, ':');
    if (colon != NULL)
        *colon++ = '\0';
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    char *slash = strrchr(path, '/');
    const char *name = colon != NULL ? colon : slash != NULL ? slash + 1 : path;
    if (access(path, R_OK) != 0)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--ship %s: %s", path, strerror(errno));
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "--ship %s: the name in the machines must be one word that does not begin with "
            "a point; found \"%s\"",
            path, name);
    weiss_words_add(words, "%s", path);
    weiss_words_add(words, "%s", name);
    return 0;
}

static int add_payload(const weiss_lab_options *o, weiss_words *words, weiss_fault *fault)
{
    int code = 0;
    for (int i = 0; code == 0 && o->ship[i] != NULL; i++)
        code = add_ship(words, o->ship[i], fault);
    weiss_words_add(words, "--");
    for (int i = 0; code == 0 && o->module[i] != NULL; i++) {
        if (access(o->module[i], R_OK) != 0)
            code = weiss_fault_set(fault, WEISS_ERR_USAGE, "--module %s: %s", o->module[i], strerror(errno));
        weiss_words_add(words, "%s", o->module[i]);
    }
    if (code == 0 && words->full)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "too much to ship, or out of memory");
    return code;
}

/** Says before anything is made what cannot be shipped. */
static int check_payload(const weiss_lab_options *o, weiss_fault *fault)
{
    weiss_words words = {0};
    int code = add_payload(o, &words, fault);
    weiss_words_clear(&words);
    return code;
}

/** Network between the machines and the card that leads to it; then address and port of each machine's ssh. */
static void add_network(const weiss_lab *lab, weiss_words *words)
{
    char address[16];
    bool single = lab->domains.network[0] != '\0';
    weiss_words_add(words, "10.77.%d", lab->domains.subnet);
    weiss_words_add(words, "%s", single ? "eth0" : "eth1");
    for (int i = 0; i < lab->options.vms; i++) {
        if (single)
            weiss_words_add(words, "%s", weiss_domains_address(&lab->domains, i, address));
        else
            weiss_words_add(words, "127.0.0.1");
        weiss_words_add(words, "%d", lab->vm[i].port);
    }
}

/** Keys, settings of ssh, and the disk with what is shipped. */
static int prepare(weiss_lab *lab, weiss_fault *fault)
{
    weiss_words words = {0};
    char log[64], last[512];
    const weiss_process_reader reader = {.stop = lab->options.watch.stop, .seconds = PREPARATION};
    int exit_code = 0;
    for (const char *const *word = (const char *const[]){"/bin/sh", "-c", weiss_text_prepare_lab,
                                                         "prepare-lab", lab->directory, NULL};
         *word != NULL; word++)
        weiss_words_add(&words, "%s", *word);
    weiss_words_add(&words, "%s/" WEISS_IMAGE_LIBRARIES, lab->image);
    weiss_words_add(&words, "%d", lab->options.vcpus);
    weiss_words_add(&words, "%s", weiss_text_guest_init);
    add_network(lab, &words);
    weiss_words_add(&words, "--");
    int code = add_payload(&lab->options, &words, fault);
    /* In memory: what it says matters most when there is no space for files. */
    int fd = code == 0 ? memfd_create("prepare", MFD_CLOEXEC) : -1;
    snprintf(log, sizeof log, "/proc/self/fd/%d", fd);
    const weiss_process_options options = {.words = words.word, .in = -1, .err = fd, .death_signal = SIGKILL};
    if (code == 0)
        code = weiss_process_run(&options, &reader, &exit_code, fault);
    weiss_words_clear(&words);
    if (code == 0 && exit_code != 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "the disk for the machines cannot be made: %s",
                               weiss_last_lines(log, last, sizeof last));
    if (fd >= 0)
        close(fd);
    return code;
}

/** Prints a command as a shell would take it. */
static void show_words(const weiss_words *words, FILE *to)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%";
    for (int i = 0; i < words->count; i++) {
        const char *word = words->word[i];
        if (i > 0)
            fputc(' ', to);
        if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
            fputs(word, to);
            continue;
        }
        fputc('\'', to);
        for (; *word != '\0'; word++)
            fputs(*word == '\'' ? "'\\''" : (const char[]){*word, '\0'}, to);
        fputc('\'', to);
    }
    fputc('\n', to);
}

int weiss_lab_spawn(weiss_lab *lab, const weiss_words *words, const char *log, pid_t *pid, weiss_fault *fault)
{
    char path[WEISS_PATH];
    if (words->full)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    if (lab->show != NULL) {
        show_words(words, lab->show);
        return 0;
    }
    snprintf(path, sizeof path, "%s/%s", lab->directory, log);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const weiss_process_options options = {.words = words->word,
                                           .in = -1,
                                           .out = fd,
                                           .err = fd,
                                           .group = true,
                                           .death_signal = lab->options.base != NULL ? 0 : SIGKILL};
    int code = weiss_process_start(&options, pid, fault);
    if (fd >= 0)
        close(fd);
    if (code == 0)
        weiss_keeper_add(&lab->keeper, *pid);
    else
        *pid = 0;
    return code;
}

/** True when a socket of that name listens. A trial connection would count as the one that QEMU waits for. */
static bool listens(const char *path)
{
    char *line = NULL, name[256];
    size_t size = 0;
    unsigned flags;
    bool found = false;
    FILE *file = fopen("/proc/net/unix", "re");
    while (file != NULL && !found && getline(&line, &size, file) > 0)
        found = sscanf(line, "%*s %*s %*s %x %*s %*s %*s %255s", &flags, name) == 2 &&
                (flags & 0x10000) != 0 && strcmp(name, path) == 0;
    free(line);
    if (file != NULL)
        fclose(file);
    return found;
}

/** True when a process of the lab has printed @p text. */
static bool printed(const char *path, const char *text)
{
    char log[8192];
    weiss_read_text(path, log, sizeof log);
    return strstr(log, text) != NULL;
}

int weiss_lab_await_helper(weiss_lab *lab, pid_t pid, const char *log, const char *socket_name,
                           const char *text, weiss_fault *fault)
{
    char path[128], log_path[WEISS_PATH], last[512];
    const volatile sig_atomic_t *stop = lab->options.watch.stop;
    if (lab->show != NULL)
        return 0;
    snprintf(path, sizeof path, "%s/%s", lab->directory, socket_name);
    snprintf(log_path, sizeof log_path, "%s/%s", lab->directory, log);
    for (int i = 0; i < HELPER * 100; i++) {
        siginfo_t info = {0};
        if (text != NULL ? printed(log_path, text) : listens(path))
            return 0;
        if (stop != NULL && *stop != 0)
            return WEISS_STOPPED;
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
            break;
        usleep(10000);
    }
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "nobody listens on %s; last words of who should: %s",
                           path, weiss_last_lines(log_path, last, sizeof last));
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

/** `vms`: a line for each machine with its name, the pid of QEMU, the port of ssh, the socket of QMP. */
static int write_list(const weiss_lab *lab, weiss_fault *fault)
{
    char text[1024] = "", path[WEISS_PATH];
    for (int i = 0; i < lab->options.vms; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "vm%d %d %d %s/vm%d.qmp\n", i + 1, (int)lab->vm[i].pid,
                 lab->vm[i].port, lab->directory, i + 1);
    }
    snprintf(path, sizeof path, "%s/vms", lab->directory);
    return weiss_write_text(path, text, fault);
}

/** Makes the servers when there are two. */
static int start_servers(weiss_lab *lab, weiss_fault *fault)
{
    const weiss_lab_options *o = &lab->options;
    weiss_wire wire;
    if (o->servers == 1)
        return 0;
    WEISS_FAULT_TRY(weiss_wire_parse(o->link, &wire, fault));
    WEISS_FAULT_TRY(weiss_servers_start(&wire, o->vms / o->servers, &lab->servers, fault));
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
        code = make_directory(lab, fault);
    if (code == 0)
        code = weiss_lab_start_domain_network(lab, fault);
    if (code == 0)
        code = start_servers(lab, fault);
    if (code == 0)
        code = weiss_lab_make_regions(lab, fault);
    if (code == 0)
        code = hold_ports(lab, fault);
    if (code == 0)
        code = prepare(lab, fault);
    if (code == 0)
        code = weiss_lab_start_server(lab, fault);
    if (code == 0)
        code = weiss_lab_start_hub(lab, fault);
    if (code == 0)
        code = boot(lab, fault);
    release_ports(lab);
    return code == 0 ? write_list(lab, fault) : code;
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
        code = check_payload(options, fault);
    if (code == 0)
        code = weiss_wishes_check(&options->wishes, options->vms, options->vcpus, options->memory,
                                  weiss_lab_region_is_huge(options) ? options->region : 0, fault);
    if (code == 0)
        code = check_programs(fault);
    return code == 0 ? check_domains(options, fault) : code;
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

int weiss_lab_processes(const weiss_lab *lab, weiss_lab_process process[WEISS_LAB_PROCESSES_MAX])
{
    int n = 0;
    for (int i = 0; i < lab->options.vms; i++) {
        process[n] = (weiss_lab_process){.pid = lab->vm[i].pid, .port = lab->vm[i].port};
        snprintf(process[n++].name, sizeof process[0].name, "vm%d", i + 1);
    }
    if (lab->hub > 0)
        process[n++] = (weiss_lab_process){.name = "hub", .pid = lab->hub};
    if (lab->server > 0)
        process[n++] = (weiss_lab_process){.name = "server", .pid = lab->server};
    return n;
}

const weiss_domains *weiss_lab_domains(const weiss_lab *lab)
{
    return &lab->domains;
}

void weiss_lab_leave(weiss_lab *lab)
{
    weiss_keeper_dismiss(&lab->keeper);
    free(lab);
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

int weiss_lab_vms(const weiss_lab *lab)
{
    return lab->options.vms;
}

bool weiss_lab_emulated(const weiss_lab *lab)
{
    return !lab->kvm;
}

const char *weiss_lab_directory(const weiss_lab *lab)
{
    return lab->directory;
}

void weiss_lab_describe(const weiss_lab *lab, weiss_words *settings)
{
    char regions[WEISS_LAB_VMS_MAX * WEISS_LAB_REGION_PATH] = "", path[WEISS_LAB_REGION_PATH];
    for (int i = 0; lab->options.ivshmem == WEISS_LAB_PLAIN && i < lab->ngroups; i++) {
        size_t used = strlen(regions);
        weiss_lab_region_path(lab, i, path);
        snprintf(regions + used, sizeof regions - used, "%s%s", i > 0 ? " " : "", path);
    }
    weiss_words_add(settings, "WEISS_LAB_DIR=%s", lab->directory);
    weiss_words_add(settings, "WEISS_LAB_VMS=%d", lab->options.vms);
    weiss_words_add(settings, "WEISS_LAB_SSH_CONFIG=%s/ssh-config", lab->directory);
    weiss_words_add(settings, "WEISS_LAB_ACCEL=%s", lab->kvm ? "kvm" : "tcg");
    weiss_words_add(settings, "WEISS_LAB_KERNEL=%s", lab->release);
    weiss_words_add(settings, "WEISS_LAB_REGIONS=%s", regions);
    if (lab->servers == NULL)
        weiss_words_add(settings, "WEISS_LAB_SERVERS=");
    else
        weiss_words_add(settings, "WEISS_LAB_SERVERS=/proc/%d/fd/%d /proc/%d/fd/%d", (int)getpid(),
                        weiss_servers_namespace(lab->servers, 0), (int)getpid(),
                        weiss_servers_namespace(lab->servers, 1));
}
