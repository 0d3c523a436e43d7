"""Ids to text and back: no half characters, no markers, streams that only grow."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgereason.errors import TokenizerError
from edgereason.prompting import Tokenizer

TEXT = st.text(alphabet="aé€😀 \n<7", max_size=10)
NAMES = ["tokenizer", "spaced_tokenizer", "phi-3", "deepseek-llm", "stories260K", "abacus"]


@pytest.fixture(scope="module", params=NAMES)
def any_tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """All kinds: bytes as signs, and bytes as tokens, out of tokenizer.json and out of GGUF files."""
    if request.param in NAMES[:2]:
        return request.getfixturevalue(request.param)
    return request.getfixturevalue("gguf_tokenizer")(request.param)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXT)
def test_a_stream_shows_whole_characters_and_only_grows(any_tokenizer: Tokenizer, text: str) -> None:
    """Each prefix of the ids decodes to a prefix of the text, and never to a replacement sign."""
    ids = any_tokenizer.encode(text, continues=True)
    for length in range(len(ids) + 1):
        shown = any_tokenizer.decode(ids[:length])

        assert text.startswith(shown)
    assert text == any_tokenizer.decode(ids)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXT)
def test_what_a_stream_shows_piece_by_piece_is_the_text(any_tokenizer: Tokenizer, text: str) -> None:
    """Decoded as the tokens come, kept back while a character is unfinished, nothing is lost: blanks neither."""
    shown, pending = "", []
    for token in any_tokenizer.encode(text, continues=True):
        pending.append(token)
        if not any_tokenizer.ends_inside_character(pending):
            shown += any_tokenizer.decode(pending)
            pending = []

    assert text == shown


def test_a_character_cut_anywhere_is_known_to_be_unfinished(any_tokenizer: Tokenizer) -> None:
    """Inside the four bytes of a sign that no vocabulary has, ids end inside a character; around it they do not."""
    ids = any_tokenizer.encode("a𐎀", continues=True)
    ends = [any_tokenizer.ends_inside_character(ids[:n]) for n in range(len(ids) + 1)]

    assert [False, False, *[True] * (len(ids) - 2), False] == ends
    assert 3 <= len(ids) <= 5


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
