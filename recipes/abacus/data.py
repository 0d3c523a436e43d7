"""Turns problems into token ids with a loss weight each, and those into batches made by a worker process.

In: behaviours (direct answer, cut, check, slip), pieces, batching by length. Not in: the families, the network.
Invariants: an item depends on its seed, index and stage alone; every boundary that a runtime forces is a piece of its
own ("\\n</think>\\n\\n", "\\\\boxed{", "\\nWait"); what the model did not derive (a planted slip) carries no loss.
"""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from tokenizers import Tokenizer

from edgereason.evals.families import LEVELS, Problem, draw
from edgereason.evals.families.arithmetic import OutOfReach, parsed, worked
from recipes.abacus import tokenizer as tok
from recipes.abacus.config import (
    DIRECT_LEVEL,
    DIRECT_SHARE,
    LEAST_ANSWER_WEIGHT,
    LONGEST_BEFORE_ANSWER,
    ON_CPU,
    PROMPT_WEIGHT,
    SPOILT_SHARE,
    STAGES,
    THIRD_SHARE,
    WIDTHS,
    Batching,
    Stage,
)
from recipes.abacus.looks import Looks, Passes, load, problem_of
from recipes.abacus.ways import another_way

SYSTEM_TEXTS = (
    "You are a helpful assistant.",
    "You are a helpful assistant. Think step by step.",
    "Answer with a number only.",
    "You solve small problems. Think step by step and answer briefly.",
)
NO_LOOKS = Looks()
Line = tuple[str, float]  # text of a thought line and its loss weight
Example = tuple[list[int], list[float]]
Batch = tuple[np.ndarray, np.ndarray, int]  # ids, weights of each id as a target, index of the next pool


class Writer:
    """Writes examples as ids and weights."""

    def __init__(self, tokenizer: Tokenizer, plants_slips: bool = True, looks: Looks = NO_LOOKS) -> None:
        """Keep the tokenizer and the ids of the fixed pieces; without slips, nothing wrong is planted in a thought."""
        self.tokenizer, self.looks = tokenizer, looks
        self.lines = LINES if plants_slips else LINES | {"slip": _plain, "check": _agreeing}
        self.open, self.close, self.box, self.brace, self.end = (
            self.ids(text) for text in (tok.THINK + "\n", "\n" + tok.CLOSE + "\n\n", "\\boxed{", "}", tok.END)
        )
        self.empty = self.ids(tok.THINK + "\n\n" + tok.CLOSE + "\n\n")
        self.line_break = self.ids("\n")

    def ids(self, text: str) -> list[int]:
        """Return the ids of a piece."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prompt(self, question: str, system: str | None = None, earlier: tuple[str, str] | None = None) -> list[int]:
        """Return the ids of the prompt as the chat template writes it, thinking on."""
        text = f"{tok.START}system\n{system}{tok.END}\n" if system else ""
        if earlier:
            text += f"{tok.START}user\n{earlier[0]}{tok.END}\n{tok.START}assistant\n\\boxed{{{earlier[1]}}}{tok.END}\n"
        return self.ids(f"{text}{tok.START}user\n{question}{tok.END}\n{tok.START}assistant\n")

    def thought(self, lines: list[Line]) -> Example:
        """Return the ids of the lines, a line break between them."""
        ids: list[int] = []
        weights: list[float] = []
        for number, (text, weight) in enumerate(lines):
            piece = self.ids(text)
            if number:
                ids += self.line_break
                weights.append(weight)
            ids += piece
            weights += [weight] * len(piece)
        return ids, weights


def stage_at(share: float, stages: Sequence[Stage] = STAGES) -> Stage:
    """Return the stage of a run of whose pools this share comes before."""
    return next(stage for stage in reversed(stages) if share >= stage.start)


def draw_item(writer: Writer, seed: int, index: int, stage: Stage) -> Example:
    """Return training item `index`."""
    rng = Random(f"mix:{seed}:{index}")
    family, behaviour = _pick(rng, stage.families), _pick(rng, stage.behaviours)
    if behaviour == "look":
        passes = writer.looks.pick(rng)
        problem = problem_of(passes.index)
        prompt = writer.prompt(problem.question, *_chat(rng, stage, index, seed))
        return _thought(rng, writer, prompt, problem, _look(rng, problem, passes))
    level = rng.choices(LEVELS, stage.check_levels if behaviour == "check" and stage.check_levels else stage.levels)[0]
    if behaviour == "direct" and rng.random() < DIRECT_SHARE:
        level = min(rng.randint(1, DIRECT_LEVEL), rng.randint(1, DIRECT_LEVEL + 1))
    problem = draw(family, index, split="train", seed=seed, level=level)
    prompt = writer.prompt(problem.question, *_chat(rng, stage, index, seed))
    if behaviour == "direct":
        return _direct(writer, prompt, problem)
    lines = writer.lines[behaviour](rng, problem) if stage.draws_ways else _kept(problem.steps)
    cuts = {"cut": 1.0, "slip": 0.2, "check": 0.2}.get(behaviour, 0.0)
    return _thought(rng, writer, prompt, problem, lines, cuts)


def _thought(
    rng: Random, writer: Writer, prompt: list[int], problem: Problem, lines: list[Line], cuts: float = 0.0
) -> Example:
    """Return a thought and its answer, so often closed at a drawn place; plain steps where the lines are too long."""
    ids, weights = writer.thought(lines)
    if len(prompt) + len(ids) > LONGEST_BEFORE_ANSWER:
        ids, weights = writer.thought(_plain(rng, problem))
    if cuts and rng.random() < cuts:
        return _cut(rng, writer, prompt, problem, ids, weights)
    answer = writer.box + writer.ids(problem.answer) + writer.brace + writer.end
    all_ids = prompt + writer.open + ids + writer.close + answer
    all_weights = [PROMPT_WEIGHT] * len(prompt) + [1.0] * len(writer.open) + weights
    return all_ids, all_weights + [1.0] * (len(writer.close) + len(answer))


def _pick(rng: Random, weights: dict[str, float]) -> str:
    """Return one name by weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def _chat(rng: Random, stage: Stage, index: int, seed: int) -> tuple[str | None, tuple[str, str] | None]:
    """Return a system text and an earlier turn, both seldom."""
    system = rng.choice(SYSTEM_TEXTS) if rng.random() < stage.chat else None
    if rng.random() >= stage.chat:
        return system, None
    before = draw(_pick(rng, stage.families), index, split="train", seed=seed + 1, level=1)
    return system, (before.question, before.answer)


def _direct(writer: Writer, prompt: list[int], problem: Problem) -> Example:
    """An empty thought and the answer; beyond the easy levels the loss shrinks with the steps that were skipped."""
    is_within_reach = problem.level <= DIRECT_LEVEL
    weight = 1.0 if is_within_reach else max(LEAST_ANSWER_WEIGHT, 0.6 ** (len(problem.steps) - 1))
    return _closed(writer, prompt + writer.empty, [PROMPT_WEIGHT] * (len(prompt) + len(writer.empty)), problem, weight)


def _closed(writer: Writer, ids: list[int], weights: list[float], problem: Problem, weight: float) -> Example:
    """Append the boxed answer, its digits weighted."""
    answer = writer.ids(problem.answer)
    ends = writer.brace + writer.end
    return (
        ids + writer.box + answer + ends,
        weights + [0.3] * len(writer.box) + [weight] * len(answer) + [max(weight, 0.5)] * len(ends),
    )


def _cut(
    rng: Random, writer: Writer, prompt: list[int], problem: Problem, ids: list[int], weights: list[float]
) -> Example:
    """Close the thought after a uniformly drawn token; the loss shrinks with the lines that were still to come."""
    kept = rng.randint(0, len(ids))
    breaks = [k for k, token in enumerate(ids) if token == writer.line_break[0]]
    missing = sum(k >= kept for k in breaks)
    is_whole = kept == len(ids)
    weight = 1.0 if is_whole else max(LEAST_ANSWER_WEIGHT, 0.6 ** (missing + 0.5))
    head = prompt + writer.open + ids[:kept] + writer.close
    head_weights = [PROMPT_WEIGHT] * len(prompt) + [1.0] * len(writer.open) + weights[:kept]
    return _closed(writer, head, head_weights + [0.0] * len(writer.close), problem, weight)


def _plain(rng: Random, problem: Problem) -> list[Line]:
    """The steps, in a drawn way."""
    return _kept(another_way(problem, rng))


def _kept(steps: Sequence[str]) -> list[Line]:
    """Lines that are learnt whole."""
    return [(step, 1.0) for step in steps]


def _slip(rng: Random, problem: Problem) -> list[Line]:
    """The steps, one of them first wrong (no loss), then noticed and put right."""
    steps = another_way(problem, rng)
    lines = _kept(steps)
    for _ in range(1 if rng.random() < 0.8 else 2):
        right = rng.randrange(1, len(steps))
        place = next(k for k, (text, _) in enumerate(lines) if text == steps[right])
        wrong = spoiled(rng, steps[right])
        if wrong is None or any(text == wrong for text, _ in lines):
            continue
        lines[place:place] = [(wrong, 0.0), ("Wait", 1.0)]
    return lines


def _check(rng: Random, problem: Problem) -> list[Line]:
    """A second pass in another way after the steps, compared with the first; where they differ, a third decides.

    One pass of the two may be spoilt (no loss on it), so that the answer is never simply the first or the second.
    """
    spoilt = _spoilt_pass(rng, problem) if rng.random() < SPOILT_SHARE else None
    if spoilt is None or spoilt[-1] == problem.answer:
        return _agreeing(rng, problem)
    right, third = _plain(rng, problem), _plain(rng, problem)
    wrong = [(text, 0.0) for text in spoilt]
    if rng.random() < 0.7:
        return [*wrong, ("Wait", 0.0), *right, (f"{spoilt[-1]}/{problem.answer}", 1.0), *third]
    return [*right, ("Wait", 0.0), *wrong, (f"{problem.answer}/{spoilt[-1]}", 1.0), *third]


def _agreeing(rng: Random, problem: Problem) -> list[Line]:
    """The steps, a second pass in another way that gives the same, and now and then a third."""
    passes = [_plain(rng, problem) for _ in range(2 if rng.random() < 0.9 else 3)]
    compared = (f"{problem.answer}={problem.answer}", 1.0)
    again = [*passes[0], ("Wait", 0.0), *passes[1], compared]
    return again if len(passes) == 2 else [*again, ("Wait", 0.0), *passes[2]]


def _look(rng: Random, problem: Problem, passes: Passes) -> list[Line]:
    """A second look at the model's own first pass (no loss on it); where they differ, a third decides.

    Where the model's own second pass differs from its first, it may stand too (no loss on it either), so that a third
    pass learns to decide between what the model really writes.
    """
    own = [[(text, 0.0) for text in written.split("\n")] for written in (passes.first, passes.second)]
    first, second = own[0][-1][0], own[1][-1][0]
    if second and first != second and rng.random() < THIRD_SHARE:
        return [*own[0], ("Wait", 0.0), *own[1], (f"{first}/{second}", 1.0), *_plain(rng, problem)]
    looked = [*own[0], ("Wait", 0.0), *_plain(rng, problem)]
    if first == problem.answer:
        return [*looked, (f"{first}={first}", 1.0)]
    return [*looked, (f"{first}/{problem.answer}", 1.0), *_plain(rng, problem)]


def _spoilt_pass(rng: Random, problem: Problem) -> list[str] | None:
    """Return the steps with something wrong in one, followed through where it is an expression."""
    steps = list(another_way(problem, rng))
    place = rng.randrange(0 if problem.family == "story" else 1, len(steps))
    wrong = spoiled(rng, steps[place])
    if wrong is None:
        return None
    if re.fullmatch(r"[-+*/()\d]+", wrong):
        try:
            return steps[:place] + list(worked(parsed(wrong), way=rng))
        except (OutOfReach, AssertionError, ValueError, IndexError):
            return None
    last = spoiled(rng, steps[-1])
    return None if last is None else [*steps[:-1], last]


def spoiled(rng: Random, line: str) -> str | None:
    """Return the line with one digit wrong or, where there are none, two parts exchanged; None where that fails."""
    places = [k for k, sign in enumerate(line) if sign.isdigit()]
    if not places:
        return _exchanged(rng, line)
    place = rng.choice(places)
    digit = str((int(line[place]) + rng.choice((1, 9, 1, 9, rng.randint(1, 9)))) % 10)
    wrong = line[:place] + digit + line[place + 1 :]
    return None if re.search(r"(?<![\d:])0\d", wrong) else wrong


def _exchanged(rng: Random, line: str) -> str | None:
    """Return the line with two of its parts exchanged, or the other of yes and no."""
    if line in ("yes", "no"):
        return "no" if line == "yes" else "yes"
    parts = re.split(r"(, ?| > )", line)
    if len(parts) < 3:
        return None
    first, second = rng.sample(range(0, len(parts), 2), 2)
    parts[first], parts[second] = parts[second], parts[first]
    wrong = "".join(parts)
    return None if wrong == line else wrong


LINES: dict[str, Callable[[Random, Problem], list[Line]]] = {
    "plain": _plain,
    "cut": _plain,
    "slip": _slip,
    "check": _check,
}


def pool_batches(writer: Writer, seed: int, pool: int, stage: Stage, batching: Batching = ON_CPU) -> Iterator[Batch]:
    """Yield the batches of one pool of items in drawn order, padded to one of few shapes so that each is compiled once.

    A batch of a width has as many rows as fit its places; rows that are missing at the end of a width are padding.
    """
    by_width: dict[int, list[Example]] = {width: [] for width in WIDTHS}
    for k in range(batching.pool_items):
        item = draw_item(writer, seed, pool * batching.pool_items + k, stage)
        by_width[next(width for width in WIDTHS if len(item[0]) <= width)].append(item)
    groups = [
        (width, items[first : first + (rows := max(1, batching.batch_tokens // width))], rows)
        for width, items in by_width.items()
        for first in range(0, len(items), max(1, batching.batch_tokens // width))
    ]
    Random(f"order:{seed}:{pool}").shuffle(groups)
    padding = writer.tokenizer.token_to_id(tok.END_OF_TEXT)
    for width, group, rows in groups:
        ids = np.full((rows, width), padding, dtype=np.int64)
        weights = np.zeros((rows, width), dtype=np.float32)
        for row, (item_ids, item_weights) in enumerate(group):
            ids[row, : len(item_ids)] = item_ids
            weights[row, : len(item_weights)] = item_weights
        yield ids, weights, pool + 1


@dataclass(frozen=True)
class Course:
    """What a run goes through: seed, pools, batching, whether slips are planted, stages, files of passes."""

    seed: int
    pools: int
    batching: Batching = ON_CPU
    plants_slips: bool = True
    stages: tuple[Stage, ...] = STAGES
    looks: tuple[Path, ...] = ()


def _work(queue: multiprocessing.Queue[list[Batch]], course: Course, first_pool: int) -> None:
    """Put every pool of one worker into its queue, whole."""
    writer = Writer(tok.load(), course.plants_slips, load(course.looks))
    for pool in range(first_pool, course.pools, course.batching.workers):
        stage = stage_at(pool / course.pools, course.stages)
        queue.put(list(pool_batches(writer, course.seed, pool, stage, course.batching)))


def batches(course: Course, first_pool: int) -> Iterator[Batch]:
    """Yield the batches of a course from a pool on, made by other processes, in the order of the pools."""
    context = multiprocessing.get_context("spawn")
    queues: list[multiprocessing.Queue[list[Batch]]] = [context.Queue(2) for _ in range(course.batching.workers)]
    workers = [
        context.Process(target=_work, args=(queue, course, first_pool + k), daemon=True)
        for k, queue in enumerate(queues)
    ]
    for worker in workers:
        worker.start()
    try:
        for k in range(course.pools - first_pool):
            yield from queues[k % len(queues)].get(timeout=300)
    finally:
        for worker in workers:
            worker.terminate()
