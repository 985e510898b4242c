"""A virtual machine is killed in the middle of a job: mpirun says which machine is gone and ends within seconds, and the other
machines run the next job in the same region."""
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import machines

# Seconds after which mpirun, as `weiss mpirun` sets it, must have ended; 8 s pass until it judges the machine.
PATIENCE = 30
COMMAND = "/opt/lab/weiss/weiss"


class Kill(machines.Case):
    @classmethod
    def make_lab(cls):
        directory = tempfile.TemporaryDirectory(prefix="weiss-test-")
        cls.addClassCleanup(directory.cleanup)
        tree = os.path.join(directory.name, "weiss")
        os.makedirs(os.path.join(tree, "src/fabric/btl"))
        shutil.copy(machines.WEISS, tree)
        shutil.copy(machines.COMPONENT, os.path.join(tree, "src/fabric/btl"))
        return machines.Machines(3, "--stay", "--memory", "700M", ship=[tree, os.path.join(machines.PROGRAMS, "traffic")])

    def start(self, on, seconds):
        """Starts a job with `weiss mpirun` on the first machine of @p on, a rank on each."""
        words = [COMMAND, "mpirun", "--host", ",".join(on), "-n", str(len(on)), "--mca", "btl", "self,ivshmem", "--mca",
                 "mpi_yield_when_idle", "1", "/opt/lab/traffic", str(seconds)]
        output = tempfile.TemporaryFile("w+")
        self.addCleanup(output.close)
        job = subprocess.Popen(["ssh", "-F", self.lab.env["WEISS_LAB_SSH_CONFIG"], on[0], shlex.join(words)],
                               stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self.addCleanup(job.kill)
        return job, lambda: os.pread(output.fileno(), 1 << 20, 0).decode(errors="replace")

    def await_traffic(self, job, text):
        end = time.monotonic() + 120
        while "traffic begins" not in text():
            self.assertTrue(job.poll() is None and time.monotonic() < end, text())
            time.sleep(0.1)

    def kill(self, name):
        os.kill(next(pid for machine, pid, _, _ in self.lab.machines() if machine == name), signal.SIGKILL)

    def test_killed_machine(self):
        job, text = self.start(["vm1", "vm2", "vm3"], 300)
        self.await_traffic(job, text)
        self.kill("vm3")
        begin = time.monotonic()
        code = job.wait(600)
        seconds = time.monotonic() - begin
        print(text(), f"{seconds:.1f} s after the end of the machine", sep="", flush=True)
        self.assertNotEqual(code, 0)
        self.assertIn("vm3", text())
        self.assertLess(seconds, PATIENCE)
        job, text = self.start(["vm1", "vm2"], 1)
        self.assertEqual(job.wait(120), 0, text())
        self.assertIn("traffic ends", text())
        self.assertNotIn("weiss", text())


if __name__ == "__main__":
    machines.main()
