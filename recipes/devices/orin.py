"""Published figures of a Jetson AGX Orin 64 GB to the device profiles that ship, for simulations only.

    .venv/bin/python -m recipes.devices.orin

What is taken over, and from where, stands in SOURCES and in each file; what is assumed, in NOTES.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

from edgereason.profiling.cells import Cell
from edgereason.profiling.estimate import Estimate
from edgereason.profiling.power import NOT_MEASURED
from edgereason.profiling.profile import Binding, CellCost, DeviceProfile, MemoryCost, write_profile
from edgereason.records import provenance
from edgereason.types import ModelInfo

FOLDER = Path(__file__).parents[2] / "profiles" / "devices"
SOURCES = (
    "EdgeReasoning, arXiv 2511.01866 (IISWC 2025): DeepSeek-R1-Distill models in BF16 with vLLM 0.8.6 on a Jetson "
    "AGX Orin 64 GB",
    "github.com/edge-inference/edgereasoning at e74ca1e, latency_model.py: prefill a*I^2 + b*I + c over prompts padded "
    "to 128 tokens, decoding n + m*context a token, fitted by the authors to 100 real runs a model",
    "github.com/edge-inference/edgereasoning at e74ca1e, config/analytic.yaml: joules of a prompt token",
    "github.com/edge-inference/token2metrics at 0a30416, energy_correlations.xlsx: seconds and joules of 1 to 32 "
    "parallel samples of 128 tokens after a prompt of 512, three seeds",
)
NOTES = (
    "not measured by this project, and not for planning a request: for simulations",
    "noise is assumed: 5 % on either side of each figure; the sources give no spread",
    "the two sources differ by up to 17 % for one row (their fit is the faster one): one row follows the fit, more "
    "rows the ratios of the table",
    "away from the table's context of 576 each row is taken to read its own keys and values, at the fit's seconds a "
    "token",
    "joules of a pass: the table's mean power at that width times the seconds",
    "bytes of a row: its keys and values in BF16; a prompt that rows share takes less",
)
WIDTHS = (1, 2, 4, 8, 16, 32)
CONTEXTS = (64, 256, 1024, 4096)
PROMPTS = (128, 256, 512, 1024, 2048, 4096)
PAD, NOISE, SEEDS = 128, 0.05, 3
TABLE_PROMPT, TABLE_TOKENS = 512, 128
TABLE_CONTEXT = TABLE_PROMPT + TABLE_TOKENS // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was published of one model. Tables are aligned with WIDTHS.

    prefill: a, b, c in seconds. decode: m seconds a token of context, n seconds. prefill_j: coefficient, rate, constant
    of joules a padded prompt token.
    """

    model: str
    prefill: tuple[float, float, float]
    decode: tuple[float, float]
    prefill_j: tuple[float, float, float]
    table_s: tuple[float, ...]
    table_j: tuple[float, ...]
    kv_bytes: int  # a token

    def prefill_s(self, tokens: int) -> float:
        """Seconds of a prompt."""
        padded = PAD * math.ceil(tokens / PAD)
        a, b, c = self.prefill
        return a * padded**2 + b * padded + c

    def prompt_j(self, tokens: int) -> float:
        """Joules of a prompt."""
        padded = PAD * math.ceil(tokens / PAD)
        coefficient, rate, constant = self.prefill_j
        return padded * (coefficient * math.exp(rate * padded) + constant)

    def pass_s(self, rows: int, context: int) -> float:
        """Seconds of a pass: the fit for one row, the table's ratio for more, own keys and values elsewhere."""
        m, n = self.decode
        decoded = [seconds - self.prefill_s(TABLE_PROMPT) for seconds in self.table_s]
        ratio = decoded[WIDTHS.index(rows)] / decoded[0]
        return (n + m * TABLE_CONTEXT) * ratio + m * (context - TABLE_CONTEXT) * rows

    def watts(self, rows: int) -> float:
        """Mean power while so many rows decode."""
        place = WIDTHS.index(rows)
        joules = self.table_j[place] - self.prompt_j(TABLE_PROMPT)
        return joules / (self.table_s[place] - self.prefill_s(TABLE_PROMPT))


FIGURES = {
    "agx-orin-64gb-r1-distill-qwen-1.5b-bf16": Figures(
        model="DeepSeek-R1-Distill-Qwen-1.5B",
        prefill=(1.56355e-07, 2.30955e-06, 0.045981),
        decode=(1.49681e-07, 0.0236339),
        prefill_j=(0.07308, -0.03194, 0.000923),
        table_s=(3.63, 3.91, 4.29, 4.84, 6.20, 8.69),
        table_j=(48.7, 56.1, 68.7, 89.1, 130, 219),
        kv_bytes=28_672,
    ),
    "agx-orin-64gb-r1-distill-llama-8b-bf16": Figures(
        model="DeepSeek-R1-Distill-Llama-8B",
        prefill=(6.64521e-07, 2.90355e-04, 0.103808),
        decode=(6.92022e-07, 0.1003843),
        prefill_j=(0.20376, -0.14845, 0.01900),
        table_s=(14.27, 14.30, 15.44, 17.92, 22.35, 32.59),
        table_j=(333, 352, 399, 492, 683, 1108),
        kv_bytes=131_072,
    ),
    "agx-orin-64gb-r1-distill-qwen-14b-bf16": Figures(
        model="DeepSeek-R1-Distill-Qwen-14B",
        prefill=(1.23300e-06, 5.30454e-04, 0.188581),
        decode=(1.13017e-06, 0.1865538),
        prefill_j=(0.37083, -0.15332, 0.04268),
        table_s=(25.13, 26.07, 28.06, 32.41, 40.39, 58.30),
        table_j=(649, 691, 772, 949, 1293, 2075),
        kv_bytes=196_608,
    ),
}


def published(name: str, figures: Figures) -> DeviceProfile:
    """The profile that the figures amount to."""
    model = ModelInfo(name=figures.model, lineage=f"deepseek-ai/{figures.model}", file="published: BF16")
    device = "NVIDIA Jetson AGX Orin 64 GB"
    header = provenance(
        device=device, engine="vllm", engine_version="0.8.6", model=model, seed=None, n=SEEDS,
        command="python -m recipes.devices.orin", date="2026-11-25T00:00:00+00:00",
    )  # fmt: skip
    decode = [Cell("decode", rows, context) for rows in WIDTHS for context in CONTEXTS]
    prompts = [Cell("prefill", 1, 0, tokens) for tokens in PROMPTS]
    return DeviceProfile(
        name=name,
        origin="published",
        model=model,
        bound_to=Binding(
            device=device, power_mode="not known", engine="vllm", engine_version="0.8.6", engine_device="cuda:0",
            engine_settings="BF16, CUDA graphs", threads=0, model_file=model.file,
        ),
        costs=(
            *(_cost(c, figures.pass_s(c.rows, c.context), figures.watts(c.rows)) for c in decode),
            *(_cost(c, s := figures.prefill_s(c.tokens), figures.prompt_j(c.tokens) / s) for c in prompts),
        ),
        memory=tuple(
            MemoryCost(rows=1, context=context, bytes_per_row=float(figures.kv_bytes * context)) for context in CONTEXTS
        ),
        energy=f"{NOT_MEASURED} here; the sources' own telemetry",
        header=asdict(header),
        notes=NOTES,
        sources=SOURCES,
    )  # fmt: skip


def _cost(cell: Cell, seconds: float, watts: float) -> CellCost:
    """A published figure with the noise that is assumed, to six significant digits."""
    median_s, low_s, high_s = (float(f"{seconds * factor:.6g}") for factor in (1.0, 1 - NOISE, 1 + NOISE))
    made = Estimate(median_s=median_s, low_s=low_s, high_s=high_s, n=SEEDS, visits=SEEDS)
    return CellCost(cell=cell, estimate=made, joules=float(f"{watts * seconds:.4g}"))


def main() -> None:
    """Write the files that ship."""
    for name, figures in FIGURES.items():
        write_profile(FOLDER / f"{name}.json", published(name, figures))


if __name__ == "__main__":
    main()
