"""Tasks of reasoning-gym by name ("rg:leg_counting"), each judged by its own scorer. Needs the extra `[gym]`.

In: its data sets as tasks. Not in: what else a task may be (tasks), asking. Invariant: item i of a split and seed is
the same whatever n; splits and seeds draw from generators of their own; an answer that makes a
scorer fail is wrong.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from edgereason.errors import ConfigError, ExtraMissingError, did_you_mean
from edgereason.evals.families import SPLITS
from edgereason.evals.tasks import Item, Task

PREFIX = "rg:"
PACKAGE = "reasoning-gym"


def gym_task(name: str, *, n: int, seed: int = 0, split: str = "test") -> Task:
    """The first `n` items of a data set; reasoning-gym draws item i from its seed plus i, so seeds lie far apart.

    Raises:
        ConfigError: unknown data set or split. ExtraMissingError: reasoning-gym is not installed.
    """
    if find_spec("reasoning_gym") is None:
        raise ExtraMissingError(
            f"The task {PREFIX + name!r} is one of {PACKAGE}, which is not installed.",
            hint=f"{sys.executable} -m pip install 'edgereason[gym]'",
        )
    if split not in SPLITS:
        raise ConfigError(f"Unknown split {split!r}.", hint=did_you_mean(split, SPLITS))
    from reasoning_gym.factory import DATASETS, create_dataset

    if name not in DATASETS:
        raise ConfigError(f"Unknown task {PREFIX + name!r}.", hint=did_you_mean(name, DATASETS))
    start = int(np.random.SeedSequence([seed, SPLITS.index(split)]).generate_state(1)[0])
    drawn = create_dataset(name, size=n, seed=start)
    made = f"{PREFIX}{name} {split} seed {seed}, {PACKAGE} {version(PACKAGE)}"
    items = tuple(_item(drawn, drawn[k], name, f"{PREFIX}{name}:{split}-{seed}:{k}") for k in range(n))
    return Task(name=PREFIX + name, items=items, fingerprint=made)


def _item(drawn: Any, entry: Mapping[str, Any], name: str, item_id: str) -> Item:
    """One entry as an item; what it says of its difficulty is kept where it is plain."""
    difficulty = entry.get("metadata", {}).get("difficulty", {})
    return Item(
        id=item_id,
        question=str(entry["question"]).strip(),
        target="" if entry["answer"] is None else str(entry["answer"]),
        family=PREFIX + name,
        params={"difficulty": difficulty} if _is_plain(difficulty) else {},
        scorer=_scorer(drawn, entry),
    )


def _scorer(drawn: Any, entry: Mapping[str, Any]) -> Callable[[str], float]:
    """The data set's own; 0 where it cannot make sense of an answer."""

    def score(answer: str) -> float:
        with contextlib.suppress(Exception):  # scorers parse answers with whatever they need
            return float(drawn.score_answer(answer, entry=entry))
        return 0.0

    return score


def _is_plain(value: object) -> bool:
    """Whether JSON can say it."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
