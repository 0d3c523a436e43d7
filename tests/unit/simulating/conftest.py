"""Questions recorded of a scripted model by the real recorder, with the bundled model's tokenizer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgereason.evals.recording import Recipe, record
from edgereason.evals.tasks import Item, Task
from edgereason.loading import Parts, budget_profiles, file_identity, find_model
from edgereason.probing.prior import DirectAnswerProbe
from edgereason.profiling.cells import Cell
from edgereason.profiling.profile import DeviceProfile
from edgereason.prompting import Tokenizer
from edgereason.simulating.simulator import Recording, read_recording
from edgereason.testing import FakeEngine, scripted
from edgereason.types import ModelInfo, PassCosts

from ..profiling.profiles import profile

SAMPLES = 6
PASS_S = 0.01
LONG = "so many of them, one after the other, and then some more"
SCRIPT = {
    "<think>\n": {
        f"{words}\n</think>\n\n\\boxed{{": 1.0
        for words in (LONG, "six or so", "two of these and then three of those", "let us count them once more, slowly")
    },
    "\nWait": {" no\n</think>\n\n\\boxed{": 1.0},
}


def digits(tokenizer: Tokenizer) -> Callable[[tuple[int, ...]], npt.NDArray[np.float32]]:
    """A model that follows the script, and answers with the last digit of how much was said: other at every cut."""

    def ids(text: str) -> tuple[int, ...]:
        return tokenizer.encode_control(text)

    lines = {ids(key): {ids(text): weight for text, weight in value.items()} for key, value in SCRIPT.items()}
    base = scripted(lines, tokenizer.vocab_size, otherwise=min(tokenizer.end_of_turn))
    box = tokenizer.encode("\\boxed{", continues=True)

    def logits(context: tuple[int, ...]) -> npt.NDArray[np.float32]:
        if context[-len(box) :] == box:
            token = tokenizer.encode(str(len(context) % 10), continues=True)[0]
        elif context[-len(box) - 1 : -1] == box:
            token = tokenizer.encode("}", continues=True)[0]
        else:
            return base(context)
        made = np.full(tokenizer.vocab_size, -9.0, np.float32)
        made[token] = 9.0
        return made

    return logits


@pytest.fixture(scope="session")
def records(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three questions with six samples each, two of them also made to go on."""

    spelled = find_model("abacus")
    parts = Parts(
        engine=FakeEngine(
            vocab_size=tokenizer.vocab_size,
            context=512,
            logits=digits(tokenizer),
        ),
        tokenizer=tokenizer,
        probe=DirectAnswerProbe(),
        profiles=budget_profiles(),
        costs=PassCosts(rows=(1,), pass_s=(PASS_S,), prefill_token_s=0.0, prefill_base_s=PASS_S, context=64),
        model=ModelInfo(name="abacus", lineage=f"0x0x0-{_spelled(tokenizer)}", file=file_identity(spelled.weights)),
    )
    items = tuple(Item(id=f"q{k}", question=f"{k} + {7 - k} = ?", target="7", family="sums") for k in range(3))
    path = tmp_path_factory.mktemp("records") / "r.jsonl"
    recipe = Recipe(samples=SAMPLES, waits=2, think_tokens=64)
    assert record(Task(name="sums", items=items, fingerprint="three sums"), parts, recipe, out=path)
    return path


def _spelled(tokenizer: Tokenizer) -> str:
    return hashlib.sha256(tokenizer.identity.encode()).hexdigest()[:16]


@pytest.fixture(scope="session")
def recording(records: Path) -> Recording:
    """The same as a replaying engine takes it."""
    return read_recording(records)


@pytest.fixture
def device() -> DeviceProfile:
    """Ten milliseconds a pass of one row, half as much again for eight, at any context; prompts at one a token."""
    costs = {Cell("decode", rows, context): PASS_S * (1 + (rows - 1) / 14) for rows in (1, 8) for context in (64, 512)}
    return profile({**costs, **{Cell("prefill", 1, 0, tokens): tokens * 1e-3 for tokens in (16, 64)}})
