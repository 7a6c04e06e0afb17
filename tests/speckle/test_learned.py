"""The learned filter: bounded, blind to gain, and better than every classical filter where the truth is known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from made import shared_scene

from sar_colorize import weights
from sar_colorize.errors import ModelError, SettingError
from sar_colorize.evaluation.speckle import filters, ground, stacks
from sar_colorize.evaluation.speckle.metrics import bias_db, enl, homogeneous
from sar_colorize.scene.stack_file import read_dates
from sar_colorize.simulate import speckle
from sar_colorize.speckle import FILTER_NAMES, contrast, get_filter, learned, learned_weights
from sar_colorize.speckle.card import FOLDER, SHIPPED, FilterCard

CLASSICAL = [name for name in FILTER_NAMES if name not in ("none", "learned")]
HALO = learned.Learned().halo_px


def _flat(height: int, width: int, seed: int = 0) -> np.ndarray:
    return (0.05 * speckle(height, width, np.random.default_rng(seed))).astype(np.float32)


def _all(power: np.ndarray) -> np.ndarray:
    return np.ones(power.shape, bool)


def test_a_pixel_depends_on_the_halo_and_on_nothing_beyond() -> None:
    power = _flat(120, 120)
    before = learned.Learned().apply(power, _all(power))
    power[60, 60] *= 50.0
    changed = np.argwhere(learned.Learned().apply(power, _all(power)) != before)
    assert np.abs(changed - 60).max() <= HALO
    assert np.abs(changed - 60).max() > HALO - 8  # the mean of the window that is subtracted reaches so far


def test_the_halo_is_what_the_network_and_the_window_reach() -> None:
    assert learned_weights.load_network().reach_px == learned_weights.REACH_PX
    assert learned_weights.REACH_PX + contrast.CENTRE_PX // 2 == HALO == 27


@pytest.mark.parametrize("engine", ["torch", "openvino"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_place_of_tile_borders_changes_no_bit(precision: str, engine: str) -> None:
    """A picture of four tiles, and the same ground cut so that their borders fall elsewhere."""
    power = _flat(440, 450)
    valid = np.random.default_rng(1).random(power.shape) > 0.05
    assert min(power.shape) > learned_weights.TILE_PX - 2 * HALO
    chosen, threads = learned.Learned(precision=precision, engine=engine), torch.get_num_threads()
    whole, part = chosen.apply(power, valid), np.s_[37:, 61:]
    try:
        torch.set_num_threads(3)  # their parts begin elsewhere in a tile
        cut = chosen.apply(power[part], valid[part])
    finally:
        torch.set_num_threads(threads)
    assert np.array_equal(cut[HALO:, HALO:], whole[part][HALO:, HALO:], equal_nan=True)


def test_what_is_computed_without_padding_equals_the_network_that_was_trained() -> None:
    network = learned_weights.load_network()
    x, r = torch.randn(1, 3, 70, 80, generator=torch.manual_seed(0)), network.reach_px
    with torch.no_grad():
        torch.testing.assert_close(network.inner(x), network(x)[..., r:-r, r:-r], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("precision", "most"), [("fp32", 1e-4), ("bf16", 0.05)])
def test_both_engines_give_nearly_the_same(precision: str, most: float) -> None:
    power = _flat(430, 200)
    valid = np.random.default_rng(1).random(power.shape) > 0.05
    ours, theirs = (
        learned.Learned(engine=engine, precision=precision).apply(power, valid) for engine in ("openvino", "torch")
    )
    assert np.array_equal(np.isnan(ours), ~valid)
    assert np.abs(ours / theirs - 1.0)[valid].max() < most
    assert (ours != theirs)[valid].any()  # and it is not the same that ran


def test_a_tensor_is_for_torch_alone() -> None:
    power = torch.ones(60, 60)
    with pytest.raises(SettingError, match=r"engine must be torch or auto for a tensor, got openvino"):
        learned.Learned(engine="openvino").apply(power, power > 0)


def test_the_precision_is_obeyed() -> None:
    power = _flat(60, 60)
    full, half = (get_filter("learned", precision=p).apply(power, _all(power)) for p in ("fp32", "bf16"))
    assert half == pytest.approx(full, rel=0.05)
    assert (half != full).any()
    with pytest.raises(SettingError, match=r"precision must be one of auto, fp32, bf16, got 'fp16'"):
        get_filter("learned", precision="fp16")


def test_only_the_learned_filter_has_a_network_and_each_says_where_its_looks_come_from() -> None:
    assert [name for name in FILTER_NAMES if get_filter(name).has_network] == ["learned"]
    assert get_filter("lee").default_looks_reason == "those of Sentinel-1 IW GRDH"
    assert get_filter("learned").default_looks_reason == "the default of learned"


def test_a_gain_passes_through() -> None:
    power = _flat(100, 100)
    chosen = learned.Learned()
    once, louder = chosen.apply(power, _all(power)), chosen.apply(1000.0 * power, _all(power))
    assert 10 * np.log10(louder / once / 1000.0) == pytest.approx(0.0, abs=0.1)


def test_zeros_within_speckle_are_filled_and_nothing_is_negative() -> None:
    power = _flat(100, 100)
    power[::7, ::5] = 0.0
    power[3::7, 2::5] = -0.01
    out = learned.Learned().apply(power, _all(power))
    assert (out > 0).all()
    assert out[::7, ::5].mean() > 1e-4


def test_the_mean_of_flat_ground_is_kept_within_a_tenth_of_a_decibel() -> None:
    power = _flat(300, 300)
    out = learned.Learned(looks=4.4).apply(power, _all(power))
    assert bias_db(power, out, _all(power)) == pytest.approx(0.0, abs=0.1)
    assert out.var() < power.var() / 10
    # Told the default, as if there were more speckle than there is.
    assert bias_db(power, learned.Learned().apply(power, _all(power)), _all(power)) == pytest.approx(0.0, abs=0.3)


def test_three_looks_are_its_default_and_the_usual_ones_that_of_others() -> None:
    assert get_filter("learned").looks == learned.Learned().looks == 3.0
    assert get_filter("lee").looks == 4.4


@cache
def _landscape(name: str) -> dict[str, float]:
    """Figures on a simulated landscape whose speckle is not made by the simulation of the training."""
    return filters.on_simulated(ground.simulate_ground(0), lambda looks: get_filter(name, looks=looks))


def test_it_comes_nearer_to_a_simulated_landscape_than_every_classical_filter() -> None:
    ours = _landscape("learned")
    for name in CLASSICAL:
        assert _landscape(name)["gain_db"] < ours["gain_db"] - 0.2, name
        assert _landscape(name)["ssim"] < ours["ssim"], name
        assert _landscape(name)["psnr"] < ours["psnr"], name
    assert ours["bias_db"] == pytest.approx(0.0, abs=0.1)


def test_half_of_a_thin_line_is_left_at_twice_the_smoothing_of_lee() -> None:
    assert _landscape("learned")["lines_kept"] > 0.5
    assert _landscape("learned")["enl"] > 1.8 * _landscape("lee")["enl"]


@pytest.mark.parametrize("name", ["p05", "p06", "p07", "p08"])
def test_on_real_dates_whose_speckle_differs_it_gains_more_than_lee(name: str) -> None:
    """Both told the looks that are new at each date; two dates, against the mean of all others."""
    series = stacks.register(stacks._stack(name, read_dates(shared_scene(f"stacks/desert_{name}_vv_db_x100.npz"))))
    ours, lee = (
        filters.on_stack(series, lambda looks, n=n: get_filter(n, looks=looks), 2)["gain_db_in_time"]
        for n in ("learned", "lee")
    )
    assert ours > 5.0
    assert ours > lee + 0.5


def test_on_fields_it_smooths_less_than_lee_when_told_the_usual_looks_and_more_when_told_two(real_patch) -> None:
    """What the card says under limits: it takes such ground for stable, and leaves its speckle."""
    import rasterio

    with rasterio.open(real_patch) as dataset:
        power = (10 ** (dataset.read(1) / 10)).astype(np.float32)
    flat = homogeneous(get_filter("boxcar", size_px=9).apply(power, _all(power)), _all(power))
    none, lee, usual, two = (
        enl(chosen.apply(power, _all(power)), flat)
        for chosen in (get_filter("none"), get_filter("lee"), learned.Learned(looks=4.4), learned.Learned(looks=2.0))
    )
    assert 2.0 * none < usual < lee < two


def test_more_looks_told_leave_more_as_it_is() -> None:
    power = _flat(120, 120)
    left = [np.log(learned.Learned(looks=looks).apply(power, _all(power))).std() for looks in (2.0, 4.4, 10.0, 25.0)]
    assert left == sorted(left)
    assert left[3] > 1.5 * left[1]


def test_real_backscatter_keeps_its_mean_within_a_fifth_of_a_decibel(real_patch) -> None:
    import rasterio

    with rasterio.open(real_patch) as dataset:
        power = (10 ** (dataset.read(1) / 10)).astype(np.float32)
    out = learned.Learned(looks=4.4).apply(power, _all(power))
    assert bias_db(power, out, _all(power)) == pytest.approx(0.0, abs=0.2)
    assert np.log(out).std() < 0.9 * np.log(power).std()
    assert out.max() > 0.4 * power.max()  # the brightest pixel loses 3.5 dB


def test_torch_tensors_may_carry_gradients_of_others_and_stay_on_their_device() -> None:
    power = torch.from_numpy(_flat(60, 60))
    out = learned.Learned().apply(power, torch.ones(60, 60, dtype=torch.bool))
    assert out.device == power.device
    assert not out.requires_grad
    (out * torch.ones(1, requires_grad=True)).sum().backward()  # no inference tensor


def test_the_weights_are_small_whole_and_tell_what_they_are() -> None:
    assert weights.verify(FOLDER) == [("despeckle-grd", True, weights.checksum(SHIPPED))]
    assert SHIPPED.stat().st_size < 2_000_000
    assert sum(p.numel() for p in learned_weights.load_network().parameters()) < 1_000_000
    card = learned_weights.load_card()
    assert "Copernicus Sentinel" in card.sources
    assert "python -m sar_colorize.training.speckle" in card.training["command"]
    assert card.limits
    assert card.quality
    assert abs(card.offset_db) < 0.3


def test_changed_weights_are_not_used(tmp_path, monkeypatch) -> None:
    content = bytearray(SHIPPED.read_bytes())
    content[-1] ^= 1
    path = tmp_path / SHIPPED.name
    path.write_bytes(content)
    (tmp_path / weights.SUMS).write_bytes((FOLDER / weights.SUMS).read_bytes())
    monkeypatch.setattr(learned_weights, "SHIPPED", path)
    with pytest.raises(ModelError, match=r"must match SHA256SUMS, got another despeckle-grd\.safetensors"):
        learned_weights.load_network()


def test_another_size_and_wrong_looks_are_refused() -> None:
    with pytest.raises(SettingError, match=r"size of the learned filter must be 55 px, .*, got 7; leave it out"):
        get_filter("learned", size_px=7)
    with pytest.raises(SettingError, match=r"looks must be a number from 0.01 to 1000000, got 0"):
        get_filter("learned", looks=0)


@pytest.mark.parametrize("text", ["[]", "{", '{"name": "a"}', '{"name": "a", "settings": {}, "more": 1}'])
def test_a_card_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match=r"filter card must be"):
        FilterCard.from_json(text)


def test_a_card_comes_back_as_it_was() -> None:
    card = FilterCard("mine", {"width": 8}, 0.1, summary="s", quality={"a": 1.0})
    assert FilterCard.from_json(card.to_json()) == card
