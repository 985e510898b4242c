"""Problem files and meshes, right and broken: one clear message, nothing half-written."""
import os

import harness

BROKEN = {
    "missing file": (None, "bar.yaml", "cannot be opened"),
    "empty": ("", "bar.yaml:1", "empty"),
    "not a mapping": ("- 1\n- 2\n", "bar.yaml:1", "expected"),
    "bad syntax": ("mesh: {box: [1, 2\n", "bar.yaml:", "expected"),
    "unknown key": (harness.PRECESSION.replace("initial:", "intial:"), "bar.yaml:4", "intial", "initial"),
    "wrong unit": (harness.PRECESSION.replace("13 pJ/m", "13 pJ"), "bar.yaml:3", "A"),
    "unknown term key": (harness.PRECESSION.replace("alpha: 0.02", "alfa: 0.02"), "bar.yaml:3", "alpha"),
    "unknown stage": (harness.PRECESSION.replace("- dynamics", "- dynamic", 1), "bar.yaml:8", "dynamics"),
    "zero vector": (harness.PRECESSION.replace("[1, 0.1, 0.3]", "[0, 0, 0]"), "bar.yaml:4", "uniform"),
    "missing region": (harness.PRECESSION + "regions: {2: permalloy}\n", "bar.yaml", "region"),
    "missing mesh file": (harness.PRECESSION.replace(
        "grid: {size: [12 nm, 12 nm, 12 nm], cells: [4, 4, 4]}", "file: none.msh, unit: nm"), "none.msh"),
}


class Problems(harness.Case):
    def test_broken_problems_leave_one_message_and_nothing_else(self):
        for name, (text, *words) in BROKEN.items():
            with self.subTest(name):
                if text is not None:
                    self.write("bar.yaml", text)
                self.assert_one_message(self.weiss("run", "bar.yaml"), *words)
                self.assertNotIn("bar.out", os.listdir(self.directory))

    def test_check_and_quiet_tell_as_much(self):
        text, *words = BROKEN["unknown key"]
        self.write("bar.yaml", text)
        self.assert_one_message(self.weiss("run", "--check", "bar.yaml"), *words)
        self.assert_one_message(self.weiss("run", "--quiet", "bar.yaml"), *words)

    def test_broken_problem_on_two_ranks(self):
        self.write("bar.yaml", BROKEN["unknown key"][0])
        self.assert_one_message(self.weiss("run", "-n", "2", "bar.yaml"), "bar.yaml:4", "initial")
        self.assertEqual(os.listdir(self.directory), ["bar.yaml"])

    def test_broken_mesh_on_two_ranks(self):
        self.write("none.msh", "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n-1\n$EndNodes\n")
        self.write("bar.yaml", BROKEN["missing mesh file"][0])
        self.assert_one_message(self.weiss("run", "-n", "2", "bar.yaml"), "none.msh")
        self.assertNotIn("bar.out", os.listdir(self.directory))

    def test_place_of_results_that_cannot_be_written(self):
        self.write("bar.yaml", harness.PRECESSION)
        self.write("file", "")
        self.assert_one_message(self.weiss("run", "--out", "file", "bar.yaml"), "file", "directory")
        self.assert_one_message(self.weiss("run", "--out", "no/such/place", "bar.yaml"), "no/such")

    def test_check_writes_nothing(self):
        self.write("bar.yaml", harness.PRECESSION)
        result = self.weiss("run", "--check", "bar.yaml")
        self.assert_done(result)
        self.assertIn("125 nodes", result.stdout)
        self.assertEqual(os.listdir(self.directory), ["bar.yaml"])

    def test_defaults_are_a_valid_problem(self):
        defaults = self.weiss("run", "--print-defaults")
        self.assert_done(defaults)
        self.assertEqual(defaults.stderr, "")
        self.write("defaults.yaml", defaults.stdout)
        self.assert_done(self.weiss("run", "--check", "defaults.yaml"))


if __name__ == "__main__":
    harness.main()
