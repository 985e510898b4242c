"""weiss openstack and clusters of instances, against a server of the test's own: what is made, what is said, and that nothing is
left when a step fails, is stopped or is killed. There are no machines behind it: those are in tests/openstack."""
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from clouds import SECRET, Store  # noqa: E402

FILE = "name: one\nopenstack: {image: debian, flavor: small, network: net}\n"
EXAMPLES = os.path.join(os.environ["WEISS_SOURCE_ROOT"], "examples")


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.cloud = Store()
        self.addCleanup(self.cloud.close)
        self.env = {**{k: "" for k in os.environ if k.startswith("OS_")}, **self.cloud.environment(),
                    "XDG_STATE_HOME": self.path("s"), "HOME": self.path("")}

    def run_weiss(self, *words, env=None):
        result = self.weiss(*words, env={**self.env, **(env or {})}, timeout=120)
        self.assertNotIn(SECRET, result.stdout + result.stderr)
        return result

    def fails(self, result, *texts):
        self.assertEqual(result.returncode, 1, result)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for text in texts:
            self.assertIn(text, result.stderr)


class Flavors(Case):
    def test_make(self):
        self.assert_done(self.run_weiss("openstack", "flavors"))
        made = {one["name"]: one for one in self.cloud.kept["flavors"].values()}
        self.assertEqual({n: (o["vcpus"], o["ram"], o["disk"], o["extra_specs"]) for n, o in made.items()}, {
            "weiss.small": (2, 2048, 5, {"weiss:shmem_mib": "64"}), "weiss.medium": (4, 8192, 10, {"weiss:shmem_mib": "256"}),
            "weiss.large": (8, 16384, 20, {"weiss:shmem_mib": "512"})})
        asked = len(self.cloud.asked)
        result = self.run_weiss("openstack", "flavors")
        self.assertEqual(result.stdout.count(" is there: "), 3)
        self.assertEqual({a[0] for a in self.cloud.asked[asked:] if "flavors" in a[1]}, {"GET"})  # nothing is changed
        self.assert_done(self.run_weiss("openstack", "flavors", "--remove"))
        self.assertEqual(self.cloud.left(), [])
        self.assertEqual(self.run_weiss("openstack", "flavors", "--remove").stdout.count("is not there"), 3)

    def test_one(self):
        words = ("openstack", "flavors", "--name", "big", "--vcpus", "16", "--memory", "64GiB", "--disk", "20GiB", "--region", "1GiB",
                 "--dedicated", "--numa", "2", "--hugepages")
        self.assert_done(self.run_weiss(*words))
        one = next(iter(self.cloud.kept["flavors"].values()))
        self.assertEqual((one["name"], one["vcpus"], one["ram"], one["disk"]), ("big", 16, 65536, 20))
        self.assertEqual(one["extra_specs"], {"hw:cpu_policy": "dedicated", "hw:numa_nodes": "2", "hw:mem_page_size": "large",
                                              "weiss:shmem_mib": "1024"})
        result = self.run_weiss("openstack", "flavors", "--name", "big", "--vcpus", "8", "--region", "none", "--numa", "2")
        self.fails(result, "vcpus is 16, not 8", "ram is 65536, not 2048", "hw:cpu_policy is dedicated, not unset",
                   "weiss:shmem_mib is 1024, not unset", "--remove --name big")
        self.assertNotIn("numa", result.stderr)

    def test_half_made(self):
        """A flavor whose extra specs are refused is removed again."""
        self.cloud.refuse[("POST", "flavors")] = [None, (403, {"forbidden": {"message": "no specs"}}, {})]
        self.fails(self.run_weiss("openstack", "flavors", "--name", "x"), "no specs")
        self.assertEqual(self.cloud.left(), [])

    def test_usage(self):
        for words, text in ((("--vcpus", "3"), "give its --name"), (("--name", "a", "--vcpus", "0"), "from 1 to 1024"),
                            (("--name", "a", "--memory", "2"), "a whole number of MiB"),
                            (("--name", "a", "--memory", "1KiB"), "a whole number of MiB"),
                            (("--region", "3MiB"), "a power of two"), (("--numa", "x"), "from 1 to 64")):
            result = self.run_weiss("openstack", "flavors", *words)
            self.assertEqual(result.returncode, 2)
            self.assertIn(text, result.stderr)
        self.assertEqual(self.cloud.asked, [])

    def test_dry_run(self):
        result = self.weiss("openstack", "flavors", "--dry-run", "--dedicated", env={"OS_AUTH_URL": "", "OS_CLOUD": ""})
        self.assert_done(result)
        self.assertEqual(result.stdout.count("POST compute /flavors\n"), 3)
        self.assertEqual(result.stdout.count('"hw:cpu_policy": "dedicated"'), 3)


class Images(Case):
    def setUp(self):
        super().setUp()
        with open(self.path("d.qcow2"), "wb") as file:
            file.write(b"QFI\xfb" + os.urandom(3000000))

    def test_send(self):
        self.assertIn('The image "d" is in the cloud', self.run_weiss("openstack", "image", "d.qcow2").stdout)
        one = next(iter(self.cloud.kept["images"].values()))
        self.assertEqual((one["disk_format"], one["hw_machine_type"], one["img_config_drive"]), ("qcow2", "pc", "mandatory"))
        sent = [a for a in self.cloud.asked if a[0] == "PUT"]
        self.assertEqual(len(sent[0][2]), 3000004)
        for name in ("d", "other"):
            self.assertIn('has this image already, as "d"', self.run_weiss("openstack", "image", "d.qcow2", "--name", name).stdout)
        self.assertEqual(len([a for a in self.cloud.asked if a[0] == "PUT"]), 1)
        self.write("e", "another")
        self.fails(self.run_weiss("openstack", "image", "e", "--name", "d"), 'another image "d"')
        self.assert_done(self.run_weiss("openstack", "image", "--remove", "--name", "d"))
        self.assertEqual(self.cloud.left(), [])

    def test_parts(self):
        self.write("k", "kernel")
        self.write("r", "ramdisk")
        self.assert_done(self.run_weiss("openstack", "image", "d.qcow2", "--kernel", "k", "--ramdisk", "r", "--machine", "any"))
        named = {one["name"]: one for one in self.cloud.kept["images"].values()}
        self.assertEqual(named["d"]["kernel_id"], named["d-kernel"]["id"])
        self.assertEqual(named["d"]["ramdisk_id"], named["d-ramdisk"]["id"])
        self.assertNotIn("hw_machine_type", named["d"])
        self.assert_done(self.run_weiss("openstack", "image", "--remove", "--name", "d"))
        self.assertEqual(self.cloud.left(), [])

    def test_damaged_on_the_way(self):
        self.cloud.damage = lambda data: data[:-1] + b"?"
        self.fails(self.run_weiss("openstack", "image", "d.qcow2"), "did not arrive as it is here")
        self.assertEqual(self.cloud.left(), [])

    def test_failures(self):
        self.cloud.refuse[("PUT", "images")] = [(413, {"message": "quota"}, {})]
        self.fails(self.run_weiss("openstack", "image", "d.qcow2"), "413: quota")
        self.assertEqual(self.cloud.left(), [])
        self.fails(self.run_weiss("openstack", "image", "none"), "none cannot be read")
        self.write("empty", "")
        self.fails(self.run_weiss("openstack", "image", "empty"), "is empty")
        self.assertEqual(self.run_weiss("openstack", "image").returncode, 2)
        self.assertEqual(self.run_weiss("openstack", "image", "d.qcow2", "--machine", "virt").returncode, 2)


class Clusters(Case):
    def setUp(self):
        super().setUp()
        self.image = self.cloud.add("images", name="debian", status="active")
        self.cloud.add("flavors", name="small", vcpus=3, ram=1, disk=1)
        self.cloud.add("images", name="twice")
        self.cloud.add("images", name="twice")
        self.given = sorted(self.cloud.left())
        self.write("c.yaml", FILE)

    def nothing_is_left(self):
        self.assertEqual(sorted(self.cloud.left()), self.given)
        self.assertFalse(os.path.exists(self.path("s/weiss/clusters/one")))

    def test_file(self):
        for old, new, text in (("image: debian, ", "", "image"), ("flavor", "flavour", "flavor"), ("net}", "net, vms: 65}", "64"),
                               ("net}", "net, group: near}", "affinity"), ("net}", 'net, packages: ["a b"]}', "names of packages"),
                               ("net}", "net}\nvcpus: 2", "the flavor says it"), ("net}", "net}\nservers: [{uri: qemu}]", "servers"),
                               ("image: debian", "image: ''", "1 to 128 characters"), ("net}", "net, cloud: 'a b'}", "without blanks")):
            self.assertIn(old, FILE)
            self.write("w.yaml", FILE.replace(old, new))
            self.fails(self.run_weiss("cluster", "up", "--dry-run", "w.yaml"), "w.yaml:", text)
        self.assertEqual(self.cloud.asked, [])

    def test_dry_run(self):
        """The example, against nothing; every key of it is at its default."""
        env = {"OS_AUTH_URL": "", "OS_CLOUD": ""}
        path = os.path.join(EXAMPLES, "cluster-openstack.yaml")
        long = self.run_weiss("cluster", "up", "--dry-run", path, env=env)
        self.assert_done(long)
        self.write("short.yaml", "name: cloud\nopenstack: {image: weiss, flavor: weiss.small, network: private}\n")
        self.assertEqual(long.stdout, self.run_weiss("cluster", "up", "--dry-run", "short.yaml", env=env).stdout)
        self.assertEqual(long.stdout, self.run_weiss("openstack", "cluster", "up", "--dry-run", path, env=env).stdout)
        self.assertEqual(long.stdout.count("POST compute /servers\n"), 2)
        self.assertEqual(long.stdout.count('"config_drive": true'), 2)
        self.assertFalse(os.path.exists(self.path("s")))

    def test_not_there(self):
        for old, new, text in (("debian", "suse", 'no image "suse"; it has debian, twice, twice'), ("small", "big", 'no flavor "big"; it has small'),
                               ("net}", "x}", 'no network "x"; it has net, outside'), ("debian", "twice", '2 of the cloud\'s images are called "twice"'),
                               ("net}", "net, floating: y}", 'no network "y"'), ("net}", "net, security: z}", 'no security_group "z"')):
            self.write("w.yaml", FILE.replace(old, new))
            self.fails(self.run_weiss("cluster", "up", "w.yaml"), text)
            self.nothing_is_left()
        self.fails(self.run_weiss("cluster", "up", "c.yaml", env={"OS_APPLICATION_CREDENTIAL_SECRET": "x"}), "refuses the login")
        self.fails(self.run_weiss("cluster", "up", "c.yaml", env={"OS_AUTH_URL": ""}), "no cloud is named")
        self.nothing_is_left()

    def test_what_is_made(self):
        """Everything up to the instances; the last of these fails."""
        self.cloud.faults = {"-vm2": "No valid host was found."}
        self.cloud.builds = 1
        self.write("w.yaml", FILE.replace("net}", "net, floating: outside, packages: [openmpi-bin, nano], zone: z}"))
        result = self.run_weiss("cluster", "up", "w.yaml")
        self.assertEqual(result.returncode, 1)
        self.assertIn("Nova cannot start vm2 (instance ", result.stderr)
        self.assertTrue(result.stderr.endswith("): No valid host was found.\n"), result.stderr)
        self.nothing_is_left()
        servers = [json.loads(a[2]) for a in self.cloud.asked if a[0] == "POST" and a[1].endswith("/servers")]
        self.assertEqual(len(servers), 2)
        prefix = servers[0]["server"]["name"][:-4]
        self.assertRegex(prefix, "^weiss-one-[A-Za-z0-9]{6}$")
        for i, body in enumerate(servers, 1):
            self.assertEqual((body["server"]["name"], body["server"]["key_name"], body["server"]["config_drive"],
                              body["server"]["availability_zone"]), (f"{prefix}-vm{i}", prefix, True, "z"))
            self.assertIn("group", body["os:scheduler_hints"])
        made = {a[1].split("/")[-1]: json.loads(a[2]) for a in self.cloud.asked if a[0] == "POST"}
        self.assertEqual(made["os-server-groups"]["server_group"], {"name": prefix, "policy": "affinity"})
        self.assertTrue(made["os-keypairs"]["keypair"]["public_key"].startswith("ssh-ed25519 "))
        self.assertEqual(made["floatingips"]["floatingip"]["description"], prefix)
        import base64
        data = base64.b64decode(servers[0]["server"]["user_data"]).decode()
        self.assertTrue(data.startswith("#cloud-config\n"))
        self.assertIn('packages: ["openmpi-bin", "nano"]\n', data)

    def test_every_step_can_fail(self):
        """Whatever is refused: one message, and nothing is left."""
        for kind, times in (("keypairs", 1), ("server_groups", 1), ("security_groups", 1), ("security_group_rules", 2), ("ports", 2),
                            ("servers", 2), ("floatingips", 2)):
            self.write("w.yaml", FILE.replace("net}", "net, floating: outside}"))
            for which in range(times):
                self.cloud.refuse[("POST", kind)] = [None] * which + [(403, {"forbidden": {"message": f"no {kind}"}}, {})]
                result = self.run_weiss("cluster", "up", "w.yaml")
                self.assertEqual(result.returncode, 1)
                self.assertIn(f"403: no {kind}", result.stderr)
                self.nothing_is_left()

    def start_building(self):
        """An up that waits for instances."""
        self.cloud.builds = 10**9
        process = subprocess.Popen([harness.WEISS, "cluster", "up", "c.yaml"], cwd=self.directory, env={**os.environ, **self.env},
                                   stderr=subprocess.PIPE, text=True)
        while len(self.cloud.kept["servers"]) < 2:
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        return process

    def test_stopped(self):
        process = self.start_building()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.nothing_is_left()

    def test_killed(self):
        process = self.start_building()
        process.kill()
        process.communicate()
        self.assertGreater(len(self.cloud.left()), len(self.given))
        self.assertIn("not brought up to its end", self.run_weiss("cluster", "status").stdout)
        self.fails(self.run_weiss("cluster", "up", "c.yaml"), "was not brought up to its end: take it down first")
        self.fails(self.run_weiss("run", "--cluster", "one", os.path.join(EXAMPLES, "macrospin.yaml")), "not brought up to its end")
        foreign = self.cloud.add("servers", name="weiss-one", looks=0), self.cloud.add("ports", name="weiss-one-abc")
        self.assert_done(self.run_weiss("cluster", "down", "one"))
        for kind, one in zip(("servers", "ports"), foreign):  # its name only begins in the same way
            self.assertIn(one["id"], self.cloud.kept[kind])
            del self.cloud.kept[kind][one["id"]]
        self.nothing_is_left()

    def test_cannot_be_undone(self):
        """What cannot be removed is kept in mind, and a later down removes it."""
        self.cloud.faults = {"-vm1": "broken"}
        self.cloud.refuse[("DELETE", "ports")] = [(409, {"NeutronError": {"message": "busy"}}, {})]
        result = self.run_weiss("cluster", "up", "c.yaml")
        self.assertEqual(result.returncode, 1)
        self.assertIn("409: busy", result.stderr)
        self.assertIn("`weiss cluster down one` tries again", result.stderr)
        self.assertTrue(any("ports" in one for one in self.cloud.left()))
        self.assert_done(self.run_weiss("cluster", "down", "one"))
        self.nothing_is_left()

    def test_service_restarts(self):
        """Services that are away for a moment while instances are built and removed are waited for."""
        self.cloud.faults = {"-vm1": "broken"}
        away = (503, b"", {})
        self.cloud.refuse = {("GET", "servers"): [None, away, away], ("DELETE", "servers"): [away], ("GET", "ports"): [away]}
        result = self.run_weiss("cluster", "up", "c.yaml")
        self.assertEqual(result.returncode, 1)
        self.assertIn("broken\n", result.stderr)
        self.assertNotIn("503", result.stderr)
        self.assertFalse([r for r in self.cloud.refuse.values() if r])
        self.nothing_is_left()

    def test_no_routers(self):
        """A cloud whose Neutron knows no floating addresses."""
        self.cloud.faults = {"-vm1": "broken"}
        self.cloud.refuse = {("GET", "floatingips"): [(404, {"NeutronError": {"message": "The resource could not be found."}}, {})]}
        self.assertIn("broken\n", self.run_weiss("cluster", "up", "c.yaml").stderr)
        self.assertFalse(self.cloud.refuse[("GET", "floatingips")])
        self.nothing_is_left()

    def test_key_is_private(self):
        process = self.start_building()
        place = self.path("s/weiss/clusters/one")
        keys = [os.path.join(where, name) for where, _, names in os.walk(place) for name in names if name == "id"]
        self.assertEqual([os.stat(key).st_mode & 0o777 for key in keys], [0o600])
        self.assertEqual(os.stat(os.path.dirname(keys[0])).st_mode & 0o777, 0o700)
        with open(keys[0], encoding="ascii") as file:
            private = file.read().splitlines()[1]
        self.assertFalse([a for a in self.cloud.asked if private in a[2].decode(errors="replace")])
        self.assertNotIn(SECRET, self.read("s/weiss/clusters/one/state"))
        process.terminate()
        process.communicate(timeout=60)
        self.nothing_is_left()


    def test_damaged_answers(self):
        """Bytes of the answers are changed: the commands end, with one message or none, and never crash."""
        chance = random.Random(11)
        with open(self.path("d.qcow2"), "wb") as file:
            file.write(b"QFI\xfb" + bytes(1000))

        def mangle(data):
            data = bytearray(data)
            for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 20))):
                where = chance.randrange(len(data))
                if chance.random() < 0.5:
                    data[where] = chance.randrange(256)
                else:
                    data[where:where + chance.randrange(8)] = data[chance.randrange(len(data)):][:chance.randrange(12)] or b" "
            return bytes(data)
        self.cloud.faults = {"-vm1": "broken", "-vm2": "broken"}
        ends = set()
        for i in range(18):
            self.cloud.mangle = mangle
            words = (("cluster", "up", "c.yaml"), ("openstack", "flavors"), ("openstack", "image", "d.qcow2"))[i % 3]
            process = subprocess.Popen([harness.WEISS, *words], cwd=self.directory, env={**os.environ, **self.env},
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                _, said = process.communicate(timeout=5)
            except subprocess.TimeoutExpired:  # a status that it does not know: it waits
                process.send_signal(signal.SIGTERM)
                _, said = process.communicate(timeout=60)
            self.assertIn(process.returncode, (0, 1, 143), said)
            self.assertTrue(said.isprintable() or said.replace("\n", "").isprintable(), said)
            self.assertEqual(process.returncode == 1, any(not line.startswith(("weiss: vm", "weiss: removing", "weiss: d:"))
                                                          for line in said.splitlines() if "tries again" not in line), said)
            ends.add(process.returncode)
            self.cloud.mangle = None
            if os.path.exists(self.path("s/weiss/clusters/one")):
                self.assert_done(self.run_weiss("cluster", "down", "one"))
            for kind in self.cloud.kept:
                if kind not in ("networks", "subnets"):
                    self.cloud.kept[kind].clear()
            self.cloud.add("images", name="debian", status="active")
            self.cloud.add("flavors", name="small", vcpus=3, ram=1, disk=1)
        self.assertIn(1, ends)
        self.assertLess(ends, {0, 1, 143, -1})


class Words(Case):
    def test_completion(self):
        script = os.path.join(os.environ["WEISS_SOURCE_ROOT"], "completion", "weiss.bash")

        def offers(*words):
            line = " ".join(f"'{word}'" for word in words)
            said = subprocess.run(["bash", "-c", f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMPREPLY=(); _weiss; "
                                   "printf '%s\\n' \"${COMPREPLY[@]}\""], capture_output=True, text=True, check=True).stdout
            return set(said.split())
        self.assertIn("openstack", offers("weiss", "o"))
        self.assertEqual(offers("weiss", "openstack", ""), {"flavors", "image", "cluster", "--help"})
        for name in ("flavors", "image"):
            told = set(re.findall(r"--[a-z-]+", self.weiss("openstack", name, "--help").stdout.split("Options:")[1].split("\n\n")[0]))
            self.assertEqual(offers("weiss", "openstack", name, "--"), told)
        self.assertEqual(offers("weiss", "openstack", "cluster", ""), {"up", "down", "status"})

    def test_manual(self):
        with open(os.path.join(os.environ["WEISS_SOURCE_ROOT"], "man", "weiss-openstack.1"), encoding="utf-8") as file:
            page = file.read().replace("\\-", "-")
        for name in ("flavors", "image"):
            for option in re.findall(r"--[a-z-]+", self.weiss("openstack", name, "--help").stdout.split("Options:")[1].split("\n\n")[0]):
                if option != "--help":
                    self.assertIn(option, page)


if __name__ == "__main__":
    unittest.main(verbosity=2)
