"""The codec of one model folder: text to ids, ids to text, conversations to prompts.

How the user-text law is kept: the tokenizer is split in two that share one model. `_full` knows the added tokens and
encodes the model's own control text; `_plain` knows none, so whatever text it is given, it finds no added token. A
prompt is cut at the added tokens of the template's own text only, and what lies between them (template words and user
text together, as in training) goes through `_plain`. Where a vocabulary has an added token among its ordinary pieces
too, the text is cut inside it and the parts are encoded apart; the bytes stay the same.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from edgereason.errors import QuestionError, TokenizerError
from edgereason.prompting.files import TokenizerFiles, read_files
from edgereason.prompting.questions import checked, with_choices
from edgereason.prompting.template import ChatTemplate, Piece, new_nonces
from edgereason.prompting.thoughts import STYLES, Ids, Rendering, split_prompt, without_thoughts
from edgereason.types import Message, Prompt

if TYPE_CHECKING:
    import tokenizers

LONGEST_CHARACTER_BYTES = 4
_TAGS = {tag for style in STYLES for tag in (style.open, style.close)}
WRONG_MODEL_HINT = "Put the tokenizer files of this very model beside it."


def load_tokenizer(folder: Path | str, *, chat_template: Path | None = None) -> Tokenizer:
    """Return the tokenizer that lies in a model folder; the file `chat_template` replaces the folder's own.

    Raises:
        TokenizerError: a file is missing, damaged, or does not fit the others.
    """
    return Tokenizer(read_files(Path(folder), chat_template))


class Tokenizer:
    """Text to ids and back (protocols.Codec), and conversations to prompts. Safe to share between threads."""

    def __init__(self, files: TokenizerFiles) -> None:
        self._full = files.tokenizer
        self._plain = _without_added_tokens(files.tokenizer)
        self._template = ChatTemplate(files.chat_template, files.named_tokens)
        self.end_of_turn = files.end_of_turn
        added = self._full.get_added_tokens_decoder()
        self._added = {token.content: index for index, token in added.items()}
        self._added_finder = _finder(added.values())
        self._added_ids = frozenset(added)
        self._hidden = frozenset(i for i, token in added.items() if token.special or token.content in _TAGS)
        self._hidden |= self.end_of_turn
        self._forbidden = self._added_ids - self._unknown_id()
        decoder = str(self._full.decoder)
        self._is_byte_level, self._has_byte_tokens = "ByteLevel" in decoder, "ByteFallback" in decoder

    # ------------------------------------------------------------ vocabulary

    @cached_property
    def vocab_size(self) -> int:
        """One more than the largest id."""
        return 1 + max(self._full.get_vocab(with_added_tokens=True).values())

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
        """A hash of the vocabulary and the chat template: what two files of one model share."""
        vocabulary = sorted((index, piece) for piece, index in self._full.get_vocab(with_added_tokens=True).items())
        return hashlib.sha256(json.dumps([vocabulary, self.chat_template]).encode()).hexdigest()

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

    def encode(self, text: str) -> Ids:
        """Ids of plain text; never a control token, whatever the text says.

        Raises:
            QuestionError: a single character of the text is itself a control token of this vocabulary.
        """
        encoding = self._plain.encode(text, add_special_tokens=False)
        spans = [encoding.offsets[place] for place, index in enumerate(encoding.ids) if index in self._forbidden]
        if not spans:
            return tuple(encoding.ids)
        for start, end in spans:
            if end - start < 2:
                raise QuestionError(
                    f"{text[start:end]!r} at position {start} is a control token of this model.", hint="Leave it out."
                )
        cuts = [0, *(start + 1 for start, _ in spans), len(text)]
        parts = (text[start:end] for start, end in pairwise(cuts))
        return tuple(index for part in parts for index in self.encode(part))

    def encode_control(self, text: str) -> Ids:
        """Ids of the model's own control text, in which added tokens count."""
        return tuple(self._full.encode(text, add_special_tokens=False).ids)

    def encode_pieces(self, pieces: Iterable[Piece]) -> Ids:
        """Ids of a rendered prompt: added tokens count in the template's own text, and nowhere else."""
        ids: list[int] = []
        run: list[str] = []
        for piece in pieces:
            for text, control in [(piece.text, None)] if piece.is_user else self._cut_at_controls(piece.text):
                if control is None:
                    run.append(text)
                else:
                    ids += [*self._encode_run(run), control]
                    run = []
        return tuple([*ids, *self._encode_run(run)])

    def _encode_run(self, run: list[str]) -> Ids:
        """Ids of the stretch between two control tokens."""
        return self.encode("".join(run)) if run else ()

    def _cut_at_controls(self, text: str) -> list[tuple[str, int | None]]:
        """The template's text, cut at its added tokens: (text, None) or (text of the token, its id)."""
        parts: list[tuple[str, int | None]] = []
        position = 0
        for match in self._added_finder.finditer(text):
            if match.start() > position:
                parts.append((text[position : match.start()], None))
            written = match.group()
            parts.append((written, self._added[written if written in self._added else written.strip()]))
            position = match.end()
        return [*parts, (text[position:], None)] if position < len(text) else parts

    # ------------------------------------------------------------ ids to text

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of ids, markers and control tokens left out; bytes of an unfinished character at the end dropped."""
        shown = [token for token in tokens if token not in self._hidden]
        unfinished = self._unfinished_bytes(shown)
        if self._has_byte_tokens:  # one token each
            shown = shown[: len(shown) - unfinished]
        text = self._full.decode(shown, skip_special_tokens=False)
        return text[:-1] if self._is_byte_level and unfinished else text  # they were shown as one replacement sign

    def ends_inside_character(self, tokens: Sequence[int]) -> bool:
        """Whether the ids end in the middle of a UTF-8 character."""
        return self._unfinished_bytes([token for token in tokens if token not in self._hidden]) > 0

    def _unfinished_bytes(self, shown: Sequence[int]) -> int:
        """How many bytes at the end begin a character that they do not complete."""
        tail = b"".join(self._bytes_of(token) for token in shown[-LONGEST_CHARACTER_BYTES:])
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        decoder.decode(tail)
        return len(decoder.getstate()[0])

    def _bytes_of(self, token: int) -> bytes:
        """The bytes that a token stands for."""
        piece = self._full.id_to_token(token) or ""
        if self._is_byte_level and token not in self._added_ids:
            return bytes(BYTE_OF_SIGN[sign] for sign in piece if sign in BYTE_OF_SIGN)
        if self._has_byte_tokens and (match := re.fullmatch(r"<0x([0-9A-F]{2})>", piece)):
            return bytes.fromhex(match[1])
        return piece.encode("utf-8", errors="replace")

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
        asked = [_as_history(turn) for turn in turns[:-1]]
        asked.append(Message(role="user", content=with_choices(question, choices)))
        nonces = new_nonces(len(asked))
        on, off = (self._rendering(asked, nonces, thinking) for thinking in (True, False))
        tokens, markers = split_prompt(on, off, self.encode_control, self.end_of_turn)
        return Prompt(tokens=tokens, markers=markers, question=question, choices=tuple(choices))

    def _rendering(self, messages: Sequence[Message], nonces: Sequence[str], thinking: bool) -> Rendering:
        """The prompt with the thinking switch one way."""
        pieces = self._template.render(messages, nonces, thinking=thinking)
        return Rendering(pieces, self.encode_pieces(pieces))

    # ------------------------------------------------------------ making

    def _unknown_id(self) -> frozenset[int]:
        """The id of unknown characters: it controls nothing, and is all that some vocabularies have for them."""
        name = getattr(self._full.model, "unk_token", None)
        index = self._full.token_to_id(name) if name else None
        return frozenset() if index is None or index in self.end_of_turn else frozenset({index})


def _as_history(turn: Message) -> Message:
    """The turn as it goes into a later prompt: a reply without its thoughts."""
    content = turn.content
    if turn.role == "assistant":
        for style in STYLES:
            content = without_thoughts(content, style)
    return Message(role=turn.role, content=content)


def _without_added_tokens(full: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """A second tokenizer around the same model, normalizer, pre-tokenizer and decoder, with no added tokens."""
    import tokenizers

    plain = tokenizers.Tokenizer(full.model)
    for part in ("normalizer", "pre_tokenizer", "decoder"):
        if (value := getattr(full, part)) is not None:
            setattr(plain, part, value)
    return plain


def _finder(added: Iterable[tokenizers.AddedToken]) -> re.Pattern[str]:
    """What finds added tokens as the tokenizer does: leftmost, longest, with the whitespace that some take along."""
    longest_first = sorted(added, key=lambda token: len(token.content), reverse=True)
    parts = [
        (r"\s*" if token.lstrip else "") + re.escape(token.content) + (r"\s*" if token.rstrip else "")
        for token in longest_first
    ]
    return re.compile("|".join(parts) or r"(?!)")


def _byte_signs() -> dict[str, int]:
    """The sign that stands for each byte in byte-level vocabularies (GPT-2, `encoder.py: bytes_to_unicode`)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    signs = {chr(byte): byte for byte in printable}
    return signs | {chr(256 + place): byte for place, byte in enumerate(others)}


BYTE_OF_SIGN = _byte_signs()
