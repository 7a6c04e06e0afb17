import csv
import re
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from sar_colorize.engine.choose import autocast
from sar_colorize.errors import Cancelled, DataError, MissingPackageError, SettingError
from sar_colorize.models import registry
from sar_colorize.pairs.find import find_pairs
from sar_colorize.training.color import loop
from sar_colorize.training.color.loop import train
from sar_colorize.training.color.settings import ColorSARSettings, Pix2PixSettings

QUICK = ColorSARSettings(
    name="quick", width=4, epochs=4, batch=4, patch_px=32, crops=2, device="cpu", precision="fp32", ema_decay=0.9
)


class InterruptedOnPurposeError(Exception):
    pass


def interrupt_at(step):
    def progress(done, total):
        if done == step:
            raise InterruptedOnPurposeError

    return progress


@pytest.fixture
def pairs(pairs_folder):
    return find_pairs(pairs_folder).pairs


def test_training_learns_and_leaves_weights_log_samples_and_checkpoint(pairs, tmp_path):
    settings = ColorSARSettings(**(vars(QUICK) | {"epochs": 10, "learning_rate": 0.01}))
    result = train(pairs, tmp_path / "run", settings)
    assert result.epochs == 10
    assert result.losses[-1] < 0.6 * result.losses[0]
    assert result.best.ab_error < 15
    with (tmp_path / "run" / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, 11))
    assert float(rows[-1]["loss"]) == pytest.approx(result.losses[-1], rel=1e-4)
    card = registry.load_card(result.weights)
    assert (card.name, card.architecture, card.settings) == ("quick", "colorsar", {"width": 4})
    assert card.training["settings"]["epochs"] == 10
    assert registry.load_network(result.weights)(torch.zeros(1, 1, 64, 64)).shape == (1, 2, 64, 64)
    samples = sorted((tmp_path / "run" / "samples").iterdir())
    assert len(samples) == 10
    with Image.open(samples[0]) as image:
        assert image.size == (3 * 32, 4 * 32)


def test_interrupted_and_resumed_training_has_the_identical_losses(pairs, tmp_path):
    whole = train(pairs, tmp_path / "whole", QUICK)
    with pytest.raises(InterruptedOnPurposeError):
        train(pairs, tmp_path / "parts", QUICK, progress=interrupt_at(10))  # 4 steps an epoch: in the third
    rest = train(pairs, tmp_path / "parts", QUICK, resume=True)
    assert rest.losses == whole.losses[2:]
    assert rest.best == whole.best
    assert (tmp_path / "parts" / "log.csv").read_text() == (tmp_path / "whole" / "log.csv").read_text()
    assert (tmp_path / "parts" / "weights.safetensors").read_bytes() == (
        tmp_path / "whole" / "weights.safetensors"
    ).read_bytes()


def test_resumed_pix2pix_with_dropout_has_the_identical_losses(pairs_folder, tmp_path):
    from made import write_pair

    for number, split in enumerate(("train", "train", "val")):
        write_pair(tmp_path / "large", split, f"{split}site", f"{number}", size=256, seed=number)
    large = find_pairs(tmp_path / "large").pairs
    settings = Pix2PixSettings(width=2, epochs=2, batch=2, device="cpu", precision="fp32")
    whole = train(large, tmp_path / "whole", settings)
    with pytest.raises(InterruptedOnPurposeError):
        train(large, tmp_path / "parts", settings, progress=interrupt_at(2))
    assert train(large, tmp_path / "parts", settings, resume=True).losses == whole.losses[1:]


def test_workers_do_not_change_the_losses(pairs, tmp_path):
    one = ColorSARSettings(**(vars(QUICK) | {"epochs": 1}))
    two = ColorSARSettings(**(vars(one) | {"workers": 2}))
    assert train(pairs, tmp_path / "one", one).losses == train(pairs, tmp_path / "two", two).losses


def test_another_seed_trains_another_network(pairs, tmp_path):
    one = ColorSARSettings(**(vars(QUICK) | {"epochs": 1}))
    other = ColorSARSettings(**(vars(one) | {"seed": 1}))
    assert train(pairs, tmp_path / "one", one).losses != train(pairs, tmp_path / "two", other).losses


def test_training_stops_early_when_val_gets_no_better(pairs, tmp_path, monkeypatch):
    seen = iter([5.0, 4.0, 4.5, 4.2, 3.0])
    real = loop.validate

    def worse(*args):
        from dataclasses import replace

        return replace(real(*args), ab_error=next(seen))

    monkeypatch.setattr(loop, "validate", worse)
    result = train(pairs, tmp_path / "run", ColorSARSettings(**(vars(QUICK) | {"epochs": 5, "patience": 2})))
    assert result.epochs == 4
    assert result.best.ab_error == 4.0


def test_bfloat16_trains(pairs, tmp_path):
    settings = ColorSARSettings(**(vars(QUICK) | {"epochs": 1, "precision": "bf16"}))
    assert np.isfinite(train(pairs, tmp_path / "run", settings).losses).all()


def test_a_whole_number_is_a_share_for_the_optimiser(pairs, tmp_path):
    settings = ColorSARSettings(**(vars(QUICK) | {"epochs": 1, "beta1": 0}))
    assert np.isfinite(train(pairs, tmp_path / "run", settings).losses).all()


def test_colour_classes_train_resume_and_load(pairs, tmp_path):
    settings = ColorSARSettings(**(vars(QUICK) | {"head": "classes", "epochs": 3, "learning_rate": 0.01}))
    whole = train(pairs, tmp_path / "whole", settings)
    assert whole.losses[-1] < whole.losses[0]
    with pytest.raises(InterruptedOnPurposeError):
        train(pairs, tmp_path / "parts", settings, progress=interrupt_at(6))
    assert train(pairs, tmp_path / "parts", settings, resume=True).losses == whole.losses[1:]
    card = registry.load_card(whole.weights)
    assert len(card.settings["classes"]) > 4
    ab = registry.load_network(whole.weights)(torch.zeros(1, 1, 32, 32))
    assert ab.shape == (1, 2, 32, 32)
    assert ab.abs().max() < 1


def test_full_width_pix2pix_takes_a_step():
    from sar_colorize.training.color.pix2pix import Pix2PixSystem

    torch.manual_seed(0)
    settings = Pix2PixSettings(feature_weight=10.0)
    system = Pix2PixSystem(settings, torch.device("cpu"))
    before = system.network.last.weight.clone()
    rgb = torch.randint(0, 255, (2, 3, 256, 256), dtype=torch.uint8)
    forward_in = autocast("cpu", "auto")
    losses = system.step(torch.rand(2, 1, 256, 256), rgb, torch.ones(2, 1, 256, 256), autocast=forward_in)
    assert set(losses) == {"loss", "l1", "fooled", "judged"}
    assert np.isfinite(list(losses.values())).all()
    assert not torch.equal(before, system.network.last.weight)


def test_run_in_the_folder_is_not_overwritten(pairs, tmp_path):
    one = ColorSARSettings(**(vars(QUICK) | {"epochs": 1}))
    train(pairs, tmp_path / "run", one)
    with pytest.raises(SettingError, match="without a run"):
        train(pairs, tmp_path / "run", one)
    with pytest.raises(
        SettingError, match="epochs must stay 1 in a resumed run, got 4; give the same or name a new folder"
    ):
        train(pairs, tmp_path / "run", QUICK, resume=True)


def test_a_failed_start_does_not_block_the_corrected_call(pairs, tmp_path):
    large = ColorSARSettings(**(vars(QUICK) | {"patch_px": 128}))
    with pytest.raises(DataError, match="at least patch_px=128 wide and high"):
        train(pairs, tmp_path / "run", large)
    assert not (tmp_path / "run").exists()
    one = ColorSARSettings(**(vars(QUICK) | {"epochs": 1}))
    assert train(pairs, tmp_path / "run", one).epochs == 1


def test_a_missing_package_is_one_sentence_and_leaves_no_folder(pairs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingPackageError, match=r"need pillow, got none; pip install pillow"):
        train(pairs, tmp_path / "run", QUICK)
    assert not (tmp_path / "run").exists()


def test_cancelled_training_says_what_is_left(pairs, tmp_path):
    def cancel_at(step):
        def progress(done, total):
            if done == step:
                raise KeyboardInterrupt

        return progress

    with pytest.raises(Cancelled, match=r"^cancelled; nothing was written$"):
        train(pairs, tmp_path / "run", QUICK, progress=cancel_at(2))
    assert not (tmp_path / "run").exists()
    with pytest.raises(Cancelled, match=r"^cancelled after 2 epochs; .*run holds them, resume goes on from there$"):
        train(pairs, tmp_path / "run", QUICK, progress=cancel_at(10))  # 4 steps an epoch: in the third
    with pytest.raises(Cancelled, match=r"^cancelled after 2 epochs; "):
        train(pairs, tmp_path / "run", QUICK, resume=True, progress=cancel_at(11))
    assert train(pairs, tmp_path / "run", QUICK, resume=True).epochs == 4


def test_validation_paints_as_users_scenes_are_painted(pairs, tmp_path):
    """The figures of val are those of the weights that were written, run over each pair as over a scene."""
    from sar_colorize.color import srgb_to_lab
    from sar_colorize.infer import paint_picture
    from sar_colorize.pairs.lightness import radar_lightness
    from sar_colorize.pairs.read import ground_of, read_pair

    settings = ColorSARSettings(**(vars(QUICK) | {"epochs": 2, "patch_px": 64, "crops": 1, "keep": "last"}))
    result = train(pairs, tmp_path / "run", settings)
    errors = []
    for pair in (pair for pair in pairs if pair.split == "val"):
        code, rgb = read_pair(pair)
        painter = registry.load_painter(result.weights, (pair.polarization,))
        lab, _ = paint_picture(painter, radar_lightness(code, "VV")[None], device="cpu", precision="fp32")
        true = srgb_to_lab(rgb / np.float32(255))
        errors.append(np.abs(lab - true)[1:, ground_of(rgb)])
    last = (tmp_path / "run" / "log.csv").read_text().splitlines()[-1].split(",")
    assert float(last[2]) == pytest.approx(np.concatenate(errors, 1).mean(), rel=1e-2)  # weights are kept in half


def test_broken_pair_is_left_out_with_its_name_or_refused(pairs, tmp_path):
    one = ColorSARSettings(**(vars(QUICK) | {"epochs": 1}))
    broken = next(pair for pair in pairs if pair.split == "train").s2
    broken.write_bytes(b"no picture")
    result = train(pairs, tmp_path / "run", one)
    assert len(result.skipped) == 1
    assert broken.name in result.skipped[0]
    with pytest.raises(DataError, match=broken.name):
        train(pairs, tmp_path / "strict", one, strict=True)


def test_last_weights_are_kept_where_asked(pairs, tmp_path, monkeypatch):
    from dataclasses import replace

    real, seen = loop.validate, iter([1.0, 9.0, 1.0, 9.0])
    monkeypatch.setattr(loop, "validate", lambda *args: replace(real(*args), ab_error=next(seen)))
    settings = ColorSARSettings(**(vars(QUICK) | {"epochs": 2}))
    best = train(pairs, tmp_path / "best", settings)
    last = train(pairs, tmp_path / "last", ColorSARSettings(**(vars(settings) | {"keep": "last"})))
    assert best.best == last.best
    tensors = [registry.load_network(run.weights).head.weight for run in (best, last)]
    assert not torch.equal(*tensors)


def test_checkpoint_that_is_damaged_is_refused(pairs, tmp_path):
    one = ColorSARSettings(**(vars(QUICK) | {"epochs": 1}))
    train(pairs, tmp_path / "run", one)
    path = tmp_path / "run" / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match="checkpoint must be of this run and whole"):
        train(pairs, tmp_path / "run", one, resume=True)


@pytest.mark.parametrize("split", ["train", "val"])
def test_data_without_a_split_is_refused(pairs, tmp_path, split):
    with pytest.raises(DataError, match=re.escape(f"pairs in split {split}, got none")):
        train([pair for pair in pairs if pair.split != split], tmp_path / "run", QUICK)
