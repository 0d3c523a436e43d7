"""How much of llama.cpp's own decoding speed is left with sampling, log-probabilities, entropies and candidates.

Run:  python benchmarks/decode_llama.py --batched-bench PATH [--model FILE | --random] [--threads N]
                                        [--out benchmarks/results/decode_llama.json]

Ours goes through Batch.propose and Batch.commit at temperature 0.7 (and `--top-k`, where given). Theirs is
llama-batched-bench, built from the sources that llama-cpp-python vendors: it decodes fixed tokens and samples nothing.
Both take the same file, threads, context, batch, flash-attention setting and KV type, one unified cache and one shared
prompt. They take turns, a fresh process of theirs against a fresh engine of ours; "ratio" is tokens a second of ours
over theirs, the median over the pairs, with the interval between the order statistics that hold the median with 95 %
confidence.
`--random` writes a qwen2-like model of half a billion random Q4_0 weights with a vocabulary of 152k into the cache.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import platformdirs

from edgereason.engine.llama_cpp import LlamaCppEngine
from edgereason.types import Sampling

BUNDLED = Path(__file__).parents[1] / "models" / "abacus" / "model-q8_0.gguf"
TARGETS = {1: 0.95, 2: 0.95, 4: 0.95, 8: 0.95}  # 0.90 beyond
BATCH = 512
SPEED_TOKEN_GENERATION = "speed_tg"


def random_model(folder: Path, *, width: int, layers: int, vocab: int, seed: int = 0) -> Path:
    """A qwen2-like model of random Q4_0 weights, written unless it is there; scales are small, so it stays finite."""
    path = folder / f"random-qwen2-{width}x{layers}-{vocab}.gguf"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    heads, inner = width // 64, width * 152 // 28 // 32 * 32
    kv_width = 64 * max(1, heads // 7)
    draw = np.random.default_rng(seed)
    partial = path.with_suffix(".part")
    file = gguf.GGUFWriter(partial, "qwen2")
    file.add_context_length(32768)
    file.add_embedding_length(width)
    file.add_block_count(layers)
    file.add_feed_forward_length(inner)
    file.add_head_count(heads)
    file.add_head_count_kv(kv_width // 64)
    file.add_layer_norm_rms_eps(1e-6)
    file.add_rope_freq_base(1e6)
    file.add_tokenizer_model("no_vocab")
    file.add_vocab_size(vocab)

    def matrix(name: str, rows: int, columns: int) -> None:
        blocks = draw.integers(0, 256, (rows, columns // 32, 18), np.uint8)
        blocks[:, :, :2] = np.frombuffer(np.float16(0.2 / math.sqrt(columns)).tobytes(), np.uint8)
        file.add_tensor(name, blocks.reshape(rows, -1), raw_dtype=gguf.GGMLQuantizationType.Q4_0)

    def vector(name: str, size: int, value: float) -> None:
        file.add_tensor(name, np.full(size, value, np.float32))

    matrix("token_embd.weight", vocab, width)
    vector("output_norm.weight", width, 1.0)
    for layer in (f"blk.{index}" for index in range(layers)):
        vector(f"{layer}.attn_norm.weight", width, 1.0)
        for name, rows in (("q", width), ("k", kv_width), ("v", kv_width)):
            matrix(f"{layer}.attn_{name}.weight", rows, width)
            vector(f"{layer}.attn_{name}.bias", rows, 0.0)
        matrix(f"{layer}.attn_output.weight", width, width)
        vector(f"{layer}.ffn_norm.weight", width, 1.0)
        matrix(f"{layer}.ffn_gate.weight", inner, width)
        matrix(f"{layer}.ffn_up.weight", inner, width)
        matrix(f"{layer}.ffn_down.weight", width, inner)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    os.replace(partial, path)
    return path


def ours(args: argparse.Namespace, rows: int, context: int) -> float:
    """Tokens a second of our loop, proposing included."""
    engine = LlamaCppEngine(
        args.model,
        threads=args.threads,
        context=cells(rows, context, args.steps),
        batch=BATCH,
        flash_attention=args.flash_attention,
        max_rows=max(rows, 4),
    )
    try:
        tokens = np.random.default_rng(context).integers(1, engine.info.vocab_size, context).tolist()
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
    command = [
        str(args.batched_bench), "-m", str(args.model), "-c", str(cells(rows, context, args.steps)),
        "-b", str(BATCH), "-ub", str(BATCH), "-t", str(args.threads), "-tb", str(args.threads), "-ngl", "0",
        "-fa", args.flash_attention, "-kvu", "-pps", "-npp", str(context), "-ntg", str(args.steps), "-npl", str(rows),
        "--output-format", "jsonl",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return float(json.loads(lines[-1])[SPEED_TOKEN_GENERATION])


def cells(rows: int, context: int, steps: int) -> int:
    """Tokens of context for a shared prompt and its rows, with some to spare."""
    return -(-(context + rows * (steps + 1) + 64) // 256) * 256


def interval(values: list[float]) -> tuple[float, float]:
    """The order statistics between which the median lies with at least 95 % confidence (all, where n is below 6)."""
    ordered, count = sorted(values), len(values)
    below, rank = 0.5**count, 0
    while below + math.comb(count, rank + 1) * 0.5**count <= 0.025:
        rank += 1
        below += math.comb(count, rank) * 0.5**count
    return ordered[rank], ordered[-1 - rank]


def measure(args: argparse.Namespace, rows: int, context: int) -> dict[str, Any]:
    """One line of the table: interleaved pairs, the first of them uncounted."""
    pairs = []
    for turn in range(args.pairs + 1):
        sides = (ours, theirs) if turn % 2 else (theirs, ours)
        speed = {side.__name__: side(args, rows, context) for side in sides}
        if turn:
            pairs.append(speed)
    ratios = [pair["ours"] / pair["theirs"] for pair in pairs]
    least, greatest = interval(ratios)
    return {
        "rows": rows,
        "context": context,
        "ours_tokens_s": round(statistics.median(pair["ours"] for pair in pairs), 1),
        "theirs_tokens_s": round(statistics.median(pair["theirs"] for pair in pairs), 1),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_interval": [round(least, 3), round(greatest, 3)],
        "target": TARGETS.get(rows, 0.90),
    }


def provenance(args: argparse.Namespace) -> dict[str, Any]:
    """Where the figures come from."""
    engine = LlamaCppEngine(args.model, threads=args.threads, context=512, flash_attention=args.flash_attention)
    info, sha256 = engine.info, engine.file_sha256
    engine.close()
    return {
        "schema_version": 1,
        "command": shlex.join(["python", *sys.argv]),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "device": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "load_average": round(os.getloadavg()[0], 2),
        "engine": f"llama-cpp-python {info.version}",
        "settings": info.settings,
        "threads": info.threads,
        "model": args.model.name,
        "model_sha256": sha256,
        "steps": args.steps,
        "n": args.pairs,
    }


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batched-bench", type=Path, required=True, help="llama-batched-bench of the vendored sources")
    parser.add_argument("--model", type=Path, default=BUNDLED)
    parser.add_argument("--random", action="store_true", help="the random half-billion model instead")
    parser.add_argument("--width", type=int, default=896, help="of the random model")
    parser.add_argument("--layers", type=int, default=24, help="of the random model")
    parser.add_argument("--vocab", type=int, default=151_936, help="of the random model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--flash-attention", default="on", choices=["auto", "on", "off"])
    parser.add_argument("--top-k", type=int, default=0, help="0: off, so that any token may be drawn")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--contexts", type=int, nargs="+", default=[128, 2048])
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.random:
        folder = Path(platformdirs.user_cache_dir("edgereason")) / "benchmarks"
        args.model = random_model(folder, width=args.width, layers=args.layers, vocab=args.vocab)
    return args


def main() -> None:
    """Measure, print a table and one line of JSON."""
    args, lines = arguments(), []
    header = provenance(args)
    print("context  rows    ours tok/s  theirs tok/s  ratio (95 %)          target")
    for context in args.contexts:
        for rows in args.rows:
            line = measure(args, rows, context)
            lines.append(line)
            least, greatest = line["ratio_interval"]
            speeds = f"{line['ours_tokens_s']:>14.0f}{line['theirs_tokens_s']:>14.0f}"
            ratio = f"{line['ratio']:.2f} ({least:.2f}-{greatest:.2f})"
            print(f"{context:>7}{rows:>6}{speeds}  {ratio:<20} {line['target']:.2f}")
    result = {**header, "lines": lines}
    print(json.dumps(result))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
