#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_SKIP 77
#define EXIT_HUNG 98

/* State of the program: a signal handler and every check need it. */
static struct {
    const char *program;
    int rank, size;
    double scale;
    uint64_t seed;
    unsigned limit;
    bool huge, trace;
    const char *tolerated; /* words between commas; NULL: none */
    char step[200];
    _Atomic uint64_t checks, bytes;
} suite = {.program = "?", .scale = 1, .seed = 1, .limit = 60};

/* Runs on a signal: only calls that are allowed there. The other ranks get a moment to say where they hang. */
static void hung(int signal_number)
{
    char text[400];
    (void)signal_number;
    int n = 0;
    const char *part[] = {suite.program, ": watchdog: rank ", NULL, " hangs in: ", suite.step, "\n"};
    char rank[12];
    int digit = (int)sizeof rank - 1, number = suite.rank;
    rank[digit] = '\0';
    do
        rank[--digit] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    part[2] = rank + digit;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        for (const char *c = part[i]; *c != '\0' && n < (int)sizeof text; c++)
            text[n++] = *c;
    if (write(STDERR_FILENO, text, (size_t)n) < 0)
        _exit(EXIT_HUNG);
    sleep(2);
    _exit(EXIT_HUNG);
}

static double number_after(int argc, char **argv, int *i)
{
    char *end = NULL;
    double value = *i + 1 < argc ? strtod(argv[*i + 1], &end) : 0;
    if (end == NULL || end == argv[*i + 1] || *end != '\0' || value <= 0) {
        fprintf(stderr, "%s: %s needs a number greater than 0\n", suite.program, argv[*i]);
        exit(2);
    }
    ++*i;
    return value;
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--scale") == 0) {
            suite.scale = number_after(argc, argv, &i);
        } else if (strcmp(argv[i], "--seed") == 0) {
            suite.seed = (uint64_t)number_after(argc, argv, &i);
        } else if (strcmp(argv[i], "--limit") == 0) {
            suite.limit = (unsigned)number_after(argc, argv, &i);
        } else if (strcmp(argv[i], "--huge") == 0) {
            suite.huge = true;
        } else if (strcmp(argv[i], "--trace") == 0) {
            suite.trace = true;
        } else if (strcmp(argv[i], "--tolerate") == 0 && i + 1 < argc) {
            suite.tolerated = argv[++i];
        } else {
            fprintf(
                stderr,
                "%s: unknown option %s; there are --scale, --seed, --limit, --huge, --trace, --tolerate\n",
                suite.program, argv[i]);
            exit(2);
        }
    }
}

int test_start(int *argc, char ***argv, const char *program, int threads)
{
    int provided;
    suite.program = program;
    read_options(*argc, *argv);
    signal(SIGALRM, hung);
    test_step("MPI_Init_thread");
    MPI_Init_thread(argc, argv, threads, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &suite.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &suite.size);
    return provided;
}

int test_end(void)
{
    uint64_t mine[2] = {suite.checks, suite.bytes}, all[2];
    test_step("sum of what was checked");
    MPI_Reduce(mine, all, 2, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    if (suite.rank == 0) {
        printf("checked: %llu results, %.1f MB\n", (unsigned long long)all[0], (double)all[1] / 1e6);
        fflush(stdout);
    }
    return test_end_quietly();
}

int test_end_quietly(void)
{
    test_step("MPI_Finalize");
    MPI_Finalize();
    alarm(0);
    return 0;
}

int test_skip(const char *format, ...)
{
    va_list arguments;
    if (suite.rank == 0) {
        va_start(arguments, format);
        fputs("skipped: ", stdout);
        vprintf(format, arguments);
        putchar('\n');
        fflush(stdout);
        va_end(arguments);
    }
    test_end_quietly();
    return EXIT_SKIP;
}

void test_note(const char *format, ...)
{
    va_list arguments;
    if (suite.rank != 0)
        return;
    va_start(arguments, format);
    fputs("note: ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    va_end(arguments);
}

int test_rank(void)
{
    return suite.rank;
}

int test_size(void)
{
    return suite.size;
}

bool test_huge(void)
{
    return suite.huge;
}

bool test_tolerates(const char *fault)
{
    size_t n = strlen(fault);
    for (const char *word = suite.tolerated; word != NULL; word = strchr(word, ',')) {
        word += *word == ',';
        if (strncmp(word, fault, n) == 0 && (word[n] == ',' || word[n] == '\0'))
            return true;
    }
    return false;
}

int test_scaled(int count, int least)
{
    double n = count * suite.scale;
    return n < least ? least : (int)n;
}

void test_step(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(suite.step, sizeof suite.step, format, arguments);
    va_end(arguments);
    if (suite.trace)
        fprintf(stderr, "%s: rank %d: %s\n", suite.program, suite.rank, suite.step);
    alarm(suite.limit);
}

/* One step of splitmix64. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t test_seed(uint64_t a, uint64_t b, uint64_t c)
{
    return mix(mix(mix(mix(suite.seed) ^ a) ^ b) ^ c);
}

uint64_t test_random(uint64_t seed, uint64_t index, uint64_t bound)
{
    return mix(seed ^ mix(index)) % bound;
}

int *test_order(uint64_t seed, int n)
{
    int *order = test_memory((size_t)n * sizeof *order);
    for (int i = 0; i < n; i++) {
        int j = (int)test_random(seed, (uint64_t)i, (uint64_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    return order;
}

/* Eight bytes of the sequence. Cheap, since hundreds of megabytes pass here; every word differs from its neighbours. */
static uint64_t word(uint64_t seed, uint64_t index)
{
    uint64_t x = (seed + index) * 0x9e3779b97f4a7c15u;
    return x ^ (x >> 29);
}

static unsigned char byte(uint64_t seed, size_t at)
{
    return (unsigned char)(word(seed, at / 8) >> (8 * (at % 8)));
}

void test_fill(void *data, size_t first, size_t n, uint64_t seed)
{
    unsigned char *d = data;
    size_t i = 0;
    for (; i < n && (first + i) % 8 != 0; i++)
        d[i] = byte(seed, first + i);
    for (; i + 8 <= n; i += 8) {
        uint64_t w = word(seed, (first + i) / 8);
        memcpy(d + i, &w, 8);
    }
    for (; i < n; i++)
        d[i] = byte(seed, first + i);
}

static void __attribute__((noreturn)) die(const char *text)
{
    fprintf(stderr, "%s: rank %d: %s: %s\n", suite.program, suite.rank, suite.step, text);
    fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

void test_fail(const char *file, int line, const char *format, ...)
{
    char text[600], where[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *slash = strrchr(file, '/');
    snprintf(where, sizeof where, "%s (%s:%d)", text, slash == NULL ? file : slash + 1, line);
    die(where);
}

/* Says where the data differs and how far. */
static void __attribute__((noreturn))
differ(const unsigned char *got, const unsigned char *expected, size_t n, const char *what)
{
    char text[600];
    size_t at = 0, others = 0;
    while (at < n && got[at] == expected[at])
        at++;
    for (size_t i = at + 1; i < n; i++)
        others += got[i] != expected[i];
    snprintf(text, sizeof text,
             "%s: byte %zu of %zu is 0x%02x, expected 0x%02x (%zu bytes behind it differ too)", what, at, n,
             got[at], expected[at], others);
    die(text);
}

static bool filled(const unsigned char *d, size_t first, size_t n, uint64_t seed)
{
    size_t i = 0;
    for (; i < n && (first + i) % 8 != 0; i++)
        if (d[i] != byte(seed, first + i))
            return false;
    uint64_t wrong = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t w;
        memcpy(&w, d + i, 8);
        wrong |= w ^ word(seed, (first + i) / 8);
    }
    for (; i < n; i++)
        wrong |= d[i] ^ byte(seed, first + i);
    return wrong == 0;
}

static void count(size_t n)
{
    atomic_fetch_add_explicit(&suite.checks, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&suite.bytes, n, memory_order_relaxed);
}

void test_check_fill(const void *data, size_t first, size_t n, uint64_t seed, const char *format, ...)
{
    char what[300];
    va_list arguments;
    count(n);
    if (filled(data, first, n, seed))
        return;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    unsigned char *expected = test_memory(n);
    test_fill(expected, first, n, seed);
    differ(data, expected, n, what);
}

void test_check_bytes(const void *data, const void *expected, size_t n, const char *format, ...)
{
    char what[300];
    va_list arguments;
    count(n);
    if (n == 0 || memcmp(data, expected, n) == 0)
        return;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    differ(data, expected, n, what);
}

void *test_memory(size_t n)
{
    void *memory = malloc(n > 0 ? n : 1);
    if (memory == NULL) {
        fprintf(stderr, "%s: rank %d: no memory for %zu bytes\n", suite.program, suite.rank, n);
        MPI_Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    return memory;
}

void *test_buffer(size_t n)
{
    void *buffer = test_memory(n + TEST_GUARD);
    test_blank(buffer, n);
    return buffer;
}

void test_blank(void *buffer, size_t n)
{
    memset(buffer, 0xEE, n + TEST_GUARD);
}

void test_check_guard(const void *buffer, size_t n, const char *what)
{
    const unsigned char *guard = (const unsigned char *)buffer + n;
    for (int i = 0; i < TEST_GUARD; i++)
        TEST_CHECK(guard[i] == 0xEE, "%s: byte %d behind the buffer of %zu was written: 0x%02x", what, i, n,
                   guard[i]);
}

void test_check_status(const MPI_Status *status, int source, int tag, size_t bytes, const char *what)
{
    int n;
    MPI_Get_count(status, MPI_BYTE, &n);
    TEST_CHECK(status->MPI_SOURCE == source && status->MPI_TAG == tag && n == (int)bytes,
               "%s: status says source %d, tag %d, %d bytes; expected %d, %d, %zu", what, status->MPI_SOURCE,
               status->MPI_TAG, n, source, tag, bytes);
}

int test_rounds(int size)
{
    int rounds = 1;
    while (rounds < size)
        rounds *= 2;
    return rounds;
}

int test_partner(int rank, int size, int round)
{
    int partner = rank ^ round;
    return partner < size ? partner : -1;
}
