"""A quick timing of one engine on one machine, in half a second or less, kept in the cache folder.

In: medians of decode passes by width and of a prefill. Not in: a latency model, contexts, or any claim about spread;
what requests teach afterwards (learning);
these numbers choose rows and think tokens and are no promise. A kept file is checked before it is believed, and a cache
that cannot be written costs only the next start's half second.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import statistics
import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edgereason.profiling.device import device_name
from edgereason.profiling.facts import power_mode
from edgereason.protocols import Clock, Engine, Prefix
from edgereason.types import GREEDY, EngineInfo, ModelInfo, PassCosts

SCHEMA = "edgereason.pass-costs/2"
LIMIT_S = 0.4
WIDTHS = (1, 2, 4, 8, 16)
PROMPT_TOKENS = 64
SHORT_PROMPT_TOKENS = 8
PASSES = 7  # a width; the first of them is warm-up
SHARE_FOR_ONE = 0.5  # of the time limit: prefill and width 1, which matter most


def quick_costs(engine: Engine, model: ModelInfo, folder: Path | None, clock: Clock) -> tuple[PassCosts, str]:
    """Costs from the cache, or measured now and kept; and a note where they could not be kept."""
    path = costs_path(engine.info, model, folder) if folder is not None else None
    if path is not None and (kept := read_costs(path)) is not None:
        return kept, ""
    costs = measure(engine, model, clock)
    return costs, write_costs(path, costs) if path is not None else ""


def costs_path(info: EngineInfo, model: ModelInfo, folder: Path) -> Path:
    """Where the costs of this engine, as set up, are kept."""
    return folder / f"{_key(info, model)}.json"


def measure(engine: Engine, model: ModelInfo, clock: Clock) -> PassCosts:
    """Time prefills and passes until all widths are done or the time limit is spent."""
    entry = clock()
    most_rows = engine.info.max_rows
    tokens = [index % max(1, engine.info.vocab_size - 1) for index in range(PROMPT_TOKENS)]
    short_s = min(_prefill_seconds(engine, tokens[:SHORT_PROMPT_TOKENS], clock) for _ in range(2))
    before = clock()
    prefix = engine.prefill(tokens)
    long_s = clock() - before
    rows: list[int] = []
    pass_s: list[float] = []
    for width in (w for w in WIDTHS if w <= most_rows):
        left_s = LIMIT_S - (clock() - entry)
        if rows and left_s < 2.5 * pass_s[-1]:
            break
        share_s = left_s * (SHARE_FOR_ONE if not rows else 0.6)
        rows.append(width)
        pass_s.append(_timed_passes(engine, prefix, width, share_s, clock))
    prefix.close()
    per_token = max(0.0, long_s - short_s) / (PROMPT_TOKENS - SHORT_PROMPT_TOKENS)
    return PassCosts(
        rows=tuple(rows),
        pass_s=tuple(_rising(pass_s)),
        prefill_token_s=per_token,
        prefill_base_s=max(0.0, short_s - per_token * SHORT_PROMPT_TOKENS),
        context=PROMPT_TOKENS,
        provenance={
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "device": device_name(),
            "engine": f"{engine.info.name} {engine.info.version} on {engine.info.device}",
            "threads": engine.info.threads,
            "model": model.name,
            "file": model.file,
            "passes": PASSES,
            "seconds": round(clock() - entry, 4),
        },
    )


def _rising(seconds: list[float]) -> Iterator[float]:
    """The same, never falling with width: a wider pass that looks cheaper is noise."""
    highest = 0.0
    for value in seconds:
        highest = max(highest, value)
        yield highest


def _prefill_seconds(engine: Engine, tokens: list[int], clock: Clock) -> float:
    """Seconds of one prefill, which is thrown away."""
    before = clock()
    engine.prefill(tokens).close()
    return clock() - before


def _timed_passes(engine: Engine, prefix: Prefix, width: int, most_s: float, clock: Clock) -> float:
    """Median seconds of one decode pass over `width` rows, proposing included; the first counts only if alone."""
    batch = engine.batch()
    entry = clock()
    batch.admit(prefix, GREEDY, range(width))
    seconds: list[float] = []
    while len(seconds) < PASSES and (len(seconds) < 2 or clock() - entry < most_s):
        before = clock()
        proposals = batch.propose()
        batch.commit({row: [token] for row, token in zip(proposals.rows, proposals.tokens, strict=True)})
        seconds.append(clock() - before)
        if len(seconds) == 1 and clock() - entry > most_s:
            break
    batch.close()
    return statistics.median(seconds[1:] or seconds)


# ---------------------------------------------------------------- keeping


def _key(info: EngineInfo, model: ModelInfo) -> str:
    """What a timing is bound to: the machine in its power mode, the engine as set up, and the model file."""
    parts = (
        device_name(),
        power_mode(),
        info.name,
        info.version,
        info.device,
        str(info.threads),
        info.settings,
        model.file,
        SCHEMA,
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def write_costs(path: Path, costs: PassCosts) -> str:
    """Keep costs at `path`, whole or not at all, also with several writers; returns why not, or nothing."""
    body = {
        "schema": SCHEMA,
        "rows": costs.rows,
        "pass_s": costs.pass_s,
        "prefill_token_s": costs.prefill_token_s,
        "prefill_base_s": costs.prefill_base_s,
        "context": costs.context,
        "provenance": costs.provenance,
        "observed": costs.observed,
    }
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(body, file)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        return f"the timing could not be kept in {str(path.parent)!r}: {error.strerror or error}"
    return ""


def read_costs(path: Path) -> PassCosts | None:
    """What was kept at `path`; None where there is nothing, or nothing that passes the checks."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return _checked(body)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _checked(body: dict[str, Any]) -> PassCosts:
    """Costs out of parsed JSON; ValueError, KeyError or TypeError where they cannot be right."""
    rows, pass_s = tuple(map(int, body["rows"])), tuple(map(float, body["pass_s"]))
    prefill = (float(body["prefill_token_s"]), float(body["prefill_base_s"]))
    observed = {int(key): tuple(map(float, values)) for key, values in dict(body["observed"]).items()}
    is_rising = list(rows) == sorted(set(rows)) and rows[:1] == (1,) and min(observed, default=1) >= 1
    timed = [*pass_s, *(value for values in observed.values() for value in values)]
    is_sane = all(0 < value < 3600 for value in timed) and all(0 <= value < 3600 for value in prefill)
    if body["schema"] != SCHEMA or len(rows) != len(pass_s) or not is_rising or not is_sane:
        raise ValueError("not a timing of this schema")
    return PassCosts(
        rows=rows,
        pass_s=pass_s,
        prefill_token_s=prefill[0],
        prefill_base_s=prefill[1],
        context=int(body["context"]),
        provenance=dict(body["provenance"]),
        observed=observed,
    )
