"""A Sentinel-1 product on a server as a lazy scene, of which only the blocks that are read are fetched."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from ..errors import SceneError, SettingError, UnitError
from ..raster import Raster, Window
from ..scene import Scene
from ..scene.declare import declare
from ..scene.gdal import Handles, open_quietly, readable_by_gdal
from ..scene.header import Header
from ..scene.package import Package, to_vrt
from ..scene.raster_file import GeoTiffScene
from ..scene.safe import scene_of
from .archive import Parts, RemoteArchive
from .product import Named, RemoteProduct, find_product


@dataclass(frozen=True)
class PartScene(Scene):
    """A scene of local copies, whose blocks are brought before they are read."""

    inner: GeoTiffScene = field(kw_only=True, repr=False)
    """What reads the copies."""
    files: dict[str, str] = field(kw_only=True, repr=False)
    """Names of the copies, by band."""
    parts: Parts = field(kw_only=True, repr=False, compare=False)

    def select(self, *bands: str) -> Self:
        """The same scene with only these bands."""
        return replace(super().select(*bands), inner=self.inner.select(*bands))

    def stop(self) -> None:
        """Ends every request."""
        self.parts.stop()

    def _read_inside(self, window: Window) -> Raster:
        for band in self.bands:
            self.parts.bring(self.files[band], window)
        # Opened anew: GDAL keeps a few bytes beside those that it read, which may have been a hole then.
        return replace(self.inner, _handles=Handles()).read(window)


def open_radar(
    named: Named,
    *,
    unit: str = "auto",
    polarization: str | None = None,
    nodata: float | None = None,
    calibration: str | None = None,
    remove_noise: bool | None = None,
) -> tuple[Scene, Parts]:
    """A product on a server as a scene, in the geometry that it is stored in; and what was and will be fetched of it.

    Args:
        named: see `parse_product`. unit, polarization, nodata, calibration, remove_noise: see `scene.open_scene`.

    Raises:
        NetworkError: a server fails, or has no such product. SettingError: a setting that does not apply to it.
        UnitError: see `open_scene`. UnreadableError, SceneError: its metadata are damaged, or it is no GRD product.
    """
    _refuse({"nodata": nodata}, "a product on a server", "its nodata value is known")
    parts = Parts(f"input {named.shown}")
    try:
        product = find_product(parts.client, named)
        if product.is_rtc:
            given = {"calibration": calibration, "remove_noise": remove_noise}
            _refuse(given, "an RTC product", "it is gamma nought already")
            if unit not in ("auto", "power"):
                raise UnitError(f"unit must be auto for an RTC product, got {unit}; it holds power")
            return _open_rtc(product, named, parts, polarization), parts
        if unit not in ("auto", "power"):
            raise UnitError(f"unit must be auto for a Sentinel-1 product, got {unit}; it is calibrated to power")
        folder = parts.folder / f"{product.name}.SAFE"
        archive = RemoteArchive(named.shown, folder, "", tuple(sorted(product.urls)), product.urls, parts)
        scene: Scene = scene_of(
            archive, polarization=polarization, calibration=calibration or "sigma0",
            remove_noise=remove_noise is not False,
        )  # fmt: skip
        return replace(scene, about=dict(scene.about) | {"server": product.host}), parts
    except BaseException:
        parts.remove()
        raise


def _open_rtc(product: RemoteProduct, named: Named, parts: Parts, polarization: str | None) -> PartScene:
    """Gamma nought on a map, a file for each polarisation.

    Raises:
        SceneError: the files do not lie on one map grid. UnitError: no such polarisation.
    """
    if polarization is not None and polarization.upper() not in product.urls:
        listed = ", ".join(product.urls)
        raise UnitError(f"polarization must be one of {listed} in {named.shown}, got {polarization}")
    used = product.urls if polarization is None else {polarization.upper(): product.urls[polarization.upper()]}
    names = {band: f"{product.name}/measurement/iw-{band.lower()}.rtc.tiff" for band in used}
    files = {band: str(parts.tiff(names[band], url).path) for band, url in used.items()}
    package = Package(files, ())
    with readable_by_gdal(named.shown):
        location = to_vrt(package, named.shown)
        with open_quietly(location) as dataset:
            header = Header(dataset, named.shown, None, package)
            none = [np.empty(0, np.float32) for _ in files]  # its unit is known, so that no sample is fetched
            declaration = declare(replace(header.facts, sample=lambda: none), "auto", None)
            numbers = tuple(header.radar_bands[index] for index in declaration.indexes)
            declaration = replace(declaration, indexes=numbers)
            grid, shape = header.grid, dataset.block_shapes[0]
            if grid.crs_wkt is None or grid.transform is None or dataset.dtypes[0] != "float32":
                raise SceneError(
                    f"RTC product must hold float32 on a map, got {dataset.dtypes[0]} without a georeference or of "
                    f"another type in {named.shown}; take the GRD product of the same pass"
                )
            facts: dict[str, Any] = {"about": header.about | {"server": product.host}, "validity": header.validity}
            inner = GeoTiffScene(
                named.shown, grid, declaration, shape, header.validity, nodata=header.invalid, location=location,
            )  # fmt: skip
    return PartScene(named.shown, grid, declaration, shape, **facts, inner=inner, files=names, parts=parts)


def _refuse(settings: dict[str, Any], source: str, instead: str) -> None:
    """Refuses those that are set.

    Raises:
        SettingError: one is not None.
    """
    for name, value in settings.items():
        if value is not None:
            raise SettingError(f"{name} must be left out for {source}, got {value}; {instead}")
