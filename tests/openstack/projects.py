"""Another project's instance on the same host, with the same flavor and a server group of the same name, gets no access."""
import os
import shlex
import subprocess

import cases
import jobs
import tenants

# The memory as a guest has it: by UIO when the guest's driver has the device, which then lets nobody at the file in sysfs.
MAP = """
import glob, mmap, os
maps = [path for path in glob.glob("/sys/class/uio/uio*/maps/map*") if int(open(path + "/size").read(), 16) == {bytes}]
devices = [path for path in glob.glob("/sys/bus/pci/devices/*") if open(path + "/device").read() == "0x1110\\n"]
name = "/dev/" + maps[0].split("/")[4] if maps else devices[0] + "/resource2"
file = open(name, "r+b", buffering=0)
m = mmap.mmap(file.fileno(), {bytes}, offset=int(maps[0][-1]) * mmap.PAGESIZE if maps else 0)
"""


class Projects(cases.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tenants.accounts.Clients().glance.images.update(next(
            image.id for image in cls.lab.clients.glance.images.list() if image.name == jobs.IMAGE), visibility="public")
        cls.other = tenants.Tenant("other", os.environ["WEISS_CLOUD"])
        group = next(found.name for found in cls.lab.nova.server_groups.list() if cls.pair[0].id in found.members)
        cls.stranger = cls.other.boot(cls.pair[0].name, jobs.FLAVOR, jobs.IMAGE, cls.other.group(group))
        cls.addClassCleanup(cls.stranger.delete)
        cls.stranger.wait_status("ACTIVE").wait_ssh()

    def test_another_region(self):
        """It has a region of its own: what one writes, the other does not see, and the host's files say the same."""
        self.agent.wait_state([*self.pair, self.stranger], "attached")
        ours, theirs = self.agent.of(self.pair[0])["region"], self.agent.of(self.stranger)["region"]
        self.assertNotEqual(ours, theirs)
        self.assertNotEqual(self.agent.of(self.pair[0])["group"], self.agent.of(self.stranger)["group"])
        self.assertNotIn("/dev/shm/" + ours, cases.open_files(self.stranger))
        self.assertNotIn("/dev/shm/" + theirs, cases.open_files(self.pair[0]))
        self.assertEqual(len(self.stranger.ssh(cases.IVSHMEM).split()), 1)

    def test_from_inside(self):
        """A mark in our region is seen by the pair, and by nobody else; all of the stranger's memory is searched."""
        self.agent.wait_state([*self.pair, self.stranger], "attached")
        mark = os.urandom(16).hex()
        offset = jobs.REGION - 4096  # in no use by a job
        search = MAP.format(bytes=jobs.REGION)
        write = search + f"m[{offset}:{offset}+32]=b'{mark}'"
        find = search + f"print(m.find(b'{mark}'))"
        self.pair[0].ssh(f"python3 -c {shlex.quote(write)}")
        self.assertEqual(self.pair[1].ssh(f"python3 -c {shlex.quote(find)}"), f"{offset}\n")
        self.assertEqual(self.stranger.ssh(f"sudo python3 -c {shlex.quote(find)}"), "-1\n")

    def test_other_users_of_the_host(self):
        """No one but root and QEMU's group opens a region."""
        path = "/dev/shm/" + self.agent.of(self.pair[0])["region"]
        tried = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "head", "-c", "1", path],
                               capture_output=True, text=True, check=False)
        self.assertIn("Permission denied", tried.stderr)


if __name__ == "__main__":
    cases.main()
