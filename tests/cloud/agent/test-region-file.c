/* Files of regions: complete when they get their name, closed to others at any moment, gone when removed. As root in a tmpfs
 * of the test's own, with another user who tries to get in all the time. */
#include "cloud/agent/region-file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((int64_t)1 << 20)
#define ROUNDS 2000
#define NOBODY 65534

typedef struct place {
    weiss_agent_settings settings;
    char path[64];
    bool own; /* a tmpfs of 8 MiB in a mount namespace of the test's own, as root */
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    if (p == NULL)
        return 1;
    weiss_agent_settings_default(&p->settings);
    snprintf(p->path, sizeof p->path, "/tmp/weiss-test-regions-XXXXXX");
    if (mkdtemp(p->path) == NULL)
        return 1;
    p->own = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
             mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
             mount("weiss-test", p->path, "tmpfs", MS_NOSUID | MS_NODEV, "size=8m,mode=1777") == 0;
    snprintf(p->settings.directory, sizeof p->settings.directory, "%s", p->own ? p->path : "/dev/shm");
    if (geteuid() != 0 || getgrnam("kvm") == NULL) {
        const struct passwd *user = getpwuid(geteuid());
        const struct group *group = getgrgid(getegid());
        if (user == NULL || group == NULL)
            return 1;
        snprintf(p->settings.user, sizeof p->settings.user, "%s", user->pw_name);
        snprintf(p->settings.group, sizeof p->settings.group, "%s", group->gr_name);
    }
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    if (p->own)
        umount(p->path);
    rmdir(p->path);
    free(p);
    return 0;
}

static const char *path_of(const place *p, const char *name)
{
    static char out[512];
    snprintf(out, sizeof out, "%s/%s", p->settings.directory, name);
    return out;
}

static void must(int code, const weiss_fault *fault)
{
    if (code != 0)
        fail_msg("%s", fault->text);
}

/** That a call fails, and with which words; %s of @p text is the directory. */
static void must_fail(const place *p, int code, weiss_fault *fault, const char *text)
{
    char expected[WEISS_FAULT_TEXT];
    const char *at = strstr(text, "%s");
    if (at != NULL)
        snprintf(expected, sizeof expected, "%.*s%s%s", (int)(at - text), text, p->settings.directory,
                 at + 2);
    else
        snprintf(expected, sizeof expected, "%s", text);
    assert_int_equal(code, WEISS_ERR_FILE);
    assert_string_equal(fault->text, expected);
    weiss_fault_clear(fault);
}

static void count(void *data, const char *name)
{
    (void)name;
    ++*(int *)data;
}

static int count_regions(const place *p)
{
    weiss_fault fault = {0};
    int n = 0;
    must(weiss_region_file_list(&p->settings, count, &n, &fault), &fault);
    return n;
}

static void test_made_and_removed(void **state)
{
    const place *p = *state;
    weiss_fault fault = {0};
    char name[WEISS_AGENT_TEXT], other[WEISS_AGENT_TEXT];
    struct stat status;
    int before = count_regions(p);
    weiss_region_file_name(NULL, name);
    weiss_region_file_name(NULL, other);
    assert_int_equal(strlen(name), strlen(WEISS_REGION_PREFIX) + 16);
    assert_int_equal(strspn(name + strlen(WEISS_REGION_PREFIX), "0123456789abcdef"), 16);
    assert_string_not_equal(name, other);
    must(weiss_region_file_make(&p->settings, name, MIB, &fault), &fault);
    assert_int_equal(stat(path_of(p, name), &status), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0660);
    assert_int_equal(status.st_size, MIB);
    assert_int_equal(status.st_uid, getpwnam(p->settings.user)->pw_uid);
    assert_int_equal(status.st_gid, getgrnam(p->settings.group)->gr_gid);
    assert_int_equal(status.st_blocks * 512, MIB); /* all of it is reserved */
    must(weiss_region_file_check(&p->settings, name, MIB, &fault), &fault);
    assert_int_equal(count_regions(p), before + 1);
    must(weiss_region_file_remove(&p->settings, name, &fault), &fault);
    assert_int_equal(access(path_of(p, name), F_OK), -1);
    must(weiss_region_file_remove(&p->settings, name, &fault), &fault);
    assert_int_equal(count_regions(p), before);
}

/** A region made after another was filled and removed holds nothing of it. */
static void test_zeros(void **state)
{
    const place *p = *state;
    weiss_fault fault = {0};
    unsigned char *bytes = malloc(MIB);
    assert_non_null(bytes);
    for (int round = 0; round < 2; round++) {
        must(weiss_region_file_make(&p->settings, "weiss-agent-zeros", MIB, &fault), &fault);
        int fd = open(path_of(p, "weiss-agent-zeros"), O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(read(fd, bytes, MIB), MIB);
        for (int64_t i = 0; i < MIB; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xa5, MIB);
        assert_int_equal(pwrite(fd, bytes, MIB, 0), MIB);
        close(fd);
        must(weiss_region_file_remove(&p->settings, "weiss-agent-zeros", &fault), &fault);
    }
    free(bytes);
}

static void test_something_in_the_way(void **state)
{
    const place *p = *state;
    weiss_fault fault = {0};
    char victim[512], name[512];
    struct stat status;
    snprintf(victim, sizeof victim, "%s", path_of(p, "weiss-test-victim"));
    snprintf(name, sizeof name, "%s", path_of(p, "weiss-agent-taken"));
    int fd = open(victim, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "victim", 6), 6);
    close(fd);
    for (int kind = 0; kind < 4; kind++) {
        if (kind == 0)
            assert_int_equal(symlink(victim, name), 0);
        if (kind == 1)
            assert_int_equal(symlink("/nowhere/weiss", name), 0);
        if (kind == 2)
            assert_int_equal(link(victim, name), 0);
        if (kind == 3)
            assert_int_equal(mkdir(name, 0700), 0);
        must_fail(
            p, weiss_region_file_make(&p->settings, "weiss-agent-taken", MIB, &fault), &fault,
            "%s/weiss-agent-taken cannot be made: something of that name is there, which the agent did not "
            "make");
        must_fail(p, weiss_region_file_check(&p->settings, "weiss-agent-taken", 6, &fault), &fault,
                  kind == 2 ? "%s/weiss-agent-taken has 2 names; expected one"
                            : "%s/weiss-agent-taken is not a regular file");
        assert_int_equal(stat(victim, &status), 0);
        assert_int_equal(status.st_size, 6);
        assert_int_equal(status.st_mode & 07777, 0600);
        assert_int_equal(kind == 3 ? rmdir(name) : unlink(name), 0);
    }
    unlink(victim);
}

static void test_check(void **state)
{
    const place *p = *state;
    weiss_fault fault = {0};
    char name[512], other[512];
    snprintf(name, sizeof name, "%s", path_of(p, "weiss-agent-check"));
    snprintf(other, sizeof other, "%s", path_of(p, "weiss-test-other"));
    must_fail(p, weiss_region_file_check(&p->settings, "weiss-agent-check", MIB, &fault), &fault,
              "%s/weiss-agent-check: it is gone");
    must(weiss_region_file_make(&p->settings, "weiss-agent-check", MIB, &fault), &fault);
    must_fail(p, weiss_region_file_check(&p->settings, "weiss-agent-check", 2 * MIB, &fault), &fault,
              "%s/weiss-agent-check has 1048576 bytes; expected 2097152");
    assert_int_equal(chmod(name, 0664), 0);
    must_fail(p, weiss_region_file_check(&p->settings, "weiss-agent-check", MIB, &fault), &fault,
              "%s/weiss-agent-check has the mode 0664; expected 0660");
    assert_int_equal(chmod(name, 0660), 0);
    assert_int_equal(link(name, other), 0);
    must_fail(p, weiss_region_file_check(&p->settings, "weiss-agent-check", MIB, &fault), &fault,
              "%s/weiss-agent-check has 2 names; expected one");
    unlink(other);
    must(weiss_region_file_check(&p->settings, "weiss-agent-check", MIB, &fault), &fault);
    if (geteuid() == 0) {
        assert_int_equal(chown(name, NOBODY, (gid_t)-1), 0);
        assert_int_equal(weiss_region_file_check(&p->settings, "weiss-agent-check", MIB, &fault),
                         WEISS_ERR_FILE);
        assert_non_null(strstr(fault.text, "belongs to 65534:"));
        weiss_fault_clear(&fault);
    }
    must(weiss_region_file_remove(&p->settings, "weiss-agent-check", &fault), &fault);
}

static void test_names_lead_nowhere_else(void **state)
{
    static const char *const wrong[] = {"",
                                        "weiss-agent-",
                                        "other",
                                        "../weiss-agent-a",
                                        "weiss-agent-/../a",
                                        "weiss-agent-a/b",
                                        "weiss-agent-a.b",
                                        "weiss-agent-\x1b[31m",
                                        "weiss-agent-0123456789012345678901234567890123456789012345678901"};
    const place *p = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weiss_fault fault = {0};
        assert_int_equal(weiss_region_file_make(&p->settings, wrong[i], MIB, &fault), WEISS_ERR_FILE);
        assert_non_null(strstr(fault.text, "is no name of a region; expected weiss-agent- and letters"));
        assert_int_equal(weiss_region_file_check(&p->settings, wrong[i], MIB, NULL), WEISS_ERR_FILE);
        assert_int_equal(weiss_region_file_remove(&p->settings, wrong[i], NULL), WEISS_ERR_FILE);
    }
}

static void test_owner_must_exist(void **state)
{
    place p = *(place *)*state;
    weiss_fault fault = {0};
    snprintf(p.settings.group, sizeof p.settings.group, "no-such-group");
    must_fail(&p, weiss_region_file_make(&p.settings, "weiss-agent-a", MIB, &fault), &fault,
              "there is no group no-such-group; set [share] group to one that QEMU's user is in");
    snprintf(p.settings.user, sizeof p.settings.user, "no-such-user");
    must_fail(&p, weiss_region_file_make(&p.settings, "weiss-agent-a", MIB, &fault), &fault,
              "there is no user no-such-user; set [share] user to who owns the files of regions");
    p = *(place *)*state;
    snprintf(p.settings.directory, sizeof p.settings.directory, "/no/such");
    must_fail(&p, weiss_region_file_make(&p.settings, "weiss-agent-a", MIB, &fault), &fault,
              "the directory of regions, /no/such: No such file or directory");
    snprintf(p.settings.directory, sizeof p.settings.directory, "/proc");
    assert_int_equal(weiss_region_file_make(&p.settings, "weiss-agent-a", MIB, &fault), WEISS_ERR_FILE);
}

/** Says why a part of the test does not run here. */
static void require_own(const place *p, const char *what)
{
    if (p->own)
        return;
    print_message("%s: not run, it needs root and a mount namespace of its own\n", what);
    skip();
}

static void test_no_room(void **state)
{
    const place *p = *state;
    weiss_fault fault = {0};
    struct statvfs before, after;
    require_own(p, "a full tmpfs");
    must(weiss_region_file_make(&p->settings, "weiss-agent-first", 4 * MIB, &fault), &fault);
    assert_int_equal(statvfs(p->path, &before), 0);
    for (int64_t size = 8; size <= 4096; size *= 8)
        assert_int_equal(weiss_region_file_make(&p->settings, "weiss-agent-large", size * MIB, &fault),
                         WEISS_ERR_FILE);
    assert_string_not_equal(fault.text, "");
    weiss_fault_clear(&fault);
    must_fail(p, weiss_region_file_make(&p->settings, "weiss-agent-large", 8 * MIB, &fault), &fault,
              "no room for a region of 8 MiB in %s, where 4 MiB are free; make it larger (mount -o "
              "remount,size=...), remove files from it, or set [share] size lower");
    /* Nothing is left of it, and what is free can be used. */
    assert_int_equal(count_regions(p), 1);
    assert_int_equal(statvfs(p->path, &after), 0);
    assert_int_equal(before.f_bfree, after.f_bfree);
    must(weiss_region_file_check(&p->settings, "weiss-agent-first", 4 * MIB, &fault), &fault);
    must(weiss_region_file_make(&p->settings, "weiss-agent-second", 4 * MIB, &fault), &fault);
    must(weiss_region_file_remove(&p->settings, "weiss-agent-second", &fault), &fault);
    must(weiss_region_file_remove(&p->settings, "weiss-agent-first", &fault), &fault);
}

/** What another user sees of a name, until it is told to stop. Exit code 0: nothing that it must not. */
static int spy(const place *p, const char *name, int64_t bytes, gid_t gid, int out)
{
    unsigned long seen = 0, absent = 0;
    char path[512];
    struct stat status;
    snprintf(path, sizeof path, "%s", path_of(p, name));
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 10;
    int control = open(path_of(p, "weiss-test-open"), O_RDONLY | O_CLOEXEC);
    if (control < 0)
        return 11; /* what others may read it can read: else it proves nothing */
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGUSR1);
    for (unsigned long round = 0;; round++) {
        int fd = open(path, (round % 2 == 0 ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0)
            return 12;
        if (errno != EACCES && errno != ENOENT)
            return 13;
        seen += errno == EACCES;
        absent += errno == ENOENT;
        if (lstat(path, &status) == 0 &&
            (status.st_mode != (S_IFREG | 0660) || status.st_size != bytes || status.st_uid != 0 ||
             status.st_gid != gid || status.st_nlink > 1 || status.st_blocks * 512 < bytes))
            return 14;
        if (round % 64 == 0 && sigtimedwait(&stop, NULL, &(struct timespec){0}) == SIGUSR1)
            break;
    }
    return write(out, &seen, sizeof seen) == sizeof seen &&
                   write(out, &absent, sizeof absent) == sizeof absent
               ? 0
               : 15;
}

static void test_nobody_gets_in(void **state)
{
    const place *p = *state;
    weiss_fault fault = {0};
    unsigned long seen[2] = {0};
    int status, out[2];
    sigset_t stop;
    require_own(p, "the race at creation");
    sigemptyset(&stop);
    sigaddset(&stop, SIGUSR1);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    int fd = open(path_of(p, "weiss-test-open"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    assert_true(fd >= 0 && fchmod(fd, 0644) == 0);
    close(fd);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(spy(p, "weiss-agent-race", MIB, getgrnam(p->settings.group)->gr_gid, out[1]));
    close(out[1]);
    for (int round = 0; round < ROUNDS; round++) {
        must(weiss_region_file_make(&p->settings, "weiss-agent-race", MIB, &fault), &fault);
        if (round % 4 == 0)
            sched_yield();
        must(weiss_region_file_remove(&p->settings, "weiss-agent-race", &fault), &fault);
    }
    kill(child, SIGUSR1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(read(out[0], seen, sizeof seen), sizeof seen);
    close(out[0]);
    unlink(path_of(p, "weiss-test-open"));
    print_message("refused %lu times, not there %lu times, in %d lives of a region\n", seen[0], seen[1],
                  ROUNDS);
    assert_true(seen[0] > 100 && seen[1] > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_and_removed),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_something_in_the_way),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_names_lead_nowhere_else),
        cmocka_unit_test(test_owner_must_exist),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_nobody_gets_in),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
