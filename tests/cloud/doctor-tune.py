"""`weiss tune` on made-up machines: what it changes, what it restores, what it says."""
import os
import subprocess
import unittest

from machines import CPU, GOOD_HOST, NET, Case, guest

KSM = "/sys/kernel/mm/ksm/run"
JOURNAL = "/run/weiss/tuning"
MANY = {KSM: "1\n", "/sys/module/kvm/parameters/halt_poll_ns": "0\n",
        CPU + "cpu0/cpufreq/scaling_governor": "powersave\n", CPU + "cpu1/cpufreq/scaling_governor": "schedutil\n"}


class Tune(Case):
    def assert_message(self, words, text, code=1):
        result = self.weiss("tune", *words, env={"WEISS_TUNING_ROOT": self.path("root")})
        self.assert_done(result, code)
        self.assertEqual(result.stderr.splitlines()[0], text)

    def test_apply_and_undo(self):
        self.make(GOOD_HOST, MANY)
        self.assertEqual(self.command("tune", "ksm", "governor").stdout,
                         "ksm: applied\n  /sys/kernel/mm/ksm/run: 1 -> 2\ngovernor: applied\n"
                         f"  {CPU}cpu0/cpufreq/scaling_governor: powersave -> performance\n"
                         f"  {CPU}cpu1/cpufreq/scaling_governor: schedutil -> performance\n")
        self.assertEqual(self.file(KSM), "2")
        self.assertIn("ksm\t0\t/sys/kernel/mm/ksm/run\t2\t1\n", self.file(JOURNAL))
        self.assertEqual(self.command("tune", "ksm").stdout, "ksm: is so already\n")
        self.assertEqual(self.command("tune", "--undo", "governor").stdout,
                         f"governor: undone\n  {CPU}cpu1/cpufreq/scaling_governor: performance -> schedutil\n"
                         f"governor: undone\n  {CPU}cpu0/cpufreq/scaling_governor: performance -> powersave\n")
        self.assertEqual(self.file(CPU + "cpu1/cpufreq/scaling_governor"), "schedutil")
        self.assertEqual(self.file(KSM), "2")
        self.command("tune", "--undo")
        self.assertEqual(self.file(KSM), "1")
        self.assertEqual(os.listdir(self.path("root/run/weiss")), [])
        self.assertEqual(self.command("tune", "--undo").stdout, "there is nothing to undo\n")
        self.assertEqual(self.command("tune", "--undo", "ksm").stdout, "ksm: there is nothing to undo\n")

    def test_applied_twice_undo_restores_the_first(self):
        self.make(GOOD_HOST)
        for pages in ("600", "700"):
            self.command("tune", "hugepages=" + pages)
        self.assertEqual(self.file("/proc/sys/vm/nr_hugepages"), "700")
        self.assertEqual(self.command("tune", "--undo").stdout,
                         "hugepages: undone\n  /proc/sys/vm/nr_hugepages: 700 -> 512\n")
        self.assertEqual(self.file("/proc/sys/vm/nr_hugepages"), "512")

    def test_without_names_all_that_is_to_do(self):
        self.make(GOOD_HOST, MANY)
        text = self.command("tune").stdout
        for name in ("governor", "halt-poll", "ksm"):
            self.assertIn(f"{name}: applied\n", text)
        self.assertEqual(self.doctor(code=0)["ksm"]["verdict"], "good")
        self.assertEqual(self.command("tune").stdout,
                         "There is nothing to do that a program can do; weiss doctor tells more.\n")

    def test_dry_run_changes_nothing(self):
        self.make(GOOD_HOST, MANY)
        self.assertEqual(self.command("tune", "--dry-run", "ksm", "mtu").stdout,
                         "# ksm: the kernel does not merge equal pages\necho 2 > /sys/kernel/mm/ksm/run\n"
                         "# mtu: nothing to do\n")
        self.assertEqual(self.file(KSM), "1\n")
        self.assertFalse(os.path.exists(self.path("root/run")))

    def test_mtu(self):
        self.make(GOOD_HOST, {NET + "br0/bridge/stp_state": "0\n", NET + "br0/mtu": "1500\n", NET + "tap0/mtu": "1500\n",
                              NET + "br0/brif/tap0/port_no": "1\n"})
        self.command("tune", "mtu=4000")
        self.assertEqual((self.file(NET + "br0/mtu"), self.file(NET + "tap0/mtu")), ("4000", "4000"))
        self.command("tune", "--undo", "mtu")
        self.assertEqual((self.file(NET + "br0/mtu"), self.file(NET + "tap0/mtu")), ("1500", "1500"))

    def test_threads_of_a_made_up_machine_are_left_alone(self):
        self.make(GOOD_HOST, guest(100, "a", ["0-7"], ["0-7"]))
        self.assert_message(["pinning"], "weiss: pinning: threads are only pinned on this machine, not on the tree "
                            + self.path("root"))
        self.assertFalse(os.path.exists(self.path("root") + JOURNAL))

    def test_wrong_values(self):
        self.make(GOOD_HOST)
        cases = (("hugepages=many", 'hugepages: "many" is no number of huge pages'),
                 ("hugepages=99999999", "hugepages: 99999999 huge pages of 2048 KiB are more than the memory that is "
                  "available: 16896 at most"),
                 ("mtu=100", 'mtu: "100" is no MTU, 1280 to 65520'),
                 ("halt-poll=x", 'halt-poll: "x" is no time of polling in nanoseconds, 0 to 10000000'),
                 ("region=5", 'region: "5" is no size, such as 512m or 4g'),
                 ("region=999g", "region: /dev/shm of 1022976 MiB is more than this machine's memory, 65536 MiB"),
                 ("isolation=9", 'isolation: "9" is no list of this machine\'s processors, such as 2-3,6'),
                 ("isolation", "isolation: no virtual machine runs; say which processors: weiss tune isolation=2-3"),
                 ("pinning=5", 'pinning: "5" is not the process number of a virtual machine of QEMU'),
                 ("ksm=1", "ksm: ksm takes no value"),
                 ("kvm", "kvm: kvm is not for a program to change; `weiss doctor` says what to do"))
        for word, text in cases:
            with self.subTest(word):
                self.assert_message([word], "weiss: " + text)

    def test_wrong_words(self):
        self.make(GOOD_HOST)
        cases = ((["hugepage"], 'there is no step "hugepage"; did you mean hugepages?'),
                 (["xyzzy"], 'there is no step "xyzzy"; weiss tune --list has them'),
                 (["steal"], "steal is a step of guests, which `weiss doctor --guest` explains; weiss tune changes hosts"),
                 (["--undo", "--dry-run"], "--dry-run and --undo do not go together"))
        for words, text in cases:
            with self.subTest(words):
                self.assert_message(words, "weiss: " + text, code=2)

    def test_every_step_is_in_the_documentation(self):
        with open(os.path.join(os.environ["WEISS_SOURCE_ROOT"], "docs", "tuning.md"), encoding="utf-8") as file:
            text = file.read()
        self.make(GOOD_HOST)
        for name in [*self.doctor("--host"), *self.doctor("--guest"), *self.doctor("--openstack")]:
            self.assertRegex(text, rf"\| `{name}(\[=[A-Z]+\])?` \|")

    def test_completion(self):
        """Words that the completion offers behind `weiss tune`."""
        script = os.path.join(os.environ["WEISS_SOURCE_ROOT"], "completion", "weiss.bash")
        result = subprocess.run(["bash", "-c", f"complete() {{ :; }}; . {script}; COMP_WORDS=(weiss tune h); COMP_CWORD=2; "
                                 "_weiss; printf '%s ' \"${COMPREPLY[@]}\""], capture_output=True, text=True, check=False,
                                env={**os.environ, "PATH": os.path.dirname(os.environ["WEISS"]) + ":" + os.environ["PATH"]})
        self.assertEqual(sorted(result.stdout.split()), ["halt-poll", "hugepages"], result.stderr)

    def test_list(self):
        lines = self.command("tune", "--list").stdout.splitlines()
        self.assertEqual(len(lines), 20)
        self.assertIn("hugepages[=PAGES]    huge pages are reserved for guests and region", lines)
        self.assertIn("kvm                  guests run on the processor, by KVM (by hand)", lines)


if __name__ == "__main__":
    unittest.main(verbosity=2)
