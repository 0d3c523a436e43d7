"""Judges weights: accuracy per family and band, greedy and sampled, with intervals.

    python -m recipes.abacus.evaluate [WEIGHTS] [--count 200] [--temperature 0.7]

In: generation with the plain torch network, exact match of the boxed answer. Not in: exported files (verify.py).
Invariant: judged items come from the `test` split (or `tune` while training), never from `train`.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from edgereason.evals.families import BANDS, FAMILIES, Problem, draw_many
from recipes.abacus import config, tokenizer
from recipes.abacus.data import Writer
from recipes.abacus.model import Abacus

FORMS = ("thinking", "direct", "second_look")


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a share."""
    if count == 0:
        return 0.0, 1.0
    share = right / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def boxed(text: str) -> str | None:
    """Return the content of the last box."""
    found = re.findall(r"\\boxed\{([^{}]*)\}", text)
    return found[-1] if found else None


def judged(
    model: Abacus,
    problems: list[Problem],
    form: str = "thinking",
    temperature: float = 0.0,
    seed: int = 0,
    batch: int = 64,
) -> list[str | None]:
    """Return the model's boxed answer to each problem."""  # fmt: skip
    writer = Writer(tokenizer.load())
    end = writer.end[0]
    answers: list[str | None] = []
    for first in range(0, len(problems), batch):
        prompts = [writer.prompt(problem.question) for problem in problems[first : first + batch]]
        if form == "direct":
            prompts = [prompt + writer.empty + writer.box for prompt in prompts]
        outputs = model.generate(prompts, end, temperature=temperature, seed=seed + first)
        if form == "second_look":
            prompts = [p + _reopened(writer, out) for p, out in zip(prompts, outputs, strict=True)]
            outputs = model.generate(prompts, end, temperature=temperature, seed=seed + first + 1)
        prefix = "\\boxed{" if form == "direct" else ""
        answers += [boxed(prefix + writer.tokenizer.decode(out, skip_special_tokens=False)) for out in outputs]
    return answers


def _reopened(writer: Writer, output: list[int]) -> list[int]:
    """Return the thought without its close, and what makes the model look again."""
    close = writer.ids(tokenizer.CLOSE)[0]
    kept = output[: output.index(close)] if close in output else output[:-1]
    while kept and kept[-1] == writer.line_break[0]:
        kept = kept[:-1]
    return kept + writer.ids("\nWait") + writer.line_break


def accuracy(
    model: Abacus, count: int, form: str = "thinking", temperature: float = 0.0, split: str = "tune"
) -> dict[str, list[float]]:
    """Return the share of right answers of each family, by band."""
    shares: dict[str, list[float]] = {}
    for family in FAMILIES:
        shares[family] = []
        for band in BANDS:
            problems = list(draw_many(family, count, split=split, band=band))
            answers = judged(model, problems, form, temperature)
            right = sum(answer == p.answer for answer, p in zip(answers, problems, strict=True))
            shares[family].append(round(right / count, 3))
    return shares


def table(
    model: Abacus, count: int, form: str, temperature: float, split: str = "test"
) -> dict[str, dict[str, object]]:
    """Return share, interval and number for every family and band, with the share that gave any answer."""
    cells: dict[str, dict[str, object]] = {}
    for family in FAMILIES:
        for band in BANDS:
            problems = list(draw_many(family, count, split=split, band=band))
            answers = judged(model, problems, form, temperature)
            right = sum(answer == p.answer for answer, p in zip(answers, problems, strict=True))
            low, high = wilson(right, count)
            cells[f"{family}/{band}"] = {
                "right": round(right / count, 4), "low": round(low, 4), "high": round(high, 4), "n": count,
                "parsed": round(sum(answer is not None for answer in answers) / count, 4),
            }  # fmt: skip
    return cells


def closed_curve(model: Abacus, count: int) -> list[dict[str, Any]]:
    """Return the share of right and of readable answers when greedy thoughts are closed after a part of them."""
    writer = Writer(tokenizer.load())
    end, close = writer.end[0], writer.ids(tokenizer.CLOSE)[0]
    problems = [p for family in FAMILIES for band in BANDS for p in draw_many(family, count, split="test", band=band)]
    prompts = [writer.prompt(problem.question) for problem in problems]
    thoughts = []
    for k in range(0, len(prompts), 64):
        outputs = model.generate(prompts[k : k + 64], end)
        thoughts += [out[: out.index(close)] if close in out else out for out in outputs]
    curve = []
    for share in (0.0, 0.25, 0.5, 0.75, 0.9, 1.0):
        heads = [
            prompt + writer.open + thought[len(writer.open) :][: int(share * (len(thought) - len(writer.open)))]
            for prompt, thought in zip(prompts, thoughts, strict=True)
        ]
        heads = [head + writer.close + writer.box for head in heads]
        answers = []
        for k in range(0, len(heads), 64):
            outputs = model.generate(heads[k : k + 64], end, most=40)
            answers += [boxed("\\boxed{" + writer.tokenizer.decode(out, skip_special_tokens=False)) for out in outputs]
        right = sum(answer == p.answer for answer, p in zip(answers, problems, strict=True))
        low, high = wilson(right, len(problems))
        curve.append({
            "share": share, "right": round(right / len(problems), 4), "low": round(low, 4), "high": round(high, 4),
            "n": len(problems), "parsed": round(sum(a is not None for a in answers) / len(problems), 4),
        })  # fmt: skip
    return curve


def votes(model: Abacus, count: int, samples: int = 8, temperature: float = 0.7) -> dict[str, dict[str, Any]]:
    """Return one sample, the majority and any of several, on the hard band of each family."""
    shares: dict[str, dict[str, Any]] = {}
    for family in FAMILIES:
        problems = list(draw_many(family, count, split="test", band="hard"))
        drawn = [judged(model, problems, "thinking", temperature, seed=1000 * k) for k in range(samples)]
        rows = list(zip(*drawn, strict=True))
        best = [Counter(answer for answer in row if answer is not None).most_common(1) for row in rows]
        shares[family] = {
            "n": count,
            "one": round(
                sum(a == p.answer for row, p in zip(rows, problems, strict=True) for a in row) / count / samples, 4
            ),
            "majority": round(
                sum(bool(b) and b[0][0] == p.answer for b, p in zip(best, problems, strict=True)) / count, 4
            ),
            "any": round(sum(p.answer in row for row, p in zip(rows, problems, strict=True)) / count, 4),
        }
    return shares


def load_model(path: Path) -> Abacus:
    """Return the network with exported weights."""
    model = Abacus()
    model.load_exported({name: weight.float() for name, weight in load_file(path).items()})
    return model.eval()


def main() -> None:
    """Print the table of one weights file as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, nargs="?", default=config.MODEL_FOLDER / "weights.safetensors")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--form", choices=FORMS, default="thinking")
    parser.add_argument("--split", default="test")
    options = parser.parse_args()
    torch.set_num_threads(2)
    cells = table(load_model(options.weights), options.count, options.form, options.temperature, options.split)
    for name, cell in cells.items():
        print(json.dumps({"cell": name, "form": options.form, "temperature": options.temperature, **cell}), flush=True)


if __name__ == "__main__":
    main()
