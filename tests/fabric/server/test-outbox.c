/* The outbox: order, what is taken back when a peer leaves, and that it stays small however many come and go. */
#include "fabric/server/outbox.h"
#include "fabric/server/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static weiss_peer peer[4] = {{.id = 0}, {.id = 1}, {.id = 2}, {.id = 3}};

static void join(weiss_outbox *outbox, int i)
{
    assert_int_equal(weiss_outbox_put(outbox, WEISS_NOTICE_JOIN, peer[i].id, &peer[i]), 0);
}

static void leave(weiss_outbox *outbox, int i)
{
    assert_int_equal(weiss_outbox_leave(outbox, peer[i].id, &peer[i]), 0);
}

static void expect(weiss_outbox *outbox, weiss_notice_kind kind, int i)
{
    const weiss_notice *notice = weiss_outbox_next(outbox);
    assert_non_null(notice);
    assert_int_equal(notice->kind, kind);
    assert_int_equal(notice->id, peer[i].id);
    assert_ptr_equal(notice->peer, kind == WEISS_NOTICE_JOIN ? &peer[i] : NULL);
    weiss_outbox_pop(outbox);
}

static void test_order(void **state)
{
    (void)state;
    weiss_outbox outbox = {0};
    assert_null(weiss_outbox_next(&outbox));
    for (int lap = 0; lap < 100; lap++) {
        for (int i = 0; i < 4; i++)
            join(&outbox, i);
        expect(&outbox, WEISS_NOTICE_JOIN, 0);
        expect(&outbox, WEISS_NOTICE_JOIN, 1);
        leave(&outbox, 0);
        expect(&outbox, WEISS_NOTICE_JOIN, 2);
        expect(&outbox, WEISS_NOTICE_JOIN, 3);
        expect(&outbox, WEISS_NOTICE_LEAVE, 0);
        assert_null(weiss_outbox_next(&outbox));
    }
    weiss_outbox_free(&outbox);
}

static void test_a_joining_that_nobody_heard_of(void **state)
{
    (void)state;
    weiss_outbox outbox = {0};
    join(&outbox, 0);
    join(&outbox, 1);
    join(&outbox, 2);
    leave(&outbox, 1);
    expect(&outbox, WEISS_NOTICE_JOIN, 0);
    expect(&outbox, WEISS_NOTICE_JOIN, 2);
    assert_null(weiss_outbox_next(&outbox));
    weiss_outbox_free(&outbox);
}

static void test_a_joining_that_was_heard_in_part(void **state)
{
    (void)state;
    weiss_outbox outbox = {0};
    join(&outbox, 0);
    join(&outbox, 1);
    weiss_outbox_next(&outbox)->sent = 1;
    leave(&outbox, 0);
    expect(&outbox, WEISS_NOTICE_JOIN, 1);
    expect(&outbox, WEISS_NOTICE_LEAVE, 0);
    assert_null(weiss_outbox_next(&outbox));
    weiss_outbox_free(&outbox);
}

static void test_it_stays_small(void **state)
{
    (void)state;
    weiss_outbox outbox = {0};
    assert_int_equal(weiss_outbox_put(&outbox, WEISS_NOTICE_VERSION, 0, NULL), 0);
    for (int i = 0; i < 100000; i++) {
        join(&outbox, 1 + i % 3);
        leave(&outbox, 1 + i % 3);
        assert_int_equal(outbox.count, 1);
    }
    assert_true(outbox.room <= 8);
    weiss_outbox_free(&outbox);
}

/* A queue that is never empty moves through its array. */
static void test_a_queue_that_moves(void **state)
{
    (void)state;
    weiss_outbox outbox = {0};
    join(&outbox, 0);
    for (int i = 1; i < 100000; i++) {
        join(&outbox, i % 4);
        expect(&outbox, WEISS_NOTICE_JOIN, (i - 1) % 4);
    }
    assert_true(outbox.room <= 8);
    weiss_outbox_free(&outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_a_joining_that_nobody_heard_of),
        cmocka_unit_test(test_a_joining_that_was_heard_in_part),
        cmocka_unit_test(test_it_stays_small),
        cmocka_unit_test(test_a_queue_that_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
