"""Ways to complete prompts: the plain torch network while it trains, and the project's own engines for shipped files.

In: `Complete`, and one function a way that makes one. Not in: what is asked and judged (evaluate.py).
Invariant: prompt ids in, new ids out up to and with the end token, in the order of the prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgereason.protocols import Engine
from edgereason.types import Sampling
from recipes.abacus.model import Abacus

Ids = list[int]


@dataclass(frozen=True)
class Draw:
    """How completions are drawn; `most` new tokens at most."""

    temperature: float = 0.0
    seed: int = 0
    most: int = 640


Complete = Callable[[Sequence[Ids], Draw], list[Ids]]


def by_torch(model: Abacus, end: int, batch: int = 96) -> Complete:
    """Return completion by the network itself: similar lengths together, whole batches at a time."""

    def complete(prompts: Sequence[Ids], draw: Draw) -> list[Ids]:
        order = sorted(range(len(prompts)), key=lambda k: len(prompts[k]))
        outputs: list[Ids] = [[] for _ in prompts]
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            rows = model.generate([prompts[k] for k in chosen], end, draw.most, draw.temperature, draw.seed + first)
            for k, row in zip(chosen, rows, strict=True):
                outputs[k] = row
        return outputs

    return complete


def by_engine(engine: Engine, end: int, width: int = 16) -> Complete:
    """Return completion by an engine and its sampler, up to `width` rows at once; a row that ends makes room."""

    def complete(prompts: Sequence[Ids], draw: Draw) -> list[Ids]:
        outputs: list[Ids] = [[] for _ in prompts]
        sampling = Sampling(temperature=draw.temperature, seed=draw.seed)
        places: dict[int, int] = {}  # row to prompt
        waiting = iter(range(len(prompts)))
        batch = engine.batch()
        while True:
            while len(places) < width and (place := next(waiting, None)) is not None:
                prefix = engine.prefill(prompts[place])
                (row,) = batch.admit(prefix, sampling, [place])
                prefix.close()
                places[row] = place
            if not places:
                break
            proposed = batch.propose()
            for row, token in zip(proposed.rows, proposed.tokens, strict=True):
                outputs[places[row]].append(token)
            is_full = {row: batch.length(row) + 1 > engine.info.context for row in proposed.rows}
            going = {
                row: [token]
                for row, token in zip(proposed.rows, proposed.tokens, strict=True)
                if token != end and len(outputs[places[row]]) < draw.most and not is_full[row]
            }
            if len(going) < len(places):
                batch.keep(going.keys())
                places = {row: place for row, place in places.items() if row in going}
            if going:
                batch.commit(going)
        batch.close()
        return outputs

    return complete
