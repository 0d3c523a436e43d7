"""Stories of several operations about things that come and go; each gives its facts, ways to ask, and its expression.

In: the shape of a tale, and tales of one growing and shrinking number. Not in: other tales, joining facts to a text.
Invariant: every number of the expression is told in the text, in the expression's order but for brackets.
A tale also offers questions about one part of it ("sides"), so that a long text may ask for something small.

In templates of tales a capital stands for what `told` fills in: {N} a new number, {$N} a new price, {T} {T1} a noun.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from edgereason.evals.families.arithmetic import Token, worked
from edgereason.evals.families.story.telling import Teller

Tokens = list[Token]


@dataclass(slots=True)
class Tale:
    """A scene in the making."""

    facts: list[str]
    tokens: Tokens
    asks: tuple[str, ...] = ()
    sides: list[tuple[str, Tokens]] = field(default_factory=list)

    @property
    def value(self) -> int:
        """The number that the facts come to so far; OutOfReach where the expression cannot be worked."""
        return int(worked(self.tokens)[-1])

    @property
    def operations(self) -> int:
        """The number of operations so far."""
        return sum(token in ("+", "-", "*", "/") for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the numbers of a scene may be."""

    most: int  # plain numbers
    factor: int  # the larger factor of products

    def plain(self, rng: Random, most: int = 9999) -> int:
        """Return a number, small more often than large."""
        top = max(3, min(self.most, most))
        return rng.randint(2, max(3, top // 3 if rng.random() < 0.4 else top))

    def product(self, rng: Random) -> tuple[int, int]:
        """Return two factors, one of them a digit."""
        pair = [rng.randint(2, 9), rng.randint(2, self.factor)]
        rng.shuffle(pair)
        return pair[0], pair[1]


def told(teller: Teller, *options: str, **slots: int | str) -> str:
    """Return one of the templates with its capitals filled in by new numbers and by nouns of the cast."""
    text = teller.rng.choice(options)
    for key, value in slots.items():
        name = teller.number(value) if isinstance(value, int) else value
        text = text.replace("{" + key, "{" + name).replace("{$" + key, "{$" + name)
    return text


def bracketed(tokens: Tokens) -> Tokens:
    """Return the tokens in brackets where they are a sum."""
    depth = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if not depth and token in ("+", "-"):
            return ["(", *tokens, ")"]
    return tokens


def divisors(value: int) -> list[int]:
    """Return the divisors that a child would divide by."""
    return [d for d in range(2, 13) if value > d and value % d == 0 and (d < 10 or value // d < 13)]


HAVE = (
    "[{a:have} {N} {t}|{a:own} {N} {t}|[at first |in the beginning |]{a:have} {N} {t}|{a.@gain} {N} {t}{where}]",
    "{a:have} {N} {t} {spot}", "there {:be} {N} {t} in {a's} {p1}",
)  # fmt: skip
HAVE_GROUPS = (
    "{a:have} {N} {p} with {K} {t} in each[ {p1}|]", "{a.[buy|find|get|receive|order]} {N} {p} of {K} {t}[ each|]",
    "[each|every] {p1} [holds|has] {K} {t} and {a:have} {N} {p}", "{a.fill} {N} {p} with {K} {t}[ each| apiece]",
    "{a:have} {N} {p} and there {:be} {K} {t} in each",
)  # fmt: skip
HAVE_DAILY = (
    "{a.@gain} {K} {t} [a|each|every] {time1} for {N} {time}", "for {N} {time} {a.@gain} {K} {t} [a|each|every] "
                                                               "{time1}",
    "{N} {who} {.give} {a*} {K} {t} each", "{a.@gain} {K} {t} from each of {N} {who}",
)  # fmt: skip
GAINED = (
    "{when}{a.@gain} {N} [more|more|other|new] {t}{where}", "{when}{a.[buy|find|get|win|receive|collect|pick up]} "
                                                            "{N} more[ {t}| of them|]",
    "[{b}|{c}] {it.[give|send|hand]} {a*} {N} [more |]{t}", "{a.[get|receive]} {N} more from [{b*}|{c*}]",
    "{N} [more|new] {t} {.be} [added|brought in|delivered to {a*}|found]", "{when}{a's} {kin} "
                                                                           "{it.[give|send|bring]} {a*} {N} more",
)  # fmt: skip
LOST = (
    "{when}{a.@loss} {N} [of them|{t}|of the {t}|]{where}", "{when}{a.@lose} {N}[ of them| {t}|]",
    "{a.[give|send|hand|sell]} {N} [{t}|of them] to [{b*}|{c*}]", "[{b}|{c}] {it.[take|borrow|buy]} {N} [{t}|of "
                                                                  "them] from {a*}",
    "{N} of [them|the {t}] {.be} [lost|broken|stolen|sold|used up|thrown out|given away]",
)  # fmt: skip
IN_GROUPS = (
    "{when}{a.[buy|find|get|receive]} {N} [more |]{q} of {K} {t}", "{N} {who} {.give} {a*} {K} {t} each",
    "{when}{a.@gain} {K} [more |]{t} [a|each|every] {time1} for {N} {time}",
)  # fmt: skip
OUT_GROUPS = (
    "{when}{a.[give|hand]} {K} {t} to each of {N} {who}", "{a.[sell|give away|lose]} {N} {q} of {K} {t}[ each|]",
    "{N} {who} {.take} {K} {t} each", "{when}{a.@loss} {K} {t} [a|each|every] {time1} for {N} {time}",
)  # fmt: skip
HALVED = (
    "{when}{a.@loss} half of them", "{when}half of [them|the {t}] {.be} [lost|sold|taken|broken|given away]",
    "{a.give} half of {a's} {t} to [{b*}|{c*}]", "{when}{a.@lose} half of the {t}{where}",
)  # fmt: skip
ASK_NOW = (
    "how many {t} {a?have} [now|in the end|left|then|in all|after all that|altogether]", "how many {t} {a?end up with}",
    "what number of {t} {a?have} [now|in the end]", "[find|what is|work out] the number of {t} {a:have=} now",
    "how many {t} are {a!s} [now|in the end]", "now how many {t} {a?have=}", "how many {t} {a?still have}",
    "so how many {t} {a?have}",
)  # fmt: skip


def _opening(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return how many there are at first, in at most `size` operations."""
    rng = teller.rng
    kinds = ["plain"] + ["groups", "daily", "given"] * (size > 1) + ["nested", "two_groups", "colours"] * (size > 3)
    kind = rng.choice(kinds)
    (n, k), (m, j) = scale.product(rng), scale.product(rng)
    first, second, third = (scale.plain(rng) for _ in range(3))
    if kind == "plain":
        return Tale([told(teller, *HAVE, N=first)], [first])
    if kind == "groups":
        ask = "[how many {t} are|what is the number of {t}] in [the|all the|all] {p} [at first|]"
        return Tale([told(teller, *HAVE_GROUPS, N=n, K=k)], [n, "*", k], sides=[(ask, [n, "*", k])])
    if kind == "daily":
        ask = "[how many {t} {a?@gain.} by then|what is the number of {t} at first|how many {t} come first]"
        return Tale([told(teller, *HAVE_DAILY, N=n, K=k)], [k, "*", n], sides=[(ask, [k, "*", n])])
    if kind == "two_groups":
        facts = [
            told(teller, "{a:have} {N} {p} with {K} {t} in each", "{a:have} {N} {p} of {K} {t}", N=n, K=k),
            told(
                teller,
                "{a:have} {N} {q} with {K} {t} in each",
                "{a.get} {N} {q} of {K} {t} [too|as well|]",
                N=m,
                K=j,
            ),
        ]
        sides: list[tuple[str, Tokens]] = [
            ("how many {t} are in [the|all the] {p}", [n, "*", k]),
            ("how many {t} are in [the|all the] {q}", [m, "*", j]),
        ]
        return Tale(facts, [n, "*", k, "+", m, "*", j], sides=sides)
    if kind == "nested":
        n, k, j = rng.randint(2, 6), rng.randint(2, 9), rng.randint(2, 6)
        facts = [
            told(teller, "{a:have} {N} {p}", "there {:be} {N} {p}", N=n),
            told(
                teller,
                "each {p1} holds {N} {q} and each {q1} has {K} {t}",
                "there are {N} {q} in each {p1} and {K} {t} in each {q1}",
                N=k,
                K=j,
            ),
        ]
        return Tale(facts, [n, "*", k, "*", j], sides=[("how many {q} are [there|in the {p}]", [n, "*", k])])
    if kind == "colours":
        fact = told(
            teller,
            "{a:have} {N} {c1}, {K} {c2} and {M} {c3} {t}",
            "{a:have} {t}: {N} {c1}, {K} {c2} and {M} {c3} ones",
            N=first,
            K=second,
            M=third,
        )
        return Tale(
            [fact],
            [first, "+", second, "+", third],
            sides=[("how many {t} are {c1} or {c2} [at first|]", [first, "+", second])],
        )
    facts = [
        told(teller, "{a:have} {N} {t}", N=first),
        told(teller, "{o} {it.[give|bring|send|lend]} {a*} {N} more", N=second),
    ]
    return Tale(
        facts,
        [first, "+", second],
        sides=[("how many {t} {a?have} after [{o's} gift|that from {o*}]", [first, "+", second])],
    )


def _changed(teller: Teller, scale: Scale, tale: Tale, left: int) -> None:
    """Add one change of one or two operations."""
    rng, value, kind = teller.rng, tale.value, teller.rng.random()
    gains = rng.random() < 0.5 or value < 5
    if left > 1 and kind < 0.3:
        n, k = scale.product(rng)
        gains = gains or n * k > value
        tale.facts.append(told(teller, *(IN_GROUPS if gains else OUT_GROUPS), N=n, K=k))
        tale.tokens += ["+" if gains else "-", n, "*", k]
    elif kind > 0.86 and len(tale.facts) > 1 and value % 2 == 0:
        tale.facts.append(told(teller, *HALVED))
        tale.tokens = [*bracketed(tale.tokens), "/", 2]
    elif kind > 0.82 and len(tale.facts) > 1 and value < 200:
        tale.facts.append(
            told(teller, "{when}the number of {t} [doubles|is doubled]", "{when}{a.double} {a's} [number of |]{t}")
        )
        tale.tokens = [*bracketed(tale.tokens), "*", 2]
    else:
        number = scale.plain(rng) if gains else scale.plain(rng, value - 1)
        tale.facts.append(told(teller, *(GAINED if gains else LOST), N=number))
        tale.tokens += ["+" if gains else "-", number]


def hoard(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return a story of things that come and go, and what is done with them in the end."""
    has_end = size > 1 and teller.rng.random() < 0.45
    tale = _opening(teller, scale, size - has_end)
    if size > 1 and len(tale.tokens) == 1:
        _changed(teller, scale, tale, 1)
        tale.sides = [("how many {t} {a?have-} [just |right |]after the first change", tale.tokens[:])]
    while tale.operations < size - has_end:
        _changed(teller, scale, tale, size - has_end - tale.operations)
    if has_end:
        _ended(teller, scale, tale)
    else:
        tale.asks = ASK_NOW
    return tale


def _ended(teller: Teller, scale: Scale, tale: Tale) -> None:
    """Add one operation that is the question: shared, packed, sold, compared or still missing."""
    rng, value = teller.rng, tale.value
    kind = rng.choice(["compare", "need", "price"] + ["share", "pack", "share", "pack"] * bool(divisors(value)))
    if kind in ("share", "pack"):
        divisor = rng.choice(divisors(value))
        tale.facts.append(told(teller, *(SHARED if kind == "share" else PACKED), N=divisor))
        tale.asks = ASK_SHARE if kind == "share" else ASK_PACKS
        tale.tokens = [*bracketed(tale.tokens), "/", divisor]
    elif kind == "price":
        price = rng.randint(2, 9)
        tale.facts.append(
            told(
                teller,
                "{when}{a.sell} [them|all of them|the {t}] for {$N} each",
                "{a.sell} each of them for {$N}",
                "{b.pay} {a*} {$N} for [each|every] {t1}",
                N=price,
            )
        )
        tale.asks = ASK_MONEY
        tale.tokens = [*bracketed(tale.tokens), "*", price]
    elif kind == "need":
        goal = value + scale.plain(rng)
        tale.facts.append(
            told(
                teller,
                "{a:need=} {N} {t}[ in all|]",
                "{a:want=} [to have|] {N} {t}",
                "{a's} {p1} {it:hold=} {N} {t}",
                N=goal,
            )
        )
        tale.asks = ASK_MORE
        tale.tokens = [goal, "-", *bracketed(tale.tokens)]
    else:
        other = scale.plain(rng, value - 1)
        tale.facts.append(told(teller, "{d} {it:have=} {N}[ {t}|]", "{d} {it:have=} [only |just ]{N} {t}", N=other))
        tale.asks = ASK_DIFFERENCE
        tale.tokens = [*tale.tokens, "-", other]


SHARED = (
    "{when}{a.[share|split|divide]} [them|all of them|the {t}] [equally|evenly] among {N} {who}",
    "{a.give} [them|all of them] to {N} {who}, the same number to each",
    "{N} {who} {.share} the {t} [equally|evenly]",
)
PACKED = (
    "{when}{a.[pack|put|sort]} [them|all of them|the {t}] into [bags|boxes|packs|sets] of {N}",
    "{a.put} {N} of them [in each|into every] [bag|box|pack|set]",
    "{a.make} [bags|boxes|packs|sets] of {N} from them",
)
ASK_SHARE = (
    "how many {t} does each {who1} get", "how many [{t} |]are for each {who1}", "how many {t} per {who1} is that",
    "[find|what is] each {who1}'s share", "how many {t} will every {who1} get", "what number of {t} does each get",
)  # fmt: skip
ASK_PACKS = (
    "how many [bags|boxes|packs|sets] is that", "how many [bags|boxes|packs|sets] {a?have}", "how many of these [is "
                                                                                             "that|are there]",
    "[find|what is] the number of [bags|boxes|packs|sets]", "how many [bags|boxes|packs|sets] {a?get}",
    "how many [bags|boxes|packs|sets] {~be} there",
)  # fmt: skip
ASK_MONEY = (
    "how much [money |]{a?[get|earn|make].}", "how many {money} {a?get.}", "how much money is that [in "
                                                                           "all|altogether|]",
    "[find|what is] the total amount", "how many {money} is that", "what sum {a?get.}",
)  # fmt: skip
ASK_MORE = (
    "how many more [{t} |]{a?need=}", "how many {t} are [still |]missing", "how many more {t} must {a} get",
    "[find|what is] the number of {t} missing", "how many {t} {a?still need=}", "how many more {t} is that",
)  # fmt: skip
ASK_DIFFERENCE = (
    "how many more [{t} |]{a?have=} than {d*}", "how many fewer {t} has {d!}", "by how many {t} is {a's} number larger",
    "what is the difference [now|between the two]", "[find|what is] the difference of their numbers",
    "how many more {t} are {a!s} than {d!s}",
)  # fmt: skip


def crowd(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return a story of animals or people who come and go at one place."""
    first = max(3, scale.plain(teller.rng))
    tale = Tale(
        [
            told(
                teller,
                "there {:be} {N} {t} {there}",
                "{N} {t} {:@stay} {there}",
                "{a.[see|count]} {N} {t} {there}",
                N=first,
            )
        ],
        [first],
    )
    for k in range(size):
        gains = teller.rng.random() < 0.5 or tale.value < 5
        number = scale.plain(teller.rng, 9999 if gains else tale.value - 1)
        options = (
            ("{when}{N} [more|more|other|new] [{t} |]{.@come}", "{N} more {.[come|arrive|appear]}")
            if gains
            else ("{when}{N} [of them|of the {t}|{t}|] {.@go}", "{N} {.[leave|go away]}", "{when}{N} of them {.@go}")
        )
        tale.facts.append(told(teller, *options, N=number))
        tale.tokens += ["+" if gains else "-", number]
        if k == 0:
            tale.sides = [("how many {t} were {there} after the first change", tale.tokens[:])]
    tale.asks = (
        "how many {t} {?there} [now|in the end|then]",
        "how many {t} {~be} {there} [now|in the end|then]",
        "how many [{t} |]{~be} left",
        "[find|what is|work out] the number of {t} [now|in the end]",
        "how many {t} {~be} there after all that",
        "how many {t} {~remain}",
        "so how many {t} {?there}",
        "now how many {t} {?there}",
    )
    return tale


def unknown_start(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return a story told from its end: how many were there at first."""
    rng = teller.rng
    value = scale.plain(rng)
    tale = Tale([], [value])
    changes: list[str] = []
    for _ in range(size):
        grows = tale.value > 5 and rng.random() < 0.4  # what was gained is taken off again
        number = scale.plain(rng, tale.value - 1) if grows else scale.plain(rng)
        changes.insert(
            0,
            told(
                teller,
                *(
                    ("{when}{a.@gain-} {N} [more|more {t}|new ones]", "{b.give-} {a*} {N} more")
                    if grows
                    else ("{when}{a.@loss-} {N}[ of them| {t}|]", "{a.give-} {N} [{t}|of them] to [{b*}|{c*}]")
                ),
                N=number,
            ),
        )
        tale.tokens += ["-" if grows else "+", number]
    tale.facts = [
        told(
            teller, "{a:have-} [some|a number of|many] {t}", "{a.@gain-} some {t}", "there were some {t} in {a's} {p1}"
        ),
        *changes,
        told(teller, "[now |]{a:have=} {N} [left|{t}|{t} left]", "{N} [{t} |]{:be=} left now", N=value),
    ]
    tale.asks = (
        "how many {t} {a?have-} [at first|at the start|to start with|in the beginning|originally]",
        "how many {t} {a?start with-}",
        "with how many {t} {a?start-}",
        "[find|tell] how many {t} {a:have-} at first",
        "how many {t} were there to begin with",
        "what number of {t} {a?have-} before all that",
    )
    return tale
