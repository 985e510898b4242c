"""Times Weiss, reproducibly: `make bench`, or bench.py --weiss build/weiss [options].

Measured, each several times, the programs taking turns so that a busy moment of the machine meets all of them:
- time stepping of the Permalloy bar (300 ps, rtol 1e-5) on two meshes, on 1 and 2 ranks, and of another program if asked;
- the boundary operator on growing surfaces: assembly, memory, one product, its error;
- start-up: what a run needs besides its mesh, its operators and its stages.
Results go to OUT/*.csv and, as tables, to the terminal. Python's standard library is all it needs."""
import argparse
import csv
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

PROBLEM = """title: Permalloy bar
mesh: {mesh}
materials:
  permalloy: {{Ms: 0.86e6 A/m, A: 13e-12 J/m, alpha: 0.5}}
demag: {{{demag}}}
initial: {{uniform: [1, 0, 1]}}
stages:
  - {stage}
"""
STEPPING = "dynamics: {duration: 300 ps, table_every: 5 ps, rtol: 1e-5}"
BAR = "{{box: [30 nm, 30 nm, 100 nm], max_edge: {edge} nm}}"


def run_weiss(options, name, ranks, mesh, stage, demag="tolerance: 1e-4"):
    """Runs one problem; gives its run.json and its wall-clock time."""
    path = options.out / f"{name}.yaml"
    path.write_text(PROBLEM.format(mesh=mesh, stage=stage, demag=demag))
    shutil.rmtree(path.with_suffix(".out"), ignore_errors=True)
    begin = time.monotonic()
    done = subprocess.run([options.weiss, "run", "-n", str(ranks), path.name], cwd=options.out, capture_output=True, text=True)
    wall = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"weiss run {path} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads((path.with_suffix(".out") / "run.json").read_text()), wall


def run_other(options):
    """Seconds of the other program: the number after the word "wall" in what it prints."""
    done = subprocess.run(options.against, shell=True, cwd=options.out, capture_output=True, text=True)
    match = re.search(r"\bwall[ =:]+([0-9.eE+-]+)", done.stdout)
    if done.returncode != 0 or match is None:
        sys.exit(f"`{options.against}` ended with {done.returncode} and printed no \"wall SECONDS\":\n{done.stdout}{done.stderr}")
    return float(match.group(1))


def summary(values):
    return statistics.median(values), min(values), max(values)


def write(options, name, header, rows):
    with open(options.out / f"{name}.csv", "w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    shown = [[cell if isinstance(cell, str) else f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
             for row in [header, *rows]]
    widths = [max(len(row[i]) for row in shown) for i in range(len(header))]
    print(f"\n{name}")
    for i, row in enumerate(shown):
        print("| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths)) + " |", flush=True)
        if i == 0:
            print("|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|")


def stepping(options):
    """Time stepping: integration only, as run.json tells it. Ratios are taken within a round, then their median."""
    rows = []
    meshes = [("small", options.mesh or BAR.format(edge=options.small_edge)), ("large", BAR.format(edge=options.large_edge))]
    for size, mesh in meshes:
        seconds = {}
        for round_number in range(options.rounds):
            for ranks in (1, 2):
                record, _ = run_weiss(options, f"bar-{size}-{ranks}", ranks, mesh, STEPPING)
                seconds.setdefault(f"weiss, {ranks} rank{'s'[:ranks - 1]}", []).append(record["phases_s"]["stages"])
                nodes = record["mesh"]["nodes"]
            if options.against and size == "small":
                seconds.setdefault("other program", []).append(run_other(options))
        base = seconds["other program"] if "other program" in seconds else seconds["weiss, 1 rank"]
        for name, values in seconds.items():
            ratios = [value / other for value, other in zip(values, base)]
            rows.append([size, nodes, name, len(values), *summary(values), *summary(ratios)])
    write(options, "stepping", ["mesh", "nodes", "program", "rounds", "median (s)", "least (s)", "most (s)",
                                "ratio, median", "ratio, least", "ratio, most"], rows)


def operators(options):
    """The boundary operator on the bar at several sizes."""
    rows = []
    for edge in options.operator_edges:
        for ranks in (1, 2):
            record, _ = run_weiss(options, f"operator-{edge}-{ranks}", ranks, BAR.format(edge=edge),
                                  "dynamics: {duration: 1 ps}", "operator: hierarchical, tolerance: 1e-4")
            demag, evaluations = record["terms"]["demag"], record["field_evaluations"]
            rows.append([record["mesh"]["nodes"], demag["surface_nodes"], ranks, demag["boundary_seconds"],
                         demag["bytes_per_surface_node"], demag["boundary_error"],
                         1e3 * demag["boundary_product_seconds"] / evaluations, 1e3 * demag["seconds"] / evaluations])
    write(options, "operator", ["nodes", "surface nodes", "ranks", "assembly (s)", "bytes per surface node", "error",
                                "product (ms)", "whole field (ms)"], rows)


def start_up(options):
    """Wall-clock time of a run with next to nothing to do."""
    tiny = "{grid: {size: [4 nm, 4 nm, 4 nm], cells: [2, 2, 2]}}"
    rows = []
    for ranks in (1, 2):
        walls = [run_weiss(options, f"start-{ranks}", ranks, tiny, "evaluate")[1] for _ in range(2 * options.rounds)]
        rows.append([ranks, len(walls), *summary(walls)])
    write(options, "start-up", ["ranks", "runs", "median (s)", "least (s)", "most (s)"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weiss", required=True, type=pathlib.Path, help="the command to time")
    parser.add_argument("--out", default=pathlib.Path("bench.out"), type=pathlib.Path, help="directory for results")
    parser.add_argument("--rounds", default=5, type=int, help="how often each is timed")
    parser.add_argument("--against", help="command of another program; it prints \"wall SECONDS\" of its time stepping")
    parser.add_argument("--mesh", help="value of `mesh:` for the small bar, such as {file: /path/bar.msh, unit: nm}")
    parser.add_argument("--small-edge", default=3, type=float, help="edges of the small bar, nm (about 4,000 nodes)")
    parser.add_argument("--large-edge", default=1.36, type=float, help="edges of the large bar, nm (about 35,000 nodes)")
    parser.add_argument("--operator-edges", default=[4, 2.5, 1.6, 1.2], type=float, nargs="+", help="edges for the operator, nm")
    parser.add_argument("--only", choices=["stepping", "operators", "start-up"], help="measure only this")
    options = parser.parse_args()
    options.weiss = options.weiss.resolve()
    options.out = options.out.resolve()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, measure in (("start-up", start_up), ("operators", operators), ("stepping", stepping)):
        if options.only in (None, name):
            measure(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
