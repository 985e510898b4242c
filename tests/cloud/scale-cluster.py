"""weiss scale in two machines over TCP and over shared memory; the problem is the one of `make demo-cluster`."""
import csv
import os
import tempfile
import unittest

import labs
from labs import harness

DEMO = os.path.join(os.environ["WEISS_SOURCE_ROOT"], "examples", "demo-cluster.yaml")
CLUSTER = "name: scale\nservers:\n  - {uri: qemu, vms: 2}\nregion: 16 MiB\n"


class Scale(harness.Case):
    def setUp(self):
        super().setUp()
        self.state = tempfile.mkdtemp(prefix="weiss-s-")  # a short name: sockets are in it
        self.addCleanup(os.rmdir, self.state)
        self.env = {"XDG_STATE_HOME": self.state, "TMPDIR": self.path("tmp")}
        os.mkdir(self.path("tmp"))
        self.write("scale.yaml", CLUSTER)
        with open(DEMO, encoding="utf-8") as file:
            demo = file.read()
        for old, new in (("max_edge: 6 nm", "max_edge: 12 nm"), ("100 ps", "20 ps")):
            self.assertIn(old, demo)
            demo = demo.replace(old, new)
        self.write("p.yaml", demo)

    def run_here(self, *words, code=0, timeout=900):
        result = self.weiss(*words, env=self.env, timeout=timeout)
        self.assert_done(result, code)
        return result

    def take_down(self):
        self.run_here("cluster", "down", "scale")
        self.assertEqual(os.listdir(os.path.join(self.state, "weiss", "clusters")), [])
        os.rmdir(os.path.join(self.state, "weiss", "clusters"))
        os.rmdir(os.path.join(self.state, "weiss"))

    def test_two_transports(self):
        self.run_here("cluster", "up", "scale.yaml")
        self.addCleanup(self.take_down)
        result = self.run_here("scale", "p.yaml", "--cluster", "scale", "--ranks", "1,2", "--rounds", "1", "--csv", "s.csv",
                               "--svg", "pictures", timeout=1500)
        self.assertEqual(os.listdir(self.path("tmp")), [], "files were left behind")
        self.assertNotIn("weiss-run", self.run_here("cluster", "exec", "--", "ls", "/root").stdout)
        with open(self.path("s.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row["transport"], row["ranks"]) for row in rows],
                         [("tcp", "1"), ("tcp", "2"), ("ivshmem", "1"), ("ivshmem", "2")], result.stdout)
        for row in rows:
            parts = [float(row[name + "_s"]) for name in ("compute", "inside", "between", "servers", "waiting")]
            # All of the time is accounted for: the tracer's clock starts and stops with that of the phases.
            self.assertAlmostEqual(sum(parts) / float(row["median_s"]), 1, delta=0.1, msg=result.stdout)
            self.assertEqual((parts[1] > 0.01 * sum(parts), parts[3]), (False, 0), row)
            self.assertEqual(parts[2] > 0, row["ranks"] == "2", row)
        # Both directions of each message pass through the emulated network card, or do not: not a matter of some per cent.
        self.assertLess(float(rows[3]["between_s"]), float(rows[1]["between_s"]), result.stdout)
        for picture in ("time.svg", "speedup.svg", "split.svg"):
            self.assertIn("ivshmem", self.read(os.path.join("pictures", picture)))
        wrong = self.run_here("scale", "p.yaml", "--cluster", "scale", "--ranks", "1", "--transports", "vader", code=2)
        self.assertIn('there is no transport "vader" here; the transports are tcp, ivshmem', wrong.stderr)


if __name__ == "__main__":
    labs.main()
