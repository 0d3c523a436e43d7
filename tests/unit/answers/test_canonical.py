"""The form that is compared: what is the same value, what is not, and that a form is its own form."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgereason.answers import canonical

SAME = {
    "1000": [
        "1,000", "1000.0", "1000.00", "+1000", "$1,000", "1{,}000", "1\\,000", "1000 dollars", "x = 1000", "= 1000",
        "\\boxed{1000}", "$1000$", "1e3", "1 \\times 10^{3}", "**1000**", "1000.", "１０００", "`1000`",
    ],
    "0": ["-0", "0.0", "-0.00", ".0", "0/5"],
    "1/2": [".5", "0.50", "\\frac12", "\\dfrac{1}{2}", "2/4", "½", "$\\frac{1}{2}$", "\\left(\\frac{1}{2}\\right)"],
    "3/2": ["1 1/2", "1\\frac{1}{2}", "1.5", "1½"],
    "-1/2": ["-\\frac{1}{2}", "-.5", "−0.5", "- 1/2"],
    "50": ["50%", "50\\%", "50 percent", "50°", "50^\\circ", "50^{\\circ}", "50 degrees", "50 USD"],
    "35": ["35 apples", "35cm", "35 cm^2", "35 square feet", "35 miles per hour", "35 km/h", "35\\text{ cm}"],
    "3:05": ["03:05", "\\text{3:05}", "3:05."],
    "3:05 pm": ["3:05 PM", "03:05 p.m.", "3:05pm"],
    "3:00 pm": ["3 pm", "3 P.M."],
    "B": ["(B)", "b", "B.", "(b)", "\\text{B}", "B)", "option B", "\\textbf{(B)}"],
    "3, 5, 9": ["3,5,9", "3, 5, and 9", "[3,5,9]", "3.0; 5; 9", "3, 5 and 9"],
    "(3, 5)": ["(3,5)", "\\left(3, 5\\right)", "( 3.0 , 5 )"],
    "{1, 2}": ["\\{2,1\\}", "{1,2}"],
    "yes": ["Yes.", "YES", "**Yes**", '"yes"', "yes!"],
    "new york": ["New York", "the New  York", "New York,"],
    "x^2+1": ["x^2 + 1", "x^{2}+1", "$x^2+1$", "\\(x² + 1\\)"],
    "\\sqrt{2}": ["sqrt(2)", "√2", "\\sqrt{2}"],
    "2\\pi r": ["2 \\pi  r", "2π r"],
}  # fmt: skip
APART = [
    "5", "5 million", "5 dozen", "5 m", "5x", "5 pm", "1/5", "5:00", "50", "-5", "5, 5", "5 5", "5 and a half",
    "1,2", "12", "(1, 2)", "[1, 2]", "[1, 2)", "{1, 2}", "3/4", "3:04", "3.04", "yes", "no", "x^2+1", "x+1",
    "2 hundred", "2024-05-06", "1/0", "Apollo 11", "11", "B", "C", "1000 000", "1000000",
]  # fmt: skip


@pytest.mark.parametrize("form", SAME)
def test_equal_values_have_one_form(form: str) -> None:
    """Ways to write one value become the same text."""
    assert dict.fromkeys([form, *SAME[form]], form) == {text: canonical(text) for text in [form, *SAME[form]]}


def test_different_values_have_different_forms() -> None:
    """Nothing is merged that is not surely the same."""
    forms = [canonical(text) for text in APART]

    assert len(APART) == len(set(forms)), sorted(forms)


PARTS = st.sampled_from(
    ["\\frac", "{", "}", "1", "2", "\\text{", "(", ")", ",", ", ", "$", "%", ".", " ", "-", "=", "x", "the ",
     "\\boxed{", "B", "and ", ":", "05", "pm", "[", "]", "\\sqrt{", "^", "*", "/", "cm", "\\", "'", "½",
     "1,000", "e3", "10^", "é", "ß"]
)  # fmt: skip


@settings(max_examples=600)
@given(text=st.lists(PARTS, max_size=9).map("".join) | st.text(max_size=20))
@example("(" * 600)
@example("(1," * 160)
@example("{1," * 200 + "9" * 400)
@example("9" * 499)
@example("1e99")
@example("²" * 500)
def test_a_form_is_its_own_form(text: str) -> None:
    """canonical(canonical(x)) == canonical(x), whatever x."""
    form = canonical(text)

    assert form == canonical(form)


@given(value=st.fractions(max_denominator=10**6))
def test_numbers_are_exact(value: Fraction) -> None:
    """Every rational has its reduced fraction as its form, however it is written."""
    assert str(value) == canonical(str(value))
    assert str(value) == canonical(f"{3 * value.numerator}/{3 * value.denominator}")


@given(cents=st.integers(-(10**9), 10**9))
def test_decimals_and_grouped_decimals_are_the_same_number(cents: int) -> None:
    """1,234.50 is 1234.5."""
    value = Fraction(cents, 100)
    sign, whole, rest = "-" if cents < 0 else "", abs(cents) // 100, abs(cents) % 100

    assert str(value) == canonical(f"{sign}{whole:,}.{rest:02d}") == canonical(f"{sign}{whole}.{rest:02d}000")


def test_long_answers_are_cut_and_quick() -> None:
    """An answer is compared by its beginning; a megabyte costs no more."""
    assert canonical("word " * 100_000) == canonical("word " * 200)


DATA = os.environ.get("EDGEREASON_TEST_DATA")


@pytest.mark.skipif(not DATA, reason="EDGEREASON_TEST_DATA is not set: no recorded answers")
def test_forms_agree_with_recorded_judgements() -> None:
    """On recorded answers of a real model, judged by others: equal forms are right, nearly always."""
    path = Path(DATA or "") / "traces" / "rg_llama3b-rl_step_400_amc23.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [(line["gold"], sample) for line in lines for sample in line["samples"] if sample["answer"]]
    says_equal = [(canonical(gold) == canonical(sample["answer"]), sample["correct"]) for gold, sample in pairs]
    wrongly_equal = sum(equal and not correct for equal, correct in says_equal)
    wrongly_apart = sum(correct and not equal for equal, correct in says_equal)

    assert 0 == wrongly_equal
    assert wrongly_apart <= 0.01 * len(pairs)
