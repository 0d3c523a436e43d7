"""The configuration file: what is understood applies, what is not is an error that names file and value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from edgereason.cli import settings
from edgereason.cli.main import VERBS, cli
from edgereason.errors import ConfigError

FILE = Path("config.toml")


def verbs() -> Mapping[str, click.Command]:
    """Every verb of the command, its environment named."""
    context = click.Context(cli)
    return {name: command for name in VERBS if (command := cli.get_command(context, name))}


def test_a_top_level_key_reaches_every_verb_that_knows_it() -> None:
    """`seed` is set for ask and chat, and stays out of verbs without it."""
    found = settings.default_map({"seed": 7}, verbs(), FILE)

    assert (7, 7) == (found["ask"]["seed"], found["chat"]["seed"])
    assert "seed" not in found["doctor"]


def test_a_verbs_own_table_comes_before_the_top_level() -> None:
    """The more particular setting wins, in its verb only."""
    found = settings.default_map({"deadline": "1s", "ask": {"deadline": "2s"}}, verbs(), FILE)

    assert ("2s", "1s") == (found["ask"]["deadline"], found["chat"]["deadline"])


@pytest.mark.parametrize(
    ("table", "value", "hint"),
    [
        ({"dedline": "1s"}, "'dedline'", "'deadline'"),
        ({"ask": {"profil": "easy"}}, "'profil'", "'profile'"),
        ({"aks": {"seed": 1}}, "'aks'", "'ask'"),
        ({"deadline": "5 parsecs"}, "'5 parsecs'", ""),
        ({"deadline": 2}, "2", ""),
        ({"ask": {"quiet": "yes"}}, "'yes'", ""),
        ({"ask": {"choice": "a"}}, "'a'", ""),
        ({"ask": {"min-confidence": 1.5}}, "1.5", ""),
        ({"seed": -1}, "-1", ""),
    ],
)
def test_unknown_keys_and_values_are_errors(table: Mapping[str, object], value: str, hint: str) -> None:
    """The error names the file and the value, and guesses at what was meant."""
    with pytest.raises(ConfigError) as refusal:
        settings.default_map(table, verbs(), FILE)

    assert value in str(refusal.value)
    assert str(FILE) in str(refusal.value)
    assert hint in refusal.value.hint


def test_keys_may_be_written_as_on_the_command_line() -> None:
    """`hide-reasoning` and `hide_reasoning` are one key."""
    dashes = settings.default_map({"ask": {"hide-reasoning": True}}, verbs(), FILE)

    assert dashes == settings.default_map({"ask": {"hide_reasoning": True}}, verbs(), FILE)


def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path) -> None:
    """Damage is reported, not skipped."""
    path = tmp_path / "config.toml"
    path.write_text("deadline = = 2")

    with pytest.raises(ConfigError, match="no TOML"):
        settings.read(path)


def test_a_variable_that_sets_nothing_is_an_error() -> None:
    """A typing mistake in the environment is not passed over."""
    with pytest.raises(ConfigError, match="'EDGEREASON_DEDLINE'") as refusal:
        settings.refuse_unknown_variables(["EDGEREASON_DEDLINE"], verbs())

    assert "'EDGEREASON_DEADLINE'" in refusal.value.hint


def test_every_option_has_its_variables() -> None:
    """Each option is settable from the environment, for its verb and for all."""
    settings.refuse_unknown_variables(["EDGEREASON_ASK_MIN_CONFIDENCE", "EDGEREASON_MODEL", "PATH"], verbs())
    names = {option.envvar[0] for option in map(lambda verb: verb.params[1], [verbs()["ask"]]) if option.envvar}

    assert {"EDGEREASON_ASK_DEADLINE"} == names
