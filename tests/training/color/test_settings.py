import inspect
import json
from dataclasses import fields

import pytest

from sar_colorize import api
from sar_colorize.errors import SettingError
from sar_colorize.training.color.adapt_settings import AdaptSettings
from sar_colorize.training.color.settings import (
    SYSTEMS,
    ByPlaceSettings,
    ColorSARSettings,
    Pix2PixSettings,
    settings_of,
)


def test_json_holds_every_setting_and_the_system():
    settings = Pix2PixSettings(width=16, seed=3)
    values = json.loads(settings.to_json())
    assert settings_of(**values) == settings
    assert values["model"] == "pix2pix"


def test_each_system_has_its_own_recipe():
    pix2pix, colorsar = Pix2PixSettings(), ColorSARSettings()
    assert (pix2pix.width, pix2pix.learning_rate, pix2pix.beta1, pix2pix.schedule) == (64, 2e-4, 0.5, "constant")
    assert (pix2pix.l1_weight, pix2pix.ema_decay, pix2pix.keep) == (100.0, 0.0, "last")
    assert (colorsar.width, colorsar.schedule, colorsar.keep) == (32, "cosine", "best")
    assert (ByPlaceSettings().width, ByPlaceSettings().ema_decay) == (48, 0.998)
    assert settings_of("pix2pix", beta1=0.9, width=None) == Pix2PixSettings(beta1=0.9)


@pytest.mark.parametrize(
    ("model", "name", "words"),
    [
        ("colorsar", "l1_weight", "l1_weight must be left out for colorsar, got 0.5; it is a setting of pix2pix"),
        ("by-place", "rebalance", "rebalance must be left out for by-place, got 0.5; it is a setting of colorsar"),
        ("colorsar", "structure_weight", "it is a setting of by-place and pix2pix"),
        ("pix2pix", "speed", "speed must be left out for pix2pix, got 0.5; there is no such setting"),
    ],
)
def test_setting_of_another_system_is_refused(model, name, words):
    with pytest.raises(SettingError, match=words):
        settings_of(model, **{name: 0.5})


def test_lightness_of_the_colour_picture_is_refused_for_by_place():
    """It learns from radar alone; the setting was ignored."""
    with pytest.raises(SettingError, match="input must be left out for by-place"):
        settings_of("by-place", input="optical-l")


@pytest.mark.parametrize(
    ("model", "change", "words"),
    [
        ("unet", {}, "model must be one of by-place, colorsar, pix2pix, got 'unet'"),
        ("colorsar", {"input": "sar"}, "input must be one of sar-l, optical-l"),
        ("colorsar", {"filter": "leee"}, "filter must be one of none, boxcar, .*got 'leee'"),
        ("colorsar", {"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ("colorsar", {"seed": -1}, "seed must be a whole number of at least 0"),
        ("colorsar", {"hole_share": 1.5}, r"hole_share must be within 0\.\.1, got 1\.5"),
        ("colorsar", {"learning_rate": 0.0}, "learning_rate must be above 0"),
        ("colorsar", {"learning_rate": "fast"}, "learning_rate must be above 0, got 'fast'"),
        ("colorsar", {"ema_decay": 1.0}, "ema_decay must be at least 0 and under 1"),
        ("colorsar", {"patch_px": 100}, "patch_px must be a multiple of 16 for colorsar, got 100"),
        ("pix2pix", {"patch_px": 128}, "patch_px must be a multiple of 256 for pix2pix, got 128"),
    ],
)
def test_setting_out_of_range_is_refused(model, change, words):
    with pytest.raises(SettingError, match=words):
        settings_of(model, **change)


def _documented(verb):
    """The docstring of a function on one line."""
    return " ".join((verb.__doc__ or "").split())


def test_train_spells_out_every_setting_with_its_default_and_the_text_of_its_record():
    parameters = inspect.signature(api.train, eval_str=True).parameters
    for setting in api.train_settings():
        parameter, text = parameters[setting.name], setting.help.rstrip(".")
        recipe = " / ".join(f"{value} in {system}" for system, value in setting.recipes.items()) or setting.default
        if setting.systems or setting.recipes:
            text, expected = f"{text}; None for {recipe}", None
        else:
            expected = setting.default
        assert parameter.default == expected, setting.name
        assert parameter.annotation in (setting.kind, setting.kind | None), setting.name
        assert f" {setting.name}: {text}." in _documented(api.train), setting.name
    known = {item.name for record in SYSTEMS.values() for item in fields(record)}
    others = {"data", "out", "model", "strict", "exclude", "resume", "on_progress"}
    assert set(parameters) == known | others


def test_adapt_and_build_pairs_spell_out_every_setting_with_its_default_and_the_text_of_its_record():
    for verb, settings in ((api.adapt, api.adapt_settings()), (api.build_pairs, api.build_settings())):
        parameters = inspect.signature(verb, eval_str=True).parameters
        for setting in settings:
            assert parameters[setting.name].default == setting.default, setting.name
            assert parameters[setting.name].annotation is setting.kind, setting.name
            assert f" {setting.name}: {setting.help}" in _documented(verb), setting.name


def test_an_unknown_keyword_is_named_in_one_sentence(tmp_path):
    with pytest.raises(SettingError, match=r"keyword of train must be one of .*got 'epoch'; did you mean epochs"):
        api.train(tmp_path, tmp_path / "run", epoch=3)


def test_the_old_name_of_the_filter_is_understood(tmp_path):
    with pytest.warns(DeprecationWarning, match="despeckle is called filter now"):  # noqa: SIM117
        with pytest.raises(SettingError, match=r"filter must be one of none, boxcar.*got 'leee'"):
            api.train(tmp_path, tmp_path / "run", despeckle="leee")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patch_px": 100}, r"patch_px must be a multiple of 32 for by-place, got 100"),
        ({"minutes": 0}, r"minutes must be above 0, got 0"),
        ({"held_out": 1.0}, r"held_out must be at least 0 and under 1, got 1\.0"),
        ({"steps": 0}, r"steps must be a whole number of at least 1"),
        ({"device": "tpu"}, r"device must be one of auto, cpu, cuda"),
    ],
)
def test_adapt_setting_out_of_range_is_refused(change, words):
    with pytest.raises(SettingError, match=words):
        AdaptSettings(**change)
