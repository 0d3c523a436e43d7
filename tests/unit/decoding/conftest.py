"""A byte for a token, three control tokens, and a decoder on a fake engine: decode runs without any model file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from edgereason.decoding.loop import Decoder, Watcher
from edgereason.testing import FakeClock, FakeEngine, scripted
from edgereason.trace import Trace
from edgereason.types import Markers, Rollout, Work

END, THINK, CLOSE = 256, 257, 258
VOCAB = 260


class ByteCodec:
    """Text as UTF-8 bytes; control tokens have no text."""

    def encode(self, text: str, *, continues: bool = False) -> tuple[int, ...]:
        """Its bytes."""
        return tuple(text.encode())

    def decode(self, tokens: Sequence[int]) -> str:
        """The bytes' text."""
        return bytes(token for token in tokens if token < 256).decode("utf-8", "ignore")

    def ends_inside_character(self, tokens: Sequence[int]) -> bool:
        """Whether a character's last bytes are still to come."""
        tail = bytes(token for token in tokens if token < 256)[-4:]
        lead = next((i for i, byte in enumerate(reversed(tail), 1) if byte & 0xC0 != 0x80), 0)
        if not lead:
            return False
        byte = tail[-lead]
        need = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return lead < need


def ids(text: str) -> tuple[int, ...]:
    """Bytes of a text in which <end>, <think> and </think> stand for the control tokens."""
    names = {"<end>": END, "<think>": THINK, "</think>": CLOSE}
    found: list[int] = []
    for part in re.split("(<end>|</?think>)", text):
        found.extend([names[part]] if part in names else part.encode())
    return tuple(found)


MARKERS = Markers(
    open_thought=ids("<think>\n"),
    direct=ids("<think>\n\n</think>\n\n"),
    thought_open=(THINK,),
    thought_close=(CLOSE,),
    close_thought=ids("\n</think>\n\n"),
    answer_opener=ids("\\boxed{"),
    extension=ids("\nWait"),
    end_of_turn=frozenset({END}),
)


def read_boxed(text: str) -> tuple[str | None, str | None]:
    """The answer up to its brace; enough for tests of the loop."""
    found = re.search(r"\\boxed\{([^}]*)", text)
    return (found.group(1), found.group(1)) if found and found.group(1) else (None, None)


@dataclass
class SteadyPace:
    """Closes and stops when the clock says so."""

    clock: FakeClock
    close_at: float = float("inf")
    stop_at: float = float("inf")
    passes: int = 0
    drift: float = 1.0

    def must_close(self, rows: int) -> bool:
        """At `close_at`."""
        return self.clock() >= self.close_at

    def must_stop(self) -> bool:
        """At `stop_at`."""
        return self.clock() >= self.stop_at

    def observe(self, work: Work, seconds: float) -> None:
        """Counts passes."""
        self.passes += work.passes


@dataclass
class Bench:
    """A decoder over a scripted engine, one second a pass, with what it was told to tell."""

    script: Mapping[str, str | Mapping[str, float]]
    close_at: float = float("inf")
    stop_at: float = float("inf")
    context: int = 4096
    markers: Markers = MARKERS
    told: list[Rollout] = field(default_factory=list)
    heard: dict[int, list[int]] = field(default_factory=dict)
    closings: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        lines = {
            ids(key): {ids(v): w for v, w in value.items()} if isinstance(value, Mapping) else ids(value)
            for key, value in self.script.items()
        }
        self.clock = FakeClock()
        self.engine = FakeEngine(
            vocab_size=VOCAB,
            context=self.context,
            logits=scripted(lines, VOCAB, otherwise=END),
            clock=self.clock,
            pass_s=lambda rows: 1.0,
        )
        self.batch = self.engine.batch()
        self.decoder = Decoder(
            batch=self.batch,
            prefix=self.engine.prefill(ids("Q:")),
            markers=self.markers,
            codec=ByteCodec(),
            read_answer=read_boxed,
            pace=SteadyPace(self.clock, self.close_at, self.stop_at),
            clock=self.clock,
            started=0.0,
            context=self.context,
            trace=Trace(self.clock, 0.0),
            watcher=Watcher(
                on_text=lambda row, tokens: self.heard.setdefault(row, []).extend(tokens),
                on_rollout=self.told.append,
                on_closing=lambda: self.closings.append(self.clock()),
            ),
        )


@pytest.fixture
def bench() -> Callable[..., Bench]:
    """Makes a decoder over a script."""
    return Bench


@pytest.fixture
def markers() -> Markers:
    """The markers of the scripted model."""
    return MARKERS
