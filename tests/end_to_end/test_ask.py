"""`edgereason ask`, as a shell sees it: answer on standard output, exit code, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest

Run = Callable[..., "CompletedProcess[str]"]
QUESTION = "17 + 25 = ?"


def result_of(done: CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON object on standard output."""
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done
    shown = json.loads(lines[0])
    assert isinstance(shown, dict)
    return shown


def test_the_answer_alone_goes_to_standard_output(edgereason: Run) -> None:
    """One line on standard output; how it came about is on standard error; no escape codes in a pipe."""
    done = edgereason("ask", QUESTION, "--deadline", "5s")

    assert 0 == done.returncode, done.stderr
    assert 1 == len(done.stdout.splitlines())
    assert "of 5 s" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("17 + 25 = ?", "42"),
        ("6 * 7 = ?", "42"),
        ("Compute 30 + 12 - 5.", "37"),
        ("Tom has 12 apples. He buys 5 more. How many apples does Tom have?", "17"),
    ],
)
def test_easy_questions_are_answered_rightly(edgereason: Run, question: str, answer: str) -> None:
    """The bundled model reasons: these are not looked up anywhere."""
    done = edgereason("ask", question, "--deadline", "5s", "-q")

    assert (0, f"{answer}\n") == (done.returncode, done.stdout)


def test_generated_questions_are_mostly_answered_rightly(edgereason: Run) -> None:
    """Of forty easy chains never trained on, at least thirty are right; the card says nearly all."""
    done = edgereason("eval", "chain:easy", "-n", "40", "--seed", "77", "--profile", "easy", "--json", "-q")

    assert 30 <= json.loads(done.stdout)["accuracy"]["count"]


def test_quiet_leaves_standard_error_empty(edgereason: Run) -> None:
    """With -q nothing but the answer is printed."""
    done = edgereason("ask", QUESTION, "--deadline", "5s", "-q")

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.strip()


def test_hidden_reasoning_is_not_printed(edgereason: Run) -> None:
    """-R drops the reasoning and keeps the summary."""
    options = ("ask", QUESTION, "--profile", "normal", "--json")
    reasoning = result_of(edgereason(*options))["reasoning"].strip()
    shown = edgereason("ask", QUESTION, "--profile", "normal")
    hidden = edgereason("ask", QUESTION, "--profile", "normal", "-R")

    assert reasoning
    assert reasoning in shown.stderr
    assert reasoning not in hidden.stderr
    assert "profile normal" in hidden.stderr


def test_verbose_tells_plan_and_rows(edgereason: Run) -> None:
    """-v adds the model, the plan with its reason, and a line a row."""
    done = edgereason("ask", QUESTION, "--deadline", "5s", "-v")

    assert all(f"\n{word}" in "\n" + done.stderr for word in ("model abacus", "difficulty ", "plan ", "row "))


def test_json_has_the_documented_keys(edgereason: Run) -> None:
    """The object of the contract, with a deadline kept and consistent numbers."""
    shown = result_of(edgereason("ask", QUESTION, "--deadline", "5s", "--json", "--seed", "3"))

    documented = {
        "answer", "text", "reasoning", "confidence", "deadline_ms", "elapsed_ms", "deadline_met", "load_ms",
        "difficulty", "plan", "usage", "rollouts", "model", "engine", "seed", "notes",
    }  # fmt: skip
    assert documented <= shown.keys()
    assert {"label", "probabilities", "source", "in_distribution"} <= shown["difficulty"].keys()
    assert {"profile", "rows", "rounds", "answer_tokens", "predicted_ms", "bound_ms", "reason"} <= shown["plan"].keys()
    assert {"name", "lineage", "file"} == shown["model"].keys()
    assert {"answer", "finish", "tokens", "confidence"} <= shown["rollouts"][0].keys()
    assert (5000, True, "onnx", 3) == tuple(shown[key] for key in ("deadline_ms", "deadline_met", "engine", "seed"))
    assert 0 < shown["elapsed_ms"] <= 5000
    assert shown["usage"]["completion_tokens"] == sum(row["tokens"] for row in shown["rollouts"])
    assert any(row["answer"] == shown["answer"] for row in shown["rollouts"])


def test_a_dash_reads_the_question_from_standard_input(edgereason: Run) -> None:
    """The same question, the same answer, whichever way it comes."""
    piped = edgereason("ask", "-", "--profile", "direct", "-q", stdin=QUESTION)

    assert edgereason("ask", QUESTION, "--profile", "direct", "-q").stdout == piped.stdout


def test_the_same_seed_gives_the_same_rows(edgereason: Run) -> None:
    """Without a deadline a request is a function of question, options and seed."""
    first, second = (result_of(edgereason("ask", QUESTION, "--profile", "normal", "--json")) for _ in range(2))

    assert first["rollouts"] == second["rollouts"]
    assert first["answer"] == second["answer"]


def test_a_choice_is_answered_with_one_of_the_choices(edgereason: Run) -> None:
    """Votes count for given answers only."""
    done = edgereason("ask", QUESTION, "--choice", "41", "--choice", "42", "-q")

    assert done.stdout.strip() in ("41", "42")


def test_a_system_prompt_is_part_of_the_prompt(edgereason: Run) -> None:
    """More text, more prompt tokens."""
    plain, told = (
        result_of(edgereason("ask", QUESTION, "--json", "--profile", "direct", *more))
        for more in ((), ("--system", "Answer with a number."))
    )

    assert told["usage"]["prompt_tokens"] > plain["usage"]["prompt_tokens"]


def test_less_sure_than_asked_for_abstains(edgereason: Run) -> None:
    """Exit 3, nothing on standard output, and the reason on standard error."""
    done = edgereason("ask", "What is the capital of the moon?", "--min-confidence", "0.999999", "--profile", "direct")

    assert (3, "") == (done.returncode, done.stdout)
    assert "Abstained" in done.stderr


def test_one_millisecond_exits_124_and_names_the_shortest_feasible(edgereason: Run) -> None:
    """What cannot be done is said, with what could."""
    done = edgereason("ask", QUESTION, "--deadline", "1ms", "-q")
    shown = edgereason("ask", QUESTION, "--deadline", "1ms", "--json")

    assert (124, "", 124) == (done.returncode, done.stdout, shown.returncode)
    assert "the shortest feasible one is" in done.stderr
    assert None is result_of(shown)["answer"]
    assert 1 < result_of(shown)["shortest_feasible_ms"] < 60_000


def test_the_shortest_feasible_deadline_is_feasible(edgereason: Run) -> None:
    """A request with twice the time that was announced has an answer."""
    shortest_ms = result_of(edgereason("ask", QUESTION, "--deadline", "1ms", "--json"))["shortest_feasible_ms"]
    done = edgereason("ask", QUESTION, "--deadline", f"{2 * shortest_ms:.3f}ms", "-q")

    assert (0, True) == (done.returncode, bool(done.stdout.strip())), done.stderr


def test_ten_days_work(edgereason: Run) -> None:
    """A far deadline is no trouble."""
    done = edgereason("ask", QUESTION, "--deadline", "10d", "--profile", "easy", "--json")

    assert 864_000_000 == result_of(done)["deadline_ms"]
    assert 0 == done.returncode


@pytest.mark.parametrize(
    ("deadline", "said"),
    [
        ("0", "'0'"),
        ("0s", "'0s'"),
        ("-1s", "'-1s'"),
        ("nan", "'nan'"),
        ("inf", "'inf'"),
        ("5 parsecs", "'5 parsecs'"),
        ("2", "'2'"),
    ],
)
def test_a_bad_deadline_is_a_usage_error(edgereason: Run, deadline: str, said: str) -> None:
    """Exit 2 with the value and the legal form, before anything is loaded."""
    done = edgereason("ask", QUESTION, f"--deadline={deadline}")

    assert (2, "") == (done.returncode, done.stdout)
    assert said in done.stderr
    assert "250ms" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--profile", "eazy"), "'easy'"),
        (("--engine", "onxx"), "'onnx'"),
        (("--device", "cda"), "'cuda'"),
        (("--model", "abacuss"), "'abacus'"),
        (("--threads", "0"), "1<=x<=1024"),
        (("--think-open", "<think>"), "do not mark a thought"),
        (("--seed", "-1"), "0<=x"),
        (("--seed", "one"), "'one'"),
        (("--min-confidence", "nan"), "between 0 and 1"),
        (("--min-confidence", "1.5"), "between 0 and 1"),
        (("--choice", "a"), "at least two"),
        (("--dedline", "1s"), "--deadline"),
        (("--profiles", "/nowhere"), "/nowhere"),
        (("-q", "-v"), "exclude"),
    ],
)
def test_a_bad_option_is_refused_with_a_hint(edgereason: Run, options: tuple[str, ...], said: str) -> None:
    """The message holds what to write instead."""
    done = edgereason("ask", QUESTION, *options)

    assert "" == done.stdout
    assert (1 if "--model" in options else 2) == done.returncode, done.stderr
    assert said in done.stderr


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "empty"),
        (b" \t\r\n ", "blank"),
        (b"1 + \x00 2 = ?", "NUL"),
        (b"1 + 1 \xff\xfe = ?", "not UTF-8: byte 0xff at offset 6"),
        (b"1" * (9 << 20), "longer than 8 MiB"),
    ],
    ids=["empty", "blank", "NUL", "not UTF-8", "9 MB"],
)
def test_a_bad_question_is_a_usage_error(edgereason: Run, raw: bytes, said: str) -> None:
    """Exit 2, and what is wrong with it."""
    done = edgereason("ask", "-", stdin=raw)

    assert (2, "") == (done.returncode, done.stdout)
    assert said in done.stderr


def test_a_bad_question_is_refused_as_an_argument_too(edgereason: Run) -> None:
    """The same rules hold for what is typed."""
    for raw in (b"", b"  ", b"1 + 1 \xff = ?"):
        assert 2 == edgereason("ask", raw).returncode


def test_a_megabyte_is_refused_in_words(edgereason: Run) -> None:
    """A question that no context holds is an error that names the limit, soon."""
    done = edgereason("ask", "-", stdin="7 + " * 262_144 + "7 = ?")

    assert (2, "") == (done.returncode, done.stdout)
    assert "1,048,581 bytes" in done.stderr


def test_a_prompt_longer_than_the_context_is_refused(edgereason: Run) -> None:
    """Just too long: the number of tokens and the context are named."""
    done = edgereason("ask", "1 + " * 2000 + "1 = ?")

    assert (1, "") == (done.returncode, done.stdout)
    assert "context of" in done.stderr


def test_a_strategy_runs_by_its_name(edgereason: Run) -> None:
    """And the JSON says which one."""
    done = edgereason("ask", QUESTION, "--strategy", "esc", "--profile", "hard", "--deadline", "10s", "--json")

    assert "42" == result_of(done)["answer"]
    assert "esc" == result_of(done)["plan"]["strategy"]


def test_a_price_shortens_what_is_planned(edgereason: Run) -> None:
    """A second that must buy ten thousand points buys little, where one that costs nothing buys all rows.

    The reason states the price. How many rows are little is up to the time that each takes here, as it was measured.
    """
    dear, free = (
        edgereason("ask", QUESTION, "--price-per-second", price, "--profile", "hard", "--json")
        for price in ("10000", "0")
    )
    planned = [
        sum(group["count"] * group["think_tokens"] for group in result_of(done)["plan"]["rows"])
        for done in (dear, free)
    ]

    assert planned[0] <= planned[1] / 10
    assert "10000 points a second" in result_of(dear)["plan"]["reason"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--strategy", "nope"], "adaptive-consistency"),
        (["--strategy", "esc", "--price-per-second", "1"], "fixes the plan itself"),
        (["--max-joules", "5"], "not measured"),
        (["--price-per-second", "-1"], "-1"),
    ],
)
def test_what_cannot_be_planned_with_is_refused(edgereason: Run, options: list[str], words: str) -> None:
    """Wrong usage, said on standard error."""
    done = edgereason("ask", QUESTION, *options)

    assert (2, "") == (done.returncode, done.stdout)
    assert words in done.stderr
