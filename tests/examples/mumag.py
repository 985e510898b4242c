"""Standard problems of the micromagnetic modelling activity group (muMAG) at NIST."""
import formulas
from measure import crossings

LEX = 10e-9  # of the two files: A = Km (10 nm)^2, Ms = 1e6 A/m
KM = formulas.MU0 / 2 * 1e12
PARTS = {"flower": dict(demag=0.279, exchange=0.018, uniaxial=0.006),
         "vortex": dict(demag=0.078, exchange=0.172, uniaxial=0.052)}


def mumag3_energies(runner, found, cells, sizes):
    """Relaxes both states in cubes of several sizes; the results by (state, L)."""
    results = {}
    for L in sizes:
        for state in PARTS:
            edge = f"{L * LEX * 1e9:.1f} nm"
            changes = [] if (L, cells) == (8.47, 20) else [
                ("size: [84.7 nm, 84.7 nm, 84.7 nm], cells: [20, 20, 20]",
                 f"size: [{edge}, {edge}, {edge}], cells: [{cells}, {cells}, {cells}]")]
            what = f"{state}, L = {L}, {cells}^3 cells"
            variant = f"{L}-{cells}" if changes else ""
            results[state, L] = found.timed(what, lambda: runner.run(f"mumag3-{state}", variant, changes))
    return results


def reduced(result, energy):
    """An energy in units of Km V."""
    return energy / (KM * result.volume)


def mumag3_at(runner, found, cells, energy_tolerance, size_tolerance):
    sizes = (8.37, 8.47, 8.57)
    results = mumag3_energies(runner, found, cells, sizes)
    for state, parts in PARTS.items():
        result = results[state, 8.47]
        found.add(f"e of the {state} state at L = 8.47, {cells}^3 cells", 0.3027,
                  reduced(result, result.table["E_total (J)"][-1]), energy_tolerance, "Km", relative=False,
                  source="Rave et al. 1998")
        for term, value in parts.items():
            found.add(f"its {term} part", value, reduced(result, result.table.energy(term)), energy_tolerance, "Km",
                      relative=False, source="Rave et al. 1998")
    gaps = [reduced(results["flower", L], results["flower", L].table["E_total (J)"][-1])
            - reduced(results["vortex", L], results["vortex", L].table["E_total (J)"][-1]) for L in sizes]
    slope = (gaps[2] - gaps[0]) / (sizes[2] - sizes[0])
    found.add(f"L at which both energies are equal, {cells}^3 cells", 8.47, sizes[1] - gaps[1] / slope, size_tolerance,
              "lex", relative=False, source="Rave et al. 1998; Martins et al. 8.4687")


def mumag3(runner, found, full):
    if full:
        mumag3_at(runner, found, 20, 0.003, 0.1)
        mumag3_at(runner, found, 26, 0.002, 0.05)
    else:
        mumag3_at(runner, found, 12, 0.007, 0.15)


# A program that solves it with finite differences and the submission of Martinez et al. agree on these within 1 ps.
MY_CROSSINGS = (196.7, 303.0, 447.2, 520.9, 625.5, 680.1, 776.6, 833.2, 939.8, 982.6)


def mumag4_at(runner, found, variant, changes, ranks, tolerance, count):
    """Runs the reversal on one mesh; compares the first count zeros of <my>."""
    result = found.timed(variant or "as in the file", lambda: runner.run("mumag4", variant, changes, ranks))
    mesh = f"{result.nodes:,} nodes"
    start = result.table.stage(1).mean()
    for k, (name, value) in enumerate((("<mx>", 0.96672), ("<my>", 0.12573), ("<mz>", 0))):
        found.add(f"{name} of the S-state, {mesh}", value, start[k], tolerance / 3, relative=False, source="muMAG 4 submissions")
    table = result.table.stage(2)
    times = [1e12 * t for t in table["t (s)"]]
    found.nth(f"first zero of <mx>, {mesh}", 138.5, crossings(times, table["mx"]), 0, tolerance, "ps",
              source="OOMMF; Martinez et al.")
    zeros = crossings(times, table["my"])
    for i, value in enumerate(MY_CROSSINGS[:count]):
        found.nth(f"zero {i + 1} of <my>, {mesh}", value, zeros, i, tolerance, "ps", source="OOMMF")


CELLS = "cells: [125, 32, 2]"


def mumag4(runner, found, full):
    if full:
        mumag4_at(runner, found, "", [], 1, 0.03, 9)
        mumag4_at(runner, found, "fine", [(CELLS, "cells: [200, 50, 4]")], 1, 0.01, 10)
    else:
        mumag4_at(runner, found, "coarse", [(CELLS, "cells: [50, 12, 2]"), ("duration: 1 ns", "duration: 350 ps")], 1, 0.08, 2)
