"""Does the state after 16 or 32 think tokens know more than the state of the prompt?

    python benchmarks/second_look.py RECORDS... --out FILE

RECORDS are files of `edgereason calibrate`. The prompt and the first think tokens of some samples of each question are
run again; on samples whose thought is still open there, the heads of a probe are fitted on the prompt's features, on
these and how sure the thought's tokens were, and on these and the state as well. Three things are told: whether this
sample ends right, how many of the question's other samples do (is it hard?), and whether this thought ends within as
many tokens again (is it long?). Settings are searched in inner folds, for each set of features by itself; folds are of
whole templates. Must hold for a second look to be built: log-loss saved with an interval over templates above 0, by
more than the log-probabilities alone save.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from edgereason.evals.states import Seen, look_again, read_questions
from edgereason.loading import Parts, load_parts
from edgereason.probing.features import vector
from edgereason.probing.fit import GRID
from edgereason.probing.heads import Settings, fit_reducer, fit_shares
from edgereason.probing.judging import Fold, auroc_within, folds_of, log_loss, macro, mean_of, paired
from edgereason.probing.readout import sigmoid
from edgereason.profiling.accuracy import think_length
from edgereason.prompting import PromptOptions
from edgereason.protocols import Record
from edgereason.types import GREEDY

POINTS = (16, 32)  # think tokens
SAMPLES = 2  # of each question
TARGETS = ("this sample right", "other samples right", "ends within as many again")
Floats = npt.NDArray[np.float64]
Row = tuple[str, str, Floats, Floats, Floats, tuple[float, float, float]]


def rows_at(seen: Sequence[Seen], parts: Parts, point: int) -> Iterator[Row]:
    """(family, template, prompt's features, the thought's scalars, its state, targets) of every sample that is open."""
    for each in seen:
        features = vector(each.evidence)
        plain = [sample for sample in each.record["samples"] if sample["arm"] == "plain"]
        if features is None:
            continue
        with contextlib.closing(parts.engine.prefill(each.tokens)) as prefix:
            for place, sample in enumerate(plain[:SAMPLES]):
                free = np.flatnonzero(~np.array(sample["forced"][: sample["reasoning_tokens"]]))
                if len(free) <= point:
                    continue
                taken = sample["tokens"][: free[point - 1] + 1]
                with contextlib.closing(parts.engine.batch()) as batch:
                    (row,) = batch.admit(prefix, GREEDY, [0])
                    batch.commit({row: taken})
                    state = batch.hidden(row).astype(float)
                sure = [np.array(sample[name])[free[:point]] for name in ("logprobs", "entropies")]
                scalars = np.array([f(v) for v in sure for f in (np.mean, lambda v: v[-4:].mean())])
                others = [other["correct"] for k, other in enumerate(plain) if k != place]
                targets = (float(sample["correct"]), float(np.mean(others)), float(_ends(sample, point)))
                yield each.record["family"], _template(each.record), features, scalars, state, targets


def _ends(sample: Record, point: int) -> bool:
    return sample["finish"] == "eos" and think_length(sample) <= 2 * point


def _template(record: Record) -> str:
    return f"{record['family']}/{record['template'] or record['question_id']}"


def held_out(features: Floats, hidden: int, shares: Floats, groups: npt.NDArray[np.str_]) -> Floats:
    """[n, m] chances of questions left out by template, the settings searched within each fold."""
    found = np.zeros_like(shares)
    for train, test in folds_of(groups, 5):
        inner = folds_of(groups[train], 3)
        losses = [
            sum(_loss(features[train], shares[train], hidden, setting, fold) for fold in inner) for setting in GRID
        ]
        found[test] = _predicted(features, shares, hidden, GRID[int(np.argmin(losses))], train, test)
    return found


def _loss(features: Floats, shares: Floats, hidden: int, settings: Settings, fold: Fold) -> float:
    train, test = fold
    return float(log_loss(_predicted(features, shares, hidden, settings, train, test), shares[test]).sum())


def _predicted(
    features: Floats, shares: Floats, hidden: int, settings: Settings, train: Sequence[int], test: Sequence[int]
) -> Floats:
    reducer = fit_reducer(features[train], hidden, settings.components)
    head = fit_shares(reducer.apply(features[train]), shares[train], settings.c)
    chance: Floats = sigmoid(head.logits(reducer.apply(features[test])))
    return chance


def measured(seen: Sequence[Seen], parts: Parts, point: int) -> dict[str, Any]:
    """What thought and state add to the prompt at one point."""
    families, templates, prompt, scalars, state, targets = zip(*rows_at(seen, parts, point), strict=True)
    family, group, shares = np.array(families), np.array(templates), np.array(targets)
    known, sure, states = np.array(prompt), np.array(scalars), np.array(state)
    size = states.shape[1]
    arms = {
        "prompt": held_out(known, size, shares, group),
        "and log-probabilities": held_out(np.hstack([known, sure]), size, shares, group),
        "and state": held_out(np.hstack([known[:, :size], states, known[:, size:], sure]), 2 * size, shares, group),
    }
    found: dict[str, Any] = {"n": len(group), "templates": len(set(group)), "families": len(set(family))}
    for column, target in enumerate(TARGETS):
        share = shares[:, column]
        losses = {arm: log_loss(chance[:, column], share) for arm, chance in arms.items()}
        ranks = {arm: auroc_within(chance[:, column], share, family) for arm, chance in arms.items()}
        found[target] = {
            "level": float(share.mean()),
            "log_loss": {arm: float(loss.mean()) for arm, loss in losses.items()},
            "saved": {arm: asdict(mean_of(losses["prompt"] - loss, group)) for arm, loss in losses.items()},
            "saved_beyond_logprobs": asdict(mean_of(losses["and log-probabilities"] - losses["and state"], group)),
            "auroc": {arm: macro(values).mean for arm, values in ranks.items()},
            "auroc_gain": {arm: asdict(paired(ranks["prompt"], values)) for arm, values in ranks.items()},
        }
    return found


def main() -> None:
    """Print what is found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, nargs="+")
    parser.add_argument("-m", "--model", default="abacus")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    parts = load_parts(
        given.model, engine="auto", threads=1, device="cpu", profiles_dir=None, prompts=PromptOptions(),
        clock=time.perf_counter,
    )  # fmt: skip
    try:
        recorded = read_questions(given.records)
        seen = look_again(recorded, parts)
        with threadpool_limits(1):
            found = {f"after {point}": measured(seen, parts, point) for point in POINTS}
    finally:
        parts.engine.close()
    text = json.dumps({"source": recorded.header, **found}, indent=1)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
