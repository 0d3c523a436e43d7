"""`edgereason doctor`: can the main job run here, and which command mends what is missing."""

from __future__ import annotations

import json as json_module
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from edgereason.cli import exits
from edgereason.cli.durations import format_duration
from edgereason.cli.options import option
from edgereason.errors import EdgeReasonError, EngineMissingError

QUESTION = "17 + 25 = ?"
DEADLINE_S = 2.0
OPTIONAL = {
    "llama_cpp": ("llama-cpp-python", "llama", "GGUF models"),
    "huggingface_hub": ("huggingface_hub", "hub", "models from the hub"),
    "math_verify": ("math-verify", "math", "symbolic equality of answers"),
    "pynvml": ("nvidia-ml-py", "nvml", "clocks, temperature and energy of NVIDIA GPUs"),
    "sklearn": ("scikit-learn", "fit", "fitting a difficulty probe"),
}
CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm", "sve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. `ok` None: only a fact, or an extra nobody needs for the main job."""

    name: str
    ok: bool | None
    detail: str
    fix: str = ""


@click.command()
@option("--json", "json", is_flag=True, help="Print one JSON object.")
def command(json: bool) -> None:
    """Say what is installed, what this machine has, and whether the bundled model answers.

    Exits 1 when the main job cannot run here, with the command that mends it.
    """
    found = []
    for check in checks():
        found.append(check)
        if not json:
            _print(check)
    healthy = all(check.ok is not False for check in found)
    if json:
        click.echo(json_module.dumps({"ok": healthy, "checks": [asdict(check) for check in found]}, ensure_ascii=False))
    raise click.exceptions.Exit(exits.ANSWERED if healthy else exits.FAILED)


def _print(check: Check) -> None:
    mark = {True: "ok", False: "FAIL", None: "-"}[check.ok]
    click.echo(f"{mark:4}  {check.name:18} {check.detail}")
    if check.fix and check.ok is not True:
        click.echo(f"{'':6}{'':18}   {check.fix}")


def checks() -> Iterator[Check]:
    """Every finding, cheap ones first, the bundled model's answer last."""
    yield Check(name="edgereason", ok=True, detail=_version("edgereason") or "not installed")
    yield Check(name="python", ok=sys.version_info >= (3, 10), detail=f"{platform.python_version()} {sys.executable}")
    yield _machine()
    yield _processor()
    yield _memory()
    yield from _conditions()
    yield _onnxruntime()
    yield from (_extra(module, *about) for module, about in OPTIONAL.items())
    yield from _folders()
    yield _answer()


def install(extra: str) -> str:
    """The command that adds an extra to the Python that runs this."""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return f"{python} -m pip install 'edgereason[{extra}]'"


def _machine() -> Check:
    board = Path("/proc/device-tree/model")
    name = board.read_text(errors="replace").strip("\0\n ") if board.is_file() else platform.machine()
    return Check(name="machine", ok=None, detail=f"{name}, {platform.system()} {platform.release()}")


def _processor() -> Check:
    import psutil

    text = Path("/proc/cpuinfo").read_text(errors="replace") if os.path.exists("/proc/cpuinfo") else ""
    lines = [line.partition(":") for line in text.splitlines()]
    name = next((value.strip() for key, _, value in lines if key.strip() == "model name"), platform.processor())
    flags = next((value.split() for key, _, value in lines if key.strip() in ("flags", "Features")), [])
    features = ", ".join(feature for feature in CPU_FEATURES if feature in flags) or "no known vector features read"
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = f"{psutil.cpu_count(logical=False) or '?'} cores, {usable} threads usable"
    return Check(name="processor", ok=None, detail=f"{name or 'unnamed'}: {cores}, {features}")


def _memory() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    return Check(
        name="memory", ok=None, detail=f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free"
    )


def _conditions() -> Iterator[Check]:
    """What decides how fast the machine is just now, and what counts its energy."""
    import time

    from edgereason.profiling.contention import read_pressure
    from edgereason.profiling.facts import read_facts
    from edgereason.profiling.power import NOT_MEASURED, find_meter

    facts, pressure, meter = read_facts(), read_pressure(), find_meter(time.perf_counter)
    clock = f", {facts.cpu_mhz:.0f} MHz" if facts.cpu_mhz else ""
    hottest = f", hottest zone {max(facts.temperatures_c.values()):.0f} °C" if facts.temperatures_c else ""
    jetson = f", Jetson Linux {facts.jetson_release}" if facts.jetson_release else ""
    yield Check(name="power mode", ok=None, detail=f"{facts.power_mode}{jetson}{clock}{hottest}")
    waiting = "not known" if pressure is None else f"{pressure.share_10s:.0%} of the last 10 s some task had to wait"
    yield Check(name="contention", ok=None, detail=waiting)
    yield Check(name="energy", ok=None, detail=meter.source if meter else NOT_MEASURED)
    for gpu in facts.gpus:
        memory = f", {gpu.memory_bytes / 2**30:.0f} GiB" if gpu.memory_bytes else ""
        yield Check(name="GPU", ok=None, detail=f"{gpu.name}{memory}")


def _onnxruntime() -> Check:
    from edgereason.engine.inventory import onnx_runtime

    try:
        found = onnx_runtime()
    except EngineMissingError as error:
        return Check(name="onnxruntime", ok=False, detail=str(error), fix=install("cpu"))
    if len(found.builds) > 1:
        fix = f"{sys.executable} -m pip uninstall -y {' '.join(found.builds)} && {install('cpu')}"
        return Check(name="onnxruntime", ok=False, detail="two builds are installed and overwrite each other", fix=fix)
    return Check(name="onnxruntime", ok=True, detail=f"{found.version}, providers: {', '.join(found.providers)}")


def _extra(module: str, distribution: str, extra: str, purpose: str) -> Check:
    from importlib.util import find_spec

    if find_spec(module) is None:
        return Check(name=distribution, ok=None, detail=f"not installed; for {purpose}", fix=install(extra))
    return Check(name=distribution, ok=True, detail=_version(distribution) or "installed")


def _version(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _folders() -> Iterator[Check]:
    import platformdirs

    yield _folder("config folder", platformdirs.user_config_path("edgereason"))
    yield _folder("cache folder", platformdirs.user_cache_path("edgereason"))


def _folder(name: str, path: Path) -> Check:
    """Whether files can be made in `path`, or it can be made itself. Neither is needed for the main job."""
    nearest = next((folder for folder in (path, *path.parents) if folder.exists()), path)
    if os.access(nearest, os.W_OK | os.X_OK):
        return Check(name=name, ok=True, detail=str(path))
    return Check(name=name, ok=None, detail=f"{path} is not writable", fix=f"mkdir -p {path} && chmod u+rwx {path}")


def _answer() -> Check:
    """One real ask of the bundled model."""
    try:
        from edgereason import Reasoner

        with Reasoner.load() as reasoner:
            result = reasoner.ask(QUESTION, deadline=DEADLINE_S)
    except EdgeReasonError as error:
        return Check(name="bundled model", ok=False, detail=f"{error}", fix=error.hint)
    if result.answer is None:
        detail = f"no answer to {QUESTION!r} within {format_duration(DEADLINE_S)}"
        return Check(name="bundled model", ok=False, detail=detail, fix="Is the machine very busy? Run this again.")
    took = f"in {format_duration(result.elapsed_s)}, loaded in {format_duration(result.load_s)}"
    return Check(name="bundled model", ok=True, detail=f"{QUESTION} {result.answer} ({took})")
