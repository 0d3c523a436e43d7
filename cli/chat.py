"""`edgereason chat`: several turns, each with its own deadline."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

from edgereason.cli.asking import MOST_BYTES, decoded, explain, follow, say
from edgereason.cli.durations import parse_duration
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import (
    check_quiet_or_verbose,
    deadline_option,
    loading,
    model_options,
    option,
    output_options,
    request_options,
    within,
)
from edgereason.errors import ConfigError, ContextLengthError, UsageError, did_you_mean

if TYPE_CHECKING:
    from edgereason import Reasoner
    from edgereason.types import Message

COMMANDS = {
    "/clear": "forget the conversation",
    "/deadline": "/deadline 2s sets the time for each answer, /deadline none lifts it",
    "/exit": "leave, as does the end of input",
    "/help": "this list",
}


@click.command()
@deadline_option
@option("--system", metavar="TEXT", help="System prompt.")
@request_options
@model_options
@output_options
def command(**given: Any) -> None:
    """Talk: a line in, an answer out, until /exit or the end of input.

    Ctrl-C ends an answer early and keeps the best so far; at the prompt it leaves. /help lists what else there is.
    """
    check_quiet_or_verbose(given["quiet"], given["verbose"])
    from edgereason import Reasoner

    load = loading(given)
    fetch_first(load, quiet=given["quiet"])
    with Reasoner.load(**load) as reasoner:
        chat = Chat(reasoner, title=f"edgereason · {load['model']}", **given)
        if sys.stdin.isatty() and not given["quiet"]:
            say(f"{reasoner.model.name}, {within(given['deadline'])}. /help lists the commands.")
        while (line := read_line()) is not None and chat.take(line):
            sys.stdout.flush()


class Chat:
    """A conversation: the turns so far, and the deadline of the next."""

    def __init__(
        self,
        reasoner: Reasoner,
        *,
        title: str,
        deadline: float | None,
        quiet: bool,
        verbose: bool,
        hide_reasoning: bool,
        **request: Any,
    ) -> None:
        self._reasoner = reasoner
        self._title = title
        self._deadline_s = deadline
        self._quiet = quiet
        self._shown = {"quiet": quiet, "verbose": verbose, "hide_reasoning": hide_reasoning}
        self._request = request
        self._turns: list[Message] = []

    def take(self, raw: bytes) -> bool:
        """Answer a line or obey a command; False ends the conversation. A refused line leaves it as it was."""
        try:
            line = decoded(raw).strip()
            return self._obey(*line.split()) if line.startswith("/") else self._answer(line)
        except (UsageError, ContextLengthError) as error:
            click.echo(f"edgereason: {error}" + (f"\nhint: {error.hint}" if error.hint else ""), err=True)
            return True

    def _obey(self, name: str, *arguments: str) -> bool:
        if name not in COMMANDS:
            raise ConfigError(f"unknown command {name!r}", hint=did_you_mean(name, COMMANDS))
        if name == "/help":
            for known, meaning in COMMANDS.items():
                say(f"{known:10} {meaning}")
        elif name == "/clear":
            self._turns.clear()
        elif name == "/deadline":
            text = " ".join(arguments)
            self._deadline_s = None if text == "none" else parse_duration(text)
            say(f"answers {within(self._deadline_s)}" if self._deadline_s else "answers with no deadline")
        return name != "/exit"

    def _answer(self, line: str) -> bool:
        from edgereason.cli.view import watcher
        from edgereason.types import Message

        if not line:
            return True
        turns = [*self._turns, Message(role="user", content=line)]
        with watcher(title=self._title, deadline_s=self._deadline_s, quiet=self._quiet) as view:
            request = self._reasoner.submit(
                turns, deadline=self._deadline_s, wants_text=view.wants_text, **self._request
            )
            result, _ = follow(request, view)
        explain(result, **self._shown)
        if result.answer is not None:
            click.echo(result.answer)
            self._turns = [*turns, Message(role="assistant", content=result.text or result.answer)]
        return True


def read_line() -> bytes | None:
    """The next line, from the prompt or from a pipe; None at the end of input."""
    if sys.stdin.isatty():
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - gives `input` a history and an editable line
        try:
            return input("> ").encode("utf-8", "surrogateescape")
        except EOFError:
            return None
    return sys.stdin.buffer.readline(MOST_BYTES) or None
