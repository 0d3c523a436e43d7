"""Tasks of reasoning-gym: by name, the same each time, judged by their own scorers; said where it is not installed."""

from __future__ import annotations

import pytest

from edgereason.errors import ConfigError, ExtraMissingError
from edgereason.evals import gym
from edgereason.evals.tasks import load_task

has_gym = pytest.mark.skipif(gym.find_spec("reasoning_gym") is None, reason="the extra [gym] is not installed")


def test_without_the_package_the_install_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every extra."""
    monkeypatch.setattr(gym, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissingError, match="not installed") as raised:
        load_task("rg:leg_counting", n=1)
    assert "edgereason[gym]" in raised.value.hint


@has_gym
def test_items_depend_on_split_seed_and_index_alone() -> None:
    """A longer task begins as the shorter one; other splits and seeds share nothing."""
    short, long = load_task("rg:leg_counting", n=3, seed=5), load_task("rg:leg_counting", n=6, seed=5)
    assert short.items == long.items[:3]
    assert "rg:leg_counting test seed 5" in short.fingerprint
    others = [load_task("rg:leg_counting", n=6, seed=s, split=p) for s, p in ((6, "test"), (5, "tune"), (5, "train"))]
    texts = [{item.question for item in task.items} for task in (long, *others)]
    assert 24 == len(set.union(*texts))
    assert {("rg:leg_counting", "")} == {(item.family, item.template) for item in long.items}


@has_gym
def test_the_data_sets_own_scorer_judges() -> None:
    """A right answer that is not the stored one is right; what a scorer cannot read is wrong."""
    item = load_task("rg:countdown", n=1).items[0]
    assert item.is_right(item.target)
    left, sign, right = item.target.partition(" + ")
    if sign and "(" not in item.target and "-" not in left:
        assert item.is_right(f"{right} + {left}")
    assert not item.is_right("no expression )(")
    assert not item.is_right(None)


@has_gym
def test_unknown_names_are_refused_with_the_nearest() -> None:
    """A data set, a split."""
    with pytest.raises(ConfigError) as raised:
        load_task("rg:leg_countin")
    assert "leg_counting" in raised.value.hint
    with pytest.raises(ConfigError, match="split"):
        load_task("rg:leg_counting", n=1, split="tset")
