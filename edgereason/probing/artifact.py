"""A fitted probe as files: safetensors, JSON and a card; whole, checked and bound to a lineage, or refused.

In: what lies in a probe's folder, reading it with numpy alone, writing it. Not in: fitting (fit), estimating (curve),
which probe serves which model (loading).
Invariant: nothing that is read is executed; a file that was edited, damaged or half-written is an error.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgereason.errors import RecordError
from edgereason.probing.tensors import unpack
from edgereason.profiling.calibrator import Calibrator, calibrator_of

SCHEMA = "edgereason.probe/2"  # 2: log-odds of the direct answer where 1 had log-probabilities
META, TENSORS, CARD, CARD_TEXT = "probe.json", "probe.safetensors", "card.json", "card.md"
PICTURE = "card.svg"  # of the card; a probe may have none
FORMS = ("free", "hazard")
HINT = "Restore the folder from a copy, or fit the probe again with `edgereason probe train`."

Arrays = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFile:
    """What is in a probe's folder, but for its card.

    arrays: weight [F, H] and bias [H], all heads as one affine map of the features; distances [n], rising, of held-out
    questions; mean_right [T + 1] and mean_finished [T], over all questions; test_features [k, F] and test_outputs
    [k, T + 1 + T + 3 + 1], what estimates must come to; states [p, d], of the prompts.
    form: how the curve is written, "free" or "hazard"; power, bias [3]: of the readout.
    profiles: rows and think tokens of easy, normal and hard that it was fitted for.
    prompts: ids of prompts, whose states tell whether a model is the one that was fitted on.
    questions: CRC-32 of the ids of the questions that were fitted on.
    confidence: what makes a probability of votes, token confidences and this probe's estimate; None where that is not
    better than votes and token confidences alone.
    """

    provenance: Mapping[str, Any]
    form: str
    points: tuple[int, ...]
    members: int
    power: float
    bias: tuple[float, float, float]
    profiles: Mapping[str, Mapping[str, int]]
    prompts: tuple[tuple[int, ...], ...]
    questions: frozenset[int]
    arrays: Arrays
    confidence: Calibrator | None = None

    @property
    def lineage(self) -> str:
        """Of the model that it was fitted on."""
        return str(self.provenance["model"]["lineage"])

    @property
    def columns(self) -> list[slice]:
        """Columns of `weight`: curve [T + 1], settling [T], finishing [T], worth [3 B], coordinates of the distance."""
        bins = len(self.points)
        return slices((bins + 1, bins, bins, 3 * self.members))


def slices(sizes: Sequence[int]) -> list[slice]:
    """One after the other, and a last one for the rest."""
    ends = np.cumsum((0, *sizes)).tolist()
    return [*(slice(start, stop) for start, stop in pairwise(ends)), slice(ends[-1], None)]


# ---------------------------------------------------------------- reading


def read_meta(folder: Path) -> dict[str, Any]:
    """The probe's description, checked against its own digest.

    Raises:
        RecordError: it cannot be read, is none, or was edited.
    """
    path = folder / META
    try:
        values = json.loads(path.read_bytes())
        if values["schema"] != SCHEMA:
            raise ValueError(f"schema {values['schema']!r}")
        if values.pop("digest") != _digest(_canonical(values)):
            raise ValueError("it was edited or damaged: its digest does not fit")
        str(values["provenance"]["model"]["lineage"])
    except OSError as error:
        raise RecordError(f"Cannot read {str(path)!r}: {error.strerror or error}.", hint=HINT) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordError(f"{str(path)!r} is no probe: {error}.", hint=HINT) from error
    return dict(values)


def read_probe(folder: Path) -> ProbeFile:
    """The probe in a folder; its own test is `CurveProbe.check`.

    Raises:
        RecordError: a file of it is missing, edited or damaged.
    """
    meta = read_meta(folder)
    content = _bound(folder, TENSORS, meta)
    try:
        made = ProbeFile(
            provenance=meta["provenance"],
            form=str(meta["form"]),
            points=tuple(int(point) for point in meta["points"]),
            members=int(meta["members"]),
            power=float(meta["power"]),
            bias=_three(meta["bias"]),
            profiles={str(k): {str(n): int(x) for n, x in v.items()} for k, v in meta["profiles"].items()},
            prompts=tuple(tuple(int(token) for token in prompt) for prompt in meta["prompts"]),
            questions=frozenset(int(number) for number in meta["questions"]),
            arrays=unpack(content),
            confidence=calibrator_of(meta["confidence"]) if meta.get("confidence") else None,
        )
        _check_sizes(made)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise RecordError(f"The probe in {str(folder)!r} is damaged: {error}.", hint=HINT) from error
    return made


def read_card(folder: Path) -> tuple[dict[str, Any], str]:
    """(card.json, card.md), both as they were written.

    Raises:
        RecordError: one is missing, edited or damaged.
    """
    meta = read_meta(folder)
    values: dict[str, Any] = json.loads(_bound(folder, CARD, meta))
    if PICTURE in meta["files"]:
        _bound(folder, PICTURE, meta)
    return values, _bound(folder, CARD_TEXT, meta).decode("utf-8")


def _bound(folder: Path, name: str, meta: Mapping[str, Any]) -> bytes:
    """A file's content, which must be what the description says."""
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(f"Cannot read {str(path)!r}: {error.strerror or error}.", hint=HINT) from error
    if meta.get("files", {}).get(name) != _digest(content):
        raise RecordError(f"{str(path)!r} was edited or damaged: its digest does not fit.", hint=HINT)
    return content


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    easy, normal, hard = map(float, values)
    return easy, normal, hard


def _check_sizes(probe: ProbeFile) -> None:
    """ValueError unless all arrays have the sizes that they must have."""
    arrays, points = probe.arrays, len(probe.points)
    features, width = arrays["weight"].shape
    tests = len(arrays["test_features"])
    wanted = {
        "bias": (width,),
        "mean_right": (points + 1,),
        "mean_finished": (points,),
        "test_features": (tests, features),
        "test_outputs": (tests, 2 * points + 5),
        "states": (len(probe.prompts), arrays["states"].shape[-1]),
    }
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} has the shape {arrays[name].shape}, not {shape}")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("it holds a value that is no finite number")
    if width <= probe.columns[4].start or tests < 1 or not len(arrays["distances"]) or probe.form not in FORMS:
        raise ValueError("it lacks a part")


# ---------------------------------------------------------------- writing


def write_probe(
    probe: ProbeFile, card: Mapping[str, Any], card_text: str, folder: Path, picture: str | None = None
) -> None:
    """Write the folder whole, in place of one that is there; what was there stays until then. picture: SVG.

    Raises:
        RecordError: it cannot be written, or something else lies there.
    """
    from safetensors.numpy import save  # extra [fit]

    if folder.exists() and not (folder / META).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecordError(f"{str(folder)!r} exists and holds no probe.", hint="Name another folder.")
    files = {
        TENSORS: save({name: np.ascontiguousarray(array, np.float32) for name, array in probe.arrays.items()}),
        CARD: (json.dumps(card, indent=1, sort_keys=True, allow_nan=False) + "\n").encode(),
        CARD_TEXT: card_text.encode(),
        **({} if picture is None else {PICTURE: picture.encode()}),
    }
    meta = {
        "schema": SCHEMA,
        "provenance": probe.provenance,
        "form": probe.form,
        "points": list(probe.points),
        "members": probe.members,
        "power": probe.power,
        "bias": list(probe.bias),
        "profiles": probe.profiles,
        "prompts": [list(prompt) for prompt in probe.prompts],
        "questions": sorted(probe.questions),
        "confidence": None if probe.confidence is None else probe.confidence.to_json(),
        "files": {name: _digest(content) for name, content in files.items()},
    }
    files[META] = json.dumps({**meta, "digest": _digest(_canonical(meta))}, sort_keys=True).encode() + b"\n"
    try:
        write_folder(files, folder)
    except OSError as error:
        raise RecordError(f"Cannot write {str(folder)!r}: {error.strerror or error}.") from error


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """All files under another name, then the folder's, in place of what was there.

    Raises:
        OSError: it cannot be written; what was there is there still.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
        new, old = Path(aside) / "new", Path(aside) / "old"
        new.mkdir()
        for name, content in files.items():
            (new / name).parent.mkdir(exist_ok=True)
            (new / name).write_bytes(content)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                shutil.move(old, folder)
            raise


def _canonical(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
