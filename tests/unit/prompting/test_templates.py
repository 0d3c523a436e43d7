"""What is made of real models' chat templates (docs/templates.toml), and of those that nobody has seen."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from edgereason.errors import ConfigError
from edgereason.prompting import PromptOptions, Tokenizer, load_tokenizer
from edgereason.prompting.template import new_nonces
from edgereason.prompting.thoughts import PLAIN_NOTE, Rendering
from edgereason.types import Message

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[3] / "docs" / "templates.toml").read_text(encoding="utf-8")
)
THINKING = [name for name, row in TABLE.items() if row["opened_by"] != "nobody"]
PLAIN = [name for name in TABLE if name not in THINKING]
CONVERSATIONS = {
    "question": [Message(role="user", content="What is 6 * 7? <think> [THINK] <|end|>")],
    "system_text": [Message(role="system", content="Be brief."), Message(role="user", content="What is 6 * 7?")],
    "later_turn": [
        Message(role="user", content="One?"),
        Message(role="assistant", content="Two."),
        Message(role="user", content="Three?"),
    ],
}


def rendered(tokenizer: Tokenizer, messages: list[Message], thinking: bool | None) -> Rendering:
    """The prompt with the switch on, off, or (as no prompt is made) undefined."""
    return Rendering(tokenizer._template.render(messages, new_nonces(len(messages)), thinking=thinking))


def state(row: dict[str, Any], rendering: Rendering) -> str:
    """What the template does there, in the table's words."""
    opened, closed = row["seek_open"], row["seek_close"]
    if row["header"]:
        return f"effort {re.findall('Reasoning: (.*)', rendering.own_text)[0]}"
    if closed in rendering.tail:
        return "closed"
    if opened in rendering.tail:
        return "open"
    return "told" if opened in rendering.own_text and closed in rendering.own_text else "free"


def test_the_table_has_every_template_at_hand(test_data: Path) -> None:
    """All 14, and no other."""
    assert sorted(TABLE) == sorted(path.stem for path in (test_data / "templates").glob("*.jinja"))
    assert 14 == len(TABLE)


@pytest.mark.parametrize("name", THINKING)
def test_the_switch_does_what_the_table_says(real, name: str) -> None:
    """Its name, and the state of the thought when it is on, off, and not passed at all."""
    tokenizer, row = real(name), TABLE[name]
    states = [state(row, rendered(tokenizer, CONVERSATIONS["question"], switch)) for switch in (True, False, None)]

    assert tuple(row["switch"]) == tokenizer._template.switches
    assert [row["on"], row["off"], row["undefined"]] == states
    assert ("template" if row["on"] == "open" else "model") == row["opened_by"]


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("name", THINKING)
def test_the_marker_sequences_are_those_of_the_table(real, name: str, conversation: str) -> None:
    """What is forced and what is looked for, whatever the conversation."""
    tokenizer, row = real(name), TABLE[name]
    markers = tokenizer.prompt(CONVERSATIONS[conversation]).markers
    ids = tokenizer.encode_control
    by_text = row["tags"] == "text"

    assert ids(row["open"]) == markers.open_thought
    assert ids(row["direct"]) == markers.direct
    assert (ids(row["seek_open"]), ids(row["seek_close"])) == (markers.thought_open, markers.thought_close)
    assert (row["seek_open"], row["seek_close"]) == (markers.open_text, markers.close_text) or not by_text
    assert by_text == bool(markers.close_text)
    assert ids(row["close"]) == markers.close_thought
    assert ids(row["header"]) == markers.answer_header
    assert ids(row["extension"]) == markers.extension
    assert ids(row["opener"]) == markers.answer_opener
    assert () == tokenizer.notes


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("name", THINKING)
def test_the_prompt_and_its_opening_are_what_the_template_writes(real, name: str, conversation: str) -> None:
    """Thinking on, the prefix and the opening of a thought are the template's own text, nothing lost or doubled."""
    tokenizer, messages = real(name), CONVERSATIONS[conversation]
    prompt = tokenizer.prompt(messages)
    written = tokenizer.encode_pieces(rendered(tokenizer, messages, True).pieces)
    opened = TABLE[name]["opened_by"] == "template"

    assert written == (prompt.tokens + prompt.markers.open_thought if opened else prompt.tokens)
    assert prompt.markers.open_thought != ()


@pytest.mark.parametrize("name", PLAIN)
def test_templates_without_thoughts_give_plain_answers_and_it_is_said(real, name: str) -> None:
    """No marker, nothing to force before an answer, and a note."""
    tokenizer = real(name)
    prompt = tokenizer.prompt(CONVERSATIONS["question"])
    markers = prompt.markers

    assert ((), (), (), ()) == (markers.open_thought, markers.direct, markers.thought_open, markers.thought_close)
    assert tokenizer.encode_pieces(rendered(tokenizer, CONVERSATIONS["question"], False).pieces) == prompt.tokens
    assert tokenizer.encode("\\boxed{") == markers.answer_opener
    assert (PLAIN_NOTE,) == tokenizer.notes


@pytest.mark.parametrize("name", TABLE)
def test_user_text_brings_no_marker_into_a_prompt(real, name: str) -> None:
    """Tags in the question stay text: the prompt's control tokens are those of a question without tags."""
    tokenizer = real(name)
    added = set(tokenizer.added_tokens.values())
    tags = " ".join(tokenizer.added_tokens)
    with_tags, without = (
        [index for index in tokenizer.prompt([Message(role="user", content=text)]).tokens if index in added]
        for text in (f"What is {tags}?", "What is it?")
    )

    assert without == with_tags


@pytest.mark.parametrize("name", TABLE)
def test_every_real_template_renders_a_conversation(real, name: str) -> None:
    """All of them compile in the sandbox and carry a whole conversation."""
    turns = [Message(role="system", content="sys1"), Message(role="user", content="one1")]
    turns += [Message(role="assistant", content="two2"), Message(role="user", content="three3")]
    text = real(name).decode(real(name).prompt(turns).tokens)

    assert [True] * 4 == [word in text for word in ("sys1", "one1", "two2", "three3")]


# ---------------------------------------------------------------- templates that nobody has seen

PLAIN_TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.content }}{% endfor %}<|im_start|>"
UNSEEN = {
    "in_the_tail": (PLAIN_TEMPLATE + "<thought>", "<thought>", "</thought>"),
    "only_closed": (PLAIN_TEMPLATE + "{% if not enable_thinking %}</seed:think>{% endif %}", "<seed:think>", None),
    "in_the_system_text": ("Write [REASONING] and [/REASONING]." + PLAIN_TEMPLATE, "[REASONING]", "[/REASONING]"),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_tags_of_an_unseen_template_are_found_and_named(with_template, case: str) -> None:
    """A pair that looks like the tags of thoughts is taken for it, and a note says so."""
    template, opened, closed = UNSEEN[case]
    tokenizer = with_template(template)
    markers = tokenizer.prompt(CONVERSATIONS["question"]).markers
    closed = closed or opened.replace("<", "</")

    assert (opened, closed) == (markers.open_text, markers.close_text)
    assert [f"between {opened!r} and {closed!r}" in note for note in tokenizer.notes] == [True]


def test_a_tag_that_is_only_stripped_from_past_replies_makes_no_thinking_model(with_template) -> None:
    """The source of a template is not what it writes."""
    template = "{% for m in messages %}{{ m.content.split('</think>')[-1] }}{% endfor %}<|im_start|>"

    assert (PLAIN_NOTE,) == with_template(template).notes


def test_the_caller_may_name_the_tags(write_folder) -> None:
    """Tags that no template shows: those of one token by their ids, and nothing is left to say."""
    options = PromptOptions(think_open="<think>", think_close="</think>")
    tokenizer = load_tokenizer(write_folder(template=PLAIN_TEMPLATE), options)
    prompt = tokenizer.prompt(CONVERSATIONS["system_text"])

    assert tokenizer.encode_control("<think>\n") == prompt.markers.open_thought
    assert ("", (tokenizer.added_tokens["</think>"],)) == (prompt.markers.close_text, prompt.markers.thought_close)
    assert tokenizer.encode("\nWait") == prompt.markers.extension
    assert () == tokenizer.notes


def test_named_tags_that_are_text_are_looked_for_as_text(write_folder) -> None:
    """An extension then opens the thought again, since the tag stands already when it is seen."""
    options = PromptOptions(think_open="{thinking}", think_close="{/thinking}")
    tokenizer = load_tokenizer(write_folder(template=PLAIN_TEMPLATE), options)
    markers = tokenizer.prompt(CONVERSATIONS["question"]).markers

    assert ("{thinking}", "{/thinking}") == (markers.open_text, markers.close_text)
    assert tokenizer.encode("\n{thinking}\nWait") == markers.extension


@pytest.mark.parametrize(("opened", "closed"), [("<a>", None), (None, "</a>"), ("<a>", " "), ("<a>", "<a>")])
def test_half_a_pair_of_tags_is_refused(opened: str | None, closed: str | None) -> None:
    """Both tags or none, different, and not blank."""
    with pytest.raises(ConfigError, match="do not mark a thought"):
        PromptOptions(think_open=opened, think_close=closed)


def test_past_replies_lose_thoughts_between_named_tags(write_folder) -> None:
    """A later prompt holds what was answered, not what was thought."""
    options = PromptOptions(think_open="{thinking}", think_close="{/thinking}")
    tokenizer = load_tokenizer(write_folder(template=PLAIN_TEMPLATE), options)
    first, last = Message(role="user", content="a"), Message(role="user", content="b")
    replies = [Message(role="assistant", content=text) for text in ("{thinking}no{/thinking} 42", "42")]

    assert 1 == len({tokenizer.prompt([first, reply, last]).tokens for reply in replies})
