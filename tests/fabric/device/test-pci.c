/* PCI addresses, and ivshmem devices in a sysfs that the test makes up. */
#include "fabric/device/pci.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void addresses(void **state)
{
    static const char *const good[][2] = {
        {"0000:00:05.0", "0000:00:05.0"}, {"00:05.0", "0000:00:05.0"},      {"10:1f.7", "0000:10:1f.7"},
        {"aB:0c.1", "0000:ab:0c.1"},      {"ffff:ff:1f.7", "ffff:ff:1f.7"},
    };
    static const char *const bad[] = {"",         "05.0",     "00:05",         "00:05.8",       "00:20.0",
                                      "00:05.0 ", " 00:05.0", "0000:00:05.00", "00000:00:05.0", "-1:05.0",
                                      "0x:05.0",  "auto",     "00:05.0/x",     "00:05.-0"};
    char address[WEISS_PCI_ADDRESS];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(weiss_pci_parse(good[i][0], address));
        assert_string_equal(address, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (weiss_pci_parse(bad[i], address))
            fail_msg("\"%s\" is taken for the address %s", bad[i], address);
}

static char sysfs[64];

static void put(const char *address, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/bus/pci/devices/%s/%s", sysfs, address, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/** A device with three BARs. */
static void add(const char *address, const char *vendor, const char *device, const char *resource,
                const char *driver)
{
    char path[256], target[128];
    snprintf(path, sizeof path, "%s/bus/pci/devices/%s", sysfs, address);
    assert_int_equal(mkdir(path, 0700), 0);
    put(address, "vendor", vendor);
    put(address, "device", device);
    put(address, "resource", resource);
    if (driver == NULL)
        return;
    snprintf(path, sizeof path, "%s/bus/pci/devices/%s/driver", sysfs, address);
    snprintf(target, sizeof target, "../../../bus/pci/drivers/%s", driver);
    assert_int_equal(symlink(target, path), 0);
}

#define BAR0 "0x00000000febf1000 0x00000000febf10ff 0x0000000000040200\n"
#define BAR1 "0x00000000febf2000 0x00000000febf2fff 0x0000000000040200\n"
#define NONE "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
#define BAR2 "0x0000000800000000 0x0000000803ffffff 0x000000000014220c\n"

static int make_sysfs(void **state)
{
    static const char *const parts[] = {"", "/bus", "/bus/pci", "/bus/pci/devices"};
    char path[128];
    (void)state;
    strcpy(sysfs, "/tmp/weiss-test-XXXXXX");
    if (mkdtemp(sysfs) == NULL)
        return -1;
    for (int i = 1; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", sysfs, parts[i]);
        mkdir(path, 0700);
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *where)
{
    (void)s;
    (void)type;
    (void)where;
    return remove(path);
}

static int remove_sysfs(void **state)
{
    (void)state;
    return nftw(sysfs, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void devices_are_found_in_order(void **state)
{
    weiss_pci card;
    weiss_fault fault = {0};
    (void)state;
    assert_int_equal(weiss_pci_find(sysfs, NULL, &card, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "1af4:1110"));
    add("0000:00:03.0", "0x1af4\n", "0x1000\n", BAR0 NONE BAR2, "virtio-pci");
    assert_int_equal(weiss_pci_find(sysfs, NULL, &card, NULL), WEISS_ERR_REGION);
    add("0000:00:06.0", "0x1af4\n", "0x1110\n", BAR0 NONE BAR2, NULL);
    assert_int_equal(weiss_pci_find(sysfs, NULL, &card, NULL), 0);
    assert_string_equal(card.address, "0000:00:06.0");
    assert_false(card.doorbell);
    assert_int_equal(card.region_bytes, 64 << 20);
    assert_string_equal(card.driver, "");
    add("0000:00:04.0", "0x1af4\n", "0x1110\n", BAR0 BAR1 BAR2, "weiss_ivshmem");
    assert_int_equal(weiss_pci_find(sysfs, NULL, &card, NULL), 0);
    assert_string_equal(card.address, "0000:00:04.0");
    assert_true(card.doorbell);
    assert_string_equal(card.driver, "weiss_ivshmem");
    assert_int_equal(weiss_pci_find(sysfs, "0000:00:06.0", &card, NULL), 0);
    assert_string_equal(card.address, "0000:00:06.0");
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_pci_find(sysfs, "0000:00:03.0", &card, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "0000:00:03.0"));
}

static void a_device_without_memory_is_an_error(void **state)
{
    weiss_pci card;
    weiss_fault fault = {0};
    (void)state;
    add("0000:00:04.0", "0x1af4\n", "0x1110\n", BAR0 BAR1 NONE, NULL);
    assert_int_equal(weiss_pci_find(sysfs, NULL, &card, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "BAR2"));
    put("0000:00:04.0", "resource", "nonsense\n");
    assert_int_equal(weiss_pci_find(sysfs, NULL, &card, NULL), WEISS_ERR_REGION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test_setup_teardown(devices_are_found_in_order, make_sysfs, remove_sysfs),
        cmocka_unit_test_setup_teardown(a_device_without_memory_is_an_error, make_sysfs, remove_sysfs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
