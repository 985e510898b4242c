"""The agent against a model: random events in the lives of 50 domains, 1,000 in all, and after each burst the agent's state, libvirt's
domains and the files must be what the model says. At the end nothing has leaked.

agent-long.py [EVENTS [SEED]]"""
import concurrent.futures
import os
import random
import signal
import sys
import time

import agents
from agents import BLUE, GREEN, RUN, SHM
from libvirts import virsh

EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 20261124
DOMAINS, RUNNING = 50, 12
BURST = 20
AFTER_WARMING = 0.4
PROJECTS = (BLUE, GREEN, "c" * 32, "d" * 32)


class Life:
    """A domain, and what the model says of it."""

    def __init__(self, number, domain):
        self.number, self.domain = number, domain
        self.runs = self.released = self.defined = False
        self.group = None

    def expected(self):
        """Key of the group whose region it has; None: none."""
        return self.group if self.runs and not self.released else None


class Long(agents.Case):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.done = self.given_up = 0
        self.lives = [self.make(i) for i in range(DOMAINS)]

    def make(self, number):
        machine = "q35" if number % 3 == 0 else "pc"
        if number % 10 == 9:
            life = Life(number, self.domain(own=f'group="local{number % 20}"', machine=machine))
            life.group = f"local{number % 20}"
        elif number % 10 == 8:
            life = Life(number, self.domain(flavor="ordinary", project=PROJECTS[number % 4], machine=machine))
        else:
            life = Life(number, self.domain(project=PROJECTS[number % 4], machine=machine))
            life.group = PROJECTS[number % 4]
        return life

    def event(self, life, what):
        """One event, in a thread: nothing else happens to this domain meanwhile."""
        try:
            self.happen(life, what)
        except AssertionError:
            self.explain(life)

    def explain(self, life):
        """libvirt gives up a domain now and then when it is restarted under load. It is counted, and told with libvirt's reason; what
        else fails is an error of the test."""
        domain = life.domain
        if domain.domain in virsh("list", "--name").split():
            raise
        with open(f"/var/log/libvirt/qemu/{domain.domain}.log", encoding="utf-8", errors="replace") as file:
            print(f"{domain.domain} was ended by libvirt: {file.read().splitlines()[-1]}", flush=True)
        self.given_up += 1
        if life.defined:
            virsh("undefine", domain.domain, code=None)
        life.runs = life.released = life.defined = False

    def happen(self, life, what):
        domain = life.domain
        if what == "start":
            if life.number % 2:
                domain.create()
            else:
                domain.create("define")
                domain.virsh("start")
                life.defined = True
            life.runs, life.released = True, False
        elif what == "destroy":
            domain.destroy()
            if life.defined:
                domain.virsh("undefine")
                life.defined = False
            life.runs = life.released = False
        elif what == "again":
            domain.destroy()
            domain.create() if not life.defined else domain.virsh("start")
            life.released = False
        elif what == "pause":
            domain.virsh("suspend")
            domain.virsh("resume")
        elif what == "reset":
            domain.virsh("reset")
        elif what == "kill":
            os.kill(domain.pid(), signal.SIGKILL)
            self.wait_for(lambda: domain.domain not in virsh("list", "--name").split(), f"{domain.domain} is gone")
            if life.defined:
                domain.virsh("undefine")
                life.defined = False
            life.runs = life.released = False

    def choose(self, running):
        """An event that can be, so that about RUNNING domains run."""
        if not running or (len(running) < RUNNING and self.random.random() < 0.5):
            return None, "start"
        what = self.random.choice(("destroy", "again", "again", "pause", "reset", "kill"))
        return self.random.choice(running), what

    def burst(self, pool):
        busy, tasks = set(), []
        running = [life for life in self.lives if life.runs]
        for _ in range(BURST):
            life, what = self.choose([life for life in running if life not in busy])
            if life is None:
                life = self.random.choice([one for one in self.lives if not one.runs and one not in busy])
            busy.add(life)
            tasks.append(pool.submit(self.event, life, what))
        for task in tasks:
            task.result()
        self.done += len(tasks)

    def release_some(self):
        """The BIOS gives nothing up when it is asked; a reset carries it out."""
        running = [life for life in self.lives if life.runs and life.group and not life.released]
        for life in self.random.sample(running, min(2, len(running))):
            life.released = True
            self.done += 1
            with concurrent.futures.ThreadPoolExecutor(1) as asker:
                answer = asker.submit(self.agent.ask, "release", instance=life.domain.uuid)
                self.wait_for(lambda: answer.done() or self.agent.instance(life.domain)["state"] == "leaves", "it was asked")
                life.domain.virsh("reset")
                self.assertTrue(answer.result()["ok"], answer.result())
        for life in self.lives:
            if life.released and self.random.random() < 0.3:
                self.agent.ask("share", instance=life.domain.uuid)
                life.released = False
                self.done += 1

    def trouble_them(self, early):
        """The agent or libvirtd is restarted."""
        kind = self.random.random()
        if early and kind < 0.15:
            self.agent.stop(signal.SIGKILL if self.random.random() < 0.5 else signal.SIGTERM)
            return "agent"
        if kind < 0.22:
            self.daemon.stop()
            self.daemon.start()
            self.done += 1
        elif kind < 0.3:
            self.agent.process.send_signal(signal.SIGHUP)
            self.done += 1
        return ""

    def compare(self):
        """What the agent says, what libvirt says, what is in /dev/shm, what the model says."""
        wanted = {life.domain.uuid: life.expected() for life in self.lives if life.runs}
        end = time.monotonic() + 90
        while True:
            status = self.agent.settle(90)
            wrong = self.difference(status, wanted)
            if not wrong:
                return
            if time.monotonic() > end:
                raise AssertionError(f"after {self.done} events: {wrong}\n" + self.history(wrong))
            time.sleep(0.2)

    def difference(self, status, wanted):
        """The first thing that is not as it should be; "" when all is."""
        seen = {one["uuid"]: one for one in status["instances"]}
        if set(seen) != set(wanted):
            return f"differ in the instances {sorted(set(seen) ^ set(wanted))}"
        regions = {}
        for life in self.lives:
            if not life.runs:
                continue
            group, has = wanted[life.domain.uuid], seen[life.domain.uuid]["region"]
            if life.domain.regions() != ([has] if has else []):
                return f"{life.domain.domain} has {life.domain.regions()}, the agent says {has!r}"
            if bool(group) != bool(has):
                return f"{life.domain.domain} is {seen[life.domain.uuid]}, expected group {group}"
            if group and regions.setdefault(group, has) != has:
                return f"{life.domain.domain} has {has}, others of its group have {regions[group]}"
        if len(set(regions.values())) != len(regions):
            return f"one region for several groups: {regions}"
        if self.files() != sorted(regions.values()) or sorted(one["name"] for one in status["regions"]) != self.files():
            return f"files {self.files()}, expected {sorted(regions.values())}, the agent has {status['regions']}"
        return ""

    def history(self, wrong):
        """What the log says of the instances that a text names."""
        names = [life for life in self.lives if life.domain.uuid in wrong or life.domain.domain in wrong]
        return "\n".join(line[:300] for line in self.agent.said().splitlines()
                         if any(life.domain.uuid in line for life in names) or "connected" in line)[-20000:]

    def size(self):
        """KiB of memory and number of descriptors of the agent."""
        with open(f"/proc/{self.agent.process.pid}/smaps_rollup", encoding="utf-8") as file:
            memory = next(int(line.split()[1]) for line in file if line.startswith("Private_Dirty:"))
        return memory, len(os.listdir(f"/proc/{self.agent.process.pid}/fd"))

    def test_random_lives(self):
        print(f"{EVENTS} events, seed {SEED}", flush=True)
        self.start_agent("total = 1 GiB")
        before = None
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            while self.done < EVENTS:
                early = self.done < AFTER_WARMING * EVENTS
                what = self.trouble_them(early)
                self.burst(pool)
                if what == "agent":
                    self.agent.start()
                    self.done += 1
                self.compare()
                self.release_some()
                self.compare()
                if before is None and not early:
                    before = self.size()
                print(f"{self.done} events, {sum(life.runs for life in self.lives)} run, agent {self.size()}", flush=True)
            after = self.size()
        print(f"memory of the agent: {before[0]} KiB after {AFTER_WARMING:.0%} of the events, {after[0]} KiB at the end; "
              f"descriptors {before[1]} and {after[1]}")
        print(f"domains that libvirt gave up: {self.given_up}")
        self.assertLessEqual(self.given_up, 0.01 * self.done)
        print(f"ends that libvirt did not tell: {len(self.agent.events('ended-unseen'))}")
        self.assertEqual(before[1], after[1])
        self.assertLess(after[0], 1.1 * before[0] + 256)
        for life in self.lives:
            if life.runs:
                life.domain.destroy()
        self.wait_none()
        status = self.agent.settle()
        self.assertEqual((status["instances"], status["regions"]), ([], []))
        self.agent.stop()
        self.assertLessEqual(set(os.listdir(RUN)), {"facts.json", "lock", "regions.json", "released.json"})
        self.assertEqual(os.listdir(SHM), [])


if __name__ == "__main__":
    # libvirts.enter() starts this again with all words; those of the test are not unittest's.
    agents.main([sys.argv[0]])
