"""Stories of several operations about money: shopping and wages.

In: tales as in tales.py. Not in: other tales, joining facts to a text.
Invariant: every number of the expression is told in the text.
"""

from __future__ import annotations

from edgereason.evals.families.story.tales import Scale, Tale, Tokens, bracketed, divisors, told
from edgereason.evals.families.story.telling import Teller

SINGLE = ("{a.BUY} {Ta} for {$P}", "{Ta} costs {$P} and {a.BUY} it", "{a.BUY} {Ta}. it {it:cost} {$P}")
SEVERAL = (
    "{a.BUY} {C} {T} [for|at] {$P} each", "[each|one|every] {T1} costs {$P} and {a.BUY} {C}", "{T} cost {$P} each "
                                                                                              "and {a.BUY} {C} of them",
    "{a.BUY} {C} {T} at {$P} [apiece|per {T1}]", "{a.BUY} {C} {T}. each [one |]costs {$P}",
)  # fmt: skip
BILL = (
    "how much [money |]{a?[pay|spend].} [in all|altogether|]", "how many {money} {a?[pay|spend].}", "what is the "
                                                                                                    "total "
                                                                                                    "[cost|price|bill]",
    "how much is that [in all|altogether|in total]", "[find|work out] the total [cost|price]", "how much is "
                                                                                               "everything together",
)  # fmt: skip
INCOME = (
    "how much [money |]{a?[get|earn|make].} [in all|altogether|]", "how many {money} {a?[get|earn|make].}", "what "
                                                                                                            "is the "
                                                                                                            "total[ "
                                                                                                            "amount|]",
    "how much money is that [in all|altogether|]", "[find|work out] the total amount", "how much is that in {money}",
)  # fmt: skip
MONEY_LEFT = (
    "how much [money |]{a?have} left", "how many {money} are left", "how much [money |]is left", "[find|what is] "
                                                                                                 "the money left",
    "how many {money} {a?have} [now|left]", "how much [money |]{a?still have}",
)  # fmt: skip


def shopping(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return a story of things bought or sold at prices, and how the bill is paid."""
    rng = teller.rng
    sells = rng.random() < 0.2
    has_end = size > 1 and not sells and rng.random() < 0.7
    tale = Tale([], [])
    teller.nouns(g=teller.another("t1", "u1", "v1"))
    for k, noun in enumerate(("t", "u", "v", "g")):
        left = size - has_end - tale.operations - (k > 0)
        if left < (k == 0):
            break
        if left == 0 or (k > 0 and rng.random() < 0.25):
            price = scale.plain(rng)
            tokens: Tokens = [price]
            fact = told(teller, *SINGLE, P=price, T=noun)
        else:
            count, price = scale.product(rng)
            tokens = [count, "*", price]
            fact = told(teller, *SEVERAL, P=price, C=count, T=noun)
            tale.sides.append(
                (
                    told(
                        teller,
                        "how much [are|is that for] all the {T}",
                        "what do the {T} cost together",
                        "what is the price of all the {T}",
                        T=noun,
                    ),
                    tokens,
                )
            )
        tale.facts.append(fact.replace("BUY", "sell" if sells else "[buy|buy|order|get]"))
        tale.tokens += ["+", *tokens] if k else tokens
    tale.asks = INCOME if sells else BILL
    if has_end:
        _paid(teller, scale, tale)
    return tale


def _paid(teller: Teller, scale: Scale, tale: Tale) -> None:
    """Add how the bill is paid, and the question."""
    rng, value = teller.rng, tale.value
    parts = [d for d in divisors(value) if d < 10]
    if parts and rng.random() < 0.25:
        part = rng.choice(parts)
        tale.facts.append(
            told(
                teller,
                "{N} {who} share the [cost|bill|price] [equally|evenly]",
                "the [bill|cost] is split [equally|evenly] among {N} {who}",
                N=part,
            )
        )
        tale.asks = (
            "how much does each {who1} pay",
            "how many {money} is that for each {who1}",
            "[find|what is] the share of each {who1}",
            "how much is one share",
        )
        tale.tokens = [*bracketed(tale.tokens), "/", part]
        return
    total = value + scale.plain(rng)
    tale.tokens = [total, "-", *bracketed(tale.tokens)]
    if rng.random() < 0.5:
        tale.facts.append(told(teller, "{a.pay} with {$N}", "{a.[give|hand]} the [clerk|cashier|seller] {$N}", N=total))
        tale.asks = (
            "how much [change|money] {a?get.} back",
            "how many {money} {a?get.} back",
            "what is {a's} change",
            "[find|work out] {a's} change",
            "how much change is that",
        )
    else:
        tale.facts.insert(
            0,
            told(
                teller,
                "{a:have} {$N}",
                "{a.go} to the [store|market|shop|mall|fair] with {$N}",
                "{a.save} {$N}",
                N=total,
            ),
        )
        tale.asks = MONEY_LEFT


def wages(teller: Teller, scale: Scale, size: int) -> Tale:
    """Return a story of money earned by the hour, then spent."""
    rng = teller.rng
    pay, hours = scale.product(rng)
    tale = Tale(
        [
            told(
                teller,
                "{a.[earn|get|make]} {$P} [an|per|each] hour and {a.work} {H} hours",
                "{a.work} {H} hours for {$P} an hour",
                "[for|over] {H} {time} {a.[earn|save|make]} {$P} [a|each|every] {time1}",
                P=pay,
                H=hours,
            )
        ],
        [pay, "*", hours],
    )
    tale.sides = [("how much [money |]is [that|earned] at first", tale.tokens[:])]
    tale.asks = INCOME
    while tale.operations < size:
        left = size - tale.operations
        if left > 1 and rng.random() < 0.45:
            count, price = scale.product(rng)
            if count * price < tale.value:
                tale.facts.append(
                    told(
                        teller,
                        "{when}{a.[buy|order]} {C} {t} for {$P} each",
                        "{when}{a.spend} {$P} on each of {C} {t}",
                        "{a.pay} {C} {who} {$P} each",
                        C=count,
                        P=price,
                    )
                )
                tale.tokens += ["-", count, "*", price]
                tale.asks = MONEY_LEFT
                continue
            tale.facts.append(
                told(
                    teller, "{when}{a.sell} {C} {t} for {$P} each", "{C} {who} {.give} {a*} {$P} each", C=count, P=price
                )
            )
            tale.tokens += ["+", count, "*", price]
        elif left == 1 and rng.random() < 0.25 and divisors(tale.value):
            part = rng.choice(divisors(tale.value))
            tale.facts.append(told(teller, "[each|one|a] {u1} costs {$N}", "{u} cost {$N} each", N=part))
            tale.asks = (
                "how many {u} can {a} buy",
                "how many {u} can be bought with [that|all the money]",
                "[find|what is] the number of {u} {a} can buy",
                "for how many {u} is that enough",
            )
            tale.tokens = [*bracketed(tale.tokens), "/", part]
        else:
            gains = rng.random() < 0.5 or tale.value < 5
            number = scale.plain(rng, 9999 if gains else tale.value - 1)
            options = (
                ("{when}{a.[get|find|receive|win|save]} {$N} more{where}", "[{b}|{c}] {it.[give|lend|pay]} {a*} {$N}")
                if gains
                else ("{when}{a.[spend|pay]} {$N} [on|for] [{ua}|{va}]{where}", "{a.give} [{b*}|{c*}] {$N}")
            )
            tale.facts.append(told(teller, *options, N=number))
            tale.tokens += ["+" if gains else "-", number]
            tale.asks = (
                MONEY_LEFT
                if not gains
                else (
                    "how much [money |]{a?have} [now|in the end|then]",
                    "how many {money} {a?have} [now|in the end]",
                    "[find|what is] the money {a:have=} now",
                )
            )
    return tale
