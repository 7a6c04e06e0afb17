"""A picture with the memory of its place: from the option to the files, the same bits whatever the way there."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rio_cogeo
import rioxarray
from affine import Affine
from distributed import LocalCluster
from made import TRANSFORM, prepared, speckled
from rasterio.enums import Resampling
from rasterio.warp import calculate_default_transform, reproject

import sar_colorize as sc
from sar_colorize import place
from sar_colorize.color import srgb_to_lab
from sar_colorize.errors import OutputError, SettingError
from sar_colorize.place import Reference
from sar_colorize.prepare import ColorizeSettings
from sar_colorize.reference.fit import Place
from sar_colorize.reference.memory import FADE_PX, Ground, Memory
from sar_colorize.scene import open_scene

MakeTif = Callable[..., Path]
HEIGHT, WIDTH, COVER = 600, 700, 420
CLOUD = (slice(200, 260), slice(100, 180))


def _picture(seed: int = 0) -> np.ndarray:
    """(3, 600, 420) uint8: fields of 30 px with a texture, and a cloud."""
    random = np.random.default_rng(seed)
    fields = random.integers(60, 170, (3, 20, 14)).repeat(30, 1).repeat(30, 2)
    values = fields + random.integers(-8, 9, (3, HEIGHT, COVER))
    values[:, *CLOUD] = 250
    return values.astype(np.uint8)


@pytest.fixture
def reference(make_tif: MakeTif) -> Path:
    """The western 60 % of `scene_with_holes`, in March 2026, with a cloud."""
    return make_tif(_picture(), "earlier_20260302.tif")


@pytest.fixture
def settings(placed_weights: Path, reference: Path) -> dict[str, Any]:
    return {"model": str(placed_weights), "reference": reference, "palette": "none"}


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with rasterio.open(path) as dataset:
        return dataset.read(), dataset.dataset_mask() > 0


def test_the_reference_is_kept_where_it_shows_ground_and_gives_way_without_a_seam(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    sc.colorize(scene_with_holes, tmp_path / "out.tif", memory=tmp_path / "share.tif", **settings)
    sc.colorize(scene_with_holes, tmp_path / "plain.tif", model=settings["model"], palette="none")
    (out, valid), (plain, _) = _read(tmp_path / "out.tif"), _read(tmp_path / "plain.tif")
    (share, changed), shown = _read(tmp_path / "share.tif")
    assert np.array_equal(shown, valid)
    trust = share.astype(int) + changed  # of the reference, there or overruled by the radar
    assert share.max() == 100
    assert trust.max() <= 101  # of two rounded numbers
    kept, gone = valid & (share == 100), valid & (trust == 0)
    wide = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    wide[:, :, :COVER] = _picture()
    assert np.abs(out[:, kept].astype(int) - wide[:, kept]).max() <= 1
    assert np.array_equal(out[:, gone], plain[:, gone])
    assert gone[:, COVER:].sum() == valid[:, COVER:].sum()
    assert (trust[CLOUD] == 0).all()
    inner = valid.copy()
    inner[:, COVER - FADE_PX - 7 :] = inner[175:285, 75:205] = False
    assert trust[inner].min() >= 99
    assert kept.sum() > 0.85 * inner.sum()
    for steps, known in (
        (np.diff(trust, axis=0), valid[1:] & valid[:-1]),
        (np.diff(trust, axis=1), valid[:, 1:] & valid[:, :-1]),
    ):
        assert np.abs(steps)[known].max() <= 8  # 6 of the fade and 1 of each rounding


@pytest.mark.parametrize("way", ["blocks", "box", "lazy", "array", "other process"])
def test_the_picture_has_the_same_bits_whatever_the_way(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path, way: str
) -> None:
    sc.colorize(scene_with_holes, tmp_path / "all.tif", memory=tmp_path / "share.tif", **settings)
    whole, valid = _read(tmp_path / "all.tif")
    share, _ = _read(tmp_path / "share.tif")
    if way == "blocks":
        sc.colorize(scene_with_holes, tmp_path / "b.tif", memory=tmp_path / "s.tif", block_px=210, **settings)
        assert np.array_equal(_read(tmp_path / "b.tif")[0], whole)
        assert np.array_equal(_read(tmp_path / "s.tif")[0], share)
    elif way == "box":
        box = (503000, 4997000, 504500, 4998500)  # across the reference's edge
        sc.colorize(scene_with_holes, tmp_path / "b.tif", memory=tmp_path / "s.tif", bbox=box, **settings)
        part = (slice(None), slice(150, 300), slice(300, 450))
        assert np.array_equal(_read(tmp_path / "b.tif")[0], whole[part])
        assert np.array_equal(_read(tmp_path / "s.tif")[0], share[part])
    elif way in ("lazy", "array"):
        with rioxarray.open_rasterio(settings["reference"]) as array:
            given = settings | ({"reference": array} if way == "array" else {})
            rgba = sc.colorize(open_scene(scene_with_holes).to_xarray(), block_px=256, **given).values
        assert np.array_equal(rgba[:3], whole)
        assert np.array_equal(rgba[3] > 0, valid)
    else:
        chosen = ColorizeSettings(settings["model"], "none", reference=str(settings["reference"]))
        scene, colorizer = prepared(open_scene(scene_with_holes), chosen)
        copied = pickle.loads(pickle.dumps(colorizer))  # noqa: S301  # made here
        assert np.array_equal(copied.block(scene, scene.grid.window).values[:3], whole)


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_paints_and_counts_the_same(scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    chosen = settings | {"block_px": 256}
    here = sc.colorize(scene_with_holes, tmp_path / "here.tif", memory=tmp_path / "share.tif", **chosen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp"
        ) as cluster:
            there = sc.colorize(
                scene_with_holes, tmp_path / "there.tif", memory=tmp_path / "there_share.tif",
                scheduler=cluster.scheduler_address, **chosen,
            )  # fmt: skip
    assert there.remembered == here.remembered
    assert (there.kept_share, there.not_shown_share) == (here.kept_share, here.not_shown_share)
    for ours, theirs in (("here.tif", "there.tif"), ("share.tif", "there_share.tif")):
        assert np.array_equal(_read(tmp_path / ours)[0], _read(tmp_path / theirs)[0])


def test_the_result_says_how_much_is_as_in_the_reference(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    made = sc.colorize(scene_with_holes, tmp_path / "out.tif", memory=tmp_path / "share.tif", block_px=128, **settings)
    (share, changed), valid = _read(tmp_path / "share.tif")
    kept, new = (share[valid] >= 50).mean(), ((changed >= 50) & (share < 50))[valid].mean()
    assert made.kept_share == pytest.approx(kept, abs=1e-4)
    assert made.changed_share == pytest.approx(new, abs=1e-4)
    assert made.not_shown_share == pytest.approx(1 - kept - new, abs=2e-4)
    ours, theirs = round(100 * kept), round(100 * new)
    assert theirs > 0
    assert made.remembered == (
        f"{ours} % of the ground as in the picture of 2026-03-02, {theirs} % changed, {100 - ours - theirs} % not "
        "shown by it"
    )
    found = json.loads(json.dumps(made.to_dict()))
    assert found["memory"] == str(tmp_path / "share.tif")
    assert (found["structure"], found["reference_date"]) == ("both", "2026-03-02")
    alone = sc.colorize(scene_with_holes, tmp_path / "alone.tif", **settings)
    assert (alone.kept_share, alone.memory) == (made.kept_share, None)
    assert "kept_share" not in sc.colorize(scene_with_holes, tmp_path / "p.tif", model=settings["model"]).to_dict()


def test_what_the_radar_shows_as_new_is_counted_and_stored(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Memory.picture

    def with_news(self: Memory, *given: Any) -> Any:
        made = usual(self, *given)
        new = given[2].db[0][given[3]] < -16.0
        return type(made)(made.lab, np.where(new, 0.0, made.memory), np.where(new, 0.8, 0.0), made.error)

    monkeypatch.setattr(Memory, "picture", with_news)
    made = sc.colorize(scene_with_holes, tmp_path / "out.tif", memory=tmp_path / "share.tif", **settings)
    (share, changed), valid = _read(tmp_path / "share.tif")
    assert set(np.unique(changed)) == {0, 80}
    assert made.changed_share == pytest.approx((changed[valid] == 80).mean(), abs=1e-4)
    assert made.changed_share > 0.005
    assert made.kept_share == pytest.approx((share[valid] >= 50).mean(), abs=1e-4)


def test_the_memory_is_a_lossless_cog_of_percents_on_the_scenes_grid(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    for profile in ("deflate", "jpeg"):
        target = tmp_path / f"{profile}.tif"
        sc.colorize(scene_with_holes, tmp_path / f"out_{profile}.tif", memory=target, profile=profile, **settings)
        assert rio_cogeo.cog_validate(target, strict=True) == (True, [], [])
        with rasterio.open(target) as dataset, rasterio.open(scene_with_holes) as scene:
            assert (dataset.crs, dataset.transform, dataset.shape) == (scene.crs, scene.transform, scene.shape)
            assert (dataset.dtypes, dataset.descriptions) == (("uint8", "uint8"), ("memory", "changed"))
            assert dataset.units == ("percent", "percent")
            assert "earlier_20260302.tif" in dataset.tags()["SAR_COLORIZE_REFERENCE"]
    assert np.array_equal(_read(tmp_path / "deflate.tif")[0], _read(tmp_path / "jpeg.tif")[0])


def test_the_tags_say_whose_picture_it_is(scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    made = sc.colorize(scene_with_holes, tmp_path / "out.tif", date="2026-05", structure="radar", **settings)
    with rasterio.open(tmp_path / "out.tif") as dataset:
        tags = dataset.tags()
    assert tags["SAR_COLORIZE_REFERENCE"] == str(settings["reference"])
    assert tags["SAR_COLORIZE_REFERENCE_DATE"] == "2026-03-02"
    assert tags["SAR_COLORIZE_REFERENCE_KIND"].startswith("an 8-bit picture as it is")
    assert (tags["SAR_COLORIZE_STRUCTURE"], tags["SAR_COLORIZE_DATE"]) == ("radar", "2026-05")
    assert tags["SAR_COLORIZE_NOTICE"] == (
        "The colours are those of earlier_20260302.tif of 2026-03-02 where the radar agrees with it, over the radar's "
        "own brightness, and predicted from radar backscatter, not measured, elsewhere."
    )
    stored = json.loads(tags["SAR_COLORIZE_SETTINGS"])
    assert (stored["structure"], stored["reference"]) == ("radar", str(settings["reference"]))
    assert made.notes[0].startswith("Reference earlier_20260302.tif of 2026-03-02: an 8-bit picture as it is")


def test_the_radars_structure_is_its_own_lightness_under_the_references_colours(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    chosen = ColorizeSettings(settings["model"], "none", reference="x", structure="radar")
    scene, colorizer = prepared(open_scene(scene_with_holes), chosen, reference=Reference(str(settings["reference"])))
    whole = scene.grid.window
    loaded, made = colorizer.load(scene, whole), colorizer.block(scene, whole)
    assert colorizer.recall is not None
    assert loaded is not None
    assert loaded.ground is not None
    around = whole.pad(colorizer.recall.memory.halo_px)
    db, reference = (
        loaded.ground.db[0][whole.within(around)],
        loaded.ground.reference[(slice(None), *whole.within(around))],
    )
    lab = srgb_to_lab(made.values[:3].astype(np.float32) / np.float32(255))
    share = made.values[made.bands.index("memory")]
    shown = made.valid & (share == 100) & (lab[0] > 25) & (lab[0] < 80)
    grey = shown & (np.abs(reference[1:]).max(0) < 15)  # sRGB has no deep colours that are dark or bright
    assert grey.sum() > 5000
    slope, start = np.polyfit(db[grey], lab[0][grey], 1)
    assert np.abs(lab[0] - start - slope * db)[grey].max() < 0.8  # one line for the whole scene, of 8 bits
    assert start + slope * np.median(db[share == 100]) == pytest.approx(reference[0][share == 100].mean(), abs=3.0)
    assert np.abs(lab[1:] - reference[1:])[:, grey].max() < 2.0


@pytest.mark.parametrize("kind", ["degrees", "coarser", "reflectance"])
def test_any_raster_of_the_place_is_a_reference(
    scene_with_holes: Path, make_tif: MakeTif, settings: dict[str, Any], tmp_path: Path, kind: str
) -> None:
    values, crs, transform = _picture(), "EPSG:32633", TRANSFORM
    if kind == "reflectance":
        values = (values.astype(np.uint16) * 9 + 1000).astype(np.uint16)
    if kind == "coarser":
        values, transform = values[:, ::4, ::4], TRANSFORM @ Affine.scale(4)
    if kind == "degrees":
        box = (500000.0, 5000000.0 - 10 * HEIGHT, 500000.0 + 10 * COVER, 5000000.0)
        transform, width, height = calculate_default_transform("EPSG:32633", "EPSG:4326", COVER, HEIGHT, *box)
        out = np.zeros((3, height, width), np.uint8)
        reproject(values, out, src_transform=TRANSFORM, src_crs=crs, dst_transform=transform, dst_crs="EPSG:4326",
                  resampling=Resampling.bilinear)  # fmt: skip
        values, crs = out, "EPSG:4326"
    path = make_tif(values, "other.tif", crs=crs, transform=transform, nodata=0)
    made = sc.colorize(scene_with_holes, tmp_path / "out.tif", **(settings | {"reference": path}))
    assert 0.4 < made.kept_share < 0.6
    out, valid = _read(tmp_path / "out.tif")
    if kind != "reflectance":
        part = (slice(45, 180, 30), slice(105, 380, 30))  # the middles of fields
        difference = np.abs(out[:, *part].astype(int) - _picture()[:, *part])[:, valid[part]]
        assert difference.mean() < 8


def test_the_palette_is_the_references_unless_another_is_named(
    scene_with_holes: Path, settings: dict[str, Any], make_tif: MakeTif
) -> None:
    auto = sc.colorize(scene_with_holes, dry_run=True, **(settings | {"palette": "auto"}))
    alone = sc.colorize(scene_with_holes, dry_run=True, model=settings["model"], palette=settings["reference"])
    assert auto.palette == str(settings["reference"])
    assert auto.palette_lab == alone.palette_lab
    assert sc.colorize(scene_with_holes, dry_run=True, **settings).palette == "none"
    other = make_tif(np.full((3, HEIGHT, WIDTH), 120, np.uint8), "other.tif")
    named = sc.colorize(scene_with_holes, dry_run=True, **(settings | {"palette": other}))
    assert (named.palette, named.reference) == (str(other), str(settings["reference"]))


@pytest.mark.parametrize("model", ["bounded_weights", "blended_weights"])
def test_a_model_without_a_palette_remembers_too(
    scene_with_holes: Path, reference: Path, tmp_path: Path, request: pytest.FixtureRequest, model: str
) -> None:
    chosen = {"model": str(request.getfixturevalue(model)), "reference": reference}
    made = sc.colorize(scene_with_holes, tmp_path / "out.tif", **chosen)
    assert made.kept_share > 0.4
    sc.colorize(scene_with_holes, tmp_path / "parts.tif", block_px=128, **chosen)
    assert np.array_equal(_read(tmp_path / "out.tif")[0], _read(tmp_path / "parts.tif")[0])


def test_the_expected_error_is_that_of_what_is_shown(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    chosen = {"uncertainty": tmp_path / "error.tif", "memory": tmp_path / "share.tif"}
    sc.colorize(scene_with_holes, tmp_path / "out.tif", **chosen, **settings)
    sc.colorize(scene_with_holes, tmp_path / "alone.tif", **settings)
    assert np.array_equal(_read(tmp_path / "out.tif")[0], _read(tmp_path / "alone.tif")[0])
    sc.colorize(scene_with_holes, tmp_path / "p.tif", uncertainty=tmp_path / "plain_error.tif", model=settings["model"],
                palette="none")  # fmt: skip
    (error,), (plain,) = _read(tmp_path / "error.tif")[0], _read(tmp_path / "plain_error.tif")[0]
    (share, changed), valid = _read(tmp_path / "share.tif")
    assert np.array_equal(np.isfinite(error), valid)
    gone = valid & (share == 0) & (changed == 0)
    assert np.array_equal(error[gone], plain[gone])
    (kept,), (drawn,) = (np.unique(error[valid & (band == 100)]) for band in (share, changed))
    assert drawn == 1.5 * kept  # new water, of which the reference says nothing


def _grounds(monkeypatch: pytest.MonkeyPatch, *given: Any, **more: Any) -> tuple[list[Ground], dict[str, Any]]:
    """What the memory of a scene is fitted to."""
    found: list[Ground] = []
    asked: dict[str, Any] = {}

    def remember(windows: Any, bands: tuple[str, ...], structure: str, known: Place) -> Memory:
        found.extend(windows)
        asked.update(bands=bands, structure=structure, place=known)
        return Memory(structure, bands, known.absolute, note="A note of the fit.")

    monkeypatch.setattr(place, "fit_memory", remember)
    asked["result"] = sc.colorize(*given, dry_run=True, **more)
    return found, asked


def test_a_memory_is_fitted_to_windows_over_the_overlap(
    scene_with_holes: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    grounds, asked = _grounds(monkeypatch, scene_with_holes, date="2026-05-07", **settings)
    assert (asked["bands"], asked["structure"]) == (("VV", "VH"), "both")
    assert (asked["place"].months, asked["place"].absolute) == ((3, 5), True)
    assert asked["place"].position == pytest.approx((15.0445, 45.1265), abs=1e-3)  # the middle, by pyproj
    assert "A note of the fit." in asked["result"].notes
    assert len(grounds) == 2  # of 256 px: two high, one wide in the 420 px that the reference covers
    assert all(ground.reference.shape[1:] == ground.seen.shape == (256, 256) for ground in grounds)
    assert all(ground.before is None for ground in grounds)
    ground = grounds[0]
    assert not ground.reference[:, ~ground.seen].any()
    assert not ground.db[:, ~ground.valid].any()
    assert ground.db[0][ground.valid].mean() == pytest.approx(-12.0, abs=2.0)


def test_a_small_reference_in_a_large_scene_is_found_by_the_fit(
    scene_with_holes: Path, make_tif: MakeTif, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    corner = make_tif(_picture()[:, :60, :50], "corner.tif", transform=TRANSFORM @ Affine.translation(600, 520))
    grounds, _ = _grounds(monkeypatch, scene_with_holes, **(settings | {"reference": corner}))
    assert len(grounds) == 1
    assert grounds[0].seen.sum() > 54 * 44 * 0.9


@pytest.mark.parametrize("way", ["same grid", "array", "shifted", "dn"])
def test_the_radar_of_the_references_date_is_despeckled_alike_on_the_scenes_grid(
    scene_with_holes: Path, make_tif: MakeTif, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    with rasterio.open(scene_with_holes) as dataset:
        values = dataset.read()
    names: dict[str, Any] = {"names": ("VV", "VH"), "nodata": np.nan, "tags": {"UNITS": "dB"}}
    before: Any = make_tif(values, "before.tif", **names)
    if way == "array":
        before = open_scene(before).to_xarray()
    elif way == "shifted":  # by half a pixel: the mean of neighbours
        before = make_tif(values[:, :, 1:], "half.tif", transform=TRANSFORM @ Affine.translation(1.5, 0), **names)
    elif way == "dn":  # twice the amplitude of an unknown gain
        amplitude = 10 ** (values / 20) * 400
        before = make_tif(amplitude.astype(np.float32), "dn.tif", **(names | {"tags": {"UNITS": "amplitude"}}))
    grounds, _ = _grounds(monkeypatch, scene_with_holes, reference_radar=before, **settings)
    for ground in grounds:
        assert ground.before is not None
        assert ground.before.shape == ground.db.shape
        difference = (ground.before - ground.db)[:, ground.valid & np.isfinite(ground.before).all(0)]
        assert difference.shape[1] > 50_000
        if way in ("same grid", "array"):
            assert np.array_equal(np.isfinite(ground.before).all(0), ground.valid)
            assert np.abs(difference).max() < 1e-4
        else:
            assert abs(difference.mean()) < 0.1 if way == "shifted" else np.ptp(difference[0]) < 1e-3
            assert np.abs(difference).mean() < 1.5


def test_a_picture_with_the_radar_of_its_date_has_the_same_bits_for_all_blocks(
    scene_with_holes: Path, make_tif: MakeTif, settings: dict[str, Any], tmp_path: Path
) -> None:
    before = make_tif(
        np.stack([speckled(500, 500), speckled(500, 500, seed=4)]), "before.tif", names=("VV", "VH"), nodata=np.nan,
        tags={"UNITS": "dB"}, transform=TRANSFORM @ Affine.translation(30.3, 20.8),
    )  # fmt: skip
    chosen = ColorizeSettings(settings["model"], "none", reference="x", reference_radar="y")
    scene, colorizer = prepared(
        open_scene(scene_with_holes), chosen, reference=Reference(str(settings["reference"]), open_scene(before))
    )
    whole = scene.grid.window
    everything = colorizer.load(scene, whole)
    assert everything is not None
    assert everything.ground is not None
    for window in (type(whole)(0, 0, 100, 130), type(whole)(333, 77, 201, 99)):
        part = colorizer.load(scene, window)
        assert part is not None
        assert part.ground is not None
        halo = colorizer.recall.memory.halo_px
        inside = window.pad(halo).within(whole.pad(halo))
        for name in ("reference", "seen", "db", "valid", "before"):
            ours, all_of_it = getattr(part.ground, name), getattr(everything.ground, name)
            assert np.array_equal(ours, all_of_it[..., *inside], equal_nan=name == "before"), name


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reference": None, "structure": "radar"}, r"structure must come with a reference, got 'radar' alone; give"),
        ({"reference": None, "reference_date": "2026-03"}, r"reference_date must come with a reference, got '2026-03'"),
        ({"reference": None, "reference_radar": "b.tif"}, r"reference_radar must come with a reference, got 'b\.tif'"),
        ({"reference": None, "date": "2026-03", "palette": "none"}, r"date must come with a reference, got '2026-03'"),
        ({"reference": None, "date": "2026-03", "palette": "auto", "model": "pix2pix-sar"}, r"date must come with"),
        ({"reference": None, "memory": "m.tif"}, r"memory must come with a reference, got m\.tif alone"),
        ({"structure": "mine"}, r"structure must be one of both, radar, reference, got 'mine'"),
        ({"date": "May"}, r"date must be a date such as 2026-03-02 or a month such as 2026-03, got 'May'"),
        ({"reference": "nowhere.tif"}, r"reference must be an optical raster, got nowhere\.tif, which does not exist"),
        ({"reference": 5}, r"reference must be a path or an xarray DataArray, got 5"),
        ({"model": "composite", "palette": "auto"}, r"reference must be left out for composite, whose colours are a"),
        ({"output": None, "memory": "m.tif"}, r"memory must be left out without an output, got 'm\.tif'"),
        ({"memory": "https://x.org/m.tif"}, r"memory must be a local path, got https://x\.org/m\.tif"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_sentence(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    given = {"output": tmp_path / "out.tif"} | settings | changes
    with pytest.raises(SettingError, match=words):
        sc.colorize(scene_with_holes, **given)
    assert not (tmp_path / "out.tif").exists()


def test_a_reference_that_shows_nothing_of_the_scene_is_refused(
    scene_with_holes: Path, make_tif: MakeTif, settings: dict[str, Any], tmp_path: Path
) -> None:
    far = make_tif(_picture(), "far.tif", transform=TRANSFORM @ Affine.translation(5000, 0))
    cloud = make_tif(np.full((3, HEIGHT, WIDTH), 250, np.uint8), "cloud.tif")
    lost = make_tif(_picture(), "lost.tif", crs=None, transform=None)
    radar = make_tif(speckled(90, 90), "one.tif", names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})
    both = np.stack([speckled(90, 90)] * 2)
    away = make_tif(both, "away.tif", names=("VV", "VH"), transform=TRANSFORM @ Affine.translation(5000, 0))
    bare = make_tif(both, "bare.tif", names=("VV", "VH"), crs=None, transform=None)
    for changes, words in (
        ({"reference": far}, r"reference must overlap the scene, got .*far\.tif, which lies elsewhere"),
        (
            {"reference": cloud},
            r"reference must show ground of the scene, got only nodata, black or white cloud over it",
        ),
        ({"reference": lost}, r"reference must have a georeference and so must the scene, .*lost\.tif has none"),
        ({"reference_radar": radar}, r"reference_radar must have the bands VV, VH of the scene, got VV in .*one\.tif"),
        ({"reference_radar": away}, r"reference_radar must overlap the scene, got .*away\.tif"),
        ({"reference_radar": bare}, r"reference_radar must have a georeference as the scene has, .*bare\.tif"),
    ):
        with pytest.raises(SettingError, match=words):
            sc.colorize(scene_with_holes, tmp_path / "out.tif", **(settings | changes))
    assert not (tmp_path / "out.tif").exists()


def test_without_a_georeference_pixels_lie_on_pixels(
    make_tif: MakeTif, settings: dict[str, Any], tmp_path: Path
) -> None:
    scene = make_tif(speckled(HEIGHT, COVER), "lost.tif", crs=None, transform=None, nodata=np.nan)
    lost = make_tif(_picture(), "picture.tif", crs=None, transform=None)
    made = sc.colorize(scene, tmp_path / "out.tif", **(settings | {"reference": lost, "palette": "auto"}))
    assert made.kept_share > 0.85
    with pytest.raises(SettingError, match=r"got 420 x 600 px for 420 x 600, and the scene has none; give the scene"):
        sc.colorize(scene, tmp_path / "no.tif", **settings)


def test_a_dry_run_writes_nothing_and_plans_for_the_memory(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    target = {"output": tmp_path / "out.tif", "memory": tmp_path / "share.tif"}
    made = sc.colorize(scene_with_holes, **target, dry_run=True, **settings)
    plain = sc.colorize(scene_with_holes, tmp_path / "out.tif", dry_run=True, model=settings["model"])
    assert {path.name for path in tmp_path.iterdir()} == before
    assert (made.memory, made.remembered, made.reference) == (None, None, str(settings["reference"]))
    assert made.plan["temporary_bytes"] - plain.plan["temporary_bytes"] == round(
        2.125 * 4 / 3 * HEIGHT * WIDTH
    )  # with overviews
    assert made.plan["memory_bytes"] > plain.plan["memory_bytes"] + HEIGHT * WIDTH * 50


def test_inputs_are_never_replaced_and_a_failed_run_leaves_nothing(
    scene_with_holes: Path, make_tif: MakeTif, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make_tif(np.stack([speckled(600, 700)] * 2), "before.tif", names=("VV", "VH"), nodata=np.nan)
    sidecar = tmp_path / "out.tif.ovr"
    sidecar.write_bytes(settings["reference"].read_bytes())
    link = tmp_path / "link.tif"
    link.hardlink_to(settings["reference"])
    contents = {path: path.read_bytes() for path in tmp_path.iterdir()}
    refusal = r"output must (be another file than|leave) the inputs"
    with rioxarray.open_rasterio(settings["reference"]) as array:
        for changes in (
            {"output": settings["reference"]},
            {"output": link},
            {"output": tmp_path / "new.tif", "memory": link},
            {"output": before, "reference_radar": before},
            {"output": tmp_path / "out.tif", "reference": sidecar},
            {"output": link, "reference": array},
        ):
            for dry_run in (True, False):
                with pytest.raises(OutputError, match=refusal):
                    sc.colorize(scene_with_holes, overwrite=True, dry_run=dry_run, **(settings | changes))
    with pytest.raises(OutputError, match=r"outputs must be different files, got .*x\.tif twice"):
        sc.colorize(scene_with_holes, tmp_path / "x.tif", memory=tmp_path / "x.tif", **settings)

    def fail(*_: Any) -> None:
        raise SettingError("made to fail")

    monkeypatch.setattr(Memory, "picture", fail)
    with pytest.raises(SettingError, match="made to fail"):
        sc.colorize(scene_with_holes, tmp_path / "new.tif", memory=tmp_path / "m.tif", **settings)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == contents


def test_credentials_of_a_reference_are_stored_nowhere(
    scene_with_holes: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    with rioxarray.open_rasterio(settings["reference"]) as array:
        named = array.rename("https://user:secret@example.org/a.tif?X-Amz-Signature=secret")
        made = sc.colorize(scene_with_holes, tmp_path / "out.tif", **(settings | {"reference": named}))
    with rasterio.open(tmp_path / "out.tif") as dataset:
        assert "secret" not in json.dumps(dataset.tags())
    assert "secret" not in json.dumps(made.to_dict())
