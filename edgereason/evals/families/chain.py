"""Chains of + - × ÷ with and without brackets, worked by rewriting the remaining expression.

In: which expressions a level draws and how they are worded. Not in: the reduction rule (arithmetic.py).
Invariant: every value on the way lies within the bounds of arithmetic.py.
Length and difficulty part on purpose: `tiny_terms` has many one-digit terms, `product` few big ones, `contrast` moves
the bracket of one expression (the same tokens, another amount of work), and a sentence about something else may stand
in front of any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from edgereason.evals.families.arithmetic import OutOfReach, Token, spaced_text_of, text_of, worked
from edgereason.evals.families.problem import Bands, Draft

PHRASES = (
    "{e} = ?",
    "{e} = ?",
    "What is {e}?",
    "What is {e}?",
    "Compute {e}.",
    "Calculate {e}.",
    "How much is {e}?",
    "{e} =",
    "{e}",
    "{e}?",
    "Work out {e}.",
    "Evaluate {e}.",
    "Find the value of {e}.",
    "Please compute {e}.",
)
ASIDES = (
    "The room number is {n}.",
    "Page {n} is empty.",
    "It is {n} degrees outside.",
    "The bus has the number {n}.",
    "There are {n} days left.",
    "My house has the number {n}.",
)
WORDS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
TEMPLATES = {
    1: ("sum", "sum", "table", "quotient"),
    2: ("sum", "sum", "table", "quotient", "tiny_terms", "round"),
    3: ("sum", "sum", "table_sum", "tiny_terms", "product", "big_sum", "quotient", "round", "contrast"),
    4: ("sum", "sum", "product", "table_sum", "bracket", "big_sum", "long_quotient", "tiny_terms", "contrast"),
    5: ("sum", "product", "table_sum", "bracket", "big_sum", "long_quotient", "mixed", "tiny_terms", "contrast"),
    6: ("sum", "product", "bracket", "big_sum", "long_quotient", "mixed", "mixed", "tiny_terms"),
    7: ("sum", "product", "nested", "bracket", "big_sum", "mixed", "mixed", "contrast"),
    8: ("sum", "product", "nested", "nested", "big_sum", "mixed", "mixed"),
}
# First and last number of + and - signs of the plain sums, by level.
SUM_SIGNS = {1: (1, 1), 2: (1, 1), 3: (2, 2), 4: (3, 4), 5: (4, 5), 6: (6, 8), 7: (9, 11), 8: (12, 14)}
TINY_SIGNS = {2: (2, 2), 3: (4, 6), 4: (6, 8), 5: (8, 10), 6: (11, 14)}
BIG_SIGNS = {3: (1, 1), 4: (1, 2), 5: (2, 3), 6: (3, 4), 7: (4, 5), 8: (5, 6)}
TERMS = {5: (2, 2), 6: (2, 3), 7: (3, 4), 8: (4, 5)}


def draw(rng: Random, level: int) -> Draft:
    """Return one chain problem."""
    while True:
        template = rng.choice(TEMPLATES[level])
        try:
            tokens = MAKERS[template](rng, level)
            steps = worked(tokens)
        except OutOfReach:
            continue
        if len(steps) > 1:
            break
    params: dict[str, int | str] = {
        "operations": sum(token in ("+", "-", "*", "/") for token in tokens),
        "largest": max(token for token in tokens if isinstance(token, int)),
        "lines": len(steps),
    }
    question = _worded(rng, tokens, params)
    return Draft(template=template, question=question, steps=steps, answer=steps[-1], params=params)


def _worded(rng: Random, tokens: list[Token], params: dict[str, int | str]) -> str:
    """Return the question around an expression."""
    style = rng.random()
    if style < 0.10 and "(" not in tokens:
        text = " ".join(WORDS.get(str(token), str(token)) for token in tokens)
    elif style < 0.25:
        text = text_of(tokens)
    else:
        text = spaced_text_of(tokens)
    if rng.random() < 0.15:
        text = text.replace("*", "×").replace("/", "÷")
    elif rng.random() < 0.05:
        text = text.replace("*", "x")
    question = rng.choice(PHRASES).format(e=text)
    if rng.random() < 0.08:
        params["aside"] = 1
        question = rng.choice(ASIDES).format(n=rng.randint(2, 99)) + " " + question
    return question


def _number(rng: Random, digits: int) -> int:
    """Return a number of so many digits; where two are asked for, small ones are not rare."""
    if digits == 2:
        return rng.randint(10, 99) if rng.random() < 0.75 else rng.randint(1, 20)
    return rng.randint(10 ** (digits - 1), 10**digits - 1)


def _flat(rng: Random, signs: int, digits: int) -> list[Token]:
    """Return a chain of + and - whose running value stays within bounds, seldom below zero."""
    value = _number(rng, digits)
    tokens: list[Token] = [value]
    for _ in range(signs):
        number = _number(rng, digits if digits < 3 or rng.random() < 0.5 else rng.randint(2, digits))
        goes_up = rng.random() < 0.5
        if not goes_up and value - number < 0 and (digits > 2 or rng.random() < 0.8):
            goes_up = True
        tokens += ["+" if goes_up else "-", number]
        value += number if goes_up else -number
    return tokens


def _sum(rng: Random, level: int) -> list[Token]:
    digits = 1 if level < 3 and rng.random() < 0.2 else 2
    return _flat(rng, rng.randint(*SUM_SIGNS[level]), digits)


def _tiny_terms(rng: Random, level: int) -> list[Token]:
    return _flat(rng, rng.randint(*TINY_SIGNS[level]), 1)


def _round(rng: Random, level: int) -> list[Token]:
    """One operation on hundreds or thousands that leaves the other digits alone."""
    place = 100 if level == 2 else rng.choice((100, 1000))
    first, second = rng.randint(place, 9 * place), rng.randint(1, 4) * place
    if rng.random() < 0.4:
        second = rng.randint(1, 9) * rng.choice((1, 10))
    if first < second:
        first += second
    return [first, rng.choice("+-"), second]


def _big_sum(rng: Random, level: int) -> list[Token]:
    digits = 3 if level < 5 else rng.choice((3, 4))
    return _flat(rng, rng.randint(*BIG_SIGNS[level]), digits)


def _table(rng: Random, level: int) -> list[Token]:
    return [rng.randint(2, 10), "*", rng.randint(2, 10)]


def _quotient(rng: Random, level: int) -> list[Token]:
    divisor, quotient = rng.randint(2, 10), rng.randint(2, 10 if level < 3 else 12)
    scale = 10 if level == 3 and rng.random() < 0.3 else 1
    return [divisor * quotient * scale, "/", divisor]


def _long_quotient(rng: Random, level: int) -> list[Token]:
    most = {4: 99, 5: 99, 6: 999}[level]
    divisor = rng.randint(2, 9)
    tokens: list[Token] = [divisor * rng.randint(13, most), "/", divisor]
    return tokens if level == 4 else _with_terms(rng, tokens, rng.randint(1, 2))


def _product(rng: Random, level: int) -> list[Token]:
    factors = {
        3: ((11, 29), (2, 9)), 4: ((11, 99), (2, 9)), 5: ((101, 999), (2, 9)), 6: ((11, 99), (11, 99)),
        7: ((11, 99), (11, 99)), 8: ((101, 499), (11, 29)),
    }[level]  # fmt: skip
    first, second = (rng.randint(*bounds) for bounds in factors)
    tokens: list[Token] = [first, "*", second] if rng.random() < 0.5 else [second, "*", first]
    return _with_terms(rng, tokens, rng.randint(1, 2)) if level == 7 else tokens


def _with_terms(rng: Random, tokens: list[Token], count: int, digits: int = 2) -> list[Token]:
    """Return the tokens with further terms put before or behind them."""
    for _ in range(count):
        operator: list[Token] = [rng.choice("+-")]
        number: list[Token] = [_number(rng, digits)]
        tokens = tokens + operator + number if rng.random() < 0.5 else number + operator + tokens
    return tokens


def _table_sum(rng: Random, level: int) -> list[Token]:
    """One table product or quotient within a short sum."""
    product = _table(rng, level) if rng.random() < 0.75 else _quotient(rng, 1)
    return _with_terms(rng, product, level - 2)


def _bracket(rng: Random, level: int) -> list[Token]:
    """A bracket of a short sum, times something or within a sum."""
    signs = rng.randint(1, max(1, level - 4))
    group: list[Token] = ["(", *_flat(rng, signs, 1 if rng.random() < 0.5 else 2), ")"]
    if level > 4 or rng.random() < 0.5:
        factor: list[Token] = [rng.randint(2, 9)]
        group = [*factor, "*", *group] if rng.random() < 0.5 else [*group, "*", *factor]
    return _with_terms(rng, group, {4: 1, 5: 1, 6: 2, 7: 4}[level] if level > 4 or len(group) < 7 else 0)


def _nested(rng: Random, level: int) -> list[Token]:
    """A bracket within a bracket, each multiplied."""
    inner = [*_with_terms(rng, ["(", *_flat(rng, 1, 1), ")", "*", rng.randint(2, 9)], rng.randint(1, 2))]
    outer: list[Token] = ["(", *inner, ")"]
    for _ in range(1 if level == 7 else 2):
        product: list[Token] = [*_bracket(rng, 5)] if rng.random() < 0.4 else [*_product(rng, 4)]
        operator: list[Token] = [rng.choice("+-")]
        outer = [*product, *operator, *outer] if rng.random() < 0.5 else [*outer, *operator, *product]
    return outer


def _mixed(rng: Random, level: int) -> list[Token]:
    """A sum of terms of which most are products."""
    tokens = _product(rng, 4)
    for _ in range(rng.randint(*TERMS[level]) - 1):
        operator: list[Token] = [rng.choice("+-")]
        style = rng.random()
        if style < 0.5:
            other = _product(rng, 4)
        elif style < 0.75:
            other = _table(rng, level)
        else:
            other = ["(", *_flat(rng, 1, 2), ")"]
        tokens = tokens + operator + other if rng.random() < 0.6 else other + operator + tokens
    return tokens


def _contrast(rng: Random, level: int) -> list[Token]:
    """The same tokens with the bracket around the small numbers (levels 3 and 4) or the large one (5 and 7)."""
    tokens: list[Token] = []
    for _ in range(2 if level in (4, 7) else 1):
        large, factor = rng.randint(11, 69), rng.randint(2, 9)
        small, large_small = sorted(rng.sample(range(2, 10), 2))
        if level < 5:
            group: list[Token] = [large, "+", "(", large_small, "-", small, ")", "*", factor]
        else:
            group = ["(", large, "+", large_small, ")", "*", factor, "-", small]
        tokens += ["+", *group] if tokens else group
    return tokens


MAKERS: dict[str, Callable[[Random, int], list[Token]]] = {
    "sum": _sum,
    "tiny_terms": _tiny_terms,
    "round": _round,
    "big_sum": _big_sum,
    "table": _table,
    "quotient": _quotient,
    "long_quotient": _long_quotient,
    "product": _product,
    "table_sum": _table_sum,
    "bracket": _bracket,
    "nested": _nested,
    "mixed": _mixed,
    "contrast": _contrast,
}
