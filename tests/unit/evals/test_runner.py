"""Laws of a run: what is asked, what is kept, how it goes on and how it ends."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from edgereason.errors import (
    ClosedError,
    ConfigError,
    ContextLengthError,
    DeadlineError,
    EngineError,
    ModelNotFoundError,
    QuestionError,
    RecordError,
)
from edgereason.evals.runner import item_seed, run
from edgereason.evals.tasks import Item, Task
from edgereason.records import read_header, read_records, rollout_of
from edgereason.testing import FakeClock
from edgereason.types import EngineInfo, ModelInfo, Result, Usage

TASK = Task(
    name="sums",
    fingerprint="v1",
    items=tuple(
        Item(id=f"q{i}", question=f"{i} + 1 = ?", target=str(i + 1), family="sums", band=("easy", "hard")[i % 2])
        for i in range(6)
    ),
)


class Adder:
    """A reasoner that really adds, in a time of its own choosing; `trouble` is asked before each answer."""

    model = ModelInfo(name="adder", lineage="none", file="none")
    engine_info = EngineInfo(
        name="adder", version="1", device="cpu", vocab_size=1, hidden_size=1, num_layers=1, context=1
    )

    def __init__(self, trouble: Callable[[str], None] = lambda question: None, *, off_by: int = 0) -> None:
        self.trouble = trouble
        self.off_by = off_by
        self.asked: list[dict[str, Any]] = []

    def ask(self, question: str, *, deadline: float | None, profile: str, seed: int, choices: Sequence[str]) -> Result:
        """The sum; it takes as many seconds as the first number says."""
        self.asked.append({"question": question, "deadline": deadline, "profile": profile, "seed": seed})
        self.trouble(question)
        first, second = (int(word) for word in question.split() if word.isdigit())
        met = None if deadline is None else first <= deadline
        return self.result(str(first + second + self.off_by), float(first), deadline, met, seed)

    def result(
        self, answer: str | None, elapsed_s: float, deadline: float | None, met: bool | None, seed: int, **other: Any
    ) -> Result:
        """A whole result around an answer."""
        values: dict[str, Any] = {
            "answer": answer,
            "text": answer or "",
            "reasoning": "",
            "confidence": 0.5,
            "deadline_s": deadline,
            "elapsed_s": elapsed_s,
            "deadline_met": met,
            "load_s": 0.0,
            "finish": "complete",
            "difficulty": None,
            "plan": None,
            "usage": Usage(prompt_tokens=5, reasoning_tokens=0, completion_tokens=2),
            "rollouts": (),
            "model": self.model,
            "engine": "adder",
            "seed": seed,
        }
        return Result(**{**values, **other})


def fail_at(number: int, error: BaseException) -> Callable[[str], None]:
    """Trouble with one question only."""

    def trouble(question: str) -> None:
        if question.startswith(f"{number} "):
            raise error

    return trouble


def test_every_item_is_asked_once_with_the_runs_settings() -> None:
    """Question, deadline and profile reach the reasoner; each item has a seed of its own, the same in every run."""
    reasoner = Adder()
    report = run(TASK, reasoner, seed=3, deadline=9.0, profile="hard")

    assert [asked["question"] for asked in reasoner.asked] == [item.question for item in TASK.items]
    assert {(asked["deadline"], asked["profile"]) for asked in reasoner.asked} == {(9.0, "hard")}
    assert [asked["seed"] for asked in reasoner.asked] == [item_seed(3, i) for i in range(6)]
    assert len({asked["seed"] for asked in reasoner.asked}) == 6
    assert (report.n, report.accuracy.count, report.interrupted) == (6, 6, False)


def test_wrong_answers_are_wrong() -> None:
    """Accuracy counts canonical equality with the target."""
    report = run(TASK, Adder(off_by=1))

    assert (report.accuracy.count, report.accuracy.n) == (0, 6)


def test_answers_are_compared_by_canonical_form() -> None:
    """An equal value written otherwise is right."""
    items = tuple(dataclasses.replace(item, target=f"{item.target}.0") for item in TASK.items)

    assert run(dataclasses.replace(TASK, items=items), Adder()).accuracy.count == 6


@pytest.mark.parametrize("answer", [None, "", " . "])
def test_no_answer_is_never_right(answer: str | None) -> None:
    """Nothing, or nothing readable, is wrong even where the target reads as nothing."""

    class Silent(Adder):
        def ask(self, question: str, **options: Any) -> Result:
            """Nothing."""
            return self.result(answer, 0.1, None, None, 0)

    items = (dataclasses.replace(TASK.items[0], target="."),)

    assert run(dataclasses.replace(TASK, items=items), Silent()).accuracy.count == 0


def test_what_else_was_asked_for_stands_in_the_header_and_reaches_the_reasoner(
    reasoner: Callable[..., Any], tmp_path: Path
) -> None:
    """A strategy is part of what a run was; what was left to the reasoner is not, so that older files go on."""
    asked = reasoner({"\\boxed{": "5}<|im_end|>"})
    run(TASK, asked, n=1, out=tmp_path / "a.jsonl", further={"strategy": "esc", "price_per_second": None})
    run(TASK, asked, n=1, out=tmp_path / "b.jsonl", further={"strategy": "auto"})
    (record,) = read_records(tmp_path / "a.jsonl", "request")

    assert "esc" == record["plan"]["strategy"]
    assert "esc" == read_header(tmp_path / "a.jsonl")["settings"]["strategy"]
    assert {"strategy", "price_per_second"}.isdisjoint(read_header(tmp_path / "b.jsonl")["settings"])


def test_the_real_reasoner_is_judged(reasoner: Callable[..., Any], tmp_path: Path) -> None:
    """The runtime's Reasoner runs a task as it is: its model says 5 to everything, so one of six is right."""
    asked = reasoner({"\\boxed{": "5}<|im_end|>"})
    report = run(TASK, asked, seed=3, out=tmp_path / "r.jsonl")
    records = list(read_records(tmp_path / "r.jsonl"))

    assert (report.n, report.accuracy.count, report.errors) == (6, 1, {})
    assert [record["answer"] for record in records] == ["5"] * 6
    assert [record["seed"] for record in records] == [item_seed(3, i) for i in range(6)]
    assert all(rollout_of(rollout).canonical == "5" for record in records for rollout in record["rollouts"])
    assert all({"prefilled", "plan", "forced"} <= {e["event"] for e in r["trace"]["events"]} for r in records)


def test_n_takes_the_first_items() -> None:
    """Only the first n are asked."""
    assert run(TASK, Adder(), n=2).n == 2


def test_nothing_to_ask_is_refused() -> None:
    """A run of no items is an error, not an empty report."""
    with pytest.raises(ConfigError, match="nothing to ask"):
        run(TASK, Adder(), n=0)


def test_records_hold_what_came_back(tmp_path: Path) -> None:
    """One request record an item, with labels and target, under a header that says what was run."""
    out = tmp_path / "r.jsonl"
    run(TASK, Adder(), n=3, seed=3, deadline=1.5, out=out)
    records = list(read_records(out, "request"))

    assert [record["question_id"] for record in records] == ["q0", "q1", "q2"]
    expected = {
        "question": "2 + 1 = ?",
        "target": "3",
        "answer": "3",
        "canonical": "3",
        "correct": True,
        "elapsed_s": 2.0,
        "deadline_met": False,
        "band": "easy",
        "error": None,
    }
    assert expected == {name: records[2][name] for name in expected}
    header = read_header(out)
    assert header["settings"] == {"task": "sums", "items": "v1", "deadline_s": 1.5, "profile": "auto"}
    assert (header["engine"], header["seed"], header["model"]["name"]) == ("adder", 3, "adder")


def test_run_goes_on_where_it_was_ended(tmp_path: Path) -> None:
    """A second run asks only what is missing, and reports over all, as one run would have."""
    out = tmp_path / "r.jsonl"
    run(TASK, Adder(), n=2, deadline=3.0, out=out)
    reasoner = Adder()
    report = run(TASK, reasoner, deadline=3.0, out=out)
    whole = run(TASK, Adder(), deadline=3.0, out=tmp_path / "whole.jsonl")

    assert [asked["question"][0] for asked in reasoner.asked] == ["2", "3", "4", "5"]
    assert [asked["seed"] for asked in reasoner.asked] == [item_seed(0, i) for i in range(2, 6)]
    assert list(read_records(out)) == list(read_records(tmp_path / "whole.jsonl"))
    assert (report.n, report.accuracy, report.late) == (whole.n, whole.accuracy, whole.late)


@pytest.mark.parametrize(
    "other",
    [{"deadline": 2.0}, {"seed": 1}, {"profile": "hard"}, {"task": dataclasses.replace(TASK, fingerprint="v2")}],
)
def test_other_settings_need_another_file(tmp_path: Path, other: dict[str, Any]) -> None:
    """Records of different settings are never mixed, and nothing is asked for nothing."""
    out = tmp_path / "r.jsonl"
    run(TASK, Adder(), n=1, deadline=1.0, out=out)
    reasoner = Adder()

    with pytest.raises(RecordError, match="made otherwise"):
        run(**{"task": TASK, "reasoner": reasoner, "deadline": 1.0, "out": out, **other})
    assert reasoner.asked == []


@pytest.mark.parametrize(
    "error", [QuestionError("empty"), ContextLengthError("long"), EngineError("broke"), ZeroDivisionError("bug")]
)
def test_failure_of_one_question_is_a_record(tmp_path: Path, error: Exception) -> None:
    """The item counts as wrong and unanswered, its error is kept and counted, and the run goes on."""
    out, clock = tmp_path / "r.jsonl", FakeClock()
    report = run(TASK, Adder(fail_at(2, error)), deadline=9.0, out=out, clock=clock)
    record = list(read_records(out))[2]

    assert (record["error"], record["answer"], record["correct"], record["finish"]) == (
        f"{type(error).__name__}: {error}", None, False, "abstained",
    )  # fmt: skip
    assert (report.n, report.accuracy.count, report.unanswered) == (6, 5, 1)
    assert report.errors == {type(error).__name__: 1}


def test_failed_question_is_asked_again(tmp_path: Path) -> None:
    """Going on with a file retries what failed, and the later record counts."""
    out = tmp_path / "r.jsonl"
    run(TASK, Adder(fail_at(2, EngineError("broke"))), out=out)
    reasoner = Adder()
    report = run(TASK, reasoner, out=out)

    assert [asked["question"][0] for asked in reasoner.asked] == ["2"]
    assert (report.n, report.accuracy.count, report.errors) == (6, 6, {})
    assert run(TASK, Adder(), out=out).accuracy.count == 6


def test_failure_has_the_time_it_took() -> None:
    """A question that failed after its deadline is late."""
    clock = FakeClock()

    def trouble(question: str) -> None:
        clock.advance(2.0)
        raise EngineError("broke")

    report = run(TASK, Adder(trouble), n=1, deadline=1.0, clock=clock)

    assert report.late is not None
    assert report.elapsed_s is not None
    assert (report.late.count, report.elapsed_s.median) == (1, 2.0)


@pytest.mark.parametrize(
    "error", [ConfigError("profile"), DeadlineError("negative"), ModelNotFoundError("none"), ClosedError("closed")]
)
def test_what_would_fail_every_question_ends_the_run(tmp_path: Path, error: Exception) -> None:
    """A wrong setting or a missing model is raised, not recorded a thousand times."""
    with pytest.raises(type(error)):
        run(TASK, Adder(fail_at(1, error)), out=tmp_path / "r.jsonl")
    assert [record["question_id"] for record in read_records(tmp_path / "r.jsonl")] == ["q0"]


def test_interrupt_keeps_what_is_done_and_says_so(tmp_path: Path) -> None:
    """Ctrl-C ends the run with a report over the items before, and the file goes on later."""
    out = tmp_path / "r.jsonl"
    report = run(TASK, Adder(fail_at(3, KeyboardInterrupt())), out=out)

    assert (report.n, report.interrupted) == (3, True)
    assert run(TASK, Adder(), out=out).n == 6


def test_cancelled_request_ends_the_run_unrecorded(tmp_path: Path) -> None:
    """A request that was cancelled says nothing of its item: it is asked again next time."""

    class Cancelled(Adder):
        def ask(self, question: str, **options: Any) -> Result:
            """Cancelled at the third question."""
            done = super().ask(question, **options)
            return done if question[0] != "2" else self.result(None, 0.1, None, None, 0, finish="cancelled")

    report = run(TASK, Cancelled(), out=tmp_path / "r.jsonl")

    assert (report.n, report.interrupted) == (2, True)
    assert len(list(read_records(tmp_path / "r.jsonl"))) == 2


def test_should_stop_ends_the_run_between_items() -> None:
    """No question is asked after the caller said stop."""
    reasoner = Adder()
    report = run(TASK, reasoner, should_stop=lambda: len(reasoner.asked) >= 4)

    assert (len(reasoner.asked), report.n, report.interrupted) == (4, 4, True)


def test_progress_is_told_after_each_item(tmp_path: Path) -> None:
    """Kept items count as done; the newest record comes with the count."""
    told: list[tuple[int, int, str]] = []
    run(TASK, Adder(), n=2, out=tmp_path / "r.jsonl")
    run(
        TASK,
        Adder(),
        n=3,
        out=tmp_path / "r.jsonl",
        on_progress=lambda done, total, record: told.append((done, total, record["question_id"])),
    )

    assert told == [(1, 3, "q0"), (2, 3, "q1"), (3, 3, "q2")]


def test_full_file_is_reported_without_asking(tmp_path: Path) -> None:
    """A finished run is read, not repeated; even a stopped one reports all it has."""
    run(TASK, Adder(), out=tmp_path / "r.jsonl")
    reasoner = Adder()
    report = run(TASK, reasoner, out=tmp_path / "r.jsonl", should_stop=lambda: True)

    assert (reasoner.asked, report.n, report.interrupted) == ([], 6, False)


def test_report_is_the_same_from_memory_and_from_records(tmp_path: Path) -> None:
    """What was written and what is reported are the same numbers."""
    fresh = run(TASK, Adder(), deadline=3.0, out=tmp_path / "r.jsonl")
    again = run(TASK, Adder(), deadline=3.0, out=tmp_path / "r.jsonl")
    one, two = json.loads(fresh.to_json()), json.loads(again.to_json())
    for values in (one, two):
        del values["provenance"]["date"]

    assert one == two
