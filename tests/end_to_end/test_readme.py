"""The README does what it says: its commands are there in order, its Python runs, its options exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_the_first_blocks_run_the_main_job_and_the_tests() -> None:
    """A newcomer types these two, and nothing of them needs anything but wheels."""
    job, tests = blocks("sh")[:2]

    assert 'edgereason ask "17 + 25 = ?" --deadline 2s' in job
    assert "python3 -m venv .venv" in job
    assert "-m pytest" in tests
    assert "torch" not in job + tests


def test_the_library_example_runs(python_with: Callable[[Sequence[str]], str]) -> None:
    """As printed, and the last event of its stream is the result."""
    (example,) = blocks("python")
    lines = python_with(["-c", example]).splitlines()

    assert len(lines) > 2
    assert lines[-1].startswith("result")


def test_the_configuration_example_is_understood(edgereason: Run, tmp_path: Path) -> None:
    """As printed, but for the path of the model."""
    (example,) = blocks("toml")
    path = tmp_path / "config.toml"
    path.write_text(re.sub(r'^model = "[^"]*"', 'model = "abacus"', example, flags=re.M))

    done = edgereason("--config", str(path), "ask", "1 + 1 = ?", "--profile", "direct")
    assert (0, True) == (done.returncode, "of 2 s" in done.stderr), done.stderr


def test_every_option_that_is_named_exists(edgereason: Run) -> None:
    """No option of the command that the README names is missing from its help."""
    verbs = (
        (),
        ("ask",),
        ("calibrate",),
        ("chat",),
        ("eval",),
        ("probe", "train"),
        ("profile",),
        ("profile", "check"),
        ("models",),
        ("models", "show"),
        ("simulate",),
    )
    helps = "".join(edgereason(*verb, "--help").stdout for verb in verbs)
    ours = re.sub(r"```(?:sh|console)\n.*?```", "", README, flags=re.S)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours))

    assert set() == {option for option in named if option not in helps}


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], ids=lambda page: page.name)
def test_links_between_files_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page is a file of the repository."""
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))

    assert [] == [target for target in targets if not (page.parent / target).exists()]
