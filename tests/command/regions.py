"""weiss fabric status and clear: a living job's region, one of dead processes, an empty, a damaged and a missing one. And what
weiss mpirun sets.

WEISS_TRAFFIC names an MPI program that sends messages between its ranks for as many seconds as it is told."""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import harness

MIB = 1 << 20
BYTES = 8 * MIB
# Where the header has its layout version, and a size.
VERSION_OFFSET, SIZE_OFFSET = 8, 16
NO_DEVICE = ("weiss: this machine has no ivshmem device (PCI 1af4:1110); give the virtual machine one, or name a file such as "
             "/dev/shm/weiss\n")


class Regions(harness.Case):
    def setUp(self):
        super().setUp()
        shared = tempfile.mkdtemp(prefix="weiss-test-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, shared, ignore_errors=True)
        self.region = os.path.join(shared, "region")

    def start_job(self, seconds):
        """Two ranks in the region. @return mpirun, in a process group of its own"""
        words = [harness.WEISS, "mpirun", "--region", self.region, "-n", "2", "--mca", "btl", "self,ivshmem", "--mca",
                 "btl_ivshmem_region_bytes", str(BYTES), os.environ["WEISS_TRAFFIC"], str(seconds)]
        with open(self.path("job"), "w", encoding="utf-8") as output:
            job = subprocess.Popen(words, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(job.wait)
        self.addCleanup(job.terminate)
        return job

    def await_traffic(self, job):
        end = time.monotonic() + 60
        while "traffic begins" not in self.read("job"):
            self.assertTrue(job.poll() is None and time.monotonic() < end, self.read("job"))
            time.sleep(0.02)

    def kill_ranks(self):
        for pid in self.processes():
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if file.read().strip() == "traffic":
                    os.kill(pid, signal.SIGKILL)

    def run_job(self):
        job = self.start_job(0.1)
        self.assertEqual(job.wait(60), 0, self.read("job"))

    def status(self):
        result = self.weiss("fabric", "status", self.region)
        self.assert_done(result)
        self.assertEqual(result.stderr, "")
        return result.stdout

    def status_json(self):
        result = self.weiss("fabric", "status", "--json", self.region)
        self.assert_done(result)
        return json.loads(result.stdout)

    def assert_error(self, result, text):
        self.assert_done(result, 1)
        self.assertEqual((result.stdout, result.stderr), ("", text))

    def assert_cleared(self, *options):
        result = self.weiss("fabric", "clear", self.region, *options)
        self.assert_done(result)
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        with open(self.region, "rb") as file:
            self.assertEqual(file.read(), bytes(BYTES))
        self.assertEqual(self.status(), f"{self.region}: 8 MiB, nobody has used it yet\n")

    def poke(self, offset, layout, value):
        with open(self.region, "r+b") as file:
            file.seek(offset)
            file.write(struct.pack(layout, value))

    def test_living_job(self):
        job = self.start_job(60)
        self.await_traffic(job)
        head, titles, *rows = self.status().splitlines()
        self.assertRegex(head, f"^{self.region}: 8 MiB, room for 16 processes; 2 there, 2 alive; "
                         r"\d+ of \d+ pieces of \d+ KiB free$")
        self.assertEqual(titles.split(), ["slot", "who", "state", "woken", "by", "pieces", "windows"])
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertRegex(row, r"^ +\d+  rank [01] on \S+ +(awake|asleep) +futex +[1-9]\d* +0$")
        self.check_json(self.status_json(), True)
        self.assert_error(self.weiss("fabric", "clear", self.region),
                          f"weiss: {self.region} is used by 2 living processes (`weiss fabric status` shows them); end their "
                          "job first, or say --force\n")
        self.assertIsNone(job.poll(), self.read("job"))
        self.check_json(self.status_json(), True)

    def check_json(self, told, alive):
        self.assertEqual((told["region"], told["bytes"], told["slots"]), (self.region, BYTES, 16))
        members = told["members"]
        self.assertCountEqual([member["rank"] for member in members], [0, 1])
        self.assertEqual(len({member["job"] for member in members}), 1)
        self.assertEqual(told["pieces"], told["free_pieces"] + sum(member["pieces"] for member in members))
        for member in members:
            self.assertTrue(re.fullmatch(rf"rank {member['rank']} on \S+", member["label"]), member)
            self.assertEqual((member["alive"], member["wake"], member["windows"]), (alive, "futex", 0))

    def test_forced_clear_ends_the_job(self):
        job = self.start_job(60)
        self.await_traffic(job)
        result = self.weiss("fabric", "clear", "--force", self.region)
        self.assert_done(result)
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        self.assertNotEqual(job.wait(60), 0)
        self.assertIn("weiss: ", self.read("job"))
        self.assertNotIn("wrong data", self.read("job"))

    def test_region_of_a_dead_job(self):
        job = self.start_job(60)
        self.await_traffic(job)
        self.kill_ranks()
        self.assertNotEqual(job.wait(60), 0)
        head, _, *rows = self.status().splitlines()
        self.assertIn("; 2 there, 0 alive; ", head)
        for row in rows:
            self.assertRegex(row, r"^ +\d+  rank [01] on \S+ +dead +futex +[1-9]\d* +0$")
        self.check_json(self.status_json(), False)
        self.run_job()
        self.assertIn("; 2 there, 0 alive; ", self.status())
        self.assert_cleared()
        self.run_job()

    def test_region_of_a_job_that_ended_well(self):
        self.run_job()
        self.assertRegex(self.status(), f"^{self.region}: 8 MiB, room for 16 processes; 0 there, 0 alive; "
                         r"(\d+) of \1 pieces of \d+ KiB free\n$")
        told = self.status_json()
        self.assertEqual((told["members"], told["free_pieces"]), ([], told["pieces"]))
        self.assert_cleared()

    def test_other_version(self):
        self.run_job()
        with open(self.region, "rb") as file:
            version = struct.unpack_from("<I", file.read(16), VERSION_OFFSET)[0]
        self.poke(VERSION_OFFSET, "<I", version + 1)
        result = self.weiss("fabric", "status", self.region)
        self.assert_one_message(result, f"layout version {version + 1}", f"needs version {version}")
        self.assert_cleared()

    def test_damaged_header(self):
        self.run_job()
        self.poke(SIZE_OFFSET, "<Q", 0xfffffffffffffff0)
        for words in (["status"], ["status", "--json"]):
            self.assert_one_message(self.weiss("fabric", *words, self.region), "header of the region")
        self.assert_cleared()

    def test_something_else(self):
        with open(self.region, "wb") as file:
            file.write(b"something else\n" * (BYTES // 15))
            file.truncate(BYTES)
        self.assert_one_message(self.weiss("fabric", "status", self.region), "this memory is no region of Weiss: it begins with 6e696874656d6f73")
        self.assert_cleared()

    def test_odd_size(self):
        with open(self.region, "wb") as file:
            file.truncate(1)
        for command in ("status", "clear"):
            self.assert_one_message(self.weiss("fabric", command, self.region), self.region)

    def test_no_region(self):
        missing = f"weiss: {self.region}: there is no such file, and no size to make it with was given\n"
        for command in ("status", "clear"):
            self.assert_error(self.weiss("fabric", command, self.region), missing)
            self.assertFalse(os.path.exists(self.region))
            self.assert_error(self.weiss("fabric", command, "region"),
                              'weiss: "region" names no region; expected "auto", a PCI address such as 0000:00:05.0, or a file '
                              "such as /dev/shm/weiss\n")
            if not any(map(is_ivshmem, os.listdir("/sys/bus/pci/devices") if os.path.isdir("/sys/bus/pci/devices") else [])):
                self.assert_error(self.weiss("fabric", command), NO_DEVICE)

    def test_mpirun_notices_a_dead_machine(self):
        """What is set for that (docs/fabric-faults.md), and that the user's own settings stay."""
        words = ("mpirun", "-n", "1", "sh", "-c", "echo $OMPI_MCA_oob_tcp_keepalive_time $OMPI_MCA_oob_tcp_keepalive_intvl "
                 "$OMPI_MCA_oob_tcp_keepalive_probes")
        self.assertEqual(self.weiss(*words).stdout, "4 1 4\n")
        self.assertEqual(self.weiss(*words, env={"OMPI_MCA_oob_tcp_keepalive_time": "60"}).stdout, "60 1 4\n")

    def test_usage(self):
        for command in ("status", "clear"):
            result = self.weiss("fabric", command, "a", "b")
            self.assert_done(result, 2)
            self.assertIn("too many", result.stderr)


def is_ivshmem(address):
    names = []
    for name in ("vendor", "device"):
        with open(f"/sys/bus/pci/devices/{address}/{name}", encoding="utf-8") as file:
            names.append(file.read().strip())
    return names == ["0x1af4", "0x1110"]


if __name__ == "__main__":
    harness.main()
