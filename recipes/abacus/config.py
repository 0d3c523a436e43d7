"""Every number of the recipe: sizes, seeds, curriculum, rates.

In: constants only. Invariant: what a stage holds depends on the index of the item, so a resumed run sees what an
uninterrupted one would have seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
RUNS = HERE / "runs"
MODEL_FOLDER = HERE.parents[1] / "models" / "abacus"
SEED = 0


@dataclass(frozen=True)
class Sizes:
    """Shape of the network; every width a multiple of 32 for block quantization."""

    vocabulary: int = 1024
    hidden: int = 192
    layers: int = 6
    heads: int = 6
    head_size: int = 32
    inner: int = 512
    context: int = 1024
    rope_theta: float = 10000.0
    norm_epsilon: float = 1e-6


@dataclass(frozen=True)
class Stage:
    """What is drawn from item `first_item` on: weights of families, bands and behaviours."""

    first_item: int
    families: dict[str, float]
    bands: dict[str, float]
    behaviours: dict[str, float]
    chat: float  # share with a system message, and share with an earlier turn


STAGES = (
    Stage(
        first_item=0,
        families={"chain": 0.55, "story": 0.25, "order": 0.2},
        bands={"easy": 0.65, "middle": 0.25, "hard": 0.1},
        behaviours={"plain": 0.94, "cut": 0.04, "direct": 0.02},
        chat=0.01,
    ),
    Stage(
        first_item=60_000,
        families={"chain": 0.38, "story": 0.3, "order": 0.32},
        bands={"easy": 0.4, "middle": 0.32, "hard": 0.28},
        behaviours={"plain": 0.86, "cut": 0.07, "direct": 0.04, "slip": 0.03},
        chat=0.02,
    ),
    Stage(
        first_item=300_000,
        families={"chain": 0.36, "story": 0.34, "order": 0.3},
        bands={"easy": 0.38, "middle": 0.32, "hard": 0.3},
        behaviours={"plain": 0.48, "cut": 0.18, "direct": 0.1, "slip": 0.1, "check": 0.14},
        chat=0.04,
    ),
    Stage(
        first_item=483_328,
        families={"chain": 0.28, "story": 0.27, "order": 0.45},
        bands={"easy": 0.34, "middle": 0.32, "hard": 0.34},
        behaviours={"plain": 0.48, "cut": 0.18, "direct": 0.1, "slip": 0.1, "check": 0.14},
        chat=0.04,
    ),
)

LEAST_ANSWER_WEIGHT = 0.05  # loss on an answer that cannot be derived from what was thought so far
PROMPT_WEIGHT = 0.0
BATCH_TOKENS = 3072
BATCHES_A_STEP = 2
POOL_ITEMS = 4096
MUON_RATE, ADAM_RATE = 0.02, 0.003
RATE_FACTORS = ((0, 1.0), (34_000_000, 0.5))  # factor on both rates from so many tokens on
WARM_UP_STEPS = 100
WEIGHT_DECAY = 0.02
MOMENTUM = 0.95
CHECKPOINT_SECONDS = 180
EVALUATE_SECONDS = 600
