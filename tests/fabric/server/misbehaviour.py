"""Clients that do what they should not. The server goes on, and nobody else notices."""
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import unittest

import harness

# Connects and says so; then waits for its end.
IDLE = """
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.recv(1)
print("joined", flush=True)
time.sleep(600)
"""

# As another user: what becomes of a connection.
OTHER = """
import os, socket, sys
os.setgid(65534); os.setuid(65534)
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
    print("served" if s.recv(8) else "refused")
except OSError as error:
    print(error.strerror)
"""


class Misbehaviour(harness.Case):
    def assert_served(self, group="blue", within=5):
        """A new pair of peers meets as if nothing were."""
        begin = time.monotonic()
        first, second = self.client(group).join(), self.client(group).join()
        heard = 0
        while heard < 2:
            heard += first.number()[0] == second.id
        first.close()
        second.close()
        self.assertLess(time.monotonic() - begin, within)

    def test_one_that_never_reads_is_dropped(self):
        self.start("blue,bytes=1M,vectors=400,peers=8", arguments=["--timeout", "1"])
        stuck = self.client()
        for _ in range(2):
            self.assert_served()
        self.wait_for_log("peer 0 dropped: it does not read what it is told")
        self.wait_for_peers(0)
        self.assertTrue(stuck.ended())

    def test_one_that_reads_everything_stays(self):
        self.start("blue,bytes=1M,vectors=1", arguments=["--timeout", "1"])
        quiet = self.client().join()
        quiet.vectors(quiet.id, 1)
        self.assertTrue(quiet.silent(2.5))
        late = self.client().join()
        quiet.vectors(late.id, 1)

    def test_many_that_never_read_delay_nobody(self):
        self.start("blue,bytes=1M,vectors=64,peers=40", "green,bytes=1M,vectors=2")
        stuck = [self.client() for _ in range(30)]
        self.assert_served("green")
        self.assert_served("blue")
        self.assertEqual(len(self.group()["peers"]), len(stuck))

    def test_garbage(self):
        server = self.start("blue,bytes=1M,vectors=2")
        before = harness.open_fds(server)
        witness = self.client().join()
        witness.vectors(0, 2)
        for number, text in enumerate((b"\0", b"GET / HTTP/1.0\r\n\r\n", os.urandom(100000)), start=1):
            client = self.client().join()
            try:
                client.socket.sendall(text)
            except OSError: # dropped before all was sent
                pass
            self.assertTrue(client.ended())
            client.close()
            witness.vectors(number, 2)
            witness.expect(number)
        self.wait_for_log("dropped: it sent data, and this protocol has none for the server")
        witness.close()
        self.wait_for_peers(0)
        harness.wait_until(lambda: harness.open_fds(server) == before, "file descriptors are closed")

    def test_file_descriptors_that_are_sent_are_closed(self):
        server = self.start("blue,bytes=1M,vectors=1")
        before = harness.open_fds(server)
        for _ in range(20):
            client = self.client().join()
            socket.send_fds(client.socket, [b"x"], [0, 1, 2])
            self.assertTrue(client.ended())
            client.close()
        self.wait_for_peers(0)
        harness.wait_until(lambda: harness.open_fds(server) == before, "file descriptors are closed")

    def test_half_closed(self):
        self.start("blue,bytes=1M,vectors=2")
        witness = self.client().join()
        witness.vectors(0, 2)
        for number, how in enumerate((socket.SHUT_WR, socket.SHUT_RDWR, socket.SHUT_RD), start=1):
            client = self.client().join()
            client.vectors(0, 2)
            client.vectors(number, 2)
            witness.vectors(number, 2)
            client.socket.shutdown(how)
            if how == socket.SHUT_RD: # which is noticed when there is something to tell
                self.client().join()
                witness.vectors(number + 1, 2)
            witness.expect(number)

    def test_closed_at_once(self):
        server = self.start("blue,bytes=1M,vectors=8")
        before = harness.open_fds(server)
        for _ in range(300):
            self.client().socket.close()
        self.wait_for_peers(0)
        self.assert_served()
        self.wait_for_peers(0)
        harness.wait_until(lambda: harness.open_fds(server) == before, "file descriptors are closed")

    def test_hundreds_of_connections(self):
        server = self.start("blue,bytes=1M,vectors=2,peers=4", "green,bytes=1M")
        inside = [self.client().join() for _ in range(4)]
        most = harness.open_fds(server)
        outside = [self.client() for _ in range(500)]
        for client in outside:
            self.assertTrue(client.ended())
        self.assertLessEqual(harness.open_fds(server), most)
        self.wait_for_log("refused pid")
        self.assertIn("all 4 peers are there; peers=N allows more", self.log())
        self.assertLess(self.log().count("refused pid"), 50, "the log is flooded")
        self.assert_served("green")
        inside[0].close()
        self.wait_for_peers(3)
        self.assertEqual(self.client().join().id, 4)

    def test_killed(self):
        self.start("blue,bytes=1M,vectors=2")
        witness = self.client().join()
        witness.vectors(0, 2)
        with subprocess.Popen([sys.executable, "-c", IDLE, self.path("run", "blue.sock")],
                              stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            witness.vectors(1, 2)
            self.assertEqual(self.group()["peers"][1]["pid"], child.pid)
            child.send_signal(signal.SIGKILL)
        witness.expect(1)

    def test_stopped_and_continued(self):
        self.start("blue,bytes=1M,vectors=2")
        with subprocess.Popen([sys.executable, "-c", IDLE, self.path("run", "blue.sock")],
                              stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            child.send_signal(signal.SIGSTOP)
            self.assert_served()
            self.assertEqual(len(self.group()["peers"]), 1)
            child.send_signal(signal.SIGKILL)


class Limits(harness.Case):
    def limit(self, count):
        return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))}

    def test_more_than_the_limit_of_file_descriptors(self):
        result = self.command("--group", "blue,peers=32,vectors=8", **self.limit(256))
        self.assert_fails(result, "group blue may need 293 file descriptors, and 64 of 256 are taken; raise the limit "
                          "(LimitNOFILE= of a systemd unit, ulimit -n), or ask for fewer peers or vectors")

    def test_all_that_the_limit_allows(self):
        """As many groups and peers as fit, all there at once."""
        self.start("blue,bytes=1M,peers=10,vectors=8", "green,bytes=1M,peers=9,vectors=8", **self.limit(256))
        self.assert_fails(self.command("--add", "red,bytes=1M,peers=2,vectors=8"),
                          "group red may need 23 file descriptors, and 245 of 256 are taken")
        clients = [self.client("blue").join() for _ in range(10)] + [self.client("green").join() for _ in range(9)]
        for client in clients[:10]:
            while client.number()[0] != 9: # the last of them
                pass
        self.assertEqual(self.command("--remove", "green", "--force").returncode, 0)
        self.assertEqual(self.command("--add", "red,bytes=1M,peers=2,vectors=8").returncode, 0)

    def test_file_descriptors_under_way(self):
        """The system lets a user have only so many on their way, and those who do not read use them up. Who reads has to wait,
        but is not taken for one of them."""
        program = []
        if harness.ROOT: # root may exceed the limit
            program = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
            os.chmod(self.directory, 0o777)
        self.start("blue,bytes=1M,peers=20,vectors=1", arguments=["--timeout", "1"], program=program, **self.limit(112))
        stuck = [self.client() for _ in range(18)]
        reader = self.client()
        reader.expect(0)
        reader.expect(18)
        self.wait_for_log("peer 17 dropped: it does not read what it is told")
        self.assertTrue(reader.silent(2))
        self.assertEqual([peer["id"] for peer in self.group()["peers"]], [18])
        for client in stuck:
            client.close()
        self.assertEqual(reader.number()[0], -1)
        seen = set()
        while 18 not in seen:
            seen.add(reader.number()[0])


@unittest.skipUnless(harness.ROOT, "only root can try as another user")
class Users(harness.Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o755)

    def as_nobody(self, path):
        result = subprocess.run([sys.executable, "-c", OTHER, path], capture_output=True, text=True, check=True)
        return result.stdout.strip()

    def test_others_cannot_reach_a_socket(self):
        self.start("blue,bytes=1M")
        self.assertEqual(self.as_nobody(self.path("run", "blue.sock")), "Permission denied")
        self.assertEqual(self.as_nobody(self.path("run", "control")), "Permission denied")

    def test_others_are_refused_even_when_they_reach_it(self):
        self.start("blue,bytes=1M")
        for name in ("blue.sock", "control"):
            os.chmod(self.path("run", name), 0o666)
            self.assertEqual(self.as_nobody(self.path("run", name)), "refused")
        self.wait_for_log("uid 65534 is neither root, this server's nor --user's")
        self.wait_for_log("uid 65534: it is neither root nor this server's user")

    def test_the_hypervisors_user(self):
        name = f"test-{os.getpid()}"
        self.start("blue,bytes=1M", f"{name},bytes=1M,memory=shm", arguments=["--user", "nobody"])
        for path in (self.path("run", "blue.sock"), f"/dev/shm/weiss-{name}"):
            self.assertEqual((os.stat(path).st_uid, os.stat(path).st_mode & 0o777), (65534, 0o600))
        self.assertEqual(self.as_nobody(self.path("run", "blue.sock")), "served")
        self.assertEqual(self.as_nobody(self.path("run", "control")), "Permission denied")


if __name__ == "__main__":
    harness.main()
