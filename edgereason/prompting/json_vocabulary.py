"""The vocabulary of a tokenizer.json, split in two around one model so that plain text finds no added token.

`_full` is the file as it is; `_plain` has the same model, normalizer and pre-tokenizer but no added tokens, so
whatever text it is given, it finds none of them. Here alone is the tokenizers library called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edgereason.protocols import AddedToken, Encoded

if TYPE_CHECKING:
    import tokenizers


class JsonVocabulary:
    """`protocols.Vocabulary` of a model folder. Safe to share between threads."""

    def __init__(
        self,
        full: tokenizers.Tokenizer,
        *,
        source: str,
        named_tokens: Mapping[str, str],
        end_of_turn: frozenset[int],
        chat_template: str | None,
        add_bos: bool | None = None,
    ) -> None:
        """add_bos: whether prompts begin with `bos_token`; None: as tokenizer.json itself would do it."""
        self.source, self.chat_template = source, chat_template
        self.named_tokens, self.end_of_turn = named_tokens, end_of_turn
        self._full = full
        self._plain = _without_added_tokens(full)
        decoder = str(full.decoder)
        self._is_byte_level, self._has_byte_tokens = "ByteLevel" in decoder, "ByteFallback" in decoder
        self._has_blank_signs = "▁" in decoder or "Metaspace" in decoder
        self.size = 1 + max(full.get_vocab(with_added_tokens=True).values())
        self.added: Sequence[AddedToken] = tuple(
            AddedToken(
                id=index,
                text=token.content,
                is_special=token.special,
                strips_left=token.lstrip,
                strips_right=token.rstrip,
            )
            for index, token in full.get_added_tokens_decoder().items()
            if token.content
        )
        self._added_texts = {token.id: token.text for token in self.added}
        self.harmless = self._unknown_id()
        self.bos = self._bos(add_bos)
        self.spaces_start = self._spelled(self._plain.encode("a", add_special_tokens=False).ids) == b" a"
        self.spaces_after_added = self.spaces_start and self._spaces_after_added()

    def encode(self, text: str) -> Encoded:
        """Plain text: no added token is found, whatever the text says (unless ordinary merges lead to one)."""
        return self._plain.encode(text, add_special_tokens=False)

    def bytes_of(self, token: int) -> bytes:
        """What a token stands for; nothing for an id that is none."""
        if token in self._added_texts:
            return self._added_texts[token].encode("utf-8", "replace")
        piece = self._full.id_to_token(token) or ""
        if self._is_byte_level:
            return bytes(BYTE_OF_SIGN[sign] for sign in piece if sign in BYTE_OF_SIGN)
        if self._has_byte_tokens and (match := re.fullmatch(r"<0x([0-9A-F]{2})>", piece)):
            return bytes.fromhex(match[1])
        return (piece.replace("▁", " ") if self._has_blank_signs else piece).encode("utf-8", "replace")

    # ------------------------------------------------------------ making

    def _spelled(self, ids: list[int]) -> bytes:
        return b"".join(map(self.bytes_of, ids))

    def _unknown_id(self) -> frozenset[int]:
        """The id of unknown characters: it controls nothing, and is all that some vocabularies have for them."""
        name = getattr(self._full.model, "unk_token", None)
        index = self._full.token_to_id(name) if name else None
        return frozenset() if index is None or index in self.end_of_turn else frozenset({index})

    def _bos(self, add_bos: bool | None) -> int | None:
        """The id that prompts begin with, where the model asks for one."""
        text = self.named_tokens.get("bos_token")
        index = self._full.token_to_id(text) if text else None
        if add_bos is None:
            add_bos = self._full.encode("", add_special_tokens=True).ids[:1] == [index]
        return index if add_bos else None

    def _spaces_after_added(self) -> bool:
        """Whether the file puts a blank before what follows an added token too, and not only before a whole text."""
        marker = next((token.text for token in self.added if token.is_special), None)
        return (
            marker is None or self._spelled(self._full.encode(f"{marker}a", add_special_tokens=False).ids[1:]) == b" a"
        )


def _without_added_tokens(full: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """A second tokenizer around the same model, normalizer, pre-tokenizer and decoder, with no added tokens."""
    import tokenizers

    plain = tokenizers.Tokenizer(full.model)
    for part in ("normalizer", "pre_tokenizer", "decoder"):
        if (value := getattr(full, part)) is not None:
            setattr(plain, part, value)
    return plain


def _byte_signs() -> dict[str, int]:
    """The sign that stands for each byte in byte-level vocabularies (GPT-2, `encoder.py: bytes_to_unicode`)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    signs = {chr(byte): byte for byte in printable}
    return signs | {chr(256 + place): byte for place, byte in enumerate(others)}


BYTE_OF_SIGN = _byte_signs()
