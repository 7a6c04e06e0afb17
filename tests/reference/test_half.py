"""Half the resolution: at the same pixels whatever the window, and back again."""

from __future__ import annotations

import numpy as np
import pytest

from sar_colorize.reference.half import MARGIN_PX, box, double, gaussian, halve, smooth, spread

SHAPE = (61, 74)
WINDOWS = [(0, 0, 20, 20), (3, 8, 21, 30), (10, 5, 30, 41), (9, 7, 1, 2), (40, 50, 21, 24)]


def _made(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(0, 9, (2, *SHAPE)).astype(np.float32), random.random(SHAPE) > 0.2


@pytest.mark.parametrize("corner", [(0, 0), (0, 3), (7, 0), (-5, -2), (-4, 9)])
@pytest.mark.parametrize("window", WINDOWS)
def test_a_coarse_pixel_has_the_same_bits_in_every_window(
    corner: tuple[int, int], window: tuple[int, int, int, int]
) -> None:
    values, known = _made()
    whole, share = halve(values, known, *corner)
    row, col, height, width = window
    top, left = max(0, row - MARGIN_PX), max(0, col - MARGIN_PX)
    wide = (slice(top, row + height + MARGIN_PX), slice(left, col + width + MARGIN_PX))
    part, part_share = halve(values[:, *wide], known[wide], corner[0] + top, corner[1] + left)
    # The coarse pixels of the scene that lie in the window, by their even numbers.
    rows, cols = (
        range(-(-(a + s) // 2), -(-(a + s + n) // 2)) for a, s, n in zip(corner, window[:2], window[2:], strict=True)
    )
    first, ours = (tuple(-(-start // 2) for start in at) for at in (corner, (corner[0] + top, corner[1] + left)))
    here = np.ix_([r - first[0] for r in rows], [c - first[1] for c in cols])
    there = np.ix_([r - ours[0] for r in rows], [c - ours[1] for c in cols])
    assert np.array_equal(part[:, *there], whole[:, *here])
    assert np.array_equal(part_share[there], share[here])


@pytest.mark.parametrize("corner", [(0, 0), (0, 3), (7, 0), (-5, -2)])
@pytest.mark.parametrize("window", WINDOWS)
def test_a_pixel_between_has_the_same_bits_in_every_window(
    corner: tuple[int, int], window: tuple[int, int, int, int]
) -> None:
    values, known = _made(1)
    whole = double(halve(values, known, *corner)[0], *corner, SHAPE)
    row, col, height, width = window
    margin = MARGIN_PX + 1
    top, left = max(0, row - margin), max(0, col - margin)
    wide = (slice(top, row + height + margin), slice(left, col + width + margin))
    given, at = values[:, *wide], (corner[0] + top, corner[1] + left)
    part = double(halve(given, known[wide], *at)[0], *at, given.shape[1:])
    inside = (slice(row - top, row - top + height), slice(col - left, col - left + width))
    # At the edge of what is known at all, an odd start has no coarse pixel before it: leave that one pixel out.
    skip = tuple(int(start % 2 == 1 and first == 0) for start, first in zip(corner, (row, col), strict=True))
    ours, theirs = part[:, *inside], whole[:, row : row + height, col : col + width]
    assert np.array_equal(ours[:, skip[0] :, skip[1] :], theirs[:, skip[0] :, skip[1] :])


@pytest.mark.parametrize("corner", [(0, 0), (5, -3)])
def test_there_and_back_leaves_a_smooth_picture_as_it_is(corner: tuple[int, int]) -> None:
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    plane = (3.0 + 0.5 * rows - 0.25 * cols)[None]
    coarse, share = halve(plane, np.ones(SHAPE, bool), *corner)
    assert share[2:-2, 2:-2].min() == pytest.approx(1.0, abs=1e-6)
    inner = (slice(None), slice(5, -5), slice(5, -5))
    assert np.abs(double(coarse, *corner, SHAPE) - plane)[inner].max() < 1e-4
    waves = np.sin(rows / 9 + cols / 13)[None]
    assert np.abs(double(halve(waves, np.ones(SHAPE, bool), *corner)[0], *corner, SHAPE) - waves)[inner].max() < 0.05


def test_a_coarse_pixel_is_the_binomial_mean_around_its_own() -> None:
    values, everywhere = np.zeros((1, 9, 9), np.float32), np.ones((9, 9), bool)
    values[0, 4, 3] = 256.0  # in the row of a coarse pixel, a column before one
    coarse, share = halve(values, everywhere, 0, 0)
    assert coarse.shape == (1, 5, 5)
    assert coarse[0, 2].tolist() == pytest.approx([0, 6 * 4, 6 * 4, 0, 0])  # 6 and 4 of 16 each
    assert coarse[0, 1].tolist() == pytest.approx([0, 4, 4, 0, 0])
    odd, _ = halve(values, everywhere, 1, 1)  # rows and columns 1 to 9 of the scene hold 2, 4, 6, 8
    assert odd.shape == (1, 4, 4)
    assert odd[0, 1].tolist() == pytest.approx([4 * 16 / 15, 4 * 6, 4, 0])  # the first lacks one of its five columns
    assert share[2, 2] == pytest.approx(1.0)


def test_what_is_not_known_counts_for_nothing_even_if_it_is_no_number() -> None:
    values, known = _made(2)
    holes = np.where(known, values, np.float32(np.nan))
    coarse, share = halve(holes, known, 0, 0)
    assert np.isfinite(coarse).all()
    assert np.array_equal(coarse, halve(np.where(known, values, 7), known, 0, 0)[0])
    level, _ = halve(np.full_like(values, 5.0), known, 0, 0)
    assert np.abs(level - 5.0)[:, share > 0.01].max() < 1e-5
    one = np.zeros((9, 9), bool)
    one[4, 4] = True
    _, share = halve(values[:, :9, :9], one, 0, 0)
    assert share[2].tolist() == pytest.approx([0, 6 / 256, 36 / 256, 6 / 256, 0])
    nothing, share = halve(values, np.zeros(SHAPE, bool), 0, 0)
    assert not nothing.any()
    assert not share.any()


def test_weights_have_the_sum_one_and_outside_is_nothing() -> None:
    assert gaussian(1.5, 4).sum() == pytest.approx(1.0)
    assert gaussian(1.5, 4)[4] / gaussian(1.5, 4)[1] == pytest.approx(np.exp(2.0))
    assert box(5).tolist() == pytest.approx([0.2] * 5)
    total = spread(np.ones((9, 9), np.float32), box(5))
    assert total[4, 4] == pytest.approx(1.0)
    assert total[0, 4] == pytest.approx(0.6)
    assert smooth(np.ones((1, 9, 9), np.float32), np.ones((9, 9), np.float32), box(5))[0, 0, 0] == pytest.approx(1.0)
