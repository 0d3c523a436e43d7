"""`edgereason profile`: what a model's passes cost on this device, measured, shown and kept."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from edgereason.cli import check, exits
from edgereason.cli.asking import say
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import DurationType, loading, option, quiet_option, weights_options

if TYPE_CHECKING:
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

    Thread counts, spinning, the memory arena and flash attention are tried first, unless given; then passes over rows
    and context, prompts, closings, votes and memory. Ctrl-C ends at once (exit 130): what was measured is kept, and the
    same command goes on from there.
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


command.add_command(check.command, "check")


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
