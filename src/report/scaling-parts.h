/* Pictures of where the time of a scaling measurement went; report/scaling.h has the tables. */
#ifndef WEISS_REPORT_SCALING_PARTS_H
#define WEISS_REPORT_SCALING_PARTS_H

#include "report/scaling.h"

/** Draws a bar for each point that tells where its time went; nothing when none does. @return 0, WEISS_ERR_FILE,
 *  WEISS_ERR_MEMORY */
int weiss_scaling_draw_parts(const weiss_scaling *series, int nseries, const char *path, weiss_fault *fault);

#endif
