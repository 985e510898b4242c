/* Writing Gmsh's formats 2.2 (text) and 4.1 (text and binary). Coordinates are written with 17 digits, so that they come
 * back as they were. A failing write shows when the file is committed. */
#include "mesh/gmsh_file.h"

#include <math.h>
#include <stdlib.h>

enum { TETRAHEDRON = 4, VOLUME = 3 };

/** Where and how to write numbers. */
typedef struct sink {
    FILE *to;
    bool binary;
} sink;

static void put_int(const sink *s, int32_t value)
{
    if (s->binary)
        fwrite(&value, sizeof value, 1, s->to);
    else
        fprintf(s->to, "%d ", value);
}

static void put_size(const sink *s, int64_t value)
{
    if (s->binary)
        fwrite(&value, sizeof value, 1, s->to);
    else
        fprintf(s->to, "%lld ", (long long)value);
}

static void put_real(const sink *s, double value)
{
    if (s->binary)
        fwrite(&value, sizeof value, 1, s->to);
    else
        fprintf(s->to, "%.17g ", value);
}

static void end_line(const sink *s)
{
    if (!s->binary)
        fputc('\n', s->to);
}

static void put_format(const sink *s, const char *version)
{
    int32_t one = 1;
    fprintf(s->to, "$MeshFormat\n%s %d 8\n", version, s->binary);
    if (s->binary) {
        fwrite(&one, sizeof one, 1, s->to);
        fputc('\n', s->to);
    }
    fprintf(s->to, "$EndMeshFormat\n");
}

static void put_names(const sink *s, const weiss_tetmesh *mesh)
{
    if (mesh->nnames == 0)
        return;
    fprintf(s->to, "$PhysicalNames\n%d\n", mesh->nnames);
    for (int i = 0; i < mesh->nnames; i++)
        fprintf(s->to, "3 %d \"%s\"\n", mesh->names[i].tag, mesh->names[i].name);
    fprintf(s->to, "$EndPhysicalNames\n");
}

int weiss_gmsh2_write(weiss_context *ctx, const weiss_tetmesh *mesh, FILE *to)
{
    const sink s = {.to = to};
    (void)ctx;
    put_format(&s, "2.2");
    put_names(&s, mesh);
    fprintf(to, "$Nodes\n%lld\n", (long long)mesh->nnodes);
    for (weiss_gidx i = 0; i < mesh->nnodes; i++)
        fprintf(to, "%lld %.17g %.17g %.17g\n", (long long)(i + 1), mesh->xyz[3 * i], mesh->xyz[3 * i + 1],
                mesh->xyz[3 * i + 2]);
    fprintf(to, "$EndNodes\n$Elements\n%lld\n", (long long)mesh->ntets);
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        const weiss_gidx *v = mesh->tet + 4 * e; /* its physical group is also its elementary entity */
        fprintf(to, "%lld 4 2 %d %d %lld %lld %lld %lld\n", (long long)(e + 1), mesh->region[e],
                mesh->region[e], (long long)(v[0] + 1), (long long)(v[1] + 1), (long long)(v[2] + 1),
                (long long)(v[3] + 1));
    }
    fprintf(to, "$EndElements\n");
    return 0;
}

/** The elements of one region: a volume of the file. */
typedef struct volume {
    int32_t region;
    weiss_gidx ntets;
    double low[3], high[3];
} volume;

static int by_region(const void *a, const void *b)
{
    const volume *x = a, *y = b;
    return (x->region > y->region) - (x->region < y->region);
}

static int find_volumes(weiss_context *ctx, const weiss_tetmesh *mesh, volume **list, size_t *n)
{
    size_t capacity = 0, v = 0;
    *list = NULL;
    *n = 0;
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        if (v >= *n || (*list)[v].region != mesh->region[e])
            for (v = 0; v < *n && (*list)[v].region != mesh->region[e];)
                v++;
        if (v == *n) {
            WEISS_TRY(weiss_grow(ctx, list, &capacity, *n + 1, sizeof **list));
            (*list)[(*n)++] = (volume){.region = mesh->region[e],
                                       .low = {HUGE_VAL, HUGE_VAL, HUGE_VAL},
                                       .high = {-HUGE_VAL, -HUGE_VAL, -HUGE_VAL}};
        }
        (*list)[v].ntets++;
        for (int c = 0; c < 12; c++) {
            double x = mesh->xyz[3 * mesh->tet[4 * e + c / 3] + c % 3];
            (*list)[v].low[c % 3] = fmin((*list)[v].low[c % 3], x);
            (*list)[v].high[c % 3] = fmax((*list)[v].high[c % 3], x);
        }
    }
    if (*n > 0)
        qsort(*list, *n, sizeof **list, by_region);
    return 0;
}

static void put_entities(const sink *s, const volume *list, size_t n)
{
    fprintf(s->to, "$Entities\n");
    for (int d = 0; d < VOLUME; d++)
        put_size(s, 0);
    put_size(s, (int64_t)n);
    end_line(s);
    for (size_t v = 0; v < n; v++) {
        put_int(s, (int32_t)v + 1);
        for (int k = 0; k < 3; k++)
            put_real(s, list[v].low[k]);
        for (int k = 0; k < 3; k++)
            put_real(s, list[v].high[k]);
        put_size(s, list[v].region != 0);
        if (list[v].region != 0)
            put_int(s, list[v].region);
        put_size(s, 0);
        end_line(s);
    }
    fprintf(s->to, "%s$EndEntities\n", s->binary ? "\n" : "");
}

/** One block: which volume a node counts for means nothing to the elements. */
static void put_nodes(const sink *s, const weiss_tetmesh *mesh)
{
    fprintf(s->to, "$Nodes\n");
    for (int k = 0; k < 4; k++)
        put_size(s, k % 2 == 0 ? 1 : mesh->nnodes); /* 1 block, n nodes, tags from 1 to n */
    end_line(s);
    put_int(s, VOLUME);
    put_int(s, 1);
    put_int(s, 0);
    put_size(s, mesh->nnodes);
    end_line(s);
    for (weiss_gidx i = 0; i < mesh->nnodes; i++) {
        put_size(s, i + 1);
        end_line(s);
    }
    for (weiss_gidx i = 0; i < mesh->nnodes; i++) {
        for (int k = 0; k < 3; k++)
            put_real(s, mesh->xyz[3 * i + k]);
        end_line(s);
    }
    fprintf(s->to, "%s$EndNodes\n", s->binary ? "\n" : "");
}

static void put_elements(const sink *s, const weiss_tetmesh *mesh, const volume *list, size_t n)
{
    int64_t tag = 0;
    fprintf(s->to, "$Elements\n");
    put_size(s, (int64_t)n);
    put_size(s, mesh->ntets);
    put_size(s, 1);
    put_size(s, mesh->ntets);
    end_line(s);
    for (size_t v = 0; v < n; v++) {
        put_int(s, VOLUME);
        put_int(s, (int32_t)v + 1);
        put_int(s, TETRAHEDRON);
        put_size(s, list[v].ntets);
        end_line(s);
        for (weiss_gidx e = 0; e < mesh->ntets; e++) {
            if (mesh->region[e] != list[v].region)
                continue;
            put_size(s, ++tag);
            for (int c = 0; c < 4; c++)
                put_size(s, mesh->tet[4 * e + c] + 1);
            end_line(s);
        }
    }
    fprintf(s->to, "%s$EndElements\n", s->binary ? "\n" : "");
}

static int write_4(weiss_context *ctx, const weiss_tetmesh *mesh, const sink *s)
{
    size_t n;
    volume *list = NULL;
    int code = find_volumes(ctx, mesh, &list, &n);
    if (code == 0) {
        put_format(s, "4.1");
        put_names(s, mesh);
        put_entities(s, list, n);
        put_nodes(s, mesh);
        put_elements(s, mesh, list, n);
    }
    free(list);
    return code;
}

int weiss_gmsh4_write(weiss_context *ctx, const weiss_tetmesh *mesh, FILE *to)
{
    return write_4(ctx, mesh, &(sink){.to = to});
}

int weiss_gmsh4_write_binary(weiss_context *ctx, const weiss_tetmesh *mesh, FILE *to)
{
    return write_4(ctx, mesh, &(sink){.to = to, .binary = true});
}
