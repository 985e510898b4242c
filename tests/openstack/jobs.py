"""Jobs over two instances: the Permalloy bar through their shared memory, against the same run on this machine."""
import json
import os
import subprocess
import tempfile

import accounts
from services import Failure

BAR = """\
mesh: {grid: {size: [30 nm, 30 nm, 100 nm], cells: [2, 2, 6]}}
materials:
  permalloy: {Ms: 860 kA/m, A: 13 pJ/m, alpha: 0.5}
initial: {uniform: [1, 0, 1]}
output: {fields: off}
stages:
  - dynamics: {duration: 1 ps, table_every: 0.5 ps}
"""
CONFIG = "Host 10.78.0.*\n StrictHostKeyChecking no\n LogLevel ERROR\n"


def prepare(pair):
    """The first instance reaches the second by ssh, as mpirun wants it."""
    with open(pair[0].tenant.key, encoding="ascii") as file:
        pair[0].ssh("umask 077; cat >.ssh/id_ed25519", stdin=file.read())
    pair[0].ssh("cat >.ssh/config; cat >bar.yaml <<END\n" + BAR + "END", stdin=CONFIG)


def through_memory(pair):
    """The bar by mpirun in the first instance, one rank in each. @return (rows of its table, what the component counted)"""
    said = pair[0].ssh(f"rm -rf bar.out ivshmem-*; mpirun --host {pair[0].address()},{pair[1].address()} -n 2 "
                       f"--mca btl self,vader,ivshmem --mca oob_tcp_if_include {accounts.CIDR} "
                       "--mca btl_ivshmem_statistics $HOME weiss run --quiet bar.yaml 2>&1; cat ivshmem-*.json; cat bar.out/table.csv")
    counts = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    if not counts:
        raise Failure(f"no message went through shared memory:\n{said}")
    return rows(said.split("}\n")[-1]), counts[0]


def here(weiss):
    """The same on this machine. @return rows of its table"""
    with tempfile.TemporaryDirectory(prefix="weiss-job-") as directory:
        with open(directory + "/bar.yaml", "w", encoding="ascii") as file:
            file.write(BAR)
        subprocess.run([weiss, "run", "--quiet", "-n", "2", "bar.yaml"], cwd=directory, check=True, capture_output=True,
                       timeout=300, env={**os.environ})
        with open(directory + "/bar.out/table.csv", encoding="ascii") as file:
            return rows(file.read())


def rows(text):
    """Numbers of a table, by names."""
    lines = [line for line in text.splitlines() if "," in line]
    names = lines[0].split(",")
    return [dict(zip(names, map(float, line.split(",")))) for line in lines[1:]]
