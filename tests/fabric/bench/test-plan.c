/* Lists of tests and sizes as a user writes them, and the course of a measurement with a carrier that only pretends. */
#include "fabric/bench/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_sizes(const char *text, const size_t *wanted, int n)
{
    weiss_bench_plan plan = weiss_bench_plan_all();
    weiss_fault fault = {0};
    assert_int_equal(weiss_bench_parse_sizes(text, &plan, &fault), 0);
    assert_int_equal(plan.nsizes, n);
    for (int i = 0; i < n; i++)
        assert_int_equal(plan.size[i], wanted[i]);
}

static void sizes_are_understood(void **state)
{
    (void)state;
    check_sizes("4", (size_t[]){4}, 1);
    check_sizes("1M,4,64K,4", (size_t[]){4, 65536, 1048576}, 3);
    check_sizes("12KiB", (size_t[]){12288}, 1);
    check_sizes("4-64", (size_t[]){4, 8, 16, 32, 64}, 5);
    check_sizes("12-40,1K", (size_t[]){12, 24, 1024}, 3);
    check_sizes("1024M", (size_t[]){(size_t)1 << 30}, 1);
    weiss_bench_plan all = weiss_bench_plan_all();
    check_sizes("4-4M", all.size, all.nsizes);
    assert_int_equal(all.nsizes, 21);
}

static void wrong_sizes_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",   ",",    "4,",     "x",  "-4",  "3",
                                        "0",  "4-",   "64-4",   "4 ", "4KB", "1025M",
                                        "2G", "4,,8", "4-8-16", "+4", "4.0", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weiss_bench_plan plan = weiss_bench_plan_all();
        weiss_fault fault = {0};
        assert_int_equal(weiss_bench_parse_sizes(wrong[i], &plan, &fault), WEISS_ERR_USAGE);
        assert_non_null(strstr(fault.text, "sizes"));
    }
}

static void tests_are_understood(void **state)
{
    (void)state;
    weiss_bench_plan plan = weiss_bench_plan_all();
    weiss_fault fault = {0};
    assert_int_equal(weiss_bench_plan_count(&plan), 6 * 21 + 3);
    assert_int_equal(weiss_bench_parse_tests("put,latency", &plan, &fault), 0);
    for (int t = 0; t < WEISS_BENCH_TESTS; t++)
        assert_true(plan.test[t] == (t == WEISS_BENCH_PUT || t == WEISS_BENCH_LATENCY));
    assert_int_equal(weiss_bench_plan_count(&plan), 2 * 21);
    assert_int_equal(weiss_bench_parse_tests("latency,speed", &plan, &fault), WEISS_ERR_USAGE);
    assert_non_null(strstr(fault.text, "\"speed\""));
    assert_non_null(strstr(fault.text, "allreduce"));
}

static void sizes_are_shown(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(weiss_bench_size_text(4, text, sizeof text), "4 B");
    assert_string_equal(weiss_bench_size_text(1536, text, sizeof text), "1536 B");
    assert_string_equal(weiss_bench_size_text(65536, text, sizeof text), "64 KiB");
    assert_string_equal(weiss_bench_size_text((size_t)4 << 20, text, sizeof text), "4 MiB");
}

static void one_wrong_byte_is_found(void **state)
{
    (void)state;
    unsigned char data[5000];
    weiss_bench_fill(data, sizeof data, 1);
    assert_true(weiss_bench_check(data, sizeof data, 1));
    assert_false(weiss_bench_check(data, sizeof data, 0));
    for (size_t i = 0; i < sizeof data; i += 499) {
        data[i] ^= 0x10;
        assert_false(weiss_bench_check(data, sizeof data, 1));
        data[i] ^= 0x10;
    }
    /* A piece of a message in the place of another one. */
    memmove(data + 256, data, 256);
    assert_false(weiss_bench_check(data, sizeof data, 1));
}

/** A transport of which an iteration takes a microsecond. */
typedef struct pretence {
    int samples;
    long least, most; /* iterations of a sample */
    double longest;
    bool broken;
} pretence;

static bool pretend(void *self, weiss_bench_test test, size_t bytes, long iterations, weiss_bench_time *time)
{
    pretence *p = self;
    (void)test;
    (void)bytes;
    *time = (weiss_bench_time){.wall = 1e-6 * (double)iterations, .cpu = 5e-7 * (double)iterations};
    p->samples++;
    p->most = iterations > p->most ? iterations : p->most;
    p->longest = time->wall > p->longest ? time->wall : p->longest;
    return !p->broken;
}

static void agree(void *self, long *value)
{
    (void)self;
    (void)value;
}

static double of_waiter(void *self, double value)
{
    (void)self;
    return value;
}

static void samples_last_as_long_as_asked(void **state)
{
    (void)state;
    pretence p = {0};
    const weiss_bench_carrier carrier = {
        .rank = 1, .self = &p, .sample = pretend, .agree = agree, .of_waiter = of_waiter};
    const weiss_bench_effort effort = {.samples = 7, .seconds = 0.01};
    weiss_bench_plan plan = weiss_bench_plan_all();
    weiss_fault fault = {0};
    assert_int_equal(weiss_bench_parse_tests("latency", &plan, &fault), 0);
    assert_int_equal(weiss_bench_parse_sizes("4", &plan, &fault), 0);
    assert_int_equal(weiss_bench_run(&carrier, &plan, &effort, &fault), 0);
    assert_int_equal(p.most, 10000);
    assert_in_range(p.samples, 8, 7 + 8); /* those asked for, and a few to find the number of iterations */
    p.broken = true;
    assert_int_equal(weiss_bench_run(&carrier, &plan, &effort, &fault), WEISS_ERR_PEER);
    assert_non_null(strstr(fault.text, "latency of 4 bytes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_understood),    cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(tests_are_understood),    cmocka_unit_test(sizes_are_shown),
        cmocka_unit_test(one_wrong_byte_is_found), cmocka_unit_test(samples_last_as_long_as_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
