/* Who shares with whom, and what is said of it. */
#include "cloud/agent/policy.h"

#include "mutate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PROJECT "c2f672f8dd9749c9bede460c6e64a881"
#define OTHER "0123456789abcdef0123456789abcdef"
#define GROUP "5b1f2a9e-0000-4000-8000-00000000000a"
#define MIB ((int64_t)1 << 20)

static weiss_agent_settings settings_of(const char *flavors, bool api)
{
    weiss_agent_settings s;
    weiss_agent_settings_default(&s);
    snprintf(s.flavors, sizeof s.flavors, "%s", flavors);
    snprintf(s.auth_url, sizeof s.auth_url, "%s", api ? "http://c:5000/v3" : "");
    return s;
}

static weiss_instance instance_of(const char *flavor)
{
    weiss_instance i = {.nova = true, .machine = WEISS_MACHINE_PC, .port = -1};
    snprintf(i.name, sizeof i.name, "a\x1b[31m");
    snprintf(i.flavor, sizeof i.flavor, "%s", flavor);
    snprintf(i.project, sizeof i.project, "%s", PROJECT);
    return i;
}

static weiss_facts facts_of(const char *group, const char *server_group, int64_t bytes)
{
    weiss_facts f = {.bytes = bytes};
    snprintf(f.project, sizeof f.project, "%s", PROJECT);
    snprintf(f.group, sizeof f.group, "%s", group);
    snprintf(f.server_group, sizeof f.server_group, "%s", server_group);
    return f;
}

/** @param group  "": shares nothing */
static void expect(const weiss_agent_settings *s, const weiss_instance *i, const weiss_facts *f, int64_t age,
                   const char *group, int64_t bytes, const char *why)
{
    weiss_decision d;
    weiss_policy_decide(s, i, f, age, &d);
    assert_string_equal(d.why, why);
    assert_string_equal(d.group, group);
    assert_int_equal(d.shares, group[0] != '\0');
    assert_int_equal(d.bytes, bytes);
}

static void test_by_flavor(void **state)
{
    weiss_agent_settings s = settings_of("mpi-?, hpc.* ", false);
    weiss_instance i = instance_of("hpc.large"), j = instance_of("HPC.large"), k = instance_of("mpi-10");
    (void)state;
    expect(
        &s, &i, NULL, -1, PROJECT "/flavor", 64 * MIB,
        "No API of OpenStack is asked; only the flavor's name counts. Its flavor hpc.large matches hpc.* of "
        "[share] flavors. It shares with all instances of its project with such a flavor. [share] size gives "
        "64 MiB for the region.");
    expect(
        &s, &j, NULL, -1, "", 0,
        "No API of OpenStack is asked; only the flavor's name counts. Its flavor HPC.large matches none of "
        "[share] flavors. Nobody gave its flavor shared memory: it shares nothing.");
    expect(&s, &k, NULL, -1, "", 0,
           "No API of OpenStack is asked; only the flavor's name counts. Its flavor mpi-10 matches none of "
           "[share] "
           "flavors. Nobody gave its flavor shared memory: it shares nothing.");
    s = settings_of(" , ,", false);
    expect(
        &s, &i, NULL, -1, "", 0,
        "No API of OpenStack is asked; only the flavor's name counts. Its flavor hpc.large matches none of "
        "[share] flavors. Nobody gave its flavor shared memory: it shares nothing.");
    s = settings_of("", false);
    expect(&s, &i, NULL, -1, "", 0,
           "No API of OpenStack is asked; only the flavor's name counts. [share] flavors is empty, so the "
           "name of "
           "its flavor, hpc.large, gives nothing. Nobody gave its flavor shared memory: it shares nothing.");
}

static void test_named_before_server_group_before_flavor(void **state)
{
    weiss_agent_settings s = settings_of("hpc.*", true);
    weiss_instance i = instance_of("hpc.large");
    weiss_facts named = facts_of("ring", GROUP, 0), server = facts_of("", GROUP, 0),
                none = facts_of("", "", 0);
    (void)state;
    expect(
        &s, &i, &named, 3, PROJECT "/named/ring", 64 * MIB,
        "Nova's API told of it 3 s ago. Its flavor hpc.large matches hpc.* of [share] flavors. Its metadata "
        "weiss:group puts it in the group \"ring\" of its project. [share] size gives 64 MiB for the "
        "region.");
    expect(&s, &i, &server, 3, PROJECT "/server-group/" GROUP, 64 * MIB,
           "Nova's API told of it 3 s ago. Its flavor hpc.large matches hpc.* of [share] flavors. It shares "
           "with "
           "the members of its server group " GROUP ". [share] size gives 64 MiB for the region.");
    expect(&s, &i, &none, 3, PROJECT "/flavor", 64 * MIB,
           "Nova's API told of it 3 s ago. Its flavor hpc.large matches hpc.* of [share] flavors. It shares "
           "with "
           "all instances of its project with such a flavor. [share] size gives 64 MiB for the region.");
}

static void test_extra_spec(void **state)
{
    weiss_agent_settings s = settings_of("", true);
    weiss_instance i = instance_of("large");
    weiss_facts spec = facts_of("", GROUP, 96 * MIB), alone = facts_of("", "", 96 * MIB),
                named = facts_of("ring", "", 128 * MIB), broken = facts_of("ring", GROUP, -1);
    (void)state;
    expect(&s, &i, &spec, 0, PROJECT "/server-group/" GROUP, 128 * MIB,
           "Nova's API told of it 0 s ago. [share] flavors is empty, so the name of its flavor, large, gives "
           "nothing. Its flavor has the extra spec weiss:shmem_mib. It shares with the members of its server "
           "group " GROUP
           ". Its flavor asks for 96 MiB for the region, which is rounded up to a power of two, 128 "
           "MiB.");
    expect(&s, &i, &named, 0, PROJECT "/named/ring", 128 * MIB,
           "Nova's API told of it 0 s ago. [share] flavors is empty, so the name of its flavor, large, gives "
           "nothing. Its flavor has the extra spec weiss:shmem_mib. Its metadata weiss:group puts it in the "
           "group "
           "\"ring\" of its project. Its flavor asks for 128 MiB for the region.");
    /* An administrator who gives a flavor a size means its instances to share. */
    expect(&s, &i, &alone, 0, PROJECT "/flavor", 128 * MIB,
           "Nova's API told of it 0 s ago. [share] flavors is empty, so the name of its flavor, large, gives "
           "nothing. Its flavor has the extra spec weiss:shmem_mib. It shares with all instances of "
           "its project with such a flavor. Its flavor asks for 96 MiB for the region, which is rounded up "
           "to a power of "
           "two, 128 MiB.");
    expect(
        &s, &i, &broken, 0, "", 0,
        "Nova's API told of it 0 s ago. [share] flavors is empty, so the name of its flavor, large, gives "
        "nothing. The extra spec weiss:shmem_mib of its flavor is no whole number of MiB; it counts as not "
        "there. Nobody gave its flavor shared memory, and metadata weiss:group alone gives none: it shares "
        "nothing.");
    /* By its name the flavor may all the same, with the size of the settings. */
    s = settings_of("large", true);
    expect(&s, &i, &broken, 0, PROJECT "/named/ring", 64 * MIB,
           "Nova's API told of it 0 s ago. Its flavor large matches large of [share] flavors. The extra spec "
           "weiss:shmem_mib of its flavor is no whole number of MiB; it counts as not there. Its metadata "
           "weiss:group puts it in the group \"ring\" of its project. [share] size gives 64 MiB for the "
           "region.");
}

static void test_metadata_alone_gives_nothing(void **state)
{
    weiss_agent_settings s = settings_of("hpc.*", true);
    weiss_instance i = instance_of("tiny");
    weiss_facts f = facts_of("ring", GROUP, 0);
    (void)state;
    expect(&s, &i, &f, 1, "", 0,
           "Nova's API told of it 1 s ago. Its flavor tiny matches none of [share] flavors. Nobody gave its "
           "flavor "
           "shared memory, and metadata weiss:group alone gives none: it shares nothing.");
}

static void test_never_across_projects(void **state)
{
    weiss_agent_settings s = settings_of("*", true);
    weiss_instance i = instance_of("tiny");
    weiss_facts f = facts_of("ring", GROUP, 64 * MIB);
    (void)state;
    snprintf(f.project, sizeof f.project, "%s", OTHER);
    expect(&s, &i, &f, 1, "", 0,
           "Nova's API says that it is of the project " OTHER ", its domain says " PROJECT
           ": as long as they "
           "disagree it shares nothing.");
    i.project[0] = '\0';
    expect(&s, &i, NULL, 1, "", 0, "Its project is not known: it shares nothing.");
    /* A name cannot lead out of its project. */
    i = instance_of("tiny");
    f = facts_of("../../" OTHER "/named/x", "", 0);
    weiss_decision d;
    weiss_policy_decide(&s, &i, &f, 1, &d);
    assert_true(d.shares);
    assert_int_equal(strncmp(d.group, PROJECT "/named/", strlen(PROJECT) + 7), 0);
}

static void test_without_the_api(void **state)
{
    weiss_agent_settings s = settings_of("hpc.*", true);
    weiss_instance i = instance_of("hpc.large");
    (void)state;
    expect(&s, &i, NULL, -1, PROJECT "/flavor", 64 * MIB,
           "Nova's API was not reached so far; only the flavor's name counts. Its flavor hpc.large matches "
           "hpc.* of "
           "[share] flavors. It shares with all instances of its project with such a flavor. [share] size "
           "gives 64 "
           "MiB for the region.");
    expect(
        &s, &i, NULL, 75, PROJECT "/flavor", 64 * MIB,
        "Nova's API, reached 75 s ago, did not tell of this instance; only the flavor's name counts. Its "
        "flavor "
        "hpc.large matches hpc.* of [share] flavors. It shares with all instances of its project with such a "
        "flavor. [share] size gives 64 MiB for the region.");
    weiss_facts f = facts_of("", "", 0);
    f.release = true;
    expect(&s, &i, &f, 5000, PROJECT "/flavor", 64 * MIB,
           "Nova's API told of it 5000 s ago. Its metadata weiss:release is set: the region is taken away "
           "for as "
           "long. Its flavor hpc.large matches hpc.* of [share] flavors. It shares with all instances of its "
           "project with such a flavor. [share] size gives 64 MiB for the region.");
}

static void test_sizes(void **state)
{
    static const struct {
        int64_t asked, given;
    } size[] = {{1, 1},       {3, 4},    {64, 64},  {65, 128},
                {1024, 1024}, {1025, 0}, {5000, 0}, {INT64_MAX >> 20, 0}};
    weiss_agent_settings s = settings_of("hpc.*", true);
    weiss_instance i = instance_of("hpc.large");
    weiss_decision d;
    (void)state;
    s.bytes_max = 1024 * MIB;
    for (size_t n = 0; n < sizeof size / sizeof *size; n++) {
        weiss_facts f = facts_of("", "", size[n].asked * MIB);
        weiss_policy_decide(&s, &i, &f, 0, &d);
        assert_int_equal(d.bytes, size[n].given * MIB);
        assert_int_equal(d.shares, size[n].given > 0);
    }
    weiss_facts large = facts_of("", "", 5000 * MIB);
    expect(
        &s, &i, &large, 0, "", 0,
        "Nova's API told of it 0 s ago. Its flavor hpc.large matches hpc.* of [share] flavors. Its flavor "
        "has the "
        "extra spec weiss:shmem_mib. It shares with all instances of its project with such a flavor. Its "
        "flavor "
        "asks for 5000 MiB for the region, more than [share] size_max, which is 1 GiB: it shares nothing.");
    /* What is rounded must fit as well. */
    s.bytes_max = 100 * MIB;
    weiss_facts between = facts_of("", "", 90 * MIB);
    weiss_policy_decide(&s, &i, &between, 0, &d);
    assert_false(d.shares);
    assert_int_equal(d.bytes, 0);
}

static void test_local_domains(void **state)
{
    weiss_agent_settings s = settings_of("*", true);
    weiss_instance i = {.machine = WEISS_MACHINE_Q35, .port = -1, .domain = "lab", .name = "lab"};
    (void)state;
    expect(&s, &i, NULL, -1, "", 0,
           "Nova did not make this domain, and its metadata has no element that asks for shared memory.");
    snprintf(i.group, sizeof i.group, "lab");
    expect(&s, &i, NULL, -1, "", 0,
           "Its metadata asks for the group \"lab\", but Nova did not make this domain, and [share] others "
           "is no.");
    s.others = true;
    expect(&s, &i, NULL, -1, "local/lab", 64 * MIB,
           "Its metadata asks for the group \"lab\". [share] size gives 64 MiB for the region.");
    i.bytes = 1000;
    expect(&s, &i, NULL, -1, "local/lab", MIB,
           "Its metadata asks for the group \"lab\". Its metadata asks for 1000 B for the region, which is "
           "rounded up "
           "to a power of two, 1 MiB.");
    i.machine = WEISS_MACHINE_OTHER;
    expect(&s, &i, NULL, -1, "", 0, "Its machine type is neither pc nor q35: it shares nothing.");
}

/** Words that tenants choose never reach a terminal as they are. */
static void test_hostile_words(void **state)
{
    static const char *const words[] = {"\x1b[2J",      "a\nb",  "\xff\xfe", "",
                                        "\xe2\x80\xae", "../..", "%s%n",     "\x7f"};
    uint64_t random = 4;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char group[WEISS_AGENT_WORD] = "ring", flavor[WEISS_AGENT_WORD] = "hpc.large";
        group[mutate(&random, group, 4, sizeof group - 1, words, 8)] = '\0';
        flavor[mutate(&random, flavor, 9, sizeof flavor - 1, words, 8)] = '\0';
        weiss_agent_settings s = settings_of("*", true);
        weiss_instance i = instance_of(flavor);
        weiss_facts f = facts_of(group, group, (int64_t)mutate_dice(&random, 300) * MIB);
        weiss_decision d;
        weiss_policy_decide(&s, &i, &f, 1, &d);
        assert_true(is_clean(d.why) && is_clean(d.group));
        assert_true(d.why[0] != '\0' && d.shares == (d.group[0] != '\0') && d.shares == (d.bytes > 0));
        assert_true(!d.shares || strncmp(d.group, PROJECT "/", strlen(PROJECT) + 1) == 0);
    }
    weiss_agent_settings s = settings_of("*", true);
    weiss_instance i = instance_of("a");
    weiss_facts f = facts_of("x\x1b[2J", "", 0);
    expect(
        &s, &i, &f, 1, "", 0,
        "Nova's API told of it 1 s ago. Its flavor a matches * of [share] flavors. Its metadata weiss:group, "
        "\"x\\x1b[2J\", is too long or not printable: it shares nothing.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_flavor),
        cmocka_unit_test(test_named_before_server_group_before_flavor),
        cmocka_unit_test(test_extra_spec),
        cmocka_unit_test(test_metadata_alone_gives_nothing),
        cmocka_unit_test(test_never_across_projects),
        cmocka_unit_test(test_without_the_api),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_local_domains),
        cmocka_unit_test(test_hostile_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
