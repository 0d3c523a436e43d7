"""`edgereason models`: what is bundled, what one model is, and fetching one from the hub."""

from __future__ import annotations

import json as json_module
from typing import Any

import click

from edgereason.cli.options import context_options, engine_option, option, quiet_option


@click.group()
def command() -> None:
    """List the bundled models, show one, or fetch one."""


@command.command("list")
@option("--json", "json", is_flag=True, help="Print a JSON list.")
def list_models(json: bool) -> None:
    """List the bundled models."""
    from edgereason.loading import bundled_models, describe

    names = bundled_models()
    if json:
        click.echo(json_module.dumps(names))
        return
    for name in names:
        click.echo(f"{name:16} {describe(name).get('lineage', '')}")


@command.command("show")
@click.argument("model")
@option("--json", "json", is_flag=True, help="Print one JSON object.")
@option("--estimate", is_flag=True, help="Also say what memory a GGUF model will take, with the options below.")
@engine_option
@context_options
def show_model(model: str, json: bool, estimate: bool, engine: str, **given: Any) -> None:
    """Show a bundled model, or the one in a folder or file: sizes, files, lineage, memory."""
    from edgereason import loading

    options = {name: value for name, value in given.items() if value is not None}
    if options and not estimate:
        raise click.UsageError(f"--{next(iter(options)).replace('_', '-')} is for --estimate, which is not given.")
    facts = loading.describe(model, engine)
    if estimate:
        facts |= loading.estimate(model, engine, **options)
    if json:
        click.echo(json_module.dumps(facts, default=str, ensure_ascii=False))
        return
    for key, value in facts.items():
        click.echo(f"{key:16} {_shown(value)}")


@command.command("get")
@click.argument("model", metavar="hf:OWNER/REPO[:QUANT OR FILE]")
@quiet_option
def get_model(model: str, quiet: bool) -> None:
    """Fetch a model from the hub, or its newer version, and print its path; a fetch that was cut goes on.

    HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT and LLAMA_CACHE are honoured.
    """
    from edgereason.cli.fetching import showing_downloads
    from edgereason.loading import fetch_model

    with showing_downloads(quiet=quiet) as on_download:
        path = fetch_model(model, on_download)
    click.echo(path)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
