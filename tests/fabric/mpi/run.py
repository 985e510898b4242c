"""Runs the MPI programs of this directory over any transport, and says which failed.

run.py [OPTIONS] [NAME ...]          all programs when none is named

The launcher is a template; {np}, {mca} and {program} stand for the number of ranks, the --mca options, and the program with
its arguments. To run in a virtual machine, where the programs are in /opt/mpi-suite:
    run.py --programs /opt/mpi-suite --launcher "ssh vm1 mpirun --allow-run-as-root --host vm1:2,vm2:2 -n {np} {mca} {program}"

Exits 0 when nothing failed, 1 when something did, 77 when all was skipped, 2 when it was called wrongly."""
import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time

PROGRAMS = ["pingpong", "flood", "ordering", "completion", "types", "large", "collectives", "neighbors", "onesided",
            "threads", "communicators", "intercomm", "spawn", "finalize"]
SCALES = {"small": 0.05, "normal": 1.0, "large": 5.0}
# More ranks than cores are the rule here: ranks that wait give way, and none is bound to a core.
MCA = {"rmaps_base_oversubscribe": "1", "mpi_yield_when_idle": "1", "hwloc_base_binding_policy": "none"}
SKIPPED = 77
# Lines of a failed program's output that are shown.
SHOWN = 60


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PROGRAMS))
    parser.add_argument("--np", default="2,4,8", help="numbers of ranks (%(default)s)")
    parser.add_argument("--mca", nargs=2, action="append", default=[], metavar=("KEY", "VALUE"),
                        help="setting of Open MPI; an empty VALUE takes one away that is given by default")
    parser.add_argument("--env", action="append", default=[], metavar="KEY=VALUE", help="of the launcher")
    parser.add_argument("--launcher", default="mpirun -n {np} {mca} {program}", metavar="TEMPLATE", help="(%(default)s)")
    parser.add_argument("--programs", default=os.path.dirname(os.path.abspath(__file__)), metavar="DIR",
                        help="where the programs are, on the machine where they run")
    parser.add_argument("--scale", default="normal", help="small, normal, large, or a factor (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=60, help="seconds until a step of a program counts as hung (%(default)s)")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for a program (%(default)s)")
    parser.add_argument("--tolerate", default="", metavar="FAULT,...", help="faults of this MPI: docs/mpi-suite.md")
    parser.add_argument("--huge", action="store_true", help="messages of more than 2 GiB; needs 6 GB of memory")
    parser.add_argument("--region", action="store_true",
                        help="give the fabric (btl_ivshmem_region) a fresh file in /dev/shm, removed at the end")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in PROGRAMS]
    if unknown:
        parser.error(f"there is no program {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    try:
        options.np = [int(n) for n in options.np.split(",")]
        options.factor = SCALES.get(options.scale) or float(options.scale)
        options.env = dict(pair.split("=", 1) for pair in options.env)
    except ValueError as error:
        parser.error(str(error))
    return options


def command(options, np, name):
    """The words of the launcher's template, filled in."""
    mca = {**MCA, **dict(options.mca)}
    program = [os.path.join(options.programs, name), "--scale", f"{options.factor:g}", "--seed", str(options.seed),
               "--limit", str(options.limit)]
    if options.tolerate:
        program += ["--tolerate", options.tolerate]
    if options.huge:
        program.append("--huge")
    words = []
    for word in shlex.split(options.launcher):
        if word == "{mca}":
            for key, value in mca.items():
                words += ["--mca", key, value] if value else []
        elif word == "{program}":
            words += program
        else:
            words.append(word.replace("{np}", str(np)))
    return words


def session_of(pid):
    """Session of a process; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return int(file.read().rsplit(")", 1)[1].split()[3])
    except (OSError, IndexError):
        return None


def end_session(process):
    """Ends a job: the launcher is asked, then everything that it started (its session) is killed."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        pass
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if session_of(pid) == process.pid:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
    process.wait()


def run(options, np, name):
    """@return exit code (None after a time-out), output, seconds"""
    environment = dict(os.environ)
    if os.geteuid() == 0:
        environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    environment.update(options.env)
    start = time.monotonic()
    # A file, so that a process that keeps the pipe open cannot hold up the runner.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(command(options, np, name), stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True, env=environment)
        except OSError as error:
            return 127, str(error), 0.0
        try:
            code = process.wait(timeout=options.timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            end_session(process)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return code, text, time.monotonic() - start


def judge(options, code, text):
    """@return ok, FAILED or skipped, and why"""
    lines = text.splitlines()
    if code is None:
        return "FAILED", f"did not end within {options.timeout} s"
    if code == SKIPPED:
        return "skipped", next((line[9:] for line in lines if line.startswith("skipped: ")), "")
    checked = next((line[9:] for line in lines if line.startswith("checked: ")), None)
    if code != 0:
        return "FAILED", f"exit code {code}"
    if checked is None:
        return "FAILED", "ended without saying what it checked"
    return "ok", checked


def main():
    options = parse()
    if options.region:
        with tempfile.TemporaryDirectory(prefix="weiss-mpi-suite-", dir="/dev/shm") as directory:
            options.mca.append(["btl_ivshmem_region", os.path.join(directory, "region")])
            run_all(options)
    else:
        run_all(options)


def run_all(options):
    results = {"ok": [], "FAILED": [], "skipped": []}
    start = time.monotonic()
    for np in options.np:
        for name in options.names or PROGRAMS:
            code, text, seconds = run(options, np, name)
            result, why = judge(options, code, text)
            results[result].append(f"{name} on {np} ranks")
            print(f"np {np:<3d} {name:<14s} {result:<8s} {seconds:6.1f} s  {why}", flush=True)
            for line in text.splitlines():
                if line.startswith("note: "):
                    print(f"        {line}")
            if result == "FAILED":
                print("    " + shlex.join(command(options, np, name)))
                for line in text.splitlines()[-SHOWN:]:
                    print(f"    | {line}")
    print(f"{time.monotonic() - start:.0f} s; {len(results['ok'])} passed, {len(results['FAILED'])} failed, "
          f"{len(results['skipped'])} skipped")
    for name in results["FAILED"]:
        print(f"failed: {name}")
    if results["FAILED"]:
        sys.exit(1)
    sys.exit(0 if results["ok"] else SKIPPED)


if __name__ == "__main__":
    main()
