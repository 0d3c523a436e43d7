"""Every engine keeps the laws of the seam; and the laws notice an engine that breaks one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from edgereason.engine import open_engine
from edgereason.engine.onnx import OnnxEngine
from edgereason.engine.onnx_session import Model
from edgereason.testing import FakeClock, FakeEngine, check_engine, hashed_logits, scripted

BUNDLED = Path(__file__).parents[2] / "models" / "abacus" / "model.onnx"
# Kernels for quantized weights round activations to eight bits, differently for one row and for several: on this file
# the largest difference was .055 with onnxruntime 1.32, .10 with 1.23, and .22 on another processor of the same kind.
# Graphs in float32 are held to 1e-4.
QUANTIZED_TOLERANCE = 0.4


@pytest.mark.parametrize("vocab_size", [7, 64, 3000])
def test_the_fake_engine_keeps_the_laws(vocab_size: int) -> None:
    """Doubles are held to what they stand for."""
    check_engine(FakeEngine(vocab_size=vocab_size, context=300))


def test_the_fake_engine_keeps_the_laws_on_a_clock_with_a_script() -> None:
    """Costs and scripts change nothing about the laws."""
    script = scripted({(1,): {(2, 3): 0.5, (4, 5): 0.5}}, 64, leak=0.9)
    check_engine(FakeEngine(logits=script, clock=FakeClock(), pass_s=lambda rows: 0.01 * rows, stalls={3: 1.0}))


@pytest.mark.parametrize("gives_hidden", [True, False], ids=["hidden given", "hidden exposed"])
@pytest.mark.parametrize("kind", ["grouped", "plain", "stacked"])
def test_onnx_keeps_the_laws_on_a_tiny_decoder(tiny: Callable[..., Path], kind: str, gives_hidden: bool) -> None:
    """Each cache layout, with the hidden state as an output of the file and as one that the engine exposes."""
    engine = open_engine("onnx", tiny(kind, gives_hidden=gives_hidden), threads=1, context=320)

    check_engine(engine, tolerance=1e-4)
    engine.close()


def test_onnx_keeps_the_laws_on_a_model_that_others_exported(test_data: Path) -> None:
    """A GPT-2 with int32 inputs, stacked caches named past_%d, fused attention and no hidden-state output."""
    engine = open_engine("onnx", test_data / "models" / "tiny-random-gpt2-onnx" / "past.onnx", threads=1)

    assert (engine.info.vocab_size, engine.info.hidden_size, engine.info.num_layers) == (1000, 32, 5)
    check_engine(engine, tolerance=1e-4)
    engine.close()


@pytest.mark.skipif(not BUNDLED.is_file(), reason="the bundled model has not been built")
@pytest.mark.parametrize("threads", [1, 2])
def test_onnx_keeps_the_laws_on_the_bundled_model(threads: int) -> None:
    """The quantized model that ships."""
    engine = open_engine("onnx", BUNDLED, threads=threads)

    check_engine(engine, tolerance=QUANTIZED_TOLERANCE)
    engine.close()


class ElsewhereModel(Model):
    """A model whose keys and values lie where numpy cannot see them, as on another device: values are copies."""

    is_on_cpu = False

    def value(self, array: Any) -> Any:
        """The array as an OrtValue of its own memory."""
        return super().value(array.copy())


@pytest.mark.parametrize("kind", ["grouped", "plain"])
def test_onnx_keeps_the_laws_where_keys_and_values_are_out_of_reach(tiny: Callable[..., Path], kind: str) -> None:
    """The way of a device, on a CPU: nothing may rely on memory that both sides see."""
    engine = OnnxEngine(tiny(kind), threads=1, context=320)
    model = engine.model()
    engine._model = ElsewhereModel(**{field.name: getattr(model, field.name) for field in fields(Model)})

    check_engine(engine, tolerance=1e-4)


def test_both_hidden_states_are_the_same(tiny: Callable[..., Path]) -> None:
    """What the engine exposes by editing the graph is what the file would have given."""
    states = []
    for gives_hidden in (True, False):
        engine = open_engine("onnx", tiny("plain", gives_hidden=gives_hidden), threads=1)
        states.append(engine.prefill([5, 6, 7]).hidden.tolist())
        engine.close()

    assert states[0] == pytest.approx(states[1], abs=1e-6)


def test_fake_logits_depend_on_the_whole_context() -> None:
    """Two contexts with the same end differ."""
    logits = hashed_logits(16)

    assert logits((1, 2)).tolist() != logits((3, 2)).tolist()
    assert logits((1, 2)).tolist() == logits((1, 2)).tolist()
