"""`-m hf:owner/repo` from a shell: fetched with progress, used again without a connection, refused in words."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from edgereason import loading

pytest.importorskip("huggingface_hub")
Run = Callable[..., "subprocess.CompletedProcess[str]"]
NAME = "hf:maker/abacus"
ASK = ("ask", "1 + 1 = ?", "--profile", "direct")


@pytest.fixture
def variables(hub: Any, tmp_path: Path) -> Mapping[str, str]:
    """A hub that has the bundled model, in folders as exports are, and a cache of its own."""
    folder = loading.find_model("abacus").folder
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".json", ".jinja", ".md")}
    hub.repos["maker/abacus"] = {**files, "onnx/model_q8.onnx": (folder / "model.onnx").read_bytes()}
    return {"HF_ENDPOINT": hub.address, "HF_HUB_CACHE": str(tmp_path / "hub")}


def test_a_model_of_the_hub_answers(edgereason: Run, hub: Any, variables: Mapping[str, str]) -> None:
    """Fetched for the first ask, said on standard error; the second asks the hub for nothing."""
    first = edgereason(*ASK, "-m", NAME, env=variables)
    asked = len(hub.seen)
    second = edgereason(*ASK, "-m", f"{NAME}:Q8", "-v", env=variables)
    bundled = edgereason(*ASK, "-q")

    assert (0, bundled.stdout) == (first.returncode, first.stdout), first.stderr
    assert "fetching onnx/model_q8.onnx" in first.stderr
    assert (0, bundled.stdout, asked) == (second.returncode, second.stdout, len(hub.seen))
    assert "fetching" not in second.stderr
    assert not any("card.md" in path for path in hub.sent())


def test_the_result_names_the_model(edgereason: Run, variables: Mapping[str, str]) -> None:
    """By its repository and label; JSON is all that is printed."""
    done = edgereason(*ASK, "-m", NAME, "--json", env=variables)

    assert (0, "") == (done.returncode, done.stderr)
    assert '"name": "maker/abacus:q8"' in done.stdout


def test_get_prints_the_path_and_asks_for_what_is_new(edgereason: Run, hub: Any, variables: Mapping[str, str]) -> None:
    """The path can be given to -m; what has not changed is not sent again."""
    path = Path(edgereason("models", "get", NAME, "-q", env=variables).stdout.strip())
    sent = len([each for each in hub.sent() if "/store/" in each])
    again = edgereason("models", "get", NAME, env=variables)
    answered = edgereason(*ASK, "-m", str(path), "-q", env=variables)

    assert (0, str(path)) == (again.returncode, again.stdout.strip())
    assert sent == len([each for each in hub.sent() if "/store/" in each])
    assert (0, True) == (answered.returncode, bool(answered.stdout.strip())), answered.stderr


def test_offline_needs_no_network_at_all(
    edgereason: Run, hub: Any, variables: Mapping[str, str], environment: Mapping[str, str], home: Path
) -> None:
    """In a network namespace without even a loopback that is up: what was fetched answers, the rest is refused."""
    edgereason("models", "get", NAME, "-q", env=variables)
    hub.seen.clear()
    apart = [str(shutil.which("unshare")), "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespace can be made here")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*apart, str(shutil.which("edgereason", path=environment["PATH"])), *arguments, "--offline"]
        env = {**environment, **variables}
        return subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, timeout=60, check=False)

    there, missing = run(*ASK, "-m", NAME, "-q"), run(*ASK, "-m", "hf:maker/other")
    assert (0, "") == (there.returncode, there.stderr)
    assert there.stdout.strip()
    assert (1, "") == (missing.returncode, missing.stdout)
    assert "is in no cache here" in missing.stderr
    assert "edgereason models get hf:maker/other" in missing.stderr


def test_offline_asks_nobody_where_there_is_a_network(edgereason: Run, hub: Any, variables: Mapping[str, str]) -> None:
    """By the option, its variable, or the hub's own."""
    for env in ({"EDGEREASON_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "1"}):
        assert 1 == edgereason(*ASK, "-m", NAME, env={**variables, **env}).returncode
    assert 1 == edgereason(*ASK, "-m", NAME, "--offline", env=variables).returncode
    assert 1 == edgereason("models", "show", NAME, env=variables).returncode

    assert [] == hub.seen


def test_no_other_model_makes_a_connection(edgereason: Run, hub: Any, variables: Mapping[str, str]) -> None:
    """Bundled names and paths, missing ones too."""
    edgereason(*ASK, "-q", env=variables)
    edgereason(*ASK, "-m", "maker/abacus", "-q", env=variables)

    assert [] == hub.seen


def test_a_malformed_name_is_wrong_usage(edgereason: Run) -> None:
    """Exit 2, with the form."""
    done = edgereason(*ASK, "-m", "hf:abacus")

    assert (2, "") == (done.returncode, done.stdout)
    assert "hf:owner/repo:Q4_K_M" in done.stderr


def largest_partial(folder: Path) -> int:
    """Bytes of the largest file that is still growing; such a file may get its own name at any moment."""
    sizes = [0]
    for path in folder.glob("**/*.incomplete"):
        with contextlib.suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return max(sizes)


def test_a_fetch_that_was_interrupted_goes_on(
    edgereason: Run, hub: Any, variables: Mapping[str, str], start: Callable[..., Any]
) -> None:
    """Ctrl-C leaves what came; the next command asks for the rest alone."""
    hub.pace_bytes, hub.pace_s = 100_000, 0.05
    process = start("models", "get", NAME, env=variables, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    folder = Path(variables["HF_HUB_CACHE"])
    weights = max(len(content) for content in hub.repos["maker/abacus"].values())
    while process.poll() is None and largest_partial(folder) < 200_000:
        time.sleep(0.01)
    process.send_signal(2)
    said = process.communicate(timeout=30)[1].decode()
    hub.pace_bytes = 0
    hub.seen.clear()
    done = edgereason("models", "get", NAME, "-q", env=variables)

    assert 130 == process.returncode, said
    assert "Traceback" not in said
    assert (0, weights) == (done.returncode, Path(done.stdout.strip()).stat().st_size)
    (asked,) = [headers["range"] for _, path, headers in hub.seen if path.endswith("//onnx/model_q8.onnx")]
    assert int(asked.removeprefix("bytes=").rstrip("-")) >= 200_000


def test_a_terminal_shows_a_bar(environment: Mapping[str, str], variables: Mapping[str, str], home: Path) -> None:
    """With name, share, speed and time left, redrawn in place and gone at the end; the path alone is printed."""
    controller, terminal = pty.openpty()
    command = [str(shutil.which("edgereason", path=environment["PATH"])), "models", "get", NAME]
    env = {**environment, **variables, "COLUMNS": "100"}
    process = subprocess.Popen(command, env=env, cwd=home, stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    drawn = b""
    while True:
        try:
            block = os.read(controller, 65536)
        except OSError:  # how a terminal says that nobody writes to it any more
            break
        if not block:
            break
        drawn += block
    os.close(controller)
    printed = process.communicate(timeout=30)[0].decode()

    assert 0 == process.returncode
    assert 1 == len(printed.splitlines())
    assert "model_q8.onnx" in drawn.decode()
    assert "MB" in drawn.decode()
