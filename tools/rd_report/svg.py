"""Rate-distortion plots as inline SVG: no script, no file beside the page."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 58, 10, 12, 40
COLOURS = ("#000000", "#e41a1c", "#377eb8", "#4daf4a", "#984ea3", "#ff7f00", "#a65628", "#f781bf",
           "#17a2a2", "#7f7f00", "#666699", "#999999", "#1f3b73", "#b3b300")
MARKS = ("circle", "square", "diamond", "triangle")

Series = dict[str, list[tuple[float, float]]]


def colour(index: int) -> str:
    """The colour of the index-th codec."""
    return COLOURS[index % len(COLOURS)]


def _mark(index: int, x: float, y: float, fill: str, title: str) -> str:
    shape = MARKS[index // len(COLOURS) % len(MARKS)] if index else "diamond"
    tip = f"<title>{escape(title)}</title>"
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{fill}">{tip}</circle>'
    if shape == "square":
        corner = f'x="{x - 3:.1f}" y="{y - 3:.1f}"'
        return f'<rect {corner} width="6" height="6" fill="{fill}">{tip}</rect>'
    points = {"diamond": ((0, -5), (5, 0), (0, 5), (-5, 0)), "triangle": ((0, -5), (5, 4), (-5, 4))}
    corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points[shape])
    return f'<polygon points="{corners}" fill="{fill}">{tip}</polygon>'


def format_bytes(count: float) -> str:
    """12.3 kB, 1.5 MB and the like (powers of ten)."""
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"


def nice_ticks(low: float, high: float, wanted: int = 6) -> list[float]:
    """Round values that divide low..high into about `wanted` steps."""
    raw = (high - low) / wanted
    base = 10 ** math.floor(math.log10(raw))
    step = next(f * base for f in (1, 2, 2.5, 5, 10) if f * base >= raw)
    first = math.ceil(low / step)
    return [i * step for i in range(first, math.floor(high / step) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten within low..high."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [f * 10.0**p for p in powers for f in (1, 2, 5) if low <= f * 10.0**p <= high]


def _limits(values: list[float], margin: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = (high - low) * margin or abs(high) * 0.05 or 1
    return low - pad, high + pad


def _axes(x_of: Callable, y_of: Callable, xs: list[float], ys: list[float], label: str) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [f'<rect x="{LEFT}" y="{TOP}" width="{right - LEFT}" height="{bottom - TOP}" '
             'fill="none" stroke="#999"/>']
    for value in xs:
        x = x_of(value)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}" stroke="#eee"/>'
                     f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">'
                     f"{format_bytes(value)}</text>")
    for value in ys:
        y = y_of(value)
        parts.append(f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#eee"/>'
                     f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    parts.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">'
                 "file size, every byte</text>"
                 f'<text x="12" y="{(TOP + bottom) / 2}" text-anchor="middle" '
                 f'transform="rotate(-90 12 {(TOP + bottom) / 2})">{escape(label)}</text>')
    return "".join(parts)


def rd_plot(series: Series, label: str, order: list[str], lines: bool = True,
            level: tuple[str, float] | None = None) -> str:
    """One plot: bytes (log) against a metric. order: names that fix each one's colour.

    level: name and value of a dashed line, such as the uncompressed scene's own quality.
    Points without a finite value are not drawn.
    """
    drawn = {n: sorted((b, v) for b, v in p if math.isfinite(v) and b > 0)
             for n, p in series.items()}
    xs = [math.log10(b) for points in drawn.values() for b, _ in points]
    ys = [v for points in drawn.values() for _, v in points]
    if not xs:
        return "<p>no points</p>"
    ys += [level[1]] if level and math.isfinite(level[1]) else []
    (x0, x1), (y0, y1) = _limits(xs, 0.04), _limits(ys, 0.06)

    def x_of(b: float) -> float:
        return LEFT + (math.log10(b) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)

    def y_of(v: float) -> float:
        return TOP + (y1 - v) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="plot" role="img">',
             _axes(x_of, y_of, log_ticks(10**x0, 10**x1), nice_ticks(y0, y1), label)]
    if level and math.isfinite(level[1]):
        y = y_of(level[1])
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                     f'stroke="#444" stroke-dasharray="5 4"/><text x="{WIDTH - RIGHT - 4}" '
                     f'y="{y - 4:.1f}" text-anchor="end">{escape(level[0])}</text>')
    for name, points in drawn.items():
        index = order.index(name)
        if lines and len(points) > 1:
            path = " ".join(f"{x_of(b):.1f},{y_of(v):.1f}" for b, v in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour(index)}" '
                         f'stroke-width="{2.6 if index == 0 else 1.3}"/>')
        for b, v in points:
            title = f"{name}: {format_bytes(b)}, {v:.4g}"
            parts.append(_mark(index, x_of(b), y_of(v), colour(index), title))
    return "".join(parts) + "</svg>"


def legend(order: list[str]) -> str:
    """Names with their colours."""
    items = (f'<span><i style="background:{colour(i)}"></i>{escape(name)}</span>'
             for i, name in enumerate(order))
    return f'<p class="legend">{"".join(items)}</p>'
