"""From a journal to the profile that it amounts to. Pure: the same entries, the same profile."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from edgereason.profiling.cells import Cell
from edgereason.profiling.estimate import Estimate
from edgereason.profiling.facts import DeviceFacts
from edgereason.profiling.journal import Entry, Journal, Settings
from edgereason.profiling.profile import Binding, CellCost, Choice, DeviceProfile, MemoryCost
from edgereason.profiling.run import joules_of
from edgereason.profiling.tuning import TRIED, score
from edgereason.records import Provenance
from edgereason.types import ModelInfo

BUSY_SHARE = 0.2  # of the visits with a neighbour at work: from here on the profile says so


def profile_of(
    journal: Journal,
    settings: Settings,
    *,
    name: str,
    model: ModelInfo,
    bound_to: Binding,
    facts: DeviceFacts,
    header: Provenance,
    energy: str,
    records: str,
    left_out: Collection[Cell] = (),
    is_complete: bool = True,
) -> DeviceProfile:
    """The profile of one model with these settings, from all entries made with them."""
    seen = journal.of(settings)
    found = journal.levelled(settings)
    return DeviceProfile(
        name=name,
        origin="measured",
        model=model,
        bound_to=bound_to,
        costs=tuple(_cost(cell, found[cell], seen[cell]) for cell in sorted(found)),
        settings=dict(settings),
        memory=tuple(_memory(cell, entries) for cell, entries in sorted(seen.items()) if cell.kind == "memory"),
        choices=_choices(journal, settings),
        facts=_known(facts),
        energy=energy,
        header=dataclasses.asdict(dataclasses.replace(header, n=len(journal.entries))),
        notes=(*_busy_note(seen), *_wide_note(found), *_left_out_note([cell for cell in left_out if cell not in seen])),
        records=records,
        is_complete=is_complete,
    )


def _known(facts: DeviceFacts) -> dict[str, object]:
    """What the machine does say, in JSON's terms."""
    said = {name: value for name, value in dataclasses.asdict(facts).items() if value is not None}
    return {**said, "gpus": list(said["gpus"])}


def _cost(cell: Cell, estimate: Estimate, entries: list[Entry]) -> CellCost:
    return CellCost(
        cell=cell, estimate=estimate, passes=max(e.visit.passes for e in entries), joules=joules_of(entries)
    )


def _memory(cell: Cell, entries: list[Entry]) -> MemoryCost:
    found = [entry.visit.bytes_per_row for entry in entries if entry.visit.bytes_per_row is not None]
    return MemoryCost(rows=cell.rows, context=cell.context, bytes_per_row=max(found, default=0.0))


def _choices(journal: Journal, chosen: Settings) -> tuple[Choice, ...]:
    """Everything that was tried, the fastest first."""
    tried = {entry.settings for entry in journal.entries}
    judged = [cell for cell in TRIED if cell in journal.estimates(chosen)]
    scored = [
        (value, settings)
        for settings in tried
        if (value := score({cell: e.median_s for cell, e in journal.estimates(settings).items()}, judged)) is not None
    ]
    return tuple(
        Choice(settings=dict(settings), score_s=value, is_chosen=settings == chosen)
        for value, settings in sorted(scored, key=lambda pair: (pair[0], repr(pair[1])))
    )


def _busy_note(seen: Mapping[Cell, list[Entry]]) -> list[str]:
    entries = [entry for each in seen.values() for entry in each]
    share = sum(entry.contention.is_busy for entry in entries) / max(1, len(entries))
    return [f"neighbours were at work during {share:.0%} of the visits"] if share > BUSY_SHARE else []


def _wide_note(found: Mapping[Cell, Estimate]) -> list[str]:
    wide = sum(not estimate.is_reliable for estimate in found.values())
    return [f"{wide} of {len(found)} cells are unreliable: few repeats, or wide spread"] if wide else []


def _left_out_note(left_out: Collection[Cell]) -> list[str]:
    cells = ", ".join(f"{c.kind} {c.rows} x {c.context}" for c in sorted(left_out)[:6])
    return [f"{len(left_out)} cells would have taken too much of the time limit: {cells}"] if left_out else []
