"""weiss bench fabric --vms: between two virtual machines, every transport that needs no interrupts gives its rows."""
import csv
import os
import sys

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "cloud"))
import labs  # noqa: E402
from labs import harness  # noqa: E402


class Machines(harness.Case):
    def test_two_machines(self):
        result = self.weiss("bench", "fabric", "--vms", "2", "--quick", "--rounds", "1", "--tests", "latency,put",
                            "--sizes", "4,64K", "--csv", "out.csv", timeout=1500)
        self.assert_done(result)
        rows = list(csv.DictReader(self.read("out.csv").splitlines()))
        self.assertCountEqual([(row["transport"], row["test"], row["bytes"]) for row in rows],
                              [(transport, test, size) for transport in ("tcp-virtio", "ivshmem", "raw")
                               for test in ("latency", "put") for size in ("4", "65536")])
        for row in rows:
            self.assertTrue(0 < float(row["min_us"]) <= float(row["median_us"]) <= float(row["max_us"]), row)
        for name in ("ivshmem-blocking", "ivshmem-adaptive"):
            self.assertIn(f"skipped: {name}: without interrupts", result.stdout)
        self.assertIn("2 virtual machines", result.stdout)

    def test_options(self):
        for words, expected in ((("--vms", "1"), "--vms: expected a number from 2"), (("--module", "x.ko"), "--vms"),
                                (("--vms", "2", "--transports", "vader"), "tcp-virtio, ivshmem")):
            result = self.weiss("bench", "fabric", *words)
            self.assert_done(result, 2)
            self.assertIn(expected, result.stderr)
        self.assert_one_message(self.weiss("bench", "fabric", "--vms", "2", "--module", "no.ko"), "no.ko")


if __name__ == "__main__":
    labs.require_image()
    harness.main()
