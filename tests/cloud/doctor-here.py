"""`weiss doctor` and `weiss tune` on this machine."""
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
import harness  # noqa: E402

PAGES = "/proc/sys/vm/nr_hugepages"
ROOT = os.geteuid() == 0


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def writable(path):
    """Whether root may write the file here: not in every container."""
    try:
        value = read(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(value)
        return True
    except OSError:
        return False


def cpusets():
    """A directory of control groups, version 2, where processors can be isolated; None."""
    for place in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if os.path.exists(place + "/cgroup.controllers") and "cpuset" in read(place + "/cgroup.controllers"):
            return place
    return None


class Here(harness.Case):
    def test_doctor_sees_all_sides(self):
        for side, count in (("--host", 20), ("--guest", 10), ("--openstack", 15)):
            result = self.weiss("doctor", side, "--json")
            self.assertIn(result.returncode, (0, 3), result.stderr)
            self.assertEqual(len(json.loads(result.stdout)), count)
            self.assertEqual(result.stderr, "")

    def test_it_agrees_with_the_machine(self):
        steps = {step["step"]: step for step in json.loads(self.weiss("doctor", "--host", "--json").stdout)}
        self.assertEqual(steps["kvm"]["verdict"], "good" if os.path.exists("/dev/kvm") else "bad")
        self.assertIn(f"{os.statvfs('/dev/shm').f_blocks * os.statvfs('/dev/shm').f_frsize >> 20} MiB",
                      steps["region"]["seen"])

    @unittest.skipIf(not ROOT, "skipped: only root can become another user")
    def test_only_root_tunes(self):
        result = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", harness.WEISS, "tune", "ksm"],
                                capture_output=True, text=True, check=False)
        if "setpriv" in result.stderr or "Permission denied" in result.stderr:
            self.skipTest("skipped: another user cannot run the program here: " + result.stderr)
        self.assert_one_message(result, "only root can change this machine; try `sudo weiss tune`, or `weiss tune "
                                "--dry-run` to see the commands")

    @unittest.skipIf(not ROOT or not writable(PAGES), "skipped: huge pages cannot be reserved here")
    def test_huge_pages_are_reserved_and_given_back(self):
        before = int(read(PAGES))
        wanted = str(before + 4)
        result = self.weiss("tune", "hugepages=" + wanted)
        self.addCleanup(self.weiss, "tune", "--undo", "hugepages")
        self.assert_done(result)
        self.assertEqual(read(PAGES), wanted)
        self.assert_done(self.weiss("tune", "--undo", "hugepages"))
        self.assertEqual(int(read(PAGES)), before)

    @unittest.skipIf(not ROOT or shutil.which("qemu-system-x86_64") is None or os.cpu_count() < 2,
                     "skipped: needs root, qemu-system-x86_64 and two processors")
    def test_a_virtual_machine_is_pinned(self):
        guest = subprocess.Popen(["qemu-system-x86_64", "-S", "-display", "none", "-nodefaults", "-accel",
                                  "tcg,thread=multi", "-m", "16", "-name", "here,debug-threads=on"],
                                 cwd=self.directory, stdin=subprocess.DEVNULL)
        self.addCleanup(guest.wait)
        self.addCleanup(guest.kill)
        threads = self.wait_for_threads(guest.pid)
        before = {thread: os.sched_getaffinity(thread) for thread in threads}
        self.assert_done(self.weiss("tune", f"pinning={guest.pid}"))
        for thread, name in threads.items():
            self.assertEqual(len(os.sched_getaffinity(thread)), 1, name)
        vcpu = next(thread for thread, name in threads.items() if name == "CPU 0/TCG")
        for thread in threads:
            if thread != vcpu:
                self.assertFalse(os.sched_getaffinity(thread) & os.sched_getaffinity(vcpu))
        self.assert_done(self.weiss("tune", "--undo", "pinning"))
        self.assertEqual({thread: os.sched_getaffinity(thread) for thread in threads}, before)

    def wait_for_threads(self, pid):
        """Names of the threads by number, when the vCPU is among them."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            tasks = f"/proc/{pid}/task/"
            threads = {int(task): read(tasks + task + "/comm") for task in os.listdir(tasks)}
            if "CPU 0/TCG" in threads.values():
                return threads
            time.sleep(0.1)
        self.fail("QEMU does not start its vCPU")

    @unittest.skipIf(not ROOT or cpusets() is None or os.cpu_count() < 2,
                     "skipped: no control groups, version 2, with the controller cpuset (or not root, or one processor)")
    def test_a_processor_is_isolated(self):
        last = str(os.cpu_count() - 1)
        self.assert_done(self.weiss("tune", "isolation=" + last))
        self.addCleanup(self.weiss, "tune", "--undo", "isolation")
        group = cpusets() + "/weiss-isolated"
        self.assertEqual(read(group + "/cpuset.cpus.partition"), "isolated")
        self.assertEqual(read(group + "/cpuset.cpus.effective"), last)
        self.assert_done(self.weiss("tune", "--undo", "isolation"))
        self.assertFalse(os.path.exists(group))


if __name__ == "__main__":
    unittest.main(verbosity=2)
