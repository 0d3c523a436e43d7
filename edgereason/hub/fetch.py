"""From a name of the hub to weights on disk: what is cached is taken, the rest is listed, chosen, fetched, verified.

The transfer is huggingface_hub's, and so is the cache that it ends in; what is ours is that it goes on after a cut,
also in a later process, and that every file has its checksum before it gets its name. Invariant: a name in the cache
is that of a file that is whole and right.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgereason.errors import ConfigError, DownloadError, ModelNotFoundError
from edgereason.hub.cache import cached, what_is_cached
from edgereason.hub.names import HubName, choose, companions, variants
from edgereason.hub.transfer import RemoteFile, Repository, fetch_file, hub_cache, is_offline, list_files, set_main


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a download is: bytes of all the model's files, and the file that is being fetched."""

    file: str
    done_bytes: int
    total_bytes: int


OnProgress = Callable[[Progress], None]


def find(
    name: HubName,
    suffixes: Sequence[str],
    *,
    offline: bool = False,
    refresh: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[str, Path]:
    """Label and weights of the model that is meant, fetched where no cache has it. `refresh` asks the hub first.

    Raises:
        ExtraMissingError: huggingface_hub is not installed. ModelNotFoundError: no such repository, model or file here.
        DownloadError: it could not be fetched, or is not what the hub promised. ConfigError: offline and refresh.
    """
    cache = hub_cache()
    offline = offline or is_offline()
    if refresh and offline:
        raise ConfigError(f"{name} cannot be asked for anew offline", hint="Leave --offline and HF_HUB_OFFLINE away.")
    found = None if refresh else cached(name, suffixes, cache)
    if found is not None:
        return found
    if offline:
        have = what_is_cached(name, suffixes, cache)
        hint = f"There is: {have}." if have else f"Fetch it once: edgereason models get {name}"
        raise ModelNotFoundError(f"{str(name)!r} is in no cache here, and offline nothing is fetched", hint=hint)
    return _fetch(name, suffixes, on_progress)


def _fetch(name: HubName, suffixes: Sequence[str], on_progress: OnProgress | None) -> tuple[str, Path]:
    repository = list_files(name.repo)
    meant = choose(variants(repository.files, suffixes), name)
    # The file that makes a model of the folder comes last: where it is, all the others are.
    paths = [*companions(meant, repository.files), *meant.files[1:], meant.weights]
    wanted = [repository.files[path] for path in paths]
    total = sum(file.num_bytes for file in wanted)
    _check_room(repository, wanted)
    done = 0
    for file in wanted:

        def report(file_bytes: int, file: RemoteFile = file, before: int = done) -> None:
            if on_progress is not None:
                on_progress(Progress(file=file.path, done_bytes=before + file_bytes, total_bytes=total))

        weights = fetch_file(repository, file, report)
        done += file.num_bytes
    set_main(repository)
    return meant.label, weights


def _check_room(repository: Repository, wanted: Sequence[RemoteFile]) -> None:
    """DownloadError where what is still missing does not fit the disk."""
    missing = sum(file.num_bytes - file.have_bytes(repository) for file in wanted)
    folder = next(path for path in (repository.folder, *repository.folder.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise DownloadError(
            f"{repository.repo!r} needs {missing:,} bytes more, and {free:,} are free at {folder}",
            hint="Make room, or name another folder with HF_HUB_CACHE.",
        )
