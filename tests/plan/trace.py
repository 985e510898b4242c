"""weiss trace: a program with known traffic, and what is counted."""
import csv
import os
import unittest

import harness

PROGRAM = os.environ["WEISS_TRAFFIC_KNOWN"]
RANKS = range(4)


class Expected:
    def __init__(self):
        self.flow = {}

    def add(self, source, target, size, messages=1):
        old = self.flow.get((source, target), (0, 0))
        self.flow[source, target] = (old[0] + messages, old[1] + size)


class Trace(harness.Case):
    def trace(self, part, *before):
        result = self.weiss("trace", "--out", "t.csv", "--", *before, harness.MPIRUN, "-n", "4", PROGRAM, part)
        self.assert_done(result)
        self.assertIn("weiss: the traffic is in t.csv\n", result.stderr)
        text = self.read("t.csv")
        self.assertTrue(text.startswith("# ranks 4\nfrom,to,messages,bytes\n"), text)
        rows = csv.reader(text.splitlines()[2:])
        self.assertEqual([name for name in os.listdir(self.directory) if "tmp" in name], [])
        return {(int(a), int(b)): (float(m), float(n)) for a, b, m, n in rows}

    def check(self, part, expected, *before):
        self.assertEqual(self.trace(part, *before), expected.flow)

    def test_point(self):
        expected = Expected()
        for rank in RANKS:
            expected.add(rank, (rank + 1) % 4, 7 * 80, 7)
        self.check("point", expected)

    def test_communicators(self):
        expected = Expected()
        expected.add(3, 2, 20)
        expected.add(1, 3, 12)
        self.check("communicators", expected)

    def test_persistent(self):
        expected = Expected()
        expected.add(0, 2, 300, 3)
        self.check("persistent", expected)

    def test_onesided(self):
        expected = Expected()
        expected.add(1, 3, 7 * 8, 3)
        self.check("onesided", expected)

    def test_collectives(self):
        expected = Expected()
        for source, target in ((1, 2), (1, 3), (2, 0)):  # broadcast from 1
            expected.add(source, target, 80)
        for source, target in ((1, 0), (2, 0), (3, 1)):  # reduction to 0
            expected.add(source, target, 80)
        for rank in RANKS:
            for step in (1, 2):  # two allreduce
                expected.add(rank, rank ^ step, 2 * 16, 2)
            if rank != 2:  # gather, scatter
                expected.add(rank, 2, 24)
                expected.add(2, rank, 24)
            expected.add(rank, (rank + 1) % 4, 3 * 40, 3)  # allgather
            for other in RANKS:
                if other != rank:  # alltoall, reduce_scatter
                    expected.add(rank, other, 56 + 48, 2)
            if rank < 3:  # scan
                expected.add(rank, rank + 1, 72)
            for step in (1, 2):  # barrier
                expected.add(rank, (rank + step) % 4, 0)
        self.check("collectives", expected)

    def test_neighbours(self):
        expected = Expected()
        for rank in RANKS:
            expected.add(rank, (rank + 1) % 4, 16)
            expected.add(rank, (rank + 3) % 4, 16)
            if rank > 0:
                expected.add(rank, 0, 8)
        self.check("neighbours", expected)

    def test_threads(self):
        expected = Expected()
        expected.add(0, 1, 4 * 500 * 8, 4 * 500)
        self.check("threads", expected)

    def test_times(self):
        """Each rank computes for a known time; what it waits is what others computed longer. On a machine that is busy all of it
        takes longer, never shorter."""
        result = self.weiss("trace", "--out", "t.csv", "--times", "times.csv", "--", harness.MPIRUN, "-n", "4", PROGRAM, "times")
        self.assert_done(result)
        self.assertEqual(self.read("t.csv").splitlines()[2], "0,1,3,24")  # of three sums by doubling; what came before does not count
        with open(self.path("times.csv"), newline="", encoding="utf-8") as file:
            rows = [{key: value if key == "host" else float(value) for key, value in row.items()} for row in csv.DictReader(file)]
        self.assertEqual([row["rank"] for row in rows], list(RANKS))
        for row in rows:
            self.assertEqual(row["collectives"], 3)
            self.assertAlmostEqual(row["compute_s"] + row["transfer_s"] + row["waiting_s"], row["elapsed_s"], 6)
            self.assertGreaterEqual(row["compute_s"], 0.4 * row["rank"] - 0.01)
            self.assertGreaterEqual(row["elapsed_s"], 0.9 if row["rank"] < 3 else 1.2)
        # Rank 0 waits for rank 3 in the sums, and for rank 1 with its message. In the sums rank 3 waits for nobody.
        self.assertGreater(rows[0]["waiting_s"], 0.8)
        self.assertGreater(rows[0]["waiting_s"], rows[3]["waiting_s"])

    def test_other_launcher(self):
        """A command that is not mpirun gets the tracer through its environment."""
        expected = Expected()
        expected.add(0, 2, 300, 3)
        self.check("persistent", expected, "env")

    def test_weiss_mpirun(self):
        """mpirun's option comes after the one of weiss mpirun."""
        result = self.weiss("trace", "--out", "t.csv", "--", harness.WEISS, "mpirun", "--region", "/dev/shm/none", "-n", "4",
                            "--mca", "btl", "self,vader", PROGRAM, "persistent")
        self.assert_done(result)
        self.assertEqual(self.read("t.csv"), "# ranks 4\nfrom,to,messages,bytes\n0,2,3,300\n")

    def test_program_dies(self):
        self.write("t.csv", "old")
        result = self.weiss("trace", "--out", "t.csv", "--", harness.MPIRUN, "--quiet", "-n", "4", PROGRAM, "die")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("weiss: no traffic was written: the program did not call MPI_Finalize from C, or its MPI is not Open MPI's "
                      "shared library\n", result.stderr)
        self.assertEqual(self.read("t.csv"), "old")

    def test_no_mpi(self):
        self.assert_one_message(self.weiss("trace", "--", "true"), "no traffic was written")
        self.assertEqual(os.listdir(self.directory), [])

    def test_no_directory(self):
        result = self.weiss("trace", "--out", "none/t.csv", "--", harness.MPIRUN, "-n", "4", PROGRAM, "persistent")
        self.assert_done(result, 1)
        self.assertIn(f"weiss: {self.directory}/none/t.csv: the traffic cannot be written: No such file or directory\n",
                      result.stderr)

    def test_usage(self):
        result = self.weiss("trace")
        self.assert_done(result, 2)
        self.assertIn("expected -- and a command, such as -- mpirun -n 4 ./program", result.stderr)
        result = self.weiss("trace", "--", "./none")
        self.assert_one_message(result, "./none cannot be started: it is not installed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
