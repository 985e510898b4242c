"""Two instances of a project in a server group get one region, and the bar runs over both through it."""
import os
import stat

import cases


class Share(cases.Case):
    def test_region(self):
        """One region of the size in the flavor's extra spec, in a file that others cannot open."""
        self.agent.wait_state(self.pair, "attached")
        known = [self.agent.of(one) for one in self.pair]
        self.assertEqual(len({one["region"] for one in known}), 1, known)
        self.assertEqual(known[0]["bytes"], cases.MEMORY)
        self.assertEqual(known[0]["group"],
                         f"{self.lab.clients.project_id()}/server-group/{self.lab.group(cases.GROUP)}")
        path = "/dev/shm/" + known[0]["region"]
        status = os.stat(path)
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o660)
        self.assertEqual((status.st_uid, status.st_size), (0, cases.MEMORY))
        for one in self.pair:
            self.assertIn(path, cases.open_files(one))
            self.assertEqual(len(one.ssh(cases.IVSHMEM).split()), 1)
        self.assertIn("extra spec", self.agent.weiss("why", self.pair[0].id))

    def test_job(self):
        counts = self.assert_job()
        self.assertEqual(counts["path"], "module")


if __name__ == "__main__":
    cases.main()
