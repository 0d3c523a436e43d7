"""Several samples of one question: rows of one context against llama-cpp-python's own `Llama`, called once a sample.

Run:  python benchmarks/samples_llama.py [--model FILE | --random] [--threads N] [--samples 8]
                                         [--out benchmarks/results/samples_llama.json]

Every turn brings a prompt that neither side has seen, and both draw the same number of tokens a sample at the same
temperature, top-k, top-p and min-p. `Llama` keeps the prompt of its last call, so it prefills once, as we do. Ours
makes its samples in one of two ways:
first   one row alone to its end, which is how a request gets its answer in hand; then all others together
joint   all rows together from the start: the most samples a second, and a later first one
Sides take turns; "samples" is samples a second over theirs, "first" the time of their first sample over that of ours
(1 is no later), medians over the turns with 95 % intervals. Targets, which are for `first`: 1.5 and 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from llama_cpp import Llama
from llama_sides import BATCH, chosen, header, open_engine, options
from turns import finish, median_of, take_turns, with_interval

from edgereason.engine.llama_cpp import LlamaCppEngine
from edgereason.protocols import Batch
from edgereason.types import Sampling

SAMPLING: dict[str, Any] = {"temperature": 0.7, "top_k": 40, "top_p": 0.95, "min_p": 0.05}
TARGETS = {"samples": 1.5, "first": 1.0}


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds from the question to the first sample and to the last."""

    first_s: float
    last_s: float


def ours(engine: LlamaCppEngine, args: argparse.Namespace, groups: Sequence[Sequence[int]], turn: int) -> Times:
    """Each group of row seeds decodes together, one group after the other."""
    prompt, ends = question(engine.info.vocab_size, args.prompt, turn), []
    began = time.perf_counter()
    prefix = engine.prefill(prompt)
    for seeds in groups:
        batch = engine.batch()
        batch.admit(prefix, Sampling(**SAMPLING, seed=turn), seeds)
        draw(batch, args.tokens)
        batch.close()
        ends.append(time.perf_counter() - began)
    prefix.close()
    return Times(ends[0], ends[-1])


def draw(batch: Batch, count: int) -> None:
    """Draw so many tokens a row; the last needs no pass."""
    for left in reversed(range(count)):
        proposals = batch.propose()
        if left:
            batch.commit({row: [token] for row, token in zip(proposals.rows, proposals.tokens, strict=True)})


def theirs(llama: Llama, args: argparse.Namespace, turn: int) -> Times:
    """`Llama`, called as often as there are samples."""
    prompt, ends = question(llama.n_vocab(), args.prompt, turn), []
    began = time.perf_counter()
    for sample in range(args.samples):
        seed = 1 + turn * args.samples + sample
        made: Any = llama.create_completion(prompt, max_tokens=args.tokens, seed=seed, **SAMPLING)
        ends.append(time.perf_counter() - began)
        if made["usage"]["completion_tokens"] != args.tokens:
            sys.exit("a sample ended early, so the sides did not do the same: take --random")
    return Times(ends[0], ends[-1])


def question(vocab_size: int, length: int, turn: int) -> list[int]:
    """A prompt of this turn's own."""
    ids: list[int] = np.random.default_rng(turn).integers(0, vocab_size, length).tolist()
    return ids


def open_llama(args: argparse.Namespace) -> Llama:
    """Their side."""
    return Llama(
        str(args.model),
        n_ctx=args.prompt + args.tokens,
        n_batch=BATCH,
        n_ubatch=BATCH,
        n_threads=args.threads,
        n_threads_batch=args.threads,
        n_gpu_layers=args.gpu_layers,
        flash_attn=args.flash_attention != "off",
        no_perf=True,
        verbose=False,
    )


def compared(turns: Sequence[dict[str, Times]], name: str) -> dict[str, Any]:
    """One line of the table: a way of ours against theirs."""
    return {
        "way": name,
        "first_s": median_of([turn[name].first_s for turn in turns]),
        "last_s": median_of([turn[name].last_s for turn in turns]),
        "theirs_first_s": median_of([turn["theirs"].first_s for turn in turns]),
        "theirs_last_s": median_of([turn["theirs"].last_s for turn in turns]),
        "samples": median_of([turn["theirs"].last_s / turn[name].last_s for turn in turns]),
        "first": median_of([turn["theirs"].first_s / turn[name].first_s for turn in turns]),
    }


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = options(__doc__, pairs=11)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--prompt", type=int, default=128, help="tokens of the question")
    parser.add_argument("--tokens", type=int, default=64, help="of each sample")
    args = chosen(parser)
    settings = {name: getattr(args, name) for name in ("samples", "prompt", "tokens")}
    start = header(args, **settings, sampling=SAMPLING)
    engine = open_engine(args, context=args.prompt + args.samples * args.tokens, rows=args.samples)
    llama, seeds = open_llama(args), range(args.samples)
    ways = {"first": [seeds[:1], seeds[1:]], "joint": [seeds]}
    sides: dict[str, Callable[[int], Times]] = {
        **{name: partial(ours, engine, args, groups) for name, groups in ways.items()},
        "theirs": partial(theirs, llama, args),
    }
    turns = take_turns(sides, args.pairs)
    lines = [compared(turns, name) for name in ways]
    print("way      first s  theirs   last s  theirs  samples (95 %)       first (95 %)")
    for line in lines:
        keys = ("first_s", "theirs_first_s", "last_s", "theirs_last_s")
        seconds = "".join(f"{line[key]['median']:>9.3f}" for key in keys)
        print(f"{line['way']:<7}{seconds}  {with_interval(line['samples']):<20} {with_interval(line['first'])}")
    finish({**start, "targets": TARGETS, "lines": lines}, args.out)
    llama.close()
    engine.close()


if __name__ == "__main__":
    main()
