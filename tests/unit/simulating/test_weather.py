"""Laws of disturbed time: work goes as the log says, sleepers wake when the recorder did, alarms ring on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.errors import ConfigError
from edgereason.profiling.beats import BeatLog
from edgereason.simulating.clock import SimulatedClock
from edgereason.simulating.weather import Calm, Drifting, Recorded, open_weather, shipped_stalls

LOG = BeatLog(header={}, at_s=(1.0, 2.0, 5.0, 6.0), late_s=(0.0, 0.0, 2.0, 0.0), speed=(1.0, 0.5, 0.1, 1.0))


@pytest.mark.parametrize(
    ("begin_s", "work_s", "end_s"),
    [(0.0, 0.5, 0.5), (0.5, 0.75, 1.5), (2.0, 0.2, 4.0), (0.0, 2.8, 6.0), (0.0, 3.3, 6.5), (12.5, 0.5, 13.0)],
)
def test_work_goes_as_fast_as_the_log_says(begin_s: float, work_s: float, end_s: float) -> None:
    """Over the ends of beats, and round and round."""
    assert end_s == pytest.approx(Recorded(LOG).done(begin_s, work_s))


@pytest.mark.parametrize(("at_s", "woken_s"), [(0.5, 0.5), (2.5, 2.5), (3.5, 5.0), (4.9, 5.0), (5.5, 5.5), (9.9, 11.0)])
def test_a_sleeper_wakes_when_the_recorder_did(at_s: float, woken_s: float) -> None:
    """At the end of the beat that overslept, where it is in the overslept part."""
    assert woken_s == pytest.approx(Recorded(LOG).wakes(at_s))


@given(begin=st.floats(0, 50), works=st.lists(st.floats(0, 3), min_size=2, max_size=2), share=st.floats(0, 1))
def test_time_only_goes_forward_and_work_adds_up(begin: float, works: list[float], share: float) -> None:
    """Two pieces of work one after the other end when both together do."""
    weather = Recorded(LOG)
    weather.shift(share)
    middle = weather.done(begin, works[0])
    assert begin <= middle
    assert weather.done(middle, works[1]) == pytest.approx(weather.done(begin, sum(works)), abs=1e-6)


def test_drift_makes_work_slower_and_back() -> None:
    """By the factor given, half a period later; whole periods change nothing."""
    weather = Drifting(Calm(), most=2.0, period_s=100.0)

    assert [1.0, 52.0, 101.0] == pytest.approx([weather.done(t, 1.0) for t in (0.0, 50.0, 100.0)])


@pytest.mark.parametrize(
    ("due_s", "work_s", "rung_s"), [(0.5, 1.0, [0.5]), (3.5, 2.8, [5.0]), (3.5, 1.6, []), (3.5, 1.75, [])]
)
def test_an_alarm_rings_at_its_own_moment(due_s: float, work_s: float, rung_s: list[float]) -> None:
    """In the midst of work; late where the sleeper was kept; not within work that ends before that."""
    clock, rung = SimulatedClock(Recorded(LOG)), []
    clock.alarm = lambda: due_s
    clock.ring = lambda: rung.append(clock())
    clock.work(work_s)

    assert rung_s == pytest.approx(rung)
    assert clock() == pytest.approx(Recorded(LOG).done(0.0, work_s))


def test_stalls_ship_and_unknown_ones_are_named() -> None:
    """Each that ships can be read; another name is refused with it."""
    assert shipped_stalls()
    for name in shipped_stalls():
        assert open_weather(name).done(0.0, 1.0) >= 1.0
    with pytest.raises(ConfigError, match="nowhere"):
        open_weather("nowhere")
