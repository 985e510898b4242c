#include "mesh/partition.h"

#include <stdlib.h>

#include <scotch.h>

_Static_assert(sizeof(SCOTCH_Num) == sizeof(weiss_lidx),
               "the graph is handed to Scotch as it is: 32-bit Scotch needed");

static const SCOTCH_Num seed = 1907; /* any number will do, as long as it is always the same */

/** Runs Scotch in a context of its own: one thread, no state shared with other users of the library (PETSc). */
static int map_graph(SCOTCH_Context *scotch, SCOTCH_Graph *graph, int nparts, SCOTCH_Num *part)
{
    SCOTCH_Graph bound;
    SCOTCH_Strat strategy;
    if (SCOTCH_contextOptionSetNum(scotch, SCOTCH_OPTIONNUMDETERMINISTIC, 1) != 0 ||
        SCOTCH_contextOptionSetNum(scotch, SCOTCH_OPTIONNUMRANDOMFIXEDSEED, 1) != 0 ||
        SCOTCH_contextRandomClone(scotch) != 0 || SCOTCH_contextThreadSpawn(scotch, 1, NULL) != 0)
        return 1;
    SCOTCH_contextRandomSeed(scotch, seed);
    SCOTCH_contextRandomReset(scotch);
    if (SCOTCH_graphInit(&bound) != 0)
        return 1;
    SCOTCH_stratInit(&strategy);
    int failed =
        SCOTCH_contextBindGraph(scotch, graph, &bound) != 0 ||
        SCOTCH_stratGraphMapBuild(&strategy, SCOTCH_STRATQUALITY | SCOTCH_STRATBALANCE, nparts, 0.01) != 0 ||
        SCOTCH_graphPart(&bound, nparts, &strategy, part) != 0;
    SCOTCH_stratExit(&strategy);
    SCOTCH_graphExit(&bound);
    return failed;
}

static int run_scotch(const weiss_lists *neighbours, const SCOTCH_Num *weight, int nparts, SCOTCH_Num *part)
{
    SCOTCH_Context scotch;
    SCOTCH_Graph graph;
    if (SCOTCH_contextInit(&scotch) != 0)
        return 1;
    if (SCOTCH_graphInit(&graph) != 0) {
        SCOTCH_contextExit(&scotch);
        return 1;
    }
    int failed = SCOTCH_graphBuild(&graph, 0, neighbours->n, neighbours->start, neighbours->start + 1, weight,
                                   NULL, neighbours->start[neighbours->n], neighbours->item, NULL) != 0 ||
                 map_graph(&scotch, &graph, nparts, part) != 0;
    SCOTCH_graphExit(&graph);
    SCOTCH_contextExit(&scotch);
    return failed;
}

int weiss_partition(weiss_context *ctx, const weiss_lists *neighbours, const weiss_faces *faces, int nparts,
                    int *part)
{
    SCOTCH_Num *weight = NULL;
    if (nparts == 1) {
        for (weiss_lidx i = 0; i < neighbours->n; i++)
            part[i] = 0;
        return 0;
    }
    WEISS_TRY(WEISS_NEW(ctx, weight, neighbours->n));
    for (weiss_lidx i = 0; i < neighbours->n; i++)
        weight[i] = 1;
    for (weiss_gidx i = 0; i < 3 * faces->n; i++)
        weight[faces->node[i]] = WEISS_SURFACE_WEIGHT;
    int failed = run_scotch(neighbours, weight, nparts, part);
    free(weight);
    if (failed)
        return weiss_fail(ctx, WEISS_ERR_LIBRARY,
                          "Scotch could not divide the %d nodes of the mesh among %d ranks", neighbours->n,
                          nparts);
    return 0;
}
