"""The card of a probe in words: markdown made of what report.py found, for who has to decide whether to trust it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

TITLES = {"direct": "right without thought", "long": "right after a long thought"}


def card_text(name: str, card: Mapping[str, Any]) -> str:
    """The card as markdown."""
    return "\n".join(
        [
            *_head(name, card),
            *_aurocs(card),
            *_contrasts(card),
            *_adds(card),
            *_calibrations(card),
            *confidence_table(card),
            *_policies(card),
            "",
        ]
    )


def adds_table(card: Mapping[str, Any]) -> str:
    """The table that says whether a probe is worth having."""
    return "\n".join(_adds(card))


def _head(name: str, card: Mapping[str, Any]) -> Iterable[str]:
    source, model = card["provenance"], card["provenance"]["model"]
    families = f"{len(card['families'])} families ({', '.join(card['families'])}; {card['templates']} templates)"
    losses = ", ".join(f"{form} {loss:.4f}" for form, loss in card["form_losses"].items())
    folds = ", ".join(f"{count} by {by}" for by, count in card["folds"].items())
    profiles = (f"{each['name']} {each['rows']} × {each['think_tokens']} tokens" for each in card["references"])
    paragraphs = (
        f"# Probe of {name}",
        f"Fitted on {card['questions']:,} questions of {families}, {card['samples']} samples each, recorded of "
        f"`{model['name']}` (lineage `{model['lineage']}`, file `{model['file']}`) on {source['device']}, "
        f"{source['engine']} {source['engine_version']}, {source['date'][:10]}. Seed {source['seed']}.",
        f"Features: final state of the last prompt token (at most {card['settings']['components']} directions, as the "
        "search chose), log prompt length, log-odds and entropy of the direct answer and of its first token. "
        f"Heads: logistic, C = {card['settings']['c']}. Form of the curve: {card['form']} (held-out log-loss: {losses}"
        f"). An estimate takes {card['microseconds']:.0f} µs.",
        f"Every figure below is of questions that were in no fold of what predicted them ({folds}; search, scaling and "
        "reduction inside the fold). Intervals: 95 %, bootstrap over n clusters; with few of them they are rough.",
        f"Profiles as judged here: {'; '.join(profiles)}. More rows than half of the samples cannot be judged.",
    )
    return ["\n\n".join(paragraphs)]


def _aurocs(card: Mapping[str, Any]) -> Iterable[str]:
    for target, values in card["auroc"].items():
        columns = list(values["macro"])
        yield from ("", f"## AUROC within families: {TITLES[target]}", "")
        yield from _table_head(["family", "n", "right", *columns])
        for family, row in values["families"].items():
            yield _row([family or "(none)", row["n"], f"{row['right']:.2f}", *(_number(row[c]) for c in columns)])
        yield _row(["**macro**", "", "", *(_interval(values["macro"][c]) for c in columns)])


def _contrasts(card: Mapping[str, Any]) -> Iterable[str]:
    """What tells pairs of the same tokens apart, where there are any."""
    rows = {target: found for target, found in card.get("contrasts", {}).items() if found}
    if not rows:
        return
    columns = list(next(iter(rows.values()))["macro"])
    yield from ("", "## Contrast pairs: the same tokens, another difficulty", "")
    yield "AUROC within families among these questions alone, macro mean; their length and their counts say nothing."
    yield ""
    yield from _table_head(["", "n", *columns])
    for target, found in rows.items():
        yield _row([TITLES[target], found["n"], *(_interval(found["macro"][c]) for c in columns)])
    for target, found in rows.items():
        for by, gain in found["gains"].items():
            yield from ("", f"- {TITLES[target]}, {by}: {_interval(gain, '+.3f')}")


def _adds(card: Mapping[str, Any]) -> Iterable[str]:
    where = "families never fitted" if card["adds_on"] == "families" else "templates never fitted"
    yield from ("", f"## What is added to the text, on {where}", "")
    yield "Log-loss saved [nats a question] by a model on top of the logit of the text-only rival."
    yield ""
    blocks = list(next(iter(card["adds"].values())))
    yield from _table_head(["", *blocks])
    for target, values in card["adds"].items():
        yield _row([TITLES[target], *(_interval(values[block], "+.4f") for block in blocks)])
    yield from ("", "AUROC within families, paired:", "")
    for target, values in card["auroc"].items():
        for by, gain in values["gains"].items():
            yield f"- {TITLES[target]}, {by}: {_interval(gain, '+.3f')}"


def _calibrations(card: Mapping[str, Any]) -> Iterable[str]:
    yield from ("", "## Calibration", "")
    yield from _table_head(["held out by", "of", "mean error", "debiased", "predicted → seen, tenths of the questions"])
    for by, targets in card["calibration"].items():
        for target, found in targets.items():
            pairs = " ".join(f"{p:.2f}→{s:.2f}" for p, s in zip(found["predicted"], found["seen"], strict=True))
            yield _row([by, TITLES[target], f"{found['error']:.3f}", f"{found['debiased']:.3f}", pairs])
    far = card["far"]
    if far:
        yield ""
        yield "Share of a family that looks far away (conformal p < .05) to a probe without it: " + ", ".join(
            f"{family} {share:.2f}" for family, share in far.items()
        )  # fmt: skip


def confidence_table(card: Mapping[str, Any]) -> Iterable[str]:
    """How reliable the confidence of answers is."""
    found = card.get("confidence") or {}
    if not found.get("reliability"):
        return
    yield from ("", "## Confidence: the probability that the answer is right", "")
    yield from _table_head(["made of", "of", "situations", "right", "Brier", "of the level", "error", "debiased"])
    for name, kinds in found["reliability"].items():
        for kind, each in kinds.items():
            figures = (each[key] for key in ("right", "brier", "brier_of_level", "error", "debiased"))
            yield _row([name, kind, f"{each['situations']:,}", *(f"{figure:.3f}" for figure in figures)])
    if "saved" in found:
        kept = "it is part of the confidence" if found["with_probe"] else "it is left out of the confidence"
        yield ""
        yield f"Log-loss that the probe's estimate saves [nats]: {_interval(found['saved'], '+.4f')}; {kept}."
        yield ""
        yield "![Reliability of the confidence on templates held out](card.svg)"


def _policies(card: Mapping[str, Any]) -> Iterable[str]:
    for key, title in (("policies", "templates"), ("policies_unseen_families", card["adds_on"])):
        yield from ("", f"## What choosing brings, held out by {title}", "")
        yield from _policy_table(card[key])
    yield from ("", "## What confusions cost", "")
    yield "Labels by half of the samples (noisy), costs by the other half, against the label's profile."
    yield ""
    yield from _table_head(["label", "chosen", "share", "right", "think tokens"])
    for each in card["confusions"]:
        if each["share"]:
            cells = [each["label"], each["chosen"], f"{each['share']:.3f}"]
            yield _row([*cells, f"{each['right']:+.3f}", f"{each['think_tokens']:+.0f}"])
    found = card["readout"]
    yield ""
    yield (
        f"The choice agrees with half-sample labels in {found['agreement']:.2f}; the halves agree with each other in "
        f"{found['agreement_of_halves']:.2f}. Log-loss of the probabilities {found['log_loss']:.3f}, of the labels' "
        f"rates alone {found['log_loss_of_rates']:.3f}."
    )


def _policy_table(policies: Mapping[str, Any]) -> Iterable[str]:
    yield from _table_head(["policy", "right", "less always hard", "think tokens", "of hard's", "easy/normal/hard"])
    for name, each in policies.items():
        cells = [name, _interval(each["right"]), _interval(each["right_less_hard"], "+.3f")]
        shares = "/".join(f"{share:.2f}" for share in each["shares"])
        yield _row([*cells, _interval(each["think_tokens"], ".0f"), f"{each['tokens_over_hard']:.2f}", shares])


def _table_head(cells: Sequence[str]) -> tuple[str, str]:
    return _row(cells), "|" + "---|" * len(cells)


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(estimate: Mapping[str, Any], form: str = ".3f") -> str:
    """A mean with its interval and n."""
    if estimate["mean"] is None:
        return "–"
    mean = format(estimate["mean"], form)
    if estimate["low"] is None:
        return f"{mean} (n = {estimate['n']})"
    return f"{mean} [{format(estimate['low'], form)}, {format(estimate['high'], form)}] (n = {estimate['n']})"


def evaluation_text(name: str, found: Mapping[str, Any]) -> str:
    """What a probe is worth on other questions, as markdown."""
    lines = [
        f"# Probe of {name} on {found['questions']:,} questions that it was not fitted on",
        "",
        f"Hidden states agree to {found['states_agree']:.4f}; an estimate takes {found['microseconds']:.0f} µs.",
    ]
    for target, values in found["auroc"].items():
        columns = list(values["macro"])
        lines += [
            "",
            f"## AUROC within families: {TITLES[target]}",
            "",
            *_table_head(["family", "n", "right", *columns]),
        ]
        for family, row in values["families"].items():
            lines.append(
                _row([family or "(none)", row["n"], f"{row['right']:.2f}", *(_number(row[c]) for c in columns)])
            )
        lines.append(_row(["**macro**", "", "", *(_interval(values["macro"][c]) for c in columns)]))
    lines += [*_contrasts(found), "", "## Calibration", "", *_table_head(["of", "mean error", "debiased"])]
    for target, each in found["calibration"].items():
        lines.append(_row([TITLES[target], f"{each['error']:.3f}", f"{each['debiased']:.3f}"]))
    lines += confidence_table(found)
    return "\n".join([*lines, "", "## What choosing brings", "", *_policy_table(found["policies"]), ""])
