"""The control socket and the commands that speak to it."""
import json
import os
import socket
import subprocess
import time

import harness


class Control(harness.Case):
    def refusal(self, text):
        answer = self.ask(text)
        self.assertEqual(sorted(answer), ["error", "ok"])
        self.assertIs(answer["ok"], False)
        return answer["error"]

    def test_status(self):
        name = f"test-{os.getpid()}"
        server = self.start("blue,bytes=1M,vectors=3", f"{name},bytes=2M,memory=shm,peers=5")
        client = self.client().join()
        client.vectors(0, 3)
        answer = self.ask('{"command": "status"}\n')
        self.assertIs(answer["ok"], True)
        self.assertEqual(answer["server"]["pid"], server.pid)
        blue, other = answer["groups"]
        peer, = blue.pop("peers")
        self.assertEqual(blue, {"name": "blue", "state": "ready", "bytes": 1 << 20, "memory": "memfd", "file": "",
                                "socket": f"{self.run_directory}/blue.sock", "vectors": 3, "max_peers": 32, "joined": 1})
        self.assertEqual((other["memory"], other["file"], other["max_peers"], other["peers"]),
                         ("shm", f"/dev/shm/weiss-{name}", 5, []))
        since = time.mktime(time.strptime(peer.pop("since"), "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        self.assertLess(abs(since - time.time()), 60)
        again = json.loads(self.command("--status", "--json").stdout)
        self.assertEqual([group["name"] for group in again["groups"]], ["blue", name])
        self.assertEqual(peer, {"id": 0, "pid": os.getpid(), "uid": os.getuid(), "messages": 6, "waiting": 0})

    def test_status_for_people(self):
        server = self.start("blue,bytes=64M,vectors=3")
        self.client().join().vectors(0, 3)
        lines = self.command("--status").stdout.splitlines()
        self.assertRegex(lines[0], rf"^weiss-ivshmemd \S+, process {server.pid}, since \S+Z, 1 group$")
        self.assertEqual(lines[1], "group blue: ready, 64M of memfd, 3 vectors, 1 of 32 peers, socket "
                         f"{self.run_directory}/blue.sock")
        self.assertRegex(lines[2], rf"^  peer 0 +pid {os.getpid()} +uid {os.getuid()} +since \S+Z  6 messages, 0 notices")

    def test_add_and_remove(self):
        server = self.start()
        before = harness.open_fds(server)
        for _ in range(5):
            result = self.command("--add", "green,bytes=32M,vectors=2")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            client = self.client("green").join()
            client.close()
            self.wait_for_peers(0, "green")
            result = self.command("--remove", "green")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(sorted(os.listdir(self.run_directory)), ["control", "control.lock"])
        harness.wait_until(lambda: harness.open_fds(server) == before, "file descriptors are closed")

    def test_a_group_with_peers_is_not_removed(self):
        self.start("blue,bytes=1M,vectors=1")
        client = self.client().join()
        with client.map() as memory:
            memory[:4] = b"soil"
            self.assert_refused(self.command("--remove", "blue"),
                                f"group blue has 1 peers (process {os.getpid()}, for one), which would lose its memory; "
                                "stop them first, or add --force")
            self.assertEqual(memory[:4], b"soil")
            self.assertEqual(self.command("--remove", "blue", "--force").returncode, 0)
            self.assertTrue(client.ended())
            self.assertEqual(memory[:4], bytes(4))
        self.assertEqual(self.status()["groups"], [])

    def test_stop(self):
        server = self.start("blue,bytes=1M")
        result = self.command("--stop")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(os.listdir(self.directory), ["log"])
        self.assertEqual(server.wait(harness.PATIENCE), 0)

    def test_no_server(self):
        for arguments in (["--status"], ["--stop"], ["--add", "blue"], ["--remove", "blue"]):
            self.assert_refused(self.command(*arguments), f"no server runs in {self.run_directory}; start one, or say where "
                                "it is with --run-directory DIR")
        self.start().kill()
        self.servers[0].wait()
        self.assert_fails(self.command("--status"), "no server runs in")

    def test_refusals(self):
        self.start("blue,bytes=1M")
        for text, error in (
                ('{"command": "add", "group": "blue,bytes=1M"}', "there is a group blue already"),
                ('{"command": "add", "group": "red,bytes=3M"}',
                 "group red: bytes=3M: expected a power of two from 4K to 1T, such as 64M"),
                ('{"command": "add"}', '"group" is missing or no string'),
                ('{"command": "add", "group": 7}', '"group" is missing or no string'),
                ('{"command": "add", "group": "a\\u0000b"}', '"group" is too long or contains a NUL'),
                ('{"command": "remove", "group": "red"}', "there is no group of that name; `--status` lists them"),
                ('{"command": "remove", "group": "../blue"}', "there is no group of that name; `--status` lists them"),
                ('{"command": "remove", "group": "blue", "force": 1}', '"force" is neither true nor false'),
                ('{"command": "status", "group": "blue"}', 'there is no key "group" of status'),
                ('{"command": "stop", "forc\\u001b": true}', 'there is no key "forc\\x1b" of stop'),
                ('{"command": "reload"}', 'there is no command "reload"; expected status, add, remove or stop'),
                ('{"command": null}', '"command" is missing or no string'),
                ('{}', '"command" is missing or no string')):
            with self.subTest(text):
                self.assertEqual(self.refusal(text + "\n"), error)
        for text in ("", "[]", "7", "null", '"status"', '{"command": "status"', '{"command": "status"} x', 
                     b"\xff\xfe", b'{"command": "\xff"}', b"\0", "[" * 200, '{"a": ' * 200):
            with self.subTest(text):
                text = text if isinstance(text, bytes) else text.encode()
                self.assertIn("the request is not one object of JSON (", self.refusal(text + b"\n"))
        self.assertEqual(len(self.status()["groups"]), 1)

    def test_a_line_that_never_ends(self):
        self.start()
        with self.connect() as client:
            client.sendall(b"x" * 4096)
            with client.makefile("rb") as answers:
                self.assertEqual(json.loads(answers.readline())["error"], "the request is longer than 4096 bytes")
                self.assertEqual(answers.read(), b"")

    def test_requests_in_pieces_and_in_a_heap(self):
        self.start("blue,bytes=1M")
        line = b'{"command": "status"}\n'
        with self.connect() as client, client.makefile("rb") as answers:
            for byte in line:
                client.sendall(bytes([byte]))
            self.assertTrue(json.loads(answers.readline())["ok"])
            client.sendall(line * 50 + b'{"command": "add", "group": "red,bytes=1M"}\n' + line)
            client.shutdown(socket.SHUT_WR)
            counts = [len(json.loads(answers.readline()).get("groups", [])) for _ in range(52)]
            self.assertEqual(counts, [1] * 50 + [0] + [2])
            self.assertEqual(answers.read(), b"")

    def test_one_that_does_not_read_its_answers(self):
        self.start("blue,bytes=1M")
        with self.connect() as client:
            client.settimeout(1)
            with self.assertRaises(TimeoutError):
                while True:
                    client.sendall(b'{"command": "status"}\n' * 100)
            self.assertEqual(self.command("--status").returncode, 0)
        self.client().join()

    def test_too_many_connections(self):
        self.start()
        clients = [self.connect() for _ in range(16)]
        self.assertEqual(self.connect().recv(1), b"")
        self.wait_for_log("too many connections")
        self.assert_refused(self.command("--status"), "the server ended without an answer; its log says why")
        clients[0].close()
        harness.wait_until(lambda: self.command("--status").returncode == 0, "a free place")

    def test_an_impatient_client(self):
        """Who asks for a group and goes away gets it all the same."""
        self.start()
        with self.connect() as client:
            client.sendall(b'{"command": "add", "group": "large,bytes=1G"}\n')
        harness.wait_until(lambda: [group["state"] for group in self.status()["groups"]] == ["ready"], "the group")

    def test_served_while_memory_is_allocated(self):
        self.start("blue,bytes=1M")
        with subprocess.Popen([harness.IVSHMEMD, "--add", "large,bytes=2G", "--run-directory", self.run_directory]) as add:
            harness.wait_until(lambda: len(self.status()["groups"]) == 2, "the group")
            begin = time.monotonic()
            self.client().join()
            self.assertLess(time.monotonic() - begin, 1)
            self.assertEqual(add.wait(harness.PATIENCE), 0)

    def test_stopped_while_memory_is_allocated(self):
        server = self.start()
        with self.connect() as client, client.makefile("rb") as answers:
            client.sendall(b'{"command": "add", "group": "large,bytes=8G"}\n')
            harness.wait_until(lambda: os.path.exists(self.path("run", "large.sock.lock")), "the group")
            server.terminate()
            self.assertEqual(json.loads(answers.readline()), {"ok": False, "error": "the server is stopping"})
        self.assertEqual(server.wait(harness.PATIENCE), 0)


if __name__ == "__main__":
    harness.main()
