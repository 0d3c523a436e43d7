"""`edgereason profile check`: whether deadlines are kept here, beside what was made of the time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgereason.cli import exits
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import (
    DurationType,
    loading,
    miss_rate_option,
    model_options,
    name_environment,
    option,
    quiet_option,
)
from edgereason.cli.progress import Show, bars

if TYPE_CHECKING:
    from edgereason.evals.checking import OnProgress
    from edgereason.evals.ledger import Ask


@click.command()
@option("-n", "--n", "items", type=click.IntRange(1), default=200, show_default=True, help="How many asks.")
@option(
    "--shortest", type=DurationType(), default="50ms", show_default=True, metavar="TIME",
    help="The shortest deadline; they are log-uniform from this one ...",
)  # fmt: skip
@option("--longest", type=DurationType(), default="2s", show_default=True, metavar="TIME", help="... to this one.")
@option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of all that is drawn.")
@option("--task", help="Questions: as of `edgereason eval`.  [default: all families]")
@option("--load", is_flag=True, help="Ask every second block of 50 beside bursts of work on every core.")
@miss_rate_option
@option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append every ask here; the same command goes on from there.",
)
@option("--strict", is_flag=True, help="Exit with 1 unless the promise is shown to be kept.")
@option("--json", "json", is_flag=True, help="Print one JSON object instead of a table.")
@quiet_option
@model_options
def command(
    items: int,
    shortest: float,
    longest: float,
    seed: int,
    task: str | None,
    load: bool,
    miss_rate: float,
    out: Path | None,
    strict: bool,
    json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Ask under many deadlines, and say how often answers came back late, beside what was made of the time.

    Late shares come with their exact 95 % interval, for all asks and for each regime: while tasks waited for the
    processor (busy) or not (calm), and with --load beside the load or without. Whether the promise was kept cannot be
    told from few asks: of 1 % it takes 368 that time limited, none of them late. Ctrl-C ends early and reports what is
    done (exit 130); with --out nothing is asked again.
    """
    from edgereason import Reasoner
    from edgereason.evals.checking import TASK, Conditions, check
    from edgereason.evals.tasks import load_task

    conditions = Conditions(shortest_s=shortest, longest_s=longest, seed=seed, load=load, miss_rate=miss_rate)
    loaded = load_task(task or TASK, n=items, seed=seed)
    options = loading(given)
    fetch_first(options, quiet=quiet)
    with Reasoner.load(**options) as reasoner, bars(quiet=quiet) as show:
        on_progress = None if show is None else _with_late(show)
        ledger = check(loaded, reasoner, conditions, out=out, on_progress=on_progress)
    click.echo(ledger.to_json() if json else ledger.to_text())
    is_shown = ledger.verdict == "kept" or not strict
    code = exits.INTERRUPTED if ledger.interrupted else exits.ANSWERED if is_shown else exits.FAILED
    raise click.exceptions.Exit(code)


name_environment(command, "profile")


def _with_late(show: Show) -> OnProgress:
    """Progress that says how many were late so far."""
    late = 0

    def on_progress(done: int, total: int, ask: Ask) -> None:
        nonlocal late
        late += ask.is_late
        show(f"asking: {late} late", done, total)

    return on_progress
