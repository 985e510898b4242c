/* The traffic of the solver on a mesh: what ranks exchange in a step, from the same partition that the solver makes. */
#include "weiss/plan/plan.h"

#include "mesh/check.h"
#include "mesh/partition.h"
#include "mesh/source.h"
#include "plan/pattern.h"

#include <stdlib.h>
#include <string.h>

/* What a step does, as counted in runs of the Permalloy bar for each evaluation of the field. */
#define EXCHANGES                                                                                            \
    4 /* of the magnetisation or a direction at the ghosts: the field, products with the Jacobian */
#define COMPONENTS 3
#define REDUCTIONS 10 /* scalar products and norms, a number each */
#define POTENTIALS 2 /* Poisson problems; each sums the nodes between parts over all ranks */

typedef struct part_mesh {
    weiss_lists node_tets, neighbours;
    weiss_faces faces;
    int *part; /**< of each node; owned */
} part_mesh;

static void release(part_mesh *p)
{
    weiss_lists_free(&p->node_tets);
    weiss_lists_free(&p->neighbours);
    weiss_faces_free(&p->faces);
    free(p->part);
}

/** What does not depend on the number of ranks. */
static int prepare(weiss_context *ctx, const weiss_tetmesh *mesh, part_mesh *p)
{
    WEISS_TRY(weiss_tetmesh_check(ctx, mesh));
    WEISS_TRY(weiss_graph_node_tets(ctx, mesh, &p->node_tets));
    WEISS_TRY(weiss_faces_find(ctx, mesh, &p->faces));
    WEISS_TRY(weiss_graph_node_nodes(ctx, mesh, &p->node_tets, &p->neighbours));
    return WEISS_NEW(ctx, p->part, mesh->nnodes);
}

static int divide(weiss_context *ctx, const part_mesh *p, int nranks)
{
    return weiss_partition(ctx, &p->neighbours, &p->faces, nranks, p->part);
}

/** A flow of messages 0 for each node and each rank that has it as a ghost. */
static int add_ghosts(const part_mesh *p, int nranks, weiss_traffic *halo, weiss_fault *fault)
{
    weiss_lidx *seen = malloc((size_t)nranks * sizeof *seen); /* last node that a rank was told of */
    int code = seen != NULL ? 0 : weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (int r = 0; r < nranks && code == 0; r++)
        seen[r] = -1;
    for (weiss_lidx i = 0; i < p->neighbours.n && code == 0; i++) {
        for (weiss_lidx j = p->neighbours.start[i]; j < p->neighbours.start[i + 1] && code == 0; j++) {
            int other = p->part[p->neighbours.item[j]];
            if (other == p->part[i] || seen[other] == i)
                continue;
            seen[other] = i;
            code = weiss_traffic_add(halo, p->part[i], other, 0.0, sizeof(double), fault);
        }
    }
    free(seen);
    return code;
}

/** The exchanges of halos. */
static int add_halo(const part_mesh *p, int nranks, weiss_traffic *traffic, weiss_fault *fault)
{
    weiss_traffic halo = {0};
    int code = add_ghosts(p, nranks, &halo, fault);
    if (code == 0)
        code = weiss_traffic_settle(&halo, nranks, fault);
    for (size_t i = 0; i < halo.nflows && code == 0; i++)
        code = weiss_traffic_add(traffic, halo.flow[i].from, halo.flow[i].to, EXCHANGES,
                                 halo.flow[i].bytes * COMPONENTS * EXCHANGES, fault);
    weiss_traffic_free(&halo);
    return code;
}

/** Where a collective operation of rank `from` is added. */
typedef struct collective {
    weiss_traffic *traffic;
    weiss_fault *fault;
    int from, code;
    double times;
} collective;

static void send(void *data, int to, double messages, double bytes)
{
    collective *c = data;
    if (c->code == 0)
        c->code = weiss_traffic_add(c->traffic, c->from, to, c->times * messages, c->times * bytes, c->fault);
}

/** Surface nodes of each rank. @return NULL when there is no memory */
static double *count_surface(const part_mesh *p, int nranks, double *all)
{
    double *own = calloc((size_t)nranks, sizeof *own);
    bool *surface = calloc((size_t)p->neighbours.n + 1, sizeof *surface);
    *all = 0.0;
    if (own == NULL || surface == NULL) {
        free(own);
        free(surface);
        return NULL;
    }
    for (weiss_gidx i = 0; i < 3 * p->faces.n; i++)
        surface[p->faces.node[i]] = true;
    for (weiss_lidx i = 0; i < p->neighbours.n; i++) {
        own[p->part[i]] += surface[i] ? 1.0 : 0.0;
        *all += surface[i] ? 1.0 : 0.0;
    }
    free(surface);
    return own;
}

/** Nodes that have a neighbour in a part after their own: what separates the parts. */
static double count_interface(const part_mesh *p)
{
    double n = 0.0;
    for (weiss_lidx i = 0; i < p->neighbours.n; i++) {
        weiss_lidx j = p->neighbours.start[i];
        while (j < p->neighbours.start[i + 1] && p->part[p->neighbours.item[j]] <= p->part[i])
            j++;
        n += j < p->neighbours.start[i + 1] ? 1.0 : 0.0;
    }
    return n;
}

/** The boundary part of the demagnetising field: the potential of all surface nodes to all ranks, and the results, of which each
 *  rank has an equal part, back to where the nodes are. The nodes between parts in the Poisson
 *  problems. And the reductions. */
static int add_collectives(const part_mesh *p, int nranks, weiss_traffic *traffic, weiss_fault *fault)
{
    double all, *own = count_surface(p, nranks, &all);
    double interface = count_interface(p);
    collective c = {traffic, fault, 0, 0, 1.0};
    if (own == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (int r = 0; r < nranks && c.code == 0; r++) {
        c.from = r;
        c.times = 1.0;
        weiss_pattern_allgather(nranks, r, all * sizeof(double), own[(r + 1) % nranks] * sizeof(double), send,
                                &c);
        for (int to = 0; to < nranks; to++)
            if (to != r)
                send(&c, to, 1.0, own[to] / nranks * sizeof(double));
        c.times = REDUCTIONS;
        weiss_pattern_allreduce(nranks, r, sizeof(double), send, &c);
        c.times = POTENTIALS;
        weiss_pattern_allreduce(nranks, r, interface * sizeof(double), send, &c);
    }
    free(own);
    return c.code;
}

int weiss_plan_mesh(weiss_context *ctx, const char *path, int nranks, weiss_traffic *traffic)
{
    weiss_tetmesh *mesh = NULL;
    part_mesh p = {0};
    weiss_fault fault = {0};
    int code;
    *traffic = (weiss_traffic){0};
    WEISS_TRY_OUT(code, weiss_mesh_read_file(ctx, path, &mesh));
    if (nranks > mesh->nnodes) {
        code = weiss_fail(ctx, WEISS_ERR_VALUE, "%s: %d ranks are more than the %lld nodes of the mesh", path,
                          nranks, (long long)mesh->nnodes);
        goto out;
    }
    WEISS_TRY_OUT(code, prepare(ctx, mesh, &p));
    WEISS_TRY_OUT(code, divide(ctx, &p, nranks));
    code = add_halo(&p, nranks, traffic, &fault);
    if (code == 0)
        code = add_collectives(&p, nranks, traffic, &fault);
    if (code == 0)
        code = weiss_traffic_settle(traffic, nranks, &fault);
    if (code != 0)
        weiss_fail(ctx, code, "%s", fault.text);
out:
    if (code != 0)
        weiss_traffic_free(traffic);
    release(&p);
    weiss_tetmesh_destroy(mesh);
    return code;
}

/** Fills in what a division says. */
static int describe(const part_mesh *p, int nranks, weiss_sim_parts *parts, weiss_fault *fault)
{
    double *own = count_surface(p, nranks, &parts->surface), *nodes = calloc((size_t)nranks, sizeof *nodes);
    int code = own == NULL || nodes == NULL ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory") : 0;
    parts->nranks = nranks;
    parts->nodes = p->neighbours.n;
    parts->interface = count_interface(p);
    for (weiss_lidx i = 0; code == 0 && i < p->neighbours.n; i++)
        nodes[p->part[i]] += 1.0;
    for (int r = 0; code == 0 && r < nranks; r++)
        parts->largest = nodes[r] > parts->largest ? nodes[r] : parts->largest;
    free(own);
    free(nodes);
    if (code == 0)
        code = add_ghosts(p, nranks, &parts->halo, fault);
    return code != 0 ? code : weiss_traffic_settle(&parts->halo, nranks, fault);
}

int weiss_plan_parts(weiss_context *ctx, const char *path, const int *nranks, int n, weiss_sim_parts *parts)
{
    weiss_tetmesh *mesh = NULL;
    part_mesh p = {0};
    weiss_fault fault = {0};
    int code;
    memset(parts, 0, (size_t)n * sizeof *parts);
    WEISS_TRY_OUT(code, weiss_mesh_read_file(ctx, path, &mesh));
    WEISS_TRY_OUT(code, prepare(ctx, mesh, &p));
    for (int i = 0; code == 0 && i < n; i++) {
        if (nranks[i] > mesh->nnodes)
            code =
                weiss_fail(ctx, WEISS_ERR_VALUE,
                           "%d ranks are more than the %lld nodes of the mesh; give a finer one with --mesh",
                           nranks[i], (long long)mesh->nnodes);
        if (code == 0)
            code = divide(ctx, &p, nranks[i]);
        if (code == 0 && (code = describe(&p, nranks[i], &parts[i], &fault)) != 0)
            weiss_fail(ctx, code, "%s", fault.text);
    }
out:
    release(&p);
    weiss_tetmesh_destroy(mesh);
    return code;
}
