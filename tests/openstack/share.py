"""Two instances of a project in a server group get one region, and the bar runs over both through it."""
import os
import stat

import cases
import jobs


class Share(cases.Case):
    def test_region(self):
        """One region of the size in the flavor's extra spec, in a file that others cannot open."""
        self.agent.wait_state(self.pair, "attached")
        known = [self.agent.of(one) for one in self.pair]
        self.assertEqual(len({one["region"] for one in known}), 1, known)
        self.assertEqual(known[0]["bytes"], jobs.REGION)
        self.assertTrue(known[0]["group"].startswith(self.lab.clients.project_id() + "/server-group/"), known)
        path = "/dev/shm/" + known[0]["region"]
        status = os.stat(path)
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o660)
        self.assertEqual((status.st_uid, status.st_size), (0, jobs.REGION))
        for one in self.pair:
            self.assertIn(path, cases.open_files(one))
            self.assertEqual(len(one.ssh(cases.IVSHMEM).split()), 1)
        self.assertIn("extra spec", self.agent.weiss("why", self.pair[0].id))

        self.assertIn("weiss_ivshmem", self.pair[0].ssh("lsmod"))

    def test_job(self):
        self.assert_job()

    def test_named_group(self):
        """The owner divides what the flavor gives: with weiss:group an instance has another region, until that is taken back."""
        one, before = self.pair[1], self.agent.of(self.pair[1])["region"]
        self.lab.nova.servers.set_meta(one.server(), {"weiss:group": "apart"})
        self.agent.wait("it has a region of its own", lambda: self.agent.of(one).get("group", "").endswith("/named/apart")
                        and self.agent.of(one)["state"] == "attached")
        self.assertNotEqual(self.agent.of(one)["region"], before)
        self.lab.nova.servers.delete_meta(one.server(), ["weiss:group"])
        self.agent.wait("it has the shared one again", lambda: self.agent.of(one)["region"] == before
                        and self.agent.of(one)["state"] == "attached")
        self.assert_job()


if __name__ == "__main__":
    cases.main()
