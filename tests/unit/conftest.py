"""A Reasoner on a scripted engine with the bundled model's own tokenizer: real text, no weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from edgereason.probing.prior import DirectAnswerProbe
from edgereason.promise import Promise, Safeguards
from edgereason.prompting import Tokenizer, load_tokenizer
from edgereason.testing import FakeEngine, scripted
from edgereason.types import ModelInfo, PassCosts

if TYPE_CHECKING:
    from edgereason.runtime import Reasoner

MODEL = Path(__file__).parents[2] / "models" / "abacus"


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """The bundled model's tokenizer."""
    return load_tokenizer(MODEL)


@pytest.fixture
def reasoner(tokenizer: Tokenizer) -> Iterator[Callable[..., Reasoner]]:
    """Makes Reasoners whose model follows a script of texts, with other `known` parts; closes them at the end."""
    from edgereason.loading import Parts, budget_profiles
    from edgereason.runtime import Reasoner

    made: list[Reasoner] = []

    def make(
        script: Mapping[str, str | Mapping[str, float]],
        pass_s: float = 1e-3,
        slope: float = 0.0,
        codec: Tokenizer = tokenizer,
        promise: Promise | None = None,
        known: Mapping[str, Any] = MappingProxyType({}),
        safeguards: Safeguards = Safeguards(),  # noqa: B008 - frozen
        real_pass_s: Callable[[int], float] | None = None,
        **engine: Any,
    ) -> Reasoner:
        def ids(text: str) -> tuple[int, ...]:
            return codec.encode_control(text)

        lines = {
            ids(key): {ids(v): w for v, w in value.items()} if isinstance(value, Mapping) else ids(value)
            for key, value in script.items()
        }
        size = codec.vocab_size
        options = {
            "logits": scripted(lines, size, otherwise=min(codec.end_of_turn)),
            "context": 1024,
            "pass_s": real_pass_s or (lambda rows: pass_s * (1 + slope * (rows - 1))),
            **engine,
        }
        costs = PassCosts(
            rows=(1, 16),
            pass_s=(pass_s, pass_s * (1 + 15 * slope)),
            prefill_token_s=0.0,
            prefill_base_s=pass_s,
            context=64,
        )
        parts = Parts(
            engine=FakeEngine(vocab_size=size, **options),
            tokenizer=codec,
            profiles=budget_profiles(),
            model=ModelInfo(name="scripted", lineage="none", file="none"),
            promise=promise,
            safeguards=safeguards,
            notes=codec.notes,
            **{"probe": DirectAnswerProbe(), "costs": costs, **known},
        )
        clock = engine.get("clock")
        made.append(Reasoner(lambda: parts, **({"clock": clock} if clock else {})))
        return made[-1]

    yield make
    for each in made:
        each.close()
