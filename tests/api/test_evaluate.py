"""The verb `evaluate`: its keywords are its settings, and old names are understood."""

from __future__ import annotations

import inspect
from dataclasses import fields

import geopandas
import pytest
import shapely

from sar_colorize import api
from sar_colorize.errors import OutputError, SettingError
from sar_colorize.evaluation.color.settings import EvaluateSettings
from sar_colorize.evaluation.report import folder


def test_every_setting_is_a_keyword_with_the_same_default() -> None:
    keywords = inspect.signature(api.evaluate).parameters
    assert {field.name: field.default for field in fields(EvaluateSettings)} == {
        field.name: keywords[field.name].default for field in fields(EvaluateSettings)
    }


def test_every_keyword_is_documented() -> None:
    for function in (api.evaluate, api.evaluate_filters):
        for name in inspect.signature(function).parameters:
            assert f"        {name}: " in (function.__doc__ or ""), name


def test_an_unknown_keyword_is_one_sentence() -> None:
    with pytest.raises(SettingError, match=r"keyword of evaluate must be one of .*, got 'speed'; did you mean seed"):
        api.evaluate(["composite"], "pairs", "report", speed=1)  # type: ignore[call-arg]


def test_the_old_name_of_the_filter_is_understood_and_a_wrong_one_refused(tmp_path) -> None:
    with (
        pytest.warns(DeprecationWarning, match="despeckle is called filter now"),
        pytest.raises(SettingError, match=r"filter must be one of auto, .*, got 'leee'"),
    ):
        api.evaluate(["composite"], tmp_path, tmp_path / "report", despeckle="leee")  # type: ignore[call-arg]


def test_one_model_and_one_site_may_be_given_alone(pairs_folder, tmp_path) -> None:
    made = api.evaluate("composite", pairs_folder, tmp_path / "report", split="val", exclude="town", limit=1)
    assert made["models"][0]["name"] == "composite"
    assert made["pairs"] == {"coast": 1}
    assert made["settings"]["exclude"] == ["town"]


def test_models_that_are_no_names_are_one_sentence(pairs_folder, tmp_path) -> None:
    with pytest.raises(SettingError, match=r"models must be names or weights files, got 0; name one, such as by-place"):
        api.evaluate((0, 0), pairs_folder, tmp_path / "report")  # type: ignore[arg-type]


@pytest.mark.parametrize("exclude", [range(3), "\ud800"])
def test_sites_that_are_no_names_are_one_sentence(pairs_folder, tmp_path, exclude) -> None:
    with pytest.raises(SettingError, match=r"exclude must be names of sites, got .*; leave it out for none"):
        api.evaluate("composite", pairs_folder, tmp_path / "report", exclude=exclude)


def test_a_report_whose_name_is_too_long_is_one_sentence(tmp_path):
    with pytest.raises(OutputError, match=r"report must be a name that a file can have, got .*File name too long"):
        api.evaluate("composite", tmp_path, tmp_path / ("n" * 300))


def test_a_report_of_which_a_file_vanishes_is_never_a_success_and_the_older_one_stays(
    pairs_folder, tmp_path, monkeypatch
) -> None:
    write = folder.write_geopackage

    def vanish(frame, path, layer):
        write(frame, path, layer)
        (path.parent / "metrics.json").unlink()

    report = tmp_path / "report"
    report.mkdir()
    (report / "index.html").write_text("older")
    monkeypatch.setattr(folder, "write_geopackage", vanish)
    shapes = geopandas.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4326)
    monkeypatch.setattr(folder, "footprints", lambda *_: shapes)
    with pytest.raises(OutputError, match=r"report must be where it can be written, got .*A file was removed"):
        api.evaluate("composite", pairs_folder, report, split="val", limit=1, overwrite=True)
    assert [path.read_text() for path in report.iterdir()] == ["older"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
