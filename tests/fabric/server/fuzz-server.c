/* The readers of foreign text in the region server against text that nobody would write: requests of the control socket and
 * groups. `fuzz-server N` reads N mutations of each kind of seed, always the same ones. Whatever the input, a reader ends,
 * refuses or accepts, keeps its promises and frees all memory. */
#include "fabric/server/request.h"
#include "fabric/server/spec.h"
#include "leaks.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 512

typedef struct text {
    char data[LONGEST + 1];
    size_t length;
} text;

static const char *const requests[] = {
    "{\"command\": \"status\"}",
    "{\"command\": \"add\", \"group\": \"blue,bytes=64M,vectors=8\"}",
    "{\"command\": \"remove\", \"group\": \"blue\", \"force\": true}",
    "{\"command\": \"stop\"}",
    NULL,
};

static const char *const groups[] = {
    "blue",
    "blue,bytes=64M,vectors=8,peers=32",
    "b.l-u_e,memory=shm,file=/dev/shm/weiss-blue,bytes=1T",
    "7,memory=hugetlb,socket=/run/x/y.sock,peers=1",
    NULL,
};

static void insist(bool right, const char *promise, const text *t, const weiss_fault *fault)
{
    if (right)
        return;
    fprintf(stderr, "fuzz-server: broken promise: %s\ninput: %.*s\nfault: %s\n", promise, (int)t->length,
            t->data, fault->text);
    abort();
}

static void check_refusal(int code, const text *t, const weiss_fault *fault)
{
    insist(fault->code == code && fault->text[0] != '\0', "a refusal has its text", t, fault);
    for (const char *c = fault->text; *c != '\0'; c++)
        insist((unsigned char)*c >= ' ' && *c != 0x7f, "an error can be printed at a terminal", t, fault);
}

static bool read_request(const text *t)
{
    /* Without a NUL after it, as in the buffer of a connection. */
    char *exact = malloc(t->length + 1);
    weiss_request request;
    weiss_fault fault = {0};
    if (exact == NULL)
        return false;
    memcpy(exact, t->data, t->length);
    int code = weiss_request_parse(exact, t->length, &request, &fault);
    free(exact);
    if (code == 0) {
        insist(fault.code == 0, "no error is stored on success", t, &fault);
        insist(memchr(request.group, '\0', sizeof request.group) != NULL, "the group ends", t, &fault);
        char *line = weiss_request_write(&request);
        weiss_request again = {0};
        insist(line != NULL && weiss_request_parse(line, strlen(line) - 1, &again, &fault) == 0,
               "what was read can be written and read again", t, &fault);
        insist(again.kind == request.kind && again.force == request.force &&
                   strcmp(again.group, request.group) == 0,
               "it is the same", t, &fault);
        free(line);
        return true;
    }
    insist(code == WEISS_ERR_SYNTAX || code == WEISS_ERR_VALUE, "a refusal is an error of syntax or value", t,
           &fault);
    check_refusal(code, t, &fault);
    return false;
}

static bool read_group(const text *t)
{
    char copy[LONGEST + 1];
    weiss_group_spec spec;
    weiss_fault fault = {0};
    memcpy(copy, t->data, t->length);
    copy[t->length] = '\0';
    int code = weiss_group_spec_parse(copy, "/run/weiss", &spec, &fault);
    if (code != 0) {
        insist(code == WEISS_ERR_VALUE, "a refusal is an error of value", t, &fault);
        check_refusal(code, t, &fault);
        return false;
    }
    insist(weiss_group_name_valid(spec.name), "the name is one", t, &fault);
    insist(spec.bytes >= WEISS_GROUP_BYTES_MIN && spec.bytes <= WEISS_GROUP_BYTES_MAX &&
               (spec.bytes & (spec.bytes - 1)) == 0,
           "QEMU takes the size", t, &fault);
    insist(spec.vectors >= 1 && spec.vectors <= WEISS_GROUP_VECTORS_MAX, "vectors are in their range", t,
           &fault);
    insist(spec.peers >= 1 && spec.peers <= WEISS_GROUP_PEERS_MAX, "peers are in their range", t, &fault);
    insist(spec.socket[0] == '/' && strlen(spec.socket) < sizeof spec.socket, "the socket is a path", t,
           &fault);
    insist((spec.file[0] == '\0' || spec.file[0] == '/') && strlen(spec.file) < sizeof spec.file,
           "the file is a path", t, &fault);
    insist((spec.memory != WEISS_MEMORY_MEMFD || spec.file[0] == '\0') &&
               (spec.memory != WEISS_MEMORY_SHM || spec.file[0] != '\0'),
           "what goes together", t, &fault);
    return true;
}

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

static void mutate(text *t, uint64_t *seed)
{
    static const char *const words[] = {
        "{",      "}",     "[",     "]",    ":",     ",",  "\"",    "\\",        "\\u0000",     "\\ud800",
        "null",   "true",  "false", "-1",   "1e999", "0",  "65536", "bytes=",    "peers=",      "socket=",
        "file=",  "memfd", "/",     "=",    "2048",  "1T", "4K",    "\"force\"", "\"command\"", "\"group\"",
        "status", "../",   "\xff",  "\x01", "\n",    " ",  "\x7f",  "\xc2\x9b",  "K",
    };
    size_t at = below(seed, t->length + 1), from = below(seed, t->length + 1), length = 1 + below(seed, 16);
    const char *word = words[below(seed, sizeof words / sizeof *words)];
    char byte = (char)next_random(seed);
    switch (below(seed, 5)) {
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
        splice(t, at, 0, t->data + from, length < t->length - from ? length : t->length - from);
        break;
    default: /* flips a bit */
        if (at < t->length)
            t->data[at] = (char)(t->data[at] ^ (1 << below(seed, 8)));
        break;
    }
}

static void load(text *t, const char *seed)
{
    t->length = strlen(seed);
    memcpy(t->data, seed, t->length);
}

/* Seeds are accepted, and so are some of their mutations. @return how many */
static size_t run(const char *const *seeds, bool (*read)(const text *), size_t count)
{
    static const weiss_fault none;
    uint64_t seed = 2024;
    size_t nseeds = 0, accepted = 0;
    text t;
    for (; seeds[nseeds] != NULL; nseeds++) {
        load(&t, seeds[nseeds]);
        insist(read(&t), "a seed is accepted", &t, &none);
    }
    for (size_t i = 0; i < count; i++) {
        load(&t, seeds[below(&seed, nseeds)]);
        for (size_t k = 1 + below(&seed, 4); k > 0; k--)
            mutate(&t, &seed);
        accepted += read(&t);
    }
    insist(count == 0 || (accepted > count / 50 && accepted < count - count / 50),
           "some mutations are accepted", &t, &none);
    return accepted;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    run(requests, read_request, 1000); /* the C library keeps some memory after its first use */
    size_t before = bytes_in_use();
    size_t of_requests = run(requests, read_request, count), of_groups = run(groups, read_group, count);
    size_t grown = bytes_in_use() - before;
    printf("%zu mutations of each kind; accepted: %zu requests, %zu groups; %zu bytes left\n", count,
           of_requests, of_groups, grown);
    return grown == 0 ? 0 : 1;
}
