"""Durations as people write them (`250ms`, `1.5s`, `10d`) to seconds and back. A bare number has no unit: refused."""

from __future__ import annotations

import re

from edgereason.errors import DeadlineError

UNITS_S = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST_S = 1000 * UNITS_S["d"]
_FORM = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|m|h|d)", re.ASCII)
_HINT = "Write a positive number and a unit, as 250ms, 1.5s, 2m, 1h or 10d (at most 1000d)."


def parse_duration(text: str) -> float:
    """Seconds of `text`.

    Raises:
        DeadlineError: no number with a unit, not above zero, or longer than 1000 days.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise DeadlineError(f"{text!r} is no duration", hint=_HINT)
    seconds = float(found[1]) * UNITS_S[found[2]]
    if not 0 < seconds <= LONGEST_S:
        raise DeadlineError(f"the duration {text!r} is not above 0 and at most 1000d", hint=_HINT)
    return seconds


def format_duration(seconds: float) -> str:
    """`seconds` with three significant digits in the unit that suits their size."""
    for unit, limit_s in (("ms", 1.0), ("s", 120.0), ("m", 7200.0), ("h", 172800.0)):
        if seconds < limit_s:
            return f"{_three_digits(seconds / UNITS_S[unit])} {unit}"
    return f"{_three_digits(seconds / UNITS_S['d'])} d"


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
