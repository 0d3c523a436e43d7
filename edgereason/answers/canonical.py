"""The one form of an answer that is compared: equal values written differently become the same text.

Decisions, made to merge what is surely the same and nothing else:
- numbers are exact: 1,000 = 1000.00, .5 = 1/2 = 0.50 (reduced fractions), -0 = 0; 1 1/2 = 3/2; 2*10^3 = 2000;
- a percent sign, a currency sign and a unit after a leading number are dropped (the question fixes the unit), unless
  the word changes the value ("5 million", "3 dozen", "7 pm") or is not plainly a unit (a lone letter: "2 m", "3 x");
- so 50% equals 50, and not 1/2; 3:05 = 03:05, 3 pm = 3:00 PM, and neither equals 15:00;
- "x = 5" is 5; a letter is upper case; a list keeps its order, a {set} does not;
- other mathematics only loses its spaces (symbolic equality is equivalence.py's); words lose case, punctuation and a
  leading article.
Invariant: canonical(canonical(x)) == canonical(x).
"""

from __future__ import annotations

import re
from fractions import Fraction

from edgereason.answers.latex import without_latex

MAX_CHARS = 500  # of an answer; what is longer is no value, and is compared by its beginning
MAX_DIGITS = 60
MAX_NESTING = 4
MAX_ROUNDS = 8

_PAIRS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("**", "**"), ("`", "`"), ('"', '"'), ("'", "'"))
_ASSIGNED = re.compile(r"(?:[A-Za-z]\s*)?=\s*(?=[^\s=])")
_TIME = re.compile(r"(\d{1,2})(?::([0-5]\d)(?::([0-5]\d))?)?\s*(?:([ap])\.?\s?m\.?)?", re.IGNORECASE)
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
_VALUE = re.compile(
    rf"(?P<sign>[-+]?)\s*[$€£¥₹]?\s*(?P<sign2>[-+]?)"
    rf"(?:(?:(?P<whole>\d+)\s+)?(?P<above>{_DIGITS})\s*/\s*(?P<below>{_DIGITS})"
    rf"|(?P<decimal>(?:{_DIGITS}(?:\.\d*)?|\.\d+))(?:\s*(?:\*\s*10\s*\^\s*\{{?|[eE])(?P<exponent>[-+]?\d{{1,2}})\}}?)?)"
    rf"(?P<tail>.*)",
    re.DOTALL,
)
_SPACED_UNIT = re.compile(
    r"\s+(?:(?:square|cubic|sq|cu)\.?\s+)?([a-z]{2,}|USD|EUR|GBP)(?:\s+per\s+[a-z]+|/[a-z]+)?(?:\^[23])?\.?"
)
_JOINED_UNIT = re.compile(r"(?:mm|cm|dm|km|kg|mg|ml|hz|mph|kmh|min|cents?|°[CF]?)(?:\^[23])?", re.IGNORECASE)
_SIGN_UNIT = re.compile(r"\s*[%€£¥₹$°]")
_NOT_UNIT = re.compile(
    r"(?:hundred|thousand|million|billion|trillion|lakh|crore|dozen|score|pair|third|quarter|fourth|fifth|tenth|hundredth)s?"
    r"|half|halves|am|pm|noon|mod|modulo|pi|and|or|to|by|of|times|squared|cubed|plus|minus|over|remainder"
    r"|sin|cos|tan|log|ln|exp|bc|ad|bce|ce"
)
_FUNCTION = re.compile(r"sin|cos|tan|cot|sec|csc|log|ln|exp|pi|mod|gcd|lcm|max|min|arcsin|arccos|arctan", re.IGNORECASE)
_LETTER = re.compile(r"(?:(?:option|choice)\s+)?\(?([A-Za-z])[).]?", re.IGNORECASE)
_EDGES = ".,;:!?\"'`*_()[]{}"


def canonical(answer: str) -> str:
    """Return the form of an answer that is compared; empty where nothing is left of it."""
    text = answer[:MAX_CHARS]
    for _ in range(MAX_ROUNDS):
        form = _form(text)[:MAX_CHARS]
        if form == text:
            break
        text = form
    return text


def _form(text: str, nesting: int = 0) -> str:
    """One pass: the first reading that fits."""
    plain = _unwrapped(without_latex(text))
    for reading in (_time, _number, _letter):
        if (form := reading(plain)) is not None:
            return form
    form = _list(plain, nesting) if nesting < MAX_NESTING else None
    form = form if form is not None else _expression(plain)
    return form if form is not None else _words(plain)


def _unwrapped(text: str) -> str:
    """The text without the signs around it: mathematics, emphasis, quotes, parentheses, `x =`, a final stop."""
    while True:
        inner = text.strip().rstrip(".,;:!?").strip()
        for opening, closing in _PAIRS:
            if len(inner) > len(opening + closing) and inner.startswith(opening) and inner.endswith(closing):
                inner = inner[len(opening) : -len(closing)]
                break
        if _is_enclosed(inner) and "," not in inner:
            inner = inner[1:-1]
        if inner.count("=") == 1:
            inner = _ASSIGNED.sub("", inner) if _ASSIGNED.match(inner) else inner
        if inner == text:
            return text
        text = inner


def _is_enclosed(text: str) -> bool:
    """Whether the first parenthesis is closed by the last sign."""
    if len(text) < 3 or text[0] != "(" or text[-1] != ")":
        return False
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def _time(text: str) -> str | None:
    """3:05, 3:05:30, 3:05 pm; a bare hour needs its am or pm."""
    match = _TIME.fullmatch(text)
    if not match or not (match[2] or match[4]):
        return None
    clock = ":".join([str(int(match[1])), match[2] or "00", *([match[3]] if match[3] else [])])
    return f"{clock} {match[4].lower()}m" if match[4] else clock


def _number(text: str) -> str | None:
    """The exact value as a whole number or a reduced fraction."""
    match = _VALUE.fullmatch(text)
    if not match or len(text) > MAX_DIGITS or not _is_unit(match["tail"]):
        return None
    value = _value(match)
    if value is None or (match["sign"] and match["sign2"]):
        return None
    return str(-value if "-" in (match["sign"], match["sign2"]) else value)


def _value(match: re.Match[str]) -> Fraction | None:
    """The number that was matched, without its sign; None for a division by zero."""
    if match["decimal"]:
        return Fraction(match["decimal"].replace(",", "").rstrip(".")) * Fraction(10) ** int(match["exponent"] or 0)
    above, below = (int(match[name].replace(",", "")) for name in ("above", "below"))
    return int(match["whole"] or 0) + Fraction(above, below) if below else None


def _is_unit(tail: str) -> bool:
    """Whether what follows a number may be dropped."""
    if not tail or _SIGN_UNIT.fullmatch(tail) or _JOINED_UNIT.fullmatch(tail.strip()):
        return True
    match = _SPACED_UNIT.fullmatch(tail)
    return match is not None and not _NOT_UNIT.fullmatch(match[1])


def _letter(text: str) -> str | None:
    """A lone letter, upper case: B, (b), B., option B."""
    match = _LETTER.fullmatch(text)
    return match[1].upper() if match else None


def _list(text: str, nesting: int) -> str | None:
    """Items between commas at the top level, each in its own form; brackets kept where they may mean an interval."""
    opening, inner, closing = _brackets(text)
    inner = re.sub(r"(?<=\d)\s+and\s+(?=[-\d])", ", ", inner)
    items = [re.sub(r"^and\s+", "", item.strip()) for item in _top_level_items(inner)]
    if len(items) < 2 or not all(items):
        return None
    forms = [_form(item, nesting + 1) for item in items]
    if not all(forms):
        return None
    if opening == "{":
        forms.sort()
    elif (opening, closing) == ("[", "]") and len(forms) > 2:
        opening = closing = ""
    return f"{opening}{', '.join(forms)}{closing}"


def _brackets(text: str) -> tuple[str, str, str]:
    """(opening, inside, closing) of one pair of brackets around everything; empty brackets where there is none."""
    if len(text) > 2 and text[0] in "([{" and text[-1] in ")]}" and _depth_is_kept(text[1:-1]):
        return text[0], text[1:-1], text[-1]
    return "", text, ""


def _depth_is_kept(text: str) -> bool:
    """Whether no bracket closes that did not open."""
    depth = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _top_level_items(text: str) -> list[str]:
    """What lies between the commas and semicolons that are inside no bracket."""
    items, start, depth = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign in ",;" and depth == 0:
            items.append(text[start:place])
            start = place + 1
    return [*items, text[start:]]


def _expression(text: str) -> str | None:
    """Mathematics without its spaces; None where there are words."""
    signs = re.findall(r"\\[A-Za-z]+|\S", text)
    words = re.findall(r"(?<![\\A-Za-z])[A-Za-z]{2,}", text)
    if re.search(r"\d\s+\d", text) or not re.search(r"[\d^=+\\]", text) or not all(map(_FUNCTION.fullmatch, words)):
        return None
    parts = [
        sign + " " if sign[0] == "\\" and len(sign) > 1 and after[:1].isalpha() else sign
        for sign, after in zip(signs, [*signs[1:], ""], strict=True)
    ]
    return "".join(parts)


def _words(text: str) -> str:
    """Free text: one case, no punctuation at the edges of words, single spaces, no leading article."""
    words = [word.strip(_EDGES) for word in text.casefold().split()]
    joined = " ".join(word for word in words if word)
    return re.sub(r"^(?:the|an?)\s+(?=\w\w)", "", joined)
