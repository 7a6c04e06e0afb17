"""ColorSAR and pix2pix in one scene: what they give is nearly the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..arrays import namespace
from ..color import AB_MAX
from ..planes import join
from .card import Card
from .network import Network
from .painter import Painted, RadarAlone


@dataclass(frozen=True)
class ColorSARPainter(RadarAlone):
    """ColorSAR's a and b under the radar's own L; see `painter.Painter`."""

    card: Card
    bands: tuple[str, ...]
    network: Network

    structure: ClassVar[str] = "colorsar"

    def picture(self, out: Any, lightness: Any, db: Any, beside: Any = None, numbers: Any = None) -> Painted:  # noqa: ARG002  # the protocol's
        """L as it is given, and (a, b) of the network."""
        return Painted(lab=join([lightness[:, :1], out * AB_MAX]))


@dataclass(frozen=True)
class Pix2PixPainter(RadarAlone):
    """The generator's whole picture; see `painter.Painter`."""

    card: Card
    bands: tuple[str, ...]
    network: Network

    structure: ClassVar[str] = "pix2pix"

    def picture(self, out: Any, lightness: Any, db: Any, beside: Any = None, numbers: Any = None) -> Painted:  # noqa: ARG002  # the protocol's
        """SRGB from its range of -1..1."""
        return Painted(srgb=namespace(out).clip((out + 1.0) * 0.5, 0.0, 1.0))
