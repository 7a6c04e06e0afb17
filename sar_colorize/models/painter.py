"""What a network, or the composite, gives: a colour picture in CIE Lab, and how far it expects to be from the truth.

    L (B, C, H, W) -> engine runs `network` -> `picture(out, lightness, db)` -> `Painted`

The line, training and evaluation meet every model through `Painter` alone. What they must know before a network is
loaded, `Kind` says, without torch.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from ..arrays import namespace
from ..color import lab_to_srgb, lab_to_uint8, srgb_to_lab, to_uint8
from ..errors import UnitError
from ..raster import Bool, Float32, Window

if TYPE_CHECKING:
    from torch import nn

    from ..palette.palette import Palette
    from .card import Card

ERROR_TOP = 25.5
"""Expected error of a and b, in Lab units, that the last code of its band stands for."""


class Painted:
    """A batch of pictures: given in CIE Lab or in sRGB, the other follows from it.

    lab: (B, 3, H, W), L in 0..100, a and b in Lab units. srgb: (B, 3, H, W) in 0..1.
    error: (B, 1, H, W) expected absolute error of a and b in Lab units; None of a model that does not know it.
    kinds: (B, 2, H, W) the number of the most likely kind of ground, from 1, and its probability 0..1; None where
        ground is not told apart. Both may be given as a function that is called where they are asked for.
    """

    def __init__(self, *, lab: Any = None, srgb: Any = None, error: Any = None, kinds: Any = None) -> None:
        if (lab is None) == (srgb is None):
            raise ValueError("a picture must be given in Lab or in sRGB, got both or neither; pass one of them")
        self._lab, self._srgb, self._error, self._kinds = lab, srgb, error, kinds

    @property
    def error(self) -> Any:
        """(B, 1, H, W), or None."""
        return self._error() if callable(self._error) else self._error

    @property
    def kinds(self) -> Any:
        """(B, 2, H, W), or None."""
        return self._kinds() if callable(self._kinds) else self._kinds

    @property
    def lab(self) -> Any:
        """(B, 3, H, W) CIE Lab."""
        return self._lab if self._lab is not None else srgb_to_lab(self._srgb)

    @property
    def srgb(self) -> Any:
        """(B, 3, H, W) sRGB in 0..1; colours out of the gamut are clipped."""
        return self._srgb if self._srgb is not None else lab_to_srgb(self._lab)

    def levels(self, with_error: bool, with_kinds: bool) -> Any:
        """(C, H, W) of the first picture, all bands in 0..1 for codes 0..255: red, green, blue, error, kinds."""
        rgb = self.srgb
        xp = namespace(rgb)
        return xp.concatenate([rgb[0], *self._beside(with_error, with_kinds)], 0)

    def codes(self, with_error: bool, with_kinds: bool) -> Any:
        """The same as uint8; of a tensor in Lab on the CPU as a numpy array, for that is faster."""
        if self._lab is None or hasattr(self._lab, "namespace") or self._lab.device.type != "cpu":
            return to_uint8(self.levels(with_error, with_kinds))
        beside = [to_uint8(each).numpy() for each in self._beside(with_error, with_kinds)]
        return np.concatenate([lab_to_uint8(self._lab[0]), *beside])

    def _beside(self, with_error: bool, with_kinds: bool) -> list[Any]:
        """(C, H, W) in 0..1 each: expected error, kinds."""
        parts = [self.error[0] / ERROR_TOP] if with_error else []
        if with_kinds:
            kinds = self.kinds
            xp = namespace(kinds)
            parts.append(xp.stack([kinds[0, 0], xp.round(kinds[0, 1] * 100.0)], 0) / 255.0)
        return parts


class Runnable(Protocol):
    """A network with all but the radar settled, for whichever engine runs it."""

    @property
    def is_bounded(self) -> bool:
        """Whether what it gives has bounds, which even infinity is within."""
        ...

    @property
    def structure(self) -> Hashable | None:
        """What is equal of networks that compute the same, weights included; None of one that is not known to."""
        ...

    def module(self) -> nn.Module:
        """As torch's module, float32 on the CPU."""
        ...

    def graph(self, x: Any) -> Any:
        """What it gives of L / 50 - 1, a symbol of `engine.graph`, inside the halo."""
        ...


class Painter(Protocol):
    """A model in one scene: everything but the radar is settled.

    The network takes L / 50 - 1, (B, C, H, W), of the bands in their order, and gives what `picture` takes; it is None
    where there is none.
    """

    @property
    def card(self) -> Card:
        """Of the model."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Polarisations."""
        ...

    @property
    def network(self) -> Runnable | None:
        """What an engine runs."""
        ...

    def beside(self, tile: Window) -> Float32 | None:
        """What the picture of a tile takes beside its radar, (P, h, w) at whatever resolution: what varies in a scene.

        None of a painter that takes nothing.
        """
        ...

    @property
    def structure(self) -> Hashable | None:
        """What is equal of painters that compose alike, but for their `numbers`; None of one that is not known to."""
        ...

    @property
    def numbers(self) -> Float32 | None:
        """(1, N) what a graph of `picture` takes of this scene, so that it serves others; None of one without."""
        ...

    def picture(self, out: Any, lightness: Any, db: Any, beside: Any = None, numbers: Any = None) -> Painted:
        """The picture of a batch.

        Args:
            out: what the network gave, float32; None without one.
            lightness: (B, C, H, W) L in 0..100, float32. db: the same in decibels, 0 where invalid; None where it is
                not at hand, and then L stands for it.
            beside: (B, P, h, w), of each tile. numbers: those of the painter, as a symbol of a graph; elsewhere None.
        """
        ...


class RadarAlone:
    """What painters have in common that compose of the radar and the network alone."""

    numbers: ClassVar[None] = None

    def beside(self, tile: Window) -> None:
        """Nothing."""


class PalettePainter(Painter, Protocol):
    """A painter that paints in the colours of a place, and can show what a fit of them learns from."""

    @property
    def palette(self) -> Palette:
        """Of the scene."""
        ...

    def features(self, lightness: Float32) -> Float32:
        """What the network sees of L (C, H, W) in 0..100: (K, H / 4, W / 4), float32, on the CPU."""
        ...

    def texture(self, lightness: Float32, valid: Bool) -> Float32:
        """What is finer than 8 px in L (C, H, W), the mean over its bands: (N,) valid pixels."""
        ...


@dataclass(frozen=True)
class Kind:
    """What the line must know of an architecture before its network is loaded."""

    takes_palette: bool = False
    """Whether it paints in the colours of a place."""
    knows_error: bool = False
    """Whether it says how far from the truth it expects to be."""
    predicts: bool = True
    """Whether its colours are predicted; those of a formula are a code."""
    has_network: bool = True
    """Whether there are weights to load and a device to choose."""
    most_bands: int | None = None
    """How many polarisations it takes at most; None for the channels of its card."""
    band_groups: tuple[tuple[str, ...], ...] = ()
    """Polarisations that stand for each other; one of each group is taken. Empty: the first ones."""
    compose_px: int = 0
    """How far around a pixel `Painter.picture` looks, beyond what the network saw; a multiple of what it pools."""
    tile_bytes: float = 0.0
    """Bytes that a pixel of a tile takes while the network runs in fp32, for each channel of its width: the peak of one
    tile of the card's size, measured on 2 cores of an AMD EPYC on 25 November 2026 (torch 2.13 on the CPU)."""


KINDS: Mapping[str, Kind] = {
    "composite": Kind(predicts=False, has_network=False, most_bands=2),
    "colorsar": Kind(tile_bytes=9.0),
    "pix2pix": Kind(tile_bytes=9.8),
    "by-place": Kind(
        takes_palette=True, knows_error=True, band_groups=(("VV", "HH"), ("VH", "HV")), compose_px=64, tile_bytes=3.3
    ),
}


def kind_of(card: Card) -> Kind:
    """What the line must know of the model of a card."""
    return KINDS[card.architecture]


def choose_bands(card: Card, available: Sequence[str]) -> tuple[str, ...]:
    """The polarisations that a model takes of those that a scene has, the co-polarised one first.

    Raises:
        UnitError: it takes none of them.
    """
    known = tuple(band for band in available if band in card.db_ranges)
    if not known:
        raise UnitError(
            f"polarization must be one of {', '.join(card.db_ranges)} for {card.name}, got {', '.join(available)}; "
            "name one of the scene's bands with polarization"
        )
    kind = kind_of(card)
    if kind.band_groups:
        return tuple(next(b for b in known if b in group) for group in kind.band_groups if {*group} & {*known})
    wanted = card.channels if kind.most_bands is None else kind.most_bands
    if kind.most_bands is None and len(known) < wanted:
        raise UnitError(
            f"polarization must be {wanted} bands for {card.name}, got {', '.join(known)}; choose another model"
        )
    return known[:wanted]
