#!/usr/bin/env python3
"""Draws the rows seed_64_… and seed_64k_… of a whole run as a chart, for light and for dark pages.

usage: chart.py bench.json [LINE]      LINE: what machine it was. Writes bench-light.svg and bench-dark.svg beside bench.json.
"""
import json
import math
import statistics
import sys
from html import escape
from pathlib import Path

# Label, the rows' ending (Elkodon is in all of them), and what was published for 64 B and for 64 KiB on an i7-10875H.
BARS = (("Elkodon", None, (240, 240)),
        ("iceoryx2", "iceoryx2", (None, None)),
        ("iceoryx 2.0", "iceoryx", (1_000, 1_000)),
        ("message queue", "message_queue", (700, 14_000)),
        ("Unix socket", "unix_socket", (1_500, 23_000)))
PANELS = (("64 B", "64"), ("64 KiB", "64k"))
THEMES = {"light": {"back": "#ffffff", "ink": "#1f2328", "soft": "#59636e", "grid": "#d1d9e0", "ours": "#0969da", "theirs": "#8c959f"},
          "dark": {"back": "#0d1117", "ink": "#f0f6fc", "soft": "#9198a1", "grid": "#3d444d", "ours": "#4493f8", "theirs": "#6e7681"}}
LEFT, SCALE, RIGHT, STEP, TOP = 130, 480, 150, 26, 66     # pixels: names, bars, figures; from bar to bar; above the first
LOWEST, HIGHEST = 10, 100_000                             # nanoseconds


def x_of(nanoseconds):
    part = math.log(max(nanoseconds, LOWEST) / LOWEST) / math.log(HIGHEST / LOWEST)
    return LEFT + SCALE * min(part, 1.0)


def measured(rows, size):
    """Nanoseconds by a bar's label; text where there are none."""
    ours = [row["ours"] for name, row in rows.items() if name.startswith(f"seed_{size}_") and row["ours"] is not None]
    figures = {"Elkodon": statistics.median(ours) if ours else "not measured"}
    for label, ending, _ in BARS[1:]:
        row = rows.get(f"seed_{size}_{ending}")
        if row is None:
            figures[label] = "not measured"
        elif row["reference"] is None:
            figures[label] = "missing: not installed"
        else:
            figures[label] = row["reference"]
    return figures


def draw(rows, machine, colour):
    def text(x, y, what, ink="ink", size=13, anchor="start", weight="normal"):
        return (f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour[ink]}" font-size="{size}" text-anchor="{anchor}" '
                f'font-weight="{weight}">{escape(what)}</text>')

    panel = TOP + STEP * len(BARS) + 30
    width, height = LEFT + SCALE + RIGHT, panel * len(PANELS) + 20
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
             'font-family="system-ui, sans-serif" role="img" aria-label="Latency of Elkodon and others">',
             f'<rect width="{width}" height="{height}" fill="{colour["back"]}"/>']
    for number, (title, size) in enumerate(PANELS):
        top = panel * number
        parts.append(text(10, top + 26, f"{title}, one way: median, logarithmic", weight="bold", size=15))
        bottom = top + TOP + STEP * len(BARS)
        for ticks in range(int(math.log10(LOWEST)), int(math.log10(HIGHEST)) + 1):
            x, value = x_of(10 ** ticks), 10 ** ticks
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top + TOP - 8}" y2="{bottom}" stroke="{colour["grid"]}"/>')
            parts.append(text(x, top + TOP - 14, f"{value} ns" if value < 1000 else f"{value // 1000} µs", "soft", 12, "middle"))
        figures = measured(rows, size)
        for line, (label, _, published) in enumerate(BARS):
            y, value, once = top + TOP + STEP * line, figures[label], published[number]
            parts.append(text(LEFT - 10, y + 14, label, anchor="end", weight="bold" if line == 0 else "normal"))
            if isinstance(value, str):
                parts.append(text(LEFT + 6, y + 14, value, "soft"))
            else:
                kind = "ours" if line == 0 else "theirs"
                parts.append(f'<rect x="{LEFT}" y="{y}" width="{x_of(value) - LEFT:.1f}" height="{STEP - 8}" fill="{colour[kind]}"/>')
                parts.append(text(LEFT + SCALE + 88, y + 14, f"{value:,.0f} ns", anchor="end"))
            if once is not None:
                x = x_of(once)
                parts.append(f'<path d="M{x:.1f} {y - 2} v{STEP - 4}" stroke="{colour["ink"]}" stroke-width="3"/>')
                parts.append(text(LEFT + SCALE + RIGHT - 8, y + 14, f"{once:,}", "soft", anchor="end"))
        parts.append(text(LEFT + SCALE + 88, top + TOP - 14, "here", "soft", 12, "end"))
        parts.append(text(width - 8, top + TOP - 14, "published", "soft", 12, "end"))
    parts.append(text(10, height - 30, "Bars: measured here in one run, pinned, interleaved. "
                      "Strokes: the published figures, on an i7-10875H.", "soft", 12))
    parts.append(text(10, height - 12, machine, "soft", 11))
    return "\n".join(parts + ["</svg>"]) + "\n"


def write(results, machine, output):
    """Beside bench.json, whose rows `results` are; nothing, where the seed's rows weren't measured."""
    rows = {row["name"]: row for row in results if row["name"].startswith("seed_")}
    for theme, colour in THEMES.items() if rows else ():
        output.with_name(f"{output.stem}-{theme}.svg").write_text(draw(rows, machine, colour), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    source = Path(sys.argv[1])
    write(json.loads(source.read_text(encoding="utf-8")), sys.argv[2] if len(sys.argv) == 3 else "", source)
