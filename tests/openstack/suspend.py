"""Suspend: Nova cannot while the region is attached; released, it can, and afterwards the region comes again."""
import cases
from services import tail


class Suspend(cases.Case):
    def test_refused(self):
        """What Nova does without a release: the instance is in ERROR, runs on, and an administrator can say so."""
        one = self.pair[1]
        self.agent.wait_state(self.pair, "attached")
        one.server().suspend()
        one.wait_status("ERROR")
        print("Nova says:", getattr(one.server(), "fault", {}).get("message"))
        self.assertIn("migrat", tail("/var/log/cloud/nova-compute.log", 80).lower())
        cases.tenants.accounts.Clients().nova.servers.reset_state(one.id, "active")
        one.wait_status("ACTIVE").wait_ssh()
        self.assert_job()

    def test_released(self):
        one = self.pair[1]
        before = one.wait_ssh()
        self.agent.weiss("release", one.id)
        self.agent.wait_state([one], "released")
        self.assertEqual(one.ssh(cases.IVSHMEM), "")
        one.server().suspend()
        one.wait_status("SUSPENDED")
        one.server().resume()
        one.wait_status("ACTIVE")
        self.assertEqual(one.wait_ssh(), before, "it was started anew, not resumed")
        self.agent.weiss("share", one.id)
        self.assert_job()

    def test_released_by_its_owner(self):
        one = self.pair[1]
        self.agent.wait_state(self.pair, "attached")
        self.lab.nova.servers.set_meta(one.server(), {"weiss:release": "yes"})
        self.agent.wait_state([one], "released")
        self.assertEqual(one.ssh(cases.IVSHMEM), "")
        self.lab.nova.servers.delete_meta(one.server(), ["weiss:release"])
        self.assert_job()


if __name__ == "__main__":
    cases.main()
