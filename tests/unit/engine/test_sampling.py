"""The sampler against a slow reference, chance against chi-square, and the law that a draw depends on its row alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.engine import sampling
from edgereason.errors import EngineError, UsageError
from edgereason.protocols import Proposals
from edgereason.types import GREEDY, Sampling

settings = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 0.3, 0.7, 1.0, 2.5]),
    top_k=st.sampled_from([0, 1, 2, 7, 25, 40, 300, 10_000]),
    top_p=st.sampled_from([1.0, 0.999, 0.9, 0.5, 0.01]),
    min_p=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    seed=st.integers(0, 5),
)


def logits_of(seed: int, rows: int, vocab_size: int, *, ties: bool = False) -> np.ndarray:
    """Random logits; with ties, rounded so that many are equal."""
    made = np.random.default_rng(seed).normal(0, 3, (rows, vocab_size))
    return (np.round(made) if ties else made).astype(np.float32)


def propose(
    logits: np.ndarray, each: Sequence[tuple[Sampling, int]], positions: Sequence[int] | None = None
) -> Proposals:
    """One proposal with fresh rows."""
    rows = sampling.Rows.of(range(len(logits)), each, logits.shape[1])
    return sampling.propose(rows, logits, list(positions or [0] * len(logits)))


def reference_order(row: np.ndarray) -> list[int]:
    """Ids by falling logit, ties by id."""
    return sorted(range(len(row)), key=lambda token: (-float(row[token]), token))


def reference_kept(row: np.ndarray, how: Sampling) -> list[int]:
    """The tokens that the filters leave, by rank: written as the definitions read, one after the other."""
    order = reference_order(row)
    weights = [math.exp((float(row[token]) - float(row.max())) / how.temperature) for token in order]
    count = min(how.top_k, len(order)) if how.top_k else len(order)
    total, running, by_top_p = math.fsum(weights[:count]), 0.0, count
    if how.top_p < 1:
        for rank, weight in enumerate(weights[:count]):
            running += weight
            if running >= how.top_p * total:
                by_top_p = rank + 1
                break
    by_min_p = sum(weight >= how.min_p for weight in weights)
    return order[: max(1, min(count, by_top_p, by_min_p))]


def reference_draw(row: np.ndarray, how: Sampling, chance: float) -> tuple[int, float]:
    """The token at `chance` of the way through what is kept, and how far that is from a boundary."""
    if how.temperature == 0:
        return reference_order(row)[0], 1.0
    kept = reference_kept(row, how)
    if len(kept) == len(row):  # nothing is cut: rarer tokens follow in id order
        head = kept[: sampling.NUM_CANDIDATES]
        kept = head + sorted(set(kept) - set(head))
    weights = [math.exp((float(row[token]) - float(row.max())) / how.temperature) for token in kept]
    bounds = np.cumsum(weights) / math.fsum(weights)
    rank = min(int(np.searchsorted(bounds, chance, side="right")), len(kept) - 1)
    return kept[rank], float(np.abs(bounds - chance).min())


@given(settings, st.integers(0, 10**6), st.sampled_from([3, 20, 60, 700]), st.booleans())
def test_a_draw_is_what_the_definitions_say(how: Sampling, seed: int, vocab_size: int, ties: bool) -> None:
    """Filters, tempering, ranks and ties, against the slow reference."""
    logits = logits_of(seed, 1, vocab_size, ties=ties)
    cut_is_close = how.top_p < 1 and ties  # equal weights may fall on either side of the top-p bound
    chance = sampling.uniform(sampling.row_key(how.seed, seed), 9)

    expected, margin = reference_draw(logits[0], how, chance)

    if margin > 1e-5 and not cut_is_close:
        assert propose(logits, [(how, seed)], [9]).tokens == [expected]


@given(settings, st.integers(0, 10**6), st.booleans())
def test_only_kept_tokens_are_drawn(how: Sampling, seed: int, ties: bool) -> None:
    """Over many positions nothing comes that a filter cut."""
    logits = np.repeat(logits_of(seed, 1, 90, ties=ties), 40, axis=0)
    allowed = reference_order(logits[0])[:1] if how.temperature == 0 else reference_kept(logits[0], how)
    loose = Sampling(temperature=how.temperature, top_k=how.top_k, top_p=min(1.0, how.top_p + 1e-6), min_p=how.min_p)
    if how.temperature and how.top_p < 1:
        allowed = reference_kept(logits[0], loose)

    drawn = propose(logits, [(how, 3)] * 40, range(40)).tokens

    assert set(drawn) <= set(allowed)


@pytest.mark.parametrize(
    "how",
    [
        Sampling(temperature=1.0),
        Sampling(temperature=0.6),
        Sampling(temperature=3.0),
        Sampling(temperature=1.0, top_k=5),
        Sampling(temperature=0.8, top_p=0.9),
        Sampling(temperature=1.5, min_p=0.05),
        Sampling(temperature=1.2, top_k=30, top_p=0.95, min_p=0.01),
    ],
)
def test_draws_follow_the_distribution(how: Sampling) -> None:
    """Chi-square over 20,000 positions; seeds are fixed, so this passes always or never."""
    row = logits_of(11, 1, 64)[0]
    draws = propose(np.repeat(row[None], 20_000, axis=0), [(how, 1)] * 20_000, range(20_000)).tokens
    kept = reference_kept(row, how)
    weights = np.array([math.exp(float(row[token]) / how.temperature) for token in kept])
    expected = 20_000 * weights / weights.sum()
    counted = np.array([draws.count(token) for token in kept])
    common = expected >= 5
    statistic = ((counted - expected)[common] ** 2 / expected[common]).sum()
    degrees = max(int(common.sum()) - 1, 1)

    assert set(draws) <= set(kept)
    assert statistic < degrees + 4 * math.sqrt(2 * degrees)


def test_uniforms_are_uniform() -> None:
    """Mean, spread and neighbours of many positions of many rows, between 0 and 1."""
    drawn = np.array(
        [[sampling.uniform(sampling.row_key(0, row), place) for place in range(200)] for row in range(200)]
    )

    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.005)
    assert drawn.var() == pytest.approx(1 / 12, abs=0.002)
    assert abs(np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.02


def test_every_pair_of_seeds_has_its_own_stream() -> None:
    """Also where the two seeds have the same sum, or are swapped."""
    keys = {sampling.row_key(seed, row_seed) for seed in range(-20, 20) for row_seed in range(-20, 20)}

    assert len(keys) == 40 * 40


def test_the_hash_is_splitmix64() -> None:
    """The first outputs of the generator with seed 1234567, as its authors' code gives them."""
    state, outputs = 1234567, []
    for _ in range(3):
        state += 0x9E3779B97F4A7C15
        outputs.append(sampling.mix(state))

    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.lists(st.tuples(settings, st.integers(-(2**70), 2**70)), min_size=2, max_size=6), st.integers(0, 10**6))
def test_a_draw_does_not_depend_on_who_else_is_there(each: list[tuple[Sampling, int]], seed: int) -> None:
    """Every column of a row is the same alone and among others, in any order."""
    logits = logits_of(seed, len(each), 300)
    positions = list(range(5, 5 + len(each)))
    together = propose(logits, each, positions)
    backwards = propose(logits[::-1].copy(), each[::-1], positions[::-1])

    for row, one in enumerate(each):
        alone = propose(logits[row : row + 1], [one], positions[row : row + 1])
        for made, place in ((together, row), (backwards, len(each) - 1 - row)):
            assert made.tokens[place] == alone.tokens[0]
            assert made.logprobs[place] == alone.logprobs[0]
            assert made.entropies[place] == alone.entropies[0]
            assert made.candidates[place].tolist() == alone.candidates[0].tolist()
            assert made.candidate_logprobs[place].tolist() == alone.candidate_logprobs[0].tolist()


@given(st.integers(0, 10**6), st.sampled_from([30, 200, 9000]), st.booleans())
def test_a_carried_threshold_changes_nothing(seed: int, vocab_size: int, ties: bool) -> None:
    """Rows that have seen other logits before find the same candidates and draw the same."""
    each = [(Sampling(temperature=0.9), 1), (Sampling(top_k=40), 2)]
    carried = sampling.Rows.of(range(2), each, vocab_size)
    for step in range(3):
        logits = logits_of(seed + step, 2, vocab_size, ties=ties) * np.float32(1 + 3 * step)
        fresh = propose(logits, each, [step, step])
        made = sampling.propose(carried, logits, [step, step])
        assert made.tokens == fresh.tokens
        assert made.candidates.tolist() == fresh.candidates.tolist()


def test_candidates_are_the_largest_by_rank_with_ties_by_id() -> None:
    """Against a full sort, with many equal logits."""
    logits = logits_of(5, 3, 400, ties=True)
    made = propose(logits, [(GREEDY, 0)] * 3)

    expected = [reference_order(row)[: sampling.NUM_CANDIDATES] for row in logits]
    assert made.candidates.tolist() == expected
    assert made.tokens == [order[0] for order in expected]


def test_log_probabilities_are_of_the_untempered_distribution() -> None:
    """Temperature and filters choose the token, and say nothing about how likely it was."""
    logits = logits_of(2, 1, 50)
    hot, cold = (propose(logits, [(Sampling(temperature=t, top_k=1), 0)]) for t in (5.0, 0.1))

    assert hot.logprobs == cold.logprobs
    assert hot.entropies == cold.entropies
    assert hot.logprobs[0] == hot.candidate_logprobs[0, 0]


def test_a_token_outside_the_candidates_has_its_own_log_probability() -> None:
    """At a high temperature rare tokens come; their log-probability is theirs."""
    logits = np.repeat(logits_of(4, 1, 500), 50, axis=0)
    made = propose(logits, [(Sampling(temperature=50.0), 0)] * 50, range(50))
    exact = logits[0].astype(np.float64)
    exact = exact - exact.max() - math.log(np.exp(exact - exact.max()).sum())

    assert any(token not in made.candidates[0] for token in made.tokens)
    assert made.logprobs == pytest.approx([exact[token] for token in made.tokens], abs=1e-5)


def test_a_large_vocabulary_is_drawn_from_like_a_small_one() -> None:
    """152,000 tokens, worked on row by row, against the reference."""
    logits = logits_of(8, 3, 152_000) * np.float32(2)
    each = [(GREEDY, 0), (Sampling(temperature=0.7), 1), (Sampling(temperature=0.6, top_k=20, top_p=0.95), 2)]
    made = propose(logits, each, [4, 5, 6])

    for row, (how, seed) in enumerate(each):
        chance = sampling.uniform(sampling.row_key(how.seed, seed), 4 + row)
        expected, margin = reference_draw(logits[row], how, chance)
        assert margin > 1e-6
        assert made.tokens[row] == expected


def test_a_wide_top_k_is_the_base_of_top_p() -> None:
    """Twenty tokens of weight 1 and many that add up to 10: of the top 300 half are eleven tokens, of all fifteen."""
    logits = np.full((200, 5000), math.log(10 / 4980), np.float32)
    logits[:, :20] = 0.0
    drawn = propose(logits, [(Sampling(temperature=1.0, top_k=300, top_p=0.5), 1)] * 200, range(200)).tokens

    assert set(drawn) == set(range(11))


def test_impossible_tokens_never_come() -> None:
    """Minus infinity is a probability of zero, also where only few tokens are possible."""
    logits = np.full((60, 200), -np.inf, np.float32)
    logits[:, [7, 150, 199]] = [1.0, 1.0, -80.0]
    made = propose(logits, [(Sampling(temperature=1.0), 0)] * 60, range(60))

    assert set(made.tokens) == {7, 150}
    assert all(math.isfinite(value) for value in made.logprobs + made.entropies)


@pytest.mark.parametrize("bad", [math.nan, math.inf], ids=["nan", "inf"])
def test_logits_that_are_no_numbers_are_refused(bad: float) -> None:
    """One bad number anywhere in a row."""
    logits = logits_of(1, 2, 100)
    logits[1, 63] = bad

    with pytest.raises(EngineError, match="not finite"):
        propose(logits, [(GREEDY, 0)] * 2)


@pytest.mark.parametrize("vocab_size", [100, 9000])
@pytest.mark.parametrize("count", [1, 90])
def test_a_few_and_many_nans_are_refused_in_any_row(vocab_size: int, count: int) -> None:
    """Beside rows with many equal logits, whatever the way to the candidates."""
    for bad in range(3):
        logits = logits_of(1, 3, vocab_size, ties=True)
        logits[bad, :count] = math.nan

        with pytest.raises(EngineError, match="not finite"):
            propose(logits, [(GREEDY, 0)] * 3)


def test_a_row_without_a_possible_token_is_refused() -> None:
    """Nothing can be drawn from nothing."""
    with pytest.raises(EngineError, match="not finite"):
        propose(np.full((1, 30), -np.inf, np.float32), [(GREEDY, 0)])


def test_no_rows_give_no_proposals() -> None:
    """An empty batch proposes nothing."""
    assert propose(np.zeros((0, 30), np.float32), []).tokens == []


@pytest.mark.parametrize(
    "bad",
    [
        Sampling(temperature=-0.1),
        Sampling(temperature=math.nan),
        Sampling(temperature=math.inf),
        Sampling(top_k=-1),
        Sampling(top_p=0.0),
        Sampling(top_p=1.1),
        Sampling(top_p=math.nan),
        Sampling(min_p=-0.1),
        Sampling(min_p=1.1),
    ],
)
def test_settings_out_of_range_are_refused(bad: Sampling) -> None:
    """Each with its value in the message."""
    with pytest.raises(UsageError, match=r"(temperature|top_k|top_p|min_p) "):
        sampling.check_sampling(bad)
