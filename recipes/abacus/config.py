"""Every number of the recipe: sizes, seeds, curriculum, rates.

In: constants only. Invariant: what a stage holds depends on the index of the item, so a resumed run sees what an
uninterrupted one would have seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
RUNS = HERE / "runs"
UNDER_WAY = HERE / "start"  # weights under way, and the tokenizer that they are bound to
MODEL_FOLDER = HERE.parents[1] / "models" / "abacus"
SEED = 0


@dataclass(frozen=True)
class Sizes:
    """Shape of the network; every width a multiple of 32 for block quantization."""

    vocabulary: int = 2048
    hidden: int = 192
    layers: int = 6
    heads: int = 6
    head_size: int = 32
    inner: int = 512
    context: int = 1024
    rope_theta: float = 10000.0
    norm_epsilon: float = 1e-6

    @property
    def parameters(self) -> int:
        """Weights in all; embeddings count once, since the output shares them."""
        width = self.heads * self.head_size
        block = 4 * self.hidden * width + 3 * self.hidden * self.inner + 2 * self.hidden
        return self.vocabulary * self.hidden + self.layers * block + self.hidden


@dataclass(frozen=True)
class Stage:
    """What is drawn from item `first_item` on: weights of families, of levels 1 to 8, and of behaviours."""

    first_item: int
    families: dict[str, float]
    levels: tuple[float, ...]
    behaviours: dict[str, float]
    chat: float  # share with a system message, and share with an earlier turn
    check_levels: tuple[float, ...] = ()  # of items with a second pass; as the others where nothing is said


STAGES = (
    Stage(
        first_item=0,
        families={
            "chain": 1.2, "story": 2.6, "series": 1.0, "extremes": 0.8, "sorting": 0.8, "counting": 0.8,
            "clock": 1.0, "units": 0.8, "procedure": 1.2, "logic": 0.8,
        },
        levels=(5, 5, 4, 4, 3, 3, 2, 2),
        behaviours={"plain": 0.7, "cut": 0.08, "direct": 0.22},
        chat=0.02,
    ),
    Stage(
        first_item=229_376,
        families={
            "chain": 1.0, "story": 2.4, "series": 1.1, "extremes": 0.8, "sorting": 0.8, "counting": 1.0,
            "clock": 1.1, "units": 0.9, "procedure": 1.6, "logic": 1.0,
        },
        levels=(8, 7, 6, 5, 3, 2, 1, 1),
        behaviours={"plain": 0.72, "cut": 0.06, "direct": 0.22},
        chat=0.02,
    ),
    Stage(
        first_item=750_000,
        families={
            "chain": 1.4, "story": 2.6, "series": 1.0, "extremes": 0.8, "sorting": 0.9, "counting": 0.8,
            "clock": 1.0, "units": 0.8, "procedure": 1.2, "logic": 0.9,
        },
        levels=(4, 3, 3, 3, 3, 3, 3, 3),
        behaviours={"plain": 0.4, "cut": 0.12, "direct": 0.2, "slip": 0.08, "check": 0.2},
        chat=0.03,
    ),
    Stage(
        first_item=1_089_536,
        families={
            "chain": 1.0, "story": 2.2, "series": 1.2, "extremes": 0.6, "sorting": 0.8, "counting": 1.6,
            "clock": 1.1, "units": 1.0, "procedure": 1.3, "logic": 1.8,
        },
        levels=(5, 4, 3, 3, 3, 3, 2.5, 2),
        behaviours={"plain": 0.42, "cut": 0.1, "direct": 0.22, "slip": 0.08, "check": 0.18},
        chat=0.03,
    ),
    Stage(
        first_item=1_306_624,
        families={
            "chain": 0.9, "story": 2.4, "series": 1.1, "extremes": 0.6, "sorting": 0.8, "counting": 1.6,
            "clock": 1.1, "units": 1.3, "procedure": 1.2, "logic": 1.7,
        },
        levels=(5, 4, 3, 3, 3, 3, 2.5, 2),
        behaviours={"plain": 0.4, "cut": 0.1, "direct": 0.26, "slip": 0.08, "check": 0.16},
        chat=0.03,
    ),
    Stage(  # from here on steps are worked in many ways (ways.py)
        first_item=1_347_584,
        families={
            "chain": 1.1, "story": 2.3, "series": 1.1, "extremes": 0.8, "sorting": 0.9, "counting": 1.4,
            "clock": 1.1, "units": 1.3, "procedure": 1.5, "logic": 1.7,
        },
        levels=(5, 4, 3, 3, 3, 3, 3, 3),
        behaviours={"plain": 0.44, "cut": 0.1, "direct": 0.25, "slip": 0.03, "check": 0.18},
        chat=0.03,
        check_levels=(1, 1, 1, 2, 2, 3, 3, 4),
    ),
)  # fmt: skip

DIRECT_LEVEL = 2  # up to this level an answer without thought is within reach
DIRECT_SHARE = 0.8  # of the direct examples that many are drawn from those levels, two thirds of them from the first
SPOILT_SHARE = 0.4  # of the items with a second pass, one of whose passes is spoilt
LEAST_ANSWER_WEIGHT = 0.05  # loss on an answer that cannot be derived from what was thought so far
PROMPT_WEIGHT = 0.1  # reading is learnt from what questions say, too
LONGEST_BEFORE_ANSWER = 960  # tokens of prompt and thought; a longer thought with checks is drawn without them
WIDTHS = (48, 64, 88, 120, 160, 224, 320, 480, 1024)  # of padded rows
BATCH_TOKENS = 3072
BATCHES_A_STEP = 4
POOL_ITEMS = 4096
MUON_RATE, ADAM_RATE = 0.02, 0.003
RATE_FACTORS = ((0, 1.0), (25_000_000, 0.6))  # factor on both rates from so many tokens on
WARM_UP_STEPS = 100
WEIGHT_DECAY = 0.02
MOMENTUM = 0.95
CHECKPOINT_SECONDS = 180
EVALUATE_SECONDS = 3600
SMOKE_SECONDS = 100.0
