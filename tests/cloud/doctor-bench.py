"""`weiss bench tuning`: its shape, and that it leaves nothing. What it measures is the machine's matter."""
import glob
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
import harness  # noqa: E402


class Bench(harness.Case):
    def test_wrong_options(self):
        for words, text in ((["--rounds", "1"], "--rounds needs a number from 2 to 100"),
                            (["--rounds", "5x"], "--rounds needs a number from 2 to 100"),
                            (["--steps", "pinning,smt"], "--steps needs a list of pinning, hugepages and shmem")):
            result = self.weiss("bench", "tuning", *words)
            self.assert_done(result, 2)
            self.assertEqual(result.stderr.splitlines()[0], "weiss: " + text)

    def test_a_step_is_measured_off_and_on(self):
        with open("/proc/self/mounts", encoding="utf-8") as file:
            mounts = file.read()
        result = self.weiss("bench", "tuning", "--rounds", "2", "--steps", "pinning,hugepages", timeout=350)
        self.assert_done(result)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["step", "figure", "off", "on", "gain", "spread"])
        if os.cpu_count() < 2:
            self.assertEqual(lines[1], "pinning     not measured: it needs two processors")
        else:
            for line, figure in zip(lines[1:3], ("latency 4 B", "bandwidth 1 MiB")):
                self.assertIn(figure, line)
                off, on = map(float, line[29:51].split())
                self.assertTrue(off > 0 and on > 0, line)
            steps = [line for line in result.stderr.splitlines() if "pinning" in line]
            self.assertEqual(steps, [f"weiss: pinning, round {i}/2, {how}" for i in (1, 2) for how in ("off", "on")])
        with open("/proc/self/mounts", encoding="utf-8") as file:
            self.assertEqual(file.read().count("weiss-bench"), mounts.count("weiss-bench"))
        self.assertEqual(glob.glob("/dev/shm/weiss-bench-tuning-*"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
