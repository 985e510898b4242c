"""The files of a run, of one that is killed and continued, stopped, or fails: check-run.py FAKE-RUN MPIRUN N."""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

from vtufile import VtuFile

ROWS, SNAPSHOTS, CHECKPOINT_ROW, END_ROW = 40, 4, 25, 34  # as in fake-run.c
PROGRAM, MPIRUN, RANKS = sys.argv[1:]


def run(mode, folder, keys="{picture: off}", check=True):
    result = subprocess.run([MPIRUN, "-n", RANKS, PROGRAM, mode, str(folder), keys], text=True, capture_output=True,
                            check=False)
    assert not check or result.returncode == 0, result.stderr
    return result


def names(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def check_table(folder, rows):
    text = (folder / "table.csv").read_text()
    assert text.endswith("\n")
    lines = [line.split(",") for line in text.splitlines()]
    head = lines[0]
    assert head[:5] == ["t (s)", "mx", "my", "mz", "E_total (J)"], head
    energies = [name for name in head if name.startswith("E_") and name != "E_total (J)"]
    assert "E_exchange (J)" in energies
    after = 5 + len(energies)
    assert head[5:after] == energies
    assert head[after:after + 3] == ["max_torque (A/m)", "steps", "stage"]
    assert "H_applied_x (A/m)" in head[after + 3:]
    assert len(lines) == rows + 1
    for i, line in enumerate(lines[1:]):
        assert len(line) == len(head)
        values = dict(zip(head, map(float, line)))
        assert abs(values["t (s)"] - 5e-12 * i) < 1e-24 and values["steps"] == 7 * i
        total = sum(values[name] for name in energies)
        assert abs(values["E_total (J)"] - total) < 1e-14 * abs(total)


def check_fields(folder, count, arrays=("m",)):
    tree = ElementTree.parse(folder / "fields.pvd")
    entries = tree.getroot().findall("Collection/DataSet")
    assert len(entries) == count
    assert all(abs(float(e.get("timestep")) - 50e-12 * i) < 1e-24 for i, e in enumerate(entries))
    assert [e.get("file") for e in entries] == [f"fields/m-{i:06d}.vtu" for i in range(count)]
    assert len(list((folder / "fields").iterdir())) == count
    for i, entry in enumerate(entries):
        file = VtuFile(folder / entry.get("file"))
        assert abs(file.arrays["TimeValue"][0] - 50e-12 * i) < 1e-24
        assert set(file.arrays["Ms"]) == {8e5, 1.2e6} and set(file.arrays["region"]) == {1, 2}
        for name in arrays:
            assert len(file.arrays[name]) == 3 * file.points


def check_json(folder, status):
    def refuse(word):
        raise ValueError(word)
    facts = json.loads((folder / "run.json").read_text(), parse_constant=refuse)
    assert facts["status"] == status and facts["version"] == "1.2.3" and facts["ranks"] == int(RANKS)
    assert facts["problem"]["text"].startswith("materials: {soft")
    assert facts["mesh"]["nodes"] == 17 * 13 * 3 and facts["mesh"]["tetrahedra"] == 6 * 16 * 12 * 2
    assert [region["material"] for region in facts["mesh"]["regions"]] == ["soft", "hard"]
    assert sum(host["ranks"] for host in facts["hosts"]) == int(RANKS)
    assert facts["memory"]["peak_of_all_ranks_bytes"] >= facts["memory"]["peak_of_a_rank_bytes"] > 1 << 20
    assert facts["warnings"] == [] or "exchange length" in facts["warnings"][0]
    assert "exchange" in facts["terms"]
    return facts


def check_curves(folder):
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.parse(folder / "curves.svg").getroot()
    texts = ["".join(text.itertext()) for text in root.iter(svg + "text")]
    for wanted in ("Mean magnetisation", "Energy (aJ)", "Time (ps)", "mx", "my", "mz", "total", "exchange"):
        assert wanted in texts, (wanted, texts)
    lengths = [path.get("d").count(" ") for path in root.iter(svg + "path")]
    head = (folder / "table.csv").read_text().splitlines()[0]
    assert len(lengths) == 3 + head.count("(J)") and min(lengths) > ROWS, lengths


def check_picture(file):
    data = file.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and data[-8:-4] == b"IEND"
    width, height = struct.unpack(">II", data[16:24])
    assert 500 <= width <= 1400 and 400 <= height <= 1000 and len(data) > 10000


def whole_run(folder):
    run("whole", folder, "{fields_add: [effective, exchange], fields_precision: single, picture_snapshots: on}")
    check_picture(folder / "state.png")
    assert sorted(p.name for p in (folder / "pictures").iterdir()) == [f"m-{i:06d}.png" for i in range(SNAPSHOTS)]
    for file in (folder / "pictures").iterdir():
        check_picture(file)
    check_table(folder, ROWS)
    check_curves(folder)
    check_fields(folder, SNAPSHOTS, ("m", "H_effective", "H_exchange"))
    facts = check_json(folder, "complete")
    assert facts["phases_s"] == {"mesh": 0.5} and facts["output"] == {"rows": ROWS, "snapshots": SNAPSHOTS}
    (stage,) = facts["stages"]
    assert stage["outcome"] == "complete" and stage["reason"] == 'reached "200 ps"'
    assert stage["solver"] == {"steps": 280, "smallest_step_s": 1.5e-15}
    run("whole", folder, "{fields: off, picture: off}")  # a new run in the same place leaves nothing of the old one
    check_table(folder, ROWS)


def killed_and_continued(whole, folder):
    run("whole", whole)
    run("crash", folder, check=False)
    check_table(folder, END_ROW + 1)
    check_json(folder, "running")
    (folder / "table.csv.tmp-12").write_text("left by a killed run")
    run("resume", folder)
    assert (folder / "table.csv").read_bytes() == (whole / "table.csv").read_bytes()
    check_fields(folder, SNAPSHOTS)
    for i in range(SNAPSHOTS):
        name = f"fields/m-{i:06d}.vtu"
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    facts = check_json(folder, "complete")
    assert [part["status"] for part in facts["continues"]] == ["running"]
    assert names(folder) == sorted(names(whole) + ["checkpoint.h5"])
    (folder / "table.csv").write_text("".join((folder / "table.csv").read_text().splitlines(True)[:20]))
    failed = run("resume", folder, check=False)
    assert failed.returncode != 0 and "holds 19 rows, but 26 were there" in failed.stderr, failed.stderr


def ended_early(stopped, failed):
    run("stop", stopped)
    check_table(stopped, END_ROW + 1)
    check_json(stopped, "stopped")
    run("fail", failed, check=False)
    check_table(failed, END_ROW + 1)
    assert not (failed / "state.png").exists()
    facts = check_json(failed, "failed")
    assert facts["error"] == '"it" does not converge'


def full_disk(folder):
    """A limit on the size of files stands for a disk that is full."""
    for limit, keys in ((100, "{}"), (2000, "{}"), (5000, "{fields: off, picture: off}"), (20000, "{}")):
        os.environ["FILE_LIMIT"] = str(limit)
        result = run("whole", folder, keys, check=False)
        del os.environ["FILE_LIMIT"]
        assert result.returncode != 0 and "File too large" in result.stderr, result.stderr
        assert not [name for name in names(folder) if ".tmp-" in name], names(folder)
        if (folder / "table.csv").exists():
            text = (folder / "table.csv").read_text()
            assert text == "" or text.endswith("\n")
        for file in (folder / "fields").glob("*"):
            VtuFile(file)
        if (folder / "run.json").exists():
            json.loads((folder / "run.json").read_text())


def main():
    with tempfile.TemporaryDirectory() as directory:
        folders = [pathlib.Path(directory) / str(i) for i in range(6)]
        for folder in folders:
            folder.mkdir()
        whole_run(folders[0])
        killed_and_continued(folders[1], folders[2])
        ended_early(folders[3], folders[4])
        full_disk(folders[5])


main()
