"""What the tests of the agent share: tiny domains with the metadata that Nova writes, and a weiss-agentd of the test's own."""
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import uuid

import libvirts
from labs import harness
from libvirts import virsh

AGENTD = os.path.join(os.environ["WEISS_BUILD_ROOT"], "weiss-agentd")
RUN = "/run/weiss-agent"
SHM = "/dev/shm"
MIB = 1 << 20
BLUE, GREEN = "b" * 32, "a0" * 16
NOVA = """<nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
<nova:package version="26.2.2"/><nova:name>{name}</nova:name><nova:creationTime>2026-11-22 07:52:12</nova:creationTime>
<nova:flavor name="{flavor}"><nova:memory>16</nova:memory><nova:disk>0</nova:disk><nova:swap>0</nova:swap>
<nova:ephemeral>0</nova:ephemeral><nova:vcpus>1</nova:vcpus></nova:flavor>
<nova:owner><nova:user uuid="3382484b6aac4ff9b52dd894bd2ae868">somebody</nova:user>
<nova:project uuid="{project}">project</nova:project></nova:owner></nova:instance>"""
OWN = '<weiss:share xmlns:weiss="https://weiss.invalid/agent/1" {words}/>'
DOMAIN = """<domain type='qemu'><name>{domain}</name><uuid>{uuid}</uuid><metadata>{metadata}</metadata>
<memory unit='MiB'>16</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='{machine}'>hvm</type></os>
<features><acpi/></features><cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>
<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' index='0' model='none'/>
{devices}<memballoon model='none'/></devices></domain>"""
PORTS = "".join(f"<controller type='pci' model='pcie-root-port' index='{i}'/>" for i in range(1, 5))


class Domain:
    """A domain, as Nova or somebody else has described it."""
    count = 0

    def __init__(self, project=BLUE, flavor="mpi.small", machine="pc", name=None, own=None, more=""):
        Domain.count += 1
        self.uuid = str(uuid.uuid4())
        self.domain = f"instance-{Domain.count:08x}"
        self.name = name or f"server {Domain.count}"
        self.metadata = OWN.format(words=own) if own is not None else NOVA.format(name=self.name, flavor=flavor, project=project)
        self.machine = machine
        self.more = more

    def xml(self):
        return DOMAIN.format(domain=self.domain, uuid=self.uuid, metadata=self.metadata, machine=self.machine,
                             devices=(PORTS if self.machine == "q35" else "") + self.more)

    def virsh(self, command, *words, code=0):
        return virsh(command, self.domain, *words, code=code)

    def create(self, command="create"):
        """As a transient domain, or defined."""
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(self.xml())
            file.flush()
            virsh(command, file.name)
        return self

    def destroy(self):
        self.virsh("destroy")

    def again(self):
        """What Nova's soft and hard reboot are to libvirt: the end, and a start from XML that is made anew."""
        self.destroy()
        self.create()

    def pid(self):
        with open(f"/run/libvirt/qemu/{self.domain}.pid", encoding="utf-8") as file:
            return int(file.read())

    def regions(self):
        """Regions of the agent that libvirt says it has."""
        return re.findall(r"<shmem name='(weiss-agent-[^']*)'", self.virsh("dumpxml", code=None))

    def mapped(self):
        """Files of regions that its QEMU has open or mapped."""
        found = set()
        for link in glob.glob(f"/proc/{self.pid()}/fd/*") + glob.glob(f"/proc/{self.pid()}/map_files/*"):
            try:
                found.add(os.readlink(link))
            except OSError:
                pass
        return sorted({os.path.basename(path.removesuffix(" (deleted)")) for path in found if "/weiss-agent-" in path})


class Agent:
    """weiss-agentd. Its log is kept, so that a test can look for an event."""

    def __init__(self, case, config="", words=()):
        self.case = case
        self.config = case.path("agent.conf")
        self.words = words
        self.set(config)
        self.log = open(case.path("agent.log"), "a+", encoding="utf-8")
        self.process = None

    def set(self, config):
        """@param config  lines of [share] beside what they say not; or whole sections"""
        lines = ["flavors = mpi.*", "size = 4 MiB", "total = 512 MiB", "others = yes"]
        given = {line.split("=")[0] for line in config.splitlines()}
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(config if "[" in config else "\n".join(["[share]", *(x for x in lines if x.split("=")[0] not in given), config, ""]))

    def start(self):
        """Comes back when it is ready, as systemd would have it."""
        path = self.case.path("notify")
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.bind(path)
            ready.settimeout(30)
            self.process = subprocess.Popen([AGENTD, "--config", self.config, *self.words], stdin=subprocess.DEVNULL,
                                            stderr=self.log, env={**os.environ, "NOTIFY_SOCKET": path})
            try:
                self.case.assertEqual(ready.recv(100), b"READY=1")
            except TimeoutError:
                raise AssertionError(f"the agent is not ready:\n{self.said()}") from None
        return self

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.case.assertEqual(self.process.wait(30), 0 if number == signal.SIGTERM else -number, self.said())

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        self.log.close()

    def said(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def events(self, name):
        """Lines of the log about an event, as dictionaries."""
        lines = [line for line in self.said().splitlines() if line.startswith(f"event={name} ")]
        return [{key: value.strip('"') for key, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line)} for line in lines]

    def ask(self, command, **more):
        """A question at the control socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(60)
            line.connect(RUN + "/control")
            line.sendall(json.dumps({"command": command, **more}).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = line.recv(65536)
                if not piece:
                    raise AssertionError("no answer")
                answer += piece
        return json.loads(answer)

    def status(self):
        return self.ask("status")

    def settle(self, patience=60):
        """Waits until nothing is on its way, and libvirt's events of the moment are heard of: busy is looked at twice."""
        end = time.monotonic() + patience
        quiet = 0
        while quiet < 3:
            status = self.status()
            quiet = quiet + 1 if status["agent"]["busy"] == 0 else 0
            if time.monotonic() > end:
                raise AssertionError(f"still busy: {json.dumps(status, indent=1)}\n{self.said()}")
            time.sleep(0.03)
        return status

    def instance(self, domain):
        return self.ask("why", instance=domain.uuid)["instance"]


class Case(harness.Case):
    """A libvirtd for all tests of a class; each test leaves it as it was."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = libvirts.Daemon()
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()

    def setUp(self):
        super().setUp()
        self.domains = []
        self.agent = None
        self.addCleanup(self.clean)

    def clean(self):
        for domain in self.domains:
            virsh("destroy", domain.domain, code=None)
            virsh("undefine", domain.domain, "--managed-save", code=None)
        if self.agent is not None:
            self.agent.close()
        for path in glob.glob(SHM + "/*"):
            os.unlink(path)
        shutil.rmtree(RUN, ignore_errors=True)

    def domain(self, *words, **more):
        self.domains.append(Domain(*words, **more))
        return self.domains[-1]

    def start_agent(self, config="", words=()):
        self.agent = Agent(self, config, words).start()
        self.addCleanup(self.tell)
        return self.agent

    def tell(self):
        """The log of a test that failed."""
        outcome = getattr(self, "_outcome", None)
        if outcome is not None and not outcome.success:
            print(self.agent.said()[-6000:])

    def wait_for(self, condition, what, patience=30):
        end = time.monotonic() + patience
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not so in {patience} s: {what}\n{self.agent.said()[-4000:]}")
            time.sleep(0.05)

    def wait_region(self, domain, patience=30):
        """@return the name of the region that a domain is attached to, once it is"""
        return self.wait_for(domain.regions, f"{domain.domain} has a region", patience)[0]

    def wait_none(self, patience=30):
        self.wait_for(lambda: not self.files(), "no region is left", patience)

    def files(self):
        return sorted(os.listdir(SHM))


def main(words=None):
    """@param words  for unittest; None: those of the command line"""
    libvirts.enter(image=False)
    libvirts.furnish()
    unittest.main(argv=words, verbosity=2)
