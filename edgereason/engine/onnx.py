"""The ONNX engine: an onnxruntime session behind the Engine seam.

What is here: handles (engine, prefix, batch), their rows and their errors. Not here: files (onnx_file), what a graph
wants (onnx_layout), loading (onnx_session), keys and values (onnx_cache), drawing tokens (sampling).
Invariant: logits stay inside; what a handle gives out is a copy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
import numpy.typing as npt
import onnxruntime

from edgereason.engine import checks, sampling
from edgereason.engine.onnx_cache import Cache, new_cache
from edgereason.engine.onnx_file import read_onnx
from edgereason.engine.onnx_layout import read_layout
from edgereason.engine.onnx_session import PREFILL_CHUNK, Model, default_threads, open_model
from edgereason.errors import Aborted, ConfigError, EngineError, RecordError
from edgereason.protocols import Passes, Prefix, Proposals, ShouldAbort, never
from edgereason.types import EngineInfo, RowId, Sampling

_MAX_ROWS = 64
_FORMAT = "edgereason-onnx-prefix-1"
_PREFILL_AGAIN = "Prefill the prompt again."


class OnnxEngine:
    """A decoder in an ONNX file.

    device    "cpu", "cuda" (an error where it cannot be used) or "auto" (the CPU where it cannot; see `info.notes`)
    threads   None: one a physical core, or only one for a very small model
    spin      whether idle threads spin between operators: faster alone, many times slower beside a busy neighbour
    arena     whether the CPU provider keeps memory between passes: faster where a pass asks for much, and larger
    context   None: what the file says
    """

    def __init__(
        self,
        model: Path,
        *,
        device: str = "cpu",
        threads: int | None = None,
        spin: bool = False,
        arena: bool = True,
        context: int | None = None,
        max_rows: int = _MAX_ROWS,
    ) -> None:
        for name, number in (("threads", threads), ("context", context), ("max_rows", max_rows)):
            if number is not None and number < 1:
                raise ConfigError(f"{name} {number!r} is not at least 1")
        self._file = read_onnx(Path(model))
        layout = read_layout(self._file)
        self._model: Model | None = open_model(
            self._file,
            layout,
            device=device,
            threads=threads or default_threads(self._file),
            spin=spin,
            arena=arena,
            context=context,
        )
        self._info = _info_of(self._model, max_rows, spin=spin, arena=arena)
        self._handles: WeakSet[OnnxPrefix | OnnxBatch] = WeakSet()

    @property
    def info(self) -> EngineInfo:
        """What it is and what it can do."""
        return self._info

    @property
    def file_sha256(self) -> str:
        """Hash of the model file and its weight files; read once."""
        return self._file.sha256

    @property
    def held_bytes(self) -> int:
        """Bytes of keys and values in open prefixes and batches."""
        return sum(handle.held_bytes for handle in self._handles)

    def prefill(
        self, tokens: Sequence[int], should_abort: ShouldAbort = never, *, base: Prefix | None = None
    ) -> OnnxPrefix:
        """Run a prompt in chunks; with `base`, only what comes after its tokens.

        Raises:
            Aborted, ContextLengthError, UsageError: as the seam says.
        """
        model = self.model()
        done = base.tokens if base is not None else ()
        ids = checks.check_prompt(tokens, done, self._info)
        cache = new_cache(model, grows=False)
        if base is not None:
            cache.add(_own(base, self).cache(), 0, 1)
        else:
            _put_empty_row(cache, model)
        cache.append([ids[len(done) :]], should_abort)
        return self._prefix(ids, cache)

    def load_prefix(self, path: Path) -> OnnxPrefix:
        """Read what `OnnxPrefix.save` wrote; RecordError for another model's or a damaged file."""
        model = self.model()
        saved = _read_arrays(path)
        if str(saved["model"]) != self.file_sha256:
            raise RecordError(f"{path} was saved with another model file", hint=_PREFILL_AGAIN)
        tokens = tuple(saved["tokens"].tolist())
        arrays = [saved[f"cache_{index}"] for index in range(len(model.layout.past))]
        expected = [(*shape[:-2], len(tokens), shape[-1]) for shape in model.layout.kv_shapes]
        fits = [array.shape for array in arrays] == expected and all(a.dtype == model.layout.kv_dtype for a in arrays)
        sizes = saved["logits"].shape, saved["hidden"].shape
        if not fits or sizes != ((1, model.vocab_size), (1, model.hidden_size)):
            raise RecordError(f"{path} does not fit the model", hint=_PREFILL_AGAIN)
        cache = new_cache(model, grows=False)
        cache.put(arrays, tokens[-1], saved["logits"], saved["hidden"])
        return self._prefix(tokens, cache)

    def batch(self) -> OnnxBatch:
        """A new, empty batch."""
        batch = OnnxBatch(self, new_cache(self.model(), grows=True))
        self._handles.add(batch)
        return batch

    def close(self) -> None:
        """Free the model and everything made with it."""
        for handle in list(self._handles):
            handle.close()
        self._model = None

    def model(self) -> Model:
        """The loaded model; ClosedError after `close`."""
        checks.check_open(self._model is None, "engine")
        assert self._model is not None
        return self._model

    def _prefix(self, tokens: tuple[int, ...], cache: Cache) -> OnnxPrefix:
        prefix = OnnxPrefix(self, tokens, cache)
        self._handles.add(prefix)
        return prefix


class OnnxPrefix:
    """A prefilled prompt: a cache of one row."""

    def __init__(self, engine: OnnxEngine, tokens: tuple[int, ...], cache: Cache) -> None:
        self.engine, self._tokens, self._cache = engine, tokens, cache
        self._hidden = cache.hidden(0)
        self._is_closed = False

    @property
    def tokens(self) -> tuple[int, ...]:
        """The prompt's ids."""
        self.cache()
        return self._tokens

    @property
    def hidden(self) -> npt.NDArray[np.float32]:
        """Final normed state of the last prompt token, float32 [d], a copy."""
        self.cache()
        return self._hidden.copy()

    @property
    def held_bytes(self) -> int:
        """Bytes of keys and values held."""
        return 0 if self._is_closed else self._cache.num_bytes

    def save(self, path: Path) -> None:
        """Write the prompt state as an .npz archive that only this model file accepts."""
        cache = self.cache()
        arrays = {
            "format": np.array(_FORMAT),
            "model": np.array(self.engine.file_sha256),
            "tokens": np.array(self._tokens, np.int64),
            "logits": cache.logits()[:1],
            "hidden": self._hidden[None],
            **{f"cache_{index}": array for index, array in enumerate(cache.keys_values(0))},
        }
        try:
            with path.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]  # its keywords are array names
        except OSError as error:
            raise EngineError(
                f"the prefix cannot be written to {path}: {error}", hint="Check folder and disk."
            ) from error

    def close(self) -> None:
        """Free the memory; rows admitted from it live on."""
        self._is_closed = True
        self.__dict__.pop("_cache", None)

    def cache(self) -> Cache:
        """The one-row cache; ClosedError after `close`."""
        checks.check_open(self._is_closed, "prefix")
        return self._cache


class OnnxBatch:
    """Rows that decode together; a row's place in the cache is its place in `rows`."""

    def __init__(self, engine: OnnxEngine, cache: Cache) -> None:
        self._engine, self._info, self._cache = engine, engine.info, cache
        self._ids: list[RowId] = []
        self._settings: list[tuple[Sampling, int]] = []
        self._columns: sampling.Rows | None = None  # None: the set of rows has changed since it was made
        self._next_id = 0
        self._is_closed = False

    @property
    def rows(self) -> tuple[RowId, ...]:
        """The live rows."""
        self._check_open()
        return tuple(self._ids)

    @property
    def held_bytes(self) -> int:
        """Bytes of keys and values held."""
        return 0 if self._is_closed else self._cache.num_bytes

    def admit(self, prefix: Prefix, sampling: Sampling, seeds: Sequence[int]) -> tuple[RowId, ...]:
        """One row per seed that continues the prefix."""
        self._check_open()
        return self._add(_own(prefix, self._engine).cache(), 0, sampling, seeds)

    def branch(self, row: RowId, sampling: Sampling, seed: int) -> RowId:
        """A row that continues `row` from where it is now."""
        place = self._place(row)
        return self._add(self._cache, place, sampling, [seed])[0]

    def propose(self) -> Proposals:
        """One sampled token for every live row."""
        self._check_open()
        if self._columns is None:
            self._columns = sampling.Rows.of(self._ids, self._settings, self._info.vocab_size)
        return sampling.propose(self._columns, self._cache.logits(), self._cache.lengths.tolist())

    def keep(self, rows: Collection[RowId]) -> None:
        """Drop every other row and free its memory."""
        self._check_open()
        checks.check_known(rows, self._ids)
        kept = [place for place, row in enumerate(self._ids) if row in rows]
        if len(kept) < len(self._ids):
            order = self._cache.keep(kept)
            self._ids, self._settings = [self._ids[p] for p in order], [self._settings[p] for p in order]
            self._columns = None

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        """Append tokens to rows; after an abort or a failed pass the batch is closed."""
        self._check_open()
        lengths = dict(zip(self._ids, self._cache.lengths.tolist(), strict=True))
        named = checks.check_commit(tokens, lengths, self._info)
        try:
            return self._cache.append([named.get(row, ()) for row in self._ids], should_abort)
        except (Aborted, EngineError):
            self.close()
            raise

    def length(self, row: RowId) -> int:
        """Tokens in the row's context, prompt included."""
        place = self._place(row)
        return int(self._cache.lengths[place])

    def hidden(self, row: RowId) -> npt.NDArray[np.float32]:
        """Hidden state of the row's last token, float32 [d], a copy."""
        place = self._place(row)
        return self._cache.hidden(place)

    def close(self) -> None:
        """Free everything."""
        self._is_closed = True
        self.__dict__.pop("_cache", None)

    def _add(self, source: Cache, place: int, settings: Sampling, seeds: Sequence[int]) -> tuple[RowId, ...]:
        sampling.check_sampling(settings)
        checks.check_more_rows(len(self._ids), len(seeds), self._info)
        self._cache.add(source, place, len(seeds))
        new = tuple(range(self._next_id, self._next_id + len(seeds)))
        self._ids += new
        self._settings += [(settings, seed) for seed in seeds]
        self._columns = None
        self._next_id += len(seeds)
        return new

    def _place(self, row: RowId) -> int:
        self._check_open()
        checks.check_known([row], self._ids)
        return self._ids.index(row)

    def _check_open(self) -> None:
        checks.check_open(self._is_closed, "batch")


def _own(prefix: Prefix, engine: OnnxEngine) -> OnnxPrefix:
    if not isinstance(prefix, OnnxPrefix) or prefix.engine is not engine:
        raise EngineError("the prefix was made by another engine", hint=_PREFILL_AGAIN)
    return prefix


def _put_empty_row(cache: Cache, model: Model) -> None:
    """A row without a token, for a prompt to be appended to."""
    empty = [np.zeros(shape, model.layout.kv_dtype) for shape in model.layout.kv_shapes]
    cache.put(empty, 0, np.zeros((1, model.vocab_size), np.float32), np.zeros((1, model.hidden_size), np.float32))


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a saved prefix; RecordError for anything else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            saved = {name: archive[name] for name in archive.files}
        if str(saved["format"]) != _FORMAT or not len(saved["tokens"]):
            raise RecordError(f"{path} is of another format", hint=_PREFILL_AGAIN)
        return saved
    except RecordError:
        raise
    except Exception as error:  # zip archives fail in more ways than their documentation lists
        raise RecordError(f"{path} holds no saved prefix: {error}", hint=_PREFILL_AGAIN) from error


def _info_of(model: Model, max_rows: int, *, spin: bool, arena: bool) -> EngineInfo:
    layout = model.layout
    values = sum(int(np.prod([size for size in shape if size])) for shape in layout.kv_shapes)
    return EngineInfo(
        name="onnx",
        version=onnxruntime.__version__,
        device="cpu" if model.is_on_cpu else f"{model.device}:0",
        vocab_size=model.vocab_size,
        hidden_size=model.hidden_size,
        num_layers=layout.num_layers,
        context=model.context,
        max_rows=max_rows,
        prefill_chunk=PREFILL_CHUNK,
        passes_per_token=layout.kind == "ragged",
        kv_bytes_per_token=values * layout.kv_dtype.itemsize,
        threads=model.threads,
        settings=("idle threads spin" if spin else "idle threads sleep") + ("" if arena else ", no memory arena"),
        notes=model.notes,
    )
