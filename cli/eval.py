"""`edgereason eval`: accuracy with its interval, on a generated task or a labelled file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgereason.cli import exits
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import (
    deadline_option,
    loading,
    model_options,
    option,
    profile_option,
    quiet_option,
    strategy_options,
)
from edgereason.cli.progress import Show, bars

if TYPE_CHECKING:
    from edgereason.protocols import Record

    OnProgress = Callable[[int, int, Record], None]

FURTHER = ("strategy", "price_per_second", "price_per_joule", "max_joules")  # what `strategy_options` give


@click.command()
@click.argument("task")
@option("-n", "--n", "items", type=click.IntRange(1), help="How many questions.  [default: 100, or all of a file]")
@option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of questions and draws.")
@deadline_option
@profile_option
@strategy_options
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

    TASK is a generated one (chain, story:hard, clock+units), one of reasoning-gym (rg:leg_counting, extra [gym]) or a
    JSON-lines file with "question" and "answer". Ctrl-C
    ends early and reports what is done (exit 130); with --out nothing that was answered is lost or asked again.
    """
    from edgereason import Reasoner
    from edgereason.evals.runner import run
    from edgereason.evals.tasks import load_task

    loaded = load_task(task, n=items, seed=seed)
    load, further = loading(given), {name: given.pop(name) for name in FURTHER}
    fetch_first(load, quiet=quiet)
    with Reasoner.load(**load) as reasoner, bars(quiet=quiet) as show:
        on_progress = None if show is None else _with_accuracy(loaded.name, show)
        report = run(loaded, reasoner, seed=seed, out=out, on_progress=on_progress, further=further, **given)
    click.echo(report.to_json() if json else report.to_text())
    raise click.exceptions.Exit(exits.INTERRUPTED if report.interrupted else exits.ANSWERED)


def _with_accuracy(title: str, show: Show) -> OnProgress:
    """Progress that says how many were right so far."""
    right = 0

    def on_progress(done: int, total: int, record: Record) -> None:
        nonlocal right
        right += record["correct"] is True
        show(f"{title}: {right / done:.1%} right", done, total)

    return on_progress
