/* A micromagnetic simulation inside a program of one's own: the magnetisation of a small cube of Permalloy turns for
 * 20 ps. Prints the energy of each term before and after, and the largest demagnetising field.
 *
 *     make && ./embed          or: mpirun -n 2 ./embed */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <weiss/weiss.h>

static const char problem[] = "mesh: {grid: {size: [20 nm, 20 nm, 20 nm], cells: [5, 5, 5]}}\n"
                              "materials: {permalloy: {Ms: 800 kA/m, A: 13 pJ/m, alpha: 1}}\n"
                              "initial: {uniform: [1, 0.2, 0.1]}\n";

/** Prints <m> and the energy of every term on rank 0. */
static int print_energies(weiss_simulation *cube, int rank, const char *when)
{
    double energy[16], mean[3];
    int code = weiss_simulation_energies(cube, energy);
    if (code == 0)
        code = weiss_simulation_mean(cube, mean);
    if (code != 0 || rank != 0)
        return code;
    printf("%s: <m> = (%.4f, %.4f, %.4f)", when, mean[0], mean[1], mean[2]);
    for (int i = 0; i < weiss_simulation_terms(cube); i++)
        printf(", %s %.4e J", weiss_simulation_term(cube, i), energy[i]);
    printf("\n");
    return 0;
}

/** Prints the largest demagnetising field on any node. */
static int print_field(weiss_simulation *cube, int rank)
{
    int32_t n = weiss_simulation_owned_nodes(cube);
    double *field = malloc((3 * (size_t)n + 1) * sizeof *field), largest = 0.0;
    int code = weiss_simulation_field(cube, "demag", field);
    for (int32_t i = 0; code == 0 && i < n; i++)
        largest = fmax(largest, hypot(hypot(field[3 * i], field[3 * i + 1]), field[3 * i + 2]));
    free(field);
    MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    if (code == 0 && rank == 0)
        printf("largest demagnetising field on %lld nodes: %.4e A/m\n", (long long)weiss_simulation_nodes(cube),
               largest);
    return code;
}

int main(void)
{
    weiss_session *session;
    weiss_simulation *cube = NULL;
    int rank, code = weiss_session_begin(MPI_COMM_WORLD, &session);
    if (code != 0)
        return EXIT_FAILURE;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    code = weiss_simulation_parse(session, "cube", problem, &cube);
    if (code == 0)
        code = weiss_simulation_build(cube);
    if (code == 0)
        code = print_energies(cube, rank, "at the start");
    if (code == 0)
        code = weiss_simulation_evolve(cube, "dynamics: {duration: 20 ps}");
    if (code == 0)
        code = print_energies(cube, rank, "after 20 ps");
    if (code == 0)
        code = print_field(cube, rank);
    if (code != 0 && rank == 0)
        fprintf(stderr, "embed: %s\n", weiss_session_error(session));
    weiss_simulation_destroy(cube);
    weiss_session_end(session);
    return code == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
