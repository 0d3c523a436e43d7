"""Turns sentence templates into English: who is named or meant by a pronoun, tenses, numbers as digits or words.

In: people and their pronouns, the template language, one story's cast. Not in: word lists, scenes.
Invariant: a template's meaning does not depend on the choices made while it is told.

    [a|b|]        one of the alternatives; may be nested
    {n}           a number of the cast; {$n} as money
    {t} {t1} {ta} a noun of the cast: "pears", "pear", "a pear"
    {a} {a*} {a's} {a!}    a person as subject, object, possessor: the name at first, a pronoun later; always the name
    {a!s}                  "Ann's", "mine": whose it is, with no noun after it
    {a:have} {a.buy} {a~buy}   person with verb in state, event, asking tense; {:be} {.come} {~be} without a person
    {a?have} {a?buy.}          "does Ann have", "did Ann buy" (asking tense; with a point, event tense); {?there}
    a verb written @gain is looked up in the cast's words; = or - at the end forces present or past
    {when} {where}             now and then an adverb
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from edgereason.evals.families.story import lexicon
from edgereason.evals.families.story.lexicon import conjugated, made_up, plural

NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
TENSES = (  # state, event, asking
    ("past", "past", "present"), ("past", "past", "present"), ("past", "past", "past"), ("past", "past", "past"),
    ("present", "present", "present"), ("present", "present", "present"), ("present", "future", "future"),
    ("present", "present", "future"),
)  # fmt: skip
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou]|hour)(?!one\b|us|uni)")
_SLOT = re.compile(r"\{([^{}]*)\}")
_VERBAL = re.compile(r"(\w*)([:.?~])(@?)([\w ]+)([=.-]?)")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody a story speaks of: the name at first and later, pronouns, and the person of the verb."""

    first: str
    later: str
    subject: str
    object: str
    possessive: str
    person: str = "it"

    @property
    def has_name(self) -> bool:
        """Whether this is no pronoun from the start."""
        return self.first != self.subject


SHE, HE = ("she", "her", "her"), ("he", "him", "his")
ABSOLUTES = {"my": "mine", "your": "yours", "our": "ours", "their": "theirs"}
PRONOUNS = (
    Person("I", "I", "I", "me", "my", "I"), Person("you", "you", "you", "you", "your", "they"),
    Person("we", "we", "we", "us", "our", "they"), Person("they", "they", "they", "them", "their", "they"),
)  # fmt: skip


def draw_person(rng: Random, names_only: bool = False) -> Person:
    """Return somebody: mostly a first name, else a made-up name, a role, Mrs. Hall or a pronoun."""
    kind = rng.random()
    forms = rng.choice((SHE, HE))
    if kind < lexicon.PSEUDO_SHARE:
        name = made_up(rng, rng.choice((1, 2, 2))).capitalize()
    elif kind < 0.20:
        name = ("Mrs. " if forms is SHE else "Mr. ") + rng.choice(lexicon.SURNAMES)
    elif kind < 0.32 and not names_only:
        role = rng.choice(lexicon.ROLES)
        forms = HE if role in ("king", "boy", "fisherman", "postman") else SHE if role in ("queen", "girl") else forms
        first = lexicon.with_article(role) if rng.random() < 0.5 else f"the {role}"
        return Person(first, f"the {role}", *forms)
    elif kind < 0.40 and not names_only:
        return rng.choice(PRONOUNS)
    else:
        name = rng.choice(lexicon.GIRLS if forms is SHE else lexicon.BOYS)
    return Person(name, name, *forms)


def draw_noun(rng: Random, kind: str, plain: bool = False) -> str:
    """Return a noun of a kind in the singular, now and then made up or with an adjective."""
    if rng.random() < lexicon.PSEUDO_SHARE:
        return made_up(rng)
    noun = rng.choice(lexicon.NOUNS[kind])
    if not plain and kind != "people" and " " not in noun and rng.random() < 0.12:
        noun = f"{rng.choice(lexicon.ADJECTIVES)} {noun}"
    return noun


class Teller:
    """One story's cast, and the telling of templates about it."""

    def __init__(self, rng: Random, kind: str = "thing") -> None:
        """Draw people, things, verbs and tenses."""
        self.rng, self.kind = rng, kind
        self.state, self.event, self.asking = rng.choice(TENSES)
        self.numbers: dict[str, int] = {}
        self.words: dict[str, str] = {}
        self.people: dict[str, Person] = {}
        self.mentioned: list[str] = []
        self.wordiness = 0.3 if rng.random() < 0.25 else 0.02
        self._draw_people()
        self._draw_words()

    def _draw_people(self) -> None:
        """Draw six people who cannot be mistaken for one another."""
        taken: set[str] = set()
        for k, key in enumerate("abcdos"):
            while True:
                person = draw_person(self.rng, names_only=k > 1)
                if person.later not in taken and (k == 0 or person.has_name):
                    break
            taken.add(person.later)
            self.people[key] = person

    def _draw_words(self) -> None:
        """Draw the words that templates ask for."""
        rng, kind = self.rng, self.kind
        plain = rng.random() < 0.5
        thing = draw_noun(rng, kind, plain)
        self.words["t1"] = thing
        unused = self.another("t1", kind=kind if kind in ("food", "people") else "thing")
        self.words["u1"] = unused
        box = self._pseudo() or rng.choice([c for c in lexicon.CONTAINERS if c not in thing])
        verb = rng.choice(tuple(lexicon.WORK))
        deed = rng.choice(lexicon.WORK[verb])
        if rng.random() < lexicon.PSEUDO_SHARE:
            verb, deed = made_up(rng), self._pseudo() or deed
        self.nouns(t=thing, u=unused, p=box, w=deed, time=rng.choice(lexicon.TIMES), lu=rng.choice(lexicon.LENGTHS),
                   wu=rng.choice(lexicon.WEIGHTS), vu=rng.choice(lexicon.VOLUMES), machine=rng.choice(lexicon.MACHINES),
                   q=self._pseudo() or rng.choice([c for c in lexicon.CONTAINERS if c not in thing and c != box]),
                   who=rng.choice(lexicon.PEOPLE), v=self.another("t1", "u1"))  # fmt: skip
        colours = rng.sample(lexicon.COLOURS, 4)
        days = rng.sample(lexicon.DAYS, 3)
        self.words |= {f"c{k + 1}": colour for k, colour in enumerate(colours)}
        self.words |= {f"d{k + 1}": day for k, day in enumerate(days)}
        self.words |= dict(zip(("g1", "g2"), rng.sample(rng.choice(lexicon.SORTS), 2), strict=True))
        gains = lexicon.GAINS + (lexicon.GROWS * 2 if kind == "food" else lexicon.MAKES)
        losses = lexicon.LOSSES + (lexicon.EATS * 3 if kind == "food" else ())
        spoils = lexicon.SPOILS + (lexicon.ROTS * 2 if kind == "food" else ())
        living = kind if kind in lexicon.COMES else "people"
        self.words |= {
            "gain": self._pseudo() or rng.choice(gains), "loss": rng.choice(losses), "work": verb,
            "lose": made_up(rng) + " away" if rng.random() < lexicon.PSEUDO_SHARE else rng.choice(losses),
            "spoil": rng.choice(spoils), "come": rng.choice(lexicon.COMES[living]),
            "go": rng.choice(lexicon.GOES[living]),
            "stay": rng.choice(lexicon.STAYS[living]), "there": rng.choice(lexicon.STANDS[living]),
            "spot": rng.choice(lexicon.SPOTS), "month": rng.choice(lexicon.MONTHS), "kin": rng.choice(lexicon.KIN),
            "make": self._pseudo() or rng.choice(lexicon.GROWS if kind == "food" else lexicon.MAKES),
            "far": rng.choice(lexicon.DISTANCES), "money": "cents" if rng.random() < 0.15 else "dollars",
        }  # fmt: skip

    def another(self, *taken: str, kind: str = "thing") -> str:
        """Return a noun that shares its last word with none of the taken ones of the cast."""
        while True:
            noun = draw_noun(self.rng, kind)
            if noun.split()[-1] not in {self.words[key].split()[-1] for key in taken}:
                return noun

    def _pseudo(self) -> str:
        """Return a made-up word now and then, else nothing."""
        return made_up(self.rng) if self.rng.random() < lexicon.PSEUDO_SHARE else ""

    def nouns(self, **nouns: str) -> None:
        """Set words of the cast in the plural and, under the name with a 1, in the singular."""
        for key, noun in nouns.items():
            self.words |= {key: plural(noun), f"{key}1": noun, f"{key}a": lexicon.with_article(noun)}

    def number(self, value: int) -> str:
        """Keep a number and return the name of its slot."""
        name = f"x{len(self.numbers)}"
        self.numbers[name] = value
        return name

    def chosen(self, template: str) -> str:
        """Return a template with one alternative of each choice."""
        while _CHOICE.search(template):
            template = _CHOICE.sub(lambda match: self.rng.choice(match[1].split("|")), template)
        return template

    def tell(self, template: str) -> str:
        """Return a template's sentence without capital and full stop."""
        text = _SLOT.sub(lambda match: self.slot(match[1]), self.chosen(template))
        return _ARTICLE.sub(r"\1n ", re.sub(r" +", " ", text).replace(" ,", ",").strip())

    def slot(self, name: str) -> str:
        """Return what stands in one slot."""
        if name in ("when", "where"):
            return self._adverb(name)
        if name.startswith("$"):
            return self._money(self.numbers[name[1:]])
        if name in self.numbers:
            return self._said(self.numbers[name])
        if name in self.words:
            return self.words[name]
        if name == "?there":
            return self._verbal("there", "?", "", "be", "")
        verbal = _VERBAL.fullmatch(name)
        if verbal:
            return self._verbal(*verbal.groups())
        return self._mention(name[0], name[1:])

    def _adverb(self, name: str) -> str:
        """Return a time before or a place behind a clause, mostly none."""
        if self.rng.random() > 0.3:
            return ""
        if name == "where":
            return " " + self.rng.choice(lexicon.PLACES)
        whens = lexicon.WHENS if self.event == "past" else lexicon.WHENS[2:]
        word = self.rng.choice((*whens, f"on {self.words['d3']}", f"in {self.words['month']}"))
        return word + (", " if " " in word and self.rng.random() < 0.5 else " ")

    def _said(self, value: int) -> str:
        """Return a number as digits, or now and then as a word."""
        if value == 12 and self.rng.random() < 0.1:
            return "a dozen"
        if value < len(NUMBER_WORDS) and self.rng.random() < self.wordiness:
            return NUMBER_WORDS[value]
        return str(value)

    def _money(self, value: int) -> str:
        """Return a sum of money."""
        if self.words["money"] == "cents":
            return f"{value} cents"
        return f"${value}" if self.rng.random() < 0.6 else f"{value} dollar{'s' if value != 1 else ''}"

    def _mention(self, key: str, case: str) -> str:
        """Return a person's name or pronoun."""
        person = self.people[key]
        is_clear = key in self.mentioned and all(
            self.people[other].subject != person.subject for other in self.mentioned if other != key
        )
        known = key in self.mentioned
        if not known:
            self.mentioned.append(key)
        if not person.has_name or (is_clear and "!" not in case and self.rng.random() < 0.6):
            forms = {"*": person.object, "'s": person.possessive, "!s": ABSOLUTES.get(person.possessive, "")}
            return forms.get(case, person.subject)
        return (person.later if known else person.first) + ("'s" if "s" in case else "")

    def _verbal(self, key: str, sort: str, at: str, verb: str, mark: str) -> str:
        """Return a person with a verb, as a statement or turned round as a question."""
        verb = self.words[verb] if at else verb
        tense = {":": self.state, ".": self.event, "?": self.asking, "~": self.asking}[sort]
        tense = {"=": "present", "-": "past", ".": self.event, "": tense}[mark]
        if key in ("", "it", "there"):
            person, name = ("it" if key == "it" else "they"), ("there" if key == "there" else "")
        else:
            person, name = self.people[key].person, self._mention(key, "")
        if sort != "?":
            return f"{name} {conjugated(verb, tense, person)}".strip()
        if tense == "future":
            return f"will {name} {verb}"
        if verb.split()[0] == "be":
            return f"{conjugated('be', tense, person)} {name}{verb[2:]}"
        return f"{conjugated('do', tense, person)} {name} {verb}"
