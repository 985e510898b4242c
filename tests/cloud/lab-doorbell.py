"""Machines that get their region from weiss-ivshmemd, and an emulated IOMMU."""
import json
import os
import unittest

import labs


class Doorbell(unittest.TestCase):
    def test_doorbell(self):
        lab = labs.Lab("--ivshmem", "doorbell", "--vectors", "3", "--region", "2M", "--iommu", "--ship",
                       os.environ["WEISS_LAB_WORD"] + ":word")
        self.addCleanup(lambda: self.assertEqual(lab.close(), []))
        lab.wait_up()
        self.assertEqual(lab.env["WEISS_LAB_REGIONS"], "")
        lab.ssh("vm1", "/opt/lab/word 7 rings")
        self.assertEqual(json.loads(lab.ssh("vm2", "/opt/lab/word 7").stdout), {"bytes": 2 << 20, "text": "rings"})
        groups = lab.ssh("vm1", "ls /sys/kernel/iommu_groups").stdout.split()
        self.assertGreater(len(groups), 3, "no IOMMU")


if __name__ == "__main__":
    labs.main()
