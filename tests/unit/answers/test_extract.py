"""Where the answer stands in a reply."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgereason.answers import canonical, extract, match_choice, read_answer
from edgereason.answers.extract import MAX_ANSWER_CHARS

FOUND = {
    "\\boxed{35}": "35",
    "first \\boxed{1}, then \\boxed{2}.": "2",
    "so \\boxed{\\frac{1}{2}} it is": "\\frac{1}{2}",
    "\\boxed{\\{1, 2\\}}": "\\{1, 2\\}",
    "\\boxed {7}": "7",
    "\\boxed 7": "7",
    "\\boxed{35": "35",
    "\\boxed{\\frac{1}{2": "\\frac{1}{2",
    "\\boxed{35 $\nand so on": "35",
    "\\boxed{a} and \\boxed{b": "a",
    "The answer is \\boxed{4}, not 5": "4",
    "The answer is 3.5. Done with 9": "3.5",
    "The answer is: **42**": "42",
    "Answer: B": "B",
    "**Answer:** blue whale\nfor 3 reasons": "blue whale",
    "The answer is 4. No: the final answer is\n\n 17": "17",
    "The answer is 3:05.": "3:05",
    "6 steps\n#### 42": "42",
    "#### Step 1\nadd, so 12": "12",
    "3, 5, 9": "3, 5, 9",
    "(3, 4)": "(3, 4)",
    "-4": "-4",
    "I think (A), no, (B)": "B",
    "b.": "b",
    "It costs $3.50 today": "$3.50",
    "She arrives at 3:05 then": "3:05",
    "6 * 7 = 42": "42",
    "7-3=4": "4",
    "ratio 3/4 of it": "3/4",
    "1,234,567 people": "1,234,567",
    "it rose by 5%": "5%",
    "about .5 or so": ".5",
    "I say\n**Paris**\n\n": "Paris",
    "x\\boxed{}": "x",
}
NOTHING = ["", " \n", "\\boxed{", "\\boxed{}", "\\boxed{ }", "**"]


@pytest.mark.parametrize("text", FOUND)
def test_the_answer_is_found_as_written(text: str) -> None:
    """Boxes before statements before hashes before letters before numbers before words; the last of each."""
    assert FOUND[text] == extract(text)


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_said_is_no_answer(text: str) -> None:
    """Blank text and empty boxes are None, never an empty answer."""
    assert (None, None) == read_answer(text)


@settings(max_examples=300)
@given(text=st.text(alphabet="\\boxed{}answer is:#()B7.,/ \n*$%", max_size=60) | st.text(max_size=30))
def test_an_answer_is_never_blank_and_never_long(text: str) -> None:
    """Whatever the text: an answer says something, is bounded, and comes with its form; or both are None."""
    answer, form = read_answer(text)

    assert (answer is None) == (form is None)
    if answer is not None:
        assert answer.strip()
        assert len(answer) <= MAX_ANSWER_CHARS
        assert form == canonical(answer)


@given(content=st.text(alphabet="ab{} ", max_size=20).filter(lambda text: text.strip(" {}")))
def test_boxes_keep_balanced_braces(content: str) -> None:
    """What stands in a box comes out whole where its braces balance."""
    depths = [content[:end].count("{") - content[:end].count("}") for end in range(len(content) + 1)]
    if min(depths) >= 0 and depths[-1] == 0:
        assert content.strip() == extract("so \\boxed{" + content + "} and 7")


def test_long_replies_are_read_quickly() -> None:
    """No rule is slow on a reply of many boxes, statements or digits."""
    for part in ("\\boxed{", "\\boxed{1}", "the answer is ", "answer:", "1,", "(", "#### ", "9", "{", "\\", " ", ".5/"):
        started = time.monotonic()
        extract(part * 20_000 + "x")

        assert time.monotonic() - started < 5.0, part


# ---------------------------------------------------------------- given options

COLOURS = ["red", "blue", "dark red"]
MEANT = {
    "red": "red",
    "BLUE.": "blue",
    "B": "blue",
    "(b)": "blue",
    "B) blue": "blue",
    "option C": "dark red",
    "it is blue, of course": "blue",
    "dark red": "dark red",
    "a dark red one": "dark red",
    "a dog": None,
    "red or blue": None,
    "redder": None,
    "Z": None,
    "": None,
}


@pytest.mark.parametrize("answer", MEANT)
def test_an_answer_means_one_option_or_none(answer: str) -> None:
    """By text, form, letter, or the only option contained."""
    assert MEANT[answer] == match_choice(answer, COLOURS)


def test_options_that_are_letters_or_numbers_mean_themselves() -> None:
    """An option's own text goes before its letter, and before its form where forms agree."""
    assert "B" == match_choice("B", ["B", "A"])
    assert "1,000" == match_choice("1000", ["7", "1,000"])
    assert ["50%", "50"] == [match_choice(answer, ["50%", "50"]) for answer in ("50%", "50")]
    assert match_choice("50 percent", ["50%", "50"]) is None


@pytest.mark.parametrize(
    "text", ["\\boxed{A}", "\\boxed{red}", "The answer is (A).", "red", "I would say red here, 3 times"]
)
def test_with_options_the_vote_is_the_option_as_given(text: str) -> None:
    """Answer and form are the option itself."""
    assert ("red", "red") == read_answer(text, ("red", "blue"))


def test_text_that_names_no_option_has_no_vote() -> None:
    """Voting is over the given options only."""
    assert (None, None) == read_answer("\\boxed{green}", ("red", "blue"))


@given(
    choices=st.lists(st.text(alphabet="abc1 ", min_size=1, max_size=4), min_size=2, max_size=5),
    text=st.text(max_size=8),
)
def test_only_given_options_are_returned(choices: list[str], text: str) -> None:
    """Whatever is answered, what comes back is one of the options or None."""
    assert match_choice(text, choices) in [*choices, None]
