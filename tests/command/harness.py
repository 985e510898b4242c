"""What the tests of the command share: a directory for each test, the command, tables and processes.

The environment variable WEISS names the command."""
import csv
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

WEISS = os.environ["WEISS"]
MPIRUN = os.environ.get("MPIRUN", "mpirun")

# A cube of 125 nodes whose magnetisation precesses about a field; 40 rows.
PRECESSION = """\
mesh: {grid: {size: [12 nm, 12 nm, 12 nm], cells: [4, 4, 4]}}
materials:
  permalloy: {Ms: 800 kA/m, A: 13 pJ/m, alpha: 0.02}
initial: {uniform: [1, 0.1, 0.3]}
applied: [0, 0, 50 mT]
output: {checkpoint_every: 0.05 s, fields: off}
stages:
  - dynamics: {duration: 200 ps, table_every: 10 ps, rtol: 1e-6}
  - dynamics: {duration: 200 ps, table_every: 10 ps, rtol: 1e-6, applied: [50 mT, 0, 0]}
"""


class Case(unittest.TestCase):
    """A test in an empty directory. Processes that it leaves behind are a failure."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="weiss-test-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.addCleanup(self.assert_nothing_runs)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def weiss(self, *arguments, program=(), stdin=None, timeout=600, env=None):
        """Runs the command to its end."""
        return subprocess.run([*program, WEISS, *arguments], cwd=self.directory, input=stdin, timeout=timeout,
                              capture_output=True, text=True, check=False, env={**os.environ, **(env or {})})

    def start(self, *arguments):
        """Starts the command; its output goes to files that nobody has to read."""
        with open(self.path("stdout"), "w", encoding="utf-8") as out, \
                open(self.path("stderr"), "w", encoding="utf-8") as err:
            return subprocess.Popen([WEISS, *arguments], cwd=self.directory, stdout=out, stderr=err,
                                    stdin=subprocess.DEVNULL)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def table(self, directory):
        """Rows of table.csv as dictionaries of numbers."""
        with open(self.path(directory, "table.csv"), encoding="utf-8", newline="") as file:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]

    def wait_for_rows(self, directory, rows, process, timeout=60):
        """Waits until table.csv has some rows; fails when the process ends before."""
        end = time.monotonic() + timeout
        path = self.path(directory, "table.csv")
        while time.monotonic() < end:
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    if file.read().count("\n") > rows:
                        return
            self.assertIsNone(process.poll(), f"the run ended before it had {rows} rows")
            time.sleep(0.005)
        self.fail(f"no {rows} rows after {timeout} s")

    def assert_done(self, result, code=0):
        self.assertEqual(result.returncode, code, f"\nstdout:\n{result.stdout}\nstderr:\n{result.stderr}")

    def assert_one_message(self, result, *words, code=1):
        """The command failed with one line that holds all words."""
        self.assert_done(result, code)
        lines = [line for line in result.stderr.splitlines() if not line.startswith("weiss: warning:")]
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith("weiss: "), lines[0])
        for word in words:
            self.assertIn(word, lines[0])

    def assert_same_table(self, one, other, tolerance):
        """Same times; directions and energies agree to the tolerance, relative to 1 and to the largest energy."""
        self.assertEqual(len(one), len(other))
        energies = [key for key in one[0] if key.startswith("E_")]
        scale = max(abs(row[key]) for row in one for key in energies)
        for a, b in zip(one, other):
            self.assertAlmostEqual(a["t (s)"], b["t (s)"], delta=1e-9 * abs(a["t (s)"]) + 1e-18)
            for key in ("mx", "my", "mz"):
                self.assertAlmostEqual(a[key], b[key], delta=tolerance, msg=f"{key} at t = {a['t (s)']}")
            for key in energies:
                self.assertAlmostEqual(a[key], b[key], delta=tolerance * scale, msg=f"{key} at t = {a['t (s)']}")

    def processes(self):
        """Numbers of the processes that work in this test's directory."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/cwd") == self.directory:
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def assert_nothing_runs(self, patience=10):
        end = time.monotonic() + patience
        left = self.processes()
        while left and time.monotonic() < end:
            time.sleep(0.05)
            left = self.processes()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(left, [], "processes were left behind")


def main():
    unittest.main(verbosity=2)
