"""When a raster was taken: from the user, its tags or its name."""

from __future__ import annotations

import pytest

from sar_colorize.errors import SettingError
from sar_colorize.scene.date import Date, find_date, parse_date


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("S1A_IW_GRDH_1SDV_20210119T031653_20210119T031718_036201_043ED0_8255.zip", "2021-01-19"),
        ("/data/2020-01-01/S2A_MSIL2A_20170613T101031_N0205_R022_T33UUP_20170613T101028.tif", "2017-06-13"),
        ("LC08_L2SP_195025_20200913_20200919_02_T1.tif", "2020-09-13"),
        ("farm_2026-03-02_rgb.tif", "2026-03-02"),
        ("/vsizip/a.zip/T33TUL_20210119T101331_TCI.jp2", "2021-01-19"),
        ("a_2021-02-30.tif", None),
        ("scene_202106.tif", None),  # six digits may be anything
        ("tile_12345678.tif", None),
        ("scene.tif", None),
    ],
)
def test_a_name_says_the_day(name: str, expected: str | None) -> None:
    found = find_date({}, name)
    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"ACQUISITION_DATE": "2020-05-06T10:00:00Z"}, Date(2020, 5, 6)),
        ({"PRODUCT_START_TIME": "2020-05-06T10:00:00Z"}, Date(2020, 5, 6)),
        ({"DATATAKE_1_DATATAKE_SENSING_START": "2020-05-06"}, Date(2020, 5, 6)),
        ({"DATE_ACQUIRED": "2020-05"}, Date(2020, 5)),
        ({"SAR_COLORIZE_TIME": "2020-05-06T10:00:00 to 2020-05-06T10:00:25 UTC"}, Date(2020, 5, 6)),  # despeckled
        ({"TIFFTAG_DATETIME": "2020:05:06 10:00:00"}, None),  # when the file was written
        ({"GENERATION_TIME": "2020-05-06"}, None),
    ],
)
def test_a_tag_of_the_measurement_says_the_day_and_one_of_the_file_does_not(tags: dict, expected: Date | None) -> None:
    assert find_date(tags, "x.tif") == expected


def test_tags_come_before_the_name() -> None:
    assert find_date({"SENSING_TIME": "2020-05-06"}, "x_20210101.tif") == Date(2020, 5, 6)


def test_a_user_names_a_day_or_a_month() -> None:
    assert parse_date("2026-03-02", "date") == Date(2026, 3, 2)
    assert str(parse_date("2026-03", "date")) == "2026-03"


@pytest.mark.parametrize(
    "text", ["2026", "2026-13", "2026-02-30", "02.03.2026", "20260302", "", "yesterday", "1926-03"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match=r"reference_date must be a date such as 2026-03-02 or a month .* got '"):
        parse_date(text, "reference_date")
