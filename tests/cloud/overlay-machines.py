"""Two servers of two machines each: one MPI job goes through shared memory within a server and through the overlay between
them, and the counters of both prove it."""
import json
import os
import unittest

import labs

BYTES, TIMES = 200000, 5


class Servers(unittest.TestCase):
    def test_one_job_over_all_levels(self):
        lab = labs.Lab("--servers", "2", "--vms", "4", "--memory", "256M", "--region", "32M", "--link", "1Gb/s,100us",
                       "--boot-time", "390", "--ship", os.environ["WEISS_LAB_TRAFFIC"] + ":traffic",
                       "--ship", os.environ["WEISS_COMPONENT"])
        self.addCleanup(lambda: self.assertEqual(lab.close(), []))
        lab.wait_up()
        spaces = lab.env["WEISS_LAB_SERVERS"].split()
        self.assertEqual((len(spaces), len(lab.env["WEISS_LAB_REGIONS"].split())), (2, 2))
        self.assertEqual(lab.ssh("vm1", "cat /sys/class/net/eth1/mtu").stdout, "1450\n")

        before = self.between(spaces)
        result = lab.ssh("vm1", "mpirun --hostfile /etc/weiss-hostfile -n 4 --map-by node --mca btl self,vader,ivshmem,tcp "
                                "--mca mca_base_component_path /opt/lab:SYS_DEFAULT:USER_DEFAULT "
                                "--mca btl_ivshmem_statistics /root --mca mpi_yield_when_idle 1 "
                                f"/opt/lab/traffic {BYTES} {TIMES}", timeout=300)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        ranks = sorted(map(json.loads, result.stdout.split("\n")[:-1]), key=lambda line: line["rank"])
        self.assertEqual([(r["host"], r["wrong"]) for r in ranks], [(f"vm{i}", 0) for i in range(1, 5)])

        # Within a server: all bytes of the pair, and a few of Open MPI's own. Between servers: none.
        peers = {}
        for rank in range(4):
            told = json.loads(lab.ssh(f"vm{rank + 1}", f"cat /root/ivshmem-{rank}.json").stdout)
            peers[rank] = {p["rank"]: p["bytes"] + p["put_bytes"] for p in told["peers"] if p["rank"] != rank}
        self.assertEqual({rank: list(to) for rank, to in peers.items()}, {0: [1], 1: [0], 2: [3], 3: [2]})
        pair = BYTES * TIMES
        for rank, to in peers.items():
            for peer, sent in to.items():
                self.assertTrue(pair <= sent < 1.2 * pair, f"rank {rank} sent {sent} bytes to rank {peer}")

        # Between servers: what four pairs sent, and what TCP and VXLAN add; what went within a server did not pass.
        for before_bytes, after in zip(before, self.between(spaces)):
            passed = after - before_bytes
            print(f"over the wire in one direction: {passed} bytes for {4 * pair} of messages")
            self.assertTrue(4 * pair < passed < 4.9 * pair, passed)
        within = (ranks[0]["seconds"][1] + ranks[2]["seconds"][3]) / 2
        across = sum(ranks[i]["seconds"][j] for i in (0, 1) for j in (2, 3)) / 4
        print(f"a pair within a server: {within:.4f} s, across: {across:.4f} s")
        self.assertLess(within, across)

    def test_a_killed_lab_leaves_nothing(self):
        lab = labs.Lab("--servers", "2", "--vms", "2", "--memory", "256M", "--region", "1M", "--link", "100Mb/s,5ms")
        self.addCleanup(lambda: self.assertEqual(lab.close(), []))
        lab.wait_up()
        relay = [pid for pid in children(lab.process.pid) if name(pid) == "weiss-relay"]
        self.assertEqual(len(relay), 1)
        began = labs.time.monotonic()
        self.assertEqual(lab.ssh("vm1", "ssh -o BatchMode=yes vm2 hostname").stdout, "vm2\n")
        self.assertGreater(labs.time.monotonic() - began, 0.02)
        lab.process.kill()
        lab.process.wait()
        self.assertEqual(lab.left(), [])
        self.assertFalse(os.path.exists(f"/proc/{relay[0]}"))

    def between(self, spaces):
        """Bytes that each server has sent to the other."""
        sent = []
        for space in spaces:
            result = labs.subprocess.run(["nsenter", f"--net={space}", "ip", "-s", "-j", "link", "show", "dev", "wire"],
                                         capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)
            sent.append(json.loads(result.stdout)[0]["stats64"]["tx"]["bytes"])
        return sent


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return file.read().split()


def name(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read().strip()


if __name__ == "__main__":
    if os.geteuid() != 0:
        labs.skip("a lab of two servers needs root")
    labs.main()
