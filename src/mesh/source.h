/* Sources of meshes: shapes made by Gmsh and files of several formats, each registered in one table. */
#ifndef WEISS_MESH_SOURCE_H
#define WEISS_MESH_SOURCE_H

#include "mesh/tetmesh.h"
#include "problem/problem.h"

/** A shape that `mesh:` can ask for. One file per family of shapes; the table is in mesh/shapes.c. */
typedef struct weiss_shape_class {
    weiss_key key; /**< the key in `mesh:` (alternative), e.g. `box: [x, y, z]` */
    /** Makes the mesh, in metres. Rank 0 only. @p mesh is the whole `mesh:` map, @p shape the value of the key. */
    int (*generate)(weiss_context *ctx, const weiss_value *mesh, const weiss_value *shape,
                    weiss_tetmesh **out);
} weiss_shape_class;

/** A file format for reading (read != NULL) and writing (write != NULL). The table is in mesh/formats.c. */
typedef struct weiss_mesh_format {
    const char *name; /**< "gmsh-2.2", for messages and --format */
    const char *suffixes; /**< separated by blanks: "msh" */
    const char *help;
    /** True when the first bytes are of this format. */
    bool (*recognise)(const char *head, size_t length);
    /** Reads a whole file that lies in memory. Coordinates stay in the file's unit. Local. Never trusts a count or an
     *  index: errors name file and line (text) or byte offset (binary). */
    int (*read)(weiss_context *ctx, const char *path, const char *data, size_t length, weiss_tetmesh **out);
    /** Writes to an open file; the caller renames it when this succeeds. Local. */
    int (*write)(weiss_context *ctx, const weiss_tetmesh *mesh, FILE *to);
} weiss_mesh_format;

/** NULL-terminated tables. */
extern const weiss_shape_class *const weiss_shape_table[];
extern const weiss_mesh_format *const weiss_mesh_format_table[];

/** Members of `mesh:` for the schema: all shapes, `file`, `unit`, `max_edge`, grading. Static, borrowed. */
const weiss_key *weiss_mesh_keys(void);

/** Makes or reads the mesh that the problem asks for, in metres, checks its quality (warnings and errors), and leaves
 *  out elements of non-magnetic regions. Collective; @p *out is set on rank 0, NULL elsewhere.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_SYNTAX, WEISS_ERR_MESH, WEISS_ERR_VALUE, WEISS_ERR_LIBRARY */
int weiss_mesh_obtain(const weiss_problem *problem, weiss_tetmesh **out);

/** Reads a mesh file, recognised by its first bytes. Rank 0 only (local). */
int weiss_mesh_read_file(weiss_context *ctx, const char *path, weiss_tetmesh **out);
/** Writes a mesh file in the named format ("" : by suffix); temporary name, then renamed. Local. */
int weiss_mesh_write_file(weiss_context *ctx, const weiss_tetmesh *mesh, const char *path,
                          const char *format);

#endif
