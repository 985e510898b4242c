"""Wrong calls are answered with a hint and exit code 2; help and version with 0."""
import harness


class Usage(harness.Case):
    def assert_usage(self, result, *words):
        self.assert_done(result, 2)
        self.assertEqual(result.stdout, "")
        self.assertTrue(result.stderr.startswith("weiss: "), result.stderr)
        self.assertIn("--help`.", result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_no_subcommand(self):
        self.assert_usage(self.weiss(), "run, mesh, bench, fabric, mpirun, lab, cluster, image, openstack, agent, overlay, plan, trace, scale, doctor, tune, help")
        self.assert_usage(self.weiss("mesh"), "make, info, convert")

    def test_unknown_subcommand_suggests_the_nearest(self):
        self.assert_usage(self.weiss("rnu"), "rnu", "did you mean run?")
        self.assert_usage(self.weiss("mesh", "mak"), "did you mean make?")
        self.assertNotIn("did you mean", self.weiss("xyzzy").stderr)

    def test_unknown_option_suggests_the_nearest(self):
        self.assert_usage(self.weiss("run", "--restrat", "a.yaml"), "--restrat", "did you mean --restart?")
        self.assert_usage(self.weiss("run", "-z"), "-z")
        self.assert_usage(self.weiss("--verison"), "did you mean --version?")

    def test_control_characters_are_not_echoed(self):
        self.assertNotIn("\x1b", self.weiss("\x1b[31mrun").stderr)
        self.assertNotIn("\x1b", self.weiss("run", "--\x1b[31m").stderr)

    def test_values_of_options(self):
        for n in ("0", "-1", "two", "", "1.5", "1e3", "999999999999"):
            self.assert_usage(self.weiss("run", "-n", n, "a.yaml"), "number of ranks")
        self.assert_usage(self.weiss("run", "a.yaml", "--out"), "--out DIR")
        self.assert_usage(self.weiss("run", "--quiet=yes", "a.yaml"), "takes no value")
        self.assert_usage(self.weiss("run", "--changed", "a.yaml"), "--restart")

    def test_operands(self):
        self.assert_usage(self.weiss("run"), "FILE")
        self.assert_usage(self.weiss("run", "a.yaml", "b.yaml"), "b.yaml", "too many")
        self.assert_usage(self.weiss("mesh", "convert", "a.msh"), "IN OUT")

    def test_ranks_under_mpirun(self):
        result = self.weiss("run", "-n", "2", "a.yaml", program=[harness.MPIRUN, "-n", "2"])
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count("leave out -n"), 1, result.stderr)

    def test_help(self):
        for words, expected in ((["--help"], "Subcommands:"), (["help"], "Subcommands:"),
                                (["run", "--help"], "Examples:"), (["help", "run"], "--restart"),
                                (["run", "-h"], "--print-defaults"), (["mesh", "--help"], "convert"),
                                (["help", "mesh", "make"], "--unit"), (["mesh", "info", "--help"], "Example:")):
            result = self.weiss(*words)
            self.assert_done(result)
            self.assertEqual(result.stderr, "")
            self.assertIn("Usage: weiss", result.stdout)
            self.assertIn(expected, result.stdout)
            self.assertLess(max(map(len, result.stdout.splitlines())), 121)

    def test_version(self):
        result = self.weiss("--version")
        self.assert_done(result)
        self.assertRegex(result.stdout, r"^weiss \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    harness.main()
