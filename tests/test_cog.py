import math
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning
from rio_cogeo.cogeo import cog_validate

from sar_colorize.cog import PROFILES, CogWriter, overviews, writer
from sar_colorize.errors import OutputError, SettingError
from sar_colorize.raster import Grid, Raster, Unit, Window

RGB = ("red", "green", "blue")
UTM = Affine(10.0, 0.0, 500_000.0, 0.0, -10.0, 5_000_000.0)


def grid_of(height, width, transform=UTM, crs="EPSG:32633"):
    return Grid(height, width, transform, None if crs is None else rasterio.CRS.from_string(crs).to_wkt())


def random_scene(height, width, *, bands=RGB, dtype="uint8", holes=0.3, seed=0):
    """Smooth in rows and columns, with rectangular holes and single invalid pixels."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:height, :width]
    values = np.stack([100 + 50 * np.sin(rows / (20 + 7 * i)) + 50 * np.cos(cols / 31) for i in range(len(bands))])
    valid = rng.random((height, width)) > 0.01
    while (~valid).mean() < holes:
        r, c = int(rng.integers(height)), int(rng.integers(width))
        valid[r : r + int(rng.integers(1, 90)), c : c + int(rng.integers(1, 90))] = False
    return Raster(values.astype(dtype), valid, tuple(bands), Unit.DISPLAY if dtype == "uint8" else Unit.DB)


def write_scene(path, raster, *, grid=None, block=256, order=None, **settings):
    grid = grid or grid_of(*raster.valid.shape)
    starts = [(r, c) for r in range(0, grid.height, block) for c in range(0, grid.width, block)]
    if order is not None:
        np.random.default_rng(order).shuffle(starts)
    with CogWriter(path, grid, bands=raster.bands, dtype=str(raster.values.dtype), **settings) as writer:
        for row, col in starts:
            window = Window(row, col, block, block).intersect(grid.window)
            writer.write(window, raster.crop(*window.within(grid.window)))


def opened(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, **options)


def assert_strictly_valid(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        is_valid, errors, complaints = cog_validate(path, strict=True, quiet=True)
    assert (is_valid, errors, complaints) == (True, [], [])
    assert [p.name for p in Path(path).parent.iterdir()] == [Path(path).name]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(2))
def test_mask_equals_valid_exactly_for_every_profile(tmp_path, profile, seed):
    raster = random_scene(700, 1100, seed=seed)
    write_scene(tmp_path / "o.tif", raster, profile=profile, block=300, order=seed)
    assert_strictly_valid(tmp_path / "o.tif")
    with opened(tmp_path / "o.tif") as dataset:
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, raster.valid)
        assert dataset.nodata is None
        values = dataset.read()
        error = np.abs(values.astype(int) - raster.values)[:, raster.valid]
    assert error.max() == 0 if profile in ("deflate", "zstd") else error.mean() < 4


@pytest.mark.parametrize(("profile", "nodata"), [("deflate", None), ("zstd", -9999.0)])
def test_float_rasters_hold_nodata_where_invalid_and_exact_values_elsewhere(tmp_path, profile, nodata):
    raster = random_scene(600, 520, bands=("VV", "VH"), dtype="float32")
    write_scene(tmp_path / "o.tif", raster, profile=profile, nodata=nodata, units=("dB", "dB"))
    assert_strictly_valid(tmp_path / "o.tif")
    with opened(tmp_path / "o.tif") as dataset:
        assert dataset.descriptions == ("VV", "VH")
        assert dataset.units == ("dB", "dB")
        assert math.isnan(dataset.nodata) if nodata is None else dataset.nodata == nodata
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, raster.valid)
        values = dataset.read()
    np.testing.assert_array_equal(values[:, raster.valid], raster.values[:, raster.valid])
    assert (np.isnan(values) if nodata is None else values == nodata)[:, ~raster.valid].all()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (256, 256), (513, 511)], ids=lambda n: str(n))
@pytest.mark.parametrize("bands", [RGB, ("grey",)], ids=len)
def test_any_size_is_a_strictly_valid_cog(tmp_path, height, width, bands):
    raster = random_scene(height, width, bands=bands, holes=0.0)
    write_scene(tmp_path / "o.tif", raster)
    assert_strictly_valid(tmp_path / "o.tif")
    with opened(tmp_path / "o.tif") as dataset:
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, raster.valid)
        assert dataset.block_shapes == [(512, 512)] * len(bands)


@pytest.mark.parametrize(
    ("transform", "crs"),
    [
        (UTM, "EPSG:32633"),
        (UTM @ Affine.rotation(30), "EPSG:32633"),
        (Affine(0.0001, 0, 91.7, 0, -0.0001, 26.2), "EPSG:4326"),
        (UTM, None),
        (None, None),
    ],
    ids=["north up", "rotated", "degrees", "no CRS", "nothing"],
)
def test_grid_survives(tmp_path, transform, crs):
    raster = random_scene(600, 530)
    grid = grid_of(600, 530, transform, crs)
    write_scene(tmp_path / "o.tif", raster, grid=grid)
    assert_strictly_valid(tmp_path / "o.tif")
    with opened(tmp_path / "o.tif") as dataset:
        assert dataset.transform.almost_equals(transform or Affine.identity(), 1e-9)
        assert dataset.crs == (None if crs is None else rasterio.CRS.from_string(crs))
        assert dataset.shape == (600, 530)


@pytest.mark.parametrize(("bands", "dtype"), [(RGB, "uint8"), (("VV",), "float32")])
@pytest.mark.parametrize("blocks", [0, 1])
def test_blocks_never_written_are_invalid_and_take_no_room(tmp_path, bands, dtype, blocks):
    with CogWriter(tmp_path / "o.tif", grid_of(5000, 5000), bands=bands, dtype=dtype) as writer:
        for _ in range(blocks):
            window = Window(1024, 512, 512, 512)
            writer.write(window, random_scene(512, 512, bands=bands, dtype=dtype, holes=0))
    assert_strictly_valid(tmp_path / "o.tif")
    with opened(tmp_path / "o.tif") as dataset:
        mask = dataset.dataset_mask() > 0
    assert mask.any() == bool(blocks)
    mask[1024:1536, 512:1024] = False
    assert not mask.any()
    assert (tmp_path / "o.tif").stat().st_size < 20_000 + blocks * 4 * 512 * 512


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_overviews_average_valid_pixels_only(tmp_path, dtype):
    bands = RGB if dtype == "uint8" else ("VV", "VH", "VH/VV")
    raster = random_scene(1024, 1024, bands=bands, dtype=dtype)
    write_scene(tmp_path / "o.tif", raster)
    with opened(tmp_path / "o.tif", overview_level=0) as dataset:
        got, got_valid = dataset.read().astype(float), dataset.dataset_mask() > 0
    values = np.where(raster.valid, raster.values, 0).astype(float).reshape(3, 512, 2, 512, 2).sum((2, 4))
    count = raster.valid.reshape(512, 2, 512, 2).sum((1, 3))
    mixed = (count > 0) & (count < 4)
    assert mixed.sum() > 1000
    np.testing.assert_array_equal(got_valid, count > 0)
    tolerance = 1.0 if dtype == "uint8" else 1e-4
    assert np.abs(got - values / np.maximum(count, 1))[:, count > 0].max() <= tolerance


@pytest.mark.parametrize(("height", "width", "bands"), [(1280, 1536, RGB), (520, 2048, ("kind", "probability"))])
@pytest.mark.parametrize("holes", [0.0, 0.3])
def test_overviews_are_those_of_gdal_bit_for_bit(tmp_path, monkeypatch, height, width, bands, holes):
    raster = random_scene(height, width, bands=bands, holes=holes)
    raster = replace(
        raster, values=raster.values + np.random.default_rng(0).integers(0, 9, raster.values.shape, np.uint8)
    )
    if not holes:
        raster = replace(raster, valid=np.ones_like(raster.valid))
    write_scene(tmp_path / "ours.tif", raster)
    monkeypatch.setattr(writer, "makes_usual_overviews", lambda options: False)
    write_scene(tmp_path / "gdal.tif", raster)
    with opened(tmp_path / "ours.tif") as ours, opened(tmp_path / "gdal.tif") as gdals:
        levels = ours.overviews(1)
        assert levels == gdals.overviews(1)
        assert len(levels) > 1
        assert ours.tags() == gdals.tags()
        assert ours.profile == gdals.profile
    for level in (None, *range(len(levels))):
        more = {} if level is None else {"overview_level": level}
        with opened(tmp_path / "ours.tif", **more) as ours, opened(tmp_path / "gdal.tif", **more) as gdals:
            valid = gdals.dataset_mask() > 0
            assert np.array_equal(ours.dataset_mask() > 0, valid)
            assert np.array_equal(ours.read()[:, valid], gdals.read()[:, valid])
    (tmp_path / "gdal.tif").unlink()
    assert_strictly_valid(tmp_path / "ours.tif")


def test_overviews_are_the_same_whatever_the_threads(tmp_path, monkeypatch):
    for threads in (1, 5):
        monkeypatch.setattr(overviews, "usable_cores", lambda threads=threads: threads)
        write_scene(tmp_path / f"{threads}.tif", random_scene(1300, 2100, holes=0.3))
    assert (tmp_path / "1.tif").read_bytes() == (tmp_path / "5.tif").read_bytes()


def test_pictures_are_red_green_blue_and_tags_survive(tmp_path):
    tags = {"SAR_COLORIZE_MODEL": "composite", "SOURCE": "a scene, with = and é"}
    write_scene(tmp_path / "o.tif", random_scene(600, 600), tags=tags)
    with opened(tmp_path / "o.tif") as dataset:
        assert [c.name for c in dataset.colorinterp] == list(RGB)
        assert dataset.descriptions == RGB
        assert tags.items() <= dataset.tags().items()


def test_creation_options_override_the_profile(tmp_path):
    write_scene(tmp_path / "o.tif", random_scene(600, 600), options={"compress": "lzw", "blocksize": "256"})
    assert_strictly_valid(tmp_path / "o.tif")
    with opened(tmp_path / "o.tif") as dataset:
        assert dataset.compression.name == "lzw"
        assert dataset.block_shapes[0] == (256, 256)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"profile": "jxl"}, "profile must be one of deflate, zstd, webp, jpeg, got 'jxl'"),
        ({"profile": "jpeg", "nodata": 0}, "nodata of a picture must be left out, got 0 with JPEG"),
        ({"options": {"COMPRESS": "WEBP"}, "nodata": 0}, "nodata of a picture must be left out, got 0 with WEBP"),
        ({"dtype": "float32", "profile": "jpeg"}, "compression of float32 must be lossless, got JPEG"),
        ({"dtype": "float32", "options": {"compress": "webp"}}, "must be lossless, got webp"),
        ({"dtype": "int16"}, "dtype of an output must be uint8 or float32, got int16"),
        ({"bands": ("grey",), "profile": "webp"}, "WEBP must have 3 bands, got 1"),
        ({"options": {"NO_SUCH": "1"}}, "got driver COG does not support creation option NO_SUCH"),
        ({"options": {"COMPRESS": "FOO"}}, "got 'FOO' is an unexpected value for COMPRESS"),
        ({"options": {"LEVEL": "high"}}, "unexpected value for LEVEL"),
        ({"options": {"BLOCKSIZE": "2147483648"}}, "BLOCKSIZE must be at most 4096, got 2147483648; 512 is usual"),
        ({"options": {"BLOCKSIZE": "100"}}, "got '100' is an unexpected value for BLOCKSIZE"),
        ({"options": {"TILING_SCHEME": "GoogleMapsCompatible"}}, "must keep grid and bands as they are, got TILING"),
    ],
)
def test_settings_are_refused_before_anything_is_written(tmp_path, settings, match):
    with pytest.raises(SettingError, match=match):
        CogWriter(tmp_path / "o.tif", grid_of(64, 64), **({"bands": RGB, "dtype": "uint8"} | settings))
    assert list(tmp_path.iterdir()) == []


def test_outputs_are_refused_before_anything_is_written(tmp_path):
    (tmp_path / "old.tif").write_bytes(b"old")
    for path, match in [
        (tmp_path / "old.tif", "output must not exist, got .*old.tif"),
        (tmp_path, "output must be a file, got the folder"),
        (tmp_path / "no" / "o.tif", "folder of the output must exist, got .*no;"),
    ]:
        with pytest.raises(OutputError, match=match):
            CogWriter(path, grid_of(64, 64), bands=RGB, dtype="uint8")
    assert (tmp_path / "old.tif").read_bytes() == b"old"
    with pytest.raises(SettingError, match="at least one pixel, got 0 x 5"):
        CogWriter(tmp_path / "o.tif", Grid(0, 5), bands=RGB, dtype="uint8")


@pytest.mark.parametrize(
    ("window", "bands", "dtype", "fill", "match"),
    [
        (Window(0, 0, 8, 8), ("VV",), "float32", 1.0, "block must be float32 .* of .8, 8. pixels, got float32 .'VV'"),
        (Window(0, 0, 8, 8), ("VV", "VH"), "uint8", 1, "got uint8"),
        (Window(0, 0, 9, 8), ("VV", "VH"), "float32", 1.0, "of .9, 8. pixels, got .* of .8, 8."),
        (Window(60, 0, 8, 8), ("VV", "VH"), "float32", 1.0, "window must be inside the grid of 64 x 64"),
        (Window(0, 0, 8, 8), ("VV", "VH"), "float32", np.nan, "valid pixels must differ from the nodata value"),
    ],
)
def test_blocks_that_do_not_fit_are_refused_and_nothing_is_left(tmp_path, window, bands, dtype, fill, match):
    block = Raster(np.full((len(bands), 8, 8), fill, dtype), np.ones((8, 8), bool), bands, Unit.DB)
    writer = CogWriter(tmp_path / "o.tif", grid_of(64, 64), bands=("VV", "VH"), dtype="float32")
    with pytest.raises(SettingError, match=match), writer:
        writer.write(window, block)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match=r"writer of .* must be open, got a closed one"):
        writer.write(Window(0, 0, 8, 8), random_scene(8, 8, bands=("VV", "VH"), dtype="float32"))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_old_output_survives_a_failed_overwrite(tmp_path, error):
    (tmp_path / "o.tif").write_bytes(b"old")
    writer = CogWriter(tmp_path / "o.tif", grid_of(512, 512), bands=RGB, dtype="uint8", overwrite=True)

    def fail():
        with writer:
            writer.write(Window(0, 0, 512, 512), random_scene(512, 512))
            raise error

    with pytest.raises(error):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["o.tif"]
    assert (tmp_path / "o.tif").read_bytes() == b"old"


def test_overwriting_removes_what_spoke_of_the_old_output(tmp_path):
    for suffix in ("", ".aux.xml", ".msk", ".ovr"):
        (tmp_path / f"o.tif{suffix}").write_bytes(b"old")
    write_scene(tmp_path / "o.tif", random_scene(300, 300), overwrite=True)
    assert_strictly_valid(tmp_path / "o.tif")


# A process that writes noise without end, or sits in the build of a large COG, says where it is on stdout.
WORKER = """
import signal, sys
import numpy as np
from sar_colorize.cog import CogWriter
from sar_colorize.raster import Grid, Raster, Unit, Window
def stop(*_):
    raise SystemExit(143)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, signal.default_int_handler)
path, phase = sys.argv[1:]
rng, bands, size = np.random.default_rng(0), ("red", "green", "blue"), 6144
picture = rng.integers(0, 255, (3, 1024, 1024), dtype=np.uint8)
block = Raster(picture, np.ones((1024, 1024), bool), bands, Unit.DISPLAY)
with CogWriter(path, Grid(size, size), bands=bands, dtype="uint8", overwrite=True, profile="webp") as writer:
    for row in range(0, size, 1024):
        for col in range(0, size, 1024):
            writer.write(Window(row, col, 1024, 1024), block)
            if (row, col) == (0, 0):
                print("writing", flush=True)
            while phase == "writing":
                writer.write(Window(row, col, 1024, 1024), block)
    print("building", flush=True)
"""


def run_python(code, *arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)} | environment,
    )  # fmt: skip


def start_worker(path, phase):
    return run_python(WORKER, path, phase)


def wait_for(child, word):
    for line in child.stdout:
        if line.strip() == word:
            return
    pytest.fail(child.stderr.read())


needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@needs_posix
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("phase", "delay_s"), [("writing", 0.1), ("building", 0.0), ("building", 0.8)])
def test_stopped_process_leaves_neither_output_nor_folder(tmp_path, sent, phase, delay_s):
    child = start_worker(tmp_path / "o.tif", phase)
    wait_for(child, phase)
    time.sleep(delay_s)  # the moment of the signal, not a wait for a result
    assert any(".sar-colorize-" in p.name for p in tmp_path.iterdir())
    began = time.monotonic()
    child.send_signal(sent)
    _, stderr = child.communicate(timeout=20)
    took_s = time.monotonic() - began
    assert list(tmp_path.iterdir()) == []
    assert child.returncode in (143, 130, -signal.SIGINT), stderr
    assert took_s < 10  # about 0.2 s on an idle machine


@needs_posix
@pytest.mark.parametrize("phase", ["writing", "building"])
def test_next_run_removes_what_a_killed_one_left_and_nothing_of_a_living_one(tmp_path, phase):
    path = tmp_path / "o.tif"
    child = start_worker(path, phase)
    wait_for(child, phase)
    (folder,) = tmp_path.iterdir()
    with CogWriter(path, grid_of(8, 8), bands=RGB, dtype="uint8"):
        assert (folder / "blocks.tif").exists()
    path.unlink()
    assert list(tmp_path.iterdir()) == [folder]
    child.kill()
    child.communicate(timeout=20)
    assert list(tmp_path.iterdir()) == [folder]
    write_scene(path, random_scene(64, 64))
    assert [p.name for p in tmp_path.iterdir()] == ["o.tif"]


# GDAL's CreateCopy reports success where the last bytes are lost: 3.15 MB of blocks become a COG of 3.9 MB.
SMALL_DISK = """
import resource, sys
import numpy as np
from sar_colorize.cog import CogWriter
from sar_colorize.raster import Grid, Raster, Unit, Window
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
noise = np.random.default_rng(0).integers(0, 255, (3, 1024, 1024), dtype=np.uint8)
bands = ("red", "green", "blue")
with CogWriter(sys.argv[1], Grid(1024, 1024), bands=bands, dtype="uint8") as writer:
    writer.write(Window(0, 0, 1024, 1024), Raster(noise, np.ones((1024, 1024), bool), bands, Unit.DISPLAY))
"""


@needs_posix
@pytest.mark.parametrize("limit_bytes", [100_000, 3_145_000, 3_600_000, 3_900_000])
def test_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, limit_bytes):
    child = run_python(SMALL_DISK, tmp_path / "o.tif", limit_bytes, CPL_DEBUG="ON")
    _, stderr = child.communicate(timeout=60)
    assert "sar_colorize.errors.OutputError: output must be writable, got" in stderr
    assert list(tmp_path.iterdir()) == []


@needs_posix
def test_disk_just_large_enough_is_enough_even_when_gdal_chatters(tmp_path):
    child = run_python(SMALL_DISK, tmp_path / "o.tif", 4_000_000, CPL_DEBUG="ON")
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 0, stderr
    assert_strictly_valid(tmp_path / "o.tif")


def test_import_loads_no_rasterio():
    code = "import sys, sar_colorize.cog; sys.exit('rasterio' in sys.modules)"
    path = os.pathsep.join(p for p in sys.path if p)
    assert subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}).returncode == 0


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_block_that_never_reached_the_disk_is_no_output(tmp_path, monkeypatch, dtype):
    """libtiff buffers what it writes, and only prints what a full disk refuses: the file then ends too early."""
    bands = RGB if dtype == "uint8" else ("power",)
    raster = random_scene(1100, 1100, bands=bands, dtype=dtype)
    writer = CogWriter(tmp_path / "c.tif", grid_of(1100, 1100), bands=bands, dtype=dtype)
    writer.open()
    writer.write(Window(0, 0, 1100, 1100), raster)
    create = writer._dataset.close

    def lose_the_end():
        create()
        blocks = writer.hidden.path / "blocks.tif"
        with blocks.open("r+b") as file:
            file.truncate(blocks.stat().st_size // 2)

    class Lossy:
        close = staticmethod(lose_the_end)

    writer._dataset = Lossy()
    with pytest.raises(OutputError, match=r"got a file (without the block at row|whose directory was lost)"):
        writer.finish()
    writer.close()
    assert list(tmp_path.iterdir()) == []


def test_black_ground_is_an_output(tmp_path):
    """A sparse file leaves tiles of zeros out; its mask says that they are valid."""
    black = Raster(np.zeros((3, 700, 700), np.uint8), np.ones((700, 700), bool), RGB, Unit.DISPLAY)
    write_scene(tmp_path / "o.tif", black)
    with rasterio.open(tmp_path / "o.tif") as dataset:
        assert dataset.dataset_mask().all()
        assert not dataset.read().any()


def test_a_name_that_is_no_text_is_refused_before_any_work(tmp_path):
    with pytest.raises(OutputError, match=r"output must be a name that a file can have, got .*surrogates not allowed"):
        CogWriter(tmp_path / "\udcff.tif", Grid(64, 64), bands=RGB, dtype="uint8")


def test_a_folder_that_vanishes_before_the_end_is_one_sentence(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    block = Raster(np.ones((3, 64, 64), np.uint8), np.ones((64, 64), bool), RGB, Unit.DISPLAY)
    writer = CogWriter(place / "o.tif", Grid(64, 64), bands=RGB, dtype="uint8")
    writer.open()
    writer.write(Window(0, 0, 64, 64), block)
    place.rename(tmp_path / "away")
    with pytest.raises(OutputError, match=r"output must be writable, got .*No such file"):
        writer.finish()
    writer.close()


@needs_posix
@pytest.mark.parametrize("size_kb", [400, 600, 790, 850])
def test_a_disk_that_is_full_of_blocks_neither_hangs_nor_leaves_half_a_picture(tmp_path, size_kb):
    """libtiff went in circles through a lost directory; a COG without its end was published, its complaint lost too."""
    options = ["-o", f"size={size_kb}k"]
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("NO RIGHT TO MOUNT A SMALL DISK here")
    try:
        child = run_python(FULL_DISK, tmp_path / "o.tif")
        _, stderr = child.communicate(timeout=60)
        assert "sar_colorize.errors.OutputError: output must be writable, got" in stderr
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


FULL_DISK = """
import sys
import numpy as np
from sar_colorize.cog import CogWriter
from sar_colorize.raster import Grid, Raster, Unit, Window
noise = np.random.default_rng(0).integers(0, 255, (3, 192, 192), dtype=np.uint8)
bands = ("red", "green", "blue")
with CogWriter(sys.argv[1], Grid(192, 192), bands=bands, dtype="uint8") as writer:
    writer.write(Window(0, 0, 192, 192), Raster(noise, np.ones((192, 192), bool), bands, Unit.DISPLAY))
"""
