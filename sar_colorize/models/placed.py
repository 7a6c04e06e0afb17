"""`by-place` in one scene: its palette, bands and fitted colours are settled, and radar is all that is left to give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..palette.fit import Examples, quartered
from ..palette.palette import MEASURED, Fit, Palette
from .by_place import BANDS, MAPS, MIDDLE, STRIDE_PX, ByPlace, bands_of, details, radar_lightness, wide


class Placed(nn.Module):
    """The network in one scene: its palette and its bands are settled, and radar is all that is left to give.

    Args:
        network: `ByPlace`.
        palette: of the scene. polarizations: of its bands, in their order.
    """

    def __init__(self, network: ByPlace, palette: Palette, polarizations: Sequence[str]) -> None:
        super().__init__()
        self.network, self.channels = network, bands_of(polarizations)
        present = torch.zeros(len(BANDS))
        present[list(self.channels)] = 1.0
        self._settled = torch.from_numpy(palette.vector())[None], present[None]
        self._fit, self._measured, self._light = palette.fit, palette.trust >= MEASURED, palette.mean[0]

    def look(self, lightness: Tensor) -> Tensor:
        """The network's features of L / 50 - 1 (B, C, H, W), C bands in the scene's order; (B, width, H/4, W/4)."""
        return self.network.look(*self._given(lightness))

    def forward(self, lightness: Tensor) -> Tensor:
        """The maps of L / 50 - 1 (B, C, H, W); where colours are fitted to the place, the features after them."""
        features = self.look(lightness)
        maps: Tensor = self.network.head(features)
        return maps if self._fit is None else torch.cat([maps, features], 1)

    def picture(self, maps: Tensor, lightness: Tensor) -> tuple[Tensor, Tensor]:
        """CIE Lab (B, 3, H, W) and expected error (B, 1, H, W), see `ByPlace.compose`; `lightness` in float32.

        Where the colours of the place were not measured, L is the radar's own: what a network says of brightness in a
        place that it does not know levels out what a reader looks for.
        """
        fitted = None if self._fit is None else fitted_colours(self._fit, maps[:, MAPS:])
        share = 1.0 if self._fit is None else self._fit.texture_share
        lab, error = self.network.compose(maps[:, :MAPS], *self._given(lightness), fitted, share)
        if not self._measured:
            full, _, present = self._given(lightness)
            own = self._light + radar_lightness(full, present) - MIDDLE
            lab = torch.cat([own.clamp(0.0, 100.0), lab[:, 1:]], 1)
        return lab, error

    def _given(self, lightness: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        count, _, height, width = lightness.shape
        full = lightness.new_zeros((count, len(BANDS), height, width))
        full[:, list(self.channels)] = lightness
        palette, present = (x.to(full).expand(count, -1) for x in self._settled)
        return full, palette, present


def features_in(placed: Placed, lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees of L (C, H, W) in 0..100, (width, H / 4, W / 4), as `fitting` learns from it."""
    height, width = lightness.shape[1:]
    x = torch.from_numpy(lightness)[None] * 0.02 - 1.0
    x = F.pad(x, (0, -width % STRIDE_PX, 0, -height % STRIDE_PX), mode="replicate")
    weight = placed.network.head.weight
    with torch.inference_mode():
        seen = placed.look(x.to(weight.device, weight.dtype))[0].float().cpu().numpy()
    found: NDArray[np.float32] = seen[:, : height // 4, : width // 4]
    return found


def learn(
    found: Examples, placed: Placed, lightness: NDArray[np.float32], lab: NDArray[np.float32], valid: NDArray[np.bool_]
) -> None:
    """Adds a window to the ground that colours are fitted to.

    Args:
        placed: the network with the palette of the place. lightness: L (C, H, W) of its bands, 0..100.
        lab: CIE Lab (3, H, W) of the same ground. valid: (H, W), where both show it.
    """
    found.add(features_in(placed, lightness), *quartered(lab, valid), texture_in(lightness, valid))


def texture_in(lightness: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What is finer than 8 px in L (C, H, W) in 0..100, the mean over its bands: (N,) valid pixels.

    Whole blocks of 8 px count; a window that is smaller than one has none.
    """
    height, width = (side // 8 * 8 for side in lightness.shape[1:])
    if not height * width:
        return np.zeros(0, np.float32)
    whole = torch.from_numpy(lightness[:, :height, :width].mean(0))[None, None]
    found: NDArray[np.float32] = (whole - details(whole)[2] - MIDDLE)[0, 0].numpy()[valid[:height, :width]]
    return found


def fitted_colours(fit: Fit, features: Tensor) -> Tensor:
    """(B, 4, h, w) L, a, b and expected error, from the features (B, K, h, w); float32."""
    centre, unit = (wide(features).new_tensor(x)[:, None, None] for x in (fit.centre, fit.unit))
    z = ((wide(features) - centre) / unit).clamp(-fit.REACH, fit.REACH)
    z = torch.cat([z, z * z - 1.0], 1)
    slopes = z.new_tensor([line.slopes for line in fit.lines])[:, :, None, None]  # (4, 2K, 1, 1)
    low, high, start = z.new_tensor([(line.low, line.high, line.start) for line in fit.lines]).unbind(1)
    return F.conv2d(z, slopes, start).clamp(low[:, None, None], high[:, None, None])
