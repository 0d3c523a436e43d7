"""What `ask` and `chat` share: reading a question, following a request to its end, saying what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from edgereason.cli.report import details, summary
from edgereason.errors import QuestionError

if TYPE_CHECKING:
    from edgereason.cli.view import Watcher
    from edgereason.types import Result

MOST_BYTES = 8 * 1024 * 1024


def read_question(argument: str, stdin: TextIO) -> str:
    """The question itself, or standard input where it is `-`.

    Raises:
        QuestionError: not UTF-8, or more than 8 MiB.
    """
    if argument != "-":
        return decoded(argument.encode("utf-8", "surrogateescape"))
    raw = stdin.buffer.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise QuestionError("the question on standard input is longer than 8 MiB", hint="Ask about a part of it.")
    return decoded(raw)


def decoded(raw: bytes) -> str:
    """`raw` as UTF-8; raises QuestionError with the place of the first byte that is none."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = f"byte {raw[error.start]:#04x} at offset {error.start}"
        raise QuestionError(f"the question is not UTF-8: {bad}", hint="Convert it, as with iconv -t UTF-8.") from None


def follow(request: Any, watcher: Watcher) -> tuple[Result, bool]:
    """The result and whether Ctrl-C ended it early; then it is the best so far, if there was any."""
    from edgereason.types import Event

    try:
        watcher.show(Event(kind="queued", elapsed_s=0.0))
        for event in request.events():
            watcher.show(event)
        return request.result(), False
    except KeyboardInterrupt:
        request.cancel()
        return request.result(), True


def say(text: str, *, style: str = "dim") -> None:
    """One line on standard error, dimmed on a terminal that shows colour."""
    import os

    plain = not sys.stderr.isatty() or os.environ.get("NO_COLOR")
    click.echo(text if plain else click.style(text, dim=style == "dim"), err=True, color=None if plain else True)


def explain(result: Result, *, quiet: bool, verbose: bool, hide_reasoning: bool) -> None:
    """Everything but the answer, on standard error. Why there is none is said even when quiet."""
    if result.answer is None:
        for note in result.notes or ("There is no answer.",):
            click.echo(f"edgereason: {note}", err=True)
    if quiet:
        return
    if result.reasoning and not hide_reasoning:
        say(result.reasoning.strip())
    for line in details(result) if verbose else ():
        say(line)
    for note in result.notes if result.answer is not None else ():
        say(f"note: {note}")
    say(summary(result))


def print_result(result: Result, *, as_json: bool) -> None:
    """The answer, or the whole result as one JSON object, on standard output."""
    if as_json:
        import json

        from edgereason.cli.report import result_json

        click.echo(json.dumps(result_json(result), ensure_ascii=False, allow_nan=False))
    elif result.answer is not None:
        click.echo(result.answer)
