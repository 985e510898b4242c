/* Domains as libvirt prints them (domains/: dumped from running machines of QEMU 7.2 and libvirt 9.0; what Nova writes into the
 * metadata was put there by hand), broken ones, and 20,000 that were changed at random. */
#include "cloud/agent/instance.h"

#include "mutate.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROUNDS 20000

static weiss_instance read_domain(const char *name)
{
    char path[128];
    size_t length;
    weiss_fault fault = {0};
    weiss_instance instance;
    snprintf(path, sizeof path, "tests/cloud/agent/domains/%s.xml", name);
    char *xml = read_source(path, &length);
    if (weiss_instance_read(xml, length, &instance, &fault) != 0)
        fail_msg("%s: %s", name, fault.text);
    free(xml);
    return instance;
}

static void test_of_nova(void **state)
{
    (void)state;
    weiss_instance a = read_domain("pc-nova"), b = read_domain("q35-nova");
    assert_true(a.nova);
    assert_string_equal(a.uuid, "de1c9fae-a7d1-4763-80eb-4551ecedeafb");
    assert_string_equal(a.domain, "instance-00000001");
    assert_string_equal(a.name, "node-1");
    assert_string_equal(a.flavor, "hpc.large");
    assert_string_equal(a.project, "c2f672f8dd9749c9bede460c6e64a881");
    assert_string_equal(a.project_name, "physics");
    assert_int_equal(a.machine, WEISS_MACHINE_PC);
    assert_int_equal(a.port, -1);
    assert_int_equal(a.nshmems, 0);
    assert_string_equal(b.name, "node <2> \xc3\xa9");
    assert_int_equal(b.machine, WEISS_MACHINE_Q35);
    assert_int_equal(b.port, 3);
}

static void test_of_libvirt(void **state)
{
    (void)state;
    weiss_instance own = read_domain("q35-own"), plain = read_domain("q35-full");
    assert_false(own.nova);
    assert_string_equal(own.group, "lab");
    assert_string_equal(own.name, "lab-one");
    assert_string_equal(own.project, "");
    assert_int_equal(own.bytes, 64 << 20);
    assert_int_equal(own.nshmems, 1);
    assert_string_equal(own.shmem[0].name, "weiss-agent-00000000000000aa");
    assert_string_equal(own.shmem[0].alias, "shmem0");
    assert_true(own.shmem[0].ours);
    assert_false(own.shmem[0].doorbell);
    assert_int_equal(own.shmem[0].bytes, 4 << 20);
    /* Ports 1 to 3 have devices, 5 takes none while the machine runs. */
    assert_int_equal(own.port, 4);
    assert_string_equal(plain.group, "");
    assert_int_equal(plain.port, 3);
}

static void test_shared_memory_of_others(void **state)
{
    (void)state;
    weiss_instance instance = read_domain("pc-shared");
    assert_int_equal(instance.nshmems, 2);
    assert_true(instance.shmem[0].ours);
    assert_false(instance.shmem[1].ours);
    assert_string_equal(instance.shmem[1].name, "other");
    assert_int_equal(instance.shmem[1].bytes, 1 << 20);
}

#define ID "<name>d</name><uuid>DE1C9FAE-A7D1-4763-80EB-4551ECEDEAFB</uuid>"
#define NOVA11 "xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'"
#define OWNER "<nova:owner><nova:project uuid='ab12'>p</nova:project></nova:owner>"

static int read_text(const char *xml, weiss_instance *instance, weiss_fault *fault)
{
    weiss_fault_clear(fault);
    return weiss_instance_read(xml, strlen(xml), instance, fault);
}

static weiss_instance right(const char *xml)
{
    weiss_instance instance;
    weiss_fault fault;
    if (read_text(xml, &instance, &fault) != 0)
        fail_msg("%s: %s", xml, fault.text);
    return instance;
}

static void test_namespaces(void **state)
{
    (void)state;
    weiss_instance i = right("<domain>" ID "</domain>");
    assert_string_equal(i.uuid, "de1c9fae-a7d1-4763-80eb-4551ecedeafb");
    assert_false(i.nova);
    i = right(
        "<domain>" ID "<metadata><n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/1.0'>"
        "<n:flavor name='f'/><n:owner><n:project uuid='ab12'/></n:owner></n:instance></metadata></domain>");
    assert_true(i.nova);
    assert_string_equal(i.flavor, "f");
    assert_string_equal(i.project, "ab12");
    /* Neither another namespace nor none is Nova's. */
    i = right("<domain>" ID "<metadata><n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/1.2'>"
              "<n:flavor name='f'/></n:instance><instance/></metadata></domain>");
    assert_false(i.nova);
    assert_string_equal(i.flavor, "");
    /* With Nova's, that of our own says nothing, not even when it is broken. */
    i = right("<domain>" ID "<metadata><w:share xmlns:w='" WEISS_AGENT_NAMESPACE "' group='a b'/>"
              "<nova:instance " NOVA11 "><nova:flavor name='f'/>" OWNER
              "</nova:instance></metadata></domain>");
    assert_true(i.nova);
    assert_string_equal(i.group, "");
    /* Words of children in another namespace are not Nova's. */
    weiss_fault fault;
    assert_int_equal(read_text("<domain>" ID "<metadata><nova:instance " NOVA11 "><flavor name='f'/>" OWNER
                               "</nova:instance></metadata></domain>",
                               &i, &fault),
                     WEISS_ERR_VALUE);
}

static weiss_machine_kind machine(const char *arch, const char *name)
{
    char xml[512];
    snprintf(xml, sizeof xml, "<domain>" ID "<os><type arch='%s' machine='%s'>hvm</type></os></domain>", arch,
             name);
    return right(xml).machine;
}

static void test_machines(void **state)
{
    (void)state;
    assert_int_equal(machine("x86_64", "pc"), WEISS_MACHINE_PC);
    assert_int_equal(machine("i686", "pc-i440fx-7.2"), WEISS_MACHINE_PC);
    assert_int_equal(machine("x86_64", "pc-i440fx-jammy-v2"), WEISS_MACHINE_PC);
    assert_int_equal(machine("x86_64", "q35"), WEISS_MACHINE_Q35);
    assert_int_equal(machine("x86_64", "pc-q35-rhel9.2.0"), WEISS_MACHINE_Q35);
    assert_int_equal(machine("x86_64", "pc-q35-"), WEISS_MACHINE_OTHER);
    assert_int_equal(machine("x86_64", "microvm"), WEISS_MACHINE_OTHER);
    assert_int_equal(machine("x86_64", "isapc"), WEISS_MACHINE_OTHER);
    assert_int_equal(machine("aarch64", "virt"), WEISS_MACHINE_OTHER);
    assert_int_equal(machine("ppc64le", "pc"), WEISS_MACHINE_OTHER);
}

#define Q35 "<domain>" ID "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"
#define PORT(index) "<controller type='pci' index='" index "' model='pcie-root-port'/>"

static void test_ports(void **state)
{
    (void)state;
    assert_int_equal(right(Q35 "</devices></domain>").port, -1);
    assert_int_equal(right(Q35 PORT("7") PORT("2") "</devices></domain>").port, 2);
    assert_int_equal(
        right(Q35 PORT("2") PORT("7") "<disk><address type='pci' bus='0x02'/></disk></devices></domain>")
            .port,
        7);
    /* A bridge on a port uses it; the address of a host's device does not. */
    assert_int_equal(right(Q35 PORT("2") "<controller type='pci' index='3' model='pcie-to-pci-bridge'>"
                                         "<address type='pci' bus='0x02'/></controller></devices></domain>")
                         .port,
                     -1);
    assert_int_equal(right(Q35 PORT("2") "<hostdev><source><address type='pci' bus='0x02'/></source>"
                                         "<address type='pci' bus='0x00'/></hostdev></devices></domain>")
                         .port,
                     2);
    assert_int_equal(right(Q35
                           "<controller type='pci' index='4' model='pcie-root-port'><target hotplug='off'/>"
                           "</controller></devices></domain>")
                         .port,
                     -1);
    assert_int_equal(right(Q35 PORT("256") PORT("-1") PORT("x") PORT("") "</devices></domain>").port, -1);
    /* Only q35 has them. */
    assert_int_equal(right("<domain>" ID "<devices>" PORT("2") "</devices></domain>").port, -1);
}

static void test_doorbell(void **state)
{
    (void)state;
    weiss_instance i =
        right("<domain>" ID "<devices><shmem name='weiss-agent-1'><model type='ivshmem-doorbell'/>"
              "<server path='/run/x'/><msi vectors='8'/></shmem></devices></domain>");
    assert_int_equal(i.nshmems, 1);
    assert_true(i.shmem[0].doorbell);
    assert_true(i.shmem[0].ours);
    assert_int_equal(i.shmem[0].bytes, 0);
}

static void test_long_label_is_cut(void **state)
{
    char xml[4096], label[1500] = "";
    (void)state;
    for (int i = 0; i < 255; i++)
        strcat(label, "\xe2\x82\xac");
    snprintf(xml, sizeof xml,
             "<domain>" ID "<metadata><nova:instance " NOVA11
             "><nova:name>%s</nova:name><nova:flavor name='f'/>" OWNER "</nova:instance></metadata></domain>",
             label);
    weiss_instance i = right(xml);
    assert_int_equal(strlen(i.name), 255);
    assert_memory_equal(i.name, label, 255);
    label[1] = '\0';
    snprintf(xml, sizeof xml,
             "<domain>" ID "<metadata><nova:instance " NOVA11
             "><nova:name>a%s</nova:name><nova:flavor name='f'/>" OWNER
             "</nova:instance></metadata></domain>",
             "\xe2\x82\xac");
    assert_string_equal(right(xml).name, "a\xe2\x82\xac");
}

#define META(x) "<domain>" ID "\n<metadata>" x "</metadata></domain>"
#define OF "the XML of the domain d cannot be used: "

static void test_broken(void **state)
{
    static const struct {
        const char *xml, *text;
    } broken[] = {
        {"", "the XML of the domain cannot be used: line 1: Document is empty"},
        {"<domain>\n<a></b></domain>",
         "the XML of the domain cannot be used: line 2: Opening and ending tag mismatch: a line 2 and b"},
        {"<!DOCTYPE domain [<!ENTITY x 'y'>]><domain/>",
         "the XML of the domain cannot be used: it has a DOCTYPE; expected none"},
        {"<network/>", "the XML of the domain cannot be used: expected <domain>, found <network>"},
        {"<domain xmlns='x'/>",
         "the XML of the domain cannot be used: expected <domain>, found <domain> of a namespace"},
        {"<domain/>",
         "the XML of the domain cannot be used: line 1, <domain>: expected uuid, which is not there"},
        {"<domain><uuid>de1c9fae-a7d1-4763-80eb-4551ecedeaf</uuid></domain>",
         "the XML of the domain cannot be used: <uuid>: expected a UUID, found "
         "\"de1c9fae-a7d1-4763-80eb-4551ecedeaf\""},
        {"<domain><uuid>de1c9fae-a7d1-4763-80eb-4551ecedeafb/x</uuid></domain>",
         "the XML of the domain cannot be used: line 1, <uuid>: expected uuid of 1 to 36 bytes, found "
         "\"de1c9fae-a7d1-4763-80eb-4551ecedeafb/x\""},
        {"<domain><uuid>de1c9fae-a7d1-4763-80eb-4551ecedeafb</uuid><name/></domain>",
         "the XML of the domain cannot be used: line 1, <name>: expected name of 1 to 255 bytes, found \"\""},
        {META("<nova:instance " NOVA11 "/>"), OF "line 2, <instance>: expected flavor, which is not there"},
        {META("<nova:instance " NOVA11 "><nova:flavor/></nova:instance>"),
         OF "line 2, <flavor>: expected name, which is not there"},
        {META("<nova:instance " NOVA11 "><nova:flavor name='f'/></nova:instance>"),
         OF "line 2, <instance>: expected owner, which is not there"},
        {META("<nova:instance " NOVA11 "><nova:flavor name='f'/><nova:owner/></nova:instance>"),
         OF "line 2, <owner>: expected project, which is not there"},
        {META("<nova:instance " NOVA11
              "><nova:flavor name='f'/><nova:owner><nova:project/></nova:owner></nova:instance>"),
         OF "line 2, <project>: expected uuid, which is not there"},
        {META("<nova:instance " NOVA11 "><nova:flavor name='f'/><nova:owner><nova:project "
              "uuid='a/b&#10;'/></nova:owner></nova:instance>"),
         OF "line 2, <project>: expected uuid of hexadecimal digits, found \"a/b\\x0a\""},
        {META("<a:instance xmlns:a='http://openstack.org/xmlns/libvirt/nova/1.0'/><nova:instance " NOVA11
              "/>"),
         OF "line 2, <metadata>: expected one element of Nova's, found two"},
        {META("<w:share xmlns:w='" WEISS_AGENT_NAMESPACE "'/>"),
         OF "line 2, <share>: expected group, which is not there"},
        {META("<w:share xmlns:w='" WEISS_AGENT_NAMESPACE "' group='../x'/>"),
         OF "line 2, <share>: expected group of letters, digits, -, _ and ., found \"../x\""},
        {META("<w:share xmlns:w='" WEISS_AGENT_NAMESPACE "' group='x' size='64M'/>"), OF
         "line 2, <share>: expected size with its unit (B, KiB, MiB, GiB or TiB) such as \"64 MiB\", found "
         "\"64M\""},
        {"<domain>" ID "<devices><shmem/></devices></domain>",
         OF "line 1, <shmem>: expected name, which is not there"},
        {"<domain>" ID "<devices><shmem name='a'><size unit='M'>-1</size></shmem></devices></domain>",
         OF "line 1, <shmem>: expected a size, found \"-1\""},
        {"<domain>" ID "<devices><shmem name='a'/><shmem name='a'/><shmem name='a'/><shmem name='a'/>"
         "<shmem name='a'/><shmem name='a'/><shmem name='a'/><shmem name='a'/><shmem "
         "name='a'/></devices></domain>",
         OF "line 1, <shmem>: expected 8 devices of shared memory at most"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        weiss_instance instance;
        weiss_fault fault;
        assert_int_equal(read_text(broken[i].xml, &instance, &fault), WEISS_ERR_VALUE);
        assert_string_equal(fault.text, broken[i].text);
    }
}

static void test_entities(void **state)
{
    weiss_instance instance;
    weiss_fault fault;
    (void)state;
    /* Neither a file of this machine nor a flood of words gets in. */
    assert_int_equal(read_text("<!DOCTYPE d [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><domain>" ID
                               "<metadata><nova:instance " NOVA11
                               "><nova:name>&f;</nova:name></nova:instance>"
                               "</metadata></domain>",
                               &instance, &fault),
                     WEISS_ERR_VALUE);
    assert_string_equal(instance.name, "");
    char *large = malloc((size_t)5 << 20);
    assert_non_null(large);
    memset(large, ' ', (size_t)5 << 20);
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_instance_read(large, (size_t)5 << 20, &instance, &fault), WEISS_ERR_VALUE);
    assert_string_equal(fault.text,
                        "the XML of the domain cannot be used: it has 5242880 bytes; expected 4194304 "
                        "at most");
    free(large);
}

static void check_instance(const weiss_instance *i, int code, const weiss_fault *fault)
{
    assert_true(code == 0 || code == WEISS_ERR_VALUE);
    assert_int_equal(code, fault->code);
    assert_true(is_clean(fault->text));
    assert_true((fault->text[0] != '\0') == (code != 0));
    if (code == 0) {
        assert_int_equal(strlen(i->uuid), 36);
        assert_true(i->domain[0] != '\0' && i->name[0] != '\0');
    }
    if (i->nova && code == 0)
        assert_true(i->project[0] != '\0' && i->flavor[0] != '\0' && i->group[0] == '\0' && i->bytes == 0);
    for (const char *c = i->project; *c != '\0'; c++)
        assert_true(isxdigit((unsigned char)*c) || *c == '-');
    for (const char *c = i->group; *c != '\0'; c++)
        assert_true(*c > ' ' && *c != '/');
    assert_true(i->port >= -1 && i->port < 256 && i->port != 0);
    assert_true(i->nshmems >= 0 && i->nshmems <= WEISS_AGENT_SHMEMS);
}

static void test_changed_at_random(void **state)
{
    static const char *const files[] = {"pc-nova", "pc-shared", "q35-full", "q35-nova", "q35-own"};
    static const char *const words[] = {"<",
                                        ">",
                                        "</",
                                        "/>",
                                        "'",
                                        "\"",
                                        "&",
                                        "&#0;",
                                        "&amp;",
                                        "<!--",
                                        "-->",
                                        "]]>",
                                        "<![CDATA[",
                                        "<!DOCTYPE a [<!ENTITY b 'c'>]>",
                                        "xmlns=",
                                        "nova:",
                                        "uuid",
                                        "<shmem name='weiss-agent-'>",
                                        "</shmem>",
                                        "0x",
                                        "99999999999999999999",
                                        "\xff",
                                        "\xe2\x82",
                                        "\x1b[31m",
                                        "pcie-root-port",
                                        "index='3'"};
    uint64_t random = 20260711;
    int good = 0;
    (void)state;
    char *text = malloc(1 << 18);
    assert_non_null(text);
    for (int round = 0; round < ROUNDS; round++) {
        char path[128];
        size_t length;
        weiss_instance instance;
        weiss_fault fault = {0};
        snprintf(path, sizeof path, "tests/cloud/agent/domains/%s.xml", files[round % 5]);
        char *xml = read_source(path, &length);
        memcpy(text, xml, length);
        free(xml);
        length = mutate(&random, text, length, 1 << 18, words, sizeof words / sizeof *words);
        /* In memory of its own, so that one byte too far is seen. */
        char *exact = malloc(length + (length == 0));
        assert_non_null(exact);
        memcpy(exact, text, length);
        int code = weiss_instance_read(exact, length, &instance, &fault);
        free(exact);
        check_instance(&instance, code, &fault);
        good += code == 0;
    }
    free(text);
    print_message("%d of %d changed domains could still be read\n", good, ROUNDS);
    assert_true(good > ROUNDS / 50 && good < ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_nova),
        cmocka_unit_test(test_of_libvirt),
        cmocka_unit_test(test_shared_memory_of_others),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_doorbell),
        cmocka_unit_test(test_long_label_is_cut),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_entities),
        cmocka_unit_test(test_changed_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
