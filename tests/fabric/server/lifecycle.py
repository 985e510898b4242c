"""Starting and ending: readiness, what a server leaves behind, and servers in each other's way."""
import os
import signal
import socket
import stat
import subprocess
import unittest

import harness


class Lifecycle(harness.Case):
    def test_ready_lines(self):
        server = self.start("blue,bytes=1M", f"green,bytes=2M,socket={self.path('elsewhere')}")
        self.assertEqual(sorted(server.ready), [f"ready blue {self.run_directory}/blue.sock",
                                                f"ready green {self.path('elsewhere')}"])
        harness.Client(self.path("elsewhere")).join().close()
        for path in (self.path("run", "blue.sock"), self.path("run", "control"), self.path("elsewhere")):
            status = os.stat(path)
            self.assertTrue(stat.S_ISSOCK(status.st_mode))
            self.assertEqual(stat.S_IMODE(status.st_mode), 0o600)

    def test_without_groups(self):
        self.assertEqual(self.start().ready, ["ready"])
        self.assertEqual(self.status()["groups"], [])

    def test_signals_leave_nothing(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number.name):
                name = f"test-{os.getpid()}"
                server = self.start("blue,bytes=1M", f"{name},bytes=1M,memory=shm", f"red,bytes=1M,socket={self.path('red')}",
                                    arguments=["--pidfile", self.path("pid")])
                with open(self.path("pid"), encoding="ascii") as file:
                    self.assertEqual(file.read(), f"{server.pid}\n")
                client = self.client().join()
                stuck = self.client(name)
                server.send_signal(number)
                self.assertEqual(server.wait(harness.PATIENCE), 0)
                self.assertTrue(client.ended() and stuck.ended())
                self.assertEqual(os.listdir(self.directory), ["log"])
                self.assertFalse(os.path.exists(f"/dev/shm/weiss-{name}"))

    def test_a_directory_that_was_there_stays(self):
        os.mkdir(self.run_directory, 0o700)
        server = self.start("blue,bytes=1M")
        server.terminate()
        server.wait()
        self.assertEqual(os.listdir(self.run_directory), [])

    def test_a_failing_group_leaves_nothing(self):
        self.assert_fails(self.command("--group", "blue,bytes=1M", "--group", f"red,socket={self.path('no', 'where')}",
                                       "--pidfile", self.path("pid")),
                          f"group red: {self.path('no', 'where')}.lock cannot be made: No such file or directory")
        self.assertEqual(os.listdir(self.directory), [])

    def test_killed_and_started_again(self):
        for _ in range(3):
            server = self.start("blue,bytes=1M")
            client = self.client().join()
            self.assertEqual(client.id, 0)
            server.kill()
            server.wait()
            self.assertTrue(client.ended())
            self.assertTrue(os.path.exists(self.path("run", "blue.sock")))

    def test_two_servers_in_one_directory(self):
        first = self.start("blue,bytes=1M")
        self.assert_fails(self.command("--group", "green,bytes=1M"),
                          f"{self.run_directory}/control is served by process {first.pid} already; stop that one, or "
                          "choose another path")
        self.client().join()

    def test_two_servers_at_one_socket(self):
        first = self.start(f"blue,bytes=1M,socket={self.path('shared')}")
        self.assert_fails(self.command("--group", f"green,bytes=1M,socket={self.path('shared')}",
                                       directory=self.path("second")),
                          f"group green: {self.path('shared')} is served by process {first.pid} already")
        self.assertFalse(os.path.exists(self.path("second")))
        harness.Client(self.path("shared")).join().close()

    def test_two_groups_at_one_socket(self):
        self.assert_fails(self.command("--group", f"blue,bytes=1M,socket={self.path('s')}", "--group",
                                       f"green,bytes=1M,socket={self.path('s')}"), "group green:", "already")

    def test_somebody_elses_live_socket(self):
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.bind(self.path("other"))
        other.listen()
        self.assert_fails(self.command("--group", f"blue,bytes=1M,socket={self.path('other')}"),
                          f"{self.path('other')} is served by process {os.getpid()} already")
        self.assertEqual(os.listdir(self.directory), ["other"])

    def test_a_dead_socket_is_replaced(self):
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.path("other"))
        self.start(f"blue,bytes=1M,socket={self.path('other')}")
        harness.Client(self.path("other")).join().close()

    def test_no_socket_is_not_replaced(self):
        for make in (lambda path: open(path, "w", encoding="ascii").close(), os.mkdir,
                     lambda path: os.symlink("/dev/null", path)):
            make(self.path("other"))
            self.assert_fails(self.command("--group", f"blue,bytes=1M,socket={self.path('other')}"),
                              "exists and is not a socket")
            subprocess.run(["rm", "-r", self.path("other")], check=True)

    @unittest.skipUnless(harness.ROOT, "only root can make sockets of others")
    def test_a_socket_of_another_user_is_not_replaced(self):
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.path("other"))
        os.chown(self.path("other"), 65534, 65534)
        self.assert_fails(self.command("--group", f"blue,bytes=1M,socket={self.path('other')}"),
                          "exists and is not this server's")

    def test_a_lock_that_is_a_link_is_refused(self):
        with open(self.path("precious"), "w", encoding="ascii") as file:
            file.write("precious")
        os.symlink(self.path("precious"), self.path("s.lock"))
        self.assert_fails(self.command("--group", f"blue,bytes=1M,socket={self.path('s')}"), "it is a symbolic link")
        with open(self.path("precious"), encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def test_a_directory_of_everybody_is_refused(self):
        os.mkdir(self.run_directory)
        os.chmod(self.run_directory, 0o777)
        self.assert_fails(self.command("--group", "blue,bytes=1M"), "others than uid",
                          f"can write to the directory {self.run_directory}")

    def test_a_pid_file_that_cannot_be(self):
        self.assert_fails(self.command("--group", "blue,bytes=1M", "--pidfile", self.path("no", "pid")),
                          "cannot be written: No such file or directory")
        self.assertEqual(os.listdir(self.directory), [])

    def test_nobody_reads_its_output(self):
        """Closed standard output and a log that cannot be written are no reason to end."""
        with open("/dev/full", "w", encoding="ascii") as full:
            server = subprocess.Popen(["sh", "-c", "exec \"$@\" >&-", "sh", harness.IVSHMEMD, "--group", "blue,bytes=1M",
                                       "--run-directory", self.run_directory], stdout=subprocess.PIPE, stderr=full)
        self.servers.append(server)
        harness.wait_until(lambda: os.path.exists(self.path("run", "blue.sock")), "its socket")
        self.client().join()
        self.assertIsNone(server.poll())

    def test_ends_while_it_allocates(self):
        server = self.start(arguments=["--group", "large,bytes=4G"], ready=0)
        harness.wait_until(lambda: os.path.exists(self.path("run", "large.sock.lock")), "its lock")
        server.terminate()
        self.assertEqual(server.wait(harness.PATIENCE), 0)
        self.assertEqual(os.listdir(self.directory), ["log"])


if __name__ == "__main__":
    harness.main()
