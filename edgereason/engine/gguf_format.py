"""The GGUF format, read in plain Python: metadata and the tensor table, every length held against the file's size.

In: the bytes' structure. Not in: what the values mean to a model (gguf_header), and the weights themselves, of which
not one byte is read. Invariant: whatever the bytes are, parsing ends in time and memory bounded by the file's size,
with a `GgufFile` or with a ModelFileError that says what is wrong at which byte.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from edgereason.errors import ModelFileError, ModelNotFoundError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32
MAX_ALIGNMENT = 1 << 20
MAX_KEYS = 1 << 16
MAX_TENSORS = 1 << 18
MAX_ELEMENTS = 1 << 26  # of one array in the metadata
MAX_METADATA_BYTES = 1 << 28  # a vocabulary of 256,000 tokens takes some 20 million
MAX_KEY_BYTES = (1 << 16) - 1
MAX_NAME_BYTES = 63  # llama.cpp keeps a tensor's name in 64 bytes
MAX_STRING_BYTES = 1 << 26
MAX_DIMENSIONS = 4
BLOCK_BYTES = 1 << 20
KEPT_ELEMENTS = 4096  # shorter arrays of numbers are kept as values, others by their place in the file

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
NAMES = {
    0: "uint8", 1: "int8", 2: "uint16", 3: "int16", 4: "uint32", 5: "int32", 6: "float32", 7: "bool", 8: "string",
    9: "array", 10: "uint64", 11: "int64", 12: "float64",
}  # fmt: skip
STRING, ARRAY, BOOL = 8, 9, 7

TENSOR_TYPES = {  # id -> name, weights in a block, bytes of a block
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
}  # fmt: skip

FETCH_AGAIN = "The file is damaged or incomplete: copy or download it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufArray:
    """An array too long to keep, or of strings: its kind, its length, and the byte at which its first element is."""

    kind: str
    count: int
    offset: int


Value = bool | int | float | str | tuple[bool | int | float, ...] | GgufArray


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufTensor:
    """A row of the tensor table. `offset` counts from the beginning of the file."""

    name: str
    kind: str
    shape: tuple[int, ...]
    offset: int
    num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFile:
    """What a GGUF file says of itself, checked against its size."""

    path: Path
    num_bytes: int
    version: int
    alignment: int
    metadata: Mapping[str, Value]
    kinds: Mapping[str, str]  # the type of each value, as uint32 or string; of an array, that of its elements
    tensors: tuple[GgufTensor, ...] = field(repr=False)


def read_gguf(path: Path) -> GgufFile:
    """The file's metadata and tensor table.

    Raises:
        ModelNotFoundError: nothing is there. ModelFileError: what is wrong, and at which byte.
    """
    try:
        with path.open("rb") as file:
            return _parse(_Cursor(path, file))
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"there is no model file {path}", hint="Check the path.") from error
    except IsADirectoryError as error:
        raise ModelFileError(f"{path} is a folder, not a GGUF file", hint="Name the .gguf file in it.") from error
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}", hint="Check its permissions.") from error


class _Cursor:
    """A place in the file that only moves on, never past the end. `at` is the byte that is read next."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self.size = file.seek(0, 2)
        self.at = file.seek(0)

    def fault(self, what: str, *, at: int | None = None) -> ModelFileError:
        """The error that names what is wrong and where."""
        place = self.at if at is None else at
        return ModelFileError(f"{self.path}: {what}, at byte {place:,} of {self.size:,}", hint=FETCH_AGAIN)

    def require(self, length: int, what: str) -> None:
        """Raise where fewer bytes than this are left."""
        if length > self.size - self.at:
            raise self.fault(f"the file ends within {what}")

    def take(self, length: int, what: str) -> bytes:
        """The next bytes."""
        self.require(length, what)
        data = self._file.read(length)
        if len(data) != length:  # shortened by somebody while it is read
            raise self.fault(f"the file ends within {what}")
        self.at += length
        return data

    def skip(self, length: int, what: str) -> None:
        """Move on without reading."""
        self.require(length, what)
        self.at = self._file.seek(self.at + length)

    def skip_texts(self, count: int, what: str) -> None:
        """Move past so many texts, each with its length before it; in blocks, as a vocabulary has 100,000s of them."""
        length_at = struct.Struct("<Q").unpack_from
        done = 0
        while done < count:
            block = self._file.read(BLOCK_BYTES)
            place = 0
            while done < count and place + 8 <= len(block):
                place += 8 + int(length_at(block, place)[0])
                done += 1
            if place == 0 or place > self.size - self.at:
                raise self.fault(f"the file ends within {what}")
            self.at = self._file.seek(self.at + place)

    def number(self, code: str, what: str) -> int:
        """The next integer, little-endian."""
        return int(struct.unpack("<" + code, self.take(struct.calcsize("<" + code), what))[0])

    def text(self, most: int, what: str) -> bytes:
        """The next length and the bytes that it counts."""
        start = self.at
        length = self.number("Q", what)
        if length > most:
            raise self.fault(f"{what} claims {length:,} bytes, more than {most:,}", at=start)
        return self.take(length, what)


def _parse(cursor: _Cursor) -> GgufFile:
    version = _version(cursor)
    num_tensors = _count(cursor, MAX_TENSORS, "tensors", least_bytes=24)
    num_keys = _count(cursor, MAX_KEYS, "metadata keys", least_bytes=13)
    metadata: dict[str, Value] = {}
    kinds: dict[str, str] = {}
    for index in range(num_keys):
        key = _key(cursor, index, metadata)
        kinds[key], metadata[key] = _value(cursor, key)
        if cursor.at > MAX_METADATA_BYTES:
            raise cursor.fault(f"the metadata is longer than {MAX_METADATA_BYTES:,} bytes")
    alignment = _alignment(cursor, metadata, kinds)
    table = [_tensor(cursor, index) for index in range(num_tensors)]
    return GgufFile(
        path=cursor.path,
        num_bytes=cursor.size,
        version=version,
        alignment=alignment,
        metadata=MappingProxyType(metadata),
        kinds=MappingProxyType(kinds),
        tensors=_placed(cursor, table, alignment),
    )


def _version(cursor: _Cursor) -> int:
    if cursor.size == 0:
        raise ModelFileError(f"{cursor.path} is empty", hint=FETCH_AGAIN)
    begins = cursor.take(min(len(MAGIC), cursor.size), "its first bytes")
    if begins == b"vers":
        raise ModelFileError(
            f"{cursor.path} is a large-file pointer, not the model", hint="Fetch it with git lfs pull."
        )
    if begins != MAGIC:
        raise ModelFileError(f"{cursor.path} is no GGUF file: it begins with {begins!r}", hint=FETCH_AGAIN)
    version = cursor.number("I", "the version")
    if version in VERSIONS:
        return version
    if version >> 16 and int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS:
        raise ModelFileError(f"{cursor.path} is a big-endian GGUF file", hint="Convert it for little-endian machines.")
    raise cursor.fault(f"GGUF version {version} is not one of {VERSIONS}", at=4)


def _count(cursor: _Cursor, most: int, what: str, *, least_bytes: int) -> int:
    """A count of entries that each take at least so many bytes."""
    start = cursor.at
    count = cursor.number("Q", f"the number of {what}")
    if count > most:
        raise cursor.fault(f"{count:,} {what} are claimed, more than {most:,}", at=start)
    cursor.require(count * least_bytes, f"its {count:,} {what}")
    return count


def _key(cursor: _Cursor, index: int, known: Mapping[str, Value]) -> str:
    start = cursor.at
    raw = cursor.text(MAX_KEY_BYTES, f"metadata key {index}")
    try:
        key = raw.decode()
    except UnicodeDecodeError:
        raise cursor.fault(f"metadata key {index} is no UTF-8", at=start) from None
    if not key or key in known:
        raise cursor.fault(f"metadata key {index} is {'repeated: ' + repr(key) if key else 'empty'}", at=start)
    return key


def _value(cursor: _Cursor, key: str) -> tuple[str, Value]:
    start = cursor.at
    kind = cursor.number("I", f"the type of {key!r}")
    if kind == STRING:  # a stray byte in a description is no reason to refuse a model
        return "string", cursor.text(MAX_STRING_BYTES, f"the text of {key!r}").decode(errors="replace")
    if kind == ARRAY:
        return _array(cursor, key)
    if kind not in SCALARS:
        raise cursor.fault(f"{key!r} has the unknown type {kind}", at=start)
    return NAMES[kind], _scalars(cursor, kind, 1, key)[0]


def _array(cursor: _Cursor, key: str) -> tuple[str, Value]:
    start = cursor.at
    kind = cursor.number("I", f"the element type of {key!r}")
    if kind == ARRAY:
        raise cursor.fault(f"{key!r} is an array of arrays, which no model has", at=start)
    if kind != STRING and kind not in SCALARS:
        raise cursor.fault(f"{key!r} is an array of the unknown type {kind}", at=start)
    width = 8 if kind == STRING else struct.calcsize("<" + SCALARS[kind])
    count = _count(cursor, MAX_ELEMENTS, f"elements of {key!r}", least_bytes=width)
    place = GgufArray(kind=NAMES[kind], count=count, offset=cursor.at)
    if kind == STRING:
        cursor.skip_texts(count, f"the texts of {key!r}")
        return NAMES[kind], place
    if count <= KEPT_ELEMENTS:
        return NAMES[kind], _scalars(cursor, kind, count, key)
    cursor.skip(count * width, f"the elements of {key!r}")
    return NAMES[kind], place


def _scalars(cursor: _Cursor, kind: int, count: int, key: str) -> tuple[bool | int | float, ...]:
    """So many numbers of one type. A truth value that is neither 0 nor 1 is a damaged one."""
    start = cursor.at
    layout = f"<{count}{'B' if kind == BOOL else SCALARS[kind]}"
    values = struct.unpack(layout, cursor.take(struct.calcsize(layout), f"the value of {key!r}"))
    if kind != BOOL:
        return values
    if any(value > 1 for value in values):
        raise cursor.fault(f"{key!r} is neither true nor false", at=start)
    return tuple(map(bool, values))


def _alignment(cursor: _Cursor, metadata: Mapping[str, Value], kinds: Mapping[str, str]) -> int:
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    is_legal = isinstance(alignment, int) and 0 < alignment <= MAX_ALIGNMENT and alignment & (alignment - 1) == 0
    if not is_legal or kinds.get("general.alignment", "uint32") != "uint32":
        raise cursor.fault(f"general.alignment = {alignment!r} is no power of two that is a uint32")
    return int(alignment)  # type: ignore[arg-type]  # the test above is one of type as well


def _tensor(cursor: _Cursor, index: int) -> GgufTensor:
    """A row of the table, its offset still as it stands there: from the beginning of the weights."""
    start = cursor.at
    raw = cursor.text(MAX_NAME_BYTES, f"the name of tensor {index}")
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise cursor.fault(f"the name of tensor {index} is no UTF-8", at=start) from None
    dimensions = cursor.number("I", f"the rank of {name!r}")
    if not 0 <= dimensions <= MAX_DIMENSIONS:
        raise cursor.fault(f"{name!r} has {dimensions} dimensions, more than {MAX_DIMENSIONS}", at=start)
    shape = struct.unpack(f"<{dimensions}Q", cursor.take(8 * dimensions, f"the shape of {name!r}"))
    kind = cursor.number("I", f"the type of {name!r}")
    offset = cursor.number("Q", f"the offset of {name!r}")
    return GgufTensor(
        name=name, kind=_kind(cursor, kind, name, start), shape=shape, offset=offset,
        num_bytes=_size(cursor, shape, kind, name, start),
    )  # fmt: skip


def _kind(cursor: _Cursor, kind: int, name: str, start: int) -> str:
    if kind not in TENSOR_TYPES:
        raise cursor.fault(f"{name!r} has the unknown tensor type {kind}", at=start)
    return TENSOR_TYPES[kind][0]


def _size(cursor: _Cursor, shape: tuple[int, ...], kind: int, name: str, start: int) -> int:
    """Bytes of a tensor: rows are whole blocks, and nothing is larger than the file."""
    _, block, block_bytes = TENSOR_TYPES[kind]
    count = 1
    for size in shape:
        count *= size
        if size < 1 or count > 8 * cursor.size:  # no type packs more than eight weights into a byte
            raise cursor.fault(f"{name!r} claims the shape {shape}, which the file cannot hold", at=start)
    if (shape[0] if shape else 1) % block:
        raise cursor.fault(f"{name!r} has rows of {shape[0] if shape else 1}, not whole blocks of {block}", at=start)
    return count // block * block_bytes


def _placed(cursor: _Cursor, table: list[GgufTensor], alignment: int) -> tuple[GgufTensor, ...]:
    """The table with offsets from the file's beginning: one tensor after another, aligned, none past the end."""
    begin = _aligned(cursor.at, alignment)
    expected = 0
    known: set[str] = set()
    placed = []
    for tensor in table:
        if not tensor.name or tensor.name in known:
            raise cursor.fault(f"the tensor name {tensor.name!r} is empty or repeated")
        if tensor.offset != expected:
            raise cursor.fault(f"{tensor.name!r} is said to be at {tensor.offset:,}, not at {expected:,}")
        if begin + tensor.offset + tensor.num_bytes > cursor.size:
            raise cursor.fault(f"the file ends within {tensor.name!r}", at=cursor.size)
        known.add(tensor.name)
        placed.append(_moved(tensor, begin))
        expected = _aligned(expected + tensor.num_bytes, alignment)
    return tuple(placed)


def _moved(tensor: GgufTensor, begin: int) -> GgufTensor:
    return GgufTensor(
        name=tensor.name, kind=tensor.kind, shape=tensor.shape, offset=begin + tensor.offset,
        num_bytes=tensor.num_bytes,
    )  # fmt: skip


def _aligned(place: int, alignment: int) -> int:
    return -(-place // alignment) * alignment
