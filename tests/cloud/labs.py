"""What the tests of labs share. Programs of the tests: WEISS_LAB_SUM (MPI) and WEISS_LAB_WORD (reads and writes the region).

A test that cannot have QEMU, mmdebstrap or the packages of the image says so and is skipped with exit code 77."""
import ctypes
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
import harness  # noqa: E402

WEISS = harness.WEISS
# A run of some seconds, also in emulated machines.
PROBLEM = """\
mesh: {grid: {size: [40 nm, 20 nm, 10 nm], cells: [6, 3, 2]}}
materials:
  permalloy: {Ms: 800 kA/m, A: 13 pJ/m, alpha: 0.1}
initial: {uniform: [1, 0.1, 0.3]}
output: {fields: off}
stages:
  - dynamics: {duration: 1 ps, table_every: 0.5 ps}
"""
# What apt says when it cannot reach its sources.
UNREACHABLE = ("Failed to fetch", "Could not resolve", "Unable to connect", "Temporary failure", "Could not connect")
BOOT = 400


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def require_image():
    """Makes the image, once for all tests, or skips."""
    for program, package in (("qemu-system-x86_64", "qemu-system-x86"), ("mmdebstrap", "mmdebstrap")):
        if shutil.which(program) is None:
            skip(f"no {program}; install the package {package}")
    made = subprocess.run([WEISS, "lab", "--image"], capture_output=True, text=True, check=False)
    if made.returncode != 0 and any(word in made.stderr for word in UNREACHABLE):
        skip(made.stderr.strip().splitlines()[-1])
    if made.returncode != 0:
        sys.exit(made.stderr)


def leftovers(directory):
    """Processes and files of labs whose temporary files are in @p directory."""
    found = [path for path in glob.glob("/dev/shm/weiss-lab-*") if os.path.basename(path)[:-2] in remembered(directory)]
    found += glob.glob(directory + "/weiss-lab-*")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace").replace("\0", " ")
            if directory in words and str(os.getpid()) != pid:
                found.append(f"{pid}: {words[:100]}")
        except OSError:
            pass
    return found


def remembered(directory):
    """Names of the labs that a test has seen."""
    try:
        with open(directory + "/seen", encoding="utf-8") as file:
            return set(file.read().split())
    except OSError:
        return set()


def die_with_parent():
    """In the child: SIGTERM when the test ends, in whatever way (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Lab:
    """`weiss lab` with a command that waits; its temporary files are in a directory of its own."""

    def __init__(self, *options, command=("sh", "-c", "pwd >/dev/null; env >\"$OUT.new\" && mv \"$OUT.new\" \"$OUT\"; sleep 1000")):
        self.directory = tempfile.mkdtemp(prefix="weiss-t-")
        self.out = self.directory + "/env"
        self.errors = open(self.directory + "/stderr", "w+", encoding="utf-8")
        self.process = subprocess.Popen([WEISS, "lab", *options, "--", *command], cwd=self.directory,
                                        stdin=subprocess.DEVNULL, stderr=self.errors, preexec_fn=die_with_parent,
                                        env={**os.environ, "TMPDIR": self.directory, "OUT": self.out})
        self.env = {}

    def wait_up(self):
        """Waits until the command runs; its environment is then in `env`."""
        end = time.monotonic() + BOOT
        while not os.path.exists(self.out):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the lab does not come up:\n{self.said()}")
            time.sleep(0.05)
        with open(self.out, encoding="utf-8") as file:
            self.env = dict(line.rstrip("\n").split("=", 1) for line in file if line.startswith("WEISS_LAB_"))
        with open(self.directory + "/seen", "w", encoding="utf-8") as file:
            file.write(os.path.basename(self.env["WEISS_LAB_DIR"]))
        return self

    def machines(self):
        """[(name, pid, port, socket)]"""
        with open(self.env["WEISS_LAB_DIR"] + "/vms", encoding="utf-8") as file:
            return [(name, int(pid), int(port), qmp) for name, pid, port, qmp in map(str.split, file)]

    def ssh(self, machine, command, timeout=120):
        return subprocess.run(["ssh", "-F", self.env["WEISS_LAB_SSH_CONFIG"], machine, command], capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, timeout=timeout, check=False)

    def said(self):
        with open(self.directory + "/stderr", encoding="utf-8") as file:
            return file.read()

    def left(self, patience=10):
        """What is left of the lab after its end."""
        end = time.monotonic() + patience
        while leftovers(self.directory) and time.monotonic() < end:
            time.sleep(0.05)
        return leftovers(self.directory)

    def close(self):
        """Ends the lab. @return what it left"""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)
        left = self.left()
        self.errors.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        return left


def main():
    require_image()
    unittest.main(verbosity=2)
