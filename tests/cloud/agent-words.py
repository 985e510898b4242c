"""What the agent says of itself: settings, options, manual, and the command when no agent runs."""
import glob
import os
import re
import subprocess
import unittest

from labs import harness

AGENTD = os.path.join(os.environ["WEISS_BUILD_ROOT"], "weiss-agentd")
SOURCE = os.environ["WEISS_SOURCE_ROOT"]


def read(*names):
    with open(os.path.join(SOURCE, *names), encoding="utf-8") as file:
        return file.read()


class Words(harness.Case):
    def agentd(self, *words, code=0):
        done = subprocess.run([AGENTD, *words], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_installed_settings_are_the_defaults(self):
        printed = self.agentd("--print-config").stdout
        self.assertEqual(read("src", "cloud", "agent", "daemon", "agent.conf"), printed)
        for line in filter(None, printed.splitlines()):
            self.assertRegex(line, r"^(#|\[)", "everything is a comment: the file changes nothing")

    def test_wrong_words(self):
        self.assertIn("did you mean --dry-run", self.agentd("--dry-rum", code=2).stderr)
        self.assertIn("too many", self.agentd("now", code=2).stderr)
        self.assertIn("needs a value", self.agentd("--config", code=2).stderr)
        self.assertIn("takes no value", self.agentd("--dry-run=yes", code=2).stderr)
        self.assertRegex(self.agentd("--version").stdout, r"^weiss-agentd \d")
        self.assertIn("cannot be read", self.agentd("--config", self.path("nothing"), code=1).stderr)
        self.write("agent.conf", "[share]\nflavor = hpc.*\n")
        said = self.agentd("--config", self.path("agent.conf"), code=1).stderr
        self.assertIn("agent.conf, line 2", said)
        self.assertIn("flavors", said)
        self.write("agent.conf", f"[agent]\nrun = {self.path('run')}\n[openstack]\nauth_url = http://127.0.0.1:1/v3\n"
                                 f"credential_id = x\ncredential_secret_file = {self.path('secret')}\n")
        self.assertIn("credential_secret_file", self.agentd("--config", self.path("agent.conf"), code=1).stderr)

    def test_manual_has_every_option_and_event(self):
        manual = read("man", "weiss-agentd.8").replace("\\-", "-")
        options = re.findall(r"^  (--[a-z-]+)", self.agentd("--help").stdout, re.MULTILINE)
        self.assertEqual([word for word in options if word not in manual], [])
        events = set()
        for name in glob.glob(os.path.join(SOURCE, "src", "cloud", "agent", "daemon", "*.c")):
            events |= set(re.findall(r'weiss_record\([^;]*?"([a-z-]+)"', read(name)))
        self.assertGreater(len(events), 20)
        self.assertEqual(sorted(event for event in events if not re.search(rf"(?<![a-z-]){event}(?![a-z-])", manual)), [])

    def test_without_an_agent(self):
        for words in (["status"], ["why", "x"], ["release", "x"], ["share", "x"], ["resync"]):
            result = self.weiss("agent", *words, "--socket", self.path("control"))
            self.assert_done(result, 1)
            self.assertIn("no weiss-agentd answers", result.stderr)
        for words, said in ((["why"], "INSTANCE"), (["statu"], "did you mean status")):
            result = self.weiss("agent", *words)
            self.assert_done(result, 2)
            self.assertIn(said, result.stderr)

    def test_run_is_the_daemon(self):
        self.assertIn("cannot be read", self.weiss("agent", "run", "--config", self.path("nothing")).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
