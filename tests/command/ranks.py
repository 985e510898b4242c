"""The same answer on 1, 2 and 4 ranks, however they are started."""
import os
import subprocess

import harness


class Ranks(harness.Case):
    def setUp(self):
        super().setUp()
        self.write("bar.yaml", harness.PRECESSION.replace("200 ps", "50 ps"))

    def run_on(self, directory, *arguments, program=()):
        result = self.weiss("run", "--out", directory, *arguments, "bar.yaml", program=program)
        self.assert_done(result)
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.stdout.count("stage 1, dynamics"), 1, result.stdout)
        return self.table(directory)

    def test_ranks_agree(self):
        one = self.run_on("one")
        self.assert_same_table(one, self.run_on("two", "-n", "2"), 2e-5)
        self.assert_same_table(one, self.run_on("four", "-n4"), 2e-5)
        self.assert_same_table(one, self.run_on("mpirun", program=[harness.MPIRUN, "-n", "2"]), 2e-5)

    def test_runs_repeat(self):
        self.run_on("first", "-n", "2")
        self.run_on("second", "-n", "2")
        self.assertEqual(self.read("first/table.csv"), self.read("second/table.csv"))

    def test_machines_without_a_common_directory(self):
        """Results are those of rank 0's machine: here, of its directory. The other rank sees none of the files."""
        apart = harness.PRECESSION.replace("200 ps", "50 ps").replace("fields: off", "fields: on").replace("10 ps,", "10 ps, fields_every: 25 ps,")
        for name in ("near", "here", "there"):
            os.mkdir(self.path(name))
        for name in ("near", "here"):
            self.write(name + "/bar.yaml", apart)
        for restart in ([], ["--restart"]):
            for places in (("near", "near"), ("here", "there")):
                words = [harness.MPIRUN]
                for place in places:
                    words += ["-n", "1", "--wdir", self.path(place), harness.WEISS, "run", *restart, "--out", "out", "bar.yaml", ":"]
                self.assert_done(subprocess.run(words[:-1], capture_output=True, text=True, timeout=120, check=False,
                                                stdin=subprocess.DEVNULL))
        near = self.files("near")
        self.assertEqual(self.files("here").keys(), near.keys())
        self.assertEqual(os.listdir(self.path("there")), [])
        compared = [name for name in near if name.endswith((".vtu", ".csv"))]
        self.assertGreater(len(compared), 3, near.keys())
        for name in compared:
            self.assertEqual(near[name], self.files("here")[name], name)

    def files(self, place):
        """Contents of all results in @p place, by name."""
        found = {}
        for directory, _, names in os.walk(self.path(place, "out")):
            for name in names:
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, self.path(place))] = file.read()
        return found


if __name__ == "__main__":
    harness.main()
