"""QEMU's own device as a client: two machines that are never started join and leave."""
import shutil
import subprocess

import harness

QEMU = shutil.which("qemu-system-x86_64")


class Qemu(harness.Case):
    def machine(self, vectors=4):
        words = [QEMU, "-S", "-machine", "q35", "-nodefaults", "-display", "none", "-m", "32", "-chardev",
                 f"socket,path={self.path('run', 'blue.sock')},id=c", "-device",
                 f"ivshmem-doorbell,chardev=c,vectors={vectors}", "-qmp", "stdio"]
        machine = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(machine.communicate)
        self.addCleanup(machine.kill)
        machine.stdout.readline() # its greeting comes when its devices are there
        return machine

    def maps_region(self, pid):
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
            return "memfd:weiss-blue" in maps.read()

    def peers(self):
        return [(peer["id"], peer["pid"]) for peer in self.group()["peers"]]

    def test_two_machines(self):
        self.start("blue,bytes=16M,vectors=4")
        first = self.machine()
        self.wait_for_peers(1)
        second = self.machine()
        self.wait_for_peers(2)
        self.assertEqual(self.peers(), [(0, first.pid), (1, second.pid)])
        harness.wait_until(lambda: all(peer["waiting"] == 0 for peer in self.group()["peers"]), "all is read")
        for machine in (first, second):
            harness.wait_until(lambda pid=machine.pid: self.maps_region(pid), "the region is mapped")
        first.kill()
        self.wait_for_peers(1)
        third = self.machine()
        self.wait_for_peers(2)
        self.assertEqual(self.peers(), [(1, second.pid), (2, third.pid)])
        third.terminate()
        third.wait()
        second.terminate()
        second.wait()
        self.wait_for_log("ready again")
        complaints = second.stderr.read().decode().splitlines()
        self.assertEqual([line for line in complaints if "terminating on signal" not in line], [])

    def test_more_and_fewer_vectors_than_the_group(self):
        self.start("blue,bytes=16M,vectors=4")
        machines = [self.machine(1), self.machine(8)]
        self.wait_for_peers(2)
        harness.wait_until(lambda: all(peer["waiting"] == 0 for peer in self.group()["peers"]), "all is read")
        self.assertTrue(all(machine.poll() is None for machine in machines))

    def test_the_machines_survive_the_server(self):
        server = self.start("blue,bytes=16M,vectors=4")
        machine = self.machine()
        self.wait_for_peers(1)
        server.kill()
        server.wait()
        machine.stdin.write(b'{"execute": "qmp_capabilities"}\n{"execute": "query-status"}\n')
        machine.stdin.flush()
        self.assertIn(b"return", machine.stdout.readline())
        self.start("blue,bytes=16M,vectors=4")
        self.machine()
        self.wait_for_peers(1)


if __name__ == "__main__":
    if QEMU is None:
        print("qemu-system-x86_64 is not installed")
        raise SystemExit(77)
    harness.main()
