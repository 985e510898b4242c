/* The agent's settings: what is printed is read back, each kind of mistake is told with file, line and key, and 20,000 files that
 * were changed at random. */
#include "cloud/agent/settings.h"

#include "mutate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 20000

/** The printed file; freed by the caller. @param bare  keys without the # before them */
static char *printed(bool bare, size_t *length)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, length);
    assert_non_null(file);
    weiss_agent_settings_print(file);
    fclose(file);
    /* A comment is # and a blank. */
    for (char *c = text; bare && *c != '\0'; c++)
        if (*c == '#' && c[1] != ' ')
            *c = '\n';
    return text;
}

static weiss_agent_settings parse(const char *text)
{
    weiss_agent_settings settings;
    weiss_fault fault = {0};
    weiss_agent_settings_default(&settings);
    if (weiss_agent_settings_parse(&settings, text, "a.conf", &fault) != 0)
        fail_msg("%s", fault.text);
    return settings;
}

static void test_defaults(void **state)
{
    weiss_agent_settings s;
    (void)state;
    weiss_agent_settings_default(&s);
    assert_string_equal(s.uri, "qemu:///system");
    assert_string_equal(s.run, "/run/weiss-agent");
    assert_false(s.dry_run);
    assert_string_equal(s.flavors, "");
    assert_int_equal(s.bytes, 64 << 20);
    assert_int_equal(s.bytes_max, INT64_C(4) << 30);
    assert_int_equal(s.total, INT64_C(4) << 30);
    assert_false(s.doorbell);
    assert_int_equal(s.vectors, 8);
    assert_string_equal(s.directory, "/dev/shm");
    assert_string_equal(s.user, "root");
    assert_string_equal(s.group, "kvm");
    assert_false(s.others);
    assert_string_equal(s.auth_url, "");
    assert_string_equal(s.interface, "internal");
    assert_int_equal(s.poll, 30);
    assert_int_equal(s.timeout, 10);
}

/** The printed file says nothing but defaults, with its keys commented out and with them set. */
static void test_printed_file(void **state)
{
    weiss_agent_settings defaults;
    (void)state;
    weiss_agent_settings_default(&defaults);
    for (int bare = 0; bare < 2; bare++) {
        size_t length;
        char *text = printed(bare == 1, &length);
        weiss_agent_settings s = parse(text);
        assert_memory_equal(&s, &defaults, sizeof s);
        int lines = 0;
        for (const char *c = text; *c != '\0'; c++)
            lines += *c == '=';
        assert_true(lines >= 22);
        free(text);
    }
}

static void test_all_keys(void **state)
{
    (void)state;
    weiss_agent_settings s =
        parse("; a comment\n# another\n[agent]\nuri = qemu+unix:///system\nrun=/run/other\n"
              "dry_run: True\n\n[share]\nflavors = hpc.*, mpi-? ; and why\nsize = 128 MiB\n"
              "size_max = 1 GiB\ntotal=2GiB\ndevice = doorbell\nvectors = 16\n"
              "directory = /dev/shm/x\nuser = weiss\ngroup = libvirt-qemu\nothers = on\n[openstack]\n"
              "auth_url = http://c:5000/v3\r\ncredential_id = 12ab\n"
              "credential_secret_file = /etc/s\ncacert = /etc/ca.pem\nregion = North\n"
              "interface = public\nhost = node-7\npoll = 5\ntimeout = 3");
    assert_string_equal(s.uri, "qemu+unix:///system");
    assert_string_equal(s.run, "/run/other");
    assert_true(s.dry_run);
    assert_string_equal(s.flavors, "hpc.*, mpi-?");
    assert_int_equal(s.bytes, 128 << 20);
    assert_int_equal(s.bytes_max, 1 << 30);
    assert_int_equal(s.total, INT64_C(2) << 30);
    assert_true(s.doorbell);
    assert_int_equal(s.vectors, 16);
    assert_string_equal(s.directory, "/dev/shm/x");
    assert_string_equal(s.user, "weiss");
    assert_string_equal(s.group, "libvirt-qemu");
    assert_true(s.others);
    assert_string_equal(s.auth_url, "http://c:5000/v3");
    assert_string_equal(s.credential_id, "12ab");
    assert_string_equal(s.credential_secret_file, "/etc/s");
    assert_string_equal(s.cacert, "/etc/ca.pem");
    assert_string_equal(s.region, "North");
    assert_string_equal(s.interface, "public");
    assert_string_equal(s.host, "node-7");
    assert_int_equal(s.poll, 5);
    assert_int_equal(s.timeout, 3);
}

#define POWER "a power of two of at least 1 MiB, with its unit (B, KiB, MiB, GiB or TiB) such as 64 MiB"
#define SIZE "1 MiB or more, with its unit (B, KiB, MiB, GiB or TiB) such as 64 MiB"

static void test_broken(void **state)
{
    static const struct {
        const char *text, *fault;
    } broken[] = {
        {"[share]\nflavours = a\n", "a.conf, line 2: [share] has no key \"flavours\"; did you mean flavors?"},
        {"[share]\nxyzzy = a\n", "a.conf, line 2: [share] has no key \"xyzzy\""},
        {"[shares]\nsize = a\n", "a.conf, line 2: there is no section [shares]; expected [agent], [share] or "
                                 "[openstack]; did you mean share?"},
        {"[DEFAULT]\ndebug = 1\n",
         "a.conf, line 2: there is no section [DEFAULT]; expected [agent], [share] or [openstack]"},
        {"size = 4 MiB\n", "a.conf, line 1: size stands before any section; expected [agent], [share] or "
                           "[openstack] first"},
        {"[share]\nsize = 4 MiB\n\nsize = 8 MiB\n",
         "a.conf, line 4: [share] size is set a second time; it is set in line 2"},
        {"[share]\nsize = 4 MiB\n  8 MiB\n",
         "a.conf, line 3: it begins with a blank; a value stands in one line, and a key at its beginning"},
        {"[share]\nsize\n", "a.conf, line 2: expected [section], KEY = VALUE or # and a comment"},
        {"[share\nsize = 64\n", "a.conf, line 1: expected [section], KEY = VALUE or # and a comment"},
        {"[share]\nsize = 64\n", "a.conf, line 2: [share] size: expected " POWER ", found \"64\""},
        {"[share]\nsize = 65 MiB\n", "a.conf, line 2: [share] size: expected " POWER ", found \"65 MiB\""},
        {"[share]\nsize = 512 KiB\n", "a.conf, line 2: [share] size: expected " POWER ", found \"512 KiB\""},
        {"[share]\ntotal = 0 B\n", "a.conf, line 2: [share] total: expected " SIZE ", found \"0 B\""},
        {"[share]\nsize_max =\n", "a.conf, line 2: [share] size_max: expected " SIZE ", found \"\""},
        {"[share]\ndevice = both\n",
         "a.conf, line 2: [share] device: expected plain or doorbell, found \"both\""},
        {"[share]\nothers = maybe\n", "a.conf, line 2: [share] others: expected no or yes, found \"maybe\""},
        {"[share]\nvectors = 65\n",
         "a.conf, line 2: [share] vectors: expected a whole number from 1 to 64, found \"65\""},
        {"[openstack]\npoll = 1.5\n",
         "a.conf, line 2: [openstack] poll: expected a whole number from 1 to 86400, found \"1.5\""},
        {"[openstack]\ninterface = intern\n",
         "a.conf, line 2: [openstack] interface: expected public, internal or "
         "admin, found \"intern\""},
        {"[share]\ndirectory = shm\n",
         "a.conf, line 2: [share] directory: expected a path that begins with /, of 255 bytes at most, found "
         "\"shm\""},
        {"[share]\nuser = a\x1b[31mb\n",
         "a.conf, line 2: [share] user: expected printable text of 63 bytes at most, found \"a\\x1b[31mb\""},
        {"[share]\nsize = 128 MiB\nsize_max = 64 MiB\n",
         "a.conf: [share] size is 128 MiB, more than [share] size_max, which is 64 MiB"},
        {"[share]\nsize = 128 MiB\ntotal = 64 MiB\n",
         "a.conf: [share] size is 128 MiB, more than [share] total, which is 64 MiB"},
        {"[openstack]\nauth_url = controller\n",
         "a.conf: [openstack] auth_url: expected http://... or https://..., found \"controller\""},
        {"[openstack]\nauth_url = https://c/v3\n",
         "a.conf: [openstack] auth_url is set and credential_id is not; set it to the id that `openstack "
         "application credential create` printed"},
        /* The first mistake is told, whoever finds it. */
        {"[share]\nnonsense\nsize = 3 MiB\n",
         "a.conf, line 2: expected [section], KEY = VALUE or # and a comment"},
        {"[share]\nsize = 3 MiB\nnonsense\n",
         "a.conf, line 2: [share] size: expected " POWER ", found \"3 MiB\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        weiss_agent_settings settings, defaults;
        weiss_fault fault = {0};
        weiss_agent_settings_default(&settings);
        defaults = settings;
        assert_int_equal(weiss_agent_settings_parse(&settings, broken[i].text, "a.conf", &fault),
                         WEISS_ERR_VALUE);
        assert_string_equal(fault.text, broken[i].fault);
        assert_memory_equal(&settings, &defaults, sizeof settings);
    }
}

static void test_long_line(void **state)
{
    char text[600] = "[share]\nflavors = ";
    weiss_agent_settings settings;
    weiss_fault fault = {0};
    (void)state;
    size_t used = strlen(text);
    memset(text + used, 'x', 500);
    weiss_agent_settings_default(&settings);
    assert_int_equal(weiss_agent_settings_parse(&settings, text, "a.conf", &fault), WEISS_ERR_VALUE);
    assert_string_equal(fault.text, "a.conf, line 2: it has 510 bytes; expected 198 at most");
}

static void test_files(void **state)
{
    char path[] = "/tmp/weiss-test-settings-XXXXXX", expected[128];
    weiss_agent_settings settings;
    weiss_fault fault = {0};
    (void)state;
    weiss_agent_settings_default(&settings);
    assert_int_equal(weiss_agent_settings_read(&settings, "/no/such", &fault), WEISS_ERR_FILE);
    assert_string_equal(fault.text, "/no/such cannot be read: No such file or directory");
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_agent_settings_read(&settings, "/etc", &fault), WEISS_ERR_FILE);
    assert_string_equal(fault.text, "/etc cannot be read: Is a directory");
    weiss_fault_clear(&fault);
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "[share]\nsize = 8 MiB\n", 21), 21);
    assert_int_equal(weiss_agent_settings_read(&settings, path, &fault), 0);
    assert_int_equal(settings.bytes, 8 << 20);
    assert_int_equal(write(fd, "\0", 1), 1);
    assert_int_equal(weiss_agent_settings_read(&settings, path, &fault), WEISS_ERR_FILE);
    snprintf(expected, sizeof expected, "%s is no text of 1 MiB at most", path);
    assert_string_equal(fault.text, expected);
    close(fd);
    unlink(path);
}

static void test_changed_at_random(void **state)
{
    static const char *const words[] = {
        "[",    "]",      "=",   ":",     ";",  "#",    "\n",      " ", "-1",        "99999999999999999999 B",
        " MiB", " TiB",   "yes", "share", "\r", "\xff", "\x1b[0m", "/", "[agent]\n", "size",
        "\n\n", "http://"};
    weiss_agent_settings settings;
    uint64_t random = 99;
    int good = 0;
    size_t length;
    (void)state;
    char *text = printed(true, &length), *changed = malloc(1 << 16);
    assert_non_null(changed);
    for (int round = 0; round < ROUNDS; round++) {
        weiss_fault fault = {0};
        memcpy(changed, text, length);
        size_t n = mutate(&random, changed, length, 1 << 16, words, sizeof words / sizeof *words);
        char *exact = malloc(n + 1);
        assert_non_null(exact);
        memcpy(exact, changed, n);
        exact[n] = '\0';
        weiss_agent_settings_default(&settings);
        int code = weiss_agent_settings_parse(&settings, exact, "a.conf", &fault);
        free(exact);
        assert_true(code == 0 || code == WEISS_ERR_VALUE);
        assert_true((code == 0) == (fault.text[0] == '\0'));
        assert_true(is_clean(fault.text));
        assert_true((settings.bytes & (settings.bytes - 1)) == 0 && settings.bytes >= 1 << 20);
        assert_true(settings.bytes <= settings.bytes_max && settings.bytes <= settings.total);
        assert_true(settings.directory[0] == '/' && settings.run[0] == '/' && settings.poll > 0);
        good += code == 0;
    }
    print_message("%d of %d changed files could still be read\n", good, ROUNDS);
    assert_true(good > ROUNDS / 20 && good < ROUNDS);
    free(changed);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),          cmocka_unit_test(test_printed_file),
        cmocka_unit_test(test_all_keys),          cmocka_unit_test(test_broken),
        cmocka_unit_test(test_long_line),         cmocka_unit_test(test_files),
        cmocka_unit_test(test_changed_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
