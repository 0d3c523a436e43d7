"""Frames of one-operation stories about money and ages.

In: data alone, as in frames.py. Not in: drawing, joining.
Invariant: a frame's answer is `n op m`; no template holds eight fixed words in a row.
"""

from __future__ import annotations

from edgereason.evals.families.story.frames import frame

COST = (
    "how much [money |]{a?[spend|pay].} [in all|altogether|]; how many {money} {a?[spend|pay].}; what is the total[ "
    "cost| price|]; how much is it [in total|altogether]; <seek> the total [cost|price]; how many {money} [in "
    "all|altogether] {a?pay.}; what does that come to; how much are all the {t} [together|]; how much {a?owe}; what "
    "{a?pay} in total"
)
GOT = (
    "how much [money |]{a?[earn|make|get].} [in all|altogether|]; how many {money} {a?[earn|make|get].}; what is the "
    "total[ amount|]; how much money is that [in all|altogether|]; <seek> the total amount; how many {money} is that "
    "[in all|]; how many {money} [in all|altogether] {a?get.}; what does that come to; how much is that together"
)
MONEY_LEFT = (
    "how much [money |]is left; how many {money} are left; how much [money |]{a?have} left; how much [money "
    "|]{a?have} now; <seek> the amount left; how many {money} {a?have} [left|now|then]; how much [money |]{a?still "
    "have}; how many {money} {a?keep}; what is left of the money"
)
CHANGE = (
    "how much change {a?get.}; how much [money |]{a?get.} back; how many {money} {a?get.} back; what is {a's} change; "
    "<seek> {a's} change; how much change is that; how many {money} [of change|in change] is that; how much should "
    "{a} get back"
)
OLD = (
    "how old {b?be=}[ now|]; what is {b's} age; how many years old is {b}; <seek> {b's} age; {b's} age is what; so "
    "how old {b?be=}; {b} is how old; what age is {b}"
)
ONE = (
    "how much is [one|each|one {t1}|each {t1}]; how much does [one|each] {t1} cost; what is the price of [one|each] "
    "{t1}; how much is that [each|apiece|per {t1}]; <seek> the price of one {t1}; how many {money} is one {t1}; what "
    "does a single {t1} cost; how much for one {t1}"
)

MONEY = (
    frame(
        "price", "*",
        "[each|one|every|a single] {t1} costs {$n}. {a.buy} {m}[ of them| {t}|]; {t} cost {$n} each. {a.buy} {m}[ "
        "{t}|]; {a.buy} {m} {t} [for|at] {$n} [each|apiece|per {t1}]; [a|the] {p1} of {t} costs {$n}. {a.[buy|order]} "
        "{m} {p}; "
        "{a.buy} {m} {t}. each [one |]{it.cost} {$n}; {a.pay} {$n} for each of {m} {t}", COST, most_m=200,
    ),
    frame(
        "wages", "*",
        "{a.sell} {m} {t} [for|at] {$n} each; {a.[earn|save|get|make]} {$n} [a|per|each|every] {time1} for {m} "
        "{time}; {a.get} {$n} for [each|every] {w1}. {a.@work} {m}[ {w}|]; "
        "{a.[earn|make]} {$n} an hour. {a.work} {m} hours; {m} {who} give {a*} {$n} each", GOT, most_m=200,
    ),
    frame(
        "price_asked", "*",
        "[each|one|every|a single] {t1} costs {$n}; {t} [cost|are] {$n} each; {a:[pay|spend]=} {$n} for "
        "[each|every|one] {t1}; the price of one {t1} is {$n}",
        "how much do {m} {t} cost; what do {m} {t} cost; how much [will|would] {m} {t} cost; what is the [price|cost] "
        "of {m} {t}; how much are {m} {t}; <seek> the price of {m} {t}; how many {money} are {m} {t}; {m} {t} cost "
        "how much; "
        "how much {a?pay=} for {m} {t}", most_m=200, tense="present",
    ),
    frame(
        "unit_price", "/",
        "{m} {t} cost {$n}[ altogether| in all|]; {a.[pay|spend]} {$n} for {m} {t}; {a.buy} {m} {t} for {$n}; "
        "{a.sell} {m} {t} for {$n} [in all|altogether]; "
        "{a.buy} {m} {t}. the [bill|total|price] was {$n}", ONE, most_m=200, tense="past",
    ),
    frame(
        "unit_wage", "/",
        "{a.[earn|make|save|get]} {$n} in {m} {time}; in {m} {time} {a.[earn|make|save]} {$n}; {a.[earn|get]} {$n} "
        "for {m} {time} of work",
        "how much {a?[earn|make].} [each|per|a|every|in one] {time1}; how much is that [each|per|a|every] {time1}; "
        "how many {money} [each|per|a] {time1} is that; <seek> the amount per {time1}; how much money per {time1} "
        "{a?get.}; what is that for one {time1}; how many {money} {a?get.} [a|per] {time1}; "
        "what {a?make.} in one {time1}", most_m=200, tense="past",
    ),
    frame(
        "afford", "/",
        "[each|one|a] {t1} costs {$m}. {a:have} {$n}; {a:have} {$n} to [buy {t}|spend on {t}]. {t} cost {$m} each; "
        "{a.[spend|pay]} {$n} on {t} [at|for] {$m} each; {t} are {$m} [each|apiece]. {a:have} {$n}",
        "how many {t} can {a} buy; how many {t} [can|could] be bought; how many {t} is that; <seek> the number of "
        "{t}; how many {t} {a?buy.}; how many {t} does the money buy; for how many {t} is it enough; how many {t} "
        "{a?get.}; what number of {t} can {a} [buy|get]",
    ),
    frame(
        "split_bill", "/", "{m} {who} {.share} {$n} [equally|evenly]; "
                           "{m} {who} split a [bill|price|prize] of {$n} [equally|evenly]; {ta} costs {$n}. {m} {who} "
                           "share the price [equally|evenly]; "
        "{a.[divide|split]} {$n} [equally |evenly |]among {m} {who}",
        "how much is that for each[ {who1}|]; how much is each share; how many {money} is one share; <seek> the share "
        "of each; how much per {who1} is that; "
        "how many {money} for each [{who1}|one]; how much is one share; what is each one's share", most_m=200,
    ),
    frame(
        "spend", "-",
        "{a:have} {$n}. {when}{a.spend} {$m}[ on {ta}| on {t}|{where}]; {a:have} {$n}. {ta} costs {$m} and {a.buy} "
        "it; {a.save} {$n}. {when}{a.[spend|pay|give away|lose]} {$m}; {a.spend} {$m} of {a's} {$n}[ on {t}|{where}]; "
        "{a:have} {$n} in {a's} [pocket|bank|wallet|purse]. {a.[take out|spend|use]} {$m}; {a:have} {$n}. {a.give} "
        "{$m} to {b*}",
        MONEY_LEFT,
    ),
    frame(
        "change", "-",
        "{a.pay} with {$n} for {ta} that costs {$m}; {ta} costs {$m}. {a.[give|hand]} the [clerk|cashier|seller] "
        "{$n}; {a.buy} {ta} for {$m}. {a.pay} with {$n}; "
        "{a.buy} {t} for {$m} and {.hand-} over {$n}", CHANGE, tense="past",
    ),
    frame(
        "earn", "+",
        "{a:have} {$n}. {when}{a.[earn|get|find|win|save|receive]} {$m}[ more|]{where}; {a:have} {$n}. "
        "{b.[give|lend|pay]} {a*} {$m}[ more|]; {a:have} {$n} in {a's} [pocket|bank|wallet|purse]. {a.[put "
        "in|add|get]} {$m} more",
        "how much [money |]{a?have} [now|in all|altogether|]; how many {money} {a?have} [now|in all|altogether]; how "
        "much money is that [in all|altogether|]; <seek> the total amount; how much [money |]{a?have} [then|after "
        "that]; how many {money} is that; how much is there now; how much money {a?end up with}",
    ),
    frame(
        "bills", "+",
        "{a.spend} {$n} on {t} and {$m} on {u}; {ta} costs {$n}. {ua} costs {$m}. {a.buy} both; {a.buy} {ta} for {$n} "
        "and {ua} for {$m}; {a.pay} {$n} for {t}. {a.pay} {$m} for {u}; "
        "{a.[spend|pay]} {$n} on {d1}. on {d2} {a.[spend|pay]} {$m}", COST, tense="past",
    ),
    frame(
        "pay_both", "+", "{a.[earn|save|make]} {$n} on {d1} and {$m} on {d2}; "
                         "{a.sell} {ta} for {$n} and {ua} for {$m}; {a.[earn|get]} {$n} for {t} and {$m} for {u}; "
        "{a.[earn|save|make]} {$n} last {time1}. this {time1} {a.[earn|save|make]} {$m}", GOT, tense="past",
    ),
    frame(
        "price_difference", "-", "{ta} costs {$n}. {ua} costs {$m}; {ta} [is|costs] {$n} and {ua} [is|costs] {$m}; "
                                 "{a.[pay|spend]} {$n} for {ta} and {$m} for {ua}; {t} cost {$n} and {u} cost {$m}",
        "how much more is the {t1}; how much less is the {u1}; how many {money} more is the {t1} than the {u1}; what "
        "is the difference in price; <seek> the difference in price; by how much do the prices differ; how many "
        "{money} less is the {u1}; how much cheaper is the {u1}",
    ),
    frame(
        "money_difference", "-", "{a:have} {$n}. {b:have} {$m}; "
                                 "{a.[earn|save|spend|get]} {$n}. {b.[earn|save|spend|get]} {$m}; {a:have} {$n} and "
                                 "{b} {it:have} {$m}",
        "how much more is that for {a*}; how many {money} more is {a's} amount; what is the difference; how many "
        "{money} less is {b's} amount; <seek> the difference; how much more [money |]is {a's} amount; by how much do "
        "the amounts differ; how much less is {b!s}",
    ),
    frame(
        "price_need", "-", "{a:have} {$m}. {ta} costs {$n}; "
                           "{a:want} to save {$n}[ for {ta}|]. so far {a:have} {$m}; {a:want} {ta} for {$n}. {a:have} "
                           "{$m}; {a:need} {$n}. {b.give} {a*} {$m}; "
        "{ta} costs {$n}. {a:have} [only |]{$m}[ saved|]",
        "how much more [money |]{a?need}; how much [money |]is missing; how many more {money} {a?need}; how much more "
        "must {a} [save|get]; <seek> what is missing; how many {money} are missing; how much more [money |]is needed; "
        "how much more should {a} save",
    ),
    frame(
        "price_more", "+", "{ua} costs {$n}. {ta} costs {$m} more[ than that|]; "
                           "{ua} costs {$n}. that is {$m} less than {ta}; {ta} was {$n}. its price [rose|went up] by "
                           "{$m}; "
        "{ta} costs {$m} more than {ua}. {ua} costs {$n}",
        "how much is the {t1}; what does the {t1} cost; how many {money} is the {t1}; <seek> the price of the {t1}; "
        "what is the price of the {t1}; how much does {ta} cost; the {t1} costs how much; how much for the {t1}",
    ),
    frame(
        "price_less", "-", "{ua} costs {$n}. {ta} costs {$m} less[ than that|]; "
                           "{ua} costs {$n}. that is {$m} more than {ta}; {ta} was {$n}. its price [fell|went "
                           "down|was cut] by {$m}; "
        "{ta} costs {$n}. there is a [coupon|sale|discount] for {$m} off; {ta} costs {$m} less than {ua}. {ua} costs "
        "{$n}",
        "how much is the {t1} now; what does the {t1} cost then; how many {money} is the {t1}; <seek> the price of "
        "the {t1}; what is the price of the {t1}; how much does {ta} cost; the {t1} costs how much; how much for the "
        "{t1}",
    ),
    frame(
        "money_at_first", "+", "{a.spend} {$m}[ on {ta}|{where}|]. now {a:have=} {$n}[ left|]; "
                               "after {a.[spend-|pay-]} {$m}, {a:have-} {$n} left; {a.pay-} {$m} for {ta} and {$n} "
                               "[was|is] left",
        "how much [money |]{a?have-} [at first|before|to start with|in the beginning]; how many {money} {a?have-} at "
        "first; how much {a?start with-}; how much was there at first; <seek> the amount {a:have-} before; with how "
        "much {a?start-}; "
        "how much money did {a's} [purse|pocket] hold first; what amount {a?have-} before", tense="past",
    ),
)  # fmt: skip

AGES = (
    frame("age_later", "+", "{a:be=} {n} years old; {a:be=} {n}[ now|]; {a:be=} [now |]{n} years [old|of age]",
          "how old will {a} be in {m} years; in {m} years, how old will {a} be; {m} years from now, how old will {a} "
          "be; <seek> {a's} age in {m} years; what will {a's} age be in {m} years; how old will {a} be {m} years from "
          "now; after {m} years, how old will {a} be; {a's} age in {m} years is what",
          most=99, most_m=40),
    frame("age_ago", "-", "{a:be=} {n} years old; {a:be=} {n}[ now|]; {a:be=} [now |]{n} years [old|of age]",
          "how old {a?be-} {m} years ago; {m} years ago, how old {a?be-}; <seek> {a's} age {m} years ago; what was "
          "{a's} age {m} years ago; how many years old {a?be-} {m} years ago; {a's} age {m} years ago was what; how "
          "old {a?be-} {m} years before; {m} years earlier, how old {a?be-}",
          most=99),
    frame("older", "+", "{a:be=} {n}[ years old|]. {b:be=} {m} years older[ than {a*}|]; "
                        "{a:be=} {n} years old. {a:be=} {m} years younger than {b*}; "
          "{b:be=} {m} years older than {a*}. {a:be=} {n}", OLD, most=99),
    frame("younger", "-", "{a:be=} {n}[ years old|]. {b:be=} {m} years younger[ than {a*}|]; "
                          "{a:be=} {n} years old. {a:be=} {m} years older than {b*}; "
          "{b:be=} {m} years younger than {a*}. {a:be=} {n}", OLD, most=99),
    frame("age_gap", "-", "{a:be=} {n}[ years old|]. {b:be=} {m}[ years old|]; "
                          "{a:be=} {n} and {b} {it:be=} {m}[ years old|]",
          "how many years older is {a's} age; how many years are between them; how much older {a?be=} than {b*}; how "
          "many years younger is {b}; what is the difference of their ages; how many years older {a?be=} than {b*}; "
          "by how many years are they apart; <seek> the difference of their ages",
          most=99, is_loose=True),
)  # fmt: skip
