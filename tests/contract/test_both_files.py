"""The bundled model's two files are one model: the same hidden states, and the same greedy answers on easy items."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("llama_cpp")

from edgereason import Reasoner
from edgereason.engine import open_engine
from edgereason.evals.tasks import load_task

FOLDER = Path(__file__).parents[2] / "models" / "abacus"
ITEMS = 60


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Reasoner, Reasoner]]:
    """One Reasoner on each file."""
    with ExitStack() as stack:
        onnx, gguf = (
            stack.enter_context(Reasoner.load("abacus", engine=name, threads=1)) for name in ("onnx", "llama-cpp")
        )
        yield onnx, gguf


def test_both_files_are_of_one_lineage(pair: tuple[Reasoner, Reasoner]) -> None:
    """So a probe that was fitted on one may be tried on the other."""
    onnx, gguf = pair

    assert onnx.model.lineage == gguf.model.lineage
    assert onnx.model.file != gguf.model.file


def test_both_files_have_the_same_hidden_states(pair: tuple[Reasoner, Reasoner]) -> None:
    """The state of the prompt's last token, over easy questions: cosine at least .99 on each."""
    prompts = [
        pair[0]._parts.tokenizer.encode(f"{item.question}\n")
        for item in load_task("chain+story:easy", n=20, seed=5).items
    ]
    engines = [
        open_engine("onnx", FOLDER / "model.onnx", threads=1),
        open_engine("llama-cpp", FOLDER / "model-q8_0.gguf", threads=1),
    ]
    cosines = []
    for prompt in prompts:
        one, other = (engine.prefill(prompt).hidden for engine in engines)
        cosines.append(float(one @ other / np.linalg.norm(one) / np.linalg.norm(other)))
    for engine in engines:
        engine.close()

    assert min(cosines) >= 0.99


def test_both_files_give_the_same_greedy_answers(pair: tuple[Reasoner, Reasoner]) -> None:
    """On at least 97 % of easy items of two families."""
    items = load_task("chain+story:easy", n=ITEMS, seed=11).items
    said = [[reasoner.ask(item.question, profile="easy").answer for item in items] for reasoner in pair]
    same = sum(one == other for one, other in zip(*said, strict=True))

    assert same >= 0.97 * len(items)
