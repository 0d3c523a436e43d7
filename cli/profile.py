"""`edgereason profile`: what a model's passes cost on this device, and whether deadlines are kept with that."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from edgereason.cli import exits
from edgereason.cli.asking import say
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import (
    DurationType,
    loading,
    miss_rate_option,
    model_options,
    name_environment,
    option,
    quiet_option,
    weights_options,
)
from edgereason.cli.progress import Show, bars

if TYPE_CHECKING:
    from edgereason.evals.checking import OnProgress
    from edgereason.evals.ledger import Ask
    from edgereason.measuring import Measured
    from edgereason.profiling.profile import DeviceProfile
    from edgereason.profiling.run import Progress

_NEW_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(invoke_without_command=True)
@option(
    "--time-limit", "limit_s", type=DurationType(), default="2m", show_default=True, metavar="TIME",
    help="Measure for no longer than this, after loading.",
)  # fmt: skip
@option("--save", type=_NEW_FILE, help="Write the profile here, the raw timings beside it.  [default: cache]")
@option("--svg", "picture", type=_NEW_FILE, help="Also write the picture to this SVG file.")
@option("--show", metavar="NAME", help="Measure nothing: show this file, or a published profile that ships.")
@option("--json", "json", is_flag=True, help="Print the profile as one JSON object instead of a picture.")
@quiet_option
@weights_options
def command(
    limit_s: float,
    save: Path | None,
    picture: Path | None,
    show: str | None,
    json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Measure what a pass of the model costs on this device, and keep it for later asks.

    Thread counts, spinning and flash attention are tried first, unless given; then passes over rows and context,
    prompts, closings, votes and memory. Ctrl-C ends at once (exit 130): what was measured is kept, and the same command
    goes on from there.
    """
    here = click.get_current_context()
    if here.invoked_subcommand is not None:
        return _hand_on(here, here.invoked_subcommand)
    if show is not None:
        return _show_only(show, picture=picture, json=json, quiet=quiet)
    from edgereason.measuring import Stoppable, measure_profile

    load = loading(given)
    fetch_first(load, quiet=quiet)
    with progress(quiet=quiet) as on_progress:
        measured, is_interrupted = Stoppable(
            lambda is_stopped: measure_profile(
                **load, limit_s=limit_s, out=save, is_stopped=is_stopped, on_progress=on_progress
            )
        ).result()
    if measured is not None and measured.profile is not None:
        _print(measured.profile, picture=picture, json=json, path=measured.path)
        for line in () if quiet else _said(measured.profile, measured):
            say(line)
    elif not quiet:
        say("no profile yet: too little was measured; the same command goes on from there")
    raise click.exceptions.Exit(exits.INTERRUPTED if is_interrupted else exits.ANSWERED)


def _hand_on(context: click.Context, verb: str) -> None:
    """Leave the rest to a verb of this group, which has options of its own; the configuration file's go with it."""
    for param in context.command.params:
        if param.name and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{param.opts[0]} belongs behind {verb!r}: edgereason profile {verb} ...")
    context.default_map = {verb: context.default_map}


@command.command("check")
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
@option("-o", "--out", type=_NEW_FILE, help="Append every ask here; the same command goes on from there.")
@option("--strict", is_flag=True, help="Exit with 1 unless the promise is shown to be kept.")
@option("--json", "json", is_flag=True, help="Print one JSON object instead of a table.")
@quiet_option
@model_options
def check(
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
    from edgereason.evals.checking import TASK, Conditions
    from edgereason.evals.checking import check as run
    from edgereason.evals.tasks import load_task

    conditions = Conditions(shortest_s=shortest, longest_s=longest, seed=seed, load=load, miss_rate=miss_rate)
    loaded = load_task(task or TASK, n=items, seed=seed)
    options = loading(given)
    fetch_first(options, quiet=quiet)
    with Reasoner.load(**options) as reasoner, bars(quiet=quiet) as show:
        on_progress = None if show is None else _with_late(show)
        ledger = run(loaded, reasoner, conditions, out=out, on_progress=on_progress)
    click.echo(ledger.to_json() if json else ledger.to_text())
    is_shown = ledger.verdict == "kept" or not strict
    code = exits.INTERRUPTED if ledger.interrupted else exits.ANSWERED if is_shown else exits.FAILED
    raise click.exceptions.Exit(code)


name_environment(check, "profile")


def _with_late(show: Show) -> OnProgress:
    """Progress that says how many were late so far."""
    late = 0

    def on_progress(done: int, total: int, ask: Ask) -> None:
        nonlocal late
        late += ask.is_late
        show(f"asking: {late} late", done, total)

    return on_progress


def _show_only(name: str, *, picture: Path | None, json: bool, quiet: bool) -> None:
    """A profile that is there already, with what it was made from."""
    from edgereason.loading import open_device_profile

    profile = open_device_profile(name)
    _print(profile, picture=picture, json=json, path=None)
    bound = profile.bound_to
    facts = (
        f"{profile.name}: {profile.origin}, {profile.model.name}, {bound.engine} {bound.engine_version}, {bound.device}"
    )
    sources = (f"source: {source}" for source in profile.sources)
    for line in () if quiet else (facts, *sources, *(f"note: {note}" for note in profile.notes)):
        say(line)


def _print(profile: DeviceProfile, *, picture: Path | None, json: bool, path: Path | None) -> None:
    """The picture or the JSON on standard output, and the picture's file."""
    from edgereason.cli.chart import WIDTH, chart, svg
    from edgereason.profiling.profile import to_json

    if picture is not None:
        picture.write_text(svg(profile, f"edgereason profile · {profile.model.name}"), encoding="utf-8")
    if json:
        said = to_json(profile) if path is None else {**to_json(profile), "path": str(path)}
        click.echo(json_module.dumps(said, ensure_ascii=False))
    else:
        from rich.console import Console

        console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
        console.print(chart(profile, console.width))


def _said(profile: DeviceProfile, measured: Measured) -> Iterator[str]:
    """What there is to say beside the numbers."""
    bound = profile.bound_to
    chosen = ", ".join(f"{name} {value}" for name, value in profile.settings.items()) or "as given"
    yield f"{profile.model.name}, {bound.engine} {bound.engine_version} on {bound.engine_device}; chosen: {chosen}"
    yield f"power mode: {bound.power_mode}; energy: {profile.energy}"
    if not profile.is_complete:
        yield "not complete: the same command goes on from here"
    yield from (f"note: {note}" for note in profile.notes)
    yield f"kept in {measured.path}, raw timings in {measured.journal}"


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A bar with what is being measured and the time left, on a terminal; elsewhere nothing."""
    if quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.fields[clock]}"), BarColumn(), TextColumn("{task.description}"))
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("loading", total=None, clock="")

        def show(progress: Progress) -> None:
            tight = f", {progress.tight} of {progress.cells} cells tight" if progress.cells else ""
            bars.update(
                task,
                description=f"{progress.phase}{tight}",
                completed=progress.elapsed_s,
                total=progress.limit_s,
                clock=f"{progress.elapsed_s:.0f} of {progress.limit_s:.0f} s",
            )

        yield show
