"""Measures the shipped files and writes their card, for people (card.md, card.svg) and programs (card.json).

    python -m recipes.abacus.card [--run recipes/abacus/runs/main] [--count 1000] [--words FOLDER]

In: which figures, their provenance, what the model cannot do. Not in: how they are measured (evaluate.py, verify.py),
how the card looks (card_text.py). Invariant: every figure has its n and interval, and comes from the `test` split.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timezone
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from edgereason.evals.families import BANDS, FAMILIES, bands
from recipes.abacus import config
from recipes.abacus.card_text import picture, rendered
from recipes.abacus.evaluate import band_figures, closed_figures, judge_of, word_problem_figures
from recipes.abacus.verify import compare

FILES = ("model.onnx", "model-q8_0.gguf")
Job = tuple[str, str, Callable[[], Any]]  # file, what is measured, how


def measure(folder: Path, count: int, words: list[Path], workers: int) -> dict[str, Any]:
    """Return all figures of the shipped files, measured file by file and part by part in processes of one thread."""
    jobs: list[Job] = []
    for name in FILES:
        path = folder / name
        jobs += [(name, band, partial(_band, path, band, count)) for band in reversed(BANDS)]
        jobs += [(name, "closed", partial(_closed, path, -(-count // len(BANDS))))]
        jobs += [(name, file.stem, partial(_words, path, file)) for file in words]
    figures: dict[str, Any] = {name: {} for name in FILES}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        agreement = pool.submit(compare, folder, min(count, 500), "easy")
        waiting = [(name, part, pool.submit(job)) for name, part, job in jobs]
        for name, part, future in waiting:
            figures[name][part] = future.result()
            print(f"{name}: {part}", file=sys.stderr, flush=True)
        figures["agreement"] = agreement.result()
    return figures


def _band(path: Path, band: str, count: int) -> Any:
    return band_figures(judge_of(path), band, count)


def _closed(path: Path, count: int) -> Any:
    return closed_figures(judge_of(path), count)


def _words(path: Path, file: Path) -> Any:
    return word_problem_figures(judge_of(path), file)


def provenance(run: Path) -> dict[str, Any]:
    """Return how the weights came about."""
    return {
        "schema_version": 2,
        "name": "abacus",
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "git": _output("git", "rev-parse", "HEAD"),
        "command": "python -m recipes.abacus.card",
        "device": f"{platform.machine()} CPU, 2 cores ({_cpu()})",
        "torch": torch.__version__,
        "training": json.loads((run / "progress.json").read_text(encoding="utf-8")),
        "parameters": config.Sizes().parameters,
        "split": "test",
        "seed": 0,
        "bands": {family: dict(bands(family)) for family in FAMILIES},
    }


def _output(*command: str) -> str:
    """Return what a command prints, or nothing."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=config.HERE)
    return done.stdout.strip() if done.returncode == 0 else ""


def _cpu() -> str:
    """Return the processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def write(folder: Path, run: Path, count: int, words: list[Path], workers: int = 2) -> None:
    """Measure, and write the card; the prose comes from notes.json, which must be there before anything is measured."""
    prose = json.loads((config.HERE / "notes.json").read_text(encoding="utf-8"))
    card = provenance(run) | {"n": count, "figures": measure(folder, count, words, workers)}
    names = (*FILES, "weights.safetensors", "tokenizer.json")
    card["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    card |= prose
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    show(folder)


def show(folder: Path) -> None:
    """Write the card for people from the one for programs."""
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.md").write_text(rendered(card), encoding="utf-8")
    (folder / "card.svg").write_text(picture(card), encoding="utf-8")


def main() -> None:
    """Read the command line, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=config.RUNS / "main")
    parser.add_argument("--folder", type=Path, default=config.MODEL_FOLDER)
    parser.add_argument("--count", type=int, default=1000, help="items a band, all families alike")
    parser.add_argument("--words", type=Path, nargs="*", default=[], help="files of real word problems")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--text-only", action="store_true", help="write card.md and card.svg from card.json")
    options = parser.parse_args()
    if options.text_only:
        show(options.folder)
    else:
        write(options.folder, options.run, options.count, options.words, options.workers)


if __name__ == "__main__":
    main()
