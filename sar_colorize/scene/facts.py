"""What a source says of itself, from which its bands and unit are concluded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .layouts import Layout


@dataclass(frozen=True)
class Facts:
    """What a source says of itself before anything is concluded."""

    source: str
    """Path or name."""
    dtype: str
    """Numpy's name."""
    descriptions: Sequence[str]
    """One for each band, "" where not given."""
    units: Sequence[str]
    """One for each band, "" where not given."""
    tags: Mapping[str, str]
    """Of the whole file."""
    sample: Callable[[], Sequence[NDArray[np.float32]]]
    """Valid values of each band, called only if nothing else decides."""
    named_by: str = "the band descriptions"
    """Where the descriptions were found."""
    layout: Layout | None = None
    """The published layout that it follows, if any."""
