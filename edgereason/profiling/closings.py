"""How long closings took here, kept: scores by regime, a line each in a file of the cache folder.

In: keeping and reading scores. Not in: what they are, and what follows from them (controller.reserve).
Invariant: a line that cannot be read is no score; a folder that cannot be written costs what is kept, not the request.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections import deque
from pathlib import Path

KEPT = 6000  # newest scores of a regime; a miss rate of 0.1 % needs 2,995
MOST_BYTES = 20 * 2 * KEPT  # a longer file is cut to the newest


class ClosingLog:
    """Scores by regime (engine, model, threads, width, policy: whatever a caller keeps apart), oldest first.

    folder: where they are kept; None: in memory alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, deque[float]] = {}

    def scores(self, regime: str) -> tuple[float, ...]:
        """The newest scores of a regime, at most `KEPT`."""
        return tuple(self._of(regime))

    def add(self, regime: str, score: float) -> None:
        """Keep a score, in memory and in the file."""
        if not math.isfinite(score):
            return
        self._of(regime).append(score)
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with _path(self._folder, regime).open("a", encoding="ascii") as file:
                file.write(f"{score:.4f}\n")

    def _of(self, regime: str) -> deque[float]:
        if regime not in self._known:
            kept = [] if self._folder is None else self._read(_path(self._folder, regime))
            self._known[regime] = deque(kept, maxlen=KEPT)
        return self._known[regime]

    def _read(self, path: Path) -> list[float]:
        """The scores in a file; a long file is cut."""
        try:
            lines = path.read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            return []
        found = [score for line in lines if (score := _number(line)) is not None][-KEPT:]
        if path.stat().st_size > MOST_BYTES:
            with contextlib.suppress(OSError):
                aside = path.with_suffix(".new")
                aside.write_text("".join(f"{score:.4f}\n" for score in found), encoding="ascii")
                aside.replace(path)
        return found


def _path(folder: Path, regime: str) -> Path:
    return folder / f"{hashlib.sha256(regime.encode()).hexdigest()[:24]}.txt"


def _number(line: str) -> float | None:
    """The finite number on a line."""
    try:
        value = float(line)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
