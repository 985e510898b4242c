"""The cluster of the tests, made by `weiss cluster up` as the guide says, and a job on it: the Permalloy bar through shared
memory, against the same run on this machine."""
import csv
import os
import re
import shutil
import subprocess

import accounts
import host_agent
from services import Failure

NAME = "story"
FLAVOR = "weiss.story"
IMAGE = "story"
REGION = 64 << 20
CLUSTER = f"""\
name: {NAME}
openstack: {{image: {IMAGE}, flavor: {FLAVOR}, network: net, vms: 2, shared: required}}
"""
BAR = """\
mesh: {grid: {size: [30 nm, 30 nm, 100 nm], cells: [2, 2, 6]}}
materials:
  permalloy: {Ms: 860 kA/m, A: 13 pJ/m, alpha: 0.5}
initial: {uniform: [1, 0, 1]}
output: {fields: off}
stages:
  - dynamics: {duration: 1 ps, table_every: 0.5 ps}
"""


class Cluster:
    """Files and the cluster's state are in @p directory."""

    def __init__(self, directory, project="lab"):
        self.directory, self.project, self.local, self.name = directory, project, None, NAME
        self.environment = {**os.environ, **accounts.environment(accounts.PROJECTS[project], project),
                            "XDG_STATE_HOME": directory}
        os.makedirs(directory, exist_ok=True)
        for name, text in ((NAME + ".yaml", CLUSTER), ("bar.yaml", BAR)):
            with open(f"{directory}/{name}", "w", encoding="ascii") as file:
                file.write(text)

    def weiss(self, *words, admin=False, code=0, limit=1500):
        """@return what a command of weiss prints, run by the tenant or an administrator"""
        more = accounts.environment("admin", "admin") if admin else {}
        done = subprocess.run([host_agent.WEISS, *words], cwd=self.directory, capture_output=True, text=True, check=False,
                              timeout=limit, stdin=subprocess.DEVNULL,
                              env={**self.environment, **more})
        if code is not None and done.returncode != code:
            raise Failure(f"weiss {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def up(self, image):
        """Flavor, image and machines, as in the guide. What is there stays."""
        self.weiss("openstack", "flavors", "--name", FLAVOR, "--vcpus", "1", "--memory", "1GiB", "--disk", "8GiB", "--region",
                   "64MiB", admin=True)
        self.weiss("openstack", "image", image, "--name", IMAGE)
        return self.weiss("cluster", "up", NAME + ".yaml")

    def run(self):
        """The bar over both machines. @return (rows of its table, number of messages through shared memory)"""
        shutil.rmtree(self.directory + "/far", ignore_errors=True)
        said = self.weiss("run", "--cluster", NAME, "-n", "2", "--out", "far", "bar.yaml")
        carried = re.search(r"shared memory carried (\d+) messages", said)
        if carried is None:
            raise Failure(f"no message went through shared memory:\n{said}")
        return self.rows("far"), int(carried.group(1))

    def here(self):
        """The same on this machine, once. @return rows of its table"""
        if self.local is None:
            self.weiss("run", "--quiet", "-n", "2", "--out", "near", "bar.yaml")
            self.local = self.rows("near")
        return self.local

    def rows(self, out):
        with open(f"{self.directory}/{out}/table.csv", encoding="utf-8", newline="") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
