"""The packages in a fresh root tree of Debian: they install, the solver runs, mpirun finds the component, DKMS builds the
module, and removing them leaves nothing.

The kernel's headers are those of tools/guest-kernel; without them the part with the module is left out, and the test says so.
As another user than root it needs user namespaces and the package uidmap."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import packages

packages.need("mmdebstrap", "dpkg-buildpackage", "dh_dkms")
SOURCES = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"]
HERE = os.path.dirname(os.path.abspath(__file__))


def apt_settings():
    """What the machine's own apt needs to reach its sources, as options of mmdebstrap."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    wanted = [line for line in dump.splitlines()
              if line.startswith("Acquire::") and any(word in line.lower() for word in ("proxy", "cainfo", "verify"))
              and not line.endswith(' "";')]
    return [f"--aptopt={line}" for line in wanted]


def headers(directory):
    """Puts the kernel's headers into an archive. @return its name and the release, or None without headers"""
    result = subprocess.run([os.path.join(packages.SOURCE, "tools", "guest-kernel")], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(f"without the module: {result.stderr.strip()}", file=sys.stderr)
        return None
    kernel = result.stdout.strip()
    with open(os.path.join(kernel, "release"), encoding="utf-8") as file:
        release = file.read().strip()
    top = os.path.join(directory, "headers")
    modules = os.path.join(top, "usr/lib/modules", release)
    os.makedirs(modules)
    os.symlink(f"/usr/src/linux-headers-{release}", os.path.join(modules, "build"))
    archive = top + ".tar"
    subprocess.run(["tar", "--owner=0", "--group=0", "-cf", archive, "-C", top, "usr", "-C", os.path.join(kernel, "tree"),
                    "usr"], check=True)
    return archive, release


class Install(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="weiss-packages-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def test_install_use_and_remove(self):
        built = packages.build()
        hooks = ["--customize-hook=mkdir $1/packages"]
        for name in sorted(os.listdir(built)):
            if name.endswith(".deb"):
                shutil.copy(os.path.join(built, name), self.directory)
                hooks.append(f"--customize-hook=upload {self.directory}/{name} /packages/{name}")
        kernel = headers(self.directory)
        if kernel is not None:
            hooks.append(f"--customize-hook=tar-in {kernel[0]} /")
        with open(os.path.join(HERE, "trial.sh"), encoding="utf-8") as file:
            trial = file.read()
        hooks.append(f'--customize-hook=sh -c "$WEISS_TRIAL" trial "$1" {kernel[1] if kernel else ""}')
        with open("/etc/os-release", encoding="utf-8") as file:
            suite = dict(line.strip().split("=", 1) for line in file if "=" in line)["VERSION_CODENAME"]
        sources = next(path for path in SOURCES if os.path.exists(path))
        result = subprocess.run(["mmdebstrap", "--quiet", "--format=null", "--variant=minbase", "--include=man-db",
                                 "--dpkgopt=force-unsafe-io", *apt_settings(), *hooks, suite, "-", sources],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                                env={**os.environ, "WEISS_TRIAL": trial, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
        print(result.stdout)
        if "== what the packages need" not in result.stdout:
            packages.skip("mmdebstrap cannot make a root tree: " + result.stdout.strip().splitlines()[-1])
        self.assertEqual(result.returncode, 0, "the trial failed; its output is above")
        self.assertIn("== done", result.stdout)


if __name__ == "__main__":
    packages.main()
