"""A plan on two servers of two machines each, tried for real by benchmarks/plan-rig.py: what crosses between servers, and
the order of the times. No time is compared with a clock."""
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import labs

ROOT = os.environ["WEISS_SOURCE_ROOT"]
# Pairs that cross between servers in the best order and in the worst, of the pairs of neighbours: a chain cut once, or
# between all; a grid of 4 x 2 cut through two rows, or coloured like a chessboard.
CROSSING = {"chain": (1, 7), "grid": (2, 10)}
SIZE = 64000
LINK, LINK_MBYTES = "2Mb/s", 0.25  # slow, so that its times stand out of those of a busy host


class Rig(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = tempfile.mkdtemp(prefix="weiss-test-")
        cls.addClassCleanup(shutil.rmtree, cls.out)
        result = subprocess.run([sys.executable, os.path.join(ROOT, "benchmarks", "plan-rig.py"), "--weiss", labs.WEISS, "--out",
                                 cls.out, "--link", LINK, "--laps", "3", "--programs", ",".join(CROSSING)], preexec_fn=labs.die_with_parent,
                                capture_output=True, text=True, timeout=1500, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        print(result.stdout, flush=True)

    def read(self, name):
        with open(os.path.join(self.out, name), newline="", encoding="utf-8") as file:
            return file.read()

    def rows(self, name):
        return {row["placement"]: row for row in csv.DictReader(self.read(f"{name}.csv").splitlines())}

    def test_levels(self):
        """Each level is slower than the one below; the wire is not faster than it is made."""
        found = dict(re.findall(r"^  (\w+): \{latency: \S+ us, bandwidth: (\S+) MB/s\}$", self.read("levels.yaml"), re.MULTILINE))
        speed = {level: float(text) for level, text in found.items()}
        self.assertEqual(set(speed), {"vm", "server", "network"})
        self.assertLess(speed["network"], LINK_MBYTES)
        self.assertGreater(speed["server"], 3 * speed["network"])
        self.assertGreater(speed["vm"], 3 * speed["network"])

    def test_bytes_that_cross(self):
        for name, (best, worst) in CROSSING.items():
            rows = self.rows(name)
            crossing = {place: float(row["bytes_network"]) / (2 * SIZE) for place, row in rows.items()}
            self.assertEqual((crossing["plan"], crossing["worst"]), (best, worst), name)
            for place, pairs in crossing.items():
                self.assertTrue(best <= pairs <= worst, f"{name}, {place}: {pairs} pairs cross")

    def test_order_of_times(self):
        for name in CROSSING:
            rows = self.rows(name)
            # The shortest of a placement's times: what else the host does only adds to it.
            time = {place: float(row["lowest"]) for place, row in rows.items()}
            randoms = [seconds for place, seconds in time.items() if place.startswith("random-")]
            self.assertEqual(len(randoms), 5)
            self.assertLess(time["plan"], sum(randoms) / 5, name)
            self.assertLess(sum(randoms) / 5, time["worst"], name)
            self.assertLess(2 * time["plan"], time["worst"], name)
            predicted = {place: float(row["predicted"]) for place, row in rows.items()}
            self.assertEqual(min(predicted.values()), predicted["plan"])

    def test_files(self):
        for name in CROSSING:
            slots = [int(slot) for slot in self.rows(name)["plan"]["slots"].split()]
            plan = [(int(row["rank"]), row["vm"]) for row in csv.DictReader(self.read(f"{name}-plan.csv").splitlines())]
            self.assertEqual(plan, [(rank, f"vm{slot // 2 + 1}") for rank, slot in enumerate(slots)])
        self.assertIn("<svg ", self.read("plan-rig.svg"))


if __name__ == "__main__":
    if os.geteuid() != 0:
        labs.skip("a lab of two servers needs root")
    labs.main()
