"""How much of llama.cpp's own decoding speed is left with sampling, log-probabilities, entropies and candidates.

Run:  python benchmarks/decode_llama.py --batched-bench PATH [--model FILE | --random] [--threads N]
                                        [--out benchmarks/results/decode_llama.json]

Ours goes through Batch.propose and Batch.commit at temperature 0.7 (and `--top-k`, where given). Theirs is
llama-batched-bench, built from the sources that llama-cpp-python vendors: it decodes fixed tokens and samples nothing.
Both take the same file, libraries, threads, context, batch, flash-attention setting and KV type, one unified cache and
one shared prompt. They take turns, a fresh process of theirs against a fresh engine of ours; "ratio" is tokens a second
of ours over theirs, the median over the pairs with its 95 % interval. A context that the model was not made for is cut
to the longest that leaves room for the steps; the table then shows that one.
`--random` writes a qwen2-like model of half a billion random Q4_0 weights with a vocabulary of 152k into the cache.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from llama_sides import BATCH, chosen, header, native_json, open_engine, options
from turns import finish, median_of, take_turns, with_interval

from edgereason.engine.gguf_header import check_gguf
from edgereason.types import Sampling

TARGETS = {1: 0.95, 2: 0.95, 4: 0.95, 8: 0.95}  # 0.90 beyond


def ours(args: argparse.Namespace, rows: int, context: int) -> float:
    """Tokens a second of our loop, proposing included."""
    engine = open_engine(args, context=cells(rows, context, args.steps), rows=rows)
    try:
        tokens = np.random.default_rng(context).integers(0, engine.info.vocab_size, context).tolist()
        prefix, batch = engine.prefill(tokens), engine.batch()
        batch.admit(prefix, Sampling(temperature=0.7, top_k=args.top_k), range(rows))
        began = time.perf_counter()
        for _ in range(args.steps):
            proposals = batch.propose()
            batch.commit({row: [token] for row, token in zip(proposals.rows, proposals.tokens, strict=True)})
        return rows * args.steps / (time.perf_counter() - began)
    finally:
        engine.close()


def theirs(args: argparse.Namespace, rows: int, context: int) -> float:
    """Tokens a second of llama-batched-bench's generation."""
    arguments = [
        "-m", str(args.model), "-c", str(cells(rows, context, args.steps)), "-b", str(BATCH), "-ub", str(BATCH),
        "-t", str(args.threads), "-tb", str(args.threads), "-ngl", str(args.gpu_layers), "-fa", args.flash_attention,
        "-kvu", "-pps", "-npp", str(context), "-ntg", str(args.steps), "-npl", str(rows), "--output-format", "jsonl",
    ]  # fmt: skip
    return float(native_json(args.batched_bench, arguments)["speed_tg"])


def cells(rows: int, context: int, steps: int) -> int:
    """Tokens of context for a shared prompt and its rows."""
    return context + rows * steps


def measure(args: argparse.Namespace, rows: int, context: int) -> dict[str, Any]:
    """One line of the table."""
    sides = {side.__name__: lambda _, side=side: side(args, rows, context) for side in (ours, theirs)}
    pairs = take_turns(sides, args.pairs)
    return {
        "rows": rows,
        "context": context,
        **{f"{name}_tokens_s": round(statistics.median(pair[name] for pair in pairs), 1) for name in sides},
        "ratio": median_of([pair["ours"] / pair["theirs"] for pair in pairs]),
        "target": TARGETS.get(rows, 0.90),
    }


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = options(__doc__, pairs=11)
    parser.add_argument("--batched-bench", type=Path, required=True, help="llama-batched-bench of the vendored sources")
    parser.add_argument("--top-k", type=int, default=0, help="0: off, so that any token may be drawn")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--contexts", type=int, nargs="+", default=[128, 2048])
    parser.add_argument("--steps", type=int, default=64)
    args = chosen(parser)
    longest = check_gguf(args.model).context_length - args.steps
    start = header(args, steps=args.steps, top_k=args.top_k, longest_context=longest)
    lines = []
    print("context  rows    ours tok/s  theirs tok/s  ratio (95 %)          target")
    for context in sorted({min(context, longest) for context in args.contexts}):
        for rows in args.rows:
            line = measure(args, rows, context)
            lines.append(line)
            speeds = f"{line['ours_tokens_s']:>14.0f}{line['theirs_tokens_s']:>14.0f}"
            print(f"{context:>7}{rows:>6}{speeds}  {with_interval(line['ratio']):<20} {line['target']:.2f}", flush=True)
    finish({**start, "lines": lines}, args.out)


if __name__ == "__main__":
    main()
