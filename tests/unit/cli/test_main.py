"""The verbs and their help."""

from __future__ import annotations

import signal

import click
import pytest

from edgereason.cli.main import VERBS, cli, main, run
from edgereason.cli.options import key_of, settable


def verb(name: str) -> click.Command:
    """A verb's command."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`VERB --help` exits 0 and shows every option with its help."""
    assert 0 == run([name, "--help"])

    text = capsys.readouterr().out
    assert all(param.help for param in verb(name).params if isinstance(param, click.Option))
    assert all(f"--{key_of(option).replace('_', '-')}" in text for option in settable(verb(name)).values())


def test_shared_options_mean_the_same_everywhere() -> None:
    """An option name has one type and one help text, whichever verb takes it."""
    seen: dict[str, tuple[str, str]] = {}
    for name in VERBS:
        for key, option in settable(verb(name)).items():
            if key in ("json", "seed"):
                continue  # each verb prints its own object, and eval's seed also draws its questions
            described = (str(option.type.to_info_dict()), option.help or "")
            assert described == seen.setdefault(key, described), (name, key)


def test_an_unknown_verb_is_guessed_at(capsys: pytest.CaptureFixture[str]) -> None:
    """A typing mistake exits 2 and names the nearest verb."""
    assert 2 == run(["aks"])

    assert "Did you mean 'ask'?" in capsys.readouterr().err


def test_no_verb_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The bare command lists what there is."""
    run([])

    output = capsys.readouterr()
    assert all(name in output.out + output.err for name in VERBS)


def test_a_ctrl_c_after_the_last_word_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Between the last output and the end of the process the signal is ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as ended:
            main(["--help"])
        assert (0, signal.SIG_IGN) == (ended.value.code, signal.getsignal(signal.SIGINT))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert "Usage" in capsys.readouterr().out
