"""English word problems of one to eight steps; the thought writes them as one expression and works that out.

In: choosing a frame or tale for a level, its numbers, joining the facts, distracting sentences.
Not in: the frames and tales (frames*.py, tales*.py), how templates are told (telling.py), the arithmetic.
Invariant: the first step is the expression that the text means; the rest is the reduction rule of arithmetic.py.
Length and difficulty part on purpose: sentences that do not matter make easy problems long, and a "contrast" asks a
long story for one small part of it.

    Ann has 3 boxes with 12 pens in each. She finds 8 more. How many pens does Ann have now?
    3*12+8 -> 30+6+8 -> 36+8 -> 44
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from edgereason.evals.families.arithmetic import OutOfReach, Token, worked
from edgereason.evals.families.problem import Bands, Draft
from edgereason.evals.families.story import frames, frames_money, frames_parts, frames_rates
from edgereason.evals.families.story.frames import Frame
from edgereason.evals.families.story.tales import Scale, Tale
from edgereason.evals.families.story.tales_more import LIVING_TALES, TALES
from edgereason.evals.families.story.telling import Teller

BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
MOST_THOUGHT, MOST_QUESTION = 280, 640  # characters
GROUPS: tuple[tuple[tuple[Frame, ...], int], ...] = (
    (frames.CHANGES, 27), (frames.COMPARISONS, 13), (frames.MEASURES, 6), (frames_parts.PARTS, 16),
    (frames_parts.GROUPS, 14), (frames_rates.RATES, 12), (frames_rates.FIXED, 5), (frames_money.MONEY, 14),
    (frames_money.AGES, 3),
)  # fmt: skip
KINDS = {  # of each level: how often a single operation, a tale, a part of a tale
    1: (80, 0, 20), 2: (80, 0, 20), 3: (58, 30, 12), 4: (22, 68, 10), 5: (15, 79, 6), 6: (6, 91, 3), 7: (0, 100, 0),
    8: (0, 100, 0),
}  # fmt: skip
OPERATIONS = {1: (2, 3), 2: (2, 4), 3: (2, 2), 4: (2, 3), 5: (3, 3), 6: (3, 4), 7: (4, 5), 8: (5, 8)}
SCALES = {
    1: Scale(15, 5), 2: Scale(40, 10), 3: Scale(20, 10), 4: Scale(50, 10), 5: Scale(90, 12), 6: Scale(150, 20),
    7: Scale(200, 20), 8: Scale(300, 30),
}  # fmt: skip
ASIDES = (
    "{s} {it:have} {K} {z}", "{s} {it.@gain} {K} {z}{where}", "there {:be} [also |]{K} {z} {spot}",
    "{s} {it.[buy|find|lose|sell]} {K} {z}", "{a's} {kin} {it:have} {K} {z}", "{s} {it:own} {K} [old |new |]{z}",
    "{a:have} {K} {z}[ too|]", "{a.[buy|find|lose|sell|break]} {K} {z}{where}", "{a:have} {K} {z} at home",
    "there {:be} {K} {z} and {H} {who} [there|nearby]", "{a.[give|show]} {s*} {K} {z}",
)  # fmt: skip
SAFE_ASIDES = (  # where what is asked for has no noun of its own
    "{a's} {kin} lives at number {K}", "[school|the show|the trip] ends in {K} days", "{s} {it:be=} in room {K}",
    "{d1} is the {H}th day of {month}", "{a's} {kin} has been here {K} times", "this is page {K} of the book",
    "there are {H} [windows|doors|lights] in the room",
)  # fmt: skip
SAME_ASIDE = "{s} {it:[have|own]} {K} {t}[ too|]"
OTHER_ASIDES = (
    "{s} {it:be=} {K} years old", "it was {K} degrees outside", "{a's} {kin} {it:be=} {K} years old",
    "the shop [opens|closes] at {H} o'clock", "it takes {a*} {K} minutes to [get there|walk home|eat lunch]",
    "{s} lives {K} miles away", "this was {K} [days|weeks] ago", "the way [home|there] is {K} {far} long",
    "{s} {it:be=} {K} inches tall", "the bus [leaves|comes] in {K} minutes", "{s} {it:weigh=} {K} {wu}",
    "{a:wait} {K} minutes for {s*}", "the radio played {H} songs", "{a:get up} at {H} o'clock",
)  # fmt: skip
COLOUR = (
    "{a:like=} {t}", "it was a [sunny|rainy|cold|busy] day", "{a} and {s} are [friends|neighbors|cousins]",
    "{a:love=} {t}", "{a:be} with {s*}{where}", "today is {d1}", "{a:go} to the [store|park|fair|market|beach]",
    "{s} was there too", "{a:want} to help {a's} {kin}", "{a's} {kin} {it:like} {t} [very much|a lot|best]",
    "[this|it] happened{where} [in {month}|on {d1}]", "{a:be} [happy|tired|busy|bored|hungry|late]",
    "{a:get} ready for the [party|trip|game|fair]", "{s} told [a story|a joke] about {t}",
    "{a:be} the best [in town|of all]", "there was a [party|sale|fair|game]{where} [on {d1}|in {month}]",
)  # fmt: skip
COMMANDS = ("find", "work", "tell", "give", "count")


def draw(rng: Random, level: int) -> Draft:
    """Return one word problem."""
    for _ in range(400):
        kind = rng.choices(("single", "tale", "contrast"), KINDS[level])[0]
        try:
            draft = _single(rng, level) if kind == "single" else _tale(rng, level, kind == "contrast")
        except OutOfReach:
            continue
        if draft is not None:
            return draft
    raise AssertionError(f"no story of level {level}")


def _single(rng: Random, level: int) -> Draft | None:
    """Return a one-operation problem, or nothing where its bounds do not suit the level."""
    group = rng.choices([group for group, _ in GROUPS], [weight for _, weight in GROUPS])[0]
    frame = rng.choice(group)
    if level > 2 and frame.most < 100 and rng.random() < 0.7:
        return None
    n, m = _numbers(rng, frame, level)
    tokens: list[Token] = [n, frame.operator, m]
    teller = Teller(rng, rng.choice(frame.kinds))
    if frame.tense:
        teller.state = teller.event = frame.tense
        teller.asking = frame.tense if frame.tense == "present" or rng.random() < 0.5 else "present"
    teller.numbers |= {"n": n, "m": m}
    facts = list(rng.choice(frame.tellings))
    if frame.is_loose and rng.random() < 0.4:
        facts.reverse()
    return _draft(teller, level, frame.name, facts, frame.asks, tokens)


def _tale(rng: Random, level: int, is_part: bool) -> Draft | None:
    """Return a problem of several operations, or one that asks for a part of it."""
    size = rng.randint(*OPERATIONS[level])
    names = [name for name, (_, least, most, _) in TALES.items() if least <= size <= most]
    name = rng.choices(names, [TALES[name][3] for name in names])[0]
    teller = Teller(rng, rng.choice(LIVING_TALES.get(name, ("thing", "thing", "food"))))
    tale: Tale = TALES[name][0](teller, SCALES[level], size)
    if not is_part:
        if tale.operations < OPERATIONS[level][0]:
            return None
        label = "contrast" if tale.sides and rng.random() < 0.1 and level < 7 else name
        return _draft(teller, level, label, tale.facts, tale.asks, tale.tokens)
    if not tale.sides:
        return None
    ask, tokens = rng.choice(tale.sides)
    if sum(isinstance(token, int) for token in tokens) != 2:
        return None
    return _draft(teller, level, "contrast", tale.facts, (ask,), tokens)


def _draft(
    teller: Teller, level: int, template: str, facts: Sequence[str], asks: Sequence[str], tokens: list[Token]
) -> Draft | None:
    """Return the told problem, or nothing where it is too long."""
    facts = [part for fact in facts for part in fact.split(". ")]
    steps = worked(tokens)
    if (
        len(steps) < 2
        or any(line.startswith("-") for line in steps)
        or sum(map(len, steps)) + len(steps) > MOST_THOUGHT
    ):
        return None
    if level < 3 and len(steps) > 2:
        return None
    question, asides = _composed(teller, level, facts, asks)
    if len(question) > MOST_QUESTION:
        return None
    params = {"operations": sum(isinstance(token, str) and token not in "()" for token in tokens), "lines": len(steps),
              "asides": asides, "largest": max(token for token in tokens if isinstance(token, int))}  # fmt: skip
    return Draft(template=template, question=question, steps=steps, answer=steps[-1], params=params)


# Numbers of one operation


def _numbers(rng: Random, frame: Frame, level: int) -> tuple[int, int]:
    """Return n and m of a frame at a level."""
    for _ in range(50):
        n, m = _pair(rng, frame.operator, level, frame.fixed_m, frame.most_m)
        result = n + m if frame.operator == "+" else n
        if result <= frame.most and m <= frame.most_m:
            return n, m
    most = min(frame.most, 60)
    m = rng.randint(2, min(most // 2, frame.most_m))
    if frame.operator == "+":
        return rng.randint(2, most - m), m
    return (rng.randint(m + 1, most), m) if frame.operator == "-" else (m * rng.randint(2, 9), m)


def _pair(rng: Random, operator: str, level: int, fixed: int, most_m: int) -> tuple[int, int]:
    """Return two numbers for an operator, larger with the level."""
    if operator in ("+", "-"):
        small, large = _term(rng, level), _term(rng, level)
        if rng.random() < 0.35:
            small = rng.randint(2, max(3, large // 3))
        if operator == "+":
            return (small, large) if rng.random() < 0.5 else (large, small)
        small, large = sorted((small, large))
        return (large, small) if small < large else (large + 1, small)
    few = fixed or rng.randint(2, 5 if level == 1 else 10)
    other = rng.randint(2, 10)
    if level > 2:
        kind = rng.random()
        if kind < 0.25 and not fixed:
            few, other = rng.randint(11, 12), rng.randint(2, 12)
        elif kind < 0.5 and operator == "*" and not fixed:
            few, other = rng.randint(11, 30 if level == 3 else 60), rng.randint(11, 30 if level == 3 else 60)
        else:
            few, other = fixed or rng.randint(2, 9), _rounded(rng, rng.randint(11, (99, 300, 600)[min(level - 3, 2)]))
    if operator == "/":
        return few * other, few
    swap = not fixed and other <= most_m and rng.random() < 0.5
    return (few, other) if swap else (other, few)


def _term(rng: Random, level: int) -> int:
    """Return a number to add or to take away."""
    if level == 1:
        return rng.randint(2, rng.choice((9, 20, 40)))
    if level == 2:
        return _rounded(rng, rng.randint(2, rng.choice((20, 60, 99))))
    if level == 3:
        return _rounded(rng, rng.randint(20, rng.choice((99, 300, 999))))
    return _rounded(rng, rng.randint(50, rng.choice((300, 999, 4900))))


def _rounded(rng: Random, number: int) -> int:
    """Return a number, now and then a round one."""
    return max(10, number // 10 * 10) if rng.random() < 0.15 else number


# The text


def _composed(teller: Teller, level: int, facts: list[str], asks: Sequence[str]) -> tuple[str, int]:
    """Return the question's text and how many sentences in it do not matter."""
    rng = teller.rng
    asides = rng.choices((0, 1, 2, 3), (74, 18, 6, 2) if level < 3 else (80, 15, 5, 0))[0]
    asking = [ask for ask in asks if not asides or _is_plain(ask)] or list(asks)
    ask = rng.choice(asking)
    before, after = _distractions(teller, asides, ask)
    shape = rng.random()
    if shape < 0.37 and teller.event == "future":
        teller.event = "present"
    if len(facts) + len(before) + len(after) <= 3 and not before and not after and shape < 0.2:
        return _finished(rng, _asked(rng, f"if {_joined(teller, facts)}, {_bare(teller.tell(ask))}")), asides
    if len(facts) < 3 and not before and not after and 0.2 <= shape < 0.27 and ask.split()[0] in ("how", "what"):
        return _finished(rng, _asked(rng, f"{teller.tell(ask)} if {_joined(teller, facts)}")), asides
    told = [teller.tell(sentence) for sentence in before]
    if len(facts) > 1 and not after and 0.27 <= shape < 0.37:
        told += _sentences(teller, facts[:-1])
        last = teller.tell(facts[-1])
        told.append(f"if {last}, {_bare(teller.tell(ask))}")
    else:
        told += _sentences(teller, facts) + [teller.tell(sentence) for sentence in after] + [teller.tell(ask)]
    text = " ".join(f"{_capital(sentence)}." for sentence in told[:-1])
    return _finished(rng, f"{text} {_asked(rng, told[-1])}".strip()), asides


def _is_plain(ask: str) -> bool:
    """Return whether an ask says what it counts, so that other things do not make it unclear."""
    return any(
        word in ask
        for word in ("{t}", "{t1}", "{w}", "{u}", "{p}", "{who}", "{money}", "much", "old", "long", "far", "change")
    )


def _distractions(teller: Teller, asides: int, ask: str) -> tuple[list[str], list[str]]:
    """Return sentences that do not matter, before and after those that do."""
    rng = teller.rng
    before: list[str] = []
    after: list[str] = []
    is_named = any(word in ask for word in ("{t}", "{t1}", "{w}", "{u}", "{p}", "{who}", "{money}"))
    others = (*OTHER_ASIDES, *SAFE_ASIDES) if is_named and "{time" not in ask and "long" not in ask else SAFE_ASIDES
    taken = ["t1", "u1", "v1"]
    for number in range(asides):
        teller.nouns(**{f"z{number}_": teller.another(*taken)})
        taken.append(f"z{number}_1")
        k = teller.number(rng.randint(2, 60))
        h = teller.number(rng.randint(4, 11))
        sentence = rng.choice(others)
        if rng.random() < 0.65 and "{t}" in ask:
            is_owned = any(word in ask for word in ("{a?", "{b?", "{a's}", "{b's}"))
            sentence = SAME_ASIDE if is_owned and rng.random() < 0.25 else rng.choice(ASIDES)
        sentence = sentence.replace("{z}", f"{{z{number}_}}").replace("{K}", f"{{{k}}}").replace("{H}", f"{{{h}}}")
        (before if rng.random() < 0.4 else after).append(sentence)
    if rng.random() < 0.15:
        colours = [sentence for sentence in COLOUR if teller.kind != "people" or "{t}" not in sentence]
        before.insert(0, rng.choice(colours))
    return before, after


def _joined(teller: Teller, facts: Sequence[str]) -> str:
    """Return facts as clauses of one sentence."""
    clauses = [teller.tell(fact) for fact in facts]
    if len(clauses) == 1:
        return clauses[0]
    return ", ".join(clauses[:-1]) + teller.rng.choice((" and ", " and ", ", and ")) + clauses[-1]


def _sentences(teller: Teller, facts: Sequence[str]) -> list[str]:
    """Return facts as sentences, two of them joined now and then."""
    told: list[str] = []
    for fact in facts:
        text = teller.tell(fact)
        if told and " and " not in told[-1] + text and teller.rng.random() < 0.14:
            told[-1] += teller.rng.choice((" and ", " and ", ", and ", ", then ", ", but ")) + text
        else:
            told.append(text)
    return told


def _bare(ask: str) -> str:
    """Return an ask without the word that leads over to it."""
    return re.sub(r"^(so|now|and) ", "", ask)


def _asked(rng: Random, ask: str) -> str:
    """Return the asking sentence with its capital and its mark."""
    if re.search(r"\b(did|were|was)\b", ask):
        ask = re.sub(r" now\b", "", ask)
    is_command = ask.split()[0] in COMMANDS or any(f", {word} " in ask for word in COMMANDS)
    mark = "." if is_command else rng.choices(("?", ".", ""), (96, 2, 2))[0]
    return _capital(ask) + mark


def _capital(sentence: str) -> str:
    """Return a sentence with a capital, also after a full stop within."""
    parts = sentence.split(". ")
    return ". ".join(part[:1].upper() + part[1:] for part in parts)


def _finished(rng: Random, text: str) -> str:
    """Return the text, now and then all in small letters."""
    return text.lower() if rng.random() < 0.02 else text
