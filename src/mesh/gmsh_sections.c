/* The frame of a Gmsh file: format line, sections between $Name and $EndName, physical names. */
#include "mesh/gmsh_file.h"

#include <string.h>

static int read_byte_order(weiss_cursor *c)
{
    char line[8];
    int32_t one = 0;
    weiss_cursor_rest_of_line(c, line, sizeof line);
    c->binary = c->bytes_named = true;
    WEISS_TRY(weiss_cursor_int(c, "the number 1 that shows the byte order", &one));
    c->swapped = one == 0x01000000;
    if (one != 1 && !c->swapped)
        return weiss_cursor_fail(c, WEISS_ERR_SYNTAX,
                                 "expected the binary number 1 in either byte order, found the bytes of %d",
                                 one);
    return 0;
}

int weiss_gmsh_read_format(weiss_cursor *c, const char *version)
{
    char found[16];
    int32_t type, size;
    if (!weiss_cursor_find_line(c, "$MeshFormat"))
        return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "expected a line $MeshFormat");
    if (!weiss_cursor_word(c, found, sizeof found) || strncmp(found, version, strlen(version)) != 0)
        return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "expected version %s, found \"%s\"", version, found);
    WEISS_TRY(weiss_cursor_int(c, "the file type (0 for text, 1 for binary)", &type));
    WEISS_TRY(weiss_cursor_int(c, "the size of a number (8)", &size));
    if ((type != 0 && type != 1) || size != 8)
        return weiss_cursor_fail(
            c, WEISS_ERR_SYNTAX,
            "expected file type 0 (text) or 1 (binary) and numbers of 8 bytes, found %d and %d", type, size);
    if (type == 1)
        WEISS_TRY(read_byte_order(c));
    return weiss_cursor_expect(c, "$EndMeshFormat");
}

/** The name between the first and the last quotation mark of a line. */
static char *unquote(char *line)
{
    char *first = strchr(line, '"'), *last = strrchr(line, '"');
    if (first == NULL || first == last)
        return NULL;
    *last = '\0';
    return first + 1;
}

/** Names are shown at terminals and written to files of other formats. */
static bool has_control(const char *name)
{
    while (*name != '\0' && (unsigned char)*name >= ' ' && *name != 0x7f)
        name++;
    return *name != '\0';
}

int weiss_gmsh_read_names(weiss_cursor *c, weiss_gmsh_builder *b)
{
    bool binary = c->binary;
    int64_t count;
    c->binary = false; /* names are text in binary files too */
    int code = weiss_cursor_count(c, "the number of physical names", false, 6, 6, &count);
    for (int64_t i = 0; i < count && code == 0; i++) {
        int32_t dimension, tag;
        char line[512];
        WEISS_TRY_OUT(code, weiss_cursor_int(c, "the dimension of a physical group", &dimension));
        WEISS_TRY_OUT(code, weiss_cursor_int(c, "the tag of a physical group", &tag));
        weiss_cursor place = *c;
        char *name = weiss_cursor_rest_of_line(c, line, sizeof line) ? unquote(line) : NULL;
        if (name == NULL || has_control(name)) {
            code = weiss_cursor_fail(&place, WEISS_ERR_SYNTAX,
                                     "expected the name of a physical group in quotation marks, in one line "
                                     "of at most %zu bytes without control characters",
                                     sizeof line - 1);
            goto out;
        }
        if (dimension == 3)
            WEISS_TRY_OUT(code, weiss_tetmesh_name_region(c->ctx, b->mesh, weiss_gmsh_region(tag), name));
    }
out:
    c->binary = binary;
    return code;
}

/** Moves behind `$EndNAME` of a section that is of no use here. */
static int pass_over(weiss_cursor *c, const char *name)
{
    char mark[80];
    snprintf(mark, sizeof mark, "$End%s", name);
    if (!weiss_cursor_find_line(c, mark))
        return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "section $%s has no end: expected %s", name, mark);
    return 0;
}

static int read_section(weiss_cursor *c, const weiss_gmsh_section *section, weiss_gmsh_builder *b, void *self)
{
    char mark[80], rest[4];
    if (c->binary) /* numbers begin right behind the end of the line */
        weiss_cursor_rest_of_line(c, rest, sizeof rest);
    if (strcmp(section->name, "Elements") == 0 && !b->sorted)
        return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "$Elements comes before $Nodes: expected it after");
    if (strstr(section->name, "Entities") != NULL && b->mesh->ntets > 0)
        return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "$%s comes after $Elements: expected it before",
                                 section->name);
    WEISS_TRY(section->read(c, b, self));
    snprintf(mark, sizeof mark, "$End%s", section->name);
    WEISS_TRY(weiss_cursor_expect(c, mark));
    return strcmp(section->name, "Nodes") == 0 ? weiss_gmsh_sort_nodes(c, b) : 0;
}

int weiss_gmsh_read_sections(weiss_cursor *c, const weiss_gmsh_section *table, weiss_gmsh_builder *b,
                             void *self)
{
    enum { MOST_SECTIONS = 32 };
    bool seen[MOST_SECTIONS] = {false};
    char mark[64];
    for (weiss_cursor before = *c; weiss_cursor_word(c, mark, sizeof mark); before = *c) {
        int s = 0;
        if (mark[0] != '$' || strncmp(mark, "$End", 4) == 0) {
            *c = before;
            return weiss_cursor_expect(c, "the beginning of a section ($Name)");
        }
        while (table[s].name != NULL && strcmp(table[s].name, mark + 1) != 0)
            s++;
        if (table[s].name == NULL) {
            WEISS_TRY(pass_over(c, mark + 1));
            continue;
        }
        if (seen[s])
            return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "a second section %s: expected one", mark);
        seen[s] = true;
        WEISS_TRY(read_section(c, &table[s], b, self));
    }
    for (int s = 0; table[s].name != NULL; s++)
        if (table[s].required && !seen[s])
            return weiss_cursor_fail(c, WEISS_ERR_SYNTAX, "the file ends without a section $%s",
                                     table[s].name);
    return 0;
}
