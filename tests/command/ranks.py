"""The same answer on 1, 2 and 4 ranks, however they are started."""
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


if __name__ == "__main__":
    harness.main()
