"""Conversations to prompts: what is prefilled, the marker sequences, and what templates may and may not do."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tokenizers import Tokenizer as Library

from edgereason.errors import QuestionError, TokenizerError
from edgereason.prompting import PromptOptions, Tokenizer, load_tokenizer
from edgereason.prompting.questions import MAX_TEXT_BYTES
from edgereason.types import Message

GENERATION = "{% for m in messages %}<|im_start|>{{ m.content }}{% endfor %}<|im_start|>assistant\n"


def user(text: str) -> list[Message]:
    """A conversation of one question."""
    return [Message(role="user", content=text)]


# ---------------------------------------------------------------- what is prefilled


def test_the_prompt_has_the_ids_of_the_text_encoded_at_once(tokenizer: Tokenizer, write_folder) -> None:
    """For harmless text, cutting out and putting back changes nothing against encoding the rendered text whole."""
    whole = (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat is 6 * 7?<|im_end|>\n<|im_start|>assistant\n"
    )
    messages = [Message(role="system", content="Be brief."), *user(" What is 6 * 7?\n")]
    library = Library.from_file(str(write_folder() / "tokenizer.json"))

    assert tuple(library.encode(whole).ids) == tokenizer.prompt(messages).tokens


def test_the_switch_becomes_two_suffixes(tokenizer: Tokenizer) -> None:
    """What thinking on and off share is prefilled; where they differ are the two ways to begin a row."""
    prompt = tokenizer.prompt(user("2 + 2 = ?"))
    markers = prompt.markers

    assert tokenizer.encode_control("<think>\n") == markers.open_thought
    assert tokenizer.encode_control("<think>\n\n</think>\n\n") == markers.direct
    assert tokenizer.encode_control("\n</think>\n\n") == markers.close_thought
    assert tokenizer.encode("\\boxed{") == markers.answer_opener
    assert tokenizer.encode("\nWait") == markers.extension
    assert (tokenizer.added_tokens["<think>"],) == markers.thought_open
    assert (tokenizer.added_tokens["</think>"],) == markers.thought_close
    assert {tokenizer.added_tokens["<|im_end|>"]} == markers.end_of_turn
    assert tokenizer.encode_control("<|im_start|>user\n2 + 2 = ?<|im_end|>\n<|im_start|>assistant\n") == prompt.tokens
    assert "2 + 2 = ?" == prompt.question


def test_the_bundled_model_is_begun_as_it_was_trained(bundled_tokenizer: Tokenizer) -> None:
    """Prompt, opening, empty thought and closing have the ids of the pieces that its training data is made of."""
    prompt = bundled_tokenizer.prompt(user("34 * 6 - 150 = ?"))
    ids = bundled_tokenizer.encode_control

    assert ids("<|im_start|>user\n34 * 6 - 150 = ?<|im_end|>\n<|im_start|>assistant\n") == prompt.tokens
    assert ids("<think>\n") == prompt.markers.open_thought
    assert ids("<think>\n\n</think>\n\n") == prompt.markers.direct
    assert ids("\n</think>\n\n") == prompt.markers.close_thought
    assert ids("<|im_end|>")[0] in prompt.markers.end_of_turn


TAILS = {
    "opened_by_template": (
        "<think>\n{% if not enable_thinking %}</think>{% endif %}",
        "<think>\n",
        "<think>\n</think>",
    ),
    "opened_both_ways": (
        "{% if enable_thinking %}<think>\n{% else %}<think></think>{% endif %}",
        "<think>\n",
        "<think></think>",
    ),
    "always_open": ("<think>\n", "<think>\n", "<think>\n\n</think>\n\n"),
    "switch_named_thinking": ("{% if not thinking %}<think></think>{% endif %}", "<think>\n", "<think></think>"),
}


@pytest.mark.parametrize("tail", TAILS)
def test_the_prefix_ends_before_any_thought(with_template, tail: str) -> None:
    """Whoever opens the thought, the prefix ends before it, and each row says in its own tokens how it begins."""
    template, opening, direct = TAILS[tail]
    tokenizer = with_template(GENERATION + template.replace("\n", "{{ '\\n' }}"))
    prompt = tokenizer.prompt(user("hi"))

    assert tokenizer.encode_control("<|im_start|>hi<|im_start|>assistant\n") == prompt.tokens
    assert tokenizer.encode_control(opening) == prompt.markers.open_thought
    assert tokenizer.encode_control(direct) == prompt.markers.direct


def test_a_switch_in_the_system_text_is_put_on_once(with_template) -> None:
    """Where on and off part before the question, the prefix is that of thinking on, and both suffixes follow it."""
    template = (
        "{{ 'ON' if enable_thinking else 'OFF' }}" + GENERATION + "{% if not enable_thinking %}</think>{% endif %}"
    )
    tokenizer = with_template(template)
    prompt = tokenizer.prompt(user("hi"))

    assert tokenizer.encode_control("ON<|im_start|>hi<|im_start|>assistant\n") == prompt.tokens
    assert tokenizer.encode_control("<think>\n\n</think>\n\n") == prompt.markers.direct


def test_a_template_without_thoughts_gives_plain_answers(with_template) -> None:
    """No tag where the assistant speaks: no thought markers, nothing to force before an answer."""
    prompt = with_template(GENERATION).prompt(user("hi"))
    markers = prompt.markers

    assert ((), (), (), (), ()) == (
        markers.open_thought,
        markers.direct,
        markers.thought_open,
        markers.thought_close,
        markers.extension,
    )
    assert markers.answer_opener
    assert markers.end_of_turn


def test_a_tag_in_the_question_makes_no_thinking_model(with_template) -> None:
    """Thoughts are read off the template's own text, not off what a user wrote."""
    assert () == with_template(GENERATION).prompt(user("<think></think>")).markers.thought_open


def test_past_replies_lose_their_thoughts(tokenizer: Tokenizer) -> None:
    """A later prompt holds what was answered, not what was thought, closed or not."""
    turns = [*user("a"), Message(role="assistant", content="<think>secret</think>\n\n42"), *user("b")]
    unclosed = [*user("a"), Message(role="assistant", content="42 <think>secret"), *user("b")]
    plain = [*user("a"), Message(role="assistant", content="42"), *user("b")]

    assert tokenizer.prompt(plain).tokens == tokenizer.prompt(turns).tokens
    assert tokenizer.prompt(plain).tokens == tokenizer.prompt(unclosed).tokens


def test_choices_stand_below_the_question(tokenizer: Tokenizer) -> None:
    """Options are lettered lines of the user's turn; the prompt keeps question and options apart."""
    prompt = tokenizer.prompt(user("Which is red?"), choices=["blood", "grass"])
    text = tokenizer.decode(prompt.tokens)

    assert "user\nWhich is red?\nOptions:\nA) blood\nB) grass\nAnswer with one of the options.\nassistant\n" == text
    assert ("Which is red?", ("blood", "grass")) == (prompt.question, prompt.choices)


# ---------------------------------------------------------------- what is refused

BAD_QUESTIONS = {
    "empty": ("", "question is empty"),
    "blank": (" \n\t", "question is blank"),
    "nul": ("a\0b", "NUL character at position 1"),
    "surrogate": ("a\ud800", "position 1 is half a character"),
    "long": ("x" * 1_000_000, f"1,000,000 bytes long; at most {MAX_TEXT_BYTES:,}"),
    "bytes": (b"2 + 2", "question is bytes, not text"),
}


@pytest.mark.parametrize("case", BAD_QUESTIONS)
def test_questions_that_are_no_text_are_refused(tokenizer: Tokenizer, case: str) -> None:
    """Each kind of bad question has an error of its own that says where and how much."""
    text, words = BAD_QUESTIONS[case]
    with pytest.raises(QuestionError, match=words):
        tokenizer.prompt(user(text))  # type: ignore[arg-type]


def test_long_text_below_the_limit_is_encoded(tokenizer: Tokenizer) -> None:
    """The limit is on bytes; what lies below it is taken whole."""
    question = "7" * 50_000

    assert question in tokenizer.decode(tokenizer.prompt(user(question)).tokens)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "no question"),
        ([Message(role="assistant", content="hi")], "must be of role 'user'"),
        ([Message(role="tool", content="x"), *user("a")], "'tool' is unknown"),  # type: ignore[arg-type]
        ([Message(role="system", content=" "), *user("a")], "system message is blank"),
    ],
)
def test_conversations_that_ask_nothing_are_refused(tokenizer: Tokenizer, messages, words: str) -> None:
    """A conversation needs known roles, text in each turn, and a question at its end."""
    with pytest.raises(QuestionError, match=words):
        tokenizer.prompt(messages)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (["a"], "1 choices"),
        (["a"] * 27, "27 choices"),
        (["a", " a "], "not all different"),
        (["a", ""], "empty"),
        (["a", "b\nc"], "several lines"),
    ],
)
def test_choices_that_cannot_be_told_apart_are_refused(tokenizer: Tokenizer, choices, words: str) -> None:
    """Options must be 2 to 26 different single lines."""
    with pytest.raises(QuestionError, match=words):
        tokenizer.prompt(user("a"), choices=choices)


# ---------------------------------------------------------------- what templates may do


@pytest.mark.parametrize("change", ["trim", "upper", "title", "tojson", "replace('x', 'y')"])
def test_templates_that_alter_contents_get_them_back_unaltered(with_template, change: str) -> None:
    """Filters see digits, so the user's text comes through as written."""
    tokenizer = with_template("{{ messages[0].content | " + change + " }}<|im_start|>")
    text = tokenizer.decode(tokenizer.prompt(user("mixed Case, x")).tokens)

    assert "mixed Case, x" == text.strip('"')


def test_text_cannot_steer_a_template(with_template) -> None:
    """A template that looks for a switch in the text finds none there."""
    tokenizer = with_template("{% if '/no_think' in messages[0].content %}OFF{% endif %}{{ messages[0].content }}")

    assert "/no_think hi" == tokenizer.decode(tokenizer.prompt(user("/no_think hi")).tokens)


def test_a_content_written_twice_comes_twice(with_template) -> None:
    """Some templates repeat a text."""
    tokenizer = with_template("{{ messages[0].content }}|{{ messages[0].content }}")

    assert "hi|hi" == tokenizer.decode(tokenizer.prompt(user("hi")).tokens)


@pytest.mark.parametrize(
    "template", ["{{ messages[-1].content }}", "{{ messages[-1].content }}{{ messages[0].content[:9] }}"]
)
def test_a_template_that_loses_a_message_is_refused(with_template, template: str) -> None:
    """A message that a template leaves out or shortens is not lost in silence."""
    with pytest.raises(QuestionError, match="leaves out message 0 of role 'system'"):
        with_template(template).prompt([Message(role="system", content="Be brief."), *user("hi")])


def test_a_template_may_refuse(with_template) -> None:
    """raise_exception is the template's word to the caller."""
    with pytest.raises(QuestionError, match="no system role here"):
        with_template("{{ raise_exception('no system role here') }}").prompt(user("hi"))


def test_templates_have_the_usual_names(with_template) -> None:
    """Dates, loop controls, generation blocks and block trimming work as templates expect."""
    loop = "{% for m in messages %}\n{{ m.content }}{% break %}{% endfor %}\n"
    tokenizer = with_template("{% generation %}\n" + loop + "{% endgeneration %}{{ strftime_now('%%') }}")

    assert "hi%" == tokenizer.decode(tokenizer.prompt(user("hi")).tokens)


BAD_TEMPLATES = {
    "syntax": "{% if %}",
    "unknown_filter": "{{ messages | nothing }}",
    "internals": "{{ messages.__class__.__mro__ }}",
    "mutation": "{{ messages.append(1) }}{{ messages[0].content }}",
    "large_product": "{{ 'a' * 10**9 }}",
    "large_text": "{{ 'a' * 999999999 }}",
    "large_range": "{% for i in range(10000000) %}a{% endfor %}",
    "much_text": "{% for i in range(90000) %}{{ 'aaaaaaaaaaaaaaaaaaaa' }}{% endfor %}",
    "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "type": "{{ 1 + 'a' }}",
    "key": "{{ messages[0].content.nothing.more }}",
    "long": "{# " + "x" * 300_000 + " #}",
}


@pytest.mark.parametrize("case", BAD_TEMPLATES)
def test_templates_that_fail_are_tokenizer_errors(with_template, case: str) -> None:
    """A damaged, greedy or hostile template ends as our own error, at once."""
    with pytest.raises(TokenizerError):
        with_template(BAD_TEMPLATES[case]).prompt(user("hi"))


def test_format_strings_do_not_reach_internals(with_template) -> None:
    """str.format goes through the sandbox too."""
    tokenizer = with_template("{{ '{0.__class__}'.format(messages) }}{{ messages[0].content }}")

    assert "hi" == tokenizer.decode(tokenizer.prompt(user("hi")).tokens)


def test_importing_the_package_loads_neither_library() -> None:
    """The start-up budget: tokenizers and jinja2 are imported when a tokenizer is loaded."""
    code = "import sys, edgereason.prompting; print(sorted({'tokenizers', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == done.stdout


def test_a_caller_may_bring_a_template(write_folder, tmp_path) -> None:
    """A template file of the caller's replaces the folder's; a missing one is an error."""
    own = tmp_path / "own.jinja"
    own.write_text("own {{ messages[0].content }}")
    tokenizer = load_tokenizer(write_folder(), PromptOptions(chat_template=own))

    assert "own hi" == tokenizer.decode(tokenizer.prompt(user("hi")).tokens)
    with pytest.raises(TokenizerError, match="missing"):
        load_tokenizer(write_folder(), PromptOptions(chat_template=tmp_path / "none.jinja"))
