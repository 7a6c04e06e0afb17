"""SAFE products: the same numbers from folder, zip, manifest and TIFF, worked by hand and by xarray-sentinel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made import shared_scene
from made_product import HEIGHT, STEM, WIDTH, Make, copy_of, default_dn, gain_at, make_safe, make_zip

from sar_colorize.errors import SarColorizeError, UnreadableError
from sar_colorize.raster import Unit, Window
from sar_colorize.scene import Scene, open_scene
from sar_colorize.scene.safe.product import read_product

WHOLE = Window(0, 0, HEIGHT, WIDTH)
REAL_ZIP = "sentinel1/S1A_IW_GRDH_1SDV_20210119T031653_20210119T031718_036201_043ED0_8255.zip"


@pytest.fixture(scope="module")
def safe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_safe(tmp_path_factory.mktemp("product"))


def _radar(source: Path, **options: object) -> Scene:
    return open_scene(source, grid="radar", **options)


def test_sigma_nought_is_what_one_works_out_by_hand(safe: Path) -> None:
    dn = float(default_dn("VV")[100, 225])
    noise = (900.0 + 225.0) * 1.2  # across at pixel 225, times the azimuth factor of line 100 in the first swath
    wanted = (dn**2 - noise) / 327.5**2  # 300 + 0.1 * 225 + 0.05 * 100
    raster = _radar(safe).read(Window(100, 225, 1, 1))
    assert raster.bands == ("VV", "VH")
    assert raster.unit is Unit.POWER
    assert raster.values[0, 0, 0] == pytest.approx(wanted, rel=1e-5)


def test_noise_changes_at_the_border_of_the_swaths(safe: Path) -> None:
    left, right = _radar(safe).read(Window(100, 299, 1, 2)).values[0, 0]
    dn = default_dn("VV")[100, 299:301].astype(float)
    assert left == pytest.approx((dn[0] ** 2 - (900 + 299) * 1.2) / gain_at(100, 299) ** 2, rel=1e-5)
    assert right == pytest.approx((dn[1] ** 2 - (900 + 300) * 0.5) / gain_at(100, 300) ** 2, rel=1e-5)


@pytest.mark.parametrize(("calibration", "factor"), [("sigma0", 1.0), ("beta0", 0.8), ("gamma0", 0.9)])
def test_each_quantity_uses_its_own_vectors(safe: Path, calibration: str, factor: float) -> None:
    scene = _radar(safe, calibration=calibration, remove_noise=False)
    dn = default_dn("VH")[50, 60].astype(float)
    found = scene.read(Window(50, 60, 1, 1)).values[1, 0, 0]
    assert found == pytest.approx(dn**2 / (factor * gain_at(50, 60)) ** 2, rel=1e-5)
    assert "kept" in scene.declaration.unit_reason


def test_products_before_ipf_2_9_have_noise_across_only(tmp_path: Path) -> None:
    scene = _radar(make_safe(tmp_path, Make(ipf="002.84", old_noise=True)))
    dn = float(default_dn("VV")[100, 225])
    assert scene.read(Window(100, 225, 1, 1)).values[0, 0, 0] == pytest.approx((dn**2 - 1125.0) / 327.5**2, rel=1e-5)
    assert "before IPF 2.90" in scene.about["noise_form"]


def test_folder_zip_manifest_and_measurement_give_the_same_pixels(safe: Path) -> None:
    whole = _radar(safe).read(WHOLE)
    for source in (make_zip(safe), safe / "manifest.safe"):
        other = _radar(source).read(WHOLE)
        assert np.array_equal(other.values, whole.values)
        assert np.array_equal(other.valid, whole.valid)
    alone = _radar(safe / "measurement" / f"{STEM.format('vh', 2)}.tiff")
    assert alone.bands == ("VH",)
    assert np.array_equal(alone.read(WHOLE).values[0], whole.values[1])


def test_zero_is_no_measurement_and_power_under_the_noise_is_zero(safe: Path, tmp_path: Path) -> None:
    raster = _radar(safe).read(WHOLE)
    assert np.array_equal(raster.valid, default_dn("VV") > 0)
    dark = make_safe(tmp_path, Make(dn=lambda _: np.full((HEIGHT, WIDTH), 5, np.uint16)))
    scene = _radar(dark)
    assert (scene.read(WHOLE).values == 0).all()
    assert scene.read(WHOLE).valid.all()
    assert "(1e+02 %)" in scene.sampled_facts()["below_noise"]


def test_any_window_has_the_bits_of_the_whole(safe: Path) -> None:
    scene = _radar(safe)
    whole = scene.read(WHOLE)
    for window in (Window(0, 0, 1, WIDTH), Window(127, 301, 3, 17), Window(130, 5, 200, 333), Window(399, 599, 1, 1)):
        part = scene.read(window)
        assert np.array_equal(part.values, whole.values[:, *window.within(WHOLE)])


def _tiled(safe: Path, block: int) -> Path:
    """The product with its measurements stored in tiles, as a Cloud Optimized GeoTIFF is."""
    for file in (safe / "measurement").glob("*.tiff"):
        with rasterio.open(file) as dataset:
            dn, (points, crs) = dataset.read(1), dataset.gcps
        profile = {"tiled": True, "blockxsize": block, "blockysize": block, "compress": "deflate"}
        with rasterio.open(
            file, "w", driver="GTiff", height=HEIGHT, width=WIDTH, count=1, dtype="uint16", gcps=points, crs=crs,
            **profile,
        ) as made:  # fmt: skip
            made.write(dn, 1)
    return safe


@pytest.mark.parametrize(("block", "piece"), [(128, 256), (256, 256), (16, 256), (512, 512)])
def test_a_product_that_is_stored_in_tiles_is_read_by_tiles_and_has_the_same_bits(
    safe: Path, tmp_path: Path, block: int, piece: int
) -> None:
    rows, tiles = _radar(safe), _radar(_tiled(copy_of(safe, f"tiled{block}.SAFE"), block))
    assert (rows.block_shape, tiles.block_shape) == ((128, WIDTH), (piece, piece))
    whole = rows.read(WHOLE)
    for window in (WHOLE, Window(0, 0, 1, WIDTH), Window(127, 301, 3, 17), Window(399, 599, 1, 1)):
        part = tiles.read(window)
        np.testing.assert_array_equal(part.values, whole.values[:, *window.within(WHOLE)])
        np.testing.assert_array_equal(part.valid, whole.valid[window.within(WHOLE)])
    assert sum(raster.valid.size for raster in tiles.samples()) <= HEIGHT * WIDTH


@pytest.mark.parametrize("mode", ["EW", "SM"])
def test_other_modes_and_polarizations_open(tmp_path: Path, mode: str) -> None:
    scene = _radar(make_safe(tmp_path, Make(mode=mode, polarizations=("HH", "HV"))))
    assert scene.bands == ("HH", "HV")
    assert scene.about["mode"] == f"{mode} GRD"
    assert _radar(Path(scene.source), polarization="HV").bands == ("HV",)


def test_the_product_says_what_it_is(safe: Path) -> None:
    about = _radar(safe).about
    assert about["pass"] == "descending"
    assert about["orbit"] == "relative 79, absolute 36201"
    assert about["processor"] == "IPF 3.31"
    assert about["noise_form"].startswith("range and azimuth vectors")
    assert about["calibration"] == "sigma nought by the product's calibration vectors, thermal noise removed"


def _with_border(polarization: str) -> np.ndarray:
    """The default picture with 40 dark columns on the left, 25 on the right, 12 dark rows on top, inside the zeros."""
    dn = default_dn(polarization)
    rng = np.random.default_rng(1)
    dark = rng.integers(1, 8, dn.shape).astype(np.uint16)
    for part in ((slice(None), slice(3, 43)), (slice(None), slice(-28, -3)), (slice(3, 15), slice(None))):
        dn[part] = np.where(dn[part] > 0, dark[part], 0)
    return dn


def test_the_dark_border_of_old_products_is_masked(tmp_path: Path) -> None:
    old = _radar(make_safe(tmp_path / "old", Make(ipf="002.60", old_noise=True, noise=900.0, dn=_with_border)))
    valid = old.read(WHOLE).valid
    assert not valid[:, :40].any()
    assert not valid[:, -25:].any()
    assert not valid[:14].any()
    inside = valid[16:-3, 45:-30]
    assert inside.mean() > 0.999
    assert "dark border masked" in old.about["border"]
    new = _radar(make_safe(tmp_path / "new", Make(dn=_with_border)))
    assert new.read(WHOLE).valid[:, 3:43].any(), "ESA's later processors clear it themselves"


def _without(safe: Path, pattern: str) -> Path:
    next(safe.rglob(pattern)).unlink()
    return safe


def _truncated(safe: Path) -> Path:
    for file in (safe / "measurement").glob("*.tiff"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return safe


def _rewritten(safe: Path, pattern: str, old: str, new: str) -> Path:
    for file in safe.rglob(pattern):
        file.write_text(file.read_text().replace(old, new, 1))
    return safe


def _no_control(safe: Path) -> Path:
    for file in (safe / "annotation").glob("*.xml"):
        text = file.read_text()
        start, stop = text.index("<geolocationGridPoint>"), text.rindex("</geolocationGridPoint>")
        file.write_text(text[:start] + text[stop + len("</geolocationGridPoint>") :])
    return safe


def _escaping(safe: Path) -> Path:
    path = make_zip(safe)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil.xml", "<x/>")
    return path


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
BROKEN = {
    "missing annotation": (lambda s: _without(s, "annotation/s1a-iw-grd-vv*.xml"), "got no annotation of"),
    "missing calibration": (lambda s: _without(s, "calibration-s1a-iw-grd-vh*.xml"), "got no calibration of"),
    "no measurement": (lambda s: _without(_without(s, "*.tiff"), "*.tiff"), "must hold a GRD measurement"),
    "truncated measurement": (_truncated, "copy or download it again"),
    "two products in one zip": (lambda s: make_zip(s, copy_of(s, "B.SAFE")), "got 2 in .*unpack it and name one"),
    "no geolocation grid": (_no_control, "geolocation grid, got 0 points"),
    "path traversal": (_escaping, "do not trust this file"),
    "XML bomb": (lambda s: _rewritten(s, "s1a*.xml", "<product>", BOMB + "<product>"), "got a document type"),
    "damaged XML": (lambda s: _rewritten(s, "s1a*.xml", "</product>", ""), "got damaged XML"),
    "SLC inside": (lambda s: _rewritten(s, "s1a*.xml", ">GRD<", ">SLC<"), "single look complex"),
    "other size": (lambda s: _rewritten(s, "s1a*.xml", ">600<", ">601<"), "must be 601 x 400 px"),
    "no numbers": (lambda s: _rewritten(s, "calibration-*.xml", "300.0", "three"), "must hold numbers in sigmaNought"),
    "uneven vectors": (lambda s: _rewritten(s, "calibration-*.xml", "300.0 ", ""), "as many values of sigmaNought"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_product_is_refused_with_one_sentence(tmp_path: Path, name: str) -> None:
    breaking, said = BROKEN[name]
    source = breaking(make_safe(tmp_path))
    with pytest.raises(SarColorizeError, match=said) as caught:
        _radar(source).read(WHOLE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["SLC", "OCN", "RAW"])
def test_other_products_are_told_apart(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / f"S1A_IW_{kind}__1SDV_20210119T031653_20210119T031718_036201_043ED0_8255.SAFE"
    folder.mkdir()
    (folder / "manifest.safe").write_text("<x/>")
    with pytest.raises(SarColorizeError, match="take the GRD product of the same pass"):
        open_scene(folder)


def test_a_wrong_zip_and_wrong_settings_are_refused(tmp_path: Path, safe: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK no zip")
    with pytest.raises(SarColorizeError, match="damaged; download it again"):
        open_scene(tmp_path / "x.zip")
    with pytest.raises(SarColorizeError, match="calibration must be one of sigma0, beta0, gamma0, got 'sigma'"):
        open_scene(safe, calibration="sigma")
    with pytest.raises(SarColorizeError, match=r"polarization must be one of VV, VH in .*got HH"):
        open_scene(safe, polarization="HH")
    with pytest.raises(SarColorizeError, match="unit must be auto for a Sentinel-1 product, got db"):
        open_scene(safe, unit="db")


def test_a_product_without_noise_file_keeps_its_noise_and_says_so(tmp_path: Path) -> None:
    safe = make_safe(tmp_path, Make(polarizations=("VV",)))
    scene = _radar(_without(safe, "noise-*.xml"))
    assert "thermal noise was left in" in scene.notes[0]
    assert "thermal noise kept" in scene.declaration.unit_reason


@pytest.fixture(scope="module")
def composite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Composite: the XML of one real product, and under it resampled pixels of another, where the tests look."""
    source = shared_scene(REAL_ZIP)
    decimated = shared_scene("sentinel1/S1A_IW_GRDH_20180716_decimated_iw-vv.tiff")
    folder = tmp_path_factory.mktemp("composite")
    with zipfile.ZipFile(source) as archive:
        archive.extractall(folder)
    safe = next(folder.glob("*.SAFE"))
    with rasterio.open(decimated) as dataset:
        pixels = dataset.read(1)
    for annotation in (safe / "annotation").glob("*.xml"):
        with rasterio.open(safe / "measurement" / f"{annotation.stem}.tiff", "w", driver="GTiff", height=16854,
                           width=25931, count=1, dtype="uint16", blockysize=64, SPARSE_OK=True) as dataset:  # fmt: skip
            strip = np.kron(pixels[400:404], np.ones((16, 20), np.uint16))
            dataset.write(
                np.resize(strip, (64, 25931)), 1, window=rasterio.windows.Window(0, 8000 // 64 * 64, 25931, 64)
            )
    yield safe
    shutil.rmtree(safe)


def test_a_real_product_calibrates_as_xarray_sentinel_does(composite: Path) -> None:
    import xarray_sentinel

    window = Window(8000 // 64 * 64, 8600, 64, 400)  # across the border of the first two swaths
    ours = _radar(composite, remove_noise=False).read(window)
    rows, cols = window.within(Window(0, 0, 16854, 25931))
    for index, band in enumerate(ours.bands):
        measured = xarray_sentinel.open_sentinel1_dataset(str(composite), group=f"IW/{band}")
        gains = xarray_sentinel.open_sentinel1_dataset(str(composite), group=f"IW/{band}/calibration")
        part = measured.measurement[rows, cols]
        theirs = xarray_sentinel.calibrate_intensity(part, gains.sigmaNought).to_numpy()
        assert ours.valid.mean() > 0.9
        np.testing.assert_allclose(ours.values[index][ours.valid], theirs[ours.valid], rtol=1e-4)


@pytest.mark.parametrize("remove_noise", [False, True])
def test_a_real_product_calibrates_as_the_orfeo_toolbox_does(
    composite: Path, tmp_path: Path, remove_noise: bool
) -> None:
    program = shutil.which("otbcli_SARCalibration")
    if program is None:
        pytest.skip("the Orfeo Toolbox is not here (Debian: apt install otb-bin)")
    measurement = next((composite / "measurement").glob("*-vv-*.tiff"))
    with rasterio.open(measurement, "r+") as dataset:  # OTB knows the product by them
        dataset.update_tags(
            TIFFTAG_SOFTWARE="Sentinel-1 IPF 003.31", TIFFTAG_IMAGEDESCRIPTION="Sentinel-1A IW GRD HR L1"
        )
    window = Window(8000 // 64 * 64, 8600, 64, 400)
    box = f"?&box={window.col}:{window.row}:{window.width}:{window.height}"
    subprocess.run(
        [program, "-in", measurement, "-out", f"{tmp_path}/sigma.tif{box}", "float", "-lut", "sigma", "-removenoise",
         str(remove_noise).lower()], check=True, capture_output=True,
    )  # fmt: skip
    with rasterio.open(tmp_path / "sigma.tif") as dataset:
        theirs = dataset.read(1)
    ours = _radar(composite, remove_noise=remove_noise).read(window)
    assert ours.valid.mean() > 0.9
    np.testing.assert_allclose(ours.values[0][ours.valid], theirs[ours.valid], rtol=1e-4, atol=1e-7)


def test_noise_of_a_real_product_is_what_its_file_says(composite: Path) -> None:
    product = _radar(composite).product
    noise = _radar(composite).channels["VV"].noise
    # Line 0, pixel 0: noiseRangeLut times the first noiseAzimuthLut of IW1, 1.011965, read off the file by eye.
    root = product.archive.xml(product.channels[0].noise)
    first = float(root.findtext("noiseRangeVectorList/noiseRangeVector/noiseRangeLut").split()[0])
    assert noise.at(Window(0, 0, 1, 1))[0, 0] == pytest.approx(first * 1.011965, rel=1e-9)
    # Line 5 is midway between the factors of lines 0 and 10 (1.011965, 1.012821).
    across = noise.across.at(Window(5, 0, 1, 1))[0, 0]
    assert noise.at(Window(5, 0, 1, 1))[0, 0] == pytest.approx(across * 1.012393, rel=1e-6)
    assert read_product(product.archive).control.rows.size == 210


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders there")
@pytest.mark.parametrize("part", ["measurement/*-vv-*.tiff", "annotation/*-vv-*.xml", "manifest.safe",
                                  "annotation/calibration/noise-*-vv-*.xml"])  # fmt: skip
def test_a_pipe_in_a_product_is_refused_instead_of_waited_for(tmp_path, part):
    safe = make_safe(tmp_path)
    path = next(safe.glob(part))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UnreadableError, match="must"):
        open_scene(safe)
