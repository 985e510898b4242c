"""One spin: precession against its formula, and switching fields."""
from math import atan2, cos, pi, radians, sin, sqrt

import formulas
from run import Failure

GAMMA = 2.211e5


def macrospin(runner, found, full):
    alpha, H = 0.1, 1 / formulas.MU0
    result = found.timed("as in the file", lambda: runner.run("macrospin"))
    table = result.table
    length = sqrt(1 + 0.1**2)
    start = (1 / length, 0, 0.1 / length)
    error = 0
    for i, t in enumerate(table["t (s)"]):
        exact = formulas.precession(t, H, alpha, GAMMA, start)
        error = max(error, *(abs(a - b) for a, b in zip(exact, table.mean(i))))
    found.at_most("largest error of m(t)", 1e-5, error, source="exact")
    turns = angle = 0.0
    for i in range(1, len(table["t (s)"])):
        before, after = (atan2(table["my"][k], table["mx"][k]) for k in (i - 1, i))
        turns += ((after - before + pi) % (2 * pi) - pi) / (2 * pi)
    span = table["t (s)"][-1] - table["t (s)"][0]
    found.add("frequency", GAMMA * H / (2 * pi) / (1 + alpha**2) / 1e9, turns / span / 1e9, 1e-5, "GHz", source="gamma H / (2 pi (1 + alpha^2))")
    stepper = ("rtol: 1e-9", "rtol: 1e-8, integrator: rk")
    explicit = runner.run("macrospin", "rk", [stepper])
    exact = formulas.precession(explicit.table["t (s)"][-1], H, alpha, GAMMA, start)
    found.at_most("error at the end, explicit Runge-Kutta", 1e-5, max(abs(a - b) for a, b in zip(exact, explicit.table.mean())),
                  source="exact")


def switching(table, axis):
    """Mean of the fields (A/m, along the unit vector axis) of the two rows between which m jumps."""
    along = [sum(axis[k] * table[f"H_applied_{c} (A/m)"][i] for k, c in enumerate("xyz")) for i in range(len(table["mz"]))]
    jump = [sum((a - b) ** 2 for a, b in zip(table.mean(i), table.mean(i - 1))) for i in range(1, len(along))]
    at = jump.index(max(jump)) + 1
    if jump[at - 1] < 0.5:
        raise Failure(f"{table.path}: m never jumps; its largest change is {sqrt(jump[at - 1]):.3g}")
    return (along[at] + along[at - 1]) / 2


def stoner_wohlfarth(runner, found, full):
    unit = 2e5 / (formulas.MU0 * 0.8e6)
    for degrees in (30, 0, 15, 45):
        psi = radians(degrees)
        s, c = 300 * sin(psi), 300 * cos(psi)
        changes = [] if degrees == 30 else [
            ("from: [100 mT, 0, 173.2051 mT], to: [-100 mT, 0, -173.2051 mT]",
             f"from: [{s:.6f} mT, 0, {c:.6f} mT], to: [{-s:.6f} mT, 0, {-c:.6f} mT]"),
            ("uniform: [0.5, 0, 0.8660254]", f"uniform: [{s:.6f}, 0, {c:.6f}]")]
        what = f"{degrees} degrees"
        result = found.timed(what, lambda: runner.run("stoner-wohlfarth", f"{degrees}" if changes else "", changes))
        found.add(f"switching field at {what}, in 2 K1 / (mu0 Ms)", formulas.switching_field(psi),
                  -switching(result.table, (sin(psi), 0, cos(psi))) / unit, 0.01, source="Stoner and Wohlfarth 1948")
