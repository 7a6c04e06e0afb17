"""Pictures of an example as users get them: with memory, with the reference's palette alone, without a reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...color import srgb_to_lab
from ...colorizer import MEMORY
from ...errors import SettingError
from ...models import registry
from ...models.composite import COMPOSITE
from ...models.painter import kind_of
from ...pairs.find import Pair
from ...pairs.geotiff import read_radar
from ...pairs.read import read_pair
from ...place import Reference
from ...prepare import ColorizeSettings, Prepared, prepare
from ...raster import Bool, Float32
from ...reference.picture import PictureSource, name_of
from ...reference.warp import warp
from ...scene import Scene, open_scene
from ..color.settings import EvaluateSettings
from .examples import Example

AB_CHANGE, L_CHANGE = 6.0, 12.0
"""Ground counts as changed where a and b of the two real pictures are further apart, or their L, in Lab units."""


@dataclass(frozen=True)
class Sight:
    """What an example's real pictures show, on the grid of its scene."""

    truth: Float32
    """(3, H, W) CIE Lab."""
    valid: Bool
    """(H, W) where the scene is valid and the truth shows ground: what is measured."""
    reference: Float32
    """(3, H, W) CIE Lab, its mean where it shows no ground."""
    seen: Bool
    """(H, W) where the reference shows ground."""

    @property
    def changed(self) -> Bool:
        """(H, W) where both show ground, and another: sqrt(da**2 + db**2) > AB_CHANGE or |dL| > L_CHANGE."""
        light, a, b = self.truth - self.reference
        moved: Bool = (np.hypot(a, b) > AB_CHANGE) | (np.abs(light) > L_CHANGE)
        return moved & self.valid & self.seen

    @property
    def unchanged(self) -> Bool:
        """(H, W) where both show the same ground."""
        return self.valid & self.seen & ~self.changed


@dataclass(frozen=True)
class Painted:
    """A picture that was made."""

    lab: Float32
    """(3, H, W) CIE Lab of its 8-bit codes."""
    memory: Float32 | None = None
    changed: Float32 | None = None
    """(H, W) shares 0..1, with a reference; see `reference.memory`."""


@dataclass(frozen=True)
class Painters:
    """Runs the line that `colorize` runs on a whole scene, in one block."""

    model: str
    """A name or a weights file."""
    filter: str
    device: str
    precision: str
    structure: str
    with_radar: bool
    """Whether the radar of the reference's date is given too."""
    _last: dict[Path, Painted] = field(default_factory=dict, repr=False, compare=False)
    """The last picture without a reference, by its scene: a scene has many references, one after the other."""

    def remembered(self, scene: Scene, example: Example, reference: PictureSource | None = None) -> Painted:
        """The picture with memory; `reference` replaces that of the example."""
        source = str(example.reference) if reference is None else reference
        before = example.before if self.with_radar else None
        radar = None if before is None else open_radar(before)
        settings = self._settings(
            reference=name_of(source), reference_radar=None if radar is None else radar.source, date=example.date,
            reference_date=example.reference_date, structure=self.structure,
        )  # fmt: skip
        return _painted(prepare(scene, settings, reference=Reference(source, radar)))

    def with_palette(self, scene: Scene, reference: Path) -> Painted:
        """The picture that has the colours of the reference alone."""
        return _painted(prepare(scene, self._settings(palette=str(reference))))

    def plain(self, scene: Scene, example: Example) -> Painted:
        """The picture of an example's scene without any reference."""
        path = example.pair.s1
        if path not in self._last:
            self._last.clear()
            self._last[path] = _painted(prepare(scene, self._settings()))
        return self._last[path]

    def composite(self, scene: Scene) -> Painted:
        """The false colours of the scene's two polarisations; grey where it has one."""
        return _painted(prepare(scene, self._settings(model=COMPOSITE.name)))

    def _settings(self, **more: Any) -> ColorizeSettings:
        model = more.pop("model", self.model)
        return ColorizeSettings(model=model, filter=self.filter, device=self.device, precision=self.precision, **more)


def painters_of(model: str, settings: EvaluateSettings) -> Painters:
    """What paints with a model.

    Raises:
        ModelError: it cannot be loaded.
        SettingError: its colours are a code, which no reference shows.
    """
    card = registry.load_card(model)
    if not kind_of(card).predicts:
        raise SettingError(f"reference must be left out for {card.name}, whose colours are a code; by-place takes one")
    return Painters(
        model, settings.filter, settings.device, settings.precision, settings.structure, settings.reference_radar
    )


def open_radar(pair: Pair) -> Scene:
    """The radar of a pair as a scene: a GeoTIFF as it is, a picture as 8-bit values of its polarisation.

    Raises:
        SceneError, DataError: it cannot be read.
    """
    if _is_tiff(pair):
        return open_scene(pair.s1)
    import xarray

    code = radar_code(pair)
    array = xarray.DataArray(code[None], dims=("band", "y", "x"), coords={"band": [pair.polarization]})
    return open_scene(array.rename(str(pair.s1)), unit="display")


def radar_code(pair: Pair) -> NDArray[np.uint8]:
    """Display code (H, W) of the radar of a pair, of the band of its polarisation.

    Raises:
        DataError: it cannot be read.
    """
    return read_radar(pair.s1, pair.polarization) if _is_tiff(pair) else read_pair(pair)[0]


def _is_tiff(pair: Pair) -> bool:
    return pair.s1.suffix.lower() in (".tif", ".tiff")


def look(example: Example, scene: Scene) -> Sight:
    """The real pictures of an example.

    Raises:
        SettingError: one cannot be read, lies elsewhere, or the truth shows no ground of the scene.
    """
    window = scene.grid.window
    truth, clear = warp(str(example.pair.s2), scene.grid).read(window)
    reference, seen = warp(str(example.reference), scene.grid).read(window)
    valid = clear & scene.read(window).valid
    if not (valid.any() and seen.any()):
        raise SettingError(
            f"pictures must show ground of the scene, got only nodata or cloud in {example.pair.s2.name} or "
            f"{example.reference.name}; leave them out"
        )
    mean = reference[:, seen].mean(1)[:, None, None]
    return Sight(truth, valid, np.where(seen, reference, mean).astype(np.float32), seen)


def _painted(prepared: Prepared) -> Painted:
    """The whole scene, in one block."""
    made = prepared.colorizer.block(prepared.scene, prepared.scene.grid.window)
    lab: Float32 = srgb_to_lab(made.values[:3].astype(np.float32) / np.float32(255.0))
    shares = [made.values[made.bands.index(name)] / np.float32(100.0) for name in MEMORY if name in made.bands]
    return Painted(lab, *shares)
