"""A cluster of real machines from up to down, and the solver in it."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import labs
from labs import harness

CLUSTER = "name: pair\nservers:\n  - {uri: qemu, vms: 2}\nregion: 16 MiB\n"
PROBLEM = """\
mesh: {file: mesh/small.msh, unit: nm}
materials:
  permalloy: {Ms: 800 kA/m, A: 13 pJ/m, alpha: 0.1}
initial: {uniform: [1, 0.1, 0.3]}
output: {fields: off}
stages:
  - dynamics: {duration: 2 ps, table_every: 0.5 ps}
"""


class Run(harness.Case):
    def setUp(self):
        super().setUp()
        self.state = tempfile.mkdtemp(prefix="weiss-s-")  # a short name: sockets are in it
        self.addCleanup(os.rmdir, self.state)
        self.env = {"XDG_STATE_HOME": self.state}
        self.write("pair.yaml", CLUSTER)
        self.write("p.yaml", PROBLEM)
        os.mkdir(self.path("mesh"))
        self.assert_done(self.weiss("mesh", "make", "grid: {size: [100 nm, 40 nm, 10 nm], cells: [10, 4, 2]}", "mesh/small.msh"))

    def run_here(self, *words, code=0, timeout=300):
        result = self.weiss(*words, env=self.env, timeout=timeout)
        self.assert_done(result, code)
        return result

    def take_down(self):
        self.run_here("cluster", "down", "pair")
        self.assertEqual(os.listdir(os.path.join(self.state, "weiss", "clusters")), [])
        os.rmdir(os.path.join(self.state, "weiss", "clusters"))
        os.rmdir(os.path.join(self.state, "weiss"))

    def machines(self):
        status = json.loads(self.run_here("cluster", "status", "--json").stdout)
        return [process for process in status[0]["processes"] if process["machine"]]

    def test_up_run_down(self):
        self.run_here("cluster", "up", "pair.yaml", timeout=900)
        self.addCleanup(self.take_down)
        self.assertIn("up already", self.run_here("cluster", "up", "pair.yaml").stdout)
        self.assertEqual(sorted(self.run_here("cluster", "exec", "--", "hostname").stdout.split()), ["vm1", "vm1:", "vm2", "vm2:"])
        self.check_run()
        self.check_stop_and_restart()
        left = self.run_here("cluster", "exec", "--", "ls", "/root").stdout
        self.assertNotIn("weiss-run", left)
        self.check_killed_machine()

    def check_run(self):
        result = self.run_here("run", "--cluster", "pair", "p.yaml")
        self.check_levels(result.stdout)
        self.assertIn("results    p.out/", result.stdout)
        self.run_here("run", "-n", "2", "--out", "native", "p.yaml")
        self.assert_same_table(self.table("p.out"), self.table("native"), 1e-6)
        with open(self.path("p.out", "run.json"), encoding="utf-8") as file:
            self.assertEqual([host["name"] for host in json.load(file)["hosts"]], ["vm1", "vm2"])
        self.write("bad.yaml", PROBLEM.replace("alpha", "alhpa"))
        self.assertIn('did you mean "alpha"?', self.run_here("run", "--cluster", "pair", "bad.yaml", code=1).stderr)
        self.assertFalse(os.path.exists(self.path("bad.out")))

    def check_levels(self, text):
        """Two ranks in two machines: all goes between them, and shared memory carries that and its headers, no more than a
        hundred bytes of them for each message."""
        line = r" +(\d+) messages +([\d.e+-]+) MB"
        inside, between, servers = (re.search(what + line, text).groups()
                                    for what in ("inside machines", "between machines of a server", "between servers"))
        self.assertEqual((inside, servers), (("0", "0"), ("0", "0")), text)
        carried, carried_mb = re.search(r"shared memory carried (\d+) messages, ([\d.e+-]+) MB", text).groups()
        self.assertGreaterEqual(int(carried), int(between[0]), text)
        self.assertGreater(float(between[1]), 0, text)
        self.assertLess(0, float(carried_mb) - float(between[1]), text)
        self.assertLess(float(carried_mb) - float(between[1]), 1e-4 * int(carried), text)

    def await_line(self, process, text):
        """Reads what a run says until there is a line with a text. @return all that it said"""
        said = ""
        while text not in said:
            line = process.stdout.readline()
            self.assertNotEqual(line, "", said)
            said += line
        return said

    def check_stop_and_restart(self):
        self.write("p.yaml", PROBLEM.replace("duration: 2 ps, table_every: 0.5 ps", "duration: 50 ns, table_every: 1 ps, rtol: 1e-9"))
        process = subprocess.Popen([harness.WEISS, "run", "--cluster", "pair", "--out", "long", "p.yaml"], cwd=self.directory,
                                   env={**os.environ, **self.env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = self.await_line(process, "dynamics (")
        time.sleep(5)
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=120)[0]
        self.assertEqual(process.returncode, 128 + signal.SIGINT, said)
        before = self.read("long/table.csv").splitlines()
        again = subprocess.Popen([harness.WEISS, "run", "--cluster", "pair", "--restart", "--out", "long", "p.yaml"],
                                 cwd=self.directory, env={**os.environ, **self.env}, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        said = self.await_line(again, "dynamics (")
        time.sleep(5)
        again.send_signal(signal.SIGTERM)
        said += again.communicate(timeout=300)[0]
        self.assertEqual(again.returncode, 128 + signal.SIGTERM, said)
        after = self.read("long/table.csv").splitlines()
        self.assertEqual(after[:len(before)], before)
        self.assertGreater(len(after), len(before))

    def check_killed_machine(self):
        """A machine dies during a run: it ends with a message, and the last checkpoint comes here. The next one is refused."""
        process = subprocess.Popen([harness.WEISS, "run", "--cluster", "pair", "--out", "cut", "p.yaml"], cwd=self.directory,
                                   env={**os.environ, **self.env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = self.await_line(process, "mesh: ")
        time.sleep(10)
        os.kill(self.machines()[1]["pid"], signal.SIGKILL)
        said += process.communicate(timeout=120)[0]
        self.assertNotIn(process.returncode, (0, 3), said)
        self.assertIn("vm2", said)
        self.assertTrue(os.path.exists(self.path("cut", "checkpoint.h5")), said)
        while self.machines()[1]["runs"]:
            time.sleep(0.1)
        self.assertIn("vm2 of the cluster \"pair\" has ended", self.run_here("run", "--cluster", "pair", "p.yaml", code=1).stderr)


if __name__ == "__main__":
    labs.main()
