import pytest

from sar_colorize.training.schedule import constant, cosine, late_line


def test_cosine_warms_up_and_ends_low():
    assert cosine(0, 1000) == pytest.approx(0.01)
    assert cosine(99, 1000) == 1.0
    assert cosine(550, 1000) == pytest.approx(0.505)
    assert cosine(1000, 1000) == pytest.approx(0.01)


def test_constant_stays():
    assert constant(500, 1000) == 1.0


def test_late_line_warms_up_stays_and_falls_in_the_last_quarter():
    rates = [late_line(step, 4000) for step in (0, 99, 500, 2900, 3500, 3999)]
    assert rates == pytest.approx([1 / 200, 0.5, 1.0, 1.0, 0.505, 0.01], abs=2e-3)
