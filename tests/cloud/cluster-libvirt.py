"""A cluster on a real libvirtd, as root, from up to down: the solver in it, its pins and pages, what libvirt's end does to it,
and what is left."""
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import labs
import libvirts
import wishes
from labs import harness
from libvirts import virsh

CLUSTER = "name: pair\nservers:\n  - {{uri: \"qemu:///system\", vms: 2}}\naccel: tcg\nregion: 16 MiB\n{more}"
WISHES = "pin: [{cpus}]\nnuma: 0\nhugepages: 2 MiB\n"
FOREIGN_DOMAIN = """<domain type='qemu'><name>weiss-pair-vm2</name><memory>1024</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"""
FOREIGN_NETWORK = "<network><name>weiss-pair</name><bridge name='other0'/></network>"


class Libvirt(harness.Case):
    def setUp(self):
        super().setUp()
        self.state = tempfile.mkdtemp(prefix="weiss-s-")  # a short name: sockets are in it
        self.addCleanup(shutil.rmtree, self.state, ignore_errors=True)
        self.env = {"XDG_STATE_HOME": self.state}
        self.daemon = libvirts.Daemon()
        self.addCleanup(self.daemon.close)

    def run_here(self, *words, code=0, timeout=600):
        result = self.weiss(*words, env=self.env, timeout=timeout)
        self.assert_done(result, code)
        return result

    def status(self):
        return json.loads(self.run_here("cluster", "status", "--json").stdout)

    def assert_nothing_left(self):
        end = time.monotonic() + 20
        while libvirts.machines() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(libvirts.machines(), [])
        self.assertEqual(virsh("list", "--all", "--name").split(), [])
        self.assertEqual(virsh("net-list", "--all", "--name").split(), ["default"] if self.has_default else [])
        self.assertEqual(glob.glob("/sys/class/net/weissbr*") + glob.glob("/sys/class/net/vnet*"), [])
        self.assertEqual(os.listdir(self.state + "/weiss/clusters"), [])
        self.assertEqual(os.listdir("/dev/shm"), [])
        self.assertEqual(self.run_here("cluster", "status").stdout, "No cluster is up.\n")

    def test_cluster(self):
        self.write("pair.yaml", CLUSTER.format(more=""))
        self.assertIn("start it (systemctl start libvirtd)", self.run_here("cluster", "up", "pair.yaml", code=1).stderr)
        self.daemon.start()
        self.has_default = "default" in virsh("net-list", "--all", "--name")
        self.check_names()
        self.check_ends()
        self.check_up()
        self.check_run()
        self.check_restart()
        self.run_here("cluster", "down", "pair")
        self.assert_nothing_left()

    def check_names(self):
        """What has the name already stays as it is."""
        self.write("foreign.xml", FOREIGN_DOMAIN)
        virsh("define", self.path("foreign.xml"))
        said = self.run_here("cluster", "up", "pair.yaml", code=1).stderr
        self.assertIn('has a domain "weiss-pair-vm2" already', said)
        self.assertIn("weiss-pair-vm2", virsh("list", "--all"))
        virsh("undefine", "weiss-pair-vm2")
        self.write("foreign.xml", FOREIGN_NETWORK)
        virsh("net-define", self.path("foreign.xml"))
        self.assertIn('has a network "weiss-pair" already', self.run_here("cluster", "up", "pair.yaml", code=1).stderr)
        self.assertIn("weiss-pair", virsh("net-list", "--all"))
        virsh("net-undefine", "weiss-pair")
        dnsmasq = shutil.which("dnsmasq")
        libvirts.mount("--bind", "/dev/null", dnsmasq)
        self.assertIn("install the package dnsmasq-base", self.run_here("cluster", "up", "pair.yaml", code=1).stderr)
        subprocess.run(["umount", dnsmasq], check=True)
        self.write("more.yaml", CLUSTER.format(more="hugepages: 2 MiB\nmemory: 512 GiB\n"))
        self.assertIn("524288 pages of 2 MiB are needed", self.run_here("cluster", "up", "more.yaml", code=1).stderr)

    def check_ends(self):
        """Stopped, or killed, in the middle of the start."""
        for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
            process = subprocess.Popen([harness.WEISS, "cluster", "up", "pair.yaml"], cwd=self.directory,
                                       env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            end = time.monotonic() + 120
            while "weiss-pair-vm1" not in virsh("list", "--name") and time.monotonic() < end:
                time.sleep(0.05)
            self.assertIsNone(process.poll())
            process.send_signal(number)
            self.assertEqual(process.wait(60), code)
            end = time.monotonic() + 30
            while os.listdir(self.state + "/weiss/clusters") and time.monotonic() < end:
                time.sleep(0.1)
            self.assert_nothing_left()

    def check_up(self):
        pages = wishes.Pages(512)
        self.addCleanup(pages.close)
        more = WISHES.format(cpus=", ".join(map(str, wishes.cpus()))) if len(wishes.cpus()) == 2 and pages.there else ""
        if not more:
            print("without pins and pages: they need two processors and 1 GiB of huge pages")
        self.write("pair.yaml", CLUSTER.format(more=more))
        self.run_here("cluster", "up", "pair.yaml")
        self.assertIn("up already", self.run_here("cluster", "up", "pair.yaml").stdout)
        self.write("other.yaml", CLUSTER.format(more="vcpus: 2\n"))
        self.assertIn("other settings", self.run_here("cluster", "up", "other.yaml", code=1).stderr)
        status = self.status()[0]
        self.assertEqual(status["uri"], "qemu:///system")
        self.assertEqual([process["runs"] for process in status["processes"]], [True, True])
        self.assertEqual(sorted(process["pid"] for process in status["processes"]), sorted(libvirts.machines()))
        self.assertEqual(self.run_here("cluster", "hostfile").stdout, "vm1 slots=1\nvm2 slots=1\n")
        self.assertIn("weiss-lab: ready", self.run_here("cluster", "console", "vm2").stdout)
        self.assertEqual(sorted(self.run_here("cluster", "exec", "--", "hostname").stdout.split()), ["vm1", "vm1:", "vm2", "vm2:"])
        if more:
            for i, process in enumerate(status["processes"]):
                self.check_wishes(f"weiss-pair-vm{i + 1}", process["pid"], wishes.cpus()[i])

    def check_wishes(self, domain, pid, cpu):
        """What was wished is in the domain and in the process."""
        xml = virsh("dumpxml", domain)
        for part in (f"<vcpupin vcpu='0' cpuset='{cpu}'/>", "<emulatorpin cpuset=", "<page size='2048' unit='KiB'/>",
                     "<memory mode='strict' nodeset='0'/>"):
            self.assertIn(part, xml)
        self.assertEqual(wishes.threads(pid)[0], {0: str(cpu)})
        self.assertEqual(wishes.huge(pid), 512)
        self.assertEqual(wishes.policies(pid), {"bind:0"})

    def check_run(self):
        self.write("p.yaml", labs.PROBLEM)
        result = self.run_here("run", "--cluster", "pair", "p.yaml")
        self.assertRegex(result.stdout, r"shared memory carried \d\d+ messages, [\d.e+-]+ MB")
        self.run_here("run", "-n", "2", "--out", "native", "p.yaml")
        self.assert_same_table(self.table("p.out"), self.table("native"), 1e-6)
        with open(self.path("p.out", "run.json"), encoding="utf-8") as file:
            self.assertEqual([host["name"] for host in json.load(file)["hosts"]], ["vm1", "vm2"])

    def check_restart(self):
        """libvirtd goes and comes; the machines do not care, and a cluster is not taken down without it."""
        self.daemon.stop()
        self.assertEqual([process["runs"] for process in self.status()[0]["processes"]], [True, True])
        self.assertIn("cannot be reached", self.run_here("cluster", "down", "pair", code=1).stderr)
        self.assertEqual(len(libvirts.machines()), 2)
        self.daemon.start()
        self.assertEqual([process["runs"] for process in self.status()[0]["processes"]], [True, True])
        self.assertIn("vm1: up", self.run_here("cluster", "exec", "--", "echo", "up").stdout)


if __name__ == "__main__":
    libvirts.enter()
    libvirts.furnish()
    unittest.main(verbosity=2)
