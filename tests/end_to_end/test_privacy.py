"""Nothing leaves the machine, and nothing is written but the cache of timings."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_an_ask_writes_its_timing_and_nothing_else(edgereason: Run, tmp_path: Path) -> None:
    """No usage data, no device id, no database of anybody's, in any folder of the user's."""
    env = {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    assert 0 == edgereason("ask", "1 + 1 = ?", "-q", env=env).returncode

    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert [Path("cache/edgereason/costs")] == [path.parent for path in written]


def test_it_answers_with_no_network_at_all(environment: Mapping[str, str], home: Path) -> None:
    """In a network namespace without even a loopback that is up."""
    unshare = shutil.which("unshare")
    apart = [str(unshare), "--user", "--map-root-user", "--net"]
    if unshare is None or subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespace can be made here")
    command = shutil.which("edgereason", path=environment["PATH"])
    assert command
    done = subprocess.run(
        [*apart, command, "ask", "1 + 1 = ?", "-q"],
        env=dict(environment), cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.strip()
