"""What the public functions refuse, each in one sentence: wrong names, wrong types, and what would be ignored."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from made import speckled

import sar_colorize as sc
from sar_colorize import api
from sar_colorize.api.annotations import KINDS, _parts, checked
from sar_colorize.errors import SettingError

VALUES = np.ones((16, 16), np.float32)
VERBS = (api.colorize, api.despeckle, api.despeckle_stack, api.info, api.demo)


@pytest.fixture
def scene(make_tif: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """scene.tif in the working folder: 128 x 128, VV in dB."""
    path = make_tif(speckled(128, 128), "scene.tif", names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})
    monkeypatch.chdir(path.parent)
    return path


TYPES: dict[str, tuple[Callable[[], Any], str]] = {
    "colorize an array": (
        lambda: sc.colorize(VALUES),
        "source must be a path, an xarray DataArray or a Scene, got numpy.ndarray; wrap an array",
    ),
    "colorize a tensor": (lambda: sc.colorize(torch.ones(8, 8)), "source must be a path, .*got torch.Tensor; wrap"),
    "colorize nothing": (lambda: sc.colorize(None), "source must be a path, an xarray DataArray or a Scene, got None"),
    "colorize a list of a number": (lambda: sc.colorize([5]), "source must be a path, .*, got 5; wrap"),
    "colorize a list by its name": (lambda: sc.colorize(source=[5]), "source must be a path, .*, got 5; wrap"),
    "colorize a set": (lambda: sc.colorize({"scene.tif"}), "source must be a path, .*, got set; wrap"),
    "colorize a dataset": (lambda: sc.colorize(xr.Dataset()), "source must be a path, .*, got xarray.Dataset"),
    "info of an array": (lambda: sc.info(VALUES), "source must be a path, an xarray DataArray or a Scene, got numpy"),
    "three corners": (
        lambda: sc.colorize("scene.tif", bbox=(1, 2, 3)),
        r"bbox must be four numbers, west south east north, got \(1, 2, 3\); give four",
    ),
    "no corners": (lambda: sc.despeckle("scene.tif", bbox=np.array("x")), "bbox must be four numbers, "),
    "corners in a text": (lambda: sc.despeckle("scene.tif", bbox="1 2 3 4"), "bbox must be four numbers, .*'1 2 3 4'"),
    "corners of text": (lambda: sc.info("scene.tif", crs=4326), "crs must be text, got 4326; leave it out"),
    "a text for pixels": (lambda: sc.colorize("scene.tif", tile_px="512"), "tile_px must be a whole number, got '512'"),
    "a fraction of pixels": (lambda: sc.despeckle("scene.tif", block_px=64.5), "block_px must be a whole .*, got 64.5"),
    "no block": (lambda: sc.despeckle("scene.tif", block_px=None), "block_px must be a whole number, got None"),
    "no offset": (lambda: sc.colorize("scene.tif", offset_db=None), "offset_db must be a number or text, got None"),
    "yes for looks": (lambda: sc.despeckle(VALUES, looks=True), "looks must be a number or text, got True"),
    "a number for a file": (lambda: sc.colorize("scene.tif", 5), "output must be a path, got 5"),
    "a number for an area": (lambda: sc.colorize("scene.tif", aoi=5), "aoi must be a path, got 5"),
    "a text for nodata": (lambda: sc.colorize("scene.tif", nodata="x"), "nodata must be a number, got 'x'"),
    "a number for a band": (lambda: sc.info("scene.tif", polarization=5), "polarization must be text, got 5"),
    "options in a list": (
        lambda: sc.colorize("scene.tif", "c.tif", creation_options=["LEVEL=9"]),
        r"creation_options must be a mapping of names to text, got \['LEVEL=9'\]",
    ),
    "options by number": (
        lambda: sc.despeckle("scene.tif", "s.tif", creation_options={1: 2}),
        r"creation_options must be a mapping of names to text, got dict",
    ),
    "a number of too many digits": (
        lambda: sc.colorize("scene.tif", offset_db=10**400),
        "offset_db must be a number below 1e308, got a number of 1329 bits",
    ),
    "no function": (lambda: sc.colorize("scene.tif", "c.tif", on_progress=5), "on_progress must be a function of .*5"),
    "one path for a stack": (
        lambda: sc.despeckle_stack("scene.tif", "out"),
        "sources must be several paths, DataArrays or Scenes or an array, got 'scene.tif'; put them into a list",
    ),
}  # fmt: skip

NAMES: dict[str, tuple[Callable[[], Any], str]] = {
    "despeckle": (lambda: sc.despeckle(VALUES, flter="lee"), "keyword of despeckle must .*did you mean filter"),
    "colorize": (lambda: sc.colorize("s", modle="x"), "keyword of colorize must .*'modle'; did you mean model"),
    "stack": (lambda: sc.despeckle_stack(["s", "t"], "o", x=3), "keyword of despeckle_stack must be .*check its spell"),
    "info": (lambda: sc.info("s", untt="db"), "keyword of info must be one of .*; did you mean unit"),
}  # fmt: skip

VALUES_OF_KEYWORDS: dict[str, tuple[Callable[[], Any], str]] = {
    "offset nan": (lambda: sc.colorize("scene.tif", offset_db=float("nan")), "offset_db must be a finite .*, got nan"),
    "looks nan": (lambda: sc.despeckle(VALUES, looks=float("nan")), "looks must be auto or a number .*, got nan"),
    "even window": (lambda: sc.despeckle(VALUES, size=4), "odd number of pixels from 3 to 31, got 4"),
    "block of none": (lambda: sc.despeckle("scene.tif", "s.tif", block_px=0), "block_px must be at least 64, got 0"),
    "block below none": (
        lambda: sc.despeckle_stack(["scene.tif", "scene.tif"], "out", block_px=-5),
        "block_px must be at least 64, got -5",
    ),
    "empty CRS": (
        lambda: sc.colorize("scene.tif", bbox=(1, 1, 2, 2), bbox_crs=""),
        "bbox_crs must be a CRS such as EPSG:4326, got ''",
    ),
    "complex values": (lambda: sc.despeckle(VALUES.astype(complex)), "array must hold real numbers, got complex128"),
    "complex tensor": (lambda: sc.despeckle(torch.ones(4, 4, dtype=torch.complex64)), "real .*, got torch.complex64"),
    "letters": (lambda: sc.despeckle(np.array([["a"]])), "array must hold real numbers, got <U1"),
}  # fmt: skip

IGNORED: dict[str, tuple[Callable[[], Any], str]] = {
    **{
        f"{name} of an array": (
            lambda name=name, value=value: sc.despeckle(VALUES, **{name: value}),
            f"{name} must be left out for an array, got",
        )
        for name, value in {
            "output": "out.tif", "polarization": "VV", "nodata": 0, "grid": "radar", "crs": "EPSG:4326",
            "resolution": 10.0, "calibration": "beta0", "remove_noise": False, "bbox": (0, 0, 1, 1), "aoi": "a.gpkg",
            "profile": "zstd", "creation_options": {"LEVEL": "9"}, "overwrite": True, "dry_run": True,
            "block_px": 128, "on_progress": print,
        }.items()
    },
    **{
        f"{name} of a stack of arrays": (
            lambda name=name, value=value: sc.despeckle_stack(np.ones((2, 8, 8), np.float32), **{name: value}),
            f"{name} must be left out for an array, got",
        )
        for name, value in {"folder": "out", "overwrite": True, "dry_run": True, "nodata": 0, "block_px": 64}.items()
    },
    "a list of arrays": (lambda: sc.despeckle_stack([VALUES, VALUES], "out"), "sources must be .*got arrays; stack"),
    **{
        f"{name} without an output": (
            lambda name=name, value=value: sc.colorize("scene.tif", model="composite", **{name: value}),
            f"{name} must be left out without an output, got",
        )
        for name, value in {
            "uncertainty": "e.tif", "profile": "zstd", "creation_options": {"LEVEL": "9"}, "overwrite": True,
            "scheduler": "tcp://127.0.0.1:9", "on_progress": print,
        }.items()
    },
    "profile of lazy values": (
        lambda: sc.despeckle("scene.tif", profile="zstd"),
        "profile must be left out without an output, got 'zstd'",
    ),
    **{
        f"{name} without a network": (
            lambda name=name, value=value: sc.colorize("scene.tif", model="composite", **{name: value}),
            f"{name} must be left out for composite, which has no network, got {value}",
        )
        for name, value in {"tile_px": 512, "overlap_px": 64, "batch": 4, "device": "cuda", "precision": "bf16"}.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("case", TYPES)
def test_a_value_of_a_wrong_type_is_one_sentence(case: str, scene: Path) -> None:
    _check_refusal(*TYPES[case], scene)


@pytest.mark.parametrize("case", NAMES)
def test_an_unknown_keyword_is_one_sentence(case: str, scene: Path) -> None:
    _check_refusal(*NAMES[case], scene)


@pytest.mark.parametrize("case", VALUES_OF_KEYWORDS)
def test_a_value_out_of_its_range_is_one_sentence(case: str, scene: Path) -> None:
    _check_refusal(*VALUES_OF_KEYWORDS[case], scene)


@pytest.mark.parametrize("case", IGNORED)
def test_what_cannot_be_done_is_refused_not_ignored(case: str, scene: Path) -> None:
    _check_refusal(*IGNORED[case], scene)


def test_too_many_values_without_a_name_are_not_taken_for_keywords() -> None:
    with pytest.raises(TypeError, match="takes from 1 to 2 positional arguments but 3 were given"):
        sc.despeckle(VALUES, None, 7)


def _check_refusal(call: Callable[[], Any], sentence: str, scene: Path) -> None:
    with pytest.raises(SettingError, match=sentence) as refused:
        call()
    assert "\n" not in str(refused.value)
    assert "--" not in str(refused.value)
    assert list(scene.parent.iterdir()) == [scene]


@pytest.mark.parametrize("function", VERBS, ids=lambda function: function.__name__)
def test_every_annotation_of_a_verb_is_checked(function: Callable[..., Any]) -> None:
    for name, parameter in inspect.signature(function).parameters.items():
        parts = set(_parts(str(parameter.annotation))) - {"None"}
        assert parts <= set(KINDS), name
        if parameter.default is not inspect.Parameter.empty:
            assert checked(name, parameter.default, str(parameter.annotation)) == parameter.default


def test_numbers_of_numpy_and_paths_are_taken_for_pythons_own(scene: Path) -> None:
    assert checked("block_px", np.int64(128), "int") == 128
    assert type(checked("block_px", np.int64(128), "int")) is int
    assert type(checked("looks", np.float32(4.5), "float | str | None")) is float
    assert checked("palette", Path("a.tif"), "str") == "a.tif"
    assert checked("bbox", np.array([1, 2, 3, 4]), "Box | None") == (1, 2, 3, 4)
    box = np.array([500100, 4999000, 500600, 4999900])
    assert sc.despeckle(scene, bbox=box, block_px=np.int64(64)).shape == (1, 90, 50)
