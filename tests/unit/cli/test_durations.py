"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.cli.durations import LONGEST_S, UNITS_S, format_duration, parse_duration
from edgereason.errors import DeadlineError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("2s", 2.0), ("1.5s", 1.5), (".5 s", 0.5), ("1m", 60.0), ("2h", 7200.0), ("10d", 864000.0)],
)
def test_a_number_and_a_unit_are_seconds(text: str, seconds: float) -> None:
    """Every documented form gives its length in seconds."""
    assert seconds == pytest.approx(parse_duration(text))


@pytest.mark.parametrize(
    "text",
    [
        "0s",
        "0",
        "-1s",
        "nan",
        "NaN s",
        "inf",
        "infs",
        "5 parsecs",
        "2",
        "",
        "s",
        "1e3s",
        "1,5s",
        "1001d",
        "9" * 400 + "d",
    ],
)
def test_what_is_no_positive_finite_time_is_refused_with_the_legal_form(text: str) -> None:
    """A refusal shows the value and how to write one that is accepted."""
    with pytest.raises(DeadlineError) as refusal:
        parse_duration(text)

    assert repr(text) in str(refusal.value)
    assert "250ms" in refusal.value.hint


@given(value=st.integers(1, 999), unit=st.sampled_from(sorted(UNITS_S)))
def test_whole_numbers_survive_every_unit(value: int, unit: str) -> None:
    """n units are n times the unit, whichever it is."""
    assert value * UNITS_S[unit] == pytest.approx(parse_duration(f"{value}{unit}"))


@given(seconds=st.floats(1e-5, LONGEST_S / 2))
def test_what_is_shown_can_be_read_back(seconds: float) -> None:
    """A shown duration is itself a legal one, within the three digits shown."""
    assert seconds == pytest.approx(parse_duration(format_duration(seconds)), rel=6e-3)
