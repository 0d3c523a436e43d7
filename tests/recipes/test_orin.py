"""The published profiles: the files are what the recipe makes, and say what the sources said."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgereason.profiling.predict import pass_costs, pass_seconds, prefill_seconds
from edgereason.profiling.profile import read_profile, write_profile
from recipes.devices.orin import CONTEXTS, FIGURES, FOLDER, NOISE, WIDTHS, published

NAMES = list(FIGURES)
# As printed by the sources, or computed from their fits, to the digits given.
RATIOS = {
    "1.5b": (1, 1.08, 1.18, 1.34, 1.72, 2.41),
    "8b": (1, 1.00, 1.08, 1.26, 1.57, 2.30),
    "14b": (1, 1.04, 1.12, 1.29, 1.61, 2.33),
}
WATTS = {
    "1.5b": (13.6, 14.5, 16.2, 18.6, 21.1, 25.3),
    "8b": (23.6, 24.9, 26.1, 27.7, 30.8, 34.2),
    "14b": (26.1, 26.8, 27.8, 29.5, 32.2, 35.8),
}
PREFILL_S = {
    "1.5b": (0.049, 0.057, 0.088, 0.212, 0.707),
    "8b": (0.152, 0.222, 0.427, 1.098, 3.486),
    "14b": (0.277, 0.405, 0.783, 2.025, 6.447),
}
DECODE_512_S = {"1.5b": 12.1, "8b": 51.6, "14b": 95.8}  # 512 tokens after a prompt of 170


def size(name: str) -> str:
    """The model's size, as the tables above are keyed."""
    return next(key for key in ("1.5b", "14b", "8b") if f"-{key}-" in name)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_what_the_recipe_makes(name: str, tmp_path: Path) -> None:
    """To the byte, and it passes the reader's checks."""
    write_profile(tmp_path / "p.json", published(name, FIGURES[name]))

    assert (FOLDER / f"{name}.json").read_bytes() == (tmp_path / "p.json").read_bytes()
    assert published(name, FIGURES[name]) == read_profile(FOLDER / f"{name}.json")


def test_no_other_file_ships() -> None:
    """Every file in the folder has its recipe."""
    assert sorted(NAMES) == sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_the_sources_say(name: str) -> None:
    """Ratios over rows, watts, prompts, and 512 tokens after a prompt of 170, to the sources' digits."""
    made = read_profile(FOLDER / f"{name}.json")
    medians, key = made.medians(), size(name)
    one_s = pass_seconds(medians, 1, 576)
    ratios = [pass_seconds(medians, rows, 576) / one_s for rows in WIDTHS]
    joules = {cost.cell: cost.joules for cost in made.costs}
    timed = [cell for cell in sorted(medians) if cell.kind == "decode" and cell.context == 256]
    watts = [(joules[cell] or 0.0) / medians[cell] for cell in timed]
    decoded_s = sum(pass_seconds(medians, 1, 170 + place) for place in range(512))

    assert [pytest.approx(ratio, rel=0.03) for ratio in RATIOS[key]] == ratios
    assert [pytest.approx(watt, rel=0.02) for watt in WATTS[key]] == watts
    assert [pytest.approx(seconds, abs=6e-4) for seconds in PREFILL_S[key]] == [
        prefill_seconds(medians, tokens) for tokens in (128, 256, 512, 1024, 2048)
    ]
    assert decoded_s == pytest.approx(DECODE_512_S[key], rel=0.005)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_marked_and_its_noise_is_said_to_be_assumed(name: str) -> None:
    """Published, with sources, and never taken for a measurement."""
    made = read_profile(FOLDER / f"{name}.json")

    assert ("published", "not measured" in made.energy) == (made.origin, True)
    assert len(made.sources) >= 3
    assert any("noise is assumed: 5 %" in note for note in made.notes)
    assert all(cost.estimate.half_width == pytest.approx(NOISE, rel=1e-3) for cost in made.costs)


def test_a_plan_can_be_made_with_it() -> None:
    """The widths, at a context between those of the file."""
    costs = pass_costs(read_profile(FOLDER / f"{NAMES[0]}.json"), 500)

    assert WIDTHS == costs.rows
    assert list(costs.pass_s) == sorted(costs.pass_s)
    assert CONTEXTS[0] < costs.context < CONTEXTS[-1]
