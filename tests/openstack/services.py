"""Services: processes with a log, and waiting for them with a limit."""
import os
import socket
import subprocess
import threading
import time

import settings

LIMIT = 240


class Failure(Exception):
    """Something of the cloud did not come."""


def tail(path, lines=15):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError:
        return "(no log)\n"


class Service:
    """A process that runs until the cloud goes down."""

    def __init__(self, name, words, user=None, port=None, env=None):
        self.name, self.words, self.user, self.port = name, words, user, port
        self.env = {**os.environ, **(env or {})}
        self.log = f"/var/log/cloud/{name}.log"
        self.process = None

    def start(self):
        words = self.words
        if self.user:
            words = ["setpriv", "--reuid", self.user, "--regid", self.user, "--init-groups", *words]
        os.makedirs("/var/log/cloud", exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=self.env,
                                            start_new_session=True)
        return self

    def answers(self):
        if self.port is None:
            return True
        try:
            socket.create_connection((settings.HERE, self.port), 1).close()
            return True
        except OSError:
            return False

    def wait(self, ready=None, limit=LIMIT):
        wait_for(self.name, ready or self.answers, limit, self)
        return self


def wait_for(what, ready, limit, service=None):
    """Waits until ready() is true. @exception Failure  names what did not come, with the end of its log"""
    end = time.monotonic() + limit
    while not ready():
        ended = service is not None and service.process.poll() is not None
        if ended or time.monotonic() > end:
            how = f"ended with status {service.process.returncode}" if ended else f"did not come within {limit} s"
            raise Failure(f"{what} {how}; its log ends so:\n{tail(service.log) if service else ''}")
        time.sleep(0.1)


def run(name, *commands, user=None):
    """Runs commands one after another; their output goes to a log of that name."""
    os.makedirs("/var/log/cloud", exist_ok=True)
    path = f"/var/log/cloud/{name}.log"
    for command in commands:
        before = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] if user else []
        with open(path, "ab") as log:
            done = subprocess.run([*before, *command.split()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
                                  cwd="/", timeout=2 * LIMIT)
        if done.returncode != 0:
            raise Failure(f"`{command}` failed with status {done.returncode}; its log ends so:\n{tail(path)}")


class Steps:
    """Steps that wait for others: each in a thread, as soon as those that it names are done."""

    def __init__(self, say):
        self.say, self.done, self.trouble, self.threads = say, {}, [], []

    def add(self, name, work, *after):
        self.done[name] = threading.Event()
        self.threads.append(threading.Thread(target=self.one, args=(name, work, after), daemon=True))

    def one(self, name, work, after):
        for other in after:
            self.done[other].wait()
        if not self.trouble:
            try:
                work()
                self.say(name)
            except Exception as trouble:  # pylint: disable=broad-except
                self.trouble.append((name, trouble))
        self.done[name].set()

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        if self.trouble:
            raise Failure("\n".join(f"{name}: {trouble}" for name, trouble in self.trouble))
