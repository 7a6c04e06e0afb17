"""The palette of a pair's place: from other pairs of the same site and date, never from the pair itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..color import srgb_to_lab
from ..palette.moments import Moments
from ..palette.palette import UNKNOWN_PALETTE, Palette
from .find import Pair
from .read import ground_of, read_pair


def occasion(pair: Pair) -> tuple[str, str]:
    """The site and the date of a pair: keys that begin with a or b and a number are after and before an event."""
    dated = re.match(r"([ab])\d+$", pair.key)
    return pair.site, dated[1] if dated else ""


def moments_of(pair: Pair) -> Moments:
    """The colours of a pair's picture, where it shows ground."""
    _, rgb = read_pair(pair)
    return Moments.of(srgb_to_lab(rgb.astype(np.float32) / np.float32(255.0)), ground_of(rgb))


def palette_of_others(pair: Pair, pairs: Sequence[Pair], moments: Sequence[Moments]) -> Palette:
    """The palette of the other pairs of a pair's site and date; unknown where there is none."""
    parts = [m for other, m in zip(pairs, moments, strict=True) if other != pair and occasion(other) == occasion(pair)]
    return Moments.total(parts).palette() or UNKNOWN_PALETTE
