"""From fitted heads to a probe file: everything folded into one affine map, with its own test and its prompts.

Needs scikit-learn, the extra `[fit]`.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edgereason.probing.artifact import Arrays, ProbeFile
from edgereason.probing.curve import CurveProbe
from edgereason.probing.examples import Examples
from edgereason.probing.features import Floats
from edgereason.probing.fit import MEMBERS, Fitted
from edgereason.probing.heads import Head
from edgereason.types import LABELS, BudgetProfile, Evidence

TESTS = 16  # questions whose estimates are stored
PROMPTS = 3  # prompts whose states are stored
TIMED = 200


def question_number(question_id: str) -> int:
    """What a probe keeps of the id of a question that it was fitted on."""
    return zlib.crc32(question_id.encode())


def probe_file(
    examples: Examples,
    fitted: Fitted,
    *,
    provenance: Mapping[str, Any],
    profiles: Mapping[str, BudgetProfile],
    prompts: Sequence[tuple[tuple[int, ...], npt.NDArray[np.float32]]],
) -> ProbeFile:
    """The probe file of fitted heads; prompts: ids and states of a few questions."""
    made = ProbeFile(
        provenance=dict(provenance),
        form=fitted.form,
        points=examples.points,
        members=MEMBERS,
        power=fitted.power,
        bias=fitted.bias,
        profiles={label: facts(profiles[label]) for label in LABELS},
        prompts=tuple(ids for ids, _ in prompts),
        questions=frozenset(question_number(each) for each in examples.ids),
        arrays=_arrays(examples, fitted, [state for _, state in prompts]),
    )
    outputs = Untested(made).outputs(made.arrays["test_features"].astype(np.float64))
    return replace(made, arrays={**made.arrays, "test_outputs": outputs.astype(np.float32)})


def facts(profile: BudgetProfile) -> dict[str, int]:
    """What of a profile a probe depends on."""
    return {"rows": profile.max_rows, "think_tokens": profile.think_tokens}


class Untested(CurveProbe):
    """A probe whose test has yet to be written."""

    def __init__(self, probe: ProbeFile) -> None:
        super().__init__(probe, "new")

    def check(self) -> None:
        """Nothing to compare with."""


def _arrays(examples: Examples, fitted: Fitted, states: Sequence[npt.NDArray[np.float32]]) -> Arrays:
    """All arrays but the expected outputs."""
    heads = fitted.heads
    scale = fitted.temperatures if fitted.form == "free" else np.ones_like(fitted.temperatures)
    parts = [
        Head(weight=heads.curve.weight / scale, bias=heads.curve.bias / scale),
        heads.settle,
        heads.finish,
        heads.members,
        Head(weight=heads.whiten, bias=-heads.centre @ heads.whiten),
    ]
    flat = [part.unreduced(heads.reducer) for part in parts]
    found: dict[str, Floats | npt.NDArray[np.float32]] = {
        "weight": np.hstack([part.weight for part in flat]),
        "bias": np.concatenate([part.bias for part in flat]),
        "distances": fitted.distances,
        "mean_right": examples.curve.mean(axis=0),
        "mean_finished": np.array([(examples.length <= point).mean() for point in examples.points]),
        "test_features": examples.features[np.linspace(0, len(examples.ids) - 1, TESTS).astype(int)],
        "states": np.array(states),
    }
    return {name: np.asarray(array, np.float32) for name, array in found.items()}


def microseconds(probe: CurveProbe, evidences: Iterable[Evidence]) -> float:
    """The median time of an estimate on this machine."""
    taken = []
    for evidence in evidences:
        begun = time.perf_counter()
        probe.estimate(evidence)
        taken.append(time.perf_counter() - begun)
    return 1e6 * float(np.median(taken))
