"""A real OpenStack on one machine, in namespaces of its own: MariaDB, RabbitMQ, memcached, keystone, glance, placement, nova,
neutron with Linux bridges, libvirtd.

usage: cloud.py check DIRECTORY               says why there can be none here, or nothing (exit status 77 or 0)
       cloud.py up DIRECTORY                  brings it up and stays until it is ended (SIGTERM, ^C); DIRECTORY gets its files,
                                              `ready` at last
       cloud.py enter DIRECTORY COMMAND...    runs a command in it; with an administrator's variables
"""
import os
import signal
import shutil
import sys
import time

import settings
import spaces
from services import Failure, Service
from steps import bring_up

PROGRAMS = {"mariadbd": "mariadb-server", "rabbitmq-server": "rabbitmq-server", "memcached": "memcached",
            "uwsgi": "uwsgi-plugin-python3", "keystone-manage": "keystone", "glance-api": "glance-api",
            "placement-manage": "placement-api", "nova-compute": "nova-compute", "nova-api-wsgi": "nova-api",
            "nova-conductor": "nova-conductor", "nova-scheduler": "nova-scheduler", "neutron-rpc-server": "neutron-server",
            "neutron-linuxbridge-agent": "neutron-linuxbridge-agent", "libvirtd": "libvirt-daemon", "sudo": "sudo"}
MEMORY = 8 << 30
ROOM = 12 << 30


def missing(directory):
    """@return why there can be no cloud here, or None"""
    for program, package in PROGRAMS.items():
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            return f"no {program}; install the packages of tools/packages-openstack.txt (here: {package})"
    with open("/proc/meminfo", encoding="ascii") as file:
        free = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable")) << 10
    if free < MEMORY:
        return f"{free >> 20} MiB of memory are free, {MEMORY >> 20} MiB are needed"
    os.makedirs(directory, exist_ok=True)
    room = shutil.disk_usage(directory).free
    if room < ROOM:
        return f"{room >> 20} MiB are free in {directory}, {ROOM >> 20} MiB are needed"
    return spaces.refused()


class Cloud:
    """The services of the cloud; to be used inside of the namespaces (spaces.enter)."""

    def __init__(self, directory, more=None):
        self.directory, self.more, self.services, self.begin = directory, more, {}, time.monotonic()

    def say(self, what):
        print(f"{time.monotonic() - self.begin:6.1f} s  {what}", flush=True)

    def up(self):
        spaces.furnish(self.directory)
        settings.write(self.more)
        bring_up(self)
        with open(self.directory + "/ready", "w", encoding="ascii"):
            pass

    def start(self, name, words, **more):
        self.services[name] = Service(name, words, **more).start()
        return self.services[name]


def enter(directory, command):
    with open(directory + "/openrc", encoding="ascii") as file:
        admin = dict(line.split(" ", 1)[1].strip().split("=", 1) for line in file)
    words = spaces.inside(directory) + command
    os.execvpe(words[0], words, {**os.environ, **admin})


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("check", "up", "enter"):
        sys.exit(__doc__)
    directory = os.path.realpath(sys.argv[2])
    if sys.argv[1] == "enter":
        enter(directory, sys.argv[3:])
    why = None if os.environ.get(spaces.INSIDE) else missing(directory)
    if why:
        print(why)
        sys.exit(77)
    if sys.argv[1] == "check":
        return
    spaces.enter(directory)
    cloud = Cloud(directory)
    try:
        cloud.up()
    except Failure as failure:
        sys.exit(str(failure))
    print(f"The cloud is up: {sys.argv[0]} enter {directory} COMMAND", flush=True)
    signal.pause()  # the services end with the namespaces


if __name__ == "__main__":
    main()
