"""The device profile of an engine about to be opened, and what passes cost once it is: with a profile or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from edgereason.errors import RecordError
from edgereason.profiling.device import device_name
from edgereason.profiling.facts import power_mode
from edgereason.profiling.gpu import read_gpus
from edgereason.profiling.learning import CostBook, settled
from edgereason.profiling.predict import pass_costs
from edgereason.profiling.profile import Binding, DeviceProfile, read_profile, why_not
from edgereason.profiling.quick import costs_path, quick_costs
from edgereason.protocols import Clock, Engine
from edgereason.types import EngineInfo, ModelInfo, PassCosts


def machine(engine_device: str) -> str:
    """This machine in words, with the GPUs where an engine runs on one and they say their names."""
    gpus = () if engine_device.startswith("cpu") else read_gpus()
    return ", ".join((device_name(), *(gpu.name for gpu in gpus)))


def binding(info: EngineInfo, model: ModelInfo, mode: str | None = None) -> Binding:
    """What timings with this engine hold for, here, in the power mode given or the present one."""
    return Binding(
        device=machine(info.device),
        power_mode=power_mode() if mode is None else mode,
        engine=info.name,
        engine_version=info.version,
        engine_device=info.device,
        engine_settings=info.settings,
        threads=info.threads,
        model_file=model.file,
    )


def find_profile(folder: Path, engine: str, file_identity: Callable[[], str]) -> tuple[DeviceProfile | None, list[str]]:
    """The newest profile measured with this engine and weights file, and notes about files that cannot be read.

    One of this machine and its present power mode comes before the others, which will be refused with their reason.
    file_identity: of the weights; asked only where there is any profile.
    """
    notes: list[str] = []
    read = list(_read_all(folder, engine, notes))
    if not read:
        return None, notes
    weights, here, mode = file_identity(), device_name(), power_mode()
    made = [profile for profile in read if profile.bound_to.model_file == weights and profile.origin == "measured"]
    made.sort(key=lambda profile: (_is_near(profile, here, mode), str(profile.header.get("date", ""))))
    return (made[-1] if made else None), notes


def costs_here(
    engine: Engine, model: ModelInfo, profile: DeviceProfile | None, folder: Path, context: int, clock: Clock
) -> tuple[PassCosts, CostBook | None, list[str]]:
    """What passes cost: by the profile where it holds, else by a quick timing and what requests taught; and notes.

    folder: where quick timings are kept. context: tokens of a typical row, at which a profile is read.
    """
    refused = why_not(profile, binding(engine.info, model)) if profile is not None else ""
    if profile is not None and not refused:
        return pass_costs(profile, min(context, engine.info.context)), None, []
    timed, note = quick_costs(engine, model, folder, clock)
    book = CostBook(timed, costs_path(engine.info, model, folder))
    notes = [f"{refused}; passes were timed quickly instead"] if refused else []
    return settled(timed), book, [*notes, *([note] if note else [])]


def _is_near(profile: DeviceProfile, here: str, mode: str) -> bool:
    """Whether it is of this machine, whatever its GPU, in this power mode."""
    return profile.bound_to.device.startswith(here) and profile.bound_to.power_mode == mode


def _read_all(folder: Path, engine: str, notes: list[str]) -> Iterator[DeviceProfile]:
    for path in sorted(folder.glob("*.json")):
        try:
            profile = read_profile(path)
        except RecordError as error:
            notes.append(f"a device profile is not used: {error}")
            continue
        if profile.bound_to.engine == engine:
            yield profile
