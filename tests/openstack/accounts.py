"""What Keystone and the other services know at the start: services and where they are, projects, users, a network, flavors."""
import os

from glanceclient import client as glance_client
from keystoneauth1 import session
from keystoneauth1.identity import v3
from keystoneclient.v3 import client as keystone_client
from neutronclient.v2_0 import client as neutron_client
from novaclient import client as nova_client

import settings
from settings import HERE, KEYSTONE, PASSWORD, PORTS

PATHS = {"glance": ("image", ""), "placement": ("placement", ""), "nova": ("compute", "/v2.1"), "neutron": ("network", "")}
PROJECTS = {"lab": "ann", "other": "bob"}
AGENT = "weiss-agent"
CIDR = "10.78.0.0/24"


class Clients:
    """Clients of all services for one user of one project."""

    def __init__(self, user="admin", project="admin"):
        self.user, self.project = user, project
        login = v3.Password(auth_url=KEYSTONE, username=user, password=PASSWORD, project_name=project,
                            user_domain_name="Default", project_domain_name="Default")
        self.session = session.Session(auth=login)
        self.keystone = keystone_client.Client(session=self.session)
        self.nova = nova_client.Client("2.90", session=self.session)
        self.glance = glance_client.Client("2", session=self.session)
        self.neutron = neutron_client.Client(session=self.session)

    def project_id(self):
        return self.session.get_project_id()


def environment(user, project, **more):
    """Variables that OpenStack's programs read."""
    return {"OS_AUTH_URL": KEYSTONE, "OS_IDENTITY_API_VERSION": "3", "OS_USERNAME": user, "OS_PASSWORD": PASSWORD,
            "OS_PROJECT_NAME": project, "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": "RegionOne", **more}


def write_environment(path, values):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write("".join(f"export {name}={value}\n" for name, value in values.items()))


def register():
    """Services, their users and endpoints; two projects with a user each; the agent's user."""
    keystone = Clients().keystone
    service = keystone.projects.create("service", "default")
    roles = {role.name: role for role in keystone.roles.list()}
    roles["service"] = keystone.roles.create("service")
    for name, (kind, path) in PATHS.items():
        user = keystone.users.create(name, domain="default", password=PASSWORD)
        for role in ("admin", "service"):
            keystone.roles.grant(roles[role], user=user, project=service)
        entry = keystone.services.create(name, type=kind)
        for interface in ("public", "internal"):
            keystone.endpoints.create(entry, f"http://{HERE}:{PORTS[name]}{path}", interface=interface, region="RegionOne")
    for project, user in PROJECTS.items():
        keystone.roles.grant(roles["member"], user=keystone.users.create(user, domain="default", password=PASSWORD),
                             project=keystone.projects.create(project, "default"))
    agent = keystone.users.create(AGENT, domain="default", password=PASSWORD)
    keystone.roles.grant(roles["admin"], user=agent, project=service)


def credential():
    """An application credential of the agent's user. @return (id, secret)"""
    clients = Clients(AGENT, "service")
    made = clients.keystone.application_credentials.create("compute1")
    return made.id, made.secret


def network():
    """One network for all projects, without DHCP: addresses come by the configuration drive."""
    neutron = Clients().neutron
    net = neutron.create_network({"network": {"name": "net", "shared": True, "provider:network_type": "flat",
                                              "provider:physical_network": settings.NETWORK}})["network"]
    neutron.create_subnet({"subnet": {"name": "net", "network_id": net["id"], "ip_version": 4, "cidr": CIDR,
                                      "gateway_ip": "10.78.0.1", "enable_dhcp": False}})
    for project in PROJECTS:
        owner = Clients(PROJECTS[project], project).neutron
        group = owner.list_security_groups(name="default", tenant_id=Clients(PROJECTS[project], project).project_id())
        owner.create_security_group_rule({"security_group_rule": {
            "security_group_id": group["security_groups"][0]["id"], "direction": "ingress", "ethertype": "IPv4",
            "remote_ip_prefix": "10.78.0.1/32"}})
    return net["id"]


def flavors():
    """Flavors to try with; `weiss openstack flavors` makes those of the guide."""
    nova = Clients().nova
    nova.flavors.create("small", 256, 1, 1)
    shares = nova.flavors.create("weiss.small", 256, 1, 1)
    shares.set_keys({"weiss:shmem_mib": "16"})
    guest = nova.flavors.create("weiss.guest", 1024, 1, 8)
    guest.set_keys({"weiss:shmem_mib": "64"})


def image(name, path, container="bare", disk="raw", **properties):
    """@return id of an image of all projects"""
    glance = Clients().glance
    made = glance.images.create(name=name, disk_format=disk, container_format=container, visibility="public", **properties)
    with open(path, "rb") as file:
        glance.images.upload(made.id, file)
    return made.id
