"""Laws of replaying: rows say what was recorded, whoever is beside them; calls take the time of the profile."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from edgereason.answers import read_answer
from edgereason.contract import LAWS, Trial, seeds_decide_the_draw
from edgereason.decoding.loop import Decoder
from edgereason.decoding.row import RowLimits
from edgereason.errors import EngineError, RecordError
from edgereason.evals.recording import Unhurried
from edgereason.profiling.profile import DeviceProfile
from edgereason.records import read_records, rollout_of
from edgereason.simulating.replay import ReplayEngine
from edgereason.simulating.script import Line, Script
from edgereason.simulating.simulator import Recording
from edgereason.simulating.times import ProfileTimes
from edgereason.testing import FakeClock, FakeEngine
from edgereason.trace import Trace
from edgereason.types import GREEDY, EngineInfo, Message, Rollout, Sampling

HOT = Sampling(temperature=0.7, seed=5)


def engine_of(
    scripts: dict[tuple[int, ...], Script], device: DeviceProfile, clock: FakeClock, **info: int
) -> ReplayEngine:
    """An engine on these scripts."""
    sizes = {"vocab_size": 2048, "hidden_size": 8, "num_layers": 1, "context": 2048, **info}
    about = EngineInfo(name="fake", version="1", device="cpu", threads=1, **sizes)
    return ReplayEngine(about, scripts, ProfileTimes(device), clock.advance)


def line(tokens: Sequence[int], forced: Collection[int] = ()) -> Line:
    """A line of tokens, those at some places forced."""
    n = len(tokens)
    return Line(
        tokens=tuple(tokens),
        logprobs=(-0.5,) * n,
        entropies=(0.1,) * n,
        forced=tuple(place in forced for place in range(n)),
    )


def script(samples: int, seed: int, vocab_size: int) -> Script:
    """A question with so many samples; 1 opens an answer, 2 makes a row go on, so that stray rows find back."""
    draw = random.Random(seed)

    def drawn() -> list[int]:
        return [draw.randrange(3, vocab_size) for _ in range(64)]

    return Script(
        opener=(1,), extension=(2,), end=0, direct=line(drawn()),
        plain=tuple(line(drawn()) for _ in range(samples)), waits={0: line(drawn(), forced=range(20, 22))},
    )  # fmt: skip


def test_the_laws_of_an_engine_hold(device: DeviceProfile) -> None:
    """All but one, for a question with one sample; a longer prompt is a row on it that said the rest."""
    scripts = {(token,): script(1, token, 8) for token in range(8)}
    engine = engine_of(scripts, device, FakeClock(), vocab_size=8, context=64, prefill_chunk=16)
    laws = [law for law in LAWS if law is not seeds_decide_the_draw]
    assert len(LAWS) - 1 == len(laws)
    for law in laws:
        with ExitStack() as stack:
            law(Trial(engine, 1e-4, stack))


def test_seeds_decide_the_draw(device: DeviceProfile) -> None:
    """The one law more, where there are samples to draw from."""
    with ExitStack() as stack:
        prompt = Trial(FakeEngine(vocab_size=8), 0.0, stack).tokens(5)
        engine = engine_of({prompt: script(61, 0, 8)}, device, FakeClock(), vocab_size=8)
        seeds_decide_the_draw(Trial(engine, 1e-4, stack))


def decoder_of(recording: Recording, place: int, device: DeviceProfile, clock: FakeClock) -> Decoder:
    """The decode loop of the runtime on the replayed question."""
    question = recording.questions[place]
    prompt = recording.tokenizer.prompt([Message(role="user", content=question.text)])
    engine = engine_of(dict(recording.scripts), device, clock)
    return Decoder(
        batch=engine.batch(),
        prefix=engine.prefill(prompt.tokens),
        markers=prompt.markers,
        codec=recording.tokenizer,
        read_answer=read_answer,
        pace=Unhurried(),
        clock=clock,
        started=clock(),
        context=2048,
        trace=Trace(clock),
    )


def recorded(records: Path, place: int, arm: str) -> list[Rollout]:
    """The samples of a question."""
    return [rollout_of(s) for s in list(read_records(records, "question"))[place]["samples"] if s["arm"] == arm]


def said(rollout: Rollout) -> tuple[object, ...]:
    """What must come back: tokens, how sure they were, which were forced, and what they come to."""
    rounded = tuple(round(value, 4) for value in rollout.logprobs)
    return rollout.tokens, rounded, rollout.forced, rollout.finish, rollout.text, rollout.answer, rollout.canonical


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_whole_sample_is_replayed_token_for_token(
    records: Path, recording: Recording, device: DeviceProfile, place: int
) -> None:
    """Each sample by one row, in an order that the seed draws, and the direct answer by the direct row."""
    decoder = decoder_of(recording, place, device, FakeClock())
    direct = decoder.answer_directly(GREEDY, 0, 24)
    found = decoder.sample([(HOT, range(1, 7), RowLimits(think=64, answer=48))])

    assert sorted(map(said, recorded(records, place, "plain"))) == sorted(map(said, found))
    assert [said(each) for each in recorded(records, place, "direct")] == [said(direct)] if direct else []


def test_seeds_draw_the_order_without_replacement(recording: Recording) -> None:
    """As many rows as samples follow each once; another request's rows in another order."""
    script = next(iter(recording.scripts.values()))
    orders = {seed: [script.sample_of(Sampling(seed=seed), row) for row in range(1, 7)] for seed in range(8)}

    assert all(sorted(order) == list(range(6)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) > 1
    assert 1 == len({script.sample_of(GREEDY, row) for row in range(9)})


@pytest.mark.parametrize("think", [3, 8, 11, 15])
def test_a_closed_row_answers_as_at_the_last_cut_before(
    records: Path, recording: Recording, device: DeviceProfile, think: int
) -> None:
    """Before the first cut, as the direct answer; a thought that had ended before that answers as it did."""
    decoder = decoder_of(recording, 0, device, FakeClock())
    found = decoder.sample([(HOT, range(1, 7), RowLimits(think=think, answer=48))])
    order = [next(iter(recording.scripts.values())).sample_of(HOT, seed) for seed in range(1, 7)]
    samples = [s for s in next(iter(read_records(records, "question")))["samples"] if s["arm"] == "plain"]
    direct = recorded(records, 0, "direct")[0].canonical
    for place, rollout in zip(order, found, strict=True):
        own = rollout_of(samples[place])
        before = [cut["canonical"] for cut in samples[place]["cuts"] if cut["think_tokens"] <= think]
        has_ended = sum(not forced for forced in own.forced[: own.reasoning_tokens]) <= think + 1  # the closing tag
        assert (own.canonical if has_ended else before[-1] if before else direct) == rollout.canonical


def test_a_row_that_is_made_to_go_on_follows_the_one_that_was(
    records: Path, recording: Recording, device: DeviceProfile
) -> None:
    """Its own recorded continuation where there is one, token for token; another's where there is none."""
    decoder = decoder_of(recording, 0, device, FakeClock())
    found = decoder.sample([(HOT, range(1, 7), RowLimits(think=64, answer=48, extensions=1))])
    waits = {rollout.tokens for rollout in recorded(records, 0, "wait")}

    assert waits <= {rollout.tokens for rollout in found}
    wait = recording.tokenizer.encode_control("\nWait")
    assert all(wait[-1] in rollout.tokens and rollout.finish == "eos" for rollout in found)


def test_passes_take_what_the_profile_says(recording: Recording, device: DeviceProfile) -> None:
    """A pass of one row, of eight, and a prompt, each within the noise of the profile."""
    clock = FakeClock()
    engine = engine_of(dict(recording.scripts), device, clock)
    prompt = next(iter(recording.scripts))
    prefix = engine.prefill(prompt)
    assert clock() == pytest.approx(len(prompt) * 1e-3, rel=0.2)
    for width, pass_s in ((1, 0.01), (8, 0.015)):
        batch = engine.batch()
        rows = batch.admit(prefix, HOT, range(width))
        before = clock()
        for _ in range(50):
            assert (1, width) == ((passes := batch.commit({row: [1] for row in rows})).count, passes.rows)
        assert (clock() - before) / 50 == pytest.approx(pass_s, rel=0.02)


def test_an_unknown_prompt_is_refused(recording: Recording, device: DeviceProfile) -> None:
    """There is nothing to say to it."""
    engine = engine_of(dict(recording.scripts), device, FakeClock())
    with pytest.raises(EngineError, match="none of the 3"):
        engine.batch().admit(engine.prefill([1, 2, 3]), HOT, [1])


def test_a_prompt_of_other_records_is_refused(device: DeviceProfile, tmp_path: Path) -> None:
    """What was saved with these questions loads with them, and with no others."""
    scripts = {(token,): script(1, token, 8) for token in range(4)}
    engine, other = (engine_of(each, device, FakeClock(), vocab_size=8) for each in (scripts, {(0,): scripts[0,]}))
    engine.prefill((2,)).save(tmp_path / "p")

    assert (2,) == engine.load_prefix(tmp_path / "p").tokens
    with pytest.raises(RecordError, match="saved by another"):
        other.load_prefix(tmp_path / "p")
