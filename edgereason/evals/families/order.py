"""Lists of numbers: largest, smallest, sorting, counting, next term.

In: the lists, how they are asked about and worked. Not in: chains and stories.
Invariant: a line depends on the line before it and the question alone.
Length and difficulty part on purpose: a long list of small numbers to count in is easy, a short one to sort is not.

    largest   45,12,78 -> 45,78 -> 78          the smaller of the first two is dropped
    sort      45,12,78 -> 45|12,78 -> 12,45|78 -> 12,45,78    the next is put in its place
    count     12:0,45:1,78:2 -> 2              each number with the count so far
    next      +4,+4,+4 -> 15+4 -> 19           the differences (or *2,*2), then one step on
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

from edgereason.evals.families.arithmetic import OutOfReach, Token, worked
from edgereason.evals.families.problem import Problem, pick_band

Task = tuple[str, tuple[str, ...], str, int]  # question, steps, answer, list length

TEMPLATES = {
    "easy": ("largest", "smallest", "count", "next_plus", "sort", "largest"),
    "middle": ("largest", "smallest", "sort", "count", "next_plus", "next_times", "sort_down"),
    "hard": ("sort", "sort_down", "next_growing", "next_alternating", "count_parity", "spread"),
}
LENGTHS = {"easy": (3, 4), "middle": (4, 6), "hard": (5, 7)}
LEADS = ("Here are some numbers: {l}. {q}", "{q} {l}", "{q} {l}", "Look at the numbers {l}. {q}", "{q} {l}?")


def draw(rng: Random, name: str, band: str | None = None) -> Problem:
    """Return one problem about a list."""
    band = pick_band(rng, band)
    template = rng.choice(TEMPLATES[band])
    while True:
        try:
            question, steps, answer, length = MAKERS[template](rng, band)
        except OutOfReach:
            continue
        break
    params: dict[str, int | str] = {"length": length, "lines": len(steps)}
    return Problem(
        id=name, family="order", template=template, question=question, steps=steps, answer=answer, params=params,
        band=band,
    )  # fmt: skip


def _numbers(rng: Random, band: str, more: int = 0) -> list[int]:
    """Return different numbers; hard ones share their leading digits."""
    count = rng.randint(*LENGTHS[band]) + more
    if band != "easy" and rng.random() < 0.4:
        base = rng.randint(10, 95) * 10
        return rng.sample(range(base, base + 30), count)
    return rng.sample(range(1, 100 if rng.random() < 0.8 else 1000), count)


def _joined(numbers: list[int]) -> str:
    """Return the numbers as a thought writes them."""
    return ",".join(map(str, numbers))


def _asked(rng: Random, numbers: list[int], *questions: str) -> str:
    """Return a question about a list."""
    question = rng.choice(questions)
    listed = (", " if rng.random() < 0.8 else " ").join(map(str, numbers))
    lead = rng.choice(LEADS)
    if "{q} {l}" in lead:
        question = question.rstrip("?.") + ":"
        lead = "{q} {l}"
    return lead.format(l=listed, q=question)


def _extreme(rng: Random, band: str, best: Callable[[int, int], int], words: tuple[str, ...]) -> Task:
    """Drop the loser of the first two until one is left."""
    numbers = _numbers(rng, band, 1 if band == "middle" else 0)
    lines = [numbers]
    while len(lines[-1]) > 1:
        first, second, *rest = lines[-1]
        lines.append([best(first, second), *rest])
    question = _asked(rng, numbers, *(text.format(w=rng.choice(words)) for text in (
        "What is the {w} number?", "Find the {w} number.", "Which number is the {w}?", "Which of these is the {w}?",
    )))  # fmt: skip
    steps = tuple(map(_joined, lines))
    return question, steps, steps[-1], len(numbers)


def _largest(rng: Random, band: str) -> Task:
    return _extreme(rng, band, max, ("largest", "biggest", "greatest"))


def _smallest(rng: Random, band: str) -> Task:
    return _extreme(rng, band, min, ("smallest", "lowest"))


def _sorting(rng: Random, band: str, is_down: bool, words: tuple[str, ...]) -> Task:
    """Put the next number in its place until none is left."""
    numbers = _numbers(rng, band)
    steps = [_joined(numbers)]
    done, rest = [numbers[0]], numbers[1:]
    while rest:
        steps.append(f"{_joined(done)}|{_joined(rest)}")
        done = sorted([*done, rest[0]], reverse=is_down)
        rest = rest[1:]
    steps.append(_joined(done))
    question = _asked(rng, numbers, *words)
    return question, tuple(steps), steps[-1], len(numbers)


def _sort(rng: Random, band: str) -> Task:
    words = (
        "Sort from smallest to largest.",
        "Sort in increasing order.",
        "Put in increasing order.",
        "Sort these numbers.",
    )
    return _sorting(rng, band, False, words)


def _sort_down(rng: Random, band: str) -> Task:
    words = ("Sort from largest to smallest.", "Sort in decreasing order.", "Put in decreasing order.")
    return _sorting(rng, band, True, words)


def _counted(rng: Random, numbers: list[int], test: Callable[[int], bool], *questions: str) -> Task:
    """Write each number with the count so far."""
    count, marks = 0, []
    for number in numbers:
        count += test(number)
        marks.append(f"{number}:{count}")
    return _asked(rng, numbers, *questions), (",".join(marks), str(count)), str(count), len(numbers)


def _count(rng: Random, band: str) -> Task:
    numbers = _numbers(rng, band, 2)
    limit = rng.randint(min(numbers), max(numbers))
    if rng.random() < 0.5:
        return _counted(
            rng, numbers, lambda n: n > limit, f"How many numbers are greater than {limit}?",
            f"How many of these are more than {limit}?", f"Count the numbers above {limit}.",
        )  # fmt: skip
    return _counted(
        rng, numbers, lambda n: n < limit, f"How many numbers are less than {limit}?",
        f"How many of these are smaller than {limit}?", f"Count the numbers below {limit}.",
    )  # fmt: skip


def _count_parity(rng: Random, band: str) -> Task:
    numbers = _numbers(rng, band, 3)
    word, rest = rng.choice((("even", 0), ("odd", 1)))
    return _counted(
        rng, numbers, lambda n: n % 2 == rest, f"How many numbers are {word}?", f"How many of these are {word}?",
        f"Count the {word} numbers.",
    )  # fmt: skip


def _spread(rng: Random, band: str) -> Task:
    """Largest minus smallest: both are found, then subtracted."""
    numbers = _numbers(rng, "middle")
    largest = [numbers]
    while len(largest[-1]) > 1:
        first, second, *rest = largest[-1]
        largest.append([max(first, second), *rest])
    smallest = [numbers]
    while len(smallest[-1]) > 1:
        first, second, *rest = smallest[-1]
        smallest.append([min(first, second), *rest])
    last = worked([largest[-1][0], "-", smallest[-1][0]])
    question = _asked(
        rng, numbers, "What is the difference between the largest and the smallest number?",
        "How much larger is the largest than the smallest?",
    )  # fmt: skip
    return question, (*map(_joined, largest), *map(_joined, smallest), *last), last[-1], len(numbers)


def _next(rng: Random, terms: list[int], marks: list[str], last: list[Token]) -> Task:
    """Ask for the next term."""
    steps = (",".join(marks), *worked(last))
    listed = ", ".join(map(str, terms))
    question = rng.choice((
        "What comes next: {l}, ?", "What is the next number: {l}?", "{l}, ?", "Find the next term: {l}, ...",
        "What number comes next in {l}?", "Continue the sequence {l}.",
    )).format(l=listed)  # fmt: skip
    return question, steps, steps[-1], len(terms)


def _differences(terms: list[int]) -> list[str]:
    """Return the signed differences."""
    return [f"{after - before:+d}" for before, after in pairwise(terms)]


def _next_plus(rng: Random, band: str) -> Task:
    step = rng.randint(2, 10 if band == "easy" else 30)
    count = rng.randint(3, 5)
    start = rng.randint(1, 60)
    is_down = rng.random() < 0.3
    terms = [start + step * k for k in range(count + 1)]
    terms = terms[::-1] if is_down else terms
    operator = "-" if is_down else "+"
    return _next(rng, terms[:-1], _differences(terms[:-1]), [terms[-2], operator, step])


def _next_times(rng: Random, band: str) -> Task:
    factor, count = rng.randint(2, 4), rng.randint(3, 4)
    terms = [rng.randint(1, 9) * factor**0]
    for _ in range(count - 1):
        terms.append(terms[-1] * factor)
    return _next(rng, terms, [f"*{factor}"] * (count - 1), [terms[-1], "*", factor])


def _next_growing(rng: Random, band: str) -> Task:
    """The differences grow by a constant."""
    step, growth = rng.randint(1, 12), rng.randint(1, 6)
    terms = [rng.randint(1, 40)]
    for _ in range(rng.randint(3, 4)):
        terms.append(terms[-1] + step)
        step += growth
    return _next(rng, terms, [*_differences(terms), f"+{step}"], [terms[-1], "+", step])


def _next_alternating(rng: Random, band: str) -> Task:
    """Two differences take turns."""
    first, second = rng.randint(2, 15), rng.randint(2, 15)
    signs = rng.choice(((1, 1), (1, -1)))
    if signs == (1, -1) and second > first:
        first, second = second, first
    steps = (first * signs[0], second * signs[1])
    terms = [rng.randint(5, 50)]
    count = rng.randint(4, 5)
    for k in range(count):
        terms.append(terms[-1] + steps[k % 2])
    following = steps[count % 2]
    operator = "+" if following > 0 else "-"
    return _next(rng, terms, _differences(terms), [terms[-1], operator, abs(following)])


MAKERS: dict[str, Callable[[Random, str], Task]] = {
    "largest": _largest,
    "smallest": _smallest,
    "sort": _sort,
    "sort_down": _sort_down,
    "count": _count,
    "count_parity": _count_parity,
    "spread": _spread,
    "next_plus": _next_plus,
    "next_times": _next_times,
    "next_growing": _next_growing,
    "next_alternating": _next_alternating,
}
