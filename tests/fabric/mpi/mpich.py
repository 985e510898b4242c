#!/usr/bin/env python3
"""Runs the programs of MPICH's own test suite over the component, and what fails there over Open MPI's own transports too.

usage: mpich.py --suite mpich-4.0.2/test/mpi --component DIR [--results FILE] [FOLDER...]

The suite is configured and built against Open MPI first (docs/mpi-suite.md). A program that fails over the component alone is a
failure; one that fails over both is named. FOLDER is pt2pt, rma and so on. With --results a run that was ended goes on."""
import argparse
import os
import signal
import subprocess
import sys
import tempfile

FOLDERS = ["pt2pt", "coll", "rma", "comm", "datatype", "topo", "spawn", "init", "group", "errhan", "attr", "info",
           "threads/pt2pt", "threads/comm", "threads/coll", "threads/rma", "threads/spawn", "threads/init"]
OPEN_MPI = "/usr/lib/x86_64-linux-gnu/openmpi/lib/openmpi3"
MAX_RANKS = 10


def programs(folder):
    """Name, ranks and arguments of each program in a folder's list. Lines for settings of MPICH, and those that MPICH fails
    itself, are left out."""
    with open(os.path.join(folder, "testlist"), encoding="utf-8") as lines:
        for line in lines:
            words = line.split("#")[0].split()
            if len(words) < 2 or not words[1].isdigit():
                continue
            if any(word.startswith(("env=", "xfail=", "strict=")) for word in words):
                continue
            yield words[0], min(int(words[1]), MAX_RANKS), [word[4:] for word in words if word.startswith("arg=")]


class Runner:
    def __init__(self, options, region):
        self.options = options
        common = ["--oversubscribe", "--mca", "pml", "ob1", "--mca", "osc", "^ucx,sm"]
        self.reference = common + ["--mca", "btl", "self,vader,tcp", "--mca", "btl_tcp_if_include", "lo"]
        self.component = common + ["--mca", "mca_base_component_path", f"{options.component}:{OPEN_MPI}",
                                   "--mca", "btl", "self,ivshmem", "--mca", "btl_ivshmem_region", region]
        self.env = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

    def run(self, transport, folder, name, ranks, arguments):
        """None when the program says that there were no errors; else what it did."""
        process = subprocess.Popen(["mpirun.openmpi", *transport, "-n", str(ranks), f"./{name}", *arguments], cwd=folder,
                                   env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, errors="replace", start_new_session=True)
        try:
            text, _ = process.communicate(timeout=self.options.timeout)
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
            return f"no end within {self.options.timeout} s"
        return None if process.returncode == 0 and "No Errors" in text else f"exit code {process.returncode}"

    def verdict(self, folder, name, ranks, arguments):
        if not os.access(os.path.join(folder, name), os.X_OK):
            return "not built"
        ours = self.run(self.component, folder, name, ranks, arguments)
        if ours is None:
            return "passed"
        theirs = self.run(self.reference, folder, name, ranks, arguments)
        return f"FAILED {ours}" if theirs is None else f"fails over both: {ours}; {theirs}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--component", required=True, help="directory of mca_btl_ivshmem.so")
    parser.add_argument("--results", help="file that a line is added to for each program")
    parser.add_argument("--timeout", type=float, default=180)
    parser.add_argument("folder", nargs="*")
    options = parser.parse_args()
    done = {}
    if options.results and os.path.exists(options.results):
        with open(options.results, encoding="utf-8") as lines:
            done = dict(line.rstrip("\n").split(": ", 1) for line in lines)
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="weiss-mpich-") as place:
        runner = Runner(options, os.path.join(place, "region"))
        for part in options.folder or FOLDERS:
            for name, ranks, arguments in programs(os.path.join(options.suite, part)):
                key = f"{part}/{name} {ranks} {' '.join(arguments)}".rstrip()
                if key in done:
                    continue
                done[key] = runner.verdict(os.path.join(options.suite, part), name, ranks, arguments)
                if done[key] != "passed":
                    print(f"{key}: {done[key]}", flush=True)
                if options.results:
                    with open(options.results, "a", encoding="utf-8") as lines:
                        lines.write(f"{key}: {done[key]}\n")
    count = {word: sum(verdict.startswith(word) for verdict in done.values()) for word in ("passed", "FAILED", "fails", "not")}
    print(f"{count['passed']} passed, {count['FAILED']} failed, {count['fails']} fail over both, {count['not']} not built")
    sys.exit(1 if count["FAILED"] or not count["passed"] else 0)


main()
