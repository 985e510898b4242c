"""What the tests of images share: machines that boot from the disk of an image, as a cloud would start them.

Each gets a NoCloud disk with its name, a key and its addresses; two network cards, one to this machine and one to the other
machine; and a shared region. The first has the machine type pc, the second q35."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import labs

BOOT = 1500  # a whole system, emulated, on a busy machine
TYPES = ("pc", "q35")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Machines:
    """Machines that boot from overlays on @p image, in a directory of their own."""

    def __init__(self, image, count=2, region=16 << 20):
        self.image = os.path.abspath(image)
        self.directory = tempfile.mkdtemp(prefix="weiss-disk-")
        self.region = f"/dev/shm/{os.path.basename(self.directory)}"
        with open(self.region, "wb") as file:
            file.truncate(region)
        self.bytes = region
        self.key = self.directory + "/key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", self.key], check=True)
        self.ports = [free_port() for _ in range(count)]
        self.process = [self.start(i) for i in range(count)]

    def seed(self, i):
        """The NoCloud disk: a directory that QEMU shows as a FAT file system."""
        directory = f"{self.directory}/seed{i}"
        os.mkdir(directory)
        with open(self.key + ".pub", encoding="utf-8") as file:
            key = file.read().strip()
        files = {"meta-data": f"instance-id: vm{i + 1}\nlocal-hostname: vm{i + 1}\n",
                 "user-data": f"#cloud-config\nssh_authorized_keys:\n  - {key}\n",
                 "network-config": "version: 1\nconfig:\n"
                                   f"- {{type: physical, name: eth0, mac_address: '52:54:00:78:01:0{i + 1}', subnets: [{{type: dhcp}}]}}\n"
                                   f"- {{type: physical, name: eth1, mac_address: '52:54:00:78:00:0{i + 1}',\n"
                                   f"   subnets: [{{type: static, address: 10.78.0.{i + 1}/24}}]}}\n"}
        for name, text in files.items():
            with open(f"{directory}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        return directory

    def start(self, i):
        disk = f"{self.directory}/vm{i + 1}.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", self.image, "-F", "qcow2", disk, "4G"], check=True)
        server = "on" if i == 0 else "off"
        words = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", TYPES[i % 2],
                 "-accel", "tcg,thread=multi", "-cpu", "max,-erms,-fsrm", "-m", "1024M",
                 "-serial", f"file:{self.directory}/vm{i + 1}.log",
                 "-drive", f"if=virtio,format=qcow2,file={disk}",
                 "-drive", f"if=virtio,format=raw,readonly=on,file.driver=vvfat,file.dir={self.seed(i)},file.label=CIDATA,"
                           "file.fat-type=16",
                 "-netdev", f"user,id=host,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:{self.ports[i]}-:22",
                 "-device", f"virtio-net-pci,netdev=host,romfile=,mac=52:54:00:78:01:0{i + 1}",
                 "-netdev", f"stream,id=wire,server={server},addr.type=unix,addr.path={self.directory}/wire",
                 "-device", f"virtio-net-pci,netdev=wire,romfile=,mac=52:54:00:78:00:0{i + 1}",
                 "-object", f"memory-backend-file,id=region,share=on,size={self.bytes},mem-path={self.region}",
                 "-device", "ivshmem-plain,memdev=region"]
        with open(f"{self.directory}/qemu{i + 1}.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       preexec_fn=labs.die_with_parent)
        end = time.monotonic() + 60
        while i == 0 and not os.path.exists(self.directory + "/wire") and time.monotonic() < end:
            time.sleep(0.05)
        return process

    def console(self, i):
        with open(f"{self.directory}/vm{i + 1}.log", encoding="utf-8", errors="replace") as file:
            return file.read()[-3000:]

    def ssh(self, i, command, timeout=BOOT, stdin=None):
        words = ["ssh", "-i", self.key, "-p", str(self.ports[i]), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
                 "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=30", "debian@127.0.0.1", command]
        return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)

    def wait_up(self):
        """Waits until cloud-init is through in all of them."""
        end = time.monotonic() + BOOT
        for i, process in enumerate(self.process):
            while self.ssh(i, "cloud-init status --wait").returncode != 0:
                if process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"vm{i + 1} does not come up:\n{self.console(i)}")
                time.sleep(2)

    def end(self):
        for process in self.process:
            process.send_signal(signal.SIGKILL)
            process.wait()
        os.unlink(self.region)
        shutil.rmtree(self.directory, ignore_errors=True)
