"""Options that several verbs share, their types, and the environment variables that go with every option.

Invariant: an option has the same name, meaning and environment variable in every verb that takes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from edgereason.cli.durations import format_duration, parse_duration
from edgereason.errors import DeadlineError
from edgereason.types import STRATEGIES

PREFIX = "EDGEREASON"
F = TypeVar("F", bound=Callable[..., Any])
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


class DurationType(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A length of time with its unit, to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, or a usage error that shows the legal form."""
        try:
            return parse_duration(str(value))
        except DeadlineError as error:
            self.fail(f"{error}. {error.hint}", param, ctx)


class ProbabilityType(click.ParamType):  # type: ignore[type-arg]
    """A number from 0 to 1; NaN is none."""

    name = "probability"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error that shows the legal range."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not 0 <= number <= 1:
            self.fail(f"{value!r} is not between 0 and 1.", param, ctx)
        return number


class Option(click.Option):
    """An option whose errors say when its value came from the environment or the configuration file."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """The option's flags and, where it was not typed, where its value came from."""
        hint = super().get_error_hint(ctx)
        source = ctx.get_parameter_source(self.name) if ctx and self.name else None
        if source is ParameterSource.ENVIRONMENT:
            return f"{hint} (from {' or '.join(environment_names(self))})"
        return f"{hint} (from the configuration file)" if source is ParameterSource.DEFAULT_MAP else hint


def key_of(option: click.Option) -> str:
    """The option's name in the configuration file and, in capitals, in the environment."""
    return max(option.opts, key=len).lstrip("-").replace("-", "_")


def settable(command: click.Command) -> dict[str, click.Option]:
    """The options of a verb that the environment and the configuration file may set, by key."""
    return {key_of(param): param for param in command.params if isinstance(param, Option)}


def environment_names(option: click.Option) -> list[str]:
    """The variables that set an option, the one of its own verb first."""
    return [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())


def name_environment(command: click.Command, verb: str) -> click.Command:
    """`command` with `EDGEREASON_<VERB>_<OPTION>`, then `EDGEREASON_<OPTION>`, behind each of its options."""
    for key, option in settable(command).items():
        option.envvar = [f"{PREFIX}_{verb}_{key}".upper(), f"{PREFIX}_{key}".upper()]
    return command


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """An option that the environment and the configuration file can set."""
    return click.option(*names, cls=Option, **settings)


def _together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def apply(function: F) -> F:
        for decorate in reversed(decorators):
            function = decorate(function)
        return function

    return apply


def deadline_option(function: F) -> F:
    """`--deadline`, in seconds."""
    return option(
        "--deadline",
        type=DurationType(),
        metavar="TIME",
        help="Answer within this time, as 250ms, 2s or 1m. Without it the budget and a price decide.",
    )(function)


LOADING = (
    "model",
    "engine",
    "device",
    "threads",
    "profiles_dir",
    "device_profile",
    "chat_template",
    "offline",
    "think_open",
    "think_close",
)  # what `model_options` give
ENGINE_OPTIONS = ("gpu_layers", "context", "batch", "flash_attention", "kv_type", "mmap", "mlock", "spin", "arena")


def loading(given: dict[str, Any]) -> dict[str, Any]:
    """Take the arguments of `Reasoner.load` out of a verb's options; an engine is only told what was asked for."""
    return {**{name: given.pop(name) for name in LOADING if name in given}, "engine_options": engine_options(given)}


def engine_options(given: dict[str, Any]) -> dict[str, Any]:
    """Take the engines' own options out of a verb's, those that were given."""
    taken = {name: given.pop(name) for name in ENGINE_OPTIONS}
    return {name: value for name, value in taken.items() if value is not None}


def engine_option(function: F) -> F:
    """`--engine`, what runs the model."""
    return option("--engine", default="auto", show_default=True, help="What runs the model: auto, onnx or llama-cpp.")(
        function
    )


def context_options(function: F) -> F:
    """What decides how much memory an engine takes beside the weights."""
    return _together(
        option(
            "-c", "--context", type=click.IntRange(1), metavar="TOKENS",
            help="Context: of all rows together (llama-cpp), of each row (onnx).  [default: chosen]",
        ),
        option("--batch", type=click.IntRange(1), metavar="TOKENS", help="Prompt run at once (llama-cpp)."),
        option("--kv-type", metavar="TYPE", help="Of keys and values: f16, q8_0, ... (llama-cpp)."),
    )(function)  # fmt: skip


def model_options(function: F) -> F:
    """The arguments of `Reasoner.load`."""
    return _together(
        weights_options,
        option("--profiles", "profiles_dir", type=_FOLDER, help="Folder with budget profiles of your own."),
        option("--device-profile", type=_FILE, help="What `edgereason profile --save` wrote.  [default: cached]"),
    )(function)


def weights_options(function: F) -> F:
    """What decides which model is loaded, and how."""
    return _together(
        option(
            "-m",
            "--model",
            default="abacus",
            show_default=True,
            help="A bundled name, a folder, a file, or hf:owner/repo[:quant or file].",
        ),
        engine_option,
        option("--device", default="auto", show_default=True, help="auto, cpu or cuda."),
        option("--threads", type=click.IntRange(1, 1024), help="CPU threads of the engine.  [default: chosen]"),
        option("--chat-template", type=_FILE, help="Jinja chat template, instead of the model's own."),
        option("--offline", is_flag=True, help="Make no connection: of hf: names, take what has been fetched before."),
        option("--think-open", metavar="TEXT", help="What begins a thought, where the template does not show it."),
        option("--think-close", metavar="TEXT", help="What ends a thought."),
        context_options,
        option("-ngl", "--gpu-layers", type=click.IntRange(-1), help="Layers on the GPU, -1 all (llama-cpp)."),
        option("--flash-attention", metavar="auto|on|off", help="Fused attention (llama-cpp).  [default: auto]"),
        option("--mmap/--no-mmap", default=None, help="Map the model file, or read it (llama-cpp).  [default: map]"),
        option("--mlock", is_flag=True, default=None, help="Keep the model from being swapped out (llama-cpp)."),
        option("--arena/--no-arena", default=None, help="Keep memory between passes: faster, larger (onnx; CPU)."),
        option("--spin/--no-spin", default=None, help="Idle threads spin: faster alone, slow beside others (onnx)."),
    )(function)


def profile_option(function: F) -> F:
    """`--profile`, the budget."""
    return option(
        "--profile", default="auto", show_default=True, help="Budget: auto, direct, easy, normal, hard or your own."
    )(function)


def request_options(function: F) -> F:
    """What decides how a question is answered."""
    seed = option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of all draws.")
    return _together(profile_option, strategy_options, seed)(function)


def strategy_options(function: F) -> F:
    """How time, tokens and joules are spent: by the controller at a price, or by a published strategy."""
    return _together(
        option(
            "--strategy",
            type=click.Choice(STRATEGIES),
            default="auto",
            show_default=True,
            metavar="NAME",
            help=f"How rows and thoughts are chosen and when they stop: {', '.join(STRATEGIES)}.",
        ),
        option(
            "--price-per-second", type=click.FloatRange(0), metavar="POINTS",
            help="Points of expected accuracy that a second must buy.  [default: 0.1 without a deadline]",
        ),
        option(
            "--price-per-joule", type=click.FloatRange(0), metavar="POINTS",
            help="The same of a joule, where the device profile knows what passes take.",
        ),
        option(
            "--max-joules", type=click.FloatRange(0, min_open=True), metavar="J",
            help="Most joules a question, by the device profile; refused where that has none.",
        ),
    )(function)  # fmt: skip


def miss_rate_option(function: F) -> F:
    """`--miss-rate`, what the promise about time is of."""
    return option(
        "--miss-rate", type=click.FloatRange(0.0001, 0.5), default=0.01, show_default=True, metavar="SHARE",
        help="Of the requests that the deadline ends, how many may come back late.",
    )(function)  # fmt: skip


def quiet_option(function: F) -> F:
    """`--quiet`: nothing on standard error but errors."""
    return option("-q", "--quiet", is_flag=True, help="Print results and errors only.")(function)


def output_options(function: F) -> F:
    """How much is said on standard error."""
    return _together(
        option("-R", "--hide-reasoning", is_flag=True, help="Leave the reasoning out."),
        quiet_option,
        option("-v", "--verbose", is_flag=True, help="Also print the plan, its reason and every row."),
    )(function)


def check_quiet_or_verbose(quiet: bool, verbose: bool) -> None:
    """Refuse both at once."""
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other.")


def within(deadline_s: float | None) -> str:
    """The deadline in words."""
    return "no deadline" if deadline_s is None else f"within {format_duration(deadline_s)}"
