"""Namespaces and places of the test cloud's own: mounts, network, processes, a name of the host. Nothing of the machine is
written over, and everything ends with the first process in them."""
import os
import shutil
import signal
import subprocess
import sys

INSIDE = "WEISS_CLOUD_INSIDE"
HOST = "compute1"
# What the services keep, with the packages' owners and modes, but empty.
KEPT = ("glance", "keystone", "libvirt", "mysql", "neutron", "nova", "placement", "rabbitmq")
SPACE = ["unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"]


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def refused():
    """@return why there can be no namespaces here, or None"""
    if os.getuid() != 0:
        return "the test cloud needs root"
    tried = subprocess.run([*SPACE, "true"], capture_output=True, text=True, check=False)
    return f"no namespaces of the test's own: {tried.stderr.strip()}" if tried.returncode != 0 else None


def enter(directory):
    """Starts this program again in namespaces of its own, below a shell that reaps what is orphaned, and ends with it.
    DIRECTORY/outer gets the number of the process that holds them. SIGTERM, SIGHUP and ^C end them with all that runs there:
    unshare itself blocks the first, and its shell, the first process in there, hears none."""
    if os.environ.get(INSIDE):
        return
    os.makedirs(directory, exist_ok=True)
    environment = {INSIDE: "yes", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
    for name, value in os.environ.items():
        if name.startswith(("WEISS", "OMPI_", "OPENBLAS_", "PYTHONDONT", "TMPDIR", "XDG_", "MESON")):
            environment.setdefault(name, value)
    words = [*SPACE, "bash", "-c", '"$@"; exit $?', "bash", sys.executable, *sys.argv]
    with subprocess.Popen(words, env=environment, start_new_session=True) as holder:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda *_: holder.kill())
        with open(directory + "/outer", "w", encoding="ascii") as file:
            file.write(str(holder.pid))
        sys.exit(holder.wait())


def inside(directory):
    """Words to run a command in the namespaces that DIRECTORY/outer holds."""
    with open(directory + "/outer", encoding="ascii") as file:
        outer = file.read().strip()
    with open(f"/proc/{outer}/task/{outer}/children", encoding="ascii") as file:
        first = file.read().split()[0]
    return ["nsenter", "--target", first, "--mount", "--net", "--pid", "--uts"]


def like(model, path):
    """Makes a directory with owner and mode of another."""
    os.makedirs(path, exist_ok=True)
    if os.path.isdir(model):
        shutil.copystat(model, path)
        status = os.stat(model)
        os.chown(path, status.st_uid, status.st_gid)


def own_system():
    """/run, /sys and /dev/shm anew, the control groups as they are."""
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "run", "/run")
    os.makedirs("/run/groups")
    mount("--rbind", "/sys/fs/cgroup", "/run/groups")
    mount("-t", "sysfs", "sysfs", "/sys")  # of this network
    mount("--rbind", "/run/groups", "/sys/fs/cgroup")
    mount("-t", "tmpfs", "-o", "mode=1777", "shm", "/dev/shm")
    os.makedirs("/run/lock")
    os.chmod("/run/lock", 0o1777)


def own_files(directory):
    """/etc is a copy; what services keep and write to logs begins empty."""
    subprocess.run(["cp", "-a", "/etc", directory + "/etc"], check=True)
    mount("--bind", directory + "/etc", "/etc")
    for name in os.listdir("/var/log"):
        if os.path.isdir("/var/log/" + name):
            like("/var/log/" + name, f"{directory}/log/{name}")
    mount("--bind", directory + "/log", "/var/log")
    for name in KEPT:
        like("/var/lib/" + name, f"{directory}/lib/{name}")
        for part in sorted(os.listdir("/var/lib/" + name)):
            if os.path.isdir(f"/var/lib/{name}/{part}"):
                like(f"/var/lib/{name}/{part}", f"{directory}/lib/{name}/{part}")
        mount("--bind", f"{directory}/lib/{name}", "/var/lib/" + name)


# What Neutron's Linux bridge agent calls. ebtables of nft cannot take away a rule with addresses (--among-src) by its text, and
# the agent would try again for minutes and meanwhile plug no port. Left where it is such a rule lets the same address in.
EBTABLES = """#!/bin/sh
case "$*" in
*"-D neutronMAC-"*--among-src*) exit 0 ;;
esac
exec /usr/sbin/ebtables-nft "$@"
"""


def own_ebtables():
    path = "/etc/alternatives/ebtables"
    if os.path.islink(path) and os.readlink(path).endswith("-nft"):
        os.unlink(path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o755), "w", encoding="ascii") as file:
            file.write(EBTABLES)


def own_names():
    subprocess.run(["hostname", HOST], check=True)
    with open("/etc/hosts", "w", encoding="ascii") as file:
        file.write(f"127.0.0.1 localhost {HOST}\n")
    with open("/etc/machine-id", "w", encoding="ascii") as file:
        file.write(os.urandom(16).hex() + "\n")


def own_network():
    """A loopback, and a pair of interfaces: one is the server's network card for Neutron, the other is the world outside."""
    for words in ("link set lo up", "link add card0 type veth peer name outside0", "link set card0 up", "link set outside0 up",
                  "address add 10.78.0.1/24 dev outside0"):
        subprocess.run(["ip", *words.split()], check=True)


def furnish(directory):
    """After enter(): gives the namespaces all that the services need. @p directory must be empty but for "outer"."""
    for name in ("log", "lib"):
        os.makedirs(f"{directory}/{name}")
    own_system()
    own_files(directory)
    own_names()
    own_ebtables()
    own_network()
