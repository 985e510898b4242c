/* Facts over a restart of the agent: what is saved comes back, and 20,000 files that were changed at random. */
#include "cloud/agent/facts.h"

#include "mutate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 20000

static char directory[64], path[128];

static int set_up(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/dev/shm/weiss-test-facts-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/facts.json", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static void add(weiss_facts_table *table, unsigned number)
{
    weiss_fault fault = {0};
    weiss_facts facts = {.release = number % 3 == 0, .bytes = (int64_t)number << 20};
    snprintf(facts.uuid, sizeof facts.uuid, "%08x-0000-4000-8000-000000000000", number * 2654435761u);
    snprintf(facts.project, sizeof facts.project, "%032x", number);
    snprintf(facts.group, sizeof facts.group, "gr\"\\\n\xc3\xa9%u", number);
    snprintf(facts.server_group, sizeof facts.server_group, "%s", number % 2 == 0 ? facts.uuid : "");
    if (number == 1)
        facts.bytes = -1;
    assert_int_equal(weiss_facts_add(table, &facts, &fault), 0);
}

static weiss_facts_table table_of(unsigned n)
{
    weiss_facts_table table = {.taken = 1790000000};
    for (unsigned i = 0; i < n; i++)
        add(&table, i);
    weiss_facts_sort(&table);
    return table;
}

static void must(int code, const weiss_fault *fault)
{
    if (code != 0)
        fail_msg("%s", fault->text);
}

static void test_comes_back(void **state)
{
    static const unsigned counts[] = {0, 1, 2, 3, 57, 1000};
    struct stat status;
    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        weiss_fault fault = {0};
        weiss_facts_table table = table_of(counts[c]), back;
        must(weiss_facts_save(&table, path, &fault), &fault);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode, S_IFREG | 0600);
        must(weiss_facts_load(&back, path, &fault), &fault);
        assert_int_equal(back.taken, table.taken);
        assert_int_equal(back.n, counts[c]);
        for (size_t i = 0; i < back.n; i++) {
            const weiss_facts *a = &table.facts[i], *b = weiss_facts_find(&back, a->uuid);
            assert_non_null(b);
            assert_memory_equal(a, b, sizeof *a);
        }
        assert_null(weiss_facts_find(&back, "no such"));
        weiss_facts_clear(&table);
        weiss_facts_clear(&back);
        assert_int_equal(back.n, 0);
    }
}

static void test_no_file(void **state)
{
    weiss_fault fault = {0};
    weiss_facts_table table;
    (void)state;
    must(weiss_facts_load(&table, "/tmp/weiss-no-such-file", &fault), &fault);
    assert_int_equal(table.n, 0);
    assert_int_equal(table.taken, 0);
    assert_null(weiss_facts_find(&table, "x"));
    assert_int_equal(weiss_facts_load(&table, "/tmp", &fault), WEISS_ERR_FILE);
    assert_string_equal(fault.text,
                        "the facts in /tmp cannot be used, and are asked for anew: it is no file of "
                        "33554432 bytes at most");
    weiss_fault_clear(&fault);
    assert_int_equal(weiss_facts_save(&table, "/no/such/facts", &fault), WEISS_ERR_FILE);
    assert_string_equal(fault.text, "/no/such/facts cannot be written: No such file or directory");
}

static void write_text(const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
}

static void test_left_over(void **state)
{
    weiss_fault fault = {0};
    char temporary[160];
    weiss_facts_table table = table_of(2);
    (void)state;
    /* What an agent that was killed left is not in the way, and a link is not followed. */
    snprintf(temporary, sizeof temporary, "%s.new", path);
    assert_int_equal(symlink("/tmp/weiss-no-such-target", temporary), 0);
    must(weiss_facts_save(&table, path, &fault), &fault);
    assert_int_equal(access("/tmp/weiss-no-such-target", F_OK), -1);
    assert_int_equal(access(temporary, F_OK), -1);
    weiss_facts_clear(&table);
}

#define ITEM                                                                                                 \
    "{\"uuid\":\"u\",\"project\":\"p\",\"group\":\"\",\"server_group\":\"\",\"release\":false,\"bytes\":0}"

static void test_broken(void **state)
{
    static const struct {
        const char *text, *fault;
    } broken[] = {
        {"", "it is no JSON: it ends too early"},
        {"{\"version\": 1", "it is no JSON: it ends too early"},
        {"{} {}", "it is no JSON: unexpected character"},
        {"[]", "expected an object with a version"},
        {"{\"version\": \"1\"}", "expected an object with a version"},
        {"{\"version\": 2}", "expected version 1, found 2"},
        {"{\"version\": 1}", "expected \"taken\" and a list of \"instances\""},
        {"{\"version\": 1, \"taken\": -1, \"instances\": []}",
         "expected \"taken\" and a list of \"instances\""},
        {"{\"version\": 1, \"taken\": 1, \"instances\": {}}",
         "expected \"taken\" and a list of \"instances\""},
        {"{\"version\": 1, \"taken\": 1, \"instances\": [" ITEM ", 3]}",
         "instance 1 of the list is not as it was written"},
        {"{\"version\": 1, \"taken\": 1, \"instances\": [" ITEM "," ITEM "]}",
         "an instance is in the list twice"},
        {"{\"version\": 1, \"taken\": 1, \"instances\": "
         "[{\"uuid\":\"u\\u0000x\",\"project\":\"p\",\"group\":\"\","
         "\"server_group\":\"\",\"release\":false,\"bytes\":0}]}",
         "instance 0 of the list is not as it was written"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char expected[WEISS_FAULT_TEXT];
        weiss_fault fault = {0};
        weiss_facts_table table;
        write_text(broken[i].text, strlen(broken[i].text));
        assert_int_equal(weiss_facts_load(&table, path, &fault), WEISS_ERR_FILE);
        snprintf(expected, sizeof expected, "the facts in %s cannot be used, and are asked for anew: %s",
                 path, broken[i].fault);
        assert_string_equal(fault.text, expected);
        assert_int_equal(table.n, 0);
        assert_int_equal(table.taken, 0);
    }
}

static void test_changed_at_random(void **state)
{
    static const char *const words[] = {"{",       "}",       "[",    "]",        "\"",
                                        ",",       ":",       "null", "1e999",    "-9223372036854775809",
                                        "\\u0000", "\\ud800", "\xff", "\"uuid\"", "[[[[[[[[[[[[[[[[[[[[",
                                        "true"};
    weiss_fault fault = {0};
    weiss_facts_table table = table_of(5);
    uint64_t random = 7;
    int good = 0;
    (void)state;
    must(weiss_facts_save(&table, path, &fault), &fault);
    weiss_facts_clear(&table);
    char text[16384], changed[16384];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    assert_true(length > 500 && length < sizeof text / 2);
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(changed, text, length);
        size_t n = mutate(&random, changed, length, sizeof changed, words, sizeof words / sizeof *words);
        write_text(changed, n);
        weiss_fault_clear(&fault);
        int code = weiss_facts_load(&table, path, &fault);
        assert_true(code == 0 || code == WEISS_ERR_FILE);
        assert_true(is_clean(fault.text));
        assert_true((code == 0) == (fault.text[0] == '\0') && (code == 0 || table.n == 0));
        for (size_t i = 1; i < table.n; i++)
            assert_true(strcmp(table.facts[i - 1].uuid, table.facts[i].uuid) < 0);
        good += code == 0;
        weiss_facts_clear(&table);
    }
    print_message("%d of %d changed files could still be read\n", good, ROUNDS);
    assert_true(good > ROUNDS / 50 && good < ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_left_over),         cmocka_unit_test(test_broken),
        cmocka_unit_test(test_changed_at_random),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
