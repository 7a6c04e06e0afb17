"""Models are measured as users run them: the same filter, lightness, tiles, edges and colours as `colorize`."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from sar_colorize import api
from sar_colorize.color import lab_to_srgb, to_uint8
from sar_colorize.evaluation.color import contestants
from sar_colorize.evaluation.color.compare import compare
from sar_colorize.evaluation.color.palettes import palettes_for
from sar_colorize.evaluation.color.patch import read_patch
from sar_colorize.evaluation.report import pictures
from sar_colorize.pairs.find import Pair, find_pairs
from sar_colorize.palette.palette import UNKNOWN_PALETTE


@pytest.mark.parametrize("weights", ["bounded_weights", "blended_weights", "placed_weights", "composite"])
def test_a_model_paints_a_pair_as_colorize_paints_a_scene_of_the_same_pixels(weights, make_tif, tmp_path, request):
    """60 x 84 is no multiple of any stride, so that edges are filled on two sides."""
    given = weights if weights == "composite" else str(request.getfixturevalue(weights))
    random = np.random.default_rng(3)
    code = np.clip(120 + 40 * random.normal(size=(60, 84)), 1, 255).astype(np.uint8)
    scene = make_tif(code, "scene.tif", names=("VV",))
    Image.fromarray(code).save(tmp_path / "s1.png")
    Image.fromarray(random.integers(40, 160, (60, 84, 3)).astype(np.uint8)).save(tmp_path / "s2.png")
    pair = Pair("0", "here", "test", tmp_path / "s1.png", tmp_path / "s2.png")
    (method,) = contestants.load_models([given], filter="auto", device="cpu", precision="fp32")
    lab, _ = method.paint(read_patch(pair, "sar", UNKNOWN_PALETTE))
    picture = to_uint8(lab_to_srgb(lab))
    painted = api.colorize(
        str(scene), model=given, unit="display", palette="none", device="cpu", precision="fp32"
    ).values[:3]
    assert np.abs(picture.astype(int) - painted).max() <= 1
    assert picture.std() > 1


def test_the_expected_error_of_a_model_is_kept_apart_from_its_picture(placed_weights, shared_pairs):
    (method,) = contestants.load_models([str(placed_weights)], filter="auto", device="cpu", precision="fp32")
    patch = read_patch(find_pairs(shared_pairs).of("test")[0], "sar")
    lab, expected = method.paint(patch)
    assert expected.shape == patch.valid.shape
    assert (expected > 0).all()
    (blind,) = contestants.without_palette([method])
    assert np.array_equal(blind.paint(patch)[0], lab)  # the patch has no palette either


def test_pictures_of_the_report_are_painted_in_the_palette_that_was_measured(placed_weights, shared_pairs):
    pairs = find_pairs(shared_pairs).of("test")
    (method,) = contestants.load_models([str(placed_weights)], filter="auto", device="cpu", precision="fp32")
    palettes = palettes_for(pairs, "site", "all")
    made = compare([method], pairs[:1], "sar", palettes=palettes, strict=True, seed=0, on_progress=None)
    shown = {title: uri for title, uri, _ in pictures.strip(made, pictures.Case(0, "best"), "sar")}
    uri = shown[method.name]
    lab, _ = method.paint(read_patch(pairs[0], "sar", palettes(pairs[0])))
    other, _ = method.paint(read_patch(pairs[0], "sar"))
    expected, wrong = (pictures.data_uri(to_uint8(lab_to_srgb(x))) for x in (lab, other))
    assert uri == expected != wrong
    with Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))) as image:
        assert image.size == (176, 176)
