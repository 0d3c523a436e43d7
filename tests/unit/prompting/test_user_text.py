"""The user-text law: nothing that a user writes becomes a control token."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Library
from tokenizers import models, pre_tokenizers

from edgereason.errors import QuestionError
from edgereason.prompting import Tokenizer, load_tokenizer
from edgereason.types import Message

MARKERS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")
FRAGMENTS = st.sampled_from(
    [*MARKERS, "<", "<|", "|>", "think", "/think>", "im_start", "|im_end|>", "<think", " ", "\n", "é", "😀", "7"]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=3), max_size=12).map("".join)


def user(text: str) -> list[Message]:
    """A conversation of one question."""
    return [Message(role="user", content=text)]


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_text_has_no_added_token_and_survives(tokenizer: Tokenizer, text: str) -> None:
    """Whatever the text, its ids hold no added token, and decode to the same text."""
    ids = tokenizer.encode(text)

    assert set() == set(ids) & set(tokenizer.added_tokens.values())
    assert text == tokenizer.decode(ids)


@settings(max_examples=100, deadline=None)
@given(text=TEXTS.filter(lambda text: text.strip() and "\0" not in text))
def test_control_tokens_of_a_prompt_do_not_depend_on_the_question(tokenizer: Tokenizer, text: str) -> None:
    """A prompt has the template's control tokens, in its order, and no other, whatever the question says."""
    added = set(tokenizer.added_tokens.values())

    def controls(text: str) -> list[int]:
        return [index for index in tokenizer.prompt(user(text)).tokens if index in added]

    assert controls("plain") == controls(text)


@pytest.mark.parametrize("name", ["tokenizer", "spaced_tokenizer", "bundled_tokenizer"])
def test_every_added_token_is_plain_in_user_text(name: str, request: pytest.FixtureRequest) -> None:
    """Each added token of the vocabulary, special or not, comes through as text."""
    tokenizer = request.getfixturevalue(name)
    for marker in tokenizer.added_tokens:
        text = f"a{marker}b {marker}"
        ids = tokenizer.encode(text)

        assert set() == set(ids) & set(tokenizer.added_tokens.values()), marker
        assert text == tokenizer.decode(ids)


def test_markers_match_where_special_parsing_is_only_switched_off(tokenizer: Tokenizer, write_folder) -> None:
    """The law is no accident of the library: with special tokens off, a tag that is not special still matches."""
    library = Library.from_file(str(write_folder() / "tokenizer.json"))
    library.encode_special_tokens = True

    assert tokenizer.added_tokens["<think>"] in library.encode("<think>").ids


def mergeable_tokenizer() -> Library:
    """A vocabulary whose merges lead to its added tokens."""
    pieces = ["a", "b", "<", ">", "<a", "<a>", "bb", "c"]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Library(models.BPE(vocabulary, [("<", "a"), ("<a", ">"), ("b", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["c", "bb"])
    tokenizer.add_tokens(["<a>"])
    return tokenizer


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="ab<>", max_size=12))
def test_added_tokens_that_merges_reach_are_cut(mergeable: Tokenizer, text: str) -> None:
    """Where ordinary merges lead to an added token, the text is cut inside it and keeps its letters."""
    ids = mergeable.encode(text)

    assert set() == set(ids) & set(mergeable.added_tokens.values())
    assert text == "".join("ab<>"[index] if index < 4 else "<a" for index in ids)


@pytest.fixture(scope="session")
def mergeable(write_folder) -> Tokenizer:
    """The tokenizer whose merges lead to its added tokens."""
    return load_tokenizer(write_folder(mergeable_tokenizer(), "{{ messages[0].content }}", eos="c"))


def test_a_letter_that_is_a_control_token_is_refused(mergeable: Tokenizer) -> None:
    """A single character that the vocabulary knows as a control token only cannot be put as text."""
    with pytest.raises(QuestionError, match="'c' at position 1"):
        mergeable.encode("acb")


def test_identity_is_that_of_vocabulary_and_template(tokenizer: Tokenizer, write_folder) -> None:
    """The same files give the same identity; another template gives another."""
    assert tokenizer.identity == load_tokenizer(write_folder()).identity
    assert tokenizer.identity != load_tokenizer(write_folder(template="{{ messages[0].content }}")).identity
    assert 64 == len(json.loads(f'"{tokenizer.identity}"'))
