/* What the subcommands of `weiss mesh` share. */
#ifndef WEISS_COMMAND_MESH_H
#define WEISS_COMMAND_MESH_H

#include "mesh/tetmesh.h"
#include "weiss/command.h"

extern const weiss_command weiss_command_mesh_make;
extern const weiss_command weiss_command_mesh_info;
extern const weiss_command weiss_command_mesh_convert;

/** Prints sizes, edges, quality, regions and bodies of a mesh. Rank 0 only; local.
 *  @param metres  whether coordinates are in metres, or else in an unknown unit of the file
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH */
int weiss_mesh_show(weiss_context *ctx, const weiss_tetmesh *mesh, const char *name, bool metres);

/** Metres per @p unit ("nm"); 0 when @p unit is NULL. Local. @return 0, WEISS_ERR_USAGE */
int weiss_mesh_parse_unit(weiss_context *ctx, const char *unit, double *metres);

/** Refuses a name of a format that is none, with the nearest. @return 0, WEISS_ERR_USAGE */
int weiss_mesh_check_format(weiss_context *ctx, const char *format);

#endif
