"""The Permalloy bar against Nmag's <m>(t), and against itself at a tighter tolerance."""
from run import REFERENCE, Failure


def read_reference(name):
    rows = [[float(word) for word in line.split()] for line in (REFERENCE / name).read_text().splitlines()
            if line.strip() and not line.startswith("#")]
    return rows


def largest_difference(table, rows):
    if len(table["t (s)"]) != len(rows):
        raise Failure(f"{table.path} has {len(table['t (s)'])} rows, expected {len(rows)}, one every 5 ps")
    worst = 0
    for i, row in enumerate(rows):
        if abs(table["t (s)"][i] - row[0]) > 1e-16:
            raise Failure(f"{table.path}, row {i + 1}: t = {table['t (s)'][i]:g} s, expected {row[0]:g} s")
        worst = max(worst, *(abs(a - b) for a, b in zip(table.mean(i), row[1:])))
    return worst


def rows_of(table):
    return [[t, *table.mean(i)] for i, t in enumerate(table["t (s)"])]


def permalloy_bar(runner, found, full):
    nmag = read_reference("nmag-bar-maxh4.txt")
    result = {n: found.timed(f"{n} rank{'s' if n > 1 else ''}", lambda: runner.run("permalloy-bar", f"{n}-ranks", ranks=n)) for n in (1, 2)}
    duration = "duration: 300 ps"
    tight = runner.run("permalloy-bar", "tight", [(duration, duration + ", rtol: 1e-6")])
    for n in (1, 2):
        found.at_most(f"largest difference of <m>(t) from Nmag's, {n} ranks", 3e-3, largest_difference(result[n].table, nmag),
                      source="Nmag, tests/reference/nmag-bar-maxh4.txt")
        found.at_most(f"the same from our own at a tenth of rtol, {n} ranks", 1e-4,
                      largest_difference(result[n].table, rows_of(tight.table)), source="ours at rtol 1e-6")
