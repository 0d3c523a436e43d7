"""Makes the bundled model from nothing: training, decay, export, card.

    python -m recipes.abacus.make --minutes 180

In: the order of the steps. Not in: the steps. Invariant: a second call resumes the training where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from recipes.abacus import card, config, export, train


def main() -> None:
    """Run every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=180.0)
    parser.add_argument("--decay-tokens", type=float, default=3e7)
    parser.add_argument("--count", type=int, default=1000, help="items a band in the card")
    parser.add_argument("--words", type=Path, nargs="*", default=[], help="files of real word problems to judge on")
    options = parser.parse_args()
    train.main(["--minutes", str(options.minutes)])
    train.main(["--decay-tokens", str(options.decay_tokens)])
    export.export(config.RUNS / "decayed", config.MODEL_FOLDER)
    card.write(config.MODEL_FOLDER, config.RUNS / "decayed", options.count, options.words)


if __name__ == "__main__":
    main()
