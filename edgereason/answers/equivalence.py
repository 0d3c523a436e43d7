"""Symbolic equality of canonical answers by math-verify, in a child process that dies at a time bound.

For slack time only. math-verify bounds itself by SIGALRM, which raises off the main thread, and sympy may think for
minutes: so the comparison runs in a process of its own, started when first asked, and is killed when the bound passes.
Any thread may call. Where the extra is not installed, or the child is not up yet, answers stay as they are, and `note`
says so. Only mathematics is sent: words and lists are compared by canonical form alone.
"""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import re
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import edgereason

MISSING_NOTE = (
    "math-verify is not installed: answers are compared by canonical form only (pip install edgereason[math])"
)
_MATHEMATICS = re.compile(r"[\\^+*/()]|\d[A-Za-z]|[A-Za-z]\d|-.")
_WORDS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")


class SymbolicEquality:
    """Which canonical answers are the same value. Owns at most one child process; close it, or use it as a context."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self.note = "" if importlib.util.find_spec("math_verify") else MISSING_NOTE

    def merge_equal(self, canonicals: Sequence[str], seconds: float) -> Mapping[str, str]:
        """Return for each answer the first one given that has the same value: itself where none is known to.

        Ends within `seconds`, finding fewer merges rather than taking longer. Calls from several threads take turns.
        """
        distinct = list(dict.fromkeys(canonicals))
        first = {canonical: canonical for canonical in distinct}
        deadline = time.monotonic() + seconds
        if self.note == MISSING_NOTE or not self._lock.acquire(timeout=max(0.0, seconds)):
            return first
        try:
            for place, canonical in enumerate(distinct):
                for earlier in (other for other in distinct[:place] if first[other] == other):
                    if _could_be_equal(earlier, canonical) and self._is_equal(earlier, canonical, deadline):
                        first[canonical] = earlier
                        break
        finally:
            self._lock.release()
        return first

    def _is_equal(self, left: str, right: str, deadline: float) -> bool:
        """What the child says before the deadline; False where it says nothing."""
        if time.monotonic() >= deadline:
            return False
        if self._child is None:
            self._child = _Child()
        verdict = self._child.ask(left, right, max(0.0, deadline - time.monotonic()))
        if verdict is None and self._child.is_over:
            self._child.close()
            self._child = None
        return bool(verdict)

    def close(self) -> None:
        """End the child process; closing twice is fine, and a later question starts a new one."""
        with self._lock:
            if self._child:
                self._child.close()
            self._child = None

    def __enter__(self) -> SymbolicEquality:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _could_be_equal(left: str, right: str) -> bool:
    """Whether asking is worth it: both are mathematics, and not both are plain numbers, whose forms are exact."""
    if any("," in text or _WORDS.search(text) for text in (left, right)):
        return False
    numbers = [_is_rational(text) for text in (left, right)]
    return not all(numbers) and all(
        is_number or _MATHEMATICS.search(text) for is_number, text in zip(numbers, (left, right), strict=True)
    )


def _is_rational(text: str) -> bool:
    """Whether the form is that of an exact number."""
    try:
        Fraction(text)
    except (ValueError, ZeroDivisionError):
        return False
    return True


class _Child:
    """One process that compares pairs: a line of JSON in, a line of JSON out. Its first line says that it is up."""

    def __init__(self) -> None:
        """Start it; it may take seconds to be up, and is not waited for."""
        import subprocess  # slow to import, and most processes never come here

        source = str(Path(edgereason.__file__).parent.parent)
        paths = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edgereason.answers.symbolic"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            # The folder that one works in is no place to import from.
            env=os.environ | {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1"},
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="symbolic-equality", daemon=True)
        self._reader.start()
        self._is_up = False
        self.is_over = False

    def ask(self, left: str, right: str, seconds: float) -> bool | None:
        """Whether the two are equal; None where the child is not up yet, or took too long and `is_over`."""
        deadline = time.monotonic() + seconds
        if not self._is_up and self._next_line(seconds) is None:
            return None
        self._is_up = True
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps([left, right]) + "\n")
            self._process.stdin.flush()
        except OSError:
            self.is_over = True
            return None
        line = self._next_line(max(0.0, deadline - time.monotonic()))
        self.is_over = line is None
        return None if line is None else line == "true\n"

    def close(self) -> None:
        """Kill it and wait for its end."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:  # what was still to be written has no reader
                    continue
        self.is_over = True

    def _next_line(self, seconds: float) -> str | None:
        """The child's next line, or None; an empty one is its end."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            return None
        if not line:
            self.is_over = True
        return line or None

    def _read(self) -> None:
        """Pass on what the child writes, and its end."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")
