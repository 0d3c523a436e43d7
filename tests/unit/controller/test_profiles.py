"""Budget profiles: read from TOML, and refused by name where a key or value is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgereason.controller.profiles import read_profile, read_profiles
from edgereason.errors import ConfigError
from edgereason.loading import budget_profiles

GOOD = "think_tokens = 10\nanswer_tokens = 4\nmax_rows = 2\n"


def test_a_profile_is_named_after_its_file(tmp_path: Path) -> None:
    """Values come from the file, the name from its stem."""
    path = tmp_path / "quick.toml"
    path.write_text(GOOD + "temperature = 1\n")

    profile = read_profile(path)
    assert ("quick", 10, 4, 2, 1) == (
        profile.name, profile.think_tokens, profile.answer_tokens, profile.max_rows, profile.temperature
    )  # fmt: skip


def test_the_shipped_profiles_are_complete() -> None:
    """easy, normal and hard exist for the probe to choose from, and direct for those who want no thought."""
    assert {"direct", "easy", "normal", "hard"} == set(budget_profiles())


def test_a_users_profile_wins_over_a_shipped_one(tmp_path: Path) -> None:
    """A user's `easy` replaces the shipped one; the others stay."""
    (tmp_path / "easy.toml").write_text(GOOD)

    profiles = budget_profiles(tmp_path)
    assert (10, 4) == (profiles["easy"].think_tokens, len(profiles))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("think_tokns = 5", "think_tokns"),
        ("max_rows = 0", "max_rows = 0"),
        ("max_rows = 1.5", "max_rows = 1.5"),
        ("think_tokens = true", "think_tokens = True"),
        ("temperature = -1.0", "temperature = -1.0"),
        ("top_p = 0.0", r"top_p = 0\.0 .* above 0\.0, up to 1\.0"),
        ("top_p = 'all'", "top_p = 'all'"),
        ("name = 'x'", "name"),
        ("not toml", "cannot be read"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    """Unknown keys, wrong kinds and values out of range are errors that show the value."""
    path = tmp_path / "bad.toml"
    path.write_text("\n".join(part for part in GOOD.splitlines() if part.split()[0] != line.split()[0]) + "\n" + line)

    with pytest.raises(ConfigError, match=message):
        read_profile(path)


def test_a_model_has_the_budgets_that_were_found_for_it(tmp_path: Path) -> None:
    """Those of its lineage lie over the general ones, and the user's over both."""
    shipped = Path(__file__).parents[3] / "profiles" / "budgets" / "abacus"
    lineage = json.loads((shipped / "search" / "table.json").read_text())["provenance"]["model"]["lineage"]
    (tmp_path / "hard.toml").write_text("think_tokens = 7\nanswer_tokens = 8\nmax_rows = 3\n")
    general, found, own = budget_profiles(), budget_profiles(lineage=lineage), budget_profiles(tmp_path, lineage)

    assert (12, 640) == tuple(found[name].think_tokens for name in ("easy", "normal"))
    assert general["easy"] == budget_profiles(lineage="another")["easy"] != found["easy"]
    assert (found["easy"], 7) == (own["easy"], own["hard"].think_tokens)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """What has no default must be there."""
    (tmp_path / "bad.toml").write_text("think_tokens = 1\n")

    with pytest.raises(ConfigError, match="answer_tokens"):
        read_profiles(tmp_path)


def test_a_misspelt_key_is_guessed(tmp_path: Path) -> None:
    """The hint names the nearest key."""
    (tmp_path / "bad.toml").write_text(GOOD + "temprature = 1\n")

    with pytest.raises(ConfigError) as caught:
        read_profiles(tmp_path)
    assert "Did you mean 'temperature'?" in caught.value.hint
