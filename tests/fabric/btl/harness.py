"""What the tests of the Open MPI component share: jobs over a region of their own, their ranks, and an end without leftovers.

The environment names the directory of the component (WEISS_COMPONENT) and of the programs (WEISS_PROGRAMS), and a library that
the programs need before all others when the component is built with a sanitizer (WEISS_PRELOAD)."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

PROGRAMS = os.environ["WEISS_PROGRAMS"]
COMPONENT = os.environ["WEISS_COMPONENT"]
PRELOAD = os.environ.get("WEISS_PRELOAD")
MARK = "WEISS_TEST_JOB"
# What a crash of mpirun itself has in its trace, when several ranks report the same help message at an early abort. It is a
# fault of Open MPI 4.1.4, and no process of the job is concerned.
LAUNCHER_CRASH = ("orte_rml_oob_send_buffer_nb", "pmix_server_log_fn")
CRASHES = ("Segmentation fault", "Bus error", "Signal: ", "signal 11", "signal 7 ", "signal 6 ", "AddressSanitizer")


def settings(**mca):
    """MCA parameters as environment."""
    return {f"OMPI_MCA_{key}": str(value) for key, value in mca.items()}


def environment_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            pairs = file.read().split(b"\0")
    except OSError:
        return {}
    return dict(pair.decode(errors="replace").split("=", 1) for pair in pairs if b"=" in pair)


class Job:
    """A started mpirun. Its output goes to a file that nobody has to read."""

    def __init__(self, command, env):
        self.mark = uuid.uuid4().hex
        self.output = tempfile.TemporaryFile()
        self.begin = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
                                        start_new_session=True, env={**env, MARK: self.mark})
        self.seconds = None

    def text(self):
        return os.pread(self.output.fileno(), 1 << 24, 0).decode(errors="replace")

    def processes(self):
        """Numbers of all its processes that run."""
        return [int(pid) for pid in os.listdir("/proc")
                if pid.isdigit() and environment_of(pid).get(MARK) == self.mark]

    def rank(self, number):
        """Number of the process that is a rank."""
        for pid in self.processes():
            if environment_of(pid).get("OMPI_COMM_WORLD_RANK") == str(number):
                with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                    if file.read().strip() not in ("sh", "unshare", "env"):
                        return pid
        raise AssertionError(f"rank {number} does not run\n{self.text()}")

    def launcher_lines(self):
        """Lines with which mpirun reports a crash of its own by LAUNCHER_CRASH; none otherwise."""
        own = [line for line in self.text().splitlines() if re.match(rf"\[[^]:]+:0*{self.process.pid}\]", line)]
        return own if any(frame in line for frame in LAUNCHER_CRASH for line in own) else []

    def await_text(self, words, timeout=60):
        end = time.monotonic() + timeout
        while words not in self.text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"no \"{words}\" from the job, which {self.process.poll()}:\n{self.text()}")
            time.sleep(0.02)

    def wait(self, timeout=60):
        """@return exit code; None when it has not ended"""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self.seconds = time.monotonic() - self.begin
        return code

    def end(self, patience):
        """Waits for all processes to go, and kills what is left. @return the numbers of those that were"""
        until = time.monotonic() + patience
        left = self.processes()
        while left and time.monotonic() < until:
            time.sleep(0.05)
            left = self.processes()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.output.close()
        return left


class Case(unittest.TestCase):
    """A test with a directory in shared memory for its regions."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="weiss-test-", dir="/dev/shm")
        os.chmod(self.directory, 0o755)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.region = os.path.join(self.directory, "region")

    def environment(self, **mca):
        system = subprocess.run(["ompi_info", "--path", "pkglibdir", "--parsable"], capture_output=True, text=True,
                                check=True).stdout.strip().split(":")[-1]
        given = {"mca_base_component_path": f"{COMPONENT}:{system}", "btl": "self,ivshmem", "rmaps_base_oversubscribe": 1,
                 "mpi_yield_when_idle": 1, "hwloc_base_binding_policy": "none", "btl_tcp_if_include": "lo",
                 "btl_vader_single_copy_mechanism": "none", "orte_base_help_aggregate": 0,
                 "btl_ivshmem_region": self.region, **mca}
        return {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", **settings(**given)}

    def start(self, ranks, program, *arguments, before=(), mpirun=(), env=None, **mca):
        """Starts a job of a program of this directory; with BTLs self and ivshmem unless `btl` says more."""
        preload = ["env", f"LD_PRELOAD={PRELOAD}"] if PRELOAD else []
        words = [*before, "mpirun", *mpirun, "-n", str(ranks), *preload, os.path.join(PROGRAMS, program), *map(str, arguments)]
        job = Job(words, {**self.environment(**mca), **(env or {})})
        self.addCleanup(lambda: self.assertEqual(job.end(10), [], "processes were left behind"))
        return job

    def finish(self, job, timeout=60):
        """@return exit code and output of a job, which must end in time and without a crash"""
        code = job.wait(timeout)
        text = job.text()
        self.assertIsNotNone(code, f"the job did not end within {timeout} s:\n{text}")
        launcher = job.launcher_lines()
        judged = "\n".join(line for line in text.splitlines() if line not in launcher)
        for word in CRASHES:
            self.assertNotIn(word, judged)
        self.assertNotIn("wrong data", text)
        return code, text

    def run_job(self, *arguments, timeout=60, **options):
        """Starts a job and waits for its end; again when mpirun crashed, which takes messages with it."""
        for _ in range(3):
            job = self.start(*arguments, **options)
            result = self.finish(job, timeout)
            if not job.launcher_lines():
                break
        return result

    def assert_works(self, *arguments, **options):
        """The job does its traffic and ends well. @return its output"""
        code, text = self.run_job(*arguments, **options)
        self.assertEqual(code, 0, text)
        self.assertIn("traffic ends", text)
        return text


def main():
    unittest.main(verbosity=2)
