"""Draws up the card for people: Markdown and a picture, from card.json alone.

In: layout. Not in: measuring (card.py). Invariant: every figure shown stands in card.json.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from edgereason.evals.families import BANDS, FAMILIES

HEAD = """\
# abacus

A llama of {parameters:.2f} million parameters that works small problems out in writing; made by this project alone
(`recipes/abacus`), from scratch, on problems that it generates itself.

{training}

![Right if closed by force after so many tokens of thought, by band](card.svg)

## Accuracy

Exact match on the `test` split, seed 0, never trained on; {n:,} items a band, all families alike; 95 % intervals over
items. One sample is drawn at T = 0.7 (mean of 4 an item), the vote is of 8. Direct answers come greedily after an empty
thought. A second look makes a sampled thought go on after `Wait` where it wanted to close.

{bands}

Differences on the same items, in points:

{differences}

### By family

One sample at T = 0.7 / direct, {each} items a cell (intervals in `card.json`; about ±{half:.2f}).

{families}

Levels of each band (1 is one small operation, 8 the most a family has; `edgereason/evals/families/`): {levels}.

### Closed by force

Right when a sampled thought is closed after so many tokens ({closed_n} items a band; one that ended earlier counts as
it ended), and readable at uniformly drawn cuts:

{closed}

### Real word problems it never saw

MAWPS, elementary school, greedy, by value; judged only. A six-line keyword rule is right on .548 of SingleOp.

{words}

## Agreement with full precision

Greedy on {agree_n} easy items.

{agreement}

## What it cannot do

{cannot}

## Notes

{notes}

Made by `{command}`, {date}, torch {torch}, on {device}. SHA-256 of each file in `card.json`.
"""


def rendered(card: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    figures = card["figures"]
    files = [name for name in figures if name != "agreement"]
    first = figures[files[0]]
    families = first["hard"]["families"]["one_sample"]
    cell = next(iter(families.values()))
    return HEAD.format(
        parameters=card["parameters"] / 1e6,
        training=card["made"],
        n=card["n"],
        bands=_bands(figures, files),
        differences=_differences(figures, files),
        each=cell["n"],
        half=(cell["high"] - cell["low"]) / 2,
        families=_families(figures, files),
        levels="; ".join(
            f"{family} " + ", ".join(f"{band} {low}-{high}" for band, (low, high) in levels.items())
            for family, levels in card["bands"].items()
        ),
        closed_n=first["closed"]["right_if_closed"]["hard"][0]["n"],
        closed=_closed(figures, files),
        words=_words(figures, files),
        agree_n=figures["agreement"]["n"],
        agreement=_agreement(figures["agreement"], files),
        cannot=_list(card["cannot"]),
        notes=_list(card["notes"]),
        command=card["command"],
        date=card["date"],
        torch=card["torch"],
        device=card["device"],
    )


def picture(card: dict[str, Any]) -> str:
    """Return the right-if-closed curves as an SVG picture."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "abacus"  # the same card gives the same picture
    axes: Any
    figure, axes = pyplot.subplots(figsize=(7.2, 3.6), layout="constrained")
    styles = ("-", "--")
    colours = dict(zip(BANDS, ("#2a7f62", "#c98a1b", "#b3423a"), strict=True))
    files = [name for name in card["figures"] if name != "agreement"]
    for name, style in zip(files, styles, strict=False):
        for band, points in card["figures"][name]["closed"]["right_if_closed"].items():
            cuts = [point["tokens"] for point in points]
            axes.plot(cuts, [p["mean"] for p in points], style, color=colours[band], label=f"{band}, {name}")
            if style == "-":
                axes.fill_between(
                    cuts, [p["low"] for p in points], [p["high"] for p in points], color=colours[band], alpha=0.15
                )
    axes.set_xscale("symlog", base=2, linthresh=8)
    axes.set(xlabel="tokens of thought before it was closed", ylabel="right", ylim=(0, 1), xlim=(0, 384))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = list(head)
    lines = ["| " + " | ".join(cells) + " |", "|" + "---|" * len(cells)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _cell(figure: dict[str, Any]) -> str:
    return f"{figure['mean']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _points(figure: dict[str, Any]) -> str:
    return f"{100 * figure['mean']:+.1f} [{100 * figure['low']:+.1f}, {100 * figure['high']:+.1f}]"


def _bands(figures: dict[str, Any], files: list[str]) -> str:
    columns = ("one_sample", "greedy", "direct", "majority_of_8", "second_look")
    rows = [
        (name, band, *(_cell(cells[column]) if column in cells else "" for column in columns), f"{cells['tokens']:.0f}")
        for name in files
        for band in BANDS
        for cells in [figures[name][band]]
    ]
    return _table(("file", "band", "one sample", "greedy", "direct", "vote of 8", "second look", "tokens"), rows)


def _differences(figures: dict[str, Any], files: list[str]) -> str:
    columns = ("majority_less_one", "second_look_less_first", "direct_less_greedy")
    rows = [
        (name, band, *(_points(cells[column]) if column in cells else "" for column in columns))
        for name in files
        for band in BANDS
        for cells in [figures[name][band]]
    ]
    return _table(
        ("file", "band", "vote of 8 less one sample", "second look less first answer", "direct less greedy"), rows
    )


def _families(figures: dict[str, Any], files: list[str]) -> str:
    head = ["family", *(f"{name}: {band}" for name in files for band in BANDS)]
    rows = [
        [
            family,
            *(
                f"{cells['one_sample'][family]['mean']:.2f} / {cells['direct'][family]['mean']:.2f}"
                for name in files
                for band in BANDS
                for cells in [figures[name][band]["families"]]
            ),
        ]
        for family in FAMILIES
    ]
    return _table(head, rows)


def _closed(figures: dict[str, Any], files: list[str]) -> str:
    cuts = [point["tokens"] for point in figures[files[0]]["closed"]["right_if_closed"]["hard"]]
    rows = [
        [name, band, *(f"{p['mean']:.3f}" for p in figures[name]["closed"]["right_if_closed"][band])]
        for name in files
        for band in BANDS
    ]
    read = "; ".join(f"{name} {_cell(figures[name]['closed']['readable_at_uniform_cuts'])}" for name in files)
    return _table(["file", "band", *(str(cut) for cut in cuts)], rows) + f"\n\nReadable: {read}."


def _words(figures: dict[str, Any], files: list[str]) -> str:
    known = {*BANDS, "closed"}
    sets = [part for part in figures[files[0]] if part not in known]
    rows = [[part, *(f"{_cell(figures[name][part])}" for name in files)] for part in sets]
    return _table(["problems", *files], rows)


def _agreement(found: dict[str, Any], files: list[str]) -> str:
    rows = [
        [
            name,
            *(f"{found[name][key]:.3f}" for key in ("same_answer", "same_tokens")),
            f"{found['right'][name]:.3f} ({found['right']['full']:.3f})",
            f"{found[name]['hidden_cosine_mean']:.4f}, {found[name]['hidden_cosine_min']:.4f}",
        ]
        for name in files
    ]
    return _table(("file", "same answer", "same tokens", "right (full precision)", "cosine: mean, least"), rows)


def _list(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)
