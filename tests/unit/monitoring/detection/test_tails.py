from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from services.monitoring.detection.drift import average_run_length
from services.monitoring.detection.tails import at_least, none_at_all, share_at_least


@pytest.mark.parametrize(("count", "mean", "dispersion"), [(1, 0.2, 0.05), (12, 4.0, 0.1), (300, 200.0, 0.02)])
def test_counts_follow_a_negative_binomial(count: int, mean: float, dispersion: float) -> None:
    told = at_least(np.array([float(count)]), np.array([mean]), np.array([dispersion]))
    exact = stats.nbinom.sf(count - 1, 1 / dispersion, 1 / (1 + mean * dispersion))
    assert told == pytest.approx(exact, rel=1e-6)
    none = none_at_all(np.array([mean]), np.array([dispersion]))
    assert none == pytest.approx(stats.nbinom.pmf(0, 1 / dispersion, 1 / (1 + mean * dispersion)), rel=1e-6)


def test_nothing_is_certain_and_no_dispersion_is_chance_alone() -> None:
    zero = np.zeros(1)
    assert at_least(zero, np.ones(1), zero).tolist() == [1.0]
    assert at_least(np.array([7.0]), np.array([3.0]), zero) == pytest.approx(stats.poisson.sf(6, 3.0), rel=1e-4)


def test_a_share_that_wanders_makes_a_high_one_less_of_a_surprise() -> None:
    hits, trials, share = np.array([30.0]), np.array([50.0]), np.array([0.4])
    steady, wandering = (share_at_least(hits, trials, share, np.array([c]), hits > 0)[0] for c in (1e6, 30.0))
    assert steady == pytest.approx(stats.binom.sf(29, 50, 0.4), rel=1e-2)
    assert wandering > 5 * steady


def test_the_run_length_of_a_cusum_is_that_of_simulated_ones() -> None:
    rng = np.random.default_rng(0)
    height, lengths = 4.0, []
    for _ in range(300):
        total, looks = 0.0, 0
        while total < height:
            total = max(0.0, total + rng.normal() - 0.25)
            looks += 1
        lengths.append(looks)
    assert average_run_length(height) == pytest.approx(np.mean(lengths), rel=0.15)
