"""What Nova and an administrator do to instances; after each the region is there again and a job runs through it."""
import os
import re
import signal
import statistics
import subprocess

import cases
import host_agent
from services import wait_for


class Lifecycle(cases.Case):
    def around(self, act):
        """Does something to the second instance that starts it anew, and waits until it is back."""
        one = self.pair[1]
        before = one.wait_ssh()
        act(one.server(), one)
        one.wait_status("ACTIVE")
        one.wait_ssh(since=before)
        self.assert_job()

    def test_1_soft_reboot(self):
        self.around(lambda server, one: server.reboot("SOFT"))
        with open("/var/log/cloud/nova-compute.log", encoding="utf-8", errors="replace") as file:
            self.assertNotIn("Failed to soft reboot instance", file.read(), "Nova made a hard reboot of it")

    def test_2_hard_reboot(self):
        self.around(lambda server, one: server.reboot("HARD"))

    def test_3_stop_and_start(self):
        def act(server, one):
            server.stop()
            one.wait_status("SHUTOFF")
            server.start()
        self.around(act)

    def test_4_agent_restarted(self):
        """Ended and killed: what is attached stays, and the agent knows it again."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            before = [self.agent.of(one)["region"] for one in self.pair]
            self.agent.stop(number)
            self.agent.start()
            self.agent.wait_state(self.pair, "attached")
            self.assertEqual([self.agent.of(one)["region"] for one in self.pair], before)
        self.assert_job()

    def test_5_libvirtd_restarted(self):
        pid = int(subprocess.run(["pidof", "libvirtd"], capture_output=True, text=True, check=True).stdout.split()[0])
        os.kill(pid, signal.SIGTERM)
        self.agent.wait("the agent sees that libvirtd is gone", lambda: not self.agent.status()["agent"]["connected"])
        wait_for("libvirtd's end", lambda: not os.path.exists(f"/proc/{pid}/exe"), 60)
        subprocess.run(["libvirtd", "-d"], check=True)
        self.agent.wait("the agent is connected again", lambda: self.agent.status()["agent"]["connected"], 90)
        self.assert_job()

    def test_6_api_away(self):
        """Nova's API hangs: an instance that starts meanwhile, after libvirtd's restart, is attached by what was known of it."""
        apis = [int(pid) for pid in subprocess.run(["pgrep", "-f", "nova-api-wsgi"], capture_output=True, text=True,
                                                   check=True).stdout.split()]
        domain, before = self.pair[1].domain(), self.pair[1].wait_ssh()
        for pid in apis:
            os.kill(pid, signal.SIGSTOP)
        try:
            self.agent.wait("the agent tells that the API is away", lambda: self.agent.status()["agent"]["api_trouble"] != "")
            cases.virsh("destroy", domain)
            cases.virsh("start", domain)
            self.agent.wait_state(self.pair[1:], "attached")
        finally:
            for pid in apis:
                os.kill(pid, signal.SIGCONT)
        self.pair[1].wait_ssh(since=before)
        self.agent.wait("the agent reaches the API again", lambda: self.agent.status()["agent"]["api_trouble"] == "", 90)
        self.pair[1].wait_status("ACTIVE")
        self.assert_job()

    def test_7_attached_soon(self):
        """Of all starts so far: the time between libvirt's event and the attachment, as the agent's log has it."""
        with open(host_agent.LOG, encoding="utf-8", errors="replace") as file:
            times = sorted(map(int, re.findall(r"after_start_ms=(\d+)", file.read())))
        print(f"attached after {times} ms")
        self.assertLess(statistics.median(times), 200)


if __name__ == "__main__":
    cases.main()
