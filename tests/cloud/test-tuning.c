/* The tuning as the cluster uses it: pins a QEMU process of this test's own and isolates processors on a made-up machine; undo
 * restores both. */
#include "cloud/files.h"
#include "cloud/process.h"
#include "cloud/tuning/guests.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SKIPPED 77

static char directory[] = "/tmp/weiss-tuning-XXXXXX";
static char journal[64];

static void put(const char *name, const char *text)
{
    char path[256], parent[256];
    snprintf(path, sizeof path, "%s%s", directory, name);
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = '\0';
    assert_int_equal(weiss_make_directories(parent, NULL), 0);
    assert_int_equal(weiss_write_text(path, text, NULL), 0);
}

static void expect(const char *name, const char *text)
{
    char path[256], found[256];
    snprintf(path, sizeof path, "%s%s", directory, name);
    assert_true(weiss_read_text(path, found, sizeof found) >= 0);
    assert_string_equal(found, text);
}

static bool there(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", directory, name);
    return access(path, F_OK) == 0;
}

/** Starts a virtual machine that does not run. @return its process, when its vCPUs are there; 0 without QEMU */
static pid_t start_guest(const weiss_tuning_machine *machine)
{
    char path[256];
    pid_t pid = 0;
    if (!weiss_process_find("qemu-system-x86_64", path, sizeof path))
        return 0;
    const weiss_process_options options = {
        .words = (char *const *)(const char *const[]){path, "-S", "-display", "none", "-nodefaults", "-accel",
                                                      "tcg,thread=multi", "-m", "16", "-name",
                                                      "guest=weiss-test,debug-threads=on", NULL},
        .in = -1,
        .out = -1,
        .err = STDERR_FILENO,
        .death_signal = SIGKILL,
    };
    assert_int_equal(weiss_process_start(&options, &pid, NULL), 0);
    for (int tries = 0; tries < 600; tries++) {
        weiss_tuning_guest *guests;
        int count = weiss_tuning_guests(machine, &guests), vcpus = 0;
        for (int g = 0; g < count; g++)
            vcpus = guests[g].pid == pid ? guests[g].vcpus : vcpus;
        weiss_tuning_guests_free(guests, count);
        if (vcpus == 1)
            return pid;
        usleep(100000);
    }
    kill(pid, SIGKILL);
    fail_msg("the virtual machine does not start");
    return 0;
}

/** Where vCPU 0 and the first other thread may run. */
static void affinities(const weiss_tuning_machine *machine, pid_t pid, char *vcpu, char *other)
{
    weiss_tuning_guest *guests;
    int count = weiss_tuning_guests(machine, &guests);
    vcpu[0] = other[0] = '\0';
    for (int g = 0; g < count; g++) {
        if (guests[g].pid == pid) {
            snprintf(vcpu, WEISS_TUNING_PATH, "%s", guests[g].vcpu[0].cpus);
            snprintf(other, WEISS_TUNING_PATH, "%s", guests[g].other[0].cpus);
        }
    }
    weiss_tuning_guests_free(guests, count);
}

static void test_pin(void **state)
{
    const weiss_tuning_machine machine = {.root = "", .journal = journal};
    char vcpu[WEISS_TUNING_PATH], other[WEISS_TUNING_PATH], before[WEISS_TUNING_PATH], text[256];
    weiss_fault fault = {0};
    (void)state;
    pid_t pid = start_guest(&machine);
    if (pid == 0 || sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        print_message("skipped: needs qemu-system-x86_64 and two processors\n");
        skip();
    }
    affinities(&machine, pid, before, other);
    assert_string_not_equal(before, "1");
    assert_int_equal(weiss_tuning_pin_process(&machine, pid, (const int[]){1, 0}, 2, "0", &fault),
                     WEISS_ERR_VALUE);
    snprintf(text, sizeof text, "weiss-test (process %d) has 1 vCPU threads with names; 2 were expected",
             (int)pid);
    assert_string_equal(fault.text, text);
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_tuning_pin_process(&machine, pid, (const int[]){1}, 1, "0-", &fault),
                     WEISS_ERR_VALUE);
    assert_string_equal(fault.text, "\"0-\" is no list of processors for the emulator, such as 0,4-5");
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_tuning_pin_process(&machine, pid, (const int[]){1}, 1, "0", &fault), 0);
    affinities(&machine, pid, vcpu, other);
    assert_string_equal(vcpu, "1");
    assert_string_equal(other, "0");
    assert_true(weiss_tuning_applied(&machine, "pinning"));
    /* A second time changes nothing in what undo restores. */
    assert_int_equal(weiss_tuning_pin_process(&machine, pid, (const int[]){0}, 1, "1", &fault), 0);
    affinities(&machine, pid, vcpu, other);
    assert_string_equal(vcpu, "0");
    assert_int_equal(weiss_tuning_undo(&machine, "pinning", NULL, NULL, &fault), 0);
    affinities(&machine, pid, vcpu, other);
    assert_string_equal(vcpu, before);
    assert_string_equal(other, before);
    assert_int_equal(access(journal, F_OK), -1);
    /* What has ended needs no undoing. */
    assert_int_equal(weiss_tuning_pin_process(&machine, pid, (const int[]){1}, 1, "0", &fault), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(weiss_tuning_undo(&machine, NULL, NULL, NULL, &fault), 0);
    assert_false(weiss_tuning_applied(&machine, NULL));
}

static void test_no_such_process(void **state)
{
    const weiss_tuning_machine machine = {.root = "", .journal = journal};
    weiss_fault fault = {0};
    (void)state;
    assert_int_equal(weiss_tuning_pin_process(&machine, 1, (const int[]){1}, 1, "0", &fault),
                     WEISS_ERR_VALUE);
    assert_string_equal(fault.text, "process 1 is no virtual machine of QEMU");
}

static void test_isolate(void **state)
{
    const weiss_tuning_machine machine = {.root = directory};
    weiss_fault fault = {0};
    (void)state;
    put("/sys/devices/system/cpu/online", "0-3\n");
    assert_int_equal(weiss_tuning_isolate(&machine, "2-3", (const pid_t[]){50}, 1, &fault), WEISS_ERR_VALUE);
    assert_non_null(strstr(fault.text, "there is no version 2 of control groups; boot with systemd."));
    put("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory\n");
    put("/sys/fs/cgroup/cgroup.subtree_control", "memory\n");
    put("/sys/fs/cgroup/user.slice/cgroup.procs", "");
    put("/proc/50/cgroup", "0::/user.slice\n");
    put("/proc/50/task/50/stat", "50 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0\n");
    put("/proc/51/cgroup", "0::/machine.slice/machine-qemu.scope/libvirt/emulator\n");
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_tuning_isolate(&machine, "2-3", (const pid_t[]){51}, 1, &fault), WEISS_ERR_VALUE);
    assert_non_null(strstr(fault.text, "process 51 is in a control group of libvirt's"));
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_tuning_isolate(&machine, "0-3", NULL, 0, &fault), WEISS_ERR_VALUE);
    assert_string_equal(fault.text, "processors 0-3 are all that this machine has; leave it one at least");
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_tuning_isolate(&machine, "3-9", NULL, 0, &fault), WEISS_ERR_VALUE);
    assert_string_equal(fault.text, "\"3-9\" is no list of this machine's processors, such as 2-3,6");
    weiss_fault_clear(&fault);
    assert_false(there("/run/weiss/tuning"));
    assert_int_equal(weiss_tuning_isolate(&machine, "2,3", (const pid_t[]){50}, 1, &fault), 0);
    expect("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset");
    expect("/sys/fs/cgroup/weiss-isolated/cpuset.cpus", "2-3");
    expect("/sys/fs/cgroup/weiss-isolated/cpuset.cpus.partition", "isolated");
    expect("/sys/fs/cgroup/weiss-isolated/cgroup.procs", "50");
    /* The kernel's own files of a group go with it; here they are plain files. */
    char procs[256];
    snprintf(procs, sizeof procs, "%s/sys/fs/cgroup/weiss-isolated/cgroup.procs", directory);
    unlink(procs);
    assert_int_equal(weiss_tuning_undo(&machine, "isolation", NULL, NULL, &fault), 0);
    expect("/sys/fs/cgroup/user.slice/cgroup.procs", "50");
    assert_false(there("/sys/fs/cgroup/weiss-isolated"));
    assert_false(there("/run/weiss/tuning"));
}

/** A change that is refused takes those before it back. */
static void test_refused(void **state)
{
    const weiss_tuning_machine machine = {.root = directory};
    weiss_tuning_changes changes = {0};
    weiss_fault fault = {0};
    (void)state;
    put("/proc/sys/vm/swappiness", "60\n");
    weiss_tuning_change_add(&machine, &changes, WEISS_TUNING_WRITE, "1", "", "/proc/sys/vm/swappiness");
    weiss_tuning_change_add(&machine, &changes, WEISS_TUNING_WRITE, "1", "", "/proc/sys/no/such");
    assert_int_equal(changes.count, 2);
    assert_int_equal(weiss_tuning_apply(&machine, "swap", &changes, &fault), WEISS_ERR_SYSTEM);
    assert_string_equal(fault.text, "/proc/sys/no/such cannot be set to \"1\": No such file or directory");
    expect("/proc/sys/vm/swappiness", "60");
    assert_false(there("/run/weiss/tuning"));
    weiss_tuning_changes_clear(&changes);
}

static void test_wrong_journal(void **state)
{
    const weiss_tuning_machine machine = {.root = directory};
    weiss_fault fault = {0};
    (void)state;
    put("/run/weiss/tuning", "what is this\n");
    assert_int_equal(weiss_tuning_undo(&machine, NULL, NULL, NULL, &fault), WEISS_ERR_FILE);
    assert_non_null(
        strstr(fault.text, "/run/weiss/tuning has a line that is not a journal's; remove the file"));
    expect("/run/weiss/tuning", "what is this\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pin),           cmocka_unit_test(test_no_such_process),
        cmocka_unit_test(test_isolate),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_wrong_journal),
    };
    if (mkdtemp(directory) == NULL)
        return SKIPPED;
    snprintf(journal, sizeof journal, "%s/journal", directory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_remove_tree(directory);
    return failed;
}
