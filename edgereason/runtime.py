"""The Reasoner: what callers hold, and the one thread that owns the engine.

In: queueing, waiting, cancelling, freeing. Not in: the stages of a request (pipeline), what comes of it (results).
Invariant: only the worker thread touches the engine; callers only wait, and their clocks run from the call's entry.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from edgereason.controller.prices import check_enforceable
from edgereason.controller.reserve import MISS_RATE
from edgereason.errors import Aborted, ClosedError, ConfigError, did_you_mean
from edgereason.hub import OnProgress
from edgereason.loading import Parts, load_parts
from edgereason.pipeline import Pipeline
from edgereason.profiling.surroundings import Gauge
from edgereason.prompting import PromptOptions
from edgereason.protocols import Clock
from edgereason.request import Options, Outcome, Request
from edgereason.results import compose
from edgereason.types import BudgetProfile, EngineInfo, Event, Message, ModelInfo, PassCosts, Result, StrategyName

CLOSE_WAIT_S = 0.9


class Reasoner:
    """A loaded model that answers questions within deadlines. Threads may share one: their requests queue."""

    def __init__(self, load: Callable[[], Parts], *, clock: Clock = time.perf_counter) -> None:
        self._clock = clock
        self._queue: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._current: Request | None = None
        self._is_closed = False
        self._closing = threading.Lock()
        loaded: queue.SimpleQueue[Parts | BaseException] = queue.SimpleQueue()
        entry = clock()
        self._worker = threading.Thread(target=self._work, args=(load, loaded), name="edgereason", daemon=True)
        self._worker.start()
        parts = loaded.get()  # on the caller's thread nothing native runs, so that an interrupt comes through
        if isinstance(parts, BaseException):
            raise parts
        self._parts = parts
        self.load_s = clock() - entry

    @classmethod
    def load(
        cls,
        model: str | Path = "abacus",
        *,
        engine: str = "auto",
        threads: int | None = None,
        device: str = "auto",
        profiles_dir: Path | None = None,
        chat_template: Path | None = None,
        offline: bool = False,
        on_download: OnProgress | None = None,
        think_open: str | None = None,
        think_close: str | None = None,
        engine_options: Mapping[str, object] = MappingProxyType({}),
        device_profile: Path | None = None,
        clock: Clock = time.perf_counter,
    ) -> Reasoner:
        """Load a bundled name, a path, or `hf:owner/repo[:quant or file]`, which is fetched unless it is cached.

        `offline` makes no connection; `on_download` is called with the progress of a fetch, on another thread.

        chat_template: a Jinja file to use instead of the model's own.
        think_open, think_close: what the model writes around a thought, where its template does not show it.
        engine_options: the engine's own, as `{"context": 8192}`.
        device_profile: what `edgereason profile --save` wrote; by default what it keeps in the cache folder.

        Raises:
            ModelError, ExtraMissingError, ConfigError: what is wrong, and what to do.
            RecordError: `device_profile` cannot be read, or was made for something else.
        """
        prompts = PromptOptions(chat_template=chat_template, think_open=think_open, think_close=think_close)
        return cls(
            lambda: load_parts(
                model,
                engine=engine,
                threads=threads,
                device=device,
                profiles_dir=profiles_dir,
                prompts=prompts,
                clock=clock,
                engine_options=engine_options,
                offline=offline,
                on_download=on_download,
                device_profile=device_profile,
            ),
            clock=clock,
        )

    # -------------------------------------------------------------- what is loaded

    @property
    def model(self) -> ModelInfo:
        """Which model this is."""
        return self._parts.model

    @property
    def engine_info(self) -> EngineInfo:
        """What runs it."""
        return self._parts.engine.info

    @property
    def costs(self) -> PassCosts:
        """What passes cost here."""
        return self._parts.costs

    @property
    def profiles(self) -> dict[str, BudgetProfile]:
        """The budget profiles by name."""
        return dict(self._parts.profiles)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing about this set-up."""
        return self._parts.notes

    # -------------------------------------------------------------- asking

    def ask(self, question: str | Sequence[Message], **options: Any) -> Result:
        """The answer to a question, within its deadline; options as in `submit`."""
        request = self.submit(question, **options)
        try:
            return request.result()
        except BaseException:
            request.cancel()
            raise

    def stream(self, question: str | Sequence[Message], **options: Any) -> Iterator[Event]:
        """What happens while a question is answered, token by token; the last event holds the result."""
        request = self.submit(question, wants_text=True, **options)
        return _until_closed(request)

    def aask(self, question: str | Sequence[Message], **options: Any) -> Coroutine[Any, Any, Result]:
        """An awaitable result. The clock starts now, at the call, not when it is awaited."""
        return _wait_for(self.submit(question, **options))

    def submit(
        self,
        question: str | Sequence[Message],
        *,
        deadline: float | None = None,
        profile: str = "auto",
        seed: int = 0,
        system: str | None = None,
        choices: Sequence[str] = (),
        max_tokens: int | None = None,
        min_confidence: float | None = None,
        on_deadline: str = "best",
        grace: float = 0.0,
        miss_rate: float = MISS_RATE,
        strategy: StrategyName = "auto",
        max_joules: float | None = None,
        price_per_second: float | None = None,
        price_per_joule: float | None = None,
        wants_text: bool = False,
    ) -> Request:
        """Start answering and return at once.

        Args:
            question: a text, or messages of which the last is the user's.
            deadline: wall-clock seconds from this call to the returned answer; None lets profile and price decide.
            profile: "auto" (by difficulty) or a budget profile's name.
            seed: draws are a function of it; under a deadline the clock decides too.
            system: system text put before the messages.
            choices: options to vote over.
            max_tokens: most tokens generated over all rows.
            min_confidence: abstain below it.
            on_deadline: "best" returns what there is, "error" raises where there is nothing.
            grace: seconds past the deadline that may be spent as long as there is no answer at all.
            miss_rate: share of deadline-limited requests that may come back late; decides what is kept for closing.
            strategy: "auto" (the controller's own choice), or a published one by name, for comparison.
            max_joules: most joules, by the measured joules of a pass; refused where none were measured.
            price_per_second, price_per_joule: points of expected accuracy that a second, a joule must buy; refused
                where no accuracy profile of the model, no joules of a pass are known. Without a deadline and a price
                a second costs `controller.prices.DEFAULT_PER_SECOND`.

        Raises:
            UsageError: a value out of its range, or a limit that cannot be kept here. ClosedError: closed.
        """
        options = Options(
            deadline_s=deadline,
            profile=profile,
            seed=seed,
            choices=tuple(choices),
            max_tokens=max_tokens,
            min_confidence=min_confidence,
            on_deadline=on_deadline,  # type: ignore[arg-type]  # checked when made
            grace_s=grace,
            miss_rate=miss_rate,
            strategy=strategy,
            max_joules=max_joules,
            price_per_second=price_per_second,
            price_per_joule=price_per_joule,
        )
        check_enforceable(options.budget, self._parts.costs, has_curves=self._parts.accuracy is not None)
        if profile != "auto" and profile not in self._parts.profiles:
            raise ConfigError(
                f"Unknown profile {profile!r}.", hint=did_you_mean(profile, [*self._parts.profiles, "auto"])
            )
        messages = [Message(role="user", content=question)] if isinstance(question, str) else list(question)
        if system is not None:
            messages.insert(0, Message(role="system", content=system))
        request = Request(
            messages,
            options,
            self._clock,
            self._compose,
            wants_text=wants_text,
            is_watched=self._parts.safeguards.watchdog,
            is_busy=self._parts.is_busy,
        )
        with self._closing:
            if self._is_closed:
                raise ClosedError("This Reasoner was closed.", hint="Load a new one.")
            self._queue.put(request)
        return request

    # -------------------------------------------------------------- the worker

    def _work(self, load: Callable[[], Parts], loaded: queue.SimpleQueue[Parts | BaseException]) -> None:
        """The engine's only thread: load, answer requests in turn, free everything."""
        try:
            self._parts = load()
        except BaseException as error:
            loaded.put(error)
            return
        loaded.put(self._parts)
        pipeline = Pipeline(self._parts, self._clock)
        while (request := self._queue.get()) is not None:
            self._current = request
            with _gauged(self._parts.gauge, request):
                serve(pipeline, request)
            self._parts = pipeline.learn(request)
            self._current = None
        pipeline.close()
        self._parts.engine.close()

    def _compose(self, request: Request, outcome: Outcome) -> Result:
        """The result as things stand; runs on whichever thread settles the request."""
        return compose(request, outcome, self._parts, self.load_s)

    # -------------------------------------------------------------- the end

    def close(self) -> None:
        """End running and waiting requests with what they have, and free everything; closing twice is fine."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
        waiting = [] if (current := self._current) is None else [current]
        with contextlib.suppress(queue.Empty):
            while (request := self._queue.get_nowait()) is not None:
                waiting.append(request)
        for request in waiting:
            request.cancel()
        self._queue.put(None)
        self._worker.join(CLOSE_WAIT_S)

    def __enter__(self) -> Reasoner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@contextlib.contextmanager
def _gauged(gauge: Gauge | None, request: Request) -> Iterator[None]:
    """Count joules while a request is worked on, where anything counts them."""
    if gauge is None:
        yield
        return
    request.progress.joules_begun = gauge.begin()
    try:
        yield
    finally:
        gauge.end()


def serve(pipeline: Pipeline, request: Request) -> None:
    """Answer one request; whatever goes wrong becomes its outcome, and the worker lives on."""
    try:
        if not request.is_stopped:
            pipeline.run(request)
        request.settle("deadline" if _ended_by_time(request) else "complete")
    except Aborted:
        request.settle("deadline")
    except BaseException as error:
        request.fail(error)


def _ended_by_time(request: Request) -> bool:
    """Whether time ended this request: it was never begun, or rows were closed or dropped at the deadline."""
    decoder = request.progress.decoder
    return decoder is None or any(rollout.finish == "deadline" for rollout in decoder.rollouts)


def _until_closed(request: Request) -> Iterator[Event]:
    """A request's events; a reader that walks away cancels it."""
    try:
        yield from request.events()
    finally:
        request.cancel()


async def _wait_for(request: Request) -> Result:
    """Wait for a result without a thread and without blocking the event loop; a cancelled task cancels the request."""
    loop = asyncio.get_running_loop()
    is_there = asyncio.Event()
    request.when_settled(lambda: loop.call_soon_threadsafe(is_there.set))
    try:
        while not request.is_done:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(is_there.wait(), request.wait_s())
            request.watch()
    except asyncio.CancelledError:
        request.cancel()
        raise
    return request.result()
