"""An example program of PETSc, as Debian's package has it, on two virtual machines: the same output as on one, and the
component's statistics say that its bytes went through the shared memory."""
import glob
import os
import subprocess
import tempfile

import machines

# Driven cavity with multigrid. These are the arguments of its own first test, which PETSc's authors run on two ranks.
EXAMPLE = "/usr/share/petsc/*/share/petsc/examples/src/snes/tutorials/ex19.c"
ARGUMENTS = "-da_refine 3 -snes_monitor_short -pc_type mg -ksp_type fgmres -pc_mg_type full".split()
# Libraries of linear algebra choose their loops by the processor, and these change the last digits.
SAME_LOOPS = ["-x", "OPENBLAS_CORETYPE=Prescott", "-x", "OPENBLAS_NUM_THREADS=1"]


def build(directory):
    """Builds the example without a change. @return its name; the test is skipped without the package of its source"""
    sources = sorted(glob.glob(EXAMPLE))
    if not sources:
        machines.skip("no example of PETSc; install the package libpetsc3.18-dev-examples")
    program = os.path.join(directory, "ex19")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "PETSc"], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["mpicc", sources[-1], "-o", program, *flags, "-lm"], check=True)
    return program


class Example(machines.Case):
    @classmethod
    def make_lab(cls):
        directory = tempfile.TemporaryDirectory(prefix="weiss-test-")
        cls.addClassCleanup(directory.cleanup)
        cls.program = build(directory.name)
        return machines.Machines(2, "--memory", "1G", ship=[cls.program])

    def on_this_machine(self):
        """Output of two ranks here, over shared memory."""
        words = ["mpirun", *SAME_LOOPS, *machines.settings(btl="self,vader", btl_ivshmem_statistics="",
                                                           mca_base_component_path="SYS_DEFAULT:USER_DEFAULT")]
        return subprocess.run([*words, "-n", "2", self.program, *ARGUMENTS], capture_output=True, text=True, timeout=120,
                              check=True).stdout

    def test_same_output_as_on_one_machine(self):
        alone = self.on_this_machine()
        self.assertIn("Number of SNES iterations = 2", alone)
        self.lab.forget_statistics()
        result = self.lab.job(2, "/opt/lab/ex19", *ARGUMENTS, timeout=400, mpirun=("mpirun", *SAME_LOOPS), btl="self,ivshmem")
        self.assertEqual(self.assert_done(result), alone)
        total = self.assert_went_through(self.lab.statistics(), 2)
        self.assertGreater(total, 1e5)
        print(alone, f"{total / 1e6:.2f} MB went through the region", sep="", flush=True)


if __name__ == "__main__":
    machines.main()
