"""weiss bench fabric: what it writes, with Open MPI and with a stand-in whose numbers are known; weiss mpirun."""
import csv
import os
import signal
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree

import harness

HEADER = "test,transport,bytes,median_us,min_us,max_us,MB_per_s,cpu_percent"
SIZED = {"latency": 1, "bandwidth": 1, "bibandwidth": 2, "put": 1, "get": 1, "allreduce": 1}

COMPONENTS = ["pml:ob1", "btl:vader", "btl:tcp", "btl:ivshmem", "osc:sm", "osc:rdma", "osc:pt2pt"]

# Behaves as the measuring program would. It notes its arguments, one line a start.
STAND_IN = """\
import os, sys, time
with open("starts", "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
with open("starts") as file:
    start = len(file.readlines())
option = {name: sys.argv[sys.argv.index(name) + 1] for name in ("--tests", "--sizes", "--samples")}
def samples(test, bytes):
    for k in range(int(option["--samples"])):
        print("sample", test, bytes, 10.0 * start + k, 50 + k, flush=True)
"""


class Bench(harness.Case):
    def rows(self, name="out.csv"):
        text = self.read(name)
        self.assertEqual(text.splitlines()[0], HEADER)
        return list(csv.DictReader(text.splitlines()))

    def pretend(self, mpirun=None, components=COMPONENTS):
        """Puts an mpirun (what it does, in Python, after STAND_IN) and an ompi_info before the real ones."""
        os.mkdir(self.path("bin"))
        programs = {"ompi_info": "".join(f'print(\'mca:{name}:version:"api:1"\')\n' for name in ["x:y", *components])}
        if mpirun is not None:
            programs["mpirun.openmpi"] = STAND_IN + mpirun
        for name, text in programs.items():
            self.write(os.path.join("bin", name), f"#!{sys.executable}\n{text}")
            os.chmod(self.path("bin", name), stat.S_IRWXU)
        return {"PATH": self.path("bin") if mpirun is None else f"{self.path('bin')}:{os.environ['PATH']}"}

    def test_three_transports(self):
        result = self.weiss("bench", "fabric", "--quick", "--sizes", "4,4K", "--transports", "vader,tcp,raw", "--csv",
                            "out.csv", "--svg", "pictures")
        self.assert_done(result)
        rows = self.rows()
        wanted = [(test, size) for test in SIZED for size in ("4", "4096")]
        wanted += [("rate", "8"), ("barrier", "0"), ("wait", "4")]
        without_mpi = [pair for pair in wanted if pair[0] not in ("barrier", "allreduce")]
        for transport, pairs in (("vader", wanted), ("tcp", wanted), ("raw", without_mpi)):
            self.assertCountEqual([(row["test"], row["bytes"]) for row in rows if row["transport"] == transport], pairs)
        self.assertEqual({row["transport"] for row in rows}, {"vader", "tcp", "raw"})
        self.assertEqual([name for name in os.listdir("/dev/shm") if name.startswith("weiss-bench-")], [])
        for row in rows:
            low, middle, high = (float(row[key]) for key in ("min_us", "median_us", "max_us"))
            self.assertTrue(0 < low <= middle <= high < 1e6, row)
            moved = int(row["bytes"]) * SIZED.get(row["test"], 1)
            self.assertAlmostEqual(float(row["MB_per_s"]), moved / middle, delta=1e-4 * moved / middle, msg=row)
            self.assertTrue(0 <= float(row["cpu_percent"]) < 150, row)
        for test in SIZED:
            tree = xml.etree.ElementTree.parse(self.path("pictures", f"{test}.svg"))
            text = "".join(tree.getroot().itertext())
            for word in ("vader", "tcp", "Message size", "4 B"):
                self.assertIn(word, text)
        self.assertEqual(sorted(os.listdir(self.path("pictures"))), sorted(f"{test}.svg" for test in SIZED))
        for word in ("latency", "times that of vader", "waits for a message"):
            self.assertIn(word, result.stdout)

    def test_raw_notices_that_the_other_end_has_died(self):
        raw = os.path.join(os.environ["WEISS_BUILD_ROOT"], "src/fabric/bench/weiss-fabric-bench-raw")
        region = self.path("region")
        process = subprocess.Popen([raw, "--region", region, "--tests", "wait", "--wait-time", "60"], cwd=self.directory,
                                   stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        end = time.monotonic() + 30
        while len(self.processes()) < 2:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        time.sleep(0.5)
        process.kill()
        process.communicate()  # ends when the other end, which holds the pipe, has ended too
        self.assertLess(time.monotonic(), end)

    def test_more_ranks(self):
        """Collective tests have all ranks, the others two while the rest sleeps."""
        result = self.weiss("bench", "fabric", "--quick", "-n", "3", "--tests", "latency,put,allreduce", "--sizes", "64",
                            "--rounds", "1", "--transports", "vader", "--csv", "out.csv")
        self.assert_done(result)
        self.assertEqual([row["test"] for row in self.rows()], ["latency", "put", "allreduce"])

    def test_medians_over_rounds(self):
        env = self.pretend("samples('latency', 4)\nsamples('barrier', 0)\nprint('done')\n")
        result = self.weiss("bench", "fabric", "--tests", "barrier,latency", "--sizes", "4", "--transports", "tcp,ivshmem",
                            "--rounds", "3", "--csv", "out.csv", env=env)
        self.assert_done(result)
        self.assertEqual(self.read("out.csv").splitlines(), [
            HEADER,  # starts 1, 3, 5 are of tcp, 2, 4, 6 of ivshmem; three samples each
            "latency,tcp,4,31,10,52,0.129032,51", "latency,ivshmem,4,41,20,62,0.097561,51",
            "barrier,tcp,0,31,10,52,0,51", "barrier,ivshmem,0,41,20,62,0,51"])
        starts = self.read("starts").splitlines()
        self.assertEqual([f"btl self,{name} " in start for start, name in zip(starts, ["tcp", "ivshmem"] * 3)], [True] * 6)
        for start in starts[1::2]:
            self.assertIn("btl_ivshmem_wait spin", start)
            self.assertIn("btl_ivshmem_region /dev/shm/weiss-bench-", start)
        self.assertIn("1.32x", result.stdout)

    def test_what_cannot_run_is_named(self):
        env = self.pretend("samples('barrier', 0)\nprint('done')\n", components=["pml:ob1", "btl:vader", "osc:sm"])
        result = self.weiss("bench", "fabric", "--tests", "barrier", "--csv", "out.csv", env=env)
        self.assert_done(result)
        self.assertLessEqual({row["transport"] for row in self.rows()}, {"vader", "vader-cma"})
        self.assertIn("skipped: tcp: Open MPI has no component btl:tcp here", result.stdout)
        self.assertIn("skipped: ivshmem-adaptive: ", result.stdout)
        self.assert_one_message(self.weiss("bench", "fabric", "--transports", "tcp", env=env), "no transport", "btl:tcp")

    def test_a_failing_program_is_quoted(self):
        env = self.pretend("if 'btl self,tcp' in ' '.join(sys.argv):\n"
                           "    print('-' * 70 + '\\nno \\x1b[31mroute', file=sys.stderr)\n    sys.exit(7)\n"
                           "samples('barrier', 0)\nprint('done')\n")
        result = self.weiss("bench", "fabric", "--tests", "barrier", "--transports", "vader,tcp", "--rounds", "2", "--csv",
                            "out.csv", env=env)
        self.assert_done(result, 1)
        self.assertIn("weiss: tcp: the measuring program ended with code 7 in round 1", result.stderr)
        self.assertIn("| no \\x1b[31mroute", result.stderr)
        self.assertNotIn("-----", result.stderr)
        self.assertEqual(result.stderr.count("route"), 1, "a transport that failed is not started again")
        self.assertEqual([row["transport"] for row in self.rows()], ["vader"])

    def test_too_few_samples_are_a_failure(self):
        env = self.pretend("print('sample barrier 0 nan 1')\nprint('sample latency 8 1 1')\n")
        result = self.weiss("bench", "fabric", "--tests", "barrier", "--transports", "vader", env=env)
        self.assert_done(result, 1)
        self.assertIn("| sample barrier 0 nan 1", result.stderr)
        self.assertIn("| sample latency 8 1 1", result.stderr)

    def test_no_mpirun(self):
        env = self.pretend()
        self.assert_one_message(self.weiss("bench", "fabric", env=env), "no mpirun", "openmpi-bin")
        self.assert_one_message(self.weiss("mpirun", "-n", "2", "true", env=env), "no mpirun", "openmpi-bin")

    def test_a_signal_ends_all_and_removes_the_region(self):
        env = self.pretend("region = sys.argv[sys.argv.index('btl_ivshmem_region') + 1]\n"
                           "open(region, 'w').close()\nopen('region', 'w').write(region)\ntime.sleep(100)\n")
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                os.environ["PATH"], before = env["PATH"], os.environ["PATH"]
                process = self.start("bench", "fabric", "--tests", "barrier", "--transports", "ivshmem", "--csv", "out.csv")
                os.environ["PATH"] = before
                end = time.monotonic() + 30
                while not (os.path.exists(self.path("region")) and self.read("region")):
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.02)
                region = self.read("region")
                self.assertTrue(os.path.exists(region))
                process.send_signal(number)
                self.assertEqual(process.wait(30), 128 + number)
                self.assertFalse(os.path.exists(region))
                self.assertFalse(os.path.exists(self.path("out.csv")))
                self.assertIn("stopped", self.read("stderr"))
                self.assert_nothing_runs()
                os.unlink(self.path("region"))

    def test_files_that_cannot_be_written(self):
        env = self.pretend("samples('barrier', 0)\nprint('done')\n")
        result = self.weiss("bench", "fabric", "--tests", "barrier", "--transports", "vader", "--rounds", "1", "--csv",
                            "no/out.csv", env=env)
        self.assert_done(result, 1)
        self.assertIn("no/out.csv: cannot be written", result.stderr)

    def test_options(self):
        for words, expected in ((("--tests", "latencies"), "there is no test"), (("--sizes", "3"), "multiples of 4"),
                                (("--transports", "vadr"), "there is no transport"), (("--rounds", "0"), "--rounds"),
                                (("--ranks", "1"), "--ranks"), (("--rounds", "x"), "from 1 to 1000"),
                                (("--quik",), "did you mean --quick?")):
            result = self.weiss("bench", "fabric", *words)
            self.assert_done(result, 2)
            self.assertIn(expected, result.stderr)
        self.assert_done(self.weiss("bench"), 2)

    def test_mpirun_hands_everything_on(self):
        env = self.pretend("")
        self.write(os.path.join("bin", "mpirun.openmpi"), f"#!{sys.executable}\nimport os, sys\nprint(sys.argv[1:])\n"
                   "print(os.environ.get('OMPI_MCA_btl_ivshmem_region'))\nsys.exit(5)\n")
        result = self.weiss("mpirun", "-n", "2", "prog", "--help", env=env)
        self.assert_done(result, 5)
        self.assertEqual(result.stdout, "['-n', '2', 'prog', '--help']\nNone\n")
        for words in (("--region", "/dev/shm/a"), ("--region=/dev/shm/a",)):
            result = self.weiss("mpirun", *words, "-n", "2", "prog", "--region", "x", env=env)
            self.assertEqual(result.stdout, "['-n', '2', 'prog', '--region', 'x']\n/dev/shm/a\n")
        self.assertIn("Usage: weiss mpirun", self.weiss("mpirun", "--help", env=env).stdout)
        self.assert_done(self.weiss("mpirun", "--region", env=env), 2)


if __name__ == "__main__":
    harness.main()
