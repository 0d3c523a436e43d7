"""What to ask and what is right: tasks from the generator by name, or from labelled JSON lines.

In: Item, Task, and the two ways to get one. Not in: asking (runner), drawing problems (families), judging (answers).
Invariant: the same arguments give the same items, and `fingerprint` changes when they would not.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgereason.answers import canonical, match_choice
from edgereason.errors import ConfigError, RecordError, did_you_mean
from edgereason.evals.families import BANDS, FAMILIES, SPLITS, Problem, draw

DEFAULT_ITEMS = 100
QUESTION_NAMES = ("question", "input", "problem")
TARGET_NAMES = ("answer", "target")
LABEL_NAMES = ("family", "template", "band")
FINAL_ANSWER = "####"  # what GSM8K puts before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question with its right answer; `params` keeps whatever else is known of it.

    scorer: gives an answer from 0 to 1, where the task has its own way to judge; only 1 is right.
    """

    id: str
    question: str
    target: str
    choices: tuple[str, ...] = ()
    family: str = ""
    template: str = ""
    band: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    scorer: Callable[[str], float] | None = field(default=None, compare=False, repr=False)

    def is_right(self, answer: str | None) -> bool:
        """Whether an answer is right: by the task's own scorer, else by its canonical form."""
        form = canonical(answer or "")
        if answer is None or not form:
            return False
        return form == canonical(self.target) if self.scorer is None else self.scorer(answer) >= 1.0

    @property
    def labels(self) -> dict[str, object]:
        """What records of the item carry beside its question."""
        names = ("target", "choices", "family", "template", "band", "params")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Named items in a fixed order. `fingerprint` says what they were made from, but not how many were taken."""

    name: str
    items: tuple[Item, ...]
    fingerprint: str


def load_task(spec: str, *, n: int | None = None, seed: int = 0, split: str = "test") -> Task:
    """The first `n` items of a generated task ("chain", "chain:hard", "chain+story"), of reasoning-gym
    ("rg:leg_counting") or of a labelled file.

    Raises:
        ConfigError: unknown family, band or split, or n below 1. ExtraMissingError: reasoning-gym is not installed.
        RecordError: the file cannot be read, or a line of it is malformed (naming the line).
    """
    if n is not None and n < 1:
        raise ConfigError(f"Number of items must be at least 1, got {n!r}.", hint="Leave it out for all of a file.")
    if spec.startswith("rg:"):
        from edgereason.evals.gym import gym_task  # reasoning-gym takes seconds to import

        return gym_task(spec[3:], n=DEFAULT_ITEMS if n is None else n, seed=seed, split=split)
    path = Path(spec)
    if path.suffix in (".jsonl", ".json") or len(path.parts) > 1 or path.is_file():
        return labelled_task(path, n=n)
    return generated_task(spec, n=DEFAULT_ITEMS if n is None else n, seed=seed, split=split)


def generated_task(name: str, *, n: int, seed: int = 0, split: str = "test") -> Task:
    """Items drawn from one or several families, in turn; item i depends on (name, split, seed, i) alone."""
    families, band = _parse_name(name)
    _check_known("split", split, SPLITS)
    width = len(families)
    problems = (draw(families[i % width], i // width, split=split, seed=seed, band=band) for i in range(n))
    return Task(
        name=name, items=tuple(_item_of(problem) for problem in problems), fingerprint=f"{name} {split} seed {seed}"
    )


def labelled_task(path: Path, *, n: int | None = None) -> Task:
    """Items from JSON lines: a question, its answer, and optionally id, choices, family, template and band."""
    content = _read(path)
    items: dict[str, Item] = {}
    for number, line in enumerate(content.decode("utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        item = _item_at(line, path, number)
        if item.id in items:
            raise _malformed(path, number, f"id {item.id!r} was used before")
        items[item.id] = item
    if not items:
        raise RecordError(f"{str(path)!r} holds no questions.", hint=_EXPECTED)
    return Task(name=path.stem, items=tuple(items.values())[:n], fingerprint=f"crc32 {zlib.crc32(content):08x}")


def _parse_name(name: str) -> tuple[list[str], str | None]:
    """Families and band of a generated task's name."""
    family_part, _, band = name.partition(":")
    families = family_part.split("+")
    for family in families:
        _check_known("task", family, FAMILIES)
    if ":" in name:
        _check_known("band", band, BANDS)
    return families, band or None


def _check_known(what: str, value: str, known: Mapping[str, str] | tuple[str, ...]) -> None:
    """ConfigError with the nearest name unless the value is known."""
    if value not in known:
        raise ConfigError(f"Unknown {what} {value!r}.", hint=did_you_mean(value, known))


def _item_of(problem: Problem) -> Item:
    """The generated problem as an item."""
    return Item(
        id=problem.id,
        question=problem.question,
        target=problem.answer,
        family=problem.family,
        template=problem.template,
        band=problem.band,
        params=problem.params,
    )


_EXPECTED = 'A line is an object such as {"question": "2 + 2 = ?", "answer": "4"}; "input" and "target" do too.'


def _read(path: Path) -> bytes:
    """The file's bytes, checked to be UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(f"Cannot read {str(path)!r}: {error.strerror or error}.", hint="Name a file.") from error
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise _malformed(path, number, f"byte {content[error.start]:#04x} is not UTF-8") from error
    return content


def _item_at(line: str, path: Path, number: int) -> Item:
    """The item on a line, or RecordError naming the line and what is wrong with it."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _malformed(path, number, f"not JSON ({error})") from error
    if not isinstance(values, dict):
        raise _malformed(path, number, f"a {type(values).__name__}, not an object")
    try:
        question_name, target_name = _name_in(values, QUESTION_NAMES), _name_in(values, TARGET_NAMES)
        question = _text_of(values, question_name)
        target = _text_of(values, target_name).rpartition(FINAL_ANSWER)[2].strip()
        if not question.strip() or not target:
            raise ValueError("question or answer is blank")
        choices = _choices_of(values)
        target = _chosen(target, choices) if choices else target
    except ValueError as error:
        raise _malformed(path, number, str(error)) from error
    used = {question_name, target_name, *LABEL_NAMES, "id", "choices"}
    return Item(
        id=str(values.get("id", f"{path.stem}:{number}")),
        question=question,
        target=target,
        choices=choices,
        params={name: value for name, value in values.items() if name not in used},
        family=str(values.get("family", "")),
        template=str(values.get("template", "")),
        band=str(values.get("band", "")),
    )


def _name_in(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of the names that the line has."""
    for name in names:
        if name in values:
            return name
    raise ValueError(f"none of {', '.join(map(repr, names))} is there")


def _text_of(values: Mapping[str, Any], name: str) -> str:
    """The text or number under a name; whole numbers without a fraction."""
    value = values[name]
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name!r} is {value!r}, neither text nor a number")
    return str(int(value)) if value == int(value) else repr(value)


def _choices_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The options to choose from, if the line has any."""
    choices = values.get("choices", [])
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise ValueError(f"'choices' is {choices!r}, not a list of texts")
    if len(choices) == 1 or any(not choice.strip() for choice in choices):
        raise ValueError(f"'choices' is {choices!r}: give none, or at least two, none of them blank")
    return tuple(choices)


def _chosen(target: str, choices: tuple[str, ...]) -> str:
    """The option that the target is, as written or by its letter."""
    choice = match_choice(target, choices)
    if choice is None:
        raise ValueError(f"{target!r} is none of the choices {list(choices)!r}")
    return choice


def _malformed(path: Path, number: int, reason: str) -> RecordError:
    """The error for one line."""
    return RecordError(f"{str(path)!r}, line {number}: {reason}.", hint=_EXPECTED)
