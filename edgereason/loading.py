"""Names and paths to the parts of a Reasoner: engine, tokenizer, profiles and timings that belong together.

In: finding a model, its lineage and file identity, checks that its files agree. Not in: how any of them work.
Invariant: nothing is fetched unless a name of the hub is given, and nothing outside the cache folders is written.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs

from edgereason.controller.profiles import read_profiles
from edgereason.engine import ENGINES, open_engine, open_vocabulary
from edgereason.engine.gguf_header import check_gguf
from edgereason.engine.gguf_probe import prove_gguf
from edgereason.engine.llama_cpp_memory import estimate_memory
from edgereason.errors import ConfigError, ModelFileError, ModelNotFoundError, did_you_mean
from edgereason.hub import OnProgress, find, is_hub_name, parse_name
from edgereason.probing.curve import CurveProbe
from edgereason.probing.lookup import find_probe
from edgereason.profiling.accuracy import AccuracyProfile, read_profile
from edgereason.profiling.calibrator import Calibrator
from edgereason.profiling.device import free_row_bytes
from edgereason.profiling.learning import CostBook
from edgereason.profiling.lookup import binding, costs_here, find_profile
from edgereason.profiling.profile import DeviceProfile, check_fits
from edgereason.profiling.profile import read_profile as read_device_profile
from edgereason.profiling.surroundings import Gauge
from edgereason.promise import Promise, Safeguards, setting_of
from edgereason.prompting import PromptOptions, Tokenizer, has_tokenizer, read_vocabulary
from edgereason.protocols import Clock, Engine, Probe
from edgereason.types import BudgetProfile, EngineInfo, ModelInfo, PassCosts

TYPICAL_CONTEXT = 256  # tokens of a row half-way through its thought, at which passes are taken from a profile
HASHED_BLOCK = 1 << 20
HASHED_BLOCKS = 16
_SUFFIXES = {".onnx": "onnx", ".gguf": "llama-cpp"}  # file suffix -> engine that runs it


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """Where a model's files are: the weights that an engine runs, and the folder with tokenizer and template."""

    name: str
    folder: Path
    weights: Path
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All that a Reasoner is made of."""

    engine: Engine
    tokenizer: Tokenizer
    probe: Probe
    profiles: Mapping[str, BudgetProfile]
    costs: PassCosts
    model: ModelInfo
    accuracy: AccuracyProfile | None = None
    calibrator: Calibrator | None = None  # of confidences, by the probe's estimate too; None: by `accuracy` alone
    gauge: Gauge | None = None  # of energy; None: not measured
    book: CostBook | None = None  # where costs are learnt from requests; None: they were measured
    promise: Promise | None = None  # what is kept back for closing, learnt from requests; None: a provisional margin
    safeguards: Safeguards = field(default_factory=Safeguards)
    free_bytes: Callable[[], int | None] = lambda: None  # memory that rows may take, asked once a request
    notes: tuple[str, ...] = field(default=())

    @property
    def is_busy(self) -> bool:
        """Whether neighbours are at work now, as far as anybody looks."""
        return self.promise is not None and self.promise.is_busy()


def load_parts(
    model: str | Path,
    *,
    engine: str,
    threads: int | None,
    device: str,
    profiles_dir: Path | None,
    prompts: PromptOptions,
    clock: Clock,
    engine_options: Mapping[str, object] = MappingProxyType({}),
    offline: bool = False,
    on_download: OnProgress | None = None,
    device_profile: Path | None = None,
    with_probe: bool = True,
) -> Parts:
    """Open everything for one model; what is wrong with which file is said before anything slow begins.

    device_profile: a file to plan with, instead of the one that is found in the cache folder; a quick timing where
    there is none. Engine options that it chose are taken unless they are given here. with_probe: False takes the prior,
    whatever probes there are, as where one is to be fitted.

    Raises:
        ModelNotFoundError, ModelFileError, DownloadError, TokenizerError, ExtraMissingError, ConfigError.
        RecordError: `device_profile` cannot be read, or was made for something else.
    """
    budget_profiles(profiles_dir)  # whether they can be read; which of them hold goes by the model
    files, tokenizer = open_files(model, engine, prompts, offline=offline, on_download=on_download)
    given = {**engine_options, **({} if threads is None else {"threads": threads})}
    profile, notes = _device_profile(files, device_profile)
    chosen = profile.settings if profile is not None else {}
    opened = open_engine(files.engine, files.weights, device=device, **{**chosen, **given})
    try:
        tokenizer.check_vocabulary(opened.info.vocab_size)
        info = model_info(files, opened.info, tokenizer)
        profiles = budget_profiles(profiles_dir, info.lineage)
        accuracy = accuracy_profile_of(info.lineage, profiles_dir)
        folders = [profiles_dir, _data_folder("probes")] if with_probe else []
        probe, about_probe = find_probe(folders, info, opened, profiles)
        if device_profile is not None and profile is not None:
            check_fits(profile, binding(opened.info, info))
        costs, book, more = costs_here(opened, info, profile, cache_folder("costs"), TYPICAL_CONTEXT, clock)
    except BaseException:
        opened.close()
        raise
    return Parts(
        engine=opened,
        tokenizer=tokenizer,
        probe=probe,
        profiles=profiles,
        costs=costs,
        model=info,
        accuracy=accuracy,
        calibrator=probe.file.confidence if isinstance(probe, CurveProbe) else None,
        book=book,
        promise=Promise(cache_folder("closings"), setting_of(opened.info, info)),
        gauge=Gauge(clock, uses_gpu=not opened.info.device.startswith("cpu")),
        free_bytes=functools.partial(free_row_bytes, opened.info.device),
        notes=(*opened.info.notes, *tokenizer.notes, *notes, *more, *about_probe),
    )


def _device_profile(files: ModelFiles, named: Path | None) -> tuple[DeviceProfile | None, list[str]]:
    """The profile that was named, or one found for these weights and their engine, and notes."""
    if named is not None:
        return read_device_profile(named), []
    return find_profile(cache_folder("devices"), files.engine, lambda: file_identity(files.weights))


def open_files(
    model: str | Path,
    engine: str,
    prompts: PromptOptions,
    *,
    offline: bool = False,
    on_download: OnProgress | None = None,
) -> tuple[ModelFiles, Tokenizer]:
    """The model's files, a GGUF one proved to load, and the tokenizer that goes with them.

    Raises:
        ModelNotFoundError, ModelFileError, DownloadError, TokenizerError, ExtraMissingError, ConfigError.
    """
    files = find_model(model, engine, offline=offline, on_download=on_download)
    if files.weights.suffix.lower() == ".gguf":
        prove_gguf(files.weights, cache_folder("loads"))
    return files, open_tokenizer(files, prompts)


def open_tokenizer(files: ModelFiles, prompts: PromptOptions) -> Tokenizer:
    """The tokenizer.json beside the weights; without one, the vocabulary that a GGUF file carries itself.

    The same goes for the chat template: the caller's, the folder's, then that in the GGUF file.

    Raises:
        TokenizerError, ExtraMissingError: there is neither, or it cannot be read here.
    """
    is_gguf = files.weights.suffix.lower() == ".gguf"
    if is_gguf and not has_tokenizer(files.folder):
        return Tokenizer(open_vocabulary(files.weights), prompts)
    vocabulary = read_vocabulary(files.folder)
    if is_gguf and vocabulary.chat_template is None and prompts.chat_template is None:
        vocabulary.chat_template = open_vocabulary(files.weights).chat_template
    return Tokenizer(vocabulary, prompts)


def cache_folder(kind: str) -> Path:
    """Where "costs" of passes, profiles of "devices", and notes of GGUF files that survived first "loads" are kept."""
    return Path(platformdirs.user_cache_dir("edgereason")) / kind


def budget_profiles(folder: Path | None = None, lineage: str = "") -> dict[str, BudgetProfile]:
    """The shipped budget profiles, over them those that a search found for this lineage, and the user's over both.

    Raises:
        ConfigError: no such folder, or a file in it is wrong.
    """
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"Profiles folder {str(folder)!r} does not exist.", hint="It holds one TOML file a profile.")
    shipped = _data_folder("profiles") / "budgets"
    tables = [path for path in sorted(shipped.glob("*/search/table.json")) if _lineage_in(path) == lineage]
    found = [path.parents[1] for path in tables]
    return read_profiles(shipped, *found, *([folder] if folder is not None else []))


def _lineage_in(table: Path) -> object:
    """Of which model's records the search was that left this table."""
    return json.loads(table.read_text(encoding="utf-8"))["provenance"]["model"]["lineage"]


def accuracy_profile_of(lineage: str, folder: Path | None = None) -> AccuracyProfile | None:
    """What was recorded of this model: in the user's folder, else among the shipped profiles, else nothing.

    Raises:
        RecordError: a file is no accuracy profile.
    """
    shipped = sorted((_data_folder("profiles") / "accuracy").glob("*.json"))
    for path in [*(sorted(folder.glob("*.json")) if folder is not None else []), *shipped]:
        profile = read_profile(path)
        if profile.provenance["model"]["lineage"] == lineage:
            return profile
    return None


def shipped_device_profiles() -> dict[str, Path]:
    """The files of the published device profiles by name; none of them holds for a request, all for a simulation."""
    return {path.stem: path for path in sorted((_data_folder("profiles") / "devices").glob("*.json"))}


def open_device_profile(name: str | Path) -> DeviceProfile:
    """The device profile that ships under that name, or the one in a file.

    Raises:
        ConfigError: there is neither. RecordError: the file fails its checks.
    """
    shipped = shipped_device_profiles()
    path = shipped.get(str(name), Path(name))
    if not path.is_file():
        raise ConfigError(
            f"No device profile {str(name)!r}: neither a file nor one that ships.",
            hint=did_you_mean(str(name), shipped),
        )
    return read_device_profile(path)


# ---------------------------------------------------------------- finding a model


def bundled_models() -> list[str]:
    """Names of the models that ship with the package."""
    return sorted(path.parent.name for path in _data_folder("models").glob("*/tokenizer.json"))


def find_model(
    model: str | Path, engine: str = "auto", *, offline: bool = False, on_download: OnProgress | None = None
) -> ModelFiles:
    """The files behind a bundled name, a folder, a weights file, or a name of the hub, which may be fetched.

    Raises:
        ModelNotFoundError: there is nothing, or nothing that an engine runs. ConfigError: an unknown engine or form.
        DownloadError, ExtraMissingError: where the name is one of the hub.
    """
    if engine != "auto" and engine not in ENGINES:
        raise ConfigError(f"Unknown engine {engine!r}.", hint=did_you_mean(engine, [*ENGINES, "auto"]))
    if is_hub_name(model):
        return _on_the_hub(str(model), engine, offline, on_download)
    path = Path(model)
    if str(model) in bundled_models():  # a folder of that name is meant by ./name
        path = _data_folder("models") / str(model)
    if not path.exists():
        raise ModelNotFoundError(
            f"No model {str(model)!r}: neither a bundled name nor a file or folder here.",
            hint=did_you_mean(str(model), bundled_models()),
        )
    weights = _weights_in(path, engine) if path.is_dir() else path
    runs = _SUFFIXES.get(weights.suffix.lower())
    if runs is not None and engine not in ("auto", runs):
        raise ConfigError(
            f"{str(weights)!r} is run by the engine {runs!r}, not by {engine!r}.",
            hint=f"Leave --engine out, or give {runs}.",
        )
    if runs is None:
        raise ModelFileError(
            f"{str(weights)!r} is no model file that can be run here.", hint=f"Files end in {', '.join(_SUFFIXES)}."
        )
    return ModelFiles(name=_name(path), folder=_tokenizer_folder(weights), weights=weights, engine=runs)


def fetch_model(model: str, on_download: OnProgress | None = None) -> Path:
    """The weights of a model of the hub as it is there now; what is cached and the same is not fetched again.

    Raises:
        ModelNotFoundError, DownloadError, ExtraMissingError, ConfigError.
    """
    _, weights = find(parse_name(model), list(_SUFFIXES), refresh=True, on_progress=on_download)
    return weights


def _on_the_hub(model: str, engine: str, offline: bool, on_download: OnProgress | None) -> ModelFiles:
    name = parse_name(model)
    suffixes = [suffix for suffix, runs in _SUFFIXES.items() if engine in ("auto", runs)]
    label, weights = find(name, suffixes, offline=offline, on_progress=on_download)
    runs = _SUFFIXES[weights.suffix.lower()]
    return ModelFiles(name=f"{name.repo}:{label}", folder=_tokenizer_folder(weights), weights=weights, engine=runs)


def _tokenizer_folder(weights: Path) -> Path:
    """The weights' folder; of an ONNX file the one above where only that has a tokenizer, as around a folder `onnx`."""
    own, above = weights.parent, weights.absolute().parent.parent
    is_above = (above / "tokenizer.json").exists() and not (own / "tokenizer.json").exists()
    return above if is_above and weights.suffix.lower() == ".onnx" else own


def _name(path: Path) -> str:
    """A folder's name, or the folder's of a file with a generic name."""
    path = path.resolve()
    return path.parent.name if path.is_file() and path.stem == "model" else path.stem if path.is_file() else path.name


def _weights_in(folder: Path, engine: str) -> Path:
    """The one weights file of a folder for this engine, or for the first engine that has one."""
    for suffix, runs in _SUFFIXES.items():
        found = sorted(folder.glob(f"*{suffix}"))
        if not found or engine not in ("auto", runs):
            continue
        preferred = [path for path in found if path.name == _weights_name(folder, suffix)]
        if len(found) > 1 and not preferred:
            names = ", ".join(path.name for path in found)
            raise ModelNotFoundError(f"{str(folder)!r} holds several models: {names}.", hint="Give one file's path.")
        return (preferred or found)[0]
    raise ModelNotFoundError(
        f"{str(folder)!r} holds no model file.",
        hint=f"A model folder holds a file that ends in {', '.join(_SUFFIXES)}.",
    )


def _weights_name(folder: Path, suffix: str) -> str:
    """The weights file that the folder's genai_config.json names, else `model.onnx`."""
    try:
        config = json.loads((folder / "genai_config.json").read_text(encoding="utf-8"))
        return str(config["model"]["decoder"]["filename"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"model{suffix}"


def _data_folder(name: str) -> Path:
    """A data folder of the package, wherever the installation put it."""
    return Path(next(iter(importlib.import_module(f"edgereason.{name}").__path__)))


# ---------------------------------------------------------------- identity


def model_info(files: ModelFiles, info: EngineInfo, tokenizer: Tokenizer) -> ModelInfo:
    """Which model these files are."""
    return ModelInfo(name=files.name, lineage=lineage(info, tokenizer), file=file_identity(files.weights))


def lineage(info: EngineInfo, tokenizer: Tokenizer) -> str:
    """What survives quantization: sizes, vocabulary and chat template, as a short hash."""
    sizes = f"{info.num_layers}x{info.hidden_size}x{info.vocab_size}"
    return f"{sizes}-{hashlib.sha256(tokenizer.identity.encode()).hexdigest()[:16]}"


def file_identity(path: Path) -> str:
    """A hash of the weights file: all of a small one, evenly spread blocks and the size of a large one."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        if size <= HASHED_BLOCK * HASHED_BLOCKS:
            digest.update(file.read())
        else:
            for index in range(HASHED_BLOCKS):
                file.seek((size - HASHED_BLOCK) * index // (HASHED_BLOCKS - 1))
                digest.update(file.read(HASHED_BLOCK))
    return f"sha256:{digest.hexdigest()[:32]}"


def describe(model: str | Path, engine: str = "auto") -> dict[str, Any]:
    """What can be said of a model without loading it: name, folder, files with their sizes, card, configuration."""
    files = find_model(model, engine, offline=True)
    card = files.folder / "card.md"
    return {
        "name": files.name,
        "engine": files.engine,
        "folder": str(files.folder),
        "weights": str(files.weights),
        "file": file_identity(files.weights),
        "files": {p.name: p.stat().st_size for p in sorted(files.folder.iterdir()) if p.is_file()},
        "card": str(card) if card.exists() else None,
        **_configured(files.folder),
    }


def estimate(model: str | Path, engine: str = "auto", **options: Any) -> dict[str, Any]:
    """What the model will take of memory with these engine options, in bytes, before anything is loaded.

    Raises:
        ConfigError: the model is none that this is known of.
    """
    files = find_model(model, engine, offline=True)
    if files.engine != "llama-cpp":
        raise ConfigError(
            f"The memory of {str(files.weights)!r} cannot be estimated.",
            hint="Only that of GGUF files can: name one, or give --engine llama-cpp.",
        )
    found = estimate_memory(check_gguf(files.weights), **options)
    return {
        "weights_bytes": found.weights,
        "keys_values_bytes": found.keys_values,
        "states_bytes": found.states,
        "compute_bytes_about": found.compute,
        "outputs_bytes": found.outputs,
        "total_bytes_about": found.total,
        "context_shared_by_all_rows": found.cells,
        "context_of_one_row": found.row_cells,
        "rows": found.max_rows,
        "kv_bytes_per_token": found.kv_bytes_per_token,
        "state_bytes_per_row": found.state_bytes_per_row,
    }


def _configured(folder: Path) -> dict[str, Any]:
    """Sizes out of config.json, where there is one."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    names = {
        "architecture": "model_type",
        "layers": "num_hidden_layers",
        "hidden_size": "hidden_size",
        "vocab_size": "vocab_size",
        "context": "max_position_embeddings",
    }
    return {name: config[key] for name, key in names.items() if key in config}
