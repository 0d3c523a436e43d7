"""Record files to a fitted probe, and a fitted probe to its worth on records that it has not seen.

In: which questions, whose states, what is written where. Not in: recording, heads, tables (recording, probing).
Invariant: a probe's folder is written whole or not at all; a probe is never judged on questions that it was fitted on.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from edgereason.errors import ExtraMissingError, RecordError
from edgereason.evals.states import Recorded, Seen, look_again, points_of, read_questions
from edgereason.loading import Parts
from edgereason.probing.artifact import read_probe, write_probe
from edgereason.probing.curve import CurveProbe, check_fits
from edgereason.profiling.calibrator import Calibrator
from edgereason.profiling.device import device_name
from edgereason.records import provenance
from edgereason.types import Difficulty

OnStep = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


def train(
    paths: Sequence[Path],
    parts: Parts,
    out: Path,
    *,
    seed: int = 0,
    force: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Fit a probe on recorded questions and write it to the folder `out`; the card that lies there.

    Raises:
        RecordError: the records cannot be used, or the probe adds nothing to the text on what was held out and `force`
            was not given; nothing was written. ExtraMissingError: scikit-learn is not installed.
    """
    check_extra()
    from edgereason.probing.build import PROMPTS, TIMED, microseconds, probe_file
    from edgereason.probing.card import adds_table, card_text
    from edgereason.probing.fit import fit
    from edgereason.probing.report import adds_something, card_of

    recorded = read_questions(paths)
    seen = look_again(recorded, parts, named(on_step, "prompts"))
    examples = _examples(recorded, seen, parts)
    fitted = fit(examples, seed, named(on_step, "folds"))
    source = _provenance(recorded, parts, paths, seed, len(examples.ids))
    chosen = [seen[k] for k in np.linspace(0, len(seen) - 1, PROMPTS).astype(int)]
    prompts = [(each.tokens, np.asarray(each.evidence.hidden, np.float32)) for each in chosen]
    made = probe_file(examples, fitted, provenance=source, profiles=parts.profiles, prompts=prompts)
    confidence, about_confidence = _confidence(examples, fitted, seen, seed)
    made = replace(made, confidence=confidence)
    time_us = microseconds(CurveProbe(made, parts.model.name), [each.evidence for each in seen[:TIMED]])
    card: dict[str, Any] = finite({
        "provenance": source, **card_of(examples, fitted), "microseconds": time_us, "confidence": about_confidence
    })  # fmt: skip
    if not force and not adds_something(card):
        raise RecordError(
            f"Not written: on what was held out the probe adds nothing to the text alone.\n{adds_table(card)}\n",
            hint="Record more questions or families, or write it all the same with --force.",
        )
    write_probe(made, card, card_text(parts.model.name, card), out, _picture(card["confidence"]))
    return card


def evaluate(folder: Path, paths: Sequence[Path], parts: Parts, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """What the probe in a folder is worth on recorded questions that it was not fitted on.

    Raises:
        RecordError: the probe is damaged or of another model, or some of the questions were fitted on.
        ExtraMissingError: scikit-learn is not installed.
    """
    check_extra()
    from edgereason.probing.build import microseconds, question_number
    from edgereason.probing.report import evaluation

    probe = CurveProbe(read_probe(folder), folder.name)
    agreement = check_fits(probe.file, parts.model, parts.engine)
    recorded = read_questions(paths)
    known = [each for each in recorded.records if question_number(each["question_id"]) in probe.file.questions]
    if known:
        raise RecordError(
            f"{len(known)} of {len(recorded.records)} questions were fitted on, as {known[0]['question_id']!r}.",
            hint="Record others, of another split or seed.",
        )
    if points_of(recorded) != probe.file.points:
        raise RecordError(f"The records have cuts at {points_of(recorded)}, the probe has {probe.file.points}.")
    seen = look_again(recorded, parts, named(on_step, "prompts"))
    examples = _examples(recorded, seen, parts)
    found = probe.outputs(examples.features)
    bins = len(examples.points)
    judged = evaluation(examples, found[:, : bins + 1], found[:, -4:-1], found[:, -1])
    time_us = microseconds(probe, [each.evidence for each in seen])
    source = _provenance(recorded, parts, paths, 0, len(examples.ids))
    more = {"states_agree": agreement, "microseconds": time_us, "confidence": _judged_confidence(probe, seen, parts)}
    report: dict[str, Any] = finite({"provenance": source, **judged, **more})
    return report


def _confidence(
    examples: Any, fitted: Any, seen: Sequence[Seen], seed: int
) -> tuple[Calibrator | None, dict[str, Any]]:
    """What makes a probability of votes, tokens and this probe, if the probe helps; and the card's part about it."""
    from edgereason.evals.confidences import with_probe
    from edgereason.probing.readout import sigmoid

    records = {each.record["question_id"]: each.record for each in seen}
    held = fitted.templates
    curve = sigmoid(held.curve) if fitted.form == "free" else held.hazard
    known = [records[question_id] for question_id in examples.ids]
    return with_probe(known, examples.points, curve, examples.templates, seed)


def _judged_confidence(probe: CurveProbe, seen: Sequence[Seen], parts: Parts) -> dict[str, Any]:
    """How reliable the confidences are that requests would have: of the accuracy profile, and of the probe."""
    from edgereason.evals.confidences import judged

    models: dict[str, tuple[Calibrator, list[Difficulty] | None]] = {}
    if parts.accuracy is not None and parts.accuracy.confidence is not None:
        models["votes and tokens"] = (parts.accuracy.confidence, None)
    if probe.file.confidence is not None:
        models["and the probe"] = (probe.file.confidence, [probe.estimate(each.evidence) for each in seen])
    return judged([each.record for each in seen], probe.file.points, models)


def draw(found: Mapping[str, Any], path: Path) -> None:
    """Write the reliability plot of an evaluation.

    Raises:
        RecordError: no confidence was judged, since none is calibrated for this model; or it cannot be written.
    """
    picture = _picture(found["confidence"])
    if picture is None:
        raise RecordError(
            "No confidence is calibrated for this model.",
            hint="`edgereason calibrate TASK... --accuracy FILE` does it.",
        )
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise RecordError(f"Cannot write {str(path)!r}: {error.strerror or error}.") from error


def _picture(confidence: Mapping[str, Any]) -> str | None:
    """The reliability plot, where there is anything to plot."""
    from edgereason.probing.reliability import reliability_svg

    is_held_out = "saved" in confidence
    title = "Confidence, " + ("templates held out" if is_held_out else "questions not fitted on")
    return reliability_svg(title, _served(confidence)) if confidence.get("reliability") else None


def _served(confidence: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reliability of the model that requests would be served by: the last one that was judged or kept."""
    report = confidence["reliability"]
    name = "votes and tokens" if confidence.get("with_probe") is False else list(report)[-1]
    found: Mapping[str, Any] = report[name]
    return found


def _examples(recorded: Recorded, seen: Sequence[Seen], parts: Parts) -> Any:
    from edgereason.probing.examples import examples_of

    return examples_of([(each.record, each.evidence) for each in seen], points_of(recorded), parts.profiles)


def _provenance(recorded: Recorded, parts: Parts, paths: Sequence[Path], seed: int, n: int) -> dict[str, Any]:
    """Where the numbers come from: this command on this device, and the header of the records."""
    info = parts.engine.info
    made = provenance(
        device=f"{device_name()}; {info.device}",
        engine=info.name,
        engine_version=info.version,
        model=parts.model,
        seed=seed,
        n=n,
        settings={
            "records": [path.name for path in paths],
            "recorded_of": recorded.header["model"],
            "recorded": recorded.header["settings"],
        },
    ).to_record()
    return {name: value for name, value in made.items() if name != "kind"}


def named(on_step: OnStep | None, what: str) -> Callable[[int, int], None] | None:
    """Progress of one named step."""
    return None if on_step is None else lambda done, total: on_step(what, done, total)


def finite(value: Any) -> Any:
    """The value with None for what is no finite number, floats to six digits, as JSON can say it."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): finite(each) for name, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, (list, tuple)) else value


def check_extra() -> None:
    """ExtraMissingError unless what fits probes is installed."""
    for library in ("sklearn", "safetensors"):
        if find_spec(library) is None:
            raise ExtraMissingError(
                f"Probes are fitted with {library}, which is not installed.",
                hint=f"{sys.executable} -m pip install 'edgereason[fit]'",
            )
