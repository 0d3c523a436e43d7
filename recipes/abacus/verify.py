"""Compares the exported files with the full-precision weights: the same greedy answers, the same hidden states?

    python -m recipes.abacus.verify [FOLDER] [--count 200]

In: both files through the project's own engines, one row each. Not in: how right the answers are in general (card.py).
Invariant: all run the same prompt ids.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edgereason.engine import open_engine
from edgereason.protocols import Engine
from recipes.abacus import config, tokenizer
from recipes.abacus.complete import Draw, Ids, by_engine, by_torch
from recipes.abacus.data import Writer
from recipes.abacus.evaluate import Judge, drawn, load_model, rights

ENGINES = {"model.onnx": "onnx", "model-q8_0.gguf": "llama-cpp"}


def compare(folder: Path, count: int, band: str) -> dict[str, Any]:
    """Return how often each file's greedy answer and text equal full precision's, and the hidden states' cosine."""
    writer = Writer(tokenizer.load(folder))
    end = writer.end[0]
    model = load_model(folder / "weights.safetensors")
    full = Judge(by_torch(model, end), writer)
    problems = drawn(band, count, "test", 0)
    prompts = [writer.prompt(problem.question) for problem in problems]
    reference = full.complete(prompts, Draw())
    states = [model.hidden(torch.tensor([prompt]))[0, -1].detach().numpy() for prompt in prompts]
    answers = [full.answer(ids) for ids in reference]
    report: dict[str, Any] = {"n": count, "band": band, "right": {"full": _share(rights(answers, problems))}}
    for name, engine_name in ENGINES.items():
        engine = open_engine(engine_name, folder / name, threads=1)
        outputs = by_engine(engine, end, width=1)(prompts, Draw())
        mine = [full.answer(ids) for ids in outputs]
        cosines = _cosines(engine, prompts, states)
        report["right"][name] = _share(rights(mine, problems))
        report[name] = {
            "same_answer": _share([a == b for a, b in zip(mine, answers, strict=True)]),
            "same_tokens": _share([a == b for a, b in zip(outputs, reference, strict=True)]),
            "hidden_cosine_mean": round(float(np.mean(cosines)), 5),
            "hidden_cosine_min": round(float(np.min(cosines)), 5),
        }
        engine.close()
    return report


def _cosines(engine: Engine, prompts: Sequence[Ids], states: Sequence[np.ndarray]) -> list[float]:
    """Return the cosine of each prompt's last hidden state with full precision's."""
    found = []
    for prompt, state in zip(prompts, states, strict=True):
        prefix = engine.prefill(prompt)
        mine = prefix.hidden
        prefix.close()
        found.append(float(mine @ state / np.linalg.norm(mine) / np.linalg.norm(state)))
    return found


def _share(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)


def main() -> None:
    """Print the comparison as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=config.MODEL_FOLDER)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--band", default="easy")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(compare(options.folder, options.count, options.band)))


if __name__ == "__main__":
    main()
