"""What a procedure can do to a number or a list: one instruction, in words, with its result.

In: plain instructions and those with a condition, their wording. Not in: procedures of several steps (procedure.py).
Invariant: numbers stay within 0 to MOST, lists within SHORTEST to LONGEST different items.
"""

from __future__ import annotations

from random import Random
from string import ascii_lowercase

Done = tuple[str, str, int]  # instruction, what the thought writes, the number after it
Items = list[str]
Change = tuple[str, Items]  # instruction, the list after it

MOST, LONGEST, SHORTEST = 99, 8, 2
ADD = ("add {k}", "add {k} to it", "increase it by {k}", "go up by {k}", "raise it by {k}")
TAKE = ("subtract {k}", "take away {k}", "decrease it by {k}", "go down by {k}", "reduce it by {k}")
MULTIPLY = ("multiply it by {k}", "multiply by {k}", "make it {k} times as big")
DIVIDE = ("divide it by {k}", "divide by {k}")
DOUBLE = ("double it", "double the number", "make it twice as big")
HALVE = ("halve it", "take half of it", "cut it in half")
TRIPLE = ("triple it", "triple the number")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def number_change(rng: Random, value: int) -> Done:
    """Return something to do to a number that keeps it within two digits."""
    kinds = ["+"] * 4 * (value < MOST) + ["-"] * 3 * (value > 0) + ["double"] * 2 * (0 < 2 * value <= MOST)
    kinds += ["triple"] * (0 < 3 * value <= MOST and value < 13) + ["halve"] * 2 * (value > 0 and value % 2 == 0)
    factors = [k for k in range(2, 10) if 2 < value <= 10 and k * value <= MOST]
    divisors = [k for k in range(3, 10) if value > 2 and value % k == 0 and value // k <= 10]
    kinds += ["*"] * bool(factors) + ["/"] * bool(divisors)
    kind = rng.choice(kinds)
    if kind == "double":
        return rng.choice(DOUBLE), f"{value}*2={2 * value}", 2 * value
    if kind == "triple":
        return rng.choice(TRIPLE), f"{value}*3={3 * value}", 3 * value
    if kind == "halve":
        return rng.choice(HALVE), f"{value}/2={value // 2}", value // 2
    if kind == "*":
        k = rng.choice(factors)
        return rng.choice(MULTIPLY).format(k=k), f"{value}*{k}={value * k}", value * k
    if kind == "/":
        k = rng.choice(divisors)
        return rng.choice(DIVIDE).format(k=k), f"{value}/{k}={value // k}", value // k
    room = MOST - value if kind == "+" else value
    k = rng.randint(1, min(room, 9 if rng.random() < 0.5 else 60))
    after = value + k if kind == "+" else value - k
    return rng.choice(ADD if kind == "+" else TAKE).format(k=k), f"{value}{kind}{k}={after}", after


def number_choice(rng: Random, value: int) -> tuple[str, str, str, int]:
    """Return an instruction with a condition: its text, y or n, what the thought writes, the number after it."""
    if rng.random() < 0.5:
        word, holds = rng.choice((("even", value % 2 == 0), ("odd", value % 2 == 1)))
        condition = f"it is {word}"
    else:
        limit = max(1, value + rng.choice((-1, 1)) * rng.randint(1, 25))
        word, holds = rng.choice((("more", value > limit), ("less", value < limit)))
        condition = f"it is {word} than {limit}"
    done, done_work, done_value = number_change(rng, value)
    other = number_change(rng, rng.randint(3, 30))[0] if rng.random() < 0.7 else ""
    if holds:
        text, work, after = f"if {condition}, {done}", done_work, done_value
        text += f", otherwise {other}" if other else ""
    elif other:
        text, work, after = f"if {condition}, {other}, otherwise {done}", done_work, done_value
    else:
        text, work, after = f"if {condition}, {number_change(rng, rng.randint(3, 30))[0]}", str(value), value
    return text, "y" if holds else "n", work, after


def list_change(rng: Random, items: Items, level: int) -> Change:
    """Return something to do to a list; beyond level 3 also at places in the middle."""
    makers = [list_reversed, list_swapped, list_rotated, _replaced]
    makers += [_dropped, _kept] if len(items) > SHORTEST else []
    makers += [_put] * 2 if len(items) < LONGEST else []
    if level > 3:
        makers += [_moved, _swapped_first_two]
        makers += [_inserted] if len(items) < LONGEST else []
        makers += [_removed] if len(items) > SHORTEST else []
    return rng.choice(makers)(rng, items)


def _fresh(rng: Random, items: Items) -> str:
    """Return a letter or digit of the kind of the list that it does not have."""
    letters = "123456789" if items[0].isdigit() else ascii_lowercase.upper() if items[0].isupper() else ascii_lowercase
    return rng.choice([letter for letter in letters if letter not in items])


def list_reversed(rng: Random, items: Items) -> Change:
    """Turn the whole list around."""
    return rng.choice(
        ("reverse the list", "reverse the order", "turn the list around", "put it in reverse order")
    ), items[::-1]


def list_swapped(rng: Random, items: Items) -> Change:
    """Exchange the ends."""
    text = rng.choice(("swap the first and the last", "exchange the first and the last", "swap first and last"))
    return text, [items[-1], *items[1:-1], items[0]]


def _swapped_first_two(rng: Random, items: Items) -> Change:
    text = rng.choice(("swap the first two", "exchange the first and the second", "swap the first and the second"))
    return text, [items[1], items[0], *items[2:]]


def list_rotated(rng: Random, items: Items) -> Change:
    """Move one end to the other."""
    if rng.random() < 0.5:
        text = rng.choice(("move the first to the end", "put the first at the end", "take the first and put it last"))
        return text, [*items[1:], items[0]]
    text = rng.choice(("move the last to the front", "put the last at the front", "take the last and put it first"))
    return text, [items[-1], *items[:-1]]


def _replaced(rng: Random, items: Items) -> Change:
    old, new = rng.choice(items), _fresh(rng, items)
    text = rng.choice(("replace {o} with {n}", "change {o} to {n}", "put {n} in place of {o}", "swap out {o} for {n}"))
    return text.format(o=old, n=new), [new if item == old else item for item in items]


def _dropped(rng: Random, items: Items) -> Change:
    text = rng.choice(("drop the {p}", "remove the {p}", "delete the {p} one", "take away the {p}"))
    if rng.random() < 0.5:
        return text.format(p="first"), items[1:]
    return text.format(p="last"), items[:-1]


def _kept(rng: Random, items: Items) -> Change:
    """The first few, all but one or two."""
    count = max(SHORTEST, len(items) - rng.randint(1, 2))
    text = rng.choice(("keep the first {k}", "keep only the first {k}", "drop all but the first {k}"))
    return text.format(k=count), items[:count]


def _put(rng: Random, items: Items) -> Change:
    new = _fresh(rng, items)
    if rng.random() < 0.5:
        text = rng.choice(("append {n}", "add {n} at the end", "put {n} at the end", "write {n} behind it"))
        return text.format(n=new), [*items, new]
    text = rng.choice(
        ("insert {n} at the front", "add {n} at the front", "put {n} at the start", "write {n} before it")
    )
    return text.format(n=new), [new, *items]


def _moved(rng: Random, items: Items) -> Change:
    item = rng.choice(items)
    rest = [other for other in items if other != item]
    if rng.random() < 0.5:
        return rng.choice(("move {i} to the front", "put {i} first")).format(i=item), [item, *rest]
    return rng.choice(("move {i} to the end", "put {i} last")).format(i=item), [*rest, item]


def _inserted(rng: Random, items: Items) -> Change:
    """A new one beside a known one."""
    new, place = _fresh(rng, items), rng.randrange(len(items))
    side = rng.choice(("after", "before"))
    text = rng.choice(("insert {n} {s} {i}", "put {n} right {s} {i}")).format(n=new, s=side, i=items[place])
    cut = place + (side == "after")
    return text, [*items[:cut], new, *items[cut:]]


def _removed(rng: Random, items: Items) -> Change:
    """One that is named, or the second or third one."""
    if rng.random() < 0.5:
        item = rng.choice(items)
        return rng.choice(("remove {i}", "delete {i}", "cross out {i}")).format(i=item), [x for x in items if x != item]
    place = rng.randrange(1, min(3, len(items)))
    text = rng.choice(("remove the {p}", "delete the {p} one")).format(p=ORDINALS[place])
    return text, items[:place] + items[place + 1 :]


def list_choice(rng: Random, items: Items, level: int) -> tuple[str, str, Items]:
    """Return an instruction with a condition on the list: its text, y or n, the list after it."""
    style = rng.randrange(3)
    if style == 0:
        limit = len(items) + rng.choice((-2, -1, 0, 1))
        condition, holds = f"there are more than {limit} items", len(items) > limit
    else:
        where, item = rng.choice((("first", items[0]), ("last", items[-1])))
        if style == 1:
            shown = item if rng.random() < 0.6 else rng.choice(items)
            condition, holds = f"the {where} is {shown}", item == shown
        else:
            shown = rng.choice(items)
            shown = shown if rng.random() < 0.5 else _fresh(rng, items)
            condition, holds = f"the list has {shown}", shown in items
    done, after = list_change(rng, items, level)
    if holds:
        other = f", otherwise {list_change(rng, items, level)[0]}" if rng.random() < 0.6 else ""
        return f"if {condition}, {done}{other}", "y", after
    if rng.random() < 0.6:
        return f"if {condition}, {list_change(rng, items, level)[0]}, otherwise {done}", "n", after
    return f"if {condition}, {done}", "n", items
