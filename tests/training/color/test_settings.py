import ast
import inspect
import json
from dataclasses import fields
from itertools import pairwise

import pytest

from sar_colorize import api
from sar_colorize.errors import SettingError
from sar_colorize.pairs.build_settings import BuildSettings
from sar_colorize.training.color.adapt_settings import AdaptSettings
from sar_colorize.training.color.settings import (
    SYSTEMS,
    ByPlaceSettings,
    ColorSARSettings,
    Pix2PixSettings,
    settings_of,
)
from sar_colorize.training.speckle.settings import FilterSettings


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


@pytest.mark.parametrize("name", ["workers", "devices", "batch", "crops", "patch_px", "width"])
@pytest.mark.parametrize("kind", [ColorSARSettings, AdaptSettings, FilterSettings])
def test_every_size_of_a_training_is_bounded(kind, name):
    """2**31 readers were started one after the other, until the machine gave up."""
    if name in {field.name for field in fields(kind)}:
        with pytest.raises(SettingError, match=rf"{name} must be at most \d+, got {2**31}; choose less"):
            kind(**{name: 2**31})


@pytest.mark.parametrize("kind", [ColorSARSettings, AdaptSettings, FilterSettings])
def test_a_seed_that_no_generator_takes_is_refused(kind):
    """adapt ended in a ValueError of torch after its first minutes."""
    with pytest.raises(SettingError, match=r"seed must be at most \d+, got 10{30}; choose less"):
        kind(seed=10**30)


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


def field_texts(record):
    """The text under each field of a class and of those that it builds on, on one line."""
    found = {}
    for kind in reversed(record.__mro__[:-1]):
        body = ast.parse(inspect.getsource(kind)).body[0].body
        for item, below in pairwise(body):
            if isinstance(item, ast.AnnAssign) and isinstance(below, ast.Expr):
                found[item.target.id] = " ".join(below.value.value.split())
    return found


@pytest.mark.parametrize("record", [*SYSTEMS.values(), AdaptSettings, BuildSettings, FilterSettings])
def test_every_setting_is_documented_under_itself(record):
    assert {item.name for item in fields(record)} <= set(field_texts(record))


def test_train_spells_out_every_setting_with_its_recipe_and_the_text_of_its_record():
    parameters, document = inspect.signature(api.train).parameters, " ".join(api.train.__doc__.split())
    systems = {}
    for system, record in SYSTEMS.items():
        for item in fields(record):
            systems.setdefault(item.name, {})[system] = item
    for name, of in systems.items():
        item, text = next(iter(of.values())), field_texts(SYSTEMS[next(iter(of))])[name].rstrip(".")
        recipes = {system: each.default for system, each in of.items()}
        if len(of) < len(SYSTEMS) or len(set(recipes.values())) > 1:
            same = len(set(recipes.values())) == 1
            recipe = item.default if same else " / ".join(f"{value} in {system}" for system, value in recipes.items())
            text, default, annotation = f"{text}; None for {recipe}", None, f"{item.type} | None"
        else:
            default, annotation = item.default, item.type
        assert (parameters[name].default, parameters[name].annotation) == (default, annotation), name
        assert f" {name}: {text}." in document, name
    others = {"data", "out", "model", "strict", "exclude", "resume", "on_progress"}
    assert set(parameters) == set(systems) | others


@pytest.mark.parametrize(("verb", "record"), [(api.adapt, AdaptSettings), (api.build_pairs, BuildSettings)])
def test_adapt_and_build_pairs_spell_out_every_setting_with_its_default_and_the_text_of_its_record(verb, record):
    parameters, document = inspect.signature(verb).parameters, " ".join(verb.__doc__.split())
    for item in fields(record):
        assert (parameters[item.name].default, parameters[item.name].annotation) == (item.default, item.type)
        assert f" {item.name}: {field_texts(record)[item.name]}" in document, item.name


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
