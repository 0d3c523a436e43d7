"""From a model's name to its device profile: what `edgereason profile` runs, and where the files lie.

In: which engine options are the user's, where journal and profile are kept, what a request of this model does beside
thinking. Not in: what is timed and in which order (profiling), how it is shown (cli).
Invariant: the engine is opened and used by the thread that calls `measure_profile`, and by no other.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from edgereason.answers import MajorityVote, read_answer
from edgereason.controller.costs import DIRECT_ANSWER_TOKENS, closing_tokens
from edgereason.controller.pace import RequestPace
from edgereason.decoding.loop import Decoder
from edgereason.decoding.row import RowLimits
from edgereason.engine import open_engine
from edgereason.hub import OnProgress
from edgereason.loading import ModelFiles, cache_folder, model_info, open_files
from edgereason.profiling.assembly import profile_of
from edgereason.profiling.bench import SAMPLING, Workload
from edgereason.profiling.cells import HOST_ANSWER_TOKENS, HOST_TOKENS, Cell, new_tokens
from edgereason.profiling.device import cores
from edgereason.profiling.facts import DeviceFacts, read_facts
from edgereason.profiling.journal import Journal, open_journal
from edgereason.profiling.lookup import binding, machine
from edgereason.profiling.profile import DeviceProfile, write_profile
from edgereason.profiling.run import Measuring, Progress, Task
from edgereason.profiling.surroundings import Surroundings
from edgereason.prompting import PromptOptions, Tokenizer
from edgereason.protocols import Batch, Clock, Engine, Passes, Prefix
from edgereason.records import Provenance, provenance
from edgereason.trace import Trace
from edgereason.types import EngineInfo, Markers, Message, ModelInfo, PassCosts, Rollout

TIME_LIMIT_S = 120.0
KEEP_EVERY_S = 5.0  # the profile is written this often while it is being measured; the journal, at every visit
STOP_WAIT_S = 2.0  # for a pass under way, after Ctrl-C
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of a run. profile: None where it was stopped before the grid was begun."""

    profile: DeviceProfile | None
    path: Path
    journal: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is measured: one model with one engine, and the options that the user fixed."""

    files: ModelFiles
    tokenizer: Tokenizer
    device: str
    fixed: Mapping[str, object]

    def open(self, options: Mapping[str, object]) -> Engine:
        """The engine with `options` beside the fixed ones."""
        return open_engine(self.files.engine, self.files.weights, device=self.device, **{**self.fixed, **options})

    def identity(self) -> tuple[EngineInfo, ModelInfo]:
        """What the engine says of itself with the fixed options alone, and which model this is."""
        with contextlib.closing(self.open({})) as engine:
            self.tokenizer.check_vocabulary(engine.info.vocab_size)
            return engine.info, model_info(self.files, engine.info, self.tokenizer)


def measure_profile(
    model: str | Path = "abacus",
    *,
    engine: str = "auto",
    threads: int | None = None,
    device: str = "auto",
    chat_template: Path | None = None,
    offline: bool = False,
    on_download: OnProgress | None = None,
    think_open: str | None = None,
    think_close: str | None = None,
    engine_options: Mapping[str, object] = MappingProxyType({}),
    limit_s: float = TIME_LIMIT_S,
    out: Path | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    clock: Clock = time.perf_counter,
) -> Measured:
    """Measure what passes of a model cost here, for at most `limit_s` seconds after loading, and keep it.

    Arguments as of `Reasoner.load`; what is given of `threads` and `engine_options` is not tried otherwise.
    out: the profile's file, the journal beside it; by default both lie in the cache folder, where loading finds them.

    Raises:
        ModelError, ExtraMissingError, ConfigError: as loading does. RecordError: a file cannot be written or continued.
    """
    prompts = PromptOptions(chat_template=chat_template, think_open=think_open, think_close=think_close)
    files, tokenizer = open_files(model, engine, prompts, offline=offline, on_download=on_download)
    fixed = {**engine_options, **({} if threads is None else {"threads": threads})}
    subject = Subject(files=files, tokenizer=tokenizer, device=device, fixed=fixed)
    info, which = subject.identity()
    facts, workload = read_facts(), _workload(tokenizer)
    header = _header(info, which, facts, workload, fixed)
    path = out if out is not None else cache_folder("devices") / f"{_stem(which, header)}.json"
    journal_path = path.with_suffix(".jsonl")
    task = Task(
        open_engine=subject.open, engine=files.engine, fixed=fixed, workload=workload, cores=cores(), limit_s=limit_s
    )
    journal = open_journal(journal_path, header)
    with contextlib.closing(journal), Surroundings(clock, uses_gpu=not info.device.startswith("cpu")) as around:
        keeper = _Keeper(path, journal, which, facts, header, around.energy, clock, on_progress)
        keeper.measuring = run = Measuring(task, journal, around, clock, is_stopped=is_stopped, on_progress=keeper.tell)
        profile = keeper.keep(is_complete=run.run())
    return Measured(profile=profile, path=path, journal=journal_path)


class _Keeper:
    """Writes the profile now and then, so that a run that dies leaves one, and at the end."""

    def __init__(
        self,
        path: Path,
        journal: Journal,
        model: ModelInfo,
        facts: DeviceFacts,
        header: Provenance,
        energy: str,
        clock: Clock,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._path, self._journal, self._model, self._facts = path, journal, model, facts
        self._header, self._energy, self._clock, self._on_progress = header, energy, clock, on_progress
        self._kept = clock()
        self.measuring: Measuring | None = None

    def tell(self, progress: Progress) -> None:
        self._on_progress(progress)
        if self._clock() - self._kept > KEEP_EVERY_S:
            self.keep(is_complete=False)
            self._kept = self._clock()

    def keep(self, *, is_complete: bool) -> DeviceProfile | None:
        """Write what there is; None, and nothing is written, before one row's pass has been timed."""
        run = self.measuring
        if run is None or run.info is None:
            return None
        found = self._journal.estimates(run.settings)
        if not any(cell.kind == "decode" and cell.rows == 1 for cell in found):
            return None
        profile = profile_of(
            self._journal,
            run.settings,
            name=self._path.stem,
            model=self._model,
            bound_to=binding(run.info, self._model, self._facts.power_mode),
            facts=self._facts,
            header=self._header,
            energy=self._energy,
            records=self._path.with_suffix(".jsonl").name,
            left_out=run.left_out,
            is_complete=is_complete,
        )
        write_profile(self._path, profile)
        return profile


def _header(
    info: EngineInfo, model: ModelInfo, facts: DeviceFacts, workload: Workload, fixed: Mapping[str, object]
) -> Provenance:
    """What a journal may go on with: same machine, power mode, engine, model, fixed options and closing."""
    return provenance(
        device=machine(info.device),
        engine=info.name,
        engine_version=info.version,
        model=model,
        seed=0,
        n=None,
        settings={
            "engine_device": info.device,
            "power_mode": facts.power_mode,
            "fixed": json.dumps({name: str(value) for name, value in sorted(fixed.items())}),
            "closing_tokens": workload.closing_tokens,
            "answer_tokens": workload.answer_tokens,
        },
    )


def _stem(model: ModelInfo, header: Provenance) -> str:
    """A file name that differs wherever the header does."""
    key = replace(header, command="", date="").to_record()
    name = re.sub(r"[^\w.-]+", "-", model.name).strip("-.")
    return f"{name}-{header.engine}-{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]}"


def _workload(tokenizer: Tokenizer) -> Workload:
    """What a request of this model does beside thinking, read off its markers."""
    markers = tokenizer.prompt([Message(role="user", content="17 + 25 = ?")]).markers
    return Workload(
        closing_tokens=closing_tokens(markers),
        answer_tokens=DIRECT_ANSWER_TOKENS,
        vote=_vote,
        host=functools.partial(_host_seconds, tokenizer, markers),
    )


class _Timed:
    """A batch that adds up the seconds spent in it, and the passes it ran."""

    def __init__(self, batch: Batch, clock: Clock) -> None:
        self._batch, self._clock = batch, clock
        self.inside_s, self.passes = 0.0, 0

    def __getattr__(self, name: str) -> Any:
        """The batch's own, its calls timed."""
        value = getattr(self._batch, name)
        return functools.partial(self._called, value) if callable(value) else value

    def _called(self, call: Callable[..., Any], *args: Any) -> Any:
        before = self._clock()
        result = call(*args)
        self.inside_s += self._clock() - before
        self.passes += result.count if isinstance(result, Passes) else 0
        return result


def _host_seconds(tokenizer: Tokenizer, markers: Markers, batch: Batch, prefix: Prefix, rows: int) -> float:
    """Seconds a pass that the decode loop spends outside the batch while so many rows think, close and answer."""
    clock = time.perf_counter
    timed, entry = _Timed(batch, clock), clock()
    costs = PassCosts(rows=(1,), pass_s=(1.0,), prefill_token_s=0.0, prefill_base_s=0.0, context=1)
    pace = RequestPace(
        clock=clock, costs=costs, due=lambda: math.inf, forced_s=lambda rows, read: 1.0,
        answer_tokens=HOST_ANSWER_TOKENS, reserve_factor=lambda rows: 1.0, is_stopped=lambda: False,
    )  # fmt: skip
    decoder = Decoder(
        batch=timed,
        prefix=prefix,
        markers=markers,
        codec=tokenizer,
        read_answer=read_answer,
        pace=pace,
        clock=clock,
        started=entry,
        context=len(prefix.tokens) + 2 * new_tokens(Cell("host", rows, 0, HOST_TOKENS), closing_tokens(markers)),
        trace=Trace(clock, entry),
    )
    limits = RowLimits(think=HOST_TOKENS, answer=HOST_ANSWER_TOKENS, stop_at_box=True)
    decoder.sample([(SAMPLING, range(rows), limits)])
    return max(0.0, clock() - entry - timed.inside_s) / max(1, timed.passes)


def _vote(rows: int) -> None:
    """Read and count answers, of which two in three agree."""
    MajorityVote().select([_voter(row, *read_answer(f"\\boxed{{{42 + row % 3 // 2}}}")) for row in range(rows)])


def _voter(row: int, answer: str | None, canonical: str | None) -> Rollout:
    return Rollout(
        row=row, seed=row, tokens=(), logprobs=(), entropies=(), forced=(), finish="eos", reasoning="", text="",
        answer=answer, canonical=canonical, confidence=0.5, reasoning_tokens=0,
    )  # fmt: skip


# ---------------------------------------------------------------- stopping


class Stoppable(Generic[T]):
    """A job on a thread of its own, so that Ctrl-C reaches the caller while a native call runs.

    The job gets a predicate that says when to stop, and should then return at once.
    """

    def __init__(self, job: Callable[[Callable[[], bool]], T]) -> None:
        self._stop = threading.Event()
        self._job = job
        self._result: T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="edgereason-measuring", daemon=True)

    def result(self) -> tuple[T | None, bool]:
        """The job's result and whether Ctrl-C ended it early; no result where a native call did not end in time."""
        self._thread.start()
        try:
            self._wait(None)
            is_interrupted = False
        except KeyboardInterrupt:
            self._stop.set()
            self._wait(STOP_WAIT_S)
            is_interrupted = True
        if self._error is not None:
            raise self._error
        return self._result, is_interrupted

    def _run(self) -> None:
        try:
            self._result = self._job(self._stop.is_set)
        except BaseException as error:
            self._error = error

    def _wait(self, most_s: float | None) -> None:
        """Join in short stretches: an interrupt is only seen between them on some systems."""
        end = None if most_s is None else time.perf_counter() + most_s
        while self._thread.is_alive() and (end is None or time.perf_counter() < end):
            self._thread.join(0.1)
