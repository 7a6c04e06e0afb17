"""A page in a real browser without a network: what it shows, what keys and fingers do, what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from chromium import Tab, browser, find_chromium
from rasterio.warp import transform

import sar_colorize as sc

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>\"'&amp;"
MAP_WIDTH = 1280 - 340


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with browser(find_chromium()) as tab:
        yield tab


@pytest.fixture
def page(ground: Any, tmp_path: Path, tab: Tab) -> Path:
    sc.page(ground.all, tmp_path / "page.html")
    tab.events.clear()
    tab.open((tmp_path / "page.html").as_uri())
    return tmp_path / "page.html"


def _state(tab: Tab) -> dict[str, float]:
    """What the address remembers, once it does."""
    tab.run("location.hash = ''")
    tab.key("0")
    tab.wait("location.hash.includes('z=')")
    return _told(tab)


def _told(tab: Tab) -> dict[str, float]:
    return {name: float(values[0]) for name, values in parse_qs(urlsplit(tab.run("location.href")).fragment).items()}


def _spread(colours: np.ndarray) -> float:
    """How far red, green and blue are apart, at most."""
    return float(np.ptp(colours.reshape(-1, 3).astype(int), axis=1).max())


def test_radar_is_left_of_the_divider_and_colour_right(page: Path, tab: Tab) -> None:
    shown = tab.picture()
    left, right = shown[330:460, 30:440], shown[330:460, 500:860]
    assert _spread(left) < 16
    assert left.std() > 20  # speckle
    assert np.abs(right.reshape(-1, 3).astype(int) - (200, 120, 40)).max() < 16


def test_no_request_leaves_the_page_and_nothing_is_complained_of(page: Path, tab: Tab) -> None:
    for choice in tab.run("[...document.querySelectorAll('input[name=over]')].map(i => i.click() || i.value)"):
        assert choice is not None
    tab.drawn()
    assert tab.requests == []
    assert tab.complaints == []


def test_the_policy_stops_what_a_page_should_not_ask_for_and_the_look_sees_it(page: Path, tab: Tab) -> None:
    html = page.read_text()
    broken = page.with_name("broken.html")
    extra = '<img src="https://example.org/a.png"><script>window.hacked = 1</script></body>'
    broken.write_text(html.replace("</body>", extra))
    tab.open(broken.as_uri())
    tab.drawn()
    assert any("Content Security Policy" in text for text in tab.complaints)
    assert tab.run("typeof window.hacked") == "undefined"
    broken.write_text(html.replace("</body>", extra).replace("Content-Security-Policy", "x-nothing"))
    tab.open(broken.as_uri())
    tab.drawn()
    assert set(tab.requests) == {"https://example.org/a.png"}  # also one that the policy stopped
    assert tab.run("window.hacked") == 1


def test_tags_and_names_are_shown_as_they_are_and_never_run(
    make_tif: Callable[..., Path], tmp_path: Path, tab: Tab
) -> None:
    names = ("NOTICE", "MODEL", "SOURCE", "DATE", "REFERENCE_CREDIT")
    tags = {f"SAR_COLORIZE_{name}": HOSTILE for name in names}
    colour = make_tif(np.full((3, 60, 50), 77, np.uint8), "c.tif", names=(HOSTILE,) * 3, tags=tags)
    sc.page([colour, colour], tmp_path / "p.html", title=HOSTILE)
    tab.events.clear()
    tab.open((tmp_path / "p.html").as_uri())
    tab.drawn()
    assert tab.run("typeof window.hacked") == "undefined"
    assert tab.run("document.title") == HOSTILE
    assert tab.run("document.querySelector('.notice').textContent") == HOSTILE
    assert HOSTILE[:60] in tab.run("document.querySelector('#left').selectedOptions[0].textContent")
    assert (tab.requests, tab.complaints) == ([], [])


def test_coordinates_and_values_stand_under_the_pointer(page: Path, tab: Tab) -> None:
    zoom = MAP_WIDTH / 320
    tab.mouse("mouseMoved", 100.5, 300.5)
    col, row = 160 + (100.5 - MAP_WIDTH / 2) / zoom, 120 + (300.5 - 400) / zoom
    easting, northing = 500_000 + 10 * col, 5_000_000 - 10 * row
    lon, lat = transform("EPSG:32633", "EPSG:4326", [easting], [northing])
    lines = tab.run("document.querySelector('#where').textContent").splitlines()
    assert lines == [
        f"{lat[0]:.5f}° N  {lon[0]:.5f}° E", f"{easting:.0f}, {northing:.0f}  EPSG:32633",
        f"Expected error {round(int(col) / 319 * 100) / 10:.1f} Lab units", "Share of memory 80 %", "Changed 5 %",
        "Kind of ground water", "Probability of the kind 70 %",
    ]  # fmt: skip
    tab.mouse("mouseMoved", 100, 2)  # above the picture
    assert tab.run("document.querySelector('#where').textContent") == ""


def test_the_scale_bar_is_as_long_as_it_says(page: Path, tab: Tab) -> None:
    text, width = tab.run("[document.querySelector('#scale-text').textContent, "
                          "parseFloat(document.querySelector('#scale-bar').style.width)]")  # fmt: skip
    assert text == "500 m"
    assert width == pytest.approx(500 / 10 * MAP_WIDTH / 320, rel=0.005)  # a sphere, and UTM's scale of 0.9996
    turned = tab.run("document.querySelector('#north').style.transform")
    assert abs(float(turned.removeprefix("rotate(").removesuffix("deg)"))) < 0.5


def test_keys_move_zoom_and_divide(page: Path, tab: Tab) -> None:
    tab.run("document.querySelector('#map').focus()")
    before = _state(tab)
    for key in ("+", "ArrowRight", "."):
        tab.key(key)
    tab.wait(f"new URLSearchParams(location.hash.slice(1)).get('s') === '{before['s'] + 0.05:.3f}'")
    after = _told(tab)
    assert after["z"] == pytest.approx(1.5 * before["z"], rel=1e-3)
    assert after["x"] == pytest.approx(before["x"] + 80 / after["z"], abs=0.1)
    tab.run("document.querySelector('#swipe').focus()")
    tab.key("End")
    assert tab.run("document.querySelector('#swipe').getAttribute('aria-valuenow')") == "100"
    assert _spread(tab.picture()[330:460, 30:860]) < 16  # radar alone


def test_the_divider_is_dragged_and_two_fingers_zoom(page: Path, tab: Tab) -> None:
    for kind, x in (("mousePressed", 470), ("mouseMoved", 235), ("mouseReleased", 235)):
        tab.mouse(kind, x, 400)
    assert tab.run("document.querySelector('#swipe').getAttribute('aria-valuenow')") == "25"
    tab.touch("touchStart", (600, 400), (700, 400))
    tab.touch("touchMove", (550, 400), (750, 400))
    tab.touch("touchEnd")
    tab.wait("location.hash.includes('z=')")
    assert _told(tab)["z"] == pytest.approx(2 * MAP_WIDTH / 320, rel=0.02)


def test_an_address_brings_back_what_was_shown(page: Path, tab: Tab) -> None:
    tab.open(f"{page.as_uri()}#x=160&y=120&z=8&s=0.1&l=2&r=1&v=3")
    tab.drawn()
    assert tab.run("document.querySelector('#left').selectedOptions[0].textContent") == "Reference, 2025-08-01"
    assert tab.run("document.querySelector('input[name=over]:checked').value") == "3"
    assert _spread(tab.picture()[330:460, 300:860]) > 60  # the ramp of the error over grey radar
    assert tab.run("document.querySelector('#ramp-high').textContent") == "10 or more"


@pytest.mark.parametrize(("width", "dark"), [(360, False), (390, True), (1600, True)])
def test_narrow_and_dark_screens_have_all_of_it(page: Path, tab: Tab, width: int, dark: bool) -> None:
    tab.open(page.as_uri(), width=width, height=780, dark=dark)
    tab.drawn()
    assert tab.run("document.documentElement.scrollWidth") <= width
    for name in ("#left", "#right", "#toggle", "#scale", "#swipe .knob", "#panel h1"):
        place = f"document.querySelector('{name}').getBoundingClientRect()"
        box = tab.run(f"(b => [b.left, b.top, b.right, b.bottom])({place})")
        assert box[0] >= 0, name
        assert box[2] <= width, name
        assert box[3] <= 780, name
    shown = tab.picture()
    assert (shown[-3:, -40:-20].mean() < 60) == dark


def test_one_picture_alone_has_no_divider(ground: Any, tmp_path: Path, tab: Tab) -> None:
    sc.page(ground.colour, tmp_path / "p.html")
    tab.open((tmp_path / "p.html").as_uri())
    assert tab.run("getComputedStyle(document.querySelector('#swipe')).display") == "none"
    assert np.abs(tab.picture()[330:460, 30:860].reshape(-1, 3).astype(int) - (200, 120, 40)).max() < 16
