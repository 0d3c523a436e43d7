"""`edgereason probe`: fit a difficulty probe on recorded questions, judge it on others, show its card, find budgets."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Any

import click

from edgereason.cli import calibrate
from edgereason.cli.fetching import fetch_first
from edgereason.cli.options import loading, model_options, option, quiet_option
from edgereason.cli.progress import bars

_FOLDER = click.Path(path_type=Path, file_okay=False)
_RECORDS = click.Path(path_type=Path, dir_okay=False, exists=True)
_json_option = option("--json", "json", is_flag=True, help="Print one JSON object instead of text.")


@click.group()
def command() -> None:
    """Collect labelled questions, find budget profiles, fit a difficulty probe, judge it on others, show its card."""


command.add_command(calibrate.command, "collect")


@command.command("train")
@click.argument("records", nargs=-1, required=True, type=_RECORDS, metavar="RECORDS...")
@option("-o", "--out", type=_FOLDER, required=True, help="Write the probe into this folder, whole or not at all.")
@option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of all resampling.")
@option("--force", is_flag=True, help="Write it although it adds nothing to the text alone.")
@_json_option
@quiet_option
@model_options
def train(records: tuple[Path, ...], out: Path, seed: int, force: bool, json: bool, quiet: bool, **given: Any) -> None:
    """Fit a probe on RECORDS (of `edgereason probe collect`) of the model -m, and write it with its card.

    Every figure of the card is of questions that were left out by template or by family. A probe that adds nothing to
    what the text alone says is not written. Needs the extra [fit].
    """
    from edgereason.evals import probes

    load = loading(given)
    fetch_first(load, quiet=quiet)
    with calibrate.parts_of(load) as parts, bars(quiet=quiet) as on_step:
        card = probes.train(records, parts, out, seed=seed, force=force, on_step=on_step)
    click.echo(json_module.dumps(card) if json else (out / "card.md").read_text(encoding="utf-8"), nl=json)


@command.command("eval")
@click.argument("folder", type=_FOLDER)
@click.argument("records", nargs=-1, required=True, type=_RECORDS, metavar="RECORDS...")
@option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write the confidence's reliability plot here.")
@_json_option
@quiet_option
@model_options
def evaluate(folder: Path, records: tuple[Path, ...], svg: Path | None, json: bool, quiet: bool, **given: Any) -> None:
    """Judge the probe in FOLDER on RECORDS that it was not fitted on, with the model -m. Needs the extra [fit]."""
    from edgereason.evals import probes
    from edgereason.probing.card import evaluation_text

    load = loading(given)
    fetch_first(load, quiet=quiet)
    with calibrate.parts_of(load) as parts, bars(quiet=quiet) as on_step:
        found = probes.evaluate(folder, records, parts, on_step=on_step)
    if svg is not None:
        probes.draw(found, svg)
    click.echo(json_module.dumps(found) if json else evaluation_text(folder.name, found), nl=json)


@command.command("show")
@click.argument("folder", type=_FOLDER)
@_json_option
def show(folder: Path, json: bool) -> None:
    """Check the probe in FOLDER and show its card."""
    from edgereason.probing.artifact import read_card, read_probe
    from edgereason.probing.curve import CurveProbe

    CurveProbe(read_probe(folder), folder.name)
    card, text = read_card(folder)
    click.echo(json_module.dumps(card) if json else text, nl=json)


@command.command("tune")
@click.argument("records", nargs=-1, required=True, type=_RECORDS, metavar="RECORDS...")
@option("-o", "--out", type=_FOLDER, required=True, help="Write profiles and table into this folder, whole or not.")
@option(
    "--loss", type=click.FloatRange(0, 1), default=0.005, show_default=True,
    help="Accuracy that may be lost against the best single budget.",
)  # fmt: skip
@option(
    "--profiles", "profiles_dir", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with budget profiles to start from.  [default: the shipped ones]",
)  # fmt: skip
@_json_option
@quiet_option
def tune(records: tuple[Path, ...], out: Path, loss: float, profiles_dir: Path | None, json: bool, quiet: bool) -> None:
    """Find easy, normal and hard by search over RECORDS (of `edgereason probe collect`), and write their profiles.

    Of all triples of fixed budgets, the one that generates the fewest tokens and is as accurate as the best single
    budget less --loss, where one half of a question's samples chooses and the other half judges. No model is run. Fit
    a probe for them afterwards: `edgereason probe train --profiles FOLDER`. Needs the extra [fit].
    """
    from edgereason.evals import budgets
    from edgereason.loading import budget_profiles

    with bars(quiet=quiet) as on_step:
        table = budgets.tune(records, budget_profiles(profiles_dir), out, loss=loss, on_step=on_step)
    click.echo(json_module.dumps(table) if json else budgets.table_text(table), nl=json)
