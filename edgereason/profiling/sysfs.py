"""Small files that a kernel writes, below a root of choice. What cannot be read is None, never an error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def read_text(path: Path) -> str | None:
    """The file's text without the blanks and zero bytes around it; None where there is none to be had."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n\t ") or None
    except (OSError, ValueError):
        return None


def read_number(path: Path) -> float | None:
    """The one number in the file; None where it is something else."""
    text = read_text(path)
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def numbered(folder: Path, pattern: str) -> Iterator[Path]:
    """What matches, ordered by the numbers in the names: cpu2 before cpu10."""
    try:
        found = list(folder.glob(pattern))
    except OSError:
        return
    yield from sorted(found, key=lambda path: (int("".join(c for c in path.name if c.isdigit()) or 0), path.name))
