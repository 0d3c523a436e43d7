"""More stories of several operations: work, wholes and parts, scaling, shapes.

In: tales as in tales.py. Not in: one growing and shrinking number, joining facts to a text.
Invariant: every number of the expression is told in the text or is meant by its words ("half", "perimeter").
"""

from __future__ import annotations

from collections.abc import Callable

from edgereason.evals.families.story import lexicon
from edgereason.evals.families.story.tales import Scale, Tale, Tokens, bracketed, crowd, hoard, told, unknown_start
from edgereason.evals.families.story.tales_money import MONEY_LEFT, shopping, wages
from edgereason.evals.families.story.tales_people import chain, family, rivals
from edgereason.evals.families.story.telling import Teller


def work(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return one to three people who work at their rates, towards a goal or compared."""
    rng = teller.rng
    end = rng.choice(("", "", "goal", "before")) if size > 1 else ""
    tale = Tale([], [])
    for key in "abcd":
        left = size - bool(end) - tale.operations - (key != "a")
        if left < 1:
            break
        rate, times = scale.product(rng)
        tale.facts.append(
            told(
                teller,
                "{Y.@work} {N} {w} [a|each|every|per] {time1} for {K} {time}",
                "for {K} {time} {Y.@work} {N} {w} [a|each|every] {time1}",
                "{Y.@work} {N} {w} [each|every] {time1}. {Y.work} {K} {time}",
                Y=key,
                N=rate,
                K=times,
            )
        )
        tokens: Tokens = [rate, "*", times]
        tale.sides.append((told(teller, "how many {w} {Y?@work.}", "how many {w} is that for {Y*}", Y=key), tokens))
        tale.tokens += ["+", *tokens] if key != "a" else tokens
    if size - bool(end) - tale.operations == 1:
        number = scale.plain(rng)
        tale.facts.append(
            told(teller, "[{d}|{o}] {it.@work} {N} {w}[ more|]", "{when}{a.@work} {N} [extra|more] {w}", N=number)
        )
        tale.tokens += ["+", number]
    tale.asks = (
        "how many {w} is that [in all|altogether|in total]",
        "[find|what is] the total number of {w}",
        "how many {w} are there [in all|altogether]",
        "altogether how many {w} is that",
        "how many {w} does that make",
        "in all, how many {w} is that",
    )
    if end == "goal":
        goal = tale.value + scale.plain(rng)
        tale.facts.append(
            told(teller, "the goal is {N} {w}", "there {:be} {N} {w} to {work}", "{N} {w} are [needed|wanted]", N=goal)
        )
        tale.asks = (
            "how many {w} are [left|still missing]",
            "how many more {w} are needed",
            "[find|what is] the number of {w} left",
            "how many {w} remain",
            "how many {w} are still to do",
        )
        tale.tokens = [goal, "-", *bracketed(tale.tokens)]
    elif end == "before":
        number = scale.plain(rng)
        tale.facts.insert(
            0,
            told(
                teller, "{N} {w} were [done|there] before", "{a:have} {N} {w} [done|ready] [already|at first]", N=number
            ),
        )
        tale.tokens = [number, "+", *tale.tokens]
    return tale


def parts(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return a whole of which all parts but one are told."""
    rng = teller.rng
    told_parts: list[str] = []
    tokens: Tokens = []
    for k in (1, 2, 3):
        left = size - sum(token in ("+", "*") for token in tokens) - (k > 1)
        if left < 1:
            break
        if left > 1 and rng.random() < 0.5:
            n, each = scale.product(rng)
            told_parts.append(
                told(
                    teller,
                    f"{{N}} [{{p}}|{{q}}] of {{K}} {{:be}} {{c{k}}}",
                    f"there {{:be}} {{N}} {{p}} with {{K}} {{c{k}}} [ones|{{t}}]",
                    N=n,
                    K=each,
                )
            )
            part: Tokens = [n, "*", each]
        else:
            number = scale.plain(rng)
            told_parts.append(
                told(
                    teller, f"{{N}} [of them |]{{:be}} {{c{k}}}", f"there {{:be}} {{N}} {{c{k}}} [ones|{{t}}]", N=number
                )
            )
            part = [number]
        tokens += ["+", *part] if tokens else part
    total = Tale([], tokens).value + scale.plain(rng)
    flat: Tokens = [total, "-", *("-" if token == "+" else token for token in tokens)]
    facts = [
        told(teller, "{a:have} {N} {t}", "there {:be} {N} {t} [{spot}|in all|]", N=total),
        *told_parts,
        "the [rest|others] {:be} {c4}",
    ]
    asks = (
        "how many {t} {~be} {c4}",
        "how many {c4} {t} {?there}",
        "[find|what is] the number of {c4} [{t}|ones]",
        "how many of the {t} {~be} {c4}",
        "how many {~be} {c4}",
    )
    return Tale(facts, flat, asks)


def average(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return the mean of some numbers."""
    rng, count = teller.rng, max(2, min(size, 6))
    numbers = [scale.plain(rng) + 2 for _ in range(count)]
    numbers[-1] += -sum(numbers) % count
    slots = ["{" + teller.number(number) + "}" for number in numbers]
    listed = ", ".join(slots[:-1]) + " and " + slots[-1]
    tokens: Tokens = [numbers[0]]
    for number in numbers[1:]:
        tokens += ["+", number]
    facts = [
        told(
            teller,
            f"in {{N}} {{time}} {{a.@work}} {listed} {{w}}",
            f"{{a.@gain}} {listed} {{t}} on {{N}} days",
            f"{{N}} {{who}} have {listed} {{t}}",
            N=count,
        )
    ]
    asks = (
        "what is the [average|mean]",
        "[find|work out] the [average|mean]",
        "how many is that on average",
        "what was the average number",
        "on average, how many is that",
    )
    return Tale(
        facts,
        ["(", *tokens, ")", "/", count],
        asks,
        sides=[("how many are the first two together", tokens[:3])],
    )


def scaling(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return so much for some, how much for others; then a little more or less."""
    rng = teller.rng
    each, count = scale.product(rng)
    other = rng.choice([n for n in range(2, 13) if n != count])
    kind = rng.choice(("price", "work", "groups"))
    fact, ask, side = {
        "price": (
            "{C} {t} cost {$N}",
            "[how much do {K} {t} cost|what is the price of {K} {t}|how much are {K} {t}]",
            "how much is one {t1}",
        ),
        "work": (
            "{a.@work} {N} {w} in {C} {time}",
            "[at this rate, how many {w} is that in {K} {time}|how many {w} can {a} {work} in {K} {time}]",
            "how many {w} per {time1} is that",
        ),
        "groups": (
            "{N} {t} fill {C} {p}",
            "[how many {t} fill {K} {p}|how many {t} are in {K} {p}|how many {t} are needed for {K} {p}]",
            "how many {t} fill one {p1}",
        ),
    }[kind]
    tale = Tale(
        [told(teller, fact, C=count, N=each * count)],
        [each * count, "/", count, "*", other],
        (told(teller, ask, K=other),),
    )
    tale.sides = [(side, [each * count, "/", count])]
    left = size - 2
    if left > 0 and kind == "price":
        total = each * other + scale.plain(rng)
        tale.facts.append(
            told(teller, "{a.buy} {K} {t} and {a.pay} with {$N}", "{a:have} {$N} and {a.buy} {K} {t}", K=other, N=total)
        )
        tale.asks = MONEY_LEFT
        tale.tokens = [total, "-", *tale.tokens]
    elif left > 0:
        extra = scale.plain(rng)
        thing = "w" if kind == "work" else "t"
        unit = "time" if kind == "work" else "p"
        tale.facts.append(
            told(
                teller,
                "{a:have} {N} [more |other ]{T} already",
                "there {:be} {N} {T} [extra|besides|left from before]",
                N=extra,
                T=thing,
            )
        )
        tale.asks = (
            told(
                teller,
                "with these, how many {T} is that after {K} {U}",
                "how many {T} is that with {K} {U} more",
                "counting all, how many {T} for {K} {U}",
                T=thing,
                U=unit,
                K=other,
            ),
        )
        tale.tokens = [extra, "+", *tale.tokens]
    return tale


def shapes(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return rectangles: the way around, the area, and what a fence or a floor costs."""
    rng = teller.rng
    long, wide = scale.product(rng)
    around = rng.random() < 0.5
    fact = told(
        teller,
        "[a|the|one] [garden|room|field|yard|floor] [measures|is] {N} {lu} by {K} {lu}",
        "{a:have} a [garden|room|field|yard] of {N} by {K} {lu}",
        N=long,
        K=wide,
    )
    tokens: Tokens = [2, "*", "(", long, "+", wide, ")"] if around else [long, "*", wide]
    asks = (
        (
            "what is its perimeter",
            "how far is it around",
            "[find|work out] its perimeter",
            "how long is the way around it",
        )
        if around
        else ("what is its area", "how many square {lu} is that", "[find|work out] its area", "how large is the area")
    )
    tale = Tale([fact], tokens, asks, sides=[("how many {lu} are length and width together", [long, "+", wide])])
    if size > tale.operations and rng.random() < 0.6:
        cut = scale.plain(rng, max(3, tale.value - 1))
        tale.facts.append(
            told(
                teller,
                "{N} {lu} of its edge {:be} [open|a gate]" if around else "{N} square {lu} {:be} [covered|wet|painted]",
                N=cut,
            )
        )
        tale.asks = (
            ("how many {lu} of the edge are closed", "how much of the edge is left")
            if around
            else ("how many square {lu} are left", "how large is the rest")
        )
        tale.tokens = [*tale.tokens, "-", cut]
    if size > tale.operations:
        price = rng.randint(2, 9)
        thing = "[a fence|a wall|rope] for" if around else "[a carpet|paint|grass] for"
        tale.facts.append(
            told(
                teller,
                f"{thing} [each|one] [square |]{{lu1}} costs {{$N}}".replace("[square |]", "" if around else "square "),
                N=price,
            )
        )
        tale.asks = (
            "how much is it for [that part|the whole]",
            "what does [all of it|that] cost",
            "how many {money} is that [in all|]",
            "[find|work out] the [cost|price]",
        )
        tale.tokens = [*bracketed(tale.tokens), "*", price]
    return tale


Maker = Callable[[Teller, Scale, int], Tale]
TALES: dict[str, tuple[Maker, int, int, int]] = {  # fewest and most operations, weight
    "hoard": (hoard, 2, 8, 30),
    "crowd": (crowd, 2, 8, 8),
    "unknown_start": (unknown_start, 2, 5, 8),
    "shopping": (shopping, 2, 8, 16),
    "wages": (wages, 2, 8, 12),
    "chain": (chain, 2, 6, 10),
    "family": (family, 2, 8, 12),
    "work": (work, 2, 8, 12),
    "parts": (parts, 2, 6, 8),
    "average": (average, 2, 6, 3),
    "scaling": (scaling, 2, 3, 8),
    "shapes": (shapes, 2, 4, 4),
    "rivals": (rivals, 2, 6, 8),
}
LIVING_TALES = {"crowd": tuple(lexicon.COMES)}
