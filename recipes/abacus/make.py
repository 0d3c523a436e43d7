"""Makes the bundled model from nothing: training, export, card.

    python -m recipes.abacus.make --device cuda

In: the order of the steps. Not in: the steps. Invariant: a second call resumes the training where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from recipes.abacus import card, config, export, train


def main() -> None:
    """Run every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", type=int, default=config.POOLS, help="of 4,096 items to train on")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="to train on")
    parser.add_argument("--count", type=int, default=1000, help="items a band in the card")
    parser.add_argument("--words", type=Path, nargs="*", default=[], help="files of real word problems to judge on")
    options = parser.parse_args()
    train.main(["--pools", str(options.pools), "--device", options.device])
    export.export(config.RUNS / "main", config.MODEL_FOLDER)
    card.write(config.MODEL_FOLDER, config.RUNS / "main", options.count, options.words)


if __name__ == "__main__":
    main()
