"""The command inside allocations of Slurm: a cluster of one node, started by hand for the test."""
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time

import harness

CONFIGURATION = """\
ClusterName=weiss
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd.pid
SlurmctldPort={port}
SlurmdPort={node_port}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
KillWait=30
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
"""
DAEMONS = ("slurmctld", "slurmd")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


class Slurm(harness.Case):
    def setUp(self):
        super().setUp()
        self.daemons = []
        self.configuration = self.path("slurm.conf")
        port, node_port = free_ports(2)
        for name in ("state", "spool"):
            os.mkdir(self.path(name))
        self.write("slurm.conf", CONFIGURATION.format(host=socket.gethostname().split(".")[0], user=getpass.getuser(), port=port,
                                                      node_port=node_port, directory=self.directory))
        self.env = {"SLURM_CONF": self.configuration, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                    "PATH": os.path.dirname(harness.WEISS) + ":" + os.environ["PATH"]}
        for name in DAEMONS:
            with open(self.path(name + ".log"), "w", encoding="utf-8") as log:
                self.daemons.append(subprocess.Popen([shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin"), "-D", "-f",
                                                      self.configuration], stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        self.addCleanup(self.stop)
        self.await_node()
        self.write("p.yaml", harness.PRECESSION)

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def run_words(self, *words, stdin=None, timeout=120):
        return subprocess.run(words, cwd=self.directory, env={**os.environ, **self.env}, input=stdin, capture_output=True,
                              text=True, timeout=timeout, check=False)

    def await_node(self):
        for _ in range(200):
            if "idle" in self.run_words("sinfo", "-h", "-o", "%T").stdout:
                return
            time.sleep(0.1)
        self.fail("no node: " + self.read("slurmctld.log") + self.read("slurmd.log"))

    def ranks(self, directory="p.out"):
        with open(self.path(directory, "run.json"), encoding="utf-8") as file:
            run = json.load(file)
        return run["status"], run["ranks"]

    def test_srun_starts_the_ranks(self):
        for options in ([], ["--mpi=pmix"]):
            with self.subTest(options=options):
                shutil.rmtree(self.path("p.out"), ignore_errors=True)
                result = self.run_words("srun", "-n", "2", *options, harness.WEISS, "run", "p.yaml")
                self.assert_done(result)
                self.assertEqual(result.stdout.count("results    p.out/"), 1)
                self.assertEqual(self.ranks(), ("complete", 2))

    def test_an_allocation_is_used(self):
        self.assert_done(self.run_words("salloc", "--quiet", "-n", "2", harness.WEISS, "run", "p.yaml"))
        self.assertEqual(self.ranks(), ("complete", 2))

    def test_fewer_ranks_than_the_allocation_has(self):
        self.assert_done(self.run_words("salloc", "--quiet", "-n", "2", harness.WEISS, "run", "-n", "1", "p.yaml"))
        self.assertEqual(self.ranks(), ("complete", 1))

    def script(self, *arguments):
        result = self.weiss("run", "--sbatch", *arguments)
        self.assert_done(result)
        return result.stdout

    def submit(self, script, *options):
        result = self.run_words("sbatch", "--parsable", *options, stdin=script)
        self.assert_done(result)
        return result.stdout.strip()

    def await_job(self, job):
        for _ in range(600):
            if self.run_words("squeue", "-h", "-j", job).stdout.strip() == "":
                return
            time.sleep(0.1)
        self.fail(f"job {job} does not end")

    def test_script(self):
        self.write("a film's p.yaml", harness.PRECESSION)
        self.await_job(self.submit(self.script("-n", "2", "a film's p.yaml")))
        self.assertEqual(self.ranks("a film's p.out"), ("complete", 2))

    def test_a_job_whose_time_is_over_saves_and_goes_on(self):
        self.write("p.yaml", harness.PRECESSION.replace("duration: 200 ps", "duration: 20 us"))
        script = self.script("-n", "2", "--out", "results", "p.yaml")
        job = self.submit(script)
        for _ in range(300):
            if os.path.exists(self.path("results", "checkpoint.h5")):
                break
            time.sleep(0.1)
        self.run_words("scancel", "--signal=USR1", "--batch", job)
        self.await_job(job)
        self.assertEqual(self.ranks("results")[0], "stopped")
        self.assertEqual(self.run_words("squeue", "-h").stdout, "")
        again = self.submit(script)
        for _ in range(300):
            if os.path.exists(self.path(f"p-{again}.log")) and "t = " in self.read(f"p-{again}.log"):
                break
            time.sleep(0.1)
        self.run_words("scancel", "--signal=USR1", "--batch", again)
        self.await_job(again)
        self.assertEqual(self.ranks("results")[0], "stopped")
        with open(self.path("results", "run.json"), encoding="utf-8") as file:
            self.assertTrue(json.load(file)["continues"])
        self.assertFalse(os.path.exists(self.path("results.1")), "it began anew")


if __name__ == "__main__":
    missing = [name for name in (*DAEMONS, "srun") if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None]
    if missing:
        print(f"SKIPPED command/slurm: {', '.join(missing)} not found; install slurmd, slurmctld and slurm-client")
        sys.exit(77)
    harness.main()
