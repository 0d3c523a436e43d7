"""`edgereason eval`: accuracy with its interval, on a generated task or a labelled file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgereason.cli import exits
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import deadline_option, loading, model_options, option, profile_option, quiet_option

if TYPE_CHECKING:
    from edgereason.protocols import Record

    OnProgress = Callable[[int, int, Record], None]


@click.command()
@click.argument("task")
@option("-n", "--n", "items", type=click.IntRange(1), help="How many questions.  [default: 100, or all of a file]")
@option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of questions and draws.")
@deadline_option
@profile_option
@option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append every answered question here; the same command goes on from there.",
)
@option("--json", "json", is_flag=True, help="Print one JSON object instead of a table.")
@quiet_option
@model_options
def command(task: str, items: int | None, seed: int, out: Path | None, json: bool, quiet: bool, **given: Any) -> None:
    """Ask every question of TASK and report how many answers are right, with the interval.

    TASK is a generated one (chain, story:hard, clock+units) or a JSON-lines file with "question" and "answer". Ctrl-C
    ends early and reports what is done (exit 130); with --out nothing that was answered is lost or asked again.
    """
    from edgereason import Reasoner
    from edgereason.evals.runner import run
    from edgereason.evals.tasks import load_task

    loaded = load_task(task, n=items, seed=seed)
    load = loading(given)
    fetch_first(load, quiet=quiet)
    with Reasoner.load(**load) as reasoner, progress(loaded.name, quiet=quiet) as on_progress:
        report = run(loaded, reasoner, seed=seed, out=out, on_progress=on_progress, **given)
    click.echo(report.to_json() if json else report.to_text())
    raise click.exceptions.Exit(exits.INTERRUPTED if report.interrupted else exits.ANSWERED)


@contextmanager
def progress(title: str, *, quiet: bool) -> Iterator[OnProgress | None]:
    """A bar with the accuracy so far and the time left on a terminal; elsewhere nothing."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        shown = bar.add_task(title, total=None)
        right = 0

        def show(done: int, total: int, record: Record) -> None:
            nonlocal right
            right += record["correct"] is True
            bar.update(shown, completed=done, total=total, description=f"{title}: {right / done:.1%} right")

        yield show
