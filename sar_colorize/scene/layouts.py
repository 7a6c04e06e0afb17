"""Analysis-ready layouts that are published: which of them a raster is, by its name and the names of its bands.

Pure functions of names. What a layout says ranks behind the words of the bands and tags themselves, and before the
words of a file name; `declare` weighs them. docs/inputs.md is the table of it.

Sources: ASF, Sentinel-1 RTC Product Guide, naming convention (tables 3 and 4). NASA JPL, OPERA RTC-S1 Product Guide.
Microsoft Planetary Computer, collection sentinel-1-rtc. Earth Engine Data Catalog, COPERNICUS/S1_GRD and S1_GRD_FLOAT.
ESA, Sentinel-1 Product Specification, naming of measurement data sets. SNAP, GeoTIFF writer and operator suffixes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..credentials import name_without_credentials
from ..errors import SceneError
from ..raster import Unit

SNAP = "SNAP GeoTIFF"


@dataclass(frozen=True)
class Layout:
    """A published layout that a raster was recognised as."""

    name: str
    unit: Unit | None = None
    """What its values are; None where the layout leaves it open."""
    unit_reason: str = ""
    """Why, in words."""
    absolute: bool | None = None
    """Whether it is calibrated; None if that is left open."""
    radiometry: str = ""
    """"sigma0", "gamma0", "beta0" or ""."""
    nodata: tuple[float, ...] = ()
    """Values that the layout means as no data, besides NaN and what the file itself says."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What the name tells of the acquisition and its processing, for people."""


_MISSION, _TIME, _POL = r"(?P<mission>S1[A-D])", r"(?P<time>\d{8}T\d{6})", r"VV|VH|HH|HV"
_MODE = r"(?P<mode>IW|EW|SM|S[1-6])"
_GRD = re.compile(
    rf"{_MISSION}_{_MODE}_GRD[FHM]_1S[SD][HV]_{_TIME}_\d{{8}}T\d{{6}}_\d{{6}}_[0-9A-F]{{6}}(?:_[0-9A-F]{{4}})?"
)
_HYP3 = re.compile(
    rf"{_MISSION}_{_MODE}_{_TIME}_[DS][HV](?P<orbit>[PRO])_RTC(?P<pixel>\d\d)_[A-Z]_(?P<code>(?P<radiometry>[gs])"
    rf"(?P<scale>[pda])(?P<water>[uw])(?P<filter>[nf])(?P<area>[ec])(?P<match>[dm]))_[0-9A-F]{{4}}"
    rf"_(?P<layer>{_POL}|dem|inc_map|ls_map|area|rgb)\.tiff?"
)
_OPERA = re.compile(
    rf"OPERA_L2_RTC-S1_(?P<burst>T\d{{3}}-\d{{6}}-IW\d)_{_TIME}Z_\d{{8}}T\d{{6}}Z_{_MISSION}_(?P<pixel>\d+)_v[\d.]+"
    rf"_(?P<layer>{_POL}|mask)\.tiff?"
)
_PLANETARY = re.compile(rf"(?:.*[_-])?(?:iw|ew|sm)-(?:{_POL})\.rtc\.tiff?", re.IGNORECASE)
_MEASUREMENT = re.compile(
    rf"{_MISSION}-{_MODE}-grd-(?:{_POL})-{_TIME}-\d{{8}}t\d{{6}}-\d{{6}}-[0-9a-f]{{6}}-\d{{3}}(?P<cog>-cog)?\.tiff?",
    re.IGNORECASE,
)
_WRITTEN_BY_ESA = re.compile(r"Sentinel-(?P<mission>1[A-D]) (?P<mode>IW|EW|SM|S[1-6]) GRD .*L1")
_EARTH_ENGINE = re.compile(rf"(?:{_GRD.pattern})(?:-\d{{10}}-\d{{10}})?\.tiff?")
_SNAP_BAND = re.compile(rf"(?:Sigma0|Gamma0|Beta0|Amplitude|Intensity)_(?:IW\d_)?(?:{_POL})(?:_.*)?")

_LAYERS = {
    "dem": "elevation model", "inc_map": "incidence angles", "ls_map": "layover and shadow mask",
    "area": "scattering area", "rgb": "colour composite", "mask": "layover and shadow mask",
}  # fmt: skip
_SCALES = {"p": (Unit.POWER, "power"), "d": (Unit.DB, "decibels"), "a": (Unit.AMPLITUDE, "amplitude")}
_ORBITS = {"P": "precise", "R": "restituted", "O": "predicted"}


def recognise(source: str, descriptions: Sequence[str], tags: Mapping[str, str], dtype: str) -> Layout | None:
    """The published layout of a raster, or None.

    Args:
        source: path or URL. descriptions: names of its bands, "" where a band has none. tags: of the whole file.
        dtype: numpy's name of the type of its pixels.

    Raises:
        SceneError: a layer of a known product that is no backscatter.
    """
    name = file_name(source)
    return (
        _hyp3(name)
        or _opera(name)
        or _planetary_computer(name, source)
        or _measurement(name, tags, dtype)
        or _snap(name, source, descriptions)
        or _earth_engine(name, descriptions)
    )


def file_name(source: str) -> str:
    """The last part of a path or URL, without the query that signs a URL."""
    return re.split(r"[\\/]", name_without_credentials(source).rstrip("/\\"))[-1]


def radiometry_in(text: str) -> str:
    """sigma0, gamma0 or beta0 where a text names one, else ""."""
    found = re.search(r"(sigma|gamma|beta)_?(?:0|nought|naught)", text.lower())
    return f"{found[1]}0" if found else ""


def _hyp3(name: str) -> Layout | None:
    """ASF HyP3 RTC: S1x_yy_time_ppo_RTCzz_u_defklm_ssss_LAYER.tif, where d e f k l m are six choices."""
    match = _HYP3.fullmatch(name)
    if match is None:
        return None
    _refuse_layer("ASF HyP3 RTC", match["layer"], name)
    radiometry = "gamma0" if match["radiometry"] == "g" else "sigma0"
    unit, scale = _SCALES[match["scale"]]
    filtered = "enhanced Lee filter already applied" if match["filter"] == "f" else "no speckle filter"
    processing = (
        f"{radiometry}, terrain corrected at {int(match['pixel'])} m, {_ORBITS[match['orbit']]} orbit, {filtered}, "
        f"{'water masked' if match['water'] == 'w' else 'water kept'}, "
        f"{'clipped' if match['area'] == 'c' else 'entire'} area, "
        f"{'matched to the DEM' if match['match'] == 'm' else 'not matched to the DEM'}"
    )
    return Layout(
        "ASF HyP3 RTC",
        unit,
        f"{match['code']!r} in the name of an ASF HyP3 RTC file says {radiometry} in {scale}",
        True,
        radiometry,
        (0.0,),
        dict(_acquisition(match)) | {"processing": processing},
    )


def _opera(name: str) -> Layout | None:
    """OPERA RTC-S1: one burst, gamma nought power."""
    match = _OPERA.fullmatch(name)
    if match is None:
        return None
    _refuse_layer("OPERA RTC-S1", match["layer"], name)
    processing = f"gamma0, terrain corrected at {match['pixel']} m, burst {match['burst']}, no speckle filter"
    return Layout(
        "OPERA RTC-S1",
        Unit.POWER,
        "an OPERA RTC-S1 file holds gamma0 in power",
        True,
        "gamma0",
        (),
        dict(_acquisition(match)) | {"processing": processing},
    )


def _planetary_computer(name: str, source: str) -> Layout | None:
    """Planetary Computer sentinel-1-rtc: the folder above names the acquisition."""
    if not _PLANETARY.fullmatch(name):
        return None
    grd = _GRD.search(name_without_credentials(source))
    return Layout(
        "Planetary Computer sentinel-1-rtc",
        Unit.POWER,
        f"{name} is called as in the Planetary Computer's sentinel-1-rtc, which holds gamma0 in power",
        True,
        "gamma0",
        (-32768.0, 0.0),
        dict(_acquisition(grd)) | {"processing": "gamma0, terrain corrected at 10 m"},
    )


def _measurement(name: str, tags: Mapping[str, str], dtype: str) -> Layout | None:
    """A measurement file of an ESA GRD product without the annotation that calibrates it, by its name or ESA's tags."""
    match, written = _MEASUREMENT.fullmatch(name), tags.get("TIFFTAG_IMAGEDESCRIPTION", "")
    by_tags = _WRITTEN_BY_ESA.fullmatch(written)
    if dtype != "uint16" or not (match or by_tags):
        return None
    evidence = f"the name {name}" if match else f"the tag TIFFTAG_IMAGEDESCRIPTION={written}"
    about = dict(_acquisition(match or by_tags))
    if ipf := re.fullmatch(r"Sentinel-1 IPF 0*(\d[\d.]*)", tags.get("TIFFTAG_SOFTWARE", "")):
        about["processor"] = f"IPF {ipf[1]}"
    return Layout(
        "Sentinel-1 GRD measurement (COG)" if match and match["cog"] else "Sentinel-1 GRD measurement",
        Unit.DN,
        f"{evidence} is that of a Sentinel-1 GRD measurement: digital numbers, which only the annotation of its "
        "product calibrates",
        False,
        "",
        (0.0,),
        about,
    )


def _snap(name: str, source: str, descriptions: Sequence[str]) -> Layout | None:
    """SNAP: band names such as Sigma0_VV, or a file named by the operators that made it, such as _Orb_NR_Cal_TC."""
    about = dict(_acquisition(_GRD.search(name_without_credentials(source))))
    if any(_SNAP_BAND.fullmatch(text) for text in descriptions):
        return Layout(SNAP, nodata=(0.0,), about=about)
    steps = re.split(r"[_.]", name)
    if "Cal" not in steps or not re.match(r"(?:subset_\d+_of_)?S1[A-D]_", name):
        return None
    radiometry = "gamma0" if "TF" in steps else "sigma0"
    unit = Unit.DB if {"dB", "db", "DB"} & set(steps) else Unit.POWER
    why = "'dB' says decibels" if unit is Unit.DB else "no 'dB' says linear power"
    return Layout(
        SNAP,
        unit,
        f"the file is called {name}, as SNAP names it: 'Cal' says calibrated, to {radiometry} unless told otherwise, "
        f"and {why}",
        True,
        radiometry,
        (0.0,),
        about,
    )


def _earth_engine(name: str, descriptions: Sequence[str]) -> Layout | None:
    """Earth Engine exports of S1_GRD (decibels) and S1_GRD_FLOAT (power): same bands, so the values must tell."""
    bands = {text for text in descriptions if text}
    if not bands & set(_POL.split("|")) or bands - {*_POL.split("|"), "angle"}:
        return None
    match = _EARTH_ENGINE.fullmatch(name)
    if "angle" not in bands and match is None:
        return None
    return Layout(
        "Earth Engine S1_GRD",
        None,
        "Earth Engine's COPERNICUS/S1_GRD holds decibels, S1_GRD_FLOAT power, under the same names",
        True,
        "sigma0",
        (0.0,),
        dict(_acquisition(match)),
    )


def _refuse_layer(product: str, layer: str, name: str) -> None:
    if layer in _LAYERS:
        raise SceneError(
            f"input must be backscatter, got the {_LAYERS[layer]} of {product} in {name}; give the _VV.tif or _VH.tif "
            "beside it, or their folder or zip"
        )


def _acquisition(match: re.Match[str] | None) -> Iterator[tuple[str, str]]:
    """Mission, mode and start as far as a name tells them."""
    groups = match.groupdict() if match else {}
    if "mission" in groups:
        yield "mission", f"S{groups['mission'].upper().lstrip('S')}"
    if "mode" in groups:
        yield "mode", groups["mode"].upper()
    if t := groups.get("time"):
        yield "time", f"{t[:4]}-{t[4:6]}-{t[6:8]} {t[9:11]}:{t[11:13]}:{t[13:]} UTC"
