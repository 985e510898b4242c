"""Writes VTU files on N ranks and reads them back: check-vtu.py WRITER MPIRUN N."""
import math
import pathlib
import subprocess
import sys
import tempfile

from vtufile import VtuFile, triples

CELLS, EDGE = (4, 3, 5), 5.0  # as in write-vtu.c, nm


def expected_m(point):
    """grid_state_m of coordinates in nm."""
    x, y, z = (c * 1e-9 for c in point)
    polar, azimuth = 0.3 + 1e8 * z, 1e8 * (2 * x - y)
    return math.sin(polar) * math.cos(azimuth), math.sin(polar) * math.sin(azimuth), math.cos(polar)


def volume(a, b, c, d):
    u, v, w = ([q - p for p, q in zip(a, end)] for end in (b, c, d))
    return (u[0] * (v[1] * w[2] - v[2] * w[1]) + u[1] * (v[2] * w[0] - v[0] * w[2])
            + u[2] * (v[0] * w[1] - v[1] * w[0])) / 6


def check(path, real_type, tolerance):
    file = VtuFile(path)
    nodes, tets = math.prod(n + 1 for n in CELLS), 6 * math.prod(CELLS)
    assert (file.points, file.cells) == (nodes, tets)
    assert file.arrays["TimeValue"] == (5e-12,) and file.arrays["metres_per_unit"] == (1e-9,)
    assert file.types["m"] == file.types["Points"] == real_type
    points, vectors = triples(file.arrays["Points"]), triples(file.arrays["m"])
    assert len(points) == len(vectors) == nodes
    assert len({tuple(round(c, 3) for c in point) for point in points}) == nodes
    for axis in range(3):
        reach = max(abs(point[axis]) for point in points)
        assert abs(reach - CELLS[axis] * EDGE / 2) < tolerance * 100
    for point, vector in zip(points, vectors):
        assert math.dist(vector, expected_m(point)) < tolerance, (point, vector)
    connectivity = file.arrays["connectivity"]
    assert len(connectivity) == 4 * tets and set(connectivity) == set(range(nodes))
    assert file.arrays["offsets"] == tuple(4 * (i + 1) for i in range(tets))
    assert file.arrays["types"] == (10,) * tets
    total = 0.0
    for i, region in enumerate(file.arrays["region"]):
        corners = [points[k] for k in connectivity[4 * i:4 * i + 4]]
        middle = sum(corner[0] for corner in corners) / 4
        assert region == (1 if middle < EDGE - CELLS[0] * EDGE / 2 else 2)
        part = volume(*corners)
        assert part > 0
        total += part
    assert abs(total / (math.prod(CELLS) * EDGE**3) - 1) < tolerance


def main():
    writer, mpirun, ranks = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([mpirun, "-n", ranks, writer, directory], check=True)
        folder = pathlib.Path(directory)
        assert sorted(p.name for p in folder.iterdir()) == ["chunks.vtu", "double.vtu", "single.vtu"]
        check(folder / "double.vtu", "Float64", 1e-12)
        check(folder / "single.vtu", "Float32", 1e-5)
        assert (folder / "chunks.vtu").read_bytes() == (folder / "double.vtu").read_bytes()


main()
