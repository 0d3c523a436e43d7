"""Stories of several operations that compare people: chains, families, rivals.

In: tales as in tales.py. Not in: other tales, joining facts to a text.
Invariant: every number of the expression is told in the text or is meant by its words ("twice", "half").
"""

from __future__ import annotations

from edgereason.evals.families.story.tales import Scale, Tale, Tokens, bracketed, told
from edgereason.evals.families.story.telling import Teller

UP = ("{Y:have} {N} more [{t} |]than {X*}", "{Y:have} {N} {t} more than {X!}", "{X:have} {N} fewer [{t} |]than {Y*}")
DOWN = ("{Y:have} {N} [fewer|less] than {X*}", "{Y:have} {N} fewer {t} than {X!}", "{X:have} {N} more [{t} |]than {Y*}")
TIMES = ("{Y:have} {N} times as many[ {t}|] as {X*}", "{Y:have} {N} times the number of {X's} {t}")
TWICE = ("{Y:have} [twice|double|two times] [as many[ {t}|] as {X*}|the number of {X's} {t}]",)
HALF = ("{Y:have} half [as many[ {t}|] as {X*}|the number of {X's} {t}]",)
OLDER = ("{Y:be=} {N} years older than {X*}", "{X:be=} {N} years younger than {Y*}")
YOUNGER = ("{Y:be=} {N} years younger than {X*}", "{X:be=} {N} years older than {Y*}")
TIMES_AGE = ("{Y:be=} {N} times as old as {X*}", "{Y's} age is {N} times {X!s}")
TWICE_AGE = ("{Y:be=} [twice|two times] as old as {X*}",)
HALF_AGE = ("{Y:be=} half as old as {X*}",)

SIDE_AGE = "[how old is {Y!}|what is {Y's} age]"
SIDE_COUNT = "[how many {t} has {Y!}|what is {Y's} number of {t}|how many {t} are {Y!s}]"
ASK_AGE = (
    "how old is {Y!}", "what is {Y's} age", "[find|work out] {Y's} age", "{Y!} is how old",
    "how many years old is {Y!}", "so how old is {Y!}",
)  # fmt: skip
ASK_COUNT = (
    "how many {t} {Y?have}", "how many {t} has {Y!}", "what is {Y's} number of {t}", "how many {t} are {Y!s}",
    "[find|work out] {Y's} number of {t}", "so how many {t} has {Y!}",
)  # fmt: skip


def _related(teller: Teller, scale: Scale, tokens: Tokens, pair: str, ages: bool) -> tuple[str, Tokens]:
    """Return how one person's number is told by another's, and the new number's expression."""
    rng = teller.rng
    value = Tale([], tokens).value
    names = {"X": pair[0], "Y": pair[1]}
    kind = rng.random()
    if kind < 0.2 and value < 200:
        times = rng.randint(2, 5 if ages else 9)
        words = (TWICE_AGE if ages else TWICE) if times == 2 else (TIMES_AGE if ages else TIMES)
        numbers = {"N": times} if times != 2 else {}
        return told(teller, *words, **names, **numbers), [*bracketed(tokens), "*", times]
    if kind < 0.32 and value % 2 == 0 and value > 3:
        return told(teller, *(HALF_AGE if ages else HALF), **names), [*bracketed(tokens), "/", 2]
    if kind < 0.66 or value < 6:
        gap = scale.plain(rng, 30 if ages else 9999)
        return told(teller, *(OLDER if ages else UP), **names, N=gap), [*tokens, "+", gap]
    gap = scale.plain(rng, value - 2)
    return told(teller, *(YOUNGER if ages else DOWN), **names, N=gap), [*tokens, "-", gap]


def chain(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return people compared one after the other; the last one's number is asked for, or how far the ends differ."""
    rng, people = teller.rng, "abcdo"
    ages = rng.random() < 0.2
    first = scale.plain(rng, 40 if ages else 9999)
    tale = Tale([told(teller, "{a:be=} {N} years old" if ages else "{a:have} {N} {t}", N=first)], [first])
    for pair in (people[k : k + 2] for k in range(min(size, 4))):
        fact, tale.tokens = _related(teller, scale, tale.tokens, pair, ages)
        tale.facts.append(fact)
        last = pair[1]
        if len(tale.facts) == 2:
            side = SIDE_AGE if ages else SIDE_COUNT
            tale.sides = [(side.replace("Y", "b"), tale.tokens)]
    tale.asks = tuple(ask.replace("Y", last) for ask in (ASK_AGE if ages else ASK_COUNT))
    while tale.operations < size:
        gains = rng.random() < 0.5 or ages or tale.value < 5
        number = scale.plain(rng, 40 if ages else 9999 if gains else tale.value - 1)
        tale.tokens = [*tale.tokens, "+" if gains else "-", number]
        if ages:
            tale.asks = (
                told(
                    teller,
                    "how old will {Y!} be in {N} years",
                    "what will {Y's} age be in {N} years",
                    "in {N} years, how old will {Y!} be",
                    N=number,
                    Y=last,
                ),
            )
            break
        tale.facts.append(
            told(
                teller,
                *(
                    ("{when}{Y.@gain} {N} more", "{Y.[get|find|buy]} {N} more {t}")
                    if gains
                    else ("{when}{Y.@loss} {N} of them", "{Y.[lose|sell]} {N} {t}")
                ),
                N=number,
                Y=last,
            )
        )
    return tale


def family(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return people compared with the first one, and all together."""
    rng = teller.rng
    first = scale.plain(rng)
    tale = Tale([told(teller, "{a:have} {N} {t}", N=first)], [first])
    for key in "bcdo":
        left = size - tale.operations
        if left < 1:
            break
        if left == 1 or rng.random() < 0.15:
            number = scale.plain(rng)
            fact = told(teller, "{Y:have} {N}[ {t}|]", N=number, Y=key)
            tokens: Tokens = [number]
        else:
            fact, tokens = _related(teller, scale, [first], "a" + key, ages=False)
            tale.sides.append(
                (
                    told(teller, "[how many {t} has {Y!}|what is {Y's} number of {t}|how many {t} are {Y!s}]", Y=key),
                    tokens,
                )
            )
        tale.facts.append(fact)
        tale.tokens += ["+", *bracketed(tokens)]
    tale.asks = (
        "how many {t} do they have [together|altogether|in all|in total]",
        "[find|what is] the total number of {t}",
        "how many {t} is that [in all|altogether]",
        "how many {t} are there [in all|altogether]",
        "altogether how many {t} is that",
        "how many {t} do all of them have",
        "what is the total",
    )
    return tale


def rivals(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return two people's groups, and how far they differ."""
    rng = teller.rng
    (n, k), (m, j) = scale.product(rng), scale.product(rng)
    if n * k < m * j:
        (n, k), (m, j) = (m, j), (n, k)
    has = (
        "{Y:have} {N} {P} of {K} {t}[ each|]",
        "{Y:have} {N} {P} with {K} {t} in each",
        "{Y.@gain} {K} {t} [a|each|every] {time1} for {N} {time}",
    )
    tale = Tale([told(teller, *has, Y="a", P="p", N=n, K=k)], [n, "*", k])
    tale.sides = [("how many {t} {a?have}", [n, "*", k])]
    gains = size - 3
    if size >= 3:
        tale.facts.append(told(teller, *has, Y="b", P="q", N=m, K=j))
        tale.sides.append(("how many {t} has {b!}", [m, "*", j]))
        other: Tokens = [m, "*", j]
    else:
        number = scale.plain(rng, n * k - 1)
        tale.facts.append(told(teller, "{b:have} {N} {t}", "{b:have} only {N}", N=number))
        other = [number]
    for _ in range(max(0, gains)):
        number = scale.plain(rng)
        tale.facts.append(
            told(teller, "{when}{a.[get|find|buy]} {N} more[ {t}|]", "[{c}|{d}] {it.give} {a*} {N} more", N=number)
        )
        tale.tokens += ["+", number]
    tale.tokens += ["-", *other]
    tale.asks = (
        "how many more {t} {a?have} than {b*}",
        "how many fewer {t} has {b!} than {a*}",
        "what is the difference [between|of] their numbers",
        "by how many {t} is {a's} number larger",
        "[find|work out] the difference of their numbers",
        "how many more {t} are {a!s} than {b!s}",
    )
    return tale
