"""What a difficulty probe saves: tokens and accuracy beside fixed budgets, early stops and DiffAdapt's classes.

    python benchmarks/probe_tokens.py PROBE --tune TUNE --judge JUDGE --out benchmarks/results/probe_tokens.json

PROBE is a folder of `edgereason probe train`; the records are of `edgereason probe collect`. Every choice (the fixed
budget, thresholds, the probe's rule) is made on the questions of --tune and judged on those of --judge, which the probe
must not have been fitted on. The fixed budget is the cheapest (rows, think tokens) within half a point of the best one;
each way of spending is the cheapest of its kind that is at least as accurate on --tune (less --slack). Rows up to half
of the samples of the file that has fewer. Generated tokens are thoughts up to where they end or are closed, and
answers; ways that look at the direct answer pay for it. Must hold: the best way with the probe generates at least 30 %
fewer tokens than the fixed budget and is at most one point less accurate, both by the 95 % interval over templates.
Exit code 1 where it does not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from parts import usual_parts
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from edgereason.errors import RecordError
from edgereason.evals.ballots import Floats, Ints, Stop, Votes, beside, outcome, votes_of
from edgereason.evals.states import Recorded, look_again, points_of, read_questions
from edgereason.loading import Parts
from edgereason.probing.artifact import read_probe
from edgereason.probing.build import question_number
from edgereason.probing.curve import CurveProbe, check_fits
from edgereason.probing.features import vector
from edgereason.profiling.device import device_name
from edgereason.records import provenance
from edgereason.types import LABELS

WITHIN = 0.005  # of the best fixed budget's accuracy
LEAST_SAVED, MOST_LOST = 0.30, 0.01
ALL = Stop(kind="all")
EARLY = (
    Stop(kind="decided"),
    *(Stop(kind="esc", value=value) for value in (2, 3, 4)),
    *(Stop(kind="adaptive", value=value) for value in (0.8, 0.9, 0.95)),
)
SURE = tuple(
    Stop(kind="sure", value=value) for value in (0.9, 0.99, 0.999, 0.9997, 0.9999, 0.99997, 0.99999, 0.999997, 0.999999)
)
THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)  # of the direct answer's mean probability
TOLERANCES = (0.0, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08)
PRICES = tuple(float(x) for x in np.geomspace(1e-6, 3e-3, 22))  # of a token, in accuracy
BINS = 12
KINDS = ("probe", "early")  # how the names of ways begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The questions of one file: their votes, and what the probe says of each.

    chance [n, T + 1]: right if closed there, place 0 without thought; think [n, T]: expected think tokens of a row;
    label [n]; hidden [n, d]; share, entropy [n]: of the samples, for DiffAdapt's labels; templates [n].
    """

    votes: Votes
    chance: Floats
    think: Floats
    label: Ints
    hidden: Floats
    share: Floats
    entropy: Floats
    templates: Any
    fitted_on: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way of spending: the budget (place of the think tokens, rows) [n] of each question of a side, and the stop."""

    name: str
    budgets: Callable[[Side], tuple[Ints, Ints]]
    stop: Stop = ALL
    sees_direct: bool = False

    def on(self, side: Side) -> tuple[Floats, Floats]:
        """(right, tokens) [n, R]."""
        point, rows = self.budgets(side)
        right, tokens = outcome(side.votes, point, rows, self.stop)
        paid = self.sees_direct * side.votes.direct_tokens[:, None] * (rows > 0)[:, None]
        return right, tokens + paid


def main() -> None:
    """Choose, judge, print; the exit code says whether it holds."""
    given = parsed()
    with parts_of(given.model, given.engine) as parts:
        probe = CurveProbe(read_probe(given.probe), given.probe.name)
        check_fits(probe.file, parts.model, parts.engine)
        recorded = [read_questions(paths) for paths in (given.tune, given.judge)]
        most_rows = min(len(plain_of(record)) // 2 for each in recorded for record in each.records)
        known, judged = (side_of(each, parts, probe, most_rows) for each in recorded)
        header = header_of(parts, recorded[1], given)
    if judged.fitted_on:
        raise RecordError(f"{judged.fitted_on} of the questions that judge were fitted on.", hint="Record others.")
    points = probe.file.points
    ways = chosen(known, points, probe, given.slack)
    fixed = ways[0].on(judged)
    rows = [row_of(way, known, judged, fixed) for way in ways]
    least = float(ways[0].on(known)[0].mean()) - given.slack
    best = {kind: cheapest([way for way in ways if way.name.startswith(kind)], known, least) for kind in KINDS}
    against = beside(best["probe"].on(judged), best["early"].on(judged), judged.templates)
    row = next(row for row in rows if row["name"] == best["probe"].name)
    found = {
        "provenance": header,
        "n": len(judged.templates),
        "templates": len(set(judged.templates)),
        "tuned_on": len(known.templates),
        "tuned_on_fitted_questions": known.fitted_on,
        "ways": rows,
        "best": {kind: way.name for kind, way in best.items()},
        "probe_beside_early": asdict(against),
        "beats_early": bool(against.saved[1] > 0 and against.right_less[1] >= -MOST_LOST),
        "holds": bool(row["saved"][1] >= LEAST_SAVED and row["right_less"][1] >= -MOST_LOST),
    }
    print(text_of(found))
    print(json.dumps({name: found[name] for name in ("n", "best", "probe_beside_early", "beats_early", "holds")}))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(0 if found["holds"] else 1)


def row_of(way: Way, known: Side, judged: Side, fixed: tuple[Floats, Floats]) -> dict[str, Any]:
    """What a way comes to, beside the fixed budget, and what it came to where it was chosen."""
    found = {name: [float(values.mean()) for values in way.on(side)] for name, side in (("", judged), ("tuned", known))}
    right, tokens = found[""]
    tuned = dict(zip(("right", "tokens"), found["tuned"], strict=True))
    compared = asdict(beside(way.on(judged), fixed, judged.templates))
    return {"name": way.name, "right": right, "tokens": tokens, **compared, "tuned": tuned}


def parsed() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("probe", type=Path)
    parser.add_argument("--tune", type=Path, nargs="+", required=True)
    parser.add_argument("--judge", type=Path, nargs="+", required=True)
    parser.add_argument("--model", default="abacus")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--slack", type=float, default=0.0, help="accuracy that ways may lose on --tune (default 0)")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


@contextlib.contextmanager
def parts_of(model: str, engine: str) -> Iterator[Parts]:
    """The model, closed in the end."""
    parts = usual_parts(model, engine)
    try:
        yield parts
    finally:
        parts.engine.close()


# ---------------------------------------------------------------- what is known of each question


def side_of(recorded: Recorded, parts: Parts, probe: CurveProbe, most_rows: int) -> Side:
    """The questions of a file that have all evidence."""
    points = points_of(recorded)
    if points != probe.file.points:
        raise RecordError(f"The records have cuts at {points}, the probe has {probe.file.points}.")
    seen = [each for each in look_again(recorded, parts) if vector(each.evidence) is not None]
    records = [each.record for each in seen]
    features = np.array([vector(each.evidence) for each in seen])
    outputs, bins = probe.outputs(features), len(points)
    still_open = np.column_stack([np.ones(len(seen)), 1 - outputs[:, bins + 1 : 2 * bins + 1]])
    steps = np.diff((0, *points))
    return Side(
        votes=votes_of(records, points, most_rows=most_rows),
        chance=outputs[:, : bins + 1],
        think=((still_open[:, :-1] + still_open[:, 1:]) / 2 * steps).cumsum(axis=1),
        label=outputs[:, -4:-1].argmax(axis=1),
        hidden=np.array([np.asarray(each.evidence.hidden, float) for each in seen]),
        share=np.array([np.mean([s["correct"] for s in plain_of(record)]) for record in records]),
        entropy=np.array([np.mean([mean_entropy(s) for s in plain_of(record)]) for record in records]),
        templates=np.array([f"{r['family']}/{r['template'] or r['question_id']}" for r in records]),
        fitted_on=sum(question_number(record["question_id"]) in probe.file.questions for record in records),
    )


def plain_of(record: Any) -> list[Any]:
    """The plain samples."""
    return [sample for sample in record["samples"] if sample["arm"] == "plain"]


def mean_entropy(sample: Any) -> float:
    """Of the sampled tokens, in nats."""
    return float(np.mean([e for e, forced in zip(sample["entropies"], sample["forced"], strict=True) if not forced]))


# ---------------------------------------------------------------- ways of spending, chosen on one side


def chosen(known: Side, points: Sequence[int], probe: CurveProbe, slack: float) -> list[Way]:
    """The ways, the fixed budget first."""
    places = [(point, rows) for rows in range(1, known.votes.width + 1) for point in range(len(points))]
    singles = [fixed_way(place, rows, points) for place, rows in places]
    accuracy = [float(way.on(known)[0].mean()) for way in singles]
    enough = [way for way, right in zip(singles, accuracy, strict=True) if right >= max(accuracy) - WITHIN]
    fixed = min(enough, key=lambda way: float(way.on(known)[1].mean()))
    least = float(fixed.on(known)[0].mean()) - slack
    place, rows = (int(values[0]) for values in fixed.budgets(known))
    far = [each for each in places if points[each[0]] >= points[place] / 4]
    gains = vote_gains(known)

    def best_of(name: str, found: Iterable[Way]) -> Way:
        way = cheapest(list(found), known, least)
        return Way(name=f"{name}: {way.name}", budgets=way.budgets, stop=way.stop, sees_direct=way.sees_direct)

    def early(stops: Iterable[Stop]) -> Iterator[Way]:
        for stop in stops:
            yield from (fixed_way(p, k, points, stop) for p, k in far)

    return [
        Way(name=f"fixed: {fixed.name}", budgets=fixed.budgets),
        best_of("fixed, the most accurate", [singles[int(np.argmax(accuracy))]]),
        best_of("early, decided", early(EARLY[:1])),
        best_of("early, ESC", early(EARLY[1:4])),
        best_of("early, adaptive consistency", early(EARLY[4:])),
        best_of("early, confidence of the first answer", early(SURE)),
        best_of("early, confidence of the direct answer", (
            direct_way(p, k, points, stop, least_sure)
            for p, k in far for stop in (ALL, *EARLY) for least_sure in THRESHOLDS
        )),
        label_way(points, probe, ALL),
        label_way(points, probe, Stop(kind="decided")),
        *(best_of(f"probe, {name}", (
            curve_way(kind, value, gains, points, stop) for stop in stops for kind, values in RULES for value in values
        )) for name, stops in (("curve", (ALL,)), ("curve and early stop", (*EARLY, *SURE)))),
        diffadapt(known, place, rows, points),
    ]  # fmt: skip


RULES = (("tolerance", TOLERANCES), ("price", PRICES))


def cheapest(ways: Sequence[Way], known: Side, least: float) -> Way:
    """The one with the fewest tokens that is accurate enough on this side; else the most accurate."""
    found = [tuple(float(values.mean()) for values in way.on(known)) for way in ways]
    enough = [k for k, (right, _) in enumerate(found) if right >= least - 1e-9]
    if enough:
        return ways[min(enough, key=lambda k: found[k][1])]
    return ways[max(range(len(ways)), key=lambda k: found[k][0])]


def fixed_way(place: int, rows: int, points: Sequence[int], stop: Stop = ALL) -> Way:
    """The same budget for all."""

    def budgets(side: Side) -> tuple[Ints, Ints]:
        n = len(side.templates)
        return np.full(n, place), np.full(n, rows)

    return Way(name=f"{rows} x {points[place]}" + ("" if stop == ALL else f", {stop}"), budgets=budgets, stop=stop)


def direct_way(place: int, rows: int, points: Sequence[int], stop: Stop, threshold: float) -> Way:
    """The direct answer where it is sure enough, else one budget."""

    def budgets(side: Side) -> tuple[Ints, Ints]:
        is_sure = side.votes.direct_sure >= threshold
        return np.full(len(is_sure), place), np.where(is_sure, 0, rows)

    return Way(
        name=f"{threshold:g}, else {rows} x {points[place]}, {stop}", budgets=budgets, stop=stop, sees_direct=True
    )


def label_way(points: Sequence[int], probe: CurveProbe, stop: Stop) -> Way:
    """The probe's label, and the profile that goes with it."""
    facts = [probe.file.profiles[label] for label in LABELS]
    near = [int(np.abs(np.log(points) - np.log(max(1, each["think_tokens"]))).argmin()) for each in facts]

    def budgets(side: Side) -> tuple[Ints, Ints]:
        rows = np.minimum([each["rows"] for each in facts], side.votes.width)
        return np.array(near)[side.label], rows[side.label]

    said = ", ".join(f"{each['rows']} x {points[k]}" for each, k in zip(facts, near, strict=True))
    return Way(name=f"probe, label: {said}, {stop}", budgets=budgets, stop=stop, sees_direct=True)


def vote_gains(known: Side) -> tuple[Floats, Floats]:
    """(predicted chance [B], share right of a vote [B, K]) in bins of equally many (question, point) pairs."""
    chance = known.chance[:, 1:].ravel()
    right = known.votes.right.mean(axis=1).reshape(len(chance), -1)
    parts = np.array_split(np.argsort(chance, kind="stable"), BINS)
    return np.array([chance[part].mean() for part in parts]), np.array([right[part].mean(axis=0) for part in parts])


def curve_way(kind: str, value: float, gains: tuple[Floats, Floats], points: Sequence[int], stop: Stop) -> Way:
    """By the question's own curve: the cheapest budget within a tolerance of the predicted best, or the best buy."""

    def budgets(side: Side) -> tuple[Ints, Ints]:
        n = len(side.think)
        widths = np.arange(1, side.votes.width + 1)
        single = side.chance[:, 1:]
        above = [np.interp(single, gains[0], gains[1][:, k] - gains[1][:, 0]) for k in range(len(widths))]
        right = np.stack([single + more for more in above], axis=2)  # [n, T, K]
        tokens = side.think[:, :, None] * widths
        right = np.column_stack([side.chance[:, :1], right.reshape(n, -1)])
        tokens = np.column_stack([np.zeros(n), tokens.reshape(n, -1)])
        if kind == "tolerance":
            allowed = right >= right.max(axis=1, keepdims=True) - value
            place = np.where(allowed, tokens, np.inf).argmin(axis=1)
        else:
            place = (right - value * tokens).argmax(axis=1)
        cell = np.maximum(place - 1, 0)
        return cell // len(widths), np.where(place == 0, 0, cell % len(widths) + 1)

    return Way(name=f"{kind} {value:.2g}, {stop}", budgets=budgets, stop=stop, sees_direct=True)


def diffadapt(known: Side, place: int, rows: int, points: Sequence[int]) -> Way:
    """DiffAdapt (arXiv 2510.19669): an MLP on the hidden state, classes by the samples' accuracy and mean entropy.

    Normal if accuracy >= a and entropy <= b; hard if accuracy < c; else easy. Budgets .4, 1 and .5 of the fixed one's
    think tokens, with its rows. Its authors set a, b, c by eye; here they are the cheapest of a small grid whose
    labels are within a point of the fixed budget's accuracy on the tuning records. Its prompts and temperatures are not
    varied.
    """
    near = [int(np.abs(np.log(points) - np.log(share * points[place])).argmin()) for share in (0.4, 1.0, 0.5)]
    least = float(fixed_way(place, rows, points).on(known)[0].mean()) - 0.01

    def way(label: Callable[[Side], Ints]) -> Way:
        said = ", ".join(f"{rows} x {points[k]}" for k in near)
        return Way(name=f"DiffAdapt: {said}", budgets=lambda side: (
            np.array(near)[label(side)], np.full(len(side.templates), rows)
        ))  # fmt: skip

    labels = []
    for a in (0.5, 0.75, 0.9):
        for b in np.quantile(known.entropy, (0.25, 0.5, 0.75)):
            for c in (0.1, 0.25, 0.5):
                is_normal = (known.share >= a) & (known.entropy <= b)
                labels.append(np.where(is_normal, 1, np.where(known.share < c, 2, 0)))
    ways = [way(lambda side, each=each: each) for each in labels]  # type: ignore[misc]
    label = labels[ways.index(cheapest(ways, known, least))]
    scaler = StandardScaler().fit(known.hidden)
    model = MLPClassifier(hidden_layer_sizes=(64,), max_iter=100, early_stopping=True, random_state=0)
    model.fit(scaler.transform(known.hidden), label)
    return way(lambda side: model.predict(scaler.transform(side.hidden)))


# ---------------------------------------------------------------- out


def header_of(parts: Parts, recorded: Recorded, given: argparse.Namespace) -> dict[str, Any]:
    """Where the numbers come from."""
    info = parts.engine.info
    settings = {"probe": given.probe.name, "slack": given.slack, "recorded": recorded.header["settings"]}
    for name in ("tune", "judge"):
        settings[name] = [path.name for path in getattr(given, name)]
    return provenance(
        device=f"{device_name()}; {info.device}", engine=info.name, engine_version=info.version, model=parts.model,
        seed=0, n=len(recorded.records), settings=settings,
    ).to_record()  # fmt: skip


def text_of(found: dict[str, Any]) -> str:
    """The table."""
    lines = ["| way | right | less fixed [95 %] | tokens | saved [95 %] |", "|---|---|---|---|---|"]
    for row in found["ways"]:
        less, saved = row["right_less"], row["saved"]
        lines.append(
            f"| {row['name']} | {row['right']:.4f} | {less[0]:+.4f} [{less[1]:+.4f}, {less[2]:+.4f}] "
            f"| {row['tokens']:.1f} | {saved[0]:+.1%} [{saved[1]:+.1%}, {saved[2]:+.1%}] |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
