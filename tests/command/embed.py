"""The example that embeds the library builds and runs against an installed tree.

usage: embed.py BUILD EXAMPLE [DESTDIR-RELATIVE PREFIX]"""
import os
import shutil
import subprocess
import sys

import harness

EXAMPLE = sys.argv.pop()
BUILD = sys.argv.pop()


class Embed(harness.Case):
    def call(self, *words, **more):
        result = subprocess.run(words, cwd=self.path("embed"), capture_output=True, text=True, check=False, **more)
        self.assert_done(result)
        return result.stdout

    def test_build_and_run_against_an_installed_tree(self):
        shutil.copytree(EXAMPLE, self.path("embed"))
        root = self.path("root")
        self.call("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", env={**os.environ, "DESTDIR": root})
        pc = [os.path.join(where, "weiss.pc") for where, _, names in os.walk(root) if "weiss.pc" in names]
        self.assertEqual(len(pc), 1)
        library = os.path.dirname(os.path.dirname(pc[0]))
        environment = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(pc[0]), "PKG_CONFIG_SYSROOT_DIR": root,
                       "LD_LIBRARY_PATH": library}
        self.call("make", env=environment)
        one = self.call("./embed", env=environment)
        self.assertIn("216 nodes", one)
        self.assertIn("exchange", one)
        two = self.call(harness.MPIRUN, "-n", "2", "./embed", env=environment)
        self.assertEqual(one.split()[0:2], two.split()[0:2])
        exported = self.call("nm", "-D", "--defined-only", os.path.join(library, "libweiss.so"))
        names = [line.split()[-1].split("@")[0] for line in exported.splitlines()]
        self.assertIn("weiss_simulation_evolve", names)
        self.assertNotIn("weiss_problem_read", names)


if __name__ == "__main__":
    harness.main()
