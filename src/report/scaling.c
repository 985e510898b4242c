#include "report/scaling.h"

#include "base/replace.h"

#include <math.h>

static double ratio_of(const weiss_scaling *scaling, int i)
{
    return (double)scaling->point[i].ranks / scaling->point[0].ranks;
}

double weiss_scaling_speedup(const weiss_scaling *scaling, int i)
{
    const weiss_summary *first = &scaling->point[0].seconds, *now = &scaling->point[i].seconds;
    if (first->n == 0 || now->n == 0)
        return NAN;
    return (scaling->weak ? ratio_of(scaling, i) : 1.0) * first->median / now->median;
}

double weiss_scaling_efficiency(const weiss_scaling *scaling, int i)
{
    return weiss_scaling_speedup(scaling, i) / ratio_of(scaling, i);
}

double weiss_amdahl_part(double s, double ratio)
{
    return ratio > 1.0 ? (1.0 - 1.0 / s) / (1.0 - 1.0 / ratio) : NAN;
}

double weiss_amdahl_limit(double p)
{
    return p < 1.0 ? 1.0 / (1.0 - p) : INFINITY;
}

static double part_of(const weiss_scaling *scaling, int i)
{
    return scaling->weak ? NAN : weiss_amdahl_part(weiss_scaling_speedup(scaling, i), ratio_of(scaling, i));
}

/** The limit that a part tells: blank without one, and when the part is negative: then more ranks only cost time. */
static void print_amdahl(double p, FILE *to)
{
    double limit = weiss_amdahl_limit(p);
    if (isnan(p))
        fprintf(to, "%9s %8s", "", "");
    else if (isinf(limit) || p <= 0.0)
        fprintf(to, "%9.3f %8s", p, "none");
    else
        fprintf(to, "%9.3f %8.3g", p, limit);
}

static void print_series(const weiss_scaling *scaling, FILE *to)
{
    fprintf(to, "%s%s\n", scaling->label, scaling->weak ? ", the work grows with the ranks" : "");
    fprintf(to, "%7s %12s %7s %9s %11s", "ranks", "T", "", "speedup", "efficiency");
    fprintf(to, scaling->weak ? "\n" : " %9s %8s\n", "p", "limit");
    for (int i = 0; i < scaling->n; i++) {
        const weiss_summary *t = &scaling->point[i].seconds;
        fprintf(to, "%7d ", scaling->point[i].ranks);
        if (t->n == 0) {
            fprintf(to, "%12s\n", "-");
            continue;
        }
        fprintf(to, "%10.4g s ± %3.0f%% %9.3g %9.0f %%", t->median,
                fmin(999.0, 100.0 * weiss_summary_spread(t)), weiss_scaling_speedup(scaling, i),
                100.0 * weiss_scaling_efficiency(scaling, i));
        if (!scaling->weak)
            print_amdahl(part_of(scaling, i), to);
        fputc('\n', to);
    }
}

void weiss_scaling_print(const weiss_scaling *series, int nseries, FILE *to)
{
    for (int s = 0; s < nseries; s++) {
        if (s > 0)
            fputc('\n', to);
        print_series(&series[s], to);
    }
}

/** What a writer of a file needs. */
typedef struct all_series {
    const weiss_scaling *series;
    int n;
} all_series;

/** A number of the CSV, empty when there is none. */
static void print_number(double value, const char *end, FILE *to)
{
    if (isfinite(value))
        fprintf(to, "%.6g", value);
    fputs(end, to);
}

static void write_csv(FILE *to, const void *data)
{
    const all_series *all = data;
    fputs("transport,ranks,median_s,min_s,max_s,samples,speedup,efficiency,parallel_part,"
          "compute_s,inside_s,between_s,servers_s,waiting_s\n",
          to);
    for (int s = 0; s < all->n; s++) {
        const weiss_scaling *scaling = &all->series[s];
        for (int i = 0; i < scaling->n; i++) {
            const weiss_summary *t = &scaling->point[i].seconds;
            fprintf(to, "%s,%d,", scaling->label, scaling->point[i].ranks);
            print_number(t->n > 0 ? t->median : NAN, ",", to);
            print_number(t->n > 0 ? t->min : NAN, ",", to);
            print_number(t->n > 0 ? t->max : NAN, ",", to);
            fprintf(to, "%zu,", t->n);
            print_number(weiss_scaling_speedup(scaling, i), ",", to);
            print_number(weiss_scaling_efficiency(scaling, i), ",", to);
            print_number(part_of(scaling, i), ",", to);
            for (int k = 0; k < WEISS_SCALING_PARTS; k++) {
                const weiss_summary *part = &scaling->point[i].part[k];
                print_number(part->n > 0 ? part->median : NAN, k + 1 < WEISS_SCALING_PARTS ? "," : "\n", to);
            }
        }
    }
}

int weiss_scaling_write_csv(const weiss_scaling *series, int nseries, const char *path, weiss_fault *fault)
{
    return weiss_replace_file(path, write_csv, &(all_series){series, nseries}, fault);
}
