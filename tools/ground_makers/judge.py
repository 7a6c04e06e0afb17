"""How well colours are foretold where a region, or a cell, is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sar_colorize.palette.likelihood import SHARPNESS, colours_of, kinds_of
from sar_colorize.palette.world import expectation

from .learn import Array, learn
from .rows import Rows

FOLDS = 5


def print_left_out(rows: Rows) -> None:
    """Errors of the global mean, the prior, and prior and radar: mean of the regions, then a and b of each."""
    known, learned = np.isfinite(rows.db).all(1) & (rows.kind >= 0), rows
    measured = rows.of(known)
    cells = pd.factorize(learned.cell)[0] % FOLDS
    for name, parts in (("regions", learned.region), ("cells", cells.astype(str))):
        of_measured = parts[known]
        made = {each: np.empty_like(measured.lab) for each in ("mean", "prior", "prior and radar")}
        expected = np.empty(len(measured.kind))
        for part in np.unique(of_measured):
            here, rest = of_measured == part, learned.of(parts != part)
            made["mean"][here] = rest.weight @ rest.lab
            prior, both, expected[here] = foretell(learn(rest), measured.of(here))
            made["prior"][here], made["prior and radar"][here] = prior, both
        print(f"{name} left out")
        for each, lab in made.items():
            print(f"  {each:16}", _words(measured, lab))
        print("  expected error  ", _judged(measured, made["prior and radar"], expected))


def foretell(model: dict[str, Array], rows: Rows) -> tuple[Array, Array, Array]:
    """CIE Lab (N, 3) by the prior, and by prior and radar, and the expected error of the latter's a and b (N,)."""
    prior, both, error = np.empty((len(rows.kind), 3)), np.empty((len(rows.kind), 3)), np.empty(len(rows.kind))
    _, group = np.unique(rows.place, axis=0, return_inverse=True)
    for number in range(group.max() + 1):
        here = np.nonzero(group == number)[0]
        place = (rows.place[here[0], 0], rows.place[here[0], 1])
        expected = expectation(place, rows.values[here[0]], rows.land[here[0]], model)
        prior[here] = expected.mean
        drawn, chance = (kinds_of(rows.db[here].T, ("VV", "VH"), expected, power) for power in (SHARPNESS, 1.0))
        lab, error[here] = colours_of(drawn, expected, chance)
        both[here] = lab.T
    return prior, both, error


def _words(rows: Rows, lab: Array) -> str:
    """Errors of L, a and b, and of a and b region by region."""
    error, weight = np.abs(lab - rows.lab), rows.weight
    of = {region: rows.region == region for region in np.unique(rows.region)}
    means = np.stack([weight[here] @ error[here] / weight[here].sum() for here in of.values()])
    total = " ".join(f"{name} {value:.2f}" for name, value in zip("Lab", means.mean(0), strict=True))
    each = " ".join(f"{name} {value:.1f}" for name, value in zip(of, means[:, 1:].mean(1), strict=True))
    return f"a and b {means[:, 1:].mean():.2f}, {total}; {each}"


def _judged(rows: Rows, lab: Array, expected: Array) -> str:
    """Real over expected error of a and b, and their rank correlation, in the mean of the regions and of each."""
    real, found = np.abs(lab - rows.lab)[:, 1:].mean(1), {}
    for region in np.unique(rows.region):
        here = rows.region == region
        weight = rows.weight[here] / rows.weight[here].sum()
        rank = np.corrcoef(*(np.argsort(np.argsort(each[here])) for each in (expected, real)))[0, 1]
        found[region] = weight @ real[here], weight @ expected[here], rank
    off, said, rank = np.mean(list(found.values()), 0)
    each = " ".join(f"{name} {one / other:.2f}, {alike:.2f}" for name, (one, other, alike) in found.items())
    return f"{said:.2f}, real over it {off / said:.2f}, rank {rank:.2f}; {each}"
