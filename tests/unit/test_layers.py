"""Which module may import what, read off the sources; and that importing the package is cheap."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ONLY_IN = {  # library -> where alone it may be imported, relative to the repository
    "onnxruntime": "edgereason/engine",
    "onnx": "edgereason/engine",
    "llama_cpp": "edgereason/engine",
    "huggingface_hub": "edgereason/hub",
    "pynvml": "edgereason/profiling",
    "sklearn": "edgereason/probing",
    "scipy": "edgereason/probing",
    "threadpoolctl": "edgereason/probing",
    "safetensors": "edgereason/probing",
    "click": "cli",
    "rich": "cli",
    "torch": "recipes",
    "transformers": "recipes",
}
FORBIDDEN_CALLS = {"eval", "exec", "print", "input", "breakpoint"}


def sources(folder: str) -> Iterator[Path]:
    """The Python files below a folder of the repository."""
    return (ROOT / folder).rglob("*.py")


def imported(path: Path) -> set[str]:
    """Top-level names of everything a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize(("library", "home"), ONLY_IN.items())
def test_a_heavy_library_has_one_home(library: str, home: str) -> None:
    """Nothing else of what is installed imports it."""
    installed = [path for folder in ("edgereason", "cli") for path in sources(folder)]
    strangers = [path for path in installed if library in imported(path) and (ROOT / home) not in path.parents]

    assert [] == strangers


def forbidden_calls(path: Path) -> Iterator[str]:
    """Names of calls that print, ask or evaluate; a print into a given file is a write like any other."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    for call in calls:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name in FORBIDDEN_CALLS and not any(keyword.arg == "file" for keyword in call.keywords):
            yield name


def test_the_library_never_prints_or_evaluates() -> None:
    """No print, input, eval or exec, and no pickle, outside the command."""
    picklers = {"pickle", "marshal", "shelve", "dill", "joblib"}
    found = {path.name: {*forbidden_calls(path), *imported(path) & picklers} for path in sources("edgereason")}

    assert {} == {name: calls for name, calls in found.items() if calls}


def test_importing_the_package_is_cheap() -> None:
    """Neither an engine nor numpy, nor what only one stage or the command needs, comes with `import edgereason`."""
    code = "import sys, json, edgereason; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))
    heavy = {
        *("onnxruntime", "onnx", "llama_cpp", "huggingface_hub", "numpy", "tokenizers", "jinja2"),
        *("rich", "click", "psutil", "asyncio"),
    }

    assert set() == heavy & loaded


def test_help_is_cheap() -> None:
    """`--help` imports every verb and none of the library's heavy parts."""
    code = (
        "import sys, json; from edgereason.cli.main import run; run(['--help'])\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    heavy = {"onnxruntime", "numpy", "tokenizers", "jinja2", "rich", "psutil"}

    assert set() == heavy & set(json.loads(done.stderr))


def test_the_public_names_can_be_imported() -> None:
    """Each name of `__all__` is there, though imported on use."""
    import edgereason

    assert all(getattr(edgereason, name) is not None for name in edgereason.__all__)


def test_the_architecture_page_names_every_package_and_no_other() -> None:
    """A package that is added or removed is on the page, or the page is wrong."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)(?:\.py|/)`", page, re.M))
    modules = {path.stem for path in (ROOT / "edgereason").glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in (ROOT / "edgereason").glob("*/__init__.py")}
    data = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"edgereason"}

    assert modules | packages | data == named
