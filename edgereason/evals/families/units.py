"""Conversion of units: lengths, weights, volumes, times, money, dozens; sums, differences and comparisons of them.

In: the units, how quantities are spoken, the expressions. Not in: the reduction rule (arithmetic.py), clock times
(clock.py), fractions of a unit.
Invariant: the first line is the question's quantities times their factors, and every line follows by arithmetic.py's
rule (a quotient by 100 or 1000, which that rule does not know, drops zeros in one line).
Length and difficulty part on purpose: asides make easy questions long, a chain of three units is short and hard, and
`contrast` swaps the two numbers of a quantity, so that the factor meets the small or the large one.

    up        3*100+20 -> 300+20 -> 320               3 m 20 cm in centimeters
    down      35/7 -> 5                               35 days in weeks
    deep      (2*7+3)*24 -> (14+3)*24 -> 17*24 -> 200+40+140+28 -> ... -> 408      2 weeks 3 days in hours
    less      5*100-2*100-85 -> 500-2*100-85 -> 500-200-85 -> 300-85 -> 220-5 -> 215
    compare   2*100+5>198 -> 200+5>198 -> 205>198 -> yes
    larger    2*100+5,198 -> 200+5,198 -> 205,198 -> 205
    left over 17-14 -> 3                              17 days are 2 weeks and how many days
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from edgereason.evals.families.arithmetic import LONGEST_TABLE, OutOfReach, Token, worked
from edgereason.evals.families.problem import Bands, Draft
from edgereason.evals.families.story import lexicon
from edgereason.evals.families.story.telling import NUMBER_WORDS
from edgereason.evals.families.units_phrases import (
    ASIDES,
    COMPARE,
    DEEP,
    GAP,
    LARGER,
    LEFT_OVER,
    LESS,
    LONGER,
    MORE,
    SHARED,
    THINGS,
    TIMES,
    TWO,
    UNITS,
    UP,
    Chain,
)

Quantity = tuple[int, ...]  # how many of each unit of a chain
Task = tuple[str, tuple[str, ...]]  # question, steps

BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
TEMPLATES = {
    1: ("up", "up", "down", "compare", "left_over"),
    2: ("up", "up", "down", "compare", "left_over"),
    3: ("mixed", "mixed", "up", "down", "compare", "larger", "contrast", "left_over"),
    4: ("mixed", "mixed", "down", "compare", "larger", "more", "less", "left_over"),
    5: ("mixed", "deep", "compare", "larger", "more", "less", "shared", "contrast"),
    6: ("deep", "deep", "compare", "more", "less", "times", "shared"),
    7: ("deep", "deep", "compare", "more", "less", "times", "shared", "gap"),
    8: ("deep", "deep", "more", "less", "times", "gap", "gap"),
}


def draw(rng: Random, level: int) -> Draft:
    """Return one problem about units."""
    while True:
        template = rng.choice(TEMPLATES[level])
        try:
            question, steps = MAKERS[template](rng, level)
        except OutOfReach:
            continue
        if len(steps) > 1 and len("".join(steps)) < 260:
            break
    asides = rng.choice((1, 1, 2, 4, 5)) if rng.random() < (0.3 if level < 3 else 0.1) else 0
    told = [aside.format(n=rng.randint(2, 30)) for aside in rng.sample(ASIDES, asides)]
    params: dict[str, int | str] = {
        "operations": sum(steps[0].count(sign) for sign in "+-*/"), "lines": len(steps), "asides": asides,
    }  # fmt: skip
    question = " ".join([*told, question[0].upper() + question[1:] if question[0].isalpha() else question])
    return Draft(template=template, question=question, steps=steps, answer=steps[-1], params=params)


def tokens_of(factors: tuple[int, ...], quantity: Quantity) -> list[Token]:
    """Return the expression of a quantity in its smallest unit: (2*7+3)*24+5; parts of zero are not written."""
    tokens: list[Token] = [quantity[0]]
    for factor, number, before in zip(factors, quantity[1:], (0, *quantity[1:]), strict=False):
        if before:
            tokens = ["(", *tokens, ")"]
        tokens += ["*", factor]
        tokens += ["+", number] if number else []
    return tokens


def value_of(factors: tuple[int, ...], quantity: Quantity) -> int:
    """Return a quantity in its smallest unit."""
    value = quantity[0]
    for factor, number in zip(factors, quantity[1:], strict=True):
        value = value * factor + number
    return value


def _units(rng: Random, unit: str) -> str:
    """Return a unit in the plural, as a question asks for it."""
    plural, short, _ = UNITS[unit]
    return short if short not in ("", "m", "in", "c", "p", "d", "l") and rng.random() < 0.12 else plural


def _spoken(rng: Random, units: tuple[str, ...], quantity: Quantity) -> str:
    """Return a quantity as people say it."""
    style = rng.random()
    is_short = style < 0.3 and all(UNITS[unit][1] for unit in units)
    has_words = 0.3 <= style < 0.4 and max(quantity) <= 20
    is_british = 0.4 <= style < 0.45
    parts = []
    for number, unit in zip(quantity, units, strict=True):
        if not number:
            continue
        plural, short, other = UNITS[unit]
        name = unit if number == 1 else plural
        if is_british and other != unit:
            name = other if number == 1 else other + "s"
        digits = NUMBER_WORDS[number] if has_words else str(number)
        parts.append(f"{number}{'' if style < 0.08 else ' '}{short}" if is_short else f"{digits} {name}")
    if is_short or len(parts) == 1 or rng.random() < 0.4:
        return " ".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _filled(rng: Random, phrases: tuple[str, ...], kind: str, **slots: str) -> str:
    """Return a phrase with its slots, a thing and a name filled in."""
    name = rng.choice(lexicon.GIRLS + lexicon.BOYS)
    return rng.choice(phrases).format(x=rng.choice(THINGS[kind]), **{"n": name, **slots})


def _quantity(rng: Random, chain: Chain, most: int, share: float = 0.8) -> Quantity:
    """Return a mixed quantity whose smaller units stay below their factors, some of them not mentioned."""
    _, factors = chain
    rest = [rng.randint(1, factor - 1) if rng.random() < share else 0 for factor in factors]
    if rng.random() < 0.4:
        rest = [number if number < 20 else number // 10 * 10 for number in rest]
    return (rng.randint(1 if most < 8 else 2, most), *rest)


def _most(level: int) -> int:
    """Return the largest number of the large unit."""
    return {3: 5, 4: 9, 5: 9}.get(level, 12)


def _steps_of(tokens: list[Token]) -> tuple[str, ...]:
    """Return the lines of an expression; a quotient by 100 or 1000 is one line."""
    if len(tokens) == 3 and tokens[1] == "/" and tokens[2] in (60, 100, 1000):
        first, _, divisor = tokens
        assert isinstance(first, int)
        assert isinstance(divisor, int)
        if first % divisor or first // divisor > LONGEST_TABLE:
            raise OutOfReach("inexact")
        return f"{first}/{divisor}", str(first // divisor)
    return worked(tokens)


def _one_line(factor: int, level: int) -> bool:
    """Say whether products with a factor are one small fact, or longer where a level allows it."""
    return factor in (2, 3, 4, 5, 7, 10, 100, 1000) or level > 2


def _up(rng: Random, level: int) -> Task:
    """One product."""
    kind, (units, (factor,)) = rng.choice(TWO)
    number = rng.randint(2, {1: 9, 2: 10}.get(level, 30))
    if not _one_line(factor, level) or (factor in (12, 14, 16, 24, 25, 60) and number > 12):
        raise OutOfReach("too long")
    question = _filled(rng, UP, kind, u=_units(rng, units[1]), q=_spoken(rng, units[:1], (number,)))
    return question, _steps_of([number, "*", factor])


def _down(rng: Random, level: int) -> Task:
    """One quotient."""
    kind, (units, (factor,)) = rng.choice(TWO)
    most = {1: 9, 2: 12, 3: 12, 4: 99}[level]
    number = rng.randint(2 if level < 4 else 13, most)
    if factor > LONGEST_TABLE and level == 1 and factor < 100:
        raise OutOfReach("not known by heart")
    if level == 3 and factor <= 9:
        number = rng.randint(13, 40)
    question = _filled(rng, UP, kind, u=_units(rng, units[0]), q=_spoken(rng, units[1:], (number * factor,)))
    return question, _steps_of([number * factor, "/", factor])


def _mixed(rng: Random, level: int) -> Task:
    """A product and a sum."""
    kind, chain = rng.choice(TWO)
    units, factors = chain
    if level == 3 and factors[0] in (14, 16, 24, 25):
        raise OutOfReach("for later levels")
    if level == 5 and factors[0] in (2, 3, 5, 10, 100, 1000):
        raise OutOfReach("for earlier levels")
    quantity = _quantity(rng, chain, _most(level), 1.0)
    question = _filled(rng, UP, kind, u=_units(rng, units[-1]), q=_spoken(rng, units, quantity))
    return question, worked(tokens_of(factors, quantity))


def _contrast(rng: Random, level: int) -> Task:
    """The same two numbers: the factor meets the small one, or the large one."""
    kind, (units, factors) = rng.choice([pair for pair in TWO if 5 < pair[1][1][0] < 100])
    small, large = rng.randint(1, 3), rng.randint(6, 11)
    quantity = (small, large) if level == 3 else (large, small)
    question = _filled(rng, UP, kind, u=UNITS[units[1]][0], q=_spoken(rng, units, quantity))
    return question, worked(tokens_of(factors, quantity))


def _deep(rng: Random, level: int) -> Task:
    """A chain of three or four units."""
    kind, chain = rng.choice(DEEP)
    units, factors = chain
    share = {5: 0.0, 6: 0.5}.get(level, 1.0)
    quantity = _quantity(rng, chain, {5: 5, 6: 5, 7: 6}.get(level, 12), share)
    if level > 6 and max(factors) < 12:
        raise OutOfReach("for earlier levels")
    question = _filled(rng, UP, kind, u=_units(rng, units[-1]), q=_spoken(rng, units, quantity))
    return question, worked(tokens_of(factors, quantity))


def _several(rng: Random, level: int, count: int) -> tuple[str, Chain, list[Quantity]]:
    """Return quantities of one chain; some of the later ones in the small unit alone."""
    kind, chain = rng.choice(TWO)
    if level > 5 and chain[1][0] in (2, 3, 5, 10):
        raise OutOfReach("for earlier levels")
    found = [_quantity(rng, chain, 5 if level < 6 else 9)]
    for _ in range(count - 1):
        small = (0, rng.randint(1, chain[1][0] * (1 if chain[1][0] > 50 else 3)))
        found.append(small if rng.random() < 0.35 else _quantity(rng, chain, 4))
    return kind, chain, found


def _signed(chain: Chain, quantities: list[Quantity], sign: str) -> list[Token]:
    """Return the expression of quantities added to, or taken from, the first one."""
    tokens: list[Token] = []
    for k, quantity in enumerate(quantities):
        part = tokens_of(chain[1], quantity) if quantity[0] else [quantity[1]]
        if k:
            part = [sign if token == "+" else token for token in part]
            tokens.append(sign)
        tokens += part
    return tokens


def _joined(rng: Random, chain: Chain, quantities: list[Quantity]) -> str:
    """Return quantities as a list whose last one follows "and"."""
    texts = [_spoken(rng, chain[0], quantity) for quantity in quantities]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _count(rng: Random, level: int) -> int:
    """Return how many quantities a sum has."""
    return {4: 2, 5: 2, 6: 3, 7: rng.randint(3, 4)}.get(level, rng.randint(4, 5))


def _more(rng: Random, level: int) -> Task:
    """A sum of quantities."""
    kind, chain, found = _several(rng, level, _count(rng, level))
    question = _filled(rng, MORE, kind, u=_units(rng, chain[0][1]), l=_joined(rng, chain, found))
    return question, worked(_signed(chain, found, "+"))


def _less(rng: Random, level: int) -> Task:
    """A quantity less others."""
    kind, chain, found = _several(rng, level, _count(rng, level))
    first, rest = found[0], found[1:]
    taken = sum(value_of(chain[1], quantity) for quantity in rest)
    if value_of(chain[1], first) <= taken:
        first = (taken // chain[1][0] + rng.randint(1, 3), first[1])
    question = _filled(
        rng, LESS, kind, u=_units(rng, chain[0][1]), q=_spoken(rng, chain[0], first), l=_joined(rng, chain, rest)
    )  # fmt: skip
    return question, worked(_signed(chain, [first, *rest], "-"))


def _gap(rng: Random, level: int) -> Task:
    """The difference of two quantities of three units."""
    kind, chain = rng.choice(DEEP)
    units, factors = chain
    first, second = (_quantity(rng, chain, {7: 4}.get(level, 6), 0.5 if level == 7 else 0.8) for _ in range(2))
    if value_of(factors, first) <= value_of(factors, second):
        first, second = second, first
    if first == second:
        raise OutOfReach("no difference")
    taken = tokens_of(factors, second)
    taken = ["(", *taken, ")"] if second[-1] else taken
    question = _filled(
        rng, GAP, kind, u=_units(rng, units[-1]), q=_spoken(rng, units, first), l=_spoken(rng, units, second)
    )  # fmt: skip
    return question, worked([*tokens_of(factors, first), "-", *taken])


def _times(rng: Random, level: int) -> Task:
    """A mixed quantity several times."""
    kind, chain = rng.choice(TWO if level < 8 else DEEP)
    units, factors = chain
    quantity = _quantity(rng, chain, 5, 1.0)
    count = rng.randint(2, 9) if level < 7 else rng.randint(3, 19)
    question = _filled(
        rng, TIMES, kind, u=_units(rng, units[-1]), q=_spoken(rng, units, quantity), k=str(count)
    )  # fmt: skip
    return question, worked([count, "*", "(", *tokens_of(factors, quantity), ")"])


def _shared(rng: Random, level: int) -> Task:
    """A mixed quantity in equal parts."""
    kind, chain = rng.choice(TWO)
    units, (factor,) = chain
    parts = rng.randint(2, 9)
    value = parts * rng.randint(3 if level < 6 else 13, {5: 30, 6: 99}.get(level, 400))
    quantity = (value // factor, value % factor)
    if not 1 <= quantity[0] <= 20 or not quantity[1]:
        raise OutOfReach("not mixed")
    question = _filled(
        rng, SHARED, kind, u=_units(rng, units[1]), q=_spoken(rng, units, quantity), k=str(parts)
    )  # fmt: skip
    return question, worked(["(", *tokens_of((factor,), quantity), ")", "/", parts])


def _rival(rng: Random, value: int) -> int:
    """Return a number near another one."""
    far = max(2, value // 5)
    return max(1, value + rng.choice((-1, 1)) * rng.choice((1, rng.randint(1, far), rng.randint(1, far))))


def _pair(rng: Random, level: int) -> tuple[str, Chain, Quantity, int]:
    """Return a quantity and a number of its smallest unit to compare it with."""
    kind, chain = rng.choice(TWO if level < 6 else DEEP)
    number = rng.randint(2, 9)
    if level < 3:
        if not _one_line(chain[1][0], level):
            raise OutOfReach("too long")
        quantity: Quantity = (number, 0)
    else:
        quantity = _quantity(rng, chain, _most(min(level, 5)))
    return kind, chain, quantity, _rival(rng, value_of(chain[1], quantity))


def _compare(rng: Random, level: int) -> Task:
    """Is the one more than the other?"""
    kind, (units, factors), quantity, rival = _pair(rng, level)
    sign = rng.choice("><")
    question = _filled(
        rng, COMPARE[sign], kind, m=LONGER[kind], q=_spoken(rng, units, quantity), l=_spoken(rng, units[-1:], (rival,))
    )  # fmt: skip
    lines = worked(tokens_of(factors, quantity))
    value = int(lines[-1])
    answer = "yes" if (value > rival if sign == ">" else value < rival) else "no"
    return question, (*(f"{line}{sign}{rival}" for line in lines), answer)


def _larger(rng: Random, level: int) -> Task:
    """The larger one in the small unit."""
    kind, (units, factors), quantity, rival = _pair(rng, level)
    texts = [_spoken(rng, units, quantity), _spoken(rng, units[-1:], (rival,))]
    lines = worked(tokens_of(factors, quantity))
    is_swapped = rng.random() < 0.5
    question = _filled(
        rng, LARGER, kind, m=LONGER[kind], u=_units(rng, units[-1]), q=texts[is_swapped], l=texts[not is_swapped]
    )  # fmt: skip
    pairs = [f"{rival},{line}" if is_swapped else f"{line},{rival}" for line in lines]
    return question, (*pairs, str(max(int(lines[-1]), rival)))


def _left_over(rng: Random, level: int) -> Task:
    """What is beyond the whole large units, which are given; at higher levels they are a product first."""
    kind, chain = rng.choice(TWO)
    units, (factor,) = chain
    wholes = 1 if level == 1 else rng.randint(1, 4)
    rest = rng.randint(1, factor - 1)
    value = wholes * factor + rest
    if level < 3 and (value > 150 or (wholes > 1 and factor > 10)):
        raise OutOfReach("too large")
    question = _filled(
        rng, LEFT_OVER, kind, u=UNITS[units[1]][0], s=_spoken(rng, units[1:], (value,)),
        w=_spoken(rng, units[:1], (wholes,)),
    )  # fmt: skip
    tokens: list[Token] = [value, "-", factor] if wholes == 1 else [value, "-", wholes, "*", factor]
    return question, worked(tokens)


MAKERS: dict[str, Callable[[Random, int], Task]] = {
    "up": _up,
    "down": _down,
    "mixed": _mixed,
    "contrast": _contrast,
    "deep": _deep,
    "more": _more,
    "less": _less,
    "gap": _gap,
    "times": _times,
    "shared": _shared,
    "compare": _compare,
    "larger": _larger,
    "left_over": _left_over,
}
