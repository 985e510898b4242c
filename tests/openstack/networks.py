"""Further networks between two instances, beside Neutron's: a plain bridge, and Open vSwitch where it is installed. Nova does
not know of these cards; they are gone when an instance is started again."""
import os
import subprocess
import time

import cases
from services import Failure, Service, run, wait_for

NETS = {"bridge": ("plain0", "10.79.0", "52:54:00:79:00:"), "openvswitch": ("ovs0", "10.80.0", "52:54:00:80:00:")}
# Its userspace datapath passes packets on as they are, so each must come whole, with its checksum.
OFF = "csum='off' tso4='off' tso6='off' ecn='off' ufo='off'"
COMPLETE = f"<driver><host {OFF} gso='off'/><guest {OFF}/></driver>"
SWITCH = "/usr/lib/openvswitch-switch/ovs-vswitchd"
FILTER = "/proc/sys/net/bridge/bridge-nf-call-iptables"


def has_openvswitch():
    return os.path.exists(SWITCH)


def openvswitch():
    """A switch whose packets do not go through the kernel's module, which few machines for tests have."""
    if subprocess.run(["ovs-vsctl", "--timeout=5", "br-exists", "ovs0"], capture_output=True, check=False).returncode == 0:
        return
    subprocess.run(["mkdir", "-p", "/run/openvswitch", "/run/ovs"], check=True)
    run("ovs-setup", "ovsdb-tool create /run/ovs/conf.db /usr/share/openvswitch/vswitch.ovsschema")
    Service("ovsdb-server", ["ovsdb-server", "/run/ovs/conf.db", "--remote=punix:/run/openvswitch/db.sock", "--pidfile"]).start()
    run("ovs-setup", "ovs-vsctl --retry --no-wait init")
    switch = Service("ovs-vswitchd", [SWITCH, "--pidfile"]).start()
    wait_for("ovs-vswitchd", lambda: subprocess.run(["ovs-appctl", "version"], capture_output=True, check=False).returncode == 0,
             60, switch)
    run("ovs-setup", "ovs-vsctl --timeout=30 add-br ovs0 -- set bridge ovs0 datapath_type=netdev")


def card(way, number):
    bridge, _, mac = NETS[way]
    port = "<virtualport type='openvswitch'/>" + COMPLETE if way == "openvswitch" else ""
    return (f"<interface type='bridge'><mac address='{mac}0{number}'/><source bridge='{bridge}'/>{port}"
            "<model type='virtio'/></interface>")


def attach(pair, ways):
    """Gives both instances a card on each further network, with an address."""
    if "bridge" in ways and not os.path.exists("/sys/class/net/plain0"):
        for words in ("link add plain0 type bridge", "link set plain0 up"):
            subprocess.run(["ip", *words.split()], check=True)
    if "openvswitch" in ways:
        openvswitch()
    for way in (way for way in ways if way in NETS):
        for number, one in enumerate(pair, 1):
            if NETS[way][2] + f"0{number}" in cases.virsh("domiflist", one.domain()):
                continue
            path = f"/run/card-{way}-{number}.xml"
            with open(path, "w", encoding="ascii") as file:
                file.write(card(way, number))
            cases.virsh("attach-device", one.domain(), path, "--live")
            address(one, NETS[way][2] + f"0{number}", f"{NETS[way][1]}.{number}/24")


def address(one, mac, cidr):
    """Waits for a card and sets its address."""
    find = f"ip -o link | grep -F {mac} | cut -d: -f2"
    end = time.monotonic() + 60
    while not one.ssh(find, code=None).strip():
        if time.monotonic() > end:
            raise Failure(f"{one.name} does not see the card {mac}")
        time.sleep(1)
    name = one.ssh(find).split()[0]
    one.ssh(f"ip address add {cidr} dev {name} && ip link set {name} up")


def choose(way):
    """A host without Neutron does not have its bridges' packets go through iptables."""
    with open(FILTER, "w", encoding="ascii") as file:
        file.write("0" if way == "bridge" else "1")
