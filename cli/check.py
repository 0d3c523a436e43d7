"""`edgereason profile check`: are deadlines kept here? The ledger of late requests, with what the time was used for."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgereason.cli import exits
from edgereason.cli.asking import say
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import DurationType, loading, model_options, option, quiet_option
from edgereason.cli.progress import Show, bars

if TYPE_CHECKING:
    from edgereason.evals.ledger import Line
    from edgereason.intervals import Proportion
    from edgereason.protocols import Record

DEFAULT_TASK = "chain+story+series+extremes+sorting+counting+clock+units+procedure+logic"
_COLUMNS = (
    "regime",
    "asked",
    "limited",
    "late (95 %)",
    "overrun (95 %)",
    "in hand",
    "used",
    "closed at",
    "right",
    "direct",
)


@click.command()
@option("-n", "--n", "count", type=click.IntRange(1), default=300, show_default=True, help="How many questions.")
@option("--shortest", type=DurationType(), default="50ms", show_default=True, metavar="TIME", help="Deadline drawn.")
@option("--longest", type=DurationType(), default="2s", show_default=True, metavar="TIME", help="Deadline drawn.")
@option("--task", default=DEFAULT_TASK, help="Of which questions.  [default: all families]")
@option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of questions and deadlines.")
@option("--load", is_flag=True, help="Ask every other twenty beside processes that want all cores in bursts.")
@option(
    "--miss-rate", type=click.FloatRange(0.0001, 0.5), default=0.01, show_default=True,
    help="Share that may come back late.",
)  # fmt: skip
@option("--strict", is_flag=True, help="Exit 1 where the promise is not kept.")
@option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False),
    help="Append every request here; the same command goes on from there.",
)  # fmt: skip
@option("--json", "json", is_flag=True, help="Print one JSON object instead of a table.")
@quiet_option
@model_options
def command(
    count: int,
    shortest: float,
    longest: float,
    task: str,
    seed: int,
    load: bool,
    miss_rate: float,
    strict: bool,
    out: Path | None,
    json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Ask questions with deadlines drawn log-uniformly, and say how many came back late.

    Deadline-limited requests are those that time ended; the promise speaks of them. "overrun": closings that did not
    end in what was kept for them, so that the answer in hand was returned; "used": median share of the deadline at the
    return, "closed at": when closing began; late answers count as wrong. Every closing is learnt from, as in any
    request. Ctrl-C ends early and reports what is done (exit 130).
    """
    from edgereason import Reasoner
    from edgereason.evals.ledger import Bounds, Draw, broken, keep_ledger, ledger, to_json
    from edgereason.evals.tasks import load_task

    draw = Draw(shortest_s=shortest, longest_s=longest, seed=seed, load=load, miss_rate=miss_rate)
    items = load_task(task, n=count, seed=seed)
    options = loading(given)
    fetch_first(options, quiet=quiet)
    with Reasoner.load(**options) as reasoner, bars(quiet=quiet) as show:
        asks, is_whole = keep_ledger(items, reasoner, draw, out=out, on_progress=_counted(show))
        last = reasoner.ask(items.items[0].question, deadline=longest, miss_rate=miss_rate).plan if is_whole else None
    lines = ledger(asks)
    bounds = Bounds(
        miss_rate=miss_rate, most_late=0.6 * miss_rate, most_late_high=miss_rate, most_late_regime=2 * miss_rate
    )
    faults = broken(lines, bounds) if asks else []
    if json:
        found = {
            "lines": to_json(lines),
            "holds": not faults,
            "broken": faults,
            "promise": last.promise if last else None,
        }
        click.echo(json_module.dumps(found))
    else:
        click.echo(table(lines))
    for line in () if quiet else (*faults, *((last.promise,) if last else ())):
        say(line)
    if not is_whole:
        raise click.exceptions.Exit(exits.INTERRUPTED)
    raise click.exceptions.Exit(exits.FAILED if strict and faults else exits.ANSWERED)


def _counted(show: Show | None) -> Callable[[int, int, Record], None] | None:
    """Progress that says how many were late so far."""
    if show is None:
        return None
    late = 0

    def on_progress(done: int, total: int, record: Record) -> None:
        nonlocal late
        late += record["measured_s"] > record["deadline_s"]
        show(f"asked: {late} late", done, total)

    return on_progress


def table(lines: Sequence[Line]) -> str:
    """The ledger, a line a regime: late share and sharpness side by side."""
    rows = [_COLUMNS, *(_cells(line) for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _cells(line: Line) -> tuple[str, ...]:
    ratios = (f"{value:.2f}" if value is not None else "-" for value in (line.used, line.closing))
    used, closing = ratios
    return (
        line.regime, str(line.n), str(line.late.n), _share(line.late), _share(line.overrun), _percent(line.in_hand),
        used, closing, _percent(line.right), _percent(line.direct),
    )  # fmt: skip


def _percent(share: Proportion) -> str:
    return f"{share.share:.1%}" if share.n else "-"


def _share(share: Proportion) -> str:
    return f"{share.share:.2%} [{share.low:.2%}, {share.high:.2%}]" if share.n else "-"
