"""What the tests in the cloud share. They run in its namespaces; `make check-openstack` brings the cloud up before them and
names its directory in WEISS_CLOUD."""
import os
import subprocess
import sys
import unittest

import spaces


def enter():
    """Goes into the namespaces of the cloud. Without a cloud the test is skipped."""
    directory = os.environ.get("WEISS_CLOUD")
    if not directory:
        print("skipped: " + os.environ.get("WEISS_CLOUD_REFUSED", "no test cloud is up; `make check-openstack` brings one up"))
        sys.exit(77)
    if os.environ.get(spaces.INSIDE):
        return
    words = spaces.inside(directory) + [sys.executable, os.path.realpath(sys.argv[0]), *sys.argv[1:]]
    os.execvpe(words[0], words, {**os.environ, spaces.INSIDE: "yes"})


if __name__ != "__main__":
    enter()  # before what needs the cloud

import host_agent  # noqa: E402
import jobs  # noqa: E402
import tenants  # noqa: E402

IVSHMEM = "grep -l 0x1110 /sys/bus/pci/devices/*/device 2>/dev/null | cut -d/ -f6"


def open_files(instance):
    """Files that the QEMU of an instance has open."""
    domain = instance.domain()
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if b"qemu-system" in words[0] and f"guest={domain},".encode() in words[2]:
                found |= {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
                with open(f"/proc/{pid}/maps", encoding="ascii") as file:
                    found |= {line.split(maxsplit=5)[5].strip() for line in file if len(line.split()) > 5}
        except OSError:
            pass
    return found


def virsh(*words):
    return subprocess.run(["virsh", "-q", "-c", "qemu:///system", *words], capture_output=True, text=True, check=True,
                          timeout=60).stdout


class Case(unittest.TestCase):
    """A test with the cluster of the project `lab` (that an earlier test made, or a new one) and an agent of its own."""

    @classmethod
    def setUpClass(cls):
        directory = os.environ["WEISS_CLOUD"]
        cls.agent = host_agent.Agent()
        cls.addClassCleanup(cls.agent.close)
        cls.cluster = jobs.Cluster(directory + "/lab")
        print(cls.cluster.up(os.environ["WEISS_CLOUD_IMAGE"]))
        cls.lab = tenants.Tenant("lab", directory)
        cls.pair = [tenants.Member(cls.lab, cls.cluster, machine) for machine in ("vm1", "vm2")]

    def assert_job(self, tolerance=1e-6):
        """The bar runs over both machines through shared memory, with the numbers of this machine."""
        self.agent.wait_state(self.pair, "attached")
        table, messages = self.cluster.run()
        self.assertGreater(messages, 100)
        self.assertEqual(len(table), len(self.cluster.here()))
        for there, here in zip(table, self.cluster.here()):
            for name in ("mx", "my", "mz"):
                self.assertAlmostEqual(there[name], here[name], delta=tolerance, msg=f"{name} at {here}")


def main():
    unittest.main(verbosity=2)
