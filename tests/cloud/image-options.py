"""weiss image without making one: what is wrong is said before anything is fetched, and nothing is left."""
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
import harness  # noqa: E402

TREE = re.compile(r"mmdebstrap\.\w{10}$")  # of the system that is made


class Options(harness.Case):
    def setUp(self):
        super().setUp()
        self.env = {"XDG_CACHE_HOME": self.path("cache")}

    def image(self, *words, env=None):
        return self.weiss("image", *words, env={**self.env, **(env or {})})

    def assert_usage(self, result, message):
        self.assert_done(result, 2)
        self.assertTrue(result.stderr.startswith(f"weiss: {message}"), result.stderr)

    def make_deb(self, name, text="one"):
        os.makedirs(self.path(name, "DEBIAN"))
        self.write(f"{name}/DEBIAN/control", f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.invalid>\n"
                                             f"Description: {text}\n")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "-b", name], cwd=self.directory, check=True, capture_output=True)
        return name + ".deb"

    def test_packages(self):
        self.write("text.deb", "no package")
        self.write("empty.deb", "")
        self.assert_usage(self.image("build", "--deb", "none.deb"), "--deb none.deb: No such file or directory\n")
        for name in ("text.deb", "empty.deb"):
            self.assert_usage(self.image("build", "--deb", name), f"--deb {name}: expected a Debian package, NAME.deb\n")
        deb = self.make_deb("right")
        os.mkdir(self.path("other"))
        for name in ("right.txt", "other/right.deb"):
            os.link(self.path(deb), self.path(name))
        self.assert_usage(self.image("build", "--deb", "right.txt"), "--deb right.txt: expected a Debian package, NAME.deb\n")
        result = self.image("build", "--deb", deb, "--deb", "other/right.deb")
        self.assert_done(result, 2)
        self.assertIn("have the same name", result.stderr)
        for name in ("", "a b", "a,b", "-x", "A", "a;id", "../a"):
            self.assert_usage(self.image("build", f"--package={name}"), "--package needs the name of a Debian package (small letters, "
                              f"digits, +, - and .); found \"{name}\"\n")
        self.assertFalse(os.path.exists(self.path("cache")))

    def test_places(self):
        self.write("there.qcow2", "")
        self.assertEqual(self.image("build", "--out", "there.qcow2").stderr,
                         "weiss: there.qcow2 exists: remove it, or name another file\n")
        self.assertEqual(self.image("build", "--out", "none/a.qcow2").stderr,
                         "weiss: none/a.qcow2 cannot be written: No such file or directory\n")
        self.assertFalse(os.path.exists(self.path("cache")))

    def test_there_is_none(self):
        self.assertEqual(self.image("list").stdout, "There is no image; `weiss image build` makes one.\n")
        for words in (("export", "a.qcow2"), ("export", "abc", "a.qcow2"), ("remove", "abc")):
            result = self.image(*words)
            self.assert_done(result, 1)
            self.assertEqual(result.stderr, "weiss: there is no image; `weiss image build` makes one\n")
        self.assertFalse(os.path.exists(self.path("a.qcow2")))

    def test_names(self):
        """Images are found by the beginning of their names. What else is in the cache is none."""
        for name in ("00aa000000000000", "00ab000000000000", "new", "0123", "00AA000000000000"):
            os.makedirs(self.path("cache/weiss/images", name))
        self.assertEqual([line.split()[0] for line in self.image("list").stdout.splitlines()],
                         ["00aa000000000000", "00ab000000000000"])
        self.assertEqual(self.image("remove", "00").stderr, "weiss: several images have names that begin with \"00\"; `weiss image "
                                                            "list` shows them\n")
        self.assertEqual(self.image("remove", "ff").stderr, "weiss: there is no image \"ff\"; `weiss image list` shows which there "
                                                            "are\n")
        self.assert_done(self.image("remove", "00aa"))
        self.assertEqual([line.split()[0] for line in self.image("list").stdout.splitlines()], ["00ab000000000000"])
        # It has no parts, as when the disk was full: no file is left.
        result = self.image("export", "00ab", "a.qcow2")
        self.assert_done(result, 1)
        self.assertIn("writing the image failed: stat: ", result.stderr)
        self.assertEqual([name for name in os.listdir(self.directory) if "qcow2" in name], [])

    def test_stopped(self):
        """Stopped or killed while packages are fetched: no tree, no directory, no process is left."""
        if shutil.which("mmdebstrap") is None:
            self.skipTest("no mmdebstrap")
        os.chmod(self.directory, 0o755)
        os.mkdir(self.path("tmp"))
        os.chmod(self.path("tmp"), 0o1777)
        for number in (signal.SIGINT, signal.SIGKILL):
            process = subprocess.Popen([harness.WEISS, "image", "build"], cwd=self.directory, stdin=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, env={**os.environ, **self.env, "TMPDIR": self.path("tmp")}, text=True)
            while process.poll() is None and not any(map(TREE.match, os.listdir(self.path("tmp")))):
                time.sleep(0.05)
            time.sleep(2)
            process.send_signal(number)
            said = process.communicate(timeout=120)[1]
            self.assertEqual(process.returncode, -number if number == signal.SIGKILL else 128 + number, said)
            end = time.monotonic() + 90
            while os.listdir(self.path("tmp")) and time.monotonic() < end:
                time.sleep(0.1)
            self.assertEqual(os.listdir(self.path("tmp")), [])
        # What a killed one could not remove goes with the next.
        self.assertEqual(sorted(os.listdir(self.path("cache/weiss/images"))), ["lock", "new"])
        self.assertEqual(self.image("list").stdout, "There is no image; `weiss image build` makes one.\n")

    def test_no_network(self):
        alone = ["unshare", "-n"]
        if shutil.which("mmdebstrap") is None or os.geteuid() != 0 or subprocess.run([*alone, "true"], check=False).returncode != 0:
            self.skipTest("no mmdebstrap, or no network namespaces")
        result = self.weiss("image", "build", "--out", "a.qcow2", program=alone, env=self.env, timeout=300)
        self.assert_done(result, 1)
        self.assertRegex(result.stderr.splitlines()[-1], "^weiss: making the image failed: (Failed to fetch|Could not|Unable to)")
        self.assertEqual(os.listdir(self.path("cache/weiss/images")), ["lock"])
        self.assertFalse(os.path.exists(self.path("a.qcow2")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
