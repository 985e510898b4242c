"""Faults of clusters: however something fails, there is one message and nothing is left; what a run had saved is not lost.

cluster-faults.py [--long] [TEST...]: --long: more rounds of what is repeated."""
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import labs
from labs import harness

LONG = "--long" in sys.argv
CLUSTER = "name: {name}\nservers:\n  - {{uri: qemu, vms: {vms}}}\nmemory: 256 MiB\nregion: 4 MiB\n"
UP_TIMEOUT = 900
# Takes half a minute or more in emulated machines; 81 rows.
PROBLEM = """\
mesh: {grid: {size: [50 nm, 20 nm, 10 nm], cells: [10, 4, 2]}}
materials:
  permalloy: {Ms: 800 kA/m, A: 13 pJ/m, alpha: 0.1}
initial: {uniform: [1, 0.1, 0.3]}
output: {checkpoint_every: 1 s, fields: off}
stages:
  - dynamics: {duration: 400 ps, table_every: 5 ps, rtol: 1e-7}
"""


class Regions:
    """Notes which regions clusters in a directory of states have, as long as a command runs."""

    def __init__(self, state):
        self.pattern = os.path.join(state, "weiss/clusters/*/weiss-lab-*")
        self.names = set()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.note, daemon=True)
        self.thread.start()

    def note(self):
        while not self.done.wait(0.01):
            self.names.update(os.path.basename(path) for path in glob.glob(self.pattern))

    def end(self):
        self.done.set()
        self.thread.join()

    def left(self):
        return [path for path in glob.glob("/dev/shm/weiss-lab-*") if os.path.basename(path).rsplit("-", 1)[0] in self.names]


class Faults(harness.Case):
    def setUp(self):
        super().setUp()
        self.state = tempfile.mkdtemp(prefix="weiss-s-")  # a short name: sockets are in it
        self.addCleanup(shutil.rmtree, self.state, ignore_errors=True)
        self.env = {"XDG_STATE_HOME": self.state}
        self.regions = Regions(self.state)
        self.addCleanup(self.regions.end)
        self.addCleanup(self.take_down_all)
        self.make_file("one", 1)

    def make_file(self, name, vms, more=""):
        self.write(f"{name}.yaml", CLUSTER.format(name=name, vms=vms) + more)

    def run_here(self, *words, code=0, timeout=UP_TIMEOUT, program=()):
        result = self.weiss(*words, env=self.env, timeout=timeout, program=program)
        self.assert_done(result, code)
        return result

    def begin(self, *words):
        return subprocess.Popen([harness.WEISS, *words], cwd=self.directory, env={**os.environ, **self.env}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def up(self, name):
        self.run_here("cluster", "up", f"{name}.yaml")

    def processes_of(self, name):
        status = json.loads(self.run_here("cluster", "status", "--json", name).stdout)
        return {process["name"]: process for process in status[0]["processes"]}

    def take_down_all(self):
        for cluster in json.loads(self.run_here("cluster", "status", "--json").stdout):
            self.weiss("cluster", "down", cluster["name"], env=self.env)

    def leftovers(self):
        """Processes with our directory in their words, sockets and files in it, regions in /dev/shm."""
        found = self.regions.left() + os.listdir(self.state)
        if found == ["weiss"] and os.listdir(self.state + "/weiss") == ["clusters"]:
            found = os.listdir(self.state + "/weiss/clusters")
        with open("/proc/net/unix", encoding="utf-8") as file:
            found += [line.split()[-1] for line in file if self.state in line]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().decode(errors="replace").replace("\0", " ")
            except OSError:
                continue
            if self.state in words:
                found.append(f"{pid}: {words[:100]}")
        return found

    def assert_nothing_left(self, patience=20):
        end = time.monotonic() + patience
        while self.leftovers() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(self.leftovers(), [])

    def test_up_and_down_again_and_again(self):
        for _ in range(20 if LONG else 3):
            self.up("one")
            self.assertEqual(self.run_here("cluster", "exec", "--", "hostname").stdout, "vm1: vm1\n")
            self.assertNotEqual(self.leftovers(), [])
            self.run_here("cluster", "down")
            self.assert_nothing_left()
        self.assertGreaterEqual(len(self.regions.names), 20 if LONG else 3)

    def test_signals_while_starting(self):
        chance = random.Random(int(os.environ.get("WEISS_SEED", "5")))
        ended = 0
        for i in range(30 if LONG else 6):
            number = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)[i % 3]
            after = chance.uniform(0, 6)
            process = self.begin("cluster", "up", "one.yaml")
            with self.subTest(signal=number, after=after):
                time.sleep(after)
                process.send_signal(number)
                process.communicate(timeout=60)
                if process.returncode == 0:
                    self.run_here("cluster", "down")
                else:
                    ended += 1
                    self.assertEqual(process.returncode, -number if number == signal.SIGKILL else 128 + number)
                # A killed `up` may leave an empty directory; it is no cluster, and is in nobody's way.
                self.assertEqual(json.loads(self.run_here("cluster", "status", "--json").stdout), [])
                self.assert_nothing_left()
        self.assertGreater(ended, 0)

    def test_two_at_once(self):
        both = [self.begin("cluster", "up", "one.yaml") for _ in range(2)]
        said = [process.communicate(timeout=UP_TIMEOUT) for process in both]
        self.assertEqual([process.returncode for process in both], [0, 0], said)
        self.assertEqual(sorted(out for out, _ in said), ["The cluster \"one\" is up already: 1 machine.\n",
                                                          "The cluster \"one\" is up: 1 machine.\n"])
        self.assertEqual(sum("waiting: another command works on the cluster" in err for _, err in said), 1, said)
        self.assertEqual(list(self.processes_of("one")), ["vm1"])
        # The same name with other settings.
        self.make_file("one", 2)
        self.assertEqual(self.run_here("cluster", "up", "one.yaml", code=1).stderr,
                         "weiss: a cluster \"one\" is up that was made with other settings: choose another name, or take that "
                         "one down (weiss cluster down one)\n")
        # Two at once that take it down: one does, the other finds nothing.
        both = [self.begin("cluster", "down", "one") for _ in range(2)]
        said = [process.communicate(timeout=120) for process in both]
        self.assertEqual(sorted(process.returncode for process in both), [0, 1], said)
        self.assert_nothing_left()

    def inside(self, script):
        """Words that run a command with mounts of its own. Skips the test where that is forbidden."""
        words = ["unshare", "-m", *([] if os.geteuid() == 0 else ["-r"]), "sh", "-ec", script + ' && exec "$@"', "sh"]
        if subprocess.run([*words, "true"], cwd=self.directory, capture_output=True, check=False).returncode != 0:
            self.skipTest("no mount namespaces here")
        return words

    def test_no_space(self):
        def said(result):  # what is said of emulation is no error
            return [line for line in result.stderr.splitlines() if "are emulated" not in line and "trying KVM" not in line]

        for size in ("4k", "16k", "256k", "1m"):
            with self.subTest(size=size):
                program = self.inside(f"mount -t tmpfs -o size={size} none {self.state}")
                result = self.run_here("cluster", "up", "one.yaml", code=1, program=program)
                self.assertEqual(len(said(result)), 1, result.stderr)
                self.assertIn("No space left on device", result.stderr)
                self.assert_nothing_left()
        program = self.inside("mount -t tmpfs -o size=1m none /dev/shm")
        result = self.run_here("cluster", "up", "one.yaml", code=1, program=program)
        self.assertEqual(said(result), ["weiss: no room for a region of 4 MiB in /dev/shm: No space left on device; free some of it, or "
                                        "make the region smaller (--region)"])
        self.assert_nothing_left()

    def test_no_permission(self):
        os.chmod(self.state, 0o555)
        os.chmod(self.directory, 0o755)
        other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        result = self.run_here("cluster", "up", "one.yaml", code=1, program=other)
        self.assertEqual(result.stderr, f"weiss: {self.state}/weiss: the directory cannot be made: Permission denied\n")
        program = self.inside(f"mount -t tmpfs -o ro none {self.state}")
        result = self.run_here("cluster", "up", "one.yaml", code=1, program=program)
        self.assertEqual(result.stderr, f"weiss: {self.state}/weiss: the directory cannot be made: Read-only file system\n")
        self.assert_nothing_left()

    def wait_for_checkpoint(self, process, rows, timeout=UP_TIMEOUT):
        """Waits until a checkpoint is here with at least so many rows. @return the rows that are here"""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.assertIsNone(process.poll(), "the run ended before it had a new checkpoint here")
            if os.path.exists(self.path("p.out", "checkpoint.h5")) and len(self.table("p.out")) >= rows:
                return len(self.table("p.out"))
            time.sleep(0.05)
        self.fail(f"no checkpoint with {rows} rows after {timeout} s")

    def run_and_kill(self, vm, rows, *words):
        pid = self.processes_of("pair")[vm]["pid"]  # looked up before: the run does not wait
        process = self.begin("run", "--cluster", "pair", *words, "p.yaml")
        have = self.wait_for_checkpoint(process, rows)
        os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=UP_TIMEOUT)
        self.assertEqual(process.returncode, 1, out + err)
        self.assertIn(f"{vm} of the cluster \"pair\"", err.splitlines()[-1])
        self.assertGreaterEqual(len(self.table("p.out")), have)
        self.assertEqual([name for name in os.listdir(self.directory) if name.startswith("p.out")], ["p.out"])
        return err.splitlines()[-1]

    def test_machines_killed_while_it_runs(self):
        """vm1, which has all files of the run, and after the restart vm2: nothing is computed again but the last seconds."""
        self.make_file("pair", 2)
        self.write("p.yaml", PROBLEM)
        self.run_here("run", "-n", "2", "--out", "native", "p.yaml")
        self.up("pair")
        self.assertRegex(self.run_and_kill("vm1", 2), r"does not answer any more; p\.out has the checkpoint of \d\d:\d\d:\d\d: "
                                                      r"take the cluster down and up, then go on from there \(--restart\)")
        rows = len(self.table("p.out"))
        self.assertLess(rows, 81)
        before = self.read("p.out/table.csv").splitlines()[:rows]
        self.assertIn("vm1 of the cluster \"pair\" has ended: take the cluster down",
                      self.run_here("run", "--cluster", "pair", "--restart", "p.yaml", code=1).stderr)
        self.run_here("cluster", "down")
        self.up("pair")
        self.run_and_kill("vm2", rows + 1, "--restart")
        self.assertEqual(self.read("p.out/table.csv").splitlines()[:rows], before)
        self.run_here("cluster", "down")
        self.up("pair")
        self.run_here("run", "--cluster", "pair", "--restart", "p.yaml")
        self.assert_same_table(self.table("p.out"), self.table("native"), 1e-6)
        self.run_here("cluster", "down")
        self.assert_nothing_left()

    def test_region_server_dies(self):
        """A run that has begun goes on: the memory and the interrupts are the machines' already. A new one is refused."""
        self.make_file("pair", 2, "ivshmem: doorbell\n")
        self.write("p.yaml", PROBLEM)
        self.up("pair")
        process = self.begin("run", "--cluster", "pair", "p.yaml")
        self.wait_for_checkpoint(process, 2)
        os.kill(self.processes_of("pair")["server"]["pid"], signal.SIGKILL)
        out, err = process.communicate(timeout=UP_TIMEOUT)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertRegex(out, r"cluster    pair: \d\d+ messages")
        self.assertEqual(len(self.table("p.out")), 81)
        self.assertIn("server ended", self.run_here("cluster", "status").stdout)
        for words in (("run", "--cluster", "pair", "p.yaml"), ("cluster", "up", "pair.yaml")):
            self.assertEqual(self.run_here(*words, code=1).stderr,
                             "weiss: server of the cluster \"pair\" has ended: take the cluster down (weiss cluster down pair), "
                             "then up again\n")
        self.run_here("cluster", "down")
        self.assert_nothing_left()


if __name__ == "__main__":
    if LONG:
        sys.argv.remove("--long")
    labs.main()
