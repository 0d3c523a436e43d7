"""What a model wrote when it worked training problems twice: read here, drawn by own.py, trained on by data.py.

In: which problems, how a file of passes is read, which of them are drawn. Not in: what is made of them.
Invariants: problems come from the `train` split with a seed of their own, so item i is the same for whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from edgereason.evals.families import LEVELS, Problem, draw
from recipes.abacus import config

SEED = 77  # of the problems, apart from those of a run


@dataclass(frozen=True)
class Passes:
    """Two passes of one model over problem `index`; `second` is "" where none was compared with the first."""

    index: int
    first: str
    second: str


@dataclass(frozen=True)
class Looks:
    """Passes to draw from: those that both ended right, and the others."""

    agreed: tuple[Passes, ...] = ()
    missed: tuple[Passes, ...] = ()

    def pick(self, rng: Random) -> Passes:
        """Return passes, with a miss in so many of them (`config.MISSED_SHARE`)."""
        return rng.choice(self.missed if rng.random() < config.MISSED_SHARE else self.agreed)


def problem_of(index: int) -> Problem:
    """Return problem `index`: hard ones more often, since mistakes are made there."""
    rng = Random(f"own:{SEED}:{index}")
    family = rng.choices(list(config.FAMILY_WEIGHTS), list(config.FAMILY_WEIGHTS.values()))[0]
    level = rng.choices(LEVELS, config.CHECK_LEVELS)[0]
    return draw(family, index, split="train", seed=SEED, level=level)


def load(paths: Iterable[Path]) -> Looks:
    """Read files of passes; nothing is kept of a file's order but that it stays the same."""
    agreed: list[Passes] = []
    missed: list[Passes] = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            passes = Passes(**json.loads(line))
            ends = {text.split("\n")[-1] for text in (passes.first, passes.second) if text}
            (agreed if ends == {problem_of(passes.index).answer} else missed).append(passes)
    return Looks(tuple(agreed), tuple(missed))
