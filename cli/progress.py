"""A bar with the time left, for work on many items, on a terminal; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[str, int, int], None]  # what is being done, items done, items in all


@contextmanager
def bars(*, quiet: bool) -> Iterator[Show | None]:
    """One bar for each work that is named; the name may change its words behind a colon and keeps its bar."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        known: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            name = what.partition(": ")[0]
            if name not in known:
                known[name] = shown.add_task(what, total=total)
            shown.update(known[name], completed=done, total=total, description=what)

        yield show
