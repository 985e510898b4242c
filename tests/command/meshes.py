"""weiss mesh: make, info and convert."""
import os

import harness

GRID = "grid: {size: [20 nm, 10 nm, 10 nm], cells: [4, 2, 2]}"


class Meshes(harness.Case):
    def test_make_info_convert(self):
        made = self.weiss("mesh", "make", GRID, "a.msh")
        self.assert_done(made)
        self.assertIn("45 nodes, 96 tetrahedra", made.stdout)
        info = self.weiss("mesh", "info", "a.msh", "--unit", "nm")
        self.assert_done(info)
        self.assertIn("45 nodes, 96 tetrahedra", info.stdout)
        self.assertIn("20 nm x 10 nm x 10 nm", info.stdout)
        self.assertIn("1 body", info.stdout)
        self.assert_done(self.weiss("mesh", "convert", "a.msh", "b.msh", "--format", "gmsh-2.2"))
        self.assertEqual(self.weiss("mesh", "info", "b.msh").stdout.replace("b.msh", "a.msh"),
                         self.weiss("mesh", "info", "a.msh").stdout)

    def test_make_from_a_problem_file(self):
        self.write("bar.yaml", harness.PRECESSION)
        self.assert_done(self.weiss("mesh", "make", "bar.yaml", "bar.msh"))
        self.write("file.yaml", harness.PRECESSION.replace(
            "grid: {size: [12 nm, 12 nm, 12 nm], cells: [4, 4, 4]}", "file: bar.msh, unit: nm"))
        self.assertIn("125 nodes", self.weiss("run", "--check", "file.yaml").stdout)

    def test_mistakes(self):
        self.assert_one_message(self.weiss("mesh", "make", "gird: 1", "a.msh"), "MESH:1", "grid")
        self.assert_one_message(self.weiss("mesh", "make", GRID, "a.msh", "--format", "gmsh"), "gmsh-2.2")
        self.assert_one_message(self.weiss("mesh", "make", GRID, "a.msh", "--unit", "kg"), "unit of length")
        self.assert_one_message(self.weiss("mesh", "make", GRID, "no/a.msh"), "no/a.msh")
        self.assert_one_message(self.weiss("mesh", "info", "none.msh"), "none.msh")
        self.write("junk.msh", "junk\n")
        self.assert_one_message(self.weiss("mesh", "convert", "junk.msh", "b.msh"), "junk.msh")
        self.assertEqual(sorted(os.listdir(self.directory)), ["junk.msh"])


if __name__ == "__main__":
    harness.main()
