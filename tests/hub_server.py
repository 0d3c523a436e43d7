"""A server that speaks the hub's protocol on this machine, as far as fetching a model needs, and can be made to fail.

Large files are handed on to a second address, as the real hub hands them to its stores, and that one must never see a
token. Both write down every request.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE_BYTES = 4096


@dataclass
class Hub:
    """What there is to fetch, how it fails, and what was asked for."""

    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)  # repositories that want the token "secret"
    gated: set[str] = field(default_factory=set)
    cuts: list[int] = field(default_factory=list)  # bytes after which the next answers with content break off
    resets: bool = False  # whether a cut is a reset rather than an end
    busy: list[int] = field(default_factory=list)  # status codes of the next answers with content
    swapped: dict[str, bytes] = field(default_factory=dict)  # path -> what is sent in place of its content
    claimed: dict[str, int] = field(default_factory=dict)  # path -> size that the listing gives
    has_ranges: bool = True
    pace_bytes: int = 0  # content is sent in blocks of this size,
    pace_s: float = 0.0  # with this long a pause after each
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    address: str = ""
    store: str = ""

    def commit(self, repo: str) -> str:
        """Changes with the content."""
        return hashlib.sha1(repr(sorted(self.repos[repo].items())).encode()).hexdigest()

    def sent(self, method: str = "GET") -> list[str]:
        """Paths of the requests with this method."""
        return [path for each, path, _ in self.seen if each == method]


def checksum(content: bytes) -> str:
    """As the hub has it: SHA-256 of a large file, git's hash of another."""
    if len(content) >= LARGE_BYTES:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.seen.append((self.command, path, {key.lower(): value for key, value in self.headers.items()}))
        if path.startswith("/store/"):
            repo, _, file = path.removeprefix("/store/").partition("//")
            return self._content(file, self.hub.repos[repo][file])
        api = path.startswith("/api/models/")
        repo = "/".join(path.removeprefix("/api/models/").strip("/").split("/")[:2])
        if refusal := self._refusal(repo):
            return self._send(*refusal)
        if api:
            return self._list(repo)
        return self._resolve(repo, path.split("/", 5)[5])

    def _refusal(self, repo: str) -> tuple[int, dict[str, str]] | None:
        has_token = self.headers.get("Authorization") == "Bearer secret"
        if repo not in self.hub.repos or (repo in self.hub.closed and not has_token):
            return 401, {"X-Error-Code": "RepoNotFound"}
        return (403, {"X-Error-Code": "GatedRepo"}) if repo in self.hub.gated and not has_token else None

    def _list(self, repo: str) -> None:
        def entry(path: str, content: bytes) -> dict[str, Any]:
            size = self.hub.claimed.get(path, len(content))
            plain = {"rfilename": path, "size": size, "blobId": hashlib.sha1(content).hexdigest()}
            if len(content) < LARGE_BYTES:
                return {**plain, "blobId": checksum(content)}
            return {**plain, "lfs": {"sha256": checksum(content), "size": size, "pointerSize": 130}}

        siblings = [entry(*item) for item in self.hub.repos[repo].items()]
        body = json.dumps({"id": repo, "sha": self.hub.commit(repo), "siblings": siblings, "tags": []}).encode()
        self._send(200, {"Content-Type": "application/json"}, body)

    def _resolve(self, repo: str, path: str) -> None:
        content = self.hub.repos[repo].get(path)
        commit = {"X-Repo-Commit": self.hub.commit(repo)}
        if content is None:
            return self._send(404, {**commit, "X-Error-Code": "EntryNotFound"})
        named = {**commit, "ETag": f'"{checksum(content)}"'}
        if len(content) < LARGE_BYTES:
            return self._content(path, content, named)
        linked = {"X-Linked-Etag": f'"{checksum(content)}"', "X-Linked-Size": str(len(content))}
        return self._send(302, {**named, **linked, "Location": f"{self.hub.store}/store/{repo}//{path}"})

    def _content(self, path: str, content: bytes, headers: dict[str, str] | None = None) -> None:
        if self.command == "GET" and self.hub.busy:
            return self._send(self.hub.busy.pop(0), {})
        content = self.hub.swapped.get(path, content) if self.command == "GET" else content
        status, sent = 200, content
        asked = self.headers.get("Range")
        if asked and self.hub.has_ranges:
            begin = int(asked.removeprefix("bytes=").partition("-")[0])
            status, sent = 206, content[begin:]
            headers = {**(headers or {}), "Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"}
        return self._send(status, headers or {}, sent)

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        cut = self.hub.cuts.pop(0) if self.command == "GET" and status in (200, 206) and self._may_cut() else None
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self._write(body if cut is None else body[:cut])
        if cut is not None:
            self.wfile.flush()
            if self.hub.resets:  # drop what is in flight
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

    def _write(self, body: bytes) -> None:
        step = self.hub.pace_bytes or max(len(body), 1)
        with contextlib.suppress(ConnectionError):  # the client may leave in the middle
            for begin in range(0, len(body), step):
                self.wfile.write(body[begin : begin + step])
                time.sleep(self.hub.pace_s if self.hub.pace_bytes else 0)

    def _may_cut(self) -> bool:
        return bool(self.hub.cuts) and not self.path.startswith("/api/")


class HubServers:
    """The hub and its store, each on a port of its own; a context manager that gives the `Hub`."""

    def __init__(self) -> None:
        self.hub = Hub()
        handler = type("Handler", (_Handler,), {"hub": self.hub})
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
        self.hub.address = f"http://127.0.0.1:{self._servers[0].server_port}"
        self.hub.store = f"http://localhost:{self._servers[1].server_port}"  # another host, as for a real store

    def __enter__(self) -> Hub:
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self.hub

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
