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
        ({"tile_px": True}, "at least 1, got True"),
        ({"overlap_px": 512}, "under tile_px=512, got 512"),
        ({"overlap_px": 208}, "at least twice halo_px=112, got 208"),
        ({"fill_lightness": 101}, "within 0..100, got 101"),
        ({"summary": 3}, "a text, got 3"),
        ({"settings": 3}, "an object, got 3"),
        ({"db_ranges": {"VV": [0, -25]}}, "low before high"),
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
