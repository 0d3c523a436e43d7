"""Laws of the readout: cheapest good-enough profiles, curves, distances."""

from __future__ import annotations

import numpy as np

from edgereason.probing.readout import cheapest, conformal_p, hazard_curve, probabilities, survival


def test_the_cheapest_within_tolerance_is_taken() -> None:
    """Cheapest first; what is far from the best is passed over; a hopeless question is hard."""
    worth = np.array([[0.99, 1.0, 1.0], [0.5, 0.99, 1.0], [0.2, 0.5, 0.9], [0.0, 0.0, 0.0], [0.9, 0.3, 0.1]])
    assert [0, 1, 2, 2, 0] == cheapest(worth, 0.02).tolist()


def test_probabilities_count_the_ensemble() -> None:
    """They sum to one, none is impossible; a power of 0 leaves the rates that the bias says."""
    members = np.array([[[0.2, 0.9, 0.9]] * 12 + [[0.9, 0.9, 0.9]] * 4])
    found = probabilities(members, 1.0, (0, 0, 0))[0]
    assert 1 == np.argmax(found)
    assert np.isclose(1, found.sum())
    assert (found > 0).all()
    assert np.allclose([0.7, 0.2, 0.1], probabilities(members, 0.0, np.log([0.7, 0.2, 0.1])))


def test_a_hazard_curve_goes_from_direct_to_long() -> None:
    """It stays between the two levels, and reaches the second where all have settled."""
    curve = np.array([[0.1, 0.0, 0.0, 0.8]])
    found = hazard_curve(curve, np.array([[-1.0, 0.0, 60.0]]))[0]
    assert (0.1, True) == (found[0], bool((np.diff(found) > 0).all()))
    assert np.isclose(0.8, found[-1])
    assert (survival(np.zeros((1, 3)))[0] == [0.5, 0.25, 0.125]).all()


def test_p_values_of_exchangeable_distances_are_valid() -> None:
    """At most a share α of them is at most α; beyond all there is the least possible one."""
    rng = np.random.default_rng(0)
    hits = [conformal_p(np.sort(rng.random(99)), rng.random(50)) <= 0.1 for _ in range(100)]
    assert np.mean(hits) < 0.115
    assert conformal_p(np.arange(99.0), np.array([1e9]))[0] == 0.01
