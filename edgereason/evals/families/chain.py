"""Chains of + - × ÷ with and without brackets, worked by rewriting the remaining expression.

In: which expressions a band draws and how they are worded. Not in: the reduction rule (arithmetic.py).
Invariant: every value on the way lies within the bounds of arithmetic.py.
Length and difficulty part on purpose: `long_easy` has many tiny terms, `product` few big ones, and a sentence about
something else may stand in front of any of them.
"""

from __future__ import annotations

from random import Random

from edgereason.evals.families.arithmetic import OutOfReach, Token, spaced_text_of, text_of, worked
from edgereason.evals.families.problem import Problem, pick_band

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
TEMPLATES = {
    "easy": ("sum", "sum", "table", "table_sum", "quotient", "long_easy"),
    "middle": ("sum", "sum", "product", "table_sum", "bracket", "three_digits", "long_easy"),
    "hard": ("sum", "product", "bracket", "bracket", "three_digits", "mixed"),
}


def draw(rng: Random, name: str, band: str | None = None) -> Problem:
    """Return one chain problem."""
    band = pick_band(rng, band)
    template = rng.choice(TEMPLATES[band])
    while True:
        try:
            tokens = MAKERS[template](rng, band)
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
    return Problem(
        id=name, family="chain", template=template, question=_worded(rng, tokens, params), steps=steps,
        answer=steps[-1], params=params, band=band,
    )  # fmt: skip


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
    """Return a number of up to two or exactly three digits, small ones not rare."""
    if digits == 1:
        return rng.randint(1, 9)
    if digits == 3:
        return rng.randint(100, 899)
    return rng.randint(10, 99) if rng.random() < 0.75 else rng.randint(1, 20)


def _flat(rng: Random, operations: int, digits: int) -> list[Token]:
    """Return a chain of + and - whose running value stays within bounds, seldom below zero."""
    tokens: list[Token] = [_number(rng, digits)]
    value = tokens[0]
    assert isinstance(value, int)
    for _ in range(operations):
        number = _number(rng, digits if digits < 3 or rng.random() < 0.4 else 2)
        goes_up = rng.random() < 0.5
        if not goes_up and value - number < 0 and rng.random() < 0.8:
            goes_up = True
        tokens += ["+" if goes_up else "-", number]
        value += number if goes_up else -number
    return tokens


def _sum(rng: Random, band: str) -> list[Token]:
    operations = {"easy": (1, 2), "middle": (3, 4), "hard": (5, 8)}[band]
    return _flat(rng, rng.randint(*operations), 1 if rng.random() < 0.15 else 2)


def _long_easy(rng: Random, band: str) -> list[Token]:
    return _flat(rng, rng.randint(3, 5) if band == "easy" else rng.randint(6, 9), 1)


def _three_digits(rng: Random, band: str) -> list[Token]:
    return _flat(rng, 1 if band == "middle" else rng.randint(2, 4), 3)


def _table(rng: Random, band: str) -> list[Token]:
    return [rng.randint(2, 10), "*", rng.randint(2, 10)]


def _quotient(rng: Random, band: str) -> list[Token]:
    divisor, quotient = rng.randint(2, 10), rng.randint(2, 10)
    return [divisor * quotient, "/", divisor]


def _product(rng: Random, band: str) -> list[Token]:
    if band == "hard":
        return [rng.randint(11, 49), "*", rng.randint(11, 49)]
    pair: list[Token] = [rng.randint(11, 99), rng.randint(2, 9)]
    rng.shuffle(pair)
    return [pair[0], "*", pair[1]]


def _table_sum(rng: Random, band: str) -> list[Token]:
    """One table product within a short sum."""
    product = _table(rng, band) if rng.random() < 0.75 else _quotient(rng, band)
    tokens: list[Token] = product
    for _ in range(1 if band == "easy" else rng.randint(2, 3)):
        operator: list[Token] = [rng.choice("+-")]
        number: list[Token] = [_number(rng, 2)]
        tokens = tokens + operator + number if rng.random() < 0.5 else number + operator + tokens
    return tokens


def _bracket(rng: Random, band: str) -> list[Token]:
    """One bracket of one operation, or for the hard band one of two or two brackets."""
    inside = _flat(rng, 1 if band == "middle" else rng.randint(1, 2), 1 if rng.random() < 0.5 else 2)
    group: list[Token] = ["(", *inside, ")"]
    if rng.random() < 0.5:
        return _around(rng, group, band)
    factor: list[Token] = [rng.randint(2, 9)]
    operator: list[Token] = ["*"]
    product = factor + operator + group if rng.random() < 0.5 else group + operator + factor
    return product if band == "middle" else _around(rng, product, band)


def _around(rng: Random, group: list[Token], band: str) -> list[Token]:
    """Put a sum around a group."""
    tokens = group
    for _ in range(1 if band == "middle" else rng.randint(1, 2)):
        operator: list[Token] = [rng.choice("+-")]
        other: list[Token] = [_number(rng, 2)]
        if band == "hard" and rng.random() < 0.3:
            other = ["(", *_flat(rng, 1, 2), ")"]
        tokens = other + operator + tokens if rng.random() < 0.6 else tokens + operator + other
    return tokens


def _mixed(rng: Random, band: str) -> list[Token]:
    """A sum of two or three terms of which one or two are products."""
    tokens = _product(rng, "middle")
    for _ in range(rng.randint(1, 2)):
        operator: list[Token] = [rng.choice("+-")]
        other: list[Token] = _table(rng, band) if rng.random() < 0.6 else [_number(rng, 2)]
        tokens = tokens + operator + other if rng.random() < 0.6 else other + operator + tokens
    return tokens


MAKERS = {
    "sum": _sum,
    "long_easy": _long_easy,
    "three_digits": _three_digits,
    "table": _table,
    "quotient": _quotient,
    "product": _product,
    "table_sum": _table_sum,
    "bracket": _bracket,
    "mixed": _mixed,
}
