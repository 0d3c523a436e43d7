"""`edgereason models`: what is bundled, and what one model is."""

from __future__ import annotations

import json as json_module
from typing import Any

import click

from edgereason.cli.options import option


@click.group()
def command() -> None:
    """List the bundled models, or show one."""


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
def show_model(model: str, json: bool) -> None:
    """Show a bundled model, or the one in a folder or file: sizes, files, lineage."""
    from edgereason.loading import describe

    facts = describe(model)
    if json:
        click.echo(json_module.dumps(facts, default=str, ensure_ascii=False))
        return
    for key, value in facts.items():
        click.echo(f"{key:16} {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
