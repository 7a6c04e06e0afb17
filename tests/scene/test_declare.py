"""From evidence to unit and polarisation: one rule, one case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sar_colorize.errors import UnitError
from sar_colorize.raster import Unit
from sar_colorize.scene.declare import declare
from sar_colorize.scene.facts import Facts
from sar_colorize.scene.layouts import Layout


def _facts(*, values: Any = (0.05, 0.1, 0.4), bands: int = 1, **changes: Any) -> Facts:
    sample = [np.array(values, np.float32) / (i + 1) for i in range(bands)]
    known: dict[str, Any] = {
        "source": "scene.tif", "dtype": "float32", "descriptions": [""] * bands, "units": [""] * bands, "tags": {},
        "sample": lambda: sample,
    }  # fmt: skip
    return Facts(**(known | changes))


@pytest.mark.parametrize(
    ("facts", "unit", "why"),
    [
        (_facts(units=["dB"]), Unit.DB, "band 1 has the unit 'dB'"),
        (_facts(tags={"UNITS": "dB"}), Unit.DB, "tag UNITS=dB"),
        (_facts(tags={"UNITS": "amplitude, relative"}), Unit.AMPLITUDE, "tag UNITS"),
        (_facts(descriptions=["Sigma0_VV_db"]), Unit.DB, "band 1 is called 'Sigma0_VV_db'"),
        (_facts(descriptions=["Sigma0_VV"]), Unit.POWER, "band 1 is called"),
        (_facts(descriptions=["Amplitude_VH"]), Unit.AMPLITUDE, "band 1 is called"),
        (_facts(descriptions=["Intensity_VH"]), Unit.POWER, "band 1 is called"),
        (_facts(source="/data/my_vv_dB.tif"), Unit.DB, "the file is called my_vv_dB.tif"),
        (_facts(dtype="uint8", values=(0, 100, 255)), Unit.DISPLAY, "8-bit values without a unit"),
        (_facts(dtype="uint16", values=(0, 231, 431)), Unit.DN, "uncalibrated digital numbers"),
        (_facts(values=(-25, -12, 3)), Unit.DB, "mostly negative: decibels"),
        (_facts(), Unit.POWER, "never negative: linear power"),
    ],
)
def test_the_unit_is_found_with_its_reason(facts: Facts, unit: Unit, why: str) -> None:
    found = declare(facts)
    assert found.unit is unit
    assert why in found.unit_reason


HYP3 = Layout("HyP3", Unit.AMPLITUDE, "its name says amplitude", True, "gamma0")
OPEN = Layout("Earth Engine", None, "both are called alike", True, "sigma0")


@pytest.mark.parametrize(
    ("facts", "unit", "reason"),
    [
        (_facts(layout=HYP3), Unit.AMPLITUDE, "its name says amplitude; gamma0"),
        (_facts(layout=HYP3, source="power.tif"), Unit.AMPLITUDE, "its name says amplitude; gamma0"),
        (_facts(layout=HYP3, units=["power"]), Unit.POWER, "band 1 has the unit 'power'; gamma0"),
        (_facts(layout=HYP3, tags={"UNITS": "power"}), Unit.POWER, "tag UNITS=power; gamma0"),
        (_facts(layout=HYP3, descriptions=["Sigma0_VV"]), Unit.POWER, "band 1 is called 'Sigma0_VV'"),
        (_facts(layout=OPEN, values=(-25, -12, 3)), Unit.DB,
         "values -24.74 to 2.7, median -12, mostly negative: decibels; both are called alike; sigma0"),
        (_facts(source="beta_nought_vv_db.tif"), Unit.DB, "the file is called beta_nought_vv_db.tif"),
        (_facts(units=["intensity"], descriptions=["VV_gamma0"]), Unit.POWER,
         "band 1, VV_gamma0, has the unit 'intensity'"),
    ],
)  # fmt: skip
def test_a_layout_ranks_behind_bands_and_tags_and_before_the_name(facts: Facts, unit: Unit, reason: str) -> None:
    found = declare(facts)
    assert (found.unit, found.unit_reason) == (unit, reason)


def test_the_users_word_overrules_all_evidence() -> None:
    found = declare(_facts(tags={"UNITS": "dB"}, values=(-20, -10, 0)), unit="amplitude")
    assert (found.unit, found.unit_reason) == (Unit.AMPLITUDE, "given by the user")


@pytest.mark.parametrize(
    ("facts", "absolute"),
    [
        (_facts(tags={"UNITS": "dB"}), True),
        (_facts(dtype="uint8", values=(0, 100, 255)), True),
        (_facts(dtype="uint16", values=(0, 231, 431)), False),
        (_facts(tags={"UNITS": "amplitude, relative"}), False),
        (_facts(dtype="uint16", descriptions=["Amplitude_VV"], values=(1, 200, 3000)), False),
        (_facts(values=(1000.0, 40000.0, 9e6)), False),
        (_facts(), True),
        (_facts(layout=HYP3), True),
        (_facts(layout=HYP3, values=(1000.0, 40000.0, 9e6)), False),
        (_facts(descriptions=["Amplitude_VV"]), False),
        (_facts(descriptions=["Intensity_IW1_VH_db"], values=(20, 40, 60)), False),
        (_facts(descriptions=["Sigma0_VV"]), True),
    ],
)
def test_what_has_no_absolute_scale_is_recognised(facts: Facts, absolute: bool) -> None:
    assert declare(facts).absolute is absolute


@pytest.mark.parametrize(
    ("facts", "polarization", "bands", "indexes", "why"),
    [
        (_facts(bands=2, descriptions=["VV", "VH"]), None, ("VV", "VH"), (0, 1), "band descriptions"),
        (_facts(bands=3, descriptions=["Gamma0_VH", "Gamma0_VV", "angle"]), None, ("VV", "VH"), (1, 0), "descriptions"),
        (_facts(bands=2, descriptions=["VV", "VH"]), "vh", ("VH",), (1,), "band descriptions"),
        (_facts(source="s1a-iw-grd-vh-20180716.tiff"), None, ("VH",), (0,), "from the file name"),
        (_facts(), None, ("VV",), (0,), "taken as VV; `polarization` changes it"),
        (_facts(), "VH", ("VH",), (0,), "named by the user"),
        (_facts(bands=2), None, ("VV", "VH"), (0, 1), "their levels agree"),
        (_facts(bands=2, values=(-20, -12, -1)), None, ("VV", "VH"), (0, 1), "but their levels do not"),
        (_facts(bands=2, descriptions=["HH", "HV"]), None, ("HH", "HV"), (0, 1), "band descriptions"),
        (_facts(bands=3, descriptions=["VV", "angle", ""]), None, ("VV",), (0,), "; ignored: angle, band 3"),
        (_facts(bands=3, descriptions=["VV_mask", "VV_count", "VV"]), None, ("VV",), (2,), "ignored: VV_mask, VV_c"),
        (_facts(bands=3, descriptions=["VV/VH", "VH", "VV"]), None, ("VV", "VH"), (2, 1), "ignored: VV/VH"),
        (_facts(bands=4, descriptions=["Sigma0_VH", "Gamma0_VV", "Sigma0_VV", "VV"]), None, ("VV", "VH"), (2, 0),
         "ignored: Gamma0_VV, VV"),
        (_facts(bands=3, descriptions=["Gamma0_VV", "Sigma0_VV", "Sigma0_VH"]), None, ("VV", "VH"), (1, 2),
         "ignored: Gamma0_VV"),
        (_facts(bands=9, descriptions=["VV"] * 9), None, ("VV",), (0,), "VV, VV, VV, VV, VV, VV and 2 more"),
        (_facts(bands=3, descriptions=["Amplitude_VV", "Amplitude_VH", "Sigma0_VV"]), "VV", ("VV",), (2,),
         "ignored: Amplitude_VV"),
        (_facts(source="x_IW_VV+VH_VH_(Raw).tiff"), None, ("VH",), (0,), "from the file name"),
        (_facts(source="https://host/a_VV.tif?sig=VH"), None, ("VV",), (0,), "from the file name"),
    ],
)  # fmt: skip
def test_polarizations_are_found_with_their_reason(
    facts: Facts, polarization: str | None, bands: tuple, indexes: tuple, why: str
) -> None:
    found = declare(facts, polarization=polarization)
    assert (found.bands, found.indexes) == (bands, indexes)
    assert why in found.bands_reason


@pytest.mark.parametrize(
    ("facts", "settings", "message"),
    [
        (_facts(), {"unit": "watt"}, r"unit must be auto or one of dn, amplitude, power, db, display, got 'watt'"),
        (_facts(), {"polarization": "VX"}, r"polarization must be one of VV, VH, HH, HV, got 'VX'"),
        (_facts(bands=5), {}, r"be one \(VV\) or two \(VV, VH\), got 5 without names in scene.tif"),
        (
            _facts(bands=2, descriptions=["VV", "VH"]),
            {"polarization": "HH"},
            r"must be one of VV, VH in scene.tif, got HH",
        ),
        (_facts(values=()), {}, r"must hold valid pixels to find its unit, got none"),
        (_facts(values=(-4000, -2000, 900)), {}, r"unit must be known, got values .* like no unit"),
        (_facts(dtype="int16", values=(-2500, -1200, -10)), {}, r"unit must be known, got int16 .* set the scale"),
        (
            _facts(bands=2, descriptions=["Sigma0_VV_db", "Sigma0_VH"]),
            {},
            r"share one unit, got band 1 is called 'Sigma0_VV_db' and band 2 is called 'Sigma0_VH' in scene.tif;",
        ),
        (
            _facts(bands=2, descriptions=["Sigma0_VV", "Gamma0_VH"]),
            {},
            r"normalised alike, got gamma0 and sigma0 \(Sigma0_VV, Gamma0_VH\) in scene.tif; choose one with `polariz",
        ),
        (
            _facts(values=(-25, -12, -3), tags={"UNITS": "power"}),
            {},
            r"power must not be negative, got a median of -12 in scene.tif although tag UNITS=power; .*`unit` to db",
        ),
    ],
)
def test_what_cannot_be_known_is_refused(facts: Facts, settings: dict, message: str) -> None:
    with pytest.raises(UnitError, match=message):
        declare(facts, **settings)
