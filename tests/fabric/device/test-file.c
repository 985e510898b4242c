/* Regions that are files: made once however many processes ask, complete when seen, and only what they should be. */
#include "fabric/device/device.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

/** A directory of its own for every test. */
typedef struct place {
    char directory[64];
    char path[96]; /**< of a file in it that does not exist */
} place;

static int enter(void **state)
{
    place *p = malloc(sizeof *p);
    strcpy(p->directory, "/dev/shm/weiss-test-XXXXXX");
    if (mkdtemp(p->directory) == NULL)
        return -1;
    snprintf(p->path, sizeof p->path, "%s/region", p->directory);
    *state = p;
    return 0;
}

static int leave(void **state)
{
    place *p = *state;
    unlink(p->path);
    int left = rmdir(p->directory); /* fails when the library left something behind */
    free(p);
    return left;
}

static weiss_device *open_well(const char *path, size_t bytes)
{
    weiss_fault fault = {0};
    weiss_device *device;
    if (weiss_device_open(path, bytes, &device, &fault) != 0)
        fail_msg("%s", fault.text);
    return device;
}

/** Opening fails with @p code, and the message has @p word. */
static void assert_refused(const char *path, size_t bytes, int code, const char *word)
{
    weiss_fault fault = {0};
    weiss_device *device = (weiss_device *)1;
    assert_int_equal(weiss_device_open(path, bytes, &device, &fault), code);
    assert_null(device);
    if (strstr(fault.text, word) == NULL)
        fail_msg("\"%s\" is not in: %s", word, fault.text);
}

static void make_file(const char *path, size_t bytes)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    close(fd);
}

static void a_new_file_is_private_complete_and_shared(void **state)
{
    const place *p = *state;
    struct stat s;
    umask(0);
    weiss_device *one = open_well(p->path, 3 * MIB), *two = open_well(p->path, 8 * MIB);
    assert_int_equal(stat(p->path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    assert_int_equal(s.st_size, 3 * MIB);
    assert_true((size_t)s.st_blocks * 512 >= 3 * MIB);
    assert_int_equal(weiss_device_bytes(one), 3 * MIB);
    assert_int_equal(weiss_device_bytes(two), 3 * MIB);
    ((char *)weiss_device_memory(one))[3 * MIB - 1] = 42;
    assert_int_equal(((char *)weiss_device_memory(two))[3 * MIB - 1], 42);
    assert_ptr_not_equal(weiss_device_memory(one), weiss_device_memory(two));
    assert_int_equal(weiss_device_how(one), WEISS_DEVICE_FILE);
    assert_string_equal(weiss_device_name(one), p->path);
    weiss_device_close(one);
    weiss_device_close(two);
    assert_int_equal(access(p->path, F_OK), 0);
}

static void a_file_has_no_doorbell(void **state)
{
    const place *p = *state;
    weiss_fault fault = {0};
    weiss_device *device = open_well(p->path, MIB);
    assert_int_equal(weiss_device_peer(device), -1);
    assert_int_equal(weiss_device_vectors(device), 0);
    assert_int_equal(weiss_device_listen(device, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, p->path));
    assert_int_equal(weiss_device_wait_fd(device), -1);
    weiss_device_ring(device, 0, 0);
    weiss_device_drain(device);
    weiss_device_close(device);
    weiss_device_close(NULL);
}

/** One of several processes that start at the same time. Adds 1 to the first word. */
static void contend(const char *path, int gate, size_t bytes)
{
    weiss_fault fault = {0};
    weiss_device *device;
    char go;
    if (read(gate, &go, 1) < 0)
        _exit(2);
    if (weiss_device_open(path, bytes, &device, &fault) != 0) {
        fprintf(stderr, "%s\n", fault.text);
        _exit(1);
    }
    __atomic_fetch_add((uint64_t *)weiss_device_memory(device), weiss_device_bytes(device), __ATOMIC_RELAXED);
    weiss_device_close(device);
    _exit(0);
}

static void processes_that_race_share_one_file(void **state)
{
    const place *p = *state;
    enum { PROCESSES = 8, ROUNDS = 25 };
    for (int round = 0; round < ROUNDS; round++) {
        int gate[2], status;
        assert_int_equal(pipe(gate), 0);
        for (int i = 0; i < PROCESSES; i++) {
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                close(gate[1]);
                contend(p->path, gate[0], (size_t)(4 + i) * MIB);
            }
        }
        close(gate[0]);
        close(gate[1]); /* opens the gate for all */
        for (int i = 0; i < PROCESSES; i++) {
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        weiss_device *device = open_well(p->path, 0);
        /* All saw the size that one of them chose, and one and the same memory. */
        assert_int_equal(*(uint64_t *)weiss_device_memory(device), PROCESSES * weiss_device_bytes(device));
        weiss_device_close(device);
        unlink(p->path);
    }
}

static void sizes_are_checked(void **state)
{
    const place *p = *state;
    assert_refused(p->path, 0, WEISS_ERR_FILE, "no such file");
    assert_refused(p->path, MIB - 4096, WEISS_ERR_REGION, "at least 1048576");
    assert_refused(p->path, MIB + 1, WEISS_ERR_REGION, "multiple of the page size");
    assert_int_equal(access(p->path, F_OK), -1);
    make_file(p->path, MIB + 100);
    assert_refused(p->path, 2 * MIB, WEISS_ERR_REGION, "1048676");
    unlink(p->path);
    make_file(p->path, 65536);
    assert_refused(p->path, 2 * MIB, WEISS_ERR_REGION, "65536");
    unlink(p->path);
    make_file(p->path, 0); /* as a process leaves it that was killed before it had allocated */
    assert_refused(p->path, 0, WEISS_ERR_REGION, "0 bytes");
    weiss_device *device = open_well(p->path, 2 * MIB);
    assert_int_equal(weiss_device_bytes(device), 2 * MIB);
    weiss_device_close(device);
}

static void holes_are_filled(void **state)
{
    const place *p = *state;
    struct stat s;
    make_file(p->path, 2 * MIB);
    weiss_device_close(open_well(p->path, 0));
    assert_int_equal(stat(p->path, &s), 0);
    assert_true((size_t)s.st_blocks * 512 >= 2 * MIB);
}

static void only_regular_files_are_regions(void **state)
{
    const place *p = *state;
    char target[128];
    snprintf(target, sizeof target, "%s/target", p->directory);
    make_file(target, MIB);
    assert_int_equal(symlink(target, p->path), 0);
    assert_refused(p->path, MIB, WEISS_ERR_REGION, "symbolic link");
    unlink(target);
    assert_refused(p->path, MIB, WEISS_ERR_REGION, "symbolic link"); /* and nothing is made where it points */
    assert_int_equal(access(target, F_OK), -1);
    unlink(p->path);
    assert_int_equal(mkfifo(p->path, 0600), 0);
    assert_refused(p->path, MIB, WEISS_ERR_REGION, "not a regular file");
    unlink(p->path);
    assert_refused("/dev/null", 0, WEISS_ERR_REGION, "not a regular file");
    assert_refused(p->directory, 0, WEISS_ERR_FILE, "directory");
    assert_refused("/nonexistent/region", MIB, WEISS_ERR_FILE, "/nonexistent/region");
}

static void a_file_of_another_user_is_refused(void **state)
{
    const place *p = *state;
    if (geteuid() != 0)
        skip();
    make_file(p->path, MIB);
    assert_int_equal(chmod(p->path, 0666), 0);
    assert_int_equal(chown(p->path, 12345, 12345), 0);
    assert_refused(p->path, MIB, WEISS_ERR_REGION, "user 12345");
}

static void a_file_of_root_is_accepted_where_its_mode_allows(void **state)
{
    const place *p = *state;
    int status;
    if (geteuid() != 0)
        skip();
    make_file(p->path, MIB);
    assert_int_equal(chmod(p->directory, 0755), 0);
    for (mode_t mode = 0600; mode <= 0666; mode += 066) {
        assert_int_equal(chmod(p->path, mode), 0);
        pid_t child = fork();
        if (child == 0) {
            weiss_device *device;
            if (setgid(12345) != 0 || setuid(12345) != 0)
                _exit(9);
            _exit(-weiss_device_open(p->path, 0, &device, NULL));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(WEXITSTATUS(status), mode == 0600 ? -WEISS_ERR_FILE : 0);
    }
}

static void names_that_name_nothing(void **state)
{
    (void)state;
    assert_refused("region", MIB, WEISS_ERR_REGION, "names no region");
    assert_refused("", MIB, WEISS_ERR_REGION, "names no region");
    assert_refused("00:05.0.1", MIB, WEISS_ERR_REGION, "names no region");
    assert_refused("\033[2J", MIB, WEISS_ERR_REGION, "\\x1b");
    assert_refused("ffff:ff:1f.7", 0, WEISS_ERR_REGION, "no ivshmem device");
    if (!weiss_device_present()) {
        assert_refused(NULL, 0, WEISS_ERR_REGION, "no ivshmem device");
        assert_refused("auto", 0, WEISS_ERR_REGION, "no ivshmem device");
    }
}

static void speed_is_measured_and_contents_are_kept(void **state)
{
    const place *p = *state;
    weiss_device_speed speed = {0};
    weiss_fault fault = {0};
    char text[1024] = "";
    weiss_device *device = open_well(p->path, 4 * MIB);
    uint32_t *words = weiss_device_memory(device);
    for (uint32_t i = 0; i < MIB; i++)
        words[i] = i * 2654435761U;
    assert_int_equal(weiss_device_measure(device, 1 * MIB, 2 * MIB, &speed, &fault), 0);
    for (uint32_t i = 0; i < MIB; i++)
        assert_int_equal(words[i], i * 2654435761U);
    assert_true(speed.read > 50 && speed.write > 50 && speed.memory > 50);
    assert_true(speed.read < 1e7 && speed.write < 1e7 && speed.memory < 1e7);
    assert_false(weiss_device_slow(device, &speed, text, sizeof text));
    assert_int_equal(weiss_device_measure(device, 3 * MIB, MIB + 1, &speed, &fault), WEISS_ERR_REGION);
    assert_int_equal(weiss_device_measure(device, SIZE_MAX, 2, &speed, NULL), WEISS_ERR_REGION);
    assert_int_equal(weiss_device_measure(device, 0, 0, &speed, NULL), WEISS_ERR_REGION);
    weiss_device_close(device);
}

static void an_uncached_mapping_is_told_from_a_slow_machine(void **state)
{
    const place *p = *state;
    char text[1024] = "";
    weiss_device *device = open_well(p->path, MIB);
    const struct {
        weiss_device_speed speed;
        bool slow;
    } cases[] = {
        {{.read = 400, .write = 94, .memory = 9000}, true},
        {{.read = 400, .write = 5000, .memory = 9000}, true},
        {{.read = 5000, .write = 94, .memory = 9000}, true},
        {{.read = 5000, .write = 4000, .memory = 9000}, false},
        {{.read = 1500, .write = 1500, .memory = 20000},
         false}, /* slow, but no processor is that fast uncached */
        {{.read = 400, .write = 300, .memory = 500}, false}, /* an emulated processor */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(weiss_device_slow(device, &cases[i].speed, text, sizeof text), cases[i].slow);
    assert_non_null(strstr(text, "uncached"));
    assert_non_null(strstr(text, "docs/guest-driver.md"));
    weiss_device_close(device);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_is_private_complete_and_shared),
        TEST(a_file_has_no_doorbell),
        TEST(processes_that_race_share_one_file),
        TEST(sizes_are_checked),
        TEST(holes_are_filled),
        TEST(only_regular_files_are_regions),
        TEST(a_file_of_another_user_is_refused),
        TEST(a_file_of_root_is_accepted_where_its_mode_allows),
        TEST(names_that_name_nothing),
        TEST(speed_is_measured_and_contents_are_kept),
        TEST(an_uncached_mapping_is_told_from_a_slow_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
