/* The reader of problem files against files that nobody would write. One entry serves three drivers:
 *   fuzz-problem --mutations N SEED.yaml...   deterministic mutations of the seeds (what the test runs)
 *   fuzz-problem FILE...                      the files as they are (AFL, or to look at one case)
 *   libFuzzer                                 built with -DWEISS_LIBFUZZER -fsanitize=fuzzer, which brings its own main
 * Whatever the input, the reader must end, refuse or accept, keep its promises and free all memory. */
#include "base/file.h"
#include "leaks.h"
#include "sample-schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static weiss_context *ctx;
static size_t accepted;

static void insist(bool right, const char *promise)
{
    if (right)
        return;
    fprintf(stderr, "fuzz-problem: broken promise: %s (error text: %s)\n", promise, weiss_error_text(ctx));
    abort();
}

/* What the rooms above rely on in a tree that was accepted. */
static void inspect(const weiss_value *value)
{
    insist(value->line > 0 || value->is_default, "a value has a line or is a default");
    insist(isfinite(value->number), "numbers are finite");
    for (size_t i = 0; value->numbers != NULL && i < value->count; i++)
        insist(isfinite(value->numbers[i]), "numbers are finite");
    if (value->kind == WEISS_KIND_DIRECTION) {
        const double *v = value->numbers;
        insist(fabs(sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) - 1) < 1e-14, "directions have length 1");
    }
    for (size_t i = 0; value->items != NULL && i < value->count; i++) {
        insist(value->items[i]->parent == value, "a child knows its parent");
        inspect(value->items[i]);
    }
}

static void inspect_error(int code)
{
    const char *text = weiss_error_text(ctx);
    insist(code == WEISS_ERR_VALUE || code == WEISS_ERR_SYNTAX, "a refusal is an error of syntax or value");
    insist(strncmp(text, "fuzz.yaml:", 10) == 0 && text[10] >= '1' && text[10] <= '9',
           "an error names file and line");
    for (; *text != '\0'; text++)
        insist((unsigned char)*text >= ' ' && *text != 0x7f, "an error can be printed at a terminal");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (ctx == NULL) {
        MPI_Init(NULL, NULL);
        insist(weiss_context_create(MPI_COMM_WORLD, &ctx) == 0, "there is a context");
    }
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    weiss_problem *problem;
    int code = weiss_problem_parse(ctx, "fuzz.yaml", text, size, &sample_parts, &problem);
    insist((code == 0) == (problem != NULL), "there is a problem exactly on success");
    if (code == 0) {
        insist(weiss_error_code(ctx) == 0, "no error is stored on success");
        inspect(problem->root);
        accepted++;
    } else {
        inspect_error(code);
    }
    weiss_clear_error(ctx);
    weiss_problem_destroy(problem);
    free(text);
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

static void mutate(text *t, const text *other, uint64_t *seed)
{
    static const char *const words[] = {
        "[",     "]",     "{",         "}",     ":",      ": ",     "- ",
        "? ",    ",",     "\n",        "\n  ",  "\t",     " ",      "#",
        "&a ",   "*a",    "<<: ",      "!!x ",  "|\n",    ">\n",    "'",
        "\"",    "\\",    "---\n",     "...\n", "%YAML",  "~",      "null",
        "1e999", "-1",    "0",         ".nan",  ".inf",   "1e-999", " nm",
        " kA/m", " T",    "/",         "^9",    "on",     "off",    "none",
        "relax", "Ms: 1", "\xff",      "\xc2",  "\u00b5", "\u2028", "\xef\xbb\xbf",
        "\x01",  "box: ", "[0, 0, 0]",
    };
    size_t at = below(seed, t->length + 1), length = 1 + below(seed, 1 + below(seed, 64)), from;
    const char *word = words[below(seed, sizeof words / sizeof *words)];
    char byte = (char)next_random(seed);
    switch (below(seed, 7)) {
    case 0:
        splice(t, at, 1, &byte, 1);
        break;
    case 1:
        splice(t, at, below(seed, 3), word, strlen(word));
        break;
    case 2:
        splice(t, at, length, "", 0);
        break;
    case 3: /* repeats a part */
        from = below(seed, t->length + 1);
        splice(t, at, 0, t->data + from, length < t->length - from ? length : t->length - from);
        break;
    case 4: /* takes a part of another seed */
        from = below(seed, other->length + 1);
        splice(t, at, length, other->data + from,
               length < other->length - from ? length : other->length - from);
        break;
    case 5: /* flips a bit */
        if (at < t->length)
            t->data[at] = (char)(t->data[at] ^ (1 << below(seed, 8)));
        break;
    default: /* moves the indentation of a line */
        while (at < t->length && t->data[at] != '\n')
            at++;
        if (at < t->length)
            splice(t, at + 1, below(seed, 3), "    ", below(seed, 5));
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
        for (size_t k = 1 + below(&seed, 4); k > 0; k--)
            mutate(&t, &seeds[below(&seed, nseeds)], &seed);
        LLVMFuzzerTestOneInput((const uint8_t *)data, t.length);
    }
}

int main(int argc, char **argv)
{
    size_t mutations = 0, nseeds = 0;
    int first = 1;
    MPI_Init(&argc, &argv);
    insist(weiss_context_create(MPI_COMM_WORLD, &ctx) == 0, "there is a context");
    if (argc > 2 && strcmp(argv[1], "--mutations") == 0) {
        mutations = strtoul(argv[2], NULL, 10);
        first = 3;
    }
    text *seeds = calloc((size_t)argc, sizeof *seeds);
    for (int i = first; i < argc && seeds != NULL; i++) {
        text *one = &seeds[nseeds++];
        if (weiss_file_read(ctx, argv[i], LONGEST, &one->data, &one->length) != 0) {
            fprintf(stderr, "fuzz-problem: %s\n", weiss_error_text(ctx));
            return 2;
        }
        LLVMFuzzerTestOneInput((const uint8_t *)one->data, one->length);
    }
    size_t grown = 1;
    for (int round = 0; nseeds > 0 && grown != 0 && round < 3; round++) {
        size_t before = bytes_in_use(); /* MPI's own threads may allocate now and then, but not every time */
        accepted = 0;
        run_mutations(seeds, nseeds, mutations);
        grown = bytes_in_use() - before;
    }
    insist(nseeds == 0 || grown == 0, "all memory is freed");
    printf("%zu seeds, %zu mutations, %zu accepted\n", nseeds, mutations, accepted);
    /* Mutations that are all refused, or hardly any, would test little. */
    insist(mutations == 0 || (accepted > mutations / 50 && accepted < mutations / 2),
           "some mutations are accepted");
    for (size_t i = 0; i < nseeds; i++)
        free(seeds[i].data);
    free(seeds);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return 0;
}

#endif
