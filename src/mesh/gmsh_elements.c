/* Gmsh's types of elements: what can be passed over and what must be refused. */
#include "mesh/gmsh_file.h"

typedef struct element_type {
    int dimension, corners;
    const char *name;
} element_type;

/** By number of the type; numbers without a name do not exist. */
static const element_type types[] = {
    [1] = {1, 2, "2-node line"},
    [2] = {2, 3, "3-node triangle"},
    [3] = {2, 4, "4-node quadrangle"},
    [4] = {3, 4, "4-node tetrahedron"},
    [5] = {3, 8, "8-node hexahedron"},
    [6] = {3, 6, "6-node prism"},
    [7] = {3, 5, "5-node pyramid"},
    [8] = {1, 3, "3-node line"},
    [9] = {2, 6, "6-node triangle"},
    [10] = {2, 9, "9-node quadrangle"},
    [11] = {3, 10, "10-node tetrahedron"},
    [12] = {3, 27, "27-node hexahedron"},
    [13] = {3, 18, "18-node prism"},
    [14] = {3, 14, "14-node pyramid"},
    [15] = {0, 1, "point"},
    [16] = {2, 8, "8-node quadrangle"},
    [17] = {3, 20, "20-node hexahedron"},
    [18] = {3, 15, "15-node prism"},
    [19] = {3, 13, "13-node pyramid"},
    [20] = {2, 9, "9-node triangle"},
    [21] = {2, 10, "10-node triangle"},
    [22] = {2, 12, "12-node triangle"},
    [23] = {2, 15, "15-node triangle"},
    [24] = {2, 15, "15-node triangle"},
    [25] = {2, 21, "21-node triangle"},
    [26] = {1, 4, "4-node line"},
    [27] = {1, 5, "5-node line"},
    [28] = {1, 6, "6-node line"},
    [29] = {3, 20, "20-node tetrahedron"},
    [30] = {3, 35, "35-node tetrahedron"},
    [31] = {3, 56, "56-node tetrahedron"},
    [92] = {3, 64, "64-node hexahedron"},
    [93] = {3, 125, "125-node hexahedron"},
};

int weiss_gmsh_element_corners(const weiss_cursor *place, int32_t type, int *corners, bool *is_tet)
{
    enum { TETRAHEDRON = 4 };
    if (type < 0 || type >= (int32_t)(sizeof types / sizeof types[0]) || types[type].name == NULL)
        return weiss_cursor_fail(place, WEISS_ERR_SYNTAX,
                                 "there is no element type %d: expected one of Gmsh's", type);
    *corners = types[type].corners;
    *is_tet = type == TETRAHEDRON;
    if (types[type].dimension < 3 || *is_tet)
        return 0;
    bool curved = type == 11 || (type >= 29 && type <= 31);
    return weiss_cursor_fail(
        place, WEISS_ERR_MESH, "found element type %d (%s): expected type 4 (4-node tetrahedron); %s", type,
        types[type].name,
        curved ? "mesh with Mesh.ElementOrder = 1" : "mesh the volume without recombination");
}
