"""The llama.cpp engine: one context, many sequences, behind the Engine seam.

A prefix and each row is a sequence; a row that joins a prefix or branches off another shares its cells. All but the
last token of what is appended (the last few, of one row) runs without outputs; the last runs with the hidden state on,
which gives logits and hidden states of every token of a pass, and so of hardly more than the rows' ends. Not here:
native calls (llama_cpp_session), cells (llama_cpp_cells), files (gguf_header), drawing tokens (sampling).
Invariant: logits stay inside and are looked at where llama.cpp put them; only what the next pass would overwrite and
somebody still needs is copied first.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakSet

import numpy as np
import numpy.typing as npt

from edgereason.engine import checks, sampling
from edgereason.engine.llama_cpp_cells import Cells
from edgereason.engine.llama_cpp_cells import Sequence as Held
from edgereason.engine.llama_cpp_memory import TOKENS_AT_ONCE, sequences
from edgereason.engine.llama_cpp_saved import PREFILL_AGAIN, read_saved, write_saved
from edgereason.engine.llama_cpp_session import Floats, LoadOptions, Session, version
from edgereason.errors import ConfigError, EngineError, RecordError
from edgereason.protocols import Passes, Prefix, Proposals, ShouldAbort, never
from edgereason.types import EngineInfo, RowId, Sampling


@dataclass(slots=True, eq=False)
class End:
    """Logits and hidden states of the ends of n rows: views of the last pass, or copies."""

    logits: Floats  # [n, V]
    hidden: Floats  # [n, d]


@dataclass(slots=True, eq=False)
class Row:
    """A live row. Its end is entry `place` of `end`."""

    id: RowId
    held: Held
    sampling: Sampling
    seed: int
    end: End
    place: int


class LlamaCppEngine:
    """A decoder in a GGUF file.

    device           "cpu", "cuda" (an error where it cannot be used) or "auto"
    gpu_layers       layers put on a GPU, -1 all; None: all where there is one
    threads          None: one a physical core, or only one for a very small model
    context          tokens of all rows together; None: by what the model was made for and what fits a GiB
    batch            tokens of a prompt that run at once
    flash_attention  "auto", "on" or "off"
    kv_type          type of keys and values: f16, q8_0 and others
    mmap, mlock      map the file instead of reading it; keep it from being swapped out
    max_rows         rows of a batch; None: 64, or what recurrent states leave room for
    """

    def __init__(
        self,
        model: Path,
        *,
        device: str = "cpu",
        gpu_layers: int | None = None,
        threads: int | None = None,
        context: int | None = None,
        batch: int = 512,
        flash_attention: str = "auto",
        kv_type: str = "f16",
        mmap: bool = True,
        mlock: bool = False,
        max_rows: int | None = None,
    ) -> None:
        options = LoadOptions(
            device=device,
            gpu_layers=gpu_layers,
            threads=threads,
            context=context,
            batch=batch,
            flash_attention=flash_attention,
            kv_type=kv_type,
            mmap=mmap,
            mlock=mlock,
            max_rows=max_rows,
        )
        self._session: Session | None = Session(Path(model), options)
        self._info = _info_of(self._session)
        self.cells = Cells(self._session.cells, sequences(self._info.max_rows))
        self._handles: WeakSet[LlamaCppPrefix | LlamaCppBatch] = WeakSet()
        self._shown: LlamaCppBatch | None = None  # whose rows look at the outputs of the last pass
        self._sha256 = ""
        # What was dropped without being closed: the collector may run on any thread, and only one may call llama.cpp.
        self.abandoned: deque[Held] = deque()

    @property
    def info(self) -> EngineInfo:
        """What it is and what it can do."""
        return self._info

    @property
    def file_sha256(self) -> str:
        """Hash of the model file and its parts; read once."""
        if not self._sha256:
            digest = hashlib.sha256()
            for part in self.session().header.parts:
                with part.open("rb") as file:
                    while block := file.read(1 << 20):
                        digest.update(block)
            self._sha256 = digest.hexdigest()
        return self._sha256

    @property
    def held_bytes(self) -> int:
        """Bytes of keys, values and states in open prefixes and batches; what is shared counts once."""
        if self._session is None:
            return 0
        self.free_abandoned()
        memory = self._session.memory
        return self.cells.used * memory.kv_bytes_per_token + self.cells.live * memory.state_bytes_per_row

    def prefill(
        self, tokens: Sequence[int], should_abort: ShouldAbort = never, *, base: Prefix | None = None
    ) -> LlamaCppPrefix:
        """Run a prompt in chunks; with `base`, only what comes after its tokens.

        Raises:
            Aborted, ContextLengthError, UsageError: as the seam says.
        """
        session = self.session()
        done = base.tokens if base is not None else ()
        ids = checks.check_prompt(tokens, done, self._info)
        self.free_abandoned()
        self.cells.check_room(len(ids) - len(done))
        held = self.open_sequence(None if base is None else _own(base, self).held())
        try:
            self.append([(held, ids[len(done) :])], should_abort)
            end = End(session.logits(1).copy(), session.hidden(1).copy())
        except BaseException:
            self.close_sequence(held)
            raise
        return self._prefix(ids, held, end)

    def load_prefix(self, path: Path) -> LlamaCppPrefix:
        """Read what `LlamaCppPrefix.save` wrote; RecordError for another model's or a damaged file."""
        session = self.session()
        saved = read_saved(path)
        if str(saved["model"]) != self.file_sha256:
            raise RecordError(f"{path} was saved with another model file", hint=PREFILL_AGAIN)
        if str(saved["settings"]) != self._info.settings:
            raise RecordError(
                f"{path} was saved with other settings: {saved['settings']}, not {self._info.settings}",
                hint=PREFILL_AGAIN,
            )
        tokens = checks.check_prompt(saved["tokens"].tolist(), (), self._info)
        end = End(saved["logits"], saved["hidden"])
        if end.logits.shape != (1, session.vocab_size) or end.hidden.shape != (1, session.hidden_size):
            raise RecordError(f"{path} does not fit the model", hint=PREFILL_AGAIN)
        self.free_abandoned()
        self.cells.check_room(len(tokens))
        self.before_pass(None, ())
        held = self.open_sequence(None)
        if not session.set_state(held.id, saved["state"]):
            self.close_sequence(held)
            raise RecordError(f"llama.cpp does not accept the state in {path}", hint=PREFILL_AGAIN)
        self.cells.grow(held, len(tokens))
        return self._prefix(tokens, held, end)

    def batch(self) -> LlamaCppBatch:
        """A new, empty batch."""
        self.session()
        batch = LlamaCppBatch(self)
        self._handles.add(batch)
        return batch

    def set_threads(self, threads: int) -> None:
        """Use so many threads from the next pass on; `info.threads` stays what the engine was opened with."""
        if not 1 <= threads <= 1024:
            raise ConfigError(f"threads {threads!r} is not 1 to 1024")
        self.session().set_threads(threads)

    def close(self) -> None:
        """Free the model and everything made with it."""
        for handle in list(self._handles):
            handle.close()
        if self._session is not None:
            self._session.close()
        self._session = self._shown = None

    # -------------------------------------------------------------- for prefixes and batches

    def session(self) -> Session:
        """The loaded model; ClosedError after `close`."""
        checks.check_open(self._session is None, "engine")
        assert self._session is not None
        return self._session

    def free_abandoned(self) -> None:
        """Close the sequences of handles that nobody has any more."""
        while self.abandoned:
            self.close_sequence(self.abandoned.popleft())

    def open_sequence(self, source: Held | None) -> Held:
        """An empty sequence, or one that shares all that `source` holds."""
        if source is None:
            return self.cells.open()
        held = self.cells.fork(source)
        self.session().copy_sequence(source.id, held.id)
        return held

    def close_sequence(self, held: Held) -> None:
        """Free what only this sequence holds."""
        self.cells.close(held)
        if self._session is not None:
            self._session.remove_sequence(held.id)

    def append(
        self,
        named: Sequence[tuple[Held, tuple[int, ...]]],
        should_abort: ShouldAbort,
        owner: LlamaCppBatch | None = None,
        kept: Iterable[Row] = (),
    ) -> Passes:
        """Append tokens to sequences; the outputs of their ends, in order, are then in the session.

        Raises:
            Aborted, EngineError: the sequences are in an unknown state and must be closed.
        """
        session, limit = self.session(), self._info.prefill_chunk
        self.before_pass(owner, kept)
        count = widest = 0
        # So that what runs without outputs has no rest that is done token by token.
        ends = 1 if len(named) > 1 else 1 + (len(named[0][1]) - 1) % TOKENS_AT_ONCE
        before = [
            (token, place, held.id) for held, ids in named for place, token in enumerate(ids[:-ends], held.length)
        ]
        for start in range(0, len(before), limit):
            session.run(
                *zip(*before[start : start + limit], strict=True), gives_output=False, should_abort=should_abort
            )
            count, widest = count + 1, len(named)
        last = [(ids[at], held.length + at, held.id) for held, ids in named for at in range(len(ids) - ends, len(ids))]
        session.run(*zip(*last, strict=True), gives_output=True, should_abort=should_abort)
        for held, ids in named:
            self.cells.grow(held, len(ids))
        self._shown = owner
        return Passes(count=count + 1, rows=max(widest, len(named)))

    def before_pass(self, owner: LlamaCppBatch | None, kept: Iterable[Row]) -> None:
        """Copy what rows still need of the last pass's outputs: of its owner's, `kept`; of another batch's, all."""
        shown, self._shown = self._shown, None
        if shown is not None:
            shown.copy_ends(kept if shown is owner else None)

    def _prefix(self, tokens: tuple[int, ...], held: Held, end: End) -> LlamaCppPrefix:
        prefix = LlamaCppPrefix(self, tokens, held, end)
        self._handles.add(prefix)
        return prefix


class LlamaCppPrefix:
    """A prefilled prompt: a sequence that nothing is appended to."""

    def __init__(self, engine: LlamaCppEngine, tokens: tuple[int, ...], held: Held, end: End) -> None:
        self.engine, self._tokens, self._end = engine, tokens, end
        self._held: Held | None = held

    @property
    def tokens(self) -> tuple[int, ...]:
        """The prompt's ids."""
        self.held()
        return self._tokens

    @property
    def hidden(self) -> npt.NDArray[np.float32]:
        """Final normed state of the last prompt token, float32 [d], a copy."""
        hidden: npt.NDArray[np.float32] = self.end().hidden[0].copy()
        return hidden

    def save(self, path: Path) -> None:
        """Write the prompt state as an .npz archive that only this model file with these settings accepts."""
        held = self.held()
        write_saved(
            path,
            model=np.array(self.engine.file_sha256),
            settings=np.array(self.engine.info.settings),
            tokens=np.array(self._tokens, np.int64),
            logits=self._end.logits,
            hidden=self._end.hidden,
            state=self.engine.session().state_of(held.id),
        )

    def close(self) -> None:
        """Free the memory; rows admitted from it live on."""
        held, self._held = self._held, None
        if held is not None:
            self.engine.close_sequence(held)

    def held(self) -> Held:
        """The sequence; ClosedError after `close`."""
        checks.check_open(self._held is None, "prefix")
        assert self._held is not None
        return self._held

    def end(self) -> End:
        """Its logits and hidden state, copies that nothing overwrites."""
        self.held()
        return self._end

    def __del__(self) -> None:
        if self._held is not None:
            self.engine.abandoned.append(self._held)


class LlamaCppBatch:
    """Rows that decode together."""

    def __init__(self, engine: LlamaCppEngine) -> None:
        self._engine = engine
        self._rows: dict[RowId, Row] = {}
        self._columns: sampling.Rows | None = None  # None: the set of rows has changed since it was made
        self._next_id = 0
        self._is_closed = False

    @property
    def rows(self) -> tuple[RowId, ...]:
        """The live rows."""
        self._check_open()
        return tuple(self._rows)

    def admit(self, prefix: Prefix, sampling: Sampling, seeds: Sequence[int]) -> tuple[RowId, ...]:
        """One row per seed that continues the prefix."""
        self._check_open()
        own = _own(prefix, self._engine)
        return self._add(own.held(), own.end(), 0, sampling, seeds)

    def branch(self, row: RowId, sampling: Sampling, seed: int) -> RowId:
        """A row that continues `row` from where it is now."""
        parent = self._row(row)
        return self._add(parent.held, parent.end, parent.place, sampling, [seed])[0]

    def propose(self) -> Proposals:
        """One sampled token for every live row."""
        self._check_open()
        rows = list(self._rows.values())
        if self._columns is None:
            settings = [(row.sampling, row.seed) for row in rows]
            self._columns = sampling.Rows.of([row.id for row in rows], settings, self._engine.info.vocab_size)
        places = [row.held.length for row in rows]
        return sampling.propose(self._columns, _logits(rows, self._engine), places)

    def keep(self, rows: Collection[RowId]) -> None:
        """Drop every other row and free its memory."""
        self._check_open()
        checks.check_known(rows, self._rows)
        for row in [row for row in self._rows.values() if row.id not in rows]:
            del self._rows[row.id]
            self._columns = None
            self._engine.close_sequence(row.held)

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        """Append tokens to rows; after an abort or a failed pass the batch is closed."""
        self._check_open()
        lengths = {row.id: row.held.length for row in self._rows.values()}
        named = checks.check_commit(tokens, lengths, self._engine.info)
        self._engine.free_abandoned()
        self._engine.cells.check_room(sum(map(len, named.values())))
        if not named:
            return Passes(count=0, rows=0)
        moved = [row for row in self._rows.values() if row.id in named]
        kept = [row for row in self._rows.values() if row.id not in named]
        try:
            passes = self._engine.append([(row.held, named[row.id]) for row in moved], should_abort, self, kept)
            session = self._engine.session()
            end = End(session.logits(len(moved)), session.hidden(len(moved)))
        except BaseException:
            self.close()
            raise
        for place, row in enumerate(moved):
            row.end, row.place = end, place
        return passes

    def length(self, row: RowId) -> int:
        """Tokens in the row's context, prompt included."""
        return self._row(row).held.length

    def hidden(self, row: RowId) -> npt.NDArray[np.float32]:
        """Hidden state of the row's last token, float32 [d], a copy."""
        found = self._row(row)
        hidden: npt.NDArray[np.float32] = found.end.hidden[found.place].copy()
        return hidden

    def close(self) -> None:
        """Free everything."""
        self._is_closed = True
        rows, self._rows = list(self._rows.values()), {}
        for row in rows:
            self._engine.close_sequence(row.held)

    def copy_ends(self, rows: Iterable[Row] | None) -> None:
        """Give these rows (None: all) copies of their ends, before a pass overwrites what they look at."""
        for row in list(self._rows.values()) if rows is None else rows:
            at = slice(row.place, row.place + 1)
            row.end, row.place = End(row.end.logits[at].copy(), row.end.hidden[at].copy()), 0

    def _add(self, source: Held, end: End, place: int, settings: Sampling, seeds: Sequence[int]) -> tuple[RowId, ...]:
        sampling.check_sampling(settings)
        checks.check_more_rows(len(self._rows), len(seeds), self._engine.info)
        self._engine.free_abandoned()
        self._engine.cells.check_sequences(len(seeds))
        new = tuple(range(self._next_id, self._next_id + len(seeds)))
        for row_id, seed in zip(new, seeds, strict=True):
            self._rows[row_id] = Row(row_id, self._engine.open_sequence(source), settings, seed, end, place)
        self._columns = None
        self._next_id += len(seeds)
        return new

    def _row(self, row: RowId) -> Row:
        self._check_open()
        checks.check_known([row], self._rows)
        return self._rows[row]

    def _check_open(self) -> None:
        checks.check_open(self._is_closed, "batch")

    def __del__(self) -> None:
        self._engine.abandoned.extend(row.held for row in self._rows.values())


def _logits(rows: Sequence[Row], engine: LlamaCppEngine) -> Floats:
    """The rows' logits [n, V]: a view where they lie side by side or are all the same, else a copy."""
    if not rows:
        return np.zeros((0, engine.info.vocab_size), np.float32)
    end, first = rows[0].end, rows[0].place
    if all(row.end is end for row in rows):
        places = [row.place for row in rows]
        if places == list(range(first, first + len(rows))):
            return end.logits[first : first + len(rows)]
        if places == [first] * len(rows):
            return np.broadcast_to(end.logits[first], (len(rows), end.logits.shape[1]))
        return end.logits[places]
    return np.stack([row.end.logits[row.place] for row in rows])


def _own(prefix: Prefix, engine: LlamaCppEngine) -> LlamaCppPrefix:
    if not isinstance(prefix, LlamaCppPrefix) or prefix.engine is not engine:
        raise EngineError("the prefix was made by another engine", hint=PREFILL_AGAIN)
    return prefix


def _info_of(session: Session) -> EngineInfo:
    options, memory = session.options, session.memory
    return EngineInfo(
        name="llama-cpp",
        version=version(),
        device="gpu" if session.gpu_layers else "cpu",
        vocab_size=session.vocab_size,
        hidden_size=session.hidden_size,
        num_layers=session.num_layers,
        context=session.row_cells,
        shared_context=session.cells,
        max_rows=memory.max_rows,
        abort="between" if session.gpu_layers else "inside",
        fork="metadata",
        prefill_chunk=options.batch,
        passes_per_token=False,
        kv_bytes_per_token=memory.kv_bytes_per_token,
        threads=session.threads,
        settings=f"KV {options.kv_type}, flash attention {options.flash_attention}, GPU layers {session.gpu_layers}",
        notes=session.notes,
    )
