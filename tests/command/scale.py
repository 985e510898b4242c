"""weiss scale: the solver on several numbers of ranks."""
import csv
import glob
import os

import harness


class Scale(harness.Case):
    def setUp(self):
        super().setUp()
        self.write("p.yaml", harness.PRECESSION)

    def scale(self, *arguments, **options):
        temporary = self.path("tmp")
        os.makedirs(temporary, exist_ok=True)
        result = self.weiss("scale", *arguments, env={"TMPDIR": temporary}, **options)
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

    def test_weak(self):
        self.write("q.yaml", harness.PRECESSION.replace("cells: [4, 4, 4]", "cells: [8, 4, 4]"))
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
