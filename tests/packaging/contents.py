"""The packages: which there are, what is in each, what each needs, and what building them leaves behind."""
import os
import re
import subprocess
import tempfile
import unittest

import packages

packages.need("dpkg-buildpackage", "dh_dkms")
DIRECTORY = packages.build()
VERSION = packages.version()
ARCHITECTURE = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
TRIPLET = subprocess.run(["dpkg-architecture", "-qDEB_HOST_MULTIARCH"], capture_output=True, text=True,
                         check=True).stdout.strip()
LIB = f"/usr/lib/{TRIPLET}"


def below(source, installed):
    """The files of a directory of the sources, as installed."""
    found = []
    top = os.path.join(packages.SOURCE, source)
    for where, _, names in os.walk(top):
        found += [os.path.join(installed, os.path.relpath(os.path.join(where, name), top)) for name in names]
    return found


def manual(section):
    names = os.listdir(os.path.join(packages.SOURCE, "man"))
    return [f"/usr/share/man/man{section}/{name}.gz" for name in names if name.endswith(f".{section}")]


def library(name):
    return [f"{LIB}/{name}.so.0", f"{LIB}/{name}.so.{VERSION}"]


# Besides copyright and changelog.
FILES = {
    "weiss": ["/usr/bin/weiss", "/usr/libexec/weiss/weiss-fabric-bench", "/usr/libexec/weiss/weiss-fabric-bench-raw",
              "/usr/libexec/weiss/weiss-plan-measure", "/usr/libexec/weiss/weiss-plan-replay", f"{LIB}/weiss/libweiss-trace.so",
              "/usr/share/bash-completion/completions/weiss", "/usr/share/doc/weiss/CHANGELOG.md",
              "/usr/share/doc/weiss/README.md", *below("examples", "/usr/share/doc/weiss/examples"), *manual(1), *manual(5)],
    "libweiss0": library("libweiss"),
    "libweiss-dev": ["/usr/include/weiss/weiss.h", f"{LIB}/libweiss.so", f"{LIB}/pkgconfig/weiss.pc"],
    "libweiss-fabric0": library("libweiss-fabric"),
    "libweiss-fabric-dev": ["/usr/include/weiss/error.h", "/usr/include/weiss/fabric.h", f"{LIB}/libweiss-fabric.so",
                            f"{LIB}/pkgconfig/weiss-fabric.pc"],
    "openmpi-btl-ivshmem": [f"{LIB}/openmpi/lib/openmpi3/mca_btl_ivshmem.so"],
    "weiss-ivshmemd": ["/etc/default/weiss-ivshmemd", "/lib/systemd/system/weiss-ivshmemd.service",
                       "/usr/sbin/weiss-ivshmemd", "/usr/share/man/man8/weiss-ivshmemd.8.gz"],
    "weiss-agent": ["/etc/weiss/agent.conf", "/lib/systemd/system/weiss-agentd.service", "/usr/sbin/weiss-agentd",
                    "/usr/share/man/man8/weiss-agentd.8.gz"],
    "weiss-ivshmem-dkms": ["/usr/lib/sysusers.d/weiss-ivshmem.conf", "/usr/lib/udev/rules.d/70-weiss-ivshmem.rules",
                           *[f"/usr/src/weiss-ivshmem-{VERSION}/{name}"
                             for name in ("Kbuild", "Makefile", "dkms.conf", "weiss_ivshmem.c")]],
    "weiss-doc": below("docs", "/usr/share/doc/weiss"),
}


class Contents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        paths = [os.path.join(DIRECTORY, name) for name in os.listdir(DIRECTORY) if name.endswith(".deb")]
        cls.packages = {package.fields["Package"]: package for package in map(packages.Package, paths)}

    def test_names_versions_and_architectures(self):
        self.assertEqual(sorted(self.packages), packages.NAMES)
        for name, package in self.packages.items():
            everywhere = name in ("weiss-doc", "weiss-ivshmem-dkms")
            self.assertEqual(package.fields["Version"], VERSION, name)
            self.assertEqual(package.fields["Architecture"], "all" if everywhere else ARCHITECTURE, name)

    def test_files(self):
        for name, package in self.packages.items():
            always = [f"/usr/share/doc/{name}/{file}" for file in ("changelog.gz", "copyright")]
            self.assertEqual(sorted(package.members), sorted(always + FILES[name]), name)

    def test_only_the_solver_needs_more_than_its_own(self):
        """None brings a hypervisor along, and the parts for machines without the solver bring none of its libraries."""
        for name, package in self.packages.items():
            needed = package.fields.get("Depends", "") + ", " + package.fields.get("Recommends", "")
            self.assertNotRegex(needed, "qemu|mmdebstrap|libvirt-daemon", name)
            if name not in ("weiss", "libweiss0", "libweiss-dev"):
                self.assertNotRegex(needed, "petsc|sundials|gmsh", name)

    def test_component_is_bound_to_the_version_of_open_mpi(self):
        self.assertIn("libopenmpi3 (<< 4.2~)", self.packages["openmpi-btl-ivshmem"].fields["Depends"])

    def test_the_library_that_makes_meshes_is_brought_along(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["dpkg-deb", "-x", self.packages["weiss"].path, directory], check=True)
            with open(directory + "/usr/bin/weiss", "rb") as file:
                wanted = re.search(rb"libgmsh\.so\.([0-9.]+)", file.read()).group(1).decode()
        self.assertIn(f"libgmsh{wanted}", self.packages["weiss"].fields["Recommends"])

    def test_nothing_is_newer_than_the_last_commit(self):
        if not os.path.exists(os.path.join(packages.SOURCE, ".git")):
            self.skipTest("no repository")
        words = ["git", "-c", "safe.directory=*", "-C", packages.SOURCE, "log", "-1", "--format=%ct"]
        commit = int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        for name, package in self.packages.items():
            for path, member in package.members.items():
                self.assertLessEqual(member.mtime, commit, f"{name}: {path}")

    def test_nothing_is_left_in_the_sources(self):
        left = [name for name in os.listdir(os.path.join(packages.SOURCE, "debian"))
                if name in packages.NAMES or name in ("tmp", "files", ".debhelper") or name.endswith(".substvars")]
        self.assertEqual(left, [])
        self.assertEqual([name for name in os.listdir(packages.SOURCE) if name.startswith("obj-")], [])
        self.assertEqual([name for name in os.listdir(DIRECTORY) if name.startswith(".build-")], [])

    def test_build_dependencies_are_those_of_the_project(self):
        wanted = re.findall(r"^(\S+-dev)$", packages.read("tools", "packages.txt"), re.M)
        self.assertIn("petsc-dev", wanted)
        names = re.findall(r"[a-z0-9.+-]+-dev", packages.read("debian", "control").split("\n\n", maxsplit=1)[0])
        self.assertEqual([name for name in wanted if name not in names], [], "debian/control lacks what tools/packages.txt has")


if __name__ == "__main__":
    packages.main()
