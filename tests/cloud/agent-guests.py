"""The agent and real guests: two machines of a cluster on libvirt that were started without shared memory get some while they run,
MPI uses it, a release takes it away, and it comes back."""
import json
import os
import shutil
import tempfile
import unittest

import agents
import labs
import libvirts
from labs import harness
from libvirts import virsh

CLUSTER = "name: pair\nservers:\n  - {uri: \"qemu:///system\", vms: 2}\naccel: tcg\nivshmem: none\n"
# Of the device's BAR2: where it is, or zeros.
RESCAN = """look() { for d in /sys/bus/pci/devices/*; do [ $(cat $d/device) = 0x1110 ] && echo $d; done; }
d=$(look); [ -n "$d" ] || { echo 1 >/sys/bus/pci/rescan; d=$(look); }
set -- $(sed -n 3p $d/resource); [ $(($1)) != 0 ] || { port=$(dirname $(readlink -f $d)); echo 1 >$port/remove; echo 1 >/sys/bus/pci/rescan; d=$(look); }
set -- $(sed -n 3p $d/resource); [ $(($1)) != 0 ] && printf "window of %x\\n" $(($2 - $1 + 1))"""


class Machine(agents.Domain):
    """A machine of the cluster."""

    def __init__(self, number):
        super().__init__()
        self.domain = f"weiss-pair-vm{number}"
        self.machine_name = f"vm{number}"
        self.uuid = virsh("domuuid", self.domain).strip()


class Guests(agents.Case):
    def setUp(self):
        super().setUp()
        state = tempfile.mkdtemp(prefix="weiss-s-")  # a short name: sockets are in it
        self.addCleanup(shutil.rmtree, state, ignore_errors=True)
        self.env = {"XDG_STATE_HOME": state}
        self.addCleanup(self.weiss, "cluster", "down", "pair", env=self.env)

    def run_here(self, *words, timeout=900):
        result = self.weiss(*words, env=self.env, timeout=timeout)
        self.assert_done(result)
        return result.stdout

    def test_attached_while_they_run(self):
        agent = self.start_agent("size = 16 MiB")
        self.write("pair.yaml", CLUSTER)
        self.write("p.yaml", labs.PROBLEM)
        self.run_here("cluster", "up", "pair.yaml")
        machines = [Machine(1), Machine(2)]
        for machine in machines:
            virsh("metadata", machine.domain, "https://weiss.invalid/agent/1", "--key", "weiss", "--set", '<share group="pair"/>', "--live")
        region = self.wait_region(machines[0])
        self.assertEqual(self.wait_region(machines[1]), region)
        self.rescan()
        self.assertRegex(self.run_here("run", "--cluster", "pair", "--out", "with", "p.yaml"), r"shared memory carried \d\d+ messages")
        self.run_here("agent", "release", machines[0].domain)
        self.assertEqual(machines[0].regions(), [])
        self.run_here("agent", "share", machines[0].domain)
        self.assertEqual(self.wait_region(machines[0]), region)
        self.rescan()
        self.assertRegex(self.run_here("run", "--cluster", "pair", "--out", "again", "p.yaml"), r"shared memory carried \d\d+ messages")
        self.assertEqual([one["state"] for one in agent.settle()["instances"]], ["attached"] * 2)
        self.run_here("cluster", "down", "pair")
        self.wait_none()

    def rescan(self):
        """A machine that runs gave the port a window of 2 MiB; when it enumerates the port anew, the window is as large as the device."""
        said = self.run_here("cluster", "exec", "--", "sh", "-c", RESCAN)
        print(said)
        self.assertEqual(said.count(f"window of {16 * agents.MIB:x}"), 2, said)


if __name__ == "__main__":
    libvirts.enter()
    libvirts.furnish()
    unittest.main(verbosity=2)
