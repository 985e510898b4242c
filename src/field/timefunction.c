/* The forms of time functions: constant, ramp, sine, sinc pulse, Gaussian pulse, table. */
#include "field/timefunction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A form. Its parameters are the numbers among its keys, in their order. */
struct weiss_timefunction_form {
    const char *name;
    const weiss_key *keys;
    double (*value)(const weiss_timefunction *f, double t);
    double (*longest_step)(const weiss_timefunction *f, double t); /* NULL: any */
};

static const weiss_key constant_keys[] = {{.name = NULL}};

static double constant(const weiss_timefunction *f, double t)
{
    (void)f;
    (void)t;
    return 1;
}

static const weiss_key ramp_keys[] = {
    {.name = "from", .kind = WEISS_KIND_NUMBER, .fallback = "0", .help = "Factor until the ramp starts"},
    {.name = "to", .kind = WEISS_KIND_NUMBER, .fallback = "1", .help = "Factor after the ramp"},
    {.name = "start",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .fallback = "0 s",
     .help = "Time at which it starts, counted from the beginning of the stage"},
    {.name = "duration",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .required = true,
     .positive = true,
     .help = "Time that it takes",
     .example = "1 ns"},
    {.name = NULL},
};

static double ramp(const weiss_timefunction *f, double t)
{
    const double from = f->parameter[0], to = f->parameter[1], start = f->parameter[2],
                 duration = f->parameter[3];
    return from + (to - from) * fmax(0, fmin(1, (t - start) / duration));
}

static const weiss_key sine_keys[] = {
    {.name = "frequency",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_FREQUENCY,
     .required = true,
     .positive = true,
     .help = "Frequency f of sin(2 pi f t + phase)",
     .example = "10 GHz"},
    {.name = "phase",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ANGLE,
     .fallback = "0 rad",
     .help = "Phase at the beginning of the stage; 90 deg makes it a cosine"},
    {.name = NULL},
};

static double sine(const weiss_timefunction *f, double t)
{
    return sin(2 * M_PI * f->parameter[0] * t + f->parameter[1]);
}

static double quarter_period(const weiss_timefunction *f, double t)
{
    (void)t;
    return 0.25 / f->parameter[0];
}

static const weiss_key sinc_keys[] = {
    {.name = "cutoff",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_FREQUENCY,
     .required = true,
     .positive = true,
     .help = "The pulse sin(x)/x, x = 2 pi cutoff (t - centre), excites all frequencies up to this one alike",
     .example = "50 GHz"},
    {.name = "centre",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .required = true,
     .help = "Time of the maximum, counted from the beginning of the stage",
     .example = "100 ps"},
    {.name = NULL},
};

static double sinc(const weiss_timefunction *f, double t)
{
    const double x = 2 * M_PI * f->parameter[0] * (t - f->parameter[1]);
    return fabs(x) < 1e-4 ? 1 - x * x / 6 : sin(x) / x;
}

static const weiss_key gaussian_keys[] = {
    {.name = "centre",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .required = true,
     .help = "Time of the maximum, counted from the beginning of the stage",
     .example = "100 ps"},
    {.name = "width",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .required = true,
     .positive = true,
     .help = "Standard deviation w of exp(-(t - centre)^2 / (2 w^2))",
     .example = "10 ps"},
    {.name = NULL},
};

static double gaussian(const weiss_timefunction *f, double t)
{
    const double x = (t - f->parameter[0]) / f->parameter[1];
    return exp(-0.5 * x * x);
}

/* Up to the pulse, in steps of its width through it, and any step afterwards. */
static double through_pulse(const weiss_timefunction *f, double t)
{
    const double centre = f->parameter[0], width = f->parameter[1], reach = 6 * width;
    return t > centre + reach ? INFINITY : fmax(width, centre - reach - t);
}

static const weiss_key table_keys[] = {
    {.name = "file",
     .kind = WEISS_KIND_TEXT,
     .required = true,
     .help = "Lines of a time (s) and a factor, separated by a comma, times ascending; linear in between",
     .example = "pulse.csv"},
    {.name = NULL},
};

static double table(const weiss_timefunction *f, double t)
{
    return weiss_timetable_value(f, t);
}

/* X(form, bare key, longest step, help): one line per form. */
#define FORMS(X)                                                                                             \
    X(constant, NULL, NULL, "No dependence on time")                                                         \
    X(ramp, NULL, NULL, "Straight from one factor to another")                                               \
    X(sine, NULL, quarter_period, "Sine wave")                                                               \
    X(sinc, NULL, quarter_period, "Pulse with a flat spectrum up to a cut-off frequency")                    \
    X(gaussian, NULL, through_pulse, "Gaussian pulse")                                                       \
    X(table, "file", weiss_timetable_longest_step, "Factors from a file, linear in between")

const weiss_key weiss_timefunction_keys[] = {
#define X(form, bare_key, step, text)                                                                        \
    {.name = #form,                                                                                          \
     .kind = WEISS_KIND_MAP,                                                                                 \
     .alternative = true,                                                                                    \
     .members = form##_keys,                                                                                 \
     .bare = (bare_key),                                                                                     \
     .help = (text)},
    FORMS(X)
#undef X
        {.name = NULL},
};

static const weiss_timefunction_form forms[] = {
#define X(form, bare_key, step, text) {#form, form##_keys, form, step},
    FORMS(X)
#undef X
};

static const weiss_timefunction_form *find_form(const char *name)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

int weiss_timefunction_create(const weiss_problem *problem, const weiss_value *value, weiss_timefunction *out)
{
    *out = (weiss_timefunction){.form = find_form("constant")};
    const weiss_value *choice = value ? weiss_value_alternative(value) : NULL;
    if (!choice)
        return 0;
    out->form = find_form(choice->name);
    if (!out->form)
        return weiss_fail_at(problem->ctx, choice, "there is no function of time \"%s\"", choice->name);
    int n = 0;
    for (const weiss_key *key = out->form->keys; key->name; key++) {
        if (key->kind == WEISS_KIND_NUMBER)
            out->parameter[n++] = weiss_value_number(choice, key->name);
        else
            WEISS_TRY(weiss_timetable_read(problem, choice, weiss_value_text(choice, key->name), out));
    }
    return 0;
}

void weiss_timefunction_destroy(weiss_timefunction *function)
{
    free(function->time);
    free(function->factor);
    *function = (weiss_timefunction){.form = NULL};
}

double weiss_timefunction_value(const weiss_timefunction *function, double t)
{
    return function->form->value(function, t);
}

double weiss_timefunction_longest_step(const weiss_timefunction *function, double t)
{
    return function->form->longest_step ? function->form->longest_step(function, t) : INFINITY;
}
