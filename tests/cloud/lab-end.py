"""However a lab ends, nothing is left: no process, no file."""
import os
import signal
import subprocess
import time
import unittest

import labs


class End(unittest.TestCase):
    def lab(self, *options, **more):
        lab = labs.Lab("--vms", "1", *options, **more)
        self.addCleanup(lab.close)
        return lab

    def assert_nothing_left(self, lab):
        self.assertEqual(lab.left(), [])

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                lab = self.lab().wait_up()
                self.assertNotEqual(labs.leftovers(lab.directory), [])
                self.assertEqual(lab.ssh("vm1", "true").returncode, 0)  # its connection is to go too
                lab.process.send_signal(number)
                self.assertEqual(lab.process.wait(30), 128 + number)
                self.assert_nothing_left(lab)

    def test_killed(self):
        lab = self.lab().wait_up()
        self.assertEqual(lab.ssh("vm1", "true").returncode, 0)
        lab.process.kill()
        self.assertEqual(lab.process.wait(30), -signal.SIGKILL)
        self.assert_nothing_left(lab)

    def test_stopped_while_booting(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(signal=number):
                lab = self.lab()
                end = time.monotonic() + 60
                while not any("-name" in entry for entry in labs.leftovers(lab.directory)):
                    self.assertLess(time.monotonic(), end, lab.said())
                    time.sleep(0.02)
                lab.process.send_signal(number)
                lab.process.wait(30)
                self.assert_nothing_left(lab)
                self.assertFalse(os.path.exists(lab.out))

    def test_command_is_missing(self):
        lab = self.lab("--quiet", command=("no-such-program",))
        self.assertEqual(lab.process.wait(20), 1)
        self.assertEqual(lab.said(), "weiss: no-such-program cannot be started: there is no such program\n")
        self.assert_nothing_left(lab)

    def test_machine_ends(self):
        lab = self.lab("--quiet").wait_up()
        os.kill(lab.machines()[0][1], signal.SIGKILL)
        self.assertEqual(lab.process.wait(30), 1)
        self.assertTrue(lab.said().startswith("weiss: vm1 ended (signal 9); its last words: "), lab.said())
        self.assertIn("weiss-lab: ready", lab.said())
        self.assert_nothing_left(lab)

    def test_stay(self):
        lab = self.lab("--stay", command=("sh", "-c", "sleep 1001 & kill -9 $(cut -d ' ' -f 2 $WEISS_LAB_DIR/vms); sleep 2; "
                                                      "kill -9 $$"))
        self.assertEqual(lab.process.wait(labs.BOOT), 128 + signal.SIGKILL, lab.said())
        self.assertEqual(lab.said().count("vm1 ended (signal 9)"), 1)
        self.assert_nothing_left(lab)
        # Nor what the command left running.
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("sleep 1001\n", listed)

    def test_kernel_panics(self):
        lab = self.lab("--quiet", "--append", "rdinit=/none init=/none")
        self.assertEqual(lab.process.wait(labs.BOOT), 1)
        self.assertIn("vm1 ended before it was up; its last words: ", lab.said())
        self.assertIn("panic", lab.said())
        self.assert_nothing_left(lab)

    def test_out_of_time(self):
        lab = self.lab("--quiet", "--boot-time", "1")
        self.assertEqual(lab.process.wait(60), 1)
        self.assertRegex(lab.said(), r"vm1 is not up after \d+ s \(--boot-time gives it more\)")
        self.assert_nothing_left(lab)

    def test_module_does_not_fit(self):
        lab = self.lab("--quiet", "--module", labs.WEISS)
        self.assertEqual(lab.process.wait(labs.BOOT), 1)
        self.assertIn("vm1 does not come up: module weiss", lab.said())
        self.assert_nothing_left(lab)

    def test_no_room(self):
        lab = self.lab("--quiet", "--region", "1024T")
        self.assertEqual(lab.process.wait(60), 1)
        self.assertIn("weiss: no room for a region of 1073741824 MiB in /dev/shm: ", lab.said())
        self.assertIn("(--region)", lab.said())
        self.assert_nothing_left(lab)


if __name__ == "__main__":
    labs.main()
