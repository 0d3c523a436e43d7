"""Which probe serves a model: the first of its lineage in these folders, if the model's states are those it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgereason.errors import RecordError
from edgereason.probing.artifact import META, ProbeFile, read_meta, read_probe
from edgereason.probing.curve import CurveProbe, check_fits
from edgereason.probing.prior import DirectAnswerProbe
from edgereason.protocols import Engine, Probe
from edgereason.types import LABELS, BudgetProfile, ModelInfo


def find_probe(
    folders: Sequence[Path | None], model: ModelInfo, engine: Engine, profiles: Mapping[str, BudgetProfile]
) -> tuple[Probe, list[str]]:
    """The probe of the model's lineage in the first folder that has one, else the prior; and notes.

    Another file of the lineage is served if its hidden states agree with those that were fitted on; if they do not, the
    prior serves, and a note says so.

    Raises:
        RecordError: a probe was edited or damaged, or fails its own test.
    """
    for path in [path for folder in folders if folder is not None for path in probes_in(folder)]:
        if read_meta(path)["provenance"]["model"]["lineage"] != model.lineage:
            continue
        found = CurveProbe(read_probe(path), path.name)
        try:
            check_fits(found.file, model, engine)
        except RecordError as error:
            return DirectAnswerProbe(), [f"The probe in {str(path)!r} is not used. {error}"]
        return found, other_budgets(found.file, profiles)
    return DirectAnswerProbe(), []


def probes_in(folder: Path) -> list[Path]:
    """The folders in it that hold a probe."""
    return sorted(path.parent for path in folder.glob(f"*/{META}"))


def other_budgets(probe: ProbeFile, profiles: Mapping[str, BudgetProfile]) -> list[str]:
    """A note for the profiles that are not what the probe was fitted for."""
    now = {name: {"rows": profiles[name].max_rows, "think_tokens": profiles[name].think_tokens} for name in LABELS}
    other = [name for name in LABELS if now[name] != probe.profiles.get(name)]
    return [f"The probe was fitted for other budgets than {', '.join(other)} have here."] if other else []
