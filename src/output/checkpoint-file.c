#include "output/checkpoint-file.h"

#include "output/envelope.h"

#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DATASET "magnetisation"
/* Tag of a block of vectors that rank 0 has read. */
#define TAG_ROWS 7303

/* X(kind, name of the attribute, place in weiss_checkpoint_contents c) */
#define ATTRIBUTES(X)                                                                                        \
    X(WHOLE, "stage", c->what.stage)                                                                         \
    X(WHOLE, "steps", c->what.steps)                                                                         \
    X(WHOLE, "resume_count", c->what.nresume)                                                                \
    X(REAL, "wall_clock_s", c->what.seconds)                                                                 \
    X(REAL, "time_s", c->time)                                                                               \
    X(REAL, "stage_time_s", c->stage_time)                                                                   \
    X(WHOLE, "rows", c->what.progress.rows)                                                                  \
    X(WHOLE, "row_stage", c->what.progress.row_stage)                                                        \
    X(WHOLE, "row_steps", c->what.progress.row_steps)                                                        \
    X(REAL, "row_time_s", c->what.progress.row_time)                                                         \
    X(WHOLE, "snapshots", c->what.progress.snapshots)                                                        \
    X(WHOLE, "snapshot_stage", c->what.progress.snapshot_stage)                                              \
    X(WHOLE, "snapshot_steps", c->what.progress.snapshot_steps)                                              \
    X(REAL, "snapshot_time_s", c->what.progress.snapshot_time)                                               \
    X(WHOLE, "nodes", c->fingerprint.nodes)                                                                  \
    X(WHOLE, "tetrahedra", c->fingerprint.tetrahedra)                                                        \
    X(WHOLE, "geometry", c->fingerprint.geometry)                                                            \
    X(WHOLE, "problem", c->fingerprint.problem)

/* HDF5 prints its error stack unless told not to; the setting of the program around us is put back afterwards. */
typedef struct silence {
    H5E_auto2_t print;
    void *data;
} silence;

static silence begin_silence(void)
{
    silence s = {0};
    H5Eget_auto2(H5E_DEFAULT, &s.print, &s.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return s;
}

static void end_silence(silence s)
{
    H5Eset_auto2(H5E_DEFAULT, s.print, s.data);
}

static bool write_attribute(hid_t file, const char *name, hid_t type, hsize_t count, const void *value)
{
    hid_t space = H5Screate_simple(1, &count, NULL);
    hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool good = attribute >= 0 && H5Awrite(attribute, type, value) >= 0;
    if (attribute >= 0)
        good = H5Aclose(attribute) >= 0 && good;
    H5Sclose(space);
    return good;
}

static bool write_WHOLE(hid_t file, const char *name, int64_t value)
{
    return write_attribute(file, name, H5T_NATIVE_INT64, 1, &value);
}

static bool write_REAL(hid_t file, const char *name, double value)
{
    return write_attribute(file, name, H5T_NATIVE_DOUBLE, 1, &value);
}

static bool write_attributes(hid_t file, const weiss_checkpoint_contents *c)
{
    bool good = true;
#define X(kind, name, place) good = write_##kind(file, name, (place)) && good;
    ATTRIBUTES(X)
#undef X
    return write_attribute(file, "resume", H5T_NATIVE_DOUBLE, WEISS_RESUME_MAX, c->what.resume) && good;
}

/* Reads an attribute of exactly @p count elements. */
static bool read_attribute(hid_t file, const char *name, hid_t type, hssize_t count, void *value)
{
    bool good = false;
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
    if (attribute < 0)
        return false;
    hid_t space = H5Aget_space(attribute);
    if (space >= 0) {
        good = H5Sget_simple_extent_npoints(space) == count && H5Aread(attribute, type, value) >= 0;
        H5Sclose(space);
    }
    H5Aclose(attribute);
    return good;
}

/* Reads all attributes; returns the name of the first that is missing or of another form, or NULL. */
static const char *read_attributes(hid_t file, weiss_checkpoint_contents *c)
{
    int64_t whole = 0;
    double real = 0.0;
#define READ_WHOLE(name, place)                                                                              \
    if (!read_attribute(file, name, H5T_NATIVE_INT64, 1, &whole))                                            \
        return name;                                                                                         \
    (place) = (__typeof__(place))whole;
#define READ_REAL(name, place)                                                                               \
    if (!read_attribute(file, name, H5T_NATIVE_DOUBLE, 1, &real))                                            \
        return name;                                                                                         \
    (place) = real;
#define X(kind, name, place) READ_##kind(name, place)
    ATTRIBUTES(X)
#undef X
    if (!read_attribute(file, "resume", H5T_NATIVE_DOUBLE, WEISS_RESUME_MAX, c->what.resume))
        return "resume";
    if (c->what.nresume < 0 || c->what.nresume > WEISS_RESUME_MAX)
        return "resume_count";
    return NULL;
}

/* Makes the dataset with its space in the file, which stays unwritten. */
static bool make_dataset(hid_t file, int64_t total, int64_t *begin)
{
    hsize_t extent[2] = {(hsize_t)total, 3};
    hid_t space = H5Screate_simple(2, extent, NULL), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    hid_t set = H5Dcreate2(file, DATASET, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    haddr_t address = set >= 0 ? H5Dget_offset(set) : HADDR_UNDEF;
    bool good = address != HADDR_UNDEF;
    *begin = good ? (int64_t)address : 0;
    if (set >= 0)
        good = H5Dclose(set) >= 0 && good;
    H5Pclose(creation);
    H5Sclose(space);
    return good;
}

int weiss_checkpoint_file_create(weiss_context *ctx, const char *path,
                                 const weiss_checkpoint_contents *contents, int64_t total,
                                 int64_t *data_begin)
{
    silence quiet = begin_silence();
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(creation, WEISS_ENVELOPE_SIZE);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, creation, H5P_DEFAULT);
    bool good = file >= 0;
    if (good) {
        good = write_attributes(file, contents);
        good = make_dataset(file, total, data_begin) && good;
        good = H5Fclose(file) >= 0 && good;
    }
    H5Pclose(creation);
    end_silence(quiet);
    return good ? 0 : weiss_fail(ctx, WEISS_ERR_FILE, "%s: the checkpoint cannot be made (HDF5)", path);
}

/* Reads rows [begin, begin + count) of an open data set. */
static bool read_rows(hid_t set, hid_t file_space, int64_t begin, int64_t count, double *rows)
{
    hsize_t start[2] = {(hsize_t)begin, 0}, extent[2] = {(hsize_t)count, 3};
    if (count == 0)
        return true;
    hid_t memory_space = H5Screate_simple(2, extent, NULL);
    bool good = H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, extent, NULL) >= 0 &&
                H5Dread(set, H5T_NATIVE_DOUBLE, memory_space, file_space, H5P_DEFAULT, rows) >= 0;
    H5Sclose(memory_space);
    return good;
}

struct weiss_checkpoint_file {
    weiss_context *ctx;
    char *path;
    hid_t file; /* on rank 0 */
    MPI_Datatype vector; /* three doubles */
};

/* Opens the file and reads its attributes. */
static int open_here(weiss_checkpoint_file *f, weiss_checkpoint_contents *contents)
{
    int code = 0;
    silence quiet = begin_silence();
    f->file = H5Fopen(f->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    const char *missing = f->file >= 0 ? read_attributes(f->file, contents) : NULL;
    if (f->file < 0)
        code = weiss_fail(f->ctx, WEISS_ERR_SYNTAX, "%s: HDF5 cannot open this checkpoint", f->path);
    else if (missing != NULL)
        code = weiss_fail(f->ctx, WEISS_ERR_SYNTAX, "%s: the checkpoint lacks a proper \"%s\"", f->path,
                          missing);
    end_silence(quiet);
    return code;
}

int weiss_checkpoint_file_open(weiss_context *ctx, const char *path, weiss_checkpoint_contents *contents,
                               weiss_checkpoint_file **out)
{
    weiss_checkpoint_file *f;
    *out = NULL;
    int code = WEISS_NEW(ctx, f, 1);
    if (code == 0) {
        f->ctx = ctx;
        MPI_Type_contiguous(3, MPI_DOUBLE, &f->vector);
        MPI_Type_commit(&f->vector);
        f->path = strdup(path);
        if (f->path == NULL)
            code = weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
    }
    code = weiss_agree(ctx, code);
    if (code == 0)
        code = weiss_agree(ctx, weiss_rank(ctx) == 0 ? open_here(f, contents) : 0);
    if (code == 0)
        MPI_Bcast(contents, sizeof *contents, MPI_BYTE, 0, weiss_comm(ctx));
    if (code != 0)
        weiss_checkpoint_file_close(f);
    else
        *out = f;
    return code;
}

/* Rows of each rank: begin and count, one pair a rank. */
typedef struct row_range {
    int64_t begin, count;
} row_range;

/* Reads the rows of every rank and sends them. What cannot be read is sent as NAN, for the others wait for it. */
static bool read_and_send(const weiss_checkpoint_file *f, const row_range *range, int64_t total, double *own,
                          double *buffer)
{
    hid_t set = H5Dopen2(f->file, DATASET, H5P_DEFAULT), space = set >= 0 ? H5Dget_space(set) : -1;
    hsize_t extent[2] = {0, 0};
    bool good = space >= 0 && H5Sget_simple_extent_ndims(space) == 2 &&
                H5Sget_simple_extent_dims(space, extent, NULL) == 2 && extent[0] == (hsize_t)total &&
                extent[1] == 3;
    for (int r = 0; r < weiss_size(f->ctx); r++) {
        double *rows = r == 0 ? own : buffer;
        good = good && read_rows(set, space, range[r].begin, range[r].count, rows);
        for (int64_t i = 0; !good && i < 3 * range[r].count; i++)
            rows[i] = NAN;
        if (r > 0)
            MPI_Send(buffer, (int)range[r].count, f->vector, r, TAG_ROWS, weiss_comm(f->ctx));
    }
    if (space >= 0)
        H5Sclose(space);
    if (set >= 0)
        H5Dclose(set);
    return good;
}

int weiss_checkpoint_file_magnetisation(weiss_checkpoint_file *f, double *block, int64_t begin, int64_t count,
                                        int64_t total)
{
    weiss_context *ctx = f->ctx;
    row_range mine = {begin, count}, *range = NULL;
    double *buffer = NULL;
    bool first = weiss_rank(ctx) == 0, good = true;
    int64_t longest = 0;
    int code = 0;
    MPI_Reduce(&count, &longest, 1, MPI_INT64_T, MPI_MAX, 0, weiss_comm(ctx));
    if (first)
        code = WEISS_NEW(ctx, range, (size_t)weiss_size(ctx));
    if (first && code == 0)
        code = WEISS_NEW(ctx, buffer, 3 * (size_t)longest);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    MPI_Gather(&mine, 2, MPI_INT64_T, range, 2, MPI_INT64_T, 0, weiss_comm(ctx));
    if (first) {
        silence quiet = begin_silence();
        good = read_and_send(f, range, total, block, buffer);
        end_silence(quiet);
    } else {
        MPI_Recv(block, (int)count, f->vector, 0, TAG_ROWS, weiss_comm(ctx), MPI_STATUS_IGNORE);
    }
    if (!good)
        code =
            weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s: the magnetisation cannot be read as %lld vectors (HDF5)",
                       f->path, (long long)total);
out:
    free(range);
    free(buffer);
    return code;
}

void weiss_checkpoint_file_close(weiss_checkpoint_file *f)
{
    if (f == NULL)
        return;
    if (f->file > 0)
        H5Fclose(f->file);
    MPI_Type_free(&f->vector);
    free(f->path);
    free(f);
}
