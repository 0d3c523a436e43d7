"""A chat template, rendered in a sandbox, as pieces that say which text is the model's own and which is the user's.

Every message's content goes through the template as a nonce of 40 random digits and is put back afterwards. So
- a template that trims, cases, splits on </think>, or looks for a switch in the text (`'/think' in content`) sees
  digits: nothing in user text can steer it (contents are stripped, and past thoughts removed, before);
- a template that writes a content twice gives it twice;
- a template that leaves a content out, or changes digits, is refused: a message must not be lost in silence.
Bounded: size of the source, of the text written, and of what `*`, `**` and `range` make. The template has no access to
files, modules or Python's internals (jinja2's ImmutableSandboxedEnvironment).
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from edgereason.errors import QuestionError, TokenizerError
from edgereason.types import Message

if TYPE_CHECKING:
    from jinja2 import Environment, Template

MAX_SOURCE_CHARS = 256 * 1024
MAX_WRITTEN_CHARS = 1024 * 1024  # without user text, which is put in afterwards
MAX_PRODUCT = 100_000  # of `*`, and length of a `range`
NONCE_DIGITS = 40
# Names under which templates look for a thinking switch, and what on and off are called there.
SWITCHES: Mapping[str, tuple[object, object]] = {
    "enable_thinking": (True, False),  # Qwen, SmolLM3, Nemotron and most others
    "thinking": (True, False),  # Granite
    "reasoning_effort": ("medium", "low"),  # gpt-oss
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a prompt: the template's own text, or (`is_user`) text from outside."""

    text: str
    is_user: bool = False


class ChatTemplate:
    """One model's template. Rendering is a function of the messages and the switch (and the date, where it asks)."""

    def __init__(self, source: str, constants: Mapping[str, str]) -> None:
        """Compile the source, with the named tokens (`bos_token`, ...) that it may write.

        Raises:
            TokenizerError: it is too long or does not compile.
        """
        if len(source) > MAX_SOURCE_CHARS:
            raise TokenizerError(f"The chat template has {len(source):,} characters; at most {MAX_SOURCE_CHARS:,}.")
        self.source = source
        self._constants = dict(constants)
        self._template, names = _compile(source)
        self.switches = tuple(name for name in SWITCHES if name in names)

    def render(self, messages: Sequence[Message], nonces: Sequence[str], *, thinking: bool | None) -> tuple[Piece, ...]:
        """Return the prompt up to where the assistant speaks, with the thinking switch passed explicitly.

        thinking: None leaves the switch undefined; what a template does then differs, so no prompt is made that way.

        Raises:
            QuestionError: the template refuses the conversation, or leaves a message out.
            TokenizerError: the template fails.
        """
        written = self._written(messages, nonces, thinking)
        contents = {nonce: message.content for nonce, message in zip(nonces, messages, strict=True)}
        for index, (nonce, message) in enumerate(zip(nonces, messages, strict=True)):
            if message.content and nonce not in written:
                raise QuestionError(
                    f"This model's chat template leaves out message {index} of role {message.role!r}.",
                    hint="Put its text into the question.",
                )
        return tuple(_pieces(written, contents))

    def _written(self, messages: Sequence[Message], nonces: Sequence[str], thinking: bool | None) -> str:
        """The template's text, nonces in place of contents."""
        import jinja2

        turns = [
            {"role": message.role, "content": nonce if message.content else ""}
            for message, nonce in zip(messages, nonces, strict=True)
        ]
        values = {} if thinking is None else {name: SWITCHES[name][not thinking] for name in self.switches}
        parts: list[str] = []
        room = MAX_WRITTEN_CHARS
        try:
            for part in self._template.generate(
                messages=turns, add_generation_prompt=True, **values, **self._constants
            ):
                parts.append(part)
                room -= len(part)
                if room < 0:
                    raise TokenizerError(f"The chat template writes more than {MAX_WRITTEN_CHARS:,} characters.")
        except _Refused as error:
            raise QuestionError(f"This model's chat template refuses the conversation: {error}") from error
        except (jinja2.TemplateError, ArithmeticError, LookupError, MemoryError) as error:
            raise TokenizerError(f"The chat template fails: {error}") from error
        except (AttributeError, RecursionError, TypeError, ValueError) as error:
            raise TokenizerError(f"The chat template fails: {type(error).__name__}: {error}") from error
        return "".join(parts)


def _compile(source: str) -> tuple[Template, set[str]]:
    """The compiled template and the names that it looks for; raises TokenizerError where it is none."""
    import jinja2
    import jinja2.meta

    environment = _environment()
    try:
        return environment.from_string(source), jinja2.meta.find_undeclared_variables(environment.parse(source))
    except (jinja2.TemplateError, RecursionError, SyntaxError, ValueError) as error:
        raise TokenizerError(f"The chat template does not compile: {error}") from error


def new_nonces(count: int) -> tuple[str, ...]:
    """Return `count` different texts that nobody can guess and that no template has a reason to change."""
    return tuple(f"{secrets.randbelow(10**NONCE_DIGITS):0{NONCE_DIGITS}d}" for _ in range(count))


def _pieces(written: str, contents: dict[str, str]) -> Iterator[Piece]:
    """Yield the written text with the contents put back for their nonces."""
    for part in re.split("(" + "|".join(map(re.escape, contents)) + ")", written):
        if part:
            yield Piece(contents[part], is_user=True) if part in contents else Piece(part)


# ---------------------------------------------------------------- the environment that templates are written for


class _Refused(Exception):  # noqa: N818 - the template's own words, not a fault
    """What a template says through `raise_exception`."""


def _raise_exception(message: object) -> NoReturn:
    """Let a template refuse a conversation."""
    raise _Refused(str(message))


def _strftime_now(form: str) -> str:
    """The date in a template's format; some write it into the system text."""
    return datetime.now().strftime(form)


def _tojson(value: object, indent: int | None = None, **options: Any) -> str:
    """JSON as transformers writes it: no HTML escapes."""
    return json.dumps(value, ensure_ascii=bool(options.get("ensure_ascii", False)), indent=indent)


def _environment() -> Environment:
    """The sandbox with the names that chat templates use, as transformers sets it up."""
    from jinja2 import nodes
    from jinja2.exceptions import SecurityError
    from jinja2.ext import Extension, loopcontrols
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks what was trained on; here it means nothing."""

        tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

        def parse(self, parser: Parser) -> list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    class Sandbox(ImmutableSandboxedEnvironment):
        """No product may be large: `'a' * 10**9` is memory, not text."""

        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if operator == "**" or _size(left) * _size(right) > MAX_PRODUCT:
                raise SecurityError(f"{operator!r} of {left!r:.40} and {right!r:.40} is not allowed in a template")
            return super().call_binop(context, operator, left, right)

    environment = Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    environment.filters["tojson"] = _tojson
    environment.globals.update(raise_exception=_raise_exception, strftime_now=_strftime_now)
    return environment


def _size(value: Any) -> float:
    """How much a product would make of it: a length, or a number's size."""
    return len(value) if hasattr(value, "__len__") else abs(value)
