"""The reliability plot is a whole SVG file with a point for each bin, inside of its frame."""

from __future__ import annotations

from xml.etree import ElementTree

from edgereason.probing.reliability import MARGIN, SIDE, reliability_svg


def test_every_bin_has_its_point_and_a_chance_that_comes_true_lies_on_the_diagonal() -> None:
    """Names are escaped."""
    found = {"a < b": {"predicted": [0.0, 0.5, 1.0], "seen": [0.0, 0.5, 1.0], "brier": 0.1, "debiased": 0.02}}
    drawn = ElementTree.fromstring(reliability_svg("A & B", found))
    points = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in drawn.iter() if c.tag.endswith("circle")]
    assert [(x, SIDE + 2 * MARGIN - x) for x in (MARGIN, MARGIN + SIDE / 2, MARGIN + SIDE)] == points
    texts = [each.text or "" for each in drawn.iter() if each.tag.endswith("text")]
    assert "A & B" in texts
    assert any(text.startswith("a < b: Brier 0.100") for text in texts)
