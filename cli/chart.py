"""A picture of a device profile: step time and tokens a second over rows, for a terminal and as SVG. Pure."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from edgereason.profiling.cells import Cell
from edgereason.profiling.profile import CellCost, DeviceProfile

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

LONGEST_BAR, SHORTEST_BAR = 22, 6  # characters
WIDTH = 108  # of the picture in a file, and where there is no terminal
_EIGHTHS = " ▏▎▍▌▋▊▉"


def chart(profile: DeviceProfile, width: int = WIDTH) -> RenderableType:
    """One line for each number of rows: bars at the context with most of them, numbers at the others.

    width: characters of the terminal, which the bars give way to.
    """
    from rich.table import Table
    from rich.text import Text

    costs = {cost.cell: cost for cost in profile.costs if cost.cell.kind == "decode"}
    contexts = sorted({cell.context for cell in costs})
    main = max(contexts, key=lambda context: (sum(cell.context == context for cell in costs), -context))
    others = spread([context for context in contexts if context != main], (width - 28 - 2 * SHORTEST_BAR) // 12)
    shown = {cell.rows: cost for cell, cost in costs.items() if cell.context == main}
    slowest = max(cost.estimate.median_s for cost in shown.values())
    most = max(rows / cost.estimate.median_s for rows, cost in shown.items())
    length = max(SHORTEST_BAR, min(LONGEST_BAR, (width - 28 - 12 * len(others)) // 2))
    table = Table(box=None, padding=(0, 1), title_justify="left", title=f"one pass at context {main}")
    for heading in ("rows", "ms", "", "tokens/s", ""):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=True)
    for context in others:
        table.add_column(f"ms at {context}", justify="right", style="dim", no_wrap=True)
    for rows in sorted({cell.rows for cell in costs}):
        here = shown.get(rows)
        table.add_row(
            Text(str(rows)),
            milliseconds(here),
            bar(here.estimate.median_s / slowest if here else 0.0, length, "cyan"),
            Text(f"{rows / here.estimate.median_s:,.0f}" if here else ""),
            bar(rows / here.estimate.median_s / most if here else 0.0, length, "green"),
            *(milliseconds(costs.get(Cell("decode", rows, context))) for context in others),
        )
    return table


def spread(places: list[int], most: int) -> list[int]:
    """At most so many of them, at least one where there is any: the ends, and evenly between."""
    if len(places) <= most:
        return places
    gaps = max(1, most - 1)
    return [places[(len(places) - 1) * index // gaps] for index in range(max(1, most))]


def milliseconds(cost: CellCost | None) -> Text:
    """A median in milliseconds, with a question mark where it is unreliable; a dash where there is none."""
    from rich.text import Text

    if cost is None:
        return Text("-", style="dim")
    value_ms = cost.estimate.median_s * 1e3
    digits = 3 if value_ms < 1 else 2 if value_ms < 100 else 0
    mark = "" if cost.estimate.is_reliable else "?"
    return Text(f"{value_ms:,.{digits}f}{mark}", style="" if cost.estimate.is_reliable else "yellow")


def bar(share: float, length: int, style: str) -> Text:
    """A bar of that share of its full length in characters, to an eighth of one."""
    from rich.text import Text

    eighths = max(0, min(8 * length, round(8 * length * share)))
    drawn = "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
    return Text(drawn.ljust(length), style=style)


def svg(profile: DeviceProfile, title: str) -> str:
    """The chart as a picture that fetches nothing."""
    from rich.console import Console

    console = Console(width=WIDTH, record=True, force_terminal=True, color_system="truecolor", file=io.StringIO())
    console.print(chart(profile))
    return re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title=title), flags=re.S)
