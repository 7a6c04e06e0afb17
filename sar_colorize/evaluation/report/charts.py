"""Inline SVG of a comparison: errors by site with their intervals, and histograms of errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from ..color.compare import Comparison
from ..color.metrics import HISTOGRAM_TOP, Metric
from ..color.reliability import TOP, Reliability
from ..color.table import Rows

_WIDTH = 900
_LEFT = 130
_RIGHT = 20


def colours(comparison: Comparison) -> dict[str, str]:
    """A CSS colour for each method: bright for models, quiet for what stands beside them."""
    found: dict[str, str] = {}
    counts = {"model": 0, "baseline": 0}
    for method in comparison.methods:
        if method.kind == "oracle":
            found[method.name] = "var(--o)"
        else:
            letter, size = ("c", 6) if method.kind == "model" else ("b", 5)
            found[method.name] = f"var(--{letter}{counts[method.kind] % size})"
            counts[method.kind] += 1
    return found


def key(chosen: Mapping[str, str]) -> str:
    """The key: a line and a name for each colour."""
    parts = (f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in chosen.items())
    return f'<div class="key">{"".join(parts)}</div>'


def by_site(groups: Mapping[str, Rows], metric: Metric, chosen: Mapping[str, str]) -> str:
    """A dot for each method and site, with a bar for its interval."""
    gap, pad = 9, 16
    height = 46 + len(groups) * (gap * len(chosen) + pad)
    cells = [rows[name][metric.key] for rows in groups.values() for name in chosen]
    top = max([cell.high for cell in cells if np.isfinite(cell.high)], default=1.0) * 1.04
    low, high = 0.0, top or 1.0
    parts = [_axis(low, high, height - 30, metric.label)]
    y = 16.0
    for site, rows in groups.items():
        middle = y + gap * (len(chosen) - 1) / 2 + 4
        parts.append(f'<text class="strong" x="{_LEFT - 12}" y="{middle:.1f}" text-anchor="end">{escape(site)}</text>')
        for name, colour in chosen.items():
            cell = rows[name][metric.key]
            if np.isfinite(cell.mean):
                at, left, right = (_x(value, low, high) for value in (cell.mean, cell.low, cell.high))
                title = f"{escape(name)}, {escape(site)}: {cell.mean:.{metric.digits}f}"
                parts.append(
                    f'<g><title>{title}</title><line x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}" '
                    f'stroke="{colour}" stroke-width="2" opacity=".55"/>'
                    f'<circle cx="{at:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/></g>'
                )
            y += gap
        y += pad
    return _svg("".join(parts), height, f"{metric.label} by site, with 95 % bootstrap intervals")


def histogram(comparison: Comparison, chosen: Mapping[str, str]) -> str:
    """Share of pixels by their error of (a, b), a line for each method."""
    height, floor, ceiling = 300, 260, 18
    shares = {
        name: counts / max(1, counts.sum())
        for name, counts in zip(comparison.names, comparison.histograms, strict=True)
        if name in chosen
    }
    top = max(float(share.max()) for share in shares.values()) or 1.0
    parts = [_axis(0, HISTOGRAM_TOP, floor, "error of a and b, Lab units (the last holds all above)")]
    for name, share in shares.items():
        points = []
        for i, value in enumerate(share):
            y = floor - (floor - ceiling) * value / top
            points += [f"{_x(i, 0, HISTOGRAM_TOP + 1):.1f},{y:.1f}", f"{_x(i + 1, 0, HISTOGRAM_TOP + 1):.1f},{y:.1f}"]
        model = any(method.name == name and method.kind == "model" for method in comparison.methods)
        style = 'stroke-width="2.4"' if model else 'stroke-width="1.4" stroke-dasharray="5 3"'
        parts.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{chosen[name]}" {style}>'
            f"<title>{escape(name)}</title></polyline>"
        )
    for fraction in (0.5, 1.0):
        y = floor - (floor - ceiling) * fraction
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{100 * top * fraction:.1f} %</text>')
    parts.append(f'<text x="{_LEFT - 10}" y="{floor + 4}" text-anchor="end">of pixels 0</text>')
    return _svg("".join(parts), height, "histogram of the error of a and b")


def reliability(measured: Mapping[str, Reliability], chosen: Mapping[str, str]) -> str:
    """Mean real error over mean expected error, bin by bin, and the line where they are equal; dots grow with share."""
    height, floor, ceiling, top = 340, 300, 14, TOP + 2
    parts = [_axis(0, top, floor, "expected error of a and b, Lab units")]

    def y(value: float) -> float:
        return floor - (floor - ceiling) * min(value, top) / top

    for value in _ticks(0, top):
        parts.append(f'<text x="{_LEFT - 10}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    parts.append(
        f'<line x1="{_x(0, 0, top):.1f}" y1="{y(0):.1f}" x2="{_x(top, 0, top):.1f}" y2="{y(top):.1f}" '
        'stroke="var(--o)" stroke-dasharray="5 3"/>'
    )
    for name, one in measured.items():
        figures = one.to_dict()
        for expected, real, share in zip(figures["expected"], figures["real"], figures["share"], strict=True):
            title = f"{escape(name)}: expected {expected:.1f}, real {real:.1f}, {share:.1%} of pixels"
            parts.append(
                f'<g><title>{title}</title><circle cx="{_x(min(expected, top), 0, top):.1f}" cy="{y(real):.1f}" '
                f'r="{2.5 + 14 * share**0.5:.1f}" fill="{chosen[name]}" opacity=".8"/></g>'
            )
    return _svg("".join(parts), height, "expected and real error of a and b")


def _axis(low: float, high: float, floor: float, label: str) -> str:
    """Grid lines at round numbers with their values, and what they are."""
    parts = []
    for value in _ticks(low, high):
        x = _x(value, low, high)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="8" y2="{floor}" stroke="var(--line)"/>'
            f'<text x="{x:.1f}" y="{floor + 15}" text-anchor="middle">{value:g}</text>'
        )
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{floor + 28}" text-anchor="end">{escape(label)}</text>')
    return "".join(parts)


def _ticks(low: float, high: float) -> Sequence[float]:
    """Five to ten round numbers."""
    rough = (high - low) / 7
    power = 10 ** np.floor(np.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [round(float(value), 6) for value in np.arange(np.ceil(low / step) * step, high + step / 100, step)]


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (value - low) / (high - low)


def _svg(inside: str, height: float, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}" '
        f'xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    )
