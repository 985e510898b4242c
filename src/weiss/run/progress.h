/* How a run goes on, for people: one line at a terminal that rewrites itself, plain lines now and then elsewhere. */
#ifndef WEISS_COMMAND_PROGRESS_H
#define WEISS_COMMAND_PROGRESS_H

#include "simulation/run.h"

typedef struct weiss_display {
    int columns; /**< of the terminal; 0: plain lines */
    bool quiet; /**< warnings only */
    bool open_line; /**< a line that rewrites itself stands on the screen */
    int nstages;
    double stage_start; /**< MPI_Wtime */
    double first_fraction; /**< of the stage, when this process took it up; -1: not yet known */
    double last_shown; /**< MPI_Wtime */
    double energy, torque; /**< of the last row; NAN before */
} weiss_display;

/** A display on standard output. */
weiss_display weiss_display_start(bool quiet);
/** A monitor that shows a run on @p display. */
weiss_monitor weiss_display_monitor(weiss_display *display);
/** A log function (self: the display): warnings to standard error, remarks to standard output. */
void weiss_display_log(void *display, int level, const char *text);
/** Shows what is being done, "making the mesh". */
void weiss_display_doing(weiss_display *display, const char *what);
/** Removes the line that rewrites itself. */
void weiss_display_clear(weiss_display *display);

#endif
