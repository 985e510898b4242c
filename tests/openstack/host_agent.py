"""The agent of the compute host, weiss-agentd, as a process of the test."""
import json
import os
import signal
import subprocess
import time

import accounts
import settings
from services import Failure, tail

DAEMON = os.environ.get("WEISS_AGENTD")
WEISS = os.environ.get("WEISS")
CONFIG = "/etc/weiss/agent.conf"
SECRET = "/etc/weiss/agent.secret"
LOG = "/var/log/cloud/weiss-agentd.log"
SOCKET = "/run/weiss-agent/control"


def configure(flavors="", poll=2):
    """Settings of the agent, with an application credential of its own."""
    os.makedirs("/etc/weiss", exist_ok=True)
    identity, secret = accounts.credential()
    with open(os.open(SECRET, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secret + "\n")
    with open(CONFIG, "w", encoding="ascii") as file:
        file.write(f"[share]\nflavors = {flavors}\n[openstack]\nauth_url = {settings.KEYSTONE}\ncredential_id = {identity}\n"
                   f"credential_secret_file = {SECRET}\npoll = {poll}\ntimeout = 10\n")


class Agent:
    """weiss-agentd, running. What it attached stays when it ends."""

    def __init__(self):
        if not os.path.exists(CONFIG):
            configure()
        self.process = None
        self.start()

    def start(self):
        with open(LOG, "ab") as log:
            self.process = subprocess.Popen([DAEMON, "--config", CONFIG], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait("the agent answers", lambda: self.status(False) is not None, 30)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(30)

    def close(self):
        if self.process.poll() is None:
            self.stop()

    def weiss(self, *words, code=0):
        """@return what `weiss agent WORDS` prints"""
        done = subprocess.run([WEISS, "agent", *words], capture_output=True, text=True, check=False, timeout=60)
        if code is not None and done.returncode != code:
            raise Failure(f"weiss agent {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}{tail(LOG)}")
        return done.stdout

    def status(self, must=True):
        said = self.weiss("status", "--json", code=0 if must else None)
        return json.loads(said) if said.startswith("{") else None

    def of(self, instance):
        """What the agent knows of an instance, or {}."""
        return next((one for one in self.status()["instances"] if one["uuid"] == instance.id), {})

    def wait(self, what, ready, limit=60):
        end = time.monotonic() + limit
        while not ready():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failure(f"{what}: not within {limit} s; the agent's log ends so:\n{tail(LOG, 40)}")
            time.sleep(0.1)

    def wait_state(self, instances, state, limit=60):
        for instance in instances:
            self.wait(f"{instance.name} is {state} (the agent knows: {self.of(instance)})",
                      lambda one=instance: self.of(one).get("state") == state, limit)
