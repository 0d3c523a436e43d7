"""The command's entry: finds the verb, reads the configuration, turns every intended error into a line and a code.

Verbs are imported on use, and they import the library's heavy parts on use: `--help` costs click and little else.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from edgereason.cli import exits
from edgereason.cli.options import PREFIX, name_environment
from edgereason.errors import EdgeReasonError, did_you_mean

VERBS = {
    verb: f"edgereason.cli.{verb}"
    for verb in ("ask", "calibrate", "chat", "doctor", "eval", "models", "probe", "profile", "simulate")
}


class Verbs(click.Group):
    """A group whose verbs are modules, imported when named; each holds a `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in alphabetical order."""
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, or None for an unknown one."""
        if cmd_name not in VERBS:
            return None
        return name_environment(importlib.import_module(VERBS[cmd_name]).command, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a guess at what an unknown verb meant."""
        if args[0] not in VERBS and not args[0].startswith("-"):
            raise click.UsageError(f"No such command {args[0]!r}. {did_you_mean(args[0], VERBS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Every option can also be set by EDGEREASON_<VERB>_<OPTION> or EDGEREASON_<OPTION>, and in a TOML file "
    "(edgereason/config.toml in the user's configuration folder). The command line comes first, then the environment.",
)
@click.version_option(package_name="edgereason", message="%(prog)s %(version)s")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=f"{PREFIX}_CONFIG",
    help="Read options from this TOML file.",
)
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """A question and a deadline in, the most accurate answer this device can give in that time out."""
    from edgereason.cli import settings

    context.default_map = settings.load(cli, context, config)


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command line; whatever had to be said has been said."""
    try:
        with cli.make_context("edgereason", list(arguments)) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return _flushed(stop.exit_code)
    except click.ClickException as error:
        error.show(sys.stderr)
        return error.exit_code
    except EdgeReasonError as error:
        return _fail(str(error), hint=error.hint, code=exits.of_error(error))
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", code=exits.INTERRUPTED)
    except BrokenPipeError:
        return exits.PIPE_CLOSED
    except OSError as error:
        return _fail(str(error), code=exits.FAILED)
    return exits.ANSWERED


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run and leave at once, even where a native call is still under way on another thread."""
    signal.signal(signal.SIGTERM, _terminate)
    code = _flushed(run(sys.argv[1:] if arguments is None else arguments))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said and done: a late Ctrl-C changes no exit code
    if threading.active_count() > 1:  # a thread stopped inside a native call at shutdown could abort the process
        os._exit(code)
    sys.exit(code)


def _terminate(*_: object) -> NoReturn:
    """Unwind as for any other end, so that a terminal gets its cursor back."""
    raise click.exceptions.Exit(exits.TERMINATED)


def _fail(message: str, *, code: int, hint: str = "") -> int:
    try:
        click.echo(f"edgereason: {message}", err=True)
        if hint:
            click.echo(f"hint: {hint}", err=True)
    except OSError:  # nobody reads standard error any more
        pass
    return code


def _flushed(code: int) -> int:
    """`code`, or what standard output's own trouble makes of it."""
    try:
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        code = exits.PIPE_CLOSED
    except OSError as error:
        code = _fail(f"cannot write to standard output: {error.strerror}", code=exits.FAILED)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that the interpreter's own flush stays quiet
    return code


if __name__ == "__main__":
    main()
