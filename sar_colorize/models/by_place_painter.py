"""`by-place` in one scene: its palette, bands and fitted colours are settled, and radar is all that is left to give."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import namespace
from ..engine.compute import Computed, has_graphs
from ..palette.difference import difference
from ..palette.palette import MEASURED, GroundKinds, Palette, mean_and_spread
from ..planes import join, mean, wide
from ..raster import Bool, Float32, Window
from .by_place_picture import MAPS, MIDDLE, STRIDE_PX, bands_of, compose, details, fitted_colours
from .card import Card
from .graphs import BY_PLACE_BEYOND, Core, Layers, by_place_features
from .ground_kinds import REACH_PX, NoNetwork, told_picture
from .ground_numbers import numbers_of, packed
from .network import Network
from .painter import Painted

if TYPE_CHECKING:
    from torch import nn

    from .by_place import SettledByPlace


class SettledNetwork:
    """The network with palette and bands settled, see `by_place.SettledByPlace`."""

    is_bounded = False

    def __init__(self, by_place: Network, palette: Palette, bands: tuple[str, ...]) -> None:
        self._by_place, self._palette, self._bands = by_place, palette, bands

    @property
    def structure(self) -> Hashable | None:
        """The same of all palettes with the same numbers."""
        known = self._by_place.structure
        numbers = self._palette.vector().tobytes()
        return None if known is None else (known, self._bands, numbers, self._palette.fit is None)

    def module(self) -> nn.Module:
        """As torch's module."""
        return self.settled()

    def settled(self) -> SettledByPlace:
        """The same, with what it sees."""
        from .by_place import ByPlace, SettledByPlace

        network = self._by_place.module()
        assert isinstance(network, ByPlace)
        return SettledByPlace(network, self._palette, self._bands)

    def graph(self, x: Any) -> Any:
        """The maps of L / 50 - 1 (B, C, H, W) inside the halo; the features after them where they are needed."""
        layers, halo_px = Layers(self._by_place.tensors), self._by_place.card.halo_px or 0
        features = self._features(layers, x, halo_px)
        maps = layers.convolved(features, "head")
        made = maps if self._palette.fit is None else join([maps, features])
        return Core(x, halo_px, BY_PLACE_BEYOND).around(made, 4)

    def features(self, x: Any) -> Any:
        """What the network sees of L / 50 - 1, as a graph; the edge is repeated."""
        return self._features(Layers(self._by_place.tensors, with_edge=True), x)

    def _features(self, layers: Layers, x: Any, halo_px: int = 0) -> Any:
        return by_place_features(layers, x, bands_of(self._bands), self._palette.vector(), halo_px)


@dataclass(frozen=True)
class ByPlacePainter:
    """`by-place` in a scene; see `painter.PalettePainter`.

    card: of the model, with the halo and the tiles that it needs here. by_place: its network.
    """

    card: Card
    bands: tuple[str, ...]
    by_place: Network
    palette: Palette

    def __post_init__(self) -> None:
        """Where no network runs, tiles need no halo for one."""
        if self._ground is not None:
            core, overlap = self.card.tile_px - self.card.overlap_px, 2 * REACH_PX
            card = replace(self.card, halo_px=REACH_PX, overlap_px=overlap, tile_px=core + overlap)
            object.__setattr__(self, "card", card)

    @property
    def network(self) -> SettledNetwork | NoNetwork:
        """What an engine runs."""
        return self._settled if self._ground is None else NoNetwork()

    @property
    def _ground(self) -> GroundKinds | None:
        """The kinds of ground that colours are told by; None where there is a fit, or no kinds."""
        return self.palette.ground if self.palette.fit is None else None

    @cached_property
    def _settled(self) -> SettledNetwork:
        return SettledNetwork(self.by_place, self.palette, self.bands)

    @cached_property
    def _features(self) -> Computed:
        """What the network sees, computed by a graph where there is OpenVINO and the weights stay as they are."""
        if self.by_place.is_stored and has_graphs():
            return Computed(self._settled.features)
        return Computed(None, self._settled.settled().eval().features)

    @cached_property
    def _fine(self) -> Computed:
        return Computed(_finer)

    def beside(self, tile: Window) -> Float32 | None:
        """How kinds of ground differ there from their mean over the scene, see `palette.difference`."""
        return None if self._ground is None else difference(self._ground, tile)

    @property
    def structure(self) -> Hashable | None:
        """The same of all scenes with as many bands whose colours kinds of ground tell; elsewhere of one palette."""
        ground = self._ground
        if ground is not None:
            return "kinds of ground", len(self.bands), len(ground.kinds), ground.own_lightness
        known = self._settled.structure
        return None if known is None else (known, self.palette.trust, self.palette.mean, self.palette.fit)

    @cached_property
    def numbers(self) -> Float32 | None:
        """The kinds of ground, see `ground_numbers`."""
        return None if self._ground is None else packed(numbers_of(self._ground))

    def picture(self, out: Any, lightness: Any, db: Any, beside: Any = None, numbers: Any = None) -> Painted:
        """Lab and expected error, see `by_place_picture.compose`.

        Where colours are neither measured nor told by kinds of ground, L is the radar's own: what a network says of
        brightness in a place that it does not know levels out what a reader looks for.
        """
        del db  # networks see lightness
        ground, fit = self._ground, self.palette.fit
        if ground is not None:
            return told_picture(ground, lightness, beside, numbers)
        radar, vector = mean(wide(lightness)), self.palette.vector()[None]
        settled = {name: self.by_place.setting(name, 1.0) for name in ("shrink", "error_scale")}
        if fit is not None:
            fitted = fitted_colours(fit, out[:, MAPS:])
            lab, error = compose(
                out[:, :MAPS], radar, mean_and_spread(vector), fitted=fitted, texture_share=fit.texture_share, **settled
            )
            return Painted(lab=lab, error=error)
        lab, error = compose(out, radar, _as(out, mean_and_spread(vector)), **settled)
        if self.palette.trust < MEASURED:
            own = radar + (self.palette.mean[0] - MIDDLE)
            lab = join([namespace(radar).clip(own, 0.0, 100.0), lab[:, 1:]])
        return Painted(lab=lab, error=error)

    def features(self, lightness: Float32) -> Float32:
        """What the network sees of L (C, H, W) in 0..100: (width, H / 4, W / 4)."""
        height, width = lightness.shape[1:]
        x = lightness[None] * np.float32(0.02) - np.float32(1.0)
        x = np.pad(x, ((0, 0), (0, 0), (0, -height % STRIDE_PX), (0, -width % STRIDE_PX)), mode="edge")
        seen: Float32 = self._features(x)[0][:, : height // 4, : width // 4]
        return seen

    def texture(self, lightness: Float32, valid: Bool) -> Float32:
        """What is finer than 8 px in L (C, H, W) in 0..100, the mean over its bands: (N,) valid pixels.

        Whole blocks of 8 px count; a window that is smaller than one has none.
        """
        height, width = (side // 8 * 8 for side in lightness.shape[1:])
        if not height * width:
            return np.zeros(0, np.float32)
        fine: Float32 = self._fine(lightness[:, :height, :width].mean(0)[None, None])[0, 0][valid[:height, :width]]
        return fine


def _finer(lightness: Any) -> Any:
    """What is finer than 8 px."""
    return lightness - details(lightness)[2] - MIDDLE


def _as(like: Any, values: tuple[Any, Any]) -> tuple[Any, Any]:
    """Numbers of numpy as whatever stands beside `like`."""
    from ..planes import like as numbers

    return numbers(wide(like), values[0]), numbers(wide(like), values[1])
