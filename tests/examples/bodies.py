"""Uniformly magnetised bodies: the demagnetising field against what is known exactly."""
import formulas
from run import Failure

MS = 0.86e6


def operator(kind):
    """The change of an example that selects a boundary operator."""
    return ("initial:", f"demag: {{{kind}}}\ninitial:")


def factor(result):
    """Mean demagnetising factor along the magnetisation, from the energy: -<H>/Ms = E / (mu0 Ms^2 V / 2)."""
    return result.table.energy("demag") / formulas.demag_energy(1, MS, result.volume)


def edge(example_edge, new):
    return (f"max_edge: {example_edge}", f"max_edge: {new}")


def converge(runner, found, example, own, edges, limit):
    """Runs an example on finer and finer meshes; the error of N = 1/3 must stay below limit(nodes) and must fall."""
    last = None
    for size in edges:
        result = found.timed(f"{size} nm edges", lambda: runner.run(example, f"edge-{size}", [edge(own, f"{size} nm")]))
        error = abs(factor(result) * 3 - 1)
        found.at_most(f"error of N, {result.nodes} nodes", limit(result.nodes), error)
        if last is not None:
            found.at_most(f"the same, as a share of that on the coarser mesh", 1, error / last)
        last = error


def published_sphere_error(nodes):
    """Errors of <Hz> of published finite-element solutions, 1.6 % at 258 nodes and 0.22 % at 3,134, with the power of
    the number of nodes in between that they suggest, and a tenth more, as no two meshes of a size are alike."""
    return 1.1 * 0.016 * (nodes / 258) ** -0.795


def sphere(runner, found, full):
    result = found.timed("as in the file", lambda: runner.run("sphere"))
    found.add("demagnetising factor N", 1 / 3, factor(result), published_sphere_error(result.nodes), source="exact")
    converge(runner, found, "sphere", "2 nm", (3.0, 1.9, 1.13, 0.9) if full else (3.0, 1.9), published_sphere_error)
    compare_operators(runner, found, (1e-3, 1e-4, 1e-5) if full else (1e-4,))


def compare_operators(runner, found, tolerances):
    """The energy by the hierarchical boundary operator against that by the dense one, to the tolerance asked for."""
    fine = edge("2 nm", "1.13 nm")
    dense = runner.run("sphere", "dense", [fine, operator("operator: dense")])
    for tolerance in tolerances:
        result = runner.run("sphere", f"hierarchical-{tolerance:g}",
                            [fine, operator(f"operator: hierarchical, tolerance: {tolerance:g}")])
        if result.record["terms"]["demag"]["boundary_far_blocks"] == 0:
            raise Failure(f"{result.directory}: the hierarchical operator compressed no block, so nothing was compared")
        found.add(f"energy by the hierarchical operator, tolerance {tolerance:g}", dense.table.energy("demag"),
                  result.table.energy("demag"), tolerance, "J", source="our own dense operator")


def cube(runner, found, full):
    result = found.timed("as in the file", lambda: runner.run("cube"))
    found.add("mean demagnetising factor N", 1 / 3, factor(result), 0.012, source="exact, by symmetry")
    converge(runner, found, "cube", "2 nm", (4.0, 2.5, 1.6, 1.0) if full else (4.0, 2.5), lambda nodes: 0.45 * nodes ** -0.5)


def prism(runner, found, full):
    edges = (30e-9, 30e-9, 100e-9)
    across, along = formulas.prism_factor(100, 30, 30), formulas.prism_factor(30, 30, 100)
    volume = edges[0] * edges[1] * edges[2]
    result = found.timed("as in the file", lambda: runner.run("prism"))
    found.add("E_demag along (1, 0, 1)", formulas.demag_energy((across + along) / 2, MS, volume),
              result.table.energy("demag"), 0.01, "J", source="Aharoni 1998")
    for name, direction, expected in (("Nx", "[1, 0, 0]", across), ("Ny", "[0, 1, 0]", across), ("Nz", "[0, 0, 1]", along)):
        result = runner.run("prism", name, [("uniform: [1, 0, 1]", f"uniform: {direction}")])
        found.add(f"demagnetising factor {name}", expected, factor(result), 0.01, source="Aharoni 1998")
    if full:
        for size, tolerance in ((4, 0.015), (2, 0.004), (1.5, 0.0025)):
            result = found.timed(f"{size} nm edges", lambda: runner.run("prism", f"edge-{size}", [edge("3 nm", f"{size} nm")]))
            found.add(f"E_demag along (1, 0, 1), {result.nodes} nodes", formulas.demag_energy((across + along) / 2, MS, volume),
                      result.table.energy("demag"), tolerance, "J", source="Aharoni 1998")
