"""An image with the project's own packages, from its making to a run: it is made, found again, written as a file, boots under both
machine types of QEMU, takes the key and the name that a cloud gives it, and two machines run the solver through shared memory."""
import glob
import json
import os
import sys
import time
import unittest

import disks
from labs import harness  # noqa: E402

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "packaging"))
import packages  # noqa: E402

OURS = ("weiss", "openmpi-btl-ivshmem", "weiss-ivshmem-dkms")
NETWORK = "10.78.0.0/24"
BAR = """\
mesh: {grid: {size: [30 nm, 30 nm, 100 nm], cells: [2, 2, 6]}}
materials:
  permalloy: {Ms: 860 kA/m, A: 13 pJ/m, alpha: 0.5}
initial: {uniform: [1, 0, 1]}
output: {fields: off}
stages:
  - dynamics: {duration: 1 ps, table_every: 0.5 ps}
"""


class Boot(harness.Case):
    def setUp(self):
        super().setUp()
        self.cache = os.path.join(os.environ["WEISS_BUILD_ROOT"], "image-cache")  # one image, kept for the next time
        self.env = {"XDG_CACHE_HOME": self.cache}
        built = packages.build()
        self.debs = [path for name in OURS for path in glob.glob(f"{built}/{name}_*.deb")]
        self.assertEqual(len(self.debs), len(OURS))

    def image(self, *words):
        result = self.weiss("image", *words, env=self.env, timeout=7200)
        self.assert_done(result)
        return result.stdout

    def make(self):
        """Makes the image and its file. @return the name of the image"""
        words = [word for deb in self.debs for word in ("--deb", deb)]
        name = self.image("build", *words, "--out", "disk.qcow2").split()[2]
        begin = time.monotonic()
        said = self.image("build", *reversed([f"--deb={deb}" for deb in self.debs]))
        self.assertIn("it was made before from the same", said)
        self.assertLess(time.monotonic() - begin, 60)
        for line in self.image("list").splitlines()[1:]:
            self.image("remove", line.split()[0])
        self.assertEqual(os.listdir(self.cache + "/weiss/images/" + name).count("root.img"), 1)
        return name

    def in_machine(self, i, command, **more):
        result = self.machines.ssh(i, command, **more)
        self.assertEqual(result.returncode, 0, f"vm{i + 1}: {command}\n{result.stdout}{result.stderr}")
        return result.stdout

    def test_make_boot_run(self):
        self.make()
        self.machines = disks.Machines(self.path("disk.qcow2"))
        self.addCleanup(self.machines.end)
        self.machines.wait_up()
        for i in range(2):
            self.check_machine(i)
        self.run_bar()

    def check_machine(self, i):
        self.assertEqual(self.in_machine(i, "hostname"), f"vm{i + 1}\n")
        self.assertGreater(int(self.in_machine(i, "df --output=size -BM / | tail -n 1").strip().rstrip("M")), 3500)
        self.assertIn("weiss", self.in_machine(i, "id -nG").split())
        self.assertEqual(self.in_machine(i, "sudo awk -F: 'length($2) > 2' /etc/shadow"), "", "there is a password")
        self.assertNotEqual(self.in_machine(i, "cat /etc/machine-id").strip(), "")
        self.assertIn("ivshmem", self.in_machine(i, "ompi_info"))
        found = json.loads(self.machines.ssh(i, "weiss doctor --guest --json").stdout)
        self.assertIn("the module weiss_ivshmem maps it cached", json.dumps(found))

    def run_bar(self):
        """The solver on one rank in each machine."""
        with open(self.machines.key, encoding="utf-8") as file:
            self.in_machine(0, "umask 077; cat >.ssh/id_ed25519; printf 'Host 10.78.0.*\\n StrictHostKeyChecking no\\n' >.ssh/config",
                            stdin=file.read())
        self.in_machine(0, "cat >bar.yaml", stdin=BAR)
        said = self.in_machine(0, "mpirun --host 10.78.0.1,10.78.0.2 -n 2 "
                                  f"--mca btl_tcp_if_include {NETWORK} --mca oob_tcp_if_include {NETWORK} "
                                  "--mca btl_ivshmem_statistics $HOME weiss run --quiet bar.yaml 2>&1; cat ivshmem-*.json")
        rank = json.loads(said.splitlines()[-1])
        self.assertGreater(rank["received_messages"], 10, said)
        self.assertEqual(rank["path"], "module", said)
        self.write("bar.yaml", BAR)
        self.assert_done(self.weiss("run", "--quiet", "-n", "2", "bar.yaml"))
        os.mkdir(self.path("far"))
        self.write("far/table.csv", self.in_machine(0, "cat bar.out/table.csv"))
        self.assert_same_table(self.table("far"), self.table("bar.out"), 1e-6)


if __name__ == "__main__":
    packages.need("mmdebstrap", "dpkg-buildpackage", "dh_dkms", "qemu-system-x86_64", "qemu-img", "sfdisk")
    unittest.main(verbosity=2)
