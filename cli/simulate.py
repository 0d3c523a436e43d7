"""`edgereason simulate`: recorded questions asked in simulated time on any profiled device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgereason.cli import exits
from edgereason.cli.asking import say
from edgereason.cli.durations import format_duration, parse_duration
from edgereason.cli.options import DurationType, option, profile_option, quiet_option
from edgereason.cli.progress import Show, bars
from edgereason.errors import DeadlineError

if TYPE_CHECKING:
    from edgereason.simulating.outcomes import OnProgress, Summary

# Plain `click.option`s have a meaning of their own here, or belong to one call: no variable or file sets them.
_NEW_FILE = click.Path(path_type=Path, dir_okay=False)
_COLUMNS = "{:>9}  {:>19}  {:>6}  {:>32}  {:>5}  {}"
TOLD_EVERY = 20  # requests


class DeadlinesType(click.ParamType):  # type: ignore[type-arg]
    """Durations between commas, to seconds."""

    name = "times"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Seconds of each; a value that is none is named."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(parse_duration(part) for part in str(value).split(","))
        except DeadlineError as error:
            self.fail(f"{error}. {error.hint}", param, ctx)


@click.command()
@click.option("--device", metavar="FILE|NAME", help="Device profile: a file, or a published one that ships.")
@option("--records", type=click.Path(path_type=Path), help="Recorded questions, as `edgereason calibrate` writes them.")
@option(
    "--deadlines", type=DeadlinesType(), default="100ms,500ms,2s", show_default=True, metavar="TIME,...",
    help="Every question is asked with each of these.",
)  # fmt: skip
@click.option("-m", "--model", help="The recorded model, for its tokenizer.  [default: as the records name it]")
@option("--stalls", metavar="FILE|NAME", help="Disturb it as in this log, or one that ships.  [default: nothing does]")
@click.option("-n", "--n", "count", type=click.IntRange(1), help="Requests for each deadline.  [default: as recorded]")
@option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of draws, noise and stalls.")
@profile_option
@option(
    "--miss-rate", type=click.FloatRange(0.0001, 0.5), default=0.01, show_default=True, metavar="SHARE",
    help="Of the requests that the deadline ends, how many may come back late.",
)  # fmt: skip
@option(
    "--profiles", "profiles_dir", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with budget profiles of your own.",
)  # fmt: skip
@click.option("-o", "--out", type=_NEW_FILE, help="Write every request to this new file.")
@option("--json", "json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--record-stalls", type=_NEW_FILE, help="Simulate nothing: record how this machine lets a process run.")
@click.option(
    "--for", "record_s", type=DurationType(), default="60s", show_default=True, metavar="TIME",
    help="How long to record stalls.",
)  # fmt: skip
@click.option("--note", default="", help="What else ran while stalls were recorded, in words.")
@quiet_option
def command(
    device: str | None,
    records: Path | None,
    deadlines: tuple[float, ...],
    model: str | None,
    stalls: str | None,
    count: int | None,
    seed: int,
    profile: str,
    miss_rate: float,
    profiles_dir: Path | None,
    out: Path | None,
    json: bool,
    record_stalls: Path | None,
    record_s: float,
    note: str,
    quiet: bool,
) -> None:
    """Ask recorded questions on a device that need not be here: what accuracy would it have within which deadline?

    The runtime is the real one; the clock is simulated, rows say what was recorded, and passes take what the device
    profile says. Any records go with any profile; both names are printed. Ctrl-C ends early and reports what is done
    (exit 130).
    """
    if record_stalls is not None:
        return _record(record_stalls, record_s, note, quiet=quiet)
    if device is None or records is None:
        raise click.UsageError("--device and --records are needed, or --record-stalls.")
    from edgereason.loading import open_device_profile
    from edgereason.simulating.outcomes import simulate
    from edgereason.simulating.simulator import read_recording

    profiled, recording = open_device_profile(device), read_recording(records, model)
    if not quiet:
        say(f"device profile: {profiled.name}: {profiled.model.name} on {profiled.bound_to.device}")
        say(f"records: {records.name}: {len(recording.questions)} questions of {recording.model.name}")
    with bars(quiet=quiet) as show:
        found = simulate(
            profiled,
            recording,
            deadlines,
            stalls=stalls,
            n=count,
            seed=seed,
            profile=profile,
            miss_rate=miss_rate,
            profiles_dir=profiles_dir,
            out=out,
            on_progress=_told(show),
        )
    click.echo(found.to_json() if json else table(found.summaries))
    for note in () if quiet else found.notes:
        say(f"note: {note}")
    raise click.exceptions.Exit(exits.INTERRUPTED if found.interrupted else exits.ANSWERED)


def _record(path: Path, seconds: float, note: str, *, quiet: bool) -> None:
    """Record how the machine lets a process run, with a bar."""
    from edgereason.profiling.beats import record_beats

    with bars(quiet=quiet) as show:
        on_progress = None if show is None else lambda done_s: show("recording, s", round(done_s), round(seconds))
        count, is_whole = record_beats(path, seconds, note=note, on_progress=on_progress or (lambda done_s: None))
    if not quiet:
        say(f"{count} beats kept in {path}")
    raise click.exceptions.Exit(exits.ANSWERED if is_whole else exits.INTERRUPTED)


def _told(show: Show | None) -> OnProgress:
    """Progress on the bar, a bar for each deadline; seldom, since a request takes a few milliseconds."""

    def tell(deadline_s: float, done: int, total: int) -> None:
        if show is not None and (done % TOLD_EVERY == 0 or done == total):
            show(format_duration(deadline_s), done, total)

    return tell


def table(summaries: Sequence[Summary]) -> str:
    """One line for each deadline."""
    head = ("deadline", "right (95 %)", "late", "late of those that time ended", "used", "rows")
    return "\n".join([_COLUMNS.format(*head), *(_line(summary) for summary in summaries)])


def _line(summary: Summary) -> str:
    limited, used = summary.late_limited, summary.used
    rows = ", ".join(f"{width}: {count}" for width, count in summary.rows.items())
    return _COLUMNS.format(
        format_duration(summary.deadline_s),
        f"{summary.right.share:.3f} ({summary.right.low:.3f}-{summary.right.high:.3f})" if summary.n else "-",
        f"{summary.late.share:.2%}" if summary.n else "-",
        f"{limited.count} of {limited.n} (at most {limited.high:.2%})" if limited.n else "none",
        f"{used.median:.0%}" if used is not None else "-",
        rows or "-",
    )
