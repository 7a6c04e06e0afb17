"""OpenVINO paints what torch paints, without torch: each network, each way of composing, whatever runs beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made import write_weights
from safetensors.torch import save_file

from sar_colorize import weights
from sar_colorize.backscatter import DB_RANGES
from sar_colorize.engine import choose, graph
from sar_colorize.engine import openvino as engine
from sar_colorize.errors import ModelError, SettingError
from sar_colorize.infer import TilePainter, tile_grid
from sar_colorize.models import registry
from sar_colorize.models.by_place_painter import ByPlacePainter
from sar_colorize.models.card import Card
from sar_colorize.models.painter import Painter, choose_bands
from sar_colorize.models.shapes import shapes_of
from sar_colorize.palette.difference import numbers_of
from sar_colorize.palette.fit import Examples, learn
from sar_colorize.palette.from_radar import ground_kinds
from sar_colorize.palette.lattice import Lattice
from sar_colorize.palette.palette import GUESSED, UNKNOWN_PALETTE, Palette
from sar_colorize.palette.world import expect
from sar_colorize.raster import Window

NETWORKS = [name for name in registry.names() if name != "composite"]
PALETTE = Palette((40.0, -8.0, 20.0), (15.0, 6.0, 5.0), (0.1, 0.2, -0.3))


def _lightness(bands: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """(C, H, W): broad shapes under speckle."""
    rng = np.random.default_rng(seed)
    broad = np.kron(rng.uniform(20.0, 80.0, (bands, -(-height // 32), -(-width // 32))), np.ones((32, 32)))
    broad = broad[:, :height, :width]
    return np.clip(broad + rng.normal(0.0, 8.0, broad.shape), 0.0, 100.0).astype(np.float32)


def _painted(painter: Painter, lightness: np.ndarray, **settings: object) -> np.ndarray:
    """The codes of a whole scene, with error and kinds where the painter has them."""
    by_place = isinstance(painter, ByPlacePainter)
    kinds = by_place and painter.palette.ground is not None
    paints = TilePainter(
        painter, tile_grid(painter.card, None, None), with_error=by_place, with_kinds=kinds,
        **{"precision": "fp32", **settings},
    )  # fmt: skip
    whole = Window(0, 0, *lightness.shape[1:])
    return paints.paint(lightness, lightness, whole, whole, np.ones(whole.shape, bool), whole).astype(int)


def _check(painter: Painter, lightness: np.ndarray) -> None:
    """At most one level between the engines, 99.9 % equal, and colours that differ within the picture."""
    ours, theirs = (_painted(painter, lightness, engine=name, device="cpu") for name in ("openvino", "torch"))
    assert np.abs(ours - theirs).max() <= 1
    assert (ours == theirs).mean() >= 0.999
    assert np.ptp(ours[:3]) > 20


@pytest.mark.parametrize("name", NETWORKS)
def test_every_shipped_model_is_painted_as_by_torch(name: str) -> None:
    card = registry.load_card(name)
    painter = registry.load_painter(name, choose_bands(card, ("VV", "VH")), PALETTE)
    _check(painter, _lightness(len(painter.bands), 300, 420))


@pytest.mark.parametrize("bands", [("VV",), ("VH",), ("VV", "VH")])
@pytest.mark.parametrize("way", ["unknown", "fit", "kinds", "hues alone", "varying", "varying hues"])
def test_every_way_of_by_place_is_painted_as_by_torch(bands: tuple[str, ...], way: str) -> None:
    lightness, palette = _lightness(len(bands), 300, 420), UNKNOWN_PALETTE
    if way not in ("unknown", "fit"):
        places, ranges = ((5.3, 50.6), (7.0, 44.0), (3.0, 36.0)), {band: DB_RANGES[band] for band in bands}
        ground, *others = (ground_kinds(expect(*place, 7), bands, ranges) for place in places)
        ground = replace(ground, own_lightness="hues" in way)
        if "varying" in way:
            ground = replace(ground, lattice=Lattice(300, 420, 2, 1, tuple(map(numbers_of, others))))
        palette = replace(PALETTE, trust=GUESSED, ground=ground)
    if way == "fit":
        plain, found = registry.load_painter("by-place", bands, PALETTE), Examples()
        lab = np.stack([0.5 * lightness[0], lightness[0] / 5.0 - 10.0, 30.0 - lightness[0] / 4.0])
        learn(found, plain, lightness, lab, np.ones(lab.shape[1:], bool))  # type: ignore[arg-type]  # it has a palette
        palette = replace(PALETTE, fit=found.fit())
        assert palette.fit is not None
    _check(registry.load_painter("by-place", bands, palette), lightness)


def test_colour_classes_are_painted_as_by_torch(tmp_path: Path) -> None:
    classes = [[float(a), float(b)] for a in (-40, 0, 40) for b in (-40, 0, 60)]
    path = write_weights(tmp_path / "classes.safetensors", settings={"width": 8, "classes": classes})
    _check(registry.load_painter(path, ("VV",)), 3.0 * _lightness(1, 200, 260) % 100.0)


def test_what_is_learned_from_is_what_torch_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edges included, and sides that are no multiple of the stride."""
    lightness = _lightness(2, 250, 70)
    painters = [registry.load_painter("by-place", ("VV", "VH"), PALETTE) for _ in range(2)]
    ours, texture = painters[0].features(lightness), painters[0].texture(lightness, np.ones((250, 70), bool))
    monkeypatch.setattr("sar_colorize.engine.choose.find_spec", lambda name: None)
    monkeypatch.setattr("sar_colorize.engine.compute.is_installed", lambda name: False)
    theirs, other = painters[1].features(lightness), painters[1].texture(lightness, np.ones((250, 70), bool))
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    np.testing.assert_allclose(texture, other, atol=1e-3)
    assert (ours != theirs).any()  # and it is not the same that ran


@pytest.mark.parametrize("name", ["by-place", "pix2pix-sar"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_batch_and_threads_change_no_bit(name: str, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    painter = registry.load_painter(name, choose_bands(registry.load_card(name), ("VV", "VH")), PALETTE)
    lightness = _lightness(len(painter.bands), 300, 420)
    made = []
    for threads, batch in (("1", None), ("2", 3)):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        made.append(_painted(painter, lightness, engine="openvino", precision=precision, batch=batch))
    assert np.array_equal(*made)


def test_weights_whose_colours_are_no_numbers_are_refused(tmp_path: Path, placed_weights: Path) -> None:
    """Of by-place, whose maps have no bounds."""
    path, tensors = tmp_path / "large.safetensors", weights.read_tensors(placed_weights)
    for key, value in tensors.items():
        if key.endswith(("weight", "bias")):
            tensors[key] = torch.full_like(value, 60000.0)
    save_file(tensors, path, {"card": weights.read_card(placed_weights)})
    with pytest.raises(ModelError, match=r"model must give finite colours, got others from random"):
        _painted(registry.load_painter(path, ("VV",)), _lightness(1, 64, 64), engine="openvino")


@pytest.mark.parametrize("name", ["colorsar-sar", "pix2pix-sar"])
@pytest.mark.parametrize("engine_name", ["openvino", "torch"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_weights_that_overflow_are_refused_where_the_network_ends_in_bounds(
    tmp_path: Path, name: str, engine_name: str, precision: str
) -> None:
    """OpenVINO makes 0 of what is no number, and painted that."""
    card = registry.load_card(name)
    network = registry.load_network(name)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(60000.0 / parameter.abs().max())
    registry.save_weights(tmp_path / "large.safetensors", network, card)
    painter = registry.load_painter(tmp_path / "large.safetensors", ("VV",))
    with pytest.raises(ModelError, match=rf"model must give finite colours, got others from {name}"):
        _painted(painter, _lightness(1, 64, 64), engine=engine_name, device="cpu", precision=precision)


CARDS = [
    ("by-place", {"width": 8}, 2), ("by-place", {}, 2), ("colorsar", {"width": 4}, 1), ("colorsar", {}, 2),
    ("colorsar", {"width": 4, "classes": [[0, 0], [1, 2], [3, 4]]}, 1), ("pix2pix", {"width": 4}, 3),
    ("pix2pix", {"width": 16}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("architecture", "settings", "channels"), CARDS)
def test_the_shapes_are_those_of_the_modules(architecture: str, settings: dict, channels: int) -> None:
    card = registry.load_card({"pix2pix": "pix2pix-sar", "colorsar": "colorsar-sar"}.get(architecture, "by-place"))
    card = Card(**{**card.__dict__, "settings": settings, "channels": channels})
    assert shapes_of(card) == {key: tuple(value.shape) for key, value in registry.build(card).state_dict().items()}


# What symbols compute.


def _computed(function: Callable[..., graph.Symbol], *arrays: np.ndarray) -> np.ndarray:
    return np.array(engine.Compiled(function, [array.shape for array in arrays], "fp32")(*arrays))


X = np.random.default_rng(0).normal(0.0, 2.0, (1, 3, 8, 10)).astype(np.float32)
KEYS = [
    np.s_[0], np.s_[:, 1], np.s_[..., 2:5, :], np.s_[..., 0, :, :], np.s_[:, 1:, 2:-2, -3:], np.s_[:, :, None, 3],
    np.s_[0, 2], np.s_[None], np.s_[...], np.s_[:, -2:],
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_part_of_a_symbol_is_that_of_an_array(key: object) -> None:
    np.testing.assert_array_equal(_computed(lambda x: x[key] + 0.0, X), X[key])


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_part_of_what_was_put_together_is_that_of_an_array(key: object) -> None:
    def of_parts(x: graph.Symbol) -> graph.Symbol:
        return graph.concatenate([x[:, :1] * 1.0, x[:, 1:] * 1.0], 1)[key] + 0.0

    np.testing.assert_array_equal(_computed(of_parts, X), X[key])


@pytest.mark.parametrize("channels", [1, 3, 20])
@pytest.mark.parametrize("factor", [2, 4, 8, 32])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_pictures_are_enlarged_as_by_torch(channels: int, factor: int, mode: str) -> None:
    x = np.random.default_rng(1).normal(0.0, 10.0, (1, channels, 5, 7)).astype(np.float32)
    settings = {"align_corners": False} if mode == "bilinear" else {}
    wanted = torch.nn.functional.interpolate(torch.from_numpy(x), scale_factor=factor, mode=mode, **settings).numpy()
    np.testing.assert_allclose(_computed(lambda s: graph.enlarged(s, factor, mode), x), wanted, atol=1e-5)


def test_arithmetic_with_numbers_and_arrays_is_that_of_numpy() -> None:
    row = np.arange(1, 11, dtype=np.float32)
    made = _computed(lambda x: 2.0 - row * x + 1.0 / (x * x + row) - (x - 3.0) / row, X)
    np.testing.assert_allclose(made, 2.0 - row * X + 1.0 / (X * X + row) - (X - 3.0) / row, atol=1e-5)


# Which engine is chosen.


def test_a_cpu_gets_openvino_where_there_is_one_and_torch_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose.choose("auto", "cpu", "fp32") == ("openvino", "cpu", "fp32")
    assert choose.choose("torch", "cpu", "bf16") == ("torch", "cpu", "bf16")
    monkeypatch.setattr(choose, "_sees_gpu", lambda: True)
    assert choose.choose("auto", "auto", "fp32") == ("torch", "cuda", "fp32")
    assert choose.choose("openvino", "auto", "fp32") == ("openvino", "cpu", "fp32")
    monkeypatch.setattr(choose, "is_installed", lambda package: package == "torch")
    assert choose.choose("auto", "cpu", "fp32") == ("torch", "cpu", "fp32")
    with pytest.raises(SettingError, match=r"got no openvino here: pip install openvino, or leave the engine to auto"):
        choose.choose("openvino", "cpu", "fp32")
    monkeypatch.setattr(choose, "is_installed", lambda package: False)
    with pytest.raises(SettingError, match=r'got no torch here: pip install "sar-colorize\[torch\]"'):
        choose.choose("auto", "cpu", "fp32")


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (("onnx", "auto", "auto"), r"engine must be one of auto, torch, openvino, got 'onnx'"),
        (("openvino", "cuda", "auto"), r"device must be cpu or auto for the engine openvino, got cuda"),
    ],
)
def test_what_no_engine_has_is_refused(wish: tuple[str, str, str], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        choose.choose(*wish)


def test_the_flag_of_the_processor_is_what_torch_finds() -> None:
    assert choose.choose_precision("auto", "cpu") == ("bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32")
