"""Clusters on libvirt for a user without privileges: a libvirt of its own (session), and the system's, which lets it in."""
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

import libvirts
from labs import harness
from libvirts import USER

CLUSTER = "name: mine\nservers:\n  - {{uri: \"{uri}\", vms: {vms}}}\naccel: tcg\nivshmem: {ivshmem}\nregion: 16 MiB\n"


def image():
    """Directory of the machines' image, which root has made."""
    return subprocess.run([harness.WEISS, "lab", "--image"], capture_output=True, text=True, check=True).stdout.strip()


class User(harness.Case):
    def setUp(self):
        super().setUp()
        self.home = tempfile.mkdtemp(prefix="weiss-s-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        own = image()
        cache = f"{self.home}/c/weiss/lab/{os.path.basename(own)}"
        for directory in (cache, f"{self.home}/run", f"{self.home}/state"):
            os.makedirs(directory)
        libvirts.mount("--bind", own, cache)
        self.addCleanup(subprocess.run, ["umount", "--lazy", cache], check=True)
        for directory in (self.home, *(f"{self.home}/{name}" for name in ("run", "state", "c", "c/weiss", "c/weiss/lab")),
                          self.directory):
            os.chown(directory, USER, USER)
            os.chmod(directory, 0o700)
        self.env = {**os.environ, "HOME": self.home, "XDG_CACHE_HOME": f"{self.home}/c", "XDG_STATE_HOME": f"{self.home}/state",
                    "XDG_RUNTIME_DIR": f"{self.home}/run", "XDG_CONFIG_HOME": f"{self.home}/config"}

    def user(self, *words, code=0):
        done = subprocess.run([*words], cwd=self.directory, env=self.env, user=USER, group=USER, extra_groups=[], timeout=900,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def up(self, uri, vms, ivshmem):
        """Starts a cluster and looks at it from outside. The user's own processes are its machines."""
        self.write("mine.yaml", CLUSTER.format(uri=uri, vms=vms, ivshmem=ivshmem))
        self.user(harness.WEISS, "cluster", "up", "mine.yaml")
        status = json.loads(self.user(harness.WEISS, "cluster", "status", "--json").stdout)[0]
        self.assertEqual(status["uri"], uri)
        machines = [process for process in status["processes"] if process["machine"]]
        for process in machines:
            self.assertTrue(process["runs"])
            self.assertEqual(os.stat(f"/proc/{process['pid']}").st_uid, USER)
        self.assertEqual(self.user("virsh", "-q", "-c", uri, "list", "--name").stdout.split(),
                         [f"weiss-mine-vm{i + 1}" for i in range(vms)])

    def down(self, uri):
        self.user(harness.WEISS, "cluster", "down", "mine")
        self.assertEqual(self.user("virsh", "-q", "-c", uri, "list", "--all", "--name").stdout.split(), [])
        self.assertEqual(os.listdir(f"{self.home}/state/weiss/clusters"), [])
        self.assertEqual(os.listdir("/dev/shm"), [])
        end = time.monotonic() + 20
        while libvirts.machines() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(libvirts.machines(), [])

    def test_session(self):
        self.write("mine.yaml", CLUSTER.format(uri="qemu:///session", vms=1, ivshmem="none"))
        self.assertIn("is for users other than root", self.weiss("cluster", "up", "mine.yaml").stderr)
        self.up("qemu:///session", 2, "doorbell")
        said = self.user(harness.WEISS, "cluster", "ssh", "vm1", "--", "ssh", "vm2", "hostname").stdout
        self.assertEqual(said.strip(), "vm2")
        self.down("qemu:///session")

    def test_system(self):
        daemon = libvirts.Daemon()
        self.addCleanup(daemon.close)
        daemon.start()
        self.write("mine.yaml", CLUSTER.format(uri="qemu:///system", vms=1, ivshmem="none"))
        os.chmod("/run/libvirt/libvirt-sock", 0o700)
        self.assertIn("become a member of the group libvirt", self.user(harness.WEISS, "cluster", "up", "mine.yaml", code=1).stderr)
        os.chmod("/run/libvirt/libvirt-sock", 0o777)  # as for a member
        self.up("qemu:///system", 1, "plain")
        self.assertIn("weiss-lab: ready", self.user(harness.WEISS, "cluster", "console", "vm1").stdout)
        self.assertEqual(self.user(harness.WEISS, "cluster", "exec", "--", "hostname").stdout, "vm1: vm1\n")
        self.down("qemu:///system")


if __name__ == "__main__":
    libvirts.enter()
    libvirts.furnish()
    libvirts.require_user()
    unittest.main(verbosity=2)
