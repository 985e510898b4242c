"""Processors, NUMA node and huge pages of a machine that is QEMU of the calling user, as /proc has them."""
import json
import os
import shutil
import tempfile

import labs
import wishes
from labs import harness


class Wishes(harness.Case):
    def test_wishes(self):
        cpus = wishes.cpus()
        if len(cpus) < 2:
            self.skipTest("one processor: there is nothing to choose")
        state = tempfile.mkdtemp(prefix="weiss-s-")
        self.addCleanup(shutil.rmtree, state, ignore_errors=True)
        env = {"XDG_STATE_HOME": state}
        self.write("c.yaml", "name: pinned\nservers: [{uri: qemu, vms: 1}]\nivshmem: doorbell\nregion: 16 MiB\nnuma: 0\n"
                             f"pin: [{cpus[1]}, {cpus[0]}]\n")
        pages = wishes.Pages(264) if os.geteuid() == 0 else None  # 512 MiB and the region
        if pages is not None:
            self.addCleanup(pages.close)
            if pages.there:
                with open(self.path("c.yaml"), "a", encoding="utf-8") as file:
                    file.write("hugepages: 2 MiB\n")
        self.assert_done(self.weiss("cluster", "up", "c.yaml", env=env, timeout=600))
        self.addCleanup(self.weiss, "cluster", "down", "pinned", env=env)
        status = json.loads(self.weiss("cluster", "status", "--json", env=env).stdout)[0]
        pid = status["processes"][0]["pid"]
        vcpus, others = wishes.threads(pid)
        self.assertEqual(vcpus, {0: str(cpus[1])})
        self.assertEqual(set(others), {str(cpus[0])})
        if pages is not None and pages.there:
            self.assertEqual(wishes.huge(pid), 512)
            self.assertEqual(wishes.mappings(pid), [16, 512])  # the region is not touched yet
            self.assertIn("bind:0", wishes.policies(pid))
        else:
            print("without huge pages: none could be reserved")
        self.assertEqual(self.weiss("cluster", "exec", "--", "nproc", env=env).stdout, "vm1: 1\n")


if __name__ == "__main__":
    labs.main()
