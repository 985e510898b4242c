"""Debian's checker of packages has nothing to say."""
import glob
import os
import subprocess
import unittest

import packages

packages.need("lintian", "dpkg-buildpackage", "dh_dkms")


class Lintian(unittest.TestCase):
    def test_no_errors_and_no_warnings(self):
        changes = glob.glob(os.path.join(packages.build(), "*.changes"))
        self.assertEqual(len(changes), 1)
        result = subprocess.run(["lintian", "--profile", "debian", "--allow-root", "--fail-on", "error,warning", *changes],
                                capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)


if __name__ == "__main__":
    packages.main()
