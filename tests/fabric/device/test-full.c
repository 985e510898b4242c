/* A full file system is an error when a region is made, not a bus error later. It is a tmpfs of 4 MiB in a mount namespace
 * of this process. Exits 77 where the system allows no such namespace. */
#include "fabric/device/device.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)
#define REGION "/dev/shm/region"

static bool enter_namespace(void)
{
    int flags = CLONE_NEWNS | (geteuid() != 0 ? CLONE_NEWUSER : 0);
    return unshare(flags) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=4m") == 0;
}

static void a_region_larger_than_the_room_is_refused(void **state)
{
    weiss_fault fault = {0};
    weiss_device *device;
    (void)state;
    assert_int_equal(weiss_device_open(REGION, 16 * MIB, &device, &fault), WEISS_ERR_FILE);
    assert_non_null(strstr(fault.text, "no room"));
    assert_non_null(strstr(fault.text, REGION));
    assert_int_equal(access(REGION, F_OK), -1); /* the half-made file is gone, and so are its pages: */
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_device_open(REGION, 3 * MIB, &device, &fault), 0);
    memset(weiss_device_memory(device), 1, 3 * MIB);
    weiss_device_close(device);
    unlink(REGION);
}

static void a_sparse_file_that_cannot_be_filled_is_refused(void **state)
{
    weiss_fault fault = {0};
    weiss_device *device;
    int fd = open(REGION, O_RDWR | O_CREAT, 0600);
    (void)state;
    assert_int_equal(ftruncate(fd, 16 * (off_t)MIB), 0);
    close(fd);
    assert_int_equal(weiss_device_open(REGION, 0, &device, &fault), WEISS_ERR_FILE);
    assert_non_null(strstr(fault.text, "no room"));
    assert_int_equal(access(REGION, F_OK), 0); /* somebody else made it, so it stays */
    unlink(REGION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_larger_than_the_room_is_refused),
        cmocka_unit_test(a_sparse_file_that_cannot_be_filled_is_refused),
    };
    if (!enter_namespace()) {
        printf("this system allows no mount namespace\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
