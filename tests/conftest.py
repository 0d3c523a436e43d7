"""What every test shares: a home of its own, and third-party data that may not be there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from .hub_server import Hub, HubServers

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's configuration and caches are neither read nor written; variables that set options are away."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("EDGEREASON_") and name != "EDGEREASON_TEST_DATA":
                patch.delenv(name)
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        yield home


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of third-party models, templates and problems; skips where there is none."""
    name = os.environ.get("EDGEREASON_TEST_DATA", "")
    if not name:
        pytest.skip("EDGEREASON_TEST_DATA names no folder of third-party test data")
    folder = Path(name)
    assert folder.is_dir(), f"EDGEREASON_TEST_DATA = {name!r} is no folder"
    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub on this machine, empty at first."""
    with HubServers() as served:
        yield served
