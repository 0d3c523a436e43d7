"""The real command in a process of its own, with a home of its own and nothing else from the caller's environment."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

COMMAND = Path(sysconfig.get_path("scripts")) / "edgereason"
LIMIT_S = 60.0
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder that all commands of the test run share, so that pass times are measured once."""
    return tmp_path_factory.mktemp("user")


@pytest.fixture(scope="session")
def environment(home: Path) -> Mapping[str, str]:
    """What a command is started with."""
    assert COMMAND.exists(), f"{COMMAND} is missing: install the package into this environment first"
    return {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PATH": f"{COMMAND.parent}:{os.defpath}",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }


@pytest.fixture(scope="session")
def edgereason(environment: Mapping[str, str], home: Path) -> Run:
    """Run `edgereason ARGUMENTS`; `stdin` as text or bytes, `env` adds variables. Output that is no UTF-8 fails."""

    def run(
        *arguments: str | bytes, stdin: str | bytes = b"", env: Mapping[str, str] | None = None, **options: object
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(COMMAND), *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            env={**environment, **(env or {})},
            cwd=home,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            **options,  # type: ignore[call-overload]
        )
        stdout, stderr = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in stderr, stderr
        return subprocess.CompletedProcess(done.args, done.returncode, stdout, stderr)

    return run


@pytest.fixture(scope="session")
def start(environment: Mapping[str, str], home: Path) -> Start:
    """Start `edgereason ARGUMENTS` and leave it running; `options` go to Popen."""

    def begin(*arguments: str, env: Mapping[str, str] | None = None, **options: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            [str(COMMAND), *arguments], env={**environment, **(env or {})}, cwd=home, **options
        )

    return begin


@pytest.fixture(scope="session")
def python_with(environment: Mapping[str, str], home: Path) -> Callable[[Sequence[str]], str]:
    """Standard output of this Python with these arguments, in the commands' environment."""

    def run(arguments: Sequence[str]) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=dict(environment),
            cwd=home,
            capture_output=True,
            timeout=LIMIT_S,
            check=True,
        )
        return done.stdout.decode()

    return run
