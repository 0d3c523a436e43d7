"""Ids to text and back: no half characters, no markers, streams that only grow."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgereason.errors import TokenizerError
from edgereason.prompting import Tokenizer

TEXT = st.text(alphabet="aé€😀 \n<7", max_size=10)
NAMES = ["tokenizer", "spaced_tokenizer"]


@pytest.fixture(params=NAMES)
def any_tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """Both kinds: bytes as signs, and bytes as tokens."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(text=TEXT)
def test_a_stream_shows_whole_characters_and_only_grows(name: str, tokenizer, spaced_tokenizer, text: str) -> None:
    """Each prefix of the ids decodes to a prefix of the text, and never to a replacement sign."""
    codec = {"tokenizer": tokenizer, "spaced_tokenizer": spaced_tokenizer}[name]
    ids = codec.encode(text)
    for length in range(len(ids) + 1):
        shown = codec.decode(ids[:length])

        assert text.startswith(shown)
    assert text == codec.decode(ids)


def test_a_character_cut_anywhere_is_known_to_be_unfinished(any_tokenizer: Tokenizer) -> None:
    """After 1, 2 and 3 of the four bytes of an emoji the ids end inside a character; after 0 and 4 they do not."""
    ids = any_tokenizer.encode("a😀")
    assert 5 == len(ids)

    assert [False, False, True, True, True, False] == [any_tokenizer.ends_inside_character(ids[:n]) for n in range(6)]


def test_bytes_that_begin_no_character_do_not_wait_for_more(tokenizer: Tokenizer) -> None:
    """A stray continuation byte is shown as a replacement sign: nothing that follows could complete it."""
    stray = tokenizer.encode("é")[1:]

    assert not tokenizer.ends_inside_character(stray)
    assert "�" == tokenizer.decode(stray)


def test_control_tokens_are_not_shown(tokenizer: Tokenizer) -> None:
    """Markers and ends of turns leave no text."""
    ids = tokenizer.encode_control("<think>\na</think>b<|im_end|>")

    assert "\nab" == tokenizer.decode(ids)


def test_ids_beyond_the_vocabulary_leave_no_text(tokenizer: Tokenizer) -> None:
    """A model's padding rows have no text."""
    assert "a" == tokenizer.decode([*tokenizer.encode("a"), tokenizer.vocab_size + 5])


def test_vocabularies_that_cannot_fit_the_model_are_refused(tokenizer: Tokenizer) -> None:
    """More tokens than logits, or fewer than half as many, is another model's tokenizer; padding is not."""
    size = tokenizer.vocab_size
    tokenizer.check_vocabulary(size)
    tokenizer.check_vocabulary(size + 64)
    with pytest.raises(TokenizerError, match=f"{size}"):
        tokenizer.check_vocabulary(size - 1)
    with pytest.raises(TokenizerError, match=f"{size}"):
        tokenizer.check_vocabulary(2 * size + 1)
