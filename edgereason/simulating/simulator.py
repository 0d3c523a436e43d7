"""The runtime of a live request, on a replaying engine and a simulated clock: recorded questions asked with a deadline.

In: putting device profile, records and disturbances together; one request after the other; what its caller would see.
Not in: reports of many requests (outcomes), how rows are replayed (replay), how time is disturbed (weather).
Invariant: planning, decoding, closing, voting and handing over are the live runtime's own code, driven from one thread.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgereason.errors import ConfigError, RecordError, did_you_mean
from edgereason.loading import (
    TYPICAL_CONTEXT,
    Parts,
    accuracy_profile_of,
    budget_profiles,
    find_model,
    open_tokenizer,
)
from edgereason.pipeline import Pipeline
from edgereason.probing.prior import DirectAnswerProbe
from edgereason.profiling.predict import pass_costs
from edgereason.profiling.profile import DeviceProfile
from edgereason.promise import Promise, Safeguards
from edgereason.prompting import PromptOptions, Tokenizer
from edgereason.protocols import Record
from edgereason.records import read_header, read_records
from edgereason.request import Options, Outcome, Request
from edgereason.results import compose
from edgereason.runtime import serve
from edgereason.simulating.clock import SimulatedClock
from edgereason.simulating.replay import HIDDEN_SIZE, ReplayEngine
from edgereason.simulating.script import Encode, Script, script_of
from edgereason.simulating.times import ProfileTimes
from edgereason.simulating.weather import Weather
from edgereason.types import EngineInfo, Message, ModelInfo, Prompt, Result

CONTEXT = 32_768  # tokens of a row; what was recorded fits
MOST_ROWS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What can be asked, and what is right; labels: the item's, as records of requests carry them."""

    id: str
    text: str
    choices: tuple[str, ...]
    labels: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The right answer as written."""
        return str(self.labels["target"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Recorded questions as a replaying engine takes them. left_out: questions without samples: too long, or empty."""

    header: Mapping[str, Any]
    model: ModelInfo
    tokenizer: Tokenizer
    questions: tuple[Question, ...]
    scripts: Mapping[tuple[int, ...], Script]
    left_out: int


def read_recording(path: Path, model: str | Path | None = None) -> Recording:
    """The questions of a file of records, and the tokenizer of the model that was recorded.

    model: where that model is, where the name in the records does not say; its weights are not loaded.

    Raises:
        RecordError: the file cannot be read, holds no questions with samples, or its tokens are another tokenizer's.
        ModelError, ConfigError: as `find_model` and `open_tokenizer`.
    """
    header = read_header(path)
    made = ModelInfo(**header["model"])
    tokenizer = open_tokenizer(find_model(model if model is not None else made.name), PromptOptions())
    spelled = hashlib.sha256(tokenizer.identity.encode()).hexdigest()[:16]  # the end of a lineage
    if not made.lineage.endswith(spelled):
        raise RecordError(
            f"{str(path)!r} was recorded of {made.name!r} ({made.lineage}), whose tokens are not those of "
            f"{str(model or made.name)!r}.",
            hint="Name that model with -m.",
        )
    questions: list[Question] = []
    scripts: dict[tuple[int, ...], Script] = {}
    left_out = 0
    for record in read_records(path, "question"):
        if not any(sample["arm"] == "plain" for sample in record["samples"]):
            left_out += 1
            continue
        question, prompt = _question(record, tokenizer)
        questions.append(question)
        scripts[prompt.tokens] = script_of(record, prompt, _encoder(tokenizer, prompt))
    if not questions:
        raise RecordError(f"{str(path)!r} holds no recorded questions.", hint="`edgereason calibrate` records them.")
    return Recording(
        header=header,
        model=made,
        tokenizer=tokenizer,
        questions=tuple(questions),
        scripts=scripts,
        left_out=left_out,
    )


def _question(record: Record, tokenizer: Tokenizer) -> tuple[Question, Prompt]:
    labels = {name: record.get(name) for name in ("target", "choices", "family", "template", "band", "params")}
    choices = tuple(record.get("choices") or ())
    question = Question(id=record["question_id"], text=record["question"], choices=choices, labels=labels)
    return question, tokenizer.prompt([Message(role="user", content=question.text)], choices=choices)


def _encoder(tokenizer: Tokenizer, prompt: Prompt) -> Encode:
    """Ids of an answer behind the prompt's opener, with the brace that ends it where the opener has one."""
    end = "}" if tokenizer.decode(prompt.markers.answer_opener).endswith("{") else ""
    return functools.cache(lambda answer: tokenizer.encode(f"{answer}{end}", continues=True))


class Simulator:
    """Asks recorded questions on a device that need not be here. Not for several threads.

    device, recording: any two; nothing checks that they belong together. seed: of the noise of passes. safeguards: what
    keeps deadlines; a part is switched off to see what it is worth.
    """

    def __init__(
        self,
        device: DeviceProfile,
        recording: Recording,
        *,
        weather: Weather | None = None,
        profiles_dir: Path | None = None,
        seed: int = 0,
        safeguards: Safeguards = Safeguards(),  # noqa: B008 - frozen
    ) -> None:
        self.device, self.recording = device, recording
        self.clock = SimulatedClock(weather)
        times = ProfileTimes(device, seed)
        setting = f"simulated {device.name}; {recording.model.file}"
        self.parts = Parts(
            engine=ReplayEngine(_info(device, recording, times), recording.scripts, times, self.clock.work),
            tokenizer=recording.tokenizer,
            probe=DirectAnswerProbe(),
            profiles=budget_profiles(profiles_dir, recording.model.lineage),
            costs=pass_costs(device, TYPICAL_CONTEXT),
            model=recording.model,
            accuracy=accuracy_profile_of(recording.model.lineage, profiles_dir),
            promise=Promise(None, setting, lambda: self.clock.weather.is_busy(self.clock())),
            safeguards=safeguards,
        )
        self._pipeline = Pipeline(self.parts, self.clock, merges_equal=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the results must know."""
        return tuple(_notes(self))

    def ask(
        self,
        question: Question,
        *,
        deadline: float | None,
        profile: str = "auto",
        seed: int = 0,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> Result:
        """The result of one request; `elapsed_s` ends when its caller would have woken.

        options: further fields of `request.Options`. The weather is laid anew for each request, by its seed.

        Raises:
            UsageError: an option out of its range, or an unknown profile.
        """
        if profile != "auto" and profile not in self.parts.profiles:
            raise ConfigError(
                f"Unknown profile {profile!r}.", hint=did_you_mean(profile, [*self.parts.profiles, "auto"])
            )
        asked = Options(deadline_s=deadline, profile=profile, seed=seed, choices=question.choices, **options)
        self.clock.weather.shift(_share(seed))
        messages, is_watched = [Message(role="user", content=question.text)], self.parts.safeguards.watchdog
        request = Request(messages, asked, self.clock, self._compose, is_watched=is_watched, is_busy=self.parts.is_busy)
        settled: list[float] = []
        request.when_settled(lambda: settled.append(self.clock()))
        self.clock.alarm = lambda: None if request.is_done else request.ends
        self.clock.ring = request.watch
        serve(self._pipeline, request)
        result = request.result()
        elapsed_s = self.clock.weather.wakes(settled[0]) - request.entry
        return replace(result, elapsed_s=elapsed_s, deadline_met=None if deadline is None else elapsed_s <= deadline)

    def close(self) -> None:
        """Free the engine's handles."""
        self._pipeline.close()
        self.parts.engine.close()

    def _compose(self, request: Request, outcome: Outcome) -> Result:
        return compose(request, outcome, self.parts, 0.0)


def _share(seed: int) -> float:
    """Where in the log of disturbances a request falls, 0 to 1."""
    return int.from_bytes(hashlib.blake2b(str(seed).encode(), digest_size=6).digest(), "big") / 2**48


def _info(device: DeviceProfile, recording: Recording, times: ProfileTimes) -> EngineInfo:
    """The engine that was profiled, with the recorded model's vocabulary."""
    bound = device.bound_to
    return EngineInfo(
        name=bound.engine,
        version=bound.engine_version,
        device=bound.engine_device,
        vocab_size=recording.tokenizer.vocab_size,
        hidden_size=HIDDEN_SIZE,
        num_layers=1,
        context=CONTEXT,
        max_rows=MOST_ROWS,
        fork="metadata",
        passes_per_token=times.passes_per_token,
        threads=bound.threads,
        settings=bound.engine_settings,
        notes=("replayed, not computed",),
    )


def _notes(simulator: Simulator) -> Sequence[str]:
    device, recording, parts = simulator.device, simulator.recording, simulator.parts
    notes = []
    if device.bound_to.model_file != recording.model.file:
        notes.append(
            f"times are those of {device.model.name} on {device.bound_to.device} ({device.bound_to.engine}), answers "
            f"those of {recording.model.name}: no such pair was ever run"
        )
    drawn = recording.header["settings"].get("temperature")
    others = sorted(name for name, each in parts.profiles.items() if each.temperature not in (0.0, drawn))
    if others:
        notes.append(f"samples were drawn at temperature {drawn}, which {', '.join(others)} would not do")
    if recording.left_out:
        notes.append(f"{recording.left_out} recorded questions have no samples and are left out")
    if parts.accuracy is None:
        notes.append("no accuracy profile of the recorded model: plans go by rule")
    return notes
