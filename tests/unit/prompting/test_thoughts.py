"""Past replies as later prompts hold them."""

from __future__ import annotations

import pytest

from edgereason.prompting.thoughts import STYLES, THINK_TAGS, without_thoughts


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
    assert kept == without_thoughts(reply, (THINK_TAGS,))


def test_tags_around_an_answer_go_only_where_the_model_writes_them() -> None:
    """Granite's response tags leave its own past replies; in another model's they are text."""
    granite = next(style for style in STYLES if style.answer_tags)
    reply = "<think>a</think><response>42</response>"

    assert ("42", "<response>42</response>") == tuple(without_thoughts(reply, (s,)) for s in (granite, THINK_TAGS))
