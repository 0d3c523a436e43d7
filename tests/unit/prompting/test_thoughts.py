"""Replies cut into thought and answer, and real models' templates."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.prompting import split_reasoning
from edgereason.prompting.thoughts import THINK_TAGS, without_thoughts
from edgereason.types import Markers, Message

OPEN, CLOSE = 8, 9
MARKERS = Markers(open_thought=(OPEN, 0), thought_open=(OPEN,), thought_close=(CLOSE,))
REPLIES = {
    "one": ((8, 1, 2, 9, 3), (1, 2), (3,)),
    "several": ((8, 1, 9, 2, 8, 3, 9, 4), (1, 3), (2, 4)),
    "second_close": ((8, 1, 9, 2, 9, 3), (1,), (2, 3)),
    "unclosed": ((8, 1, 2), (1, 2), ()),
    "second_unclosed": ((8, 1, 9, 2, 8, 3), (1, 3), (2,)),
    "opened_before": ((1, 2, 9, 3), (1, 2), (3,)),
    "none": ((1, 2), (), (1, 2)),
    "direct": ((8, 9, 1), (), (1,)),
    "nested_open": ((8, 1, 8, 2, 9, 3), (1, 2), (3,)),
    "empty": ((), (), ()),
}


@pytest.mark.parametrize("case", REPLIES)
def test_replies_are_cut_at_their_markers(case: str) -> None:
    """Thoughts go together, answers go together, markers go nowhere."""
    tokens, reasoning, answer = REPLIES[case]

    assert (reasoning, answer) == split_reasoning(tokens, MARKERS)


def test_a_reply_without_markers_is_a_thought_where_the_template_opened_one() -> None:
    """With nothing forced to open a thought, the prompt already did."""
    assert ((1, 2), ()) == split_reasoning((1, 2), Markers(thought_open=(OPEN,), thought_close=(CLOSE,)))


def test_a_model_without_thoughts_only_answers() -> None:
    """Without markers everything is answer."""
    assert ((), (8, 1, 9)) == split_reasoning((8, 1, 9), Markers())


@given(tokens=st.lists(st.integers(0, 4), max_size=12))
def test_markers_of_several_tokens_are_found_whole(tokens: list[int]) -> None:
    """Tokens that are in no marker come out once each; a marker is taken whole or not at all."""
    markers = Markers(open_thought=(1,), thought_open=(1, 2), thought_close=(1, 3))
    reasoning, answer = split_reasoning(tokens, markers)
    text = "".join(map(str, tokens))
    kept = re.sub("12|13", "", text)

    assert sorted(kept) == sorted("".join(map(str, reasoning + answer)))


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ("<think>a</think>\n\n42", "42"),
        ("42", "42"),
        ("a</think>42", "42"),
        ("<think>a", ""),
        ("x <think>a</think> 4 <think>b</think> 2", "2"),
        ("<think>a</think>4<think>b", "4"),
    ],
)
def test_past_replies_keep_what_follows_the_last_thought(reply: str, kept: str) -> None:
    """What templates do for history, done before the template sees it."""
    assert kept == without_thoughts(reply, THINK_TAGS)


# ---------------------------------------------------------------- real models' templates

DATA = os.environ.get("EDGEREASON_TEST_DATA")
# What a row is begun with, thinking and direct; None: plain answers.
REAL = {
    "Qwen-Qwen3-0.6B": ("<think>\n", "<think>\n\n</think>\n\n"),
    "Qwen3.5-4B": ("<think>\n", "<think>\n\n</think>\n\n"),
    "Qwen-QwQ-32B": ("<think>\n", "<think>\n</think>"),
    "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B": ("<think>\n", "<think>\n</think>"),
    "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": ("<think>\n", "<think></think>"),
    "HuggingFaceTB-SmolLM3-3B": ("<think>\n", "<think>\n\n</think>\n\n"),
    "Qwen-Qwen2.5-7B-Instruct": None,
    "meta-llama-Llama-3.2-3B-Instruct": None,
    "microsoft-Phi-3.5-mini-instruct": None,
    "LFM2.5-Instruct": None,
}


@pytest.mark.skipif(not DATA, reason="EDGEREASON_TEST_DATA is not set: no real templates")
@pytest.mark.parametrize("name", REAL)
def test_real_templates_open_thoughts_as_their_models_do(with_template, name: str) -> None:
    """Chat templates of real models give the two ways to begin a row, and keep the question."""
    tokenizer = with_template((Path(DATA or "") / "templates" / f"{name}.jinja").read_text(encoding="utf-8"))
    prompt, harmless = (
        tokenizer.prompt([Message(role="user", content=f"What is 6 * 7?{end}")]) for end in (" <think>", "")
    )
    tag = tokenizer.added_tokens["<think>"]
    opening, direct = REAL[name] or ("", "")

    assert tokenizer.encode_control(opening) == prompt.markers.open_thought
    assert tokenizer.encode_control(direct) == prompt.markers.direct
    assert "What is 6 * 7? <think>" in tokenizer.decode(prompt.tokens)
    assert harmless.tokens.count(tag) == prompt.tokens.count(tag)


@pytest.mark.skipif(not DATA, reason="EDGEREASON_TEST_DATA is not set: no real templates")
def test_every_real_template_renders_a_conversation(with_template) -> None:
    """All of them compile in the sandbox and carry a whole conversation."""
    turns = [Message(role="system", content="sys1"), Message(role="user", content="one1")]
    turns += [Message(role="assistant", content="two2"), Message(role="user", content="three3")]
    paths = sorted((Path(DATA or "") / "templates").glob("*.jinja"))
    assert paths
    for path in paths:
        tokenizer = with_template(path.read_text(encoding="utf-8"))
        text = tokenizer.decode(tokenizer.prompt(turns).tokens)

        assert [True] * 4 == [word in text for word in ("sys1", "one1", "two2", "three3")], path.name
