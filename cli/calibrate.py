"""`edgereason calibrate`: record what a model thinks of a task, and what thinking longer or voting buys there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgereason.cli import exits
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import loading, model_options, option, quiet_option
from edgereason.cli.progress import bars

if TYPE_CHECKING:
    from edgereason.profiling.accuracy import AccuracyProfile, Curves

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("tasks", nargs=-1, required=True, metavar="TASK...")
@option("-n", "--n", "items", type=click.IntRange(1), help="How many questions.  [default: 100, or all of a file]")
@option("--split", type=click.Choice(["train", "tune", "test"]), default="tune", show_default=True, help="Of tasks.")
@option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of questions and draws.")
@option("--samples", type=click.IntRange(1), default=8, show_default=True, help="Thoughts of each question.")
@option("--waits", type=click.IntRange(0), default=2, show_default=True, help="Of these, made to go on once.")
@option("--think-tokens", type=click.IntRange(8), default=640, show_default=True, help="Cap of a thought.")
@option("--temperature", type=click.FloatRange(0, 2, min_open=True), default=0.7, show_default=True, help="Of draws.")
@option(
    "-o", "--out", type=_FILE, required=True,
    help="Append every answered question here; the same command goes on from there.",
)  # fmt: skip
@option("--accuracy", type=_FILE, help="Write the accuracy profile here.")
@option("--json", "json", is_flag=True, help="Print the accuracy profile as one JSON object instead of tables.")
@quiet_option
@model_options
def command(
    tasks: tuple[str, ...],
    items: int | None,
    split: str,
    seed: int,
    samples: int,
    waits: int,
    think_tokens: int,
    temperature: float,
    out: Path,
    accuracy: Path | None,
    json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Record what a model thinks of each TASK's questions, and say what thinking longer and voting buy there.

    Every question is answered without thought, and by several thoughts that are also cut short at about twelve points
    and asked for their answer. A TASK is a generated one (chain, story:hard), one of reasoning-gym (rg:leg_counting,
    extra [gym]) or a JSON-lines file. Ctrl-C ends early
    (exit 130) and loses nothing: the same command goes on.
    """
    from edgereason.evals.recording import Recipe, merged, record
    from edgereason.evals.situations import calibrated
    from edgereason.evals.tasks import load_task
    from edgereason.profiling.accuracy import accuracy_profile, profile_json, write_profile
    from edgereason.records import read_header, read_records

    recipe = Recipe(samples=samples, waits=min(waits, samples), think_tokens=think_tokens, temperature=temperature)
    task = merged([load_task(name, n=items, seed=seed, split=split) for name in tasks])
    load = loading(given)
    fetch_first(load, quiet=quiet)
    with parts_of(load) as parts, bars(quiet=quiet) as show:
        on_progress = None if show is None else lambda done, total, record: show(task.name, done, total)
        is_whole = record(task, parts, recipe, out=out, seed=seed, on_progress=on_progress)
    if not is_whole:
        raise click.exceptions.Exit(exits.INTERRUPTED)
    records = list(read_records(out, "question"))
    profile = calibrated(accuracy_profile(read_header(out), records), records)
    if accuracy is not None:
        write_profile(profile, accuracy)
    click.echo(profile_json(profile) if json else "\n\n".join(table(name, each) for name, each in _shown(profile)))


@contextmanager
def parts_of(load: dict[str, Any]) -> Iterator[Any]:
    """The model's parts, its engine closed in the end."""
    import time

    from edgereason.loading import load_parts
    from edgereason.prompting import PromptOptions

    names = ("chat_template", "think_open", "think_close")
    prompts = PromptOptions(**{name: load.pop(name) for name in names})
    parts = load_parts(load.pop("model"), prompts=prompts, clock=time.perf_counter, with_probe=False, **load)
    try:
        yield parts
    finally:
        parts.engine.close()


def _shown(profile: AccuracyProfile) -> list[tuple[str, Curves]]:
    return [("all", profile.all), *profile.bands.items()]


def table(name: str, curves: Curves) -> str:
    """One band's curves as a table: right if closed there, as a bar and with its interval, thoughts ended, votes."""
    widths = sorted({curves.rows[0], curves.rows[len(curves.rows) // 2], curves.rows[-1]})
    head = f"{name}: {curves.n} questions, {curves.samples} samples each, {curves.think_mean:.0f} think tokens a sample"
    lines = [head, _row("think tokens", "right if closed there", "ended", *(f"vote of {width}" for width in widths))]
    if curves.direct is not None:
        lines.append(_row("0 (direct)", _bar(curves.direct.mean, curves.direct.low, curves.direct.high), ""))
    for place, tokens in enumerate(curves.think_tokens):
        right = curves.right[place]
        votes = (f"{curves.votes[curves.rows.index(width)][place].mean:.3f}" for width in widths)
        bar = _bar(right.mean, right.low, right.high)
        lines.append(_row(str(tokens), bar, f"{curves.finished[place]:.2f}", *votes))
    if curves.wait_gain is not None:
        gain = curves.wait_gain
        lines.append(f'going on after "Wait": {gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]')
    return "\n".join(lines)


def _row(first: str, bar: str, *cells: str) -> str:
    return f"{first:>12}  {bar:<43}" + "".join(f"{cell:>11}" for cell in cells)


def _bar(mean: float, low: float, high: float) -> str:
    """A share as a bar of twenty places, and in figures."""
    return f"{'█' * round(20 * mean):<20} {mean:.3f} [{low:.3f}, {high:.3f}]"
