"""weiss-agentd against a real libvirtd: who gets which region, through everything that happens to domains, the agent and
libvirtd. The domains are tiny: 16 MiB, no disk, a BIOS that finds nothing to boot."""
import grp
import os
import signal
import stat
import statistics
import subprocess
import tempfile
import time

import agents
import libvirts
from agents import BLUE, GREEN, MIB, RUN, SHM
from labs import harness
from libvirts import virsh


class Life(agents.Case):
    def assert_region(self, name, size=4 * MIB):
        """A file that nobody else can open, with all of its memory reserved."""
        status = os.lstat(f"{SHM}/{name}")
        self.assertTrue(stat.S_ISREG(status.st_mode))
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o660)
        self.assertEqual((status.st_uid, status.st_gid), (0, grp.getgrnam("kvm").gr_gid))
        self.assertEqual((status.st_size, status.st_blocks * 512), (size, size))

    def test_attached_again_and_again(self):
        """Both machine types share; reboots of all kinds get the region back; the last one takes it along."""
        agent = self.start_agent()
        pc, q35 = self.domain(), self.domain(machine="q35")
        pc.create()
        region = self.wait_region(pc)
        self.assert_region(region)
        q35.create()
        self.assertEqual(self.wait_region(q35), region)
        self.assertIn(region, pc.mapped())
        self.assertIn(region, q35.mapped())
        status = agent.settle()
        self.assertEqual([one["state"] for one in status["instances"]], ["attached"] * 2)
        self.assertEqual([(one["name"], one["members"]) for one in status["regions"]], [(region, 2)])
        self.assertEqual(len({one["group"] for one in status["instances"]}), 1)
        for _ in range(2):
            pc.again()
            self.assertEqual(self.wait_region(pc), region)
        q35.destroy()
        pc.destroy()
        self.wait_none()
        pc.create("define")
        for _ in range(2):
            pc.virsh("start")
            self.assertNotEqual(self.wait_region(pc), region, "a region of a new group has a new name")
            pc.destroy()
        self.wait_none()
        self.assertEqual(agent.settle()["regions"], [])

    def test_projects_stay_apart(self):
        """Same flavor, same group name, another project: another region, of which neither sees the other's. No region has anything
        of a former one in it."""
        agent = self.start_agent()
        blue, green = self.domain(name="web"), self.domain(name="web", project=GREEN)
        blue.create()
        green.create()
        one, other = self.wait_region(blue), self.wait_region(green)
        self.assertNotEqual(one, other)
        self.assertEqual((blue.mapped(), green.mapped()), ([one], [other]))
        with open(f"{SHM}/{one}", "r+b") as file:
            file.write(b"secret of blue" * 1000)
        blue.destroy()
        self.wait_for(lambda: one not in self.files(), "the region is gone with its last member")
        again = self.domain(project=BLUE)
        again.create()
        region = self.wait_region(again)
        self.assertNotIn(region, (one, other))
        with open(f"{SHM}/{region}", "rb") as file:
            self.assertEqual(file.read(), bytes(4 * MIB))
        plain = self.domain(flavor="ordinary")
        plain.create()
        self.wait_for(lambda: agent.ask("why", instance=plain.uuid)["ok"], "it was looked at")
        agent.settle()
        self.assertEqual(agent.instance(plain)["state"], "apart")
        self.assertEqual(plain.regions(), [])
        self.check_names(agent, again)

    def check_names(self, agent, domain):
        """An instance is found by each of its names; what is not one name is said."""
        for name in (domain.uuid, domain.domain, domain.name):
            self.assertEqual(agent.ask("why", instance=name)["instance"]["uuid"], domain.uuid)
        twin = self.domain(name=domain.name, project=GREEN).create()
        self.wait_region(twin)
        self.assertIn("several instances", agent.ask("why", instance=domain.name)["error"])
        self.assertIn("no instance", agent.ask("why", instance="nobody")["error"])
        result = self.weiss("agent", "why", domain.domain)
        self.assert_done(result)
        self.assertIn("attached", result.stdout)

    def test_agent_and_libvirtd_restarted(self):
        agent = self.start_agent()
        one = self.domain().create()
        region = self.wait_region(one)
        for number in (signal.SIGTERM, signal.SIGKILL):
            agent.stop(number)
            self.assertEqual((self.files(), one.regions()), ([region], [region]), "all stays as it is")
            two = self.domain().create()
            agent.start()
            self.assertEqual(self.wait_region(two), region)
            self.assertEqual(agent.settle()["regions"][0]["members"], 2)
            two.destroy()
        agent.stop(signal.SIGKILL)
        with open(f"{SHM}/weiss-agent-00000000deadbeef", "wb") as file:
            file.write(b"left by an agent that was killed")
        with open(f"{SHM}/somebody-else", "wb") as file:
            file.write(b"not ours")
        one.again()
        agent.start()
        self.assertIn(self.wait_region(one), self.files())
        agent.settle()
        self.assertEqual(sorted([one.regions()[0], "somebody-else"]), self.files(), "what nobody knows is removed, what is not ours stays")
        self.daemon.stop()
        self.wait_for(lambda: not agent.status()["agent"]["connected"], "the agent sees that libvirtd is gone")
        self.assertEqual(self.files(), sorted([one.regions()[0], "somebody-else"]) if one.regions() else self.files())
        self.daemon.start()
        self.wait_for(lambda: agent.status()["agent"]["connected"], "the agent finds libvirtd again")
        three = self.domain().create()
        self.assertEqual(self.wait_region(three), self.wait_region(one))

    def test_save_and_restore(self):
        """libvirt refuses to save a domain with the device; released it can be saved, and gets the device when it is restored."""
        agent = self.start_agent()
        one, two = self.domain().create(), self.domain().create()
        region = self.wait_region(one)
        self.wait_region(two)
        saved = self.path("saved")
        one.virsh("save", saved, code=1)
        # The BIOS answers no request for hot unplug; a reset carries it out, as it does with a guest that is not booted.
        with subprocess.Popen([harness.WEISS, "agent", "release", one.domain], stderr=subprocess.PIPE) as release:
            self.wait_for(lambda: agent.instance(one)["state"] == "leaves", "it was asked")
            self.assertEqual(agent.instance(two)["state"], "attached")
            one.virsh("reset")
            self.assertEqual(release.wait(30), 0, agent.said())
            release.stderr.read()
        self.assertEqual(one.regions(), [])
        self.assertEqual(agent.instance(one)["state"], "released")
        for number in (signal.SIGTERM, signal.SIGKILL):  # in the middle of a migration, say
            agent.stop(number)
            agent.start()
            agent.settle()
            self.assertEqual((agent.instance(one)["state"], one.regions()), ("released", []))
        self.assert_done(self.weiss("agent", "share", one.domain))
        self.assertEqual(self.wait_region(one), region)
        agent_release = subprocess.Popen([harness.WEISS, "agent", "release", one.uuid])
        self.wait_for(lambda: agent.instance(one)["state"] == "leaves", "it was asked")
        one.virsh("reset")
        self.assertEqual(agent_release.wait(30), 0)
        one.virsh("save", saved)
        virsh("restore", saved)
        self.assertEqual(self.wait_region(one), region)
        self.assertEqual(agent.events("started")[-1]["how"], "restored")

    def test_room(self):
        """A full /dev/shm, and the limit of the agent: an instance goes on without, its trouble is told, and ends when room comes."""
        agent = self.start_agent("total = 8 MiB")
        first = self.domain().create()
        self.wait_region(first)
        libvirts.mount("-o", "remount,size=6m", SHM)
        self.addCleanup(libvirts.mount, "-o", "remount,size=50%", SHM)
        second = self.domain(project=GREEN).create()
        self.wait_for(lambda: agent.ask("why", instance=second.uuid).get("ok") and self.trouble(agent), "the lack of room is told")
        self.assertIn("4", self.trouble(agent))
        self.assertEqual((agent.instance(second)["state"], second.virsh("domstate").strip()), ("waits", "running"))
        self.assertEqual(len(self.files()), 1, "nothing half made is left")
        first.destroy()
        self.wait_region(second, 5)
        libvirts.mount("-o", "remount,size=50%", SHM)
        first.create()
        self.wait_region(first)
        third = self.domain(project="c" * 32).create()
        self.wait_for(lambda: agent.ask("why", instance=third.uuid).get("ok") and "[share] total" in self.trouble(agent),
                      "the limit is told")
        self.assertIn("[share] total", self.weiss("agent", "status").stdout)
        second.destroy()
        self.wait_region(third, 5)

    def trouble(self, agent):
        status = agent.status()
        return " ".join(one["trouble"] for one in status["instances"] + status["regions"])

    def test_foreign_hands(self):
        """A file that was removed or changed under the agent is given to nobody; devices of others are left alone."""
        agent = self.start_agent()
        one = self.domain().create()
        region = self.wait_region(one)
        os.unlink(f"{SHM}/{region}")
        two = self.domain().create()
        self.assertNotEqual(self.wait_region(two), region)
        self.assertEqual(len(agent.events("lost")), 1)
        self.assertNotIn(region, self.files(), "QEMU was not asked to make it")
        one.virsh("reset")  # what the BIOS does not give up, this takes
        self.wait_for(lambda: one.regions() == two.regions(), "the first one follows")
        os.chmod(f"{SHM}/{two.regions()[0]}", 0o666)
        three = self.domain().create()
        self.assertNotEqual(self.wait_region(three), two.regions()[0])
        self.assert_region(three.regions()[0])
        many = "".join(f"<shmem name='other{i}'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>" for i in range(9))
        four = self.domain(more=many).create()
        self.wait_for(lambda: agent.ask("why", instance=four.uuid).get("ok"), "it was looked at")
        agent.settle()
        self.assertEqual(agent.instance(four)["state"], "apart")
        self.assertIn("shmem", agent.instance(four)["why"] + agent.events("unreadable")[-1]["error"])
        five = self.domain(project="../../etc").create()
        self.wait_for(lambda: agent.ask("why", instance=five.uuid).get("ok"), "it was looked at")
        self.assertEqual(agent.instance(five)["state"], "apart")

    def test_own_metadata(self):
        """A domain that Nova did not make asks by an element of metadata, also while it runs; one of Nova's cannot."""
        agent = self.start_agent()
        one = self.domain(own='group="lab" size="8 MiB"').create()
        region = self.wait_region(one)
        self.assertEqual(os.stat(f"{SHM}/{region}").st_size, 8 * MIB)
        two = self.domain(own='group=""')
        two.metadata = ""
        two.create()
        agent.settle()
        self.assertEqual(two.regions(), [])
        virsh("metadata", two.domain, "https://weiss.invalid/agent/1", "--key", "weiss", "--set", '<share group="lab"/>', "--live")
        self.assertEqual(self.wait_region(two), region)

    def test_dry_run_and_settings(self):
        agent = self.start_agent(words=["--dry-run"])
        one = self.domain(machine="q35").create()
        self.wait_for(lambda: agent.events("would-attach"), "it is told what would be attached")
        self.assertIn("ivshmem-plain", agent.said())
        self.assertEqual((self.files(), one.regions()), ([], []))
        agent.stop()
        agent.words = ()
        agent.set("flavors = other.*")
        agent.start()
        agent.settle()
        self.assertEqual(agent.instance(one)["state"], "apart")
        agent.set("flavor = mpi.*")
        agent.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: agent.events("not-reloaded"), "a wrong file is told")
        self.assertIn("did you mean", agent.events("not-reloaded")[0]["error"])
        self.assertEqual(agent.instance(one)["state"], "apart")
        agent.set("")
        agent.process.send_signal(signal.SIGHUP)
        self.wait_region(one)

    def test_who_may_ask(self):
        agent = self.start_agent()
        self.assertEqual(stat.S_IMODE(os.stat(RUN + "/control").st_mode), 0o600)
        bad = self.domain(name="\x7f\u009b31mred\u202e")
        bad.create()
        self.wait_region(bad)
        shown = self.weiss("agent", "status").stdout
        self.assertNotIn("\x7f", shown)
        self.assertNotIn("\u009b", shown)
        os.chmod(RUN + "/control", 0o666)  # what the mode does not refuse, the agent does
        self.assertEqual(stat.S_IMODE(os.stat(RUN).st_mode), 0o755)
        tried = subprocess.run(["python3", "-c", "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/weiss-agent/control');"
                                "s.sendall(b'{\"command\": \"status\"}\\n'); print(s.recv(100))"],
                               user=libvirts.USER, group=libvirts.USER, extra_groups=[], capture_output=True, text=True, check=False)
        self.assertTrue(tried.stdout in ("b''\n", "") and "ok" not in tried.stdout, tried.stdout)
        self.wait_for(lambda: agent.events("refused"), "it is told")
        second = subprocess.run([agents.AGENTD, "--config", agent.config], capture_output=True, text=True, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another weiss-agentd runs", second.stderr)
        for line in (b"\n", b"{}\n", b"[1]\n", b'{"command": 3}\n', b"x" * 5000, b'{"command": "why"}\n', b'{"command": "why", "instance": []}\n'):
            self.assertIn(b'"ok":false', self.raw(line))
        self.assertTrue(agent.status()["ok"])

    def raw(self, line):
        import socket
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.connect(RUN + "/control")
            s.sendall(line)
            return s.recv(4096)

    def test_doorbell(self):
        """The same with doorbells, whose server is started for it and outlives the agent."""
        agent = self.start_agent("device = doorbell\nvectors = 2")
        one, two = self.domain().create(), self.domain(machine="q35").create()
        region = self.wait_region(one)
        self.assertEqual(self.wait_region(two), region)
        self.assertIn("ivshmem-doorbell", one.virsh("dumpxml"))
        agent.stop(signal.SIGKILL)
        agent.start()
        agent.settle()
        self.assertEqual((one.regions(), two.regions()), ([region], [region]))
        three = self.domain().create()
        self.assertEqual(self.wait_region(three), region)
        for domain in (one, two, three):
            domain.destroy()
        self.wait_for(lambda: not os.path.exists(RUN + "/doorbell/control"), "the server has nothing left to serve, and ends")

    def test_api_away(self):
        """Nobody answers where the API should be: the domain alone decides, and the reasons say so."""
        self.write("secret", "not a secret\n")
        os.chmod(self.path("secret"), 0o600)
        agent = self.start_agent("[share]\nflavors = mpi.*\nsize = 4 MiB\n[openstack]\nauth_url = http://127.0.0.1:9/v3\n"
                                 f"credential_id = x\ncredential_secret_file = {self.path('secret')}\n")
        one = self.domain().create()
        self.wait_region(one, 10)
        why = agent.instance(one)["why"]
        self.assertIn("The API did not answer", why)
        self.assertIn("127.0.0.1:9", agent.status()["agent"]["api_trouble"])
        self.assertTrue(agent.events("api-away"))
        self.assertNotIn("not a secret", agent.said())

    def test_time(self):
        """Time from libvirt's STARTED to the device that is seen in the domain, by libvirt's own events."""
        self.start_agent()
        events = tempfile.NamedTemporaryFile("w+", suffix=".events")
        watch = subprocess.Popen(["virsh", "-c", "qemu:///system", "event", "--all", "--loop", "--timestamp"], stdout=events)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.terminate)
        one = self.domain()
        time.sleep(0.5)
        for _ in range(12):
            one.create()
            self.wait_region(one)
            one.destroy()
        took = self.times(events.name)
        self.assertEqual(len(took), 12)
        took.sort()
        print(f"attached after STARTED: median {statistics.median(took):.0f} ms, 90 % {took[10]:.0f} ms, most {took[11]:.0f} ms, of {len(took)}")
        self.assertLess(statistics.median(took), 200)

    def times(self, path):
        """ms between the events of a domain's start and of its new device."""
        took, started = [], None
        with open(path, encoding="utf-8") as file:
            for line in file:
                when, _, what = line.partition(": ")
                seconds = sum(float(part) * 60 ** i for i, part in enumerate(reversed(when.split()[1].split("+")[0].split(":")))) \
                    if what else 0
                if "Started" in what:
                    started = seconds
                elif "'device-added'" in what and started is not None:
                    took.append(1000 * (seconds - started))
                    started = None
        return took


if __name__ == "__main__":
    agents.main()
