"""The table of engines: known names open, unknown ones suggest, a missing library names what installs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgereason.engine import ENGINES, open_engine
from edgereason.errors import ConfigError, EngineMissingError, ModelNotFoundError


def test_an_unknown_engine_is_refused_with_a_suggestion() -> None:
    """Before anything is imported."""
    with pytest.raises(ConfigError, match="'onxx'") as error:
        open_engine("onxx", Path("model.onnx"))

    assert "Did you mean 'onnx'" in error.value.hint


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_says_that_a_model_is_not_there(name: str, tmp_path: Path) -> None:
    """The table's entries can be imported and called."""
    pytest.importorskip({"onnx": "onnxruntime", "llama-cpp": "llama_cpp"}[name])
    with pytest.raises(ModelNotFoundError, match="nothing"):
        open_engine(name, tmp_path / "nothing")


@pytest.mark.parametrize("missing", ["onnxruntime", "onnx"])
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, tmp_path: Path
) -> None:
    """As on a machine where it was never installed."""
    for module in [name for name in sys.modules if name.startswith("edgereason.engine.onnx")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(EngineMissingError, match=missing) as error:
        open_engine("onnx", tmp_path / "model.onnx")

    assert error.value.hint == 'pip install "edgereason[cpu]"'


def test_a_missing_llama_cpp_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is in an extra, compiled on install."""
    for module in [name for name in sys.modules if name.startswith("edgereason.engine.llama_cpp")]:
        monkeypatch.delitem(sys.modules, module)
    for module in [name for name in sys.modules if name.partition(".")[0] == "llama_cpp"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "llama_cpp", None)

    with pytest.raises(EngineMissingError, match="llama_cpp") as error:
        open_engine("llama-cpp", tmp_path / "model.gguf")
    assert error.value.hint == 'pip install "edgereason[llama]"'


def test_an_option_of_another_engine_is_refused_by_name(tmp_path: Path) -> None:
    """With what there is instead; the model is not even looked for."""
    with pytest.raises(ConfigError, match="'onnx' has no option 'gpu_layers'") as error:
        open_engine("onnx", tmp_path / "model.onnx", gpu_layers=3)

    assert "arena, context, device, max_rows, spin, threads" in error.value.hint


def test_importing_the_package_imports_no_backend() -> None:
    """A backend is imported when it is asked for."""
    code = "import sys, edgereason.engine, edgereason.engine.sampling; print('onnxruntime' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
