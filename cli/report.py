"""A Result as JSON (milliseconds) and as the lines that a person reads. Pure: nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edgereason.cli.durations import format_duration

if TYPE_CHECKING:
    from edgereason.types import Difficulty, Plan, Result

SCHEMA = "edgereason.result/1"


def result_json(result: Result) -> dict[str, Any]:
    """The object that `--json` prints. Keys may be added; those here keep their meaning."""
    return {
        "schema": SCHEMA,
        "answer": result.answer,
        "text": result.text,
        "reasoning": result.reasoning,
        "confidence": result.confidence,
        "confidence_source": result.confidence_source,
        "finish": result.finish,
        "deadline_ms": _ms(result.deadline_s),
        "elapsed_ms": _ms(result.elapsed_s),
        "deadline_met": result.deadline_met,
        "shortest_feasible_ms": _ms(result.shortest_feasible_s),
        "load_ms": _ms(result.load_s),
        "difficulty": _difficulty(result.difficulty),
        "plan": _plan(result.plan),
        "usage": asdict(result.usage),
        "joules": None if result.joules is None else round(result.joules, 4),
        "energy": result.energy,
        "rollouts": [
            {
                "answer": row.answer,
                "finish": row.finish,
                "tokens": row.completion_tokens,
                "confidence": row.confidence,
                "is_direct": row.is_direct,
            }
            for row in result.rollouts
        ],
        "model": asdict(result.model),
        "engine": result.engine,
        "seed": result.seed,
        "notes": list(result.notes),
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1e3 * seconds, 3)


def _difficulty(difficulty: Difficulty | None) -> dict[str, Any] | None:
    return None if difficulty is None else asdict(difficulty)


def _plan(plan: Plan | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    return {
        "profile": plan.profile,
        "strategy": plan.strategy,
        "rows": [asdict(group) for group in plan.rows],
        "rounds": plan.rounds,
        "answer_tokens": plan.answer_tokens,
        "predicted_ms": _ms(plan.predicted_s),
        "bound_ms": _ms(plan.bound_s),
        "reason": plan.reason,
        "runner_up": plan.runner_up,
        "promise": plan.promise,
    }


def summary(result: Result) -> str:
    """How the answer was got, in one line."""
    time = format_duration(result.elapsed_s)
    if result.deadline_s is not None:
        late = "" if result.deadline_met else ", late"
        time = f"{time} of {format_duration(result.deadline_s)}{late}"
    parts = [time]
    if result.plan is not None:
        parts.append(f"profile {result.plan.profile}")
        if result.plan.strategy != "auto":
            parts.append(f"strategy {result.plan.strategy}")
    agreeing = sum(row.answer is not None and row.answer == result.answer for row in result.rollouts)
    if len(result.rollouts) > 1 and result.answer is not None:
        parts.append(f"{agreeing} of {len(result.rollouts)} rows agree")
    parts.append(f"{result.usage.completion_tokens} tokens")
    return " · ".join(parts)


def details(result: Result) -> Iterator[str]:
    """What `--verbose` adds: model, difficulty, plan and every row."""
    loaded = format_duration(result.load_s)
    yield f"model {result.model.name} on {result.engine}, loaded in {loaded}, seed {result.seed}"
    if (difficulty := result.difficulty) is not None:
        shares = ", ".join(f"{label} {share:.2f}" for label, share in difficulty.probabilities.items())
        yield f"difficulty {difficulty.label} ({shares}) from {difficulty.source}"
    if (plan := result.plan) is not None:
        groups = " + ".join(f"{group.count} x {group.think_tokens} tokens" for group in plan.rows) or "no thought"
        yield f"plan {plan.profile}: {groups}, predicted {format_duration(plan.predicted_s)}: {plan.reason}"
        if plan.runner_up:
            yield f"runner-up: {plan.runner_up}"
        if plan.promise:
            yield f"promise: {plan.promise}"
    if result.confidence is not None:
        yield f"confidence {result.confidence:.2f}: {result.confidence_source}"
    joules = "" if result.joules is None else f"{result.joules:.3g} J, "
    yield f"energy {joules}{result.energy}"
    for row in result.rollouts:
        kind = "direct" if row.is_direct else f"{row.reasoning_tokens} thought"
        size = f"{row.completion_tokens} tokens ({kind})"
        yield f"row {row.row}: {row.answer!r}, {row.finish}, {size}, confidence {row.confidence:.2f}"
