"""Trains the bundled model in stretches: start, stop and resume at will.

    python -m recipes.abacus.train --minutes 90            resumes recipes/abacus/runs/main, or starts it
    python -m recipes.abacus.train --decay-tokens 3e7 --into decayed     rates down to zero, in a copy of the run
    python -m recipes.abacus.train --smoke                  two minutes, in a folder of its own

In: the loop, the rates over time (warm-up, then constant, then a decay asked for by flag), checkpoints, the log.
Not in: data, network, export. Invariants: a checkpoint is complete or absent (written aside, then renamed); a decay
goes by tokens, so that how fast the machine is does not matter, and it is resumed like any other stretch.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from recipes.abacus import config, tokenizer
from recipes.abacus.complete import by_torch
from recipes.abacus.data import Batch, Writer, batches
from recipes.abacus.evaluate import Judge, direct_table, level_table
from recipes.abacus.model import Abacus
from recipes.abacus.optimizer import Optimizer


class Run:
    """One training run: network, optimizer, progress, folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Make a fresh run."""
        torch.manual_seed(seed)
        self.folder, self.seed = folder, seed
        self.model = Abacus()
        self.optimizer = Optimizer(self.model, config.MOMENTUM, config.WEIGHT_DECAY)
        self.progress: dict[str, Any] = {"steps": 0, "tokens": 0, "pool": 0, "seconds": 0.0, "seed": seed}

    def save(self, folder: Path | None = None) -> None:
        """Write weights, optimizer and progress aside, then put them in place."""
        folder = folder or self.folder
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.model.state_for_export(), folder / "weights.new")
        torch.save(self.optimizer.state(), folder / "optimizer.new")
        (folder / "progress.new").write_text(json.dumps(self.progress, indent=1), encoding="utf-8")
        for name in ("weights.safetensors", "optimizer.pt", "progress.json"):
            os.replace(folder / f"{name.split('.')[0]}.new", folder / name)

    def load(self, folder: Path) -> None:
        """Go on from a saved run."""
        self.model.load_exported(load_file(folder / "weights.safetensors"))
        self.optimizer.load(torch.load(folder / "optimizer.pt", weights_only=True))
        self.progress = json.loads((folder / "progress.json").read_text(encoding="utf-8"))

    def load_newest(self, before: Path) -> None:
        """Go on from this run's own folder, else from the one before it; where neither is, begin."""
        folder = next((folder for folder in (self.folder, before) if (folder / "progress.json").exists()), None)
        if folder:
            self.load(folder)

    def log(self, **values: Any) -> None:
        """Append one line to the log and print it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"at": time.strftime("%H:%M:%S"), **values})
        print(line, flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def rate_factor(progress: dict[str, Any]) -> float:
    """Return the factor on the rates: warm-up, then constant by tokens seen, times what a decay has left."""
    factor = next(factor for tokens, factor in reversed(config.RATE_FACTORS) if progress["tokens"] >= tokens)
    return decay_left(progress) * factor * min(1.0, (progress["steps"] + 1) / config.WARM_UP_STEPS)


def decay_left(progress: dict[str, Any]) -> float:
    """Return what a linear decay has left of the rates, 1 where there is none."""
    decay = progress.get("decay")
    return 1.0 if decay is None else max(0.0, 1.0 - (progress["tokens"] - decay["from"]) / decay["tokens"])


class Gradients:
    """Gradients of several batches at once, a thread each with one core.

    Two cores that share every operation wait for each other at every operation, and ten times as long when a neighbour
    is busy on one of them; two threads with a batch each meet once a step.
    """

    def __init__(self, model: Abacus, threads: int, compiles: bool) -> None:
        """Start the threads."""
        self.weights = list(model.parameters())
        self.loss = torch.compile(model.loss, dynamic=False) if compiles else model.loss
        self.seen: set[tuple[int, ...]] = set()
        self.pool = ThreadPoolExecutor(threads, initializer=_one_core)

    def fill(self, group: list[Batch]) -> Tensor:
        """Put the mean gradient of the batches into the weights and return the mean loss."""
        for batch in group:
            if batch[0].shape not in self.seen:  # one thread compiles, before others run the same shape
                self.seen.add(batch[0].shape)
                self.pool.submit(self._one, batch).result()
        results = list(self.pool.map(self._one, group))
        for weight, parts in zip(self.weights, zip(*(gradients for _, gradients in results), strict=True), strict=True):
            weight.grad = sum(parts[1:], start=parts[0]) / len(group)
        return torch.stack([loss for loss, _ in results]).mean()

    def _one(self, batch: Batch) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the loss and the gradients of one batch."""
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.loss(torch.from_numpy(batch[0]), torch.from_numpy(batch[1]))
        return loss.detach(), torch.autograd.grad(loss, self.weights)


def _one_core() -> None:
    """Settle a thread: it computes on one core and may compile every shape of batch."""
    torch.set_num_threads(1)
    torch._dynamo.config.recompile_limit = 2 * len(config.WIDTHS)


def train(
    run: Run,
    seconds: float,
    evaluate_seconds: float,
    threads: int = 2,
    compiles: bool = False,
    plants_slips: bool = True,
) -> None:
    """Train for so many seconds, until a decay has come down to nothing or until told to stop, saving on the way."""
    stop = _stop_flag()
    began = saved = evaluated = logged = time.monotonic()
    before = run.progress["seconds"]
    loss_sum = torch.zeros(())
    steps = tokens = 0
    gradients = Gradients(run.model, threads, compiles)
    with contextlib.closing(batches(run.seed, run.progress["pool"], plants_slips)) as stream:
        while (now := time.monotonic()) - began < seconds and decay_left(run.progress) > 0 and not stop:
            group = [next(stream) for _ in range(config.BATCHES_A_STEP)]
            loss_sum += gradients.fill(group)
            factor = rate_factor(run.progress)
            run.optimizer.step(config.MUON_RATE * factor, config.ADAM_RATE * factor, gradients.pool.map)
            size = sum(ids.size for ids, _, _ in group)
            steps, tokens = steps + 1, tokens + size
            run.progress["steps"] += 1
            run.progress["tokens"] += size
            run.progress["pool"] = group[-1][2]
            run.progress["seconds"] = before + time.monotonic() - began
            if now - logged > 30:
                run.log(**_told(run), loss=round(float(loss_sum) / steps, 4), tokens_per_s=int(tokens / (now - logged)))
                loss_sum, steps, tokens, logged = torch.zeros(()), 0, 0, now
            if now - saved > config.CHECKPOINT_SECONDS:
                run.save()
                saved = time.monotonic()
            if now - evaluated > evaluate_seconds:
                run.log(**_told(run), **accuracy(run.model, count=8))
                evaluated = time.monotonic()
                logged += evaluated - now
    run.save()
    run.log(**_told(run), **({} if stop else accuracy(run.model, count=8)))


def accuracy(model: Abacus, count: int) -> dict[str, Any]:
    """Return the share of right answers of each family by level, in one sample and directly."""
    writer = Writer(tokenizer.load())
    judge = Judge(by_torch(model, writer.end[0]), writer)
    return {"right": level_table(judge, count, "tune", 0.7), "direct": direct_table(judge, count, "tune")}


def _told(run: Run) -> dict[str, Any]:
    """Return where the run is."""
    return {"step": run.progress["steps"], "tokens": run.progress["tokens"], "pool": run.progress["pool"]}


def _stop_flag() -> list[int]:
    """Return a list that is filled when the process is told to stop."""
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: told.append(received))
    return told


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="main", help="folder under recipes/abacus/runs")
    parser.add_argument("--minutes", type=float, help="60, or a whole decay")
    parser.add_argument("--decay-tokens", type=float, help="bring the rates down to zero over this many tokens")
    parser.add_argument("--into", default="decayed", help="folder of the decaying copy")
    parser.add_argument("--from-weights", type=Path, help="start from exported weights, with a fresh optimizer")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-slips", action="store_true", help="plant nothing wrong in thoughts (an ablation)")
    parser.add_argument("--eager", action="store_true", help="do not compile (compiling takes some minutes at first)")
    parser.add_argument("--smoke", action="store_true", help="two minutes in a folder of its own")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # threads work side by side, none shares an operation with another
    tokenizer.load()
    folder = config.RUNS / ("smoke" if options.smoke else options.run)
    run = Run(folder, config.SEED)
    if options.decay_tokens:
        run.folder = config.RUNS / options.into
    if options.from_weights:
        run.model.load_exported(load_file(options.from_weights))
    elif not options.smoke:
        run.load_newest(folder)
    if options.decay_tokens:
        run.progress.setdefault("decay", {"from": run.progress["tokens"], "tokens": options.decay_tokens})
    minutes = options.minutes or (math.inf if options.decay_tokens else 60.0)
    run.folder.mkdir(parents=True, exist_ok=True)
    (config.RUNS / "pid").write_text(f"{os.getpid()}\n", encoding="utf-8")
    run.log(**_told(run), parameters=sum(weight.numel() for weight in run.model.parameters()))
    train(
        run,
        config.SMOKE_SECONDS if options.smoke else 60 * minutes,
        evaluate_seconds=config.EVALUATE_SECONDS,
        threads=options.threads,
        compiles=not (options.eager or options.smoke),
        plants_slips=not options.no_slips,
    )


if __name__ == "__main__":
    main()
