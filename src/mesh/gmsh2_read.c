/* Gmsh's format 2.2 (and 2, 2.1), text and binary.
 *
 *   $Nodes       n, then n times: tag x y z
 *   $Elements    n, then in text    n times: tag type ntags tags... corners...
 *                        in binary  blocks:  type number ntags, then for each element: tag tags... corners...
 * The first of an element's tags is its physical group, 0 when none. All integers are 32-bit. */
#include "mesh/gmsh_file.h"

enum { MOST_TAGS = 1 << 16 };

/** A count, which stands as text on a line of its own in binary files too. */
static int read_count(weiss_cursor *c, const char *what, size_t least_text, size_t least_binary,
                      int64_t *count)
{
    bool binary = c->binary;
    char rest[4];
    c->binary = false;
    int code = weiss_cursor_count(c, what, false, binary ? least_binary : least_text, 1, count);
    if (code == 0 && binary)
        weiss_cursor_rest_of_line(c, rest, sizeof rest);
    c->binary = binary;
    return code;
}

static int read_nodes(weiss_cursor *c, weiss_gmsh_builder *b, void *self)
{
    int64_t count;
    (void)self;
    WEISS_TRY(read_count(c, "the number of nodes", 8, 28, &count));
    for (int64_t i = 0; i < count; i++) {
        int32_t tag;
        double xyz[3];
        WEISS_TRY(weiss_cursor_int(c, "the tag of a node", &tag));
        for (int k = 0; k < 3; k++)
            WEISS_TRY(weiss_cursor_real(c, "a coordinate of a node", &xyz[k]));
        WEISS_TRY(weiss_gmsh_add_node(c->ctx, b, tag, xyz));
    }
    return 0;
}

/** Tags and corners of one element. */
static int read_element(weiss_cursor *c, weiss_gmsh_builder *b, int32_t ntags, int corners, bool is_tet)
{
    weiss_cursor place = *c;
    int32_t region = 0, corner[4];
    if (!c->binary)
        weiss_cursor_skip_blanks(&place);
    if (ntags > 0) {
        WEISS_TRY(weiss_cursor_int(c, "the physical group of an element", &region));
        WEISS_TRY(weiss_cursor_skip(c, "the tags of an element", ntags - 1, sizeof(int32_t)));
    }
    if (!is_tet) {
        b->nother++;
        return weiss_cursor_skip(c, "the nodes of an element", corners, sizeof(int32_t));
    }
    for (int k = 0; k < 4; k++)
        WEISS_TRY(weiss_cursor_int(c, "a node of an element", &corner[k]));
    return weiss_gmsh_add_tet(&place, b, (int64_t[]){corner[0], corner[1], corner[2], corner[3]},
                              weiss_gmsh_region(region));
}

static int check_tags(const weiss_cursor *c, int32_t ntags)
{
    if (ntags < 0 || ntags > MOST_TAGS)
        return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "an element has %d tags: expected 0 to %d", ntags,
                                 MOST_TAGS);
    return 0;
}

static int read_text_elements(weiss_cursor *c, weiss_gmsh_builder *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t tag, type, ntags;
        int corners;
        bool is_tet;
        WEISS_TRY(weiss_cursor_int(c, "the tag of an element", &tag));
        WEISS_TRY(weiss_cursor_int(c, "the type of an element", &type));
        WEISS_TRY(weiss_gmsh_element_corners(c, type, &corners, &is_tet));
        WEISS_TRY(weiss_cursor_int(c, "the number of tags of an element", &ntags));
        WEISS_TRY(check_tags(c, ntags));
        WEISS_TRY(read_element(c, b, ntags, corners, is_tet));
    }
    return 0;
}

static int read_binary_elements(weiss_cursor *c, weiss_gmsh_builder *b, int64_t count)
{
    for (int64_t done = 0; done < count;) {
        int32_t type, number, ntags, tag;
        int corners;
        bool is_tet;
        WEISS_TRY(weiss_cursor_int(c, "the type of a block of elements", &type));
        WEISS_TRY(weiss_gmsh_element_corners(c, type, &corners, &is_tet));
        WEISS_TRY(weiss_cursor_int(c, "the number of elements of a block", &number));
        WEISS_TRY(weiss_cursor_int(c, "the number of tags of a block", &ntags));
        WEISS_TRY(check_tags(c, ntags));
        if (number < 1 || number > count - done)
            return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "a block of %d elements: expected 1 to %lld",
                                     number, (long long)(count - done));
        for (int32_t i = 0; i < number; i++) {
            WEISS_TRY(weiss_cursor_int(c, "the tag of an element", &tag));
            WEISS_TRY(read_element(c, b, ntags, corners, is_tet));
        }
        done += number;
    }
    return 0;
}

static int read_elements(weiss_cursor *c, weiss_gmsh_builder *b, void *self)
{
    int64_t count;
    (void)self;
    WEISS_TRY(read_count(c, "the number of elements", 7, 8, &count));
    return c->binary ? read_binary_elements(c, b, count) : read_text_elements(c, b, count);
}

static int read_names(weiss_cursor *c, weiss_gmsh_builder *b, void *self)
{
    (void)self;
    return weiss_gmsh_read_names(c, b);
}

static const weiss_gmsh_section sections[] = {{"PhysicalNames", read_names, false},
                                              {"Nodes", read_nodes, true},
                                              {"Elements", read_elements, true},
                                              {NULL, NULL, false}};

int weiss_gmsh2_read(weiss_context *ctx, const char *path, const char *data, size_t length,
                     weiss_tetmesh **out)
{
    int code = 0;
    weiss_gmsh_builder b;
    weiss_cursor c = {.ctx = ctx, .path = path, .data = data, .length = length, .line = 1};
    *out = NULL;
    WEISS_TRY(weiss_gmsh_builder_start(ctx, &b));
    WEISS_TRY_OUT(code, weiss_gmsh_read_format(&c, "2"));
    WEISS_TRY_OUT(code, weiss_gmsh_read_sections(&c, sections, &b, NULL));
    WEISS_TRY_OUT(code, weiss_gmsh_builder_finish(&c, &b, out));
out:
    weiss_gmsh_builder_free(&b);
    return code;
}
