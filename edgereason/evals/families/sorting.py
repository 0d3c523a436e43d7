"""Sorting of numbers, up or down, and the middle one of a sorted list.

In: which lists a level draws, how they are asked for, the thought. Not in: wording of lists (lists.py).
Invariant: each line holds all numbers, those before the bar in order; a line puts the first number after the bar of
the line before it in its place.

    sort      45,12,78 -> 45|12,78 -> 12,45|78 -> 12,45,78
    middle    45,12,78 -> ... -> 12,45,78 -> 45                  one number is dropped at either end, until one is left

Contrast: the same numbers nearly in order (levels 4 and 6), turned round (5 and 7) and shuffled (6 and 8).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from edgereason.evals.families.lists import Size, Task, drawn, joined, sized_numbers, wide_numbers
from edgereason.evals.families.problem import Bands, Draft

BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
TEMPLATES = {
    1: ("up", "up", "down"),
    2: ("up", "up", "down"),
    3: ("up", "up", "down", "down", "tiny"),
    4: ("up", "up", "down", "down", "tiny", "middle", "contrast_few"),
    5: ("up", "up", "down", "down", "tiny", "middle", "contrast_few"),
    6: ("up", "up", "down", "down", "middle", "contrast_few", "contrast_many"),
    7: ("up", "up", "down", "down", "middle", "contrast_many"),
    8: ("up", "up", "down", "down", "middle", "contrast_many"),
}
SIZES: dict[int, tuple[Size, ...]] = {
    1: ((2, 3, (2,), 0.0), (2, 2, (2,), 0.3)),
    2: ((3, 3, (2,), 0.0), (3, 3, (2,), 0.5), (3, 3, (3,), 0.0)),
    3: ((4, 4, (2,), 0.2), (3, 3, (3,), 0.3)),
    4: ((5, 5, (2,), 0.3), (4, 4, (3,), 0.3)),
    5: ((6, 6, (2,), 0.4), (5, 5, (3,), 0.4)),
    6: ((7, 7, (2,), 0.5), (6, 6, (3,), 0.5)),
    7: ((8, 8, (2,), 0.5), (7, 7, (3,), 0.6)),
    8: ((9, 9, (2,), 0.6), (8, 8, (3,), 0.7), (7, 7, (4,), 0.8)),
}
TINY_SIZES: dict[int, Size] = {3: (5, 6, (1,), 0.0), 4: (6, 7, (1,), 0.0), 5: (8, 9, (1,), 0.0)}
MIDDLE_SIZES: dict[int, Size] = {
    4: (3, 3, (2,), 0.2), 5: (5, 5, (2,), 0.2), 6: (5, 5, (2, 3), 0.4), 7: (7, 7, (2,), 0.4), 8: (7, 7, (3,), 0.5),
}  # fmt: skip
UP = (
    "Sort from smallest to largest.",
    "Sort the numbers in increasing order.",
    "Put these numbers in increasing order.",
    "Sort these numbers.",
    "Sort {l} in ascending order.",
    "Arrange {l} from smallest to largest.",
    "Order the numbers from least to greatest.",
    "Can you sort {l} from low to high?",
    "Write the numbers in order, the smallest first.",
    "What is {l} in ascending order?",
    "List the numbers from the lowest to the highest.",
)
DOWN = (
    "Sort from largest to smallest.",
    "Sort the numbers in decreasing order.",
    "Put these numbers in decreasing order.",
    "Sort {l} in descending order.",
    "Arrange {l} from largest to smallest.",
    "Order the numbers from greatest to least.",
    "Can you sort {l} from high to low?",
    "Write the numbers in order, the largest first.",
    "What is {l} in descending order?",
    "List the numbers from the highest to the lowest.",
)
MIDDLE = (
    "What is the median?",
    "What is the median of {l}?",
    "Find the median.",
    "Find the median of these numbers.",
    "Which number is in the middle when they are sorted?",
    "Sort the numbers and give the middle one.",
    "Which number stands in the middle of {l} after sorting?",
    "Give the median of {l}.",
    "What is the middle number in increasing order?",
)
FEW, MANY = {4: "near", 5: "reversed", 6: "shuffled"}, {6: "near", 7: "reversed", 8: "shuffled"}


def draw(rng: Random, level: int) -> Draft:
    """Return one sorting problem."""
    return drawn(rng, level, TEMPLATES, MAKERS)


def insertion_lines(numbers: list[int], is_down: bool) -> list[str]:
    """Return the lines of an insertion sort, from the first number in place to all."""
    lines = []
    for count in range(1, len(numbers)):
        lines.append(f"{joined(sorted(numbers[:count], reverse=is_down))}|{joined(numbers[count:])}")
    return [*lines, joined(sorted(numbers, reverse=is_down))]


def middle_lines(ranked: list[int]) -> list[str]:
    """Return a sorted list with one number after the other dropped at both ends."""
    lines = []
    while len(ranked) > 1:
        ranked = ranked[1:-1]
        lines.append(joined(ranked))
    return lines


def moves(numbers: list[int], is_down: bool) -> int:
    """Return how many places the insertions move numbers by."""
    sign = -1 if is_down else 1
    return sum(sign * a > sign * b for k, a in enumerate(numbers) for b in numbers[k + 1 :])


def _sorting(numbers: list[int], is_down: bool, **params: str) -> Task:
    """Ask for the numbers in order."""
    return Task(
        asks=DOWN if is_down else UP, items=numbers, steps=insertion_lines(numbers, is_down),
        params={"digits": len(str(max(numbers))), "moves": moves(numbers, is_down), **params},
    )  # fmt: skip


def _up(rng: Random, level: int) -> Task:
    return _sorting(sized_numbers(rng, rng.choice(SIZES[level])), False)


def _down(rng: Random, level: int) -> Task:
    return _sorting(sized_numbers(rng, rng.choice(SIZES[level])), True)


def _tiny(rng: Random, level: int) -> Task:
    """One-digit numbers, some of them more than once."""
    return _sorting(sized_numbers(rng, TINY_SIZES[level]), rng.random() < 0.4)


def _middle(rng: Random, level: int) -> Task:
    """Sort, then drop the ends until the middle is left."""
    numbers = sized_numbers(rng, MIDDLE_SIZES[level])
    return Task(
        asks=MIDDLE, items=numbers, steps=(*insertion_lines(numbers, False), *middle_lines(sorted(numbers))),
        params={"digits": len(str(max(numbers))), "moves": moves(numbers, False)},
    )  # fmt: skip


def arranged(rng: Random, numbers: list[int], arrangement: str, is_down: bool) -> list[int]:
    """Return the numbers nearly in the asked order, in the opposite order, or shuffled."""
    if arrangement == "shuffled":
        shuffled, most = rng.sample(numbers, len(numbers)), len(numbers) * (len(numbers) - 1) // 2
        while not 1 < moves(shuffled, is_down) < most:
            rng.shuffle(shuffled)
        return shuffled
    numbers = sorted(numbers, reverse=is_down != (arrangement == "reversed"))
    if arrangement == "near":
        place = rng.randrange(len(numbers) - 1)
        numbers[place], numbers[place + 1] = numbers[place + 1], numbers[place]
    return numbers


def _contrast(rng: Random, count: int, arrangement: str) -> Task:
    is_down = rng.random() < 0.4
    numbers = arranged(rng, wide_numbers(rng, count, 2), arrangement, is_down)
    return _sorting(numbers, is_down, arrangement=arrangement)


def _contrast_few(rng: Random, level: int) -> Task:
    return _contrast(rng, rng.randint(6, 7), FEW[level])


def _contrast_many(rng: Random, level: int) -> Task:
    return _contrast(rng, rng.randint(8, 9), MANY[level])


MAKERS: dict[str, Callable[[Random, int], Task]] = {
    "up": _up,
    "down": _down,
    "tiny": _tiny,
    "middle": _middle,
    "contrast_few": _contrast_few,
    "contrast_many": _contrast_many,
}
