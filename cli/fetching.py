"""Fetching a model by its name on the hub, with a bar on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edgereason.cli.asking import say

if TYPE_CHECKING:
    from edgereason.hub import OnProgress, Progress


def fetch_first(load: Mapping[str, Any], *, quiet: bool) -> None:
    """Have a model of the hub on disk before it is loaded: a bar and a live view do not share a terminal."""
    from edgereason.hub import is_hub_name

    if is_hub_name(load["model"]):
        from edgereason.loading import find_model

        with showing_downloads(quiet=quiet) as on_download:
            find_model(load["model"], load["engine"], offline=load["offline"], on_download=on_download)


@contextmanager
def showing_downloads(*, quiet: bool) -> Iterator[OnProgress | None]:
    """Takes the progress of a download: a bar on a terminal, a line a file elsewhere, nothing when quiet."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("asking the hub", total=None)

        def show(progress: Progress) -> None:
            name = progress.file.rpartition("/")[2]
            bars.update(task, description=name, completed=progress.done_bytes, total=progress.total_bytes)

        yield show


def _lines() -> Callable[[Progress], None]:
    shown: set[str] = set()

    def show(progress: Progress) -> None:
        if progress.file not in shown:
            shown.add(progress.file)
            say(f"fetching {progress.file} ({progress.total_bytes / 1e6:,.1f} MB in all)")

    return show
