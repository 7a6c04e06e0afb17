"""Real dates for the learned speckle filter: what is seen is one date, what is wanted is all the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from sar_colorize.errors import DataError
from sar_colorize.training.run_folder import RunFolder
from sar_colorize.training.speckle import loop
from sar_colorize.training.speckle.series import USUAL_LOOKS, dates_of, fresh_looks, read_series
from sar_colorize.training.speckle.settings import FilterSettings
from sar_colorize.training.speckle.simulated import batches

SMALL = FilterSettings(width=4, dilations=(1, 2), steps=8, batch=3, patch_px=48)
PICTURES = [(np.random.default_rng(0).random((96, 96)) * 255).astype(np.uint8)]


def _dates(count: int, side: int, looks: float, seed: int = 0) -> np.ndarray:
    """(T, H, W) power: uneven ground, a level of its own at each date, speckle that is new at each date."""
    random = np.random.default_rng(seed)
    ground = 10.0 ** random.normal(-1.2, 0.3, (side, side))
    level = np.linspace(0.8, 1.3, count)[:, None, None]
    return (ground * level * random.gamma(looks, 1.0 / looks, (count, side, side))).astype(np.float32)


def _power(db: torch.Tensor) -> np.ndarray:
    return 10.0 ** (db.numpy() / 10.0)


def _together(*images: np.ndarray) -> np.ndarray:
    """Pixels of several images of one ground in an order that turns do not change."""
    pixels = np.stack([image.ravel() for image in images], 1)
    return pixels[np.argsort(pixels[:, 0])]


def test_a_batch_is_a_function_of_seed_and_number_alone() -> None:
    series = [_dates(4, 64, 4.0), _dates(3, 64, 4.0, seed=1)]
    first, again, other, reseeded = (
        dates_of(series, [4.0, 4.0], replace(SMALL, seed=seed), number)
        for seed, number in ((0, 5), (0, 5), (0, 6), (1, 5))
    )
    for part in ("db", "target", "valid", "looks"):
        assert torch.equal(getattr(first, part), getattr(again, part)), part
    assert not torch.equal(first.db, other.db)
    assert not torch.equal(first.db, reseeded.db)


def test_what_is_wanted_is_the_mean_of_the_other_dates_at_the_power_of_the_date_seen() -> None:
    power = _dates(5, SMALL.patch_px, 4.0)
    settings = replace(SMALL, batch=24)
    sample = dates_of([power], [4.0], settings, 0)
    seen_dates = set()
    for seen, wanted in zip(_power(sample.db)[:, 0], _power(sample.target)[:, 0], strict=True):
        date = int(np.argmin([abs(seen.mean() - one.mean()) for one in power]))
        seen_dates.add(date)
        others = power[[other for other in range(5) if other != date]].mean(0)
        others = others * (power[date].mean() / others.mean())
        assert _together(seen, wanted) == pytest.approx(_together(power[date], others), rel=1e-4)
    assert seen_dates == set(range(5))
    assert sample.valid.all()


def test_seen_and_wanted_are_cut_and_turned_alike() -> None:
    """Of ground that never changes, whatever date is left out, what is wanted is what is seen."""
    still = _dates(1, 80, 1.0)[0] * np.array([1.0, 2.0, 3.0], np.float32)[:, None, None]
    sample = dates_of([still], [10.0], replace(SMALL, batch=16), 0)
    assert sample.db.numpy() == pytest.approx(sample.target.numpy(), abs=1e-3)
    assert len({float(image[0, 0, 0]) for image in sample.db}) > 8  # from many corners


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_it_is_told_the_usual_looks_or_those_that_are_new_at_each_date(share: float) -> None:
    settings = replace(SMALL, batch=300, usual_share=share)
    looks = dates_of([_dates(3, 48, 4.0)], [400.0], settings, 0).looks.flatten().numpy()
    usual = looks < 40.0
    assert usual.mean() == pytest.approx(share, abs=0.08)
    told = np.where(usual, looks / USUAL_LOOKS, looks / 400.0)
    assert np.median(told) == pytest.approx(1.0, rel=0.03)
    assert np.log(told).std() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("looks", [1.5, 4.4, 20.0])
def test_speckle_that_is_new_at_each_date_has_all_its_looks_whatever_ground_and_level(looks: float) -> None:
    assert fresh_looks(_dates(40, 64, looks)) == pytest.approx(looks, rel=0.05)


def test_speckle_that_stays_is_not_new() -> None:
    random = np.random.default_rng(0)
    stays = random.gamma(4.0, 0.25, (1, 64, 64))
    moving = random.gamma(100.0, 0.01, (20, 64, 64))
    assert fresh_looks((stays * moving).astype(np.float32)) == pytest.approx(100.0, rel=0.06)
    assert fresh_looks(np.repeat(stays, 5, 0).astype(np.float32)) >= 1e5


def _write(folder, name: str, power: np.ndarray) -> None:
    np.savez(folder / f"{name}.npz", db_x100=np.round(1000.0 * np.log10(power)).astype(np.int16))


def test_places_are_read_in_the_order_named_and_all_where_none_is(tmp_path) -> None:
    made = {"a": _dates(3, 8, 4.0), "b": _dates(2, 8, 4.0, seed=1)}
    for name, power in made.items():
        _write(tmp_path, name, power)
    b, a = read_series(tmp_path, ["b", "a"])
    assert a == pytest.approx(made["a"], rel=2e-3)  # a hundredth of a decibel
    assert b == pytest.approx(made["b"], rel=2e-3)
    assert [len(power) for power in read_series(tmp_path)] == [3, 2]
    assert a.dtype == np.float32


def test_a_place_that_is_missing_and_one_that_is_no_series_are_refused(tmp_path) -> None:
    with pytest.raises(DataError, match=r"^series must be NAME\.npz in .*, got no such file; name others$"):
        read_series(tmp_path)
    _write(tmp_path, "a", _dates(1, 8, 4.0))
    with pytest.raises(DataError, match=r"^series must be NAME\.npz in .*, got no b\.npz, c\.npz; name others$"):
        read_series(tmp_path, ["a", "b", "c"])
    with pytest.raises(DataError, match=r"two dates or more, got \(1, 8, 8\) in .*a\.npz; take it out$"):
        read_series(tmp_path)
    np.savez(tmp_path / "a.npz", months=np.arange(3))
    with pytest.raises(DataError, match=r"stack must hold db_x100, got none in .*a\.npz; take it out$"):
        read_series(tmp_path)


def test_half_of_the_batches_are_real_and_weigh_their_block_means_more() -> None:
    settings = replace(SMALL, steps=60, batch=1, mean_weight=1.0, real_mean_weight=3.0)
    series = [_dates(3, 48, 4.0)]
    mixed = list(loop._both(PICTURES, series, settings, 0))
    real = [weight == 3.0 for _, weight in mixed]
    assert 0.3 < np.mean(real) < 0.7
    simulated = list(batches(PICTURES, settings))
    for number, (sample, weight) in enumerate(mixed):
        whole = dates_of(series, [fresh_looks(series[0])], settings, number) if weight == 3.0 else simulated[number]
        assert torch.equal(sample.db, whole.db), number
    later = list(loop._both(PICTURES, series, settings, 50))
    assert [weight for _, weight in later] == [weight for _, weight in mixed[50:]]
    for share, wanted in ((0.0, 1.0), (1.0, 3.0)):
        some = loop._both(PICTURES, series, replace(settings, real_share=share, steps=6), 0)
        assert {weight for _, weight in some} == {wanted}
    alone = loop._both(PICTURES, [], replace(settings, real_share=1.0, steps=6), 0)
    assert {weight for _, weight in alone} == {1.0}


def test_a_resumed_run_with_real_dates_ends_with_the_same_weights(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "_EVERY_STEPS", 3)
    series = [_dates(3, 64, 4.0), _dates(4, 64, 4.0, seed=1)]
    both = loop._both
    for name in ("whole", "parts", "simulated"):
        (tmp_path / name).mkdir()
    whole = loop.fit(PICTURES, RunFolder(tmp_path / "whole", resumed=False), SMALL, series)

    def first_four(*arguments):
        for number, batch in enumerate(both(*arguments)):
            if number == 4:
                raise InterruptedError
            yield batch

    monkeypatch.setattr(loop, "_both", first_four)
    with pytest.raises(InterruptedError):
        loop.fit(PICTURES, RunFolder(tmp_path / "parts", resumed=False), SMALL, series)
    monkeypatch.setattr(loop, "_both", both)
    parts = loop.fit(PICTURES, RunFolder(tmp_path / "parts", resumed=True), SMALL, series)
    simulated = loop.fit(PICTURES, RunFolder(tmp_path / "simulated", resumed=False), SMALL)
    for name, value in whole.state_dict().items():
        assert torch.equal(parts.state_dict()[name], value), name
    assert not torch.equal(simulated.state_dict()["enter.weight"], whole.state_dict()["enter.weight"])
