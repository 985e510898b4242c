"""What the plan writes, in the hands of the real mpirun, and the measurement of a topology."""
import csv
import os
import re
import subprocess
import unittest

import harness

PROGRAM = os.environ["WEISS_TRAFFIC_KNOWN"]


class Launch(harness.Case):
    def test_rankfile(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("needs two processors")
        self.write("t.yaml", "servers: [{name: here, vms: [{name: localhost, vcpus: 2}]}]\n")
        self.write("m.csv", "from,to,messages,bytes\n0,1,1,8\n")
        self.assert_done(self.weiss("plan", "-t", "t.yaml", "-m", "m.csv", "-o", "plan"))
        env = {name: text for name, text in os.environ.items() if "binding_policy" not in name}
        result = subprocess.run([harness.MPIRUN, "--report-bindings", "--hostfile", "plan/hostfile", "--rankfile",
                                 "plan/rankfile", "-n", "2", "sh", "-c", "echo rank $OMPI_COMM_WORLD_RANK"], env=env,
                                cwd=self.directory, capture_output=True, text=True, timeout=60, check=False)
        self.assert_done(result)
        self.assertEqual(sorted(result.stdout.split("\n")), ["", "rank 0", "rank 1"])
        self.assertEqual(len(re.findall(r"rank \d bound to ", result.stderr)), 2, result.stderr)

    def test_measure(self):
        self.write("hosts", "# server here\nlocalhost slots=2\n")
        self.assert_done(self.weiss("plan", "--measure", "--hostfile", "hosts", "--out", "t.yaml"))
        text = self.read("t.yaml")
        found = re.search(r"^  vm: \{latency: (\S+) us, bandwidth: (\S+) MB/s\}$", text, re.MULTILINE)
        self.assertIsNotNone(found, text)
        self.assertLess(float(found.group(1)), 5000)
        self.assertGreater(float(found.group(2)), 10)
        self.assertIn("  # server: {latency: 1 us, bandwidth: 4000 MB/s}    the default\n", text)
        self.write("m.csv", "from,to,messages,bytes\n0,1,1,8\n")
        self.assert_done(self.weiss("plan", "-t", "t.yaml", "-m", "m.csv"))

    def test_try(self):
        """Four ranks of this machine as two servers: all placements are timed, and what crosses is counted."""
        self.write("t.yaml", "servers: [{name: a, vms: [{name: localhost, vcpus: 4}]}]\n")
        self.write("m.csv", "# ranks 3\nfrom,to,messages,bytes\n0,2,3,3000\n2,0,0.5,100000\n1,2,1,0\n")
        result = self.weiss("plan", "-t", "t.yaml", "-m", "m.csv", "--try", "--laps", "2", "-o", "plan", timeout=200)
        self.assert_done(result)
        self.assertEqual(len(re.findall(r"^(?:this plan|plain order|round-robin over VMs|random, mean of 5|worst found) .* x +\S+$",
                                        result.stdout, re.MULTILINE)), 5, result.stdout)
        with open(self.path("plan", "try.csv"), newline="", encoding="utf-8") as file:
            rows = {row["placement"]: row for row in csv.DictReader(file)}
        self.assertEqual(list(rows), ["plan", "plain", "round-robin", *(f"random-{i}" for i in range(1, 6)), "worst"])
        for row in rows.values():
            self.assertEqual((row["messages_vm"], row["bytes_vm"], row["bytes_network"], row["times"]), ("4.5", "103000", "0", "2"))
            self.assertTrue(0 < float(row["lowest"]) <= float(row["median"]) <= float(row["highest"]), row)
            self.assertEqual(len(set(row["slots"].split())), 3)

    def test_try_mesh(self):
        """The mesh is divided under MPI, which must not disturb the mpirun that follows."""
        self.assert_done(self.weiss("mesh", "make", "grid: {size: [30 nm, 10 nm, 10 nm], cells: [6, 2, 2]}", "bar.msh"))
        self.write("t.yaml", "servers: [{name: a, vms: [{name: localhost, vcpus: 2}]}]\n")
        result = self.weiss("plan", "-t", "t.yaml", "--mesh", "bar.msh", "-n", "2", "--try", "--laps", "1", timeout=200)
        self.assert_done(result)
        self.assertIn("\ntried: a step takes", result.stdout)

    def test_try_fails(self):
        self.write("t.yaml", "servers: [{name: a, vms: [{name: no-such-host.invalid, vcpus: 2}]}]\n")
        self.write("m.csv", "from,to,messages,bytes\n0,1,1,8\n")
        result = self.weiss("plan", "-t", "t.yaml", "-m", "m.csv", "--try")
        self.assert_done(result, 1)
        self.assertRegex(result.stderr, r"^weiss: mpirun --host no-such-host\.invalid:2 ended with code \d+; it said:\n")
        self.write("m.csv", "from,to,messages,bytes\n0,1,1,8e9\n")
        self.write("t.yaml", "servers: [{name: a, vms: [{name: localhost, vcpus: 2}]}]\n")
        self.assert_one_message(self.weiss("plan", "-t", "t.yaml", "-m", "m.csv", "--try"),
                                "rank 0 sends 1 messages of 8e+09 bytes to rank 1 in a step; a million of at most 1 GB can be tried")

    def test_measure_fails(self):
        self.write("hosts", "localhost slots=x\n")
        self.assert_one_message(self.weiss("plan", "--measure", "--hostfile", "hosts"),
                                'hosts:1: expected slots=N with N from 1 to 4096, found "slots=x"')
        self.write("hosts", "localhost\n")
        self.assert_one_message(self.weiss("plan", "--measure", "--hostfile", "hosts"),
                                "hosts: one vCPU in all: there is nothing to measure")
        self.write("hosts", "# nothing\n")
        self.assert_one_message(self.weiss("plan", "--measure", "--hostfile", "hosts"),
                                'hosts: the file names no host, expected lines such as "vm1 slots=4"')
        self.write("hosts", "no-such-host.invalid slots=2\n")
        result = self.weiss("plan", "--measure", "--hostfile", "hosts")
        self.assert_done(result, 1)
        self.assertRegex(result.stderr, r"^weiss: mpirun --hostfile hosts ended with code \d+; it said:\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
