"""Lets a model work training problems twice, so that it can be trained on second looks at its own mistakes.

    python -m recipes.abacus.own MODEL_OR_WEIGHTS --count 20000 [--first 0] [--into FILE] [--device cuda]

In: two passes of each problem as drawn at T = 0.7, one JSON line an item. Not in: which problems (looks.py), what is
made of the passes (data.py). Invariant: a file that was cut short is gone on with.

A planted slip is not how a model errs: it errs again in the same way when it looks again, since in training what stood
before was right. Kumar et al. 2024 (arXiv:2409.12917) found the same of corrections learnt from others' mistakes.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from rich.progress import track

from recipes.abacus import config
from recipes.abacus.complete import Draw
from recipes.abacus.evaluate import WARM, Judge, judge_of
from recipes.abacus.looks import Passes, problem_of

PORTIONS = {"cpu": 256, "cuda": 1024}  # items between two writes
WIDTH = 32


def passes_of(judge: Judge, indices: list[int]) -> Iterator[Passes]:
    """Yield both passes of each item whose first pass is plain: closed, with no check of its own."""
    w = judge.writer
    problems = [problem_of(index) for index in indices]
    outputs = judge.thoughts(problems, Draw(WARM, seed=indices[0]))
    firsts = [judge.thought(ids) for ids in outputs]
    kept = [k for k, text in enumerate(firsts) if text and "Wait" not in text]
    again = w.ids("\nWait") + w.line_break
    heads = [w.prompt(problems[k].question) + judge.unclosed(outputs[k]) + again for k in kept]
    looks = [judge.thought(ids) for ids in judge.complete(heads, Draw(WARM, seed=indices[0] + len(indices)))]
    for k, look in zip(kept, looks, strict=True):
        yield Passes(indices[k], firsts[k], second_pass(firsts[k], look))


def second_pass(first: str, look: str) -> str:
    """Return what was thought after "Wait" up to where it was compared with the first pass; "" where it was not."""
    lines = look.split("\n")
    last = first.split("\n")[-1]
    place = next(
        (k for k in range(1, len(lines)) if lines[k] in (f"{last}={lines[k - 1]}", f"{last}/{lines[k - 1]}")), 0
    )
    return "\n".join(lines[:place])


def _portions(indices: Iterable[int], size: int) -> Iterator[list[int]]:
    """Yield the indices, so many at a time."""
    waiting = iter(indices)
    while portion := list(itertools.islice(waiting, size)):
        yield portion


def main(arguments: list[str] | None = None) -> None:
    """Write the passes of a model file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="index of the first item, for several processes")
    parser.add_argument("--into", type=Path, default=config.RUNS / "own.jsonl")
    parser.add_argument("--device", choices=tuple(PORTIONS), default="cpu", help="for weights")
    options = parser.parse_args(arguments)
    size = PORTIONS[options.device]
    done = [json.loads(line)["index"] for line in options.into.open(encoding="utf-8")] if options.into.exists() else []
    begin = options.first + (1 + (max(done) - options.first) // size) * size if done else options.first
    judge = judge_of(options.model, width=WIDTH, device=options.device)
    portions = list(_portions(range(begin, options.first + options.count), size))
    for portion in track(portions, f"portions of {size}"):
        lines = [json.dumps(asdict(passes)) + "\n" for passes in passes_of(judge, portion)]
        with options.into.open("a", encoding="utf-8") as file:
            file.writelines(lines)


if __name__ == "__main__":
    main()
