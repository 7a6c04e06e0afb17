"""From backscatter to kinds of ground and their colours, where it is known what is to be expected at the place.

    p(kind | VV, VH)  ~  share of the kind x t(VV, VH; mean, covariance of the kind)
    colour            =  sum over kinds of p(kind) x colour of the kind

t is Student's density with FREEDOM degrees of freedom, so that what no kind explains well is not given to one of them.
Backscatter must be absolute, or fitted to what is expected (`evidence`). With one polarisation the other is left out;
HH stands for VV, and HV for VH.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .world import LEARNED, Array, Expectation

FREEDOM = 8.0
SHARPNESS = 2.0
"""Power of the probabilities by which colours are mixed: kinds are told apart at a glance, for 1 % more error."""
_ROW = {"VV": 0, "HH": 0, "VH": 1, "HV": 1}
MEAN_ABSOLUTE = 0.8
"""Mean absolute deviation over standard deviation, of a normal distribution."""


def kinds_of(db: Array, bands: Sequence[str], expected: Expectation, sharpness: float = 1.0) -> Array:
    """(6, N) probability of each of `world.KINDS`; they add up to 1.

    Args:
        db: (C, N) absolute decibels, finite. bands: C polarisations. expected: at the place.
        sharpness: power of the probabilities; see `SHARPNESS`.
    """
    logs = _logarithms(db, bands, expected)
    found = np.exp(sharpness * (logs - logs.max(0)))
    found /= found.sum(0)
    snow = expected.shares[LEARNED] / max(1.0 - expected.shares[0], 1e-6)  # of what is not water; radar does not tell
    white = snow * (1.0 - found[0])
    found[1:] *= 1.0 - snow
    return np.concatenate([found, white[None]])


def evidence(db: Array, bands: Sequence[str], expected: Expectation) -> float:
    """The mean logarithm of the density of db (C, N), decibels, where `expected` is: how well the two go together."""
    logs = _logarithms(db, bands, expected)
    most = logs.max(0)
    return float((most + np.log(np.exp(logs - most).sum(0))).mean())


def _logarithms(db: Array, bands: Sequence[str], expected: Expectation) -> Array:
    """(5, N) logarithm of share and density of each kind but snow, up to one constant."""
    shares, mean, covariance = expected.shares, expected.db, expected.db_covariance
    rows = [_ROW[band] for band in bands]
    logs = np.empty((LEARNED, db.shape[1]))
    for kind in range(LEARNED):
        off = db - mean[kind, rows, None]
        of_kind = covariance[kind][np.ix_(rows, rows)]
        far = (off * np.linalg.solve(of_kind, off)).sum(0)
        logs[kind] = np.log(max(shares[kind], 1e-6)) - 0.5 * np.log(np.linalg.det(of_kind))
        logs[kind] -= 0.5 * (FREEDOM + len(rows)) * np.log1p(far / FREEDOM)
    return logs


def colours_of(
    drawn: Array, expected: Expectation, probability: Array | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """CIE Lab (3, N) and the expected absolute error of a and b (N,), Lab units.

    Args:
        drawn: (6, N) shares in which the colours of kinds are mixed, such as sharpened probabilities.
        expected: at the place. probability: (6, N) of the kinds; None for those that are drawn.
    """
    probability = drawn if probability is None else probability
    lab = expected.colours.T @ drawn
    mean = expected.colours.T @ probability
    square = (expected.colours**2 + expected.spread**2 + expected.doubt**2).T @ probability
    around = (square - 2.0 * mean * lab + lab**2)[1:]
    error = expected.off * MEAN_ABSOLUTE * np.sqrt(np.maximum(around, 0.0)).mean(0)
    return lab.astype(np.float32), error.astype(np.float32)
