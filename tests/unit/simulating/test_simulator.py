"""Laws of a simulated request: one seed, one result; stalls cost time; a frozen engine does not make it late."""

from __future__ import annotations

import dataclasses
import json
import zlib
from pathlib import Path

import pytest

from edgereason.errors import ConfigError, DeadlineError, RecordError
from edgereason.profiling.beats import BeatLog
from edgereason.profiling.profile import DeviceProfile
from edgereason.promise import MUTATIONS, Safeguards
from edgereason.records import read_records
from edgereason.simulating.outcomes import outcome_of, simulate
from edgereason.simulating.simulator import Recording, Simulator, read_recording
from edgereason.simulating.weather import Calm, Recorded, Weather
from edgereason.types import Result


def ask(device: DeviceProfile, recording: Recording, weather: Weather | None = None, **options: object) -> Result:
    """One request for the first question on a simulator of its own."""
    given = {"deadline": 5.0, "profile": "normal", "seed": 3, **options}
    return Simulator(device, recording, weather=weather).ask(recording.questions[0], **given)  # type: ignore[arg-type]


class Freeze(Calm):
    """From `at_s` on work stands still for `for_s`; who sleeps wakes on time, or not before its end."""

    def __init__(self, at_s: float, for_s: float, *, keeps_sleepers: bool = False) -> None:
        self.at_s, self.for_s, self.keeps_sleepers = at_s, for_s, keeps_sleepers

    def done(self, begin_s: float, work_s: float) -> float:
        """Later by the freeze, for the work that it falls into."""
        end = begin_s + work_s
        return end + self.for_s if begin_s <= self.at_s < end else end

    def wakes(self, at_s: float) -> float:
        """On time, or after the freeze."""
        is_frozen = self.at_s <= at_s < self.at_s + self.for_s
        return self.at_s + self.for_s if self.keeps_sleepers and is_frozen else at_s


def plain(result: Result) -> dict[str, object]:
    """All of a result but its trace."""
    return dataclasses.asdict(dataclasses.replace(result, trace=None))


def test_a_seed_decides_everything(device: DeviceProfile, recording: Recording) -> None:
    """Answer, tokens and times of one seed come again; another draws other samples."""
    results = [ask(device, recording, seed=seed) for seed in (3, 3, *range(4, 12))]

    assert plain(results[0]) == plain(results[1])
    assert len({tuple(rollout.tokens for rollout in result.rollouts) for result in results}) > 1


def test_a_request_is_planned_by_the_profile(device: DeviceProfile, recording: Recording) -> None:
    """More time, more rows and thought; without any, nothing but the direct answer, and all of them in time."""
    results = [ask(device, recording, deadline=deadline) for deadline in (0.35, 2.0, 20.0)]

    assert [True] * 3 == [result.deadline_met for result in results]
    assert results[0].usage.reasoning_tokens < results[1].usage.reasoning_tokens
    assert results[1].elapsed_s < 2.0


def test_a_stall_makes_time_pass(device: DeviceProfile, recording: Recording) -> None:
    """As much as it lasted, where there is no deadline that would cut it; the tokens stay the same."""
    calm, stalled = (ask(device, recording, weather, deadline=60.0) for weather in (None, Freeze(0.2, 7.0)))

    assert stalled.elapsed_s == pytest.approx(calm.elapsed_s + 7.0, abs=1e-6)
    assert calm.answer == stalled.answer


def test_without_the_watchdog_a_stalled_request_is_late(device: DeviceProfile, recording: Recording) -> None:
    """The same stall, and nobody hands over; with it the answer in hand came, which the outcome says."""
    found = {}
    for name in ("watched", "watchdog"):
        simulator = Simulator(
            device, recording, weather=Freeze(0.4, 60.0), safeguards=MUTATIONS.get(name, Safeguards())
        )
        question = recording.questions[0]
        found[name] = outcome_of(question, simulator.ask(question, deadline=2.0, profile="normal", seed=3))

    assert (False, True) == (found["watched"].is_late, found["watched"].is_in_hand)
    assert (True, False) == (found["watchdog"].is_late, found["watchdog"].is_in_hand)
    assert found["watchdog"].elapsed_s > 60.0


def test_a_stalled_request_is_handed_over_in_time(device: DeviceProfile, recording: Recording) -> None:
    """The answer in hand comes at the deadline less the margin, though the engine stands still for much longer."""
    result = ask(device, recording, Freeze(0.4, 60.0), deadline=2.0)

    assert result.deadline_met
    assert result.elapsed_s == pytest.approx(2.0 - 0.005)
    assert result.answer is not None
    assert "deadline" == result.finish
    assert "while rows were still running" in " ".join(result.notes)
    assert result.trace.events("handed_over")


def test_beside_simulated_neighbours_it_is_handed_over_earlier(device: DeviceProfile, recording: Recording) -> None:
    """By as much as live."""
    weather = Freeze(0.4, 60.0)
    weather.is_busy = lambda at_s: True  # type: ignore[method-assign]

    assert ask(device, recording, weather, deadline=2.0).elapsed_s == pytest.approx(2.0 - 0.010)


def test_a_frozen_process_is_late(device: DeviceProfile, recording: Recording) -> None:
    """Where whoever waits is kept as well, nothing can help, and the result says so."""
    result = ask(device, recording, Freeze(0.4, 60.0, keeps_sleepers=True), deadline=2.0)

    assert not result.deadline_met
    assert result.elapsed_s == pytest.approx(60.4, abs=0.1)


def test_recorded_slowness_is_planned_around(device: DeviceProfile, recording: Recording) -> None:
    """At a quarter of the speed the same deadline is kept with less thought."""
    n = 200
    slow = BeatLog(header={}, at_s=tuple(0.02 * (k + 1) for k in range(n)), late_s=(0.0,) * n, speed=(0.25,) * n)
    calm, slowed = (ask(device, recording, weather, deadline=1.2) for weather in (None, Recorded(slow)))

    assert slowed.deadline_met
    assert slowed.usage.reasoning_tokens < calm.usage.reasoning_tokens


def test_wrong_options_are_refused(device: DeviceProfile, recording: Recording) -> None:
    """As by a live Reasoner."""
    with pytest.raises(DeadlineError, match="-1"):
        ask(device, recording, deadline=-1.0)
    with pytest.raises(ConfigError, match="nromal"):
        ask(device, recording, profile="nromal")


def test_a_profile_of_another_model_is_taken_and_named(device: DeviceProfile, recording: Recording) -> None:
    """What a live request refuses is what a simulation is for; both names stand in its notes and its header."""
    found = simulate(device, recording, [1.0], n=3)
    settings = found.provenance.to_record()["settings"]

    assert any(device.model.name in note and recording.model.name in note for note in found.notes)
    assert (device.name, device.model.name) == (settings["device_profile"], settings["profiled_model"])
    assert recording.model == found.provenance.model


def test_requests_go_round_the_questions_and_are_kept(
    device: DeviceProfile, recording: Recording, tmp_path: Path
) -> None:
    """Each deadline begins anew, so that its numbers do not hang on which came before; every request has its record."""
    out = tmp_path / "out.jsonl"
    found = simulate(device, recording, [0.5, 2.0], n=7, seed=1, stalls=None, out=out)
    alone = simulate(device, recording, [2.0], n=7, seed=1)
    records = list(read_records(out, "request"))

    assert [7, 7] == [summary.n for summary in found.summaries]
    assert found.summaries[1] == alone.summaries[0]
    assert ["q0", "q1", "q2", "q0", "q1", "q2", "q0"] == [record["question_id"] for record in records[:7]]
    assert found.summaries[0].right.count == sum(record["correct"] for record in records[:7])
    assert [0.5, 2.0] == [entry["deadline_s"] for entry in json.loads(found.to_json())["deadlines"]]
    with pytest.raises(RecordError, match="exists"):
        simulate(device, recording, [0.5], n=1, out=out)


def test_records_of_other_tokens_are_refused(records: Path, tmp_path: Path) -> None:
    """A model whose tokens mean something else cannot be replayed with this tokenizer."""
    header, *rest = records.read_bytes().splitlines(keepends=True)
    body = json.loads(header)
    del body["crc"]
    body["model"]["lineage"] = "0x0x0-0000000000000000"
    line = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    other = tmp_path / "other.jsonl"
    other.write_bytes(line[:-1] + b',"crc":"%08x"}\n' % zlib.crc32(line) + b"".join(rest))
    with pytest.raises(RecordError, match="tokens are not those"):
        read_recording(other)
