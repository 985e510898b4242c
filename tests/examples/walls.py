"""Domain walls: shape and energy of a free one, and the field that drives one into a harder material."""
import formulas
from run import Failure


def bloch_wall(runner, found, full):
    A, K, length, section = 1e-11, 1e5, 200e-9, 9e-16
    result = found.timed("as in the file", lambda: runner.run("bloch-wall"))
    table = result.table
    found.add("energy per area", formulas.wall_energy(A, K) * 1e3, table["E_total (J)"][-1] / section * 1e3, 0.002, "mJ/m^2",
              source="4 sqrt(A K)")
    # The component across a wall is 1 / cosh(x sqrt(K/A)); its integral over x is the width itself.
    found.add("width", formulas.wall_width(A, K) * 1e9, abs(table["my"][-1]) * length * 1e9, 0.002, "nm", source="pi sqrt(A/K)")
    found.add("exchange energy over anisotropy energy", 1, table.energy("exchange") / table.energy("uniaxial"), 0.005,
              source="virial theorem")


# Which of A, K and J = mu0 Ms jump, and the published value of mu0 Hp (T).
CASES = (("AKJ", 1.568), ("AK", 1.089), ("AJ", 1.206), ("A", 0.838), ("KJ", 1.005), ("K", 0.565))


def wall_pinning(runner, found, full):
    for case, published in CASES:
        changes = [] if "A" in case else [("A: 0.25e-11 J/m", "A: 1e-11 J/m")]
        if "K" not in case:
            changes.append(("K1: 1e5 J/m^3", "K1: 1e6 J/m^3"))
        if "J" not in case:
            changes.append(("Ms: 0.25 T", "Ms: 1 T"))
        if case != "AKJ" or not full:
            low, high = 0.9 * published, 1.1 * published
            changes.append(("from: [0, 0, 0 T], to: [0, 0, 2 T], steps: 200", f"from: [0, 0, {low} T], to: [0, 0, {high} T], steps: 40"))
        result = found.timed(case, lambda: runner.run("wall-pinning", case, changes))
        table = result.table
        passed = [H for H, mz in zip(table["H_applied_z (A/m)"], table["mz"]) if mz > 0.9]
        held = [H for H, mz in zip(table["H_applied_z (A/m)"], table["mz"]) if mz <= 0.9]
        if not passed or not held:
            raise Failure(f"wall-pinning, {case}: the wall {'never passes' if held else 'is never held'}")
        ratios = (0.25 if "A" in case else 1, 0.1 if "K" in case else 1, 0.25 if "J" in case else 1)
        found.add(f"mu0 Hp, {' and '.join(case)} jump{'s' if len(case) == 1 else ''}", formulas.pinning_field(1e6, 1, *ratios) * formulas.MU0,
                  (max(held) + min(passed)) / 2 * formulas.MU0, 0.02, "T", source="Heistracher 2022")
