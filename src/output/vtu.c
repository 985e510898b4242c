#include "output/vtu.h"

#include "output/shared-file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CHUNK ((size_t)16 << 20)
#define MIN_CHUNK ((size_t)64) /* holds an item of any array */
#define VTK_TETRA 10
#define MAX_ARRAYS 32

typedef enum block_kind { COORDINATES, CONNECTIVITY, OFFSETS, TYPES, ARRAY } block_kind;

/* One array of the file. An item is what belongs to one node or one tetrahedron. */
typedef struct block {
    block_kind kind;
    const weiss_vtu_array *array; /* of ARRAY */
    const char *type; /* VTK's name of the type of a component */
    size_t item_bytes;
    int64_t items; /* whole mesh */
    int64_t begin; /* first item of this rank */
    int64_t count; /* items of this rank */
    int64_t offset; /* of its UInt64 length, from the mark "_" */
} block;

typedef struct writer {
    const weiss_vtu *what;
    weiss_context *ctx;
    bool wide; /* node numbers and offsets as Int64 */
    block blocks[MAX_ARRAYS + 4];
    int nblocks;
    int64_t data_bytes; /* of all blocks with their lengths */
    char *header;
    size_t header_bytes;
} writer;

static const char footer[] = "\n  </AppendedData>\n</VTKFile>\n";

static void add_block(writer *w, block_kind kind, const weiss_vtu_array *array, bool on_nodes)
{
    const weiss_mesh *mesh = w->what->mesh;
    block *b = &w->blocks[w->nblocks++];
    const char *index = w->wide ? "Int64" : "Int32", *real = w->what->single ? "Float32" : "Float64";
    size_t index_bytes = w->wide ? 8 : 4, real_bytes = w->what->single ? 4 : 8;
    *b = (block){.kind = kind, .array = array, .offset = w->data_bytes};
    b->items = on_nodes ? mesh->nnodes_global : mesh->ntets_global;
    b->begin = on_nodes ? mesh->node_begin : mesh->tet_begin;
    b->count = on_nodes ? mesh->nowned : mesh->ntets_owned;
    switch (kind) {
    case COORDINATES:
        b->type = real;
        b->item_bytes = 3 * real_bytes;
        break;
    case CONNECTIVITY:
        b->type = index;
        b->item_bytes = 4 * index_bytes;
        break;
    case OFFSETS:
        b->type = index;
        b->item_bytes = index_bytes;
        break;
    case TYPES:
        b->type = "UInt8";
        b->item_bytes = 1;
        break;
    case ARRAY:
        b->type = array->whole != NULL ? "Int32" : real;
        b->item_bytes = (size_t)array->ncomp * (array->whole != NULL ? 4 : real_bytes);
        break;
    }
    w->data_bytes += 8 + b->items * (int64_t)b->item_bytes;
}

static void plan_blocks(writer *w)
{
    const weiss_vtu *what = w->what;
    w->wide = what->mesh->nnodes_global > INT32_MAX || what->mesh->ntets_global > INT32_MAX / 4;
    for (int i = 0; i < what->npoint_arrays; i++)
        add_block(w, ARRAY, &what->point_array[i], true);
    for (int i = 0; i < what->ncell_arrays; i++)
        add_block(w, ARRAY, &what->cell_array[i], false);
    add_block(w, COORDINATES, NULL, true);
    add_block(w, CONNECTIVITY, NULL, false);
    add_block(w, OFFSETS, NULL, false);
    add_block(w, TYPES, NULL, false);
}

static void print_array(FILE *to, const block *b, const char *name, int ncomp)
{
    fprintf(to, "        <DataArray type=\"%s\" Name=\"%s\" NumberOfComponents=\"%d\" format=\"appended\" ",
            b->type, name, ncomp);
    fprintf(to, "offset=\"%" PRId64 "\"/>\n", b->offset);
}

static void print_header(const writer *w, FILE *to)
{
    const weiss_vtu *what = w->what;
    const block *b = w->blocks;
    const char *order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "LittleEndian" : "BigEndian";
    fprintf(to,
            "<?xml version=\"1.0\"?>\n<VTKFile type=\"UnstructuredGrid\" version=\"1.0\" byte_order=\"%s\" ",
            order);
    fprintf(to, "header_type=\"UInt64\">\n  <UnstructuredGrid>\n    <FieldData>\n");
    fprintf(
        to,
        "      <DataArray type=\"Float64\" Name=\"TimeValue\" NumberOfTuples=\"1\" format=\"ascii\">%.17g",
        what->time);
    fprintf(to,
            "</DataArray>\n      <DataArray type=\"Float64\" Name=\"metres_per_unit\" NumberOfTuples=\"1\" ");
    fprintf(to, "format=\"ascii\">%.17g</DataArray>\n    </FieldData>\n", what->unit);
    fprintf(to, "    <Piece NumberOfPoints=\"%" PRId64 "\" NumberOfCells=\"%" PRId64 "\">\n",
            (int64_t)what->mesh->nnodes_global, (int64_t)what->mesh->ntets_global);
    fprintf(to, "      <PointData%s>\n", what->npoint_arrays > 0 ? " Vectors=\"m\"" : "");
    for (int i = 0; i < what->npoint_arrays; i++, b++)
        print_array(to, b, b->array->name, b->array->ncomp);
    fprintf(to, "      </PointData>\n      <CellData>\n");
    for (int i = 0; i < what->ncell_arrays; i++, b++)
        print_array(to, b, b->array->name, b->array->ncomp);
    fprintf(to, "      </CellData>\n      <Points>\n");
    print_array(to, b++, "Points", 3);
    fprintf(to, "      </Points>\n      <Cells>\n");
    print_array(to, b++, "connectivity", 1);
    print_array(to, b++, "offsets", 1);
    print_array(to, b++, "types", 1);
    fprintf(to, "      </Cells>\n    </Piece>\n  </UnstructuredGrid>\n  <AppendedData encoding=\"raw\">\n_");
}

/* The header is made on every rank, so that all know its length. */
static int make_header(writer *w)
{
    FILE *to = open_memstream(&w->header, &w->header_bytes);
    if (to == NULL)
        return weiss_fail(w->ctx, WEISS_ERR_MEMORY, "out of memory");
    print_header(w, to);
    if (fclose(to) != 0)
        return weiss_fail(w->ctx, WEISS_ERR_MEMORY, "out of memory");
    return 0;
}

static void put_real(bool single, void *to, size_t i, double value)
{
    if (single)
        ((float *)to)[i] = (float)value;
    else
        ((double *)to)[i] = value;
}

static void put_index(bool wide, void *to, size_t i, int64_t value)
{
    if (wide)
        ((int64_t *)to)[i] = value;
    else
        ((int32_t *)to)[i] = (int32_t)value;
}

/* Converts @p n items of this rank from @p first on. */
static void fill(const writer *w, const block *b, int64_t first, size_t n, void *to)
{
    const weiss_mesh *mesh = w->what->mesh;
    bool single = w->what->single;
    switch (b->kind) {
    case COORDINATES:
        for (size_t i = 0; i < 3 * n; i++)
            put_real(single, to, i, mesh->xyz[3 * first + (int64_t)i] / w->what->unit);
        break;
    case CONNECTIVITY:
        for (size_t i = 0; i < 4 * n; i++)
            put_index(w->wide, to, i, weiss_mesh_global(mesh, mesh->tet[4 * first + (int64_t)i]));
        break;
    case OFFSETS:
        for (size_t i = 0; i < n; i++)
            put_index(w->wide, to, i, 4 * (b->begin + first + (int64_t)i + 1));
        break;
    case TYPES:
        memset(to, VTK_TETRA, n);
        break;
    case ARRAY: {
        int64_t ncomp = b->array->ncomp, total = ncomp * (int64_t)n;
        if (b->array->whole != NULL)
            memcpy(to, b->array->whole + ncomp * first, (size_t)total * sizeof(int32_t));
        else
            for (int64_t i = 0; i < total; i++)
                put_real(single, to, (size_t)i, b->array->real[ncomp * first + i]);
        break;
    }
    }
}

/* Writes this rank's slab of one array. */
static int write_block(const writer *w, const block *b, const weiss_shared_file *file, void *buffer,
                       size_t bytes)
{
    int64_t per_round = (int64_t)(bytes / b->item_bytes), item = (int64_t)b->item_bytes;
    int64_t start = (int64_t)w->header_bytes + 8 + b->offset + b->begin * item;
    for (int64_t first = 0; first < b->count; first += per_round) {
        int64_t left = b->count - first, n = left < per_round ? left : per_round;
        fill(w, b, first, (size_t)n, buffer);
        WEISS_TRY(weiss_shared_write(file, start + first * item, buffer, n * item));
    }
    return 0;
}

/* What rank 0 writes alone: the XML around the data and the lengths of the arrays. */
static int write_frame(const writer *w, const weiss_shared_file *file)
{
    int64_t head = (int64_t)w->header_bytes;
    WEISS_TRY(weiss_shared_write(file, 0, w->header, head));
    for (int i = 0; i < w->nblocks; i++) {
        uint64_t bytes = (uint64_t)w->blocks[i].items * w->blocks[i].item_bytes;
        WEISS_TRY(weiss_shared_write(file, head + w->blocks[i].offset, &bytes, sizeof bytes));
    }
    return weiss_shared_write(file, head + w->data_bytes, footer, sizeof footer - 1);
}

/* Writes this rank's parts. Local. */
static int write_parts(const writer *w, const weiss_shared_file *file, void *buffer, size_t bytes)
{
    for (int i = 0; i < w->nblocks; i++)
        WEISS_TRY(write_block(w, &w->blocks[i], file, buffer, bytes));
    return weiss_rank(w->ctx) == 0 ? write_frame(w, file) : 0;
}

int weiss_vtu_write(const weiss_vtu *what, const char *path)
{
    int code = 0;
    weiss_context *ctx = what->mesh->ctx;
    weiss_shared_file file;
    void *buffer = NULL;
    size_t buffer_bytes = what->chunk > MIN_CHUNK ? what->chunk : what->chunk > 0 ? MIN_CHUNK : DEFAULT_CHUNK;
    writer w = {.what = what, .ctx = ctx};
    if (what->npoint_arrays + what->ncell_arrays > MAX_ARRAYS)
        return weiss_fail(ctx, WEISS_ERR_DIMENSION, "%s: more than %d arrays", path, MAX_ARRAYS);
    plan_blocks(&w);
    WEISS_TRY_OUT(code, weiss_agree(ctx, make_header(&w)));
    WEISS_TRY_OUT(code, weiss_agree(ctx, weiss_alloc(ctx, &buffer, buffer_bytes, 1)));
    int64_t bytes = (int64_t)(w.header_bytes + sizeof footer - 1) + w.data_bytes;
    WEISS_TRY_OUT(code, weiss_shared_begin(ctx, path, bytes, &file));
    code = weiss_shared_end(&file, write_parts(&w, &file, buffer, buffer_bytes), NULL);
out:
    free(buffer);
    free(w.header);
    return code;
}
