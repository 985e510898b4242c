/* The readers of mesh files against files that nobody would write. One entry serves three drivers:
 *   fuzz-mesh --mutations N    deterministic mutations of a small mesh in every format (what the test runs)
 *   fuzz-mesh FILE...          the files as they are (AFL, or to look at one case)
 *   libFuzzer                  built with -DWEISS_LIBFUZZER -fsanitize=fuzzer, which brings its own main
 * Whatever the input, a reader must end, refuse or accept, keep its promises and free all memory; what it accepts must
 * pass inspection or be refused there. */
#include "leaks.h"
#include "sample.h"

#include "base/file.h"
#include "mesh/check.h"
#include "mesh/gmsh_file.h"
#include "mesh/quality.h"
#include "mesh/source.h"

#include <string.h>

#define LONGEST 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static weiss_context *ctx;
static size_t accepted, usable;

static void insist(bool right, const char *promise)
{
    if (right)
        return;
    fprintf(stderr, "fuzz-mesh: broken promise: %s (error text: %s)\n", promise,
            ctx != NULL ? weiss_error_text(ctx) : "");
    abort();
}

static void inspect_error(int code, const char *beginning)
{
    const char *text = weiss_error_text(ctx);
    insist(code == WEISS_ERR_MESH || code == WEISS_ERR_SYNTAX, "a refusal is an error of syntax or mesh");
    insist(strncmp(text, beginning, strlen(beginning)) == 0, "an error names the file or the mesh");
    for (; *text != '\0'; text++)
        insist((unsigned char)*text >= ' ' && *text != 0x7f, "an error can be printed at a terminal");
    weiss_clear_error(ctx);
}

/* What a reader promises, and then what inspection promises. */
static void inspect(weiss_tetmesh *mesh)
{
    weiss_mesh_quality quality;
    insist(mesh->ntets > 0, "there are tetrahedra");
    for (weiss_gidx i = 0; i < 3 * mesh->nnodes; i++)
        insist(isfinite(mesh->xyz[i]), "coordinates are finite");
    for (weiss_gidx i = 0; i < 4 * mesh->ntets; i++)
        insist(mesh->tet[i] >= 0 && mesh->tet[i] < mesh->nnodes, "corners are nodes");
    for (weiss_gidx e = 0; e < mesh->ntets; e++)
        insist(mesh->region[e] >= 0, "regions are not negative");
    accepted++;
    int code = weiss_mesh_inspect(ctx, mesh, NULL, &quality);
    if (code != 0) {
        inspect_error(code, "mesh: ");
        return;
    }
    insist(weiss_tetmesh_check(ctx, mesh) == 0, "an inspected mesh can be distributed");
    insist(quality.volume > 0 && isfinite(quality.area) && quality.ratio_mean <= 1.000001 &&
               quality.ratio_min >= 0 && quality.nbodies > 0,
           "the facts make sense");
    weiss_mesh_quality_free(&quality);
    usable++;
}

static int read_as(const weiss_mesh_format *format, const char *data, size_t size, weiss_tetmesh **mesh)
{
    char *copy = malloc(size > 0 ? size : 1); /* of exact length, so that a sanitizer sees a read behind it */
    insist(copy != NULL, "there is memory");
    memcpy(copy, data, size);
    int code = format->read(ctx, "fuzz.msh", copy, size, mesh);
    free(copy);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (ctx == NULL) {
        MPI_Init(NULL, NULL);
        insist(weiss_context_create(MPI_COMM_WORLD, &ctx) == 0, "there is a context");
        weiss_set_log(ctx, NULL, NULL);
    }
    for (const weiss_mesh_format *const *format = weiss_mesh_format_table; *format != NULL; format++) {
        weiss_tetmesh *mesh = NULL;
        if ((*format)->recognise == NULL || size == 0 || !(*format)->recognise((const char *)data, size))
            continue;
        int code = read_as(*format, (const char *)data, size, &mesh);
        insist((code == 0) == (mesh != NULL), "there is a mesh exactly on success");
        if (code != 0)
            inspect_error(code, "fuzz.msh:");
        else
            inspect(mesh);
        weiss_tetmesh_destroy(mesh);
    }
    return 0;
}

#ifndef WEISS_LIBFUZZER

typedef struct text {
    char *data;
    size_t length;
} text;

/* splitmix64 */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(uint64_t *seed, size_t n)
{
    return n > 0 ? (size_t)(next_random(seed) % n) : 0;
}

/* Replaces @p removed bytes at @p at by @p inserted ones; does nothing when the text would become too long. */
static void splice(text *t, size_t at, size_t removed, const char *inserted, size_t length)
{
    char copy[LONGEST];
    if (removed > t->length - at)
        removed = t->length - at;
    if (t->length - removed + length > LONGEST)
        return;
    memcpy(copy, inserted, length); /* it may be a part of the text itself */
    memmove(t->data + at + length, t->data + at + removed, t->length - at - removed);
    memcpy(t->data + at, copy, length);
    t->length += length - removed;
}

/* Overwrites a binary number by one that is extreme. */
static void put_extreme(text *t, size_t at, uint64_t *seed)
{
    static const int64_t numbers[] = {
        0,          -1,        1,         2,         INT32_MAX,          INT32_MIN,
        UINT32_MAX, INT64_MAX, INT64_MIN, 1LL << 40, 0x7ff0000000000000, 0x7ff8000000000000};
    int64_t number = numbers[below(seed, sizeof numbers / sizeof *numbers)];
    size_t size = below(seed, 2) == 0 ? 4 : 8;
    if (at + size <= t->length)
        memcpy(t->data + at, &number, size);
}

/* Replaces the number or word at a place by another. */
static void replace_word(text *t, size_t at, uint64_t *seed)
{
    static const char *const words[] = {
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "11",
        "15",
        "-1",
        "1e999",
        "nan",
        "-inf",
        "1e-400",
        "0x1p3",
        "2147483647",
        "2147483648",
        "-2147483648",
        "4294967297",
        "1e300",
        "0.1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "$Nodes",
        "$EndNodes",
        "$Elements",
        "$EndElements",
        "$Entities",
        "$EndEntities",
        "$PhysicalNames",
        "$Comments",
        "$MeshFormat",
        "\"",
        "3 7 \"\"",
        "\n",
    };
    const char *word = words[below(seed, sizeof words / sizeof *words)];
    size_t end = at;
    while (end < t->length && t->data[end] > ' ')
        end++;
    splice(t, at, end - at, word, strlen(word));
}

static void mutate(text *t, const text *other, uint64_t *seed)
{
    size_t at = below(seed, t->length + 1), length = 1 + below(seed, 1 + below(seed, 64)), from;
    char byte = (char)next_random(seed);
    switch (below(seed, 8)) {
    case 0:
        splice(t, at, 1, &byte, 1);
        break;
    case 1:
        splice(t, at, length, "", 0);
        break;
    case 2: /* repeats a part */
        from = below(seed, t->length + 1);
        splice(t, at, 0, t->data + from, length < t->length - from ? length : t->length - from);
        break;
    case 3: /* takes a part of another seed */
        from = below(seed, other->length + 1);
        splice(t, at, length, other->data + from,
               length < other->length - from ? length : other->length - from);
        break;
    case 4: /* flips a bit */
        if (at < t->length)
            t->data[at] = (char)(t->data[at] ^ (1 << below(seed, 8)));
        break;
    case 5: /* cuts the end off */
        if (below(seed, 4) == 0)
            t->length = at;
        break;
    case 6:
        put_extreme(t, at, seed);
        break;
    default:
        replace_word(t, at, seed);
        break;
    }
}

static void run_mutations(const text *seeds, size_t nseeds, size_t count)
{
    uint64_t seed = 2024;
    char data[LONGEST];
    text t = {.data = data};
    for (size_t i = 0; i < count; i++) {
        const text *start = &seeds[below(&seed, nseeds)];
        t.length = start->length;
        memcpy(data, start->data, start->length);
        for (size_t k = 1 + below(&seed, 3); k > 0; k--)
            mutate(&t, &seeds[below(&seed, nseeds)], &seed);
        LLVMFuzzerTestOneInput((const uint8_t *)data, t.length);
    }
}

/* The sample in every format. Returns the number of seeds. */
static size_t make_seeds(text *seeds, size_t most)
{
    size_t n = 0;
    weiss_tetmesh *mesh = sample_mesh(ctx);
    for (; weiss_mesh_format_table[n] != NULL && n < most; n++) {
        FILE *file = open_memstream(&seeds[n].data, &seeds[n].length);
        insist(mesh != NULL && file != NULL && weiss_mesh_format_table[n]->write(ctx, mesh, file) == 0 &&
                   fclose(file) == 0 && seeds[n].length < LONGEST / 2,
               "there are seeds");
    }
    weiss_tetmesh_destroy(mesh);
    return n;
}

static void fuzz(size_t mutations)
{
    text seeds[8];
    size_t n = make_seeds(seeds, 8), grown = 1;
    for (int round = 0; grown != 0 && round < 3; round++) {
        size_t before = bytes_in_use(); /* MPI's own threads may allocate now and then, but not every time */
        accepted = usable = 0;
        run_mutations(seeds, n, mutations);
        weiss_context_destroy(ctx); /* it keeps the warnings */
        insist(weiss_context_create(MPI_COMM_WORLD, &ctx) == 0, "there is a context");
        weiss_set_log(ctx, NULL, NULL);
        grown = bytes_in_use() - before;
    }
    insist(grown == 0, "all memory is freed");
    printf("%zu seeds, %zu mutations, %zu read, %zu of them usable\n", n, mutations, accepted, usable);
    fflush(stdout);
    /* Mutations that are all refused, or hardly any, would test little. */
    insist(accepted > mutations / 20 && accepted < mutations / 2 && usable > mutations / 50 &&
               usable < accepted,
           "some mutations are accepted");
    for (size_t i = 0; i < n; i++)
        free(seeds[i].data);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    insist(weiss_context_create(MPI_COMM_WORLD, &ctx) == 0, "there is a context");
    weiss_set_log(ctx, NULL, NULL);
    if (argc == 3 && strcmp(argv[1], "--mutations") == 0)
        fuzz(strtoul(argv[2], NULL, 10));
    else
        for (int i = 1; i < argc; i++) {
            text one;
            if (weiss_file_read(ctx, argv[i], (size_t)1 << 30, &one.data, &one.length) != 0) {
                fprintf(stderr, "fuzz-mesh: %s\n", weiss_error_text(ctx));
                return 2;
            }
            LLVMFuzzerTestOneInput((const uint8_t *)one.data, one.length);
            free(one.data);
        }
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return 0;
}

#endif
