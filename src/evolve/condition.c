#include "evolve/condition.h"

#include <ctype.h>
#include <string.h>

#define TORQUE 3

static const struct {
    const char *name;
    weiss_quantity quantity;
} names[] = {{"mx", WEISS_PURE}, {"my", WEISS_PURE}, {"mz", WEISS_PURE}, {"max_torque", WEISS_FIELD}};

static const char *skip_blanks(const char *c)
{
    while (isspace((unsigned char)*c))
        c++;
    return c;
}

/** Matches a name at @p at; returns what follows it, NULL when it is none of ours. */
static const char *match_name(const char *at, int *component)
{
    size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (strlen(names[i].name) == length && strncmp(at, names[i].name, length) == 0) {
            *component = i;
            return at + length;
        }
    return NULL;
}

int weiss_condition_read(weiss_context *ctx, const weiss_value *config, const char *key, weiss_condition *out)
{
    const weiss_value *value = weiss_value_get(config, key);
    *out = (weiss_condition){.component = -1};
    if (value == NULL)
        return 0;
    const char *text = value->text, *at = skip_blanks(text), *after;
    if ((after = match_name(at, &out->component)) == NULL)
        return weiss_fail_at(ctx, value,
                             "\"%s\", column %d: expected mx, my, mz or max_torque, as in \"mx < 0\" or "
                             "\"max_torque < 10 A/m\"",
                             text, (int)(at - text) + 1);
    at = skip_blanks(after);
    if (*at != '<' && *at != '>')
        return weiss_fail_at(ctx, value, "\"%s\", column %d: expected <, <=, > or >= after %s", text,
                             (int)(at - text) + 1, names[out->component].name);
    out->less = *at++ == '<';
    out->or_equal = *at == '=';
    at = skip_blanks(at + (out->or_equal ? 1 : 0));
    char why[256];
    if (!weiss_parse_quantity(at, names[out->component].quantity, &out->limit, why, sizeof why))
        return weiss_fail_at(ctx, value, "\"%s\", column %d: %s", text, (int)(at - text) + 1, why);
    out->text = text;
    return 0;
}

bool weiss_condition_wants_mean(const weiss_condition *condition)
{
    return condition->component >= 0 && condition->component < TORQUE;
}

bool weiss_condition_wants_torque(const weiss_condition *condition)
{
    return condition->component == TORQUE;
}

bool weiss_condition_holds(const weiss_condition *condition, const double mean[3], double max_torque)
{
    if (condition->component < 0)
        return false;
    double x = condition->component == TORQUE ? max_torque : mean[condition->component];
    if (condition->or_equal && x == condition->limit)
        return true;
    return condition->less ? x < condition->limit : x > condition->limit;
}
