"""The decode loop's laws, on a scripted engine with one second a pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edgereason.decoding.row import RowLimits
from edgereason.types import GREEDY, Markers, Plan, RowGroup, Sampling

Make = Callable[..., Any]
# a thought that closes by itself answers 42; one that is closed by force ("\n\n" before the box) answers 7
THOUGHT = {"<think>\n": "one two three</think>\\boxed{42}<end>", "\n\n\\boxed{": "7}<end>"}


def think(bench: Any, *, tokens: int = 100, rows: int = 1, answer: int = 16, extensions: int = 0, **more: Any) -> Any:
    """Run `rows` thinking rows and return the decoder's rollouts."""
    plan = Plan(
        profile="test",
        rows=(RowGroup(count=rows, think_tokens=tokens),),
        answer_tokens=answer,
        sampling=more.get("sampling", GREEDY),
        extensions=extensions,
    )
    bench.decoder.think(plan, more.get("is_decided", lambda rollouts, most: False))
    return bench.decoder.rollouts


def test_a_row_that_closes_by_itself_is_left_alone(bench: Make) -> None:
    """With budget to spare nothing but the opening of the thought is forced."""
    (rollout,) = think(bench(THOUGHT))

    assert ("42", "eos", "one two three") == (rollout.answer, rollout.finish, rollout.reasoning)
    assert [True, True] + [False] * (len(rollout.tokens) - 2) == list(rollout.forced)


def test_a_thought_at_its_limit_is_closed_and_still_answers(bench: Make) -> None:
    """The limit counts sampled tokens; the closing text and the opener are forced; the answer stops at its brace."""
    (rollout,) = think(bench(THOUGHT), tokens=5)

    assert ("7", "forced", "one t") == (rollout.answer, rollout.finish, rollout.reasoning)
    assert "\\boxed{7}" == rollout.text


@pytest.mark.parametrize("limit", [0, 1, 2, 13, 14])
def test_no_limit_leaves_an_empty_answer(bench: Make, limit: int) -> None:
    """Whatever the cut, there is an answer."""
    (rollout,) = think(bench(THOUGHT), tokens=limit)

    assert rollout.answer in {"7", "42"}


def test_the_closing_text_is_not_written_twice(bench: Make) -> None:
    """A row that has just written the newline which begins the closing text gets the rest of it only."""
    (rollout,) = think(bench({"<think>\n": "ab\ncd", "\\boxed{": "7}<end>"}), tokens=3)

    text = bytes(t for t in rollout.tokens if t < 256).decode()
    assert "\nab\n\n\n\\boxed{7}" == text


def test_a_reply_that_ends_inside_its_thought_is_closed(bench: Make) -> None:
    """An end of turn in the thought is no answer: the thought is closed and the answer opened."""
    (rollout,) = think(bench({"<think>\n": "hm<end>", "\\boxed{": "7}<end>"}))

    assert ("7", "eos") == (rollout.answer, rollout.finish)


def test_an_early_close_is_replaced_by_an_extension(bench: Make) -> None:
    """With an extension to spend, the first close becomes "Wait" and the second stands."""
    script = {"<think>\n": "one\n</think>", "Wait": " two</think>\\boxed{2}<end>"}
    (rollout,) = think(bench(script), extensions=1)

    assert ("2", "one\nWait two") == (rollout.answer, rollout.reasoning)


def test_a_text_tag_closes_wherever_it_stands(bench: Make, markers: Markers) -> None:
    """Tags of plain text are looked for in the text; neither thought nor answer keeps any of them."""
    tags = {"thought_open": tuple(b"[t]"), "thought_close": tuple(b"[/t]"), "open_text": "[t]", "close_text": "[/t]"}
    forced = {"open_thought": tuple(b"[t]"), "close_thought": tuple(b"[/t]<r>"), "answer_header": ()}
    ends = {"answer_end": "</r>", "answer_tags": ("<r>", "</r>")}
    text = replace(markers, **tags, **forced, **ends)
    (rollout,) = think(bench({"[t]": "one [x] two[/t]<r>\\boxed{42}</r>and more"}, markers=text), answer=40)

    assert ("42", "eos") == (rollout.answer, rollout.finish)
    assert ("one [x] two", "\\boxed{42}") == (rollout.reasoning, rollout.text)


def test_a_closer_that_stands_already_is_followed_by_a_new_opening(bench: Make, markers: Markers) -> None:
    """Where the closer is several tokens nothing is taken back: an extension opens the thought again after it."""
    tags = {"thought_open": tuple(b"[t]"), "thought_close": tuple(b"[/t]"), "open_text": "[t]", "close_text": "[/t]"}
    text = replace(markers, **tags, open_thought=tuple(b"[t]"), extension=tuple(b"\n[t]Wait"))
    script = {"[t]": "one[/t]\\boxed{1}<end>", "Wait": " two[/t]\\boxed{42}<end>"}
    (rollout,) = think(bench(script, markers=text), extensions=1)

    assert "[t]one[/t]\n[t]Wait two[/t]\\boxed{42}" == bytes(rollout.tokens).decode()
    assert ("42", "oneWait two") == (rollout.answer, rollout.reasoning)


def test_a_header_is_forced_after_a_thought_that_closed_by_itself(bench: Make, markers: Markers) -> None:
    """The answer begins behind its header, which is no part of it, and the row stays one that ended by itself."""
    header = replace(markers, answer_header=tuple(b"(to=user)"))
    made = bench({"<think>\n": "one</think>", "(to=user)": "\\boxed{42}<end>"}, markers=header)
    rollouts = think(made, rows=2)

    assert [("42", "eos", "one", "\\boxed{42}")] * 2 == [(r.answer, r.finish, r.reasoning, r.text) for r in rollouts]
    first = zip(rollouts[0].tokens, rollouts[0].forced, strict=True)
    assert b"(to=user)" == bytes(token for token, is_forced in list(first)[2:] if is_forced)


def test_several_thought_blocks_count_against_one_budget(bench: Make) -> None:
    """A thought that is opened again goes on counting where the first one stopped."""
    script = {"<think>\n": "abcd</think>x<think>efghijkl", "\\boxed{": "7}<end>"}
    (rollout,) = think(bench(script), tokens=8)

    sampled = [t for t, forced in zip(rollout.tokens, rollout.forced, strict=True) if not forced]
    assert ("7", "forced") == (rollout.answer, rollout.finish)
    assert b"abcdxefg7}" == bytes(t for t in sampled if t < 256), "abcd, the close and efg are the eight"


def test_a_second_thought_close_is_stripped_from_the_answer(bench: Make) -> None:
    """Some models close again after a forced close; the answer's text does not show it."""
    script = {"<think>\n": "abcdef", "\\boxed{": "</think>7}<end>"}
    (rollout,) = think(bench(script), tokens=3)

    assert ("\\boxed{7}", "7") == (rollout.text, rollout.answer)


def test_an_answer_is_capped(bench: Make) -> None:
    """An answer that does not stop is stopped."""
    script = {"<think>\n": "a</think>", "</think>": "x" * 50}
    (rollout,) = think(bench(script), answer=5)

    assert "xxxxx" == rollout.text


@pytest.mark.parametrize("limit", range(0, 24))
def test_no_cut_splits_a_character(bench: Make, limit: int) -> None:
    """Forced text never comes inside a UTF-8 character."""
    thought = "aé漢🙂" * 4
    (rollout,) = think(bench({"<think>\n": thought, "\\boxed{": "7}<end>"}), tokens=limit)

    assert bytes(t for t in rollout.tokens if t < 256).decode("utf-8")
    assert thought.startswith(rollout.reasoning)


def test_everyone_votes_at_the_close(bench: Make) -> None:
    """When the pace says close, every thinking row answers, marked as ended by the deadline."""
    made = bench({"<think>\n": "x" * 200, "\\boxed{": "7}<end>"}, close_at=20.0)
    rollouts = think(made, tokens=500, rows=3)

    assert [("7", "deadline")] * 3 == [(r.answer, r.finish) for r in rollouts]
    assert made.clock() < 60
    assert [20.0] == made.closings, "told once, when it began"


def test_no_pass_runs_after_the_stop(bench: Make) -> None:
    """After the pace says stop the engine is not called again, and rows end without an answer."""
    made = bench({"<think>\n": "x" * 200}, stop_at=10.0)
    rollouts = think(made, tokens=500, rows=2)

    assert 10.0 == made.clock()
    assert [(None, "deadline")] * 2 == [(r.answer, r.finish) for r in rollouts]
    assert all("xxxx" in r.reasoning for r in rollouts), "what was thought is kept"


def test_a_row_stopped_within_its_answer_has_none(bench: Make) -> None:
    """Half a number is another number: an answer that was not finished is not read."""
    made = bench({"<think>\n": "ab", "\n\n\\boxed{": "123456789}<end>"}, stop_at=9.0)
    (rollout,) = think(made, tokens=2)

    assert ord("1") in rollout.tokens
    assert ord("9") not in rollout.tokens
    assert (None, "", "deadline") == (rollout.answer, rollout.text, rollout.finish)


def test_a_forced_answer_ends_at_its_brace_whatever_would_follow(bench: Make) -> None:
    """A closed row says no more than its answer; a row that closed by itself may go on."""
    script = {"<think>\n": "abc", "\n\n\\boxed{": "7} and more<end>"}
    (cut,) = think(bench(script), tokens=2)
    (free,) = think(bench({"<think>\n": "ab</think>\\boxed{42} and more<end>"}), answer=40)

    assert ("\\boxed{7}", "\\boxed{42} and more") == (cut.text, free.text)


def test_a_stop_within_forced_text_ends_the_rows(bench: Make) -> None:
    """A commit of several passes, as two rows need for it, is aborted between two of them."""
    made = bench({"<think>\n": "x" * 200}, stop_at=10.0)
    rollouts = think(made, rows=2, tokens=5)

    assert [(None, "deadline")] * 2 == [(rollout.answer, rollout.finish) for rollout in rollouts]
    assert 10.0 == made.clock()


@pytest.mark.parametrize("close_at", range(4, 14))
def test_a_close_at_the_deadline_splits_no_character(bench: Make, close_at: int) -> None:
    """A row in the middle of a character finishes it before it closes."""
    made = bench({"<think>\n": "漢🙂" * 40, "\n\n\\boxed{": "7}<end>"}, close_at=float(close_at))
    (rollout,) = think(made, tokens=200)

    assert ("7", "deadline") == (rollout.answer, rollout.finish)
    assert bytes(t for t in rollout.tokens if t < 256).decode("utf-8")


def test_a_closer_of_several_tokens_is_found_whole_only(bench: Make, markers: Markers) -> None:
    """The last token of a marker closes nothing without the others before it."""
    barred = replace(markers, thought_close=tuple(b"||"), close_thought=tuple(b"\n||\n"))
    (rollout,) = think(bench({"<think>\n": "a|b||\\boxed{42}<end>"}, markers=barred))

    assert ("42", "\\boxed{42}") == (rollout.answer, rollout.text)


def test_a_decided_vote_ends_the_other_rows(bench: Make) -> None:
    """Rows whose vote cannot matter any more are dropped at once."""
    script = {"<think>\n": {"a</think>\n\n\\boxed{1}<end>": 0.5, "b" * 90 + "</think>": 0.5}}
    rollouts = think(
        bench(script),
        rows=8,
        sampling=Sampling(temperature=1.0, seed=1),
        is_decided=lambda done, most: any(r.answer for r in done),
    )

    assert {"eos", "decided"} == {r.finish for r in rollouts}
    assert all(r.answer is None for r in rollouts if r.finish == "decided")


def test_the_direct_answer_does_not_think(bench: Make) -> None:
    """The mandatory part forces an empty thought and the opener in one pass, and stops at the brace without another."""
    made = bench(THOUGHT)
    direct = made.decoder.answer_directly(GREEDY, 0, 8)

    assert ("7", True) == (direct.answer, direct.is_direct)
    assert 1 + len("7") == made.clock()


def test_a_direct_answer_is_never_closed(bench: Make) -> None:
    """However little time there is: it has no thought to close, and what it takes is no closing."""
    made = bench(THOUGHT, close_at=0.0)
    direct = made.decoder.answer_directly(GREEDY, 0, 8)

    assert ("7", []) == (direct.answer, made.closings)


def test_rows_are_independent_of_each_other(bench: Make) -> None:
    """A row's tokens are the same alone and beside seven others."""
    script = {"<think>\n": {"ab</think>\n\n\\boxed{1}<end>": 0.5, "abcdef</think>\n\n\\boxed{2}<end>": 0.5}}
    sampling = Sampling(temperature=1.0, seed=3)
    alone = think(bench(script), sampling=sampling)
    many = think(bench(script), rows=8, sampling=sampling)

    assert alone[0].tokens == next(r.tokens for r in many if r.seed == alone[0].seed)


def test_a_widened_plan_runs_only_its_new_rows(bench: Make) -> None:
    """Rows that have run are not run again, and new rows get seeds of their own."""
    made = bench(THOUGHT)
    think(made, rows=1)
    think(made, rows=3)

    assert [1, 2, 3] == [r.seed for r in made.decoder.rollouts]


def test_what_is_heard_is_what_is_recorded(bench: Make) -> None:
    """Streamed tokens are those of the rollout, but for those that needed no pass."""
    made = bench(THOUGHT)
    (rollout,) = think(made)

    assert list(rollout.tokens[: len(made.heard[rollout.row])]) == made.heard[rollout.row]
    assert made.told == [rollout]


def test_a_thought_is_cut_where_the_context_ends(bench: Make) -> None:
    """A row leaves room for its closing and answer, and says that the context ended it."""
    (rollout,) = think(bench({"<think>\n": "x" * 500, "\\boxed{": "7}<end>"}, context=80), tokens=500)

    assert ("7", "context") == (rollout.answer, rollout.finish)


def test_a_model_without_thought_markers_answers_plainly(bench: Make) -> None:
    """Without markers nothing is forced but the opener at the limit, and the whole text is the answer."""
    plain = Markers(end_of_turn=frozenset({256}))
    (rollout,) = think(bench({"Q:": "so \\boxed{5}<end>"}, markers=plain))

    assert ("5", "so \\boxed{5}", "", "eos") == (rollout.answer, rollout.text, rollout.reasoning, rollout.finish)


def test_an_answer_opened_by_force_names_an_option(bench: Make) -> None:
    """Whatever the model would say, a direct answer over given options is one of them, the likeliest."""
    script = {"\n\n\\boxed{": {"maybe": 0.6, "never": 0.3, "nothing": 0.1}}
    made = bench(script)
    made.decoder.options = tuple(tuple(option.encode()) for option in ("never", "nothing", "always"))
    direct = made.decoder.answer_directly(GREEDY, 0, 8)

    assert ("never", "\\boxed{never") == (direct.answer, direct.text)
    assert 0 < direct.confidence < 0.9


def test_a_row_that_closes_by_itself_may_say_what_it_likes(bench: Make) -> None:
    """Options bind answers that are opened by force; others are read as they are."""
    made = bench(THOUGHT)
    made.decoder.options = (tuple(b"yes"), tuple(b"no"))
    (rollout,) = think(made)

    assert "42" == rollout.answer


def test_usage_counts_all_rows(bench: Make) -> None:
    """Reasoning and completion tokens are sums over the rollouts."""
    made = bench(THOUGHT)
    rollouts = think(made, rows=3)

    expected = (sum(r.reasoning_tokens for r in rollouts), sum(len(r.tokens) for r in rollouts))
    assert expected == made.decoder.usage


def test_branches_at_cuts_answer_and_leave_their_row_alone(bench: Make) -> None:
    """A row with cuts has an early answer at each, and is token for token the row that it would have been."""
    plain, cut = bench(THOUGHT), bench(THOUGHT)
    sampling = Sampling(temperature=1.0, seed=3)
    (alone,) = plain.decoder.sample([(sampling, [1], RowLimits(think=100, answer=16))])
    (branched,) = cut.decoder.sample([(sampling, [1], RowLimits(think=100, answer=16, cuts=(2, 5, 99)))])

    assert replace(alone, finished_s=0.0) == replace(branched, finished_s=0.0)
    assert [(2, "7"), (5, "7")] == [(early.think_tokens, early.answer) for early in cut.decoder.early_answers]
    assert {branched.row} == {early.row for early in cut.decoder.early_answers}


def test_branches_count_what_they_generate_and_no_more(bench: Make) -> None:
    """What a branch inherits was counted with its row."""
    plain, cut = bench(THOUGHT), bench(THOUGHT)
    plain.decoder.sample([(GREEDY, [1], RowLimits(think=100, answer=16))])
    cut.decoder.sample([(GREEDY, [1], RowLimits(think=100, answer=16, cuts=(5,)))])

    (early,) = cut.decoder.early_answers
    forced = len(cut.decoder.markers.close_thought) + len(cut.decoder.markers.answer_opener)
    assert early.tokens == forced + len("7}")
    assert cut.decoder.usage[1] == plain.decoder.usage[1] + early.tokens


def test_a_cut_inside_a_character_waits_for_its_end(bench: Make) -> None:
    """Cuts fall between characters."""
    made = bench({"<think>\n": "\u00e9\u00e9</think>\\boxed{42}<end>", "\n\n\\boxed{": "7}<end>"})
    made.decoder.sample([(GREEDY, [1], RowLimits(think=100, answer=16, cuts=(1, 3)))])

    assert [2, 4] == [early.think_tokens for early in made.decoder.early_answers]


def test_passes_are_counted_with_the_tokens_they_read(bench: Make) -> None:
    """A row's own; where rows share a store, also all of the others that were ever in it."""
    apart, together = bench(THOUGHT), bench(THOUGHT)
    together.decoder.shares_store = True
    for each in (apart, together):
        think(each, rows=2)
    alone, shared = (each.decoder.trace.work()[0] for each in (apart, together))
    length = len(apart.decoder.rollouts[0].tokens)
    prompt = len(apart.decoder.prefix.tokens)

    assert 2 == alone.rows
    assert prompt < alone.context < prompt + length
    assert (alone.context, 0.0) == (shared.context, alone.beside)
    assert shared.context - prompt == pytest.approx(shared.beside)


def test_a_pass_of_forced_text_counts_its_tokens(bench: Make) -> None:
    """One row takes what opens and closes its thought in passes of several tokens; all of them are accounted for."""
    made = bench(THOUGHT)
    think(made, rows=1)
    work, tokens = made.decoder.trace.work()[0], len(made.decoder.rollouts[0].tokens)

    assert work.passes < tokens
    assert tokens - 1 <= work.passes + work.further_tokens <= tokens


def test_a_turn_in_which_rows_left_says_nothing_of_the_speed(bench: Make) -> None:
    """Moving the others together takes time, which is not that of a pass."""
    made, seen = bench({**THOUGHT, "<think>\n": f"{'on and ' * 9}on</think>\\boxed{{42}}<end>"}), []
    keep = made.batch.keep

    def slowly(rows: tuple[int, ...]) -> None:
        made.clock.advance(100.0)
        keep(rows)

    made.batch.keep = slowly
    made.decoder.pace.observe = lambda work, seconds: seen.append((work.rows, seconds))
    made.decoder.sample([(GREEDY, [row], RowLimits(think=think, answer=16)) for row, think in ((1, 3), (2, 60))])

    assert {(2, 1.0), (1, 1.0)} == set(seen)
    assert made.clock() > 200.0
