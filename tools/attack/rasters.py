"""Rasters that are damaged, impossible or strange, through the package."""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from sar_colorize.errors import UnreadableError
from sar_colorize.scene.names import is_local

from .canary import plant, shape_of, unchanged
from .case import BrokenPromiseError, Case
from .damage import Random, damaged, draw, one_of
from .judge import MOST_PX, Patience, attempt, picture_holds, valid_of_file

NAMES = ("scene.tif", "scene.TIFF", "a b.tif", "szene-ü-雪.tif", "x" * 200 + ".tif", "new\nline.tif", "%s{0}.tif",
         "-v.tif", "scene", "scene.img", "scene.png")  # fmt: skip

MOST_LAZY_PX = 1_000_000
"""Of larger lazy pictures a corner is computed."""
DTYPES = {
    "float32": 16, "uint16": 5, "uint8": 3, "float64": 2, "int16": 1, "int32": 1, "uint32": 1, "complex64": 1,
    "int8": 1,
}  # fmt: skip
FLOODS = {
    "nan": math.nan, "inf": math.inf, "-inf": -math.inf, "zero": 0.0, "negative": -1e6, "large": 3e38, "tiny": 1e-42,
    "constant": -10.0,
}  # fmt: skip


def run(case: Case, folder: Path) -> str:
    """One raster through one call."""
    random = case.random()
    source, what = make(folder, random)
    return call_and_judge(source, what, folder, random)


def make(folder: Path, random: Random) -> tuple[str, str]:
    """A raster in `folder`/in: what the package is given, and what was done to it."""
    place = folder / "in"
    place.mkdir()
    path = place / (NAMES[0] if random.random() < 0.6 else one_of(random, NAMES))
    data, what = _geotiff(random)
    if random.random() < 0.6:
        data, how = damaged(data, random)
        what += f", {how}"
    path.write_bytes(data)
    if random.random() < 0.06:
        what += f", {_beside(path, random)}"
    if random.random() < 0.06:
        return _vrt(path, random), f"{what}, vrt"
    if random.random() < 0.12:
        return _zipped(path, random), f"{what}, zip"
    return str(path), what


def call_and_judge(
    source: str, what: str, folder: Path, random: Random, scene_options: dict[str, Any] | None = None
) -> str:
    """One call of the package on a source; what is left is judged.

    Raises:
        BrokenPromiseError: a promise did not hold.
    """
    import sar_colorize as sc

    out = folder / "out"
    out.mkdir()
    plant(out, ("made.tif",))
    before, inputs = shape_of(out), shape_of(folder / "in")
    verb = draw(random, {"colorize": 6, "lazy": 7, "despeckle": 3, "info": 4})
    options = dict(scene_options or {})
    target = out / "made.tif"
    try:
        if verb == "info":
            ended, result = attempt(lambda: sc.info(source, **options))
        elif verb == "lazy":
            ended, result = attempt(lambda: _lazy(source, options))
        else:
            call = sc.colorize if verb == "colorize" else sc.despeckle
            more: dict[str, Any] = {"model": "composite"} if verb == "colorize" else {"filter": "lee"}
            ended, result = attempt(
                lambda: call(source, target, on_progress=Patience(), block_px=128, **more, **options)
            )
        if ended == "done" and verb != "info":
            try:
                scene = sc.open_scene(source, **options).select(*_bands(result, verb))
                if verb != "lazy" or result[0] is not None:
                    picture_holds(scene, None if verb == "lazy" else target, result[0] if verb == "lazy" else None)
                if scene.grid.height * scene.grid.width <= MOST_PX:
                    _allowed_by_the_file(scene)
            except UnreadableError:
                if is_local(source):
                    raise
                return f"done by {verb}, and a server that broke off before it could be judged"
        unchanged(out, before, lambda name: name == "made.tif" and ended == "done")
        unchanged(folder / "in", inputs)
    except BrokenPromiseError as error:
        raise BrokenPromiseError(f"{verb} of {what}: {error}") from (error.__cause__ or error)
    return f"{ended} by {verb}"


def _lazy(source: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """The lazy picture of a scene, computed where it is small; and the bands."""
    import sar_colorize as sc
    from sar_colorize.models.painter import choose_bands

    scene = sc.open_scene(source, **options)
    rgba = sc.colorize(scene, model="composite", block_px=128, grid=options.get("grid", "map"))
    bands = choose_bands(sc.load_card("composite"), scene.bands)
    if rgba.shape[1] * rgba.shape[2] > MOST_LAZY_PX:
        rgba[:, :64, :64].to_numpy()
        return None, bands
    return rgba.to_numpy(), bands


def _bands(result: Any, verb: str) -> tuple[str, ...]:
    return tuple(result[1]) if verb == "lazy" else tuple(result.bands)


def _allowed_by_the_file(scene: Any) -> None:
    """No pixel is valid that the file's own masks refuse."""
    indexes = getattr(scene.declaration, "indexes", None)
    if scene.control is not None or not indexes or not Path(scene.source).is_file():
        return
    allowed = valid_of_file(scene.source, tuple(indexes))
    if allowed is None or allowed.shape != (scene.grid.height, scene.grid.width):
        return
    valid = scene.read(scene.grid.window).valid
    if (valid & ~allowed).any():
        raise BrokenPromiseError(f"{int((valid & ~allowed).sum())} pixels are valid that the file says are not")


def _geotiff(random: Random) -> tuple[bytes, str]:
    """A GeoTIFF whose values, grid and structure may be strange, as bytes."""
    import rasterio
    from rasterio.io import MemoryFile

    height, width = (int(n) for n in random.integers(1, 220, 2))
    if random.random() < 0.7:
        height, width = height + 64, width + 64
    count = draw(random, {1: 6, 2: 10, 3: 2, 4: 1, 7: 1})
    dtype = draw(random, DTYPES)
    values, what = _values(random, count, height, width, dtype)
    profile: dict[str, Any] = {"driver": "GTiff", "height": height, "width": width, "count": count, "dtype": dtype}
    profile |= _grid(random, height, width)
    if random.random() < 0.6:
        profile |= {"tiled": True, "blockxsize": 64, "blockysize": 64}
    profile["compress"] = one_of(random, ("none", "deflate", "lzw", "zstd", "packbits"))
    if random.random() < 0.3 and not dtype.startswith("complex"):
        profile["nodata"] = one_of(random, (0, 1, -9999, math.nan)) if dtype.startswith("f") else 0
    if random.random() < 0.04:
        profile |= {"height": one_of(random, (100_000, 2_000_000)), "width": one_of(random, (1, 64, 40_000))}
        profile |= {"sparse_ok": True, "bigtiff": "YES", "tiled": True, "blockxsize": 512, "blockysize": 512}
        what, values = "huge", values[:0]
    with warnings.catch_warnings(), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), MemoryFile() as memory:
        warnings.simplefilter("ignore")
        with memory.open(**profile) as file:
            if len(values):
                file.write(values)
            _describe(file, random, count)
            if random.random() < 0.15 and len(values):
                file.write_mask(random.random((height, width)) > 0.3)
        return bytes(memory.getbuffer()), what


def _describe(file: Any, random: Random, count: int) -> None:
    """Names, units, tags, scales and colours of the bands, some of them nonsense."""
    from rasterio.enums import ColorInterp

    if random.random() < 0.6:
        words = ("VV", "VH", "HH", "Sigma0_VV_db", "vv", "", "ü\n", "x" * 300, "red", "angle")
        file.descriptions = tuple(one_of(random, words) for _ in range(count)) if random.random() < 0.3 else (
            "VV", "VH", "angle", "mask", "a", "b", "c")[:count]  # fmt: skip
    if random.random() < 0.5:
        file.update_tags(UNITS=one_of(random, ("dB", "power", "amplitude", "", "kelvin", "d\nB", "NaN")))
    if random.random() < 0.08:
        file.scales = tuple(random.choice([0.0, 1e300, -1.0, 0.01], count).tolist())
        file.offsets = tuple(random.choice([0.0, 1e300, -1e30], count).tolist())
    if random.random() < 0.08:
        kinds = (ColorInterp.alpha, ColorInterp.gray, ColorInterp.undefined)
        file.colorinterp = tuple(kinds[int(random.integers(0, 3))] for _ in range(count))


def _values(random: Random, count: int, height: int, width: int, dtype: str) -> tuple[np.ndarray, str]:
    """(C, H, W) backscatter in decibels or digital numbers, flooded with something or not."""
    speckle = random.gamma(4.4, 1 / 4.4, (count, height, width))
    values = 10 * np.log10(speckle) - 12 if dtype.startswith(("float", "complex", "int")) else 180 * np.sqrt(speckle)
    what = draw(random, {"plain": 7, "holes": 3, "one pixel": 1, **dict.fromkeys(FLOODS, 1)})
    if dtype.startswith(("float", "complex")):
        if what in FLOODS:
            values[:, random.random((height, width)) < random.choice([1.0, 0.5, 0.01])] = FLOODS[what]
        elif what == "holes":
            values[:, : height // 3, : width // 2] = math.nan
        elif what == "one pixel":
            values[:] = math.nan
            values[:, height // 2, width // 2] = -10
    elif what != "plain":
        values[:, : height // 2] = 0
    with np.errstate(all="ignore"):
        return (values if dtype.startswith("complex") else values.real).astype(dtype), f"{what} {dtype}"


def _grid(random: Random, height: int, width: int) -> dict[str, Any]:
    """Where a raster lies: on UTM, nowhere, at impossible places, or by control points."""
    from rasterio.control import GroundControlPoint

    where = draw(random, {"utm": 10, "none": 2, "degrees": 2, "odd": 3, "points": 3})
    if where == "none":
        return {}
    if where == "utm":
        return {"crs": "EPSG:32633", "transform": Affine(10, 0, 500_000, 0, -10, 5_000_000)}
    if where == "degrees":
        west, north = one_of(random, (11.0, 179.99, -180.0, 400.0)), one_of(random, (46.0, 89.9999, 95.0))
        return {"crs": "EPSG:4326", "transform": Affine(1e-4, 0, west, 0, -1e-4, north)}
    if where == "odd":
        odd = (0.0, 1e-300, 1e300, -10.0, math.nan, math.inf, 10.0, 1e9)
        numbers = [one_of(random, odd) for _ in range(6)]
        crs = one_of(random, ("EPSG:32633", "EPSG:3857", "EPSG:32761", "EPSG:3413", "EPSG:4978", "EPSG:4326"))
        return {"crs": crs, "transform": Affine(*numbers)}
    kind = one_of(random, ("good", "same", "line", "polar", "date line", "nan", "few", "radar km", "huge"))
    count = one_of(random, (1, 2, 3)) if kind == "few" else 12
    rows = np.repeat(np.linspace(0, height, 3), 4)[:count]
    cols = np.tile(np.linspace(0, width, 4), 3)[:count]
    lon, lat = 11 - cols * 1e-4 + rows * 1e-5, 46 - rows * 1e-4 - cols * 1e-5
    if kind == "same":
        lon, lat = np.full(count, 11.0), np.full(count, 46.0)
    elif kind == "line":
        lat = lon + 35
    elif kind == "polar":
        lon, lat = cols * 3.0 - 180, 89.99 + rows * 1e-5
    elif kind == "date line":
        lon = np.where(lon > 10.995, 180 - cols * 1e-4, -180 + cols * 1e-4)
    elif kind == "nan":
        lon[int(random.integers(0, count))] = math.nan
    elif kind == "huge":
        lat = lat * 1e30
    elif kind == "radar km":
        rows, cols = rows * 1000, cols * 1000
    points = [GroundControlPoint(row=r, col=c, x=x, y=y, z=0) for r, c, x, y in zip(rows, cols, lon, lat, strict=True)]
    return {"gcps": points, "crs": "EPSG:4326"}


def _beside(path: Path, random: Random) -> str:
    """A damaged companion of the raster."""
    kind = one_of(random, (".aux.xml", ".msk", ".ovr", ".tfw"))
    target = path.with_suffix(".tfw") if kind == ".tfw" else path.with_name(path.name + kind)
    if kind == ".aux.xml":
        target.write_text("<PAMDataset><PAMRasterBand band='99'><NoDataValue>x</NoDataValue>" * 3)
    elif kind == ".tfw":
        target.write_text("0\nnan\n1e999\n-0\nabc\n\n")
    else:
        target.write_bytes(damaged(path.read_bytes(), random)[0])
    return kind


def _vrt(path: Path, random: Random) -> str:
    """A VRT of the raster, or a hostile one."""
    size = one_of(random, ("100", "2147483647", "0", "-5", "abc", "99999999999"))
    inner = one_of(random, (path.name, "/etc/hostname", "scene.vrt", "http://127.0.0.1:9/x.tif", "../in/" + path.name))
    text = (
        f'<VRTDataset rasterXSize="{size}" rasterYSize="{size}"><SRS>EPSG:32633</SRS>'
        "<GeoTransform>500000,10,0,5000000,0,-10</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1"><Description>VV</Description><SimpleSource>'
        f'<SourceFilename relativeToVRT="{int(not inner.startswith(("/", "http")))}">{inner}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    ).replace("&", "&amp;")
    made = path.parent / one_of(random, ("scene.vrt", "disguise.tif"))
    made.write_text(text)
    return str(made)


def _zipped(path: Path, random: Random) -> str:
    """A zip that holds the raster, whole or with bit rot."""
    memory = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if random.random() < 0.7 else zipfile.ZIP_STORED
    with warnings.catch_warnings(), zipfile.ZipFile(memory, "w", method) as archive:
        warnings.simplefilter("ignore")
        for _ in range(draw(random, {1: 6, 2: 1, 3: 1})):
            archive.write(path, one_of(random, ("a.tif", "../../evil.tif", "/abs.tif", "ü.tif", "a.txt", "deep/a.tif")))
    data = memory.getvalue()
    if random.random() < 0.6:
        data = damaged(data, random)[0]
    made = path.parent / "packed.zip"
    made.write_bytes(data)
    return str(made)
