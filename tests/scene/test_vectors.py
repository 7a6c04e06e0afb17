"""Calibration and noise of a product from strangers: a wrong value spoils its pixels, more than a trace the product."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from made_product import HEIGHT, WIDTH, Make, default_dn, make_safe

from sar_colorize.errors import UnreadableError
from sar_colorize.raster import Window
from sar_colorize.scene import Scene, open_scene
from sar_colorize.scene.safe.vectors import Vectors

WHOLE = Window(0, 0, HEIGHT, WIDTH)
LINES, PIXELS = range(0, HEIGHT, 40), range(0, WIDTH, 20)


def _fine(safe: Path, which: str, tag: str, wrong: dict[tuple[int, int], str]) -> Path:
    """The product with 300 values in each file of vectors, some of them wrong, by line and pixel."""
    start, stop = ("calibrationVectorList", "calibration-*vv*") if which == "calibration" else (
        "noiseRangeVectorList", "noise-*vv*")  # fmt: skip
    other = "".join(f"<{name}>{{0}}</{name}>" for name in ("betaNought", "gamma")) if which == "calibration" else ""
    usual = "400.0" if which == "calibration" else "900.0"
    vectors = ""
    for line in LINES:
        values = " ".join(wrong.get((line, pixel), usual) for pixel in PIXELS)
        body = f"<line>{line}</line><pixel>{' '.join(map(str, PIXELS))}</pixel><{tag}>{values}</{tag}>"
        vectors += f"<{start[:-4]}>{body}{other.format(values)}</{start[:-4]}>"
    for file in (safe / "annotation/calibration").glob(stop):
        text = re.sub(rf"<{start}>.*</{start}>", f"<{start}>{vectors}</{start}>", file.read_text(), flags=re.DOTALL)
        file.write_text(text)
    return safe


def _radar(source: Path, **options: object) -> Scene:
    return open_scene(source, grid="radar", **options)


@pytest.mark.parametrize(
    ("which", "tag", "value"),
    [("calibration", "sigmaNought", value) for value in ("nan", "inf", "0.0", "-3.5", "1e30", "1e-30")]
    + [("noise", "noiseRangeLut", value) for value in ("nan", "inf", "-1.0", "1e30")],
)
def test_pixels_that_depend_on_an_impossible_value_are_invalid_and_no_others(
    tmp_path: Path, which: str, tag: str, value: str
) -> None:
    line, pixel = LINES[4], PIXELS[10]
    whole = _radar(_fine(make_safe(tmp_path / "whole"), which, tag, {})).read(WHOLE)
    scene = _radar(_fine(make_safe(tmp_path / "wrong"), which, tag, {(line, pixel): value}))
    raster = scene.read(WHOLE)
    depends = np.zeros((HEIGHT, WIDTH), bool)
    depends[line - 39 : line + 40, pixel - 19 : pixel + 20] = True
    assert np.array_equal(raster.valid, whole.valid & ~depends)
    assert np.array_equal(raster.values[:, ~depends], whole.values[:, ~depends])
    assert "impossible" in scene.validity
    assert "impossible calibration or noise values of VV" in " ".join(scene.notes)
    part = Window(line - 50, pixel - 30, 77, 41)
    assert np.array_equal(scene.read(part).valid, raster.valid[part.within(WHOLE)])


@pytest.mark.parametrize(
    ("which", "tag"), [("calibration", "sigmaNought"), ("noise", "noiseRangeLut")], ids=["calibration", "noise"]
)
def test_more_than_a_trace_of_impossible_values_is_refused(tmp_path: Path, which: str, tag: str) -> None:
    three = {(40, 20): "nan", (80, 40): "nan", (120, 60): "nan"}  # 1 % of 300
    assert _radar(_fine(make_safe(tmp_path / "trace"), which, tag, three)).read(WHOLE).valid.any()
    safe = _fine(make_safe(tmp_path / "more"), which, tag, three | {(160, 80): "-inf"})
    with pytest.raises(UnreadableError, match=rf"{tag} in .* must be .*, got 4 of 300 values beyond, such as nan; dow"):
        _radar(safe)


def test_an_impossible_factor_of_the_noise_is_refused(tmp_path: Path) -> None:
    safe = make_safe(tmp_path)
    for file in safe.rglob("noise-*.xml"):
        file.write_text(file.read_text().replace("<noiseAzimuthLut>1.0 1.2", "<noiseAzimuthLut>1.0 inf"))
    with pytest.raises(UnreadableError, match=r"noiseAzimuthLut in .* must be 0 to 1000, got 1 of 6 values beyond"):
        _radar(safe)


def test_a_line_depends_only_on_the_vectors_that_have_a_share_in_it() -> None:
    nan, good = np.full(2, np.nan), np.full(2, 400.0)
    pixels = (np.array([0.0, 9.0]),) * 3
    first = Vectors(np.array([0.0, 10.0, 20.0]), pixels, (nan, good, good)).at(Window(0, 0, 21, 10))
    last = Vectors(np.array([0.0, 10.0, 20.0]), pixels, (good, good, nan)).at(Window(0, 0, 25, 10))
    assert np.isnan(first[:10]).all()
    assert (first[10:] == 400.0).all()
    assert (last[:11] == 400.0).all()
    assert np.isnan(last[11:]).all()


def test_the_dark_border_is_found_where_a_noise_value_is_impossible(tmp_path: Path) -> None:
    dark = default_dn("VV")
    dark[:, 3:43] = np.where(dark[:, 3:43] > 0, 3, 0)
    safe = make_safe(tmp_path, Make(ipf="002.60", old_noise=True, dn=lambda _: dark))
    for file in safe.rglob("noise-*.xml"):
        text = file.read_text()
        fine = "".join(
            f"<noiseVector><line>{line}</line><pixel>{' '.join(map(str, PIXELS))}</pixel><noiseLut>"
            f"{' '.join('nan' if (line, pixel) == (80, 300) else '900' for pixel in PIXELS)}</noiseLut></noiseVector>"
            for line in LINES
        )
        file.write_text(re.sub(r"<noiseVectorList>.*</noiseVectorList>", f"<noiseVectorList>{fine}</noiseVectorList>",
                               text, flags=re.DOTALL))  # fmt: skip
    valid = _radar(safe).read(WHOLE).valid
    assert not valid[:, :40].any()
    assert valid[50:-50, 60:250].mean() > 0.999


NUMBERS = {
    "width is text": ("s1a*.xml", ">600<", ">wide<", "must hold a number 1 to 100000 in numberOfSamples, got 'wide'"),
    "width is infinite": ("s1a*.xml", ">600<", ">inf<", "in numberOfSamples, got 'inf'"),
    "width is huge": ("s1a*.xml", ">600<", ">2147483648<", "in numberOfSamples, got '2147483648'"),
    "height is negative": ("s1a*.xml", ">400<", ">-400<", "in numberOfLines, got '-400'"),
    "height is empty": ("s1a*.xml", ">400<", "><", "must fill numberOfLines"),
    "height is a fraction": ("s1a*.xml", ">400<", ">400.5<", "a whole number in numberOfLines, got 400.5"),
    "spacing is zero": ("s1a*.xml", "Spacing>10.0<", "Spacing>0<", "in rangePixelSpacing, got '0'"),
    "orbit is not a number": ("s1a*.xml", ">36201<", ">nan<", "in absoluteOrbitNumber, got 'nan'"),
    "a longitude is infinite": ("s1a*.xml", "<longitude>", "<longitude>1e999", "in longitude, got '1e999"),
    "a latitude beyond the pole": ("s1a*.xml", "<latitude>", "<latitude>9", "in latitude, got '94"),
    "a line of a vector is not finite": ("calibration-*.xml", "<line>200", "<line>inf", "in line, got 'inf'"),
    "pixels fall": ("calibration-*.xml", ">0 150 300", ">0 300 150", "must hold increasing pixels"),
    "pixels are not finite": ("calibration-*.xml", ">0 150 300", ">0 nan 300", "must hold numbers in pixel"),
    "a swath begins at text": ("noise-*.xml", "<firstRangeSample>300", "<firstRangeSample>x", "in firstRangeSample"),
    "a swath ends beyond": ("noise-*.xml", "<lastAzimuthLine>399", "<lastAzimuthLine>" + "9" * 5000, "lastAzimuthLine"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_cannot_be_is_one_sentence(tmp_path: Path, name: str) -> None:
    pattern, old, new, words = NUMBERS[name]
    safe = make_safe(tmp_path)
    for file in safe.rglob(pattern):
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))
    with pytest.raises(UnreadableError, match=re.escape(words)):
        _radar(safe)


@pytest.mark.parametrize("text", ["x", "", "9" * 5000, "-1", "\uff11\uff12"])
def test_a_track_or_a_version_that_cannot_be_is_left_out(tmp_path: Path, text: str) -> None:
    safe = make_safe(tmp_path)
    manifest = safe / "manifest.safe"
    manifest.write_text(manifest.read_text().replace(">79<", f">{text}<").replace("003.31", "9" * 5000))
    about = _radar(safe).about
    assert about["orbit"] == "absolute 36201"
    assert len(about["processor"]) < 40
