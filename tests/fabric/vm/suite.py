"""The MPI suite between two virtual machines: every byte is checked by the programs, and the component's statistics say that
the messages went through the shared memory.

usage: suite.py POLLING|DOORBELL PROGRAM...

POLLING: two ranks in each machine, vader inside and ivshmem between them. DOORBELL: one rank in each, with the kernel module,
and every wait sleeps until an interrupt comes."""
import os
import subprocess
import sys
import tempfile

import machines

RUN = os.path.join(machines.SOURCES, "tests", "fabric", "mpi", "run.py")
PATIENCE = 400  # s for a program
# Between machines osc/rdma of Open MPI 4.1.4 waits for itself with dynamic windows: docs/mpi-suite.md.
TOLERATED = "dynamic-deadlock"


class Suite(machines.Case):
    """Runs the programs of `names` on `ranks` ranks, spread over the machines in turn, so that neighbours are apart."""

    names, ranks, btl, wait = [], 4, "self,vader,ivshmem", "adaptive"

    def run_program(self, name):
        self.lab.forget_statistics()
        launcher = (f"ssh -F {self.lab.env['WEISS_LAB_SSH_CONFIG']} vm1 mpirun --host vm1:2,vm2:2 --map-by node -n {{np}} "
                    "{mca} {program}")
        mca = machines.settings(btl=self.btl, osc="rdma", btl_ivshmem_wait=self.wait)
        return subprocess.run([sys.executable, RUN, "--programs", "/opt/lab", "--np", str(self.ranks), "--scale", "small",
                               "--limit", "120", "--timeout", str(PATIENCE), "--tolerate", TOLERATED, "--launcher", launcher, *mca, name],
                              capture_output=True, text=True, timeout=PATIENCE + 60, check=False)

    def check_program(self, name):
        result = self.run_program(name)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        statistics = self.lab.statistics()
        total = self.assert_went_through(statistics, self.ranks)
        self.check_ranks(statistics)
        print(result.stdout.splitlines()[0], f"  {total / 1e6:.1f} MB through the region", flush=True)

    def check_ranks(self, statistics):
        """What else holds for the statistics of a job."""

    def test_programs(self):
        for name in self.names:
            with self.subTest(program=name):
                self.check_program(name)

    @classmethod
    def ship(cls):
        return [os.path.join(machines.MPI_SUITE, name) for name in cls.names]


class Polling(Suite):
    @classmethod
    def make_lab(cls):
        return machines.Machines(2, "--vcpus", "2", "--memory", "800M", ship=cls.ship())


class Doorbell(Suite):
    ranks, btl, wait = 2, "self,ivshmem", "block"

    @classmethod
    def make_lab(cls):
        directory = tempfile.TemporaryDirectory(prefix="weiss-test-")
        cls.addClassCleanup(directory.cleanup)
        module = build_module(directory.name)
        return machines.Machines(2, "--memory", "800M", "--ivshmem", "doorbell", "--module", module, ship=cls.ship())

    def check_ranks(self, statistics):
        for rank in statistics.values():
            self.assertEqual((rank["path"], rank["wait"]), ("module", "block"))
            self.assertGreater(rank["sleeps"], 0)


def tool(name, *arguments):
    """Output of one of the project's tools. Without the packages that it needs the test is skipped."""
    result = subprocess.run([os.path.join(machines.SOURCES, "tools", name), *arguments], capture_output=True, text=True,
                            check=False)
    if result.returncode == 77:
        machines.skip(result.stderr.strip())
    if result.returncode != 0:
        sys.exit(f"{name} failed:\n{result.stderr}")
    return result.stdout.strip()


def build_module(directory):
    """Builds the guest's kernel module. @return its name"""
    tool("build-guest-module", tool("guest-kernel"), directory)
    return os.path.join(directory, "weiss_ivshmem.ko")


def load_tests(loader, _tests, _pattern):
    kind = {"POLLING": Polling, "DOORBELL": Doorbell}[KIND]
    kind.names = NAMES
    return loader.loadTestsFromTestCase(kind)


if __name__ == "__main__":
    KIND, NAMES = sys.argv[1], sys.argv[2:]
    del sys.argv[1:]
    machines.main()
