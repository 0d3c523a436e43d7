"""What a benchmark runs live: the parts of a model as a plain `Reasoner.load` would take them, and what may differ."""

from __future__ import annotations

import time

from edgereason.loading import Parts, load_parts
from edgereason.prompting import PromptOptions


def usual_parts(model: str, engine: str, *, with_probe: bool = True) -> Parts:
    """The model's parts with everything left to choose; without its probe the prior serves."""
    return load_parts(
        model,
        engine=engine,
        threads=None,
        device="auto",
        profiles_dir=None,
        prompts=PromptOptions(),
        clock=time.perf_counter,
        with_probe=with_probe,
    )
