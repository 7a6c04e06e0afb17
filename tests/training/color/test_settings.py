import pytest

from sar_colorize.errors import SettingError
from sar_colorize.training.color.settings import TrainSettings


def test_json_gives_equal_settings():
    settings = TrainSettings(model="pix2pix", width=16, seed=3)
    assert TrainSettings.from_json(settings.to_json()) == settings


def test_each_system_has_its_own_recipe():
    pix2pix, colorsar = TrainSettings(model="pix2pix"), TrainSettings()
    assert (pix2pix.width, pix2pix.learning_rate, pix2pix.beta1, pix2pix.schedule) == (64, 2e-4, 0.5, "constant")
    assert (pix2pix.l1_weight, pix2pix.ema_decay) == (100.0, 0.0)
    assert (colorsar.width, colorsar.schedule) == (32, "cosine")
    assert TrainSettings(model="pix2pix", beta1=0.9).beta1 == 0.9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "unet"}, "model must be one of by-place, colorsar, pix2pix, got 'unet'"),
        ({"input": "sar"}, "input must be one of sar-l, optical-l"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"hole_share": 1.5}, r"hole_share must be within 0\.\.1, got 1\.5"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"ema_decay": 1.0}, "ema_decay must be at least 0 and under 1"),
        ({"patch_px": 100}, "patch_px must be a multiple of 16 for colorsar, got 100"),
        ({"model": "pix2pix", "patch_px": 128}, "patch_px must be a multiple of 256 for pix2pix, got 128"),
    ],
)
def test_setting_out_of_range_is_refused(change, words):
    with pytest.raises(SettingError, match=words):
        TrainSettings(**change)


@pytest.mark.parametrize(("text", "words"), [("{", "must be JSON"), ('{"speed": 3}', "known keys, got speed")])
def test_text_that_holds_no_settings_is_refused(text, words):
    with pytest.raises(SettingError, match=words):
        TrainSettings.from_json(text)
