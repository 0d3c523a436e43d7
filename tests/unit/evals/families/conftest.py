"""The bundled tokenizer, for laws about lengths."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer


@pytest.fixture(scope="session")
def abacus_tokenizer():
    """The tokenizer of the bundled model."""
    return Tokenizer.from_file(str(Path(__file__).parents[4] / "models" / "abacus" / "tokenizer.json"))
