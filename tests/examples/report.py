"""Puts the last results of `make check-long` into docs/validation.md and its pictures into docs/pictures:
report.py BUILD. The text between the two marks is replaced, all else stays."""
import json
import pathlib
import shutil
import sys

from run import ROOT

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
# Pictures: for each name the run (directory in the results of an example) and the file in it.
PICTURES = {
    "permalloy-bar-curves.svg": ("permalloy-bar", "permalloy-bar-1-ranks.out/curves.svg"),
    "permalloy-bar-state.png": ("permalloy-bar", "permalloy-bar-1-ranks.out/state.png"),
    "sphere-state.png": ("sphere", "sphere.out/state.png"),
    "cube-state.png": ("cube", "cube.out/state.png"),
    "prism-state.png": ("prism", "prism.out/state.png"),
    "macrospin-curves.svg": ("macrospin", "macrospin.out/curves.svg"),
    "stoner-wohlfarth-curves.svg": ("stoner-wohlfarth", "stoner-wohlfarth.out/curves.svg"),
    "bloch-wall-state.png": ("bloch-wall", "bloch-wall.out/state.png"),
    "wall-pinning-curves.svg": ("wall-pinning", "wall-pinning-AKJ.out/curves.svg"),
    "mumag3-flower-state.png": ("mumag3", "mumag3-flower.out/state.png"),
    "mumag3-vortex-state.png": ("mumag3", "mumag3-vortex.out/state.png"),
    "mumag4-curves.svg": ("mumag4", "mumag4.out/curves.svg"),
    "mumag4-state.png": ("mumag4", "mumag4.out/state.png"),
}


def number(value, unit=""):
    return f"{value:.6g}" + (f" {unit}" if unit else "")


def deviation(item):
    if item["relative"]:
        return f"{item['deviation'] * 100:+.3f} %"
    return f"{item['deviation']:+.2g}" + (f" {item['unit']}" if item["unit"] else "")


def allowed(item):
    return f"{item['tolerance'] * 100:.3g} %" if item["relative"] else f"{item['tolerance']:.3g}"


def section(result):
    lines = [f"### {result['example']}", ""]
    lines += [f"![{name}](pictures/{name})" for name, (example, _) in PICTURES.items() if example == result["example"]]
    lines += ["", "| quantity | reference | ours | deviation | allowed | source |", "|---|---|---|---|---|---|"]
    for item in result["items"]:
        exact = item["reference"] is None
        lines.append(f"| {item['quantity']} | {'' if exact else number(item['reference'], item['unit'])} | "
                     f"{number(item['ours'], item['unit'])} | {'' if exact else deviation(item)} | {allowed(item)} | {item['source']} |")
    lines += ["", "| run | nodes | ranks | time |", "|---|---|---|---|"]
    lines += [f"| {run['what']} | {run['nodes']:,} | {run['ranks']} | {run['seconds']:.1f} s |" for run in result["runs"]]
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: report.py BUILD")
    build = pathlib.Path(sys.argv[1])
    results = [json.loads(path.read_text()) for path in sorted(build.glob("examples/*-full/result.json"))]
    if not results:
        sys.exit(f"{build}/examples holds no results; run `make check-long` first")
    page = ROOT / "docs" / "validation.md"
    text = page.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"{page} must hold the marks {BEGIN} and {END} once each")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(before + BEGIN + "\n\n" + "\n".join(section(result) for result in results) + "\n" + END + after)
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(exist_ok=True)
    for name, (example, path) in PICTURES.items():
        source = build / "examples" / f"{example}-full" / path
        if source.exists():
            shutil.copyfile(source, pictures / name)
    print(f"{page}: {len(results)} examples, {sum(len(result['items']) for result in results)} comparisons")
    return 0


if __name__ == "__main__":
    sys.exit(main())
