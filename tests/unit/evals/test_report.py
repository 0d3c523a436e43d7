"""Laws of reports: what is counted, and what they say."""

from __future__ import annotations

import json
from typing import Any

from edgereason.evals.report import report_of
from edgereason.intervals import clopper_pearson, wilson
from edgereason.records import Provenance
from edgereason.types import ModelInfo

SOURCE = Provenance(
    command="edgereason eval sums",
    date="2026-01-02T03:04:05+00:00",
    device="a machine; cpu",
    engine="fake",
    engine_version="1",
    model=ModelInfo(name="tiny", lineage="l", file="f"),
    seed=0,
    n=100,
    settings={"task": "sums", "deadline_s": 1.0},
)


def record(number: int, **changes: Any) -> dict[str, Any]:
    """A right answer in time, after `number` seconds, unless changed."""
    return {
        "answer": "4",
        "correct": True,
        "deadline_s": 10.0,
        "deadline_met": True,
        "elapsed_s": float(number),
        "finish": "complete",
        "error": None,
        "usage": {"completion_tokens": 10 * number},
        "family": "sums",
        "band": "easy",
        "template": "plain",
        **changes,
    }


RECORDS = [
    record(1),
    record(2, band="hard", correct=False),
    record(3, band="hard", deadline_met=False),
    record(4, band="hard", correct=False, answer=None, error="EngineError: broke: badly", finish="abstained"),
]


def test_late_answers_count_once_as_right_and_once_as_wrong() -> None:
    """Accuracy ignores the clock, accuracy in time does not; both are over all items."""
    report = report_of(RECORDS, SOURCE)

    assert (report.accuracy, report.accuracy_in_time) == (wilson(2, 4), wilson(1, 4))
    assert report.late == clopper_pearson(1, 4)


def test_failures_and_missing_answers_are_counted() -> None:
    """They are wrong, and said."""
    report = report_of(RECORDS, SOURCE)

    assert (report.unanswered, report.errors, report.finishes) == (
        1, {"EngineError": 1}, {"complete": 3, "abstained": 1},
    )  # fmt: skip


def test_without_deadline_nothing_is_late() -> None:
    """No deadline: no share of late answers, and no line about it."""
    report = report_of([record(1, deadline_s=None, deadline_met=None)], SOURCE)

    assert report.late is None
    assert report.accuracy == report.accuracy_in_time
    assert "late" not in report.to_text()


def test_time_and_tokens_are_spread_over_items() -> None:
    """Median and maximum of seconds and generated tokens."""
    report = report_of(RECORDS, SOURCE)

    assert report.elapsed_s is not None
    assert report.tokens is not None
    assert (report.elapsed_s.median, report.elapsed_s.most, report.tokens.median, report.n) == (2.5, 4.0, 25.0, 4)


def test_groups_part_the_items() -> None:
    """Each label with several values is a table whose counts add up; a label with one value is none."""
    report = report_of(RECORDS, SOURCE)
    found = {(group.by, group.name): (group.accuracy.count, group.accuracy.n, group.late) for group in report.groups}

    assert found == {("band", "easy"): (1, 1, 0), ("band", "hard"): (1, 3, 1)}


def test_json_carries_the_provenance_of_what_was_done() -> None:
    """One line; the header is the run's with the n that was reached; shares have value, n and interval."""
    line = report_of(RECORDS, SOURCE, interrupted=True).to_json()
    values = json.loads(line)

    assert "\n" not in line
    assert values["provenance"] == {**SOURCE.to_record(), "n": 4}
    assert values["accuracy"] == {
        "share": 0.5, "count": 2, "n": 4, "low": wilson(2, 4).low, "high": wilson(2, 4).high, "level": 0.95,
    }  # fmt: skip
    assert values["groups"][1]["elapsed_s"]["median"] == 3.0
    assert values["interrupted"] is True


def test_text_says_share_n_and_interval_and_groups() -> None:
    """The table names the task, each share with its counts, failures, and a line for each group."""
    text = report_of(RECORDS, SOURCE, interrupted=True).to_text()

    assert "sums, n = 4 (interrupted)" in text
    assert "2 of 4 = 0.500 (95%: 0.150 to 0.850)" in text
    assert "1 of 4 = 0.250" in text
    assert "1 EngineError" in text
    assert "median 2.500" in text
    assert [line.split()[:4] for line in text.splitlines()[-2:]] == [
        ["band", "easy", "1", "1.000"], ["band", "hard", "3", "0.333"],
    ]  # fmt: skip


def test_templates_are_in_the_json_alone() -> None:
    """A table of many templates with a few items each would say little."""
    report = report_of([record(1, template="one"), record(2, template="two")], SOURCE)

    assert [group.name for group in report.groups] == ["one", "two"]
    assert "one" not in report.to_text()


def test_empty_report_is_sayable() -> None:
    """A run ended before its first answer still has a report."""
    report = report_of([], SOURCE, interrupted=True)

    assert (report.n, report.elapsed_s, report.late) == (0, None, None)
    assert "nothing asked" in report.to_text()
    assert json.loads(report.to_json())["accuracy"]["share"] is None
