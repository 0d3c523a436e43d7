"""A device profile: what passes cost here, with which settings, and what that was measured on. And its one file format.

JSON with schema, origin ("measured" or "published"), the common header, what the numbers are bound to, and one entry a
cell. docs/profiles.md lists every field. Read with every value checked; nothing in a file is evaluated.
Invariant: a profile that was read is sane: every number is in its range, every cell is there once, and whatever plans
with it has at least one decode cell of one row.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from edgereason.errors import RecordError
from edgereason.profiling.cells import KINDS, Cell
from edgereason.profiling.estimate import Estimate
from edgereason.types import ModelInfo

SCHEMA = "edgereason.device-profile/1"
Origin = Literal["measured", "published"]
LONGEST_S = 86_400.0
MOST = 10**9
MOST_BYTES = 1 << 24  # of a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What timings hold for, and nothing else: the names are those of `EngineInfo` and `DeviceFacts`."""

    device: str
    power_mode: str
    engine: str
    engine_version: str
    engine_device: str
    engine_settings: str
    threads: int
    model_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCost:
    """Seconds of one cell. passes: forward passes in it; joules: of one timing, None where not measured."""

    cell: Cell
    estimate: Estimate
    passes: int = 1
    joules: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryCost:
    """Bytes that each of `rows` rows takes right after it joined a prompt of `context` tokens."""

    rows: int
    context: int
    bytes_per_row: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Settings that were tried. score_s: geometric mean of a few typical timings; is_chosen: the ones kept."""

    settings: Mapping[str, object]
    score_s: float
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProfile:
    """All that is known of what one model costs on one device with one engine.

    settings: engine options that were chosen and that `bound_to` results from. energy: what joules cover, or "not
    measured". sources: where published figures come from. records: name of the file with the raw timings.
    """

    name: str
    origin: Origin
    model: ModelInfo
    bound_to: Binding
    costs: tuple[CellCost, ...]
    settings: Mapping[str, object] = field(default_factory=dict)
    memory: tuple[MemoryCost, ...] = ()
    choices: tuple[Choice, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    energy: str = "not measured"
    header: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    records: str = ""
    is_complete: bool = True  # False: interrupted, or the time was spent before every cell was tight

    def medians(self) -> dict[Cell, float]:
        """Seconds by cell."""
        return {cost.cell: cost.estimate.median_s for cost in self.costs}


# ---------------------------------------------------------------- does it belong here


_MEANINGS = {
    "model_file": "another model",
    "engine": "another engine",
    "engine_version": "another version of the engine",
    "engine_device": "another device of the engine",
    "threads": "another thread count",
    "engine_settings": "other engine settings",
    "power_mode": "another power mode",
    "device": "another machine",
}


def why_not(profile: DeviceProfile, here: Binding) -> str:
    """Why the profile does not hold here, with both values; empty where it does."""
    for name, meaning in _MEANINGS.items():
        made, now = getattr(profile.bound_to, name), getattr(here, name)
        if made != now:
            return f"profile {profile.name!r} was made for {meaning}: {made!r}, not {now!r}"
    return ""


def check_fits(profile: DeviceProfile, here: Binding) -> None:
    """Raise RecordError, with the reason, unless the profile holds here."""
    reason = why_not(profile, here)
    if reason:
        raise RecordError(f"The {reason}.", hint="Run `edgereason profile` here, or use it in a simulation only.")


# ---------------------------------------------------------------- the file


def write_profile(path: Path, profile: DeviceProfile) -> None:
    """Write it, whole or not at all.

    Raises:
        RecordError: the folder cannot be written.
    """
    text = json.dumps(to_json(profile), indent=1, allow_nan=False) + "\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise RecordError(
            f"The profile cannot be written to {str(path)!r}: {error.strerror or error}.",
            hint="Name a place of your own with --save.",
        ) from error


def to_json(profile: DeviceProfile) -> dict[str, Any]:
    """The profile in JSON's terms, as the file holds it."""
    body = {f.name: getattr(profile, f.name) for f in dataclasses.fields(profile)}
    return {
        "schema": SCHEMA,
        **body,
        "model": dataclasses.asdict(profile.model),
        "bound_to": dataclasses.asdict(profile.bound_to),
        "settings": dict(profile.settings),
        "facts": dict(profile.facts),
        "header": dict(profile.header),
        "notes": list(profile.notes),
        "sources": list(profile.sources),
        "memory": [dataclasses.asdict(cost) for cost in profile.memory],
        "choices": [{**dataclasses.asdict(choice), "settings": dict(choice.settings)} for choice in profile.choices],
        "costs": [
            {
                **dataclasses.asdict(cost.cell),
                **dataclasses.asdict(cost.estimate),
                "passes": cost.passes,
                "joules": cost.joules,
                "is_reliable": cost.estimate.is_reliable,
            }
            for cost in profile.costs
        ],
    }


def read_profile(path: Path) -> DeviceProfile:
    """The profile in a file.

    Raises:
        RecordError: no such file, or a value is missing or out of its range: named with both.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        body = json.loads(raw.decode("utf-8")) if len(raw) <= MOST_BYTES else None
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"Device profile {str(path)!r} cannot be read: {error}.", hint="It must be JSON.") from error
    return from_json(body, str(path))


def from_json(body: Any, where: str) -> DeviceProfile:
    """The profile in parsed JSON; `where` names it in errors.

    Raises:
        RecordError: as `read_profile`.
    """
    top = _Fields(body, where)
    if (schema := top.value("schema")) != SCHEMA:
        raise top.error("schema", schema, f"{SCHEMA!r}")
    origin = top.one_of("origin", get_args(Origin))
    costs = tuple(_cost(entry) for entry in top.entries("costs"))
    sources = tuple(top.texts("sources"))
    cells = [cost.cell for cost in costs]
    if len(set(cells)) < len(cells):
        raise top.error("costs", max(cells, key=cells.count), "each cell once")
    if not any(cell.kind == "decode" and cell.rows == 1 for cell in cells):
        raise top.error("costs", f"{len(cells)} cells", "at least one of kind 'decode' with rows = 1")
    if origin == "published" and not sources:
        raise top.error("sources", sources, "at least one source of published figures")
    return DeviceProfile(
        name=top.text("name"),
        origin=origin,  # type: ignore[arg-type]  # one of its values, as just checked
        model=ModelInfo(**top.inner("model").texts_of(("name", "lineage", "file"))),
        bound_to=_binding(top.inner("bound_to")),
        costs=costs,
        settings=top.mapping("settings"),
        memory=tuple(_memory(entry) for entry in top.entries("memory")),
        choices=tuple(_choice(entry) for entry in top.entries("choices")),
        facts=top.mapping("facts"),
        energy=top.text("energy"),
        header=top.mapping("header"),
        notes=tuple(top.texts("notes")),
        sources=sources,
        records=top.text("records", may_be_empty=True),
        is_complete=top.flag("is_complete"),
    )


def _binding(fields: _Fields) -> Binding:
    names = [f.name for f in dataclasses.fields(Binding) if f.name not in ("threads", "engine_settings")]
    settings = fields.text("engine_settings", may_be_empty=True)
    return Binding(threads=fields.whole("threads", 0, 4096), engine_settings=settings, **fields.texts_of(names))


def _cost(fields: _Fields) -> CellCost:
    kind, median_s = fields.one_of("kind", KINDS), fields.number("median_s", 0.0, LONGEST_S)
    if kind == "decode" and median_s == 0:
        raise fields.error("median_s", median_s, "above 0")
    low_s = fields.number_or_none("low_s", 0.0, median_s)
    high_s = fields.number_or_none("high_s", median_s, LONGEST_S)
    cell = Cell(
        kind=kind,  # type: ignore[arg-type]  # one of its values, as just checked
        rows=fields.whole("rows", 1, 4096),
        context=fields.whole("context", 0, MOST),
        tokens=fields.whole("tokens", 1, MOST),
    )
    n, visits = fields.whole("n", 1, MOST), fields.whole("visits", 1, MOST)
    return CellCost(
        cell=cell,
        estimate=Estimate(median_s=median_s, low_s=low_s, high_s=high_s, n=n, visits=visits),
        passes=fields.whole("passes", 0, MOST),
        joules=fields.number_or_none("joules", 0.0, 1e9),
    )


def _memory(fields: _Fields) -> MemoryCost:
    return MemoryCost(
        rows=fields.whole("rows", 1, 4096),
        context=fields.whole("context", 0, MOST),
        bytes_per_row=fields.number("bytes_per_row", 0, 1e15),
    )


def _choice(fields: _Fields) -> Choice:
    return Choice(
        settings=fields.mapping("settings"),
        score_s=fields.number("score_s", 0, LONGEST_S),
        is_chosen=fields.flag("is_chosen"),
    )


class _Fields:
    """One object of a file, read field by field; each error names the field, its value and what is legal."""

    def __init__(self, body: Any, where: str) -> None:
        self._where = where
        if not isinstance(body, dict):
            raise RecordError(f"{where} holds {_short(body)}, not an object.", hint="Measure it again.")
        self._body: dict[str, Any] = body

    def error(self, name: str, value: object, legal: str) -> RecordError:
        """The error for a value that is not legal."""
        return RecordError(
            f"{self._where}: {name} = {_short(value)} is not legal: {legal}.", hint="See docs/profiles.md."
        )

    def value(self, name: str) -> Any:
        if name not in self._body:
            raise RecordError(f"{self._where}: {name!r} is missing.", hint="See docs/profiles.md.")
        return self._body[name]

    def text(self, name: str, *, may_be_empty: bool = False) -> str:
        value = self.value(name)
        if not isinstance(value, str) or not (value or may_be_empty):
            raise self.error(name, value, "a text" if may_be_empty else "a text that is not empty")
        return value

    def texts_of(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self.text(name) for name in names}

    def texts(self, name: str) -> list[str]:
        values = self.value(name)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self.error(name, values, "a list of texts")
        return list(values)

    def one_of(self, name: str, choices: Iterable[str]) -> str:
        value = self.value(name)
        if value not in tuple(choices):
            raise self.error(name, value, f"one of {', '.join(choices)}")
        return str(value)

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            raise self.error(name, value, "true or false")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        value = self.value(name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not low <= value <= high:
            raise self.error(name, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def number_or_none(self, name: str, low: float, high: float) -> float | None:
        return None if self.value(name) is None else self.number(name, low, high)

    def whole(self, name: str, low: int, high: int) -> int:
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.error(name, value, f"a whole number from {low} to {high}")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.value(name)
        if not isinstance(value, dict):
            raise self.error(name, value, "an object")
        return value

    def inner(self, name: str) -> _Fields:
        return _Fields(self.value(name), f"{self._where}, {name}")

    def entries(self, name: str) -> list[_Fields]:
        values = self.value(name)
        if not isinstance(values, list):
            raise self.error(name, values, "a list")
        return [_Fields(value, f"{self._where}, {name}[{index}]") for index, value in enumerate(values)]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
