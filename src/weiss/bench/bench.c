/* weiss bench: its table of subcommands. */
#include "weiss/bench/bench.h"

static const weiss_command *const commands[] = {
    &weiss_command_bench_fabric,
    &weiss_command_bench_tuning,
    NULL,
};

const weiss_command weiss_command_bench = {
    .name = "bench",
    .summary = "Measure how fast messages are",
    .operands = "",
    .children = commands,
    .text = "Example:\n"
            "  weiss bench fabric --quick\n",
};
