"""What `pip install` puts where: a wheel that holds the command, the data and the types, and runs on its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("edgereason", "cli", "profiles", "probes", "models", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources so that nothing is left in the checkout."""
    source = tmp_path_factory.mktemp("source folder")
    for part in PARTS:
        path = ROOT / part
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, source / part)  # type: ignore[operator]
    options = (
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "--wheel-dir",
        "dist",
        ".",
    )
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options], cwd=source, check=True, capture_output=True)
    return next((source / "dist").glob("*.whl"))


def test_the_wheel_holds_command_data_and_types(wheel: Path) -> None:
    """Under one top-level name."""
    names = zipfile.ZipFile(wheel).namelist()

    assert {"edgereason", wheel.name.split("-py3")[0] + ".dist-info"} == {name.split("/")[0] for name in names}
    wanted = (
        "py.typed",
        "cli/main.py",
        "profiles/budgets/easy.toml",
        "models/abacus/tokenizer.json",
        "models/abacus/model.onnx",
    )
    assert [] == [name for name in wanted if f"edgereason/{name}" not in names]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_every_module_of_the_sources_is_in_the_wheel(wheel: Path) -> None:
    """A package that pyproject.toml does not list would be missing for users alone."""
    names = set(zipfile.ZipFile(wheel).namelist())
    library = {f"edgereason/{path.relative_to(ROOT / 'edgereason')}" for path in (ROOT / "edgereason").rglob("*.py")}
    command = {f"edgereason/cli/{path.relative_to(ROOT / 'cli')}" for path in (ROOT / "cli").rglob("*.py")}

    assert set() == (library | command) - names


def test_the_wheel_answers_on_its_own(wheel: Path, tmp_path: Path, environment: Mapping[str, str]) -> None:
    """Unpacked, with the checkout out of reach, it runs the main job with its own model."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "import edgereason, sys; print(edgereason.__file__, file=sys.stderr)\n"
    code += "from edgereason.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "ask", "17 + 25 = ?", "--deadline", "5s", "-q"],
        env={**environment, "PYTHONPATH": os.fspath(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert done.stderr.startswith(os.fspath(tmp_path))
    assert done.stdout.strip()
