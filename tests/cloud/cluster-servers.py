"""A cluster on two servers: the job crosses the wire, what it sent is counted by level, and nothing is left."""
import json
import os
import signal
import tempfile
import time
import unittest

import labs
from labs import harness

CLUSTER = "name: two\nservers:\n  - {name: left, uri: qemu, vms: 1}\n  - {name: right, uri: qemu, vms: 1}\nlink: 1Gb/s,50us\n" \
          "vcpus: 2\nregion: 16 MiB\n"


def runs(pid):
    """Not one that has ended and that nobody has asked about."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Servers(harness.Case):
    def setUp(self):
        super().setUp()
        self.state = tempfile.mkdtemp(prefix="weiss-s-")  # a short name: sockets are in it
        self.env = {"XDG_STATE_HOME": self.state}
        self.write("two.yaml", CLUSTER)
        self.write("p.yaml", labs.PROBLEM)

    def run_here(self, *words, code=0, timeout=600):
        result = self.weiss(*words, env=self.env, timeout=timeout)
        self.assert_done(result, code)
        return result

    def parts(self):
        status = json.loads(self.run_here("cluster", "status", "--json").stdout)
        self.assertEqual(status[0]["servers"], ["left", "right"])
        return {process["name"]: process for process in status[0]["processes"]}

    def test_two_servers(self):
        self.run_here("cluster", "up", "two.yaml", timeout=900)
        self.addCleanup(self.weiss, "cluster", "down", "two", env=self.env)
        self.assertIn("up already", self.run_here("cluster", "up", "two.yaml").stdout)
        self.assertEqual([self.parts()[vm]["server"] for vm in ("vm1", "vm2")], ["left", "right"])
        self.check_run()
        pids = [part["pid"] for part in self.parts().values()]
        self.assertEqual(len(pids), 3)
        self.check_relay()
        self.run_here("cluster", "down", "two")
        self.assertEqual(os.listdir(self.state + "/weiss/clusters"), [])
        self.assertEqual([path for path in os.listdir("/dev/shm") if path.startswith("weiss-lab-")], [])
        self.assertEqual([pid for pid in pids if runs(pid)], [])

    def check_run(self):
        """Four ranks, two on each server: both levels that there are carry messages, the third none."""
        said = self.run_here("run", "--cluster", "two", "p.yaml").stdout
        self.assertRegex(said, r"inside machines +[1-9]\d+ messages +[\d.e+-]+ MB  memory of the machine")
        self.assertRegex(said, r"between machines of a server +0 messages +0 MB\n")
        self.assertRegex(said, r"between servers +[1-9]\d+ messages +[\d.e+-]+ MB  TCP")
        self.run_here("run", "-n", "4", "--out", "native", "p.yaml")
        self.assert_same_table(self.table("p.out"), self.table("native"), 1e-6)

    def check_relay(self):
        """Without the process that delays, the wire is cut, and that is said."""
        os.kill(self.parts()["relay"]["pid"], signal.SIGKILL)
        end = time.monotonic() + 20
        while self.parts()["relay"]["runs"] and time.monotonic() < end:
            time.sleep(0.1)
        self.assertIn("relay of the cluster \"two\" has ended", self.run_here("run", "--cluster", "two", "p.yaml", code=1).stderr)


if __name__ == "__main__":
    if os.getuid() != 0:
        labs.skip("servers that are network namespaces need root")
    labs.require_image()
    unittest.main(verbosity=2)
