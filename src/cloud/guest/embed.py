"""Makes C strings of text files: embed.py OUT HEADER embed.py FILE... The file make-image.sh becomes weiss_text_make_image."""
import json
import pathlib
import sys

out, header, _, *files = sys.argv[1:]
lines = [f'#include "{header}"', ""]
for name in files:
    file = pathlib.Path(name)
    lines.append(f"const char weiss_text_{file.stem.replace('-', '_')}[] =")
    lines += [f"    {json.dumps(line)}" for line in file.read_text(encoding="ascii").splitlines(keepends=True)]
    lines[-1] += ";"
pathlib.Path(out).write_text("\n".join(lines) + "\n", encoding="ascii")
