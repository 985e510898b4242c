"""Stopped and killed runs go on: the joined table equals that of an uninterrupted run.

usage: restart.py RANKS, the number of ranks of the run that is stopped"""
import os
import shutil
import signal
import sys

import harness

RANKS = sys.argv.pop() if len(sys.argv) > 1 and sys.argv[-1].isdigit() else "1"


class Restart(harness.Case):
    whole = None

    def setUp(self):
        super().setUp()
        self.write("bar.yaml", harness.PRECESSION)
        if Restart.whole is None:
            self.assert_done(self.weiss("run", "--out", "whole", "bar.yaml"))
            Restart.whole = self.table("whole")

    def check_restarts(self, *numbers):
        """Restarts copies of what was left, each on another number of ranks."""
        left = [name for name in os.listdir(self.path("bar.out")) if ".tmp" in name and "checkpoint" not in name]
        self.assertEqual(left, [])
        for ranks in numbers:
            with self.subTest(ranks=ranks):
                copy = f"copy{ranks}"
                shutil.copytree(self.path("bar.out"), self.path(copy))
                self.assert_done(self.weiss("run", "--restart", "-n", ranks, "--out", copy, "bar.yaml"))
                joined = self.table(copy)
                self.assert_same_table(self.whole, joined, 1e-4)
                steps = [row["steps"] for row in joined]
                self.assertEqual(steps, sorted(steps))
                self.assertEqual([name for name in os.listdir(self.path(copy)) if ".tmp" in name], [])

    def interrupt(self, rows, number):
        process = self.start("run", "-n", RANKS, "bar.yaml")
        self.wait_for_rows("bar.out", rows, process)
        process.send_signal(number)
        return process.wait(60)

    def test_terminated_in_the_first_stage(self):
        self.assertEqual(self.interrupt(5, signal.SIGTERM), 128 + signal.SIGTERM)
        self.assertIn("--restart bar.yaml", self.read("stderr"))
        self.check_restarts("1", "2", "4")

    def test_terminated_in_the_second_stage(self):
        self.assertEqual(self.interrupt(26, signal.SIGTERM), 128 + signal.SIGTERM)
        self.check_restarts("1")

    def test_killed(self):
        process = self.start("run", "-n", RANKS, "bar.yaml")
        self.wait_for_rows("bar.out", 10, process)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.assertNotEqual(process.wait(60), 0)
        self.assert_nothing_runs()
        self.check_restarts("1", "2", "4")


if __name__ == "__main__":
    harness.main()
