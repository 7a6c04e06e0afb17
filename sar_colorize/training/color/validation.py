"""How a network in training does on val, quickly: masked errors of a and b, and pictures to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...color import lab_to_srgb, srgb_to_lab, to_uint8
from ...infer import paint_picture
from ...models.card import Card
from ...models.painter import kind_of
from ...models.registry import painter_for
from ...pairs.find import Pair
from ...pairs.palette import moments_of, palette_of_others
from ...pairs.read import ground_of, read_pair
from .dataset import lightness_of
from .settings import TrainSettings
from .system import System

_LIMIT = 128
_PICTURES = 6


@dataclass(frozen=True)
class Validation:
    """Means over the ground of val."""

    ab_error: float
    """Mean absolute error of a and b, in Lab units."""
    chroma_ratio: float
    """Predicted chroma over true chroma; 0 is grey, 1 as colourful as the ground."""
    spread_ratio: float
    """Standard deviation of predicted a and b over that of the true; 0 is one flat colour."""
    pictures: tuple[NDArray[np.uint8], ...] = field(default=(), compare=False, repr=False)
    """Radar, painted and real beside each other, (3, H, 3 W)."""

    @classmethod
    def from_dict(cls, figures: dict[str, float]) -> Validation:
        """The figures without their pictures."""
        return cls(figures["ab_error"], figures["chroma_ratio"], figures["spread_ratio"])

    def to_dict(self) -> dict[str, float]:
        """The figures alone."""
        return {key: value for key, value in asdict(self).items() if key != "pictures"}


def validate(system: System, pairs: Sequence[Pair], settings: TrainSettings, card: Card) -> Validation:
    """Figures of the network to ship, painting as it paints users' scenes.

    On the middle patch of up to 128 pairs, spread evenly over the list.

    Args:
        card: of the network.
    """
    predicted, wanted = [], []
    pictures: list[NDArray[np.uint8]] = []
    takes_palette = kind_of(card).takes_palette
    moments = [moments_of(pair) for pair in pairs] if takes_palette else []
    for pair in pairs[:: -(-len(pairs) // _LIMIT)]:
        code, rgb = (_middle(array, settings.patch_px) for array in read_pair(pair))
        lightness = lightness_of(code, rgb, pair, settings)
        palette = palette_of_others(pair, pairs, moments) if takes_palette else None
        painter = painter_for(card, system.best_network, (pair.polarization,), palette)
        lab, _ = paint_picture(painter, lightness[None], device=system.device.type, precision=settings.precision)
        ground = ground_of(rgb)
        predicted.append(lab[1:, ground])
        wanted.append(srgb_to_lab(rgb / np.float32(255.0))[1:, ground])
        if len(pictures) < _PICTURES:
            grey = np.repeat((lightness * 2.55).astype(np.uint8)[None], 3, 0)
            pictures.append(np.concatenate([grey, to_uint8(lab_to_srgb(lab)), rgb], 2))
    ab, true_ab = np.concatenate(predicted, 1), np.concatenate(wanted, 1)
    chroma, true_chroma = (np.hypot(*each).mean() for each in (ab, true_ab))
    return Validation(
        ab_error=float(np.abs(ab - true_ab).mean()),
        chroma_ratio=float(chroma / max(true_chroma, 1e-6)),
        spread_ratio=float(ab.std(1).mean() / max(true_ab.std(1).mean(), 1e-6)),
        pictures=tuple(pictures),
    )


def _middle(array: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    height, width = array.shape[-2:]
    row, col = max(0, (height - size_px) // 2), max(0, (width - size_px) // 2)
    return array[..., row : row + size_px, col : col + size_px]
