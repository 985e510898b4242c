"""A tenant of the cloud: a user of a project who makes server groups and instances by the API, and works in them by ssh."""
import os
import subprocess
import tempfile
import time

import accounts
import host_agent
from services import Failure, tail

NAME = "net"
BOOT = 420  # a whole system, emulated, on a busy machine


class Tenant:
    """A user and the instances that were made by this object. @p directory keeps the key"""

    def __init__(self, project, directory=None):
        self.clients = accounts.Clients(accounts.PROJECTS[project], project)
        self.project, self.nova = project, self.clients.nova
        self.directory = directory or tempfile.mkdtemp(prefix="weiss-tenant-")
        self.key = f"{self.directory}/key-{project}"
        if not os.path.exists(self.key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", self.key], check=True)
        if not any(pair.name == "test" for pair in self.nova.keypairs.list()):
            with open(self.key + ".pub", encoding="ascii") as file:
                self.nova.keypairs.create("test", public_key=file.read())

    def group(self, name):
        """A server group that keeps its members on one host. @return its id"""
        for group in self.nova.server_groups.list():
            if group.name == name:
                return group.id
        return self.nova.server_groups.create(name, "affinity").id

    def boot(self, name, flavor, image, group=None, **metadata):
        """Asks for an instance; it is not up yet."""
        nova = self.nova
        images = {found.name: found.id for found in self.clients.glance.images.list()}
        flavors = {found.name: found.id for found in nova.flavors.list()}
        net = self.clients.neutron.list_networks(name=NAME)["networks"][0]["id"]
        made = nova.servers.create(name, images[image], flavors[flavor], nics=[{"net-id": net}], key_name="test",
                                   config_drive=True, meta=metadata, scheduler_hints={"group": group} if group else None)
        return Instance(self, made.id, name)



class Instance:
    """An instance. Its name in Nova is `name`, its UUID `id`."""

    def __init__(self, tenant, uuid, name):
        self.tenant, self.id, self.name, self.environment = tenant, uuid, name, None

    def server(self):
        return self.tenant.nova.servers.get(self.id)

    def address(self):
        return self.server().addresses[NAME][0]["addr"]

    def domain(self):
        """libvirt's name of it, which tenants do not see."""
        server = accounts.Clients().nova.servers.get(self.id)
        return getattr(server, "OS-EXT-SRV-ATTR:instance_name")

    def wait_status(self, status, limit=240):
        """Waits until Nova is through with what it does."""
        end = time.monotonic() + limit
        while True:
            server = self.server()
            task = getattr(server, "OS-EXT-STS:task_state")
            if server.status == status and task is None:
                return self
            if server.status == "ERROR" and status != "ERROR":
                raise Failure(f"{self.name} is in ERROR: {getattr(server, 'fault', {}).get('message')}\n"
                              f"{tail('/var/log/cloud/nova-compute.log', 30)}")
            if time.monotonic() > end:
                raise Failure(f"{self.name} is {server.status} ({task}) after {limit} s, not {status}\n"
                              f"{tail('/var/log/cloud/nova-compute.log', 30)}")
            time.sleep(0.5)

    def words(self, command):
        return ["ssh", "-i", self.tenant.key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=15", "debian@" + self.address(), command]

    def ssh(self, command, stdin=None, code=0, limit=240):
        """Runs a command in it. @param code  the status that it must have; None: any @return what it printed"""
        words = self.words(command)
        for _ in range(5):  # sshd is started again by cloud-init where a user's data say so
            done = subprocess.run(words, input=stdin or "", capture_output=True, text=True, check=False, timeout=limit,
                                  env=self.environment)
            if done.returncode != 255:
                break
            time.sleep(3)
        if code is not None and done.returncode != code:
            raise Failure(f"{self.name}: `{command}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def wait_ssh(self, limit=BOOT, since=None):
        """Waits until it accepts ssh. @param since  what /proc/sys/kernel/random/boot_id must not be: wait for a new start
        @return its boot_id"""
        end = time.monotonic() + limit
        words = self.words("cat /proc/sys/kernel/random/boot_id")
        while True:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                                  env=self.environment)
            if done.returncode == 0 and done.stdout.strip() != since:
                return done.stdout.strip()
            if time.monotonic() > end:
                raise Failure(f"{self.name} accepts no ssh after {limit} s: {done.stderr}\n"
                              f"Its console ends so:\n{self.console()}")
            time.sleep(1)

    def console(self):
        return tail(f"/var/lib/nova/instances/{self.id}/console.log", 30)

    def delete(self, limit=120):
        """Deletes it and waits until Nova knows it no more."""
        self.tenant.nova.servers.delete(self.id)
        end = time.monotonic() + limit
        while any(server.id == self.id for server in self.tenant.nova.servers.list()):
            if time.monotonic() > end:
                raise Failure(f"{self.name} is still there {limit} s after it was deleted")
            time.sleep(0.5)


class Member(Instance):
    """A machine of a cluster of weiss, entered by `weiss cluster ssh` as root."""

    def __init__(self, tenant, cluster, machine):
        found = [server for server in tenant.nova.servers.list() if server.name.endswith("-" + machine)]
        if len(found) != 1:
            raise Failure(f"{len(found)} instances are called ...-{machine}")
        super().__init__(tenant, found[0].id, found[0].name)
        self.cluster, self.machine, self.environment = cluster, machine, cluster.environment

    def words(self, command):
        return [host_agent.WEISS, "cluster", "ssh", f"{self.cluster.name}/{self.machine}", "--", "sh", "-c", command]
