"""The directory of results, and what is printed about a run."""
import json
import os
import signal

import harness

SHORT = harness.PRECESSION.replace("200 ps", "20 ps")


class Results(harness.Case):
    def setUp(self):
        super().setUp()
        self.write("bar.yaml", SHORT)

    def test_a_run_writes_its_results_and_says_where(self):
        result = self.weiss("run", "bar.yaml")
        self.assert_done(result)
        for words in ("stage 1, dynamics", "stage 2, dynamics", "evaluations", "MiB", "bar.out/"):
            self.assertIn(words, result.stdout)
        self.assertIn("table.csv", os.listdir(self.path("bar.out")))
        self.assertRegex(result.stdout, r"(?m) mz *$", "no plot")
        times = [row["t (s)"] for row in self.table("bar.out")]
        self.assertEqual(times, sorted(times))
        self.assertAlmostEqual(times[-1], 40e-12, delta=1e-20)
        left = [name for name in os.listdir(self.path("bar.out")) if ".tmp" in name]
        self.assertEqual(left, [])

    def test_plot_without_utf8(self):
        plain = self.weiss("run", "bar.yaml", env={"LC_ALL": "C"})
        self.assert_done(plain)
        self.assertTrue(plain.stdout.isascii())
        self.assertIn("zzz", plain.stdout)
        rich = self.weiss("run", "bar.yaml", env={"LC_ALL": "C.UTF-8"})
        self.assert_done(rich)
        self.assertFalse(rich.stdout.isascii())

    def test_quiet_prints_nothing(self):
        result = self.weiss("run", "--quiet", "bar.yaml")
        self.assert_done(result)
        self.assertEqual((result.stdout, result.stderr), ("", ""))

    def test_earlier_results_are_moved(self):
        self.assert_done(self.weiss("run", "bar.yaml"))
        self.write("bar.out/mark", "first")
        second = self.weiss("run", "bar.yaml")
        self.assert_done(second)
        self.assertIn("bar.out.1/", second.stdout)
        self.write("bar.out/mark", "second")
        self.assertIn("bar.out.2/", self.weiss("run", "bar.yaml").stdout)
        self.assertEqual(self.read("bar.out.1/mark"), "first")
        self.assertEqual(self.read("bar.out.2/mark"), "second")
        self.assertFalse(os.path.exists(self.path("bar.out/mark")))

    def test_out_names_the_directory(self):
        self.assert_done(self.weiss("run", "--out", "elsewhere/", "bar.yaml"))
        self.assertIn("table.csv", os.listdir(self.path("elsewhere")))
        self.assertNotIn("bar.out", os.listdir(self.directory))

    def test_a_directory_of_other_files_is_left_alone(self):
        os.mkdir(self.path("mine"))
        self.write("mine/thesis.txt", "long work")
        self.assert_one_message(self.weiss("run", "--out", "mine", "bar.yaml"), "not the results", "--out")
        self.assertEqual(os.listdir(self.path("mine")), ["thesis.txt"])
        self.assertNotIn("mine.1", os.listdir(self.directory))

    def test_an_empty_directory_is_used(self):
        os.mkdir(self.path("empty"))
        self.assert_done(self.weiss("run", "--out", "empty", "bar.yaml"))
        self.assertIn("table.csv", os.listdir(self.path("empty")))

    def test_two_runs_do_not_share_a_directory(self):
        self.write("long.yaml", harness.PRECESSION.replace("200 ps", "1 ms"))
        first = self.start("run", "--out", "shared", "long.yaml")
        self.wait_for_rows("shared", 2, first)
        for options in ((), ("--restart",)):
            second = self.weiss("run", "--out", "shared", *options, "long.yaml")
            self.assert_one_message(second, "another run", "--out")
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(30), 128 + signal.SIGTERM)
        self.assertNotIn("shared.1", os.listdir(self.directory))

    def test_results_go_to_the_current_directory(self):
        os.mkdir(self.path("problems"))
        os.rename(self.path("bar.yaml"), self.path("problems", "bar.yaml"))
        self.assert_done(self.weiss("run", "problems/bar.yaml"))
        self.assertIn("bar.out", os.listdir(self.directory))

    def test_restart_without_a_checkpoint(self):
        self.assert_one_message(self.weiss("run", "--restart", "bar.yaml"), "no checkpoint", "without --restart")
        self.assertNotIn("bar.out", os.listdir(self.directory))

    def test_restart_of_a_complete_run(self):
        self.assert_done(self.weiss("run", "bar.yaml"))
        before = self.read("bar.out/table.csv")
        again = self.weiss("run", "--restart", "bar.yaml")
        self.assert_done(again)
        self.assertIn("complete", again.stdout)
        self.assertEqual(self.read("bar.out/table.csv"), before)

    def test_restart_with_a_changed_problem(self):
        self.assert_done(self.weiss("run", "bar.yaml"))
        self.write("bar.yaml", SHORT + "  - dynamics: {duration: 10 ps, table_every: 10 ps}\n")
        self.assert_one_message(self.weiss("run", "--restart", "bar.yaml"), "changed")
        self.assert_done(self.weiss("run", "--restart", "--changed", "bar.yaml"))
        self.assertAlmostEqual(self.table("bar.out")[-1]["t (s)"], 50e-12, delta=1e-20)

    def test_a_stage_that_does_not_converge(self):
        self.write("bar.yaml", SHORT.split("stages:")[0] + "stages:\n  - relax: {max_iterations: 2}\n"
                   "  - dynamics: {duration: 10 ps}\n")
        result = self.weiss("run", "bar.yaml")
        self.assert_one_message(result, "not converged", code=3)
        self.assertNotIn("dynamics", result.stdout)
        self.assertEqual(json.loads(self.read("bar.out/run.json"))["status"], "not converged")
        self.write("bar.yaml", self.read("bar.yaml").replace("max_iterations: 2", "max_iterations: 5000"))
        self.assert_done(self.weiss("run", "--restart", "--changed", "bar.yaml"))

    def test_a_problem_without_stages_shows_its_initial_state(self):
        self.write("bar.yaml", SHORT.split("stages:")[0])
        self.assert_done(self.weiss("run", "bar.yaml"))
        self.assertEqual(len(self.table("bar.out")), 1)


if __name__ == "__main__":
    harness.main()
