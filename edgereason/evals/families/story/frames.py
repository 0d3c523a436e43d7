"""Frames of one-operation stories about change and comparison: facts with numbers n and m, and the ways to ask.

In: data alone, in the template language of telling.py. Not in: drawing numbers, words and people, joining facts.
Invariant: a frame's answer is `n op m`; no template holds eight fixed words in a row.

In the text of a frame "; " parts tellings (or asks), ". " parts the facts of a telling, and <has> is a macro.
"""

from __future__ import annotations

from dataclasses import dataclass

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """The ways to tell one operation on n and m, and to ask for its result."""

    name: str
    operator: str
    tellings: tuple[Words, ...]
    asks: Words
    kinds: Words  # what the things may be
    tense: str  # "past" or "present" where only that will do
    most: int  # largest n or result
    most_m: int
    fixed_m: int  # m, where the wording says it: "twice", "a week"
    is_loose: bool  # the facts may swap places


ANY = ("thing", "thing", "food")
LIVING = ("land", "bird", "fish", "people", "vehicle")
MACROS = {
    "has": "[{a:have} {n} {t}|[at first |in the beginning |]{a:have} {n} {t}|{a:have} {n} {t} {spot}|{a.@gain} {n} "
    "{t}{where}|{a:own} {n} {t}|there {:be} {n} {t} in {a's} {p1}|{a:have} {n} {t}|{a:have} {n} {t}{where}]",
    "lot": "[there {:be} {n} {t} {there}|{n} {t} {:@stay} {there}|{a.see} {n} {t} {there}|{a.count} {n} {t} {there}]",
    "few": "[{a:have-} {m} {t}|[at first |in the beginning |]{a:have-} {m} {t}|{a:have-} {m} {t} {spot}]",
    "some": "[some|some of them|a few|several|some {t}|some of the {t}]",
    "them": "[of them|{t}|of the {t}|of {a's} {t}|]",
    "seek": "[find|work out|what is|tell|give]",
}


def frame(
    name: str, operator: str, tellings: str, asks: str, kinds: Words = ANY, tense: str = "", most: int = 9999,
    most_m: int = 9999, fixed_m: int = 0, is_loose: bool = False,
) -> Frame:  # fmt: skip
    """Return the frame that a text describes."""
    for macro, meaning in MACROS.items():
        tellings, asks = tellings.replace(f"<{macro}>", meaning), asks.replace(f"<{macro}>", meaning)
    told = tuple(tuple(telling.split(". ")) for telling in tellings.split("; "))
    return Frame(name, operator, told, tuple(asks.split("; ")), kinds, tense, most, most_m, fixed_m, is_loose)


LEFT = (
    "how many {t} {a?have} [left|now|remaining|left over]; how many {t} {~be} left[ over||]; how many [{t} "
    "|]{~remain}; how many {t} {a?still have}; how many {~be} left; <seek> the number of {t} [left|that {~be} left]; "
    "how many {t} {a?have} [then|after that]; what number of {t} {~be} [not gone|left|still there]; how many {t} "
    "{a?keep}; how many of {a's} {t} {~be} left"
)
GONE = (
    "how many {t} {a?@loss-}; how many {a?@loss-}; [find|tell] how many {t} are gone; how many [{t} |]are gone; what "
    "number of {t} {a?@loss-}; how many [of the |]{t} {a?@loss-} [in all|]; how many fewer {t} {a?have=} now; how "
    "many of {a's} {t} {a?@loss-}"
)
FIRST = (
    "how many {t} {a?have-} [at first|at the start|to start with|in the beginning|before that|originally]; how many "
    "{t} {a?start with-}; how many [{t} |]were there at first; how many {t} had {a} at the start; with how many {t} "
    "{a?start-}; [find|tell] how many {t} {a:have-} at first; how many {t} were there to begin with; what number of "
    "{t} {a?have-} before; how many {t} did {a's} [collection|pile] have at first"
)
BIGGER = (
    "how many {t} {b?have}; how many [{t} |]{b?have} [in all|]; what number of {t} {b?have}; <seek> {b's} number of "
    "{t}; how many {t} are {b!s}; how many has {b}; so how many {t} {b?have}; {b} {it:have} how many {t}"
)
DID = (
    "how many {t} {b?@gain.}; how many [{t} |]{b?@gain.}; what number of {t} {b?@gain.}; so how many {t} {b?@gain.}; "
    "[find|work out|tell] how many {t} {b.@gain}; {b.@gain} how many {t}; how many {t} is that for {b*}; how many "
    "{b?@gain.}"
)
THERE = (
    "how many {t} {~be} left[ {there}|]; how many [{t} |]{~stay}; how many {~be} left; how many {t} {~be} {there} "
    "[now|then]; how many [{t} |]{~remain}; <seek> the number of {t} left; how many {t} {~be} still there; how many "
    "{t} {?there} now; how many {t} {?there} in the end"
)
TOGETHER = (
    "how many {t} {?there} [now|in all|altogether|in total]; how many {t} {~be} {there} [now|then|]; <seek> the total "
    "number of {t}; how many {~be} there now; how many {t} is that [in all|altogether]; how many {t} are {there} "
    "after that; <seek> the number of {t} now; now how many {t} {?there}; how many {t} {~be} there [together|all "
    "together]"
)

CHANGES = (
    frame(
        "gain", "+",
        "<has>. {when}{a.@gain} {m} [more|more|other|extra|new|] {t}{where}; <has>. {when}{a.@gain} {m} more[ of "
        "them|]{where}; <has>. {b.[give|hand|send|sell|lend|bring|mail|pass]} {a*} {m} [more|more|extra|new] {t}; "
        "<has>. {a's} {kin} {it.[give|hand|send|bring|lend]} {a*} {m} [more|other|new] {t}; <has>. "
        "{when}{a.[get|receive|borrow|buy|take|win]} {m} [more|] {t} from {b*}; {a.[get|receive|buy]} {n} {t} on {d1} "
        "and {m} [more |]on {d2}; {a.@gain} {n} {t}{where}. {when}{a.@gain} {m} more[ {t}|]",
        "how many {t} {a?have} [now|in all|altogether|in total|in the end|]; <seek> the [total |]number of {t}; how "
        "many {t} {a?end up with}; how many {t} {a?have} [after that|all together|then]; what [number|total] of {t} "
        "{a?have}[ now|]; how many [{t} |]is that [in all|altogether|in total|all together]; now how many {t} "
        "{a?have=}; how many {t} {a?have} then; how many {t} {?there} [in all|now|altogether]",
    ),
    frame(
        "added", "+",
        "there {:be} {n} {t} {spot}. {when}{m} [more|other|new] {t} {.be} [added|brought in|put there|found]; {a.put} "
        "{n} {t} into {pa}. {when}{b.add} {m} more; there {:be} {n} {t} {spot}. {a.put} {m} more [in|there|with "
        "them]; {a.stack} {n} {t}. {b.[stack|put|lay]} {m} more on top",
        "how many {t} {?there} [now|in all|altogether|in total]; how many {t} is that [in all|altogether|in total]; "
        "<seek> the [total |new |]number of {t}; how many {?there} now; [count|find] all the {t}; the total is how "
        "many {t}; how many {t} {~be} there [together|then]; what number of {t} is that",
    ),
    frame(
        "loss", "-",
        "<has>. {when}{a.@loss} {m} <them>{where}; <has>. {when}{a.@lose} {m}[ of them| {t}|]; <has>. "
        "{a.[give|hand|send|sell|lend|bring|mail|pass]} {m} <them> to {b*}; <has>. {b.[take|borrow|buy|get|steal]} "
        "{m} <them> from {a*}; <has>. {a's} {kin} {it.[take|borrow|eat|break|lose|need|use]} {m} [{t}|of them]; "
        "{a.@loss} {m} of {a's} {n} {t}{where}; {a.give} {b*} {m} of {a's} {n} {t}",
        LEFT,
    ),
    frame(
        "spoiled", "-",
        "<has>. {when}{m} [of them|of the {t}|{t}] {spoil}; {n} {t} {:be} {spot}. {a.take} {m} [away|out|home]; there "
        "{:be} {n} {t} {spot}. {when}{m} [of them|of the {t}|] {spoil}; {m} of {a's} {n} {t} {spoil}",
        "how many {t} {~be} [left|still there|left over|left now]; how many {t} {~remain}; how many {~be} left; how "
        "many {t} are [not gone|left|still {spot}]; how many {t} {?there} now; [find|give] the number of {t} left; "
        "how many [good |]{t} are left; what number of {t} {~remain}", tense="past",
    ),
    frame(
        "arrivals", "+",
        "<lot>. {when}{m} [more|more|other] [{t} |]{.@come}; <lot>. {m} more {.@come}; <lot>. {when}{m} "
        "[more|other|new] {t} {.@come}; {n} {t} {.@come} [first|at first|in the morning]. {m} more {.@come} later",
        TOGETHER, kinds=LIVING,
    ),
    frame(
        "departures", "-",
        "<lot>. {when}{m} [of them|of the {t}|{t}|] {.@go}; <lot>. {when}{m} {.@go}; {m} of the {n} {t} {there} {.@go}",
        THERE, kinds=LIVING,
    ),
    frame(
        "gain_unknown", "-",
        "<few>. {when}{a.@gain-} [some more|some|a few more] and now {a:have=} {n}[ {t}|]; <few>. {when}{a.@gain-} "
        "some more {t}{where}. now {a:have=} {n} [{t}|of them|in all]; {a:have=} {n} {t} now. [yesterday|before "
        "that|at first] {a:have-} [only |]{m}[ of them|]; <few>. {when}{a.@gain-} more and {a:have-} {n}[ in all| "
        "{t}| altogether]",
        "how many [more |]{t} {a?@gain-}; how many {t} {a?@gain-} [in all|then|]; [find|work out] how many {t} "
        "{a.@gain-}; how many {a?@gain-}; what number of {t} {a?@gain-}; how many new {t} {a?have=}; how many more "
        "{t} is that; "
        "how many {t} {a?@gain-}{where}", tense="past",
    ),
    frame(
        "gift_unknown", "-",
        "<few>. {b.give-} {a*} [some more|some|a few more]. {a:have=} {n} [{t} |]now; <few>. {b.[give|hand]-} {a*} "
        "some more {t} and now {a:have=} {n}; after {b.give-} {a*} some {t}, {a:have-} {n}. {a:have-} {m} before",
        "how many {t} {b?give-} {a*}; how many {t} {a?get-} from {b*}; how many came from {b*}; how many {b?give-}; "
        "[find|work out] how many {t} {b.give-} {a*}; how many more {t} {a?have=} now; what number of {t} {b?give-} "
        "{a*}; "
        "how many {t} were [the gift|new]", tense="past",
    ),
    frame(
        "loss_unknown", "-",
        "{a:have-} {n} {t}. {when}{a.@loss-} <some>. [now |]{a:have=} [only |]{m} [left|{t} left|{t}|of them left]; "
        "{a:have-} {n} {t} [at first|before|]. {a.@loss-} some[ of them|] and {m} [{t} |]{:be-} left; {a.@loss-} "
        "[some|a few] of {a's} {n} {t}. {a:have=} {m} [left|{t} left|now]; "
        "{a:have-} {n} {t}{where}. {a.@loss-} some and now [only |]{m} {:be=} left", GONE, tense="past",
    ),
    frame(
        "spoiled_unknown", "-",
        "there {:be} {n} {t} {spot}. {when}some [of them|{t}|] {spoil}. [now |]{m} {:be=} left; {a:have} {n} {t}. "
        "{when}some of them {spoil}. {a:have=} {m} [left|good ones|now]; {a:have-} {n} {t}. {when}<some> {spoil} and "
        "{m} {:be-} left",
        "how many {t} {spoil}; how many {spoil}; how many [of the |]{t} {spoil}; how many {t} are gone; how many "
        "{a?lose-}; [find|tell] the number of {t} that {spoil}; how many of them {spoil}; what number of {t} {spoil}",
        tense="past",
    ),
    frame(
        "came_unknown", "-",
        "{m} {t} {:@stay-} {there}. {when}[some|a few|some more] [{t} |]{.@come-}. now there {:be=} {n}[ {t}|]; there "
        "{:be-} {m} {t} {there}. {when}some more {.@come-}. [then |]there were {n}[ in all| {t}|]",
        "how many [more |]{t} {.@come-}; how many {.@come-}; how many of the {t} {.@come-} later; how many more is "
        "that; [find|tell] how many {t} {.@come-}; how many {t} were new; what number of {t} {.@come-}; how many "
        "[other |]{t} {.@come-}",
        kinds=LIVING, tense="past",
    ),
    frame(
        "went_unknown", "-",
        "{n} {t} {:@stay-} {there}. {when}[some|some of them|a few] {.@go-}. {m} [{t} |]{:be-} left; there {:be-} {n} "
        "{t} {there}. {when}some {.@go-}. now [only |]{m} {:be=} [left|there]",
        "how many {t} {.@go-}; how many {.@go-}; how many of the {t} {.@go-}; how many of them {.@go-}; [find|tell] "
        "how many {t} {.@go-}; how many {t} are gone; what number of {t} {.@go-}; how many [{t} |]{.@go-} in all",
        kinds=LIVING, tense="past",
    ),
    frame(
        "stood_at_first", "+",
        "[some|many] {t} {:@stay-} {there}. {when}{m} {.@go-}. {n} [{t} |]{:be=} left; after {m} {t} {.@go-}, {n} "
        "{:be-} left {there}",
        "how many {t} were there [at first|before|to start with|originally]; how many {t} were {there} at first; how "
        "many were there before that; [find|tell] how many {t} there were at first; what number of {t} was there at "
        "first; at the start how many {t} were there; with how many {t} did it start; how many {t} had there been",
        kinds=LIVING, tense="past",
    ),
    frame(
        "start_gain", "-",
        "{a:have-} [some|a number of] {t}. {when}{a.@gain-} {m} more[ {t}|]. [now |]{a:have=} {n}[ in all| {t}|]; "
        "{a.@gain-} {m} {t}{where}. now {a:have=} {n} [{t} |][in all|altogether]; {b.give-} {a*} {m} {t}. now "
        "{a:have=} {n}[ {t}|]; after {b.give-} {a*} {m} {t}, {a:have-} {n}; {a:have=} {n} {t}. {m} of them {:be} "
        "[new|from today|from {b*}|a gift]",
        FIRST, tense="past",
    ),
    frame(
        "start_loss", "+",
        "{a:have-} [some|a lot of|many] {t}. {when}{a.@loss-} {m}[ of them| {t}|]. [now |]{a:have=} {n} [left|{t} "
        "left]; {a.@loss-} {m} [{t}|of {a's} {t}]. now {a:have=} [only |]{n}[ {t}| left|]; {a.give-} {m} {t} to {b*}. "
        "{a:have=} {n} [{t} |]left; after {a.give-} {m} {t} to {b*}, {a:have-} {n} left; {m} of {a's} {t} {spoil}. "
        "{n} {:be=} [left|still good]",
        FIRST, tense="past",
    ),
)  # fmt: skip

COMPARISONS = (
    frame(
        "difference", "-",
        "{a:have} {n} {t}. {b:have} {m}[ {t}|]; {a.@gain} {n} {t}. {b.@gain} {m}[ {t}|]; {a:own} {n} {t}. {b:own} "
        "{m}; {a.@make} {n} {t}{where}. {b.@make} {m}; {a's} {p1} {it:hold} {n} {t}. {b!s} {it:hold} {m}; {a:have} "
        "{n} {t} and {b} {it:have} {m}[ {t}|]",
        "how many more {t} {a?have} than {b*}; how many fewer {t} {b?have} than {a*}; by how many {t} is {a's} number "
        "larger; how many more {t} than {b} is that for {a*}; what is the difference between {a's} and {b's} {t}; how "
        "many [more|extra] {t} {b?need=} to have as many as {a*}; how many more does {b} need to match {a*}; "
        "how many {t} must {b} get to have as many", is_loose=True,
    ),
    frame(
        "kinds_difference", "-",
        "{a:have} {n} {t} and {m} {u}; there {:be} {n} {t} [{spot} |]and {m} {u}; {a.@gain} {n} {t}. {a} also "
        "{.[buy|get]-} {m} {u}; there {:be} {n} {t}. there {:be} {m} {u}",
        "how many more {t} than {u} {?there}; how many more {t} than {u} {a?have}; how many fewer {u} than {t} "
        "{?there}; how many fewer {u} than {t} {a?have}; what is the difference between {t} and {u}; by how many are "
        "the {t} more than the {u}; how many more {t} are there; how many {u} are missing to match the {t}",
        tense="past",
    ),
    frame(
        "groups_difference", "-",
        "there {:be} {n} {t} and {m} {who} {there}; {n} {t} {:@stay} {there}. there {:be} {m} {who}",
        "how many more {t} than {who} {?there}; how many fewer {who} than {t} {?there}; how many more {t} {?there}; "
        "by how many are the {t} more than the {who}; what is the difference between {t} and {who}; how many {who} "
        "are missing to match the {t}; how many more {who} do we need to match the {t}; "
        "if each of the {who} gets one, how many {t} are left", kinds=("land", "bird", "vehicle"),
    ),
    frame(
        "more_than", "+",
        "{a:have} {n} {t}. {b:have} {m} [more [{t} |]than {a*}|more than that|more]; {a:have} {n} {t}. {a:have} {m} "
        "[fewer|less] [{t} |]than {b*}; {a:have} {n} {t}. that {it:be} {m} [fewer|less] than {b:have}",
        BIGGER,
    ),
    frame(
        "fewer_than", "-",
        "{a:have} {n} {t}. {b:have} {m} [fewer|less|fewer {t}] than [{a*}|{a}]; {a:have} {n} {t}. {a:have} {m} more "
        "[{t} |]than {b*}; "
        "{a:have} {n} {t}. that {it:be} {m} more than {b:have}", BIGGER,
    ),
    frame("more_gained", "+", "{a.@gain} {n} {t}{where}. {b.@gain} {m} more [{t} |]than {a*}; "
          "{a.@gain} {n} {t}{where}. that was {m} [less|fewer] than {b.@gain}", DID, tense="past"),
    frame("fewer_gained", "-", "{a.@gain} {n} {t}{where}. {b.@gain} {m} [fewer|less] [{t} |]than {a*}; "
          "{a.@gain} {n} {t}{where}. that was {m} more than {b.@gain}", DID, tense="past"),
    frame(
        "kinds_more", "+",
        "there {:be} {n} {t} {spot}. there {:be} {m} more {u} than {t}; {a:have} {n} {t} and {m} more {u} than {t}; "
        "{a:have} {n} {t}. {a's} {t} {:be} {m} fewer than {a's} {u}",
        "how many {u} {?there}; how many {u} {a?have}; <seek> the number of {u}; what number of {u} {?there}; so how "
        "many {u} are there; how many are the {u}; how many {u} is that; find how many {u} there are",
    ),
    frame(
        "kinds_fewer", "-",
        "there {:be} {n} {t} {spot}. there {:be} {m} fewer {u} than {t}; {a:have} {n} {t} and {m} fewer {u}; {a:have} "
        "{n} {t}. {a:have} {m} more {t} than {u}",
        "how many {u} {?there}; how many {u} {a?have}; <seek> the number of {u}; what number of {u} {?there}; so how "
        "many {u} are there; how many are the {u}; how many {u} is that; find how many {u} there are",
    ),
)  # fmt: skip


def _measures() -> tuple[Frame, ...]:
    """Return the comparisons of lengths, heights and weights."""
    found: list[Frame] = []
    for thing, how, unit, up, down in (
        ("[rope|fence|road|river|ribbon|train|bridge|snake|board]", "long", "lu", "longer", "shorter"),
        ("[tower|tree|wall|pole|plant|ladder|statue|building]", "tall", "lu", "taller", "shorter"),
        ("[box|dog|bag|melon|stone|truck|pumpkin|cow]", "in weight", "wu", "heavier", "lighter"),
        ("[well|pool|lake|hole|pond]", "deep", "lu", "deeper", "shallower"),
    ):
        units = f"{{{unit}}}"
        one, other = f"{{a's}} {thing} {{it:be=}} {{n}} {units} {how}", f"{{b!s}} {{it:be=}} {{m}} {units}"
        red = f"[the|one] {{c1}} {thing} {{it:be=}} {{n}} {units} {how}"
        found.append(frame(
            "measure_difference", "-", f"{one}. {other} {how}; "
                                       f"{red}. [the|a] {{c2}} one {{it:be=}} {{m}} {units}[ {how}|]",
            f"how much {up} is [one|the first|the {up} one]; what is the difference in {units}; by how many {units} "
            f"do they differ; how many {units} {up} is one than the other; how much {down} is [the second|one of "
            f"them]; how many {units} {down} is the second one; <seek> the difference in {units}; how many {units} "
            f"are between them",
            most=2000,
        ))  # fmt: skip
        asks = (
            f"how many {units} is {{b!s}}; how many {units} is {{b's}} one; what does {{b!s}} measure in {units}; "
            f"<seek> {{b!s}} in {units}; {{b!s}} is how many {units}; how many {units} {how} is {{b!s}}; so how much "
            f"is {{b!s}} in {units}; what number of {units} is {{b!s}}"
        )
        for name, operator, word, turned in (("measure_more", "+", up, down), ("measure_less", "-", down, up)):
            tellings = f"{one}. {other} {word}; {red}. {other} {word}[ than that|]; {one}. "
            tellings += f"it is {{m}} {units} {turned} than {{b!s}}"
            found.append(frame(name, operator, tellings, asks, most=2000))
    return tuple(found)


MEASURES = (
    *_measures(),
    frame(
        "grow", "+",
        "[a|one|{a's}] [plant|tree|snake|fish|vine] was {n} {lu} long. {when}it grew {m} [more |]{lu}; the "
        "[snow|water|pool] was {n} {lu} deep. it [rose|went up] by {m} {lu}; it was {n} degrees in the morning. "
        "{when}it got {m} degrees [warmer|hotter]; {a.[walk|drive|ride|run]} {n} {far}. "
        "{when}{a.[walk|drive|ride|run]} {m} [more {far}|more|{far}]{where}; [a|one|the] bag {it:weigh} {n} {wu}. "
        "{a.put} {m} [more |]{wu} of sand in; {a.[pour|put]} {n} {vu} into the tank. {b.[add|pour in]} {m} {vu}; "
        "{a.[read|work|play|sleep]} for {n} minutes. {when}{a.[read|work|play|sleep]} {m} minutes more",
        "how much is that [in all|now|altogether]; what is it [now|in the end|in total]; what is the total; how much "
        "is it now; [find|give] the new [number|amount]; what number is that now; how many is that [in "
        "all|altogether|now]; and how much then",
        most=2000, tense="past",
    ),
    frame(
        "cut", "-",
        "[a|one|{a's}] [rope|ribbon|board|wire|string|pipe] was {n} {lu} long. {when}{a.cut off} {m} {lu}; {a:have} "
        "{n} {wu} of [flour|sugar|rice|clay|sand|nuts|coal]. {when}{a.[use|sell]} {m} {wu}[ of it|]; there {:be} {n} "
        "{vu} of [water|milk|paint|juice|oil|soup] in the [tank|pot|barrel]. {when}{m} {vu} [leaked out|were "
        "used|spilled]; [the trip is|it is|{a's} way home is] {n} {far}. {a.[walk|drive|ride|go]} {m} {far}[ so "
        "far|]; a [movie|class|game|song|ride] lasts {n} minutes. {m} minutes [have passed|are over|are gone]; it was "
        "{n} degrees [at noon|before]. {when}it got {m} degrees [colder|cooler]",
        "how much is left; how many are left; what is left [now|]; how much {~remain}; how much is that now; "
        "[find|give] what is left; what number is that now; how much is left [in the end|over]; how much is not gone "
        "yet",
        tense="past", most=2000,
    ),
)  # fmt: skip
