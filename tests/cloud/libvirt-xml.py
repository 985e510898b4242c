"""What libvirt is given: valid by libvirt's own schemas for many plans, and what the cluster file asked for."""
import os
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
import harness  # noqa: E402

SCHEMAS = "/usr/share/libvirt/schemas"
QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
HERE = re.compile(r"^virsh -c '(\S+)' (net-create|create) --validate /dev/stdin <<'END'\n(.*?)\nEND\n", re.MULTILINE | re.DOTALL)
CLUSTER = "name: one\nservers:\n  - {{uri: \"qemu:///{uri}\", vms: {vms}}}\naccel: {accel}\nivshmem: {ivshmem}\n{more}"


def online():
    with open("/sys/devices/system/cpu/online", encoding="utf-8") as file:
        return file.read().strip()


class Xml(harness.Case):
    def plan(self, uri="system", vms=2, accel="tcg", ivshmem="plain", more="", cache="cache", code=0):
        """The networks and domains that `weiss cluster up --dry-run` prints, and its other lines."""
        self.write("c.yaml", CLUSTER.format(uri=uri, vms=vms, accel=accel, ivshmem=ivshmem, more=more))
        result = self.weiss("cluster", "up", "--dry-run", "c.yaml",
                            env={"XDG_STATE_HOME": self.path("s"), "XDG_CACHE_HOME": self.path(cache)})
        self.assert_done(result, code)
        if code != 0:
            return result.stderr
        found = {"net-create": [], "create": []}
        for where, command, text in HERE.findall(result.stdout):
            self.assertEqual(where, f"qemu:///{uri}")
            found[command].append(text)
        rest = HERE.sub("", result.stdout)
        self.assertNotIn("<", rest)
        return found["net-create"], found["create"], rest

    def validate(self, schema, texts):
        """Checks texts with libvirt's schema. @return what is wrong with the first that is not valid"""
        names = []
        for i, text in enumerate(texts):
            names.append(f"{schema}{i}.xml")
            self.write(names[-1], text)
        done = subprocess.run(["xmllint", "--noout", "--relaxng", f"{SCHEMAS}/{schema}.rng", *names], cwd=self.directory,
                              capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stderr

    def test_valid(self):
        networks, domains = [], []
        for options in ({}, {"vms": 1}, {"vms": 4, "ivshmem": "doorbell"}, {"ivshmem": "none"}, {"accel": "kvm"},
                        {"more": "pin: [0]\nnuma: 0\nhugepages: 2 MiB\n", "vms": 1}, {"more": "hugepages: 1 GiB\nmemory: 2 GiB\n"},
                        {"more": "vcpus: 64\nmemory: 1 TiB\nregion: 4 KiB\n"}, {"cache": "a&b<'\"> c"}):
            with self.subTest(options=options):
                network, domain, _ = self.plan(**options)
                self.assertEqual((len(network), len(domain)), (1, options.get("vms", 2)))
                networks += network
                domains += domain
        for options in ({"vms": 1}, {"vms": 2}, {"vms": 4, "ivshmem": "doorbell"}):
            with self.subTest(session=options):
                network, domain, _ = self.plan(uri="session", **options)
                self.assertEqual((len(network), len(domain)), (0, options["vms"]))
                domains += domain
        self.assertEqual(self.validate("network", networks), "")
        self.assertEqual(self.validate("domain", domains), "")
        # The check itself can fail.
        self.assertIn("fails to validate", self.validate("domain", [domains[0].replace("<readonly/>", "<readonli/>", 1)]))

    def test_network(self):
        networks, domains, _ = self.plan()
        network = ElementTree.fromstring(networks[0])
        self.assertIsNone(network.find("forward"))  # it leads nowhere
        self.assertIsNone(network.find("ip/dhcp"))
        self.assertEqual(network.find("dns").get("enable"), "no")
        subnet = re.fullmatch(r"10\.77\.(\d+)\.254", network.find("ip").get("address")).group(1)
        self.assertEqual(network.find("bridge").get("name"), f"weissbr{subnet}")
        for i, text in enumerate(domains, 1):
            card = ElementTree.fromstring(text).find("devices/interface")
            self.assertEqual(card.find("source").get("bridge"), f"weissbr{subnet}")
            self.assertEqual(card.find("mac").get("address"), f"52:54:00:77:{int(subnet):02x}:{i:02x}")

    def test_machine(self):
        _, domains, rest = self.plan(more="vcpus: 3\nmemory: 1 GiB\nregion: 32 MiB\n", cache="a&b<c")
        self.assertIn("fallocate -l 33554432 /dev/shm/weiss-lab-XXXXXX-1", rest)
        uuids = set()
        for i, text in enumerate(domains, 1):
            domain = ElementTree.fromstring(text)
            self.assertEqual(domain.get("type"), "qemu")
            self.assertEqual(domain.findtext("name"), f"weiss-one-vm{i}")
            self.assertEqual((domain.findtext("vcpu"), domain.findtext("memory"), domain.find("memory").get("unit")),
                             ("3", "1024", "MiB"))
            self.assertTrue(domain.findtext("os/kernel").startswith(self.path("a&b<c") + "/weiss/lab/"))
            self.assertIn(f"weiss.vm={i}", domain.findtext("os/cmdline").split())
            disks = domain.findall("devices/disk")
            self.assertEqual([disk.find("target").get("dev") for disk in disks], ["vda", "vdb"])
            self.assertTrue(all(disk.find("readonly") is not None for disk in disks))
            shmem = domain.find("devices/shmem")
            self.assertEqual((shmem.find("model").get("type"), shmem.findtext("size"), shmem.get("name")),
                             ("ivshmem-plain", "33554432", "weiss-lab-XXXXXX-1"))
            self.assertEqual(domain.findtext("seclabel/label"), f"+{os.getuid()}:+{os.getgid()}")
            self.assertEqual(domain.find("seclabel").get("relabel"), "no")
            for wish in ("cputune", "numatune", "memoryBacking"):
                self.assertIsNone(domain.find(wish))
            self.assertIsNone(domain.find("vcpu").get("cpuset"))
            uuids.add(domain.findtext("uuid"))
        self.assertEqual(len(uuids), 2)
        _, domains, rest = self.plan(ivshmem="doorbell", more="hugepages: 2 MiB\n")
        self.assertRegex(rest, r"weiss-ivshmemd .*bytes=67108864,vectors=8,socket=\S+/region1,memory=")
        shmem = ElementTree.fromstring(domains[1]).find("devices/shmem")
        self.assertEqual(shmem.find("model").get("type"), "ivshmem-doorbell")
        self.assertEqual(shmem.find("msi").get("vectors"), "8")
        self.assertTrue(shmem.find("server").get("path").endswith("/weiss-lab-XXXXXX/region1"))
        self.assertIsNone(ElementTree.fromstring(self.plan(ivshmem="none")[1][0]).find("devices/shmem"))
        self.assertEqual(ElementTree.fromstring(self.plan(accel="kvm")[1][0]).get("type"), "kvm")

    def test_session(self):
        """Without privileges: QEMU's own network, as the lab has it."""
        _, domains, _ = self.plan(uri="session")
        for i, text in enumerate(domains):
            domain = ElementTree.fromstring(text)
            self.assertIsNone(domain.find("devices/interface"))
            self.assertIsNone(domain.find("seclabel"))
            words = [word.get("value") for word in domain.findall(f"{QEMU}commandline/{QEMU}arg")]
            self.assertTrue(words[words.index("-netdev") + 1].startswith("user,id=host,restrict=on,"), words)
            self.assertIn(f"server={'off' if i else 'on'}", words[-3])
            for word, slot in ((words[3], "0x10"), (words[-1], "0x11")):  # not where libvirt puts its own
                self.assertTrue(word.startswith("virtio-net-pci,") and word.endswith(f",bus=pcie.0,addr={slot}"), word)

    def test_wishes(self):
        cpus = [0] if online() == "0" else [1, 0]
        _, domains, _ = self.plan(vms=1, more=f"vcpus: {len(cpus)}\npin: {cpus}\nnuma: 0\nhugepages: 2 MiB\n")
        domain = ElementTree.fromstring(domains[0])
        self.assertEqual([(pin.get("vcpu"), pin.get("cpuset")) for pin in domain.findall("cputune/vcpupin")],
                         [(str(i), str(cpu)) for i, cpu in enumerate(cpus)])
        self.assertIsNotNone(domain.find("cputune/emulatorpin").get("cpuset"))
        self.assertEqual((domain.find("numatune/memory").get("mode"), domain.find("numatune/memory").get("nodeset")),
                         ("strict", "0"))
        with open("/sys/devices/system/node/node0/cpulist", encoding="utf-8") as file:
            self.assertEqual(domain.find("vcpu").get("cpuset"), file.read().strip())
        page = domain.find("memoryBacking/hugepages/page")
        self.assertEqual((page.get("size"), page.get("unit")), ("2048", "KiB"))
        if len(cpus) == 2:  # what is left over is for the other threads
            _, domains, _ = self.plan(vms=1, more="pin: [1, 0]\n")
            self.assertEqual(ElementTree.fromstring(domains[0]).find("cputune/emulatorpin").get("cpuset"), "0")

    def test_refused(self):
        for more, message in ((("pin: [0]\n"), "pin: expected a processor for each of the 2 vCPUs, found 1"),
                              (("pin: [0, 0]\n"), "pin: processor 0 is given twice"),
                              (("pin: [0, 65535]\n"), f"pin: there is no processor 65535; this machine has {online()}"),
                              (("numa: 1023\n"), "numa: this machine has no node 1023"),
                              (("pin: [0, x]\n"), "expected off, auto, or a list of processors such as [2, 3], found \"x\""),
                              (("numa: x\n"), "expected off or the number of a NUMA node, found \"x\""),
                              (("hugepages: on\n"), "expected a size with its unit")):
            with self.subTest(more=more):
                self.assertIn(message, self.plan(more=more, code=1))
        for uri, message in (("qemu+ssh://far/system", "is libvirt on another machine"),
                             ("qemu://far/system", "is libvirt on another machine"),
                             ("qemu:///other", "expected qemu, qemu:///system or qemu:///session"),
                             ("lxc:///system", "expected qemu, qemu:///system or qemu:///session")):
            self.write("c.yaml", CLUSTER.format(uri="", vms=1, accel="tcg", ivshmem="none", more="").replace("qemu:///", uri))
            with self.subTest(uri=uri):
                self.assertIn(message, self.weiss("cluster", "up", "--dry-run", "c.yaml").stderr)


if __name__ == "__main__":
    if shutil.which("xmllint") is None or not os.path.isdir(SCHEMAS):
        print("skipped: xmllint or libvirt's schemas are not here; install libxml2-utils and libvirt-clients")
        sys.exit(77)
    unittest.main(verbosity=2)
