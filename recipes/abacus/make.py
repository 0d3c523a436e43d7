"""Makes the bundled model from nothing: training, decay, export, card.

    python -m recipes.abacus.make --minutes 120

In: the order of the steps. Not in: the steps. Invariant: a second call resumes the training where it stopped.
"""

from __future__ import annotations

import argparse

from recipes.abacus import card, config, export, train


def main() -> None:
    """Run every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--decay-minutes", type=float, default=12.0)
    options = parser.parse_args()
    train.main(["--minutes", str(options.minutes)])
    train.main(["--decay-minutes", str(options.decay_minutes)])
    export.export(config.RUNS / "decayed", config.MODEL_FOLDER)
    card.write(config.MODEL_FOLDER, config.RUNS / "decayed", with_llama=False)


if __name__ == "__main__":
    main()
