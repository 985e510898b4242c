"""Four machines in two groups: one network, two regions."""
import json
import os
import unittest

import labs


class Four(unittest.TestCase):
    def test_four(self):
        lab = labs.Lab("--vms", "4", "--memory", "256M", "--region", "1M", "--groups", "1,2:3", "--ship",
                       os.environ["WEISS_LAB_SUM"] + ":sum", "--ship", os.environ["WEISS_LAB_WORD"] + ":word")
        self.addCleanup(lambda: self.assertEqual(lab.close(), []))
        lab.wait_up()
        for i in range(1, 5):
            following = f"vm{i % 4 + 1}"
            result = lab.ssh(f"vm{i}", f"ssh {following} hostname")
            self.assertEqual(result.stdout.strip(), following, result.stderr)
        result = lab.ssh("vm1", "mpirun --hostfile /etc/weiss-hostfile -n 4 /opt/lab/sum", timeout=200)
        self.assertEqual(sorted(result.stdout.splitlines()), [f"vm{i + 1} rank {i} of 4: 0 wrong" for i in range(4)],
                         result.stderr)
        self.assertEqual(len(lab.env["WEISS_LAB_REGIONS"].split()), 2)
        lab.ssh("vm1", "/opt/lab/word 0 first")
        lab.ssh("vm3", "/opt/lab/word 0 second")
        self.assertEqual(json.loads(lab.ssh("vm2", "/opt/lab/word 0").stdout)["text"], "first")
        self.assertEqual(json.loads(lab.ssh("vm3", "/opt/lab/word 0").stdout)["text"], "second")
        self.assertNotEqual(lab.ssh("vm4", "/opt/lab/word 0").returncode, 0, "vm4 is in no group")


if __name__ == "__main__":
    labs.main()
