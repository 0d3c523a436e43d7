"""Trains the bundled model in stretches: start, stop and resume at will.

    python -m recipes.abacus.train --minutes 90              resumes recipes/abacus/runs/main, or starts it
    python -m recipes.abacus.train --device cuda             a whole run on a GPU
    python -m recipes.abacus.train --from-weights FILE --stage 4 --run next      from weights, the last stage alone
    python -m recipes.abacus.train --from-weights FILE --looks PASSES --run looks      second looks at its own passes
    python -m recipes.abacus.train --smoke                   two minutes, in a folder of its own

In: the loop, the rates over a run, checkpoints, the log. Not in: data, network, gradients, export.
Invariants: a checkpoint is complete or absent (written aside, then renamed); rates and stages go by the share of the
run's pools that were seen, so that how fast the machine is does not matter; the state at the start of every stage is
kept, so that another course can branch off there.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from recipes.abacus import config, tokenizer
from recipes.abacus.config import Stage
from recipes.abacus.data import Course, batches, stage_at
from recipes.abacus.gradients import Gradients, OnCores, OnGpu
from recipes.abacus.model import Abacus
from recipes.abacus.optimizer import Optimizer


class Run:
    """One training run: network, optimizer, progress, folder."""

    def __init__(
        self, folder: Path, seed: int, pools: int = config.POOLS, device: str = "cpu", looks: Sequence[Path] = ()
    ) -> None:
        """Make a fresh run of so many pools of items; with files of the model's own passes, of second looks at them."""
        torch.manual_seed(seed)
        self.folder = folder
        self.model = Abacus().to(device)
        self.optimizer = Optimizer(self.model, config.MOMENTUM, config.WEIGHT_DECAY)
        self.progress: dict[str, Any] = {"steps": 0, "tokens": 0, "pool": 0, "pools": pools, "seconds": 0.0}
        self.progress |= {"seed": seed, "looks": [str(path) for path in looks]}

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What the run goes through."""
        return (config.SECOND_LOOKS,) if self.progress["looks"] else config.STAGES

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
        self.optimizer.load(torch.load(folder / "optimizer.pt", weights_only=True, map_location="cpu"))
        progress = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
        self.progress = {"seed": config.SEED, "looks": []} | progress

    def enter(self, pool: int) -> None:
        """Go on to a pool; where a stage starts with it, keep the state."""
        self.progress["pool"] = pool
        if pool in self.starts():
            self.save(self.folder / f"stage-{self.starts().index(pool)}")

    def starts(self) -> list[int]:
        """Return the first pool of every stage."""
        return [math.ceil(stage.start * self.progress["pools"]) for stage in self.stages]

    def log(self, **values: Any) -> None:
        """Append one line to the log and print it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"at": time.strftime("%H:%M:%S"), **values})
        print(line, flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def rate_factor(progress: dict[str, Any], stages: Sequence[Stage] = config.STAGES) -> float:
    """Return the factor on the rates: warm-up, the stage's own, and what a decay has left of it."""
    share = min(1.0, progress["pool"] / progress["pools"])
    stage = stage_at(share, stages)
    left = (1.0 - share) / (1.0 - stage.start) if stage.decays else 1.0
    return stage.rate * left * min(1.0, (progress["steps"] + 1) / config.WARM_UP_STEPS)


def train(
    run: Run,
    gradients: Gradients,
    seconds: float = math.inf,
    *,
    plants_slips: bool = True,
) -> None:
    """Train for so many seconds, until the run is through or until told to stop, saving on the way."""
    stop = _stop_flag()
    began = saved = logged = time.monotonic()
    before = run.progress["seconds"]
    losses: list[Tensor] = []
    tokens = 0
    looks = tuple(map(Path, run.progress["looks"]))
    course = Course(run.progress["seed"], run.progress["pools"], gradients.batching, plants_slips, run.stages, looks)
    with contextlib.closing(batches(course, run.progress["pool"])) as stream:
        while (now := time.monotonic()) - began < seconds and not stop:
            group = list(itertools.islice(stream, course.batching.batches))
            if not group:
                break
            losses.append(gradients.fill(group))
            factor = rate_factor(run.progress, run.stages)
            run.optimizer.step(config.MUON_RATE * factor, config.ADAM_RATE * factor, gradients.map)
            size = sum(ids.size for ids, _, _ in group)
            tokens += size
            run.progress["steps"] += 1
            run.progress["tokens"] += size
            run.progress["seconds"] = before + time.monotonic() - began
            if group[-1][2] > run.progress["pool"]:
                run.enter(group[-1][2])
            if now - logged > config.LOG_SECONDS:
                loss = float(torch.stack(losses).mean())
                run.log(**_told(run), loss=round(loss, 4), tokens_per_s=int(tokens / (now - logged)))
                losses, tokens, logged = [], 0, now
            if now - saved > config.CHECKPOINT_SECONDS:
                run.save()
                saved = time.monotonic()
    run.save()
    run.log(**_told(run), seconds=round(run.progress["seconds"]))


def _told(run: Run) -> dict[str, Any]:
    """Return where the run is."""
    return {"step": run.progress["steps"], "tokens": run.progress["tokens"], "pool": run.progress["pool"]}


def _stop_flag() -> list[int]:
    """Return a list that is filled when the process is told to stop."""
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: told.append(received))
    return told


def _begun(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Run:
    """Return the run that the options ask for, resumed or about to begin; what does not fit is said."""
    if options.looks and (options.stage or options.from_state):
        parser.error("--looks is a course of one stage, from weights: no --stage or --from-state goes with it")
    folder = config.RUNS / ("smoke" if options.smoke else options.run)
    seed = config.SEED if options.seed is None else options.seed
    run = Run(folder, seed, options.pools or config.POOLS, options.device, options.looks or ())
    state = folder if (folder / "progress.json").exists() and not options.smoke else options.from_state
    if state:
        run.load(state)
        if options.pools not in (None, run.progress["pools"]):
            parser.error(f"--pools {options.pools}: {state} is the state of a run of {run.progress['pools']}")
        if options.seed not in (None, run.progress["seed"]):
            parser.error(f"--seed {options.seed}: {state} is the state of a run of seed {run.progress['seed']}")
    elif options.from_weights:
        run.model.load_exported(load_file(options.from_weights))
        run.progress["pool"] = run.starts()[options.stage or 0]
    elif options.looks:
        parser.error("--looks goes with --from-weights: what is looked at twice was written by a trained model")
    if options.looks and run.progress["looks"] != [str(path) for path in options.looks]:
        parser.error(f"--looks: {state} is the state of a run of other looks: {run.progress['looks'] or 'none'}")
    missing = [path for path in map(Path, run.progress["looks"]) if not path.is_file()]
    if missing:
        parser.error(f"--looks: no such file: {', '.join(map(str, missing))}")
    return run


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="main", help="folder under recipes/abacus/runs")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="of this stretch; else until the run is through"
    )
    parser.add_argument("--pools", type=int, help=f"of 4,096 items, of a whole run: {config.POOLS} unless it has begun")
    parser.add_argument(
        "--from-state", type=Path, help="begin a run with the state in this folder, such as runs/main/stage-3"
    )
    parser.add_argument("--from-weights", type=Path, help="begin a run with exported weights, with a fresh optimizer")
    parser.add_argument("--stage", type=int, choices=range(len(config.STAGES)), help="start of it where weights begin")
    parser.add_argument("--looks", type=Path, nargs="+", help="train on second looks at the passes in these files")
    parser.add_argument("--seed", type=int, help=f"of a run that begins, for other items: {config.SEED} otherwise")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-slips", action="store_true", help="plant nothing wrong in thoughts (an ablation)")
    parser.add_argument("--eager", action="store_true", help="do not compile; on a GPU, record no graphs")
    parser.add_argument("--smoke", action="store_true", help="two minutes in a folder of its own")
    options = parser.parse_args(arguments)
    if options.pools is not None and options.pools < 1:
        parser.error(f"--pools {options.pools}: a run has at least 1")
    if options.stage is not None and not options.from_weights:
        parser.error("--stage goes with --from-weights")
    torch.set_num_threads(1)  # threads work side by side, none shares an operation with another
    tokenizer.load()
    run = _begun(parser, options)
    folder = run.folder
    folder.mkdir(parents=True, exist_ok=True)
    (config.RUNS / "pid").write_text(f"{os.getpid()}\n", encoding="utf-8")
    run.log(**_told(run), parameters=sum(weight.numel() for weight in run.model.parameters()))
    gradients: Gradients
    if options.device == "cuda":
        gradients = OnGpu(run.model, records=not options.eager)
    else:
        gradients = OnCores(run.model, options.threads, compiles=not (options.eager or options.smoke))
    seconds = config.SMOKE_SECONDS if options.smoke else 60 * options.minutes
    train(run, gradients, seconds, plants_slips=not options.no_slips)


if __name__ == "__main__":
    main()
