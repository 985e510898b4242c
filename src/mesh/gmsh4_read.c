/* Gmsh's format 4.1, text and binary.
 *
 *   $Entities             numbers of points, curves, surfaces, volumes, then each with its box and physical groups
 *   $PartitionedEntities  the same for the parts into which Gmsh divides entities, each with its parent
 *   $Nodes                blocks: dimension entity parametric n, n tags, n times x y z [parameters]
 *   $Elements             blocks: dimension entity type n, n times: tag corners...
 * In binary files tags of entities, types and dimensions have 4 bytes; counts, tags of nodes and elements have 8. */
#include "mesh/gmsh_file.h"

#include <stdlib.h>
#include <string.h>

/** A volume and the first of its physical groups. */
typedef struct volume {
    int32_t tag, region;
} volume;

typedef struct volumes {
    volume *list; /* owned */
    size_t n, capacity;
    bool several; /* a volume has more than one physical group */
} volumes;

/** Bounds: least bytes of an entity in text and binary. */
enum { LEAST_TEXT = 8, LEAST_BINARY = 20 };

/** Physical groups of an entity; keeps the first when the entity is a volume. */
static int read_groups(weiss_cursor *c, int dimension, int32_t tag, volumes *v)
{
    int64_t count;
    int32_t group = 0, ignored;
    WEISS_TRY(weiss_cursor_count(c, "the number of physical groups of an entity", true, 2, 4, &count));
    for (int64_t i = 0; i < count; i++)
        WEISS_TRY(weiss_cursor_int(c, "a physical group of an entity", i == 0 ? &group : &ignored));
    if (dimension < 3)
        return 0;
    v->several = v->several || count > 1;
    WEISS_TRY(weiss_grow(c->ctx, &v->list, &v->capacity, v->n + 1, sizeof *v->list));
    v->list[v->n++] = (volume){.tag = tag, .region = weiss_gmsh_region(group)};
    return 0;
}

/** Parent and partitions of a part of an entity. */
static int skip_parent(weiss_cursor *c)
{
    int64_t count;
    WEISS_TRY(weiss_cursor_skip(c, "the parent of an entity", 2, 4));
    WEISS_TRY(weiss_cursor_count(c, "the number of partitions of an entity", true, 2, 4, &count));
    return weiss_cursor_skip(c, "the partitions of an entity", count, 4);
}

static int read_entity_lists(weiss_cursor *c, bool partitioned, volumes *v)
{
    static const char *const what[] = {"the number of points", "the number of curves",
                                       "the number of surfaces", "the number of volumes"};
    int64_t count[4], bounds;
    for (int d = 0; d < 4; d++)
        WEISS_TRY(weiss_cursor_count(c, what[d], true, LEAST_TEXT, LEAST_BINARY, &count[d]));
    for (int d = 0; d < 4; d++)
        for (int64_t i = 0; i < count[d]; i++) {
            int32_t tag;
            WEISS_TRY(weiss_cursor_int(c, "the tag of an entity", &tag));
            if (partitioned)
                WEISS_TRY(skip_parent(c));
            WEISS_TRY(weiss_cursor_skip(c, "the extent of an entity", d == 0 ? 3 : 6, sizeof(double)));
            WEISS_TRY(read_groups(c, d, tag, v));
            if (d == 0)
                continue;
            WEISS_TRY(weiss_cursor_count(c, "the number of bounding entities", true, 2, 4, &bounds));
            WEISS_TRY(weiss_cursor_skip(c, "the bounding entities", bounds, 4));
        }
    return 0;
}

static int read_entities(weiss_cursor *c, weiss_gmsh_builder *b, void *self)
{
    (void)b;
    return read_entity_lists(c, false, self);
}

static int read_partitioned_entities(weiss_cursor *c, weiss_gmsh_builder *b, void *self)
{
    int64_t partitions, ghosts;
    (void)b;
    WEISS_TRY(weiss_cursor_size(c, "the number of partitions", &partitions));
    WEISS_TRY(weiss_cursor_count(c, "the number of ghost entities", true, 4, 8, &ghosts));
    WEISS_TRY(weiss_cursor_skip(c, "the ghost entities", 2 * ghosts, 4));
    return read_entity_lists(c, true, self);
}

/** Tags of a block, then its coordinates: the tags are looked at a second time by a cursor of their own. */
static int read_node_block(weiss_cursor *c, weiss_gmsh_builder *b)
{
    int32_t dimension, entity, parametric;
    int64_t count, tag;
    WEISS_TRY(weiss_cursor_int(c, "the dimension of a block of nodes", &dimension));
    WEISS_TRY(weiss_cursor_int(c, "the entity of a block of nodes", &entity));
    WEISS_TRY(weiss_cursor_int(c, "whether a block of nodes has parameters (0 or 1)", &parametric));
    if (dimension < 0 || dimension > 3 || parametric < 0 || parametric > 1)
        return weiss_cursor_fail(
            c, WEISS_ERR_SYNTAX,
            "a block of nodes of dimension %d, parametric %d: expected 0 to 3, and 0 or 1", dimension,
            parametric);
    WEISS_TRY(weiss_cursor_count(c, "the number of nodes of a block", true, 8, 32, &count));
    weiss_cursor tags = *c;
    WEISS_TRY(weiss_cursor_skip(c, "the tags of nodes", count, sizeof(int64_t)));
    for (int64_t i = 0; i < count; i++) {
        double xyz[3];
        for (int k = 0; k < 3; k++)
            WEISS_TRY(weiss_cursor_real(c, "a coordinate of a node", &xyz[k]));
        WEISS_TRY(
            weiss_cursor_skip(c, "the parameters of a node", parametric ? dimension : 0, sizeof(double)));
        WEISS_TRY(weiss_cursor_size(&tags, "the tag of a node", &tag));
        WEISS_TRY(weiss_gmsh_add_node(c->ctx, b, tag, xyz));
    }
    return 0;
}

/** Head of $Nodes and $Elements: blocks, number, least and largest tag. */
static int read_head(weiss_cursor *c, const char *blocks_text, const char *number_text, size_t least_text,
                     size_t least_binary, int64_t *blocks, int64_t *number)
{
    int64_t limit;
    WEISS_TRY(weiss_cursor_count(c, blocks_text, true, 8, 20, blocks));
    WEISS_TRY(weiss_cursor_count(c, number_text, true, least_text, least_binary, number));
    WEISS_TRY(weiss_cursor_size(c, "the least tag", &limit));
    return weiss_cursor_size(c, "the largest tag", &limit);
}

static int compare_numbers(const weiss_cursor *c, const char *what, int64_t announced, int64_t found)
{
    if (announced != found)
        return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "the section announces %lld %s: found %lld",
                                 (long long)announced, what, (long long)found);
    return 0;
}

static int read_nodes(weiss_cursor *c, weiss_gmsh_builder *b, void *self)
{
    int64_t blocks, number;
    (void)self;
    WEISS_TRY(read_head(c, "the number of blocks of nodes", "the number of nodes", 8, 32, &blocks, &number));
    for (int64_t i = 0; i < blocks; i++)
        WEISS_TRY(read_node_block(c, b));
    return compare_numbers(c, "nodes", number, b->mesh->nnodes);
}

static int32_t region_of(const volumes *v, int32_t tag)
{
    for (size_t i = v->n; i-- > 0;)
        if (v->list[i].tag == tag)
            return v->list[i].region;
    return 0;
}

static int read_element_block(weiss_cursor *c, weiss_gmsh_builder *b, const volumes *v, int64_t *done)
{
    int32_t dimension, entity, type;
    int64_t count, tag, corner[4];
    int corners;
    bool is_tet;
    WEISS_TRY(weiss_cursor_int(c, "the dimension of a block of elements", &dimension));
    WEISS_TRY(weiss_cursor_int(c, "the entity of a block of elements", &entity));
    WEISS_TRY(weiss_cursor_int(c, "the type of a block of elements", &type));
    WEISS_TRY(weiss_gmsh_element_corners(c, type, &corners, &is_tet));
    WEISS_TRY(weiss_cursor_count(c, "the number of elements of a block", true, 4, 16, &count));
    int32_t region = is_tet ? region_of(v, entity) : 0;
    *done += count;
    for (int64_t i = 0; i < count; i++) {
        weiss_cursor place = *c;
        if (!c->binary)
            weiss_cursor_skip_blanks(&place);
        WEISS_TRY(weiss_cursor_size(c, "the tag of an element", &tag));
        if (!is_tet) {
            b->nother++;
            WEISS_TRY(weiss_cursor_skip(c, "the nodes of an element", corners, sizeof(int64_t)));
            continue;
        }
        for (int k = 0; k < 4; k++)
            WEISS_TRY(weiss_cursor_size(c, "a node of an element", &corner[k]));
        WEISS_TRY(weiss_gmsh_add_tet(&place, b, corner, region));
    }
    return 0;
}

static int read_elements(weiss_cursor *c, weiss_gmsh_builder *b, void *self)
{
    int64_t blocks, number, done = 0;
    WEISS_TRY(
        read_head(c, "the number of blocks of elements", "the number of elements", 4, 16, &blocks, &number));
    for (int64_t i = 0; i < blocks; i++)
        WEISS_TRY(read_element_block(c, b, self, &done));
    return compare_numbers(c, "elements", number, done);
}

static int read_names(weiss_cursor *c, weiss_gmsh_builder *b, void *self)
{
    (void)self;
    return weiss_gmsh_read_names(c, b);
}

static const weiss_gmsh_section sections[] = {{"PhysicalNames", read_names, false},
                                              {"Entities", read_entities, false},
                                              {"PartitionedEntities", read_partitioned_entities, false},
                                              {"Nodes", read_nodes, true},
                                              {"Elements", read_elements, true},
                                              {NULL, NULL, false}};

int weiss_gmsh4_read(weiss_context *ctx, const char *path, const char *data, size_t length,
                     weiss_tetmesh **out)
{
    int code = 0;
    weiss_gmsh_builder b;
    volumes v = {0};
    weiss_cursor c = {.ctx = ctx, .path = path, .data = data, .length = length, .line = 1};
    *out = NULL;
    WEISS_TRY(weiss_gmsh_builder_start(ctx, &b));
    WEISS_TRY_OUT(code, weiss_gmsh_read_format(&c, "4.1"));
    WEISS_TRY_OUT(code, weiss_gmsh_read_sections(&c, sections, &b, &v));
    WEISS_TRY_OUT(code, weiss_gmsh_builder_finish(&c, &b, out));
    if (v.several)
        weiss_info(ctx,
                   "%s: some volumes belong to several physical groups; the first of them is their region",
                   path);
out:
    weiss_gmsh_builder_free(&b);
    free(v.list);
    return code;
}
