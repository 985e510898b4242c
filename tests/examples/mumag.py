"""Standard problems of the micromagnetic modelling activity group (muMAG) at NIST."""
import formulas
from measure import crossings

LEX = 10e-9  # of the two files: A = Km (10 nm)^2, Ms = 1e6 A/m
KM = formulas.MU0 / 2 * 1e12
PARTS = {"flower": dict(demag=0.279, exchange=0.018, uniaxial=0.006),
         "vortex": dict(demag=0.078, exchange=0.172, uniaxial=0.052)}


def mumag3(runner, found, full):
    edge = "max_edge: 5 nm" if full else "max_edge: 10 nm"
    energy = {}
    for L in (8.37, 8.47, 8.57):
        for state, parts in PARTS.items():
            size = f"{L * 10:.1f} nm"
            changes = [("box: [84.7 nm, 84.7 nm, 84.7 nm], max_edge: 7 nm", f"box: [{size}, {size}, {size}], {edge}")]
            result = found.timed(f"{state}, L = {L}", lambda: runner.run(f"mumag3-{state}", f"{L}", changes))
            volume = (L * LEX) ** 3
            energy[state, L] = result.table["E_total (J)"][-1] / (KM * volume)
            if L == 8.47:
                found.add(f"e of the {state} state at L = 8.47", 0.3027, energy[state, L], 0.01 if full else 0.03, "Km",
                          source="Rave et al. 1998")
                for term, value in parts.items():
                    found.add(f"its {term} part", value, result.table.energy(term) / (KM * volume), 0.002 if full else 0.006,
                              "Km", relative=False, source="muMAG 3 submissions")
    gaps = [energy["flower", L] - energy["vortex", L] for L in (8.37, 8.47, 8.57)]
    slope = (gaps[2] - gaps[0]) / 0.2
    found.add("L at which both energies are equal", 8.47, 8.47 - gaps[1] / slope, 0.1 if full else 0.2, "lex", relative=False,
              source="Rave et al. 1998")


# A program that solves it with finite differences and the submission of Martinez et al. agree on these within 1 ps.
MY_CROSSINGS = (196.7, 303.0, 447.2, 520.9, 625.5, 680.1, 776.6, 833.2, 939.8, 982.6)


def mumag4(runner, found, full):
    changes = [] if full else [("max_edge: 5 nm", "max_edge: 10 nm"), ("duration: 1 ns", "duration: 350 ps")]
    result = found.timed("reversal", lambda: runner.run("mumag4", "" if full else "coarse", changes))
    start = result.table.stage(1).mean()
    table = result.table.stage(2)
    times = [1e12 * t for t in table["t (s)"]]
    for k, (name, value, tolerance) in enumerate((("<mx>", 0.96672, 0.002), ("<my>", 0.12573, 0.005), ("<mz>", 0, 1e-4))):
        found.add(f"{name} of the S-state", value, start[k], tolerance, relative=False, source="muMAG 4 submissions")
    tolerance = 0.01 if full else 0.05
    zero = crossings(times, table["mx"])
    found.nth("first zero of <mx>", 138.5, zero, 0, tolerance, "ps", source="OOMMF; Martinez et al.")
    zero = crossings(times, table["my"])
    for i, value in enumerate(MY_CROSSINGS if full else MY_CROSSINGS[:2]):
        found.nth(f"zero {i + 1} of <my>", value, zero, i, tolerance, "ps", source="OOMMF")
