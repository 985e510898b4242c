"""What the tests of MPI jobs in virtual machines share: a lab with the component and the programs in it, jobs, statistics.

The environment names the command (WEISS), the component (WEISS_COMPONENT, its directory), and the programs of the MPI suite and
of the tests of the component (WEISS_MPI_SUITE, WEISS_PROGRAMS, directories)."""
import json
import os
import shlex
import sys
import unittest

SOURCES = os.environ["WEISS_SOURCE_ROOT"]
sys.path.insert(0, os.path.join(SOURCES, "tests", "cloud"))
import labs  # noqa: E402
from labs import WEISS, main, require_image, skip  # noqa: E402, F401

MPI_SUITE = os.environ["WEISS_MPI_SUITE"]
PROGRAMS = os.environ["WEISS_PROGRAMS"]
COMPONENT = os.path.join(os.environ["WEISS_COMPONENT"], "mca_btl_ivshmem.so")
# Where a machine has the component.
SEARCH = "/opt/lab:SYS_DEFAULT:USER_DEFAULT"
STATISTICS = "/run/statistics"


def settings(**mca):
    """MCA parameters as arguments of mpirun."""
    given = {"mca_base_component_path": SEARCH, "btl_ivshmem_statistics": STATISTICS, "hwloc_base_binding_policy": "none",
             "rmaps_base_oversubscribe": 1, "mpi_yield_when_idle": 1, "btl_vader_single_copy_mechanism": "none", **mca}
    return [word for key, value in given.items() for word in ("--mca", key, str(value))]


class Machines(labs.Lab):
    """A lab of some machines; the component and @p ship are in /opt/lab."""

    def __init__(self, vms, *options, ship=()):
        words = [word for path in (COMPONENT, *ship) for word in ("--ship", path)]
        super().__init__("--vms", str(vms), *options, *words)
        self.names = [f"vm{n}" for n in range(1, vms + 1)]

    def job(self, ranks, program, *arguments, on=None, timeout=120, mpirun=("mpirun",), **mca):
        """Runs a program on the machines @p on in turn (default: all), from the first one, to its end."""
        on = on or self.names
        words = [*mpirun, "--host", ",".join(f"{name}:{-(-ranks // len(on))}" for name in on), "--map-by", "node", "-n",
                 str(ranks), *settings(**mca), program, *map(str, arguments)]
        return self.ssh(on[0], shlex.join(words), timeout)

    def forget_statistics(self, on=None):
        for name in on or self.names:
            self.ssh(name, f"rm -rf {STATISTICS}; mkdir {STATISTICS}")

    def statistics(self, on=None):
        """What the ranks of the job that ended last have written, by rank."""
        lines = [line for name in on or self.names for line in self.ssh(name, f"cat {STATISTICS}/*.json").stdout.splitlines()]
        return {rank["rank"]: rank for rank in map(json.loads, lines)}


def sent(rank):
    """Bytes and operations that a rank sent through the region, of its statistics."""
    count = sum(peer["messages"] + peer["puts"] + peer["gets"] for peer in rank["peers"])
    return sum(peer["bytes"] + peer["put_bytes"] + peer["get_bytes"] for peer in rank["peers"]), count


class Case(unittest.TestCase):
    """Tests that share one lab, which make_lab() of the class starts."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.make_lab()
        try:
            cls.lab.wait_up()
        except BaseException:
            cls.lab.close()
            raise

    @classmethod
    def tearDownClass(cls):
        left = cls.lab.close()
        assert left == [], left

    def assert_done(self, result):
        self.assertEqual(result.returncode, 0, f"\nstdout:\n{result.stdout}\nstderr:\n{result.stderr}")
        return result.stdout

    def assert_went_through(self, statistics, ranks):
        """Each rank has sent and received through the region of its machine. @return bytes that all sent"""
        self.assertCountEqual(statistics, range(ranks))
        for rank in statistics.values():
            self.assertGreater(sent(rank)[1], 0, rank)
            self.assertIn("0000:", rank["region"])
            self.assertEqual(rank["rejected_rings"], 0, rank)
        return sum(sent(rank)[0] for rank in statistics.values())
