"""The guest driver and the paths of a device in virtual machines: Debian's own kernel, an initramfs of busybox, and pairs of
machines that ring each other. Emulated, so that it needs no KVM.

usage: guest.py SOURCE_ROOT PROBE [unittest arguments]

The environment variable IVSHMEMD names the region server."""
import json
import mmap
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

ROOT, PROBE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
QEMU = "qemu-system-x86_64"
SIZE = 4 << 20
VECTORS = 2
PATIENCE = 240  # s for all that one pair of machines does

CARD = "0000:00:05.0"
PLAIN = "0000:00:06.0"
VFIO = ["irqbypass", "vfio", "vfio_virqfd", "vfio_iommu_type1", "vfio-pci-core", "vfio-pci"]

INIT = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t debugfs debugfs /sys/kernel/debug
exec </dev/console >/dev/console 2>&1
uio_names() { for u in /sys/class/uio/uio*; do
    [ -e $u ] && echo "RESULT uio $(cat $u/name) $(basename $(readlink -f $u/device))"; done | sort; }
user() { chmod 666 /dev/uio*; }
. /scenario
echo "RESULT end"
poweroff -f
"""


def skip(reason):
    print(reason)
    sys.exit(77)


def tool(name, *arguments):
    """Output of one of the project's tools. One that cannot have what it needs makes the whole test skip."""
    result = subprocess.run([os.path.join(ROOT, "tools", name), *arguments], capture_output=True, text=True, check=False)
    if result.returncode == 77:
        skip(result.stderr.strip())
    if result.returncode != 0:
        sys.exit(f"{name} failed:\n{result.stderr}")
    return result.stdout.strip()


class Image:
    """The kernel, its modules and ours."""

    def __init__(self, directory):
        self.directory = directory
        self.kernel = tool("guest-kernel")
        tool("build-guest-module", self.kernel, directory)
        with open(os.path.join(self.kernel, "release"), encoding="utf-8") as file:
            self.release = file.read().strip()

    def module(self, name):
        for top, _, names in os.walk(os.path.join(self.kernel, "tree/lib/modules", self.release)):
            if name + ".ko" in names:
                return os.path.join(top, name + ".ko")
        raise FileNotFoundError(name)

    def initramfs(self, name, scenario, modules):
        top = os.path.join(self.directory, name)
        os.makedirs(os.path.join(top, "bin"))
        shutil.copy(shutil.which("busybox"), os.path.join(top, "bin/busybox"))
        shutil.copy(PROBE, os.path.join(top, "bin/probe"))
        shutil.copy(os.path.join(self.directory, "weiss_ivshmem.ko"), top)
        for module in modules:
            shutil.copy(self.module(module), top)
        for file, text in (("init", INIT), ("scenario", scenario)):
            with open(os.path.join(top, file), "w", encoding="utf-8") as out:
                out.write(text)
        os.chmod(os.path.join(top, "init"), stat.S_IRWXU)
        names = subprocess.run(["find", "."], cwd=top, capture_output=True, check=True).stdout
        with open(top + ".cpio", "wb") as out:
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=top, input=names, stdout=out, check=True)
        return top + ".cpio"


class Server:
    """The region server with one group. `memory` is its region."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "server")
        handle, file = tempfile.mkstemp(prefix="weiss-guest-", dir="/dev/shm")
        os.close(handle)
        os.unlink(file)
        group = f"guests,bytes={SIZE},vectors={VECTORS},memory=shm,file={file},socket={self.path}"
        self.process = subprocess.Popen([os.environ["IVSHMEMD"], "--run-directory", directory, "--group", group])
        end = time.monotonic() + 30
        while not os.path.exists(self.path):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError("the region server does not start")
            time.sleep(0.01)
        with open(file, "r+b") as region:
            self.memory = mmap.mmap(region.fileno(), SIZE)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Machine:
    """A virtual machine that runs a scenario and then switches itself off."""

    def __init__(self, image, name, scenario, server, modules, iommu=False, extra=()):
        self.console = os.path.join(image.directory, name + ".console")
        self.control = os.path.join(image.directory, name + ".control")
        command = [QEMU, "-accel", "tcg", "-cpu", "max,-erms,-fsrm", "-m", "256", "-nodefaults", "-display", "none",
                   "-no-reboot", "-serial", "file:" + self.console, "-qmp", f"unix:{self.control},server,nowait",
                   "-kernel", os.path.join(image.kernel, "vmlinuz"),
                   "-initrd", image.initramfs(name, scenario, modules),
                   # An emulated timer is late on a busy host, and the kernel would take it for a broken one.
                   "-append", "console=ttyS0 quiet panic=-1 no_timer_check" + (" intel_iommu=on iommu=pt" if iommu else ""),
                   "-machine", "q35,kernel-irqchip=split" if iommu else "q35",
                   "-chardev", "socket,id=server,path=" + server,
                   "-device", f"ivshmem-doorbell,chardev=server,vectors={VECTORS},addr=5", *extra]
        if iommu:
            command += ["-device", "intel-iommu,intremap=on"]
        with open(os.path.join(image.directory, name + ".qemu"), "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def output(self):
        try:
            with open(self.console, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def results(self):
        return re.findall(r"^RESULT (.*?)\r?$", self.output(), re.M)

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE
        while not any(line.startswith(text) for line in self.results()):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"no result \"{text}\":\n{self.output()}")
            time.sleep(0.05)

    def monitor(self, command):
        """Answer of QEMU's monitor."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.connect(self.control)
            with channel.makefile("rw") as lines:
                lines.readline()
                for request in ({"execute": "qmp_capabilities"},
                                {"execute": "human-monitor-command", "arguments": {"command-line": command}}):
                    lines.write(json.dumps(request) + "\n")
                    lines.flush()
                    answer = json.loads(lines.readline())
                    while "return" not in answer:
                        answer = json.loads(lines.readline())
                return answer["return"]

    def wake(self):
        """Waits until the guest has suspended itself, and wakes it."""
        end = time.monotonic() + PATIENCE
        while "suspended" not in self.monitor("info status"):
            if time.monotonic() > end:
                raise AssertionError(f"the guest does not sleep:\n{self.output()}")
            time.sleep(0.05)
        self.monitor("system_wakeup")

    def finish(self):
        """Waits until the scenario is over. @return its results"""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"the guest does not end:\n{self.output()}") from error
        if "end" not in self.results():
            raise AssertionError(f"the guest ended early:\n{self.output()}")
        return self.results()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Guests(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="weiss-guest-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.image = Image(self.directory)
        self.server = Server(self.directory)
        self.addCleanup(self.server.stop)

    def start(self, name, scenario, **settings):
        machine = Machine(self.image, name, scenario, self.server.path, **settings)
        self.addCleanup(lambda: print(f"-- console of {name}:\n{machine.output()}", flush=True))
        self.addCleanup(machine.stop)
        return machine

    def page_flags(self, machine):
        """Flags of the page table entries of the process that holds the region, which are those below 128 TiB."""
        base = int(re.search(r"BAR2: 64 bit prefetchable memory at 0x([0-9a-f]+)", self.card(machine)).group(1), 16)
        flags = {}
        for virtual, physical, bits in re.findall(r"^([0-9a-f]{16}): ([0-9a-f]{16}) (\S+)", machine.monitor("info tlb"),
                                                  re.M):
            if int(virtual, 16) < 1 << 47 and base <= int(physical, 16) < base + SIZE:
                flags[int(physical, 16) - base] = bits
        return flags

    def release(self, role):
        """Lets the process that holds the region go on."""
        self.server.memory[(3 + role) * 4096] = 1

    @staticmethod
    def card(machine):
        """What QEMU says about the device in slot 5."""
        return re.search(r"Bus  0, device   5, function 0:.*?(?=\n  Bus|\Z)", machine.monitor("info pci"), re.S).group(0)

    def assert_cached(self, machine, cached):
        flags = self.page_flags(machine)
        self.assertEqual(len(flags), SIZE // 4096)
        for bits in flags.values():  # in QEMU's order: XGPDACTUW
            self.assertEqual("C" not in bits and "T" not in bits, cached, bits)

    def value(self, results, start, name):
        """Value of NAME=VALUE in the result that starts with some text."""
        lines = [line for line in results if line.startswith(start)]
        self.assertTrue(lines, f"no \"{start}\" in {results}")
        return re.search(rf"\b{name}=(\S+)", lines[0]).group(1)

    def test_module(self):
        first = self.start("first", f"""\
insmod /uio.ko
insmod /weiss_ivshmem.ko || echo "RESULT failed: the module does not load"
uio_names
probe open auto
probe open {PLAIN}
probe hold 0 {CARD}
probe wait 0 1 auto
probe pair 0 2 200 auto
probe share 4 auto
( probe pair 0 3 2 auto >/tmp.txt ) &
sleep 2
rmmod weiss_ivshmem 2>/dev/null && echo "RESULT rmmod in use: done" || echo "RESULT rmmod in use: refused"
wait
cat /tmp.txt
probe unbind /sys/bus/pci/drivers/weiss_ivshmem/unbind {CARD} {CARD}
grep -c weiss-ivshmem: /proc/interrupts | sed 's/^/RESULT interrupts while unbound: /'
echo {CARD} >/sys/bus/pci/drivers/weiss_ivshmem/bind
probe open {CARD} | sed 's/open/again/'
probe share 2 {CARD} | sed 's/share/rebound/'
( probe wait 0 4 auto >/tmp.txt ) &
sleep 1
echo "RESULT sleeping"
echo mem >/sys/power/state && echo "RESULT awake"
wait
cat /tmp.txt
rmmod weiss_ivshmem && echo "RESULT rmmod idle: done"
uio_names
grep -c weiss /proc/iomem | sed 's/^/RESULT resources left: /'
echo 1 >/sys/bus/pci/devices/{CARD}/remove
echo 1 >/sys/bus/pci/devices/{PLAIN}/remove
insmod /weiss_ivshmem.ko && echo "RESULT without a device: loaded"
probe refuse auto
dmesg | grep -E "BUG|WARNING|Oops|Call Trace|x86/PAT.*conflict" | sed 's/^/RESULT kernel: /'
""", modules=["uio"], extra=[
            "-object", "memory-backend-ram,id=plain,size=1M,share=on", "-device", "ivshmem-plain,memdev=plain,addr=6"])
        second = self.start("second", """\
probe open auto
probe hold 1 auto
probe ring 1 1 auto
insmod /uio.ko
insmod /weiss_ivshmem.ko
probe pair 1 2 200 auto
probe hold 1 auto
probe pair 1 3 2 auto
probe hold 1 auto
probe ring 1 4 auto
""", modules=["uio"])
        first.wait_for("hold")
        self.assert_cached(first, True)
        self.release(0)
        second.wait_for("hold")
        self.assert_cached(second, False)
        self.release(1)
        first.wait_for("rmmod in use")
        self.release(1)
        first.wait_for("sleeping")
        first.wake()
        first.wait_for("awake")
        self.release(1)
        results, others = first.finish(), second.finish()
        for line in (f"uio weiss-ivshmem {PLAIN}", f"uio weiss-ivshmem:0 {CARD}", f"uio weiss-ivshmem:1 {CARD}",
                     "rmmod in use: refused", "rmmod idle: done", "without a device: loaded",
                     "unbind read=Input/output error signal=7 child=7", "interrupts while unbound: 0", "resources left: 0"):
            self.assertEqual(results.count(line), 1, line)
        self.assertEqual(results.count("wait rung"), 2)  # the second time after it has slept
        card, plain = f"open {CARD} by module", f"open {PLAIN} by module"
        self.assertEqual(self.value(results, card, "bytes"), str(SIZE))
        self.assertEqual(self.value(results, card, "vectors"), str(VECTORS))
        self.assertEqual(self.value(results, card, "slow"), "0")
        self.assertEqual({self.value(results, card, "peer"), self.value(others, "open", "peer")}, {"0", "1"})
        self.assertEqual(self.value(results, plain, "vectors"), "0")
        self.assertEqual(self.value(results, plain, "peer"), "-1")
        self.assertEqual(self.value(others, "open", "how"), "sysfs")
        self.assertEqual(self.value(results, "again", "how"), "module")
        self.assertEqual(self.value(results, "pair", "rounds"), "200")
        self.assertRegex("\n".join(results), r"(?m)^share 0 1 [01] [01]$")
        self.assertRegex("\n".join(results), r"(?m)^rebound 0 1$")
        self.assertRegex("\n".join(results), r"(?m)^refuse code=-12 .*no ivshmem device")
        for line in results + others:
            self.assertFalse(line.startswith(("failed", "kernel")), line)

    def test_vfio(self):
        scenario = f"""\
for name in {' '.join(VFIO)}; do insmod /$name.ko; done
echo vfio-pci >/sys/bus/pci/devices/{CARD}/driver_override
echo {CARD} >/sys/bus/pci/drivers/vfio-pci/bind
probe open auto
probe pair ROLE 1 200 auto
probe pair ROLE 2 10 {CARD}
probe twice auto
"""
        machines = [self.start(f"guest{role}", scenario.replace("ROLE", str(role)), iommu=True, modules=VFIO)
                    for role in range(2)]
        for machine in machines:
            results = machine.finish()
            self.assertEqual(self.value(results, "open", "how"), "vfio")
            self.assertEqual(self.value(results, "open", "vectors"), str(VECTORS))
            self.assertEqual(self.value(results, "pair", "rounds"), "200")
            self.assertEqual(sum(line.startswith("pair") for line in results), 2)
            refusal = [line for line in results if line.startswith("refuse code=-12")]
            self.assertEqual(len(refusal), 1, results)
            self.assertIn("another process has opened /dev/vfio/", refusal[0])
            self.assertIn("By sysfs:", refusal[0])


if __name__ == "__main__":
    for program in (QEMU, "busybox", "cpio", "gcc-12", "make"):
        if shutil.which(program) is None:
            skip(f"{program} is missing: the tests in virtual machines need it (tools/packages.txt)")
    tool("guest-kernel")  # while skipping is still possible
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
