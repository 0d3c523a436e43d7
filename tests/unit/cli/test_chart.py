"""The picture of a device profile: what is measured is shown, in any width, and the file fetches nothing."""

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from rich.console import Console

from edgereason.cli.chart import LONGEST_BAR, bar, chart, milliseconds, svg
from edgereason.profiling.cells import Cell
from edgereason.profiling.estimate import Estimate
from edgereason.profiling.profile import CellCost, DeviceProfile

from ..profiling.profiles import profile

TABLE = {
    Cell("decode", 1, 64): 0.001,
    Cell("decode", 2, 64): 0.001,
    Cell("decode", 8, 64): 0.004,
    Cell("decode", 1, 256): 0.0015,
    Cell("decode", 16, 256): 0.123,
    Cell("prefill", 1, 0, 64): 0.25,
}


def shown(made: DeviceProfile, width: int = 100) -> list[str]:
    """The lines of the picture."""
    console = Console(width=width, file=io.StringIO())
    console.print(chart(made, width))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().splitlines()


def test_every_width_has_a_line_with_its_numbers() -> None:
    """Milliseconds and tokens a second at the context with most widths, milliseconds at the other."""
    title, heading, *lines = shown(profile(TABLE))

    assert "context 64" in title
    assert "ms at 256" in heading
    assert ["1", "2", "8", "16"] == [line.split()[0] for line in lines]
    assert ["1.00", "1,000", "1.50"] == [
        word for word in lines[0].split()[1:] if "█" not in word and word.strip("▏▎▍▌▋▊▉")
    ]
    assert "123" in lines[3]


def test_bars_are_as_long_as_their_share() -> None:
    """The slowest pass and the highest rate fill theirs."""
    lines = shown(profile(TABLE))
    blocks = [line.count("█") for line in lines[2:]]

    assert LONGEST_BAR * 2 == blocks[2]
    assert 0 == blocks[3]
    assert "" == bar(0.0, 10, "").plain.strip()
    assert "█" * 10 == bar(1.0, 10, "").plain
    assert "█████" == bar(0.5, 10, "").plain.strip()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("contexts", [1, 2, 20])
def test_no_number_is_cut_in_a_narrow_terminal(width: int, contexts: int) -> None:
    """The bars give way, then contexts between the shortest and the longest."""
    lines = shown(profile({**TABLE, **{Cell("decode", 1, 64 + 50 * n): 0.001 for n in range(contexts)}}), width)

    assert all(len(line) <= width for line in lines)
    assert not any("…" in line for line in lines)


def test_an_unreliable_number_is_marked() -> None:
    """With a question mark; what was not measured is a dash."""
    wide = Estimate(median_s=0.001, low_s=None, high_s=None, n=3, visits=1)

    assert "1.00?" == milliseconds(CellCost(cell=Cell("decode", 1, 64), estimate=wide)).plain
    assert "-" == milliseconds(None).plain


def test_a_profile_of_one_pass_has_a_picture() -> None:
    """The least that a profile can hold."""
    made = profile({Cell("decode", 1, 64): 0.5})

    assert any("500" in line for line in shown(replace(made)))


def test_the_picture_fetches_nothing() -> None:
    """No address of another host in it but the names of namespaces."""
    drawn = svg(profile(TABLE), "a title")

    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert "a&#160;title" in drawn or "a title" in drawn
    assert "url(http" not in drawn
    assert "@font-face" not in drawn
