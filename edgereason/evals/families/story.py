"""English word problems of one to four steps; the thought writes them as one expression and works that out.

In: scenes (who has what, what happens, what is asked) and distracting sentences. Not in: the arithmetic.
Invariant: the first step is the expression that the text means; the rest is the reduction rule of arithmetic.py.
Length and difficulty part on purpose: sentences that do not matter make easy problems long.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from edgereason.evals.families.arithmetic import OutOfReach, Token, worked
from edgereason.evals.families.problem import Problem, pick_band

Scene = tuple[list[str], str, list[Token], int]  # sentences, the asking sentence, expression, steps


def _words(text: str) -> list[str]:
    """Return the words of a list."""
    return text.split()


GIRLS = _words(
    "Ana Mia Emma Lily Sara Nora Zoe Eva Kate Anna Julia Alice Rosa Maria Lucy Jane Grace Ella Mary Sally Nancy Joan "
    "Amy"
)
BOYS = _words(
    "Tom Ben Sam Leo Max Dan Jack Paul Omar Ivan Luke Noah Adam Eric Mark John David Mike Peter Fred Tim Bob Jim Bill"
)
THINGS = _words(
    "apples pears marbles books pencils stickers cards coins shells eggs cookies balloons stamps pens oranges candies "
    "toys stones flowers cups plums crayons bananas cakes beads buttons kites nuts seeds tickets"
)
PLACES = _words("box bag basket shelf jar drawer crate tray pack row")
NUMBER_WORDS = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
GAINS = (
    "{S} buys {n} more {t}.", "{S} finds {n} more {t}.", "{S} gets {n} {t} from {o}.", "{o} gives {s} {n} {t}.",
    "{S} picks {n} more {t}.", "{S} wins {n} {t}.", "Then {s} collects {n} more.", "{S} receives {n} more {t}.",
)  # fmt: skip
LOSSES = (
    "{S} gives {n} {t} to {o}.", "{S} loses {n} {t}.", "{S} sells {n} {t}.", "{S} gives away {n} {t}.",
    "{o} takes {n} {t} from {s}.", "Then {s} uses {n} of them.", "{S} puts {n} {t} away in the attic and leaves them.",
    "{n} of the {t} break.",
)  # fmt: skip
ASIDES = (
    "{o} has {n} {u}.", "{o} is {n} years old.", "It is {n} degrees outside.", "The shop opens at {h} o'clock.",
    "{o} lives at number {n}.", "There are also {n} {u} on the table.", "The {t} are {h} days old.",
    "{o} bought {n} {u} last year.", "School ends in {n} days.",
)  # fmt: skip
TEMPLATES = {
    "easy": ("transfer", "transfer", "together", "more_than", "difference", "groups", "share", "start", "age", "part"),
    "middle": ("transfer", "together", "compare_total", "money", "groups_change", "times", "start", "rate", "part"),
    "hard": ("transfer", "compare_total", "money", "groups_change", "times", "rate", "two_groups"),
}


class _Cast:
    """Draws who and what one story is about."""

    def __init__(self, rng: Random, band: str) -> None:
        """Draw three people and two kinds of thing."""
        self.rng, self.band = rng, band
        people = rng.sample(GIRLS + BOYS, 4)
        self.who, self.other, self.third, self.stranger = people
        self.thing, self.unused = rng.sample(THINGS, 2)
        self.pronoun = "she" if self.who in GIRLS else "he"
        self.object = "her" if self.who in GIRLS else "him"

    def number(self, least: int = 2, most: int = 60) -> int:
        """Return a count, small more often than large."""
        return self.rng.randint(least, min(most, 20) if self.rng.random() < 0.4 else most)

    def say(self, number: int) -> str:
        """Return a number as digits, or now and then as a word."""
        if number < len(NUMBER_WORDS) and self.rng.random() < 0.12:
            return NUMBER_WORDS[number]
        return str(number)

    def one(self, *phrases: str) -> str:
        """Return one of the phrases."""
        return self.rng.choice(phrases)

    def count(self, number: int, thing: str | None = None) -> str:
        """Return "12 apples", in the singular where it is one."""
        thing = thing or self.thing
        return f"{self.say(number)} {singular(thing) if number == 1 else thing}"


def singular(thing: str) -> str:
    """Return one of a kind."""
    return {"candies": "candy"}.get(thing, thing[:-1])


def draw(rng: Random, name: str, band: str | None = None) -> Problem:
    """Return one word problem."""
    band = pick_band(rng, band)
    template = rng.choice(TEMPLATES[band])
    while True:
        cast = _Cast(rng, band)
        sentences, asking, tokens, count = SCENES[template](cast)
        try:
            steps = worked(tokens)
        except OutOfReach:
            continue
        if len(steps) > 1 and not any(line.startswith("-") for line in steps):
            break
    asides = rng.choices((0, 1, 2), {"easy": (70, 20, 10), "middle": (65, 25, 10), "hard": (75, 20, 5)}[band])[0]
    for _ in range(asides):
        places = [k for k in range(len(sentences) + 1) if k == len(sentences) or not _leans_back(sentences[k])]
        sentences.insert(rng.choice(places), _aside(cast))
    text = " ".join(sentences)
    question = f"{text} {asking}"
    question = question[0].upper() + question[1:]
    params: dict[str, int | str] = {"operations": count, "lines": len(steps), "asides": asides}
    return Problem(
        id=name, family="story", template=template, question=question, steps=steps, answer=steps[-1], params=params,
        band=band,
    )  # fmt: skip


def _leans_back(sentence: str) -> bool:
    """Return whether a sentence needs the one before it, so that nothing may come between."""
    return sentence.startswith(("She ", "He ", "Then ", "Before ")) or "as many" in sentence or "than that" in sentence


def _aside(cast: _Cast) -> str:
    """Return a sentence with a number that does not matter."""
    return cast.one(*ASIDES).format(
        o=cast.stranger, t=cast.thing, u=cast.unused, n=cast.number(2, 40), h=cast.rng.randint(7, 11)
    )


def _size(cast: _Cast) -> int:
    """Return the number of operations a band asks for."""
    return cast.rng.randint(*{"easy": (1, 1), "middle": (2, 2), "hard": (3, 4)}[cast.band])


def _starts(cast: _Cast, number: int) -> str:
    """Return the opening sentence."""
    return cast.one(
        "{w} has {c}.", "{w} had {c}.", "At first {w} has {c}.", "{w} owns {c}.", "There are {c} in {w}'s bag."
    ).format(w=cast.who, c=cast.count(number))


def _transfer(cast: _Cast) -> Scene:
    """Things come and go."""
    value = cast.number(5, 80)
    tokens: list[Token] = [value]
    sentences = [_starts(cast, value)]
    size = _size(cast)
    for k in range(size):
        number = cast.number(2, 50)
        gains = cast.rng.random() < 0.5 or number > value
        subject = cast.pronoun if cast.rng.random() < 0.7 else cast.who
        names = {"s": cast.who, "o": cast.other if k % 2 else cast.third, "t": cast.thing, "n": cast.say(number)}
        sentence = cast.one(*(GAINS if gains else LOSSES)).format(S=subject, **names)
        sentences.append(sentence[0].upper() + sentence[1:])
        tokens += ["+" if gains else "-", number]
        value += number if gains else -number
    if cast.rng.random() < 0.15 and sentences[1].startswith(("She", "He")):
        first, second, *others = sentences
        sentences = [f"{first[:-1]} and {second[0].lower()}{second[1:]}", *others]
    asking = cast.one(
        "How many {t} does {w} have now?", "How many {t} does {w} have in the end?", "How many {t} are left?"
        if tokens[-2] == "-" else "How many {t} does {w} have altogether?", "How many {t} has {w} now?",
    ).format(t=cast.thing, w=cast.who)  # fmt: skip
    return sentences, asking, tokens, size


def _together(cast: _Cast) -> Scene:
    """Two or three people's things are counted."""
    people = [cast.who, cast.other, cast.third][: _size(cast) + 1]
    numbers = [cast.number() for _ in people]
    verb = cast.one("has", "found", "bought", "collected", "made", "sold", "picked")
    parts = [f"{person} {verb} {cast.count(number)}" for person, number in zip(people, numbers, strict=True)]
    if cast.rng.random() < 0.5:
        sentences = [", ".join(parts[:-1]) + " and " + parts[-1] + "."]
    else:
        sentences = [part + "." for part in parts]
    asking = cast.one(
        "How many {t} is that in total?", "How many {t} are there altogether?", "How many {t} do they have together?"
        if verb == "has" else "How many {t} is that together?", "What is the total number of {t}?",
    ).format(t=cast.thing)  # fmt: skip
    return sentences, asking, _sum_of(numbers), len(people) - 1


def _sum_of(numbers: list[int]) -> list[Token]:
    """Return the numbers with plus signs between them."""
    tokens: list[Token] = [numbers[0]]
    for number in numbers[1:]:
        tokens += ["+", number]
    return tokens


def _more_than(cast: _Cast) -> Scene:
    """One person's number is told by another's."""
    known, gap = cast.number(3), cast.number(2, 30)
    word = cast.one("more", "fewer")
    sign = "+" if word == "more" else "-"
    base = f"{cast.who} has {cast.count(known)}."
    relation = f"{cast.other} has {cast.say(gap)} {word} {cast.thing} than {cast.who}."
    if cast.rng.random() < 0.2:
        relation = f"{cast.other} has {cast.say(gap)} {word} than that."
        sentences = [base, relation]
    else:
        sentences = [base, relation] if cast.rng.random() < 0.6 else [relation, base]
    return sentences, f"How many {cast.thing} does {cast.other} have?", [known, sign, gap], 1


def _difference(cast: _Cast) -> Scene:
    """How many more."""
    small, large = sorted((cast.number(), cast.number()))
    verb = cast.one("has", "found", "bought", "made")
    parts = [f"{cast.who} {verb} {cast.count(large)}.", f"{cast.other} {verb} {cast.count(small)}."]
    cast.rng.shuffle(parts)
    base = {"has": "have", "found": "find", "bought": "buy", "made": "make"}[verb]
    helper = "does" if verb == "has" else "did"
    asking = (
        f"How many more {cast.thing} {helper} {cast.who} {base} than {cast.other}?"
        if cast.rng.random() < 0.6
        else f"How many fewer {cast.thing} {helper} {cast.other} {base} than {cast.who}?"
    )
    return parts, asking, [large, "-", small], 1


def _groups(cast: _Cast) -> Scene:
    """Equal groups."""
    count, each = cast.rng.randint(2, 10), cast.rng.randint(2, 10)
    place = cast.rng.choice(PLACES)
    sentence, asking = cast.rng.choice((
        ("There are {a} {p} with {b} {t} in each.", "How many {t} are there?"),
        ("{w} has {a} {p}. Each {q} holds {b} {t}.", "How many {t} does {w} have?"),
        ("{w} fills {a} {p} with {b} {t} each.", "How many {t} does {w} need?"),
        ("Each {q} holds {b} {t}.", "How many {t} are in {a} {p}?"),
        ("{w} makes {b} {t} every day.", "How many {t} does {w} make in {a} days?"),
    ))  # fmt: skip
    names = {"a": cast.say(count), "b": cast.say(each), "p": _plural(place), "q": place, "t": cast.thing, "w": cast.who}
    return [sentence.format(**names)], asking.format(**names), [count, "*", each], 1


def _plural(place: str) -> str:
    """Return several of a place."""
    return {"box": "boxes", "shelf": "shelves"}.get(place, place + "s")


def _share(cast: _Cast) -> Scene:
    """Equal sharing."""
    divisor, quotient = cast.rng.randint(2, 10), cast.rng.randint(2, 10)
    total = divisor * quotient
    place = cast.rng.choice(PLACES)
    sentence, asking = cast.rng.choice((
        ("{w} shares {c} equally among {d} friends.", "How many {t} does each friend get?"),
        ("{w} puts {c} into {d} {p}, the same number in each.", "How many {t} are in each {q}?"),
        ("{c} are split equally between {d} children.", "How many {t} does each child get?"),
        ("{w} has {c} and puts {d} in each {q}.", "How many {p} does {w} need?"),
    ))  # fmt: skip
    names = {
        "w": cast.who,
        "c": cast.count(total),
        "d": cast.say(divisor),
        "t": cast.thing,
        "p": _plural(place),
        "q": place,
    }
    return [sentence.format(**names)], asking.format(**names), [total, "/", divisor], 1


def _start(cast: _Cast) -> Scene:
    """The beginning or the change is unknown."""
    size = _size(cast)
    left = cast.number(2, 60)
    number = cast.number(2, 40)
    if size == 1 and cast.rng.random() < 0.5:
        total = left + number
        happened = cast.one("gave some away", "lost some", "sold some", "used some", "gave some to " + cast.other)
        ask = {"gave": "give away", "lost": "lose", "sold": "sell", "used": "use"}[happened.split()[0]]
        sentences = [
            f"{cast.who} had {cast.count(total)}.",
            f"{cast.who} {happened} and now has {cast.say(left)} left.",
        ]
        return sentences, f"How many {cast.thing} did {cast.who} {ask}?", [total, "-", left], 1
    if size == 1 and cast.rng.random() < 0.4:
        total = left + number
        sentences = [
            f"{cast.who} had {cast.count(left)}.",
            f"Then {cast.who} got some more and now has {cast.say(total)}.",
        ]
        return sentences, f"How many {cast.thing} did {cast.who} get?", [total, "-", left], 1
    tokens: list[Token] = [left]
    sentences = [f"{cast.who} had some {cast.thing}."]
    for _ in range(size):
        loses = cast.rng.random() < 0.6
        verb = cast.one("gave away", "lost", "sold", "used") if loses else cast.one("bought", "found", "got", "won")
        sentences.append(f"{cast.pronoun.capitalize()} {verb} {cast.say(number)} of them." if loses
                         else f"{cast.pronoun.capitalize()} {verb} {cast.say(number)} more.")  # fmt: skip
        tokens += ["+" if loses else "-", number]
        number = cast.number(2, 40)
    sentences.append(f"Now {cast.who} has {cast.count(left)}.")
    asking = cast.one("How many {t} did {w} have at first?", "How many {t} did {w} have at the start?")
    return sentences, asking.format(t=cast.thing, w=cast.who), tokens, size


def _age(cast: _Cast) -> Scene:
    """Ages now, before and after."""
    age, years = cast.number(6, 60), cast.rng.randint(2, 20)
    kind = cast.rng.randint(0, 3)
    if kind == 0:
        return (
            [f"{cast.who} is {cast.say(age)} years old."],
            f"How old will {cast.who} be in {cast.say(years)} years?",
            [age, "+", years],
            1,
        )
    if kind == 1:
        return (
            [f"{cast.who} is {cast.say(age)} years old."],
            f"How old was {cast.who} {cast.say(years)} years ago?",
            [age, "-", years],
            1,
        )
    word = "older" if kind == 2 else "younger"
    sentences = [
        f"{cast.who} is {cast.say(age)} years old.",
        f"{cast.other} is {cast.say(years)} years {word} than {cast.who}.",
    ]
    return sentences, f"How old is {cast.other}?", [age, "+" if kind == 2 else "-", years], 1


def _part(cast: _Cast) -> Scene:
    """A whole and its parts."""
    colours = cast.rng.sample(("red", "blue", "green", "yellow", "white", "black"), 3)
    first, second = cast.number(), cast.number()
    if cast.band == "easy":
        total = first + second
        sentences = [
            f"There are {cast.count(total)}.",
            f"{cast.say(first).capitalize()} of them are {colours[0]} and the rest are {colours[1]}.",
        ]
        return sentences, f"How many {cast.thing} are {colours[1]}?", [total, "-", first], 1
    rest = cast.number()
    total = first + second + rest
    sentences = [
        f"{cast.who} has {cast.count(total)}.",
        f"{cast.say(first).capitalize()} are {colours[0]}, {cast.say(second)} are {colours[1]}"
        f" and the others are {colours[2]}.",
    ]
    return sentences, f"How many {colours[2]} {cast.thing} does {cast.who} have?", [total, "-", first, "-", second], 2


def _compare_total(cast: _Cast) -> Scene:
    """A comparison and then the sum of two or three."""
    known, gap = cast.number(5, 60), cast.number(2, 30)
    word = cast.one("more", "fewer")
    sign = "+" if word == "more" else "-"
    sentences = [
        f"{cast.who} has {cast.count(known)}.",
        f"{cast.other} has {cast.say(gap)} {word} {cast.thing} than {cast.who}.",
    ]
    tokens: list[Token] = [known, "+", "(", known, sign, gap, ")"]
    if cast.band == "middle":
        return sentences, f"How many {cast.thing} do they have together?", tokens, 2
    if cast.rng.random() < 0.5:
        third = cast.number()
        sentences.append(f"{cast.third} has {cast.count(third)}.")
        return sentences, f"How many {cast.thing} do the three have together?", [*tokens, "+", third], 3
    gap_two = cast.number(2, 20)
    word_two = cast.one("more", "fewer")
    sentences.append(f"{cast.third} has {cast.say(gap_two)} {word_two} {cast.thing} than {cast.other}.")
    sign_two = "+" if word_two == "more" else "-"
    tokens = [known, sign, gap, sign_two, gap_two]
    return sentences, f"How many {cast.thing} does {cast.third} have?", tokens, 2


def _money(cast: _Cast) -> Scene:
    """Prices and change."""
    price, count = cast.rng.randint(2, 10), cast.rng.randint(2, 10)
    one = singular(cast.thing)
    sentences = [
        cast.one(f"One {one} costs {cast.say(price)} dollars.", f"Each {one} costs {cast.say(price)} dollars.")
    ]
    cost: list[Token] = [count, "*", price]
    if cast.band == "middle":
        paid = price * count + cast.number(2, 50)
        sentences.append(f"{cast.who} buys {cast.count(count)} and pays with {cast.say(paid)} dollars.")
        return sentences, f"How many dollars does {cast.who} get back?", [paid, "-", *cost], 2
    price_two, count_two = cast.rng.randint(2, 10), cast.rng.randint(2, 10)
    sentences.append(f"One {singular(cast.unused)} costs {cast.say(price_two)} dollars.")
    sentences.append(f"{cast.who} buys {cast.count(count)} and {cast.count(count_two, cast.unused)}.")
    cost = [*cost, "+", count_two, "*", price_two]
    if cast.rng.random() < 0.5:
        return sentences, f"How many dollars does {cast.who} pay?", cost, 3
    paid = price * count + price_two * count_two + cast.number(2, 60)
    sentences.append(f"{cast.pronoun.capitalize()} pays with {cast.say(paid)} dollars.")
    return sentences, f"How many dollars does {cast.who} get back?", [paid, "-", "(", *cost, ")"], 4


def _groups_change(cast: _Cast) -> Scene:
    """Equal groups, then things come or go."""
    count = cast.rng.randint(2, 10)
    each = cast.rng.randint(2, 10) if cast.band == "middle" else cast.rng.randint(11, 30)
    place = cast.rng.choice(PLACES)
    tokens: list[Token] = [count, "*", each]
    sentences = [f"{cast.who} has {cast.say(count)} {_plural(place)} with {cast.count(each)} in each."]
    value = count * each
    size = 1 if cast.band == "middle" else cast.rng.randint(1, 2)
    for _ in range(size):
        number = cast.number(2, 60)
        gains = cast.rng.random() < 0.4 or number > value
        verb = cast.one("finds", "buys", "gets") if gains else cast.one("sells", "loses", "gives away")
        sentences.append(f"{cast.pronoun.capitalize()} {verb} {cast.count(number)}.")
        tokens += ["+" if gains else "-", number]
        value += number if gains else -number
    return sentences, f"How many {cast.thing} does {cast.who} have now?", tokens, size + 1


def _times(cast: _Cast) -> Scene:
    """Times as many."""
    known, factor = cast.rng.randint(3, 10 if cast.band == "middle" else 40), cast.rng.randint(2, 6)
    often = "twice" if factor == 2 and cast.rng.random() < 0.7 else f"{cast.say(factor)} times"
    sentences = [f"{cast.who} has {cast.count(known)}.", f"{cast.other} has {often} as many."]
    product: list[Token] = [known, "*", factor]
    if cast.band == "middle":
        if cast.rng.random() < 0.5:
            return sentences, f"How many {cast.thing} do they have together?", [known, "+", *product], 2
        number = cast.rng.randint(2, known * factor - 1)
        sentences.append(f"{cast.other} gives away {cast.say(number)}.")
        return sentences, f"How many {cast.thing} does {cast.other} have left?", [*product, "-", number], 2
    third = cast.number(3, 40)
    sentences.append(f"{cast.third} has {cast.say(third)} more than {cast.other}.")
    if cast.rng.random() < 0.5:
        return sentences, f"How many {cast.thing} does {cast.third} have?", [*product, "+", third], 2
    tokens: list[Token] = [known, "+", *product, "+", third]
    sentences[-1] = f"{cast.third} has {cast.count(third)}."
    return sentences, f"How many {cast.thing} do the three have altogether?", tokens, 3


def _rate(cast: _Cast) -> Scene:
    """So many a day."""
    rate = cast.rng.randint(2, 10 if cast.band == "middle" else 40)
    days = cast.rng.randint(2, 9)
    verb, base, thing = cast.rng.choice((
        ("reads", "read", "pages"), ("walks", "walk", "miles"), ("saves", "save", "dollars"),
        ("paints", "paint", "doors"),
        ("bakes", "bake", "cakes"), ("writes", "write", "letters"), ("plants", "plant", "trees"),
    ))  # fmt: skip
    product: list[Token] = [rate, "*", days]
    unit = cast.one("day", "week", "hour")
    sentences = [f"{cast.who} {verb} {cast.say(rate)} {thing} every {unit}."]
    if cast.rng.random() < 0.5:
        total = rate * days + cast.number(2, 60)
        sentences.append(f"{cast.pronoun.capitalize()} wants to {base} {cast.say(total)} {thing}.")
        return sentences, f"How many {thing} are left after {cast.say(days)} {unit}s?", [total, "-", *product], 2
    before = cast.number(2, 60)
    sentences.append(f"Before that {cast.pronoun} had done {cast.say(before)} {thing}.")
    return sentences, f"How many {thing} is that after {cast.say(days)} {unit}s in total?", [before, "+", *product], 2


def _two_groups(cast: _Cast) -> Scene:
    """Two kinds of equal groups."""
    place, place_two = cast.rng.sample(PLACES, 2)
    a, b, c, d = (cast.rng.randint(2, 10) for _ in range(4))
    sentences = [
        f"{cast.who} has {cast.say(a)} {_plural(place)} with {cast.count(b)} in each"
        f" and {cast.say(c)} {_plural(place_two)} with {cast.count(d)} in each."
    ]
    tokens: list[Token] = [a, "*", b, "+", c, "*", d]
    if cast.rng.random() < 0.5:
        return sentences, f"How many {cast.thing} does {cast.who} have?", tokens, 3
    number = cast.rng.randint(2, max(3, a * b + c * d - 1))
    sentences.append(f"{cast.pronoun.capitalize()} gives {cast.say(number)} of them away.")
    return sentences, f"How many {cast.thing} are left?", [*tokens, "-", number], 4


SCENES: dict[str, Callable[[_Cast], Scene]] = {
    "transfer": _transfer,
    "together": _together,
    "more_than": _more_than,
    "difference": _difference,
    "groups": _groups,
    "share": _share,
    "start": _start,
    "age": _age,
    "part": _part,
    "compare_total": _compare_total,
    "money": _money,
    "groups_change": _groups_change,
    "times": _times,
    "rate": _rate,
    "two_groups": _two_groups,
}
