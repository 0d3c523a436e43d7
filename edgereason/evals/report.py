"""What a run's records come to: accuracy, lateness, time and tokens, over all and by group.

In: Report, made from request records alone, as JSON and as a table. Not in: asking (runner), statistics (intervals),
printing (the command).
Invariant: a report carries the provenance of its records, and every share its n and interval.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgereason.intervals import Proportion, Quantiles, clopper_pearson, quantiles, wilson
from edgereason.protocols import Record
from edgereason.records import Provenance

GROUPED_BY = ("family", "band", "template")
SHOWN = ("family", "band")  # templates are many, with few items each: they are in the JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The items that share a label."""

    by: str
    name: str
    accuracy: Proportion
    late: int
    elapsed_s: Quantiles | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run in numbers. Unanswered and failed items count as wrong.

    accuracy          right, late or not; Wilson interval
    accuracy_in_time  right and not late; the same as `accuracy` without a deadline
    late              of the items with a deadline, exact interval; None without a deadline
    elapsed_s, tokens per item, all rows together; tokens are generated ones
    """

    provenance: Provenance
    n: int
    accuracy: Proportion
    accuracy_in_time: Proportion
    late: Proportion | None
    unanswered: int
    errors: Mapping[str, int]
    finishes: Mapping[str, int]
    elapsed_s: Quantiles | None
    tokens: Quantiles | None
    groups: tuple[Group, ...]
    interrupted: bool = False

    def to_json(self) -> str:
        """One line of JSON that begins with the provenance; every share with its n and interval."""
        values = {name: _json_value(getattr(self, name)) for name in _NAMES if name != "provenance"}
        return json.dumps({"provenance": self.provenance.to_record(), **values})

    def to_text(self) -> str:
        """A plain table for people."""
        return "\n".join([*_summary(self), *_group_table([group for group in self.groups if group.by in SHOWN])])


_NAMES = tuple(field.name for field in dataclasses.fields(Report))


def report_of(records: Sequence[Record], source: Provenance, *, interrupted: bool = False) -> Report:
    """The report of request records that share a provenance."""
    with_deadline = [record for record in records if record["deadline_s"] is not None]
    return Report(
        provenance=dataclasses.replace(source, n=len(records)),
        n=len(records),
        accuracy=_share(records),
        accuracy_in_time=wilson(sum(_is_right(record) and not _is_late(record) for record in records), len(records)),
        late=clopper_pearson(sum(map(_is_late, with_deadline)), len(with_deadline)) if with_deadline else None,
        unanswered=sum(record["answer"] is None for record in records),
        errors=_counts(record["error"].partition(":")[0] for record in records if record["error"]),
        finishes=_counts(record["finish"] for record in records),
        elapsed_s=quantiles([record["elapsed_s"] for record in records]),
        tokens=quantiles([record["usage"]["completion_tokens"] for record in records]),
        groups=tuple(group for by in GROUPED_BY for group in _groups(records, by)),
        interrupted=interrupted,
    )


def _groups(records: Sequence[Record], by: str) -> list[Group]:
    """One group for each value of a label, by name; none where there is one value only."""
    members: dict[str, list[Record]] = {}
    for record in records:
        members.setdefault(record[by], []).append(record)
    if len(members) < 2:
        return []
    return [
        Group(
            by=by,
            name=name or "(none)",
            accuracy=_share(group),
            late=sum(map(_is_late, group)),
            elapsed_s=quantiles([record["elapsed_s"] for record in group]),
        )
        for name, group in sorted(members.items())
    ]


def _share(records: Sequence[Record]) -> Proportion:
    """How many are right."""
    return wilson(sum(map(_is_right, records)), len(records))


def _is_right(record: Record) -> bool:
    """Whether the answer was right."""
    return record["correct"] is True


def _is_late(record: Record) -> bool:
    """Whether there was a deadline and the answer came after it."""
    return record["deadline_met"] is False


def _counts(values: Iterable[str]) -> dict[str, int]:
    """How often each value occurs, the most frequent first."""
    return dict(Counter(values).most_common())


def _json_value(value: object) -> object:
    """Shares and spreads as objects, a share with its value spelled out."""
    if isinstance(value, Proportion):
        return {"share": value.share if value.n else None, **dataclasses.asdict(value)}
    if isinstance(value, (Group, Quantiles)):
        return {field.name: _json_value(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_json_value(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


# ---------------------------------------------------------------- the table


def _summary(report: Report) -> list[str]:
    """The lines over all items."""
    model, settings = report.provenance.model, report.provenance.settings
    rows = [
        ("task", f"{settings.get('task', '?')}, n = {report.n}" + (" (interrupted)" if report.interrupted else "")),
        ("model", f"{model.name} on {report.provenance.engine}, {report.provenance.device}"),
        ("right", _said(report.accuracy)),
    ]
    if report.late is not None:
        rows += [("right in time", _said(report.accuracy_in_time)), ("late", _said(report.late))]
    rows += [("no answer", str(report.unanswered))] if report.unanswered else []
    rows += [("failed", ", ".join(f"{count} {name}" for name, count in report.errors.items()))] if report.errors else []
    rows += [("finish", ", ".join(f"{count} {name}" for name, count in report.finishes.items()))]
    if report.elapsed_s is not None and report.tokens is not None:
        rows += [("seconds", _spread(report.elapsed_s, "{:.3f}")), ("tokens", _spread(report.tokens, "{:.0f}"))]
    return [f"{name:<14} {value}" for name, value in rows]


def _group_table(groups: Sequence[Group]) -> list[str]:
    """The lines by group; none without groups."""
    if not groups:
        return []
    width = max(len(group.name) for group in groups)
    lines = ["", f"{'':<9} {'':<{width}} {'n':>5}  {'right':>6}  {'95 %':>13}  {'late':>4}  {'median s':>8}"]
    for group in groups:
        share = group.accuracy
        median_s = group.elapsed_s.median if group.elapsed_s else float("nan")
        lines.append(
            f"{group.by:<9} {group.name:<{width}} {share.n:>5}  {share.share:>6.3f}  "
            f"{share.low:.3f} - {share.high:.3f}  {group.late:>4}  {median_s:>8.3f}"
        )
    return lines


def _said(share: Proportion) -> str:
    """A share in words."""
    if not share.n:
        return "nothing asked"
    return f"{share.count} of {share.n} = {share.share:.3f} ({share.level:.0%}: {share.low:.3f} to {share.high:.3f})"


def _spread(spread: Quantiles, form: str) -> str:
    """A spread in words."""
    values = (form.format(value) for value in (spread.median, spread.p90, spread.p99, spread.most))
    return "median {}, 90 % {}, 99 % {}, most {}".format(*values)
