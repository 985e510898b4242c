"""Two machines: ssh, Open MPI across them, memory that both see, what was shipped."""
import json
import os
import sys
import unittest

import labs


class Pair(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs("/tmp", exist_ok=True)
        cls.shipped = labs.tempfile.mkdtemp(prefix="weiss-ship-")
        with open(cls.shipped + "/a name", "w", encoding="utf-8") as file:
            file.write("shipped\n")
        cls.lab = labs.Lab("--region", "16M", "--vcpus", "2", "--ship", os.environ["WEISS_LAB_SUM"] + ":sum",
                           "--ship", os.environ["WEISS_LAB_WORD"], "--ship", cls.shipped + "/:things")
        try:
            cls.lab.wait_up()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        labs.shutil.rmtree(cls.shipped)
        if cls.lab.process.poll() is not None:
            print(cls.lab.said(), file=sys.stderr)
        left = cls.lab.close()
        if left:
            raise AssertionError(f"the lab left {left}")

    def run_in(self, machine, command):
        result = self.lab.ssh(machine, command)
        self.assertEqual(result.returncode, 0, f"{command}\n{result.stdout}{result.stderr}")
        return result.stdout

    def test_environment(self):
        env = self.lab.env
        self.assertEqual(env["WEISS_LAB_VMS"], "2")
        self.assertIn(env["WEISS_LAB_ACCEL"], ("tcg", "kvm"))
        self.assertEqual("TCG" in self.lab.said(), env["WEISS_LAB_ACCEL"] == "tcg")
        self.assertEqual(self.run_in("vm1", "uname -r").strip(), env["WEISS_LAB_KERNEL"])
        self.assertEqual(os.stat(env["WEISS_LAB_REGIONS"]).st_size, 16 << 20)
        self.assertEqual(os.stat(env["WEISS_LAB_REGIONS"]).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(env["WEISS_LAB_DIR"] + "/id").st_mode & 0o777, 0o600)
        with open(env["WEISS_LAB_DIR"] + "/vm2.log", encoding="utf-8", errors="replace") as file:
            self.assertIn("Linux version", file.read())
        for name, pid, _, qmp in self.lab.machines():
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                self.assertIn(f"weiss-{name}", file.read())
            self.assertTrue(os.path.exists(qmp))

    def test_ssh(self):
        for here, there in (("vm1", "vm2"), ("vm2", "vm1")):
            self.assertEqual(self.run_in(here, "hostname").strip(), here)
            self.assertEqual(self.run_in(here, f"ssh -o BatchMode=yes {there} hostname").strip(), there)
        self.assertEqual(self.lab.ssh("vm1", "exit 7").returncode, 7)

    def test_nothing_outside_is_reached(self):
        # The first card answers the host only.
        self.assertNotEqual(self.lab.ssh("vm1", "ssh -o ConnectTimeout=3 -o BatchMode=yes 10.0.2.2 true").returncode, 0)

    def test_mpi(self):
        received = "cat /sys/class/net/eth1/statistics/rx_bytes"
        before = int(self.run_in("vm2", received))
        out = self.run_in("vm1", "mpirun --hostfile /etc/weiss-hostfile -n 4 --map-by node /opt/lab/sum")
        lines = sorted(out.splitlines())
        self.assertEqual(lines, ["vm1 rank 0 of 4: 0 wrong", "vm1 rank 2 of 4: 0 wrong", "vm2 rank 1 of 4: 0 wrong",
                                 "vm2 rank 3 of 4: 0 wrong"])
        # 160 kB of sums cannot have come another way.
        self.assertGreater(int(self.run_in("vm2", received)) - before, 80000)

    def test_region(self):
        written = json.loads(self.run_in("vm1", "/opt/lab/test-lab-word 12345 'from vm1'"))
        self.assertEqual(written, {"bytes": 16 << 20, "text": "from vm1"})
        self.assertEqual(json.loads(self.run_in("vm2", "/opt/lab/test-lab-word 12345"))["text"], "from vm1")
        with open(self.lab.env["WEISS_LAB_REGIONS"], "r+b") as file:
            file.seek(12345)
            self.assertEqual(file.read(8), b"from vm1")
            file.seek(54321)
            file.write(b"from here\0")
        self.assertEqual(json.loads(self.run_in("vm2", "/opt/lab/test-lab-word 54321"))["text"], "from here")

    def test_shipped(self):
        self.assertEqual(self.run_in("vm2", "cat '/opt/lab/things/a name'"), "shipped\n")
        self.assertIn("libjson-c", self.run_in("vm2", "ls /opt/lab/lib"))
        self.assertNotIn("libc.so", self.run_in("vm2", "ls /opt/lab/lib"))
        self.assertNotEqual(self.lab.ssh("vm2", "touch /opt/lab/new").returncode, 0)
        self.assertEqual(self.lab.ssh("vm2", "touch /root/new").returncode, 0)
        self.assertNotEqual(self.lab.ssh("vm1", "ls /root/new").returncode, 0)


if __name__ == "__main__":
    labs.main()
