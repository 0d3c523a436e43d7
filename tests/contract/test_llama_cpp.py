"""What the llama.cpp engine does beyond the laws: handles, aborts, the shared context, options, saved prefixes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

native = pytest.importorskip("llama_cpp.llama_cpp")

from edgereason.engine import sampling  # noqa: E402
from edgereason.engine.llama_cpp import LlamaCppEngine  # noqa: E402
from edgereason.errors import (  # noqa: E402
    Aborted,
    ClosedError,
    ConfigError,
    ContextLengthError,
    EdgeReasonError,
    EngineError,
    ModelFileError,
    ModelNotFoundError,
    RecordError,
)
from edgereason.types import GREEDY, Sampling  # noqa: E402

BUNDLED = Path(__file__).parents[2] / "models" / "abacus" / "model-q8_0.gguf"
MAKERS = {"llama_model_load_from_file": "llama_model_free", "llama_init_from_model": "llama_free"}


@pytest.fixture
def engine() -> Iterator[LlamaCppEngine]:
    """The bundled model, on one thread."""
    with closing(LlamaCppEngine(BUNDLED, threads=1, context=4096)) as opened:
        yield opened


@pytest.fixture
def living(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many native handles of each kind live, counted at the real calls."""
    counts = dict.fromkeys(MAKERS, 0)

    def counted(name: str, step: int, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any) -> Any:
            made = call(*arguments)
            counts[name] += step if step < 0 or made else 0
            return made

        return counting

    for maker, freer in MAKERS.items():
        monkeypatch.setattr(native, maker, counted(maker, 1, getattr(native, maker)))
        monkeypatch.setattr(native, freer, counted(maker, -1, getattr(native, freer)))
    return counts


# ---------------------------------------------------------------- handles


def test_every_native_handle_is_freed(living: dict[str, int]) -> None:
    """After close, after close twice, and when an engine is dropped without it."""
    engine = LlamaCppEngine(BUNDLED, threads=1, context=512)
    assert {1} == set(living.values())
    engine.prefill([1, 2])
    engine.close()
    engine.close()
    assert {0} == set(living.values())
    engine = LlamaCppEngine(BUNDLED, threads=1, context=512)
    del engine
    gc.collect()

    assert {0} == set(living.values())


def test_nothing_lives_on_when_opening_fails(living: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A model without its context is freed."""
    monkeypatch.setattr(native, "llama_init_from_model", lambda model, settings: None)

    with pytest.raises(EngineError, match="context of 512 tokens"):
        LlamaCppEngine(BUNDLED, threads=1, context=512)
    assert 0 == living["llama_model_load_from_file"]


def test_sequences_are_recycled(engine: LlamaCppEngine) -> None:
    """Many more prefixes and rows than there are ids, one after another: closed, dropped or kept out."""
    for turn in range(300):
        prefix = engine.prefill([1 + turn % 7, 2])
        batch = engine.batch()
        rows = batch.admit(prefix, GREEDY, [0, 1])
        batch.keep(rows[:1])
        batch.commit({rows[0]: [3]})
        if turn % 2:
            prefix.close()
            batch.close()

    del prefix, batch
    assert (0, 0) == (engine.held_bytes, engine.cells.live)


def test_handles_that_are_all_taken_are_said_to_be(engine: LlamaCppEngine) -> None:
    """The number is in the message, and closing one makes room."""
    prefixes = [engine.prefill([1]) for _ in range(128)]

    with pytest.raises(EngineError, match="128 prefixes and rows are open"):
        engine.prefill([1])
    prefixes.pop().close()
    engine.prefill([1])


def test_a_closed_engine_refuses_and_so_do_its_handles(engine: LlamaCppEngine) -> None:
    """Everything after close raises ClosedError, and nothing is held."""
    prefix, batch = engine.prefill([1, 2]), engine.batch()
    batch.admit(prefix, GREEDY, [0])
    engine.close()

    for call in (lambda: engine.prefill([1]), engine.batch, batch.propose, lambda: prefix.hidden):
        with pytest.raises(ClosedError):
            call()
    assert engine.held_bytes == 0


@pytest.mark.parametrize("code", [1, 2, -1, -3])
def test_every_return_code_is_an_error_that_closes_the_batch(
    engine: LlamaCppEngine, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Whatever a pass ends with but 0; other handles go on."""
    prefix, batch = engine.prefill([1, 2]), engine.batch()
    (row,) = batch.admit(prefix, GREEDY, [0])
    with monkeypatch.context() as patch:
        patch.setattr(native, "llama_decode", lambda context, inputs: code)
        with pytest.raises(Aborted if code == 2 else EngineError):
            batch.commit({row: [3]})

    with pytest.raises(ClosedError):
        batch.propose()
    assert prefix.tokens == (1, 2)
    assert engine.prefill([1, 2, 3], base=prefix).tokens == (1, 2, 3)


# ---------------------------------------------------------------- logits, hidden states, threads


def test_logits_are_looked_at_where_they_are(engine: LlamaCppEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sampler sees llama.cpp's own buffer, for one row and for several; a shared prompt's is not multiplied."""
    seen: list[np.ndarray] = []
    real = sampling.propose
    monkeypatch.setattr(
        sampling, "propose", lambda rows, logits, *rest: seen.append(logits) or real(rows, logits, *rest)
    )
    batch = engine.batch()
    rows = batch.admit(engine.prefill([5, 6, 7]), Sampling(temperature=0.8), range(8))
    batch.propose()
    batch.commit({row: [9] for row in rows})
    batch.propose()

    assert (8, 0) == (len(seen[0]), seen[0].strides[0])
    assert np.shares_memory(seen[1], engine.session().logits(8))


def test_rows_left_out_of_a_pass_keep_their_ends(engine: LlamaCppEngine) -> None:
    """Another batch's pass, a prefill or a commit to others overwrites nothing that a row still shows."""
    batch, other = engine.batch(), engine.batch()
    rows = batch.admit(engine.prefill([5, 6, 7]), GREEDY, [0, 1, 2])
    batch.commit({row: [row + 8, 4] for row in rows})
    shown = [(batch.propose().logprobs[at], batch.hidden(row).tolist()) for at, row in enumerate(rows)]
    other.commit({other.admit(engine.prefill([9]), GREEDY, [0])[0]: [3, 3]})
    batch.commit({rows[1]: [1]})

    again = batch.propose().logprobs
    assert [shown[0], shown[2]] == [(again[at], batch.hidden(rows[at]).tolist()) for at in (0, 2)]


def test_threads_change_between_steps(engine: LlamaCppEngine) -> None:
    """The next pass uses them, and says the same."""
    batch = engine.batch()
    (row,) = batch.admit(engine.prefill([5, 6, 7]), GREEDY, [0])
    batch.commit({row: [8]})
    engine.set_threads(2)
    batch.commit({row: [9]})

    assert 2 == native.llama_n_threads(engine.session()._context)
    assert np.abs(batch.hidden(row) - engine.prefill([5, 6, 7, 8, 9]).hidden).max() < 0.1
    with pytest.raises(ConfigError, match="threads 0"):
        engine.set_threads(0)


# ---------------------------------------------------------------- stopping


class StopsAfter:
    """Says no so many times, then yes."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> bool:
        """Whether to stop."""
        self.left -= 1
        return self.left < 0


def test_a_pass_is_stopped_from_inside(test_data: Path) -> None:
    """A prompt, and a commit, that are one pass each end in the middle of it; nothing of them is held."""
    with closing(LlamaCppEngine(test_data / "models" / "stories260K.gguf", threads=1, batch=2048)) as engine:
        with pytest.raises(Aborted, match=r"the pass was stopped$"):
            engine.prefill([1] * 2000, StopsAfter(1))
        assert engine.held_bytes == 0
        prefix, batch = engine.prefill([1, 2]), engine.batch()
        (row,) = batch.admit(prefix, GREEDY, [0])
        with pytest.raises(Aborted, match=r"the pass was stopped$"):
            batch.commit({row: [1] * 2000}, StopsAfter(1))

        assert engine.prefill([1, 2]).hidden.tolist() == pytest.approx(prefix.hidden.tolist(), abs=1e-3)


def test_what_the_question_to_stop_raises_is_raised(test_data: Path) -> None:
    """Though it was asked on another thread."""
    asked = []

    def broken() -> bool:
        asked.append(1)
        return len(asked) > 1 and bool(1 / 0)

    with (
        closing(LlamaCppEngine(test_data / "models" / "stories260K.gguf", threads=1, batch=2048)) as engine,
        pytest.raises(ZeroDivisionError),
    ):
        engine.prefill([1] * 2000, broken)


# ---------------------------------------------------------------- the shared context


def test_the_context_is_shared_and_said_to_be(engine: LlamaCppEngine) -> None:
    """A shared prompt counts once; what would not fit all rows together is refused, and nothing has changed."""
    info = engine.info
    assert (4096, 1024) == (info.shared_context, info.context)
    prefix, batch = engine.prefill([1] * 500), engine.batch()
    held = engine.held_bytes
    rows = batch.admit(prefix, GREEDY, range(8))
    assert (held, 500 * info.kv_bytes_per_token) == (engine.held_bytes, held)

    batch.commit({row: [2] * 449 for row in rows})
    before = batch.propose().logprobs
    with pytest.raises(ContextLengthError, match="4092 of 4096 tokens"):
        batch.commit({row: [2] for row in rows})
    with pytest.raises(ContextLengthError, match="4092 of 4096 tokens"):
        engine.prefill([1] * 5)
    assert (before, 949) == (batch.propose().logprobs, batch.length(rows[0]))
    batch.commit({row: [2] for row in rows[:4]})
    batch.keep(rows[:1])
    assert 500 + 450 == engine.cells.used


# ---------------------------------------------------------------- options


@pytest.mark.parametrize(
    "option",
    [
        {"threads": 0},
        {"context": -3},
        {"batch": 0},
        {"max_rows": 1000},
        {"gpu_layers": -2},
        {"device": "cudaa"},
        {"kv_type": "f17"},
        {"flash_attention": "maybe"},
        {"kv_type": "q8_0", "flash_attention": "off"},
    ],
    ids=str,
)
def test_options_out_of_range_are_refused(option: dict[str, Any]) -> None:
    """With the value in the message, before anything is loaded."""
    with pytest.raises(ConfigError, match=repr(next(iter(option.values())))):
        LlamaCppEngine(BUNDLED, **option)


@pytest.mark.skipif(native.llama_supports_gpu_offload(), reason="this llama.cpp has a GPU backend")
@pytest.mark.parametrize("option", [{"gpu_layers": 3}, {"device": "cuda"}], ids=str)
def test_a_gpu_that_is_not_there_is_said_loudly(option: dict[str, Any]) -> None:
    """Asked for by name it is an error; with "auto" the CPU is used."""
    with pytest.raises(EngineError, match="no GPU backend"):
        LlamaCppEngine(BUNDLED, **option)
    with closing(LlamaCppEngine(BUNDLED, device="auto", context=512)) as engine:
        assert ("cpu", "inside") == (engine.info.device, engine.info.abort)


@pytest.mark.parametrize(
    "option",
    [
        {"kv_type": "q8_0"},
        {"kv_type": "bf16"},
        {"mmap": False},
        {"mlock": True},
        {"flash_attention": "on"},
        {"batch": 32},
    ],
    ids=str,
)
def test_every_option_runs_and_says_the_same(engine: LlamaCppEngine, option: dict[str, Any]) -> None:
    """The way of computing changes, what is computed hardly does."""
    prompt = list(range(1, 100))
    with closing(LlamaCppEngine(BUNDLED, threads=1, context=1024, **option)) as other:
        mine, theirs = engine.prefill(prompt).hidden, other.prefill(prompt).hidden

    assert mine @ theirs / np.linalg.norm(mine) / np.linalg.norm(theirs) > 0.99


# ---------------------------------------------------------------- files


def test_what_is_no_model_is_refused_and_nothing_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing there, a file of another kind, half a model."""
    (tmp_path / "text.gguf").write_text("a text")
    (tmp_path / "half.gguf").write_bytes(BUNDLED.read_bytes()[:100_000])
    kinds: dict[str, type[EdgeReasonError]] = {
        "none.gguf": ModelNotFoundError,
        "text.gguf": ModelFileError,
        "half.gguf": ModelFileError,
    }
    for name, kind in kinds.items():
        with pytest.raises(kind, match=name.replace(".", r"\.")):
            LlamaCppEngine(tmp_path / name)
    with closing(LlamaCppEngine(BUNDLED, threads=1, context=512)) as engine:
        engine.prefill([1, 2])

    assert capfd.readouterr() == ("", "")


def test_a_saved_prefix_is_bound_to_file_and_settings(engine: LlamaCppEngine, test_data: Path, tmp_path: Path) -> None:
    """Neither another model nor another KV type takes it."""
    engine.prefill([1, 2, 3]).save(tmp_path / "prefix")
    with (
        closing(LlamaCppEngine(test_data / "models" / "stories260K.gguf", context=512)) as other,
        pytest.raises(RecordError, match="another model file"),
    ):
        other.load_prefix(tmp_path / "prefix")
    with (
        closing(LlamaCppEngine(BUNDLED, kv_type="q8_0", context=512)) as other,
        pytest.raises(RecordError, match="other settings"),
    ):
        other.load_prefix(tmp_path / "prefix")
    with closing(LlamaCppEngine(BUNDLED, context=512)) as same:
        assert (1, 2, 3) == same.load_prefix(tmp_path / "prefix").tokens


def test_every_flipped_bit_of_a_saved_prefix_is_noticed(engine: LlamaCppEngine, tmp_path: Path) -> None:
    """Archives carry checksums: a prefix that loads is the prefix that was saved, and a refused one holds nothing."""
    prefix = engine.prefill([1, 2, 3])
    prefix.save(tmp_path / "prefix")
    whole, held = (tmp_path / "prefix").read_bytes(), engine.cells.live
    draw = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[int(draw.integers(len(damaged)))] ^= 1 << int(draw.integers(8))
        (tmp_path / "damaged").write_bytes(damaged)
        try:
            loaded = engine.load_prefix(tmp_path / "damaged")
        except RecordError:
            assert held == engine.cells.live
            continue
        assert (loaded.tokens, loaded.hidden.tolist()) == (prefix.tokens, prefix.hidden.tolist())
        loaded.close()


def test_a_state_that_llama_cpp_does_not_take_is_a_record_error(engine: LlamaCppEngine, tmp_path: Path) -> None:
    """As where the bytes inside a whole archive are no state."""
    engine.prefill([1, 2, 3]).save(tmp_path / "prefix")
    with np.load(tmp_path / "prefix") as archive:
        saved = {name: archive[name] for name in archive.files}
    saved["state"] = np.zeros(64, np.uint8)
    with (tmp_path / "other").open("wb") as file:
        np.savez(file, **saved)

    with pytest.raises(RecordError, match="does not accept"):
        engine.load_prefix(tmp_path / "other")
    assert (0, 0) == (engine.cells.used, engine.cells.live)


def test_a_prefix_that_cannot_be_written_is_an_error(engine: LlamaCppEngine, tmp_path: Path) -> None:
    """A folder that is not there stands for a disk that is full."""
    with pytest.raises(EngineError, match="cannot be written"):
        engine.prefill([1]).save(tmp_path / "no" / "such" / "folder")
