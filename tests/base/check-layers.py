"""Keeps what the documents promise about the source tree.

check-layers.py layers ROOT   no room of src/ includes one above it (docs/design.md has the map)
check-layers.py links ROOT    every relative link and picture in a Markdown file leads to a file, and to a heading of it
"""

import pathlib
import re
import subprocess
import sys
import urllib.parse

# The rooms from the ground up. A room may include itself and what stands before it.
ROOMS = ["base", "fabric", "cloud", "plan", "problem", "mesh", "field", "evolve", "output", "report", "simulation", "weiss"]
# Rooms that know nothing of the solver and of which the solver knows nothing: what they may include, and who may include
# them.
APART = {"fabric": {"base", "fabric"}, "cloud": {"base", "cloud"}, "plan": {"base", "plan"}}
MAY_USE_APART = {"fabric": {"fabric", "weiss"}, "cloud": {"cloud", "weiss"}, "plan": {"plan", "weiss"}}

# Headers for other programs are in include/weiss/, under the same prefix as the room of the command.
PUBLIC_FOR_ROOM = {"base": {"weiss/error.h"}, "fabric": {"weiss/error.h", "weiss/fabric.h"}}
PUBLIC_ROOMS = {"simulation", "weiss"}

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)
# [text](target), ![picture](target "title"), and [text]: target
LINK = re.compile(r'\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)', re.MULTILINE)
HTML_LINK = re.compile(r'<(?:a|img)\b[^>]*\b(?:href|src)="([^"]+)"')
CODE = re.compile(r'^(```|~~~).*?^\1|`[^`\n]+`', re.MULTILINE | re.DOTALL)


def include_error(room, header, public):
    """What is wrong with a file in @p room that includes @p header; None when nothing is."""
    target = header.split("/")[0] if "/" in header else None
    if header.startswith(".") or header.startswith("src/"):
        return "paths start at src/"
    if header in public:
        allowed = room in PUBLIC_ROOMS or header in PUBLIC_FOR_ROOM.get(room, set())
        return None if allowed else "only simulation, weiss, base (error.h) and fabric (fabric.h) may include public headers"
    if target in ROOMS and room in APART and target not in APART[room]:
        return f"{room} may use only {', '.join(sorted(APART[room]))}"
    if target in APART and room not in MAY_USE_APART[target]:
        return f"only {', '.join(sorted(MAY_USE_APART[target]))} may use {target}"
    if target in ROOMS and ROOMS.index(target) > ROOMS.index(room):
        return f"{target} is above {room}"
    return None


def check_layers(root):
    public = {f"weiss/{file.name}" for file in (root / "include/weiss").glob("*.h")}
    source = root / "src"
    errors = [f"src/{room.name}: not in the list of rooms of this test"
              for room in sorted(source.iterdir()) if room.is_dir() and room.name not in ROOMS]
    count = 0
    for room in ROOMS:
        for file in sorted((source / room).rglob("*.[ch]")):
            text = file.read_text(encoding="utf-8")
            for match in INCLUDE.finditer(text):
                count += 1
                wrong = include_error(room, match.group(1), public)
                if wrong:
                    line = text.count("\n", 0, match.start(1)) + 1
                    errors.append(f"{file.relative_to(root)}:{line}: includes {match.group(1)}: {wrong}")
    return errors, count


def anchors(file):
    """Anchors that a viewer makes of the headings: lower case, blanks as hyphens, no punctuation."""
    text = re.sub(r'^(```|~~~).*?^\1', "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r'^#{1,6}\s+(.*?)\s*#*$', text, re.MULTILINE)
    return {re.sub(r'[^\w\- ]', "", heading.lower()).replace(" ", "-") for heading in headings}


def link_error(root, file, target):
    """What is wrong with a link in @p file; None when nothing is, or it leads out of the repository."""
    parts = urllib.parse.urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    there = (file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else file
    if parts.path.startswith("/") or not there.is_relative_to(root):
        return "leaves the repository"
    if not there.exists():
        return "there is no such file"
    if parts.fragment and there.suffix == ".md" and parts.fragment not in anchors(there):
        return "there is no such heading"
    return None


def markdown_files(root):
    """The tracked files; all but those in build directories when this is no checkout."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "*.md"], capture_output=True, check=False)
    names = [name for name in listed.stdout.decode().split("\0") if name]
    if listed.returncode == 0 and names:
        return [root / name for name in names]
    return [file for file in sorted(root.rglob("*.md"))
            if not any((folder / "build.ninja").exists() for folder in file.parents)]


def check_links(root):
    errors, count = [], 0
    for file in markdown_files(root):
        # Code has no links; blanks in its place keep the numbers of the lines.
        text = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code.group()), file.read_text(encoding="utf-8"))
        for match in [*LINK.finditer(text), *HTML_LINK.finditer(text)]:
            count += 1
            target = next(group for group in match.groups() if group)
            wrong = link_error(root, file, target)
            if wrong:
                line = text.count("\n", 0, match.start()) + 1
                errors.append(f"{file.relative_to(root)}:{line}: {target}: {wrong}")
    return errors, count


def main():
    checks = {"layers": check_layers, "links": check_links}
    if len(sys.argv) != 3 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    errors, count = checks[sys.argv[1]](pathlib.Path(sys.argv[2]).resolve())
    if count == 0:
        errors.append(f"no {sys.argv[1]} were found to check")
    for error in errors:
        print(error)
    print(f"{count} checked, {len(errors)} wrong")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
