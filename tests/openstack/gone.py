"""Deletion: the region goes with its last member."""
import glob
import os

import cases


class Gone(cases.Case):
    def test_delete(self):
        self.agent.wait_state(self.pair, "attached")
        path = "/dev/shm/" + self.agent.of(self.pair[0])["region"]
        self.pair[0].delete()
        self.agent.wait("one is gone", lambda: not self.agent.of(self.pair[0]))
        self.assertTrue(os.path.exists(path), "the other one has it still")
        self.agent.wait_state(self.pair[1:], "attached")
        self.cluster.weiss("cluster", "down", self.cluster.name)
        self.agent.wait("the region is gone", lambda: not self.agent.status()["regions"])
        self.assertEqual(glob.glob("/dev/shm/weiss-agent-*"), [])


if __name__ == "__main__":
    cases.main()
