"""One run of the solver over all three levels: two servers of two machines with two ranks each. The numbers are those of a run
on this machine, and three counters agree on where the bytes went: Open MPI's own between each pair of ranks, the component's
statistics, and those of the machines' network cards and of the wire between the servers. And mpirun puts the ranks where a
plan says."""
import glob
import json
import os
import shlex
import unittest

import labs
from labs import harness

RANKS, VCPUS = 8, 2
TOLERANCE = 2e-5  # that of a step is 1e-5, and partitions differ
PROBLEM = """\
mesh: {grid: {size: [100 nm, 40 nm, 10 nm], cells: [16, 4, 2]}}
materials:
  permalloy: {Ms: 800 kA/m, A: 13 pJ/m, alpha: 0.1}
initial: {uniform: [1, 0.1, 0.3]}
output: {fields: off, checkpoint_every: 1000 s}
stages:
  - dynamics: {duration: 0.2 ps, table_every: 0.1 ps}
"""
SETTINGS = {"btl": "self,vader,ivshmem,tcp", "mca_base_component_path": "/opt/lab:SYS_DEFAULT:USER_DEFAULT",
            "btl_ivshmem_statistics": "/root", "btl_vader_single_copy_mechanism": "none", "mpi_yield_when_idle": 1,
            "hwloc_base_binding_policy": "none", "pml_monitoring_enable": 1, "pml_monitoring_enable_output": 3,
            "pml_monitoring_filename": "/root/sent"}
# What travels beside the messages: headers of ob1 and of records, up to so many bytes for each message, and at the start and the
# end; TCP and VXLAN with their acknowledgements; mpirun's own conversation with the machines.
PER_MESSAGE, PER_PAIR = 300, 20000


def vm(rank):
    return rank // VCPUS


def level(a, b):
    """0: one machine, 1: one server, 2: two servers"""
    return 0 if vm(a) == vm(b) else 1 if vm(a) // 2 == vm(b) // 2 else 2


def pairs(wanted):
    return [(a, b) for a in range(RANKS) for b in range(RANKS) if a != b and level(a, b) == wanted]


class ThreeLevels(harness.Case):
    def setUp(self):
        super().setUp()
        self.write("p.yaml", PROBLEM)
        self.lab = labs.Lab("--servers", "2", "--vms", "4", "--vcpus", str(VCPUS), "--memory", "512M", "--region", "64M",
                            "--link", "100Mb/s", "--ship", harness.WEISS, "--ship", os.environ["WEISS_COMPONENT"],
                            "--ship", self.path("p.yaml"))
        self.addCleanup(lambda: self.assertEqual(self.lab.close(), []))
        self.lab.wait_up()

    def on(self, machine, command, timeout=120):
        result = self.lab.ssh(machine, command, timeout)
        self.assert_done(result)
        return result.stdout

    def counters(self):
        """Bytes that each machine has sent to others, and each server to the other."""
        machines = [int(self.on(f"vm{n}", "cat /sys/class/net/eth1/statistics/tx_bytes")) for n in range(1, 5)]
        spaces = self.lab.env["WEISS_LAB_SERVERS"].split()
        shown = [labs.subprocess.run(["nsenter", f"--net={space}", "ip", "-s", "-j", "link", "show", "dev", "wire"],
                                     capture_output=True, text=True, check=True).stdout for space in spaces]
        return machines, [json.loads(text)[0]["stats64"]["tx"]["bytes"] for text in shown]

    def run_there(self):
        """@return bytes sent by each machine, by each server"""
        words = [word for key, value in SETTINGS.items() for word in ("--mca", key, str(value))]
        before = self.counters()
        self.on("vm1", shlex.join(["env", "OPENBLAS_NUM_THREADS=1", "mpirun", "--hostfile", "/etc/weiss-hostfile", "--map-by", "slot",
                                   "-n", str(RANKS), "-x", "OPENBLAS_NUM_THREADS", *words, "/opt/lab/weiss", "run",
                                   "--out", "/root/there", "/opt/lab/p.yaml"]), timeout=900)
        after = self.counters()
        return [[b - a for a, b in zip(*both)] for both in zip(before, after)]

    def sent(self):
        """{(from, to): (bytes, messages)} as Open MPI counts them above all transports."""
        found = {}
        for n in range(1, 5):
            for line in self.on(f"vm{n}", "cat /root/sent.*.prof").splitlines():
                words = line.split("\t")
                if words[0] in ("E", "I") and words[1] != words[2]:
                    pair = int(words[1]), int(words[2])
                    old = found.get(pair, (0, 0))
                    found[pair] = old[0] + int(words[3].split()[0]), old[1] + int(words[4].split()[0])
        return found

    def fabric(self):
        """{(from, to): (bytes, messages)} of the component; pairs through which nothing went are left out."""
        found = {}
        for n in range(1, 5):
            for line in self.on(f"vm{n}", "cat /root/ivshmem-*.json").splitlines():
                rank = json.loads(line)
                for peer in rank["peers"]:
                    size = peer["bytes"] + peer["put_bytes"]
                    if peer["messages"] > 0 and peer["rank"] != rank["rank"]:
                        found[rank["rank"], peer["rank"]] = size, peer["messages"]
        return found

    def assert_between(self, what, value, least, allowance):
        print(f"{what}: {value} bytes for {least} of messages", flush=True)
        self.assertTrue(least <= value <= least + allowance, f"{what}: {value} bytes, messages have {least}, allowance {allowance}")

    def check_fabric(self, sent):
        fabric = self.fabric()
        self.assertEqual(sorted(fabric), pairs(1))
        for pair, (size, messages) in fabric.items():
            least, count = sent.get(pair, (0, 0))
            self.assertTrue(least <= size <= least + PER_MESSAGE * count + PER_PAIR, f"{pair}: {size} bytes, messages have {least}")
            self.assertGreaterEqual(messages, count)
        return sum(size for size, _ in fabric.values())

    def check_network(self, sent, machines, servers):
        """Only what goes between servers leaves a machine by its card, and a server by the wire."""
        for what, counted, place in (("machine", machines, vm), ("server", servers, lambda rank: vm(rank) // 2)):
            for n, size in enumerate(counted):
                mine = [sent.get(pair, (0, 0)) for pair in pairs(2) if place(pair[0]) == n]
                least, count = sum(b for b, _ in mine), sum(m for _, m in mine)
                # Acknowledgements are of what the other side sends.
                count += sum(sent.get(pair, (0, 0))[1] for pair in pairs(2) if place(pair[1]) == n)
                self.assert_between(f"{what} {n + 1}", size, least, 0.1 * least + PER_MESSAGE * count + 20 * PER_PAIR)

    def check_places(self):
        """mpirun puts the ranks where a plan says: those with even numbers on one server, the others on the other."""
        self.write("t.yaml", "servers:\n" + "".join(
            f"  - {{name: server{s}, vms: [{{name: vm{2 * s - 1}, vcpus: 2}}, {{name: vm{2 * s}, vcpus: 2}}]}}\n" for s in (1, 2)))
        self.write("m.csv", "from,to,messages,bytes\n" + "".join(
            f"{a},{b},1,1000\n" for a in range(RANKS) for b in range(RANKS) if a != b and a % 2 == b % 2))
        self.assert_done(self.weiss("plan", "-t", "t.yaml", "-m", "m.csv", "-o", "plan"))
        for name in ("hostfile", "rankfile"):
            self.on("vm1", f"printf %s {shlex.quote(self.read('plan/' + name))} >/root/{name}")
        said = self.on("vm1", "mpirun --hostfile /root/hostfile --rankfile /root/rankfile -n 8 sh -c "
                              "'echo $OMPI_COMM_WORLD_RANK,$(hostname)'", timeout=300).split()
        planned = [line.split(",") for line in self.read("plan/plan.csv").splitlines()[1:]]
        self.assertEqual(sorted(said), [f"{rank},{name}" for rank, _, name, _ in planned])
        server = {int(rank): place for rank, place, _, _ in planned}
        self.assertEqual({server[0], server[1]}, {"server1", "server2"})
        self.assertEqual([server[rank] for rank in range(RANKS)], [server[rank % 2] for rank in range(RANKS)])

    def test_solver(self):
        self.assert_done(self.weiss("run", "-n", "2", "--out", "here", "p.yaml"))
        machines, servers = self.run_there()
        os.mkdir(self.path("there"))
        for name in ("table.csv", "run.json"):
            self.write(f"there/{name}", self.on("vm1", f"cat /root/there/{name}"))
        self.assert_same_table(self.table("there"), self.table("here"), TOLERANCE)
        hosts = json.loads(self.read("there/run.json"))["hosts"]
        self.assertEqual([host["name"] for host in hosts], ["vm1", "vm2", "vm3", "vm4"])

        sent = self.sent()
        total = [sum(sent.get(pair, (0, 0))[0] for pair in pairs(wanted)) for wanted in range(3)]
        print(f"bytes of messages inside machines, between those of a server, between servers: {total}", flush=True)
        self.assertGreater(min(total), 10000)
        through = self.check_fabric(sent)
        self.assert_between("shared memory between machines", through, total[1], total[1] + 8 * PER_PAIR)
        self.check_network(sent, machines, servers)
        self.check_places()


if __name__ == "__main__":
    if os.geteuid() != 0:
        labs.skip("a lab of two servers needs root")
    if not glob.glob("/usr/lib/*/openmpi/lib/openmpi3/mca_pml_monitoring.so"):
        labs.skip("this Open MPI does not count its messages (pml monitoring)")
    labs.main()
