/* The readers of topology and traffic files against files that nobody would write. As in problem/fuzz:
 *   fuzz-plan --mutations N SEED...   deterministic mutations of the seeds (what the test runs)
 *   fuzz-plan FILE...                 the files as they are
 * A seed is read as both. Whatever the input, a reader must end, refuse or accept, and keep its promises. */
#include "plan/random.h"
#include "plan/topology.h"
#include "plan/traffic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 16384

static size_t accepted;

static void insist(bool right, const char *promise, const weiss_fault *fault)
{
    if (right)
        return;
    fprintf(stderr, "fuzz-plan: broken promise: %s (text: %s)\n", promise, fault->text);
    abort();
}

static void inspect_fault(int code, const weiss_fault *fault)
{
    insist(code == WEISS_ERR_VALUE || code == WEISS_ERR_SYNTAX, "a refusal is of syntax or value", fault);
    insist(strncmp(fault->text, "fuzz:", 5) == 0 && fault->text[5] >= '1' && fault->text[5] <= '9',
           "an error names file and line", fault);
    for (const char *c = fault->text; *c != '\0'; c++)
        insist((unsigned char)*c >= ' ' && *c != 0x7f, "an error can be printed", fault);
}

static void try_topology(const char *text, size_t size)
{
    weiss_topology t;
    weiss_fault fault = {0};
    int code = weiss_topology_parse("fuzz", text, size, &t, &fault);
    if (code != 0) {
        inspect_fault(code, &fault);
        return;
    }
    accepted++;
    insist(t.nservers > 0 && t.nvms >= t.nservers && t.nslots >= t.nvms && t.nslots <= WEISS_PLAN_SLOTS_MAX,
           "servers have VMs, VMs have slots", &fault);
    for (int i = 0; i < t.nslots; i++)
        insist(t.slot_vm[i] >= 0 && t.slot_vm[i] < t.nvms, "a slot is of a VM", &fault);
    for (int l = 0; l < WEISS_PLAN_LEVELS; l++)
        insist(t.speed[l].latency > 0.0 && t.speed[l].bandwidth >= 1.0 && isfinite(t.speed[l].bandwidth),
               "speeds are positive and finite", &fault);
    weiss_topology_free(&t);
}

static void try_traffic(const char *text)
{
    weiss_traffic t;
    weiss_fault fault = {0};
    int code = weiss_traffic_parse("fuzz", text, &t, &fault);
    if (code != 0) {
        inspect_fault(code, &fault);
        return;
    }
    accepted++;
    for (size_t i = 0; i < t.nflows; i++) {
        const weiss_flow *f = &t.flow[i];
        insist(f->from >= 0 && f->from < t.nranks && f->to >= 0 && f->to < t.nranks && f->from != f->to,
               "a flow is between two ranks", &fault);
        insist(f->messages >= 0.0 && f->bytes >= 0.0 && isfinite(f->messages) && isfinite(f->bytes),
               "counts are finite", &fault);
    }
    insist(t.start[t.nranks] == t.nflows && t.back_start[t.nranks] == t.nflows, "lists are whole", &fault);
    weiss_traffic_free(&t);
}

static void try_both(const char *text, size_t size)
{
    try_topology(text, size);
    try_traffic(text);
}

/** Changes a few places: a byte, a piece left out, a piece twice, a word of the format put in. */
static size_t mutate(char *text, size_t size, uint64_t *random)
{
    static const char *const words[] = {"servers:", "- {name: ", "vcpus: 4096", "-1",       "1e400",
                                        ",",        "&a ",       "*a ",         "# ranks ", "99999",
                                        "nan",      "\n",        "[[",          "0.5 us"};
    for (int n = 1 + weiss_plan_random_below(random, 4); n > 0 && size > 8; n--) {
        size_t at = (size_t)weiss_plan_random_below(random, (int)size - 4);
        size_t length = 1 + (size_t)weiss_plan_random_below(random, (int)(size - at) / 2 + 1);
        const char *word = words[weiss_plan_random_below(random, (int)(sizeof words / sizeof *words))];
        switch (weiss_plan_random_below(random, 4)) {
        case 0:
            text[at] = (char)weiss_plan_random_below(random, 256);
            break;
        case 1:
            memmove(text + at, text + at + length, size - at - length);
            size -= length;
            break;
        case 2:
            if (size + length < LONGEST) {
                memmove(text + at + length, text + at, size - at);
                size += length;
            }
            break;
        default:
            if (size + strlen(word) < LONGEST) {
                memmove(text + at + strlen(word), text + at, size - at);
                memcpy(text + at, word, strlen(word));
                size += strlen(word);
            }
        }
    }
    return size;
}

static size_t load(const char *path, char *text)
{
    FILE *from = fopen(path, "rb");
    if (from == NULL) {
        fprintf(stderr, "fuzz-plan: %s cannot be read\n", path);
        exit(1);
    }
    size_t size = fread(text, 1, LONGEST - 1, from);
    fclose(from);
    return size;
}

int main(int argc, char **argv)
{
    static char seed[LONGEST], text[LONGEST + 1];
    int first = 1, mutations = 0;
    uint64_t random = 1907;
    if (argc > 2 && strcmp(argv[1], "--mutations") == 0) {
        mutations = atoi(argv[2]);
        first = 3;
    }
    for (int i = first; i < argc; i++) {
        size_t size = load(argv[i], seed);
        for (int m = 0; m <= mutations; m++) {
            size_t now = size;
            memcpy(text, seed, size);
            if (m > 0)
                now = mutate(text, now, &random);
            text[now] = '\0';
            try_both(text, now);
        }
    }
    printf("%zu accepted\n", accepted);
    return first < argc && accepted > 0 ? 0 : 1;
}
