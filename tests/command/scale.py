"""weiss scale: the solver on several numbers of ranks."""
import csv
import glob
import os

import harness


# Two ranks that share their cores with other work take long.
SHORT = harness.PRECESSION.replace("200 ps", "20 ps")
NETWORK = """\
servers:
  - name: one
    vms: [{name: a, vcpus: 2}, {name: b, vcpus: 2}]
levels:
  network: {latency: 100 us, bandwidth: 1 GB/s}
"""
SLOWER = NETWORK.replace("100 us", "1 ms")


class Scale(harness.Case):
    def setUp(self):
        super().setUp()
        self.write("p.yaml", SHORT)

    def scale(self, *arguments, files=None, **options):
        temporary = self.path("tmp")
        os.makedirs(temporary, exist_ok=True)
        for name, text in (files or {}).items():
            self.write(name, text)
        result = self.weiss("scale", *arguments, env={"TMPDIR": temporary}, timeout=600, **options)
        self.assertEqual(os.listdir(temporary), [], "files were left behind")
        self.assertEqual(glob.glob("/dev/shm/weiss-scale-*"), [])
        return result

    def assert_usage(self, result, message):
        self.assert_done(result, 2)
        self.assertEqual(result.stdout, "")
        self.assertIn(message, result.stderr)

    def test_two_transports(self):
        result = self.scale("p.yaml", "--ranks", "1,2", "--rounds", "2", "--transports", "vader,ivshmem",
                            "--csv", "s.csv", "--svg", "pictures")
        self.assert_done(result)
        with open(self.path("s.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row["transport"], row["ranks"]) for row in rows],
                         [("vader", "1"), ("vader", "2"), ("ivshmem", "1"), ("ivshmem", "2")])
        for row in rows:
            self.assertEqual(row["samples"], "2")
            self.assertLessEqual(0 < float(row["min_s"]), float(row["median_s"]) <= float(row["max_s"]))
        for one, two in (rows[0:2], rows[2:4]):
            speedup = float(one["median_s"]) / float(two["median_s"])
            self.assertAlmostEqual(float(two["speedup"]) / speedup, 1, 4)
            self.assertAlmostEqual(float(two["efficiency"]) / speedup * 2, 1, 4)
        for picture in ("time.svg", "speedup.svg"):
            self.assertIn(">Ranks<", self.read(os.path.join("pictures", picture)))
        self.assertIn("ivshmem\n", result.stdout)
        self.check_parts(rows, result.stdout)

    def check_parts(self, rows, text):
        """Computing, transfers and waiting make up the time: the tracer's clock starts and stops with the phases."""
        self.assertIn("ivshmem: where the time went", text)
        for row in rows:
            parts = [float(row[name + "_s"]) for name in ("compute", "inside", "between", "servers", "waiting")]
            self.assertEqual(parts[2:4], [0, 0])
            self.assertGreater(sum(parts), 0.8 * float(row["min_s"]), text)
            self.assertLess(sum(parts), 1.2 * float(row["max_s"]) + 0.5, text)
            if row["ranks"] == "1":
                self.assertGreater(parts[0], 0.9 * sum(parts), text)

    def test_simulate(self):
        result = self.scale("p.yaml", "--ranks", "1,2", "--rounds", "1", "--simulate", "2,64", "--network", "one.yaml,two.yaml",
                            "--svg", "pictures", "--csv", "s.csv", files={"one.yaml": NETWORK, "two.yaml": SLOWER})
        self.assert_done(result)
        self.assertRegex(result.stdout, r"largest error \d+ %")
        self.assertIn("Predicted, mesh of 125 nodes:", result.stdout)
        with open(self.path("s.csv"), newline="", encoding="utf-8") as file:
            time = {(row["transport"], int(row["ranks"])): float(row["median_s"]) for row in csv.DictReader(file)}
        self.assertEqual(time["one.yaml", 1], time["two.yaml", 1])  # nothing is said
        self.assertEqual(time["one.yaml", 2], time["two.yaml", 2])  # inside one machine, where both are alike
        # 64 ranks are on 16 servers: of the six rounds of a sum four are between servers. More than ten evaluations of the
        # field have more than five sums each.
        self.assertGreater(time["two.yaml", 64] - time["one.yaml", 64], 10 * 5 * 4 * 0.9e-3)
        self.assertIn("two.yaml", self.read("pictures/simulated/time.svg"))
        result = self.scale("p.yaml", "--ranks", "1", "--rounds", "1", "--simulate", "126")
        self.assert_done(result, 1)
        self.assertIn("weiss: 126 ranks are more than the 125 nodes of the mesh; give a finer one with --mesh\n", result.stderr)

    def test_weak(self):
        self.write("q.yaml", SHORT.replace("cells: [4, 4, 4]", "cells: [8, 4, 4]"))
        result = self.scale("--weak", "--ranks", "1,2", "--rounds", "1", "p.yaml", "q.yaml")
        self.assert_done(result)
        self.assertIn("the work grows with the ranks", result.stdout)

    def test_wrong_calls(self):
        self.assert_usage(self.scale("p.yaml", "--ranks", "2,1"),
                          'weiss: --ranks needs ascending numbers such as 1,2,4, at most 32; found "2,1"')
        self.assert_usage(self.scale("p.yaml", "--ranks", "1,,2"), 'found "1,,2"')
        self.assert_usage(self.scale("p.yaml", "--rounds", "0"),
                          'weiss: --rounds needs a number from 1 to 1000; found "0"')
        self.assert_usage(self.scale("p.yaml", "q.yaml"), "weiss: expected one problem file")
        self.assert_usage(self.scale("--weak", "--ranks", "1,2", "p.yaml"),
                          "weiss: --weak needs a problem file for each of the 2 numbers of ranks; found 1")
        self.assert_usage(self.scale("p.yaml", "--network", "x"), "weiss: --network and --mesh go with --simulate")
        self.assert_usage(self.scale("p.yaml", "--simulate", "8,2"), 'weiss: --simulate needs ascending numbers such as 1,2,4')
        self.assert_usage(self.scale("p.yaml", "--simulate", "8", "--cluster", "c", "--ranks", "1"), "leave out --cluster")
        self.assert_usage(self.scale("p.yaml", "--cluster", "c"), "weiss: --cluster needs --ranks, such as --ranks 1,2,4")
        self.assert_usage(self.scale("none.yaml"), "weiss: none.yaml: cannot be read: No such file")
        self.assert_usage(self.scale("p.yaml", "--transports", "raw"), 'the transport "raw" carries no MPI program')
        self.assert_usage(self.scale("p.yaml", "--transports", "vadre"), 'there is no transport "vadre" here')

    def test_a_wrong_problem_is_shown(self):
        self.write("bad.yaml", harness.PRECESSION.replace("alpha", "alhpa"))
        result = self.scale("bad.yaml", "--ranks", "1", "--rounds", "1", "--csv", "s.csv")
        self.assert_done(result, 1)
        self.assertIn("alhpa", result.stderr)
        self.assertFalse(os.path.exists(self.path("s.csv")))


if __name__ == "__main__":
    harness.main()
