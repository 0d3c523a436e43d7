"""Whatever a model does with its thoughts, a reply ends with an answer.

Real templates and the real runtime; the model follows a script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from edgereason.prompting import PromptOptions, Tokenizer, load_tokenizer
from edgereason.prompting.thoughts import PLAIN_NOTE
from edgereason.runtime import Reasoner
from edgereason.testing import FakeClock, scripted
from edgereason.types import Message, Result

END = "<|endoftext|>"
NOTHING: Mapping[str, Any] = {}
QUESTION = "What is 6 * 7?"
NAMES = (  # one of each style, and each way to open a thought
    "Qwen-Qwen3-0.6B",
    "deepseek-ai-DeepSeek-R1-Distill-Llama-8B",
    "HuggingFaceTB-SmolLM3-3B",
    "ibm-granite-granite-3.3-2B-Instruct",
    "mistralai-Ministral-3-14B-Reasoning-2512",
    "openai-gpt-oss-120b",
)
ENDLESS = "on and on " * 150
# What the model says after the opening of its thought; {open}, {close} and {answer} are its own markers.
REPLIES = {
    "closes": "6 * 7 = 42.{close}{answer}It is \\boxed{{42}}",
    "opens_again": "let me{open}see{close}{answer}It is \\boxed{{42}}",
    "no_close": "6 * 7 = 42, so it is 42.",
    "never_ends": ENDLESS,
    "several": "one{close}{answer}maybe{open}two{close}{answer}It is \\boxed{{42}}",
    "several_and_unclosed": "one{close}{answer}maybe{open}" + ENDLESS,
    "empty_thought": "{close}{answer}It is \\boxed{{42}}",
    "second_close": "6 * 7 = 42{close}{answer}It is \\boxed{{42}} {close}",
    "nothing_after": "6 * 7 = 42{close}{answer}",
    "nothing_at_all": "",
}


ANSWERS = {case: ["42"] for case in REPLIES} | {
    "nothing_after": ["41"],  # the answer in hand, where there is no other
    "nothing_at_all": ["41", "42"],  # an empty thought, closed: for some styles that is how a direct answer begins
}


@pytest.fixture(scope="module", params=[*NAMES, "named tags"])
def codec(request: pytest.FixtureRequest, write_folder) -> Tokenizer:
    """A tokenizer of each style: real templates, and tags that the caller names."""
    if request.param == "named tags":
        options = PromptOptions(think_open="{thinking}", think_close="{/thinking}")
        template = "{% for m in messages %}<|im_start|>{{ m.content }}{% endfor %}<|im_start|>"
        return load_tokenizer(write_folder(template=template, eos=END), options)
    return request.getfixturevalue("real")(request.param)


def ask(
    reasoner: Callable[..., Reasoner], codec: Tokenizer, reply: str, engine: Mapping[str, Any] = NOTHING, **options: Any
) -> Result:
    """What comes of a question where a thinking row says this; forced to answer it says 42, directly 41."""
    style, prompt = codec.style, codec.prompt([Message(role="user", content=QUESTION)])
    assert style is not None
    said = reply.format(open=style.open, close=style.close, answer=style.header + "".join(style.answer_tags[:1]))
    end, opener = "".join(style.answer_tags[1:]) + END, prompt.markers.answer_opener
    lines = {
        prompt.tokens[-6:] + prompt.markers.open_thought: said + end,
        opener: "42}" + end,
        prompt.tokens[-6:] + prompt.markers.direct + opener: "41}" + end,
    }
    script = {key: codec.encode_control(line) for key, line in lines.items()}
    logits = scripted(script, codec.vocab_size, otherwise=min(codec.end_of_turn))
    return reasoner({}, codec=codec, logits=logits, context=4096, **engine).ask(
        QUESTION, **{"profile": "easy", **options}
    )


@pytest.mark.parametrize("case", REPLIES)
def test_every_reply_ends_with_an_answer(reasoner, codec: Tokenizer, case: str) -> None:
    """A reply that opens no thought, several, or never closes one has an answer, and no marker is left in its text."""
    result = ask(reasoner, codec, REPLIES[case])
    style = codec.style

    assert result.answer in ANSWERS[case]
    assert "complete" == result.finish
    assert 2 == len(result.rollouts)
    marks = {style.open, style.close, *style.answer_tags, "analysis", "assistant", "final"}
    for rollout in result.rollouts:
        for text in (rollout.text, rollout.reasoning):
            assert [] == [mark for mark in marks if mark in text]


def test_thought_and_answer_are_told_apart(reasoner, codec: Tokenizer) -> None:
    """What stands between the tags is the reasoning, what follows is the text."""
    result = ask(reasoner, codec, REPLIES["closes"])

    assert ("6 * 7 = 42.", "It is \\boxed{42}") == (result.reasoning, result.text)


def test_thoughts_of_all_blocks_count_as_reasoning(reasoner, codec: Tokenizer) -> None:
    """Several thoughts are one reasoning, and what was said between them is no answer."""
    result = ask(reasoner, codec, REPLIES["several"])

    assert ("one", "two", "It is \\boxed{42}") == (result.reasoning[:3], result.reasoning[-3:], result.text)


def test_an_endless_thought_is_closed_before_a_deadline(reasoner, codec: Tokenizer) -> None:
    """In simulated time, whatever the closing of that model is."""
    result = ask(reasoner, codec, REPLIES["never_ends"], {"clock": FakeClock()}, deadline=0.25, profile="hard")

    assert ("42", True) == (result.answer, result.deadline_met)


@pytest.mark.parametrize("name", ["Qwen-Qwen2.5-7B-Instruct", "LFM2.5-Instruct"])
def test_a_plain_model_answers_and_says_that_it_is_taken_for_one(reasoner, real, name: str) -> None:
    """Without thoughts the reply is the answer; the result says why."""
    codec = real(name)
    prompt = codec.prompt([Message(role="user", content=QUESTION)])
    lines = {prompt.tokens[-4:]: f"It is \\boxed{{42}}{END}", prompt.markers.answer_opener: f"42}}{END}"}
    script = {key: codec.encode_control(line) for key, line in lines.items()}
    logits = scripted(script, codec.vocab_size, otherwise=min(codec.end_of_turn))
    result = reasoner({}, codec=codec, logits=logits).ask(QUESTION, profile="easy")

    assert ("42", "It is \\boxed{42}", "") == (result.answer, result.text, result.reasoning)
    assert PLAIN_NOTE in result.notes
