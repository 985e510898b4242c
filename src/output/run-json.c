/* run.json: what was run, where, how it went and what it took. Written at the start, at checkpoints and at the end, each
 * time anew under a temporary name. */
#include "base/file.h"
#include "output/output.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct run_json {
    weiss_context *ctx;
    const weiss_run_facts *facts;
    char *path;
    char (*host)[MPI_MAX_PROCESSOR_NAME]; /* rank 0: one per rank */
    json_object *previous; /* rank 0: summaries of the runs that this one continues */
    int64_t rows, snapshots;
} run_json;

static void add_text(json_object *to, const char *name, const char *text)
{
    json_object_object_add(to, name, json_object_new_string(text));
}

/* JSON knows neither NaN nor infinities: they become null. */
static void add_number(json_object *to, const char *name, double value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%.15g", value);
    json_object_object_add(to, name, isfinite(value) ? json_object_new_double_s(value, digits) : NULL);
}

static void add_whole(json_object *to, const char *name, int64_t value)
{
    json_object_object_add(to, name, json_object_new_int64(value));
}

/* Counters are doubles on the way here; those that are whole are shown so. */
static void add_counter(json_object *to, const char *name, double value)
{
    if (value == floor(value) && fabs(value) < 9e15)
        add_whole(to, name, (int64_t)value);
    else
        add_number(to, name, value);
}

static json_object *add_object(json_object *to, const char *name)
{
    json_object *object = json_object_new_object();
    json_object_object_add(to, name, object);
    return object;
}

static json_object *add_array(json_object *to, const char *name)
{
    json_object *array = json_object_new_array();
    json_object_object_add(to, name, array);
    return array;
}

static json_object *append_object(json_object *to)
{
    json_object *object = json_object_new_object();
    json_object_array_add(to, object);
    return object;
}

static void add_numbers(json_object *to, const char *name, const weiss_numbers *numbers)
{
    json_object *object = add_object(to, name);
    for (size_t i = 0; i < numbers->count; i++)
        add_counter(object, numbers->item[i].name, numbers->item[i].value);
}

static void describe_status(const run_json *r, json_object *root, const char *status, bool failed)
{
    char now[32] = "";
    time_t t = time(NULL);
    struct tm parts;
    if (gmtime_r(&t, &parts) != NULL)
        strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &parts);
    add_text(root, "program", "weiss");
    add_text(root, "version", r->facts->version);
    add_text(root, "status", status);
    if (failed)
        add_text(root, "error", weiss_error_text(r->ctx));
    add_text(root, "started", r->facts->record->started);
    add_text(root, "written", now);
    add_number(root, "wall_clock_s", MPI_Wtime() - r->facts->record->start);
}

static void describe_problem(const run_json *r, json_object *root)
{
    const weiss_problem *problem = r->facts->problem;
    json_object *object = add_object(root, "problem");
    add_text(object, "title", problem->title);
    add_text(object, "path", problem->path);
    json_object_object_add(object, "text", json_object_new_string_len(problem->text, (int)problem->length));
}

static void describe_mesh(const run_json *r, json_object *root)
{
    const weiss_mesh *mesh = r->facts->mesh;
    const weiss_space *space = r->facts->state->space;
    json_object *object = add_object(root, "mesh");
    add_whole(object, "nodes", mesh->nnodes_global);
    add_whole(object, "tetrahedra", mesh->ntets_global);
    add_whole(object, "surface_nodes", mesh->surface.nnodes);
    add_whole(object, "surface_triangles", mesh->surface.ntriangles);
    add_whole(object, "bodies", mesh->nbodies);
    add_number(object, "volume_m3", space->total_volume);
    add_number(object, "moment_A_m2", space->total_moment);
    json_object *regions = add_array(object, "regions");
    for (int i = 0; i < mesh->nregions; i++) {
        json_object *region = append_object(regions);
        add_whole(region, "tag", mesh->region_tag[i]);
        add_text(region, "name", mesh->region_name[i]);
        add_text(region, "material", weiss_space_material(space, i)->name);
    }
}

static void describe_ranks(const run_json *r, json_object *root)
{
    int size = weiss_size(r->ctx);
    add_whole(root, "ranks", size);
    json_object *hosts = add_array(root, "hosts");
    for (int i = 0; i < size; i++) {
        int ranks = 0, first = 0;
        while (strcmp(r->host[first], r->host[i]) != 0)
            first++;
        if (first < i)
            continue; /* counted with the first rank of that host */
        for (int k = 0; k < size; k++)
            ranks += strcmp(r->host[k], r->host[i]) == 0;
        json_object *host = append_object(hosts);
        add_text(host, "name", r->host[i]);
        add_whole(host, "ranks", ranks);
    }
}

static void add_statistic(void *self, const char *name, double value)
{
    add_counter(self, name, value);
}

/* Times and statistics of the terms. Collective; @p root matters on rank 0 only. */
static int describe_terms(const run_json *r, json_object *root)
{
    weiss_effective *effective = r->facts->state->effective;
    json_object *terms = add_object(root, "terms");
    add_whole(root, "field_evaluations", weiss_effective_evaluations(effective));
    for (int i = 0; i < weiss_effective_count(effective); i++) {
        json_object *term = add_object(terms, weiss_effective_class(effective, i)->name);
        double mine = weiss_effective_seconds(effective, i), most = mine;
        MPI_Reduce(&mine, &most, 1, MPI_DOUBLE, MPI_MAX, 0, weiss_comm(r->ctx));
        add_number(term, "seconds", most);
        WEISS_TRY(weiss_effective_statistics(effective, i, add_statistic, term));
    }
    return 0;
}

static void describe_stages(const run_json *r, json_object *root)
{
    json_object *stages = add_array(root, "stages");
    for (size_t i = 0; i < r->facts->record->nstages; i++) {
        const weiss_stage_record *record = &r->facts->record->stages[i];
        json_object *stage = append_object(stages);
        add_whole(stage, "index", record->index);
        add_text(stage, "name", record->name);
        add_text(stage, "outcome", record->ended ? weiss_outcome_name(record->outcome) : "running");
        add_number(stage, "time_begin_s", record->time_begin);
        if (record->ended) {
            add_text(stage, "reason", record->reason);
            add_whole(stage, "steps", record->steps);
            add_number(stage, "time_end_s", record->time_end);
            add_number(stage, "wall_clock_s", record->seconds);
        }
        add_numbers(stage, "solver", &record->counters);
    }
}

/* Peak memory of the processes. Collective; @p root matters on rank 0 only. */
static void describe_memory(const run_json *r, json_object *root)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    int64_t mine = (int64_t)usage.ru_maxrss * 1024, most = 0, all = 0;
    MPI_Reduce(&mine, &most, 1, MPI_INT64_T, MPI_MAX, 0, weiss_comm(r->ctx));
    MPI_Reduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, 0, weiss_comm(r->ctx));
    json_object *memory = add_object(root, "memory");
    add_whole(memory, "peak_of_a_rank_bytes", most);
    add_whole(memory, "peak_of_all_ranks_bytes", all);
}

static void describe_output(const run_json *r, json_object *root)
{
    json_object *output = add_object(root, "output"), *warnings = add_array(root, "warnings");
    add_whole(output, "rows", r->rows);
    add_whole(output, "snapshots", r->snapshots);
    for (size_t i = 0; i < weiss_warning_count(r->ctx); i++)
        json_object_array_add(warnings, json_object_new_string(weiss_warning(r->ctx, i)));
    json_object_object_add(root, "continues", json_object_get(r->previous));
}

static int write_object(const run_json *r, json_object *root)
{
    weiss_new_file file;
    const char *text = json_object_to_json_string_ext(
        root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text == NULL)
        return weiss_fail(r->ctx, WEISS_ERR_MEMORY, "out of memory");
    WEISS_TRY(weiss_file_begin(r->ctx, r->path, &file));
    fputs(text, file.stream);
    fputc('\n', file.stream);
    return weiss_file_commit(r->ctx, &file);
}

/* Collective. The other ranks fill an object too, which is dropped. */
static int write_run(const run_json *r, const char *status, bool failed)
{
    json_object *root = json_object_new_object();
    int code = weiss_agree(r->ctx, root != NULL ? 0 : weiss_fail(r->ctx, WEISS_ERR_MEMORY, "out of memory"));
    if (code == 0) {
        bool first = weiss_rank(r->ctx) == 0;
        describe_status(r, root, status, failed);
        describe_problem(r, root);
        describe_mesh(r, root);
        if (first)
            describe_ranks(r, root);
        code = describe_terms(r, root);
        describe_stages(r, root);
        add_numbers(root, "phases_s", &r->facts->record->phases);
        describe_memory(r, root);
        describe_output(r, root);
        code = weiss_agree(r->ctx, code == 0 && first ? write_object(r, root) : code);
    }
    json_object_put(root);
    return code;
}

/* Keeps of the run.json of the run that is continued what tells its part of the story. */
static void take_up_previous(run_json *r)
{
    static const char *const kept[] = {"status", "started", "written", "wall_clock_s",
                                       "ranks",  "hosts",   "stages"};
    json_object *old = json_object_from_file(r->path), *list = NULL;
    if (old == NULL)
        return;
    if (json_object_object_get_ex(old, "continues", &list) && json_object_is_type(list, json_type_array)) {
        json_object_put(r->previous);
        r->previous = json_object_get(list);
    }
    json_object *summary = append_object(r->previous);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        json_object *value;
        if (json_object_object_get_ex(old, kept[i], &value))
            json_object_object_add(summary, kept[i], json_object_get(value));
    }
    json_object_put(old);
}

static void destroy(run_json *r)
{
    json_object_put(r->previous);
    free(r->host);
    free(r->path);
    free(r);
}

static int prepare(run_json *r)
{
    r->previous = json_object_new_array();
    if (r->previous == NULL)
        return weiss_fail(r->ctx, WEISS_ERR_MEMORY, "out of memory");
    WEISS_TRY(WEISS_NEW(r->ctx, r->host, weiss_rank(r->ctx) == 0 ? weiss_size(r->ctx) : 0));
    return weiss_path_join(r->ctx, r->facts->directory, "run.json", &r->path);
}

static int run_json_open(const weiss_run_facts *facts, const weiss_value *config, void **data)
{
    (void)config;
    run_json *r;
    char host[MPI_MAX_PROCESSOR_NAME] = "";
    int length, code = 0;
    weiss_context *ctx = facts->mesh->ctx;
    WEISS_TRY(weiss_agree(ctx, WEISS_NEW(ctx, r, 1)));
    r->ctx = ctx;
    r->facts = facts;
    r->rows = facts->progress.rows;
    r->snapshots = facts->progress.snapshots;
    WEISS_TRY_OUT(code, weiss_agree(ctx, prepare(r)));
    MPI_Get_processor_name(host, &length);
    MPI_Gather(host, MPI_MAX_PROCESSOR_NAME, MPI_CHAR, r->host, MPI_MAX_PROCESSOR_NAME, MPI_CHAR, 0,
               weiss_comm(ctx));
    if (facts->resumed && weiss_rank(ctx) == 0)
        take_up_previous(r);
    WEISS_TRY_OUT(code, write_run(r, "running", false));
    *data = r;
out:
    if (code != 0)
        destroy(r);
    return code;
}

static int run_json_row(void *data, const weiss_report *report)
{
    (void)report;
    ((run_json *)data)->rows++;
    return 0;
}

static int run_json_snapshot(void *data, const weiss_report *report)
{
    (void)report;
    ((run_json *)data)->snapshots++;
    return 0;
}

static int run_json_flush(void *data)
{
    return write_run(data, "running", false);
}

static const char *status_at_end(const run_json *r, int outcome)
{
    const weiss_record *record = r->facts->record;
    if (outcome != 0)
        return outcome > 0 ? "stopped" : "failed";
    if (record->nstages > 0 && record->stages[record->nstages - 1].outcome == WEISS_OUTCOME_NOT_CONVERGED)
        return "not converged";
    return "complete";
}

static int run_json_close(void *data, int outcome)
{
    int code = write_run(data, status_at_end(data, outcome), outcome < 0);
    destroy(data);
    return code;
}

const weiss_output_class weiss_run_json_output = {
    .name = "run",
    .help = "run.json: inputs, mesh, solvers, times and memory of the run",
    .open = run_json_open,
    .row = run_json_row,
    .snapshot = run_json_snapshot,
    .flush = run_json_flush,
    .close = run_json_close,
};
