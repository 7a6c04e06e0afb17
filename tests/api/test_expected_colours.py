"""Colours of a scene without a picture: told by kinds of ground where place and level of the radar are known."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import rasterio
from affine import Affine
from made import speckled

import sar_colorize as sc
from sar_colorize.color import srgb_to_lab
from sar_colorize.errors import SettingError
from sar_colorize.models.ground_kinds import REACH_PX
from sar_colorize.prepare import ColorizeSettings, prepare
from sar_colorize.raster import Window
from sar_colorize.scene import open_scene

MakeTif = Callable[..., Path]
LAKE, FIELDS, WOOD, TOWN = (slice(0, 96), slice(96, 192), slice(192, 288), slice(288, 384))
LEVELS = ((LAKE, -21.0, -29.0), (FIELDS, -11.5, -18.5), (WOOD, -10.0, -15.0), (TOWN, -3.0, -10.5))


def _values() -> np.ndarray:
    """(2, 256, 384) decibels of VV and VH: four kinds of ground from west to east."""
    values = np.stack([speckled(256, 384, median_db=0.0), speckled(256, 384, seed=1, median_db=0.0)]) / 2.0
    for part, vv, vh in LEVELS:
        values[:, :, part] += np.array([vv, vh])[:, None, None]
    return values.astype(np.float32)


@pytest.fixture
def belgium(make_tif: MakeTif) -> Path:
    """Woods, fields and villages south of Liège, UTM zone 31, dated."""
    return make_tif(
        _values(), "scene_20210715.tif", names=("VV", "VH"), crs="EPSG:32631",
        transform=Affine(10, 0, 690_000, 0, -10, 5_600_000),
    )  # fmt: skip


def _lab(path: Path, **settings: object) -> np.ndarray:
    """(3, H, W)."""
    made = sc.colorize(path, **settings).values  # type: ignore[arg-type]
    lab: np.ndarray = srgb_to_lab(made[:3].astype(np.float32) / np.float32(255))
    return lab


def _means(lab: np.ndarray) -> list[np.ndarray]:
    return [lab[:, 32:224, part.start + 24 : part.stop - 24].mean((1, 2)) for part, _, _ in LEVELS]


def test_water_fields_wood_and_town_differ_at_a_glance(belgium: Path) -> None:
    lake, fields, wood, town = _means(_lab(belgium))
    assert lake[0] < 30.0
    assert lake[2] < fields[2] - 8.0  # bluer
    assert wood[0] < fields[0] - 1.0
    assert town[0] > fields[0] + 5.0
    assert town[1] > fields[1] + 5.0  # less green


@pytest.mark.parametrize("band", ["VV", "VH"])
def test_one_polarisation_still_tells_water_from_land(belgium: Path, band: str) -> None:
    lake, fields, *_ = _means(_lab(belgium, polarization=band))
    assert lake[0] < fields[0] - 3.0
    assert lake[2] < fields[2] - 5.0


def test_classes_name_the_ground_and_say_how_sure_they_are(belgium: Path, tmp_path: Path) -> None:
    out, classes, error = (tmp_path / name for name in ("out.tif", "classes.tif", "error.tif"))
    made = sc.colorize(belgium, out, classes=classes, uncertainty=error)
    assert made.classes == str(classes)
    with rasterio.open(classes) as dataset:
        (kind, probability), names = dataset.read(), dataset.tags()["SAR_COLORIZE_KINDS"].split(", ")
        assert dataset.descriptions == ("kind", "probability")
    for (part, _, _), name in zip(LEVELS, ("water", "field", "wood", "town"), strict=True):
        inner = (slice(32, 224), slice(part.start + 24, part.stop - 24))
        number = next(int(line.split()[0]) for line in names if line.endswith(name))
        assert (kind[inner] == number).mean() > (0.9 if name in ("water", "town") else 0.5)
    assert probability[kind > 0].min() >= 20
    assert probability.max() <= 100
    shown = dict(part.split()[:2] for part in (made.legend or "").split(", "))
    assert int(shown["water"].strip("%")) == pytest.approx(25, abs=4)
    with rasterio.open(out) as dataset:
        assert dataset.tags()["SAR_COLORIZE_LEGEND"] == made.legend
        assert np.array_equal(dataset.read(), sc.colorize(belgium).values[:3])


def test_info_of_a_picture_says_how_it_was_made_and_what_its_hues_stand_for(belgium: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tif"
    made = sc.colorize(belgium, out)
    said = sc.info(out)
    assert (said["width"], said["height"], said["crs"]) == (384, 256, "EPSG:32631")
    assert said["notice"] == "The colours are predicted from radar backscatter, not measured."
    assert said["facts"]["Radar"] == belgium.name
    assert "by-place" in said["facts"]["Model"]
    legend = ", ".join(f"{each['kind']} {each['share'].replace(' ', '')} {each['colour']}" for each in said["legend"])
    assert legend == made.legend
    assert sc.info(belgium)["unit"] == "db"  # radar is told as ever


@pytest.mark.parametrize("given", [{"palette": "none"}, {"model": "colorsar-sar"}, {"model": "composite"}])
def test_classes_are_refused_where_colours_do_not_come_from_them(
    belgium: Path, tmp_path: Path, given: dict[str, str]
) -> None:
    with pytest.raises(SettingError, match="classes must come with colours told by kinds of ground"):
        sc.colorize(belgium, tmp_path / "out.tif", classes=tmp_path / "classes.tif", **given)  # type: ignore[arg-type]
    assert list(tmp_path.glob("*classes*")) == []


def test_classes_with_the_memory_of_the_place_are_the_same(belgium: Path, make_tif: MakeTif, tmp_path: Path) -> None:
    wrong = np.random.default_rng(0).integers(0, 255, (3, 256, 384)).astype(np.uint8)  # not believed
    with rasterio.open(belgium) as dataset:
        grid = {"crs": dataset.crs, "transform": dataset.transform}
    picture = make_tif(wrong, "picture.tif", **grid)
    sc.colorize(belgium, tmp_path / "a.tif", classes=tmp_path / "a_classes.tif")
    sc.colorize(
        belgium, tmp_path / "b.tif", classes=tmp_path / "b_classes.tif", memory=tmp_path / "m.tif", reference=picture
    )
    with rasterio.open(tmp_path / "a_classes.tif") as one, rasterio.open(tmp_path / "b_classes.tif") as other:
        assert np.array_equal(one.read(), other.read())


def test_any_block_size_gives_the_same_bits(belgium: Path) -> None:
    whole = sc.colorize(belgium).values
    assert np.array_equal(whole, sc.colorize(belgium, block_px=128).values)


@pytest.fixture
def california(make_tif: MakeTif) -> Path:
    """The same ground again and again over two degrees, from the coast of California to the desert."""
    return make_tif(
        np.tile(_values(), (1, 2, 1))[:, :448], "large_20210715.tif", names=("VV", "VH"), crs="EPSG:4326",
        transform=Affine(0.0055, 0, -118.9, 0, -0.0045, 35.3),
    )  # fmt: skip


def test_a_large_scene_looks_at_each_place_as_a_small_one_of_it_would(california: Path, tmp_path: Path) -> None:
    whole, apart = _lab(california), {}
    with patch("sar_colorize.scene_palette.nodes_of", lambda _: None):
        steady = _lab(california)  # with one expectation
    for row in (0, 192, 384):
        part = tmp_path / f"part_{row}_20210715.tif"
        with rasterio.open(california) as dataset:
            window = rasterio.windows.Window(144, row, 96, 60)
            profile = {**dataset.profile, "height": 60, "width": 96, "transform": dataset.window_transform(window)}
            with rasterio.open(part, "w", **profile) as made:
                made.write(dataset.read(window=window))
                made.descriptions = dataset.descriptions
        alone = _lab(part)[:, 12:48, 12:84]
        for name, lab in (("varying", whole), ("one", steady)):
            off = np.abs(lab[:, row + 12 : row + 48, 156:228] - alone).mean((1, 2))
            apart[name] = apart.get(name, 0.0) + off.sum()
    assert apart["varying"] < 0.5 * apart["one"]


def test_a_large_scene_has_the_same_bits_by_any_block_and_in_other_processes(california: Path) -> None:
    whole = sc.colorize(california).values
    assert np.array_equal(whole, sc.colorize(california, block_px=128).values)
    prepared = prepare(open_scene(california), ColorizeSettings())
    palette = prepared.tags["SAR_COLORIZE_PALETTE"]
    assert json.loads(palette)["ground"]["lattice"] == {"height": 448, "width": 384, "rows": 9, "columns": 7}
    sent = pickle.loads(pickle.dumps(prepared.colorizer))  # noqa: S301  # our own
    assert np.array_equal(sent.block(prepared.scene, Window(100, 100, 200, 200)).values, whole[:3, 100:300, 100:300])


def test_tiles_of_another_size_change_no_more_than_the_last_bit(california: Path) -> None:
    whole, other = (sc.colorize(california, **given).values.astype(int) for given in ({}, {"tile_px": 256}))
    assert np.abs(whole - other).max() <= 1


def test_holes_change_nothing_around_them_but_what_a_filter_makes_of_them(belgium: Path) -> None:
    with rasterio.open(belgium, "r+") as dataset:
        values = dataset.read()
        values[:, 100:140, 40:60] = np.nan
        dataset.write(values)
    made = sc.colorize(belgium).values
    assert (made[3, 100:140, 40:60] == 0).all()
    assert (made[3] > 0).sum() == 256 * 384 - 40 * 20


def test_the_month_comes_from_the_name_or_the_user(belgium: Path, tmp_path: Path) -> None:
    sc.colorize(belgium, tmp_path / "july.tif")
    sc.colorize(belgium, tmp_path / "january.tif", date="2021-01")
    with rasterio.open(tmp_path / "july.tif") as july, rasterio.open(tmp_path / "january.tif") as january:
        notes = [json.loads(each.tags()["SAR_COLORIZE_PALETTE"])["note"] for each in (july, january)]
        assert not np.array_equal(july.read(), january.read())
    assert "in July;" in notes[0]
    assert "in January;" in notes[1]
    assert re.search(r"The radar shows .*water \d+%", notes[0])


def test_of_two_bands_that_were_stretched_to_a_picture_the_first_tells_the_ground(make_tif: MakeTif) -> None:
    scaled = np.clip((_values() + 30.0) / 30.0 * 255.0, 1, 255).astype(np.uint8)
    where = {"crs": "EPSG:32631", "transform": Affine(10, 0, 690_000, 0, -10, 5_600_000)}
    both, first = (
        make_tif(values, f"{names[-1]}.tif", names=names, **where)
        for values, names in ((scaled, ("VV", "VH")), (scaled[:1], ("VV",)))
    )
    shares = [re.search("The radar shows.*", sc.colorize(path, dry_run=True).notes[0]) for path in (both, first)]
    assert shares[0] is not None
    assert shares[1] is not None
    assert shares[0][0] == shares[1][0]
    lake, fields, _, town = _means(_lab(both))
    assert lake[2] < fields[2] - 5.0  # bluer
    assert town[1] > fields[1] + 2.0  # less green


@pytest.mark.parametrize("stored", ["decibels", "display"])
def test_without_a_place_ground_is_told_as_on_land_anywhere(make_tif: MakeTif, stored: str) -> None:
    values = _values() if stored == "decibels" else np.clip((_values()[:1] + 30.0) / 30.0 * 255.0, 1, 255).astype("u1")
    path = make_tif(values, "nowhere.tif", names=("VV", "VH")[: len(values)], crs=None)
    lake, fields, wood, town = _means(_lab(path))
    assert lake[0] < fields[0] - 5.0
    assert lake[2] < fields[2] - 4.0
    assert np.abs(town[1:] - wood[1:]).max() > 3.0
    made = sc.colorize(path, dry_run=True)
    assert any("as there is on land anywhere" in note and "The radar shows" in note for note in made.notes)
    lab = _lab(path, palette="none")  # one tint
    assert _means(lab)[3][1:] == pytest.approx(_means(lab)[1][1:], abs=2.5)


def test_amplitude_of_an_unknown_scale_is_told_apart_and_the_note_says_so(make_tif: MakeTif) -> None:
    amplitude = (700.0 * 10.0 ** (_values() / 20.0)).astype(np.float32)
    path = make_tif(
        amplitude, "amplitude.tif", names=("VV", "VH"), tags={"UNITS": "amplitude, relative"}, crs="EPSG:32631",
        transform=Affine(10, 0, 660_000, 0, -10, 5_610_000),
    )  # fmt: skip
    lake, fields, _, town = _means(_lab(path))
    assert lake[2] < fields[2] - 5.0
    assert town[1] > fields[1] + 3.0
    assert any("The level of the radar is not known" in note for note in sc.colorize(path, dry_run=True).notes)


def test_tiles_with_their_halo_give_what_the_whole_scene_gives(belgium: Path) -> None:
    whole, tiled = (
        sc.colorize(belgium, **tiles).values for tiles in ({}, {"tile_px": 128, "overlap_px": 2 * REACH_PX})
    )
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert (whole != tiled).mean() < 1e-3


def _display(values: np.ndarray) -> np.ndarray:
    return np.clip((values + 34.0) / 30.0 * 255.0, 1, 255).astype(np.uint8)


def _amplitude(values: np.ndarray) -> np.ndarray:
    return (700.0 * 10.0 ** (values / 20.0)).astype(np.float32)


@pytest.mark.parametrize("stored", [_display, _amplitude])
def test_one_band_of_an_unknown_scale_keeps_its_lightness_and_has_hues(
    make_tif: MakeTif, stored: Callable[[np.ndarray], np.ndarray]
) -> None:
    path = make_tif(
        stored(_values()[1:]), "one.tif", names=("VH",), crs="EPSG:32631",
        tags={"UNITS": "amplitude, relative"} if stored is _amplitude else {},
        transform=Affine(10, 0, 660_000, 0, -10, 5_610_000),
    )  # fmt: skip
    lab, grey = _lab(path), _lab(path, palette="none")
    lake, fields, _, town = _means(lab)
    assert lake[2] < fields[2] - 5.0  # water is bluer
    assert town[1] > fields[1] + 0.5  # a town is less green
    inner = (slice(8, -8), slice(8, 376))
    assert np.corrcoef(lab[0][inner].ravel(), grey[0][inner].ravel())[0, 1] > 0.98  # brightness is the radar's
    assert any("The level of the radar is not known" in note for note in sc.colorize(path, dry_run=True).notes)
    assert np.array_equal(sc.colorize(path).values, sc.colorize(path, block_px=128).values)


def test_no_palette_tells_no_kinds(belgium: Path) -> None:
    _, fields, wood, _ = _means(_lab(belgium, palette="none"))
    assert wood[1:] == pytest.approx(fields[1:], abs=2.0)


def test_the_expected_error_is_that_of_the_kinds_of_ground(belgium: Path, tmp_path: Path) -> None:
    sc.colorize(belgium, tmp_path / "colour.tif", uncertainty=tmp_path / "error.tif")
    with rasterio.open(tmp_path / "error.tif") as dataset:
        error = dataset.read(1)
    fields, wood = (error[32:224, part.start + 24 : part.stop - 24].mean() for part in (FIELDS, WOOD))
    assert 2.0 < wood < fields < 10.0  # colours of fields vary more than those of woods
