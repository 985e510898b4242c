"""The plan against reality, on two servers of one machine: plan-rig.py --weiss build/weiss [options]. Needs root.

Boots `weiss lab --servers 2`, four machines of two processors, joined by a wire of a given rate. There `weiss plan --measure`
measures the levels, and `weiss plan --try` sends the traffic of several programs with every placement in turn. Results go to
OUT: a table for each program (NAME.csv), all in one (plan-rig.md), and a picture (plan-rig.svg). Python's standard library is
all it needs.

On a small host the machines are emulated and share its processors, which makes them about a hundred times slower than real
ones; a wire of 10 Mb/s is to them what one of 1 Gb/s is to those."""
import argparse
import csv
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

RANKS = 8
HOSTFILE = "# server server1\nvm1 slots=2\nvm2 slots=2\n# server server2\nvm3 slots=2\nvm4 slots=2\n"
KB = 1000
BAR = "box: [20 nm, 20 nm, 300 nm], max_edge: 3.5 nm"


def chain(size):
    """Each rank with the two beside it: halos of a bar cut into slices."""
    return {(a, b): (1, size) for a in range(RANKS) for b in range(RANKS) if abs(a - b) == 1}


def grid(width, height, messages, size):
    """A stencil in two dimensions."""
    points = [(x, y) for y in range(height) for x in range(width)]
    return {(a, b): (messages, size) for a, (x, y) in enumerate(points) for b, (u, v) in enumerate(points)
            if abs(x - u) + abs(y - v) == 1}


def groups(count, size):
    """Each rank with all of its group; ranks are dealt out to the groups."""
    return {(a, b): (1, size) for a in range(RANKS) for b in range(RANKS) if a != b and a % count == b % count}


# Name: what it is, its traffic (None: from the mesh of a bar).
PROGRAMS = {
    "chain": ("bar in slices, 64 kB to each neighbour", chain(64 * KB)),
    "grid": ("grid of 4 x 2, 64 kB to each neighbour", grid(4, 2, 1, 64 * KB)),
    "rounds": ("grid of 4 x 2, four times 16 kB", grid(4, 2, 4, 16 * KB)),
    "groups": ("two groups, 32 kB from each to each", groups(2, 32 * KB)),
    "all": ("all to all, 16 kB", groups(1, 16 * KB)),
    "solver": ("a step of the solver, bar of 4,071 nodes", None),
}
ROWS = ("plan", "plain", "round-robin", "random", "worst")


def fail(result, what):
    sys.exit(f"{what} ended with {result.returncode}:\n{result.stdout}{result.stderr}")


def stage(options, directory):
    """What the machines get: the command with its programs beside it as in the build directory, and the traffic."""
    build = options.weiss.parent
    for name in ("weiss", "src/plan/measure/weiss-plan-measure", "src/plan/measure/weiss-plan-replay",
                 "src/fabric/btl/mca_btl_ivshmem.so"):
        target = directory / "rig" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(build / name, target)
    for name in options.programs:
        write_traffic(options, directory / "rig" / f"{name}.csv", PROGRAMS[name][1])
    (directory / "rig" / "hosts").write_text(HOSTFILE)


def write_traffic(options, path, flows):
    if flows is None:
        mesh = path.with_suffix(".msh")
        topology = path.with_suffix(".yaml")
        topology.write_text(f"servers: [{{name: s, vms: [{{name: v, vcpus: {RANKS}}}]}}]\n")
        for words in (["mesh", "make", BAR, str(mesh)],
                      ["plan", "--topology", str(topology), "--mesh", str(mesh), "-n", str(RANKS), "--out", str(path.with_suffix(""))]):
            result = subprocess.run([options.weiss, *words], capture_output=True, text=True, check=False)
            if result.returncode != 0:
                fail(result, f"weiss {words[0]}")
        shutil.move(path.with_suffix("") / "traffic.csv", path)
        return
    lines = [f"{a},{b},{messages},{messages * size}\n" for (a, b), (messages, size) in sorted(flows.items())]
    path.write_text(f"# ranks {RANKS}\nfrom,to,messages,bytes\n" + "".join(lines))


def there(*words):
    """Runs the command in the first machine. @return what it printed"""
    line = "cd /root && /opt/lab/rig/weiss " + shlex.join(words)
    result = subprocess.run(["ssh", "-F", os.environ["WEISS_LAB_SSH_CONFIG"], "vm1", line], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=False)
    if result.returncode != 0:
        fail(result, line)
    return result.stdout


def fetch(name):
    return subprocess.run(["ssh", "-F", os.environ["WEISS_LAB_SSH_CONFIG"], "vm1", f"cat /root/{name}"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=True).stdout


def inside(options):
    """With the machines up: measures, tries, and keeps the results."""
    there("plan", "--measure", "--hostfile", "/opt/lab/rig/hosts", "--out", "levels.yaml")
    (options.out / "levels.yaml").write_text(fetch("levels.yaml"))
    print((options.out / "levels.yaml").read_text(), end="", flush=True)
    for name in options.programs:
        print(f"\n{name}: {PROGRAMS[name][0]}", flush=True)
        print(there("plan", "--topology", "levels.yaml", "--matrix", f"/opt/lab/rig/{name}.csv", "--try", "--laps",
                    str(options.laps), "--out", name), end="", flush=True)
        for file, kept in (("try.csv", f"{name}.csv"), ("plan.csv", f"{name}-plan.csv"), ("rankfile", f"{name}-rankfile")):
            (options.out / kept).write_text(fetch(f"{name}/{file}"))


def outside(options):
    """Boots the machines and goes on inside."""
    with tempfile.TemporaryDirectory(prefix="weiss-rig-") as name:
        stage(options, pathlib.Path(name))
        words = [options.weiss, "lab", "--servers", "2", "--vms", "4", "--vcpus", "2", "--boot-time", str(options.boot_time),
                 "--link", options.link, "--ship", f"{name}/rig", "--", sys.executable, __file__, *sys.argv[1:], "--inside"]
        code = subprocess.run(words, check=False).returncode
    if code != 0:
        sys.exit(code)


def read_rows(path):
    """{placement: {predicted, median, quartile1, quartile3, network}}; random: means, and the range of the medians"""
    with open(path, newline="", encoding="utf-8") as stream:
        found = {row.pop("placement"): row for row in csv.DictReader(stream)}
    rows = {name: {"predicted": float(row["predicted"]), "median": float(row["median"]), "low": float(row["quartile1"]),
                   "high": float(row["quartile3"]), "network": float(row["bytes_network"]), "times": int(row["times"])}
            for name, row in found.items()}
    randoms = [rows.pop(name) for name in list(rows) if name.startswith("random-")]
    mean = {key: sum(row[key] for row in randoms) / len(randoms) for key in ("predicted", "median", "network")}
    medians = [row["median"] for row in randoms]
    rows["random"] = mean | {"low": min(medians), "high": max(medians), "times": randoms[0]["times"]}
    return rows


def write_report(options, results):
    lines = ["| program | placement | predicted | measured | quartiles | of the plan | predicted / measured | between servers |\n",
             "|---|---|---|---|---|---|---|---|\n"]
    for name, rows in results.items():
        for place in ROWS:
            row = rows[place]
            lines.append(f"| {PROGRAMS[name][0] if place == 'plan' else ''} | {place} | {row['predicted'] * 1e3:.1f} ms | "
                         f"{row['median'] * 1e3:.1f} ms | {row['low'] * 1e3:.1f} to {row['high'] * 1e3:.1f} | "
                         f"{row['median'] / rows['plan']['median']:.2f} | {row['predicted'] / row['median']:.2f} | "
                         f"{row['network'] / KB:.0f} kB |\n")
    (options.out / "plan-rig.md").write_text("".join(lines))


def bar(row, scale, x, y):
    """One placement: its measured time as a bar, the quartiles as a line, the prediction as a mark."""
    width, low, high, mark = (scale * row[key] for key in ("median", "low", "high", "predicted"))
    return (f'<rect x="{x}" y="{y}" width="{width:.1f}" height="12" fill="#4878a8"/>\n'
            f'<path d="M{x + low:.1f} {y + 6} H{x + high:.1f} M{x + low:.1f} {y + 3} v6 M{x + high:.1f} {y + 3} v6" '
            'stroke="#1b2f45" fill="none"/>\n'
            f'<path d="M{x + mark:.1f} {y - 2} v16" stroke="#d1495b" stroke-width="2.5"/>\n')


def draw(options, results):
    left, width, panel = 120, 640, 24 + 18 * len(ROWS) + 16
    height = 34 + panel * len(results)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 70}" height="{height}" font-family="sans-serif" '
             'font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
             f'<text x="{left}" y="18">communication of a step: <tspan fill="#4878a8">measured (bar; line: quartiles, of random '
             'the range of the medians)</tspan>, <tspan fill="#d1495b">predicted</tspan></text>\n']
    for i, (name, rows) in enumerate(results.items()):
        y = 34 + panel * i
        scale = width / max(max(row["high"], row["median"], row["predicted"]) for row in rows.values())
        parts.append(f'<text x="{left}" y="{y + 14}" font-weight="bold">{PROGRAMS[name][0]}</text>\n')
        for j, place in enumerate(ROWS):
            top = y + 24 + 18 * j
            row = rows[place]
            parts.append(f'<text x="{left - 8}" y="{top + 10}" text-anchor="end">{place}</text>\n' + bar(row, scale, left, top))
            end = left + scale * max(row["median"], row["high"], row["predicted"])
            parts.append(f'<text x="{end + 6:.1f}" y="{top + 10}">{row["median"] * 1e3:.3g} ms</text>\n')
    (options.out / "plan-rig.svg").write_text("".join(parts) + "</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--weiss", type=pathlib.Path, required=True, help="the command, in its build directory")
    parser.add_argument("--out", type=pathlib.Path, default="plan-rig", help="directory for the results")
    parser.add_argument("--link", default="10Mb/s", help="wire between the servers, as of `weiss lab`")
    parser.add_argument("--laps", type=int, default=9, help="turns of each placement")
    parser.add_argument("--boot-time", type=int, default=600, help="seconds that the machines get to come up")
    parser.add_argument("--programs", default=",".join(PROGRAMS), help="which traffic: " + ", ".join(PROGRAMS))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.weiss = options.weiss.resolve()
    options.programs = options.programs.split(",")
    unknown = [name for name in options.programs if name not in PROGRAMS]
    if unknown:
        parser.error(f"--programs: there is no {unknown[0]}; there are {', '.join(PROGRAMS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    if options.inside:
        inside(options)
        return
    outside(options)
    results = {name: read_rows(options.out / f"{name}.csv") for name in options.programs}
    write_report(options, results)
    draw(options, results)
    print((options.out / "plan-rig.md").read_text(), end="")


if __name__ == "__main__":
    main()
