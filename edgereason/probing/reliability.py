"""A reliability plot as SVG: predicted chances against what came true, for one or several predictors. Pure text."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

SIDE, MARGIN = 300, 48  # pixels
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd")


def reliability_svg(title: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    """Each predictor by the means of its bins (`predicted`, `seen`); on the diagonal what is said comes true."""
    width, height = SIDE + 2 * MARGIN, SIDE + 2 * MARGIN + 18 * len(found)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{MARGIN}" y="24" font-size="14">{escape(title)}</text>',
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>',
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#999" stroke-dasharray="4 4"/>',
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(f'<text x="{_x(tick)}" y="{_y(0) + 16}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{_x(0) - 6}" y="{_y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<text x="{_x(0.5)}" y="{_y(0) + 32}" text-anchor="middle">predicted chance of being right</text>')
    for place, (name, each) in enumerate(found.items()):
        colour = COLOURS[place % len(COLOURS)]
        points = [f"{_x(p)},{_y(s)}" for p, s in zip(each["predicted"], each["seen"], strict=True)]
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in (p.split(",") for p in points)]
        words = f"{name}: Brier {each['brier']:.3f}, calibration error {each['debiased']:.3f} (debiased)"
        parts.append(
            f'<text x="12" y="{_y(0) + 52 + 18 * place}" font-size="10" fill="{colour}">{escape(words)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _x(share: float) -> float:
    return round(MARGIN + SIDE * share, 1)


def _y(share: float) -> float:
    return round(MARGIN + SIDE * (1 - share), 1)
