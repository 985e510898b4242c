#include "weiss/run/footer.h"

#include "base/file.h"
#include "output/plot.h"
#include "output/series.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/** Columns and lines of the plot, and columns that its labels take. */
#define PLOT_WIDTH 64
#define PLOT_HEIGHT 12
#define PLOT_LABELS 14

/** Most memory that one rank used, and the sum over ranks, MiB. Collective. */
static int measure_memory(const weiss_context *ctx, double *largest, double *sum)
{
    struct rusage usage;
    double mine = getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024.0 : 0.0;
    bool good = MPI_Reduce(&mine, largest, 1, MPI_DOUBLE, MPI_MAX, 0, weiss_comm(ctx)) == MPI_SUCCESS &&
                MPI_Reduce(&mine, sum, 1, MPI_DOUBLE, MPI_SUM, 0, weiss_comm(ctx)) == MPI_SUCCESS;
    return good ? 0 : WEISS_ERR_MPI;
}

static void print_times(const weiss_simulation *simulation)
{
    const weiss_numbers *phases = &simulation->record->phases;
    double sum = 0.0;
    printf("time       ");
    for (size_t i = 0; i < phases->count; i++) {
        printf("%s %.2f s, ", phases->item[i].name, phases->item[i].value);
        sum += phases->item[i].value;
    }
    printf("all %.2f s\n", sum);
    printf("fields     %lld evaluations:", (long long)weiss_effective_evaluations(simulation->effective));
    for (int i = 0; i < weiss_effective_count(simulation->effective); i++)
        printf("%s %s %.2f s", i > 0 ? "," : "", weiss_effective_class(simulation->effective, i)->name,
               weiss_effective_seconds(simulation->effective, i));
    printf("\n");
}

/** True when the terminal understands more than ASCII, as the usual variables say. */
static bool speaks_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

/** Prints <m> of the table that was written. */
static int print_plot(weiss_context *ctx, const char *directory, int columns)
{
    char *path = NULL, *text = NULL;
    weiss_series *series = NULL;
    weiss_plot_style style = {
        .width = PLOT_WIDTH, .height = PLOT_HEIGHT, .ascii = !speaks_utf8(), .colour = columns > 0};
    if (columns > 0 && columns < PLOT_WIDTH + PLOT_LABELS)
        style.width = columns - PLOT_LABELS;
    if (style.width < 20)
        return 0;
    int code;
    WEISS_TRY_OUT(code, weiss_path_join(ctx, directory, "table.csv", &path));
    WEISS_TRY_OUT(code, weiss_series_read(ctx, path, &series));
    if (series->nrows < 2)
        goto out;
    WEISS_TRY_OUT(code, weiss_plot_text(ctx, series, &style, &text));
    printf("\n%s\n", text);
out:
    free(text);
    weiss_series_destroy(series);
    free(path);
    return code;
}

int weiss_footer(const weiss_simulation *simulation, const char *directory, int columns)
{
    weiss_context *ctx = simulation->ctx;
    double largest = 0.0, sum = 0.0;
    WEISS_TRY(measure_memory(ctx, &largest, &sum));
    int code = 0;
    if (weiss_rank(ctx) == 0) {
        code = print_plot(ctx, directory, columns);
        print_times(simulation);
        printf("memory     %.0f MiB on the largest rank, %.0f MiB on all %d\n", largest, sum,
               weiss_size(ctx));
        printf("results    %s/\n", directory);
        fflush(stdout);
    }
    return weiss_agree(ctx, code);
}

int weiss_footer_check(const weiss_simulation *simulation)
{
    weiss_context *ctx = simulation->ctx;
    const weiss_mesh *mesh = simulation->mesh;
    if (weiss_rank(ctx) != 0)
        return 0;
    printf("%s is right: %lld nodes, %lld tetrahedra, %lld nodes on the surface\nterms:",
           simulation->problem->path, (long long)mesh->nnodes_global, (long long)mesh->ntets_global,
           (long long)mesh->surface.nnodes);
    for (int i = 0; i < weiss_effective_count(simulation->effective); i++)
        printf(" %s", weiss_effective_class(simulation->effective, i)->name);
    const weiss_value *stages = weiss_value_get(simulation->problem->root, "stages");
    printf("\nstages:");
    for (size_t i = 0; i < stages->count; i++)
        printf(" %s", weiss_value_alternative(stages->items[i])->name);
    printf("\n");
    return 0;
}
