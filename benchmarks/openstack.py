"""The ways of a message between two instances of one host, measured in the test cloud (`make bench-openstack`): Neutron's Linux
bridge, a plain bridge, Open vSwitch, shared memory.

The same two instances have a network card on each of them, so that only the way differs. Each round measures all ways in
turn; reported are the medians of all samples of all rounds, with the quartiles. Writes openstack.out/network.csv
and prints a table for docs/openstack.md."""
import argparse
import csv
import os
import statistics
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(SOURCE, "tests", "openstack"))

PROGRAM = "/usr/libexec/weiss/weiss-fabric-bench"
TCP = "--mca pml ob1 --mca btl self,tcp --mca osc pt2pt --mca btl_tcp_if_include {net}"
WAYS = {
    "neutron": ("Neutron, Linux bridge, security groups", TCP.format(net="10.78.0.0/24")),
    "bridge": ("plain bridge, virtio", TCP.format(net="10.79.0.0/24")),
    "openvswitch": ("Open vSwitch, userspace datapath", TCP.format(net="10.80.0.0/24")),
    "ivshmem": ("shared memory", "--mca pml ob1 --mca btl self,vader,ivshmem --mca osc rdma,pt2pt"),
}
LATENCY, BANDWIDTH = (8, 65536), (65536, 1048576)
SIZES = sorted({*LATENCY, *BANDWIDTH})


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", default="openstack.out")
    return parser.parse_args()


def once(pair, options):
    """One start of the program over both instances. @return [(test, bytes, microseconds)]"""
    said = pair[0].ssh(f"mpirun --allow-run-as-root --hostfile /etc/weiss-hostfile -n 2 --map-by node {options} "
                       f"{PROGRAM} --tests latency,bandwidth --sizes {','.join(map(str, SIZES))} 2>&1")
    found = [line.split() for line in said.splitlines() if line.startswith("sample ")]
    if not found:
        sys.exit(f"no samples:\n{said}")
    return [(words[1], int(words[2]), float(words[3])) for words in found]


def measure(pair, ways, rounds, writer):
    """All ways in turn, round after round. @return {(way, test, bytes): [microseconds]}"""
    samples = {}
    for number in range(rounds):
        for way in ways:
            networks.choose(way)
            for name, size, took in once(pair, WAYS[way][1]):
                samples.setdefault((way, name, size), []).append(took)
                writer.writerow([number, way, name, size, took])
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return samples


def cell(values, scale=lambda took: took):
    low, middle, high = statistics.quantiles(map(scale, values), n=4)
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def table(samples, ways):
    """In the form of docs/openstack.md."""
    heads = [f"latency, {size} B (us)" for size in LATENCY] + [f"bandwidth, {size >> 10} KiB (MB/s)" for size in BANDWIDTH]
    print("| way | " + " | ".join(heads) + " |\n|---|" + "---|" * len(heads))
    for way in ways:
        cells = [cell(samples[way, "latency", size]) for size in LATENCY]
        cells += [cell(samples[way, "bandwidth", size], lambda took, size=size: size / took) for size in BANDWIDTH]
        print(f"| {WAYS[way][0]} | " + " | ".join(cells) + " |")


def main():
    options = parse()
    agent = host_agent.Agent()
    try:
        cluster = jobs.Cluster(os.environ["WEISS_CLOUD"] + "/lab")
        cluster.up(os.environ["WEISS_CLOUD_IMAGE"])
        pair = [tenants.Member(tenants.Tenant("lab", os.environ["WEISS_CLOUD"]), cluster, name) for name in ("vm1", "vm2")]
        agent.wait_state(pair, "attached")
        ways = ["neutron", "bridge"] + (["openvswitch"] if networks.has_openvswitch() else []) + ["ivshmem"]
        networks.attach(pair, ways)
        os.makedirs(options.out, exist_ok=True)
        with open(f"{options.out}/network.csv", "w", encoding="ascii", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["round", "way", "test", "bytes", "microseconds"])
            samples = measure(pair, ways, options.rounds, writer)
        table(samples, ways)
    finally:
        agent.close()


if __name__ == "__main__":
    import cases  # noqa: F401, goes into the namespaces of the cloud
    import host_agent
    import jobs
    import networks
    import tenants
    main()
