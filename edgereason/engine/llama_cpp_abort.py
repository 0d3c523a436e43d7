"""Stopping a native call from outside: a flag that llama.cpp reads between operators, without the interpreter.

llama.cpp calls its abort callback hundreds of times a pass; a Python function there would cost more than a small
model's pass. So the callback is the C library's `strlen` on a text of no or one character: 0 goes on, 1 stops. A
thread asks `should_abort` every few milliseconds while a pass runs and writes that character.
Invariant: the flag is set only while the call runs whose `should_abort` said so.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edgereason.protocols import ShouldAbort

_POLL_S = 0.003
_IDLE_POLLS = 100  # then the thread sleeps until it is needed
_PADDING = 64  # vector versions of strlen read past a text's end


class Stopper:
    """The flag of one context, and the thread that sets it."""

    def __init__(self) -> None:
        self.flag = ctypes.create_string_buffer(_PADDING)
        self._asked: ShouldAbort | None = None
        self._fault: BaseException | None = None
        self._lock = threading.Lock()
        self._needed = threading.Event()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    @staticmethod
    def callback(kind: Any) -> Any:
        """The native function, as the callback type that the library wants."""
        library = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)  # type: ignore[attr-defined,unused-ignore]
        return ctypes.cast(library.strlen, kind)

    @contextmanager
    def watching(self, should_abort: ShouldAbort) -> Iterator[None]:
        """Stop the native call inside as soon as `should_abort` says so; what that raises is raised here."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="edgereason-abort", daemon=True)
            self._thread.start()
        self._asked = should_abort
        if not self._needed.is_set():
            self._needed.set()
        try:
            yield
        finally:
            with self._lock:
                self._asked, self.flag.value = None, b""
                fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def close(self) -> None:
        """End the thread."""
        self._is_closed = True
        self._needed.set()

    def _watch(self) -> None:
        idle = 0
        while not self._is_closed:
            asked = self._asked
            idle = 0 if asked is not None else idle + 1
            if asked is not None:
                self._ask(asked)
            if idle > _IDLE_POLLS:
                self._needed.clear()
                if self._asked is None and not self._is_closed:
                    self._needed.wait(1.0)  # not longer: whoever set it may have been a moment too early
                idle = 0
            time.sleep(_POLL_S)

    def _ask(self, should_abort: ShouldAbort) -> None:
        try:
            stop, fault = should_abort(), None
        except BaseException as error:
            stop, fault = True, error
        if stop:
            with self._lock:
                if self._asked is should_abort:
                    self._fault, self.flag.value = fault, b"1"
