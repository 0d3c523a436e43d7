"""The codec of one model: text to ids, ids to text, conversations to prompts.

How the user-text law is kept, whichever vocabulary lies below (a tokenizer.json, or a GGUF file read by llama.cpp):
a prompt is cut at the added tokens of the template's own text only, and what lies between them (template words and user
text together, as in training) is encoded as plain text. Where plain text would still become an added token, since the
vocabulary finds it there or ordinary merges lead to it, the text is cut inside it and the parts are encoded apart; the
bytes stay the same.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from edgereason.errors import ConfigError, QuestionError, TokenizerError
from edgereason.prompting.files import read_template, read_vocabulary
from edgereason.prompting.questions import checked, with_choices
from edgereason.prompting.template import ChatTemplate, Piece, new_nonces
from edgereason.prompting.thoughts import (
    STYLES,
    THINK_TAGS,
    Ids,
    Rendering,
    ThoughtStyle,
    markers_of,
    split_prompt,
    style_of,
    tags_style,
    without_thoughts,
)
from edgereason.protocols import AddedToken, Vocabulary
from edgereason.types import Message, Prompt

LONGEST_CHARACTER_BYTES = 4
ANCHORS = ("\n", "\t", "|", "=", ";")  # put before text that goes on, where a vocabulary puts a blank before a text
WRONG_MODEL_HINT = "Put the tokenizer files of this very model beside it."
_TAGS = {tag for style in STYLES for tag in (style.open, style.close)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptOptions:
    """What a caller knows of a model's prompts that its files do not say.

    Raises:
        ConfigError: one tag without the other, a blank one, or two the same.
    """

    chat_template: Path | None = None
    think_open: str | None = None
    think_close: str | None = None

    def __post_init__(self) -> None:
        tags = (self.think_open, self.think_close)
        if tags == (None, None):
            return
        if None in tags or not all(tag and tag.strip() for tag in tags) or tags[0] == tags[1]:
            raise ConfigError(
                f"think_open = {tags[0]!r} and think_close = {tags[1]!r} do not mark a thought.",
                hint="Give both, different and not blank, as '<think>' and '</think>'.",
            )

    @property
    def style(self) -> ThoughtStyle | None:
        """The thoughts that the caller described."""
        given = self.think_open is not None and self.think_close is not None
        return tags_style(self.think_open or "", self.think_close or "", "given tags") if given else None


FROM_FILES = PromptOptions()


def load_tokenizer(folder: Path | str, options: PromptOptions = FROM_FILES) -> Tokenizer:
    """Return the tokenizer that lies in a model folder.

    Raises:
        TokenizerError: a file is missing, damaged, or does not fit the others.
    """
    return Tokenizer(read_vocabulary(Path(folder)), options)


class Tokenizer:
    """Text to ids and back (protocols.Codec), and conversations to prompts. Safe to share between threads."""

    def __init__(self, vocabulary: Vocabulary, options: PromptOptions = FROM_FILES) -> None:
        """Put a vocabulary and a chat template together.

        Raises:
            TokenizerError: there is no template, or it fails.
        """
        self._vocabulary = vocabulary
        self._template = ChatTemplate(_template_source(vocabulary, options), vocabulary.named_tokens)
        self.end_of_turn = vocabulary.end_of_turn
        self._added = {token.text: token.id for token in vocabulary.added}
        self._added_ids = frozenset(token.id for token in vocabulary.added)
        self._control_finder = _finder(vocabulary.added)
        # A single letter cannot be cut. One that is not special is an ordinary piece of some vocabularies' words.
        long = [token for token in vocabulary.added if len(token.text) > 1]
        self._plain_finder = _finder(AddedToken(id=t.id, text=t.text) for t in long if t.is_found)
        controls = {token.id for token in vocabulary.added if token.is_special} | {token.id for token in long}
        self._forbidden = frozenset(controls) - vocabulary.harmless
        self.style, note = self._find_style(options.style)
        self.notes = (note,) if note else ()
        tags = _TAGS | ({self.style.open, self.style.close} if self.style else set())
        self._hidden = self.end_of_turn | {t.id for t in vocabulary.added if t.is_special or t.text in tags}

    # ------------------------------------------------------------ vocabulary

    @property
    def vocab_size(self) -> int:
        """One more than the largest id."""
        return self._vocabulary.size

    @property
    def added_tokens(self) -> dict[str, int]:
        """The text and id of every added token, special or not."""
        return dict(self._added)

    @property
    def chat_template(self) -> str:
        """The template's source."""
        return self._template.source

    @cached_property
    def identity(self) -> str:
        """A hash of what every id spells and of the chat template: what two files of one model share."""
        spelled = ((index, self._vocabulary.bytes_of(index)) for index in range(self.vocab_size))
        real = {index: text.hex() for index, text in spelled if text not in (b"", b"[PAD%d]" % index)}  # not padding
        added = sorted(self._added_ids & real.keys())
        return hashlib.sha256(json.dumps([real, added, self.chat_template]).encode()).hexdigest()

    def check_vocabulary(self, vocab_size: int) -> None:
        """Raise TokenizerError where this tokenizer cannot be that of a model with `vocab_size` logits."""
        if self.vocab_size > vocab_size:
            raise TokenizerError(
                f"The tokenizer has {self.vocab_size:,} tokens, the model only {vocab_size:,}.", hint=WRONG_MODEL_HINT
            )
        if 2 * self.vocab_size < vocab_size:  # padding of a vocabulary is a few hundred rows, never half of it
            raise TokenizerError(
                f"The tokenizer has {self.vocab_size:,} tokens, the model {vocab_size:,}.", hint=WRONG_MODEL_HINT
            )

    # ------------------------------------------------------------ text to ids

    def encode(self, text: str, *, continues: bool = False) -> Ids:
        """Ids of plain text; never a control token, whatever the text says.

        continues: the text goes on from other text, so that nothing is put before it.

        Raises:
            QuestionError: a single character of the text is itself a control token of this vocabulary.
        """
        cuts = [match.start() + 1 for match in _overlapping(self._plain_finder, text)]
        parts = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])] if cuts else [text]
        return tuple(index for place, part in enumerate(parts) for index in self._encode(part, continues or place > 0))

    def encode_control(self, text: str, *, continues: bool = True) -> Ids:
        """Ids of the model's own control text, in which added tokens count."""
        return self.encode_pieces([Piece(text)], continues=continues)

    def encode_pieces(self, pieces: Iterable[Piece], *, continues: bool = False) -> Ids:
        """Ids of a rendered prompt: added tokens count in the template's own text, and nowhere else."""
        ids: list[int] = []
        run: list[str] = []
        goes_on = continues or not self._vocabulary.spaces_start
        for piece in pieces:
            for text, control in [(piece.text, None)] if piece.is_user else self._cut_at_controls(piece.text):
                if control is None:
                    run.append(text)
                else:
                    ids += [*self._encode_run(run, goes_on), control]
                    run, goes_on = [], not self._vocabulary.spaces_after_added
        return tuple([*ids, *self._encode_run(run, goes_on)])

    def _encode_run(self, run: list[str], continues: bool) -> Ids:
        """Ids of the stretch between two control tokens."""
        return self.encode("".join(run), continues=continues) if run else ()

    def _encode(self, text: str, continues: bool) -> Ids:
        """Ids of text in which the vocabulary finds no added token; cut where merges lead to one all the same."""
        before = self._anchor(text) if continues and self._vocabulary.spaces_start else ""
        encoded = self._vocabulary.encode(before + text)
        skip = len(self._vocabulary.encode(before).ids) if before else 0
        ids = tuple(encoded.ids[skip:])
        places = [place for place, index in enumerate(ids) if index in self._forbidden]
        if not places:
            return ids
        spans = [[max(0, side - len(before)) for side in encoded.offsets[skip + place]] for place in places]
        for start, end in spans:
            if end - start < 2:
                raise QuestionError(
                    f"{text[start:end]!r} at position {start} is a control token of this model.", hint="Leave it out."
                )
        cuts = [0, *(start + 1 for start, _ in spans), len(text)]
        parts = (text[start:end] for start, end in pairwise(cuts))
        return tuple(index for place, part in enumerate(parts) for index in self._encode(part, continues or place > 0))

    def _anchor(self, text: str) -> str:
        """A character whose ids stay the same with `text` after it, so that the text's own can be told apart."""
        for anchor in ANCHORS:
            alone = list(self._vocabulary.encode(anchor).ids)
            if list(self._vocabulary.encode(anchor + text).ids[: len(alone)]) == alone:
                return anchor
        raise QuestionError(f"{text!r:.80} cannot be put behind other text with this model's vocabulary.")

    def _cut_at_controls(self, text: str) -> list[tuple[str, int | None]]:
        """The template's text, cut at its added tokens: (text, None) or (text of the token, its id)."""
        parts: list[tuple[str, int | None]] = []
        position = 0
        for match in self._control_finder.finditer(text):
            if match.start() > position:
                parts.append((text[position : match.start()], None))
            written = match.group()
            parts.append((written, self._added[written if written in self._added else written.strip()]))
            position = match.end()
        return [*parts, (text[position:], None)] if position < len(text) else parts

    # ------------------------------------------------------------ ids to text

    def choice_tokens(self, choices: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """Ids of each option as an answer that was opened by force goes on with it, up to the closing brace."""
        return tuple(self.encode(f"{choice}}}", continues=True) for choice in choices)

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of ids, markers and control tokens left out; bytes of an unfinished character at the end dropped."""
        return codecs.getincrementaldecoder("utf-8")(errors="replace").decode(self._shown(tokens))

    def ends_inside_character(self, tokens: Sequence[int]) -> bool:
        """Whether the ids end in the middle of a UTF-8 character."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        decoder.decode(self._shown(tokens[-2 * LONGEST_CHARACTER_BYTES :]))
        return len(decoder.getstate()[0]) > 0

    def _shown(self, tokens: Sequence[int]) -> bytes:
        """What the ids spell, control tokens left out."""
        return b"".join(self._vocabulary.bytes_of(token) for token in tokens if token not in self._hidden)

    # ------------------------------------------------------------ conversations to prompts

    def prompt(self, messages: Sequence[Message], choices: Sequence[str] = ()) -> Prompt:
        """Return what is prefilled for a conversation whose last message is the question.

        Past replies lose their thoughts; `choices` are put below the question.

        Raises:
            QuestionError: the question, a message or the choices cannot be put to this model.
            TokenizerError: the chat template fails.
        """
        turns = checked(messages)
        question = turns[-1].content
        asked = [self._as_history(turn) for turn in turns[:-1]]
        asked.append(Message(role="user", content=with_choices(question, choices)))
        pieces, opening, direct = split_prompt(*self._renderings(asked), self.style)
        markers = markers_of(
            self.style,
            opening,
            direct,
            encode=self.encode_control,
            is_control=lambda ids: ids[0] in self._added_ids and ids[-1] in self._added_ids,
            end_of_turn=self.end_of_turn,
        )
        return Prompt(tokens=self._with_bos(pieces), markers=markers, question=question, choices=tuple(choices))

    def _renderings(self, messages: Sequence[Message]) -> tuple[Rendering, Rendering]:
        """The prompt with the thinking switch on, and off."""
        nonces = new_nonces(len(messages))
        on, off = (Rendering(self._template.render(messages, nonces, thinking=switch)) for switch in (True, False))
        return on, off

    def _with_bos(self, pieces: tuple[Piece, ...]) -> Ids:
        """Ids of the prompt; the model's first token is put before it where it asks for one and none is written."""
        ids, bos = self.encode_pieces(pieces), self._vocabulary.bos
        return ids if bos is None or ids[:1] == (bos,) else (bos, *ids)

    def _as_history(self, turn: Message) -> Message:
        """The turn as it goes into a later prompt: a reply without its thoughts."""
        styles = (THINK_TAGS, self.style) if self.style else (THINK_TAGS,)
        content = without_thoughts(turn.content, styles) if turn.role == "assistant" else turn.content
        return Message(role=turn.role, content=content)

    def _find_style(self, given: ThoughtStyle | None) -> tuple[ThoughtStyle | None, str]:
        """How this model writes thoughts, by what its template does with a question, and what to say about it."""
        if given is not None:
            return given, ""
        try:
            on, off = self._renderings([Message(role="user", content="6 * 7 = ?")])
        except QuestionError:  # it refuses so plain a conversation, and will say so when asked
            on = off = Rendering(())
        return style_of(on, off, self.chat_template)


def _template_source(vocabulary: Vocabulary, options: PromptOptions) -> str:
    """The caller's template, or the model's own; raises TokenizerError where there is neither."""
    if options.chat_template is not None:
        return read_template(options.chat_template)
    if vocabulary.chat_template is None:
        raise TokenizerError(
            f"{vocabulary.source!r} has no chat template.",
            hint="Put the model's chat_template.jinja beside it, or name one with --chat-template.",
        )
    return vocabulary.chat_template


def _overlapping(finder: re.Pattern[str], text: str) -> Iterable[re.Match[str]]:
    """Every place where the pattern begins to match."""
    match = finder.search(text)
    while match is not None:
        yield match
        match = finder.search(text, match.start() + 1)


def _finder(added: Iterable[AddedToken]) -> re.Pattern[str]:
    """What finds added tokens as tokenizers do: leftmost, longest, with the whitespace that some take along.

    Grouped by first letters, so that a text is skipped fast where none of thousands can begin.
    """
    by_letter: dict[str, list[AddedToken]] = defaultdict(list)
    for token in sorted(added, key=lambda token: len(token.text), reverse=True):
        by_letter["" if token.strips_left else token.text[:1]].append(token)
    groups = (
        re.escape(letter) + "(?:" + "|".join(_pattern(token, len(letter)) for token in tokens) + ")"
        for letter, tokens in by_letter.items()
    )
    return re.compile("|".join(groups) or r"(?!)")


def _pattern(token: AddedToken, skip: int) -> str:
    """One token's text from its letter `skip` on."""
    before, after = (r"\s*" if strips else "" for strips in (token.strips_left, token.strips_right))
    return before + re.escape(token.text[skip:]) + after
