/* fields/m-000000.vtu, ...: snapshots of the magnetisation for ParaView, and fields.pvd, their list. */
#include "base/file.h"
#include "output/output.h"
#include "output/pvd.h"
#include "output/shared-file.h"
#include "output/vtu.h"
#include "problem/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ADDED 16

/* A further field that the user asks for. */
typedef struct added_field {
    const char *term; /* its term; NULL: the whole effective field */
    char name[64]; /* "H_demag" */
    double *value; /* 3 * nowned, A/m; owned */
} added_field;

typedef struct fields {
    weiss_context *ctx;
    weiss_state *state;
    char *list_path; /* fields.pvd */
    char *folder_path; /* fields */
    char *directory;
    double unit; /* metres per unit of length in the files */
    bool single;
    weiss_pvd list; /* rank 0 only */
    int nadded;
    added_field added[MAX_ADDED];
    int32_t *region; /* of owned tets: physical tag */
    double *Ms; /* of owned tets, A/m */
} fields;

static const weiss_key added_element[] = {
    {.name = "", .kind = WEISS_KIND_TEXT, .help = "effective, or the name of a term"},
    {0},
};

static const weiss_key keys[] = {
    {.name = "fields",
     .kind = WEISS_KIND_FLAG,
     .fallback = "on",
     .help = "Write snapshots of the magnetisation for ParaView: fields.pvd and fields/*.vtu"},
    {.name = "fields_add",
     .kind = WEISS_KIND_LIST,
     .members = added_element,
     .example = "[effective, demag]",
     .help = "Fields to write besides m, in A/m: effective (the sum), or names of terms"},
    {.name = "fields_precision",
     .kind = WEISS_KIND_CHOICE,
     .choices = "double single",
     .fallback = "double",
     .help = "Precision of the numbers in the snapshots"},
    {.name = "fields_unit",
     .kind = WEISS_KIND_CHOICE,
     .choices = "nm um m",
     .fallback = "nm",
     .help = "Unit of length in the snapshots"},
    {0},
};

static void destroy(fields *f)
{
    for (int i = 0; i < f->nadded; i++)
        free(f->added[i].value);
    weiss_pvd_free(&f->list);
    free(f->region);
    free(f->Ms);
    free(f->list_path);
    free(f->folder_path);
    free(f->directory);
    free(f);
}

static int add_field(fields *f, const weiss_value *wanted)
{
    const char *term = wanted->text;
    const weiss_effective *effective = f->state->effective;
    bool known = strcmp(term, "effective") == 0;
    char names[512] = "effective";
    for (int i = 0; i < weiss_effective_count(effective); i++) {
        const char *name = weiss_effective_class(effective, i)->name;
        known = known || strcmp(term, name) == 0;
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, ", %s", name);
    }
    if (!known)
        return weiss_fail_at(f->ctx, wanted, "found \"%s\", expected one of the active terms: %s", term,
                             names);
    if (f->nadded == MAX_ADDED)
        return weiss_fail_at(f->ctx, wanted, "more than %d fields", MAX_ADDED);
    added_field *added = &f->added[f->nadded];
    added->term = strcmp(term, "effective") == 0 ? NULL : term;
    snprintf(added->name, sizeof added->name, "H_%s", term);
    WEISS_TRY(WEISS_NEW(f->ctx, added->value, 3 * (size_t)f->state->mesh->nowned));
    f->nadded++;
    return 0;
}

/* What the cells show does not change while the run goes on. */
static int fill_cells(fields *f)
{
    const weiss_mesh *mesh = f->state->mesh;
    WEISS_TRY(WEISS_NEW(f->ctx, f->region, mesh->ntets_owned));
    WEISS_TRY(WEISS_NEW(f->ctx, f->Ms, mesh->ntets_owned));
    for (weiss_lidx e = 0; e < mesh->ntets_owned; e++) {
        f->region[e] = mesh->region_tag[mesh->tet_region[e]];
        f->Ms[e] = weiss_space_material(f->state->space, mesh->tet_region[e])->Ms;
    }
    return 0;
}

/* Rank 0: takes up the list at the checkpoint, or starts an empty one. */
static int take_up_list(fields *f, const weiss_run_facts *facts)
{
    int64_t kept = facts->resumed ? facts->progress.snapshots : 0;
    if (kept > 0) {
        WEISS_TRY(weiss_pvd_read(&f->list, f->list_path, kept));
        WEISS_TRY(weiss_pvd_write(&f->list, f->list_path));
    } else if (unlink(f->list_path) != 0 && errno != ENOENT) {
        return weiss_fail(f->ctx, WEISS_ERR_FILE, "%s: cannot be removed: %s", f->list_path, strerror(errno));
    }
    weiss_remove_temporaries(f->folder_path);
    weiss_snapshots_remove(f->folder_path, ".vtu", kept);
    return 0;
}

static int copy_text(weiss_context *ctx, const char *text, char **out)
{
    *out = strdup(text);
    return *out != NULL ? 0 : weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
}

static int prepare(fields *f, const weiss_run_facts *facts, const weiss_value *config)
{
    const char *unit = weiss_value_text(config, "fields_unit");
    const weiss_value *added = weiss_value_get(config, "fields_add");
    f->ctx = f->list.ctx = facts->mesh->ctx;
    f->state = facts->state;
    f->unit = strcmp(unit, "nm") == 0 ? 1e-9 : strcmp(unit, "um") == 0 ? 1e-6 : 1.0;
    f->single = strcmp(weiss_value_text(config, "fields_precision"), "single") == 0;
    for (size_t i = 0; added != NULL && i < added->count; i++)
        WEISS_TRY(add_field(f, added->items[i]));
    WEISS_TRY(fill_cells(f));
    WEISS_TRY(copy_text(f->ctx, facts->directory, &f->directory));
    WEISS_TRY(weiss_path_join(f->ctx, facts->directory, "fields", &f->folder_path));
    WEISS_TRY(weiss_path_join(f->ctx, facts->directory, "fields.pvd", &f->list_path));
    return weiss_rank(f->ctx) == 0 ? take_up_list(f, facts) : 0;
}

static int fields_open(const weiss_run_facts *facts, const weiss_value *config, void **data)
{
    fields *f;
    if (!weiss_value_flag(config, "fields"))
        return 0;
    WEISS_TRY(weiss_agree(facts->mesh->ctx, WEISS_NEW(facts->mesh->ctx, f, 1)));
    int code = weiss_agree(facts->mesh->ctx, prepare(f, facts, config));
    if (code != 0)
        destroy(f);
    else
        *data = f;
    return code;
}

static int evaluate_added(fields *f)
{
    const weiss_point at = {.time = f->state->stage_time, .m = f->state->m};
    for (int i = 0; i < f->nadded; i++) {
        added_field *a = &f->added[i];
        WEISS_TRY(a->term == NULL
                      ? weiss_effective_evaluate(f->state->effective, &at, a->value, NULL)
                      : weiss_effective_evaluate_term(f->state->effective, a->term, &at, a->value, NULL));
    }
    return 0;
}

static int write_snapshot(fields *f, const weiss_report *report, const char *path)
{
    weiss_vtu_array point[MAX_ADDED + 1] = {{.name = "m", .ncomp = 3, .real = f->state->m}};
    const weiss_vtu_array cell[] = {{.name = "region", .ncomp = 1, .whole = f->region},
                                    {.name = "Ms", .ncomp = 1, .real = f->Ms}};
    for (int i = 0; i < f->nadded; i++)
        point[i + 1] = (weiss_vtu_array){.name = f->added[i].name, .ncomp = 3, .real = f->added[i].value};
    const weiss_vtu file = {.mesh = f->state->mesh,
                            .time = report->time,
                            .unit = f->unit,
                            .single = f->single,
                            .point_array = point,
                            .npoint_arrays = f->nadded + 1,
                            .cell_array = cell,
                            .ncell_arrays = 2};
    return weiss_vtu_write(&file, path);
}

static int make_folder(fields *f)
{
    if (mkdir(f->folder_path, 0777) != 0 && errno != EEXIST)
        return weiss_fail(f->ctx, WEISS_ERR_FILE, "%s: cannot be made: %s", f->folder_path, strerror(errno));
    return 0;
}

static int fields_snapshot(void *data, const weiss_report *report)
{
    fields *f = data;
    char name[64], *path = NULL;
    int code = 0;
    int64_t number = (int64_t)f->list.count;
    MPI_Bcast(&number, 1, MPI_INT64_T, 0, weiss_comm(f->ctx));
    weiss_snapshots_name("fields", number, ".vtu", name, sizeof name);
    code = weiss_path_join(f->ctx, f->directory, name, &path);
    if (code == 0 && weiss_rank(f->ctx) == 0)
        code = make_folder(f);
    WEISS_TRY_OUT(code, weiss_agree(f->ctx, code));
    WEISS_TRY_OUT(code, evaluate_added(f));
    WEISS_TRY_OUT(code, write_snapshot(f, report, path));
    if (weiss_rank(f->ctx) == 0) {
        WEISS_TRY_OUT(code, weiss_pvd_add(&f->list, report->time, report->stage));
        code = weiss_pvd_write(&f->list, f->list_path);
    }
out:
    free(path);
    return code;
}

static int fields_close(void *data, int outcome)
{
    (void)outcome;
    destroy(data);
    return 0;
}

const weiss_output_class weiss_fields_output = {
    .name = "fields",
    .help = "fields.pvd and fields/*.vtu: snapshots for ParaView",
    .keys = keys,
    .open = fields_open,
    .snapshot = fields_snapshot,
    .close = fields_close,
};
