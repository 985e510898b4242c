"""Wrong calls of weiss lab: one exact message, before anything is started."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
import harness  # noqa: E402

WRONG = [
    (["--vms", "5"], "--vms must be from 1 to 4; found 5"),
    (["--vms", "0"], "--vms must be from 1 to 4; found 0"),
    (["--vms", "two"], "--vms needs a number; found \"two\""),
    (["--vcpus", "65"], "--vcpus must be from 1 to 64; found 65"),
    (["--memory", "64M"], "--memory (MiB) must be from 256 to 1048576; found 64"),
    (["--memory", "1X"], "--memory needs a number of bytes, such as 64M; found \"1X\""),
    (["--region", "3M"], "--region must be a power of two of at least 4096 bytes, such as 64M; found 3145728"),
    (["--region", "-4096"], "--region needs a number of bytes, such as 64M; found \"-4096\""),
    (["--region", "99999999T"], "--region needs a number of bytes, such as 64M; found \"99999999T\""),
    (["--ivshmem", "both"], "--ivshmem needs none, plain or doorbell; found \"both\""),
    (["--accel", "hvf"], "--accel needs auto, kvm or tcg; found \"hvf\""),
    (["--vectors", "0"], "--vectors must be from 1 to 64; found 0"),
    (["--groups", "1,3"], "--groups needs numbers of machines from 1 to 2, each at most once, such as 1,2:3,4; found \"1,3\""),
    (["--groups", "1:1"], "--groups needs numbers of machines from 1 to 2, each at most once, such as 1,2:3,4; found \"1:1\""),
    (["--groups", ""], "--groups needs numbers of machines from 1 to 2, each at most once, such as 1,2:3,4; found \"\""),
    (["--groups", "1,"], "--groups needs numbers of machines from 1 to 2, each at most once, such as 1,2:3,4; found \"1,\""),
    (["--servers", "3"], "--servers must be from 1 to 2; found 3"),
    (["--link", "1Gb/s"], "--link is between servers: it needs --servers 2"),
    (["--servers", "2", "--vms", "3"], "--servers 2 needs the same number of machines on each: --vms 2 or 4; found 3"),
    (["--servers", "2", "--link", "1Gb"], "--link needs a rate from 1Mb/s to 17Gb/s, and may have a delay up to 1000ms and an "
                                          "MTU from 1330 to 65520, such as 1Gb/s,50us or 10Gb/s,20us,2044; found \"1Gb\""),
    (["--ship", "missing"], "--ship missing: No such file or directory"),
    (["--ship", "there:a/b"], "--ship there: the name in the machines must be one word that does not begin with a point; "
                              "found \"a/b\""),
    (["--ship", "there:.lab"], "--ship there: the name in the machines must be one word that does not begin with a point; "
                               "found \".lab\""),
    (["--module", "missing.ko"], "--module missing.ko: No such file or directory"),
    (["ls"], "\"ls\" is one argument too many; expected weiss lab [-- COMMAND...]"),
]


class Options(harness.Case):
    def setUp(self):
        super().setUp()
        # Nothing may be started, so nothing has to be there.
        self.env = {"XDG_CACHE_HOME": self.path("cache"), "TMPDIR": self.directory}
        self.write("there", "")

    def test_wrong_options(self):
        for options, message in WRONG:
            with self.subTest(options=options):
                result = self.weiss("lab", *options, "--", "true", env=self.env) if options != ["ls"] else \
                    self.weiss("lab", *options, env=self.env)
                self.assertEqual(result.stderr, f"weiss: {message}\nTry `weiss lab --help`.\n")
                self.assert_done(result, 2)
                self.assertEqual(os.listdir(self.directory), ["there"])

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_groups_of_two_servers(self):
        result = self.weiss("lab", "--servers", "2", "--vms", "4", "--groups", "1,2,3", "--", "true", env=self.env)
        self.assertEqual(result.stderr, "weiss: --groups \"1,2,3\": vm1 and vm3 are on different servers and cannot share "
                                        "memory\nTry `weiss lab --help`.\n")
        self.assert_done(result, 2)

    def test_two_servers_need_root(self):
        command = [harness.WEISS, "lab", "--servers", "2", "--", "true"]
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        try:
            result = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **user)
        except PermissionError:
            self.skipTest("nobody cannot run the command")
        self.assertEqual(result.stderr, "weiss: --servers 2 needs root: it makes network namespaces; a lab of one server does "
                                        "not\n")
        self.assert_done(result, 1)

    def test_no_qemu(self):
        result = self.weiss("lab", "--", "true", env={**self.env, "PATH": ""})
        self.assert_done(result, 1)
        self.assertEqual(result.stderr, "weiss: qemu-system-x86_64, which a lab needs, is not installed: install the "
                                        "package qemu-system-x86\n")

    def test_nowhere_to_keep_the_image(self):
        result = self.weiss("lab", "--image", env={"XDG_CACHE_HOME": "/proc/nothing"})
        self.assert_one_message(result, "/proc/nothing", "cannot be made")

    def test_help(self):
        result = self.weiss("lab", "--help")
        self.assert_done(result)
        self.assertLess(max(map(len, result.stdout.splitlines())), 121)
        # What follows -- is the command's.
        self.assertIn("--vms must be", self.weiss("lab", "--vms", "9", "--", "--help").stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
