"""Other ways to work a problem: the same question and answer, the steps taken in another order or written otherwise.

In: what can be changed in the plain steps of each family. Not in: the plain steps (edgereason/evals/families), what is
made of them (data.py).
Invariants: the last line stays the answer, and a line still follows from the lines before it and the question. Where no
other way is known the steps come back as they were.

Samples of a model that knows one way go wrong together, and a vote of them is worth little more than one of them; those
of a model that draws its way go wrong apart (docs/log.md, "many ways to work").

    sums, products   any operation first, split in any order; stories and units: terms and factors in another order
    clock            legs in another order
    lists            from the last entry to the first: extremes, sorting, counting
    order of people  from another pair on, upwards before downwards
    procedures       places written beside the entries; sums by tens and ones
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from edgereason.evals.families import Problem
from edgereason.evals.families.arithmetic import OutOfReach, Token, parsed, text_of, worked
from edgereason.evals.families.clock import DAY, Leg, leg_lines
from edgereason.evals.families.extremes import best_marks, second_marks
from edgereason.evals.families.sorting import insertion_lines

Lines = tuple[str, ...]
EXPRESSION = re.compile(r"(\d+,)?([(\d][-+*/()\d]*[-+*/][-+*/()\d]*)([<>,]\d+)?")
TRIES = 4  # at a way whose steps all stay within the bounds


def another_way(problem: Problem, rng: Random) -> Lines:
    """Return the steps of a problem, worked in a drawn way."""
    steps = REWRITTEN.get(problem.family, _as_they_are)(problem, rng)
    assert steps[-1] == problem.answer, (problem.id, steps)
    return steps


def _as_they_are(problem: Problem, rng: Random) -> Lines:
    return reworked(problem.steps, rng)


def _commuted_first(problem: Problem, rng: Random) -> Lines:
    return reworked(problem.steps, rng, commutes=True)


# ---------------------------------------------------------------- expressions


def reworked(lines: Lines, rng: Random, *, commutes: bool = False) -> Lines:
    """Return the lines with each expression among them worked in a drawn way; what stands beside it stays.

    commutes: the first expression is read from the question, so it may be written in another order.
    """
    found: list[str] = []
    place = 0
    while place < len(lines):
        match = EXPRESSION.fullmatch(lines[place])
        if match is None:
            found.append(lines[place])
            place += 1
            continue
        before, text, after = (part or "" for part in match.groups())
        end = place + 1
        while end < len(lines) and EXPRESSION.fullmatch(lines[end]):
            end += 1
        run = tuple(line.removeprefix(before).removesuffix(after) for line in lines[place : end + 1])
        found += [before + line + after for line in _run(run, parsed(text), rng, commutes=commutes and place == 0)]
        place = end + 1
    return tuple(found)


def _run(lines: Lines, tokens: list[Token], rng: Random, *, commutes: bool) -> Lines:
    """Return the lines from an expression to its value in a drawn way, or as they are where none was found."""
    for _ in range(TRIES):
        try:
            other = worked(commuted(tokens, rng) if commutes else tokens, way=rng)
        except OutOfReach:
            continue
        if other[-1] == lines[-1] and not any(line.startswith("-") for line in other):
            return other
    return lines


def commuted(tokens: list[Token], rng: Random) -> list[Token]:
    """Return an expression of the same value, operands of + and * exchanged here and there."""
    parts, last = _parsed_sum(tokens, 0)
    assert last == len(tokens), text_of(tokens)
    return _written(_exchanged(parts, rng))


Tree = int | tuple[str, "Tree", "Tree"]


def _parsed_sum(tokens: list[Token], place: int) -> tuple[Tree, int]:
    """Return the tree of a sum from a place on, and where it ends."""
    tree, place = _parsed_product(tokens, place)
    while place < len(tokens) and tokens[place] in ("+", "-"):
        sign = str(tokens[place])
        other, place = _parsed_product(tokens, place + 1)
        tree = (sign, tree, other)
    return tree, place


def _parsed_product(tokens: list[Token], place: int) -> tuple[Tree, int]:
    tree, place = _parsed_factor(tokens, place)
    while place < len(tokens) and tokens[place] in ("*", "/"):
        sign = str(tokens[place])
        other, place = _parsed_factor(tokens, place + 1)
        tree = (sign, tree, other)
    return tree, place


def _parsed_factor(tokens: list[Token], place: int) -> tuple[Tree, int]:
    token = tokens[place]
    if isinstance(token, int):
        return token, place + 1
    tree, place = _parsed_sum(tokens, place + 1)
    return tree, place + 1


def _exchanged(tree: Tree, rng: Random) -> Tree:
    """Return the tree with operands of + and * exchanged in half of the cases."""
    if isinstance(tree, int):
        return tree
    sign, left, right = tree[0], _exchanged(tree[1], rng), _exchanged(tree[2], rng)
    return (sign, right, left) if sign in "+*" and rng.random() < 0.5 else (sign, left, right)


def _written(tree: Tree) -> list[Token]:
    """Return the tokens of a tree, in brackets only what needs them."""
    if isinstance(tree, int):
        return [tree]
    sign, left, right = tree
    first, second = _written(left), _written(right)
    if sign in "*/" and not isinstance(left, int) and left[0] in "+-":
        first = ["(", *first, ")"]
    needs = {"+": "", "-": "+-", "*": "+-*/", "/": "+-*/"}[sign]
    if not isinstance(right, int) and right[0] in needs:
        second = ["(", *second, ")"]
    return [*first, sign, *second]


# ---------------------------------------------------------------- clock


def _clock(problem: Problem, rng: Random) -> Lines:
    """Return the steps with the legs in another order, and what follows them reworked."""
    match = re.fullmatch(r"(\d+:\d\d)((?:[-+][\d:*]+)+)", problem.steps[0])
    if match is None:
        return reworked(problem.steps, rng)
    now, legs = _minutes(match[1]), [_leg(text) for text in re.findall(r"[-+][\d:*]+", match[2])]
    for wraps in (True, False):
        plain = leg_lines(now, legs, wraps=wraps)
        if tuple(plain) == problem.steps[: len(plain)]:
            other = leg_lines(now, rng.sample(legs, len(legs)), wraps=wraps)
            if other[-1] == plain[-1]:
                return (*other, *reworked(problem.steps[len(plain) :], rng))
    return reworked(problem.steps, rng)


def _minutes(text: str) -> int:
    hours, rest = text.split(":")
    return 60 * int(hours) + int(rest)


def _leg(text: str) -> Leg:
    """Return a leg out of how the thought first writes it."""
    sign, raw = text[0], text[1:]
    if "*" in raw:
        count, each = raw.split("*")
        return sign, raw, int(count) * int(each)
    return sign, raw, (_minutes(raw) if ":" in raw else int(raw)) % DAY


# ---------------------------------------------------------------- lists, from their ends


def _extremes(problem: Problem, rng: Random) -> Lines:
    """Return the steps with lists of marks made from the last number to the first."""
    if rng.random() < 0.5:
        return reworked(problem.steps, rng)
    found = [_marks_backwards(line, problem.template) if ":" in line else line for line in problem.steps]
    return reworked(tuple(found), rng)


def _marks_backwards(line: str, template: str) -> str:
    """Return a line of marks made from its other end, by the same rule."""
    numbers = [int(mark.split(":")[0]) for mark in line.split(",")]
    best = line.rsplit(":", 1)[1]
    if "/" in best:
        first, second = map(int, best.split("/"))
        return second_marks(numbers[::-1], first > second)
    kept = int(best)
    rules: dict[str, Sequence[Callable[[int], bool]]] = {
        "parity": [lambda number: number % 2 == kept % 2] * 2,
        "limited": [lambda number: number <= kept, lambda number: number >= kept],
    }
    fits = rules.get(template, [lambda number: True] * 2)
    is_up = best_marks(numbers, True, fits[0]) == line
    return best_marks(numbers[::-1], is_up, fits[0 if is_up else 1])


def _sorting(problem: Problem, rng: Random) -> Lines:
    """Return the steps with the numbers taken from the last one on."""
    lines = [line for line in problem.steps if "|" in line]
    if rng.random() < 0.5 or not lines:
        return problem.steps
    numbers = [int(number) for number in re.findall(r"\d+", lines[0])]
    ranked = [int(number) for number in problem.steps[len(lines)].split(",")]
    other = insertion_lines(numbers[::-1], ranked != sorted(ranked))
    return (*other, *problem.steps[len(other) :])


def _counting(problem: Problem, rng: Random) -> Lines:
    """Return the steps with the entries counted from the last one on."""
    conditions, line, total = problem.steps
    if rng.random() < 0.5:
        return problem.steps
    marks, count = [], 0
    for mark in reversed(line.split(",")):
        head, flags = re.fullmatch(r"(.*:)([yn]*)\d+", mark).groups()  # type: ignore[union-attr]
        worth = int(head.removesuffix(":")) if problem.template == "total" else 1
        count += 0 if "n" in flags else worth
        marks.append(f"{head}{flags}{count}")
    return conditions, ",".join(marks), total


# ---------------------------------------------------------------- people and procedures


def _logic(problem: Problem, rng: Random) -> Lines:
    """Return the steps with the chain grown from another pair, in either direction first."""
    chains = [line for line in problem.steps if " > " in line]
    if problem.template in ("branch", "lookup") or len(chains) < 2:
        return problem.steps
    people = chains[-1].split(" > ")
    low = rng.randrange(len(people) - 1)
    high, is_down_first, lines = low + 2, rng.random() < 0.5, []
    lines.append(" > ".join(people[low:high]))
    while low > 0 or high < len(people):
        if high < len(people) and (is_down_first or low == 0):
            high += 1
        else:
            low -= 1
        lines.append(" > ".join(people[low:high]))
    return (*lines, *problem.steps[len(chains) :])


def _procedure(problem: Problem, rng: Random) -> Lines:
    """Return the steps with places beside the entries of lists, and sums of numbers by tens and ones."""
    has_places = rng.random() < 0.5
    return (*(_procedure_line(line, rng, has_places) for line in problem.steps[:-1]), problem.steps[-1])


def _procedure_line(line: str, rng: Random, has_places: bool) -> str:
    head, _, listed = line.partition(": ")
    if listed:
        entries = listed.split(", ")
        return line if not has_places else f"{head}: " + ", ".join(f"{k}.{e}" for k, e in enumerate(entries, 1))
    match = re.fullmatch(r"(.*:)(\d+)([-+])(\d\d)=(\d+)", line)
    if match is None or match[4].endswith("0") or rng.random() < 0.5:
        return line
    value, more = int(match[2]), int(match[4])
    parts = [more // 10 * 10, more % 10]
    first, last = parts if rng.random() < 0.5 else parts[::-1]
    middle = value + first if match[3] == "+" else value - first
    return f"{match[1]}{value}{match[3]}{first}={middle}{match[3]}{last}={match[5]}"


REWRITTEN: dict[str, Callable[[Problem, Random], Lines]] = {
    "story": _commuted_first,
    "units": _commuted_first,
    "clock": _clock,
    "extremes": _extremes,
    "sorting": _sorting,
    "counting": _counting,
    "logic": _logic,
    "procedure": _procedure,
}
