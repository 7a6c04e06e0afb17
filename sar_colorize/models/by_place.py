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

from ..palette.palette import Palette, mean_and_spread
from ..planes import enlarge, wide
from . import reach
from .blocks import ConvBlock
from .by_place_picture import BANDS, MAPS, STRIDE_PX, bands_of, compose, expected_error
from .shapes import HIDDEN, PALETTE_NUMBERS


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
        last = nn.Linear(HIDDEN, 2 * sum(self._levels))
        self.palette = nn.Sequential(nn.Linear(PALETTE_NUMBERS, HIDDEN), nn.ReLU(), last)
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
    ) -> tuple[Tensor, Tensor]:
        """The picture, in float32.

        Args:
            maps: what `forward` gave. lightness, palette, present: what it was given.

        Returns:
            CIE Lab (B, 3, H, W), L within 0..100, and the expected absolute error of a and b (B, 1, H, W), Lab units.
        """
        made: tuple[Tensor, Tensor] = compose(
            maps, radar_lightness(lightness, present), mean_and_spread(wide(palette)), shrink=self.shrink,
            error_scale=self.error_scale,
        )  # fmt: skip
        return made

    def scale(self, maps: Tensor) -> Tensor:
        """The expected absolute error of a and b at a quarter of the resolution, (B, 1, H/4, W/4), in Lab units."""
        made: Tensor = expected_error(maps, self.error_scale)
        return made


def radar_lightness(lightness: Tensor, present: Tensor) -> Tensor:
    """L in 0..100, (B, 1, H, W): the mean over the bands that are there, whose speckle is independent."""
    share = wide(present / present.sum(1, keepdim=True))[:, :, None, None]
    made: Tensor = (wide(lightness) * share).sum(1, keepdim=True) * 50.0 + 50.0
    return made


def _film(x: Tensor, numbers: Tensor) -> Tensor:
    scale, shift = numbers.chunk(2, 1)
    return x * (1.0 + scale) + shift


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
        features = self.features(lightness)
        maps: Tensor = self.by_place.head(features)
        return torch.cat([maps, features], 1) if self._gives_features else maps

    def features(self, lightness: Tensor) -> Tensor:
        """(B, width, H/4, W/4), see `ByPlace.look`."""
        count, _, height, width = lightness.shape
        full = lightness.new_zeros((count, len(BANDS), height, width))
        full[:, list(self.channels)] = lightness
        palette, present = (x.to(full).expand(count, -1) for x in (self._palette, self._present))
        return self.by_place.look(full, palette, present)


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
