"""The laws of the engine seam on a CUDA device."""

from __future__ import annotations

from pathlib import Path

import pytest

BUNDLED = Path(__file__).parents[2] / "models" / "abacus" / "model.onnx"
BUNDLED_GGUF = BUNDLED.with_name("model-q8_0.gguf")


@pytest.fixture
def cuda() -> None:
    """Skips where onnxruntime has no CUDA provider."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("onnxruntime has no CUDA provider here")


@pytest.mark.gpu
@pytest.mark.usefixtures("cuda")
@pytest.mark.skipif(not BUNDLED.is_file(), reason="the bundled model has not been built")
def test_onnx_on_cuda_keeps_the_laws() -> None:
    """On the ONNX file that ships; the engine says that it is on the device and did not fall back."""
    from edgereason.engine import open_engine
    from edgereason.testing import check_engine

    engine = open_engine("onnx", BUNDLED, device="cuda")

    assert engine.info.device == "cuda:0"
    check_engine(engine, tolerance=0.1)
    engine.close()


@pytest.fixture
def offload() -> None:
    """Skips where llama.cpp has no GPU backend."""
    llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    if not llama_cpp.llama_supports_gpu_offload():
        pytest.skip("llama.cpp has no GPU backend here")


@pytest.mark.gpu
@pytest.mark.usefixtures("offload")
@pytest.mark.skipif(not BUNDLED_GGUF.is_file(), reason="the bundled model has not been built")
def test_llama_cpp_on_a_gpu_keeps_the_laws() -> None:
    """On the bundled GGUF file with all its layers there."""
    from edgereason.engine import open_engine
    from edgereason.testing import check_engine

    engine = open_engine("llama-cpp", BUNDLED_GGUF, device="cuda")

    assert engine.info.device == "gpu"
    check_engine(engine, tolerance=0.4)  # as on the CPU, for the reason given in tests/contract/test_llama_cpp_laws.py
    engine.close()
