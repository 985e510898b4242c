"""How the services come up: what starts when, and what has to be there before."""
import subprocess

import accounts
from services import Steps, run, wait_for
from settings import HERE, KEYSTONE, PASSWORD, PORTS

DATABASES = ("keystone", "glance", "placement", "nova_api", "nova", "nova_cell0", "neutron")
SOCKET = "/var/lib/mysql/mariadb.sock"
NEUTRON = ["--config-file", "/etc/neutron/neutron.conf", "--config-file"]
PLUGIN = NEUTRON + ["/etc/neutron/plugins/ml2/ml2_conf.ini"]
COMPUTE = ["--config-file", "/etc/nova/nova-compute.conf", "--config-file", "/etc/nova/nova.conf"]


# Processes and threads. The two that use eventlet are not for threads: several that wait for the queue may wait forever.
WORKERS = {"nova": ("2", "1"), "neutron": ("2", "1")}


def web(cloud, name, user, script, **more):
    """A service behind uwsgi, as Debian runs it, with fewer workers."""
    processes, threads = WORKERS.get(user, ("1", "4"))
    words = ["uwsgi", "--plugins", "python3", "--http-socket", f"{HERE}:{PORTS[user]}", "--wsgi-file", script, "--master",
             "--processes", processes, "--threads", threads, "--enable-threads", "--lazy-apps", "--die-on-term",
             "--thunder-lock", "--buffer-size", "65535", "--rem-header", "Content-Length", "--add-header", "Connection: close",
             "--uid", user, "--gid", user, "--chdir", f"/var/lib/{user}"]
    return cloud.start(name, words, port=PORTS[user], **more)


def mariadb(cloud):
    run("mariadb-install", "mariadb-install-db --user=mysql --auth-root-authentication-method=normal --skip-test-db")
    # Nothing is kept beyond the test, so nothing is synced.
    cloud.start("mariadb", ["mariadbd", "--no-defaults", "--user=mysql", "--datadir=/var/lib/mysql", f"--socket={SOCKET}",
                            f"--bind-address={HERE}", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
                            "--max-connections=500", "--character-set-server=utf8mb3"], port=3306).wait()
    text = f"create user cloud@localhost identified by '{PASSWORD}';"
    text += "".join(f"create database {name}; grant all on {name}.* to cloud@localhost;" for name in DATABASES)
    subprocess.run(["mariadb", "-u", "root", "-S", SOCKET], input=text, text=True, check=True)


def rabbit(cloud):
    # epmd listens on loopback only, and one core is enough.
    environment = {"RABBITMQ_NODENAME": "rabbit@localhost", "RABBITMQ_NODE_IP_ADDRESS": HERE, "ERL_EPMD_ADDRESS": HERE,
                   "HOME": "/var/lib/rabbitmq", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                   "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}"}
    cloud.start("rabbitmq", ["/usr/lib/rabbitmq/bin/rabbitmq-server"], user="rabbitmq", port=5672, env=environment).wait()


def memcached(cloud):
    cloud.start("memcached", ["memcached", "-u", "memcache", "-l", HERE, "-m", "64"], port=11211).wait()


def keystone(cloud):
    run("keystone-setup", "keystone-manage db_sync",
        "keystone-manage fernet_setup --keystone-user keystone --keystone-group keystone",
        "keystone-manage credential_setup --keystone-user keystone --keystone-group keystone",
        f"keystone-manage bootstrap --bootstrap-password {PASSWORD} --bootstrap-region-id RegionOne "
        f"--bootstrap-public-url {KEYSTONE} --bootstrap-internal-url {KEYSTONE} --bootstrap-admin-url {KEYSTONE}",
        user="keystone")
    web(cloud, "keystone", "keystone", "/usr/bin/keystone-wsgi-public").wait()


def nova_tables():
    run("nova-setup", "nova-manage api_db sync", "nova-manage cell_v2 map_cell0", "nova-manage cell_v2 create_cell --name=cell1",
        "nova-manage db sync", user="nova")


def glance(cloud):
    cloud.start("glance", ["glance-api", "--config-file", "/etc/glance/glance-api.conf"], user="glance",
                port=PORTS["glance"]).wait()


def libvirt(cloud):
    cloud.start("virtlogd", ["virtlogd"])
    cloud.start("libvirtd", ["libvirtd"]).wait(
        lambda: subprocess.run(["virsh", "-q", "-c", "qemu:///system", "list"], capture_output=True, check=False).returncode == 0)


def compute(cloud):
    """The workers of Nova; nova-compute comes when Placement and Neutron are there."""
    cloud.start("nova-compute", ["nova-compute", *COMPUTE], user="nova")
    nova = accounts.Clients().nova
    wait_for("nova-compute", lambda: [host.state for host in nova.hypervisors.list()] == ["up"], 180,
             cloud.services["nova-compute"])


def neutron(cloud):
    web(cloud, "neutron", "neutron", "/usr/bin/neutron-api",
        env={"OS_NEUTRON_CONFIG_FILES": "neutron.conf;plugins/ml2/ml2_conf.ini"})
    cloud.start("neutron-rpc", ["neutron-rpc-server", *PLUGIN], user="neutron")
    cloud.services["neutron"].wait()


def bridge_agent(cloud):
    cloud.start("neutron-bridges", ["neutron-linuxbridge-agent", *NEUTRON, "/etc/neutron/plugins/ml2/linuxbridge_agent.ini"],
                user="neutron")
    client = accounts.Clients().neutron
    wait_for("neutron-linuxbridge-agent", lambda: any(agent["alive"] for agent in client.list_agents()["agents"]), 180,
             cloud.services["neutron-bridges"])


def finish(cloud):
    accounts.flavors()
    accounts.network()
    accounts.write_environment(cloud.directory + "/openrc", accounts.environment("admin", "admin"))
    for project, user in accounts.PROJECTS.items():
        accounts.write_environment(f"{cloud.directory}/openrc-{project}", accounts.environment(user, project))


def bring_up(cloud):
    steps = Steps(cloud.say)
    steps.add("mariadb", lambda: mariadb(cloud))
    steps.add("rabbitmq", lambda: rabbit(cloud))
    steps.add("memcached", lambda: memcached(cloud))
    steps.add("libvirtd", lambda: libvirt(cloud))
    steps.add("keystone", lambda: keystone(cloud), "mariadb", "memcached")
    steps.add("accounts", accounts.register, "keystone")
    steps.add("nova's tables", nova_tables, "mariadb")
    steps.add("neutron's tables", lambda: run("neutron-setup", f"neutron-db-manage {' '.join(PLUGIN)} upgrade heads",
                                              user="neutron"), "nova's tables")
    steps.add("glance's tables", lambda: run("glance-setup", "glance-manage db_sync", user="glance"), "keystone")
    steps.add("placement's tables", lambda: run("placement-setup", "placement-manage db sync", user="placement"), "keystone")
    steps.add("glance", lambda: glance(cloud), "glance's tables", "accounts")
    steps.add("placement", lambda: web(cloud, "placement", "placement", "/usr/bin/placement-api").wait(), "placement's tables",
              "accounts")
    steps.add("nova-api", lambda: web(cloud, "nova-api", "nova", "/usr/bin/nova-api-wsgi").wait(), "nova's tables", "accounts",
              "rabbitmq")
    for name in ("nova-conductor", "nova-scheduler"):
        steps.add(name, lambda name=name: cloud.start(name, [name], user="nova"), "nova's tables", "accounts", "rabbitmq")
    steps.add("neutron", lambda: neutron(cloud), "neutron's tables", "accounts", "rabbitmq")
    steps.add("nova-compute", lambda: compute(cloud), "nova-api", "nova-conductor", "placement", "libvirtd")
    steps.add("neutron's bridges", lambda: bridge_agent(cloud), "neutron")
    steps.add("flavors and networks", lambda: finish(cloud), "nova-compute", "neutron's bridges", "glance", "nova-scheduler")
    steps.run()
