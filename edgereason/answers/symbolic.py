"""The child process of equivalence.py: reads pairs of answers, writes whether they are the same value.

Run as `python -m edgereason.answers.symbolic`; the library never imports it. math-verify and sympy load here only.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import TextIO

PARSING_S = 2
COMPARING_S = 5


def is_equal(left: str, right: str) -> bool:
    """Whether math-verify reads both as mathematics and finds them equal, asked either way round."""
    from math_verify import parse, verify

    both = [parse(f"${text}$", parsing_timeout=PARSING_S) for text in (left, right)]
    return all(both) and any(verify(one, other, timeout_seconds=COMPARING_S) for one, other in (both, reversed(both)))


def serve(questions: Iterable[str], answers: TextIO) -> None:
    """Answer until the questions end; the first line says that the libraries are loaded."""
    is_equal("x", "x")
    print("up", file=answers, flush=True)
    for line in questions:
        left, right = json.loads(line)
        print(json.dumps(is_equal(left, right)), file=answers, flush=True)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)  # slack time is what the others leave
    serve(sys.stdin, sys.stdout)
