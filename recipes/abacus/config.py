"""Every number of the recipe: sizes, seeds, curriculum, rates.

In: constants only. Invariant: which stage an item belongs to depends on the share of the run's pools before it, so a
resumed run sees what an uninterrupted one would have seen, and a short run goes through every stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
RUNS = HERE / "runs"
TOKENIZER_FOLDER = HERE / "start"  # the tokenizer that weights are bound to
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
    """What is drawn in a stretch of a run: weights of families, of levels 1 to 8, and of behaviours."""

    start: float  # share of the run's pools that come before
    rate: float  # factor on both rates, at the start
    families: dict[str, float]
    levels: tuple[float, ...]
    behaviours: dict[str, float]
    chat: float  # share with a system message, and share with an earlier turn
    draws_ways: bool = True  # whether steps are taken in a drawn way (ways.py) or in the plain one
    check_levels: tuple[float, ...] = ()  # of items with a second pass; as the others where nothing is said
    decays: bool = False  # whether the rates come down to nothing over this stage


FAMILY_WEIGHTS = {
    "chain": 1.1, "story": 2.3, "series": 1.1, "extremes": 0.8, "sorting": 0.9, "counting": 1.4,
    "clock": 1.1, "units": 1.3, "procedure": 1.5, "logic": 1.7,
}  # fmt: skip
EVEN_LEVELS = (5.0, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0)
BEHAVIOURS = {"plain": 0.45, "cut": 0.1, "direct": 0.25, "slip": 0.03, "check": 0.17}
CHECK_LEVELS = (1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0)

STAGES = (
    Stage(
        start=0.0,
        rate=1.0,
        families=FAMILY_WEIGHTS,
        levels=(5, 5, 4, 4, 3, 3, 2, 2),
        behaviours={"plain": 0.7, "cut": 0.08, "direct": 0.22},
        chat=0.02,
        draws_ways=False,
    ),
    Stage(
        start=0.05,
        rate=0.6,
        families=FAMILY_WEIGHTS,
        levels=(8, 7, 6, 5, 3, 2, 1, 1),
        behaviours={"plain": 0.72, "cut": 0.06, "direct": 0.22},
        chat=0.02,
        draws_ways=False,
    ),
    Stage(
        start=0.2,
        rate=0.6,
        families=FAMILY_WEIGHTS,
        levels=EVEN_LEVELS,
        behaviours={"plain": 0.65, "cut": 0.1, "direct": 0.25},
        chat=0.03,
    ),
    Stage(
        start=0.5,
        rate=0.6,
        families=FAMILY_WEIGHTS,
        levels=EVEN_LEVELS,
        behaviours=BEHAVIOURS,
        chat=0.03,
        check_levels=CHECK_LEVELS,
    ),
    Stage(
        start=0.8,
        rate=0.6,
        families=FAMILY_WEIGHTS,
        levels=EVEN_LEVELS,
        behaviours=BEHAVIOURS,
        chat=0.03,
        check_levels=CHECK_LEVELS,
        decays=True,
    ),
)

SECOND_LOOKS = Stage(  # in place of the decay: second looks at passes that the decayed model wrote itself (own.py)
    start=0.0,
    rate=0.6,
    families=FAMILY_WEIGHTS,
    levels=EVEN_LEVELS,
    behaviours={"plain": 0.3, "cut": 0.08, "direct": 0.22, "slip": 0.02, "check": 0.08, "look": 0.3},
    chat=0.03,
    check_levels=CHECK_LEVELS,
    decays=True,
)
MISSED_SHARE = 0.6  # of the looks, at passes of which one was wrong
THIRD_SHARE = 0.4  # of the looks at passes that differ, in which both are the model's own and a third decides

DIRECT_LEVEL = 2  # up to this level an answer without thought is within reach
DIRECT_SHARE = 0.8  # of the direct examples that many are drawn from those levels, two thirds of them from the first
SPOILT_SHARE = 0.4  # of the items with a second pass, one of whose passes is spoilt
LEAST_ANSWER_WEIGHT = 0.05  # loss on an answer that cannot be derived from what was thought so far
PROMPT_WEIGHT = 0.1  # reading is learnt from what questions say, too
LONGEST_BEFORE_ANSWER = 960  # tokens of prompt and thought; a longer thought with checks is drawn without them
WIDTHS = (48, 64, 88, 120, 160, 224, 320, 480, 1024)  # of padded rows
POOLS = 1200  # of a whole run; some half a million tokens each
MUON_RATE, ADAM_RATE = 0.02, 0.003
WARM_UP_STEPS = 100
WEIGHT_DECAY = 0.02
MOMENTUM = 0.95
CHECKPOINT_SECONDS = 180
LOG_SECONDS = 30
SMOKE_SECONDS = 100.0


@dataclass(frozen=True)
class Batching:
    """How items become steps on one kind of device."""

    batch_tokens: int  # places of one batch, padding included
    batches: int  # of one step
    workers: int  # processes that draw items
    pool_items: int = 4096


ON_CPU = Batching(batch_tokens=3072, batches=4, workers=1)
ON_GPU = Batching(batch_tokens=12_288, batches=2, workers=8)
