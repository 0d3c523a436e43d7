"""Recorded questions whose difficulty is known: by the state, by the text, or by neither."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgereason.probing import fit
from edgereason.probing.examples import Examples, Reference, text_counts
from edgereason.probing.features import SCALARS
from edgereason.probing.fit import Fitted

POINTS = (8, 32, 128)
HIDDEN = 6
References = tuple(
    Reference(name=name, rows=1, think_tokens=t) for name, t in zip(("easy", "normal", "hard"), POINTS, strict=True)
)


@pytest.fixture(scope="session")
def make_examples() -> Callable[..., Examples]:
    """Questions of four families with three templates each; `signal` of the first state direction decides them."""

    def make(n: int = 240, signal: float = 3.0, seed: int = 0, families: int = 4) -> Examples:
        rng = np.random.default_rng(seed)
        state = rng.normal(size=(n, HIDDEN))
        scalars = rng.normal(size=(n, len(SCALARS)))
        hard = signal * state[:, 0]
        chance = 1 / (1 + np.exp(-(hard[:, None] + np.array([-1.0, 0.0, 0.5, 1.0]))))
        uniform = rng.random((n, 4, 1))
        right = (uniform < chance[:, None, 1:]).astype(float)
        texts = tuple(f"Question {rng.integers(10, 99)} of kind {k % families}" for k in range(n))
        worth = np.stack([right[:, half::2].mean(axis=1) for half in (0, 1)], axis=1)
        length = rng.integers(1, 200, size=(n, 4)).astype(float)
        spent = np.stack([np.minimum(length[:, half::2].mean(axis=1)[:, None], POINTS) for half in (0, 1)], axis=1)
        return Examples(
            ids=tuple(f"q{k}" for k in range(n)),
            texts=texts,
            families=np.array([f"f{k % families}" for k in range(n)]),
            templates=np.array([f"f{k % families}/{k // families % 3}" for k in range(n)]),
            points=POINTS,
            references=References,
            features=np.hstack([state, scalars]),
            counts=np.array([text_counts(text) for text in texts]),
            direct=(rng.random(n) < chance[:, 0]).astype(float),
            right=right,
            length=np.where(length > POINTS[-1], np.inf, length),
            worth=worth,
            spent=spent,
        )

    return make


@pytest.fixture(scope="session")
def quick_fit() -> Callable[..., Fitted]:
    """Fits with a smaller search: two settings each."""

    def run(examples: Examples, **options: Any) -> Fitted:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fit, "GRID", fit.GRID[1:5:3])
            patch.setattr(fit, "RIVALS", fit.RIVALS[2:4])
            return fit.fit(examples, **options)

    return run
