"""weiss plan: what it prints and writes, and what it says when something is wrong."""
import os
import unittest

import harness

ROOT = os.environ["WEISS_SOURCE_ROOT"]
TOPOLOGY = os.path.join(ROOT, "examples", "topology-two-servers.yaml")
TRAFFIC = os.path.join(ROOT, "tests", "plan", "traffic.csv")

# File, and what is said about it.
BAD_TOPOLOGIES = {
    "": "t.yaml:1: the file is empty, expected the keys servers and levels",
    "servers: 3\n": 't.yaml:1: servers: expected a list, found "3"',
    "servers: []\n": "t.yaml:1: servers: expected at least one element, found an empty list",
    "levels: {}\n": "t.yaml:1: the key servers is missing: the list of servers",
    "server:\n": 't.yaml:1: there is no key "server" here; did you mean servers?',
    "servers:\n  - name: a\n": "t.yaml:2: servers[0]: the key vms is missing: the list of the server's virtual machines",
    "servers:\n  - {name: a, vms: [{name: v, vcpus: 0}]}\n":
        't.yaml:2: servers[0].vms[0].vcpus: expected a whole number from 1 to 4096, found "0"',
    "servers:\n  - {name: a, vms: [{name: v, vcpus: 2}, {name: v, vcpus: 2}]}\n":
        "t.yaml:2: servers[0].vms[1].name: there are two VMs with the name v",
    "servers:\n  - {name: a, vms: [{name: v w, vcpus: 2}]}\n":
        "t.yaml:2: servers[0].vms[0].name: expected a name of at most 63 letters, digits, '.', '-' and '_', found \"v w\"",
    "servers:\n  - {name: a, vms: [{name: v, vcpus: 2}]}\nlevels:\n  server: {latency: 3 kg}\n":
        't.yaml:4: levels.server.latency: expected a time such as "10 ps", found "3 kg"',
    "servers:\n  - {name: a, vms: [{name: v, vcpus: 2}]}\nlevels:\n  vm: {bandwidth: fast}\n":
        't.yaml:4: levels.vm.bandwidth: expected bytes or bits per second such as "3 GB/s" or "10 Gb/s", found "fast"',
    "servers: [\n": "t.yaml:2: not valid YAML: did not find expected node content",
    "servers:\n  - {name: a, name: b}\n": 't.yaml:2: servers[0]: the key "name" stands here twice',
}
BAD_MATRICES = {
    "": 'm.csv:1: the file has no lines, expected the header "from,to,messages,bytes"',
    "a,b\n": 'm.csv:1: expected the header "from,to,messages,bytes", found "a,b"',
    "from,to,messages,bytes\n0,1,2\n": 'm.csv:2: expected four fields, from,to,messages,bytes, found "0,1,2"',
    "from,to,messages,bytes\n0,x,2,3\n": 'm.csv:2: to: expected a rank from 0 to 19999, found "x"',
    "from,to,messages,bytes\n0,1,-2,3\n": 'm.csv:2: messages: expected a number that is not negative, found "-2"',
    "# ranks 2\nfrom,to,messages,bytes\n0,2,1,1\n":
        'm.csv:3: to: expected a rank below the number in "# ranks", found "2"',
    "# ranks 0\n": 'm.csv:1: expected "# ranks N" with N from 1 to 20000, found "0"',
    "from,to,messages,bytes\n":
        'm.csv:2: the file names no rank, expected "# ranks N" or lines of traffic',
}


class Plan(harness.Case):
    def plan(self, *arguments):
        return self.weiss("plan", *arguments)

    def test_example(self):
        result = self.plan("--topology", TOPOLOGY, "--matrix", TRAFFIC, "--out", "plan")
        self.assert_done(result)
        self.assertEqual(result.stderr, "")
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], "16 ranks on 2 servers, 4 VMs, 16 vCPUs")
        self.assertRegex(result.stdout, r"\nbetween servers +8 +64 +16\.7 %\n")
        # One row of four pairs crosses: 32 kB each way over the link.
        self.assertRegex(result.stdout, r"\nthis plan +323\.5 us +1\.00 x\n")
        self.assertEqual(sorted(os.listdir(self.path("plan"))),
                         ["hostfile", "hydra-hosts", "plan.csv", "plan.svg", "rankfile", "traffic.csv"])
        self.assertEqual(self.read("plan/hostfile"),
                         "# server node1\nvm1 slots=4\nvm2 slots=4\n# server node2\nvm3 slots=4\nvm4 slots=4\n")
        ranks = [line.split("=", 1) for line in self.read("plan/rankfile").splitlines()]
        self.assertEqual([name for name, _ in ranks], [f"rank {i}" for i in range(16)])
        self.assertEqual(len({place for _, place in ranks}), 16)
        self.assertEqual(self.read("plan/traffic.csv"), open(TRAFFIC, encoding="utf-8").read())
        again = self.plan("--topology", TOPOLOGY, "--matrix", TRAFFIC, "--out", "again")
        self.assertEqual(again.stdout, result.stdout)
        self.assertEqual(self.read("again/plan.csv"), self.read("plan/plan.csv"))

    def test_steps(self):
        result = self.plan("-t", TOPOLOGY, "-m", TRAFFIC, "--steps", "4")
        self.assertRegex(result.stdout, r"\nbetween servers +2 +16 +16\.7 %\n")

    def test_mesh(self):
        self.assert_done(self.weiss("mesh", "make", "grid: {size: [30 nm, 30 nm, 100 nm], cells: [6, 6, 20]}", "bar.msh"))
        result = self.plan("--topology", TOPOLOGY, "--mesh", "bar.msh", "-n", "16", "--out", "plan")
        self.assert_done(result)
        flows = [line.split(",") for line in self.read("plan/traffic.csv").splitlines()[2:]]
        self.assertEqual(len(flows), 16 * 15)  # the boundary part: each with each
        # Surface potential of all but one rank's nodes goes round the ring: at least that, 8 bytes a node.
        surface = 7 * 7 * 21 - 5 * 5 * 19
        ring = sum(float(n) for a, b, _, n in flows if int(b) == (int(a) + 1) % 16)
        self.assertGreater(ring, 15 * surface * 8)
        self.assert_one_message(self.plan("-t", TOPOLOGY, "--mesh", "none.msh", "-n", "2"), "none.msh")

    def test_bad_topologies(self):
        for text, message in BAD_TOPOLOGIES.items():
            with self.subTest(text=text):
                self.write("t.yaml", text)
                result = self.plan("-t", "t.yaml", "-m", TRAFFIC)
                self.assert_done(result, 1)
                self.assertEqual(result.stderr, f"weiss: {message}\n")

    def test_bad_matrices(self):
        for text, message in BAD_MATRICES.items():
            with self.subTest(text=text):
                self.write("m.csv", text)
                result = self.plan("-t", TOPOLOGY, "-m", "m.csv")
                self.assert_done(result, 1)
                self.assertEqual(result.stderr, f"weiss: {message}\n")

    def test_does_not_fit(self):
        self.write("m.csv", "# ranks 17\nfrom,to,messages,bytes\n")
        self.assert_one_message(self.plan("-t", TOPOLOGY, "-m", "m.csv"),
                                "17 ranks do not fit on the 16 vCPUs of the topology, one each; add VMs or vCPUs, or use "
                                "fewer ranks")
        self.assert_one_message(self.plan("-t", TOPOLOGY, "-m", TRAFFIC, "-n", "4"),
                                "traffic.csv: has the traffic of 16 ranks, not of 4 as -n says")

    def test_cannot_write(self):
        self.write("taken", "")
        self.assert_one_message(self.plan("-t", TOPOLOGY, "-m", TRAFFIC, "--out", "taken"),
                                "taken/hostfile: cannot be written: Not a directory")

    def test_usage(self):
        for arguments, message in (
                ((), "--topology FILE is missing"),
                (("-t", TOPOLOGY), "expected --matrix FILE or --mesh FILE"),
                (("-t", TOPOLOGY, "--mesh", "x"), "--mesh needs the number of ranks, -n N"),
                (("-t", TOPOLOGY, "-m", TRAFFIC, "--steps", "0"), '--steps needs a number from 1; found "0"'),
                (("-t", TOPOLOGY, "-m", TRAFFIC, "--hostfile", "x"), "--hostfile goes with --measure"),
                (("-t", TOPOLOGY, "-m", TRAFFIC, "--laps", "3"), "--laps goes with --try"),
                (("-t", TOPOLOGY, "-m", TRAFFIC, "--try", "--laps", "1001"), "--laps is above 1000"),
                (("--measure", "--hostfile", "x", "--try"), "--measure takes only --hostfile and --out"),
                (("--measure",), "--measure needs --hostfile FILE"),
                (("--measure", "--hostfile", "x", "-n", "2"), "--measure takes only --hostfile and --out")):
            with self.subTest(arguments=arguments):
                result = self.plan(*arguments)
                self.assert_done(result, 2)
                self.assertIn(message, result.stderr)

    def test_help(self):
        for command in ("plan", "trace"):
            result = self.weiss(command, "--help")
            self.assert_done(result)
            self.assertIn(f"weiss {command}", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
