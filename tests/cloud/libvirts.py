"""A libvirtd of the test's own. The test runs in namespaces of its own (mounts, network, processes), so that neither libvirt's
state nor the network of this machine is touched, and nothing outlives the test.

A test that cannot have that says so and is skipped with exit code 77."""
import glob
import os
import shutil
import signal
import subprocess
import sys
import time

import labs

USER = 65534
INSIDE = "WEISS_TEST_INSIDE"
PLACES = ("/etc/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt")
GROUPS = "/sys/fs/cgroup"


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def enter(image=True):
    """Starts the test again in its own namespaces, below a shell that reaps what is orphaned.
    @param image  the test needs the image of labs"""
    if os.environ.get(INSIDE):
        return
    if os.getuid() != 0:
        labs.skip("a libvirtd of the test's own needs root")
    for program, package in (("libvirtd", "libvirt-daemon"), ("virtlogd", "libvirt-daemon"), ("virsh", "libvirt-clients"),
                             ("iptables", "iptables"), ("dnsmasq", "dnsmasq-base"), ("unshare", "util-linux")):
        if shutil.which(program) is None:
            labs.skip(f"no {program}; install the package {package}")
    if not os.path.isdir("/etc/libvirt"):
        labs.skip("no /etc/libvirt; install the package libvirt-daemon-system")
    if image:
        labs.require_image()
    elif shutil.which("qemu-system-x86_64") is None:
        labs.skip("no qemu-system-x86_64; install the package qemu-system-x86")
    space = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    tried = subprocess.run([*space, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        labs.skip(f"no namespaces of the test's own: {tried.stderr.strip()}")
    os.environ[INSIDE] = "yes"
    os.execvp("unshare", [*space, "bash", "-c", '"$@"; exit $?', "bash", sys.executable, *sys.argv])


def furnish():
    """Gives the namespaces what libvirtd needs: places of its own, control groups, a loopback."""
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "run", "/run")
    os.makedirs("/run/groups")
    mount("--rbind", GROUPS, "/run/groups")
    mount("-t", "sysfs", "sysfs", "/sys")  # of this network
    mount("--rbind", "/run/groups", GROUPS)
    mount("-t", "tmpfs", "-o", "mode=1777", "shm", "/dev/shm")
    for place in PLACES:
        os.makedirs(place, exist_ok=True)
        own = f"/run/own{place}"
        shutil.copytree(place, own) if place == "/etc/libvirt" else os.makedirs(own)
        mount("--bind", own, place)
    if not os.path.exists("/etc/machine-id") or os.path.getsize("/etc/machine-id") == 0:
        with open("/run/machine-id", "w", encoding="utf-8") as file:
            file.write("0123456789abcdef0123456789abcdef\n")
        open("/etc/machine-id", "a", encoding="utf-8").close()
        mount("--bind", "/run/machine-id", "/etc/machine-id")
    with open("/etc/libvirt/libvirtd.conf", "a", encoding="utf-8") as file:
        file.write('\nauth_unix_rw = "none"\nlog_outputs = "2:file:/var/log/libvirt/libvirtd.log"\n')
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def require_user():
    """Skips when another user cannot run the command."""
    tried = subprocess.run([labs.WEISS, "--version"], user=USER, group=USER, capture_output=True, check=False)
    if tried.returncode != 0:
        labs.skip("another user cannot run the command, which is in a directory that is closed to it")


def virsh(*words, uri="qemu:///system", code=0):
    done = subprocess.run(["virsh", "-q", "-c", uri, *words], capture_output=True, text=True, check=False, timeout=120)
    if code is not None and done.returncode != code:
        raise AssertionError(f"virsh {' '.join(words)}: {done.stderr}")
    return done.stdout


class Daemon:
    """libvirtd and virtlogd."""

    def __init__(self):
        self.logd = subprocess.Popen(["virtlogd"], stdin=subprocess.DEVNULL)
        self.libvirtd = None

    def start(self):
        """That it does not run at all is a reason to skip; that it does not run a second time is not."""
        first = self.libvirtd is None
        self.libvirtd = subprocess.Popen(["libvirtd"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while subprocess.run(["virsh", "-q", "-c", "qemu:///system", "list"], capture_output=True, check=False).returncode != 0:
            if self.libvirtd.poll() is not None or time.monotonic() > end:
                if not first:
                    raise AssertionError(f"libvirtd does not run again ({self.libvirtd.poll()}): {log()}")
                labs.skip(f"libvirtd does not run here: {log()}")
            time.sleep(0.2)

    def stop(self):
        """Its machines run on."""
        self.libvirtd.send_signal(signal.SIGTERM)
        self.libvirtd.wait(60)

    def close(self):
        for process in (self.libvirtd, self.logd):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(60)


def log():
    try:
        with open("/var/log/libvirt/libvirtd.log", encoding="utf-8") as file:
            return " | ".join(file.read().splitlines()[-3:])
    except OSError:
        return "it wrote no log"


def machines():
    """Process numbers of the QEMUs in these namespaces."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if b"qemu-system" in file.read().split(b"\0")[0]:
                    found.append(int(path.split("/")[2]))
        except OSError:
            pass
    return found
