/* Derived datatypes. Each layout is described twice: by MPI's constructors, and by a list of the pieces of memory in the
 * order in which they travel; what arrives must be the pieces, and nothing between them may change. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define TAG 21
/* Elements in one item of every layout of ints, so that any of them can be sent to any other. */
#define INTS 24

typedef struct piece {
    size_t at, bytes;
} piece;

typedef struct layout {
    const char *name;
    MPI_Datatype type;
    size_t extent; /* bytes from one item to the next */
    size_t bytes; /* in one item */
    int npieces;
    piece *pieces;
    bool ints; /* INTS ints, nothing else */
} layout;

static void add_piece(layout *l, size_t at, size_t bytes)
{
    l->pieces = realloc(l->pieces, (size_t)(l->npieces + 1) * sizeof *l->pieces);
    TEST_CHECK(l->pieces != NULL, "no memory");
    l->pieces[l->npieces++] = (piece){at, bytes};
    l->bytes += bytes;
}

static layout finish(layout l)
{
    MPI_Aint low, extent;
    int bytes;
    MPI_Type_commit(&l.type);
    MPI_Type_get_extent(l.type, &low, &extent);
    MPI_Type_size(l.type, &bytes);
    TEST_CHECK(low == 0 && (size_t)extent == l.extent && (size_t)bytes == l.bytes,
               "%s: extent %ld .. %ld, %d bytes; expected 0 .. %zu, %zu", l.name, (long)low,
               (long)(low + extent), bytes, l.extent, l.bytes);
    return l;
}

static layout make_contiguous(void)
{
    layout l = {.name = "contiguous", .extent = INTS * 4, .ints = true};
    MPI_Type_contiguous(INTS, MPI_INT, &l.type);
    add_piece(&l, 0, INTS * 4);
    return finish(l);
}

static layout make_vector(void)
{
    layout l = {.name = "vector", .extent = (5 * 7 + 4) * 4, .ints = true};
    MPI_Type_vector(6, 4, 7, MPI_INT, &l.type);
    for (size_t i = 0; i < 6; i++)
        add_piece(&l, i * 7 * 4, 16);
    return finish(l);
}

static layout make_hvector(void)
{
    layout l = {.name = "hvector", .extent = 11 * 20 + 8, .ints = true};
    MPI_Type_create_hvector(12, 2, 20, MPI_INT, &l.type);
    for (size_t i = 0; i < 12; i++)
        add_piece(&l, i * 20, 8);
    return finish(l);
}

static layout make_indexed(void)
{
    /* Not in the order of memory, and one block is empty. */
    static const int lengths[] = {5, 0, 1, 10, 8}, at[] = {30, 3, 0, 5, 16};
    layout l = {.name = "indexed", .extent = 35 * 4, .ints = true};
    MPI_Type_indexed(5, lengths, at, MPI_INT, &l.type);
    for (int i = 0; i < 5; i++)
        add_piece(&l, (size_t)at[i] * 4, (size_t)lengths[i] * 4);
    return finish(l);
}

static layout make_hindexed(void)
{
    static const int lengths[] = {1, 20, 3};
    static const MPI_Aint at[] = {0, 12, 100};
    layout l = {.name = "hindexed", .extent = 112, .ints = true};
    MPI_Type_create_hindexed(3, lengths, at, MPI_INT, &l.type);
    for (int i = 0; i < 3; i++)
        add_piece(&l, (size_t)at[i], (size_t)lengths[i] * 4);
    return finish(l);
}

static layout make_indexed_block(void)
{
    static const int at[] = {40, 0, 9, 27, 14, 21, 33, 4};
    layout l = {.name = "indexed_block", .extent = 43 * 4, .ints = true};
    MPI_Type_create_indexed_block(8, 3, at, MPI_INT, &l.type);
    for (int i = 0; i < 8; i++)
        add_piece(&l, (size_t)at[i] * 4, 12);
    return finish(l);
}

/* A box of 2 x 3 x 4 in an array of 4 x 5 x 6. */
static layout make_subarray(int order)
{
    static const int whole[] = {4, 5, 6}, part[] = {2, 3, 4}, start[] = {1, 2, 1};
    layout l = {
        .name = order == MPI_ORDER_C ? "subarray (C)" : "subarray (Fortran)", .extent = 480, .ints = true};
    MPI_Type_create_subarray(3, whole, part, start, order, MPI_INT, &l.type);
    if (order == MPI_ORDER_C) {
        for (size_t i = 1; i < 3; i++)
            for (size_t j = 2; j < 5; j++)
                add_piece(&l, ((i * 5 + j) * 6 + 1) * 4, 16);
    } else {
        for (size_t k = 1; k < 5; k++)
            for (size_t j = 2; j < 5; j++)
                add_piece(&l, ((k * 5 + j) * 4 + 1) * 4, 8);
    }
    return finish(l);
}

/* A vector of resized vectors: every third int of every second row. */
static layout make_nested(void)
{
    layout l = {.name = "nested", .extent = 400, .ints = true};
    MPI_Datatype row, resized, all;
    MPI_Type_vector(4, 1, 3, MPI_INT, &row);
    MPI_Type_create_resized(row, 0, 50, &resized);
    MPI_Type_create_hvector(6, 1, 60, resized, &all);
    MPI_Type_create_resized(all, 0, 400, &l.type);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 4; j++)
            add_piece(&l, i * 60 + j * 12, 4);
    MPI_Type_free(&row);
    MPI_Type_free(&resized);
    MPI_Type_free(&all);
    return finish(l);
}

/* Items that interlock: the extent is smaller than the span. */
static layout make_interlocked(void)
{
    layout l = {.name = "interlocked columns", .extent = 4, .ints = true};
    MPI_Datatype column;
    MPI_Type_vector(INTS, 1, 4096, MPI_INT, &column);
    MPI_Type_create_resized(column, 0, 4, &l.type);
    for (size_t i = 0; i < INTS; i++)
        add_piece(&l, i * 4096 * 4, 4);
    MPI_Type_free(&column);
    return finish(l);
}

typedef struct record {
    char kind;
    double x[3];
    short index[5];
    float weight;
    long long id;
} record;

static layout make_struct(void)
{
    static const int lengths[] = {1, 3, 5, 1, 1};
    static const MPI_Aint at[] = {offsetof(record, kind), offsetof(record, x), offsetof(record, index),
                                  offsetof(record, weight), offsetof(record, id)};
    MPI_Datatype types[] = {MPI_CHAR, MPI_DOUBLE, MPI_SHORT, MPI_FLOAT, MPI_LONG_LONG}, plain;
    layout l = {.name = "struct", .extent = sizeof(record)};
    MPI_Type_create_struct(5, lengths, at, types, &plain);
    MPI_Type_create_resized(plain, 0, sizeof(record), &l.type);
    add_piece(&l, offsetof(record, kind), 1);
    add_piece(&l, offsetof(record, x), 24);
    add_piece(&l, offsetof(record, index), 10);
    add_piece(&l, offsetof(record, weight), 4);
    add_piece(&l, offsetof(record, id), 8);
    MPI_Type_free(&plain);
    return finish(l);
}

/* Structs in a vector in a struct. */
static layout make_struct_of_vectors(const layout *inner)
{
    static const int lengths[] = {3, 1};
    static const MPI_Aint at[] = {16, 2000};
    layout l = {.name = "struct of vectors of structs", .extent = 3000};
    MPI_Datatype vector, types[2], plain;
    MPI_Type_vector(4, 2, 5, inner->type, &vector);
    types[0] = MPI_INT;
    types[1] = vector;
    MPI_Type_create_struct(2, lengths, at, types, &plain);
    MPI_Type_create_resized(plain, 0, 3000, &l.type);
    add_piece(&l, 16, 12);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 2; j++)
            for (int p = 0; p < inner->npieces; p++)
                add_piece(&l, 2000 + (i * 5 + j) * inner->extent + inner->pieces[p].at,
                          inner->pieces[p].bytes);
    MPI_Type_free(&vector);
    MPI_Type_free(&plain);
    return finish(l);
}

/* Bytes from the first to behind the last one that @p count items touch. */
static size_t span(const layout *l, size_t count)
{
    size_t end = 0;
    for (int p = 0; p < l->npieces; p++)
        if (l->pieces[p].at + l->pieces[p].bytes > end)
            end = l->pieces[p].at + l->pieces[p].bytes;
    return count == 0 ? 0 : (count - 1) * l->extent + end;
}

/* Copies between memory and the stream, piece by piece, at most @p limit bytes. */
static void stream(const layout *l, size_t count, unsigned char *memory, unsigned char *packed, size_t limit,
                   bool out)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        for (int p = 0; p < l->npieces && at < limit; p++) {
            unsigned char *there = memory + i * l->extent + l->pieces[p].at;
            size_t n = l->pieces[p].bytes < limit - at ? l->pieces[p].bytes : limit - at;
            memcpy(out ? packed + at : there, out ? there : packed + at, n);
            at += n;
        }
}

/* Sends count items of one layout to the partner, which receives them as items of another one. Both send. */
static void transfer(const layout *from, size_t nfrom, const layout *to, size_t nto, int with)
{
    size_t out_bytes = span(from, nfrom), in_bytes = span(to, nto), total = nfrom * from->bytes;
    unsigned char *out = test_memory(out_bytes), *in = test_buffer(in_bytes),
                  *expected = test_buffer(in_bytes);
    unsigned char *packed = test_memory(total);
    MPI_Request request;
    MPI_Status status;
    int n;
    test_step("%zu x %s (%zu bytes) to %zu x %s, with rank %d", nfrom, from->name, total, nto, to->name,
              with);
    test_fill(out, 0, out_bytes, test_seed((uint64_t)with, total, 1));
    stream(from, nfrom, out, packed, total, true);
    stream(to, nto, expected, packed, total, false);
    test_fill(out, 0, out_bytes, test_seed((uint64_t)test_rank(), total, 1));
    if (test_rank() < with) {
        MPI_Isend(out, (int)nfrom, from->type, with, TAG, MPI_COMM_WORLD, &request);
        MPI_Recv(in, (int)nto, to->type, with, TAG, MPI_COMM_WORLD, &status);
    } else {
        MPI_Irecv(in, (int)nto, to->type, with, TAG, MPI_COMM_WORLD, &request);
        MPI_Send(out, (int)nfrom, from->type, with, TAG, MPI_COMM_WORLD);
        MPI_Wait(&request, &status);
        request = MPI_REQUEST_NULL;
    }
    MPI_Get_count(&status, to->type, &n);
    TEST_CHECK(n == (int)(total / to->bytes), "count is %d, expected %zu", n, total / to->bytes);
    test_check_bytes(in, expected, in_bytes + TEST_GUARD, "%zu x %s from %zu x %s", nto, to->name, nfrom,
                     from->name);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    free(out);
    free(in);
    free(expected);
    free(packed);
}

/* Sent with its type, received packed, and unpacked; and packed, sent packed, received with the type. */
static void through_pack(const layout *l, int count, int with)
{
    size_t bytes = span(l, (size_t)count), total = (size_t)count * l->bytes;
    unsigned char *out = test_memory(bytes), *in = test_buffer(bytes), *expected = test_buffer(bytes);
    unsigned char *flat = test_memory(total), *packed, *theirs;
    int room, position = 0;
    test_step("%d x %s through MPI_Pack, with rank %d", count, l->name, with);
    MPI_Pack_size(count, l->type, MPI_COMM_WORLD, &room);
    packed = test_memory((size_t)room);
    theirs = test_memory((size_t)room);
    test_fill(out, 0, bytes, test_seed((uint64_t)with, total, 2));
    stream(l, (size_t)count, out, flat, total, true);
    stream(l, (size_t)count, expected, flat, total, false);
    test_fill(out, 0, bytes, test_seed((uint64_t)test_rank(), total, 2));
    /* Packed in two portions. */
    MPI_Pack(out, count / 2, l->type, packed, room, &position, MPI_COMM_WORLD);
    MPI_Pack(out + (size_t)(count / 2) * l->extent, count - count / 2, l->type, packed, room, &position,
             MPI_COMM_WORLD);
    MPI_Sendrecv(packed, position, MPI_PACKED, with, TAG, in, count, l->type, with, TAG, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    test_check_bytes(in, expected, bytes + TEST_GUARD, "%s received from MPI_PACKED", l->name);
    test_blank(in, bytes);
    MPI_Sendrecv(out, count, l->type, with, TAG, theirs, room, MPI_PACKED, with, TAG, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    position = 0;
    MPI_Unpack(theirs, room, &position, in, count, l->type, MPI_COMM_WORLD);
    test_check_bytes(in, expected, bytes + TEST_GUARD, "%s sent and unpacked", l->name);
    free(out);
    free(in);
    free(expected);
    free(flat);
    free(packed);
    free(theirs);
}

/* A message that ends within an item of the receiver's type. */
static void partial(int with)
{
    static const int lengths[] = {1, 3};
    static const MPI_Aint at[] = {0, 8};
    MPI_Datatype types[] = {MPI_INT, MPI_INT}, four;
    MPI_Status status;
    int out[10], in[64], count, elements;
    test_step("part of an item, with rank %d", with);
    MPI_Type_create_struct(2, lengths, at, types, &four);
    MPI_Type_commit(&four);
    for (int i = 0; i < 10; i++)
        out[i] = test_rank() * 100 + i;
    for (int i = 0; i < 64; i++)
        in[i] = -1;
    MPI_Sendrecv(out, 10, MPI_INT, with, TAG, in, 5, four, with, TAG, MPI_COMM_WORLD, &status);
    MPI_Get_count(&status, four, &count);
    MPI_Get_elements(&status, four, &elements);
    TEST_CHECK(count == MPI_UNDEFINED && elements == 10, "count %d, elements %d", count, elements);
    for (int i = 0; i < 64; i++) {
        int place = i % 5 == 0 ? i / 5 * 4 : i % 5 == 1 ? -1 : i / 5 * 4 + i % 5 - 1;
        int expected = place >= 0 && place < 10 ? with * 100 + place : -1;
        TEST_CHECK(in[i] == expected, "int %d is %d, expected %d", i, in[i], expected);
    }
    MPI_Type_free(&four);
}

/* Nothing is written behind a receive that was too short. The fault that is tolerated is ob1's: where the transport offers
 * put or get, it moves a large message whole. */
static void check_behind(const unsigned char *in, size_t room, size_t sent)
{
    size_t written = 0;
    for (size_t i = room; i < sent + TEST_GUARD; i++)
        written += in[i] != 0xEE;
    if (written > 0 && test_tolerates("truncation-overrun"))
        return;
    TEST_CHECK(written == 0, "%zu bytes behind a receive of %zu were written", written, room);
}

/* A message longer than the receive: an error, nothing written behind the buffer, and the communicator still works. */
static void truncation(MPI_Comm comm, size_t sent, size_t room, int with)
{
    unsigned char *out = test_memory(sent), *in = test_buffer(sent);
    MPI_Request request[2];
    MPI_Status status[2];
    int error, class, n;
    test_step("%zu bytes into a receive of %zu, with rank %d", sent, room, with);
    test_fill(out, 0, sent, test_seed((uint64_t)test_rank(), sent, 3));
    for (int way = 0; way < 2; way++) {
        /* One rank posts before the other sends, the other one after. */
        if ((way == 0) == (test_rank() < with)) {
            MPI_Isend(out, (int)sent, MPI_BYTE, with, TAG, comm, &request[0]);
            error = MPI_Recv(in, (int)room, MPI_BYTE, with, TAG, comm, &status[0]);
            MPI_Wait(&request[0], MPI_STATUS_IGNORE);
        } else {
            MPI_Irecv(in, (int)room, MPI_BYTE, with, TAG, comm, &request[1]);
            MPI_Isend(out, (int)sent, MPI_BYTE, with, TAG, comm, &request[0]);
            error = MPI_Waitall(2, request, status);
            TEST_CHECK(error == MPI_ERR_IN_STATUS, "MPI_Waitall returns %d, expected MPI_ERR_IN_STATUS",
                       error);
            error = status[1].MPI_ERROR;
        }
        MPI_Error_class(error, &class);
        TEST_CHECK(class == MPI_ERR_TRUNCATE, "error class %d, expected MPI_ERR_TRUNCATE (%d)", class,
                   MPI_ERR_TRUNCATE);
        check_behind(in, room, sent);
    }
    test_blank(in, sent);
    MPI_Sendrecv(out, (int)room, MPI_BYTE, with, TAG, in, (int)room, MPI_BYTE, with, TAG, comm, &status[0]);
    MPI_Get_count(&status[0], MPI_BYTE, &n);
    TEST_CHECK(n == (int)room, "%d bytes after a truncated message, expected %zu", n, room);
    test_check_fill(in, 0, room, test_seed((uint64_t)with, sent, 3), "message after a truncated one");
    free(out);
    free(in);
}

/* A broadcast that leaves as a vector and arrives as another layout. */
static void broadcast(const layout *from, const layout *to, size_t count)
{
    const layout *mine = test_rank() == 0 ? from : to;
    size_t bytes = span(mine, count), source = span(from, count), total = count * from->bytes;
    unsigned char *data = test_buffer(bytes), *expected = test_buffer(bytes), *first = test_memory(source);
    unsigned char *packed = test_memory(total);
    test_step("broadcast of %zu x %s to %s", count, from->name, to->name);
    test_fill(first, 0, source, test_seed(4, total, 0));
    stream(from, count, first, packed, total, true);
    stream(mine, count, expected, packed, total, false);
    if (test_rank() == 0)
        stream(mine, count, data, packed, total, false);
    MPI_Bcast(data, (int)count, mine->type, 0, MPI_COMM_WORLD);
    test_check_bytes(data, expected, bytes + TEST_GUARD, "broadcast");
    free(data);
    free(expected);
    free(first);
    free(packed);
}

/* Every layout to every other one of the same signature. */
static void all_pairs(const layout *list, int n, int ncounts, int with)
{
    static const size_t counts[] = {0, 1, 3, 50, 700, 3000};
    int turn = 0;
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++)
            if (a == b || (list[a].ints && list[b].ints))
                for (int k = 0; k < 2; k++, turn++)
                    transfer(&list[a], counts[turn % ncounts], &list[b], counts[turn % ncounts], with);
    for (int a = 0; a < n; a++)
        through_pack(&list[a], (int)counts[turn++ % ncounts], with);
}

/* More than 1 MiB. */
static void large(const layout *list, int n, size_t count, int with)
{
    for (int a = 0; a < n; a++)
        if (list[a].extent > 4)
            transfer(&list[a], list[a].ints ? count : count / 8, &list[a], list[a].ints ? count : count / 8,
                     with);
    transfer(&list[1], count, &list[0], count, with);
    transfer(&list[0], count, &list[8], count, with);
}

int main(int argc, char **argv)
{
    enum { NLAYOUTS = 12 };
    MPI_Comm careful;
    test_start(&argc, &argv, "types", MPI_THREAD_SINGLE);
    if (test_size() < 2)
        return test_skip("needs two ranks");
    layout list[NLAYOUTS] = {make_contiguous(),
                             make_vector(),
                             make_hvector(),
                             make_indexed(),
                             make_hindexed(),
                             make_indexed_block(),
                             make_subarray(MPI_ORDER_C),
                             make_subarray(MPI_ORDER_FORTRAN),
                             make_nested(),
                             make_interlocked(),
                             make_struct()};
    list[11] = make_struct_of_vectors(&list[10]);
    MPI_Comm_dup(MPI_COMM_WORLD, &careful);
    MPI_Comm_set_errhandler(careful, MPI_ERRORS_RETURN);
    int rounds = test_rounds(test_size());
    for (int round = 1; round < rounds; round++) {
        int with = test_partner(test_rank(), test_size(), round);
        if (with < 0)
            continue;
        all_pairs(list, NLAYOUTS, 2 * round == rounds ? (test_scaled(6, 4) < 6 ? 5 : 6) : 4, with);
        partial(with);
        truncation(careful, 100, 10, with);
        truncation(careful, 5000, 4095, with);
        truncation(careful, 300000, 100, with);
        truncation(careful, 300000, 299999, with);
        if (2 * round == rounds)
            large(list, NLAYOUTS, (size_t)test_scaled(20000, 11000), with);
    }
    broadcast(&list[1], &list[8], 7);
    broadcast(&list[3], &list[0], (size_t)test_scaled(5000, 500));
    for (int a = 0; a < NLAYOUTS; a++) {
        MPI_Type_free(&list[a].type);
        free(list[a].pieces);
    }
    MPI_Comm_free(&careful);
    return test_end();
}
