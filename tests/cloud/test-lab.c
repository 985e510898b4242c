/* The lab as other rooms use it: start, run with output caught, kill a machine, stop. */
#include "cloud/lab/lab.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static weiss_lab *lab;
static char text[1024];

static void hear(void *data, const char *line)
{
    (void)data;
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "[%s]", line);
}

/** Runs in a machine and checks exit code and output. */
static void expect(int vm, const weiss_words *words, int code, const char *printed)
{
    const weiss_process_reader reader = {.line = hear, .seconds = 60};
    weiss_fault fault = {0};
    int found = -1;
    text[0] = '\0';
    assert_int_equal(weiss_lab_run(lab, vm, words->word, &reader, &found, &fault), 0);
    assert_string_equal(text, printed);
    assert_int_equal(found, code);
}

static int start(void **state)
{
    weiss_lab_options options = weiss_lab_defaults();
    weiss_fault fault = {0};
    (void)state;
    options.vms = 2;
    options.memory = 256;
    options.ivshmem = WEISS_LAB_NONE;
    if (weiss_lab_start(&options, &lab, &fault) != 0)
        print_error("%s\n", fault.text);
    return lab == NULL;
}

static int stop(void **state)
{
    (void)state;
    weiss_lab_stop(lab);
    return 0;
}

static void test_words_arrive_unchanged(void **state)
{
    weiss_words words = {0};
    (void)state;
    weiss_words_list(&words, "printf", "%s\\n", "", "a b", "it's \"$HOME\" `id` \\ * ;", "--", "\xc3\xa9",
                     NULL);
    expect(2, &words, 0, "[][a b][it's \"$HOME\" `id` \\ * ;][--][\xc3\xa9]");
    weiss_words_clear(&words);
    weiss_words_list(&words, "sh", "-c", "hostname; echo left >&2; exit 9", NULL);
    expect(1, &words, 9, "[vm1]");
    weiss_words_clear(&words);
}

static void test_time_is_limited(void **state)
{
    const weiss_process_reader reader = {.seconds = 1};
    weiss_words words = {0};
    weiss_fault fault = {0};
    int code;
    (void)state;
    weiss_words_list(&words, "sleep", "100", NULL);
    assert_int_equal(weiss_lab_run(lab, 1, words.word, &reader, &code, &fault), WEISS_ERR_SYSTEM);
    assert_non_null(strstr(fault.text, "did not end in 1 s"));
    weiss_words_clear(&words);
}

/** The last test: its machines are gone afterwards. */
static void test_machines_end(void **state)
{
    char path[WEISS_PATH], list[1024];
    weiss_fault fault = {0};
    weiss_words words = {0};
    int first;
    (void)state;
    snprintf(path, sizeof path, "%s/vms", weiss_lab_directory(lab));
    assert_true(weiss_read_text(path, list, sizeof list) > 0);
    assert_int_equal(sscanf(list, "vm1 %d", &first), 1);
    weiss_lab_kill_vm(lab, 2);
    assert_int_equal(weiss_lab_check(lab, &fault), 0); /* asked for */
    weiss_words_list(&words, "true", NULL);
    expect(2, &words, 255, "");
    expect(1, &words, 0, "");
    weiss_words_clear(&words);
    kill(first, SIGKILL);
    for (int i = 0; i < 100 && weiss_lab_check(lab, &fault) == 0; i++)
        usleep(20000);
    assert_int_equal(fault.code, WEISS_ERR_PEER);
    assert_non_null(strstr(fault.text, "vm1 ended (signal 9)"));
    snprintf(path, sizeof path, "%s", weiss_lab_directory(lab));
    assert_int_equal(access(path, F_OK), 0);
    weiss_lab_stop(lab);
    lab = NULL;
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(kill(first, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_arrive_unchanged),
        cmocka_unit_test(test_time_is_limited),
        cmocka_unit_test(test_machines_end),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
