"""What the comparisons with llama.cpp share: their options, our engine, its native tools, and provenance.

The native tools run on the libraries of the installed llama-cpp-python (they come first where the loader looks), so
that both sides execute the same machine code. Invariant: both get the same file, threads, batch, flash attention and
GPU layers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import platformdirs
from random_gguf import HALF_BILLION, random_gguf

from edgereason.engine.llama_cpp import LlamaCppEngine
from edgereason.profiling.device import device_name
from edgereason.records import provenance
from edgereason.types import ModelInfo

BUNDLED = Path(__file__).parents[1] / "models" / "abacus" / "model-q8_0.gguf"
BATCH = 512
ATTEMPTS = 3  # a thread writes the tools' lines, and now and then the end of the process is faster
LIBRARIES = Path(llama_cpp.__file__).parent / "lib"
SEARCH_PATH = "DYLD_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"


def options(description: str | None, *, pairs: int) -> argparse.ArgumentParser:
    """The options of every comparison."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=BUNDLED)
    parser.add_argument("--random", action="store_true", help="a random model of half a billion weights instead")
    for name, value in HALF_BILLION.items():
        parser.add_argument(f"--{name}", type=int, default=value, help="of the random model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu-layers", type=int, default=0, help="on a GPU; 99 for all")
    parser.add_argument("--flash-attention", default="on", choices=["auto", "on", "off"])
    parser.add_argument("--pairs", type=int, default=pairs, help="counted turns of both sides")
    parser.add_argument("--out", type=Path)
    return parser


def chosen(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What was asked for, with `model` naming a file that exists."""
    args = parser.parse_args()
    if args.random:
        folder = Path(platformdirs.user_cache_dir("edgereason")) / "benchmarks"
        args.model = random_gguf(folder, width=args.width, layers=args.layers, vocab=args.vocab)
    return args


def open_engine(args: argparse.Namespace, *, context: int, rows: int) -> LlamaCppEngine:
    """Our side."""
    return LlamaCppEngine(
        args.model,
        device="cuda" if args.gpu_layers else "cpu",
        gpu_layers=args.gpu_layers,
        threads=args.threads,
        context=context,
        batch=BATCH,
        flash_attention=args.flash_attention,
        max_rows=rows,
    )


def native_json(tool: Path, arguments: Sequence[str]) -> dict[str, Any]:
    """The last line of JSON that a native tool prints."""
    paths = [str(LIBRARIES), *filter(None, [os.environ.get(SEARCH_PATH)])]
    environment = {**os.environ, SEARCH_PATH: os.pathsep.join(paths)}
    for _ in range(ATTEMPTS):
        done = subprocess.run([tool, *arguments], env=environment, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode:
            break
        if lines:
            result: dict[str, Any] = json.loads(lines[-1])
            return result
    sys.exit(f"{tool} ended with code {done.returncode} and no result:\n{done.stderr[-2000:]}")


def header(args: argparse.Namespace, **settings: object) -> dict[str, Any]:
    """Where the figures come from."""
    engine = open_engine(args, context=BATCH, rows=1)
    info, sha256 = engine.info, engine.file_sha256
    engine.close()
    return provenance(
        device=device_name(),
        engine=info.name,
        engine_version=info.version,
        model=ModelInfo(name=args.model.stem, lineage="", file=f"{args.model.name} sha256:{sha256}"),
        seed=0,
        n=args.pairs,
        settings={
            "engine": info.settings,
            "threads": args.threads,
            "batch": BATCH,
            "load_average": round(os.getloadavg()[0], 2),
            **settings,
        },
    ).to_record()
