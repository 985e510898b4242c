"""What the tests of the packages share: the packages, built once for the sources as they are.

The environment variables WEISS_SOURCE_ROOT and WEISS_BUILD_ROOT name the two directories."""
import fcntl
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import unittest

SOURCE = os.environ["WEISS_SOURCE_ROOT"]
PLACE = os.path.join(os.environ["WEISS_BUILD_ROOT"], "packages")

NAMES = ["libweiss-dev", "libweiss-fabric-dev", "libweiss-fabric0", "libweiss0", "openmpi-btl-ivshmem", "weiss", "weiss-agent",
         "weiss-doc", "weiss-ivshmem-dkms", "weiss-ivshmemd"]


def skip(reason):
    print(reason)
    sys.exit(77)


def need(*programs):
    """Skips the whole test when one of these programs is missing."""
    for program in programs:
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            skip(f"{program} is missing; make deps-vm deps-deb installs what this test needs")


def read(*names):
    with open(os.path.join(SOURCE, *names), encoding="utf-8") as file:
        return file.read()


def version():
    return re.search(r"version: '([^']*)'", read("meson.build")).group(1)


def sources():
    """All files that can have a part in the packages, sorted."""
    found = []
    for top, directories, names in os.walk(SOURCE):
        directories[:] = [name for name in directories if not (top == SOURCE and (name.startswith("build") or name == "tests"))
                          and name not in (".git", "__pycache__") and not name.endswith(".out")]
        found += [os.path.join(top, name) for name in names]
    return sorted(found)


def digest():
    sha = hashlib.sha256(os.environ.get("DEB_BUILD_OPTIONS", "-").encode())
    for path in sources():
        with open(path, "rb") as file:
            sha.update(path.encode() + b"\0" + file.read())
    return sha.hexdigest()[:16]


def build():
    """Builds the packages, or finds those that an earlier test has built from the same sources. @return their directory"""
    os.makedirs(PLACE, exist_ok=True)
    with open(os.path.join(PLACE, ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(PLACE, digest())
        if not os.path.isdir(done):
            for old in os.listdir(PLACE):
                shutil.rmtree(os.path.join(PLACE, old), ignore_errors=True)
            result = subprocess.run([os.path.join(SOURCE, "tools", "make-deb"), done + ".new"], capture_output=True, text=True,
                                    check=False)
            if result.returncode != 0:
                sys.exit(f"make-deb failed:\n{result.stderr}")
            os.rename(done + ".new", done)
        return done


class Package:
    """A package file: its fields and the members of its archive, directories left out."""

    def __init__(self, path):
        self.path = path
        fields = subprocess.run(["dpkg-deb", "-f", path], capture_output=True, text=True, check=True).stdout
        self.fields = dict(re.findall(r"^(\S+): (.*)$", fields, re.M))
        archive = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            self.members = {member.name.lstrip("."): member for member in tar if not member.isdir()}


def main():
    unittest.main(verbosity=2)
