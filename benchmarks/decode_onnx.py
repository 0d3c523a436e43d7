"""How much of a bare onnxruntime loop's speed is left with sampling, log-probabilities, entropies and candidates.

Run:  python benchmarks/decode_onnx.py [--model FILE] [--threads N] [--out benchmarks/results/decode_onnx.json]

Ours goes through Batch.propose and Batch.commit at temperature 0.7. The bare loops take the same file, options and
prompt, choose by argmax and keep nothing else:
feeds     session.run with numpy arrays in and out
binding   I/O binding, keys and values in OrtValues that the session allocates
shared    I/O binding, past and present in one buffer of exactly the final size, nothing bound anew: as good as it gets,
          for GroupQueryAttention alone and when the final length is known
"ratio" is the time of the faster of feeds and binding over ours: 1 is no loss, and the targets are for it;
"of best" is the time of shared over ours. Loops take turns; a ratio is the median over the turns, with the least and
the greatest in brackets. Step times are medians over a turn's steps.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from edgereason.engine.onnx import OnnxEngine
from edgereason.engine.onnx_file import read_onnx
from edgereason.engine.onnx_layout import Layout, read_layout
from edgereason.types import Sampling

CLOCK = time.perf_counter
BUNDLED = Path(__file__).parents[1] / "models" / "abacus" / "model.onnx"
TARGETS = {1: 0.80, 2: 0.80}  # 0.90 from 4 rows


class Bare:
    """The three bare loops over one session."""

    def __init__(self, path: Path, threads: int, spin: bool) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.layout: Layout = read_layout(read_onnx(path))

    def prefill(self, tokens: list[int], rows: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """First token of each row, and its cache tensors."""
        feeds = self._inputs(np.array([tokens]), 0, len(tokens))
        empty = [np.zeros(shape, self.layout.kv_dtype) for shape in self.layout.kv_shapes]
        logits, *cache = self.session.run(
            [self.layout.logits, *self.layout.present], {**feeds, **dict(zip(self.layout.past, empty, strict=True))}
        )
        ids = np.repeat(logits[:, -1].argmax(axis=-1)[:, None], rows, axis=0)
        return ids, [np.repeat(array, rows, axis=self.layout.batch_axis) for array in cache]

    def _inputs(self, ids: np.ndarray, start: int, end: int) -> dict[str, np.ndarray]:
        made = {
            "input_ids": ids,
            "attention_mask": np.ones((len(ids), end)),
            "position_ids": np.repeat(np.arange(start, end)[None], len(ids), axis=0),
        }
        return {name: made[name].astype(dtype) for name, dtype in self.layout.inputs.items()}

    def feeds(self, tokens: list[int], rows: int, steps: int) -> list[float]:
        """Seconds of each step with numpy in and out."""
        ids, cache = self.prefill(tokens, rows)
        names, times = [self.layout.logits, *self.layout.present], []
        for step in range(steps):
            began = CLOCK()
            inputs = self._inputs(ids, len(tokens) + step, len(tokens) + step + 1)
            logits, *cache = self.session.run(names, {**inputs, **dict(zip(self.layout.past, cache, strict=True))})
            ids = logits[:, -1].argmax(axis=-1)[:, None]
            times.append(CLOCK() - began)
        return times

    def binding(self, tokens: list[int], rows: int, steps: int) -> list[float]:
        """Seconds of each step with the cache in OrtValues."""
        ids, arrays = self.prefill(tokens, rows)
        cache, times = [ort.OrtValue.ortvalue_from_numpy(array) for array in arrays], []
        for step in range(steps):
            began = CLOCK()
            binding = self.session.io_binding()
            inputs = self._inputs(ids, len(tokens) + step, len(tokens) + step + 1)
            for name, array in inputs.items():
                binding.bind_cpu_input(name, array)
            for name, value in zip(self.layout.past, cache, strict=True):
                binding.bind_ortvalue_input(name, value)
            for name in (self.layout.logits, *self.layout.present):
                binding.bind_output(name)
            self.session.run_with_iobinding(binding)
            logits, *cache = binding.get_outputs()
            ids = logits.numpy()[:, -1].argmax(axis=-1)[:, None]
            times.append(CLOCK() - began)
        return times

    def shared(self, tokens: list[int], rows: int, steps: int) -> list[float]:
        """Seconds of each step with past and present in one buffer and nothing bound anew."""
        first, arrays = self.prefill(tokens, rows)
        length, most = len(tokens), len(tokens) + steps
        dtypes = self.layout.inputs
        ids, mask = first.astype(dtypes["input_ids"]), np.zeros((rows, most), dtypes["attention_mask"])
        places = np.zeros((rows, 1), dtypes.get("position_ids", np.dtype(np.int64)))
        mask[:, :length] = 1
        logits = np.zeros((rows, 1, self.vocab_size()), np.float32)
        binding, held = self.session.io_binding(), []
        for past, present, array in zip(self.layout.past, self.layout.present, arrays, strict=True):
            buffer = np.zeros((rows, array.shape[1], most, array.shape[3]), array.dtype)
            buffer[:, :, :length] = array
            held.append(ort.OrtValue.ortvalue_from_numpy(buffer))
            binding.bind_ortvalue_input(past, held[-1])
            binding.bind_ortvalue_output(present, held[-1])
        for name, array in {"input_ids": ids, "attention_mask": mask, "position_ids": places}.items():
            if name in dtypes:
                held.append(ort.OrtValue.ortvalue_from_numpy(array))
                binding.bind_ortvalue_input(name, held[-1])
        held.append(ort.OrtValue.ortvalue_from_numpy(logits))
        binding.bind_ortvalue_output(self.layout.logits, held[-1])
        times = []
        for step in range(steps):
            began = CLOCK()
            mask[:, length + step] = 1
            places[:] = length + step
            self.session.run_with_iobinding(binding)
            ids[:, 0] = logits[:, 0].argmax(axis=-1)
            times.append(CLOCK() - began)
        return times

    def vocab_size(self) -> int:
        """Width of the logits."""
        return int(self.session.get_outputs()[[o.name for o in self.session.get_outputs()].index("logits")].shape[-1])

    def loops(self) -> dict[str, Callable[[list[int], int, int], list[float]]]:
        """The loops that this graph allows."""
        either = {"feeds": self.feeds, "binding": self.binding}
        return {**either, "shared": self.shared} if self.layout.kind == "ragged" else either


def ours(engine: OnnxEngine, tokens: list[int], rows: int, steps: int) -> list[float]:
    """Seconds of each step through propose and commit."""
    prefix, batch, times = engine.prefill(tokens), engine.batch(), []
    batch.admit(prefix, Sampling(temperature=0.7), range(rows))
    batch.commit({row: [token] for row, token in zip(batch.rows, batch.propose().tokens, strict=True)})
    for _ in range(steps):
        began = CLOCK()
        proposals = batch.propose()
        batch.commit({row: [token] for row, token in zip(proposals.rows, proposals.tokens, strict=True)})
        times.append(CLOCK() - began)
    batch.close()
    prefix.close()
    return times


def measure(bare: Bare, engine: OnnxEngine, rows: int, context: int, steps: int, turns: int) -> dict[str, Any]:
    """One line of the table."""
    tokens = np.random.default_rng(context).integers(1, engine.info.vocab_size, context).tolist()
    loops = {**bare.loops(), "ours": lambda *args: ours(engine, *args)}
    times: dict[str, list[float]] = {name: [] for name in loops}
    for turn in range(turns + 1):
        for name, loop in loops.items():
            median_s = statistics.median(loop(tokens, rows, steps))
            if turn:  # the first turn warms up
                times[name].append(median_s)
    fastest = min(("feeds", "binding"), key=lambda name: statistics.median(times[name]))
    ratios = sorted(a / b for a, b in zip(times[fastest], times["ours"], strict=True))
    of_best = [a / b for a, b in zip(times.get("shared", []), times["ours"], strict=False)]
    return {
        "rows": rows,
        "context": context,
        **{f"{name}_us": round(1e6 * statistics.median(values), 1) for name, values in times.items()},
        "fastest_bare": fastest,
        "ratio": round(statistics.median(ratios), 3),
        "ratio_least": round(ratios[0], 3),
        "ratio_greatest": round(ratios[-1], 3),
        "ratio_shared": round(statistics.median(of_best), 3) if of_best else None,
        "target": TARGETS.get(rows, 0.90),
    }


def provenance(engine: OnnxEngine, model: Path, turns: int, steps: int) -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "schema_version": 1,
        "command": shlex.join(["python", *sys.argv]),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "device": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "load_average": round(os.getloadavg()[0], 2),
        "engine": f"onnxruntime {engine.info.version}",
        "threads": engine.info.threads,
        "model": model.name,
        "model_sha256": engine.file_sha256,
        "turns": turns,
        "steps": steps,
        "n": turns * steps,
    }


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=BUNDLED)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--spin", action="store_true")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--contexts", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument(
        "--cpu-time", action="store_true", help="count this thread's time only (busy machine, 1 thread)"
    )
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.cpu_time:
        global CLOCK
        CLOCK = time.thread_time
    bare = Bare(args.model, args.threads, args.spin)
    engine = OnnxEngine(args.model, threads=args.threads, spin=args.spin)
    lines = []
    names = [*bare.loops(), "ours"]
    print("context  rows" + "".join(f"{name:>11}" for name in names) + "  ratio (spread)     target  of best")
    for context in args.contexts:
        for rows in args.rows:
            line = measure(bare, engine, rows, context, args.steps, args.turns)
            lines.append(line)
            times = "".join(f"{line[f'{name}_us']:>8.0f} us" for name in names)
            spread = f"{line['ratio']:.2f} ({line['ratio_least']:.2f}-{line['ratio_greatest']:.2f})"
            best = f"{line['ratio_shared']:.2f}" if line["ratio_shared"] else "-"
            print(f"{context:>7}{rows:>6}{times}  {spread:<18} {line['target']:.2f}  {best:>7}")
    result = {**provenance(engine, args.model, args.turns, args.steps), "lines": lines}
    print(json.dumps(result))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
