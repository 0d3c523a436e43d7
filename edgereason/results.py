"""What a request has come to at any moment, as a Result: with its answer in hand, or plainly without one.

Pure but for the clock: called by whichever side settles a request, also while the worker is still running.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from edgereason.answers.known import features
from edgereason.controller.costs import DIRECT_ANSWER_TOKENS, direct_passes, pass_seconds, prefill_seconds
from edgereason.loading import Parts
from edgereason.profiling.power import NOT_MEASURED
from edgereason.request import BUSY_FACTOR, HANDOVER_S, Outcome, Request
from edgereason.types import Answer, Difficulty, PassCosts, Result, Rollout, Usage

FEASIBLE_FACTOR = 2.0  # announced over predicted, for the shortest deadline that still gets an answer
UNCALIBRATED = "token statistic, uncalibrated"
CALIBRATE = "`edgereason calibrate TASK... --accuracy FILE` calibrates it"
TEMPLATE_TOKENS = 32  # what a chat template is taken to add before the prompt is tokenized


def compose(request: Request, outcome: Outcome, parts: Parts, load_s: float) -> Result:
    """The result as things stand."""
    progress, options, answer = request.progress, request.options, request.answer
    decoder = progress.decoder
    rollouts = tuple(decoder.rollouts) if decoder is not None else ()
    reasoning, completion = decoder.usage if decoder is not None else (0, 0)
    winner = _winner(answer, rollouts)
    shortest_s = shortest_feasible_s(request, parts.costs, is_busy=parts.is_busy)
    is_handed_over = outcome == "deadline" and _is_running(request)
    # A sensor behind a slow bus takes milliseconds, which a hand-over does not have; and the work is not over then.
    joules = None if is_handed_over or parts.gauge is None else parts.gauge.since(progress.joules_begun)
    if is_handed_over:
        progress.trace.add("handed_over", answer.text if answer is not None else None)
    confidence, source = confidence_of(answer, rollouts, progress.difficulty, parts, options.choices)
    elapsed_s = request.elapsed_s
    result = Result(
        answer=answer.text if answer is not None else None,
        text=winner.text if winner is not None else "",
        reasoning=winner.reasoning if winner is not None else "",
        confidence=confidence,
        deadline_s=request.deadline_s,
        elapsed_s=elapsed_s,
        deadline_met=None if request.deadline_s is None else elapsed_s <= request.deadline_s,
        load_s=load_s,
        finish=outcome,
        difficulty=progress.difficulty,
        plan=progress.plan,
        usage=Usage(
            prompt_tokens=len(progress.prompt.tokens) if progress.prompt is not None else 0,
            reasoning_tokens=reasoning,
            completion_tokens=completion,
        ),
        rollouts=rollouts,
        model=parts.model,
        engine=parts.engine.info.name,
        seed=options.seed,
        shortest_feasible_s=shortest_s,
        joules=joules,
        energy=NOT_MEASURED if joules is None or parts.gauge is None else parts.gauge.source,
        confidence_source=source,
        notes=(*parts.notes, *_remarks(request, answer, outcome, shortest_s)),
        trace=progress.trace,
    )
    return _abstain(result, options.min_confidence)


def confidence_of(
    answer: Answer | None,
    rollouts: Sequence[Rollout],
    difficulty: Difficulty | None,
    parts: Parts,
    choices: Sequence[str] = (),
) -> tuple[float | None, str]:
    """(the probability that the answer is right, what it is made of); a token statistic where nothing was calibrated.

    Votes and token confidences, with the probe's estimate where it was fitted together with them and knows such
    questions. Given choices are answered by other statistics, which no calibration knows.
    """
    if answer is None:
        return None, ""
    plain = parts.accuracy.confidence if parts.accuracy is not None else None
    if choices or (plain is None and parts.calibrator is None):
        return answer.confidence, f"{UNCALIBRATED}{': choices were given' if choices else f'; {CALIBRATE}'}"
    knows = difficulty is not None and difficulty.calibrated
    if parts.calibrator is not None and knows:
        kind, known = features(rollouts, answer.canonical, difficulty)
        words = f"calibrated on {parts.calibrator.questions} questions, by votes, token confidences and the probe"
        return parts.calibrator.chance(kind, known), words
    if plain is None:
        return answer.confidence, f"{UNCALIBRATED}: the question is far from those that the probe knows"
    kind, known = features(rollouts, answer.canonical)
    is_far = difficulty is not None and difficulty.in_distribution is False
    far = "; this question is far from those that the probe knows" if is_far else ""
    return plain.chance(kind, known), f"calibrated on {plain.questions} questions, by votes and token confidences{far}"


def shortest_feasible_s(request: Request, costs: PassCosts, *, is_busy: bool) -> float:
    """The shortest deadline announced for this prompt: prefill and direct answer at twice their predicted time, and
    handing over; all of it twice beside neighbours, who leave half of a core.
    """
    prompt = request.progress.prompt
    if prompt is not None:
        tokens, passes = len(prompt.tokens), direct_passes(prompt.markers, DIRECT_ANSWER_TOKENS)
    else:  # not tokenized yet; every token stands for at least one byte
        written = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
        tokens, passes = TEMPLATE_TOKENS + written, 2 * DIRECT_ANSWER_TOKENS
    predicted_s = prefill_seconds(costs, tokens) + passes * pass_seconds(costs, 1)
    return (BUSY_FACTOR if is_busy else 1.0) * (2 * HANDOVER_S + FEASIBLE_FACTOR * predicted_s)


def _remarks(request: Request, answer: Answer | None, outcome: Outcome, shortest_s: float) -> Iterator[str]:
    """What the caller should know about this result."""
    if answer is None and outcome == "cancelled":
        yield "Cancelled before there was any answer."
    elif answer is None and outcome == "deadline":
        shortest = f"{1e3 * shortest_s:.0f} ms"
        yield f"The deadline passed before there was any answer; the shortest feasible one is {shortest}."
    elif answer is None:
        yield "No row came to an answer that can be read."
    elif outcome == "deadline" and _is_running(request):
        yield "The best answer in hand was returned at the deadline, while rows were still running."


def _is_running(request: Request) -> bool:
    """Whether rows are still alive."""
    decoder = request.progress.decoder
    return decoder is not None and decoder.is_running


def _winner(answer: Answer | None, rollouts: Sequence[Rollout]) -> Rollout | None:
    """The rollout whose text and reasoning stand for the answer: one that wrote it as it is returned."""
    if answer is None:
        return None
    return next((rollouts[index] for index in answer.rollouts if rollouts[index].answer == answer.text), None)


def _abstain(result: Result, min_confidence: float | None) -> Result:
    """The same result, or one without an answer where the confidence is below what was asked for."""
    if min_confidence is None or result.confidence is None or result.confidence >= min_confidence:
        return result
    note = f"Abstained: {result.answer!r} had a confidence of {result.confidence:.2f}, below {min_confidence:.2f}."
    return replace(result, answer=None, finish="abstained", notes=(*result.notes, note))
