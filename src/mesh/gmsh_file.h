/* What the two generations of Gmsh's mesh format have in common. */
#ifndef WEISS_MESH_GMSH_FILE_H
#define WEISS_MESH_GMSH_FILE_H

#include "mesh/cursor.h"
#include "mesh/tetmesh.h"

/** Number of corners of an element of type @p type when it is not of volume (they are passed over), 4 for the 4-node
 *  tetrahedron. Other elements of volume are refused with a word on what to do.
 *  @param[out] is_tet  true for the 4-node tetrahedron
 *  @return 0, WEISS_ERR_MESH, WEISS_ERR_SYNTAX (no such type) */
int weiss_gmsh_element_corners(const weiss_cursor *place, int32_t type, int *corners, bool *is_tet);

/** A mesh while it is being read. */
typedef struct weiss_gmsh_builder {
    weiss_tetmesh *mesh; /**< arrays grow while reading; owned */
    size_t xyz_capacity, tet_capacity, region_capacity;
    int64_t *tag; /**< nnodes, tag of each node; owned */
    size_t tag_capacity;
    weiss_gidx
        *by_tag; /**< nnodes, nodes in the order of their tags; NULL when they come in that order; owned */
    bool sorted; /**< nodes are complete and can be looked up */
    int64_t nother; /**< elements of lower dimension that were passed over */
} weiss_gmsh_builder;

/** The region of a physical tag: a negative one only tells of a reversed orientation. */
int32_t weiss_gmsh_region(int32_t tag);

int weiss_gmsh_builder_start(weiss_context *ctx, weiss_gmsh_builder *b);
void weiss_gmsh_builder_free(weiss_gmsh_builder *b);
/** @return 0, WEISS_ERR_MEMORY */
int weiss_gmsh_add_node(weiss_context *ctx, weiss_gmsh_builder *b, int64_t tag, const double xyz[3]);
/** Prepares looking up nodes by tag. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH (two nodes have the same tag) */
int weiss_gmsh_sort_nodes(const weiss_cursor *place, weiss_gmsh_builder *b);
/** Adds a tetrahedron by the tags of its nodes. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH (no such node) */
int weiss_gmsh_add_tet(const weiss_cursor *place, weiss_gmsh_builder *b, const int64_t tag[4],
                       int32_t region);
/** Hands over the mesh. @return 0, WEISS_ERR_MESH when it has no tetrahedra */
int weiss_gmsh_builder_finish(const weiss_cursor *place, weiss_gmsh_builder *b, weiss_tetmesh **out);

/** Reads `$MeshFormat` from the start of the file and sets binary and swapped. The version must begin with @p version.
 *  @return 0, WEISS_ERR_SYNTAX */
int weiss_gmsh_read_format(weiss_cursor *c, const char *version);
/** Reads `$PhysicalNames` (the mark itself is read already) and keeps those of volumes. */
int weiss_gmsh_read_names(weiss_cursor *c, weiss_gmsh_builder *b);

/** Reads the parts of one section of a file. The cursor stands behind its mark; the end mark is read by the caller. */
typedef struct weiss_gmsh_section {
    const char *name; /**< "Nodes" for $Nodes; NULL ends a table */
    int (*read)(weiss_cursor *c, weiss_gmsh_builder *b, void *self);
    bool required;
} weiss_gmsh_section;

/** Reads all sections that the table knows and passes over the others. Each may occur once; nodes before elements.
 *  @return 0, WEISS_ERR_SYNTAX, WEISS_ERR_MESH, WEISS_ERR_MEMORY */
int weiss_gmsh_read_sections(weiss_cursor *c, const weiss_gmsh_section *table, weiss_gmsh_builder *b,
                             void *self);

/** The formats (formats.c lists them). */
bool weiss_gmsh2_recognise(const char *head, size_t length);
bool weiss_gmsh4_recognise(const char *head, size_t length);
int weiss_gmsh2_read(weiss_context *ctx, const char *path, const char *data, size_t length,
                     weiss_tetmesh **out);
int weiss_gmsh4_read(weiss_context *ctx, const char *path, const char *data, size_t length,
                     weiss_tetmesh **out);
int weiss_gmsh2_write(weiss_context *ctx, const weiss_tetmesh *mesh, FILE *to);
int weiss_gmsh4_write(weiss_context *ctx, const weiss_tetmesh *mesh, FILE *to);
int weiss_gmsh4_write_binary(weiss_context *ctx, const weiss_tetmesh *mesh, FILE *to);

#endif
