"""Published layouts: files made as each service names and writes them, down to the values that a scene gives."""

from __future__ import annotations

import pickle
import tarfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
import tifffile
from affine import Affine
from made import UTM33, shared_scene, speckled

from sar_colorize import api
from sar_colorize.errors import SceneError, UnitError, UnreadableError
from sar_colorize.raster import Unit, Window
from sar_colorize.scene import Scene
from sar_colorize.scene.layouts import recognise
from sar_colorize.scene.raster_file import open_raster
from sar_colorize.scene.snap import read_bands

MakeTif = Callable[..., Path]

GRD = "S1A_IW_GRDH_1SDV_20210119T031653_20210119T031718_036201_043ED0_8255"
OPERA = "OPERA_L2_RTC-S1_T035-073251-IW2_20240113T020816Z_20240113T113128Z_S1A_30_v1.0"
MEASUREMENT = "s1a-iw-grd-vh-20210119t031653-20210119t031718-036201-043ed0-002-cog.tiff"
GRID = Affine(10.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0)
START = "2021-01-19 03:16:53 UTC"

VV_DB, VH_DB = speckled(96, 128), speckled(96, 128, seed=1, median_db=-19)
VV, VH = 10 ** (VV_DB / 10), 10 ** (VH_DB / 10)
HOLE = np.zeros(VV.shape, bool)
HOLE[:20, :30] = True


def _holed(values: np.ndarray, nodata: float) -> np.ndarray:
    return np.where(HOLE, np.float32(nodata), values).astype(np.float32)


def _hyp3(code: str = "gpuned") -> str:
    return f"S1A_IW_20210119T031653_DVP_RTC30_G_{code}_5C0E"


def _open(path: Path | str) -> Scene:
    return open_raster(str(path))


def _all(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    raster = scene.read(scene.grid.window)
    return raster.values, raster.valid


@pytest.fixture
def hyp3_folder(make_tif: MakeTif) -> Path:
    """A HyP3 package: two polarisations and every layer that may stand beside them."""
    base = _hyp3()
    for band, values in (("VV", VV), ("VH", VH)):
        folder = make_tif(_holed(values, 0), f"{base}/{base}_{band}.tif", nodata=0).parent
        (folder / f"{base}_{band}.tif.xml").write_text("<metadata/>")
    for layer, dtype in (("dem", "int16"), ("inc_map", "float32"), ("ls_map", "uint8"), ("area", "float32")):
        make_tif(np.ones(VV.shape, dtype), f"{base}/{base}_{layer}.tif")
    make_tif(np.ones((3, *VV.shape), np.uint8), f"{base}/{base}_rgb.tif", photometric="RGB")
    (folder / f"{base}.png").write_bytes(b"browse")
    return folder


def _zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{folder.name}/{file.name}")
    return path


@pytest.mark.parametrize(
    ("code", "unit", "radiometry"),
    [
        ("gpuned", Unit.POWER, "gamma0"),
        ("spuned", Unit.POWER, "sigma0"),
        ("gauned", Unit.AMPLITUDE, "gamma0"),
        ("saufcm", Unit.AMPLITUDE, "sigma0"),
        ("gdwned", Unit.DB, "gamma0"),
    ],
)
def test_the_six_letters_of_a_hyp3_name_say_radiometry_and_scale(code: str, unit: Unit, radiometry: str) -> None:
    layout = recognise(f"/data/{_hyp3(code)}_VH.tif", [""], {}, "float32")
    assert layout is not None
    assert (layout.name, layout.unit, layout.radiometry, layout.absolute) == ("ASF HyP3 RTC", unit, radiometry, True)
    assert layout.nodata == (0.0,)
    assert f"{code!r} in the name" in layout.unit_reason


def test_each_letter_of_a_hyp3_name_is_told() -> None:
    plain = recognise(f"{_hyp3('gpuned')}_VV.tif", [""], {}, "float32")
    other = recognise("S1B_EW_20180128T161201_SHR_RTC10_G_gpwfcm_FD6A_HH.tif", [""], {}, "float32")
    assert plain is not None
    assert other is not None
    assert plain.about == {
        "mission": "S1A", "mode": "IW", "time": START,
        "processing": "gamma0, terrain corrected at 30 m, precise orbit, no speckle filter, water kept, entire area, "
        "not matched to the DEM",
    }  # fmt: skip
    assert other.about == {
        "mission": "S1B", "mode": "EW", "time": "2018-01-28 16:12:01 UTC",
        "processing": "gamma0, terrain corrected at 10 m, restituted orbit, enhanced Lee filter already applied, water "
        "masked, clipped area, matched to the DEM",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "bands", "dtype", "layout"),
    [
        (f"{_hyp3()}_VV_dB.tif", [""], "float32", None),
        (f"{_hyp3('gxuned')}_VV.tif", [""], "float32", None),
        (f"{OPERA}_HH.tif", [""], "float32", "OPERA RTC-S1"),
        ("iw-vv.rtc.tiff", [""], "float32", "Planetary Computer sentinel-1-rtc"),
        (f"{GRD}_iw-vh.rtc.tiff", [""], "float32", "Planetary Computer sentinel-1-rtc"),
        ("https://host/sentinel1-grd-rtc/iw-vv.rtc.tiff?st=2024&sig=a/b%2Fc", [""], "float32",
         "Planetary Computer sentinel-1-rtc"),
        (MEASUREMENT, [""], "uint16", "Sentinel-1 GRD measurement (COG)"),
        (MEASUREMENT.replace("-cog", ""), [""], "uint16", "Sentinel-1 GRD measurement"),
        (MEASUREMENT, [""], "float32", None),
        ("any.tif", ["Sigma0_VV", "localIncidenceAngle"], "float32", "SNAP GeoTIFF"),
        (f"{GRD}_Orb_NR_Cal_Spk_TC.tif", [""], "float32", "SNAP GeoTIFF"),
        (f"subset_0_of_{GRD}_Cal_TC_dB.tif", [""], "float32", "SNAP GeoTIFF"),
        ("any.tif", ["VV", "VH", "angle"], "float64", "Earth Engine S1_GRD"),
        (f"{GRD}-0000000000-0000023296.tif", ["VV", "VH"], "float32", "Earth Engine S1_GRD"),
        ("any.tif", ["VV", "VH"], "float32", None),
        ("any.tif", ["VV", "B4", "angle"], "float32", None),
    ],
)  # fmt: skip
def test_a_layout_is_known_by_the_whole_name_or_the_bands(
    name: str, bands: list[str], dtype: str, layout: str | None
) -> None:
    found = recognise(name, bands, {}, dtype)
    assert (found.name if found else None) == layout


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_hyp3_package_is_one_scene_of_two_bands(hyp3_folder: Path, form: str) -> None:
    source = hyp3_folder if form == "folder" else _zipped(hyp3_folder)
    scene = _open(source)
    values, valid = _all(scene)
    assert (scene.bands, scene.unit, scene.declaration.absolute) == (("VV", "VH"), Unit.POWER, True)
    assert scene.declaration.bands_reason == "from the names of its files"
    assert scene.declaration.unit_reason == "'gpuned' in the name of an ASF HyP3 RTC file says gamma0 in power"
    assert np.array_equal(valid, ~HOLE)
    assert np.array_equal(values[0], _holed(VV, 0))
    assert np.array_equal(values[1], _holed(VH, 0))
    assert scene.grid.transform == GRID
    assert rasterio.crs.CRS.from_wkt(scene.grid.crs_wkt) == rasterio.crs.CRS.from_string(UTM33)
    assert scene.block_shape == (128, 128)
    assert scene.source == str(source)
    assert scene.notes == ("no backscatter, left out: *_area.tif, *_dem.tif, *_inc_map.tif, *_ls_map.tif, *_rgb.tif",)
    assert dict(scene.about)["time"] == START
    only = open_raster(str(source), polarization="VH")
    assert only.bands == ("VH",)
    assert np.array_equal(_all(only)[0][0], _holed(VH, 0))


@pytest.mark.parametrize("layer", ["dem", "inc_map", "ls_map", "area"])
def test_a_layer_beside_the_backscatter_is_refused(hyp3_folder: Path, layer: str) -> None:
    with pytest.raises(SceneError, match=r"must be backscatter, got the .* of ASF HyP3 RTC in .*; give the _VV.tif"):
        _open(hyp3_folder / f"{hyp3_folder.name}_{layer}.tif")


def test_polarisations_on_two_grids_are_refused(make_tif: MakeTif) -> None:
    base = _hyp3()
    make_tif(VV, f"pair/{base}_VV.tif")
    folder = make_tif(VH, f"pair/{base}_VH.tif", transform=GRID @ Affine.translation(1, 0)).parent
    with pytest.raises(
        SceneError, match=r"polarisations must share one grid .* \(10, 0, 500010, .*name one of its fil"
    ):
        _open(folder)


def test_nodata_scale_and_offset_of_each_file_count_in_a_package(make_tif: MakeTif) -> None:
    stored = np.where(HOLE, -9999, np.round(VV_DB * 100)).astype(np.int16)
    for band in ("VV", "VH"):
        path = make_tif(stored, f"pair/scene_{band}.tif", nodata=-9999)
        with rasterio.open(path, "r+") as dataset:
            dataset.scales, dataset.offsets = (0.01,), (-1.0,)
    scene = _open(path.parent)
    values, valid = _all(scene)
    assert scene.unit is Unit.DB
    assert np.array_equal(valid, ~HOLE)
    assert np.allclose(values[1][valid], np.round(VV_DB * 100)[valid] / 100 - 1, atol=1e-5)


def test_a_mask_band_in_a_package_is_refused_and_not_forgotten(make_tif: MakeTif) -> None:
    for band in ("VV", "VH"):
        path = make_tif(VV_DB, f"pair/scene_{band}.tif", mask=~HOLE)
    with pytest.raises(SceneError, match=r"must say no data by a value, got a mask band in .*; name one of its files"):
        _open(path.parent)


def test_a_package_reads_alike_from_many_threads_and_after_pickling(hyp3_folder: Path) -> None:
    scene = pickle.loads(pickle.dumps(_open(_zipped(hyp3_folder))))  # noqa: S301  # our own bytes
    expected = np.stack([_holed(VV, 0), _holed(VH, 0)])
    windows = [Window(row, 3 * row, 40, 30) for row in range(30)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(scene.read, windows))
    for window, raster in zip(windows, found, strict=True):
        rows, cols = window.within(scene.grid.window)
        assert np.array_equal(raster.values, expected[:, rows, cols])


@pytest.mark.parametrize("other", [f"{_hyp3('sauned')}_VV.tif", "optical.tif"])
def test_a_folder_of_several_scenes_is_no_package(make_tif: MakeTif, other: str) -> None:
    make_tif(VV, f"mixed/{_hyp3()}_VV.tif")
    folder = make_tif(VH, f"mixed/{other}").parent
    with pytest.raises(UnreadableError, match="must be a raster file, got the folder"):
        _open(folder)
    with pytest.raises(UnreadableError, match="must hold one raster, got 2"):
        _open(_zipped(folder))


def test_an_amplitude_package_is_amplitude_and_nodata_zero_need_not_be_declared(make_tif: MakeTif) -> None:
    name = f"{_hyp3('sauned')}_VV.tif"
    scene = _open(make_tif(_holed(np.sqrt(VV), 0), name))
    assert (scene.unit, scene.declaration.absolute) == (Unit.AMPLITUDE, True)
    assert scene.validity == "not finite, value 0, as in ASF HyP3 RTC"
    assert np.array_equal(_all(scene)[1], ~HOLE)


def test_planetary_computer_rtc_is_gamma0_power(make_tif: MakeTif) -> None:
    for band, values in (("vv", VV), ("vh", VH)):
        holed = _holed(values, -32768)
        holed[50, 50] = 0
        folder = make_tif(holed, f"{GRD}/measurement/iw-{band}.rtc.tiff", nodata=-32768).parent
    scene, one = _open(folder), _open(folder / "iw-vh.rtc.tiff")
    expected = ~HOLE
    expected[50, 50] = False
    assert (scene.bands, one.bands) == (("VV", "VH"), ("VH",))
    assert (scene.unit, one.unit) == (Unit.POWER, Unit.POWER)
    assert "gamma0 in power" in one.declaration.unit_reason
    assert np.array_equal(_all(scene)[1], expected)
    assert np.array_equal(_all(one)[0][0], np.where(expected, VH, 0).astype(np.float32))
    assert dict(one.about)["time"] == START


def test_the_key_in_a_signed_url_is_never_shown() -> None:
    with pytest.raises(UnreadableError) as raised:
        _open("https://nowhere.invalid/iw-vv.rtc.tiff?st=2024&sig=SECRET%2Fkey")
    assert "https://nowhere.invalid/iw-vv.rtc.tiff" in str(raised.value)
    assert "SECRET" not in str(raised.value)


@pytest.mark.parametrize(
    ("scale", "unit", "seen"),
    [("S1_GRD", Unit.DB, "mostly negative: decibels"), ("S1_GRD_FLOAT", Unit.POWER, "never negative: linear power")],
)
@pytest.mark.parametrize("masked", [np.nan, 0.0])
def test_earth_engine_exports_are_told_apart_by_their_values(
    make_tif: MakeTif, scale: str, unit: Unit, seen: str, masked: float
) -> None:
    vv, vh = (VV_DB, VH_DB) if unit is Unit.DB else (VV, VH)
    angle = np.full(VV.shape, 38.5, np.float32)
    bands = np.stack([_holed(vv, masked), _holed(vh, masked), angle])
    scene = _open(make_tif(bands, f"{GRD}.tif", names=("VV", "VH", "angle")))
    assert (scene.bands, scene.unit) == (("VV", "VH"), unit)
    assert scene.declaration.bands_reason == "from the band descriptions; ignored: angle"
    assert seen in scene.declaration.unit_reason
    assert scene.declaration.unit_reason.endswith("S1_GRD_FLOAT power, under the same names; sigma0")
    assert np.array_equal(_all(scene)[1], ~HOLE)


def test_the_logarithm_of_masked_power_is_no_data(make_tif: MakeTif) -> None:
    with np.errstate(divide="ignore"):
        decibels = 10 * np.log10(_holed(VV, 0))
    scene = _open(make_tif(decibels, names=("VV",)))
    assert scene.unit is Unit.DB
    assert np.array_equal(_all(scene)[1], ~HOLE)


def _measurement_file(path: Path, **tags: str) -> Path:
    """Digital numbers with ground control points and no grid."""
    points = [
        rasterio.control.GroundControlPoint(row=row, col=col, x=92 + col * 1e-4, y=26 - row * 1e-4, z=0)
        for row in (0, 48, 95)
        for col in (0, 64, 127)
    ]
    values = np.where(HOLE, 0, np.sqrt(VV) * 400).astype(np.uint16)
    with rasterio.open(path, "w", driver="GTiff", width=128, height=96, count=1, dtype="uint16") as dataset:
        dataset.write(values, 1)
        dataset.gcps = (points, rasterio.crs.CRS.from_epsg(4326))
        dataset.update_tags(**tags)
    return path


@pytest.mark.parametrize("known_by", ["name", "tags"])
def test_a_measurement_without_its_annotation_is_digital_numbers(tmp_path: Path, known_by: str) -> None:
    if known_by == "name":
        scene = _open(_measurement_file(tmp_path / MEASUREMENT))
        assert scene.bands == ("VH",)
        assert dict(scene.about)["time"] == START
    else:
        tags = {"TIFFTAG_IMAGEDESCRIPTION": "Sentinel-1C EW GRD MR L1", "TIFFTAG_SOFTWARE": "Sentinel-1 IPF 003.91"}
        scene = _open(_measurement_file(tmp_path / "renamed.tif", **tags))
        assert dict(scene.about)["mission"] == "S1C"
        assert dict(scene.about)["processor"] == "IPF 3.91"
    assert (scene.unit, scene.declaration.absolute) == (Unit.DN, False)
    assert "which only the annotation of its product calibrates" in scene.declaration.unit_reason
    assert np.array_equal(_all(scene)[1], ~HOLE)
    assert scene.control is not None


def test_a_real_measurement_is_known_by_its_tags() -> None:
    scene = _open(shared_scene("sentinel1/S1A_IW_GRDH_20180716_decimated_iw-vv.tiff"))
    assert dict(scene.about)["processor"] == "IPF 2.91"
    assert "value 0, as in Sentinel-1 GRD measurement" in scene.validity


def _dimap(bands: list[dict[str, str]], before: str = "") -> str:
    """The header that SNAP writes, as far as it matters here."""
    usual = {
        "PHYSICAL_UNIT": "intensity", "SCALING_FACTOR": "1.0", "SCALING_OFFSET": "0.0", "LOG10_SCALED": "false",
        "NO_DATA_VALUE_USED": "true", "NO_DATA_VALUE": "0.0",
    }  # fmt: skip
    listed = ""
    for index, band in enumerate(bands):
        fields = {"BAND_INDEX": str(index)} | usual | band
        inner = "".join(f"<{key}>{text}</{key}>" for key, text in fields.items())
        listed += f"<Spectral_Band_Info>{inner}</Spectral_Band_Info>"
    first = f"<?xml version='1.0' encoding='ISO-8859-1'?>{before}<Dimap_Document name='a'>"
    last = "<Dataset_Sources><MDElem name='metadata'/></Dataset_Sources></Dimap_Document>"
    return f"{first}<Image_Interpretation>{listed}</Image_Interpretation>{last}"


def _named(name: str, **fields: str) -> dict[str, str]:
    return {"BAND_NAME": name} | fields


def _snap(path: Path, values: list[np.ndarray], header: str, *, big: bool = False) -> Path:
    """A GeoTIFF as SNAP writes it: big-endian, one strip a band, in UTM 33 N, its header in the tag 65000."""
    keys = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633)
    tags = [
        (33550, 12, 3, (10.0, 10.0, 0.0), True),
        (33922, 12, 6, (0.0, 0.0, 0.0, 500000.0, 5000000.0, 0.0), True),
        (34735, 3, len(keys), keys, True),
        (65000, 2, 0, header, True),
    ]
    path.parent.mkdir(exist_ok=True)
    tifffile.imwrite(
        path, np.stack(values).astype(np.float32), byteorder=">", bigtiff=big, photometric="minisblack", metadata=None,
        planarconfig="separate" if len(values) > 1 else None, extratags=tags,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("big", [False, True])
def test_snaps_band_names_are_read_from_its_own_tag(tmp_path: Path, big: bool) -> None:
    header = _dimap([
        _named("Sigma0_VH"), _named("Sigma0_VV"), _named("Sigma0_VV_db", VIRTUAL_BAND="true"),
        _named("localIncidenceAngle", PHYSICAL_UNIT="deg"),
    ])  # fmt: skip
    angle = np.full(VV.shape, 38.5)
    scene = _open(_snap(tmp_path / "a.tif", [_holed(VH, 0), _holed(VV, 0), angle], header, big=big))
    values, valid = _all(scene)
    assert scene.bands == ("VV", "VH")
    assert scene.declaration.bands_reason == "from SNAP's band names (TIFF tag 65000); ignored: localIncidenceAngle"
    assert scene.declaration.unit_reason == "band 2, Sigma0_VV, has the unit 'intensity'"
    assert scene.validity == "not finite, value 0, as in SNAP GeoTIFF"
    assert np.array_equal(valid, ~HOLE)
    assert np.array_equal(values[0], _holed(VV, 0))
    assert np.array_equal(values[1], _holed(VH, 0))


@pytest.mark.parametrize(
    ("name", "unit", "band_unit", "values", "absolute"),
    [
        ("Sigma0_VV", "intensity", Unit.POWER, VV, True),
        ("Gamma0_VV_db", "intensity_db", Unit.DB, VV_DB, True),
        ("Beta0_VV", "intensity", Unit.POWER, VV, True),
        ("Amplitude_VV", "amplitude", Unit.AMPLITUDE, np.sqrt(VV) * 3, False),
        ("Intensity_VV", "intensity", Unit.POWER, VV * 9, False),
        ("Intensity_VV_db", "intensity_db", Unit.DB, VV_DB + 40, False),
    ],
)
def test_a_one_band_export_of_snap_keeps_its_grid(
    tmp_path: Path, name: str, unit: str, band_unit: Unit, values: np.ndarray, absolute: bool
) -> None:
    header = _dimap([_named(name, PHYSICAL_UNIT=unit)])
    scene = _open(_snap(tmp_path / "one.tif", [_holed(values, 0)], header))
    assert (scene.bands, scene.unit, scene.declaration.absolute) == (("VV",), band_unit, absolute)
    assert scene.grid.transform == GRID
    assert scene.grid.crs_wkt is not None
    assert np.array_equal(_all(scene)[1], ~HOLE)


def test_of_several_bands_the_calibrated_ones_of_one_kind_are_taken(tmp_path: Path) -> None:
    names = ("Amplitude_VV", "Sigma0_VV", "Gamma0_VV", "Gamma0_VH", "Sigma0_VH")
    header = _dimap([_named(name) for name in names])
    scene = _open(_snap(tmp_path / "all.tif", [np.sqrt(VV), VV, 2 * VV, 2 * VH, VH], header))
    assert scene.declaration.bands_reason.endswith("ignored: Amplitude_VV, Gamma0_VV, Gamma0_VH")
    assert np.array_equal(_all(scene)[0], np.stack([VV, VH]).astype(np.float32))


def test_names_of_other_bands_than_the_files_are_not_believed(tmp_path: Path) -> None:
    header = _dimap([_named(f"Sigma0_{band}") for band in ("HH", "HV", "VV")])
    path = _snap(tmp_path / "cut.tif", [VV, VH], header)
    assert read_bands(str(path), 2) == ()
    assert _open(path).bands == ("VV", "VH")


@pytest.mark.parametrize(
    ("header", "got"),
    [
        (_dimap([_named("Sigma0_VV")], "<!DOCTYPE d [<!ENTITY e 'x'>]>"), "a document type of its own"),
        (_dimap([_named("Sigma0_&e;")]), "broken XML"),
        (_dimap([_named("Sigma0_VV", SCALING_FACTOR="0.01")]), "the scaled band Sigma0_VV"),
        (_dimap([_named("Sigma0_VV", LOG10_SCALED="true")]), "the scaled band Sigma0_VV"),
        (_dimap([_named("Sigma0_VV", NO_DATA_VALUE="none")]), "NO_DATA_VALUE 'none'"),
    ],
)
def test_a_header_that_is_not_snaps_is_refused(tmp_path: Path, header: str, got: str) -> None:
    path = _snap(tmp_path / "bad.tif", [VV], header)
    with pytest.raises(UnreadableError, match=rf"tag 65000\) must be plain XML of unscaled bands, got {got}"):
        _open(path)


def test_a_header_of_absurd_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _snap(tmp_path / "large.tif", [VV], _dimap([_named("Sigma0_VV", BAND_DESCRIPTION="x" * 5000)]))
    monkeypatch.setattr("sar_colorize.scene.snap.BANDS_BYTES", 4096)
    with pytest.raises(UnreadableError, match=r"got \d{4} bytes of bands"):
        _open(path)
    monkeypatch.setattr("sar_colorize.scene.snap.TAG_BYTES", 4096)
    with pytest.raises(UnreadableError, match=r"got \d{4} bytes in"):
        _open(path)


@pytest.mark.parametrize(
    ("steps", "values", "unit", "why"),
    [
        ("Orb_NR_Cal_Spk_TC", VV, Unit.POWER, "to sigma0 unless told otherwise, and no 'dB' says linear power"),
        ("Orb_Cal_TF_TC", VV, Unit.POWER, "to gamma0 unless told otherwise"),
        ("Orb_NR_Cal_Spk_TC_dB", VV_DB, Unit.DB, "and 'dB' says decibels"),
    ],
)
def test_snaps_file_name_tells_what_was_done(
    make_tif: MakeTif, steps: str, values: np.ndarray, unit: Unit, why: str
) -> None:
    scene = _open(make_tif(_holed(values, 0), f"{GRD}_{steps}.tif"))
    assert scene.unit is unit
    assert why in scene.declaration.unit_reason
    assert np.array_equal(_all(scene)[1], ~HOLE)
    assert dict(scene.about)["time"] == START


def test_snaps_order_of_two_nameless_bands_is_confirmed_by_their_levels(make_tif: MakeTif) -> None:
    name = f"{GRD}_Orb_NR_Cal_Spk_TC.tif"
    scene = _open(make_tif(np.stack([VH, VV]).astype(np.float32), name))
    assert "taken as VH, VV (the order of SNAP); their levels agree" in scene.declaration.bands_reason
    assert np.array_equal(_all(scene)[0][0], VV.astype(np.float32))


def test_a_name_that_its_values_deny_is_refused(make_tif: MakeTif) -> None:
    path = make_tif(VV_DB, f"{GRD}_Orb_Cal_TC.tif")
    with pytest.raises(UnitError, match=r"power must not be negative, got a median of -1\d\.\d+ .*set `unit` to db"):
        _open(path)
    assert open_raster(str(path), unit="db").unit is Unit.DB


def test_an_opera_burst_is_gamma0_power_and_its_mask_is_left_out(make_tif: MakeTif) -> None:
    for band, values in (("VV", VV), ("VH", VH)):
        folder = make_tif(_holed(values, np.nan), f"opera/{OPERA}_{band}.tif", nodata=np.nan).parent
    mask = make_tif(HOLE.astype(np.uint8), f"opera/{OPERA}_mask.tif")
    scene = _open(folder)
    assert (scene.bands, scene.unit) == (("VV", "VH"), Unit.POWER)
    assert scene.notes == ("no backscatter, left out: *_mask.tif",)
    assert "burst T035-073251-IW2" in dict(scene.about)["processing"]
    assert np.array_equal(_all(scene)[1], ~HOLE)
    with pytest.raises(SceneError, match="got the layover and shadow mask of OPERA RTC-S1"):
        _open(mask)


@pytest.mark.parametrize(
    ("name", "names", "values", "bands", "unit", "why"),
    [
        ("2021-01-19_Sentinel-1_AWS-IW-VVVH_VV_-_decibel_gamma0.tiff", (), VV_DB, ("VV",), Unit.DB, "decibel_gamma0"),
        ("2021-01-19_Sentinel-1_AWS-IW-VVVH_VV_-_linear_gamma0.tiff", (), VV, ("VV",), Unit.POWER, "linear_gamma0"),
        ("2021-01-19_Sentinel-1_IW_VV+VH_VH_(Raw).tiff", (), VH, ("VH",), Unit.POWER, "never negative"),
        ("openEO.tif", ("VV",), VV, ("VV",), Unit.POWER, "never negative"),
    ],
)
def test_browser_and_openeo_exports_are_read_by_their_words(
    make_tif: MakeTif, name: str, names: tuple, values: np.ndarray, bands: tuple, unit: Unit, why: str
) -> None:
    scene = _open(make_tif(_holed(values, np.nan), name, names=names))
    assert (scene.bands, scene.unit) == (bands, unit)
    assert why in scene.declaration.unit_reason


@pytest.mark.parametrize("unit", ["power", "db"])
def test_many_zeros_of_an_unknown_layout_are_pointed_out(make_tif: MakeTif, unit: str) -> None:
    path = make_tif(_holed(VV, 0), "mine.tif", names=("VV",))
    notes = open_raster(str(path), unit=unit).notes
    said = "5% of a sample is exactly 0, unlike backscatter; if it is no data, set `nodata` to 0"
    assert (said in notes) == (unit == "power")
    assert open_raster(str(path), nodata=0).notes == ()


def test_a_real_patch_in_two_files_is_one_scene(tmp_path: Path) -> None:
    import bigearthnet_common

    archive = Path(bigearthnet_common.__file__).parent / "BigEarthNet-S1-Example.tar.bz2"
    with tarfile.open(archive) as tar:
        files = sorted((m for m in tar.getmembers() if m.name.endswith(".tif")), key=lambda member: member.name)[:2]
        tar.extractall(tmp_path, files, filter="data")
    vh, vv = (tmp_path / file.name for file in files)
    scene = _open(vv.parent)
    assert (scene.bands, scene.unit, scene.grid.window.shape) == (("VV", "VH"), Unit.DB, (120, 120))
    for band, path in enumerate((vv, vh)):
        with rasterio.open(path) as dataset:
            assert np.array_equal(_all(scene)[0][band], dataset.read(1))


def test_info_tells_the_layout_and_a_window_is_read_without_the_rest(hyp3_folder: Path) -> None:
    facts = api.info(_zipped(hyp3_folder))
    assert facts["about"]["layout"] == "ASF HyP3 RTC"
    assert facts["about"]["mission"] == "S1A"
    assert facts["bands"] == ["VV", "VH"]
    assert _open(hyp3_folder).read(Window(30, 40, 5, 7)).values.shape == (2, 5, 7)


@pytest.mark.parametrize("named", ["header", "folder"])
def test_snaps_own_format_is_opened_by_its_header_or_its_folder(tmp_path: Path, named: str) -> None:
    folder = tmp_path / f"{GRD}_Orb_Cal_TC.data"
    folder.mkdir()
    (tmp_path / f"{GRD}_Orb_Cal_TC.dim").write_text("<Dimap_Document/>")
    angle = np.full(VV.shape, 38.5, np.float32)
    for name, values in (("Sigma0_VH", VH), ("Sigma0_VV", VV), ("Gamma0_VV", 2 * VV), ("localIncidenceAngle", angle)):
        with rasterio.open(
            folder / f"{name}.img", "w", driver="ENVI", width=128, height=96, count=1, dtype="float32", crs=UTM33,
            transform=GRID,
        ) as dataset:  # fmt: skip
            dataset.write(_holed(values, 0), 1)
    scene = _open(folder.with_suffix(".dim") if named == "header" else folder)
    values, valid = _all(scene)
    assert (scene.bands, scene.unit) == (("VV", "VH"), Unit.POWER)
    assert scene.declaration.unit_reason == "band 3 is called 'Sigma0_VV'"
    assert scene.declaration.bands_reason == "from the names of its files; ignored: Gamma0_VV"
    assert scene.notes == ("no backscatter, left out: localIncidenceAngle.img",)
    assert dict(scene.about)["time"] == START
    assert scene.grid.transform == GRID
    assert np.array_equal(valid, ~HOLE)
    assert np.array_equal(values, np.stack([_holed(VV, 0), _holed(VH, 0)]))


def test_what_a_mac_adds_to_a_zip_is_not_read(hyp3_folder: Path) -> None:
    path = _zipped(hyp3_folder)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"__MACOSX/{hyp3_folder.name}/._{hyp3_folder.name}_VV.tif", b"x")
    assert _open(path).bands == ("VV", "VH")
