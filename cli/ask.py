"""`edgereason ask`: one question, one answer."""

from __future__ import annotations

import sys
from typing import Any

import click

from edgereason.cli import exits
from edgereason.cli.asking import explain, follow, print_result, read_question
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import (
    ProbabilityType,
    check_quiet_or_verbose,
    deadline_option,
    loading,
    miss_rate_option,
    model_options,
    option,
    output_options,
    request_options,
)


@click.command()
@click.argument("question")
@deadline_option
@option("--json", "json", is_flag=True, help="Print one JSON object instead of the answer.")
@option("--choice", multiple=True, metavar="TEXT", help="Vote over given answers; repeat it for each.")
@option("--system", metavar="TEXT", help="System prompt.")
@option("--min-confidence", type=ProbabilityType(), metavar="P", help="Abstain (exit 3) when less sure than this.")
@miss_rate_option
@option("--strict", is_flag=True, help="Exit 124 also when the answer came late.")
@request_options
@model_options
@output_options
def command(
    question: str, choice: tuple[str, ...], json: bool, strict: bool, hide_reasoning: bool, quiet: bool, **given: Any
) -> None:
    """Answer QUESTION (- reads it from standard input) as well as this device can before the deadline.

    The answer goes to standard output, reasoning and progress to standard error. Exit codes: 0 answered, 1 failed,
    2 wrong usage, 3 abstained, 124 no answer in time, 130 interrupted (the best answer so far is printed). A question
    that begins with a dash goes after --: edgereason ask -- "-3 + 5 = ?"
    """
    verbose = given.pop("verbose")
    check_quiet_or_verbose(quiet, verbose)
    text = read_question(question, sys.stdin)
    from edgereason import Reasoner
    from edgereason.cli.view import watcher

    load = loading(given)
    fetch_first(load, quiet=quiet or json)
    with watcher(title=f"edgereason · {load['model']}", deadline_s=given["deadline"], quiet=quiet or json) as view:
        reasoner = Reasoner.load(**load)
        request = reasoner.submit(text, choices=choice, wants_text=view.wants_text, **given)
        result, interrupted = follow(request, view)
    explain(result, quiet=quiet or (json and not verbose), verbose=verbose, hide_reasoning=hide_reasoning)
    print_result(result, as_json=json)
    reasoner.close()
    raise click.exceptions.Exit(exits.of_result(result, strict=strict, interrupted=interrupted))
