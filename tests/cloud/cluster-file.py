"""Cluster files: one exact message for what is wrong; what would be started; clusters that are not there."""
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
import harness  # noqa: E402

RIGHT = "name: one\nservers:\n  - {uri: qemu, vms: 2}\nvcpus: 3\nmemory: 1 GiB\nregion: 32 MiB\n"
NAME = "expected a small letter, then small letters, digits and -, 20 at most, found"
WRONG = [
    (("name: one", "name: One"), f"c.yaml:1: name: {NAME} \"One\""),
    (("name: one", "name: ../x"), f"c.yaml:1: name: {NAME} \"../x\""),
    (("name: one", "name: aaaaaaaaaaaaaaaaaaaaa"), f"c.yaml:1: name: {NAME} \"aaaaaaaaaaaaaaaaaaaaa\""),
    (("uri: qemu", "uri: xen"), "c.yaml:3: servers[0].uri: expected qemu, qemu:///system or qemu:///session, found \"xen\""),
    (("1 GiB", "1 GB"), "c.yaml:5: memory: expected a size with its unit (B, KiB, MiB, GiB or TiB) such as \"64 MiB\", "
                        "found \"1 GB\""),
    (("1 GiB", "99999999999999 TiB"), "c.yaml:5: memory: expected a size with its unit (B, KiB, MiB, GiB or TiB) such as "
                                      "\"64 MiB\", found \"99999999999999 TiB\""),
    (("1 GiB", "64 MiB"), "c.yaml:5: memory: expected whole MiB, from 256 MiB to 1 TiB, found \"64 MiB\""),
    (("32 MiB", "3 MiB"), "c.yaml:6: region: expected a power of two of at least 4 KiB such as \"64 MiB\", found \"3 MiB\""),
    (("  - {uri: qemu, vms: 2}", "  - {uri: qemu}\n" * 3), "c.yaml:2: servers: expected one server or two, found 3"),
    (("  - {uri: qemu, vms: 2}", "  - {uri: qemu}\n  - {uri: qemu}"),
     "c.yaml:4: servers[1].name (default): expected another name than that of the first server, found \"here\""),
    (("  - {uri: qemu, vms: 2}", "  - {uri: qemu}\n  - {name: b, uri: qemu, vms: 1}"),
     "c.yaml:2: servers: two servers need the same number of machines, 2 at most on each"),
    (("  - {uri: qemu, vms: 2}", "  - {uri: qemu}\n  - {name: b, uri: \"qemu:///session\"}"),
     "c.yaml:2: servers: two servers are for trials on this machine: both need uri: qemu"),
    (("vcpus: 3", "link: 1Gb/s"), "c.yaml:4: link: a link is between servers, and there is one"),
]
# The common part of the words is the problem file's too; its tests have their exact form.
REFUSED = [("vms: 2", "vms: 5"), ("vcpus: 3", "vcpu: 3"), ("name: one\n", ""), ("uri: qemu, ", ""), ("vcpus: 3", "vcpus: [")]


class Files(harness.Case):
    def setUp(self):
        super().setUp()
        self.env = {"XDG_STATE_HOME": self.path("s"), "XDG_CACHE_HOME": self.path("cache")}

    def cluster(self, *words, env=None):
        return self.weiss("cluster", *words, env={**self.env, **(env or {})})

    def test_errors(self):
        for (old, new), message in WRONG:
            with self.subTest(new=new):
                self.assertIn(old, RIGHT)
                self.write("c.yaml", RIGHT.replace(old, new))
                result = self.cluster("up", "--dry-run", "c.yaml")
                self.assertEqual(result.stderr, f"weiss: {message}\n")
                self.assert_done(result, 1)
        for old, new in REFUSED:
            with self.subTest(new=new):
                self.assertIn(old, RIGHT)
                self.write("c.yaml", RIGHT.replace(old, new))
                self.assert_one_message(self.cluster("up", "--dry-run", "c.yaml"), "c.yaml:")
        self.write("c.yaml", RIGHT.replace("vcpus", "vcpsu"))
        self.assertIn("vcpus", self.cluster("up", "--dry-run", "c.yaml").stderr)

    def test_damaged_files(self):
        chance = random.Random(7)
        for _ in range(25):
            text = bytearray(RIGHT.encode())
            for _ in range(chance.randint(1, 6)):
                text[chance.randrange(len(text))] = chance.randrange(256)
            with open(self.path("c.yaml"), "wb") as file:
                file.write(text)
            result = self.cluster("up", "--dry-run", "c.yaml")
            self.assertIn(result.returncode, (0, 1), (bytes(text), result.stderr))
            if result.returncode == 1:
                self.assertEqual(result.stderr.count("\n"), 1, (bytes(text), result.stderr))

    def test_dry_run(self):
        self.write("c.yaml", RIGHT)
        result = self.cluster("up", "--dry-run", "c.yaml")
        self.assert_done(result)
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 3, result.stdout)
        self.assertEqual(lines[0], "fallocate -l 33554432 /dev/shm/weiss-lab-XXXXXX-1")
        for i, line in enumerate(lines[1:], 1):
            self.assertTrue(line.startswith(f"qemu-system-x86_64 -name weiss-vm{i},debug-threads=on "), line)
            for words in (" -smp 3 ", " -m 1024M ", f"weiss.vm={i}'", "size=33554432,mem-path=/dev/shm/", "restrict=on"):
                self.assertIn(words, line)
        self.assertFalse(os.path.exists(self.path("s")))

    def test_examples(self):
        """Every key is in the example, at its default; the other one is right but for the processors that it names."""
        examples = os.path.join(os.environ["WEISS_SOURCE_ROOT"], "examples")
        with open(os.path.join(examples, "cluster-laptop.yaml"), encoding="utf-8") as file:
            text = file.read()
        self.assert_done(self.cluster("up", "--dry-run", os.path.join(examples, "cluster-laptop.yaml")))
        self.write("short.yaml", "name: laptop\nservers: [{uri: qemu}]\n")
        self.write("long.yaml", text)
        self.assertEqual(self.cluster("up", "--dry-run", "long.yaml").stdout, self.cluster("up", "--dry-run", "short.yaml").stdout)
        servers = self.cluster("up", "--dry-run", os.path.join(examples, "cluster-two-servers.yaml")).stdout
        self.assertIn("with a wire between them (1Gb/s,50us)", servers)
        self.assertEqual([servers.count(f"ifname=wt{n}-lab") for n in (1, 2, 3)], [2, 2, 0])
        self.write("wrong.yaml", "name: two\nservers: [{name: a, uri: qemu}, {name: b, uri: qemu}]\nlink: slow\n")
        self.assert_one_message(self.cluster("up", "--dry-run", "wrong.yaml"), "wrong.yaml:3: link:", "rate from 1Mb/s")
        with open(os.path.join(examples, "cluster-libvirt.yaml"), encoding="utf-8") as file:
            self.write("tuned.yaml", "".join(line for line in file if not line.startswith("pin:")))
        self.assertEqual(self.cluster("up", "--dry-run", "tuned.yaml").stdout.count("<domain type="), 2)

    def test_wishes(self):
        """What QEMU is told of huge pages and of a NUMA node."""
        self.write("c.yaml", RIGHT + "hugepages: 2 MiB\nnuma: 0\n")
        said = self.cluster("up", "--dry-run", "c.yaml").stdout
        self.assertIn(" -object memory-backend-memfd,id=ram,size=1024M,hugetlb=on,hugetlbsize=2097152,prealloc=on,"
                      "host-nodes=0,policy=bind -machine memory-backend=ram ", said)
        self.write("c.yaml", RIGHT.replace("1 GiB", "512 GiB") + "hugepages: 2 MiB\n")
        self.assert_one_message(self.cluster("up", "c.yaml"), "hugepages: 524288 pages of 2 MiB are needed", "weiss tune hugepages")

    def test_places(self):
        self.write("c.yaml", RIGHT)
        place = self.path("x" * 70) + "/weiss/clusters/one"
        self.assertEqual(self.cluster("up", "c.yaml", env={"XDG_STATE_HOME": self.path("x" * 70)}).stderr,
                         f"weiss: {place} is too long for the names of sockets in it: at most 65 characters; set "
                         "XDG_STATE_HOME to a shorter directory\n")
        self.assertIn("which QEMU and ssh do not take", self.cluster("up", "c.yaml", env={"XDG_STATE_HOME": "/tmp/a b"}).stderr)

    def test_nothing_is_up(self):
        self.assertEqual(self.cluster("status").stdout, "No cluster is up.\n")
        self.assertEqual(self.cluster("status", "--json").stdout, "[]\n")
        for words in (("down",), ("hostfile",), ("ssh", "vm1"), ("exec", "--", "true")):
            result = self.cluster(*words)
            self.assertEqual(result.stderr, "weiss: no cluster is up; `weiss cluster up FILE` starts one\n")
            self.assert_done(result, 1)
        self.assertEqual(self.cluster("down", "one").stderr,
                         "weiss: the cluster \"one\" is not up; `weiss cluster status` shows which are\n")
        self.assertEqual(self.cluster("down", "One").stderr, "weiss: \"One\" is no name of a cluster\n")
        self.assertFalse(os.path.exists(self.path("s")))

    def test_foreign_state(self):
        """A state that is not ours: nothing is killed or removed because of it."""
        os.makedirs(self.path("s/weiss/clusters/one"))
        for text in ("", "weiss-cluster 1\n", "weiss-cluster 1\ndirectory /tmp\nvms 1\nprocess vm1 1 1 1\n",
                     f"weiss-cluster 1\ndirectory /tmp/weiss-lab-a\nvms 1\nprocess vm1 {os.getpid()} 1 1\n"):
            self.write("s/weiss/clusters/one/state", text)
            self.assert_one_message(self.cluster("down", "one"), "is not the state of a cluster")
        # The number of a process that started at another time.
        place = self.path("s/weiss/clusters/one")
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
            boot = file.read().strip()
        self.write("s/weiss/clusters/one/state", f"weiss-cluster 1\nserver here\ndirectory {place}/weiss-lab-a\nboot {boot}\nvms 1\n"
                                                 f"process vm1 {os.getpid()} 1 1\n")
        self.assertIn("vm1    ended", self.cluster("status").stdout)
        self.assert_done(self.cluster("down"))
        self.assertFalse(os.path.exists(place))


if __name__ == "__main__":
    unittest.main(verbosity=2)
