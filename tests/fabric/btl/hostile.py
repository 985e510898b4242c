"""An enemy in the region: a process that writes everywhere while jobs exchange checked messages.

Each job may end well, or with a message of the component, or with a message of the program that some bytes of its data are
not what was sent: only the first bytes of a message are sealed. It may not crash, and not hang.

hostile.py [SECONDS]: how long; the test takes one minute."""
import collections
import os
import subprocess
import sys
import time

import harness

SECONDS = float(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].replace(".", "").isdigit() else 60
HOWS = ("sweep", "words", "lines", "head", "copy")
PAUSES_US = (0, 10, 1000)
LIMIT = 40


class Hostile(harness.Case):
    def outcome(self, code, text):
        for word in harness.CRASHES:
            self.assertNotIn(word, text)
        self.assertNotIn("sealed data", text)
        if code == 0:
            self.assertIn("traffic ends", text)
            return "right"
        if "weiss: ivshmem: rank" in text:
            return "error found"
        if "ivshmem is not used" in text:
            return "not started"
        if "wrong data" in text:
            return "body damaged"
        return self.fail(f"exit code {code} without a reason:\n{text}")

    def episode(self, number):
        how, pause = HOWS[number % len(HOWS)], PAUSES_US[number // len(HOWS) % len(PAUSES_US)]
        ranks = 4 if number % 3 == 2 else 2
        arguments = [1, "tolerant"] + (["onesided"] if number % 2 else [])
        if os.path.exists(self.region):
            os.unlink(self.region)
        job = self.start(ranks, "traffic", *arguments, btl_ivshmem_region_bytes=8 << 20, btl_ivshmem_peer_timeout=5,
                         btl_ivshmem_wait=("adaptive", "block", "spin")[number % 7 % 3])
        with self.subTest(number=number, how=how, pause=pause, ranks=ranks):
            while "traffic begins" not in job.text() and job.process.poll() is None:
                time.sleep(0.01)
            enemy = subprocess.Popen([os.path.join(harness.PROGRAMS, "scribble"), self.region, how, str(number), str(pause)])
            try:
                code = job.wait(LIMIT)
            finally:
                enemy.kill()
                enemy.wait()
            self.assertIsNotNone(code, f"the job did not end within {LIMIT} s:\n{job.text()}")
            self.outcomes[self.outcome(code, job.text())] += 1
        self.assertEqual(job.end(10), [], "processes were left behind")

    def test_scribbler(self):
        self.outcomes = collections.Counter()
        end, number = time.monotonic() + SECONDS, 0
        while time.monotonic() < end:
            self.episode(number)
            number += 1
        print(dict(self.outcomes), flush=True)
        self.assertGreater(self.outcomes["error found"], 0)


if __name__ == "__main__":
    harness.main()
