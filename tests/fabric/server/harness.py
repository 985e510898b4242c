"""What the tests of the region server share: a server in a directory of its own, and clients that speak its protocol.

The environment variable IVSHMEMD names the program."""
import fcntl
import json
import mmap
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

IVSHMEMD = os.environ["IVSHMEMD"]
# Sanitizers and busy machines make everything slower; a test that works does not wait for it.
PATIENCE = 20
ROOT = os.geteuid() == 0


def wait_until(condition, what, timeout=PATIENCE):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.01)


class Client:
    """A virtual machine's device, as far as the server can tell."""

    def __init__(self, path, buffer=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(path) # waits for its place in the queue
        self.socket.settimeout(PATIENCE)
        self.fds = []
        self.id = self.memory = None

    def message(self):
        """The next message: 8 bytes as they are, and the file descriptor or None. (b"", None): the end."""
        data, fds, _, _ = socket.recv_fds(self.socket, 8, 4)
        self.fds += fds
        assert len(fds) < 2, "one message brought several file descriptors"
        return data, fds[0] if fds else None

    def number(self):
        data, fd = self.message()
        return struct.unpack("<q", data)[0], fd

    def join(self):
        """Reads what comes before the peers. Returns itself."""
        self.expect(0)
        self.id, fd = self.number()
        assert fd is None
        number, self.memory = self.number()
        assert number == -1 and self.memory is not None
        return self

    def expect(self, number):
        found, fd = self.number()
        assert (found, fd) == (number, None), f"expected {number} alone, got {found} with {fd}"

    def vectors(self, number, count):
        """Reads a peer's joining: its eventfds."""
        fds = []
        for _ in range(count):
            found, fd = self.number()
            assert found == number and fd is not None, f"expected {number} with an eventfd, got {found} with {fd}"
            fds.append(fd)
        return fds

    def silent(self, seconds=0.1):
        """True when nothing comes for a while."""
        return not select.select([self.socket], [], [], seconds)[0]

    def ended(self):
        """Reads on to the end of the connection."""
        try:
            while self.message()[0]:
                pass
        except ConnectionResetError:
            pass
        return True

    def map(self):
        return mmap.mmap(self.memory, os.fstat(self.memory).st_size)

    def close(self):
        self.socket.close()
        for fd in self.fds:
            os.close(fd)
        self.fds = []


class Case(unittest.TestCase):
    """A test in an empty directory with its own run directory. Servers that it started are ended."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="weiss-test-")
        self.run_directory = self.path("run")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.servers = []
        self.addCleanup(self.end_servers)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def command(self, *arguments, directory=None, program=(), timeout=60, **more):
        """Runs the program to its end."""
        place = ["--run-directory", directory or self.run_directory]
        return subprocess.run([*program, IVSHMEMD, *arguments, *place], capture_output=True, text=True, check=False,
                              timeout=timeout, **more)

    def start(self, *groups, arguments=(), directory=None, program=(), ready=None, **more):
        """Starts a server and waits until it is ready. Its log is the file LOG."""
        words = [word for group in groups for word in ("--group", group)]
        with open(self.path("log"), "ab") as log:
            server = subprocess.Popen([*program, IVSHMEMD, *words, *arguments, "--run-directory",
                                       directory or self.run_directory], stdout=subprocess.PIPE, stderr=log, **more)
        self.servers.append(server)
        expected = ready if ready is not None else max(len(groups), 1)
        server.ready = [server.stdout.readline().decode().strip() for _ in range(expected)]
        self.assertTrue(all(line.startswith("ready") for line in server.ready), f"{server.ready}\n{self.log()}")
        return server

    def end_servers(self):
        for server in self.servers:
            if server.poll() is None:
                server.terminate()
            try:
                code = server.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
                code = "no end"
            server.stdout.close()
            if code not in (0, -signal.SIGKILL):
                self.fail(f"a server ended with {code}\n{self.log()}")

    def log(self):
        with open(self.path("log"), encoding="utf-8") as file:
            return file.read()

    def wait_for_log(self, text, timeout=PATIENCE):
        wait_until(lambda: text in self.log(), f"\"{text}\" in the log:\n{self.log()}", timeout)

    def client(self, group="blue", **more):
        client = Client(self.path("run", f"{group}.sock"), **more)
        self.addCleanup(client.close)
        return client

    def connect(self):
        """A connection to the control socket."""
        client = socket.socket(socket.AF_UNIX)
        client.connect(self.path("run", "control"))
        client.settimeout(PATIENCE)
        self.addCleanup(client.close)
        return client

    def ask(self, text):
        """Sends a line as it is. Returns the answer."""
        with self.connect() as client:
            client.sendall(text if isinstance(text, bytes) else text.encode())
            with client.makefile("rb") as answers:
                return json.loads(answers.readline())

    def status(self):
        return self.ask('{"command": "status"}\n')

    def group(self, name="blue"):
        return next(group for group in self.status()["groups"] if group["name"] == name)

    def wait_for_peers(self, count, name="blue"):
        wait_until(lambda: len(self.group(name)["peers"]) == count, f"{count} peers of {name}")

    def assert_refused(self, result, message, code=1):
        """The program ended with one line, which is exactly the message (and a hint, when it was called wrongly)."""
        lines = [f"weiss-ivshmemd: {message}"] + (["Try `weiss-ivshmemd --help`."] if code == 2 else [])
        self.assertEqual((result.returncode, result.stderr.splitlines(), result.stdout), (code, lines, ""))

    def assert_fails(self, result, *words):
        """The program ended with an error whose last line holds the words. Nothing it made is left."""
        self.assertEqual(result.returncode, 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr.splitlines()[-1])


def open_fds(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def seals(fd):
    return fcntl.fcntl(fd, fcntl.F_GET_SEALS)


def main():
    """Runs the tests, or those that the arguments name. When none could run, that is what the exit status says."""
    program = unittest.main(verbosity=2, exit=False)
    skipped = program.result.skipped
    for test, reason in skipped:
        print(f"skipped {test}: {reason}")
    if not program.result.wasSuccessful():
        raise SystemExit(1)
    raise SystemExit(77 if skipped and len(skipped) == program.result.testsRun else 0)
