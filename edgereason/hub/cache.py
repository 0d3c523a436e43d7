"""What is on disk already: the hub's own cache, and llama.cpp's. Reads names of files and nothing else.

The hub's cache keeps `models--owner--repo/refs/main`, which names a commit, and `snapshots/<commit>/...`; llama.cpp's
kept `owner_repo_file` in one folder before it took to that form. Invariant: what either is still writing is not seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import platformdirs

from edgereason.errors import ModelNotFoundError
from edgereason.hub.names import HubName, Variant, choose, companions, listed, variants

Files = Mapping[str, Path]  # path in the repository -> path on disk


def cached(name: HubName, suffixes: Sequence[str], hub_cache: Path) -> tuple[str, Path] | None:
    """Label and weights of the model that is meant, where a cache has all of it."""
    for files, choice in _folders(name, hub_cache):
        found = _whole(variants(files, suffixes), files)
        try:
            meant = choose(found, HubName(repo=name.repo, choice=choice))
        except ModelNotFoundError:
            continue
        return meant.label, files[meant.weights]
    return None


def what_is_cached(name: HubName, suffixes: Sequence[str], hub_cache: Path) -> str:
    """The labels of what the caches have of this repository, for a hint; empty where there is nothing."""
    found = [each for files, _ in _folders(name, hub_cache) for each in _whole(variants(files, suffixes), files)]
    return listed(found) if found else ""


def _folders(name: HubName, hub_cache: Path) -> Iterator[tuple[Files, str]]:
    """The repository's files in each cache, and the choice as that cache would write it."""
    llama_cache = llama_cpp_cache()
    for cache in (hub_cache, llama_cache):
        yield _snapshot(cache / f"models--{name.repo.replace('/', '--')}"), name.choice
    prefix = f"{name.repo.replace('/', '_')}_"
    flat = {path.name.removeprefix(prefix): path for path in llama_cache.glob(f"{prefix}*") if path.is_file()}
    yield flat, name.choice.replace("/", "_")


def _snapshot(folder: Path) -> Files:
    """The files of the newest commit that the folder knows of."""
    try:
        commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return {}
    root = folder / "snapshots" / commit
    if not commit.isalnum():
        return {}
    return {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}


def _whole(found: Sequence[Variant], files: Files) -> list[Variant]:
    """Without ONNX files whose tokenizer has not been fetched."""
    has_tokenizer = [any("tokenizer.json" in each for each in companions(one, files)) for one in found]
    return [one for one, has in zip(found, has_tokenizer, strict=True) if has or one.weights.lower().endswith(".gguf")]


def llama_cpp_cache() -> Path:
    """The folder that llama.cpp fetches into: LLAMA_CACHE, else `llama.cpp` among the user's caches."""
    named = os.environ.get("LLAMA_CACHE", "")
    return Path(named) if named else platformdirs.user_cache_path("llama.cpp", appauthor=False)
