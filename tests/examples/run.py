"""Running a problem file with the weiss command and reading what it wrote."""
import csv
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
REFERENCE = ROOT / "tests" / "reference"


class Failure(Exception):
    """Something that makes a test fail; its text is the message."""


class Table:
    """table.csv: columns by name."""

    def __init__(self, path):
        with open(path, newline="") as stream:
            rows = list(csv.reader(stream))
        if len(rows) < 2:
            raise Failure(f"{path} has no rows")
        self.path = path
        self.columns = {name: [float(row[i]) for row in rows[1:]] for i, name in enumerate(rows[0])}

    def __getitem__(self, name):
        if name not in self.columns:
            raise Failure(f"{self.path} has no column \"{name}\"; it has {', '.join(self.columns)}")
        return self.columns[name]

    def stage(self, index):
        """The rows of one stage (from 0)."""
        part = object.__new__(Table)
        part.path = self.path
        keep = [i for i, stage in enumerate(self["stage"]) if stage == index]
        part.columns = {name: [values[i] for i in keep] for name, values in self.columns.items()}
        return part

    def energy(self, term):
        """Energy of a term in the last row, J; 0 when the term is not active."""
        name = f"E_{term} (J)"
        return self.columns[name][-1] if name in self.columns else 0.0

    def mean(self, row=-1):
        return self["mx"][row], self["my"][row], self["mz"][row]


class Result:
    """What a run left in its directory."""

    def __init__(self, directory):
        self.directory = directory
        self.table = Table(directory / "table.csv")
        self.record = json.loads((directory / "run.json").read_text())

    @property
    def nodes(self):
        return self.record["mesh"]["nodes"]

    @property
    def ranks(self):
        return self.record["ranks"]

    @property
    def volume(self):
        return self.record["mesh"]["volume_m3"]


class Runner:
    """Runs the files of examples/ in a directory of its own, as they are or with lines changed."""

    def __init__(self, program, work):
        self.program = str(program)
        self.work = pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)

    def write(self, example, variant, changes):
        """Copies an example. Each change (old, new) must find its old text exactly once."""
        text = (EXAMPLES / f"{example}.yaml").read_text()
        for old, new in changes:
            if text.count(old) != 1:
                raise Failure(f"examples/{example}.yaml holds {text.count(old)} times \"{old}\", expected once")
            text = text.replace(old, new)
        path = self.work / f"{example}{'-' + variant if variant else ''}.yaml"
        path.write_text(text)
        return path

    def run(self, example, variant="", changes=(), ranks=1):
        path = self.write(example, variant, changes)
        directory = path.with_suffix(".out")
        log = path.with_suffix(".log")
        command = [self.program, "run", "-n", str(ranks), path.name]
        with open(log, "w") as stream:
            status = subprocess.run(command, cwd=self.work, stdout=stream, stderr=subprocess.STDOUT).returncode
        if status != 0:
            tail = "".join(log.read_text(errors="replace").splitlines(keepends=True)[-15:])
            raise Failure(f"`{' '.join(command)}` in {self.work} ended with {status}:\n{tail}")
        return Result(directory)


def from_environment():
    """The weiss command of this build: $WEISS_BUILD_ROOT/weiss."""
    build = os.environ.get("WEISS_BUILD_ROOT")
    if not build:
        sys.exit("WEISS_BUILD_ROOT is not set; run this test through `meson test`")
    return pathlib.Path(build)
