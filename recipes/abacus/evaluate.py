"""Judges a model on generated problems: in one sample, directly, by vote, on a second look, closed by force.

    python -m recipes.abacus.evaluate WEIGHTS_OR_MODEL_FILE [--count 100] [--split tune] [--levels]

In: what is asked, exact match of the boxed answer, shares with intervals. Not in: how prompts are completed
(complete.py), which figures the card shows (card.py).
Invariant: judged items come from the `test` split (or `tune` while training), never from `train`. Several samples of
an item are one item: intervals are taken over items.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from edgereason.engine import open_engine
from edgereason.evals.families import BANDS, FAMILIES, LEVELS, Problem, draw_many
from edgereason.intervals import paired_difference
from recipes.abacus import config, tokenizer
from recipes.abacus.complete import Complete, Draw, Ids, by_engine, by_torch
from recipes.abacus.data import Writer
from recipes.abacus.model import Abacus

WARM = 0.7  # the temperature of samples
VOTERS = 8
ROWS = {"cpu": 96, "cuda": 1024}  # completed at once by torch
CUTS_TOKENS = (0, 8, 16, 32, 64, 96, 128, 192, 256, 384)
ANSWER_ROOM = 48  # tokens of context kept for an answer after a forced close
Figures = dict[str, Any]


class Judge:
    """Asks one model; what it returns are boxed answers, None where there is none."""

    def __init__(self, complete: Complete, writer: Writer) -> None:
        """Keep the way of completing and the pieces of prompts."""
        self.complete, self.writer = complete, writer

    def thoughts(self, problems: Sequence[Problem], draw: Draw) -> list[Ids]:
        """Return what follows each prompt: thought, close, answer, end."""
        return self.complete([self.writer.prompt(problem.question) for problem in problems], draw)

    def direct(self, problems: Sequence[Problem], draw: Draw) -> list[str | None]:
        """Return the answers after an empty thought."""
        w = self.writer
        return self.answers_after([w.prompt(problem.question) + w.empty for problem in problems], draw)

    def second_look(self, problems: Sequence[Problem], first: Sequence[Ids], draw: Draw) -> list[str | None]:
        """Return the answers where each thought is made to go on where it closed.

        One that leaves no room for its close and an answer is closed by force, as the runtime does.
        """
        w = self.writer
        again = w.ids("\nWait") + w.line_break
        heads = [w.prompt(p.question) + self.unclosed(ids) + again for p, ids in zip(problems, first, strict=True)]
        looks = self.complete(heads, draw)
        answers = [self.answer(ids) for ids in looks]
        ran_out = [k for k, answer in enumerate(answers) if answer is None]
        room = config.Sizes().context - len(w.close + w.box) - ANSWER_ROOM
        cut = [(heads[k] + self.unclosed([*looks[k], w.end[0]]))[:room] + w.close for k in ran_out]
        for k, answer in zip(ran_out, self.answers_after(cut, Draw(most=ANSWER_ROOM)), strict=True):
            answers[k] = answer
        return answers

    def answers_after(self, heads: Sequence[Ids], draw: Draw) -> list[str | None]:
        """Return the answers of prompts whose thought is closed; the box is opened for them."""
        outputs = self.complete([head + self.writer.box for head in heads], draw)
        return [boxed("\\boxed{" + self._text(ids)) for ids in outputs]

    def thought(self, ids: Ids) -> str:
        """Return the text of a completion's thought, without its marks."""
        return self._text(self.unclosed(ids)).removeprefix(tokenizer.THINK + "\n")

    def answer(self, ids: Ids) -> str | None:
        """Return what the box of a completion holds."""
        return boxed(self._text(ids))

    def unclosed(self, ids: Ids) -> Ids:
        """Return a completion up to where its thought ends, without the line break there."""
        close = self.writer.ids(tokenizer.CLOSE)[0]
        kept = ids[: ids.index(close)] if close in ids else ids[:-1]
        while kept and kept[-1] == self.writer.line_break[0]:
            kept = kept[:-1]
        return kept

    def _text(self, ids: Ids) -> str:
        return self.writer.tokenizer.decode(ids, skip_special_tokens=False)


def boxed(text: str) -> str | None:
    """Return the content of the last box."""
    found = re.findall(r"\\boxed\{([^{}]*)\}", text)
    return found[-1] if found else None


def mean_of(values: Sequence[float]) -> Figures:
    """Return the mean over items with its 95 % interval (normal, with Agresti and Coull's four further items)."""
    z = NormalDist().inv_cdf(0.975)
    n = len(values)
    widened = np.concatenate([np.asarray(values, float), np.full(2, 0.0), np.full(2, 1.0)])
    half = z * float(widened.std(ddof=1)) / math.sqrt(len(widened))
    centre = float(widened.mean())
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return {"mean": round(float(np.mean(values)), 4), "low": round(low, 4), "high": round(high, 4), "n": n}


def difference_of(first: Sequence[float], second: Sequence[float]) -> Figures:
    """Return the paired mean difference, second less first, with its 95 % interval over items."""
    gains = np.subtract(second, first)
    if set(np.unique([*first, *second])) <= {0.0, 1.0}:
        found = paired_difference([bool(a) for a in first], [bool(b) for b in second])
        low, high = found.low, found.high
    else:
        half = NormalDist().inv_cdf(0.975) * float(gains.std(ddof=1)) / math.sqrt(len(gains))
        low, high = float(gains.mean()) - half, float(gains.mean()) + half
    return {"mean": round(float(gains.mean()), 4), "low": round(low, 4), "high": round(high, 4), "n": len(gains)}


def drawn(band: str, count: int, split: str, seed: int) -> list[Problem]:
    """Return `count` problems of a band, all families alike."""
    each = -(-count // len(FAMILIES))
    problems = [draw_many(family, each, split=split, seed=seed, band=band) for family in FAMILIES]
    return [problem for row in zip(*problems, strict=True) for problem in row][:count]


def rights(answers: Sequence[str | None], problems: Sequence[Problem]) -> list[float]:
    """Return 1 where the answer is right, else 0."""
    return [float(answer == problem.answer) for answer, problem in zip(answers, problems, strict=True)]


def by_family(values: Sequence[float], problems: Sequence[Problem]) -> dict[str, Figures]:
    """Return the mean of each family."""
    return {
        family: mean_of([v for v, p in zip(values, problems, strict=True) if p.family == family]) for family in FAMILIES
    }


def band_figures(judge: Judge, band: str, count: int, split: str = "test", seed: int = 0) -> Figures:
    """Return all that is said of one band: one sample, greedy, direct, second look, and on the hard band the vote."""
    problems = drawn(band, count, split, seed)
    samples = VOTERS if band == "hard" else 4
    outputs = [judge.thoughts(problems, Draw(WARM, seed=1000 + k)) for k in range(samples)]
    answers = [[judge.answer(ids) for ids in row] for row in outputs]
    one = np.mean([rights(row, problems) for row in answers[:4]], axis=0).tolist()
    greedy = rights([judge.answer(ids) for ids in judge.thoughts(problems, Draw())], problems)
    direct = rights(judge.direct(problems, Draw()), problems)
    looks = judge.second_look(problems, outputs[0], Draw(WARM, seed=2000))
    first, second = rights(answers[0], problems), rights(looks, problems)
    figures: Figures = {
        "one_sample": mean_of(one),
        "greedy": mean_of(greedy),
        "direct": mean_of(direct),
        "direct_less_greedy": difference_of(greedy, direct),
        "second_look": mean_of(second),
        "second_look_less_first": difference_of(first, second),
        "tokens": round(float(np.mean([len(ids) for row in outputs for ids in row])), 1),
        "families": {
            "one_sample": by_family(one, problems),
            "greedy": by_family(greedy, problems),
            "direct": by_family(direct, problems),
            "second_look": by_family(second, problems),
        },
    }
    if band == "hard":
        voted = rights([majority(row) for row in zip(*answers, strict=True)], problems)
        figures["majority_of_8"] = mean_of(voted)
        all_ones = np.mean([rights(row, problems) for row in answers], axis=0).tolist()
        figures["majority_less_one"] = difference_of(all_ones, voted)
        figures["any_of_8"] = mean_of(np.max([rights(row, problems) for row in answers], axis=0).tolist())
        figures["families"]["majority_of_8"] = by_family(voted, problems)
    return figures


def majority(answers: Sequence[str | None]) -> str | None:
    """Return the most frequent answer, the earliest of equals."""
    found = Counter(answer for answer in answers if answer is not None).most_common(1)
    return found[0][0] if found else None


def closed_figures(judge: Judge, count: int, split: str = "test", seed: int = 0) -> Figures:
    """Return right-if-closed after t tokens of sampled thoughts, a band each, and how many are read at uniform cuts.

    A thought that is shorter than t counts as it ended.
    """
    rng = Random(seed)
    w = judge.writer
    curves: Figures = {}
    read: list[float] = []
    for band in BANDS:
        problems = drawn(band, count, split, seed)
        bodies = [judge.unclosed(ids)[len(w.open) :] for ids in judge.thoughts(problems, Draw(WARM, seed=3000))]
        prompts = [w.prompt(problem.question) + w.open for problem in problems]
        curves[band] = []
        for tokens in CUTS_TOKENS:
            heads = [p + body[:tokens] + w.close for p, body in zip(prompts, bodies, strict=True)]
            answers = judge.answers_after(heads, Draw(most=64))
            curves[band].append({"tokens": tokens, **mean_of(rights(answers, problems))})
        heads = [p + body[: rng.randint(0, len(body))] + w.close for p, body in zip(prompts, bodies, strict=True)]
        read += [float(answer is not None) for answer in judge.answers_after(heads, Draw(most=64))]
    return {"right_if_closed": curves, "readable_at_uniform_cuts": mean_of(read)}


def word_problem_figures(judge: Judge, path: Path) -> Figures:
    """Return the share of a file of real word problems that is right, greedy, by value."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    questions = [re.sub(r" +([.,?!])", r"\1", line["input"].strip()) for line in lines]
    outputs = judge.complete([judge.writer.prompt(question) for question in questions], Draw())
    answers = [judge.answer(ids) for ids in outputs]
    right = [float(_value(answer) == float(line["target"])) for answer, line in zip(answers, lines, strict=True)]
    return mean_of(right)


def _value(answer: str | None) -> float | None:
    try:
        return float(answer or "")
    except ValueError:
        return None


def level_table(judge: Judge, count: int, split: str, temperature: float) -> dict[str, list[float]]:
    """Return the share right of each family at each level, one sample or greedy."""
    table = {}
    for family in FAMILIES:
        problems = [p for level in LEVELS for p in draw_many(family, count, split=split, level=level)]
        found = rights([judge.answer(ids) for ids in judge.thoughts(problems, Draw(temperature))], problems)
        table[family] = [round(float(x), 2) for x in np.reshape(found, (len(LEVELS), count)).mean(axis=1)]
    return table


def direct_table(judge: Judge, count: int, split: str) -> dict[str, list[float]]:
    """Return the share right without thought of each family at the easy levels."""
    table = {}
    for family in FAMILIES:
        problems = [p for level in (1, 2, 3) for p in draw_many(family, count, split=split, level=level)]
        found = rights(judge.direct(problems, Draw(most=64)), problems)
        table[family] = [round(float(x), 2) for x in np.reshape(found, (3, count)).mean(axis=1)]
    return table


def load_model(path: Path) -> Abacus:
    """Return the network with exported weights."""
    model = Abacus()
    model.load_exported({name: weight.float() for name, weight in load_file(path).items()})
    return model.eval()


def judge_of(path: Path, threads: int = 1, width: int = 16, device: str = "cpu") -> Judge:
    """Return the judge of a weights file, an ONNX file or a GGUF file; `device` is where weights are run by torch."""
    has_own = (path.parent / "tokenizer.json").exists()
    writer = Writer(tokenizer.load(path.parent) if has_own else tokenizer.load())
    end = writer.end[0]
    if path.suffix == ".safetensors":
        return Judge(by_torch(load_model(path).to(device), end, ROWS[device]), writer)
    engine = open_engine({".onnx": "onnx", ".gguf": "llama-cpp"}[path.suffix], path, threads=threads)
    return Judge(by_engine(engine, end, width), writer)


def main() -> None:
    """Print a table of levels, or the figures of the bands, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", default=config.MODEL_FOLDER / "weights.safetensors")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--split", default="tune")
    parser.add_argument("--levels", action="store_true")
    parser.add_argument("--temperature", type=float, default=WARM)
    parser.add_argument("--words", type=Path, nargs="*", default=[], help="files of real word problems")
    parser.add_argument("--device", choices=tuple(ROWS), default="cpu", help="for weights")
    options = parser.parse_args()
    torch.set_num_threads(2)
    judge = judge_of(options.model, device=options.device)
    if options.levels:
        for family, row in level_table(judge, options.count, options.split, options.temperature).items():
            print(f"{family:10}", *(f"{x:5.2f}" for x in row))
        for family, row in direct_table(judge, options.count, options.split).items():
            print(f"{family:10} direct", *(f"{x:5.2f}" for x in row))
    elif not options.words:
        for band in BANDS:
            print(json.dumps({"band": band, **band_figures(judge, band, options.count, options.split)}))
        print(json.dumps(closed_figures(judge, options.count, options.split)))
    for path in options.words:
        print(json.dumps({"file": path.name, **word_problem_figures(judge, path)}))


if __name__ == "__main__":
    main()
