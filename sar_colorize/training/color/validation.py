"""How a network in training does on val, quickly: masked errors of (a, b), and pictures to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ...color import AB_MAX, lab_to_srgb, srgb_to_lab, to_uint8
from ...models.by_place import STRIDE_PX, ByPlace
from ...pairs.find import Pair
from ...palette.palette import Palette
from ...raster import Float32
from .dataset import lightness_of, read_pair, to_input, usable
from .places import moments_of, palette_of_others
from .settings import TrainSettings
from .systems import System

_LIMIT = 128
_PICTURES = 6


@dataclass(frozen=True)
class Validation:
    """Means over the usable pixels of val.

    ab_error: mean absolute error of a and b.
    chroma_ratio: predicted chroma over true chroma; 0 is grey, 1 as colourful as the ground.
    spread_ratio: standard deviation of predicted (a, b) over that of the true; 0 is one flat colour.
    """

    ab_error: float
    chroma_ratio: float
    spread_ratio: float
    pictures: tuple[NDArray[np.uint8], ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def from_dict(cls, figures: dict[str, float]) -> Validation:
        """The figures without their pictures."""
        return cls(figures["ab_error"], figures["chroma_ratio"], figures["spread_ratio"])

    def to_dict(self) -> dict[str, float]:
        """The figures alone."""
        return {key: value for key, value in asdict(self).items() if key != "pictures"}


def validate(
    system: System, pairs: Sequence[Pair], settings: TrainSettings, autocast: Callable[[], AbstractContextManager[Any]]
) -> Validation:
    """Figures of the network to ship, on the middle patch of up to 128 pairs, spread evenly over the list."""
    network = system.best_network.eval()
    predicted, wanted = [], []
    pictures: list[NDArray[np.uint8]] = []
    moments = [moments_of(pair) for pair in pairs] if isinstance(network, ByPlace) else []
    for pair in pairs[:: -(-len(pairs) // _LIMIT)]:
        code, rgb = read_pair(pair)
        code, rgb = _middle(code, settings.patch_px), _middle(rgb, settings.patch_px)
        lightness = lightness_of(code, rgb, pair, settings, None)
        if isinstance(network, ByPlace):
            palette = palette_of_others(pair, pairs, moments)
            lab = paint_by_place(network, {pair.polarization: lightness}, palette, autocast)[0]
        else:
            with torch.inference_mode(), autocast():
                out = network(to_input(lightness)[None].to(system.device)).float().cpu()[0]
            lab = picture_lab(out, torch.from_numpy(lightness), system.output)
        true = srgb_to_lab(torch.from_numpy(rgb.copy()).float() / 255.0)
        keep = torch.from_numpy(usable(rgb))
        predicted.append(lab[1:, keep])
        wanted.append(true[1:, keep])
        if len(pictures) < _PICTURES:
            grey = np.repeat((lightness * 2.55).astype(np.uint8)[None], 3, 0)
            pictures.append(np.concatenate([grey, to_uint8(lab_to_srgb(lab)).numpy(), rgb], 2))
    ab, true_ab = torch.cat(predicted, 1), torch.cat(wanted, 1)
    return Validation(
        ab_error=(ab - true_ab).abs().mean().item(),
        chroma_ratio=(ab.norm(dim=0).mean() / true_ab.norm(dim=0).mean().clamp(min=1e-6)).item(),
        spread_ratio=(ab.std(1).mean() / true_ab.std(1).mean().clamp(min=1e-6)).item(),
        pictures=tuple(pictures),
    )


def paint_by_place(
    network: ByPlace,
    lightness: Mapping[str, Float32],
    palette: Palette,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> tuple[Tensor, Tensor]:
    """CIE Lab (3, H, W) and expected error of a and b (H, W), Lab units, of a whole picture.

    Args:
        lightness: L (H, W) by polarisation. palette: of its place.
    """
    x = torch.cat([to_input(values) for values in lightness.values()])[None]
    height, width = x.shape[-2:]
    x = F.pad(x, (0, -width % STRIDE_PX, 0, -height % STRIDE_PX), mode="replicate").to(network.head.weight.device)
    placed = network.placed(palette, tuple(lightness))
    with torch.inference_mode():
        with autocast():
            maps = placed(x.to(network.head.weight.dtype))
        lab, scale = placed.picture(maps, x)
    return lab[0, :, :height, :width].cpu(), scale[0, 0, :height, :width].cpu()


def picture_lab(out: Tensor, lightness: Tensor, output: str) -> Tensor:
    """CIE Lab (3, H, W) of what a network gave: (a, b) under the L it was given, or its own picture."""
    if output == "ab":
        return torch.cat([lightness[None], out * AB_MAX])
    return srgb_to_lab((out.clamp(-1.0, 1.0) + 1.0) / 2.0)


def _middle(array: NDArray, size_px: int) -> NDArray:
    height, width = array.shape[-2:]
    row, col = max(0, (height - size_px) // 2), max(0, (width - size_px) // 2)
    return array[..., row : row + size_px, col : col + size_px]
