"""Reduces an integer expression one small step at a time, the way the bundled model is taught to think.

In: the reduction rule and its bounds. Not in: drawing expressions, wording them.
Invariant: every line has the same value as the line before it, and the last line is that value alone.

There is one plain way; a source of draws in its place (`way`) takes any operation that can be done first, and splits
products and sums in any order, so that the same expression is worked in many ways with the same value.

An expression is a list of tokens: integers, "+", "-", "*", "/", "(" and ")". One line rewrites the whole remaining
expression with one operation done: the leftmost innermost bracket first, products before sums, left to right.

    34*6-150 -> 180+24-150 -> 204-150   products are split by place value, every partial product a one-digit fact
    204-150 -> 104-50 -> 54             sums of three digits and more go leading digit by leading digit
    455/5 -> 450/5+5/5 -> 90+5/5 -> 90+1 -> 91   long quotients too; what a table knows (96/8, 640/8) is one step
"""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

Token = int | str
Way = Random | None  # draws the choices of one way to work; None: the plain one
LEAST, MOST = -99, 9999
LONGEST_TABLE = 12  # quotients and divisors up to here are known by heart


class OutOfReach(ValueError):  # noqa: N818 - a draw to be repeated, not an error to be shown
    """The expression needs a step outside the rule's bounds."""


def text_of(tokens: list[Token]) -> str:
    """Return the expression without blanks."""
    return "".join(str(token) for token in tokens)


def spaced_text_of(tokens: list[Token]) -> str:
    """Return the expression as people write it, blanks around the operators."""
    text = " ".join(str(token) for token in tokens)
    return text.replace("( ", "(").replace(" )", ")")


def worked(tokens: list[Token], most_characters: int = 600, way: Way = None) -> tuple[str, ...]:
    """Return all lines from the expression down to its value; OutOfReach when a step is not in the rule."""
    lines = [text_of(tokens)]
    while len(tokens) > 1:
        tokens = reduce_once(tokens, way)
        lines.append(text_of(tokens))
        if sum(map(len, lines)) > most_characters:
            raise OutOfReach("too long")
    _check(tokens[0])
    return tuple(lines)


def reduce_once(tokens: list[Token], way: Way = None) -> list[Token]:
    """Return the expression with its next operation done."""
    if len(tokens) == 2 and tokens[0] == "-":
        raise OutOfReach("unary minus")
    left, right = _innermost(tokens, way)
    inside = _reduce_flat(tokens[left:right], way)
    if left == 0 and right == len(tokens):
        result = inside
    elif len(inside) == 1:
        result = tokens[: left - 1] + inside + tokens[right + 1 :]
    else:
        result = tokens[:left] + inside + tokens[right:]
    _no_negative_after_operator(result)
    return result


def _innermost(tokens: list[Token], way: Way) -> tuple[int, int]:
    """Return the span inside the leftmost innermost bracket, or a drawn one of them, or of everything."""
    if ")" not in tokens:
        return 0, len(tokens)
    spans, left = [], 0
    for place, token in enumerate(tokens):
        if token == "(":
            left = place + 1
        elif token == ")" and left:
            spans.append((left, place))
            left = 0
    return spans[0] if way is None else way.choice(spans)


def _reduce_flat(tokens: list[Token], way: Way) -> list[Token]:
    """Do one operation of an expression that has no brackets."""
    if way is None:
        place = next((k for k, token in enumerate(tokens) if token in ("*", "/")), 1)
    else:
        possible = _possible(tokens)
        place = possible[0] if way.random() < 0.5 else way.choice(possible)
    if tokens[place] in ("*", "/"):
        return _multiplied(tokens, place, way)
    is_taken = place > 1 and tokens[place - 2] == "-"  # a-b-c: the two that are taken away are added first
    first, operator, second = tokens[place - 1], "+" if is_taken else tokens[place], tokens[place + 1]
    assert isinstance(first, int)
    assert isinstance(operator, str)
    assert isinstance(second, int)
    done = _added(first, operator, second, way)
    if is_taken and len(done) > 1:
        done[1] = "-"
    return tokens[: place - 1] + done + tokens[place + 2 :]


def _possible(tokens: list[Token]) -> list[int]:
    """Return where an operation can be done without changing the value, products before sums, from the left."""
    found: dict[bool, list[int]] = {True: [], False: []}  # whether it is a product
    for place in range(1, len(tokens), 2):
        sign, first, second = tokens[place], tokens[place - 1], tokens[place + 1]
        before = tokens[place - 2] if place > 1 else "+"
        after = tokens[place + 2] if place + 2 < len(tokens) else "+"
        assert isinstance(first, int)
        assert isinstance(second, int)
        if sign in ("*", "/"):
            is_free = before in ("+", "-")
        elif before in ("*", "/") or after in ("*", "/"):
            is_free = False
        elif before == "-":
            is_free = sign == "-"
        else:
            is_free = place == 1 or sign == "+" or first >= second
        if is_free:
            found[sign in ("*", "/")].append(place)
    return found[True] + found[False]


def _multiplied(tokens: list[Token], k: int, way: Way) -> list[Token]:
    """Do the product or quotient at k, or split it into one-digit products."""
    first, second = tokens[k - 1], tokens[k + 1]
    assert isinstance(first, int)
    assert isinstance(second, int)
    if first < 0 or second < 0:
        raise OutOfReach("negative factor")
    new = _divided(first, second) if tokens[k] == "/" else _product(first, second, way)
    bound_before = k >= 2 and tokens[k - 2] in ("-", "*", "/")
    bound_after = k + 2 < len(tokens) and tokens[k + 2] in ("*", "/")
    if len(new) > 1 and (bound_before or bound_after):
        new = ["(", *new, ")"]
    return tokens[: k - 1] + new + tokens[k + 2 :]


def _product(first: int, second: int, way: Way) -> list[Token]:
    """Return the product, or the sum of its partial products."""
    _check(first * second)
    terms = [a * b for a in _places(first) for b in _places(second)]
    if way is not None and way.random() < 0.5:
        terms = [a * b for b in _places(second) for a in _places(first)]
    if way is not None and way.random() < 0.5:
        terms.reverse()
    tokens: list[Token] = [terms[0]]
    for term in terms[1:]:
        tokens += ["+", term]
    return tokens


def _divided(first: int, second: int) -> list[Token]:
    """Return the quotient, or its leading place and the rest as two quotients."""
    if second == 0 or first % second:
        raise OutOfReach("inexact")
    quotient = first // second
    lead = _places(quotient)[0]
    if quotient <= LONGEST_TABLE or lead == quotient:
        if second > LONGEST_TABLE:
            raise OutOfReach("divisor beyond the table")
        return [quotient]
    if second > 9:
        raise OutOfReach("long quotient of a long divisor")
    return [lead * second, "/", second, "+", first - lead * second, "/", second]


def _places(number: int) -> list[int]:
    """Return the place values of a number: 34 is 30 and 4; 0, 1 and 10 stay whole."""
    digits = str(number)
    parts = [int(d) * 10 ** (len(digits) - 1 - i) for i, d in enumerate(digits)]
    return [part for part in parts if part] or [0]


def _added(first: int, operator: str, second: int, way: Way) -> list[Token]:
    """Add or subtract: at once when both are below 100 or the second has one leading digit, else that digit first.

    Where a way is drawn, the last digit may be the first.
    """
    is_small = abs(first) < 100 and second < 100
    if first < 0 and not is_small:
        if operator == "-" or second < -first:
            raise OutOfReach("large negative")
        return [second, "-", -first]
    if operator == "-" and first < second and not is_small:
        raise OutOfReach("large negative")
    lead = _places(second)[0 if way is None or way.random() < 0.5 else -1]
    step = second if is_small or lead == second else lead
    value = first + step if operator == "+" else first - step
    _check(value)
    return [value] if step == second else [value, operator, second - step]


def _no_negative_after_operator(tokens: list[Token]) -> None:
    """Refuse expressions such as 7--5."""
    for before, token in pairwise(tokens):
        if isinstance(token, int) and token < 0 and before != "(":
            raise OutOfReach("negative operand")


def _check(value: Token) -> None:
    """Refuse values out of bounds."""
    if not isinstance(value, int) or not LEAST <= value <= MOST:
        raise OutOfReach(f"{value!r} out of [{LEAST}, {MOST}]")


def parsed(text: str) -> list[Token]:
    """Return the tokens of an expression; a sign in front of the first number belongs to it."""
    tokens: list[Token] = []
    for part in re.findall(r"\d+|[-+*/()]", text):
        if part.isdigit() and tokens == ["-"]:
            tokens = [-int(part)]
        else:
            tokens.append(int(part) if part.isdigit() else part)
    return tokens
