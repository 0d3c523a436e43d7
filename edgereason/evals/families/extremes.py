"""Largest, smallest, second largest of a list, the largest of one kind, and what is between the ends.

In: which lists a level draws, what is asked, the thought. Not in: wording of lists (lists.py), sums (arithmetic.py).
Invariant: a mark holds an entry of the list and the best up to it, so it follows from the mark before and one entry.

    largest    45,12,78 -> 45:45,12:45,78:78 -> 78
    range      45,12,78 -> 45:45,12:45,78:78 -> 45:45,12:12,78:12 -> 78-12 -> 66
    second     45,12,78 -> 45:45,12:45/12,78:78/45 -> 45          best/second
    even       45,12,78 -> 45:-,12:12,78:78 -> 78                 "-" while there is none

Contrast: `ordered` lists are sorted at level 3 and shuffled at level 5; the numbers of `turned` lists differ in their
first two digits at level 5 and in their last two at level 7, with the same digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

from edgereason.evals.families.arithmetic import worked
from edgereason.evals.families.lists import Size, Task, drawn, joined, sized_numbers, wide_numbers
from edgereason.evals.families.problem import Bands, Draft

BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
TEMPLATES = {
    1: ("largest", "largest", "smallest", "smallest", "tiny"),
    2: ("largest", "largest", "smallest", "smallest", "tiny"),
    3: ("largest", "largest", "smallest", "smallest", "tiny", "contrast_ordered"),
    4: ("largest", "largest", "smallest", "smallest", "range", "tiny"),
    5: ("largest", "smallest", "range", "ends_sum", "second", "contrast_ordered", "contrast_turned"),
    6: ("largest", "smallest", "range", "ends_sum", "second", "parity", "limited"),
    7: ("largest", "smallest", "range", "ends_sum", "second", "parity", "limited", "contrast_turned"),
    8: ("largest", "smallest", "range", "ends_sum", "second", "second", "parity", "limited"),
}
SIZES: dict[int, Size] = {
    1: (3, 3, (2,), 0.0), 2: (3, 4, (2, 2, 3), 0.1), 3: (4, 6, (2, 3), 0.2), 4: (6, 8, (2, 3), 0.3),
    5: (8, 10, (2, 3), 0.4), 6: (9, 11, (3,), 0.5), 7: (11, 13, (3, 4), 0.6), 8: (18, 22, (3, 4), 0.8),
}  # fmt: skip
TINY_SIZES: dict[int, Size] = {
    1: (4, 5, (1,), 0.0),
    2: (6, 8, (1,), 0.0),
    3: (9, 12, (1,), 0.0),
    4: (14, 18, (1,), 0.0),
}
ENDS_SIZES: dict[int, Size] = {
    4: (3, 4, (2,), 0.1), 5: (4, 5, (2,), 0.2), 6: (5, 7, (2, 3), 0.3), 7: (7, 9, (3,), 0.4), 8: (12, 15, (3,), 0.5),
}  # fmt: skip
SECOND_SIZES: dict[int, Size] = {
    5: (3, 5, (2,), 0.2), 6: (5, 7, (2, 3), 0.3), 7: (7, 9, (2, 3), 0.5), 8: (13, 17, (3,), 0.7),
}  # fmt: skip
KIND_SIZES: dict[int, Size] = {6: (6, 8, (2,), 0.2), 7: (8, 10, (2, 3), 0.4), 8: (16, 20, (3,), 0.6)}

ASKS = (
    "What is the {w} number?",
    "Find the {w} number.",
    "Which number is the {w}?",
    "Which of these is the {w}?",
    "Which of the numbers {{l}} is the {w}?",
    "What is the {w} of {{l}}?",
    "Give the {w} of these numbers.",
    "Name the {w} number.",
    "Pick the {w} of {{l}}.",
    "Tell me the {w} number.",
    "{{l}}: which is the {w}?",
)
KIND_ASKS = (
    "What is the {w} {k}?",
    "Find the {w} {k}.",
    "Which is the {w} {k}?",
    "Give the {w} {k} of the list.",
    "Name the {w} {k}.",
    "What is the {w} {k} in {{l}}?",
    "In the list {{l}}, what is the {w} {k}?",
    "Tell me the {w} {k}.",
    "Look for the {w} {k}.",
)
DIFFERENCE_ASKS = (
    "What is the difference between the {a} and the {b} number?",
    "How much larger is the {a} number than the {b}?",
    "Subtract the {b} number from the {a}.",
    "What is the range of these numbers?",
    "Find the range of {{l}}.",
    "What is the range of {{l}}?",
    "How far apart are the {a} and the {b} number?",
    "Take the {a} of {{l}} minus the {b}.",
    "By how much does the {a} number exceed the {b}?",
)
SUM_ASKS = (
    "What is the sum of the {a} and the {b} number?",
    "Add the {a} and the {b} number.",
    "How much are the {a} and the {b} number together?",
    "Find the {a} plus the {b} of {{l}}.",
    "What do you get by adding the {b} number to the {a}?",
    "What is the {a} plus the {b} of {{l}}?",
    "Find the sum of the {a} and the {b} number.",
    "Compute the {a} number plus the {b} one.",
)
WORDS = {
    True: ("largest", "biggest", "greatest", "highest", "maximum"),
    False: ("smallest", "lowest", "least", "minimum"),
}
RANKED = {True: ("largest", "biggest", "greatest", "highest"), False: ("smallest", "lowest")}


def draw(rng: Random, level: int) -> Draft:
    """Return one problem about the ends of a list."""
    return drawn(rng, level, TEMPLATES, MAKERS)


def best_of(is_up: bool) -> Callable[[Iterable[int]], int]:
    """Return what keeps the best of some numbers."""
    return max if is_up else min


def best_marks(numbers: list[int], is_up: bool, fits: Callable[[int], bool] = lambda number: True) -> str:
    """Return each number with the best fitting one so far."""
    marks, fitting = [], []
    for number in numbers:
        fitting += [number] if fits(number) else []
        marks.append(f"{number}:{best_of(is_up)(fitting) if fitting else '-'}")
    return joined(marks)


def second_marks(numbers: list[int], is_up: bool) -> str:
    """Return each number with the best and the second best so far."""
    marks = [f"{numbers[0]}:{numbers[0]}"]
    for count in range(2, len(numbers) + 1):
        best, second = sorted(numbers[:count], reverse=is_up)[:2]
        marks.append(f"{numbers[count - 1]}:{best}/{second}")
    return joined(marks)


def _extreme(rng: Random, numbers: list[int], is_up: bool) -> Task:
    """Ask for the largest or the smallest number."""
    word, best = rng.choice(WORDS[is_up]), best_of(is_up)(numbers)
    return Task(
        asks=[ask.format(w=word) for ask in ASKS], items=numbers, steps=(best_marks(numbers, is_up), str(best)),
        params={"digits": len(str(max(numbers))), "changes": _changes(numbers, is_up)},
    )  # fmt: skip


def _changes(numbers: list[int], is_up: bool) -> int:
    """Return how often the best so far changes."""
    return len({best_of(is_up)(numbers[: k + 1]) for k in range(len(numbers))}) - 1


def _largest(rng: Random, level: int) -> Task:
    return _extreme(rng, sized_numbers(rng, SIZES[level]), True)


def _smallest(rng: Random, level: int) -> Task:
    return _extreme(rng, sized_numbers(rng, SIZES[level]), False)


def _tiny(rng: Random, level: int) -> Task:
    """Many one-digit numbers."""
    return _extreme(rng, sized_numbers(rng, TINY_SIZES[level]), rng.random() < 0.5)


def _ordered(rng: Random, level: int) -> Task:
    """The same kind of list, in order at level 3 and shuffled at level 5."""
    numbers = wide_numbers(rng, rng.randint(7, 9), rng.choice((2, 3)))
    if level == 3:
        numbers.sort(reverse=rng.random() < 0.5)
    return _extreme(rng, numbers, rng.random() < 0.5)


def _turned(rng: Random, level: int) -> Task:
    """Two digits that differ and two that all numbers share; the shared ones behind at level 5, in front at level 7."""
    shared = rng.randint(10, 99)
    pairs = rng.sample(range(10, 100), rng.randint(10, 12))
    numbers = [100 * pair + shared if level == 5 else 100 * shared + pair for pair in pairs]
    return _extreme(rng, numbers, rng.random() < 0.5)


def _ends(rng: Random, level: int, operator: str, asks: tuple[str, ...]) -> Task:
    """Find both ends, then subtract or add them."""
    numbers = sized_numbers(rng, ENDS_SIZES[level])
    high, low = rng.choice((("largest", "smallest"), ("biggest", "smallest"), ("highest", "lowest")))
    lines = worked([max(numbers), operator, min(numbers)])
    return Task(
        asks=[ask.format(a=high, b=low) for ask in asks], items=numbers,
        steps=(best_marks(numbers, True), best_marks(numbers, False), *lines),
        params={"digits": len(str(max(numbers)))},
    )  # fmt: skip


def _range(rng: Random, level: int) -> Task:
    return _ends(rng, level, "-", DIFFERENCE_ASKS)


def _ends_sum(rng: Random, level: int) -> Task:
    return _ends(rng, level, "+", SUM_ASKS)


def _second(rng: Random, level: int) -> Task:
    """Ask for the second largest or smallest of different numbers."""
    numbers, is_up = sized_numbers(rng, SECOND_SIZES[level]), rng.random() < 0.6
    word, second = "second " + rng.choice(RANKED[is_up]), sorted(numbers, reverse=is_up)[1]
    return Task(
        asks=[ask.format(w=word) for ask in ASKS], items=numbers, steps=(second_marks(numbers, is_up), str(second)),
        params={"digits": len(str(max(numbers)))},
    )  # fmt: skip


def _of_kind(rng: Random, numbers: list[int], is_up: bool, kind: str, fits: Callable[[int], bool]) -> Task:
    """Ask for the best number of one kind."""
    word, fitting = rng.choice(RANKED[is_up]), [number for number in numbers if fits(number)]
    return Task(
        asks=[ask.format(w=word, k=kind) for ask in KIND_ASKS], items=numbers,
        steps=(best_marks(numbers, is_up, fits), str(best_of(is_up)(fitting))),
        params={"digits": len(str(max(numbers))), "fitting": len(fitting)},
    )  # fmt: skip


def _parity(rng: Random, level: int) -> Task:
    """Largest or smallest even or odd number; the list holds at least two of them."""
    rest = rng.choice((0, 1))
    numbers = sized_numbers(rng, KIND_SIZES[level])
    while sum(number % 2 == rest for number in numbers) < 2:
        numbers = sized_numbers(rng, KIND_SIZES[level])
    kind = ("even", "odd")[rest] + " number"
    return _of_kind(rng, numbers, rng.random() < 0.5, kind, lambda number: number % 2 == rest)


def _limited(rng: Random, level: int) -> Task:
    """Largest number below a limit, or smallest above it; at least two numbers are."""
    numbers, is_below = sized_numbers(rng, KIND_SIZES[level]), rng.random() < 0.5
    ranked = sorted(numbers)
    if is_below:
        limit = rng.choice(ranked[2:]) + rng.choice((0, 1))
        kind = rng.choice(("number below {n}", "number less than {n}", "number under {n}", "number smaller than {n}"))
        return _of_kind(rng, numbers, True, kind.format(n=limit), lambda number: number < limit)
    limit = rng.choice(ranked[:-2]) - rng.choice((0, 1))
    kind = rng.choice(("number above {n}", "number greater than {n}", "number over {n}", "number larger than {n}"))
    return _of_kind(rng, numbers, False, kind.format(n=limit), lambda number: number > limit)


MAKERS: dict[str, Callable[[Random, int], Task]] = {
    "largest": _largest,
    "smallest": _smallest,
    "tiny": _tiny,
    "contrast_ordered": _ordered,
    "contrast_turned": _turned,
    "range": _range,
    "ends_sum": _ends_sum,
    "second": _second,
    "parity": _parity,
    "limited": _limited,
}
