"""Our own network: radar in one or two polarisations and the palette of the place in, a whole picture out.

    maps at 1/4     U-Net over the radar, each level scaled and shifted by the palette (FiLM, Perez et al. 2018)
    a, b            mean of the palette + its spread x a bounded correction, or fitted to a picture of the same ground
    L               mean of the palette + a small correction at 1/32 + gains x three bands of the radar's L
    scale           how far from the truth a and b are expected to be, in Lab units

So colour is never far from the palette, and structure is the radar's alone: the network says how much of it is worth
showing where, and may lighten or darken ground 320 m wide and wider. Every layer is local: a tile with a halo gives
exactly what the whole scene gives.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..palette.palette import mean_and_spread
from . import reach
from .blocks import ConvBlock, enlarge

STRIDE_PX = 32
"""Shifting the input by this many pixels shifts the output alike; the size of a tile must be a multiple of it."""
BANDS = ("VV", "VH")
"""Input channels; HH is taken for VV, and HV for VH."""
PALETTE_NUMBERS = 10
"""Mean and spread of L, a, b, three correlations, and how far the palette is to be trusted; `palette.Palette`."""
MAPS = 7
_REACH = (0.5, 2.5, 2.5)
"""Largest correction of L, a and b, in spreads of the palette."""
_GAINS = (0.5, 1.1)
"""Least and greatest share of the radar's L that is shown: its structure is never lost."""
_COARSE_SHARE = 0.1
"""Of the coarse band of the radar's L beside a fitted L, which holds what that band says of the eye's."""
MIDDLE = 48.0
"""L of the radar that is as bright as the palette's mean."""
_SCALES = (0.5, 30.0)
"""Least and greatest expected error of a and b, in Lab units."""


class ByPlace(nn.Module):
    """Lightness and palette to maps at a quarter of the resolution; `compose` makes the picture of them.

    Args:
        width: channels at a quarter of the resolution; 48 makes 1.4 M parameters.
        channels: polarisations taken, 2.
        shrink: share of the correction of a and b that is believed, chosen on val.
        error_scale: factor on the expected error, calibrated on val.
    """

    def __init__(self, width: int = 48, channels: int = 2, shrink: float = 1.0, error_scale: float = 1.0) -> None:
        super().__init__()
        w = width
        self.shrink, self.error_scale = shrink, error_scale
        self.stems = nn.ModuleList(
            nn.Sequential(ConvBlock(1, w // 2, stride=2), ConvBlock(w // 2, w, stride=2)) for _ in range(channels)
        )
        self.encode_4 = ConvBlock(w, w)
        self.encode_8 = nn.Sequential(ConvBlock(w, 2 * w, stride=2), ConvBlock(2 * w, 2 * w))
        self.encode_16 = nn.Sequential(
            ConvBlock(2 * w, 4 * w, stride=2), ConvBlock(4 * w, 4 * w), nn.Dropout2d(0.1), ConvBlock(4 * w, 4 * w)
        )
        self.decode_16 = ConvBlock(4 * w, 2 * w)
        self.decode_8 = ConvBlock(4 * w, w)
        self.decode_4 = ConvBlock(2 * w, w)
        self.head = nn.Conv2d(w, MAPS, 3, padding=1, padding_mode="replicate")
        self._levels = (w, 2 * w, 4 * w, w, w)
        last = nn.Linear(64, 2 * sum(self._levels))
        self.palette = nn.Sequential(nn.Linear(PALETTE_NUMBERS, 64), nn.ReLU(), last)
        for start in (last.weight, last.bias, self.head.bias):
            if start is not None:
                nn.init.zeros_(start)

    def forward(self, lightness: Tensor, palette: Tensor, present: Tensor) -> Tensor:
        """The maps.

        Args:
            lightness: (B, 2, H, W), L / 50 - 1 of VV and VH; sides must be multiples of `STRIDE_PX`.
            palette: (B, PALETTE_NUMBERS), `Palette.vector`.
            present: (B, 2), 1 where that band is there and 0 where its values are to be ignored.

        Returns:
            (B, MAPS, H/4, W/4): corrections of L, a, b; three gains; logarithm of the scale.
        """
        out: Tensor = self.head(self.look(lightness, palette, present))
        return out

    def look(self, lightness: Tensor, palette: Tensor, present: Tensor) -> Tensor:
        """What the maps are made of, (B, width, H/4, W/4); given what `forward` is given."""
        film = iter(self.palette(palette)[..., None, None].split([2 * n for n in self._levels], 1))
        at_4 = _film(self.encode_4(self._stem(lightness, present)), next(film))  # (B, w, H/4, W/4)
        at_8 = _film(self.encode_8(at_4), next(film))  # (B, 2w, H/8, W/8)
        at_16 = _film(self.encode_16(at_8), next(film))  # (B, 4w, H/16, W/16)
        x = torch.cat([enlarge(self.decode_16(at_16), 2), at_8], 1)  # (B, 4w, H/8, W/8)
        x = _film(self.decode_8(x), next(film))  # (B, w, H/8, W/8)
        x = torch.cat([enlarge(x, 2), at_4], 1)  # (B, 2w, H/4, W/4)
        return _film(self.decode_4(x), next(film))  # (B, w, H/4, W/4)

    def _stem(self, lightness: Tensor, present: Tensor) -> Tensor:
        """Mean of the features of the bands that are there, (B, w, H/4, W/4)."""
        total: Tensor | None = None
        for number, stem in enumerate(self.stems):
            there = present[:, number].nonzero()[:, 0]
            if not len(there):
                continue
            found = stem(lightness[there, number : number + 1])
            if len(there) < len(lightness):
                found = found.new_zeros((len(lightness), *found.shape[1:])).index_add(0, there, found)
            total = found if total is None else total + found
        if total is None:
            raise ValueError("present must name at least one band for each picture, got none; pass a band")
        return total / present.sum(1).to(total.dtype)[:, None, None, None]

    def compose(
        self,
        maps: Tensor,
        lightness: Tensor,
        palette: Tensor,
        present: Tensor,
        fitted: Tensor | None = None,
        texture_share: float = 1.0,
    ) -> tuple[Tensor, Tensor]:
        """The picture, in float32.

        Args:
            maps: what `forward` gave. lightness, palette, present: what it was given.
            fitted: (B, 4, H/4, W/4) L, a, b and expected error by `Palette.fit`, where there is one: colours and broad
                brightness are then these, and the finer bands of L the radar's still.
            texture_share: of those finer bands, `Fit.texture_share`.

        Returns:
            CIE Lab (B, 3, H, W), L within 0..100, and the expected absolute error of a and b (B, 1, H, W), Lab units.
        """
        mean, spread = mean_and_spread(wide(palette))  # (B, 3) each
        reach = wide(maps).new_tensor(_REACH)[:, None, None]
        correction = reach * torch.tanh(wide(maps[:, :3]) / reach) * spread[:, :, None, None]
        ab = mean[:, 1:, None, None] + self.shrink * correction[:, 1:]
        base = mean[:, :1, None, None] + F.avg_pool2d(correction[:, :1], 8)  # (B, 1, H/32, W/32)
        fine, middle, coarse = details(radar_lightness(lightness, present))
        gains = enlarge(_GAINS[0] + (_GAINS[1] - _GAINS[0]) * torch.sigmoid(wide(maps[:, 3:6])), 4)
        seen = gains * torch.cat([fine, middle, coarse], 1)  # (B, 3, H, W)
        if fitted is None:
            full, scale = enlarge(base, 32) + seen.sum(1, keepdim=True), self.scale(maps)
        else:
            kept = texture_share * (fine + middle + _COARSE_SHARE * coarse)
            full, ab = enlarge(fitted[:, :1], 4) + kept, fitted[:, 1:3]
            scale = fitted[:, 3:].clamp(*_SCALES)
        return torch.cat([full.clamp(0.0, 100.0), enlarge(ab, 4)], 1), enlarge(scale, 4)

    def scale(self, maps: Tensor) -> Tensor:
        """The expected absolute error of a and b at a quarter of the resolution, (B, 1, H/4, W/4), in Lab units."""
        low, high = _SCALES
        return (wide(maps[:, 6:7]) + 1.4).exp().clamp(low, high) * self.error_scale


def radar_lightness(lightness: Tensor, present: Tensor) -> Tensor:
    """L in 0..100, (B, 1, H, W): the mean over the bands that are there, whose speckle is independent."""
    share = wide(present / present.sum(1, keepdim=True))[:, :, None, None]
    return (wide(lightness) * share).sum(1, keepdim=True) * 50.0 + 50.0


def details(lightness: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three bands of L: what is finer than 4 px, between 4 and 8 px, and coarser, from a middle of 48. They add up."""
    at_4, at_8 = enlarge(F.avg_pool2d(lightness, 4), 4), enlarge(F.avg_pool2d(lightness, 8), 8)
    return lightness - at_4, at_4 - at_8, at_8 - MIDDLE


def _film(x: Tensor, numbers: Tensor) -> Tensor:
    scale, shift = numbers.chunk(2, 1)
    return x * (1.0 + scale) + shift


def wide(x: Tensor) -> Tensor:
    """In float32 at least: a picture has more levels than bfloat16."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def reach_px() -> int:
    """How far from an output pixel the farthest input pixel lies that it depends on, exactly."""
    return reach.reach_px(_span, STRIDE_PX)


def halo_px() -> int:
    """`reach_px` rounded up to a multiple of `STRIDE_PX`."""
    return reach.halo_px(_span, STRIDE_PX)


def _span(pixel: int) -> reach.Span:
    """First and last input index that output index `pixel` depends on, along one axis."""
    at_32 = reach.before_enlarging((pixel, pixel), 32)  # the correction of L
    span = reach.join(reach.before_enlarging((pixel, pixel), 4), (8 * at_32[0], 8 * at_32[1] + 7))  # the maps
    at_4 = reach.before_conv(span, 2)  # head, decode_4
    at_8 = reach.before_conv(reach.before_enlarging(at_4, 2))  # decode_8
    at_16 = reach.before_conv(reach.before_enlarging(at_8, 2), 3)  # decode_16, encode_16 after its stride
    at_8 = reach.before_conv(reach.join(reach.before_stride(at_16), at_8))
    at_4 = reach.before_conv(reach.join(reach.before_stride(at_8), at_4))  # encode_4
    return reach.before_stride(reach.before_stride(at_4))


def bands_of(polarizations: Sequence[str]) -> tuple[int, ...]:
    """The input channel of each polarisation."""
    return tuple({"VV": 0, "HH": 0, "VH": 1, "HV": 1}[name] for name in polarizations)
