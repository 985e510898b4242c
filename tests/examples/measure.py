"""Numbers that a test found, beside those that it should have found."""
import json
import time


class Measurements:
    """A list of comparisons. Every one is made before the test fails, so that one run shows all of them."""

    def __init__(self):
        self.items = []
        self.runs = []

    def add(self, quantity, reference, ours, tolerance, unit="", relative=True, source=""):
        """Compares two numbers. @tolerance is relative to the reference unless said otherwise."""
        deviation = ours - reference
        if relative:
            deviation /= abs(reference)
        self.items.append(dict(quantity=quantity, reference=reference, ours=ours, deviation=deviation,
                               relative=relative, tolerance=tolerance, unit=unit, source=source,
                               good=abs(deviation) <= tolerance))

    def at_most(self, quantity, limit, ours, unit="", source=""):
        """An error, given as such, that must not pass a limit."""
        self.items.append(dict(quantity=quantity, reference=None, ours=ours, deviation=ours, relative=False,
                               tolerance=limit, unit=unit, source=source, good=ours <= limit))

    def nth(self, quantity, reference, list_of_ours, n, tolerance, unit="", source=""):
        """Compares the n-th number (from 0) of a list that may be too short."""
        ours = list_of_ours[n] if n < len(list_of_ours) else float("nan")
        self.add(quantity, reference, ours, tolerance, unit, source=source)

    def timed(self, what, action):
        """Does a run and notes its wall-clock time and the size of its mesh."""
        begin = time.monotonic()
        result = action()
        self.runs.append(dict(what=what, nodes=result.nodes, ranks=result.ranks, seconds=time.monotonic() - begin,
                              directory=str(result.directory)))
        return result

    @property
    def good(self):
        return bool(self.items) and all(item["good"] for item in self.items)

    def report(self):
        """Text for people, one line for each comparison."""
        lines = []
        for item in self.items:
            unit = " " + item["unit"] if item["unit"] else ""
            verdict = "ok  " if item["good"] else "FAIL"
            if item["reference"] is None:
                text = f"{item['ours']:.3g}{unit}, at most {item['tolerance']:.3g} allowed"
            else:
                scale, percent = (100, " %") if item["relative"] else (1, unit)
                text = (f"ours {item['ours']:.7g}{unit}, reference {item['reference']:.7g}{unit}, deviation "
                        f"{item['deviation'] * scale:+.3g}{percent}, allowed {item['tolerance'] * scale:.3g}{percent}")
            lines.append(f"{verdict} {item['quantity']}: {text}")
        return "\n".join(lines)

    def save(self, path, name, full):
        path.write_text(json.dumps(dict(example=name, full=full, runs=self.runs, items=self.items), indent=1) + "\n")


def crossings(times, values):
    """Times at which a column goes through zero, linear between rows."""
    found = []
    for i in range(1, len(values)):
        a, b = values[i - 1], values[i]
        if a * b < 0 or (b == 0 and a != 0):
            found.append(times[i - 1] + (times[i] - times[i - 1]) * a / (a - b))
    return found
