/* Comparison of doubles (that of cmocka 1.1 works on floats). */
#ifndef TESTS_MESH_NEAR_H
#define TESTS_MESH_NEAR_H

#include <math.h>

#define assert_near(found, expected, tolerance)                                                              \
    do {                                                                                                     \
        double found_ = (found), expected_ = (expected);                                                     \
        if (!(fabs(found_ - expected_) <= (tolerance)))                                                      \
            fail_msg("found %.17g, expected %.17g within %g", found_, expected_, (double)(tolerance));       \
    } while (0)

#endif
