"""Does it pay to give up a thread, or spinning, while neighbours are at work?

Run:  python benchmarks/neighbours.py [--model FILE | --random] [--engine onnx|llama-cpp] [--turns N]
                                      [--out benchmarks/results/neighbours.json]

The same passes with all cores and spinning, with all cores and without (onnx), and with one thread less, taken in turns
with fresh engines; first alone on the machine, then beside the committed load script (bursts on every core, half of the
time each). "ratio" is the median pass of all cores over that of the other setting, the median over the turns with its
95 % interval: above 1 the other setting is faster. "worst" does the same for the slowest tenth of the passes, which a
deadline meets.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import time
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from random_gguf import HALF_BILLION, random_gguf
from turns import finish, median_of, take_turns, with_interval

from edgereason.engine import open_engine
from edgereason.evals.load import neighbours
from edgereason.loading import file_identity
from edgereason.profiling.device import cores, device_name
from edgereason.records import provenance
from edgereason.types import ModelInfo, Sampling

MODELS = Path(__file__).parents[1] / "models" / "abacus"
BUNDLED = {"onnx": MODELS / "model.onnx", "llama-cpp": MODELS / "model-q8_0.gguf"}
CONTEXT, WARM = 128, 3


def settings_of(engine: str, most: int) -> dict[str, dict[str, Any]]:
    """What is compared, the first of them what the others are compared with."""
    if engine == "llama-cpp":
        return {f"{threads} threads": {"threads": threads} for threads in range(most, 0, -1)}
    return {
        f"{most} threads, spinning": {"threads": most, "spin": True},
        f"{most} threads": {"threads": most, "spin": False},
        f"{most - 1} threads": {"threads": most - 1, "spin": False},
    }


def passes(args: argparse.Namespace, options: dict[str, Any], rows: int, _: int) -> tuple[float, float]:
    """Seconds of the median pass, and of the slowest tenth."""
    more = {"context": CONTEXT + (args.steps + WARM) * rows + 8, "max_rows": rows} if args.engine == "llama-cpp" else {}
    with contextlib.closing(open_engine(args.engine, args.model, device="cpu", **options, **more)) as engine:
        tokens = np.random.default_rng(0).integers(0, engine.info.vocab_size, CONTEXT).tolist()
        prefix, batch = engine.prefill(tokens), engine.batch()
        batch.admit(prefix, Sampling(temperature=0.7), range(rows))
        seconds = []
        for _ in range(args.steps + WARM):
            began = time.perf_counter()
            proposals = batch.propose()
            batch.commit({row: [token] for row, token in zip(proposals.rows, proposals.tokens, strict=True)})
            seconds.append(time.perf_counter() - began)
        batch.close()
        prefix.close()
    return float(np.median(seconds[WARM:])), float(np.quantile(seconds[WARM:], 0.9))


def measure(args: argparse.Namespace, rows: int, load: str) -> list[dict[str, Any]]:
    """The lines of one width, alone or beside neighbours."""
    settings = settings_of(args.engine, cores())
    sides = {name: functools.partial(passes, args, options, rows) for name, options in settings.items()}
    with neighbours(0) if load == "bursts" else contextlib.nullcontext():
        turns = take_turns(sides, args.turns)
    base = next(iter(sides))
    return [
        {
            "load": load,
            "rows": rows,
            "setting": name,
            "pass_ms": round(1e3 * float(np.median([turn[name][0] for turn in turns])), 3),
            "ratio": median_of([turn[base][0] / turn[name][0] for turn in turns]),
            "worst": median_of([turn[base][1] / turn[name][1] for turn in turns]),
        }
        for name in sides
    ]


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--random", action="store_true", help="a random model of half a billion weights instead")
    parser.add_argument("--engine", default="onnx", choices=["onnx", "llama-cpp"])
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--steps", type=int, default=200, help="counted passes of a turn")
    parser.add_argument("--turns", type=int, default=11)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.random:
        args.engine = "llama-cpp"
        args.model = random_gguf(Path(platformdirs.user_cache_dir("edgereason")) / "benchmarks", **HALF_BILLION)
    args.model = args.model or BUNDLED[args.engine]
    lines = []
    for load in ("none", "bursts"):
        for rows in args.rows:
            for line in measure(args, rows, load):
                lines.append(line)
                ratios = f"ratio {with_interval(line['ratio'])}  worst {with_interval(line['worst'])}"
                print(f"{load:>7} {rows:3} rows  {line['setting']:22} {line['pass_ms']:9.3f} ms  {ratios}", flush=True)
    with contextlib.closing(open_engine(args.engine, args.model, device="cpu")) as engine:
        info = engine.info
    start = provenance(
        device=device_name(),
        engine=info.name,
        engine_version=info.version,
        model=ModelInfo(name=args.model.stem, lineage="", file=file_identity(args.model)),
        seed=0,
        n=args.turns,
        settings={"context": CONTEXT, "steps": args.steps, "cores": cores()},
    )
    finish({**start.to_record(), "lines": lines}, args.out)


if __name__ == "__main__":
    main()
