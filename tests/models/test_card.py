import dataclasses
import json
import subprocess
import sys

import pytest

from sar_colorize.errors import ModelError
from sar_colorize.models.card import Card

CARD = Card(
    name="one",
    architecture="colorsar",
    output="ab",
    input="sar-l",
    settings={"width": 8},
    halo_px=112,
    stride_px=16,
    overlap_px=224,
    quality={"val": {"ab_error": 5.5}},
)


def test_json_gives_an_equal_card():
    assert Card.from_json(CARD.to_json()) == CARD


def test_decibels_of_vv_and_vh_are_those_of_sen12():
    assert CARD.db_ranges["VV"] == CARD.db_ranges["HH"] == (-25.0, 0.0)
    assert CARD.db_ranges["VH"] == CARD.db_ranges["HV"] == (-32.5, 0.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": "gan"}, "one of composite, colorsar, pix2pix, by-place, got 'gan'"),
        ({"output": "lab"}, "one of ab, rgb"),
        ({"input": "dn"}, "one of sar-l, optical-l"),
        ({"halo_px": 100}, "multiple of stride_px=16, got 100"),
        ({"tile_px": 1000}, "multiple of stride_px=16, got 1000"),
        ({"tile_px": True}, "at least 1 and at most 8192, got True"),
        ({"overlap_px": 512}, "under tile_px=512, got 512"),
        ({"overlap_px": 208}, "at least twice halo_px=112, got 208"),
        ({"fill_lightness": 101}, "within 0..100, got 101"),
        ({"summary": 3}, "can be printed, got 3"),
        ({"summary": "red\x1b[2J"}, "text that can be printed, got"),
        ({"name": "\ud800"}, "text that can be printed, got '.+ud800'"),
        ({"quality": {"a": ["\x07"]}}, "text that can be printed, got"),
        ({"limits": "x" * 20_001}, "at most 20000 characters"),
        ({"settings": 3}, "an object, got 3"),
        ({"db_ranges": {"VV": [0, -25]}}, "low before high"),
        ({"db_ranges": {"VV": 3}}, "low before high"),
        ({"db_ranges": {"VV": [float("nan"), 0]}}, "low before high"),
        ({"db_ranges": {"VV": [float("-inf"), 0]}}, "within 200 of 0"),
        ({"db_ranges": {"XX": [-25, 0]}}, "some of VV, VH, HH, HV, got"),
        ({"db_ranges": {}}, "some of VV"),
        ({"fill_lightness": float("nan")}, "within 0..100, got nan"),
        ({"output": "rgb"}, "must be ab for colorsar, got 'rgb'"),
        ({"channels": 5}, "from 1 to 4 for colorsar, got 5"),
        ({"channels": -1}, "from 1 to 4 for colorsar, got -1"),
        ({"halo_px": -16}, "null or a multiple of stride_px=16, got -16"),
        ({"halo_px": 2**40}, "null or a multiple of stride_px=16, got 1099511627776"),
        ({"tile_px": 2**31}, "at most 8192, got 2147483648"),
        ({"stride_px": 8}, "a multiple of 16 for colorsar, got 8"),
        ({"tile_px": -512}, "at least 1 and at most 8192, got -512"),
        ({"architecture": ["colorsar"]}, "one of composite"),
    ],
)
def test_card_out_of_range_is_refused(change, words):
    values = json.loads(CARD.to_json()) | change
    with pytest.raises(ModelError, match=words.replace("[", "\\[")):
        Card.from_json(json.dumps(values))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ('{"quality": ' + '{"a": ' * 50 + "1" + "}" * 51, "at most 24 levels deep"),
        ('{"channels": ' + "9" * 5000 + "}", "must be JSON"),
        ("[]", "must be a JSON object, got list"),
        ('{"name": "one", "architecture": "colorsar", "output": "ab"}', "must hold input"),
        (json.dumps(dataclasses.asdict(CARD) | {"colour": 1}), "known keys, got colour"),
    ],
)
def test_text_that_is_no_card_is_refused(text, words):
    with pytest.raises(ModelError, match=words):
        Card.from_json(text)


def test_reading_a_card_imports_neither_torch_nor_rasterio():
    code = (
        "import sys; from sar_colorize.models import registry; "
        "[registry.load_card(name) for name in registry.names()]; "
        "assert not {'torch', 'rasterio', 'dask'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
