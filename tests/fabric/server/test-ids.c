/* Numbers of peers: all of them are given, none twice at a time, and the one that is free the longest comes first. */
#include "fabric/server/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static weiss_ids ids;

static void test_all_once(void **state)
{
    (void)state;
    weiss_ids_start(&ids);
    for (int i = 0; i < WEISS_IDS; i++)
        assert_int_equal(weiss_ids_take(&ids), i);
    assert_int_equal(weiss_ids_take(&ids), -1);
    weiss_ids_give(&ids, 7);
    assert_int_equal(weiss_ids_take(&ids), 7);
    assert_int_equal(weiss_ids_take(&ids), -1);
}

static void test_freed_last_comes_last(void **state)
{
    (void)state;
    weiss_ids_start(&ids);
    assert_int_equal(weiss_ids_take(&ids), 0);
    assert_int_equal(weiss_ids_take(&ids), 1);
    weiss_ids_give(&ids, 1);
    weiss_ids_give(&ids, 0);
    for (int i = 2; i < WEISS_IDS; i++)
        assert_int_equal(weiss_ids_take(&ids), i);
    assert_int_equal(weiss_ids_take(&ids), 1);
    assert_int_equal(weiss_ids_take(&ids), 0);
    assert_int_equal(weiss_ids_take(&ids), -1);
}

static void test_many_laps(void **state)
{
    (void)state;
    weiss_ids_start(&ids);
    assert_int_equal(weiss_ids_take(&ids), 0);
    for (int i = 0; i < 3 * WEISS_IDS; i++) { /* 0 stays taken */
        int id = weiss_ids_take(&ids);
        assert_int_equal(id, 1 + i % (WEISS_IDS - 1));
        weiss_ids_give(&ids, (uint16_t)id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_once),
        cmocka_unit_test(test_freed_last_comes_last),
        cmocka_unit_test(test_many_laps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
