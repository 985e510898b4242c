"""Checks one example against its reference numbers: check.py NAME [--full]. Also: check.py --coverage."""
import pathlib
import shutil
import sys

import bar
import bodies
import mumag
import run
import spins
import walls
from measure import Measurements

# Name of the test: the files of examples/ that it runs, and what checks them.
CHECKS = {
    "permalloy-bar": (["permalloy-bar"], bar.permalloy_bar),
    "sphere": (["sphere"], bodies.sphere),
    "cube": (["cube"], bodies.cube),
    "prism": (["prism"], bodies.prism),
    "macrospin": (["macrospin"], spins.macrospin),
    "stoner-wohlfarth": (["stoner-wohlfarth"], spins.stoner_wohlfarth),
    "bloch-wall": (["bloch-wall"], walls.bloch_wall),
    "wall-pinning": (["wall-pinning"], walls.wall_pinning),
    "mumag3": (["mumag3-flower", "mumag3-vortex"], mumag.mumag3),
    "mumag4": (["mumag4"], mumag.mumag4),
}


def coverage():
    """Fails when a file of examples/ is in no check, a check names a file that is not there, or Meson lacks a check."""
    present = {path.stem for path in run.EXAMPLES.glob("*.yaml")
               if not path.stem.startswith(("cluster-", "topology-", "demo-"))}  # no problems to check numbers of: tests/cloud, tests/plan/command.py
    covered = {name for files, _ in CHECKS.values() for name in files}
    meson = (pathlib.Path(__file__).parent / "meson.build").read_text()
    wrong = [f"examples/{name}.yaml is checked by no test; add it to tests/examples/check.py" for name in present - covered]
    wrong += [f"tests/examples/check.py names examples/{name}.yaml, which is not there" for name in covered - present]
    wrong += [f"tests/examples/meson.build does not list '{name}'" for name in CHECKS if f"'{name}'" not in meson]
    return wrong


def check(name, full):
    build = run.from_environment()
    work = build / "examples" / (name + ("-full" if full else ""))
    shutil.rmtree(work, ignore_errors=True)
    found = Measurements()
    try:
        CHECKS[name][1](run.Runner(build / "weiss", work), found, full)
    except run.Failure as failure:
        print(found.report())
        print(f"FAIL {name}: {failure}")
        return False
    print(found.report())
    found.save(work / "result.json", name, full)
    return found.good


def main():
    arguments = sys.argv[1:]
    if arguments == ["--coverage"]:
        wrong = coverage()
        print("\n".join(wrong) if wrong else "every example is checked")
        return 1 if wrong else 0
    full = "--full" in arguments
    names = [a for a in arguments if a != "--full"]
    if len(names) != 1 or names[0] not in CHECKS:
        print(f"usage: check.py [--full] NAME, with one of {', '.join(CHECKS)}")
        return 2
    return 0 if check(names[0], full) else 1


if __name__ == "__main__":
    sys.exit(main())
