"""The command line: what is wrong with it, in exact words, and the help."""
import subprocess
import unittest

import harness

LONG = "/" + "d" * 99

USAGE = (
    (["--grup", "blue"], "there is no option --grup; did you mean --group?"),
    (["--frobnicate"], "there is no option --frobnicate"),
    (["-x"], "there is no option -x"),
    (["blue"], '"blue" is one argument too many; a group is --group GROUP'),
    (["--group"], "option --group needs a value: --group GROUP"),
    (["--status=yes"], "option --status takes no value"),
    (["--json"], "option --json does not go with serving"),
    (["--status", "--stop"], "option --stop does not go with --status"),
    (["--stop", "--group", "blue"], "option --group does not go with --stop"),
    (["--add", "blue", "--force"], "option --force does not go with --add"),
    (["--timeout", "1", "--timeout", "2"], "option --timeout is given twice"),
    (["--timeout", "0"], "--timeout 0: expected seconds, from 1 to 3600"),
    (["--timeout", "1s"], "--timeout 1s: expected seconds, from 1 to 3600"),
    (["--timeout", "-1"], "--timeout -1: expected seconds, from 1 to 3600"),
    (["--user", "no-such-user"], "--user no-such-user: there is no such user"),
    (["--user", "-1"], "--user -1: there is no such user"),
    (["--user", "4294967295"], "--user 4294967295: there is no such user"),
    (["--user", ""], "--user : there is no such user"),
    (["--run-directory", "run"], "--run-directory run: expected an absolute path"),
    (["--run-directory", LONG], "the path of the run directory has 100 bytes; at most 91 are possible"),
    (["--group", "blue", "--group", "blue"], "--group: blue is given twice"),
    (["--group", ""], '--group: "" cannot be the name of a group: expected up to 48 letters, digits, \'.\', \'_\' and '
     "'-', the first a letter or digit"),
    (["--group", "../x"], '--group: "../x" cannot be the name of a group: expected up to 48 letters, digits, \'.\', '
     "'_' and '-', the first a letter or digit"),
    (["--group", "blue,"], '--group: group blue: "": expected KEY=VALUE, such as bytes=64M'),
    (["--group", "blue,bytes"], '--group: group blue: "bytes": expected KEY=VALUE, such as bytes=64M'),
    (["--group", "blue,bytes="], "--group: group blue: bytes= has no value"),
    (["--group", "blue,byte=1M"], '--group: group blue: there is no key "byte" of a group; did you mean bytes?'),
    (["--group", "blue,colour=1"], '--group: group blue: there is no key "colour" of a group; expected bytes, vectors, '
     "peers, memory, socket or file"),
    (["--group", "blue,bytes=1M,bytes=2M"], "--group: group blue: bytes is given twice"),
    *((["--group", f"blue,bytes={value}"],
       f"--group: group blue: bytes={value}: expected a power of two from 4K to 1T, such as 64M")
      for value in ("0", "100M", "2K", "2T", "-1", "+4096", "1MB", "M", "0x1000", "18446744073709551616",
                    "16777216T", "4096 ")),
    *((["--group", f"blue,vectors={value}"], f"--group: group blue: vectors={value}: expected a number from 1 to 2048")
      for value in ("0", "2049", "1K", "8.", "-1")),
    (["--group", "blue,peers=1025"], "--group: group blue: peers=1025: expected a number from 1 to 1024"),
    (["--group", "blue,memory=disk"], "--group: group blue: memory=disk: expected memfd, shm or hugetlb"),
    (["--group", "blue,socket=x"], "--group: group blue: socket=x: expected an absolute path of a file"),
    (["--group", "blue,socket=/run/"], "--group: group blue: socket=/run/: expected an absolute path of a file"),
    (["--group", "blue,socket=/a\nb"],
     "--group: group blue: socket=/a\\x0ab: a path must not have control characters"),
    (["--group", f"blue,socket={LONG}"], "--group: group blue: socket=/" + "d" * 91 + "...: a path of 100 bytes; at most "
     "99 are possible"),
    (["--group", "blue,file=/dev/shm/x"],
     "--group: group blue: memory=memfd has no file; expected memory=shm or hugetlb"),
)


class Options(harness.Case):
    def run_alone(self, *arguments, **more):
        return subprocess.run([harness.IVSHMEMD, *arguments], capture_output=True, text=True, check=False, timeout=60,
                              **more)

    def test_usage(self):
        for arguments, message in USAGE:
            with self.subTest(arguments):
                self.assert_refused(self.run_alone(*arguments), message, 2)

    def test_name_of_49_letters(self):
        self.assertEqual(self.run_alone("--group", "a" * 49).returncode, 2)
        self.start("a" * 48 + f",bytes=4K,vectors=1,peers=1,socket={self.path('s')}")

    @unittest.skipUnless(harness.ROOT, "the test becomes another user, which only root can")
    def test_not_root(self):
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        self.assert_refused(self.run_alone("--user", "root", "--run-directory", "/run/x", **nobody),
                            "--user root: only root can give files to another user", 2)
        self.assert_refused(self.run_alone(env={}, **nobody),
                            "XDG_RUNTIME_DIR is not set; say with --run-directory DIR where sockets are", 2)
        result = self.run_alone("--status", env={"XDG_RUNTIME_DIR": "/run/user/65534"}, **nobody)
        self.assert_refused(result, "no server runs in /run/user/65534/weiss; start one, or say where it is with "
                            "--run-directory DIR")

    def test_help_and_version(self):
        for arguments in (["--help"], ["--help", "--group", "blue"]):
            result = self.run_alone(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            for word in ("--group", "--run-directory", "--user", "--timeout", "--pidfile", "--status", "--json", "--add",
                         "--remove", "--force", "--stop", "bytes=", "vectors=", "peers=", "memory=", "socket=", "file="):
                self.assertIn(word, result.stdout)
            self.assertLess(max(map(len, result.stdout.splitlines())), 110)
        self.assertRegex(self.run_alone("--version").stdout, r"^weiss-ivshmemd \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    harness.main()
