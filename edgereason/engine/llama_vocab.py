"""The vocabulary of a GGUF file, read by llama.cpp itself: no weights, no context, no engine.

In: the one place where llama.cpp turns text to ids and ids to bytes. Not in: chat templates rendered, thoughts, laws
about user text (prompting). Invariant: every model handle is freed, by `close` or when the value is dropped.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import llama_cpp

from edgereason.errors import ClosedError, ModelNotFoundError, QuestionError, TokenizerError
from edgereason.protocols import AddedToken

NONE = -1  # llama.cpp's id of a token that a vocabulary lacks
PIECE_BYTES = 256  # longer pieces are asked for again
READABLE = {llama_cpp.LLAMA_VOCAB_TYPE_SPM: "SentencePiece", llama_cpp.LLAMA_VOCAB_TYPE_BPE: "byte-level BPE"}
HINT = "Put the model's tokenizer.json beside the file, or download it again."


class LlamaVocabulary:
    """`protocols.Vocabulary` of one GGUF file. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ModelNotFoundError: there is no such file.
            TokenizerError: it holds no vocabulary, or one whose ids do not spell out every text.
        """
        self.source = str(path)
        model = _load(path)
        self._close = weakref.finalize(self, llama_cpp.llama_model_free, model)
        self._vocab: Any = llama_cpp.llama_model_get_vocab(model)
        self.size: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self._pieces: dict[int, bytes] = {}
        try:
            self._read(model)
        except BaseException:
            self.close()
            raise

    def _read(self, model: Any) -> None:
        """Take in what the file says; what cannot be used is refused before any text is tokenized."""
        kind = llama_cpp.llama_vocab_type(self._vocab)
        if kind not in READABLE:
            raise TokenizerError(
                f"{self.source!r} has a vocabulary of kind {kind}; {' and '.join(READABLE.values())} can be read.",
                hint=HINT,
            )
        self._is_sentencepiece = kind == llama_cpp.LLAMA_VOCAB_TYPE_SPM
        if self._is_sentencepiece:
            self._check_bytes()
        self.added: Sequence[AddedToken] = self._added_tokens()
        self.harmless = frozenset(index for index in (self._number(model, "unknown_token_id"),) if index is not None)
        self.end_of_turn = self._end_of_turn()
        bos = llama_cpp.llama_vocab_bos(self._vocab)
        self.bos: int | None = bos if bos != NONE and llama_cpp.llama_vocab_get_add_bos(self._vocab) else None
        self.named_tokens: Mapping[str, str] = self._named_tokens()
        self.chat_template = _chat_template(model)
        self.spaces_start = self.spaces_after_added = self._spelled(_tokenize(self._vocab, b"a", 4)) == b" a"

    @property
    def closed(self) -> bool:
        """Whether the file's handle was freed."""
        return not self._close.alive

    def close(self) -> None:
        """Free the handle; closing twice is fine."""
        self._close()
        self._vocab = None

    # ------------------------------------------------------------ text to ids and back

    def encode(self, text: str) -> LlamaEncoded:
        """Ids of plain text; control tokens are not looked for, though user-defined ones are found (`is_found`).

        Raises:
            QuestionError: the vocabulary has no way to write a character.
        """
        self._check_open()
        raw = text.encode("utf-8")
        ids = _tokenize(self._vocab, raw, len(raw) + 2)  # a token is at least a byte; one blank may be put before
        self._check_spelling(ids, text)
        return LlamaEncoded(ids, text, self.bytes_of)

    def bytes_of(self, token: int) -> bytes:
        """What a token stands for; nothing for an id that is none."""
        piece = self._pieces.get(token)
        if piece is None:
            self._check_open()
            piece = self._pieces[token] = _piece(self._vocab, token) if 0 <= token < self.size else b""
        return piece

    def _spelled(self, ids: list[int]) -> bytes:
        return b"".join(map(self.bytes_of, ids))

    # ------------------------------------------------------------ what the file says

    def _added_tokens(self) -> tuple[AddedToken, ...]:
        """Control, user-defined and unknown tokens."""
        attributes = [llama_cpp.llama_vocab_get_attr(self._vocab, index) for index in range(self.size)]
        special = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN
        wanted = special | llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED
        texts = ((index, self.bytes_of(index).decode("utf-8", "replace")) for index in range(self.size)
                 if attributes[index] & wanted)  # fmt: skip
        return tuple(
            AddedToken(
                id=index,
                text=text,
                is_special=bool(attributes[index] & special),
                strips_left=bool(attributes[index] & llama_cpp.LLAMA_TOKEN_ATTR_LSTRIP),
                strips_right=bool(attributes[index] & llama_cpp.LLAMA_TOKEN_ATTR_RSTRIP),
                is_found=not attributes[index] & special,
            )
            for index, text in texts
            if text
        )

    def _end_of_turn(self) -> frozenset[int]:
        """All that llama.cpp takes for the end of a reply: the named ones, and those it knows by their text."""
        named = (llama_cpp.llama_vocab_eos(self._vocab), llama_cpp.llama_vocab_eot(self._vocab))
        known = (token.id for token in self.added if llama_cpp.llama_vocab_is_eog(self._vocab, token.id))
        ids = frozenset({*known, *named} - {NONE})
        if not ids:
            raise TokenizerError(f"{self.source!r} names no token that ends a turn.", hint=HINT)
        return ids

    def _named_tokens(self) -> dict[str, str]:
        """The texts that a chat template may ask for."""
        ids = {
            "bos_token": llama_cpp.llama_vocab_bos(self._vocab),
            "eos_token": llama_cpp.llama_vocab_eos(self._vocab),
            "pad_token": llama_cpp.llama_vocab_pad(self._vocab),
        }
        return {name: self.bytes_of(index).decode("utf-8", "replace") for name, index in ids.items() if index != NONE}

    def _number(self, model: Any, key: str) -> int | None:
        """A whole number of the tokenizer's metadata that is an id."""
        buffer = ctypes.create_string_buffer(32)
        if llama_cpp.llama_model_meta_val_str(model, f"tokenizer.ggml.{key}".encode(), buffer, len(buffer)) < 0:
            return None
        return int(buffer.value) if buffer.value.isdigit() and int(buffer.value) < self.size else None

    def _check_bytes(self) -> None:
        """Raise TokenizerError unless every byte has a token: llama.cpp ends the process where it needs one in vain."""
        texts = {llama_cpp.llama_vocab_get_text(self._vocab, index) for index in range(self.size)}
        missing = [byte for byte in range(256) if not {b"<0x%02X>" % byte, bytes([byte])} & texts]
        if missing:
            raise TokenizerError(
                f"{self.source!r} has no token for {len(missing)} of 256 bytes, as 0x{missing[0]:02X}.", hint=HINT
            )

    def _check_spelling(self, ids: list[int], text: str) -> None:
        """Raise QuestionError where part of the text was dropped. Blanks aside: SentencePiece puts some in itself."""
        wanted = (text.replace("▁", " ") if self._is_sentencepiece else text).encode("utf-8").replace(b" ", b"")
        if self._spelled(ids).replace(b" ", b"") != wanted:
            raise QuestionError(
                f"The vocabulary of {self.source!r} cannot write all of {text!r:.80}.", hint="Use plainer characters."
            )

    def _check_open(self) -> None:
        if self.closed:
            raise ClosedError(f"The vocabulary of {self.source!r} was closed.", hint="Load the model again.")


class LlamaEncoded:
    """Ids of a text; the characters they stand for are worked out where they are asked for."""

    def __init__(self, ids: list[int], text: str, bytes_of: Callable[[int], bytes]) -> None:
        self.ids = ids
        self._text = text
        self._bytes_of = bytes_of

    @cached_property
    def offsets(self) -> list[tuple[int, int]]:
        """(start, end) of each id in the text: the bytes of all ids are those of the text, but for a blank before it.

        Raises:
            TokenizerError: they are not.
        """
        raw = self._text.encode("utf-8")
        ends = [0, *accumulate(len(self._bytes_of(index)) for index in self.ids)]
        before = ends[-1] - len(raw)
        if b"".join(map(self._bytes_of, self.ids)) != b" " * before + raw:
            raise TokenizerError(f"This vocabulary does not spell out {self._text!r:.80}.", hint=HINT)
        places = [len(raw[: max(0, end - before)].decode("utf-8", "ignore")) for end in ends]
        return list(pairwise(places))


# ---------------------------------------------------------------- native calls, every answer checked


def _say_nothing(level: int, text: bytes, data: object) -> None:
    """Drop what the library would write to standard error; what matters of it comes back as return values."""


_SILENCE = llama_cpp.llama_log_callback(_say_nothing)  # kept for as long as the library may call it


def _load(path: Path) -> Any:
    """A handle on the file's metadata and vocabulary; raises where there is none."""
    if not path.is_file():
        raise ModelNotFoundError(f"There is no file {str(path)!r}.")
    llama_cpp.llama_log_set(_SILENCE, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), parameters)
    if not model:
        raise TokenizerError(f"llama.cpp cannot read a vocabulary from {str(path)!r}.", hint=HINT)
    return model


def _tokenize(vocab: Any, raw: bytes, room: int) -> list[int]:
    """Ids of the bytes; without what the model puts around a text, and without looking for control tokens."""
    tokens = (llama_cpp.llama_token * room)()
    count: int = llama_cpp.llama_tokenize(vocab, raw, len(raw), tokens, room, False, False)
    if count < 0:  # how much room it needs
        tokens = (llama_cpp.llama_token * -count)()
        count = llama_cpp.llama_tokenize(vocab, raw, len(raw), tokens, -count, False, False)
    if count < 0:
        raise TokenizerError(f"llama.cpp did not tokenize {raw!r:.80}.")
    ids: list[int] = tokens[:count]
    return ids


def _piece(vocab: Any, token: int) -> bytes:
    """The bytes of one token, control tokens included."""
    buffer = ctypes.create_string_buffer(PIECE_BYTES)
    length: int = llama_cpp.llama_token_to_piece(vocab, token, buffer, len(buffer), 0, True)
    if length < 0:
        buffer = ctypes.create_string_buffer(-length)
        length = llama_cpp.llama_token_to_piece(vocab, token, buffer, len(buffer), 0, True)
    return buffer.raw[: max(0, length)]


def _chat_template(model: Any) -> str | None:
    """The source of the file's default template."""
    source: bytes | None = llama_cpp.llama_model_chat_template(model, None)
    return None if source is None else source.decode("utf-8", "replace")
