"""One repository, one file: listing and transfer through huggingface_hub, the only module that imports it.

A file grows as `<checksum>.incomplete` beside the place that it will have in the hub's cache, under that cache's own
lock, and is renamed when its bytes have the checksum that the hub gives: SHA-256 for large files, git's for others.
Nothing here sends usage data, and whatever the library raises becomes an error of ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from edgereason.errors import DownloadError, EdgeReasonError, ExtraMissingError, ModelNotFoundError

BLOCK_BYTES = 1 << 20
WAITS_S = (0.2, 1.0, 3.0)  # before asking again, where the last answer brought nothing
BUSY = (408, 429, 500, 502, 503, 504)
PARTIAL_CONTENT = 206
_TOKEN = "Set HF_TOKEN to a token of an account that may read it, and accept its terms on its page if it has some."
_AGAIN = "Check the connection and run this again: it goes on where it stopped."


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file as the hub lists it. The checksum is its SHA-256 (64 digits) or its git hash (40)."""

    path: str
    num_bytes: int
    checksum: str

    def have_bytes(self, repository: Repository) -> int:
        """How many of its bytes are on disk already."""
        sizes = [path.stat().st_size for path in (self.blob(repository), self.partial(repository)) if path.exists()]
        return min(max(sizes, default=0), self.num_bytes)

    def blob(self, repository: Repository) -> Path:
        """Where the cache keeps its bytes."""
        return repository.folder / "blobs" / self.checksum

    def partial(self, repository: Repository) -> Path:
        """Where they grow until they are whole."""
        return repository.folder / "blobs" / f"{self.checksum}.incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository at one commit, and the folder that the cache keeps it in."""

    repo: str
    commit: str
    folder: Path
    files: Mapping[str, RemoteFile]


def _library() -> Any:
    """huggingface_hub, told not to send usage data; ExtraMissingError where it is not installed."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read once, when it is imported
    try:
        import huggingface_hub
        import huggingface_hub.constants
        import huggingface_hub.utils
    except ImportError as error:
        raise ExtraMissingError(
            f"names that begin with hf: need huggingface_hub, which cannot be imported: {error}",
            hint=f"{sys.executable} -m pip install 'edgereason[hub]'",
        ) from error
    return huggingface_hub


def hub_cache() -> Path:
    """The hub's cache folder, as HF_HUB_CACHE, HF_HOME and the usual place say."""
    return Path(_library().constants.HF_HUB_CACHE)


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE is set."""
    return bool(_library().constants.HF_HUB_OFFLINE)


def list_files(repo: str) -> Repository:
    """What the repository holds at its newest commit; one request."""
    library = _library()
    with _translated(library, repo):
        info = library.HfApi().model_info(repo, files_metadata=True)
        files = [_remote(entry) for entry in info.siblings]
        return Repository(
            repo=repo,
            commit=str(info.sha),
            folder=hub_cache() / f"models--{repo.replace('/', '--')}",
            files={file.path: file for file in files},
        )


def _remote(entry: Any) -> RemoteFile:
    lfs = entry.lfs
    checksum, size = (lfs["sha256"], lfs["size"]) if lfs else (entry.blob_id, entry.size)
    if not isinstance(size, int) or not isinstance(checksum, str) or len(checksum) not in (40, 64):
        raise DownloadError(f"the hub lists {entry.rfilename!r} with no size or checksum", hint=_AGAIN)
    if not checksum.isalnum() or entry.rfilename.startswith("/") or ".." in entry.rfilename.split("/"):
        raise DownloadError(f"the hub lists a file {entry.rfilename!r}, which is no path", hint="Do not use it.")
    return RemoteFile(path=entry.rfilename, num_bytes=size, checksum=checksum)


def fetch_file(repository: Repository, file: RemoteFile, report: Callable[[int], None]) -> Path:
    """The file's path in the cache, fetched where it is not there yet; `report` gets the bytes so far."""
    library = _library()
    with _translated(library, repository.repo):
        if not file.blob(repository).exists():
            _fetch_blob(library, repository, file, report)
        report(file.num_bytes)
        # the library's own filing: the blob is there, so that no more than the file's headers are asked for
        filed = Path(library.hf_hub_download(repository.repo, file.path, revision=repository.commit))
    if filed.is_symlink() and filed.resolve() != file.blob(repository).resolve():
        raise DownloadError(f"the hub gives {file.path!r} another checksum than it lists", hint=_AGAIN)
    return filed


def set_main(repository: Repository) -> None:
    """Note that this commit is the newest one, as the library does for what it fetches itself."""
    with contextlib.suppress(OSError):
        (repository.folder / "refs").mkdir(parents=True, exist_ok=True)
        (repository.folder / "refs" / "main").write_text(repository.commit, encoding="ascii")


def _fetch_blob(library: Any, repository: Repository, file: RemoteFile, report: Callable[[int], None]) -> None:
    blob, partial = file.blob(repository), file.partial(repository)
    lock = repository.folder.parent / ".locks" / repository.folder.name / f"{file.checksum}.lock"
    for folder in (blob.parent, lock.parent):
        folder.mkdir(parents=True, exist_ok=True)
    with library.utils.WeakFileLock(lock):
        if blob.exists():  # another process has fetched it meanwhile
            return
        with partial.open("r+b" if partial.exists() else "w+b") as handle:
            growing = _Growing(handle, file, report)
            _transfer(library, repository, file, growing)
            handle.flush()
            os.fsync(handle.fileno())
        if growing.checksum() != file.checksum:
            partial.unlink()
            raise DownloadError(
                f"{file.path!r} of {repository.repo!r} has the checksum {growing.checksum()}, not {file.checksum}",
                hint="What came has been deleted. Run this again; if it stays so, something on the way changes it.",
            )
        partial.replace(blob)


def _transfer(library: Any, repository: Repository, file: RemoteFile, growing: _Growing) -> None:
    """Ask for the bytes that are missing until none are; gives up after several tries that brought nothing."""
    url = library.hf_hub_url(repository.repo, file.path, revision=repository.commit)
    most, failures = growing.num_bytes, 0
    while growing.num_bytes < file.num_bytes:
        trouble: Exception = DownloadError(f"{url} ends before {file.num_bytes:,} bytes", hint=_AGAIN)
        try:
            _receive(library, url, growing)
        except DownloadError:
            raise
        except Exception as error:  # of the network library, which differs between versions
            if not _may_pass(library, error):
                raise
            trouble = error
        failures = 0 if growing.num_bytes > most else failures + 1
        most = max(most, growing.num_bytes)
        if failures > len(WAITS_S):
            raise trouble
        time.sleep(WAITS_S[failures - 1] if failures else 0)


def _may_pass(library: Any, error: Exception) -> bool:
    """Whether it is worth asking again: a lost connection or a busy server, not an answer that says no."""
    if isinstance(error, library.utils.HfHubHTTPError):
        return error.response.status_code in BUSY
    return not isinstance(error, OSError)  # as where the disk is full; the network's errors are of another kind


def _receive(library: Any, url: str, growing: _Growing) -> None:
    """One answer of the server, from where the file ends; from its beginning where the server can only do that."""
    utils = library.utils
    headers = {**utils.build_hf_headers(), "Accept-Encoding": "identity"}
    if growing.num_bytes:
        headers["Range"] = f"bytes={growing.num_bytes}-"
    timeout_s = library.constants.HF_HUB_DOWNLOAD_TIMEOUT
    with utils.get_session().stream("GET", url, headers=headers, timeout=timeout_s) as response:
        utils.hf_raise_for_status(response)
        if response.status_code != PARTIAL_CONTENT:
            growing.start_over()
        for block in response.iter_bytes():
            growing.append(block)


class _Growing:
    """A file being written that knows its checksum; begins with what is there already."""

    def __init__(self, handle: BinaryIO, file: RemoteFile, report: Callable[[int], None]) -> None:
        self._handle = handle
        self._file = file
        self._report = report
        self._begin()
        handle.seek(0)
        while block := handle.read(BLOCK_BYTES):
            self._take_in(block)
        if self.num_bytes > file.num_bytes:
            self.start_over()

    def _begin(self) -> None:
        git = f"blob {self._file.num_bytes}\0".encode()  # git hashes this before the content
        self._digest = hashlib.sha256() if len(self._file.checksum) == 64 else hashlib.sha1(git, usedforsecurity=False)
        self.num_bytes = 0

    def _take_in(self, block: bytes) -> None:
        self._digest.update(block)
        self.num_bytes += len(block)

    def start_over(self) -> None:
        """Forget what there is."""
        self._handle.seek(0)
        self._handle.truncate()
        self._begin()

    def append(self, block: bytes) -> None:
        """Write the next bytes; DownloadError for more than were promised."""
        self._handle.write(block)
        self._take_in(block)
        if self.num_bytes > self._file.num_bytes:
            self.start_over()
            raise DownloadError(f"{self._file.path!r} is longer than the hub says", hint="What came has been deleted.")
        self._report(self.num_bytes)

    def checksum(self) -> str:
        """Of all bytes so far."""
        return self._digest.hexdigest()


@contextlib.contextmanager
def _translated(library: Any, repo: str) -> Iterator[None]:
    """Whatever the library or the network raises, as an error of ours."""
    errors = library.utils
    try:
        yield
    except EdgeReasonError:
        raise
    except errors.GatedRepoError as error:
        raise DownloadError(f"{repo!r} is not open to everybody", hint=_TOKEN) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelNotFoundError(
            f"the hub has no model {repo!r} that can be read", hint=f"Check the name. {_TOKEN}"
        ) from error
    except Exception as error:  # of several network libraries, each with a tree of its own
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise DownloadError(f"{repo!r} could not be fetched: {lines[0]}", hint=_AGAIN) from error
