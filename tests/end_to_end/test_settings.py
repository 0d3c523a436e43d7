"""Where options come from: command line, then environment, then file; what is unknown is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., "CompletedProcess[str]"]
ASK = ("ask", "1 + 1 = ?", "--profile", "direct", "--json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder whose file sets the seed to 1."""
    (tmp_path / "edgereason").mkdir()
    (tmp_path / "edgereason" / "config.toml").write_text("seed = 1\n")
    return tmp_path


def seed_of(done: CompletedProcess[str]) -> int:
    """The seed that was used."""
    assert 0 == done.returncode, done.stderr
    return int(json.loads(done.stdout)["seed"])


def test_the_command_line_comes_before_the_environment_before_the_file(edgereason: Run, folder: Path) -> None:
    """Each source is used where none before it says anything."""
    file = {"XDG_CONFIG_HOME": str(folder)}
    shared = {**file, "EDGEREASON_SEED": "2"}
    own = {**shared, "EDGEREASON_ASK_SEED": "3"}

    seeds = [seed_of(edgereason(*ASK, env=env)) for env in ({}, file, shared, own)]
    assert [0, 1, 2, 3] == seeds
    assert 4 == seed_of(edgereason(*ASK, "--seed", "4", env=own))


def test_a_file_can_be_named(edgereason: Run, folder: Path) -> None:
    """By --config or EDGEREASON_CONFIG."""
    path = str(folder / "edgereason" / "config.toml")

    assert 1 == seed_of(edgereason("--config", path, *ASK))
    assert 1 == seed_of(edgereason(*ASK, env={"EDGEREASON_CONFIG": path}))


@pytest.mark.parametrize(
    ("text", "said"),
    [("dedline = '1s'", "'deadline'"), ("[ask]\ndeadline = '5 parsecs'", "'5 parsecs'"), ("seed = ", "no TOML")],
)
def test_a_file_that_is_not_understood_is_an_error(edgereason: Run, folder: Path, text: str, said: str) -> None:
    """Exit 2 with file, value and what may be meant."""
    path = folder / "edgereason" / "config.toml"
    path.write_text(text)
    done = edgereason(*ASK, env={"XDG_CONFIG_HOME": str(folder)})

    assert (2, "") == (done.returncode, done.stdout)
    assert said in done.stderr
    assert str(path) in done.stderr


def test_a_named_file_that_is_missing_is_an_error(edgereason: Run, tmp_path: Path) -> None:
    """Only the usual place may be empty."""
    done = edgereason("--config", str(tmp_path / "none.toml"), *ASK)

    assert 2 == done.returncode
    assert "none.toml" in done.stderr


def test_an_unknown_variable_is_an_error(edgereason: Run) -> None:
    """With the nearest one that exists."""
    done = edgereason(*ASK, env={"EDGEREASON_PROFIL": "easy"})

    assert 2 == done.returncode
    assert "'EDGEREASON_PROFILE'" in done.stderr


def test_a_bad_value_from_the_environment_names_its_variable(edgereason: Run) -> None:
    """Whoever typed nothing wrong must learn where it comes from."""
    done = edgereason(*ASK, env={"EDGEREASON_DEADLINE": "5"})

    assert 2 == done.returncode
    assert "EDGEREASON_DEADLINE" in done.stderr
