"""Budget profiles: TOML in, frozen values out. Unknown keys and values out of range are errors."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

from edgereason.errors import ConfigError, did_you_mean
from edgereason.types import BudgetProfile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_RANGES: dict[str, tuple[float, float]] = {
    "think_tokens": (0, 1_000_000),
    "answer_tokens": (1, 100_000),
    "max_rows": (1, 1024),
    "extensions": (0, 100),
    "temperature": (0.0, 10.0),
    "top_k": (0, 1_000_000),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
}
_KEYS = tuple(field.name for field in dataclasses.fields(BudgetProfile) if field.name != "name")
_WHOLE = ("think_tokens", "answer_tokens", "max_rows", "extensions", "top_k")


def read_profile(path: Path) -> BudgetProfile:
    """The profile in a TOML file, named after the file.

    Raises:
        ConfigError: unreadable file, unknown or missing key, or a value of the wrong kind or out of range.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"Budget profile {str(path)!r} cannot be read: {error}", hint="It must be TOML.") from error
    for key, value in values.items():
        _check(path, key, value)
    missing = [key for key in ("think_tokens", "answer_tokens", "max_rows") if key not in values]
    if missing:
        raise ConfigError(f"Budget profile {str(path)!r} lacks {missing[0]!r}.", hint="See profiles/budgets/.")
    return BudgetProfile(name=path.stem, **values)


def read_profiles(*folders: Path) -> dict[str, BudgetProfile]:
    """All profiles of the folders by name; later folders win."""
    paths = [path for folder in folders for path in sorted(folder.glob("*.toml"))]
    return {path.stem: read_profile(path) for path in paths}


def _check(path: Path, key: str, value: Any) -> None:
    """Raise ConfigError unless `key` is known and `value` is of its kind and in its range."""
    where = f"in budget profile {str(path)!r}"
    if key not in _KEYS:
        raise ConfigError(f"Unknown key {key!r} {where}.", hint=did_you_mean(key, _KEYS))
    low, high = _RANGES[key]
    kinds = (int,) if key in _WHOLE else (int, float)
    is_nothing = key == "top_p" and value == 0  # would keep no token at all
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high or is_nothing:
        kind = "a whole number" if key in _WHOLE else "a number"
        start = f"above {low}, up to" if key == "top_p" else f"from {low} to"
        raise ConfigError(f"{key} = {value!r} {where} is not {kind} {start} {high}.")
