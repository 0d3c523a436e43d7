"""Record files to budget profiles: the search for easy, normal and hard, and a folder of profiles with the table of it.

In: which questions, what is written where. Not in: the search itself (probing.budgets), recording.
Invariant: the folder is written whole or not at all, and what was written has been read back as profiles.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from edgereason.controller.plan import WIDTHS
from edgereason.controller.profiles import read_profile
from edgereason.errors import RecordError
from edgereason.evals.probes import check_extra, finite, named
from edgereason.evals.states import Recorded, points_of, read_questions
from edgereason.probing.artifact import write_folder
from edgereason.profiling.device import device_name
from edgereason.records import provenance
from edgereason.types import LABELS, BudgetProfile, ModelInfo

FOLDER = "search"  # profiles folders hold no other .json than accuracy profiles
TABLE, TABLE_TEXT = f"{FOLDER}/table.json", f"{FOLDER}/table.md"
SCHEMA = "edgereason.budgets/1"

OnStep = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


def tune(
    paths: Sequence[Path],
    profiles: Mapping[str, BudgetProfile],
    out: Path,
    *,
    loss: float,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Search for easy, normal and hard on recorded questions and write them to the folder `out`; the search's table.

    profiles: those of now; whatever the search does not decide (answer tokens, extensions, truncation) stays as there.
    The temperature becomes that of the records.

    Raises:
        RecordError: the records cannot be used, `out` holds something else or cannot be written; nothing was written.
        ExtraMissingError: scikit-learn is not installed.
    """
    check_extra()
    from edgereason.probing.budgets import FOLDS, grid_of, of_triple, search
    from edgereason.probing.judging import folds_of

    _check_free(out)
    recorded = read_questions(paths)
    grid = grid_of(recorded.records, points_of(recorded), WIDTHS, named(on_step, "questions"))
    folds = [judged for _, judged in folds_of(grid.templates, FOLDS)]
    found = search(grid, folds, loss, named(on_step, "budgets"))
    now = of_triple(grid, tuple(grid.place(profiles[k].max_rows, profiles[k].think_tokens) for k in LABELS))  # type: ignore[arg-type]
    cells = [{"rows": rows, "think_tokens": tokens} for rows, tokens in zip(grid.rows, grid.think_tokens, strict=True)]

    def plain(each: Any) -> dict[str, Any]:
        return {**asdict(each), "cells": [cells[k] for k in each.cells]}

    table: dict[str, Any] = finite({
        "schema": SCHEMA,
        "provenance": _provenance(recorded, paths, loss, len(recorded.records)),
        "profiles": dict(zip(LABELS, plain(found.triple)["cells"], strict=True)),
        "found": plain(found.triple),
        "present": plain(now),
        "best_single": plain(found.best),
        "cheapest_single": plain(found.cheapest),
        "held_out": dict(zip(("found", "cheapest_single"), map(plain, found.held_out), strict=True)),
        "runners_up": [plain(each) for each in found.runners_up],
        "single": [plain(each) for each in found.single],
        "compared": found.compared,
    })  # fmt: skip
    temperature = recorded.header["settings"]["temperature"]
    made = {
        label: _with(profiles[label], temperature=temperature, max_rows=cell["rows"], think_tokens=cell["think_tokens"])
        for label, cell in table["profiles"].items()
    }
    _write(made, table, out)
    return table


def table_text(table: Mapping[str, Any]) -> str:
    """The table of a search as markdown."""
    source, held = table["provenance"], table["held_out"]
    lines = [
        f"# Budget profiles of {source['model']['name']}, found by search",
        "",
        f"{source['n']:,} recorded questions ({', '.join(source['settings']['records'])}), {table['compared']:,} "
        f"triples of {len(table['single'])} fixed budgets, {source['date'][:10]}: `{source['command']}`.",
        "",
        "Right and generated tokens are means over questions. Triples choose for each question by one half of its "
        "samples and are judged by the other, so they show what good labels could save; what a probe saves is less.",
        "",
        "| | easy | normal | hard | right | tokens |",
        "|---|---|---|---|---|---|",
        _line("**found**", table["found"]),
        *(_line("next", each) for each in table["runners_up"]),
        _line("present profiles, as these records can judge them", table["present"]),
        _line("most accurate single budget", table["best_single"]),
        _line(f"cheapest single one within {source['settings']['loss']:g}", table["cheapest_single"]),
        _line("found, chosen without the templates that judge", held["found"]),
        _line("cheapest single one, likewise", held["cheapest_single"]),
        "",
        "## Every single budget, cheapest first",
        "",
        "| rows | think tokens | right | tokens |",
        "|---|---|---|---|",
    ]
    for each in table["single"]:
        cell = each["cells"][0]
        lines.append(f"| {cell['rows']} | {cell['think_tokens']} | {each['right']:.4f} | {each['tokens']:.1f} |")
    return "\n".join([*lines, ""])


def _line(name: str, found: Mapping[str, Any]) -> str:
    """One row of the table; a single budget stands under all three names."""
    cells = [f"{cell['rows']} × {cell['think_tokens']}" for cell in found["cells"]] or ["–"]
    each = cells * 3 if len(cells) == 1 else cells
    return f"| {name} | {' | '.join(each)} | {found['right']:.4f} | {found['tokens']:.1f} |"


# ---------------------------------------------------------------- writing


def _with(profile: BudgetProfile, **changed: Any) -> dict[str, Any]:
    """The keys of a profile's file."""
    values = {field.name: getattr(profile, field.name) for field in fields(profile) if field.name != "name"}
    return {**values, **changed}


def _check_free(folder: Path) -> None:
    """RecordError unless the folder is new, empty, or holds what a search wrote and nothing else."""
    if not folder.exists():
        return
    ours = {FOLDER, *(f"{label}.toml" for label in LABELS)}
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else {""}
    if names and (not (folder / TABLE).is_file() or names - ours):
        other = ", ".join(sorted(names - ours)) or "no table of a search"
        raise RecordError(f"{str(folder)!r} exists and holds other things ({other}).", hint="Name another folder.")


def _write(made: Mapping[str, Mapping[str, Any]], table: Mapping[str, Any], out: Path) -> None:
    """Profiles and table, the profiles read back first."""
    files = {
        TABLE: (json.dumps(table, indent=1, sort_keys=True, allow_nan=False) + "\n").encode(),
        TABLE_TEXT: table_text(table).encode(),
    }
    for label, values in made.items():
        head = f"# Found by search on {table['provenance']['date'][:10]}: {TABLE_TEXT} has the table.\n"
        files[f"{label}.toml"] = (head + "".join(f"{key} = {value!r}\n" for key, value in values.items())).encode()
    try:
        with tempfile.TemporaryDirectory() as trial:
            for label, values in made.items():
                path = Path(trial) / f"{label}.toml"
                path.write_bytes(files[path.name])
                assert read_profile(path) == BudgetProfile(name=label, **values)
        write_folder(files, out)
    except OSError as error:
        raise RecordError(f"Cannot write {str(out)!r}: {error.strerror or error}.") from error


def _provenance(recorded: Recorded, paths: Sequence[Path], loss: float, n: int) -> dict[str, Any]:
    """Where the table comes from: this command, and the header of the records; no model was run."""
    header = recorded.header
    made = provenance(
        device=device_name(),
        engine=header["engine"],
        engine_version=header["engine_version"],
        model=ModelInfo(**header["model"]),
        seed=0,
        n=n,
        settings={"records": [path.name for path in paths], "recorded": header["settings"], "loss": loss},
    ).to_record()
    return {name: value for name, value in made.items() if name != "kind"}
