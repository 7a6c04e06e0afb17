"""Training of the learned speckle filter: the simulation keeps its laws, and a run does what it says."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from sar_colorize.errors import Cancelled, DataError, ModelError, SettingError
from sar_colorize.pairs.find import Pair, PairList
from sar_colorize.speckle import learned_weights
from sar_colorize.speckle.card import SHIPPED, FilterCard
from sar_colorize.speckle.contrast import change_db, log_noise_db
from sar_colorize.training.run_folder import RunFolder
from sar_colorize.training.speckle import loop
from sar_colorize.training.speckle.settings import FilterSettings
from sar_colorize.training.speckle.simulated import MARGIN_PX, batches, ground, simulate

SMALL = FilterSettings(width=4, dilations=(1, 2), steps=8, batch=2, patch_px=48)
PAIR = Pair("0", "site", "train", Path("s1.png"), Path("s2.png"))
PICTURES = [(np.random.default_rng(0).random((96, 96)) * 255).astype(np.uint8)]
WIDE = replace(SMALL, patch_px=200, spread_px=(1.1, 1.1), persistent_share=0.0, looks=(4.0, 4.0))


def _flat(count: int, settings: FilterSettings, level_db: float = -12.0):
    side = settings.patch_px + 2 * MARGIN_PX
    valid = np.ones((count, settings.patch_px, settings.patch_px), bool)
    return np.full((count, side, side), level_db, np.float32), valid


def test_simulated_speckle_has_the_looks_and_the_correlation_of_its_point_spread() -> None:
    sample = simulate(*_flat(8, WIDE), WIDE, np.random.default_rng(0))
    power = 10 ** (sample.db[:, 0].numpy() / 10)
    assert 10 * np.log10(power.mean()) == pytest.approx(-12.0, abs=0.1)
    assert sample.target.numpy() == pytest.approx(-12.0, abs=1e-3)
    assert power.mean() ** 2 / power.var() == pytest.approx(4.0, rel=0.06)
    x = power / power.mean() - 1
    neighbours = (x[:, 1:] * x[:, :-1]).mean() / (x * x).mean()
    assert neighbours == pytest.approx(np.exp(-1 / (2 * 1.1**2)), abs=0.03)  # squared exp(-d**2 / (4 s**2))


def test_what_every_pass_sees_belongs_to_the_target_and_the_looks_told_are_those_of_the_rest() -> None:
    settings = replace(WIDE, persistent_share=1.0)
    sample = simulate(*_flat(12, settings), settings, np.random.default_rng(1))
    seen, target = (10 ** (db[:, 0].numpy() / 10) for db in (sample.db, sample.target))
    assert (target.var((1, 2)) > 0.001 * target.mean((1, 2)) ** 2).all()
    new = ((seen / target - 1) ** 2 * target**2).mean((1, 2)) / target.mean((1, 2)) ** 2
    told = 1 / sample.looks[:, 0, 0, 0].numpy()
    assert np.log(new / told).mean() == pytest.approx(0.0, abs=0.25)  # told with an error of 30 %
    assert seen.mean() == pytest.approx(target.mean(), rel=0.02)


def test_a_sharp_edge_is_as_wide_in_the_target_as_the_sensor_makes_it() -> None:
    db, valid = _flat(1, WIDE)
    db[:, :, db.shape[2] // 2 :] += 10.0
    row = 10 ** (simulate(db, valid, WIDE, np.random.default_rng(0)).target[0, 0, 100].numpy() / 10)
    low, high = 10**-1.2, 10**-0.2
    part = (row - low) / (high - low)
    assert part[90] == pytest.approx(0.0, abs=1e-3)
    assert part[110] == pytest.approx(1.0, abs=1e-3)
    weights = np.exp(-(np.arange(-9, 10) ** 2) / 1.1**2)
    assert part[99] == pytest.approx(weights[10:].sum() / weights.sum(), abs=1e-3)


def test_every_batch_is_a_function_of_its_number_and_holes_are_finite() -> None:
    settings = replace(SMALL, hole_share=1.0, steps=4)
    whole = list(batches(PICTURES, settings))
    later = list(batches(PICTURES, settings, first=2))
    assert torch.equal(whole[3].db, later[1].db)
    assert not torch.equal(whole[2].db, whole[3].db)
    for sample in whole:
        assert sample.db.isfinite().all()
        assert sample.target.isfinite().all()
        assert 0 < (~sample.valid).float().mean() < 1


def test_grounds_have_every_kind_of_contrast() -> None:
    random = np.random.default_rng(0)
    spread = np.array([ground(PICTURES[0], 64, random).std() for _ in range(200)])
    assert (spread < 0.1).any()
    assert (spread > 5.0).any()


def test_the_loss_of_a_perfect_filter_is_zero_and_of_none_about_one() -> None:
    sample = simulate(*_flat(6, replace(WIDE, patch_px=96)), replace(WIDE, patch_px=96), np.random.default_rng(0))
    assert [float(loss) for loss in loop.losses(sample.target, sample)] == pytest.approx([0.0, 0.0], abs=1e-9)
    error, _ = loop.losses(sample.db, sample)
    assert error == pytest.approx(1.0, abs=0.45)  # looks are told with an error
    louder, mean_louder = loop.losses(sample.target + 2.0, sample)
    assert louder == pytest.approx(float(mean_louder), rel=1e-3)
    assert mean_louder == pytest.approx(float((4.0 / log_noise_db(sample.looks) ** 2).mean()), rel=1e-3)


def test_a_resumed_run_ends_with_the_weights_of_one_never_interrupted(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "_EVERY_STEPS", 3)
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = loop.fit(PICTURES, RunFolder(tmp_path / "whole", resumed=False), SMALL)
    calls = iter(range(100))

    class StoppedError(Exception):
        pass

    def stop(*arguments):
        if next(calls) == 4:
            raise StoppedError
        return losses(*arguments)

    losses = loop.losses
    monkeypatch.setattr(loop, "losses", stop)
    with pytest.raises(StoppedError):
        loop.fit(PICTURES, RunFolder(tmp_path / "parts", resumed=False), SMALL)
    monkeypatch.setattr(loop, "losses", losses)
    parts = loop.fit(PICTURES, RunFolder(tmp_path / "parts", resumed=True), SMALL)
    for name, value in whole.state_dict().items():
        assert torch.equal(parts.state_dict()[name], value), name


def test_the_command_writes_weights_with_the_card_that_its_settings_make(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "find_pairs", lambda *_, **__: PairList((PAIR,)))
    monkeypatch.setattr(loop, "picture_of", lambda _: PICTURES[0])
    card = loop.train(tmp_path, tmp_path / "out", SMALL)
    with safe_open(tmp_path / "out" / "weights.safetensors", framework="numpy") as file:
        written = FilterCard.from_json(file.metadata()["card"])
        assert file.get_tensor("enter.weight").shape == (4, 3, 3, 3)
    assert written.offset_db == card.offset_db
    assert written.training["settings"]["steps"] == 8
    assert (tmp_path / "out" / "log.csv").read_text().startswith("8,")


def test_a_teacher_is_imitated(tmp_path) -> None:
    """One that makes everything 5 dB brighter, whatever the truth is."""
    settings = replace(SMALL, steps=60, teacher_weight=20.0, hole_share=0.0)
    changes = []
    for name, told in (("alone", None), ("taught", lambda sample: sample.db + 5.0)):
        (tmp_path / name).mkdir()
        network = loop.fit(PICTURES, RunFolder(tmp_path / name, resumed=False), settings, told=told)
        sample = next(batches(PICTURES, settings))
        with torch.no_grad():
            changes.append(float(change_db(network, sample.db, sample.valid, sample.looks).mean()))
    assert changes[1] > changes[0] + 0.05


def test_what_a_teacher_says_is_its_networks_answer() -> None:
    sample = next(batches(PICTURES, SMALL))
    shipped = learned_weights.network_of(SHIPPED)
    with torch.no_grad():
        wanted = sample.db + change_db(shipped, sample.db, sample.valid, sample.looks)
    assert loop.answers_of(shipped)(sample).numpy() == pytest.approx(wanted.numpy(), abs=0.3)  # bf16 where it is fast


def test_a_run_with_a_teacher_is_not_resumed_with_another(one_pair, tmp_path) -> None:
    loop.train(tmp_path, tmp_path / "out", SMALL, teacher=SHIPPED)
    with pytest.raises(SettingError, match=r"^teacher must stay '[0-9a-f]{64}' in a resumed run, got None; "):
        loop.train(tmp_path, tmp_path / "out", SMALL)


def test_a_teacher_that_is_no_filter_is_refused(one_pair, tmp_path) -> None:
    painter = SHIPPED.parents[2] / "models" / "weights" / "by-place.safetensors"
    with pytest.raises(ModelError, match=r"filter card must be an object with keys of"):
        loop.train(tmp_path, tmp_path / "out", SMALL, teacher=painter)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_pairs_to_learn_from_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "find_pairs", lambda *_, **__: PairList((replace(PAIR, split="val"),)))
    with pytest.raises(DataError, match=r"must hold pairs in split train, got none in"):
        loop.train(tmp_path, tmp_path / "out", SMALL)


@pytest.fixture
def one_pair(monkeypatch):
    monkeypatch.setattr(loop, "find_pairs", lambda *_, **__: PairList((PAIR,)))
    monkeypatch.setattr(loop, "picture_of", lambda _: PICTURES[0])


def test_a_run_is_not_resumed_under_other_settings(one_pair, tmp_path, monkeypatch) -> None:
    loop.train(tmp_path, tmp_path / "out", SMALL)
    before = (tmp_path / "out" / "weights.safetensors").read_bytes()
    with pytest.raises(SettingError, match=r"^learning_rate must stay 0\.002 in a resumed run, got 0\.01; "):
        loop.train(tmp_path, tmp_path / "out", replace(SMALL, learning_rate=0.01, seed=1))
    series = [np.full((2, 64, 64), 0.1, np.float32)]
    with pytest.raises(SettingError, match=r"^series must stay \[\] in a resumed run, got \[\[2, 64, 64\]\]; "):
        loop.train(tmp_path, tmp_path / "out", SMALL, series)
    assert (tmp_path / "out" / "weights.safetensors").read_bytes() == before
    monkeypatch.setattr(loop, "losses", None)  # no step is left to take
    assert loop.train(tmp_path, tmp_path / "out", SMALL).training["settings"]["steps"] == 8


def test_a_cancelled_run_says_what_is_left(one_pair, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "_EVERY_STEPS", 3)

    def cancel(done, _total):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(Cancelled, match=r"^cancelled after 3 steps; .*out holds them, resume goes on from there$"):
        loop.train(tmp_path, tmp_path / "out", SMALL, progress=cancel)
    assert (tmp_path / "out" / "checkpoint.safetensors").is_file()


def test_the_command_names_what_is_wrong_in_one_line(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sar_colorize.training.speckle", str(tmp_path / "nowhere"), str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: data must be a folder of pairs, got ")
    assert not (tmp_path / "out").exists()


def test_the_command_trains(pairs_folder, tmp_path) -> None:
    for path in pairs_folder.rglob("*.png"):  # patches of 64 px are too small for what it cuts
        with Image.open(path) as image:
            image.resize((128, 128)).save(path)
    command = [sys.executable, "-m", "sar_colorize.training.speckle", str(pairs_folder), str(tmp_path / "out")]
    done = subprocess.run([*command, "--steps", "1"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "weights.safetensors").is_file()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"looks": (5.0, 1.0)}, r"looks must be a least and a most above 0, got 5\.0 and 1\.0"),
        ({"real_share": 2.0}, r"real_share must be within 0\.\.1, got 2\.0"),
    ],
)
def test_setting_out_of_range_is_refused(change, words) -> None:
    with pytest.raises(SettingError, match=words):
        FilterSettings(**change)
