#include "weiss/run/progress.h"

#include "weiss/run/launch.h"

#include <math.h>
#include <string.h>

/** Seconds between two updates of the line, and between two plain lines. */
#define UPDATE_EVERY 0.1
#define PLAIN_EVERY 5.0

weiss_display weiss_display_start(bool quiet)
{
    return (weiss_display){.columns = quiet ? 0 : weiss_terminal_columns(),
                           .quiet = quiet,
                           .first_fraction = -1.0,
                           .energy = NAN,
                           .torque = NAN};
}

void weiss_display_clear(weiss_display *display)
{
    if (display->open_line) {
        fputs("\r\033[K", stdout);
        fflush(stdout);
    }
    display->open_line = false;
}

/** Shows @p text in place of the line before, or below it when the output is no terminal. */
static void show(weiss_display *display, const char *text)
{
    if (display->columns > 0) {
        printf("\r\033[K%.*s", display->columns - 1, text);
        display->open_line = true;
    } else {
        printf("%s\n", text);
    }
    fflush(stdout);
}

void weiss_display_doing(weiss_display *display, const char *what)
{
    if (!display->quiet && display->columns > 0)
        show(display, what);
}

void weiss_display_log(void *self, int level, const char *text)
{
    weiss_display *display = self;
    if (level == WEISS_LEVEL_DEBUG || (level == WEISS_LEVEL_INFO && display->quiet))
        return;
    weiss_display_clear(display);
    if (level == WEISS_LEVEL_WARNING)
        fprintf(stderr, "weiss: warning: %s\n", text);
    else
        printf("%s\n", text);
    fflush(stdout);
}

/** "1:05:20" or "5:20". */
static void format_clock(double seconds, char *out, size_t size)
{
    long s = lround(seconds);
    if (s >= 3600)
        snprintf(out, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, size, "%ld:%02ld", s / 60, s % 60);
}

/** Appends to a line of @p size bytes. */
static void add(char *line, size_t size, const char *before, const char *text)
{
    size_t used = strlen(line);
    snprintf(line + used, size - used, "%s%s", before, text);
}

static void add_quantity(char *line, size_t size, const char *before, double value, weiss_quantity quantity)
{
    char text[32];
    if (isfinite(value))
        add(line, size, before, weiss_format_quantity(value, quantity, 4, text, sizeof text));
}

static void show_step(weiss_display *display, const weiss_report *report, double now)
{
    char line[256], text[32];
    snprintf(line, sizeof line, "%s (%d/%d)", report->stage_name, report->stage + 1, display->nstages);
    if (report->fraction >= 0.0) {
        snprintf(text, sizeof text, "%.0f %%", 100.0 * report->fraction);
        add(line, sizeof line, "  ", text);
    }
    add_quantity(line, sizeof line, "  t ", report->time, WEISS_TIME);
    snprintf(text, sizeof text, "%lld steps", (long long)report->steps);
    add(line, sizeof line, "  ", text);
    add_quantity(line, sizeof line, "  E ", display->energy, WEISS_ENERGY);
    add_quantity(line, sizeof line, "  torque ", display->torque, WEISS_FIELD);
    double done = report->fraction - display->first_fraction, elapsed = now - display->stage_start;
    if (report->fraction >= 0.0 && done > 0.0 && elapsed > 1.0) {
        format_clock(elapsed / done * (1.0 - report->fraction), text, sizeof text);
        add(line, sizeof line, "  ", text);
        add(line, sizeof line, "", " left");
    }
    show(display, line);
    display->last_shown = now;
}

static void on_stage_begin(void *self, const weiss_stage_run *stage, int nstages)
{
    weiss_display *display = self;
    (void)stage;
    display->nstages = nstages;
    display->stage_start = display->last_shown = MPI_Wtime();
    display->first_fraction = -1.0;
}

static void on_step(void *self, const weiss_report *report)
{
    weiss_display *display = self;
    if (display->first_fraction < 0.0)
        display->first_fraction = report->fraction;
    if (display->quiet)
        return;
    double now = MPI_Wtime();
    if (now - display->last_shown >= (display->columns > 0 ? UPDATE_EVERY : PLAIN_EVERY))
        show_step(display, report, now);
}

static void on_row(void *self, const weiss_report *report)
{
    weiss_display *display = self;
    display->energy = report->energy_total;
    display->torque = report->max_torque;
}

static void on_stage_end(void *self, const weiss_stage_run *stage, double seconds)
{
    weiss_display *display = self;
    if (display->quiet)
        return;
    weiss_display_clear(display);
    printf("stage %d, %s: %s; took %.3g s\n", stage->index + 1, stage->name, stage->reason, seconds);
    fflush(stdout);
}

weiss_monitor weiss_display_monitor(weiss_display *display)
{
    return (weiss_monitor){.self = display,
                           .stage_begin = on_stage_begin,
                           .step = on_step,
                           .row = on_row,
                           .stage_end = on_stage_end};
}
