"""`by-place` in one scene: its palette, bands and fitted colours are settled, and radar is all that is left to give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..palette.palette import MEASURED, Fit, GroundKinds, Palette
from ..raster import Bool, Float32
from .by_place import BANDS, MAPS, MIDDLE, STRIDE_PX, ByPlace, bands_of, details, radar_lightness, wide
from .card import Card
from .ground_kinds import REACH_PX, NoNetwork, told_picture
from .painter import Painted


class SettledByPlace(nn.Module):
    """The network with palette and bands settled: of L / 50 - 1 (B, C, H, W) the maps, and the features where needed.

    Args:
        network: `ByPlace`. palette: of the scene. polarizations: of its bands, in their order.
    """

    def __init__(self, network: ByPlace, palette: Palette, polarizations: Sequence[str]) -> None:
        super().__init__()
        self.by_place, self.channels = network, bands_of(polarizations)
        present = torch.zeros(len(BANDS))
        present[list(self.channels)] = 1.0
        self._palette, self._present = torch.from_numpy(palette.vector())[None], present[None]
        self._gives_features = palette.fit is not None

    def forward(self, lightness: Tensor) -> Tensor:
        """(B, MAPS, H/4, W/4); where colours are fitted to the place, the features after them."""
        features = self.by_place.look(*self.given(lightness))
        maps: Tensor = self.by_place.head(features)
        return torch.cat([maps, features], 1) if self._gives_features else maps

    def given(self, lightness: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What `ByPlace` takes: L in the channel of each band, the palette, and which bands are there."""
        count, _, height, width = lightness.shape
        full = lightness.new_zeros((count, len(BANDS), height, width))
        full[:, list(self.channels)] = lightness
        palette, present = (x.to(full).expand(count, -1) for x in (self._palette, self._present))
        return full, palette, present


@dataclass(frozen=True)
class ByPlacePainter:
    """`by-place` in a scene; see `painter.PalettePainter`.

    card: of the model, with the halo and the tiles that it needs here. by_place: its network, float32 on the CPU.
    """

    card: Card
    bands: tuple[str, ...]
    by_place: ByPlace
    palette: Palette

    def __post_init__(self) -> None:
        """Where no network runs, tiles need no halo for one."""
        if self._ground is not None:
            core, overlap = self.card.tile_px - self.card.overlap_px, 2 * REACH_PX
            card = replace(self.card, halo_px=REACH_PX, overlap_px=overlap, tile_px=core + overlap)
            object.__setattr__(self, "card", card)

    @property
    def network(self) -> nn.Module:
        """What an engine runs."""
        return self._settled if self._ground is None else NoNetwork()

    @property
    def _ground(self) -> GroundKinds | None:
        """The kinds of ground that colours are told by; None where there is a fit, or no kinds."""
        return self.palette.ground if self.palette.fit is None else None

    @cached_property
    def _settled(self) -> SettledByPlace:
        return SettledByPlace(self.by_place, self.palette, self.bands).eval()

    def picture(self, out: Tensor, lightness: Tensor, db: Any) -> Painted:  # noqa: ARG002  # the protocol's
        """Lab and expected error, see `ByPlace.compose`.

        Where colours are neither measured nor told by kinds of ground, L is the radar's own: what a network says of
        brightness in a place that it does not know levels out what a reader looks for.
        """
        ground, fit = self._ground, self.palette.fit
        if ground is not None:
            return told_picture(ground, lightness)
        given = self._settled.given(lightness * 0.02 - 1.0)
        fitted, share = None, 1.0
        if fit is not None:
            fitted, share = fitted_colours(fit, out[:, MAPS:]), fit.texture_share
        lab, error = self.by_place.compose(out[:, :MAPS], *given, fitted, share)
        if fitted is None and self.palette.trust < MEASURED:
            own = self.palette.mean[0] + radar_lightness(given[0], given[2]) - MIDDLE
            lab = torch.cat([own.clamp(0.0, 100.0), lab[:, 1:]], 1)
        return Painted(lab=lab, error=error)

    def features(self, lightness: Float32) -> Float32:
        """What the network sees of L (C, H, W) in 0..100: (width, H / 4, W / 4)."""
        height, width = lightness.shape[1:]
        x = torch.from_numpy(lightness)[None] * 0.02 - 1.0
        x = F.pad(x, (0, -width % STRIDE_PX, 0, -height % STRIDE_PX), mode="replicate")
        weight = self.by_place.head.weight
        with torch.inference_mode():
            given = self._settled.given(x.to(weight.device, weight.dtype))
            seen: Float32 = self.by_place.look(*given)[0].float().cpu().numpy()
        return seen[:, : height // 4, : width // 4]

    def texture(self, lightness: Float32, valid: Bool) -> Float32:
        """What is finer than 8 px in L (C, H, W) in 0..100, the mean over its bands: (N,) valid pixels.

        Whole blocks of 8 px count; a window that is smaller than one has none.
        """
        height, width = (side // 8 * 8 for side in lightness.shape[1:])
        if not height * width:
            return np.zeros(0, np.float32)
        whole = torch.from_numpy(lightness[:, :height, :width].mean(0))[None, None]
        fine: Float32 = (whole - details(whole)[2] - MIDDLE)[0, 0].numpy()
        return fine[valid[:height, :width]]


def fitted_colours(fit: Fit, features: Tensor) -> Tensor:
    """(B, 4, h, w) L, a, b and expected error, from the features (B, K, h, w); float32."""
    centre, unit = (wide(features).new_tensor(x)[:, None, None] for x in (fit.centre, fit.unit))
    z = ((wide(features) - centre) / unit).clamp(-fit.REACH, fit.REACH)
    z = torch.cat([z, z * z - 1.0], 1)
    slopes = z.new_tensor([line.slopes for line in fit.lines])[:, :, None, None]  # (4, 2K, 1, 1)
    low, high, start = z.new_tensor([(line.low, line.high, line.start) for line in fit.lines]).unbind(1)
    return F.conv2d(z, slopes, start).clamp(low[:, None, None], high[:, None, None])
