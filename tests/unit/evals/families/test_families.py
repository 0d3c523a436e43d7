"""Laws of the generated problem families."""

from __future__ import annotations

import re

import pytest

from edgereason.evals.families import BANDS, FAMILIES, LEVELS, SPLITS, bands, draw, draw_many, item_seed
from edgereason.evals.families.arithmetic import LEAST, MOST, OutOfReach, worked

COUNT = 300


@pytest.mark.parametrize("family", FAMILIES)
def test_an_item_is_a_function_of_its_index(family):
    """Drawing twice, in any order, gives the same problem."""
    there = list(draw_many(family, 20))
    back = [draw(family, index) for index in reversed(range(20))]
    assert there == back[::-1]


@pytest.mark.parametrize("family", FAMILIES)
def test_items_differ_by_index_split_and_seed(family):
    """No two of index, split and seed share a stream."""
    questions = [draw(family, 3, split=split, seed=seed, band="hard").question for split in SPLITS for seed in (0, 1)]
    assert len(set(questions)) == len(questions)
    assert len({problem.question for problem in draw_many(family, 50, band="hard")}) > 45


def test_seeds_of_splits_never_collide():
    """The text that seeds an item names family, split, seed and index, so no two items share it."""
    seeds = [
        item_seed(family, split, seed, index)
        for family in FAMILIES
        for split in SPLITS
        for seed in (0, 1, 11)
        for index in (0, 1, 11)
    ]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_band_occurs(family):
    """Unasked, all levels are drawn; asked, the levels of the asked band, or the asked level."""
    assert {problem.level for problem in draw_many(family, 150)} == set(LEVELS)
    for band, (first, last) in bands(family).items():
        problems = list(draw_many(family, 40, band=band))
        assert {problem.band for problem in problems} == {band}
        assert {problem.level for problem in problems} == set(range(first, last + 1))
    assert {problem.level for problem in draw_many(family, 20, level=6)} == {6}


@pytest.mark.parametrize("family", FAMILIES)
def test_bands_are_apart_and_cover_half_of_the_family(family):
    """Easy lies below middle below hard, no level is in two, and half of the levels at least are in one."""
    assert set(BANDS) == set(bands(family))
    ends = [end for band in BANDS for end in bands(family)[band]]
    assert ends == sorted(ends)
    levels = [level for first, last in bands(family).values() for level in range(first, last + 1)]
    assert len(levels) == len(set(levels))
    assert set(levels) <= set(LEVELS)
    assert 2 * len(levels) >= len(LEVELS)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("split", SPLITS)
def test_steps_end_in_the_answer(family, split):
    """The last step is the answer, there is more than one step, and nothing in them ends a line or a box."""
    for problem in draw_many(family, COUNT, split=split):
        assert problem.steps[-1] == problem.answer
        assert len(problem.steps) > 1
        assert all(step == step.strip() and step for step in problem.steps)
        assert not re.search(r"[\n{}\\]", "".join([problem.question, *problem.steps]))


@pytest.mark.parametrize("family", ["chain", "story"])
def test_every_expression_line_has_the_value_of_the_answer(family):
    """Python agrees with every line of the worked steps."""
    for problem in draw_many(family, COUNT):
        assert {eval(line.replace("/", "//")) for line in problem.steps} == {int(problem.answer)}
        assert LEAST <= int(problem.answer) <= MOST


def test_a_chain_question_means_its_answer():
    """The expression in the question, read by Python, has the answer's value."""
    for problem in draw_many("chain", COUNT):
        text = re.sub(r"^[A-Z][^?=]*? \d+( is empty| degrees outside| days left)?\. ", "", problem.question)
        for word, sign in {
            "plus": "+",
            "minus": "-",
            "divided by": "/",
            "÷": "/",
            "times": "*",
            "×": "*",
            "x": "*",
        }.items():
            text = text.replace(word, sign)
        expression = max(re.findall(r"[\d(][\d+\-*/() ]*[\d)]", text), key=len)
        assert eval(expression.replace("/", "//")) == int(problem.answer), problem.question


def test_contrasts_have_the_same_tokens_and_another_amount_of_work():
    """Moving the bracket keeps the kinds of tokens and changes how many lines the work takes."""
    kinds, lines = {}, {}
    for level in (3, 4, 5, 7):
        problems = [p for p in draw_many("chain", 400, level=level) if p.template == "contrast"]
        kinds[level] = {tuple(sorted(re.sub(r"\d+", "n", problem.steps[0]))) for problem in problems}
        lines[level] = sum(len(problem.steps) for problem in problems) / len(problems)
    assert kinds[3] == kinds[5]
    assert kinds[4] == kinds[7]
    assert lines[3] < lines[5]
    assert lines[4] < lines[7]


@pytest.mark.parametrize("family", FAMILIES)
def test_an_id_names_one_problem(family):
    """Items of any index and band, and those drawn without a band, have ids of their own."""
    problems = [draw(family, index, band=band) for index in range(5) for band in (None, *BANDS)]
    problems += [draw(family, index, level=level) for index in range(5) for level in LEVELS]
    assert len({problem.id for problem in problems}) == len(problems)


@pytest.mark.parametrize("family", FAMILIES)
def test_length_and_difficulty_part(family):
    """Some question of the two lowest levels is longer than half of those of the two highest."""
    hard = sorted(len(problem.question) for level in (7, 8) for problem in draw_many(family, 100, level=level))
    easy = max(len(problem.question) for level in (1, 2) for problem in draw_many(family, 100, level=level))
    assert easy > hard[100]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_question_is_short(family, abacus_tokenizer):
    """A question takes at most 300 tokens."""
    for problem in draw_many(family, COUNT):
        assert len(abacus_tokenizer.encode(problem.question).ids) <= 300


def test_unknown_names_are_refused():
    """An unknown family or split is a LookupError that lists the choices."""
    with pytest.raises(LookupError, match="chain, story, series"):
        draw("chian", 0)
    with pytest.raises(LookupError, match="train, tune, test"):
        draw("chain", 0, split="dev")
    with pytest.raises(LookupError, match="easy, middle, hard"):
        draw("chain", 0, band="harsh")
    with pytest.raises(LookupError, match="1 to 8"):
        draw("chain", 0, level=9)


@pytest.mark.parametrize(
    ("tokens", "lines"),
    [
        ([12, "+", 7, "-", 3], ("12+7-3", "19-3", "16")),
        ([34, "*", 6], ("34*6", "180+24", "200+4", "204")),
        ([347, "+", 285], ("347+285", "547+85", "627+5", "632")),
        ([500, "-", 34, "*", 6], ("500-34*6", "500-(180+24)", "500-(200+4)", "500-204", "300-4", "296")),
        ([12, "-", 45], ("12-45", "-33")),
        ([2, "*", "(", 3, "+", 4, ")"], ("2*(3+4)", "2*7", "14")),
        ([455, "/", 5], ("455/5", "450/5+5/5", "90+5/5", "90+1", "91")),
        ([9, "-", 96, "/", 4], ("9-96/4", "9-(80/4+16/4)", "9-(20+16/4)", "9-(20+4)", "9-24", "-15")),
        ([640, "/", 8], ("640/8", "80")),
        ([3840, "+", 2186], ("3840+2186", "5840+186", "5940+86", "6020+6", "6026")),
    ],
)
def test_the_reduction_rule(tokens, lines):
    """One operation a line, products split by place, large sums leading digit first."""
    assert worked(tokens) == lines


@pytest.mark.parametrize(
    "tokens",
    [[500, "*", 50], [7, "/", 2], [300, "/", 20], [195, "/", 13], [100, "-", 300], [3, "*", "(", 2, "-", 5, ")"]],
)
def test_what_the_rule_cannot_do_is_refused(tokens):
    """Values out of bounds and inexact quotients are out of reach."""
    with pytest.raises(OutOfReach):
        worked(tokens)
