"""Stories share no template with the real word problems that the model is judged on."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from edgereason.evals.families import draw_many

DATA = os.environ.get("EDGEREASON_TEST_DATA")
RUN = 8


def _names(texts: list[str]) -> set[str]:
    """Words that are capitalised within a sentence and never written small."""
    capitalised = {word for text in texts for word in re.findall(r"(?<![.?!:] )(?<!^)\b[A-Z][a-z]+", text)}
    small = {word for text in texts for word in re.findall(r"\b[a-z]+", text)}
    return {word for word in capitalised if word.lower() not in small}


def _runs(text: str, names: set[str]) -> set[tuple[str, ...]]:
    """All runs of eight words, names and numbers masked."""
    words = [
        "#" if word[0].isdigit() else "@" if word in names else word.lower()
        for word in re.findall(r"[A-Za-z]+|\d+", text)
    ]
    return {tuple(words[k : k + RUN]) for k in range(len(words) - RUN + 1)}


@pytest.mark.skipif(not DATA, reason="EDGEREASON_TEST_DATA does not name the folder with real word problems")
def test_stories_share_no_eight_words_with_the_problems_they_are_judged_on() -> None:
    """With names and numbers masked, a run of eight words is shared by chance only: by fewer than 1 story in 1,000."""
    files = (Path(DATA or "") / "word_problems").glob("*.jsonl")
    real = [json.loads(line)["input"] for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    made = [problem.question for problem in draw_many("story", 20_000, split="train")]
    names = _names(real + made)
    known = {run for text in real for run in _runs(text, names)}

    sharing = [text for text in made if _runs(text, names) & known]

    assert len(known) > 1000
    assert len(sharing) < len(made) / 1000, sharing[:10]
