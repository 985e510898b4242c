#include "weiss/footer.h"

#include <string.h>
#include <sys/resource.h>

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

int weiss_footer(const weiss_simulation *simulation, const char *directory, int columns)
{
    weiss_context *ctx = simulation->ctx;
    double largest = 0.0, sum = 0.0;
    WEISS_TRY(measure_memory(ctx, &largest, &sum));
    if (weiss_rank(ctx) != 0)
        return 0;
    (void)columns;
    print_times(simulation);
    printf("memory     %.0f MiB on the largest rank, %.0f MiB on all %d\n", largest, sum, weiss_size(ctx));
    printf("results    %s/\n", directory);
    fflush(stdout);
    return 0;
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
