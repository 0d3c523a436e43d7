"""Measuring a device profile: settings first, then the grid, coarse before fine, until it is tight or time is spent.

`Measuring.run` shows the order. Every visit goes into the journal as soon as it is done, so a run can be stopped at any
moment and another one goes on from there. What is found is made into a profile by `profile_of`, whenever asked.
Invariant: one visit at a time, in random order; no visit is begun after the time limit or once stopped.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from edgereason.errors import Aborted
from edgereason.profiling.bench import VISIT_S, Bench, Workload
from edgereason.profiling.cells import SAMPLES, Cell, coarse_cells, finer_cells, fits
from edgereason.profiling.estimate import Estimate
from edgereason.profiling.journal import Entry, Journal, Settings, settings_of
from edgereason.profiling.predict import pass_seconds, prefill_seconds
from edgereason.profiling.surroundings import Surroundings
from edgereason.profiling.tuning import TRIED, kindest, knobs, score
from edgereason.protocols import Clock, Engine
from edgereason.types import EngineInfo

TUNING_SHARE = 0.3  # of the time limit, for settings
TUNING_ROUNDS = 3
TOLERANCE = 0.10  # error of interpolation above which a place between is measured too
MOST_SHARE = 0.25  # of the time left that one visit may be expected to take
MOST_VISITS = 12  # to one cell: what is not tight by then stays as wide as it is
Options = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is. phase: what is being measured, in words."""

    phase: str
    elapsed_s: float
    limit_s: float
    tight: int
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be measured.

    open_engine: an engine with these options over the fixed ones. fixed: engine options that the user gave.
    workload: what a request does beside thinking. name: the engine's, for the knobs it has. cores: threads to try.
    """

    open_engine: Callable[[Options], Engine]
    engine: str
    fixed: Options
    workload: Workload
    cores: int
    limit_s: float
    seed: int = 0


class Measuring:
    """One run."""

    def __init__(
        self,
        task: Task,
        journal: Journal,
        surroundings: Surroundings,
        clock: Clock,
        *,
        is_stopped: Callable[[], bool] = lambda: False,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self._task, self._journal, self._surroundings, self._clock = task, journal, surroundings, clock
        self._is_stopped, self._on_progress = is_stopped, on_progress
        self._entry = clock()
        self._draw = random.Random(task.seed + len(journal.entries))  # a later run goes through the cells otherwise
        self.left_out: set[Cell] = set()  # would have taken more of the time than there is
        self.settings: Settings = settings_of({})
        self.info: EngineInfo | None = None
        self._judged: tuple[Cell, ...] = TRIED  # by which settings are judged, once an engine was open: what fits it

    @property
    def left_s(self) -> float:
        """Seconds to the time limit."""
        return self._task.limit_s - (self._clock() - self._entry)

    @property
    def is_over(self) -> bool:
        """Whether no further visit may begin."""
        return self._is_stopped() or self.left_s <= 0

    def run(self) -> bool:
        """Measure; whether everything that was wanted is tight."""
        self.settings = self._tuned()
        if self._is_stopped():
            return False
        with closing(self._task.open_engine(dict(self.settings))) as engine:
            self.info = engine.info
            with self._bench(engine) as bench:
                wanted = self._coarse(engine.info)
                while not self.is_over:
                    pending = self._pending(wanted)
                    if not pending:
                        finer = [cell for cell in self._finer(wanted) if fits(cell, engine.info)]
                        if not finer:
                            return not self.left_out
                        wanted = (*wanted, *finer)
                        continue
                    self._round(bench, wanted, pending)
        return False

    # -------------------------------------------------------------- settings

    def _tuned(self) -> Settings:
        """The settings to measure with: the best of each knob, the earlier knobs kept as found."""
        tries = knobs(self._task.engine, self._task.cores, self._task.fixed)
        found: dict[str, object] = {name: values[0] for name, values in tries}
        for place, (name, values) in enumerate(tries):
            if name == "spin" and found.get("threads", self._task.fixed.get("threads")) == 1:
                continue  # nobody is waited for
            candidates = [settings_of({**found, name: value}) for value in values]
            end_s = self._task.limit_s * (1 - TUNING_SHARE * (place + 1) / len(tries))
            self._try(candidates, end_s)
            scored = [(dict(c)[name], s) for c in candidates if (s := self.score_of(c)) is not None]
            if scored:
                found[name] = kindest(scored)
        return settings_of(found)

    def _try(self, candidates: list[Settings], until_left_s: float) -> None:
        """Visit what settings are judged by, with each in turn, in rounds; what takes too long gets no score."""
        for _ in range(TUNING_ROUNDS):
            for settings in self._draw.sample(candidates, len(candidates)):
                seen = self._journal.of(settings)
                has_enough = all(len(seen.get(cell, [])) >= TUNING_ROUNDS for cell in self._judged)
                if has_enough or self._is_after(until_left_s):
                    continue
                self._tell(f"settings: {_words(settings)}", ())
                with (
                    closing(self._task.open_engine(dict(settings))) as engine,
                    self._bench(engine, until_left_s) as bench,
                ):
                    self._judged = tuple(cell for cell in TRIED if fits(cell, engine.info))
                    for cell in self._draw.sample(self._judged, len(self._judged)):
                        if not self._is_after(until_left_s):
                            self._visit(bench, cell, settings)

    def score_of(self, settings: Settings) -> float | None:
        """How fast these settings are, by what has been measured; None where too little was."""
        return score({cell: e.median_s for cell, e in self._journal.estimates(settings).items()}, self._judged)

    # -------------------------------------------------------------- the grid

    def _coarse(self, info: EngineInfo) -> tuple[Cell, ...]:
        workload = self._task.workload
        return coarse_cells(
            info,
            closing_tokens=workload.closing_tokens,
            answer_tokens=workload.answer_tokens,
            has_vote=workload.vote is not None,
            has_loop=workload.host is not None,
        )

    def _pending(self, wanted: Iterable[Cell]) -> list[Cell]:
        """What is not tight yet: at first the few most important cells, then all that have never been visited."""
        seen = self._journal.of(self.settings)
        found = self._journal.estimates(self.settings)
        pending = [cell for cell in wanted if cell not in self.left_out and not _is_done(cell, seen, found)]
        never = [cell for cell in pending if cell not in seen]
        return [cell for cell in never if cell.is_first] or never or pending

    def _finer(self, wanted: Iterable[Cell]) -> tuple[Cell, ...]:
        found = self._journal.levelled(self.settings)
        certain = {cell: (e.median_s, e.half_width) for cell, e in found.items() if e.is_reliable}
        return tuple(cell for cell in finer_cells(certain, TOLERANCE) if cell not in wanted)

    def _round(self, bench: Bench, wanted: tuple[Cell, ...], pending: list[Cell]) -> None:
        """One visit to each pending cell: contexts in random order, since each needs a prompt, cells random within."""
        contexts = sorted({cell.context for cell in pending})
        for context in self._draw.sample(contexts, len(contexts)):
            here = [cell for cell in pending if cell.context == context]
            for cell in self._draw.sample(here, len(here)):
                if self.is_over:
                    return
                if self._expected_s(cell) > max(MOST_SHARE * self.left_s, VISIT_S):
                    self.left_out.add(cell)
                    continue
                self._tell(f"{cell.kind}: {cell.rows} rows, context {cell.context}", wanted)
                self._visit(bench, cell, self.settings)

    def _expected_s(self, cell: Cell) -> float:
        """What a visit is expected to take, its prompt included, by what is known so far; 0 where nothing is."""
        medians = {c: e.median_s for c, e in self._journal.estimates(self.settings).items()}
        if not any(c.kind == "decode" for c in medians) or cell.kind == "vote":
            return 0.0
        prompt_s = prefill_seconds(medians, cell.context) if cell.context else 0.0
        if cell.kind == "prefill":
            return prompt_s + 2 * prefill_seconds(medians, cell.tokens)
        if cell.kind == "apart":
            prompt_s += prefill_seconds(medians, cell.rows * cell.tokens)
        passes = (1 + cell.tokens) if cell.kind in ("closing", "forced", "ragged", "host") else SAMPLES
        return prompt_s + 2 * passes * pass_seconds(medians, cell.rows, cell.context)

    # -------------------------------------------------------------- one visit

    def _is_after(self, until_left_s: float) -> bool:
        """Whether it is over, or no more than that is left to the time limit."""
        return self.is_over or self.left_s <= until_left_s

    def _bench(self, engine: Engine, until_left_s: float = 0.0) -> Bench:
        """A bench whose visits are stopped when it is over, or no more than that is left."""
        return Bench(engine, self._task.workload, self._clock, lambda: self._is_after(until_left_s))

    def _visit(self, bench: Bench, cell: Cell, settings: Settings) -> None:
        """Visit a cell and keep what was found; a visit that was stopped leaves nothing."""
        mark = self._surroundings.mark()
        try:
            visit = bench.visit(cell)
        except Aborted:
            return
        contention, joules = self._surroundings.since(mark)
        self._journal.add(Entry(settings=settings, cell=cell, visit=visit, contention=contention, joules=joules))

    def _tell(self, phase: str, wanted: tuple[Cell, ...]) -> None:
        seen, found = self._journal.of(self.settings), self._journal.estimates(self.settings)
        done = sum(_is_done(cell, seen, found) for cell in wanted)
        elapsed_s = self._clock() - self._entry
        limit_s = self._task.limit_s
        self._on_progress(Progress(phase=phase, elapsed_s=elapsed_s, limit_s=limit_s, tight=done, cells=len(wanted)))


def joules_of(entries: list[Entry]) -> float | None:
    """Joules of one timing: the visits' joules over their timings and warm-ups; None where one was not measured."""
    measured = [
        entry.joules / (len(entry.visit.seconds) + 1)
        for entry in entries
        if entry.joules is not None and entry.visit.seconds
    ]
    return statistics.median(measured) if measured and len(measured) == len(entries) else None


def _is_done(cell: Cell, seen: Mapping[Cell, list[Entry]], found: Mapping[Cell, Estimate]) -> bool:
    if cell.kind == "memory":
        return cell in seen
    return cell in found and (found[cell].is_tight or found[cell].visits >= MOST_VISITS)


def _words(settings: Settings) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings) or "as they are"
