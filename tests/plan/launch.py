"""What the plan writes, in the hands of the real mpirun, and the measurement of a topology."""
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
