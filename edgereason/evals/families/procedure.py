"""Procedures spelled out: steps to be followed exactly, on a number or on a list of letters or digits.

In: the instructions, how they are worded, numbered and ordered, the state after each. Not in: algorithms that have to
be thought of, values beyond two digits.
Invariant: a line does one instruction to the state of the line before it; the line starts with the number of the
instruction in the order of doing (y or n after it says whether its condition holds, > which step it repeats).
Length and difficulty part on purpose: `only` has many steps of which one is done, `long_list` does one small thing to
many letters, and `contrast` shuffles numbered steps that are to be done by number.

    numbers   1:7*2=14 -> 2:14-3=11 -> 11             Start with 7. Double it. Subtract 3.
    choice    1y:14/2=7 -> 2n:7 -> 7                  If it is even, halve it. If it is more than 20, subtract 20.
    repeat    1:7+5=12 -> 2>1:12+5=17 -> 17           2. Do step 1 again.
    list      1: d, a, b -> 2: a, b -> a, b                 reverse; drop the first
    asked     ... 4: d, a, b -> a                        which is second; how many are left
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from string import ascii_lowercase

from edgereason.evals.families.problem import Bands, Draft
from edgereason.evals.families.procedure_changes import (
    MOST,
    ORDINALS,
    Items,
    list_change,
    list_choice,
    list_reversed,
    list_rotated,
    list_swapped,
    number_change,
    number_choice,
)  # fmt: skip

Told = tuple[list[str], list[str]]  # instructions, lines of the thought
Task = tuple[str, list[str], dict[str, int | str]]  # question, steps, params

BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
TEMPLATES = {
    1: ("numbers", "list", "list"),
    2: ("numbers", "list", "only", "long_list"),
    3: ("numbers", "list", "only", "contrast_numbers", "contrast_list"),
    4: ("numbers", "numbers", "list", "list", "choice", "contrast_numbers", "contrast_list"),
    5: ("numbers", "list", "list", "choice", "list_choice", "contrast_numbers", "contrast_list"),
    6: ("numbers", "list", "choice", "list_choice", "repeat", "contrast_numbers", "contrast_list"),
    7: ("numbers", "list", "list", "choice", "list_choice", "repeat"),
    8: ("numbers", "list", "list", "choice", "list_choice", "repeat"),
}
NUMBER_STEPS = {1: (1, 1), 2: (1, 1), 3: (2, 3), 4: (4, 4), 5: (5, 6), 6: (6, 8), 7: (8, 9), 8: (10, 11)}
LIST_STEPS = {1: (1, 1), 2: (1, 1), 3: (2, 2), 4: (3, 4), 5: (4, 5), 6: (5, 6), 7: (7, 7), 8: (8, 9)}
SIZES = {1: (3, 4), 2: (5, 6), 3: (3, 5), 4: (4, 5), 5: (5, 6), 6: (5, 6), 7: (6, 7), 8: (6, 7)}
CONTRAST_STEPS = {3: (3, 3), 4: (4, 5), 5: (3, 3), 6: (4, 5)}  # in order at levels 3 and 4, shuffled at 5 and 6
MOST_CHARACTERS = 390  # of a question; longer ones are drawn anew
STARTS = (
    "Start with {s}.", "Start with the number {s}.", "Take the number {s}.", "Begin with {s}.",
    "You have the number {s}.", "The number is {s}.", "Think of {s}.", "Write down {s}.", "Take {s}.",
    "A machine is given {s}.",
)  # fmt: skip
LIST_STARTS = (
    "Start with the list {s}.", "Take the list {s}.", "Begin with {s}.", "The list is {s}.", "You have {s}.",
    "Here is a list: {s}.", "Write down {s}.", "In a row stand {s}.", "Look at the list {s}.",
    "There is a row of cards: {s}.",
)  # fmt: skip
ASKS = (
    "What is the result?", "What number do you get?", "What is the number now?", "Which number is it at the end?",
    "What do you get?", "Give the final number.", "What comes out?", "Result:", "What is the final value?",
    "Find the number at the end.",
)  # fmt: skip
LIST_ASKS = (
    "What is the list now?", "What does the list look like at the end?", "Write the final list.",
    "Which list do you get?", "What is the result?", "Give the list at the end.", "Final list:",
    "What are the items now, in order?", "What list comes out?", "Which order do you get?",
)  # fmt: skip
PLACE_ASKS = (
    "Which one is {p} now?", "Which item is {p} at the end?", "What is {p} in the list now?",
    "Name the {p} one at the end.", "What stands {p} in the final list?", "Give only the {p} item of the result.",
    "Which is the {p} one in the end?", "After all that, what is {p}?",
)  # fmt: skip
COUNT_ASKS = (
    "How many items are in the list now?", "How many are left at the end?", "How long is the final list?",
    "How many items remain?", "Count the items of the final list.", "How many are there in the end?",
    "What is the length of the list now?", "After all that, how many items does the list have?",
)  # fmt: skip
IN_ORDER = (
    "Do the steps in the order of their numbers.", "Follow the steps by number, from 1 up.",
    "Work from step 1 to the last step.", "The numbers of the steps say the order.",
    "Step 1 comes first, then step 2 and so on.", "Go by the step numbers.", "Take the steps in number order.",
    "Mind the numbers: 1 is done first.",
)  # fmt: skip
ONLY = (
    "Do only step {k}.", "Only step {k} is done.", "Do step {k} and nothing else.", "Follow step {k} alone.",
    "Leave out all steps but step {k}.", "Skip all but step {k}.", "Just do step {k}.",
    "Of these, only step {k} counts.",
)  # fmt: skip
ASIDES = (
    "Read all of it first.", "It is raining outside.", "The page has {n} lines.", "The room has {n} chairs.",
    "Take your time.", "The clock has stopped.", "This is game {n}.", "A dog sleeps by the door.",
    "The paper is green.", "The book has {n} pages.",
)  # fmt: skip
THENS = ("Then ", "Next, ", "After that, ", "Now ", "", "")


def draw(rng: Random, level: int) -> Draft:
    """Return one procedure."""
    while True:
        template = rng.choice(TEMPLATES[level])
        question, steps, params = MAKERS[template](rng, level)
        if len(question) <= MOST_CHARACTERS:
            break
    asides = rng.choice((1, 1, 2, 4, 5)) if rng.random() < (0.25 if level < 3 else 0.08) else 0
    told = [aside.format(n=rng.randint(2, 30)) for aside in rng.sample(ASIDES, asides)]
    question = " ".join([*told, question])
    return Draft(
        template=template, question=question, steps=tuple(steps), answer=steps[-1],
        params={**params, "lines": len(steps), "asides": asides},
    )  # fmt: skip


def _numbers_told(rng: Random, value: int, count: int, choices: float = 0.0, repeats: float = 0.0) -> Told:
    """Return instructions and lines from a number on; the last line is the answer."""
    texts: list[str] = []
    lines: list[str] = []
    plain: dict[int, str] = {}  # what plain additions and subtractions do, by step
    for k in range(1, count + 1):
        possible = [step for step, change in plain.items() if 0 <= value + int(change) <= MOST]
        style = rng.random()
        if possible and style < repeats:
            step = rng.choice(possible)
            texts.append(
                rng.choice(("do step {k} again", "repeat step {k}", "do the same as in step {k}")).format(k=step)
            )
            work, after = f"{value}{plain[step]}={value + int(plain[step])}", value + int(plain[step])
            lines.append(f"{k}>{step}:{work}")
        elif repeats <= style < repeats + choices:
            text, mark, work, after = number_choice(rng, value)
            texts.append(text)
            lines.append(f"{k}{mark}:{work}")
        else:
            text, work, after = number_change(rng, value)
            texts.append(text)
            lines.append(f"{k}:{work}")
            change = work[len(str(value)) : work.index("=")]
            if change[0] in "+-":
                plain[k] = change
        value = after
    return texts, [*lines, str(value)]


def _list_told(
    rng: Random, items: Items, count: int, level: int, choices: float = 0.0
) -> tuple[list[str], list[str], Items]:
    """Return instructions, lines and the list at the end."""
    texts, lines = [], []
    for k in range(1, count + 1):
        mark = ""
        if rng.random() < choices:
            text, mark, items = list_choice(rng, items, level)
        else:
            text, items = list_change(rng, items, level)
        texts.append(text)
        lines.append(f"{k}{mark}: {', '.join(items)}")
    return texts, lines, items


def _sentence(text: str) -> str:
    """Return an instruction as a sentence of its own."""
    return text[0].upper() + text[1:] + "."


def _numbered(rng: Random, texts: list[str], order: list[int] | None = None) -> str:
    """Return instructions with their numbers, in a given order of telling."""
    form = rng.choice(("{k}. {t}", "{k}. {t}", "{k}. {t}", "({k}) {t}", "{k}) {t}", "Step {k}: {t}"))
    return " ".join(form.format(k=k + 1, t=_sentence(texts[k])) for k in order or range(len(texts)))


def _plain(rng: Random, texts: list[str]) -> str:
    """Return instructions as sentences without numbers."""
    told = [_sentence(texts[0])]
    for text in texts[1:]:
        then = rng.choice(THENS)
        told.append(then + text + "." if then else _sentence(text))
    return " ".join(told)


def _told(rng: Random, texts: list[str]) -> str:
    """Return instructions with numbers mostly, or without."""
    is_numbered = rng.random() < (0.6 if len(texts) > 1 else 0.2)
    return _numbered(rng, texts) if is_numbered else _plain(rng, texts)


def _items(rng: Random, size: int) -> Items:
    """Return different letters, small or capital, or digits."""
    style = rng.random()
    letters = ascii_lowercase if style < 0.6 else ascii_lowercase.upper() if style < 0.8 else "123456789"
    return rng.sample(letters, size)


def _list_start(rng: Random, items: Items) -> str:
    """Return the sentence that gives the list."""
    return rng.choice(LIST_STARTS).format(s=rng.choice((", ", ", ", ", ", " ", "; ", ",")).join(items))


def _list_end(rng: Random, items: Items, level: int) -> tuple[str, str]:
    """Return what is asked of the list at the end, and the answer."""
    style = rng.random()
    if style < 0.65:
        return rng.choice(LIST_ASKS), ", ".join(items)
    if style < 0.93 or level < 3:
        place = rng.randrange(len(items)) if level > 3 else 0
        if place == 0 or rng.random() < 0.3:
            place, word = rng.choice(((0, "first"), (-1, "last")))
        else:
            word = ORDINALS[place]
        return rng.choice(PLACE_ASKS).format(p=word), items[place]
    return rng.choice(COUNT_ASKS), str(len(items))


def _start_value(rng: Random, level: int) -> int:
    """Return the number to start with."""
    return rng.randint(1, 20 if level == 1 or rng.random() < 0.6 else 90)


def _numbers_of(rng: Random, level: int, choices: float, repeats: float) -> Task:
    """Return a task on a number."""
    value, count = _start_value(rng, level), rng.randint(*NUMBER_STEPS[level])
    texts, lines = _numbers_told(rng, value, count, choices, repeats)
    told = _numbered(rng, texts) if repeats else _told(rng, texts)
    return f"{rng.choice(STARTS).format(s=value)} {told} {rng.choice(ASKS)}", lines, {"steps": count}


def _numbers(rng: Random, level: int) -> Task:
    return _numbers_of(rng, level, 0.0, 0.0)


def _choices(rng: Random, level: int) -> Task:
    return _numbers_of(rng, level - (level > 6), 0.45, 0.0)


def _repeats(rng: Random, level: int) -> Task:
    return _numbers_of(rng, level - 1, 0.15, 0.35)


def _list_of(rng: Random, level: int, choices: float) -> Task:
    """Return a task on a list."""
    items, count = _items(rng, rng.randint(*SIZES[level])), rng.randint(*LIST_STEPS[level])
    count -= bool(choices) and level > 6
    texts, lines, after = _list_told(rng, items, count, level, choices)
    ask, answer = _list_end(rng, after, level)
    params: dict[str, int | str] = {"steps": count, "items": len(items)}
    return f"{_list_start(rng, items)} {_told(rng, texts)} {ask}", [*lines, answer], params


def _list(rng: Random, level: int) -> Task:
    return _list_of(rng, level, 0.0)


def _list_choice(rng: Random, level: int) -> Task:
    return _list_of(rng, level, 0.4)


def _long_list(rng: Random, level: int) -> Task:
    """One small change at an end of a long list, asked about at that end."""
    items = _items(rng, 9)
    text, after = rng.choice((list_swapped, list_rotated, list_reversed))(rng, items)
    place, word = rng.choice(((0, "first"), (-1, "last")))
    question = f"{_list_start(rng, items)} {_sentence(text)} {rng.choice(PLACE_ASKS).format(p=word)}"
    return question, [f"1: {', '.join(after)}", after[place]], {"steps": 1, "items": len(items)}


def _only(rng: Random, level: int) -> Task:
    """Several steps of which one or, later, two are done."""
    value, count = _start_value(rng, level), rng.randint(4, 7)
    texts = [number_change(rng, rng.randint(3, 40))[0] for _ in range(count)]
    chosen = sorted(rng.sample(range(count), 1 if level < 3 else 2))
    lines, now = [], value
    for k in chosen:
        texts[k], work, now = number_change(rng, now)
        lines.append(f"{k + 1}:{work}")
    which = " and ".join(str(k + 1) for k in chosen)
    only = rng.choice(ONLY).format(k=which)
    if len(chosen) > 1:
        only = rng.choice(("Do only steps {k}.", "Skip all but steps {k}.", "Follow steps {k} alone.")).format(k=which)
    question = f"{rng.choice(STARTS).format(s=value)} {_numbered(rng, texts)} {only} {rng.choice(ASKS)}"
    return question, [*lines, str(now)], {"steps": len(chosen), "told": count}


def _order(rng: Random, count: int, level: int) -> list[int]:
    """Return the order of telling: that of doing at levels 3 and 4, another one beyond."""
    order = list(range(count))
    while level > 4 and order == sorted(order):
        rng.shuffle(order)
    return order


def _contrast_numbers(rng: Random, level: int) -> Task:
    """Numbered steps, told in order or shuffled."""
    value, count = _start_value(rng, level), rng.randint(*CONTRAST_STEPS[level])
    texts, lines = _numbers_told(rng, value, count)
    told = _numbered(rng, texts, _order(rng, count, level))
    question = f"{rng.choice(STARTS).format(s=value)} {rng.choice(IN_ORDER)} {told} {rng.choice(ASKS)}"
    return question, lines, {"steps": count}


def _contrast_list(rng: Random, level: int) -> Task:
    """Numbered steps on a list, told in order or shuffled."""
    items, count = _items(rng, 4), rng.randint(*CONTRAST_STEPS[level])
    texts, lines, after = _list_told(rng, items, count, 4)
    told = _numbered(rng, texts, _order(rng, count, level))
    question = f"{_list_start(rng, items)} {rng.choice(IN_ORDER)} {told} {rng.choice(LIST_ASKS)}"
    return question, [*lines, ", ".join(after)], {"steps": count, "items": len(items)}


MAKERS: dict[str, Callable[[Random, int], Task]] = {
    "numbers": _numbers,
    "choice": _choices,
    "repeat": _repeats,
    "list": _list,
    "list_choice": _list_choice,
    "long_list": _long_list,
    "only": _only,
    "contrast_numbers": _contrast_numbers,
    "contrast_list": _contrast_list,
}
