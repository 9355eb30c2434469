#!/usr/bin/env python3
"""Runs commands and draws what a terminal shows as an SVG picture.

    docs/capture.py PROGRAM > docs/images/terminal.svg

PROGRAM is the gcm-search to run, such as target/release/gcm-search. The commands are those of COMMANDS, on an index of the
built-in corpus made for the purpose. The same program gives the same picture.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from html import escape

COLUMNS = 96
COMMANDS = [
    'gcm-search query "autorità locali" --limit 1',
    "gcm-search concordance diaspora --sort right --limit 8",
    "gcm-search cite oim-italia/stocktaking-puerto-vallarta#4",
]
FONT_SIZE = 14
ADVANCE = 8.43  # The width of a character of most monospaced fonts at this size.
LINE = 19
MARGIN = 16
COLOURS = {"31": "#f38ba8", "32": "#a6e3a1", "33": "#f9e2af", "36": "#89dceb"}
PLAIN, BACKGROUND, FAINT = "#cdd6f4", "#1e1e2e", "#9399b2"


def spans(line):
    """The parts of a line, each with the codes of its style."""
    style, at = set(), 0
    for match in re.finditer(r"\x1b\[([0-9;]*)m", line):
        if match.start() > at:
            yield line[at:match.start()], frozenset(style)
        for code in match.group(1).split(";"):
            if code in ("", "0"):
                style.clear()
            else:
                style.add(code)
        at = match.end()
    if at < len(line):
        yield line[at:], frozenset(style)


def attributes(style):
    fill = next((COLOURS[code] for code in sorted(style) if code in COLOURS), None)
    if fill is None and "2" in style:
        fill = FAINT
    out = f' fill="{fill}"' if fill else ""
    return out + (' font-weight="bold"' if "1" in style else "")


def draw(line, row):
    y = MARGIN + 28 + row * LINE
    out, column = [], 0
    for text, style in spans(line):
        shown = text.strip()
        if shown:
            # Each part has its own place, so that a font with another width keeps the columns.
            x = MARGIN + (column + len(text) - len(text.lstrip())) * ADVANCE
            length = len(shown) * ADVANCE
            out.append(
                f'<text x="{x:.2f}" y="{y}" textLength="{length:.2f}" lengthAdjust="spacingAndGlyphs"'
                f"{attributes(style)}>{escape(shown)}</text>"
            )
        column += len(text)
    return "".join(out)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = os.path.abspath(sys.argv[1])
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "COLUMNS": str(COLUMNS)}

        def run(args):
            done = subprocess.run(
                [program, "--color", "always", "--no-config", *args],
                cwd=folder, env=environment, capture_output=True, check=True, text=True,
            )
            return done.stdout

        run(["index"])
        for command in COMMANDS:
            lines.append(f"\x1b[36m$\x1b[0m \x1b[1m{command}\x1b[0m")
            lines.extend(run(shlex.split(command)[1:]).splitlines())
            lines.append("")
    while not lines[-1]:
        lines.pop()
    width = MARGIN * 2 + COLUMNS * ADVANCE
    height = MARGIN * 2 + 28 + len(lines) * LINE
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"'
        f' font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT_SIZE}"'
        f' fill="{PLAIN}">'
    )
    print("<title>gcm-search at a terminal</title>")
    print(f'<rect width="100%" height="100%" rx="10" fill="{BACKGROUND}"/>')
    for at, colour in enumerate(["#f38ba8", "#f9e2af", "#a6e3a1"]):
        print(f'<circle cx="{MARGIN + 6 + at * 20}" cy="{MARGIN + 4}" r="6" fill="{colour}"/>')
    for row, line in enumerate(lines):
        drawn = draw(line, row)
        if drawn:
            print(drawn)
    print("</svg>")


if __name__ == "__main__":
    main()
