/* Foreign text in messages, and the nearest of several words. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void foreign_text_is_made_safe(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"plain text", "plain text"},
        {"\u00b5 and \u20ac and \U0001f9f2", "\u00b5 and \u20ac and \U0001f9f2"},
        {"a\nb\tc\033[2J\x7f", "a\\x0ab\\x09c\\x1b[2J\\x7f"},
        {"\xff\xfe", "\\xff\\xfe"},
        {"\xc0\x80", "\\xc0\\x80"}, /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond Unicode */
        {"\xc2\x9b", "\\xc2\\x9b"}, /* control sequence introducer */
        {"\u202e", "\\xe2\\x80\\xae"}, /* right-to-left override */
        {"\xe2\x82", "\\xe2\\x82"}, /* cut short */
    };
    char shown[WEISS_TEXT_SHOWN];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(weiss_text_show(pairs[i][0], shown), pairs[i][1]);
}

static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    char text[400], shown[WEISS_TEXT_SHOWN + 1];
    for (int lead = 0; lead < 4; lead++) {
        memset(text, 'x', 4);
        for (int i = lead; i + 2 < 400; i += 2)
            memcpy(text + i, "\u00b5", 3);
        memset(shown, 'Z', sizeof shown);
        weiss_text_show(text, shown);
        assert_true(shown[WEISS_TEXT_SHOWN] == 'Z');
        size_t length = strlen(shown);
        assert_true(length < WEISS_TEXT_SHOWN && length > WEISS_TEXT_SHOWN - 8);
        assert_string_equal(shown + length - 5, "\u00b5...");
    }
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(weiss_text_distance("alpha", "alpha"), 0);
    assert_int_equal(weiss_text_distance("alpha", "Alpha"), 1);
    assert_int_equal(weiss_text_distance("", "abc"), 6);
    assert_int_equal(weiss_text_distance("abc", ""), 6);
    assert_int_equal(weiss_text_distance("aplha", "alpha"), 2); /* neighbours swapped */
    assert_int_equal(weiss_text_distance("alfa", "alpha"), 4);
    assert_int_equal(weiss_text_distance("kitten", "sitting"), 6);
}

static const char *nearest(const char *wanted)
{
    static const char *const known[] = {"mesh", "materials", "regions", "initial", "stages",
                                        "Ms",   "alpha",     "gamma",   "A"};
    weiss_nearest n = weiss_nearest_start(wanted);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        weiss_nearest_consider(&n, known[i]);
    return n.best != NULL ? n.best : "";
}

static void nearest_words(void **state)
{
    (void)state;
    assert_string_equal(nearest("material"), "materials");
    assert_string_equal(nearest("Mss"), "Ms");
    assert_string_equal(nearest("ms"), "Ms");
    assert_string_equal(nearest("alfa"), "alpha");
    assert_string_equal(nearest("stagse"), "stages");
    assert_string_equal(nearest("a"), "A");
    assert_string_equal(nearest("temperature"), "");
    assert_string_equal(nearest("x"), "");
    assert_string_equal(nearest(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_is_made_safe),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(distances),
        cmocka_unit_test(nearest_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
