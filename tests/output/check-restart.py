"""Checkpoints written on N ranks are read on M ranks, and one that is killed while it is written leaves the last whole
one: check-restart.py TOOL MPIRUN."""
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

RANKS = ("1", "2", "4")


def other_numbers_of_ranks(tool, mpirun, folder):
    files = [str(folder / f"{n}.h5") for n in RANKS]
    for n, file in zip(RANKS, files):
        subprocess.run([mpirun, "-n", n, tool, "write", file], check=True)
    for m in RANKS:
        subprocess.run([mpirun, "-n", m, tool, "read", *files], check=True)
    assert sorted(str(p) for p in folder.iterdir()) == sorted(files)
    for file in files:
        pathlib.Path(file).unlink()


def killed_while_writing(tool, folder):
    file = folder / "killed.h5"
    for round_ in range(6):
        process = subprocess.Popen([tool, "loop", str(file)])
        while not file.exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.02 + 0.013 * round_)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        subprocess.run([tool, "read", str(file)], check=True)
        file.unlink()


def main():
    tool, mpirun = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        other_numbers_of_ranks(tool, mpirun, pathlib.Path(directory))
        killed_while_writing(tool, pathlib.Path(directory))


main()
