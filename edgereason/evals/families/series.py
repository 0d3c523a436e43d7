"""The next term of a number sequence.

In: which sequences a level draws, how they are worded, the thought. Not in: the sums on the way (arithmetic.py).
Invariant: the first line is read off neighbouring terms, every further line off the line before and the last terms;
a sequence is long enough that one rule of this file fits it and no other.

    plus          3,7,11 -> +4,+4 -> 11+4 -> 15                        also two terms on: ... -> 15+4 -> 19 -> 15,19
    times         3,6,12 -> *2,*2 -> 12*2 -> 24                        halves: /2,/2 -> 12/2 -> 6
    alternating   5,8,7,10,9 -> +3,-1,+3,-1,+3 -> 9+3 -> 12            the line runs on by one difference
    growing       1,3,6,10 -> +2,+3,+4 -> +1,+1 -> 10+(4+1) -> 10+5 -> 15
    times_plus    2,5,11,23 -> +3,+6,+12 -> *2,*2 -> 23+12*2 -> 23+24 -> 43+4 -> 47
    fibonacci     3,5,8,13,21,34 -> +2,+3,+5,+8,+13 -> 21+34 -> 51+4 -> 55
    interleaved   2,50,5,45,8,40 -> 2,5,8,?|50,45,40 -> +3,+3 -> 8+3 -> 11

Contrast: the terms of a constant step in order at level 3, with neighbours swapped (so that two steps alternate) at 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from random import Random

from edgereason.evals.families.arithmetic import OutOfReach, Token, worked
from edgereason.evals.families.lists import Task, aside_count, cased, joined, told
from edgereason.evals.families.problem import Bands, Draft

BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
TEMPLATES = {
    1: ("plus", "plus", "minus", "long"),
    2: ("plus", "plus", "minus", "long", "double"),
    3: ("plus", "minus", "long", "times", "plus_two", "contrast"),
    4: ("plus", "minus", "times", "halves", "plus_two", "alternating", "growing", "long"),
    5: ("plus", "times", "plus_two", "alternating", "growing", "shrinking", "contrast", "fibonacci"),
    6: ("minus", "times", "alternating", "growing", "shrinking", "fibonacci", "interleaved"),
    7: ("turns", "growing", "shrinking", "fibonacci", "interleaved", "interleaved", "times_plus"),
    8: ("turns", "growing_twice", "growing_twice", "fibonacci", "interleaved", "times_plus", "times_turns"),
}
# Largest first term, largest step, by level of the sequences with a constant step.
STEADY = {1: (20, 5), 2: (50, 10), 3: (60, 19), 4: (400, 25), 5: (900, 40), 6: (900, 60)}
LONG_STEPS = {1: 2, 2: 4, 3: 6, 4: 9}
ASKS = (
    "What comes next: {l}, ?",
    "What is the next number: {l}?",
    "{l}, ?",
    "Find the next term: {l}, ...",
    "What number comes next in {l}?",
    "Continue the sequence {l}.",
    "Which number follows: {l}, ...?",
    "The sequence {l} goes on. What is the next number?",
    "{l}, ... What is next?",
    "Give the next term of {l}.",
    "Look at the sequence {l}. Which term comes next?",
    "{l}. What should come next?",
    "Complete the pattern: {l}, ?",
    "What is the term after {l}?",
)
TWO_ASKS = (
    "What are the next two numbers: {l}?",
    "Give the next two terms of {l}.",
    "Find the next two numbers: {l}, ...",
    "Continue {l} by two numbers.",
    "Which two numbers follow: {l}, ...?",
    "The sequence {l} goes on. What are the next two terms?",
    "{l}, ?, ? Which two numbers are missing?",
    "Look at {l}. What are the next two numbers?",
    "{l}. Write down the next two terms.",
)


def draw(rng: Random, level: int) -> Draft:
    """Return one sequence problem."""
    while True:
        template = rng.choice(TEMPLATES[level])
        try:
            task = MAKERS[template](rng, level)
        except OutOfReach:
            continue
        break
    asides = aside_count(rng, level)
    listed = ("; " if rng.random() < 0.04 else " " if rng.random() < 0.06 else ", ").join(map(str, task.items))
    question = cased(rng, " ".join([*told(rng, asides), rng.choice(task.asks).format(l=listed)]))
    params: dict[str, int | str] = {
        "length": len(task.items), "lines": len(task.steps), "asides": asides, "largest": max(map(int, task.items)),
    }  # fmt: skip
    return Draft(template=template, question=question, steps=tuple(task.steps), answer=task.steps[-1], params=params)


def differences(terms: Sequence[int]) -> list[int]:
    """Return what each term adds to the one before."""
    return [after - before for before, after in pairwise(terms)]


def signed(steps: Sequence[int]) -> str:
    """Return differences with their signs."""
    return joined(f"{step:+d}" for step in steps)


def stepped(term: int, step: int) -> list[Token]:
    """Return the expression of a term and one signed step."""
    return [term, "+" if step >= 0 else "-", abs(step)]


def _asking(terms: Sequence[int], lines: Sequence[str], last: list[Token]) -> Task:
    """Ask for the next term, which the last expression gives; terms are whole numbers from 0 to 9999."""
    steps = (*lines, *worked(last))
    if not all(0 <= term <= 9999 for term in (*terms, int(steps[-1]))):
        raise OutOfReach("a term below 0 or above 9999")
    return Task(asks=ASKS, items=terms, steps=steps)


def _steady(start: int, step: int, count: int) -> Task:
    """Ask for the next term of a constant step."""
    terms = [start + step * k for k in range(count)]
    return _asking(terms, [signed(differences(terms))], stepped(terms[-1], step))


def _plus(rng: Random, level: int) -> Task:
    start, step = (rng.randint(1, most) for most in STEADY[level])
    if level == 2 and rng.random() < 0.3:
        step = rng.choice((10, 20, 50, 100))
    return _steady(start, step, rng.randint(3, 4 + level // 3))


def _minus(rng: Random, level: int) -> Task:
    end, step = (rng.randint(1, most) for most in STEADY[level])
    count = rng.randint(3, 4 + level // 3)
    return _steady(end + count * step, -step, count)


def _long(rng: Random, level: int) -> Task:
    """Many terms and a small step."""
    return _steady(rng.randint(1, 30), rng.randint(1, LONG_STEPS[level]), rng.randint(6, 7 + level))


def _plus_two(rng: Random, level: int) -> Task:
    """Ask for two terms of a constant step."""
    start, step = (rng.randint(2, most) for most in STEADY[level])
    terms = [start + step * k for k in range(rng.randint(3, 5))]
    if rng.random() < 0.3:
        terms = [term + 2 * step for term in terms[::-1]]
        step = -step
    first, second = worked(stepped(terms[-1], step)), worked(stepped(terms[-1] + step, step))
    steps = (signed(differences(terms)), *first, *second, f"{first[-1]},{second[-1]}")
    return Task(asks=TWO_ASKS, items=terms, steps=steps)


def _scaled(start: int, factor: int, count: int, is_down: bool = False) -> Task:
    """Ask for the next term of a constant factor, or divisor."""
    terms = [start * factor**k for k in range(count)]
    mark = "/" if is_down else "*"
    if is_down:
        terms = [term * factor for term in terms[::-1]]
    return _asking(terms, [joined([f"{mark}{factor}"] * (count - 1))], [terms[-1], mark, factor])


def _double(rng: Random, level: int) -> Task:
    return _scaled(rng.randint(2, 6), 2, 3)


def _times(rng: Random, level: int) -> Task:
    factor, count = {3: (2, 3), 4: (rng.randint(2, 3), 3), 5: (rng.randint(2, 4), 4), 6: (rng.randint(2, 5), 4)}[level]
    return _scaled(rng.randint(2, 9 if factor < 4 else 3), factor, count)


def _halves(rng: Random, level: int) -> Task:
    factor = rng.choice((2, 2, 3, 10))
    return _scaled(rng.randint(2, 9 if factor < 10 else 5), factor, 3, is_down=True)


def _in_turn(rng: Random, start: int, steps: Sequence[int], count: int) -> Task:
    """Ask for the next term where some steps take turns."""
    ahead = [steps[k % len(steps)] for k in range(count)]
    terms = list(accumulate(ahead[:-1], initial=start))
    return _asking(terms, [signed(ahead)], stepped(terms[-1], ahead[-1]))


def _different(rng: Random, count: int, most: int) -> list[int]:
    """Return different steps, some of them downwards, that do not lead down on the whole."""
    steps = [size * rng.choice((1, 1, -1)) for size in rng.sample(range(1, most + 1), count)]
    return steps if sum(steps) > 0 else [-step for step in steps]


def _alternating(rng: Random, level: int) -> Task:
    steps = _different(rng, 2, {4: 9, 5: 15, 6: 25}[level])
    start = rng.randint(10, {4: 30, 5: 60, 6: 300}[level]) + max(0, -min(steps))
    return _in_turn(rng, start, steps, rng.randint(5, level + 1))


def _turns(rng: Random, level: int) -> Task:
    """Three steps take turns."""
    steps = _different(rng, 3, {7: 12, 8: 25}[level])
    return _in_turn(rng, rng.randint(10, 40) + sum(-step for step in steps if step < 0), steps, rng.randint(7, 9))


def _grown(terms: list[int]) -> Task:
    """Ask for the next term where the difference changes by a constant."""
    first = differences(terms)
    second = differences(first)
    if first[-1] > 0 and second[-1] > 0:
        last: list[Token] = [terms[-1], "+", "(", *stepped(first[-1], second[-1]), ")"]
    elif first[-1] > 0:
        last = [terms[-1], "+", "(", first[-1], "-", -second[-1], ")"]
    else:
        last = [terms[-1], "-", "(", *stepped(-first[-1], -second[-1]), ")"]
    return _asking(terms, [signed(first), signed(second)], last)


def _growing(rng: Random, level: int) -> Task:
    step, growth = rng.randint(1, {4: 6, 5: 12, 6: 25, 7: 40}[level]), rng.randint(1, {4: 2, 5: 5, 6: 9, 7: 15}[level])
    start = rng.randint(1, {4: 20, 5: 40, 6: 200, 7: 600}[level])
    ahead = [step + growth * k for k in range(rng.randint(3, 4))]
    return _grown(list(accumulate(ahead, initial=start)))


def _shrinking(rng: Random, level: int) -> Task:
    """Down by steps that grow or shrink, or up by steps that shrink; the next step still has the same sign."""
    growth, count = rng.randint(1, {5: 3, 6: 6, 7: 12}[level]), rng.randint(4, 5)
    step = rng.randint(1, 9)
    ahead = [step + growth * k for k in range(count)]
    style = rng.random()
    if style < 0.3:
        return _grown(list(accumulate(ahead[:0:-1], initial=rng.randint(1, 60))))
    ahead = ahead if style < 0.65 else ahead[::-1]
    start = sum(ahead) + rng.randint(0, {5: 20, 6: 100, 7: 400}[level])
    return _grown(list(accumulate([-step for step in ahead[:-1]], initial=start)))


def _growing_twice(rng: Random, level: int) -> Task:
    """The difference of the differences grows by a constant."""
    third = rng.randint(1, 4)
    second = list(accumulate([third] * 3, initial=rng.randint(1, 6)))
    first = list(accumulate(second, initial=rng.randint(1, 12)))
    terms = list(accumulate(first, initial=rng.randint(1, 60)))
    last: list[Token] = [terms[-1], "+", "(", first[-1], "+", "(", second[-1], "+", third, ")", ")"]
    return _asking(terms, [signed(first), signed(second), signed([third] * (len(second) - 1))], last)


def _times_plus(rng: Random, level: int) -> Task:
    """Each term is a multiple of the one before and a constant: the differences have a constant factor."""
    factor = 2 if level == 7 else rng.randint(2, 3)
    terms, more = [rng.randint(1, 9)], rng.choice((-1, 1, 2, 3, 4, 5))
    for _ in range(rng.randint(3, 4)):
        terms.append(terms[-1] * factor + more)
    first = differences(terms)
    if first[0] <= 0:
        raise OutOfReach("no growth")
    factors = joined([f"*{factor}"] * (len(first) - 1))
    return _asking(terms, [signed(first), factors], [terms[-1], "+", first[-1], "*", factor])


def _times_turns(rng: Random, level: int) -> Task:
    """A factor and a step take turns."""
    factor, step = rng.randint(2, 3), rng.randint(1, 9)
    is_factor, terms, marks = rng.random() < 0.5, [rng.randint(2, 9)], []
    for _ in range(rng.randint(5, 6)):
        marks.append(f"*{factor}" if is_factor else f"+{step}")
        terms.append(terms[-1] * factor if is_factor else terms[-1] + step)
        is_factor = not is_factor
    last: list[Token] = [terms[-2], "+", step] if is_factor else [terms[-2], "*", factor]
    return _asking(terms[:-1], [joined(marks)], last)


def _fibonacci(rng: Random, level: int) -> Task:
    """Each term is the sum of the two before it."""
    most = {5: 4, 6: 9, 7: 20, 8: 60}[level]
    terms = [rng.randint(1, most), rng.randint(1, most)]
    while len(terms) < 6:
        terms.append(terms[-2] + terms[-1])
    if terms[1] < terms[0]:
        terms = [*terms[1:], terms[-2] + terms[-1]]
    return _asking(terms, [signed(differences(terms))], [terms[-2], "+", terms[-1]])


def _interleaved(rng: Random, level: int) -> Task:
    """Two sequences of constant steps take turns; at level 8 the first has growing steps."""
    most_start, most_step = {6: (50, 9), 7: (90, 15), 8: (300, 20)}[level]
    count = rng.randint(6, 7) if level < 8 else 8
    parts = []
    for growth in (rng.randint(1, 5) if level == 8 else 0, 0):
        step = rng.randint(1, most_step)
        part = list(accumulate([step + growth * k for k in range(count)], initial=rng.randint(1, most_start)))
        parts.append(part)
    parts = [parts[0], parts[1][: (count + 1) // 2][::-1] if rng.random() < 0.5 else parts[1]]
    shown = [parts[0][: (count + 1) // 2], parts[1][: count // 2]]
    terms = [shown[k % 2][k // 2] for k in range(count)]
    due = count % 2
    parted = [[*map(str, part), "?"] if k == due else list(map(str, part)) for k, part in enumerate(shown)]
    task = _grown(shown[due]) if level == 8 else _steady(shown[due][0], differences(shown[due])[0], len(shown[due]))
    return Task(asks=ASKS, items=terms, steps=("|".join(map(joined, parted)), *task.steps))


def _contrast(rng: Random, level: int) -> Task:
    """The terms of a constant step in order at level 3; each pair of neighbours swapped at level 5."""
    start, step, count = rng.randint(1, 40), rng.randint(1, 9), 6
    if level == 3:
        return _steady(start, step, count)
    return _in_turn(rng, start + step, (-step, 3 * step), count)


MAKERS: dict[str, Callable[[Random, int], Task]] = {
    "plus": _plus,
    "minus": _minus,
    "long": _long,
    "double": _double,
    "plus_two": _plus_two,
    "times": _times,
    "halves": _halves,
    "alternating": _alternating,
    "turns": _turns,
    "growing": _growing,
    "shrinking": _shrinking,
    "growing_twice": _growing_twice,
    "times_plus": _times_plus,
    "times_turns": _times_turns,
    "fibonacci": _fibonacci,
    "interleaved": _interleaved,
    "contrast": _contrast,
}
