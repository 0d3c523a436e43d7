"""The corpus of the fuzz target in `tests/fuzz`, replayed: what was found once stays mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgereason.engine.gguf_header import check_gguf
from edgereason.errors import ModelFileError

CORPUS = sorted((Path(__file__).parents[2] / "fuzz" / "corpus" / "gguf_header").iterdir())


def reason(path: Path) -> str:
    """Why the check refuses this file, in words alone; empty where it passes."""
    try:
        header = check_gguf(path)
    except ModelFileError as error:
        return "".join(sign for sign in str(error).split(path.name)[1] if not sign.isdigit())
    assert all(tensor.offset + tensor.num_bytes <= path.stat().st_size for tensor in header.tensors)
    return ""


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name[:12])
def test_an_input_of_the_corpus_is_refused_in_words_or_passes(path: Path) -> None:
    """With the one error that there is for it, or with a header whose tensors lie within the file."""
    assert reason(path) == "" or len(reason(path)) > 8


def test_the_corpus_reaches_far_into_the_check() -> None:
    """Some of it passes, and the rest is refused for many different reasons."""
    reasons = set(map(reason, CORPUS))

    assert "" in reasons
    assert len(reasons) > 40
