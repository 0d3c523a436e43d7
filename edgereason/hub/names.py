"""Names of the hub, and which files of a repository one means. Pure: lists of paths in, choices out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from edgereason.errors import ConfigError, ModelNotFoundError
from edgereason.filenames import label, part_names

PREFIX = "hf:"
USUAL_LABEL = "Q4_K_M"  # meant where a repository has several and none is named
COMPANIONS = (  # what a model folder holds beside the weights
    "chat_template.jinja",
    "config.json",
    "genai_config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
_NAME = re.compile(r"hf:(?P<repo>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?::(?P<choice>[^:\\]+))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubName:
    """A repository, and what was said of which of its models: a label, a file, or nothing."""

    repo: str
    choice: str = ""

    def __str__(self) -> str:
        return f"{PREFIX}{self.repo}:{self.choice}" if self.choice else f"{PREFIX}{self.repo}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One model of a repository: its label, the file to load, and all files of weights, that one among them."""

    label: str
    weights: str
    files: tuple[str, ...]


def is_hub_name(model: object) -> bool:
    """Whether this is meant as a name of the hub."""
    return isinstance(model, str) and model.startswith(PREFIX)


def parse_name(text: str) -> HubName:
    """The name's parts; ConfigError shows the legal form."""
    match = _NAME.fullmatch(text)
    if match is None or ".." in text or "--" in match["repo"]:
        raise ConfigError(
            f"{text!r} is no name of the hub",
            hint="Write hf:owner/repo, hf:owner/repo:Q4_K_M or hf:owner/repo:file.gguf.",
        )
    return HubName(repo=match["repo"], choice=match["choice"] or "")


def variants(paths: Collection[str], suffixes: Sequence[str]) -> list[Variant]:
    """The models among these files, by suffix in the order given, then by path; split ones only with all parts.

    Projectors and importance matrices are files of GGUF's format too, and no models.
    """
    known = set(paths)
    found = []
    for suffix in suffixes:
        for path in sorted(path for path in known if path.lower().endswith(suffix)):
            files = _weight_files(path, known)
            if files and files[0] == path and not re.search(r"mmproj|imatrix", PurePosixPath(path).name, re.I):
                found.append(Variant(label=label(path), weights=path, files=files))
    return found


def _weight_files(path: str, known: Collection[str]) -> tuple[str, ...]:
    """A model file and what belongs to it: further parts, or the weights that an ONNX file keeps beside it."""
    if path.lower().endswith(".gguf"):
        parts = [str(PurePosixPath(path).with_name(name)) for name in part_names(PurePosixPath(path).name)]
        return tuple(parts) if all(part in known for part in parts) else ()
    return (path, *sorted(each for each in known if each.startswith((f"{path}.", f"{path}_"))))


def choose(found: Sequence[Variant], name: HubName) -> Variant:
    """The one model that is meant.

    Raises:
        ModelNotFoundError: none, or more than one; the hint lists what there is.
    """
    if not found:
        raise ModelNotFoundError(f"{name.repo!r} holds no model that can be run here", hint="Choose another.")
    meant = _meant(found, name.choice)
    if len(meant) == 1:
        return meant[0]
    if not name.choice:
        what = f"{name.repo!r} holds several models"
    else:
        what = f"{name.repo!r} has {len(meant) or 'no'} models {name.choice!r}"
    raise ModelNotFoundError(what, hint=f"Name one as {PREFIX}{name.repo}:NAME. There are: {listed(meant or found)}.")


def _meant(found: Sequence[Variant], choice: str) -> list[Variant]:
    """All that this choice can mean: an exact file before a label, and nothing means the only or the usual one."""
    if not choice:
        same_kind = [each for each in found if _suffix(each) == _suffix(found[0])]
        return _labelled(same_kind, USUAL_LABEL) if len(same_kind) > 1 else same_kind
    exact = [each for each in found if choice in each.files]
    return exact or [each for each in found if choice in map(_base, each.files)] or _labelled(found, choice)


def _labelled(found: Iterable[Variant], text: str) -> list[Variant]:
    return [each for each in found if each.label.casefold() == text.casefold()]


def _base(path: str) -> str:
    return PurePosixPath(path).name


def _suffix(variant: Variant) -> str:
    return PurePosixPath(variant.weights).suffix.lower()


def listed(found: Sequence[Variant]) -> str:
    """Labels where they tell the models apart, else files."""
    labels = [each.label for each in found]
    return ", ".join(labels if len(set(map(str.casefold, labels))) == len(labels) else [each.weights for each in found])


def companions(variant: Variant, paths: Collection[str]) -> tuple[str, ...]:
    """The tokenizer and configuration that go with an ONNX file: in its folder or in the nearest one above."""
    if _suffix(variant) == ".gguf":
        return ()  # it holds them
    own = PurePosixPath(variant.weights).parent
    folders = [folder for folder in (own, *own.parents) if str(folder / "tokenizer.json") in paths]
    wanted = {str(folder / name) for folder in (own, *folders[:1]) for name in COMPANIONS}
    return tuple(sorted(wanted & set(paths)))
