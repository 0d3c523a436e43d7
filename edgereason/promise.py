"""The promise about time: how much is kept back for closing in a regime, learnt from every closing that time forced.

In: regimes, looking reserves up, adding closings, and which parts can be switched off to see what they are worth.
Not in: the statistics (controller.reserve), the file (profiling.closings), when to close (controller.pace).
Invariant: closings are compared only with closings of the same engine, file, threads, power mode, policy, width and
contention; whatever differs in one of them begins anew, provisional.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgereason.controller.reserve import Reserve, exceeded_reserve, reserve_of
from edgereason.profiling.closings import ClosingLog
from edgereason.profiling.contention import Neighbours
from edgereason.profiling.facts import power_mode
from edgereason.types import EngineInfo, ModelInfo

POLICY_VERSION = 5  # of when and how the loop closes; a change makes earlier closings say nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguards:
    """What keeps a deadline. All are on; a check that never fails shows nothing, so each can be switched off for one
    (`MUTATIONS`).

    reserve    so much is kept back that few closings exceed it; without it, so much that all do
    watchdog   at the deadline the answer in hand is handed over and nothing runs any more
    drift      the speed of passes and closings is followed, within a request and from one to the next
    """

    reserve: bool = True
    watchdog: bool = True
    drift: bool = True


MUTATIONS = {
    "quantile": Safeguards(reserve=False),  # what every closing exceeds is kept, the share that may be missed being 1
    "watchdog": Safeguards(watchdog=False),
    "drift": Safeguards(drift=False),
}


class Promise:
    """The reserves of one engine and model here. folder: where closings are kept; None: in memory alone."""

    def __init__(self, folder: Path | None, setting: str, is_busy: Callable[[], bool] | None = None) -> None:
        self._log = ClosingLog(folder)
        self._setting = setting
        self._is_busy = is_busy or Neighbours().are_busy
        self._known: dict[tuple[str, float], tuple[int, Reserve]] = {}

    def reserve(self, rows: int, miss_rate: float) -> Reserve:
        """What to keep back, over what is predicted, when so many rows close."""
        regime = self.regime(rows)
        scores = self._log.scores(regime)
        count, known = self._known.get((regime, miss_rate), (-1, None))
        if known is None or count != len(scores) or count >= known.needed:  # beyond, old scores leave for new ones
            known = reserve_of(scores, miss_rate)
            self._known[regime, miss_rate] = len(scores), known
        return known

    def exceeded(self, rows: int, miss_rate: float) -> Reserve:
        """What every closing of so many rows exceeded."""
        return exceeded_reserve(self._log.scores(self.regime(rows)), miss_rate)

    def add(self, rows: int, score: float) -> None:
        """Keep the score of a closing."""
        self._log.add(self.regime(rows), score)

    def is_busy(self) -> bool:
        """Whether neighbours are at work now."""
        return self._is_busy()

    def regime(self, rows: int) -> str:
        """What closings of so many rows, now, are kept under."""
        width = 1 << max(0, rows - 1).bit_length()
        return f"{self._setting}; up to {width} rows; {'busy' if self.is_busy() else 'calm'}"


def setting_of(info: EngineInfo, model: ModelInfo) -> str:
    """What all closings of an engine and a model file on this machine share."""
    parts = (info.name, info.version, info.device, f"{info.threads} threads", info.settings, power_mode(), model.file)
    return "; ".join((*parts, f"policy {POLICY_VERSION}"))
