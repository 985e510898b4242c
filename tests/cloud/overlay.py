"""weiss overlay between two network namespaces: what it makes, what it says, that it carries what fits and leaves nothing."""
import contextlib
import ctypes
import errno
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
import harness  # noqa: E402

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2
LIBC = ctypes.CDLL(None, use_errno=True)


class Server:
    """A network namespace, which lasts as long as this object's descriptor and what was made in it."""

    def __init__(self):
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        if LIBC.unshare(CLONE_NEWNET) != 0:
            os.close(home)
            raise OSError(ctypes.get_errno(), "unshare")
        self.space = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        LIBC.setns(home, CLONE_NEWNET)
        os.close(home)

    @contextlib.contextmanager
    def inside(self):
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        LIBC.setns(self.space, CLONE_NEWNET)
        try:
            yield
        finally:
            LIBC.setns(home, CLONE_NEWNET)
            os.close(home)

    def run(self, *words, **more):
        with self.inside():
            return subprocess.run(words, capture_output=True, text=True, check=False, **more)

    def weiss(self, *words, **more):
        return self.run(harness.WEISS, "overlay", *words, **more)

    def ip(self, text):
        result = self.run("ip", *text.split())
        if result.returncode != 0:
            raise AssertionError(f"ip {text}: {result.stderr}")
        return result.stdout

    def links(self):
        """{name: what ip says}"""
        return {link["ifname"]: link for link in json.loads(self.ip("-d -j link"))}

    def entries(self, link):
        """Where the forwarding table of a VXLAN interface sends what is for all."""
        found = json.loads(self.run("bridge", "-j", "fdb", "show", "dev", link).stdout)
        return sorted(entry["dst"] for entry in found if entry["mac"] == "00:00:00:00:00:00")

    def fragments(self):
        with self.inside(), open("/proc/thread-self/net/snmp", encoding="ascii") as file:
            names, values = [line.split() for line in file if line.startswith("Ip:")]
        return int(values[names.index("FragCreates")])

    def close(self):
        os.close(self.space)


def require():
    """Skips without rights, or without what the kernel has to have."""
    if os.geteuid() != 0:
        print("skipped: network namespaces need root")
        sys.exit(77)
    try:
        server = Server()
    except OSError as error:
        print(f"skipped: no network namespace: {error}")
        sys.exit(77)
    for kind in ("bridge", "vxlan id 1 dstport 4789", "veth peer name trial2"):
        result = server.run("ip", *f"link add name trial type {kind}".split())
        if result.returncode != 0:
            print(f"skipped: the kernel has no {kind.split()[0]}: {result.stderr.strip()}")
            sys.exit(77)
        server.ip("link delete trial")
    server.close()


class Two(unittest.TestCase):
    """Two servers joined by a cable, 192.168.5.1 and .2, interface wire."""

    def setUp(self):
        self.server = [Server(), Server()]
        for server in self.server:
            self.addCleanup(server.close)
        self.server[0].ip(f"link add name wire type veth peer name wire netns /proc/{os.getpid()}/fd/{self.server[1].space}")
        for i, server in enumerate(self.server):
            server.ip("link set lo up")
            server.ip(f"address add 192.168.5.{i + 1}/24 dev wire")
            server.ip("link set wire up")
        self.before = [set(server.links()) for server in self.server]

    def up(self, i, *options, name="lab"):
        return self.server[i].weiss("up", name, "--local", f"192.168.5.{i + 1}", "--peer", f"192.168.5.{2 - i}", *options)

    def assert_up(self, *arguments, **more):
        result = self.up(*arguments, **more)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def assert_fails(self, result, message, code=1):
        usage = "\nTry `weiss overlay up --help`." if code == 2 else ""
        self.assertEqual(result.stderr, f"weiss: {message}{usage}\n")
        self.assertEqual(result.returncode, code)

    def assert_nothing(self, i=0):
        self.assertEqual(set(self.server[i].links()), self.before[i])


class Making(Two):
    def test_what_is_made(self):
        self.assertEqual(self.assert_up(0, "--taps", "2", "--owner", "65534"),
                         "overlay lab is up: VNI 6328982, MTU of the guests 1450\n")
        links = self.server[0].links()
        self.assertEqual(set(links) - self.before[0], {"wb-lab", "wx-lab", "wt1-lab", "wt2-lab"})
        for name in ("wb-lab", "wx-lab", "wt1-lab", "wt2-lab"):
            self.assertEqual(links[name]["mtu"], 1450)
            self.assertEqual(links[name]["ifalias"], "weiss overlay lab")
            self.assertIn("UP", links[name]["flags"])
            self.assertEqual(links[name].get("master"), None if name == "wb-lab" else "wb-lab")
        vxlan = links["wx-lab"]["linkinfo"]["info_data"]
        self.assertEqual((vxlan["id"], vxlan["local"], vxlan["port"]), (6328982, "192.168.5.1", 4789))
        self.assertEqual(links["wt1-lab"]["linkinfo"]["info_data"]["user"], "nobody")
        self.assertEqual(self.server[0].entries("wx-lab"), ["192.168.5.2"])

    def test_the_host_takes_no_part(self):
        self.assert_up(0)
        self.assertEqual(self.server[0].ip("address show dev wb-lab").count("inet"), 0)
        for setting, value in (("ipv4/conf/wb-lab/forwarding", 0), ("ipv4/conf/wb-lab/arp_ignore", 8),
                               ("ipv4/conf/wb-lab/rp_filter", 1)):
            self.assertEqual(int(self.server[0].run("cat", "/proc/sys/net/" + setting).stdout), value, setting)

    def test_up_twice_and_again_with_more(self):
        self.assert_up(0, "--taps", "1")
        first = self.server[0].links()
        self.assert_up(0, "--taps", "1")
        self.assertEqual({n: link["ifindex"] for n, link in self.server[0].links().items()},
                         {n: link["ifindex"] for n, link in first.items()})
        self.assert_up(0, "--peer", "192.168.5.7", "--taps", "2", "--mtu", "1300", "--address", "10.9.0.1/24")
        self.assertEqual(self.server[0].entries("wx-lab"), ["192.168.5.2", "192.168.5.7"])
        self.assertEqual({self.server[0].links()[n]["mtu"] for n in ("wb-lab", "wx-lab", "wt1-lab", "wt2-lab")}, {1300})
        status = json.loads(self.server[0].weiss("status", "--json").stdout)
        self.assertEqual(status, [{"name": "lab", "vni": 6328982, "local": "192.168.5.1",
                                   "peers": ["192.168.5.2", "192.168.5.7"], "mtu": 1300, "bridge": "wb-lab",
                                   "vxlan": "wx-lab", "address": "10.9.0.1/24", "received_bytes": 0,
                                   "sent_bytes": status[0]["sent_bytes"],
                                   "taps": [{"name": "wt1-lab", "used": False}, {"name": "wt2-lab", "used": False}]}])
        # What is no longer asked for goes.
        self.assert_up(0, "--taps", "2")
        self.assertEqual(self.server[0].entries("wx-lab"), ["192.168.5.2"])
        self.assertEqual(json.loads(self.server[0].weiss("status", "--json").stdout)[0]["address"], "")

    def test_down(self):
        self.assert_up(0, "--taps", "2")
        self.assert_up(0, name="other")
        self.assertEqual(self.server[0].weiss("down", "lab").stdout, "overlay lab is down: 4 interfaces removed\n")
        self.assertEqual(set(self.server[0].links()) - self.before[0], {"wb-other", "wx-other"})
        result = self.server[0].weiss("down", "lab")
        self.assertEqual((result.returncode, result.stdout), (0, "overlay lab was not there\n"))
        self.server[0].weiss("down", "other")
        self.assert_nothing()
        self.assertEqual(self.server[0].weiss("status").stdout, "no overlay\n")
        result = self.server[0].weiss("status", "lab")
        self.assertEqual((result.returncode, result.stderr), (1, "weiss: there is no overlay lab\n"))

    def test_twenty_times(self):
        # The interface learns from what it hears: entries for it go with it.
        self.assert_up(1)
        entries = self.server[0].run("bridge", "fdb").stdout
        for _ in range(20):
            self.assert_up(0, "--taps", "2")
            self.assertEqual(self.server[0].weiss("down", "lab").returncode, 0)
        self.assert_nothing()
        self.assertEqual(self.server[0].run("bridge", "fdb").stdout, entries)

    def test_long_names(self):
        names = ["a-long-name-of-a-cluster-1", "a-long-name-of-a-cluster-2"]
        for name in names:
            self.assert_up(0, "--taps", "64" if name == names[0] else "0", name=name)
        self.assertEqual(len(self.server[0].links()), len(self.before[0]) + 68)
        self.assertEqual([o["name"] for o in json.loads(self.server[0].weiss("status", "--json").stdout)], names)
        for name in names:
            self.server[0].weiss("down", name)
        self.assert_nothing()

    def test_ipoib(self):
        for mtu, guests in ((2044, 1994), (65520, 65470)):
            self.server[0].ip(f"link set wire mtu {mtu}")
            self.assertIn(f"MTU of the guests {guests}\n", self.assert_up(0, "--taps", "1"))
            self.assertEqual(self.server[0].links()["wt1-lab"]["mtu"], guests)

    def test_ipv6(self):
        self.server[0].ip("address add fd00:5::1/64 dev wire nodad")
        result = self.server[0].weiss("up", "lab", "--local", "fd00:5::1", "--peer", "fd00:5::2")
        self.assertEqual(result.stdout, "overlay lab is up: VNI 6328982, MTU of the guests 1430\n", result.stderr)
        self.assertEqual(self.server[0].entries("wx-lab"), ["fd00:5::2"])


class Failing(Two):
    def test_clash_in_the_middle(self):
        self.server[0].ip("link add name wt2-lab type bridge")
        self.before[0].add("wt2-lab")
        message = ("there is an interface wt2-lab that is not the overlay lab's (it has not the alias \"weiss overlay lab\"); "
                   "remove it, or give the overlay another name")
        self.assert_fails(self.up(0, "--taps", "3"), message)
        self.assert_nothing()
        # What was there before the failure stays.
        self.assert_up(0, "--taps", "1")
        self.assert_fails(self.up(0, "--taps", "3"), message)
        self.assertEqual(set(self.server[0].links()) - self.before[0], {"wb-lab", "wx-lab", "wt1-lab"})
        self.server[0].weiss("down", "lab")
        self.assert_nothing()

    def test_vni_is_taken(self):
        self.server[0].ip("link add name foreign type vxlan id 77 dstport 4789")
        self.before[0].add("foreign")
        self.assert_fails(self.up(0, "--vni", "77"), "another VXLAN interface has VNI 77 on port 4789; choose another with "
                                                     "--vni, on all servers")
        self.assert_nothing()

    def test_up_with_other_settings(self):
        self.assert_up(0)
        self.assert_fails(self.up(0, "--vni", "5"), "the overlay lab is up with VNI 6328982 from 192.168.5.1, not with VNI 5 "
                                                    "from 192.168.5.1; take it down first (weiss overlay down lab)")

    def test_rights(self):
        with self.server[0].inside():
            result = subprocess.run([harness.WEISS, "overlay", "up", "lab", "--local", "192.168.5.1"], capture_output=True,
                                    text=True, check=False, user=65534, group=65534, extra_groups=[])
        if result.returncode == -1:
            self.skipTest("nobody cannot run the command")
        self.assert_fails(result, "the interface wb-lab (bridge) cannot be made: not permitted; this needs root, or "
                                  "CAP_NET_ADMIN in this network namespace")
        self.assert_nothing()

    def test_wrong_calls(self):
        name = "the name of an overlay has 1 to 40 letters a-z, digits and hyphens and begins with a letter; found "
        peer = ("--local", "192.168.5.1", "--peer")
        for words, message in (
                (("up", "Lab"), name + '"Lab"'),
                (("up", "a" * 41), name + '"' + "a" * 41 + '"'),
                (("up", "lab"), "--local needs this server's IP address; found \"\""),
                (("up", "lab", "--local", "here"), "--local needs this server's IP address; found \"here\""),
                (("up", "lab", "--local", "192.168.5.9"),
                 "--local 192.168.5.9 is no address of this machine (`ip address` lists them)"),
                (("up", "lab", *peer, "there"), "--peer needs an IP address; found \"there\""),
                (("up", "lab", *peer, "192.168.5.1"), "--peer 192.168.5.1 is this server itself (--local); name the others"),
                (("up", "lab", *peer, "192.168.5.2", "--peer", "192.168.5.2"), "--peer 192.168.5.2 is given twice"),
                (("up", "lab", *peer, "fd00::1"), "--peer fd00::1 and --local 192.168.5.1 are not of one kind of IP"),
                (("up", "lab", *peer, "10.1.1.1"),
                 "--peer 10.1.1.1 cannot be reached from 192.168.5.1: Network is unreachable"),
                (("up", "lab", *peer, "192.168.5.2", "--mtu", "1451"),
                 "--mtu must be from 1280 to 1450: the MTU of wire is 1500, of which VXLAN takes 50 bytes; found 1451"),
                (("up", "lab", *peer, "192.168.5.2", "--mtu", "1279"),
                 "--mtu must be from 1280 to 1450: the MTU of wire is 1500, of which VXLAN takes 50 bytes; found 1279"),
                (("up", "lab", *peer, "192.168.5.2", "--mtu", "0"), "--mtu needs a number from 1; found \"0\""),
                (("up", "lab", *peer, "192.168.5.2", "--taps", "65"), "--taps must be from 0 to 64; found 65"),
                (("up", "lab", *peer, "192.168.5.2", "--vni", "16777216"), "--vni must be from 1 to 16777215; found 16777216"),
                (("up", "lab", *peer, "192.168.5.2", "--owner", "no-such-user"),
                 "--owner needs a user of this machine; found \"no-such-user\""),
                (("up", "lab", *peer, "192.168.5.2", "--address", "10.0.0.1"),
                 "--address needs an IPv4 address and the length of its network, such as 10.77.0.254/24; found \"10.0.0.1\"")):
            with self.subTest(words=words):
                self.assert_fails(self.server[0].weiss(*words), message, 2)
        self.server[0].ip("link set wire mtu 1300")
        self.assert_fails(self.up(0), "the MTU of wire, 1300, is too small: VXLAN adds 50 bytes, and guests need 1280; raise it "
                                      "to 1330 or more", 2)
        self.assert_nothing()


class Carrying(Two):
    def hosts(self):
        """A datagram socket of each server in the overlay; it never fragments."""
        sockets = []
        for i, server in enumerate(self.server):
            self.assert_up(i, "--address", f"10.9.0.{i + 1}/24")
            with server.inside():
                sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sockets[i].setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
            sockets[i].bind((f"10.9.0.{i + 1}", 5000))
            sockets[i].settimeout(10)
            self.addCleanup(sockets[i].close)
        return sockets

    def tap(self, i):
        with self.server[i].inside():
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            self.addCleanup(os.close, fd)
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"wt1-lab", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
        return fd

    def hear(self, fd, marker, seconds):
        """Waits for a frame that has the marker. @return its length; 0: none came"""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.05)[0]:
                frame = os.read(fd, 70000)[10:]
                if marker in frame:
                    return len(frame)
        return 0

    def test_hosts_reach_each_other(self):
        sockets = self.hosts()
        for size in (1, 1000, 1450 - 28):
            sockets[0].sendto(b"x" * size, ("10.9.0.2", 5000))
            self.assertEqual(len(sockets[1].recv(65536)), size)
            sockets[1].sendto(b"y" * size, ("10.9.0.1", 5000))
            self.assertEqual(len(sockets[0].recv(65536)), size)
        with self.assertRaises(OSError) as caught:
            sockets[0].sendto(b"x" * (1450 - 27), ("10.9.0.2", 5000))
        self.assertEqual(caught.exception.errno, errno.EMSGSIZE)
        self.assertEqual([server.fragments() for server in self.server], [0, 0])
        self.assertGreater(json.loads(self.server[0].weiss("status", "--json").stdout)[0]["received_bytes"], 2400)

    def test_guests(self):
        # Frames of guests: the largest passes whole, a larger one is dropped at the bridge, which leaves 4 bytes for a VLAN.
        for i in range(2):
            self.assert_up(i, "--taps", "1")
        taps = [self.tap(i) for i in range(2)]
        source = bytes.fromhex("525400770001")
        for size, marker, arrives in ((14 + 1450, b"marker-fits", True), (14 + 1455, b"marker-long", False)):
            frame = (b"\xff" * 6 + source + b"\x88\xb5" + marker).ljust(size, b".")
            end = time.monotonic() + 10
            heard = 0
            while heard == 0 and time.monotonic() < (end if arrives else end - 9):
                os.write(taps[0], bytes(10) + frame)  # until the port forwards
                heard = self.hear(taps[1], marker, 0.3)
            self.assertEqual(heard, size if arrives else 0, marker)
        self.assertEqual(self.server[0].fragments(), 0)
        self.assertTrue(json.loads(self.server[0].weiss("status", "--json").stdout)[0]["taps"][0]["used"])

    def test_the_host_does_not_answer_guests(self):
        # A guest that knows the bridge's address and one of the host's gets neither an answer nor to anything else.
        self.assert_up(0, "--taps", "1")
        tap = self.tap(0)
        mac = bytes.fromhex(self.server[0].links()["wb-lab"]["address"].replace(":", ""))
        source = bytes.fromhex("525400770001")
        asked = b"\xff" * 6 + source + b"\x08\x06" + struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, source,
                                                               socket.inet_aton("192.168.5.77"), bytes(6),
                                                               socket.inet_aton("192.168.5.1"))
        with self.server[0].inside():
            listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(("0.0.0.0", 6000))
        datagram = struct.pack("!HHHH", 6000, 6000, 12, 0) + b"spy!"
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 1, 0, 64, 17, 0, socket.inet_aton("192.168.5.77"),
                           socket.inet_aton("192.168.5.1"))
        total = sum(struct.unpack("!10H", head))
        total = (total & 0xffff) + (total >> 16)
        head = head[:10] + struct.pack("!H", ~((total & 0xffff) + (total >> 16)) & 0xffff) + head[12:]
        for _ in range(3):
            os.write(tap, bytes(10) + asked)
            os.write(tap, bytes(10) + mac + source + b"\x08\x00" + head + datagram)
            self.assertEqual(self.hear(tap, b"\x00\x02" + mac, 0.2), 0, "the host answers ARP")
        self.assertEqual(select.select([listener], [], [], 0.3)[0], [], "the host takes a guest's datagram")


if __name__ == "__main__":
    require()
    unittest.main(verbosity=2)
