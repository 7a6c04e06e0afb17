"""Windows and grids: whole numbers and affine algebra."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from sar_colorize.errors import SettingError
from sar_colorize.raster import Grid, Raster, Unit, Window

windows = st.builds(Window, st.integers(-50, 50), st.integers(-50, 50), st.integers(0, 60), st.integers(0, 60))


@given(windows, windows)
def test_an_intersection_holds_exactly_the_common_pixels(a: Window, b: Window) -> None:
    canvas = np.zeros((2, 200, 200), dtype=bool)
    for layer, window in zip(canvas, (a, b), strict=True):
        layer[window.within(Window(-60, -60, 200, 200))] = True
    common = a.intersect(b)
    both = np.zeros((200, 200), dtype=bool)
    both[common.within(Window(-60, -60, 200, 200))] = True
    assert np.array_equal(both, canvas[0] & canvas[1])


def test_a_cropped_grid_keeps_its_pixels_where_they_are_even_when_rotated() -> None:
    transform = Affine.translation(500, 900) @ Affine.rotation(30) @ Affine.scale(10, -10)
    cropped = Grid(100, 100, transform, None).crop(Window(7, 5, 20, 30))
    assert cropped.transform is not None
    assert np.allclose(cropped.transform @ (0, 0), transform @ (5, 7))
    assert np.allclose(cropped.transform @ (3, 4), transform @ (8, 11))
    assert (cropped.height, cropped.width) == (20, 30)


def test_a_window_with_a_negative_size_is_refused() -> None:
    with pytest.raises(SettingError, match=r"must not have a negative size, got -1 x 5"):
        Window(0, 0, -1, 5)


def test_a_raster_whose_parts_do_not_fit_is_refused() -> None:
    with pytest.raises(SettingError, match=r"like its mask \(4, 5\).*got \(1, 4, 4\)"):
        Raster(np.zeros((1, 4, 4), np.float32), np.ones((4, 5), bool), ("VV",), Unit.DB)
