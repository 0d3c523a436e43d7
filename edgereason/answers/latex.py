"""LaTeX and typography of answers to plain signs: wrappers away, fractions of whole numbers to `a/b`. Pure text."""

from __future__ import annotations

import re
import unicodedata

_VULGAR = re.compile("[¼-¾⅐-⅞]")
_SIGNS = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "⁄": "/", "÷": "/", "×": "*", "·": "*", "’": "'", "‘": "'",
        "“": '"', "”": '"', "º": "°", "²": "^2", "³": "^3", "π": "\\pi ", "∞": "\\infty ", "∕": "/",
    }
)  # fmt: skip
_DROPPED = re.compile(r"\\(?:left|right|bigl?|bigr?|Bigl?|Bigr?|displaystyle|limits)(?![A-Za-z])|\\!")
_SPACED = re.compile(r"\\(?:quad|qquad)(?![A-Za-z])|\\[,;:> ]|~")
_DEGREES = re.compile(r"\^?\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))|\\degree(?![A-Za-z])")
_TIMES = re.compile(r"\\(?:cdot|times)(?![A-Za-z])")
_WRAPPED = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|operatorname|mbox|boxed|fbox)\s*\{([^{}]*)\}"
)
_FRACTION = re.compile(r"(\d?)\s*\\frac\s*\{\s*(-?\d+)\s*\}\s*\{\s*(\d+)\s*\}")
_SHORT_FRACTION = re.compile(r"\\frac\s*(\d)\s*(\d)(?!\d)")
_PLAIN_ROOT = re.compile(r"(?<![A-Za-z\\])(?:sqrt\s*\(([^()]*)\)|√\s*\(([^()]*)\)|√\s*(\d+|[A-Za-z]))")


def without_latex(text: str) -> str:
    """Return the text in plain signs: `\\dfrac{1}{2}` is `1/2`, `\\text{cm}` is `cm`, `1{,}000` is `1,000`."""
    text = _VULGAR.sub(lambda match: " " + unicodedata.normalize("NFKC", match[0]), text)
    text = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)
    text = re.sub(r"(?<=\d)(?:\\[,!]|\{,\}\\?!?)(?=\d{3}(?!\d))", ",", text)
    text = _SPACED.sub(" ", _DROPPED.sub("", text)).replace("{,}", ",")
    text = re.sub(r"\\([$%{}&#_])", r"\1", _TIMES.sub("*", _DEGREES.sub("°", text)))
    text = re.sub(r"\\[dtc]frac", r"\\frac", text)
    text = _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", _unwrapped(text))
    text = _FRACTION.sub(
        lambda match: f"{match[1]} {match[2]}/{match[3]}" if match[1] else f"{match[2]}/{match[3]}", text
    )
    text = _PLAIN_ROOT.sub(lambda match: "\\sqrt{" + (match[1] or match[2] or match[3] or "") + "}", text)
    return re.sub(r"\^\{(\w)\}", r"^\1", text)


def _unwrapped(text: str) -> str:
    """The text with the content of `\\text{...}` and its like in their place, from the inside out."""
    while True:
        inner = _WRAPPED.sub(r"\1", text)
        if inner == text:
            return text
        text = inner
