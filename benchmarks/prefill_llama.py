"""How long a prompt takes beside llama.cpp alone.

Run:  python benchmarks/prefill_llama.py --bench PATH [--model FILE | --random] [--threads N]
                                         [--out benchmarks/results/prefill_llama.json]

Ours is LlamaCppEngine.prefill, which checks the ids and keeps the last token's logits and hidden state. Theirs is
llama-bench, built from the sources that llama-cpp-python vendors. Both take the same file, libraries, threads, batch
and flash-attention setting, and run the prompt once before the time is taken. They take turns, a fresh process of
theirs against a fresh engine of ours; "ratio" is tokens a second of ours over theirs, the median over the pairs with
its 95 % interval. A prompt longer than the model's context is cut to it; the table then shows that length.
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

TARGET = 0.95


def ours(args: argparse.Namespace, length: int) -> float:
    """Tokens a second of our second prefill."""
    engine = open_engine(args, context=length, rows=1)
    try:
        tokens = np.random.default_rng(length).integers(0, engine.info.vocab_size, length).tolist()
        engine.prefill(tokens).close()
        began = time.perf_counter()
        engine.prefill(tokens)
        return length / (time.perf_counter() - began)
    finally:
        engine.close()


def theirs(args: argparse.Namespace, length: int) -> float:
    """Tokens a second of llama-bench's one repetition after its warm-up."""
    arguments = [
        "-m", str(args.model), "-p", str(length), "-n", "0", "-r", "1", "-b", str(BATCH), "-ub", str(BATCH),
        "-t", str(args.threads), "-ngl", str(args.gpu_layers), "-fa", args.flash_attention, "-o", "jsonl",
    ]  # fmt: skip
    return float(native_json(args.bench, arguments)["avg_ts"])


def measure(args: argparse.Namespace, length: int) -> dict[str, Any]:
    """One line of the table."""
    sides = {side.__name__: lambda _, side=side: side(args, length) for side in (ours, theirs)}
    pairs = take_turns(sides, args.pairs)
    return {
        "tokens": length,
        **{f"{name}_tokens_s": round(statistics.median(pair[name] for pair in pairs), 1) for name in sides},
        "ratio": median_of([pair["ours"] / pair["theirs"] for pair in pairs]),
        "target": TARGET,
    }


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = options(__doc__, pairs=11)
    parser.add_argument("--bench", type=Path, required=True, help="llama-bench of the vendored sources")
    parser.add_argument("--tokens", type=int, nargs="+", default=[2000])
    args = chosen(parser)
    longest = check_gguf(args.model).context_length
    start = header(args, longest_prompt=longest)
    lines = []
    print("tokens    ours tok/s  theirs tok/s  ratio (95 %)          target")
    for length in sorted({min(tokens, longest) for tokens in args.tokens}):
        line = measure(args, length)
        lines.append(line)
        speeds = f"{line['ours_tokens_s']:>14.0f}{line['theirs_tokens_s']:>14.0f}"
        print(f"{length:>6}{speeds}  {with_interval(line['ratio']):<20} {line['target']:.2f}", flush=True)
    finish({**start, "lines": lines}, args.out)


if __name__ == "__main__":
    main()
