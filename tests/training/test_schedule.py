import pytest

from sar_colorize.training.schedule import constant, cosine


def test_cosine_warms_up_and_ends_low():
    assert cosine(0, 1000) == pytest.approx(0.01)
    assert cosine(99, 1000) == 1.0
    assert cosine(550, 1000) == pytest.approx(0.505)
    assert cosine(1000, 1000) == pytest.approx(0.01)


def test_constant_stays():
    assert constant(500, 1000) == 1.0
