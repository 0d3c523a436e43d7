"""Would an MLP head be better than the linear ones? Nested cross-validation with it as one more setting.

    python benchmarks/probe_mlp.py RECORDS --out benchmarks/results/probe_mlp.json

RECORDS are of `edgereason probe collect`. Outer folds leave out whole templates (five) and every family once; inside a
fold the settings of the linear heads and of the MLP compete by log-loss on inner folds, over right without thought and
right after a long one, as in `edgereason probe train`. Exit code 1 where the MLP does not win: where whichever of
the two won inside a fold does not save held-out log-loss over the linear heads, by the 95 % interval over clusters.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

from edgereason.evals.states import look_again, points_of, read_questions
from edgereason.loading import load_parts
from edgereason.probing.examples import Examples, examples_of, hidden_size
from edgereason.probing.features import Floats
from edgereason.probing.fit import GRID, INNER_FOLDS, TEMPLATE_FOLDS, Indices, inner_schemes, targets
from edgereason.probing.heads import Settings, fit_reducer, fit_shares
from edgereason.probing.judging import each_left_out, folds_of, log_loss, mean_of
from edgereason.probing.readout import sigmoid
from edgereason.profiling.device import device_name
from edgereason.prompting import PromptOptions
from edgereason.records import provenance

MLPS = tuple((components, units, alpha) for components in (32, 256) for units in (8, 32) for alpha in (1.0, 10.0))
MEMBERS = 3  # networks of other seeds, averaged


def linear(settings: Settings, seen: Floats, shares: Floats, unseen: Floats) -> Floats:
    """[n, 2] chances by logistic heads."""
    reducer = fit_reducer(seen, hidden_size(seen), settings.components)
    head = fit_shares(reducer.apply(seen), shares, settings.c)
    return sigmoid(head.logits(reducer.apply(unseen)))


def network(settings: tuple[int, int, float], seen: Floats, shares: Floats, unseen: Floats) -> Floats:
    """[n, 2] chances by small networks with L2 on the same reduced features, by squared error (a proper score)."""
    components, units, alpha = settings
    reducer = fit_reducer(seen, hidden_size(seen), components)
    reduced, other = reducer.apply(seen), reducer.apply(unseen)
    scale = reduced.std(axis=0).max()
    found = np.zeros((len(unseen), shares.shape[1]))
    for member in range(MEMBERS):
        model = MLPRegressor(hidden_layer_sizes=(units,), alpha=alpha, solver="lbfgs", max_iter=60, random_state=member)
        model.fit(reduced / scale, shares)
        found += model.predict(other / scale).reshape(found.shape) / MEMBERS
    return np.clip(found, 0.01, 0.99)


def held_out(examples: Examples, train: Indices, test: Indices) -> dict[str, Any]:
    """Log-losses [n_test] of the linear settings that won inside, of the MLP's, and of whichever of the two won."""
    shares, features = targets(examples), examples.features
    losses = {"linear": np.zeros(len(GRID)), "mlp": np.zeros(len(MLPS))}
    for known, judged in itertools.chain(*inner_schemes(examples, train)):
        part = features[train[known]], shares[train[known]], features[train[judged]]
        for k, setting in enumerate(GRID):
            losses["linear"][k] += log_loss(linear(setting, *part), shares[train[judged]]).sum()
        for k, wider in enumerate(MLPS):
            losses["mlp"][k] += log_loss(network(wider, *part), shares[train[judged]]).sum()
    best = {name: int(each.argmin()) for name, each in losses.items()}
    part = features[train], shares[train], features[test]
    found: dict[str, Any] = {
        "linear": log_loss(linear(GRID[best["linear"]], *part), shares[test]).mean(axis=1),
        "mlp": log_loss(network(MLPS[best["mlp"]], *part), shares[test]).mean(axis=1),
        "mlp_won_inside": bool(losses["mlp"].min() < losses["linear"].min()),
    }
    found["either"] = found["mlp"] if found["mlp_won_inside"] else found["linear"]
    return found


def measured(examples: Examples) -> dict[str, Any]:
    """Both schemes."""
    schemes = {
        "templates": (folds_of(examples.templates, TEMPLATE_FOLDS), examples.templates),
        "families": (each_left_out(examples.families), examples.families),
    }
    report = {}
    for name, (folds, clusters) in schemes.items():
        values = {key: np.zeros(len(examples.ids)) for key in ("linear", "mlp", "either")}
        won = 0
        for train, test in folds:
            found = held_out(examples, train, test)
            won += found["mlp_won_inside"]
            for key in values:
                values[key][test] = found[key]
        report[name] = {
            **{key: float(each.mean()) for key, each in values.items()},
            "mlp_won_inside": won,
            "folds": len(folds),
            "saved_by_mlp": asdict(mean_of(values["linear"] - values["mlp"], clusters)),
            "saved_by_either": asdict(mean_of(values["linear"] - values["either"], clusters)),
        }
    return report


def main() -> None:
    """Print the figures; exit code 1 where the MLP does not win."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, nargs="+")
    parser.add_argument("--model", default="abacus")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    recorded = read_questions(given.records)
    parts = load_parts(
        given.model, engine="auto", threads=None, device="auto", profiles_dir=None, prompts=PromptOptions(),
        clock=time.perf_counter,
    )  # fmt: skip
    seen = look_again(recorded, parts)
    parts.engine.close()
    examples = examples_of([(each.record, each.evidence) for each in seen], points_of(recorded), parts.profiles)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        report = measured(examples)
    info = parts.engine.info
    header = provenance(
        device=f"{device_name()}; {info.device}", engine=info.name, engine_version=info.version, model=parts.model,
        seed=0, n=len(examples.ids), settings={"records": [path.name for path in given.records],
                                               "inner_folds": INNER_FOLDS, "mlps": MLPS},
    )  # fmt: skip
    wins = all((each["saved_by_either"]["low"] or 0) > 0 for each in report.values())
    found = {"provenance": header.to_record(), **report, "mlp_wins": wins}
    print(json.dumps({name: value for name, value in found.items() if name != "provenance"}, indent=1))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(0 if wins else 1)


if __name__ == "__main__":
    main()
