"""Who holds which part of a context that all rows share: sequence ids, and how many cells are in use.

A row holds a chain of stretches; a prompt that several rows continue is one stretch that each of them holds. So what
an admission or a commit will take is known before it is tried. Not here: llama.cpp, tokens.
Invariant: `used` is the number of cells that some live sequence holds, each counted once.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgereason.errors import ContextLengthError, EngineError


@dataclass(slots=True)
class Stretch:
    """Cells that were filled one after another and are held by the same sequences."""

    length: int = 0
    holders: int = 1


@dataclass(slots=True, eq=False)
class Sequence:
    """A live sequence: its id in llama.cpp, and the stretches that it holds, oldest first."""

    id: int
    stretches: list[Stretch]
    length: int = 0


class Cells:
    """The cells of one context."""

    def __init__(self, cells: int, sequences: int) -> None:
        self.cells, self.used = cells, 0
        self._most = sequences
        self._free = list(range(sequences - 1, -1, -1))

    @property
    def live(self) -> int:
        """Sequences that are open."""
        return self._most - len(self._free)

    def check_sequences(self, more: int) -> None:
        """EngineError where so many further sequences cannot be open at once."""
        if more > len(self._free):
            raise EngineError(
                f"{self.live} prefixes and rows are open and {more} more exceed this engine's {self._most}",
                hint="Close prefixes and batches that are no longer needed, or allow more rows.",
            )

    def check_room(self, more: int) -> None:
        """ContextLengthError where so many further tokens do not fit."""
        if self.used + more > self.cells:
            raise ContextLengthError(
                f"{more} more tokens do not fit: {self.used} of {self.cells} tokens of the context, "
                "which all rows share, are in use",
                hint="Use fewer rows, or load the model with a larger context (-c).",
            )

    def open(self) -> Sequence:
        """An empty sequence."""
        self.check_sequences(1)
        return Sequence(self._free.pop(), [])

    def fork(self, source: Sequence) -> Sequence:
        """A sequence that holds all that `source` does now."""
        self.check_sequences(1)
        for stretch in source.stretches:
            stretch.holders += 1
        return Sequence(self._free.pop(), list(source.stretches), source.length)

    def grow(self, sequence: Sequence, count: int) -> None:
        """Count tokens that were appended."""
        self.check_room(count)
        if not sequence.stretches or sequence.stretches[-1].holders > 1:
            sequence.stretches.append(Stretch())
        sequence.stretches[-1].length += count
        sequence.length += count
        self.used += count

    def close(self, sequence: Sequence) -> None:
        """Give up the sequence and the cells that nobody else holds."""
        for stretch in sequence.stretches:
            stretch.holders -= 1
            if not stretch.holders:
                self.used -= stretch.length
        sequence.stretches = []
        self._free.append(sequence.id)
