"""The raw timings of a device profile: one record a visit, in the one record format, so that nothing measured is lost.

A journal is bound to its header: machine, power mode, engine and its version, model file, what the user fixed. A later
run with the same header goes on where this one ended, after Ctrl-C and after a kill as well.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from edgereason.errors import RecordError
from edgereason.profiling.bench import Visit
from edgereason.profiling.cells import KINDS, Cell
from edgereason.profiling.contention import Contention
from edgereason.profiling.estimate import Estimate, estimate
from edgereason.profiling.levels import levels
from edgereason.protocols import Record
from edgereason.records import Provenance, RecordWriter, read_records

Settings = tuple[tuple[str, object], ...]  # engine options in order of their names
_QUIET = Contention(waited_share=None, late_s=None)


def settings_of(options: Mapping[str, object]) -> Settings:
    """The options as a key."""
    return tuple(sorted(options.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A visit and what went on around it. joules: of all of it, warm-up included; None where not measured."""

    settings: Settings
    cell: Cell
    visit: Visit
    contention: Contention = _QUIET
    joules: float | None = None


class Journal:
    """Entries so far, in memory and, with a writer, in a file too."""

    def __init__(self, entries: Iterable[Entry] = (), writer: RecordWriter | None = None) -> None:
        self.writer = writer
        self.entries: list[Entry] = []
        self._seen: dict[Settings, dict[Cell, list[Entry]]] = {}
        self._found: dict[Settings, dict[Cell, Estimate]] = {}
        for entry in entries:
            self._take(entry)

    def add(self, entry: Entry) -> None:
        """Keep an entry; it is whole in the file before this returns.

        Raises:
            RecordError: it cannot be written.
        """
        if self.writer is not None:
            self.writer.append(_record(entry))
        self._take(entry)

    def of(self, settings: Settings) -> Mapping[Cell, list[Entry]]:
        """The entries made with these settings, by cell."""
        return self._seen.get(settings, {})

    def estimates(self, settings: Settings) -> Mapping[Cell, Estimate]:
        """The estimate of every timed cell with these settings."""
        return self._found.get(settings, {})

    def levelled(self, settings: Settings) -> Mapping[Cell, Estimate]:
        """The same, with what the whole machine was faster or slower during each visit taken out."""
        timed = [e for e in self.entries if e.settings == settings and min(e.visit.seconds, default=0.0) > 0]
        level = levels([(entry.cell, statistics.median(entry.visit.seconds)) for entry in timed])
        found: dict[Cell, list[list[float]]] = {}
        for entry, each in zip(timed, level, strict=True):
            found.setdefault(entry.cell, []).append([seconds / each for seconds in entry.visit.seconds])
        return {**self.estimates(settings), **{cell: estimate(visits) for cell, visits in found.items()}}

    def _take(self, entry: Entry) -> None:
        self.entries.append(entry)
        visits = self._seen.setdefault(entry.settings, {}).setdefault(entry.cell, [])
        visits.append(entry)
        if entry.visit.seconds:
            made = estimate([visit.visit.seconds for visit in visits])
            self._found.setdefault(entry.settings, {})[entry.cell] = made

    def close(self) -> None:
        """Close the file; twice is fine."""
        if self.writer is not None:
            self.writer.close()


def open_journal(path: Path, header: Provenance) -> Journal:
    """The journal at `path`, with what earlier runs left in it.

    Raises:
        RecordError: it cannot be opened, is damaged, is being written, or was made otherwise.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(f"Cannot make {str(path.parent)!r}: {error}.", hint="Name a place with --save.") from error
    writer = RecordWriter(path, header)
    try:
        return Journal(read_journal(path), writer)
    except BaseException:
        writer.close()
        raise


def read_journal(path: Path) -> Iterator[Entry]:
    """The entries in a file.

    Raises:
        RecordError: no journal, damaged, or a timing in it cannot be.
    """
    for record in read_records(path, "timing"):
        try:
            yield _entry(record)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(
                f"{str(path)!r} holds a timing that cannot be: {error}.", hint="Delete the file and measure again."
            ) from error


def _record(entry: Entry) -> Record:
    return {
        "kind": "timing",
        "settings": dict(entry.settings),
        "cell": asdict(entry.cell),
        "visit": asdict(entry.visit),
        "contention": asdict(entry.contention),
        "joules": entry.joules,
    }


def _entry(record: Record) -> Entry:
    """KeyError, TypeError or ValueError for what is none."""
    cell, visit = Cell(**record["cell"]), Visit(**record["visit"])
    visit = Visit(**{**asdict(visit), "seconds": tuple(map(float, visit.seconds))})
    if cell.kind not in KINDS or not all(0 <= value < 86_400 for value in visit.seconds):
        raise ValueError(f"cell {cell} with {visit.seconds}")
    return Entry(
        settings=settings_of(record["settings"]),
        cell=cell,
        visit=visit,
        contention=Contention(**record["contention"]),
        joules=record["joules"],
    )
