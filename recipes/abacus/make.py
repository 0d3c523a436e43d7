"""Makes the bundled model from nothing: training, second looks at its own passes, export, card.

    python -m recipes.abacus.make --device cuda

In: the order of the steps. Not in: the steps. Invariant: a second call resumes where the first one stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from recipes.abacus import card, config, export, own, train

OWN_PASSES = 3043  # problems that the decayed model works twice
LOOK_POOLS = 200  # of the course that takes the decay's place


def main() -> None:
    """Run every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", type=int, default=config.POOLS, help="of 4,096 items to train on")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="to train on")
    parser.add_argument("--count", type=int, default=1000, help="items a band in the card")
    parser.add_argument("--words", type=Path, nargs="*", default=[], help="files of real word problems to judge on")
    options = parser.parse_args()
    main_run, looks_run, passes = config.RUNS / "main", config.RUNS / "looks", config.RUNS / "own.jsonl"
    on = ["--device", options.device]
    train.main(["--pools", str(options.pools), *on])
    own.main([str(main_run / "weights.safetensors"), "--count", str(OWN_PASSES), "--into", str(passes), *on])
    before_decay = str(main_run / f"stage-{len(config.STAGES) - 1}" / "weights.safetensors")
    course = ["--run", looks_run.name, "--pools", str(LOOK_POOLS), "--no-slips"]
    train.main(["--from-weights", before_decay, "--looks", str(passes), *course, *on])
    export.export(looks_run, config.MODEL_FOLDER)
    card.write(config.MODEL_FOLDER, looks_run, options.count, options.words)


if __name__ == "__main__":
    main()
