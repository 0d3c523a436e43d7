"""The configuration file: TOML, top-level keys for every verb that knows them, a table `[verb]` for one.

Precedence: command line, environment, this file, default. Invariant: what is not understood is an error, never ignored.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from edgereason.cli.options import PREFIX, environment_names, settable
from edgereason.errors import ConfigError, did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Verbs = Mapping[str, click.Command]
OTHER_VARIABLES = frozenset({f"{PREFIX}_CONFIG", f"{PREFIX}_TEST_DATA"})


def default_path() -> Path:
    """Where the file is looked for unless `--config` names another."""
    import platformdirs

    return platformdirs.user_config_path("edgereason") / "config.toml"


def read(path: Path) -> dict[str, Any]:
    """The file's tables.

    Raises:
        ConfigError: it cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {str(path)!r}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{str(path)!r} is no TOML: {error}") from None


def default_map(table: Mapping[str, Any], verbs: Verbs, path: Path) -> dict[str, dict[str, Any]]:
    """Option values a verb, in the form click takes them, every one checked.

    Raises:
        ConfigError: an unknown verb or option, or a value out of range; names the file.
    """
    shared = {key: value for key, value in table.items() if not isinstance(value, dict)}
    _refuse_unknown(shared, {key for verb in verbs.values() for key in settable(verb)}, path, "")
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    _refuse_unknown(tables, verbs, path, "table ")
    return {name: _of_verb(verb, shared, tables.get(name, {}), path, name) for name, verb in verbs.items()}


def refuse_unknown_variables(environment: Iterable[str], verbs: Verbs) -> None:
    """Raise ConfigError for an `EDGEREASON_*` variable that sets nothing."""
    known = {
        name for verb in verbs.values() for option in settable(verb).values() for name in environment_names(option)
    }
    for name in sorted(environment):
        if name.startswith(f"{PREFIX}_") and name not in known | OTHER_VARIABLES:
            raise ConfigError(f"the environment variable {name!r} sets no option", hint=did_you_mean(name, known))


def load(group: click.Group, context: click.Context, path: Path | None) -> dict[str, dict[str, Any]]:
    """The default map from `path`, or from the usual place where a file lies there; {} without one."""
    chosen = path or default_path()
    if any(name.startswith(f"{PREFIX}_") for name in os.environ):
        refuse_unknown_variables(os.environ, _verbs(group, context))
    if path is None and not chosen.is_file():
        return {}
    return default_map(read(chosen), _verbs(group, context), chosen)


def _verbs(group: click.Group, context: click.Context) -> Verbs:
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: verb for name, verb in found.items() if verb is not None}


def _of_verb(
    verb: click.Command, shared: Mapping[str, Any], own: Mapping[str, Any], path: Path, name: str
) -> dict[str, Any]:
    options = settable(verb)
    _refuse_unknown(own, options, path, f"[{name}] ")
    values = {key: shared[key] for key in shared if _plain(key) in options} | dict(own)
    return {options[_plain(key)].name or "": _checked(options[_plain(key)], values[key], path) for key in values}


def _plain(key: str) -> str:
    return key.replace("-", "_")


def _refuse_unknown(table: Mapping[str, Any], known: Iterable[str], path: Path, where: str) -> None:
    choices = set(known)
    for key in table:
        if _plain(key) not in choices:
            raise ConfigError(f"unknown {where}key {key!r} in {str(path)!r}", hint=did_you_mean(key, choices))


def _checked(option: click.Option, value: Any, path: Path) -> Any:
    """`value`, once the option's own type has accepted it."""
    if option.is_flag and not isinstance(value, bool):
        raise ConfigError(f"{option.name} = {value!r} in {str(path)!r} is neither true nor false")
    if option.multiple != isinstance(value, list):
        raise ConfigError(f"{option.name} = {value!r} in {str(path)!r} is {'no' if option.multiple else 'a'} list")
    try:
        for item in value if option.multiple else [value]:
            option.type.convert(item, option, None)
    except click.BadParameter as error:
        raise ConfigError(f"{option.name} = {value!r} in {str(path)!r}: {error.message}") from None
    return value
