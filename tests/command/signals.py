"""Signals at the launcher of a parallel run reach the ranks, and nothing is left running."""
import os
import shutil
import signal

import harness

ENDLESS = harness.PRECESSION.replace("200 ps", "1 ms")


class Signals(harness.Case):
    def begin(self, ranks):
        self.write("bar.yaml", ENDLESS)
        shutil.rmtree(self.path("bar.out"), ignore_errors=True)
        process = self.start("run", "-n", ranks, "bar.yaml")
        self.wait_for_rows("bar.out", 2, process)
        return process

    def test_each_signal_saves_and_stops(self):
        self.addCleanup(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_DFL))  # below nohup it is ignored
        for ranks in ("1", "2"):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
                with self.subTest(ranks=ranks, signal=number):
                    process = self.begin(ranks)
                    process.send_signal(number)
                    self.assertEqual(process.wait(30), 128 + number)
                    self.assertEqual(self.read("stderr").count("the state is saved"), 1)
                    self.assertTrue(os.path.exists(self.path("bar.out", "checkpoint.h5")))
                    self.assert_nothing_runs()

    def test_interrupt_at_the_terminal_stops_once(self):
        """Ctrl-C reaches the foreground process group: the launcher, but not mpirun."""
        process = self.begin("2")
        children = [pid for pid in self.processes() if pid != process.pid]
        self.assertEqual(len(children), 3)
        self.assertTrue(all(os.getpgid(pid) != os.getpgid(process.pid) for pid in children))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 130)

    def test_ranks_do_not_outlive_a_killed_launcher(self):
        process = self.begin("2")
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        self.assert_nothing_runs()

    def test_a_killed_rank_ends_the_run(self):
        process = self.begin("2")
        ranks = [pid for pid in self.processes() if self.parent(pid) not in (process.pid, os.getpid())]
        self.assertEqual(len(ranks), 2)
        os.kill(ranks[1], signal.SIGKILL)
        self.assertNotEqual(process.wait(30), 0)
        self.assertIn("--restart", self.read("stderr"))

    def parent(self, pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])


if __name__ == "__main__":
    harness.main()
