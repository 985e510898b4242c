"""Several nodes on one machine. Open MPI is told of hosts n1, n2, ...; a stand-in for ssh starts their daemons here, each in a
UTS namespace with the name of its host. Hosts n1 and n2 share a region, n3 has one of its own: ranks of one host talk through
vader, those of n1 and n2 through ivshmem, n3 by tcp. Statistics prove which bytes went through the region."""
import glob
import json
import os
import signal
import subprocess
import sys
import time
import unittest

import harness

AGENT = """#!/bin/sh
host=$1
shift
exec env WEISS_HOST="$host" unshare --uts sh -c 'hostname "$0" && exec sh -c "$1"' "$host" "$*"
"""
# What a rank runs: it says which region its host has.
RANK = """#!/bin/sh
[ "$WEISS_HOST" != n3 ] || export OMPI_MCA_btl_ivshmem_region="$OMPI_MCA_btl_ivshmem_region-3"
exec "$0.d/$@"
"""
ALL_LEVELS = "self,vader,ivshmem,tcp"
FAULTS = "local-swap,dynamic-deadlock,truncation-overrun"
SUITE = ["pingpong", "flood", "ordering", "completion", "types", "collectives", "onesided", "threads", "communicators", "intercomm",
         "spawn"]


def separate_names():
    """True when this process may have host names of its own."""
    return subprocess.run(["unshare", "--uts", "hostname", "n1"], capture_output=True, check=False).returncode == 0


@unittest.skipUnless(separate_names(), "needs the right to make UTS namespaces")
class Nodes(harness.Case):
    def setUp(self):
        super().setUp()
        self.agent = os.path.join(self.directory, "agent")
        with open(self.agent, "w", encoding="utf-8") as file:
            file.write(AGENT)
        os.chmod(self.agent, 0o755)
        self.rank = os.path.join(self.directory, "rank")
        with open(self.rank, "w", encoding="utf-8") as file:
            file.write(RANK)
        os.chmod(self.rank, 0o755)
        os.symlink(harness.PROGRAMS, self.rank + ".d")
        self.statistics = os.path.join(self.directory, "statistics")
        os.mkdir(self.statistics)

    def launch(self, hosts, ranks, program, *arguments, **mca):
        options = {"plm_rsh_agent": self.agent, "plm_rsh_no_tree_spawn": 1, "btl": ALL_LEVELS,
                   "btl_ivshmem_statistics": self.statistics, **mca}
        return self.start(ranks, self.rank, program, *arguments, mpirun=["--host", hosts], **options)

    def works(self, *arguments, **options):
        code, text = self.finish(self.launch(*arguments, **options), 100)
        self.assertEqual(code, 0, text)
        return text

    def bytes_between(self):
        """Bytes that went through the region, by pair of ranks."""
        found = {}
        for name in glob.glob(os.path.join(self.statistics, "*.json")):
            with open(name, encoding="utf-8") as file:
                told = json.load(file)
            for peer in told["peers"]:
                found[told["rank"], peer["rank"]] = peer["bytes"] + peer["put_bytes"] + peer["get_bytes"]
        return found

    def assert_region_between(self, groups, least):
        """Ranks of different groups, and only those, have used the region, each pair for so many bytes."""
        group = {rank: number for number, ranks in enumerate(groups) for rank in ranks}
        used = {pair: count for pair, count in self.bytes_between().items() if count > 0}
        expected = {(a, b) for a in group for b in group if group[a] != group[b]}
        self.assertEqual(set(used), expected)
        self.assertGreaterEqual(min(used.values()), least)

    def test_two_nodes(self):
        self.works("n1:2,n2:2", 4, "traffic", 0.5)
        self.assert_region_between([(0, 1), (2, 3)], 343108)

    def test_two_nodes_one_sided(self):
        """Open MPI's osc/rdma takes the component for all ranks, those of the same node too."""
        self.works("n1:2,n2:2", 4, "traffic", 0.5, "onesided")
        used = self.bytes_between()
        for pair in ((0, 2), (2, 0), (1, 3), (3, 1), (0, 3), (3, 0)):
            self.assertGreater(used[pair], 2 * 343108)

    def test_three_levels(self):
        self.works("n1:2,n2:2,n3:2", 6, "traffic", 0.5)
        self.assert_region_between([(0, 1), (2, 3)], 343108)
        self.assertTrue(os.path.exists(self.region + "-3"))

    def test_uneven_nodes(self):
        """Open MPI 4.1.4 takes one rank for another in one-sided operations here; an error says so."""
        code, text = self.finish(self.launch("n1:1,n2:2,n3:1", 4, "traffic", 0.5))
        self.assertEqual(code, 0, text)
        code, text = self.finish(self.launch("n1:1,n2:2,n4:1", 4, "traffic", 0.5, "onesided"))
        if code != 0:
            self.assertIn("Open MPI, before 4.1.6", text)

    def test_rank_of_another_node_killed(self):
        job = self.launch("n1:2,n2:2", 4, "traffic", 60)
        job.await_text("traffic begins")
        os.kill(job.rank(3), signal.SIGKILL)
        code, text = self.finish(job, 20)
        self.assertNotEqual(code, 0)
        self.assertIn("rank 3", text)
        self.works("n1:2,n2:2", 4, "traffic", 0.2)

    def test_node_paused(self):
        """All processes of a node stop, its daemon too: only their silence tells. The other node's ranks end. mpirun waits for the
        daemon, and the job is over when the node goes on."""
        job = self.launch("n1:2,n2:2", 4, "traffic", 60, btl_ivshmem_peer_timeout=3)
        job.await_text("traffic begins")
        survivor = job.rank(0)
        paused = [pid for pid in job.processes() if harness.environment_of(pid).get("WEISS_HOST") == "n2"]
        for pid in paused:
            os.kill(pid, signal.SIGSTOP)
        job.await_text("on n2 has given no sign of life for 3 s", 20)
        end = time.monotonic() + 10
        while survivor in job.processes() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertNotIn(survivor, job.processes())
        for pid in paused:
            os.kill(pid, signal.SIGCONT)
        code, text = self.finish(job, 40)
        self.assertNotEqual(code, 0, text)

    def test_threads_with_windows(self):
        for memory in ("create", "allocate"):
            with self.subTest(memory=memory):
                self.works("n1:2,n2:2", 4, "threaded-windows", memory)

    def test_suite(self):
        run = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mpi", "run.py")
        environment = self.environment(btl=ALL_LEVELS, plm_rsh_agent=self.agent, plm_rsh_no_tree_spawn=1)
        result = subprocess.run([sys.executable, run, "--np", "4", "--scale", "small", "--programs", os.environ["WEISS_MPI_SUITE"],
                                 "--tolerate", FAULTS, "--launcher", "mpirun --host n1:2,n2:2 -n {np} {mca} {program}", *SUITE],
                                env=environment, capture_output=True, text=True, check=False, timeout=400)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    harness.main()
